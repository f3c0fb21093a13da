//! Which rows a diff has, in order.

use super::{DiffLayout, RowKind};
use crate::protocol::{Change, Hunk, HunkRef, LineKind};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

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
    /// A line around a hunk, by its numbers in the old file and in the new one.
    Around {
        old: u32,
        new: u32,
    },
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
            What::Line { .. } | What::Pair { .. } | What::Around { .. } => RowKind::Line,
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
    /// The new files' lines, by change, where they are known: more context comes from there.
    pub(crate) around: HashMap<usize, Arc<Vec<String>>>,
}

/// Lines around a change that a hunk comes with.
pub(crate) const CONTEXT_LINES: usize = 3;

impl Arrangement {
    pub(crate) fn of(layout: DiffLayout) -> Self {
        Self { layout, splits: HashMap::new(), context: CONTEXT_LINES, around: HashMap::new() }
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
        let mut around = Around::new(index as usize, change, arrangement);
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
                if part == 0 {
                    around.before(hunk, &mut push);
                }
                let seen = in_context(hunk, &lines, arrangement.context);
                let mut rows = Rows { hunk, seen, numbers: &mut numbers, push: &mut push };
                match arrangement.layout {
                    DiffLayout::Unified => rows.unified(lines),
                    DiffLayout::SideBySide => rows.side_by_side(lines),
                }
            }
            let next = change.hunks.get(number as usize + 1);
            around.after(hunk, next, &mut |what| {
                let part = out.last().map_or(0, |slot| slot.part);
                out.push(Slot { change: index, hunk: Some(number), part, what });
            });
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

/// Lines beyond those that hunks come with, from the file itself.
struct Around {
    /// Lines of the new file; 0: not known.
    lines: u32,
    more: u32,
    /// The last line of the new file that has a row.
    seen: u32,
}

impl Around {
    fn new(index: usize, change: &Change, arrangement: &Arrangement) -> Self {
        let known = arrangement.around.get(&index).filter(|_| !change.hunks.is_empty());
        let more = arrangement.context.saturating_sub(CONTEXT_LINES);
        Self { lines: known.map_or(0, |lines| lines.len() as u32), more: more as u32, seen: 0 }
    }

    fn before(&mut self, hunk: &Hunk, push: &mut dyn FnMut(What)) {
        let (old, new) =
            (first(hunk.old_start, hunk.old_lines), first(hunk.new_start, hunk.new_lines));
        let free = new.saturating_sub(1).saturating_sub(self.seen).min(old.saturating_sub(1));
        let count = if self.lines == 0 { 0 } else { self.more.min(free) };
        for back in (1..=count).rev() {
            push(What::Around { old: old - back, new: new - back });
        }
    }

    fn after(&mut self, hunk: &Hunk, next: Option<&Hunk>, push: &mut dyn FnMut(What)) {
        let old = first(hunk.old_start, hunk.old_lines) + hunk.old_lines;
        let new = first(hunk.new_start, hunk.new_lines) + hunk.new_lines;
        let end = next.map_or(self.lines + 1, |next| first(next.new_start, next.new_lines));
        let count = if self.lines == 0 { 0 } else { self.more.min(end.saturating_sub(new)) };
        for on in 0..count {
            push(What::Around { old: old + on, new: new + on });
        }
        self.seen = (new + count).saturating_sub(1);
    }
}

/// The first line of a side: of an empty one the start is the line before.
const fn first(start: u32, lines: u32) -> u32 {
    if lines == 0 { start.saturating_add(1) } else { start }
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
