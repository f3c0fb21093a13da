//! Which rows a diff has, in order.

use super::{DiffLayout, RowKind};
use crate::protocol::{Change, Hunk, LineKind};

/// A line of a hunk: its index there, and its number in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) index: u32,
    pub(super) number: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Blank,
    File,
    /// The number of the hunk within the whole diff, from 1.
    Header {
        ordinal: u32,
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

    /// The last line of the hunk that drawing this row needs.
    pub(super) fn last_line(&self) -> Option<usize> {
        let (What::Line { old, new } | What::Pair { old, new }) = self.what else { return None };
        old.into_iter().chain(new).map(|place| place.index as usize).max()
    }
}

pub(super) fn slots(changes: &[Change], layout: DiffLayout) -> Vec<Slot> {
    let lines: usize = changes.iter().flat_map(|change| &change.hunks).map(|h| h.lines.len()).sum();
    let mut out = Vec::with_capacity(lines + 8 * changes.len());
    let mut ordinal = 0;
    for (index, change) in (0..).zip(changes) {
        if index > 0 {
            out.push(Slot { change: index, hunk: None, what: What::Blank });
        }
        out.push(Slot { change: index, hunk: None, what: What::File });
        for (hunk_index, hunk) in (0..).zip(&change.hunks) {
            ordinal += 1;
            let mut push = |what| out.push(Slot { change: index, hunk: Some(hunk_index), what });
            push(What::Header { ordinal });
            match layout {
                DiffLayout::Unified => unified(hunk, &mut push),
                DiffLayout::SideBySide => side_by_side(hunk, &mut push),
            }
        }
    }
    out
}

fn unified(hunk: &Hunk, push: &mut dyn FnMut(What)) {
    let (mut old_number, mut new_number) = (hunk.old_start, hunk.new_start);
    for (index, line) in (0..).zip(&hunk.lines) {
        let old = (line.kind != LineKind::Added).then(|| take(index, &mut old_number));
        let new = (line.kind != LineKind::Removed).then(|| take(index, &mut new_number));
        push(What::Line { old, new });
        if !line.ended {
            push(What::NoNewline);
        }
    }
}

fn side_by_side(hunk: &Hunk, push: &mut dyn FnMut(What)) {
    let (mut old_number, mut new_number) = (hunk.old_start, hunk.new_start);
    // What was removed waits for what stands in its place.
    let (mut removed, mut added): (Vec<Place>, Vec<Place>) = (Vec::new(), Vec::new());
    let flush = |removed: &mut Vec<Place>, added: &mut Vec<Place>, push: &mut dyn FnMut(What)| {
        for row in 0..removed.len().max(added.len()) {
            push(What::Pair { old: removed.get(row).copied(), new: added.get(row).copied() });
        }
        let last = [removed.last(), added.last()];
        let open =
            |place: &Place| hunk.lines.get(place.index as usize).is_some_and(|line| !line.ended);
        if last.into_iter().flatten().any(open) {
            push(What::NoNewline);
        }
        removed.clear();
        added.clear();
    };
    for (index, line) in (0..).zip(&hunk.lines) {
        match line.kind {
            LineKind::Removed => {
                if !added.is_empty() {
                    flush(&mut removed, &mut added, push);
                }
                removed.push(take(index, &mut old_number));
            }
            LineKind::Added => added.push(take(index, &mut new_number)),
            LineKind::Same => {
                flush(&mut removed, &mut added, push);
                let (old, new) = (take(index, &mut old_number), take(index, &mut new_number));
                push(What::Pair { old: Some(old), new: Some(new) });
                if !line.ended {
                    push(What::NoNewline);
                }
            }
        }
    }
    flush(&mut removed, &mut added, push);
}

/// The place of a line, and the next number.
fn take(index: u32, number: &mut u32) -> Place {
    let place = Place { index, number: *number };
    *number = number.saturating_add(1);
    place
}
