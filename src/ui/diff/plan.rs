//! Which rows a diff has, in order.

use super::{DiffLayout, RowKind};
use crate::protocol::{Change, Hunk, HunkRef, LineKind};
use std::collections::HashMap;
use std::ops::Range;

/// A line of a hunk: its index there, and its number in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) index: u32,
    pub(crate) number: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Blank,
    File,
    /// The number of the part within the whole diff, from 1, and its first and last line.
    Header {
        ordinal: u32,
        lines: (u32, u32),
    },
    /// Its place in the old file and in the new one; a line that did not change has both.
    Line {
        old: Option<Place>,
        new: Option<Place>,
    },
    /// The old side on the left, the new one on the right.
    Pair {
        old: Option<Place>,
        new: Option<Place>,
    },
    NoNewline,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    change: u32,
    hunk: Option<u32>,
    pub(super) part: u32,
    pub(super) what: What,
}

impl Slot {
    pub(super) fn change(&self) -> usize {
        self.change as usize
    }

    pub(super) fn hunk(&self) -> Option<usize> {
        self.hunk.map(|hunk| hunk as usize)
    }

    pub(super) fn kind(&self) -> RowKind {
        match self.what {
            What::File => RowKind::File,
            What::Header { .. } => RowKind::HunkHeader,
            What::Line { .. } | What::Pair { .. } => RowKind::Line,
            What::Blank | What::NoNewline => RowKind::Note,
        }
    }

    /// The places of a line in the old file and in the new one.
    pub(super) fn places(&self) -> (Option<Place>, Option<Place>) {
        match self.what {
            What::Line { old, new } | What::Pair { old, new } => (old, new),
            _ => (None, None),
        }
    }

    /// The last line of the hunk that drawing this row needs.
    pub(super) fn last_line(&self) -> Option<usize> {
        let (old, new) = self.places();
        old.into_iter().chain(new).map(|place| place.index as usize).max()
    }
}

/// How a diff is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrangement {
    pub(crate) layout: DiffLayout,
    /// Where hunks are split: the line at which each further part begins, rising.
    pub(crate) splits: HashMap<HunkRef, Vec<usize>>,
    /// Lines that did not change, around what did, at most.
    pub(crate) context: usize,
}

impl Arrangement {
    pub(crate) fn of(layout: DiffLayout) -> Self {
        Self { layout, splits: HashMap::new(), context: usize::MAX }
    }
}

/// The parts of a hunk, as ranges of its lines.
pub(crate) fn parts(hunk: &Hunk, splits: Option<&Vec<usize>>) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    for at in splits.into_iter().flatten().copied().chain([hunk.lines.len()]) {
        let end = at.min(hunk.lines.len());
        parts.push(start.min(end)..end);
        start = end;
    }
    parts
}

/// Where a hunk can be split: amid the unchanged lines between two changes.
pub(crate) fn splits(hunk: &Hunk) -> Vec<usize> {
    let is_same = |line: usize| hunk.lines[line].kind == LineKind::Same;
    let mut splits = Vec::new();
    let mut last_change: Option<usize> = None;
    for line in (0..hunk.lines.len()).filter(|line| !is_same(*line)) {
        if let Some(last) = last_change
            && line > last + 1
        {
            splits.push(last + 1 + (line - last - 1).div_ceil(2));
        }
        last_change = Some(line);
    }
    splits
}

