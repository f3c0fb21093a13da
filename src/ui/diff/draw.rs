//! One row of a diff.

use super::super::row::Row;
use super::super::theme::{Role, Theme};
use super::Choice;
use super::hunk::{self, HunkCache, Shown};
use super::plan::{Place, Slot, What};
use crate::protocol::{Change, ChangeKind, HunkRef, LineKind};
use crate::text;
use ratatui::style::Style;
use std::borrow::Cow;

/// A narrower row shows no numbers.
const NUMBERS_FROM_COLUMNS: usize = 30;
const NUMBER_COLUMNS_MIN: usize = 3;
/// Marks of hunks beside a file's name; of more, the count says enough.
const MARKS_MAX: usize = 8;

/// What all rows share.
pub(super) struct Sheet<'a> {
    pub(super) changes: &'a [Change],
    pub(super) chosen: &'a dyn Fn(HunkRef) -> Choice,
    pub(super) width: usize,
    pub(super) theme: &'a Theme,
    pub(super) hunks_total: usize,
}

impl Sheet<'_> {
    fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    /// `[✓]`, in the style of what it says, and the word for it.
    fn mark(&self, choice: Choice) -> (String, Style, &'static str) {
        let glyphs = self.theme.glyphs();
        let (inner, role, word) = match choice {
            Choice::Accepted => (glyphs.check, Role::Good, "accepted"),
            Choice::Rejected => (glyphs.cross, Role::Error, "rejected"),
            Choice::Pending => (" ", Role::Ask, "to decide"),
        };
        (format!("[{inner}]"), self.style(role), word)
    }
}

/// The row of a slot; it may be wider than the sheet.
pub(super) fn row(slot: &Slot, cache: Option<&HunkCache>, sheet: &Sheet<'_>) -> Row {
    let Some(change) = sheet.changes.get(slot.change()) else { return Row::default() };
    let side = |place| Side::of(change, slot, place, cache);
    match slot.what {
        What::Blank => Row::default(),
        What::File => file(slot.change(), change, sheet),
        What::Header { ordinal } => header(slot, change, ordinal, cache, sheet),
        What::Line { old, new } => {
            let Some(line) = side(new.or(old)) else { return Row::default() };
            line.unified(old, new, sheet)
        }
        What::Pair { old, new } => {
            let (left, right) = (side(old), side(new));
            side_by_side(left.as_ref(), right.as_ref(), sheet)
        }
        What::NoNewline => Row::of("\\ no newline at end of file", sheet.style(Role::Dim)),
    }
}

fn file(index: usize, change: &Change, sheet: &Sheet<'_>) -> Row {
    let theme = sheet.theme;
    let dim = sheet.style(Role::Dim);
    let mut row = Row::of(format!("{} ", theme.glyphs().expanded), sheet.style(Role::Accent));
    row.push(&hunk::shown(&change.path), sheet.style(Role::Title));
    let (added, removed) = change.counts();
    if added > 0 {
        row.push("  ", dim);
        row.push(&format!("+{added}"), sheet.style(Role::Added));
    }
    if removed > 0 {
        row.push(if added > 0 { " " } else { "  " }, dim);
        row.push(&format!("-{removed}"), sheet.style(Role::Removed));
    }
    match change.kind {
        ChangeKind::Created => row.push("  created", sheet.style(Role::Added)),
        ChangeKind::Deleted => row.push("  deleted", sheet.style(Role::Removed)),
        ChangeKind::Renamed => {
            let from = change.from.as_deref().unwrap_or("another name");
            row.push(&format!("  renamed from {}", crate::text::clean(from)), dim);
        }
        ChangeKind::Modified => {}
    }
    let hunks = change.hunks.len();
    if hunks > 0 {
        row.push(&format!("  {hunks} hunk{}  ", if hunks == 1 { "" } else { "s" }), dim);
    }
    for hunk in 0..hunks.min(MARKS_MAX) {
        let (mark, style, _) = sheet.mark((sheet.chosen)(HunkRef { change: index, hunk }));
        row.push(&mark, style);
    }
    if hunks > MARKS_MAX {
        row.push(theme.glyphs().ellipsis, dim);
    }
    if let Some(note) = &change.note {
        row.push("  ", dim);
        row.push(&hunk::shown(note), sheet.style(Role::Warning));
    }
    row
}

fn header(
    slot: &Slot,
    change: &Change,
    ordinal: u32,
    cache: Option<&HunkCache>,
    sheet: &Sheet<'_>,
) -> Row {
    let Some(index) = slot.hunk() else { return Row::default() };
    let choice = (sheet.chosen)(HunkRef { change: slot.change(), hunk: index });
    let (mark, style, word) = sheet.mark(choice);
    let mut row = Row::of(mark, style);
    row.push(&format!(" hunk {ordinal}/{}", sheet.hunks_total), sheet.style(Role::Accent));
    row.push(&format!("  {word}"), style);
    // A warning stands before what may be clipped.
    let hidden = cache.map_or(0, |cache| cache.hidden);
    if hidden > 0 {
        let characters = if hidden == 1 { "character" } else { "characters" };
        row.push(&format!("  {hidden} hidden {characters}"), sheet.style(Role::Warning));
    }
    if let Some(section) = change.hunks.get(index).and_then(|hunk| hunk.section.as_deref()) {
        row.push("  ", sheet.style(Role::Dim));
        row.push(hunk::shown(section).trim(), sheet.style(Role::Dim));
    }
    row
}

/// A line as one side of the diff shows it.
struct Side<'a> {
    kind: LineKind,
    place: Place,
    shown: Cow<'a, Shown>,
    words: &'a [std::ops::Range<usize>],
    number_columns: usize,
}

