//! Changes drawn as rows: files, hunks with what was chosen for each, lines with their numbers.
//!
//! Which rows there are is planned cheaply for all of a diff; what they look like is worked out
//! only for those that are shown. Deciding hunks is the caller's.

mod draw;
mod file;
mod hunk;
mod pair;
mod plan;
mod shown;
mod side;

pub(crate) use file::{FileColumns, FileFacts, MARKS_MAX, file_row};
pub(crate) use plan::{Arrangement, CONTEXT_LINES, Place, parts, splits};

use super::highlight::Highlighter;
use super::review::{Choice, Mark};
use super::theme::Theme;
use crate::protocol::{Change, HunkRef};
use crate::text::Needle;
use hunk::HunkCache;
use plan::Slot;
use ratatui::text::Line;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Hunks whose colours and words are kept.
const HUNKS_CACHED_MAX: usize = 64;
/// Lines that [`rows`] has in colour; the rest of a longer diff is plain there.
const ROWS_IN_COLOR_MAX: usize = 1_000;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DiffRow {
    pub(crate) line: Line<'static>,
    /// Which of the view's rows it is of: a line that wraps has several.
    pub(crate) row: usize,
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
pub(crate) enum DiffLayout {
    Unified,
    SideBySide,
}

/// What a row belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) change: usize,
    pub(crate) hunk: Option<usize>,
    /// Of a hunk that is split: which part.
    pub(crate) part: usize,
    pub(crate) kind: RowKind,
    pub(crate) old: Option<Place>,
    pub(crate) new: Option<Place>,
}

impl Spot {
    pub(crate) fn at(&self) -> Option<HunkRef> {
        Some(HunkRef { change: self.change, hunk: self.hunk? })
    }

    /// The lines of the hunk that the row shows.
    pub(crate) fn lines(&self) -> impl Iterator<Item = usize> {
        self.old.into_iter().chain(self.new).map(|place| place.index as usize)
    }
}

/// How rows are drawn.
pub(crate) struct Look<'a> {
    pub(crate) chosen: &'a dyn Fn(HunkRef) -> Mark,
    pub(crate) width: u16,
    pub(crate) theme: &'a Theme,
    pub(crate) highlighter: &'a Highlighter,
    /// Long lines go on in the next row.
    pub(crate) wraps: bool,
    /// Blanks and tabs are seen.
    pub(crate) shows_blanks: bool,
    /// Each changed line has its own mark.
    pub(crate) by_line: bool,
    /// Files are told in a list elsewhere: their own rows are short.
    pub(crate) is_listed: bool,
    pub(crate) needle: Option<&'a Needle>,
    /// As in the view's arrangement.
    pub(crate) around: Option<&'a HashMap<usize, Arc<Vec<String>>>>,
    /// What is to be said below a row.
    pub(crate) notes: &'a dyn Fn(&Spot) -> Vec<Line<'static>>,
}

impl<'a> Look<'a> {
    pub(crate) fn new(
        chosen: &'a dyn Fn(HunkRef) -> Mark,
        width: u16,
        theme: &'a Theme,
        highlighter: &'a Highlighter,
    ) -> Self {
        Self {
            chosen,
            width,
            theme,
            highlighter,
            wraps: false,
            shows_blanks: false,
            by_line: false,
            is_listed: false,
            needle: None,
            around: None,
            notes: &|_| Vec::new(),
        }
    }
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
    let mut view = DiffView::new(changes, &Arrangement::of(layout));
    view.color_left = ROWS_IN_COLOR_MAX;
    let chosen = |at| Mark::of(chosen(at));
    view.rows(changes, 0..view.len(), &Look::new(&chosen, width, theme, highlighter))
}

/// The plan of a diff's rows, and what was worked out of those that were shown. One belongs to one
/// list of changes: new changes need a new view.
pub(crate) struct DiffView {
    slots: Vec<Slot>,
    layout: DiffLayout,
    /// The rows that are headers of hunks, rising.
    headers: Vec<usize>,
    /// Lines added and removed, by change.
    counts: Vec<(usize, usize)>,
    hunks: HashMap<HunkRef, HunkCache>,
    /// Lines that may still be put in colour.
    color_left: usize,
    /// The grammars were there when the cached hunks were worked out.
    in_color: bool,
    /// Rows that were drawn, ever.
    #[cfg(test)]
    pub(crate) drawn: usize,
}

