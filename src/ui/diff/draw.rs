//! The rows of a slot of a diff.

use super::super::row::Row;
use super::super::theme::{Role, Theme};
use super::file::{self, FileFacts};
use super::hunk::HunkCache;
use super::plan::{Slot, What};
use super::side::{self, Side, side_by_side};
use super::{DiffLayout, Look, shown};
use crate::protocol::{Change, HunkRef};
use crate::ui::review::{self, Mark};
use ratatui::style::Style;

/// What all rows share.
pub(super) struct Sheet<'a> {
    pub(super) changes: &'a [Change],
    pub(super) layout: DiffLayout,
    /// Lines added and removed, by change.
    pub(super) counts: &'a [(usize, usize)],
    pub(super) look: &'a Look<'a>,
    pub(super) width: usize,
    pub(super) hunks_total: usize,
}

impl Sheet<'_> {
    pub(super) fn theme(&self) -> &Theme {
        self.look.theme
    }

    pub(super) fn style(&self, role: Role) -> Style {
        self.look.theme.style(role)
    }
}

/// The rows of a slot, mostly one; they may be wider than the sheet.
pub(super) fn rows(slot: &Slot, cache: Option<&HunkCache>, sheet: &Sheet<'_>) -> Vec<Row> {
    let Some(change) = sheet.changes.get(slot.change()) else { return vec![Row::default()] };
    let mark =
        || slot.hunk().map(|hunk| (sheet.look.chosen)(HunkRef { change: slot.change(), hunk }));
    let side = |place| Side::of(change, slot, place, cache);
    match slot.what {
        What::Blank => vec![Row::default()],
        What::File => vec![file(slot.change(), change, sheet)],
        What::Header { ordinal, lines } => {
            let (first, last) = lines;
            vec![header(slot, change, ordinal, first as usize..=last as usize, cache, sheet)]
        }
        What::Line { old, new } => {
            let Some(line) = side(new.or(old)) else { return vec![Row::default()] };
            line.unified(old, new, mark().as_ref(), sheet)
        }
        What::Pair { old, new } => {
            let (left, right) = (side(old), side(new));
            side_by_side(left.as_ref(), right.as_ref(), mark().as_ref(), sheet)
        }
        What::Around { old, new } => {
            let files = sheet.look.around.and_then(|files| files.get(&slot.change()));
            let text = files.and_then(|lines| lines.get((new as usize).checked_sub(1)?));
            side::around(text.map_or("", String::as_str), change, (old, new), sheet)
        }
        What::NoNewline => {
            vec![Row::of("\\ no newline at end of file", sheet.style(Role::Dim))]
        }
    }
}

fn file(index: usize, change: &Change, sheet: &Sheet<'_>) -> Row {
    let theme = sheet.theme();
    let mut row = Row::of(format!("{} ", theme.glyphs().expanded), sheet.style(Role::Accent));
    if sheet.look.is_listed {
        row.append(file::short(change, theme));
        return row;
    }
    let choice = |hunk: usize| {
        let mark = (sheet.look.chosen)(HunkRef { change: index, hunk });
        mark.hunk(change.hunks.get(hunk))
    };
    let units = review::units(change);
    let facts = FileFacts {
        counts: sheet.counts.get(index).copied().unwrap_or_default(),
        marks: (0..units.min(file::MARKS_MAX)).map(choice).collect(),
        units,
        guard: None,
        columns: file::FileColumns::default(),
    };
    row.append(file::file_row(change, &facts, theme));
    row
}

fn header(
    slot: &Slot,
    change: &Change,
    ordinal: u32,
    lines: std::ops::RangeInclusive<usize>,
    cache: Option<&HunkCache>,
    sheet: &Sheet<'_>,
) -> Row {
    let Some(index) = slot.hunk() else { return Row::default() };
    let Some(hunk) = change.hunks.get(index) else { return Row::default() };
    let chosen: Mark = (sheet.look.chosen)(HunkRef { change: slot.change(), hunk: index });
    let choice = chosen.over(review::changed(hunk).filter(|line| lines.contains(line)));
    let (mark, role, word) = file::mark(choice, sheet.theme());
    let style = sheet.style(role);
    let mut row = Row::of(mark, style);
    row.push(&format!(" hunk {ordinal}/{}", sheet.hunks_total), sheet.style(Role::Accent));
    row.push(&format!("  {word}"), style);
    // A warning stands before what may be clipped.
    let hidden = cache.map_or(0, |cache| cache.hidden);
    if hidden > 0 {
        let characters = if hidden == 1 { "character" } else { "characters" };
        row.push(&format!("  {hidden} hidden {characters}"), sheet.style(Role::Warning));
    }
    if let Some(endings) = cache.and_then(|cache| cache.endings) {
        row.push(&format!("  {endings}"), sheet.style(Role::Warning));
    }
    if let Some(section) = hunk.section.as_deref().filter(|_| slot.part == 0) {
        row.push("  ", sheet.style(Role::Dim));
        row.push(shown::plain(section).trim(), sheet.style(Role::Dim));
    }
    row
}