impl<'a> Side<'a> {
    fn of(
        change: &Change,
        slot: &Slot,
        place: Option<Place>,
        cache: Option<&'a HunkCache>,
    ) -> Option<Self> {
        let place = place?;
        let index = place.index as usize;
        let hunk = change.hunks.get(slot.hunk()?)?;
        let line = hunk.lines.get(index)?;
        let plain = || Shown { text: hunk::shown(&line.text), roles: Vec::new() };
        let shown = cache.and_then(|cache| cache.line(index));
        Some(Self {
            kind: line.kind,
            place,
            shown: shown.map_or_else(|| Cow::Owned(plain()), Cow::Borrowed),
            words: cache.map_or(&[], |cache| cache.words(index)),
            number_columns: number_columns(change),
        })
    }

    fn sign(&self) -> &'static str {
        match self.kind {
            LineKind::Same => " ",
            LineKind::Removed => "-",
            LineKind::Added => "+",
        }
    }

    /// The styles of the whole row, of its sign, and of its changed words.
    fn styles(&self, sheet: &Sheet<'_>) -> (Style, Style, Style) {
        let (line, sign, word) = match self.kind {
            LineKind::Same => (Role::CodeBlock, Role::Dim, Role::CodeBlock),
            LineKind::Removed => (Role::RemovedLine, Role::Removed, Role::RemovedWord),
            LineKind::Added => (Role::AddedLine, Role::Added, Role::AddedWord),
        };
        let line = sheet.style(line);
        (line, line.patch(sheet.style(sign)), line.patch(sheet.style(word)))
    }

    fn unified(&self, old: Option<Place>, new: Option<Place>, sheet: &Sheet<'_>) -> Row {
        let (line, sign, _) = self.styles(sheet);
        let mut row = Row::default();
        if sheet.width >= NUMBERS_FROM_COLUMNS {
            let columns = self.number_columns;
            let number = |place: Option<Place>| match place {
                Some(place) => format!("{:>columns$} ", place.number),
                None => " ".repeat(columns + 1),
            };
            let dim = line.patch(sheet.style(Role::Dim));
            row.push(&format!("{}{}", number(old), number(new)), dim);
        }
        row.push(&format!("{} ", self.sign()), sign);
        self.push_text(&mut row, sheet);
        self.fill(&mut row, sheet.width, line);
        row
    }

    /// One half of a row, exactly so wide.
    fn half(&self, columns: usize, sheet: &Sheet<'_>) -> Row {
        let (line, sign, _) = self.styles(sheet);
        let mut row = Row::default();
        if columns >= NUMBERS_FROM_COLUMNS {
            let number = format!("{:>width$} ", self.place.number, width = self.number_columns);
            row.push(&number, line.patch(sheet.style(Role::Dim)));
        }
        row.push(&format!("{} ", self.sign()), sign);
        self.push_text(&mut row, sheet);
        let mut row = row.fit(columns, sheet.theme);
        row.pad(columns, line);
        row
    }

    /// A tinted line is tinted up to the edge.
    fn fill(&self, row: &mut Row, columns: usize, line: Style) {
        if line.bg.is_some() {
            row.pad(columns, line);
        }
    }

    /// The text in the colours of its language, where the line's own style lets them through, and
    /// with its changed words marked.
    fn push_text(&self, row: &mut Row, sheet: &Sheet<'_>) {
        let (line, _, word) = self.styles(sheet);
        // Where a changed line is told by its own colour, that colour stays whole.
        let colored = self.kind == LineKind::Same || line.bg.is_some();
        let Shown { text, roles } = &*self.shown;
        let mut at = 0;
        let mut roles = roles.iter().peekable();
        let mut words = self.words.iter().peekable();
        while at < text.len() {
            while roles.peek().is_some_and(|(_, end)| *end <= at) {
                roles.next();
            }
            while words.peek().is_some_and(|word| word.end <= at) {
                words.next();
            }
            let (role, role_end) =
                roles.peek().map_or((Role::CodeBlock, text.len()), |role| **role);
            let base = match role {
                Role::CodeBlock => line,
                role if colored => line.patch(sheet.style(role)),
                _ => line,
            };
            let (style, word_end) = match words.peek() {
                Some(changed) if changed.start <= at => (base.patch(word), changed.end),
                Some(changed) => (base, changed.start),
                None => (base, text.len()),
            };
            let end = role_end.min(word_end).min(text.len());
            row.push(&text[at..end], style);
            at = end;
        }
    }
}

fn side_by_side(left: Option<&Side<'_>>, right: Option<&Side<'_>>, sheet: &Sheet<'_>) -> Row {
    let divider = format!(" {} ", sheet.theme.glyphs().divider);
    let halves = sheet.width.saturating_sub(text::width(&divider));
    let (left_columns, right_columns) = (halves / 2, halves - halves / 2);
    let half = |side: Option<&Side<'_>>, columns| match side {
        Some(side) => side.half(columns, sheet),
        None => Row::of(" ".repeat(columns), Style::default()),
    };
    let mut row = half(left, left_columns);
    row.push(&divider, sheet.style(Role::Border));
    row.append(half(right, right_columns));
    row
}

/// Digits of the highest number in a change.
fn number_columns(change: &Change) -> usize {
    let last = change.hunks.last().map_or(0, |hunk| {
        let old = hunk.old_start.saturating_add(hunk.old_lines);
        old.max(hunk.new_start.saturating_add(hunk.new_lines))
    });
    (last.checked_ilog10().unwrap_or(0) as usize + 1).max(NUMBER_COLUMNS_MIN)
}
