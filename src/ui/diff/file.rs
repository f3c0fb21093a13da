//! What is said of a changed file in one row.

use super::super::row::Row;
use super::super::theme::{Role, Theme};
use super::shown;
use crate::protocol::{Author, Change, ChangeKind};
use crate::text::{clip, width};
use crate::ui::review::Choice;

/// Marks of hunks beside a file's name; of more, the count says enough.
pub(crate) const MARKS_MAX: usize = 8;
/// Columns of who made a change.
const AUTHOR_COLUMNS: usize = 32;

/// What is known of a changed file besides the change itself.
pub(crate) struct FileFacts {
    /// Lines added and removed.
    pub(crate) counts: (usize, usize),
    /// What is chosen of each hunk, at most of the first [`MARKS_MAX`]; of a change without hunks,
    /// of it all.
    pub(crate) marks: Vec<Choice>,
    /// Hunks in all.
    pub(crate) units: usize,
    /// The guard that calls for a decision.
    pub(crate) guard: Option<String>,
    pub(crate) columns: FileColumns,
}

/// How wide each part is where files stand below each other; 0: as wide as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileColumns {
    name: usize,
    counts: usize,
    marks: usize,
}

impl FileColumns {
    pub(crate) fn of(files: &[FileFacts], name: usize) -> Self {
        let of = |count: usize| if count > 0 { count.to_string().len() + 1 } else { 0 };
        let counts = |facts: &FileFacts| {
            let (added, removed) = facts.counts;
            of(added) + of(removed) + usize::from(added > 0 && removed > 0)
        };
        Self {
            name,
            counts: files.iter().map(counts).max().unwrap_or(0),
            marks: files.iter().map(|facts| 3 * facts.marks.len()).max().unwrap_or(0),
        }
    }
}

/// `[✓]`, its role, and the word for it.
pub(super) fn mark(choice: Choice, theme: &Theme) -> (String, Role, &'static str) {
    let glyphs = theme.glyphs();
    let (inner, role, word) = match choice {
        Choice::Accepted => (glyphs.check, Role::Good, "selected"),
        Choice::Rejected => (glyphs.cross, Role::Error, "rejected"),
        Choice::Pending => (" ", Role::Ask, "to decide"),
        Choice::Mixed => ("~", Role::Ask, "in part"),
    };
    (format!("[{inner}]"), role, word)
}

/// A file with its counts, what is chosen of it, and what there is to know before choosing.
pub(crate) fn file_row(change: &Change, facts: &FileFacts, theme: &Theme) -> Row {
    let dim = theme.style(Role::Dim);
    let mut row = Row::default();
    let FileColumns { name: name_columns, counts: count_columns, marks } = facts.columns;
    let name = shown::plain(&change.path);
    let name = if name_columns > 0 { clip(&name, name_columns).into_owned() } else { name };
    row.push(&name, theme.style(Role::Title));
    row.push(&" ".repeat(name_columns.saturating_sub(width(&name)) + 2), dim);
    let before = row.width();
    counts(facts.counts, theme, &mut row);
    let used = row.width() - before;
    row.push(&" ".repeat(count_columns.saturating_sub(used)), dim);
    if row.width() > before {
        row.push("  ", dim);
    }
    let before = row.width();
    for choice in &facts.marks {
        let (mark, role, _) = mark(*choice, theme);
        row.push(&mark, theme.style(role));
    }
    if facts.units > facts.marks.len() {
        row.push(&format!("{} {} hunks", theme.glyphs().ellipsis, facts.units), dim);
    }
    if change.conflict || facts.guard.is_some() {
        let used = row.width() - before;
        row.push(&" ".repeat(marks.saturating_sub(used)), dim);
    }
    if change.conflict {
        row.push("  CONFLICT", theme.style(Role::Error));
    }
    if let Some(guard) = &facts.guard {
        row.push(
            &format!("  {}: decide", shown::plain(guard).to_uppercase()),
            theme.style(Role::Badge),
        );
    }
    kind(change, theme, &mut row);
    author(change, theme, &mut row);
    row
}

/// A file's name and what happened to it as a whole.
pub(super) fn short(change: &Change, theme: &Theme) -> Row {
    let mut row = Row::of(shown::plain(&change.path), theme.style(Role::Title));
    if change.conflict {
        row.push("  CONFLICT: D keeps the draft's side, T the tree's", theme.style(Role::Error));
    }
    kind(change, theme, &mut row);
    author(change, theme, &mut row);
    row
}

fn counts((added, removed): (usize, usize), theme: &Theme, row: &mut Row) {
    if added > 0 {
        row.push(&format!("+{added}"), theme.style(Role::Added));
    }
    if removed > 0 {
        let gap = if added > 0 { " " } else { "" };
        row.push(&format!("{gap}-{removed}"), theme.style(Role::Removed));
    }
}

/// What the hunks cannot show, in words.
fn kind(change: &Change, theme: &Theme, row: &mut Row) {
    let dim = theme.style(Role::Dim);
    match change.kind {
        ChangeKind::Created => row.push("  created", theme.style(Role::Added)),
        ChangeKind::Deleted => row.push("  DELETED", theme.style(Role::Removed)),
        ChangeKind::Renamed => {
            let from = change.from.as_deref().unwrap_or("another name");
            row.push(&format!("  renamed from {}", shown::plain(from)), dim);
        }
        ChangeKind::Modified => {}
    }
    if let Some(note) = &change.note {
        row.push("  ", dim);
        row.push(&shown::plain(note), theme.style(Role::Warning));
    }
}

fn author(change: &Change, theme: &Theme, row: &mut Row) {
    if change.by.is_empty() {
        return;
    }
    let name = |author: &Author| match author {
        Author::Edit => "edit".to_owned(),
        Author::User => "you".to_owned(),
        Author::Command(command) => {
            let line = command.lines().next().unwrap_or_default();
            format!("$ {}", clip(&shown::plain(line), AUTHOR_COLUMNS))
        }
    };
    let names: Vec<_> = change.by.iter().map(name).collect();
    row.push(&format!("  by {}", names.join(", ")), theme.style(Role::Dim));
}