impl DiffView {
    /// It costs a few nanoseconds a line.
    pub(crate) fn new(changes: &[Change], arrangement: &Arrangement) -> Self {
        let slots = plan::slots(changes, arrangement);
        let is_header = |row: &usize| slots[*row].kind() == RowKind::HunkHeader;
        Self {
            headers: (0..slots.len()).filter(is_header).collect(),
            counts: changes.iter().map(Change::counts).collect(),
            slots,
            layout: arrangement.layout,
            hunks: HashMap::new(),
            color_left: usize::MAX,
            in_color: false,
            #[cfg(test)]
            drawn: 0,
        }
    }

    /// Rows in all, before any wraps.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// What a row belongs to, without drawing it.
    pub(crate) fn spot(&self, row: usize) -> Option<Spot> {
        self.slots.get(row).map(spot)
    }

    /// The header that a row stands below, at any distance.
    pub(crate) fn header_above(&self, row: usize) -> Option<usize> {
        let below = self.headers.partition_point(|header| *header <= row);
        below.checked_sub(1).map(|index| self.headers[index])
    }

    /// Lines added and removed in a change.
    pub(crate) fn counts(&self, change: usize) -> (usize, usize) {
        self.counts.get(change).copied().unwrap_or_default()
    }

    /// The number of a line that is around a hunk.
    #[cfg(test)]
    pub(crate) fn around(&self, row: usize) -> Option<u32> {
        match self.slots.get(row)?.what {
            plan::What::Around { new, .. } => Some(new),
            _ => None,
        }
    }

    /// The first row of a range that is such.
    pub(crate) fn find(
        &self,
        rows: impl IntoIterator<Item = usize>,
        is: impl Fn(&Spot) -> bool,
    ) -> Option<usize> {
        rows.into_iter().find(|row| self.spot(*row).as_ref().is_some_and(&is))
    }

    /// The rows of a range, which may reach beyond the end. `changes` are those of `new`.
    pub(crate) fn rows(
        &mut self,
        changes: &[Change],
        range: Range<usize>,
        look: &Look<'_>,
    ) -> Vec<DiffRow> {
        let ready = look.highlighter.ready();
        if self.in_color != ready || self.hunks.len() > HUNKS_CACHED_MAX {
            self.hunks.clear();
            self.in_color = ready;
        }
        let range = range.start.min(self.len())..range.end.min(self.len());
        let width = usize::from(look.width.max(1));
        let (counts, hunks_total) = (&self.counts, self.headers.len());
        let layout = self.layout;
        let sheet = draw::Sheet { changes, layout, counts, look, width, hunks_total };
        let mut out = Vec::with_capacity(range.len());
        for (index, slot) in range.clone().zip(&self.slots[range]) {
            let at = slot.hunk().map(|hunk| HunkRef { change: slot.change(), hunk });
            let cache = at.and_then(|at| {
                let change = changes.get(at.change)?;
                let hunk = change.hunks.get(at.hunk)?;
                let cache = self
                    .hunks
                    .entry(at)
                    .or_insert_with(|| HunkCache::new(hunk, &change.path, look.highlighter));
                self.color_left -= cache.reach(hunk, slot.last_line(), self.color_left);
                Some(&*cache)
            });
            let (change, hunk, kind) = (slot.change(), slot.hunk(), slot.kind());
            let row = |line, kind| DiffRow { line, row: index, change, hunk, kind };
            let lines = draw::rows(slot, cache, &sheet).into_iter();
            out.extend(lines.map(|line| row(line.fit(width, look.theme).into_line(), kind)));
            #[cfg(test)]
            {
                self.drawn += 1;
            }
            out.extend((look.notes)(&spot(slot)).into_iter().map(|line| row(line, RowKind::Note)));
        }
        out
    }
}

fn spot(slot: &Slot) -> Spot {
    let (old, new) = slot.places();
    Spot {
        change: slot.change(),
        hunk: slot.hunk(),
        part: slot.part as usize,
        kind: slot.kind(),
        old,
        new,
    }
}

#[cfg(test)]
mod tests;