pub(super) fn slots(changes: &[Change], arrangement: &Arrangement) -> Vec<Slot> {
    let lines: usize = changes.iter().flat_map(|change| &change.hunks).map(|h| h.lines.len()).sum();
    let mut out = Vec::with_capacity(lines + 8 * changes.len());
    let mut ordinal = 0;
    for (index, change) in (0..).zip(changes) {
        let own = |what| Slot { change: index, hunk: None, part: 0, what };
        if index > 0 {
            out.push(own(What::Blank));
        }
        out.push(own(What::File));
        for (number, hunk) in (0..).zip(&change.hunks) {
            let at = HunkRef { change: index as usize, hunk: number as usize };
            let parts = parts(hunk, arrangement.splits.get(&at));
            let mut numbers = (hunk.old_start, hunk.new_start);
            for (part, lines) in (0..).zip(parts) {
                ordinal += 1;
                let mut push =
                    |what| out.push(Slot { change: index, hunk: Some(number), part, what });
                let last = lines.end.saturating_sub(1) as u32;
                push(What::Header { ordinal, lines: (lines.start as u32, last) });
                let seen = in_context(hunk, &lines, arrangement.context);
                let mut rows = Rows { hunk, seen, numbers: &mut numbers, push: &mut push };
                match arrangement.layout {
                    DiffLayout::Unified => rows.unified(lines),
                    DiffLayout::SideBySide => rows.side_by_side(lines),
                }
            }
        }
    }
    out
}

/// The lines that are within so many of a change.
fn in_context(hunk: &Hunk, lines: &Range<usize>, context: usize) -> Range<usize> {
    let is_change = |line: &usize| hunk.lines[*line].kind != LineKind::Same;
    match (lines.clone().find(is_change), lines.clone().rev().find(is_change)) {
        (Some(first), Some(last)) => {
            let start = first.saturating_sub(context).max(lines.start);
            start..last.saturating_add(context).saturating_add(1).min(lines.end)
        }
        _ => lines.clone(),
    }
}

struct Rows<'a> {
    hunk: &'a Hunk,
    seen: Range<usize>,
    /// Of the next line, in the old file and in the new one.
    numbers: &'a mut (u32, u32),
    push: &'a mut dyn FnMut(What),
}

impl Rows<'_> {
    fn unified(&mut self, lines: Range<usize>) {
        for line in lines {
            let (old, new) = self.take(line);
            if !self.seen.contains(&line) {
                continue;
            }
            (self.push)(What::Line { old, new });
            if !self.hunk.lines[line].ended {
                (self.push)(What::NoNewline);
            }
        }
    }

    fn side_by_side(&mut self, lines: Range<usize>) {
        // What was removed waits for what stands in its place.
        let (mut removed, mut added): (Vec<Place>, Vec<Place>) = (Vec::new(), Vec::new());
        for line in lines {
            match self.take(line) {
                (Some(old), None) => {
                    if !added.is_empty() {
                        self.flush(&mut removed, &mut added);
                    }
                    removed.push(old);
                }
                (None, Some(new)) => added.push(new),
                (old, new) => {
                    self.flush(&mut removed, &mut added);
                    if !self.seen.contains(&line) {
                        continue;
                    }
                    (self.push)(What::Pair { old, new });
                    if !self.hunk.lines[line].ended {
                        (self.push)(What::NoNewline);
                    }
                }
            }
        }
        self.flush(&mut removed, &mut added);
    }

    fn flush(&mut self, removed: &mut Vec<Place>, added: &mut Vec<Place>) {
        for row in 0..removed.len().max(added.len()) {
            (self.push)(What::Pair {
                old: removed.get(row).copied(),
                new: added.get(row).copied(),
            });
        }
        let is_open = |place: &Place| !self.hunk.lines[place.index as usize].ended;
        if [removed.last(), added.last()].into_iter().flatten().any(is_open) {
            (self.push)(What::NoNewline);
        }
        removed.clear();
        added.clear();
    }

    /// The places of a line, and on to the next numbers.
    fn take(&mut self, line: usize) -> (Option<Place>, Option<Place>) {
        let kind = self.hunk.lines[line].kind;
        let place = |number: &mut u32| {
            let place = Place { index: line as u32, number: *number };
            *number = number.saturating_add(1);
            place
        };
        let old = (kind != LineKind::Added).then(|| place(&mut self.numbers.0));
        let new = (kind != LineKind::Removed).then(|| place(&mut self.numbers.1));
        (old, new)
    }
}
