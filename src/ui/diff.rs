//! The diff as lines. (A thin version, replaced at the merge.)

use super::highlight::Highlighter;
use super::theme::{Role, Theme};
use crate::protocol::{Change, HunkRef, LineKind};
use crate::text::{clean, clip};
use ratatui::text::Line;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Accepted,
    Rejected,
    Pending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiffLayout {
    Unified,
    SideBySide,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowKind {
    File,
    HunkHeader,
    Line,
    Note,
}

pub(crate) struct DiffRow {
    pub(crate) line: Line<'static>,
    pub(crate) change: usize,
    pub(crate) hunk: Option<usize>,
    pub(crate) kind: RowKind,
}

pub(crate) fn rows(
    changes: &[Change],
    chosen: &dyn Fn(HunkRef) -> Choice,
    width: u16,
    _layout: DiffLayout,
    theme: &Theme,
    _highlighter: &Highlighter,
) -> Vec<DiffRow> {
    let width = usize::from(width);
    let mut out = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        let (added, removed) = change.counts();
        let text = format!("{}  +{added} -{removed}", change.path);
        let row = |text: &str, role, hunk, kind| DiffRow {
            line: Line::styled(clip(&clean(text), width).into_owned(), theme.style(role)),
            change: index,
            hunk,
            kind,
        };
        out.push(row(&text, Role::Heading, None, RowKind::File));
        if let Some(note) = &change.note {
            out.push(row(note, Role::Dim, None, RowKind::Note));
        }
        for (number, hunk) in change.hunks.iter().enumerate() {
            let mark = match chosen(HunkRef { change: index, hunk: number }) {
                Choice::Accepted => "[x]",
                Choice::Rejected => "[ ]",
                Choice::Pending => "[?]",
            };
            let section = hunk.section.as_deref().unwrap_or("");
            let text = format!("{mark} hunk {}/{}  {section}", number + 1, change.hunks.len());
            out.push(row(&text, Role::Accent, Some(number), RowKind::HunkHeader));
            for line in &hunk.lines {
                let (sign, role) = match line.kind {
                    LineKind::Same => (' ', Role::Text),
                    LineKind::Removed => ('-', Role::Removed),
                    LineKind::Added => ('+', Role::Added),
                };
                let text = format!("{sign} {}", line.text);
                out.push(row(&text, role, Some(number), RowKind::Line));
            }
        }
    }
    out
}
