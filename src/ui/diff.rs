//! Changes drawn as rows: files, hunks with what was chosen for each, lines with their numbers.
//!
//! Which rows there are is planned cheaply for all of a diff; what they look like is worked out
//! only for those that are shown. Deciding hunks is the caller's.

mod draw;
mod hunk;
mod pair;
mod plan;

use super::highlight::Highlighter;
use super::theme::Theme;
use crate::protocol::{Change, HunkRef};
use hunk::HunkCache;
use plan::Slot;
use ratatui::text::Line;
use std::collections::HashMap;
use std::ops::Range;

/// Hunks whose colours and words are kept.
const HUNKS_CACHED_MAX: usize = 64;
/// Lines that [`rows`] has in colour; the rest of a longer diff is plain there.
const ROWS_IN_COLOR_MAX: usize = 1_000;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DiffRow {
    pub(crate) line: Line<'static>,
    /// Index of the change that the row belongs to.
    pub(crate) change: usize,
    /// Index of the hunk within that change; absent in a file's own rows.
    pub(crate) hunk: Option<usize>,
    pub(crate) kind: RowKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowKind {
    File,
    HunkHeader,
    Line,
    /// A blank row, or a word about the line above.
    Note,
}

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

/// All rows of a diff, none wider than `width` (at least 1). For a diff of many screens keep a
/// [`DiffView`] and ask it for the rows that are shown.
pub(crate) fn rows(
    changes: &[Change],
    chosen: &dyn Fn(HunkRef) -> Choice,
    width: u16,
    layout: DiffLayout,
    theme: &Theme,
    highlighter: &Highlighter,
) -> Vec<DiffRow> {
    let mut view = DiffView::new(changes, layout);
    view.color_left = ROWS_IN_COLOR_MAX;
    view.rows(changes, 0..view.len(), chosen, width, theme, highlighter)
}

/// The plan of a diff's rows, and what was worked out of those that were shown. One belongs to one
/// list of changes: new changes need a new view.
pub(crate) struct DiffView {
    slots: Vec<Slot>,
    hunks: HashMap<HunkRef, HunkCache>,
    hunks_total: usize,
    /// Lines that may still be put in colour.
    color_left: usize,
    /// The grammars were there when the cached hunks were worked out.
    in_color: bool,
}

impl DiffView {
    /// It costs a few nanoseconds a line.
    pub(crate) fn new(changes: &[Change], layout: DiffLayout) -> Self {
        Self {
            slots: plan::slots(changes, layout),
            hunks: HashMap::new(),
            hunks_total: changes.iter().map(|change| change.hunks.len()).sum(),
            color_left: usize::MAX,
            in_color: false,
        }
    }

    /// Rows in all.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// What a row belongs to, without drawing it.
    pub(crate) fn place(&self, row: usize) -> Option<(usize, Option<usize>, RowKind)> {
        self.slots.get(row).map(|slot| (slot.change(), slot.hunk(), slot.kind()))
    }

    /// The row of a hunk's header.
    #[cfg(test)]
    fn row_of(&self, hunk: HunkRef) -> Option<usize> {
        self.slots.iter().position(|slot| {
            slot.kind() == RowKind::HunkHeader
                && (slot.change(), slot.hunk()) == (hunk.change, Some(hunk.hunk))
        })
    }

    /// The rows of a range, which may reach beyond the end. `changes` are those of `new`.
    pub(crate) fn rows(
        &mut self,
        changes: &[Change],
        range: Range<usize>,
        chosen: &dyn Fn(HunkRef) -> Choice,
        width: u16,
        theme: &Theme,
        highlighter: &Highlighter,
    ) -> Vec<DiffRow> {
        let ready = highlighter.ready();
        if self.in_color != ready || self.hunks.len() > HUNKS_CACHED_MAX {
            self.hunks.clear();
            self.in_color = ready;
        }
        let range = range.start.min(self.len())..range.end.min(self.len());
        let sheet = draw::Sheet {
            changes,
            chosen,
            width: usize::from(width.max(1)),
            theme,
            hunks_total: self.hunks_total,
        };
        let mut out = Vec::with_capacity(range.len());
        for slot in &self.slots[range] {
            let at = slot.hunk().map(|hunk| HunkRef { change: slot.change(), hunk });
            let cache = at.and_then(|at| {
                let change = changes.get(at.change)?;
                let hunk = change.hunks.get(at.hunk)?;
                let cache = self
                    .hunks
                    .entry(at)
                    .or_insert_with(|| HunkCache::new(hunk, &change.path, highlighter));
                self.color_left -= cache.reach(hunk, slot.last_line(), self.color_left);
                Some(&*cache)
            });
            let row = draw::row(slot, cache, &sheet).fit(sheet.width, theme);
            out.push(DiffRow {
                line: row.into_line(),
                change: slot.change(),
                hunk: slot.hunk(),
                kind: slot.kind(),
            });
        }
        out
    }
}

#[cfg(test)]
mod tests;
