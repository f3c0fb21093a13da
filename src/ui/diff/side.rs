//! A line as one side of a diff shows it: number, sign, text in the colours of its language with its
//! changed words marked, and whatever would not be seen made visible.

use super::super::row::{Row, break_code};
use super::super::theme::Role;
use super::DiffLayout;
use super::draw::Sheet;
use super::hunk::HunkCache;
use super::plan::{Place, Slot};
use super::shown::Shown;
use crate::protocol::{Change, LineKind};
use crate::text;
use crate::ui::review::{Choice, Mark};
use ratatui::style::Style;
use std::borrow::Cow;
use std::ops::Range;

/// A narrower row shows no numbers.
const NUMBERS_FROM_COLUMNS: usize = 30;
const NUMBER_COLUMNS_MIN: usize = 3;
/// Rows of a line that wraps: no screen shows more.
const WRAPPED_ROWS_MAX: usize = 60;

pub(super) struct Side<'a> {
    kind: LineKind,
    place: Place,
    shown: Cow<'a, Shown>,
    words: &'a [Range<usize>],
    number_columns: usize,
}

impl<'a> Side<'a> {
    pub(super) fn of(
        change: &Change,
        slot: &Slot,
        place: Option<Place>,
        cache: Option<&'a HunkCache>,
    ) -> Option<Self> {
        let place = place?;
        let index = place.index as usize;
        let hunk = change.hunks.get(slot.hunk()?)?;
        let line = hunk.lines.get(index)?;
        let shown = cache.and_then(|cache| cache.line(index));
        Some(Self {
            kind: line.kind,
            place,
            shown: shown.map_or_else(|| Cow::Owned(Shown::new(&line.text)), Cow::Borrowed),
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

    /// What is chosen of the line, where that is said line by line.
    fn push_mark(&self, row: &mut Row, mark: Option<&Mark>, line: Style, sheet: &Sheet<'_>) {
        let glyphs = sheet.theme().glyphs();
        let is_told = self.kind != LineKind::Same;
        let choice = mark.filter(|_| is_told).map(|mark| mark.line(self.place.index as usize));
        let (glyph, role) = match choice {
            Some(Choice::Accepted) => (glyphs.check, Role::Good),
            Some(Choice::Rejected) => (glyphs.cross, Role::Error),
            Some(Choice::Pending | Choice::Mixed) => ("?", Role::Ask),
            None => (" ", Role::Dim),
        };
        row.push(glyph, line.patch(sheet.style(role)));
    }

    /// Number, mark and sign; what a further row of the same line starts with is as wide.
    fn head(&self, numbers: &str, mark: Option<&Mark>, sheet: &Sheet<'_>) -> Row {
        let (line, sign, _) = self.styles(sheet);
        let mut row = Row::default();
        row.push(numbers, line.patch(sheet.style(Role::Dim)));
        if sheet.look.by_line {
            self.push_mark(&mut row, mark, line, sheet);
        } else if !numbers.is_empty() {
            row.push(" ", line);
        }
        row.push(&format!("{} ", self.sign()), sign);
        row
    }

    pub(super) fn unified(
        &self,
        old: Option<Place>,
        new: Option<Place>,
        mark: Option<&Mark>,
        sheet: &Sheet<'_>,
    ) -> Vec<Row> {
        let columns = self.number_columns;
        let number = |place: Option<Place>| match place {
            Some(place) => format!("{:>columns$}", place.number),
            None => " ".repeat(columns),
        };
        let has_numbers = sheet.width >= NUMBERS_FROM_COLUMNS;
        let numbers =
            if has_numbers { format!("{} {}", number(old), number(new)) } else { String::new() };
        let mut rows = self.text_rows(self.head(&numbers, mark, sheet), sheet.width, sheet);
        let (line, ..) = self.styles(sheet);
        // A tinted line is tinted up to the edge.
        if line.bg.is_some() {
            rows.iter_mut().for_each(|row| row.pad(sheet.width, line));
        }
        rows
    }

    /// One half of a row, exactly so wide.
    fn half(&self, columns: usize, mark: Option<&Mark>, sheet: &Sheet<'_>) -> Vec<Row> {
        let has_numbers = columns >= NUMBERS_FROM_COLUMNS;
        let numbers = format!("{:>width$}", self.place.number, width = self.number_columns);
        let numbers = if has_numbers { numbers.as_str() } else { "" };
        let (line, ..) = self.styles(sheet);
        let rows = self.text_rows(self.head(numbers, mark, sheet), columns, sheet);
        let whole = |row: Row| {
            let mut row = row.fit(columns, sheet.theme());
            row.pad(columns, line);
            row
        };
        rows.into_iter().map(whole).collect()
    }

    /// The head and the text, which goes on in further rows if that is wanted.
    fn text_rows(&self, head: Row, columns: usize, sheet: &Sheet<'_>) -> Vec<Row> {
        let (line, ..) = self.styles(sheet);
        let mut text = Row::default();
        self.push_text(&mut text, sheet);
        let indent = head.width();
        if !sheet.look.wraps || columns <= indent {
            let mut row = head;
            row.append(text);
            return vec![row];
        }
        let broken = break_code(text, columns - indent, sheet.theme());
        let mut head = Some(head);
        let join = |text: Row| {
            let mut row = head.take().unwrap_or_else(|| Row::of(" ".repeat(indent), line));
            row.append(text);
            row
        };
        broken.into_iter().take(WRAPPED_ROWS_MAX).map(join).collect()
    }

    fn push_text(&self, row: &mut Row, sheet: &Sheet<'_>) {
        let (line, _, word) = self.styles(sheet);
        // Where a changed line is told by its own colour, that colour stays whole.
        let colored = self.kind == LineKind::Same || line.bg.is_some();
        let Shown { text, roles, odd, .. } = &*self.shown;
        let hits = sheet.look.needle.map_or_else(Vec::new, |needle| hits(needle, text));
        let mut at = 0;
        let mut roles = roles.iter().peekable();
        while at < text.len() {
            while roles.peek().is_some_and(|(_, end)| *end <= at) {
                roles.next();
            }
            let (role, role_end) =
                roles.peek().map_or((Role::CodeBlock, text.len()), |role| **role);
            let base = match role {
                Role::CodeBlock => line,
                role if colored => line.patch(sheet.style(role)),
                _ => line,
            };
            let mut end = role_end.min(text.len());
            let mut style = base;
            for (ranges, over) in [
                (self.words, word),
                (odd.as_slice(), line.patch(sheet.style(Role::Warning))),
                (hits.as_slice(), sheet.style(Role::Selection)),
            ] {
                if let Some(until) = inside(ranges, at, &mut end) {
                    style = style.patch(over);
                    end = end.min(until);
                }
            }
            self.push_piece(row, at..end, style, sheet);
            at = end;
        }
    }

    /// A piece of one style; blanks in it are drawn as something where they are to be seen.
    fn push_piece(&self, row: &mut Row, piece: Range<usize>, style: Style, sheet: &Sheet<'_>) {
        let Shown { text, tabs, blanks, .. } = &*self.shown;
        let trailing = if self.kind == LineKind::Same { text.len() } else { *blanks };
        if !sheet.look.shows_blanks && piece.end <= trailing {
            return row.push(&text[piece], style);
        }
        let glyphs = sheet.theme().glyphs();
        for (offset, char) in text[piece.clone()].char_indices() {
            let at = piece.start + offset;
            let is_seen = char == ' ' && (sheet.look.shows_blanks || at >= trailing);
            if !is_seen {
                row.push(char.encode_utf8(&mut [0; 4]), style);
                continue;
            }
            let role = if at >= trailing { Role::Warning } else { Role::Dim };
            let glyph = match tabs.iter().find(|tab| tab.contains(&at)) {
                Some(tab) if tab.start == at => glyphs.tab,
                Some(_) => " ",
                None => glyphs.blank,
            };
            row.push(glyph, style.patch(sheet.style(role)));
        }
    }
}

/// Whether a place is in one of the ranges, and up to where; `end` comes no further than the next.
fn inside(ranges: &[Range<usize>], at: usize, end: &mut usize) -> Option<usize> {
    let next = ranges.iter().find(|range| range.end > at)?;
    if next.start > at {
        *end = (*end).min(next.start);
        return None;
    }
    Some(next.end)
}

fn hits(needle: &text::Needle, text: &str) -> Vec<Range<usize>> {
    let mut hits = Vec::new();
    let mut from = 0;
    while let Some(hit) = needle.find(text, from) {
        from = hit.end.max(from + 1);
        hits.push(hit);
    }
    hits
}

pub(super) fn side_by_side(
    left: Option<&Side<'_>>,
    right: Option<&Side<'_>>,
    mark: Option<&Mark>,
    sheet: &Sheet<'_>,
) -> Vec<Row> {
    let divider = format!(" {} ", sheet.theme().glyphs().divider);
    let halves = sheet.width.saturating_sub(text::width(&divider));
    let (left_columns, right_columns) = (halves / 2, halves - halves / 2);
    let half = |side: Option<&Side<'_>>, columns| {
        side.map_or_else(Vec::new, |side| side.half(columns, mark, sheet))
    };
    let mut left = half(left, left_columns).into_iter();
    let mut right = half(right, right_columns).into_iter();
    let blank = |columns| Row::of(" ".repeat(columns), Style::default());
    let mut rows = Vec::new();
    loop {
        let (one, other) = (left.next(), right.next());
        if one.is_none() && other.is_none() && !rows.is_empty() {
            return rows;
        }
        let mut row = one.unwrap_or_else(|| blank(left_columns));
        row.push(&divider, sheet.style(Role::Border));
        row.append(other.unwrap_or_else(|| blank(right_columns)));
        rows.push(row);
    }
}

/// A line around a hunk, which no hunk holds.
pub(super) fn around(
    text: &str,
    change: &Change,
    (old, new): (u32, u32),
    sheet: &Sheet<'_>,
) -> Vec<Row> {
    let place = |number| Place { index: u32::MAX, number };
    let side = |number| Side {
        kind: LineKind::Same,
        place: place(number),
        shown: Cow::Owned(Shown::new(text)),
        words: &[],
        number_columns: number_columns(change),
    };
    match sheet.layout {
        DiffLayout::Unified => side(new).unified(Some(place(old)), Some(place(new)), None, sheet),
        DiffLayout::SideBySide => side_by_side(Some(&side(old)), Some(&side(new)), None, sheet),
    }
}

/// Digits of the highest number in a change.
fn number_columns(change: &Change) -> usize {
    let last = change.hunks.last().map_or(0, |hunk| {
        let old = hunk.old_start.saturating_add(hunk.old_lines);
        old.max(hunk.new_start.saturating_add(hunk.new_lines))
    });
    (last.checked_ilog10().unwrap_or(0) as usize + 1).max(NUMBER_COLUMNS_MIN)
}
