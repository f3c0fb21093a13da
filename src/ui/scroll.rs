//! Finds out whether a terminal that moves some of its rows has less left to be drawn.

use ratatui::buffer::{Buffer, Cell};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;

/// A scroll that spares fewer cells than this is not worth its sequences.
const CELLS_SPARED_MIN: i64 = 40;
/// Rows that a scroll moves at most: beyond, hardly anything on the screen is left.
const SHIFT_MAX: usize = 64;

/// Rows of the screen that move, and how far: up if positive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scroll {
    pub(crate) rows: Range<usize>,
    pub(crate) up: isize,
}

impl Scroll {
    /// What a terminal shows after it.
    pub(crate) fn apply(&self, shown: &mut Buffer) {
        let columns = usize::from(shown.area.width);
        let region = &mut shown.content[self.rows.start * columns..self.rows.end * columns];
        let cells = self.up.unsigned_abs() * columns;
        if self.up > 0 {
            region.rotate_left(cells);
            let kept = region.len() - cells;
            region[kept..].fill(Cell::EMPTY);
        } else {
            region.rotate_right(cells);
            region[..cells].fill(Cell::EMPTY);
        }
    }
}

struct Screens<'a> {
    shown: &'a Buffer,
    next: &'a Buffer,
    columns: usize,
}

/// From the first to the last row that differs. Both pictures have the same size.
pub(crate) fn changed(shown: &Buffer, next: &Buffer) -> Range<usize> {
    let screens = Screens::of(shown, next);
    let differs = |row: &usize| screens.row(shown, *row) != screens.row(next, *row);
    let rows = 0..usize::from(next.area.height);
    let first = rows.clone().find(differs);
    let last = rows.rev().find(differs);
    first.zip(last).map_or(0..0, |(first, last)| first..last + 1)
}

/// The scroll that spares most of what these rows cost; None: plain drawing is as good.
pub(crate) fn find(shown: &Buffer, next: &Buffer, changed: &Range<usize>) -> Option<Scroll> {
    if changed.len() < 3 {
        return None;
    }
    let screens = Screens::of(shown, next);
    let up = screens.most_votes(changed)?;
    screens.best_rows(changed, up)
}

impl<'a> Screens<'a> {
    fn of(shown: &'a Buffer, next: &'a Buffer) -> Self {
        Self { shown, next, columns: usize::from(next.area.width) }
    }

    fn row(&self, buffer: &'a Buffer, row: usize) -> &'a [Cell] {
        &buffer.content[row * self.columns..(row + 1) * self.columns]
    }

    /// The shift by which most rows that differ are found where they are to be.
    fn most_votes(&self, changed: &Range<usize>) -> Option<isize> {
        let hashes = |buffer| changed.clone().map(|row| hash(self.row(buffer, row))).collect();
        let (before, after): (Vec<_>, Vec<_>) = (hashes(self.shown), hashes(self.next));
        let votes = |up: isize| {
            let pairs = after.iter().enumerate().filter(|(row, hash)| {
                let from = row.checked_add_signed(up).and_then(|from| before.get(from));
                from == Some(*hash) && before[*row] != **hash
            });
            pairs.count()
        };
        let most = isize::try_from((changed.len() - 1).min(SHIFT_MAX)).unwrap_or(0);
        // Of equals, the shortest shift, upwards first.
        let shifts = (1..=most).flat_map(|shift| [shift, -shift]).rev();
        let (count, up) = shifts.map(|up| (votes(up), up)).max_by_key(|(count, _)| *count)?;
        (count > 0).then_some(up)
    }

    /// The rows to move by `up`, so that most cells are spared.
    fn best_rows(&self, changed: &Range<usize>, up: isize) -> Option<Scroll> {
        let shift = up.unsigned_abs();
        let plain: Vec<_> =
            changed.clone().map(|row| self.cost(self.shown, row, self.next, row)).collect();
        // Row by row in the direction of the scroll, what moving the run that ends here spares.
        let count = changed.len();
        let at = |step: usize| if up > 0 { step } else { count - 1 - step };
        let mut best: Option<(i64, Range<usize>)> = None;
        let (mut run, mut begin) = (0, 0);
        for step in 0..count - shift {
            let row = at(step);
            let from = row.checked_add_signed(up)?;
            let moved = self.cost(self.shown, changed.start + from, self.next, changed.start + row);
            if run <= 0 {
                (run, begin) = (0, step);
            }
            run += plain[row] - moved;
            let tail: i64 = (step + 1..=step + shift)
                .map(|step| plain[at(step)] - self.blank_cost(changed.start + at(step)))
                .sum();
            if best.as_ref().is_none_or(|(spared, _)| run + tail > *spared) {
                best = Some((run + tail, begin..step + 1 + shift));
            }
        }
        let (_, steps) = best.filter(|(spared, _)| *spared >= CELLS_SPARED_MIN)?;
        let (one, other) = (at(steps.start), at(steps.end - 1));
        let rows = changed.start + one.min(other)..changed.start + one.max(other) + 1;
        Some(Scroll { rows, up })
    }

    /// Cells of a row to be drawn over another one.
    fn cost(&self, from: &'a Buffer, from_row: usize, to: &'a Buffer, to_row: usize) -> i64 {
        let pairs = self.row(from, from_row).iter().zip(self.row(to, to_row));
        pairs.map(|(one, other)| i64::from(one != other)).sum()
    }

    fn blank_cost(&self, row: usize) -> i64 {
        self.row(self.next, row).iter().map(|cell| i64::from(*cell != Cell::EMPTY)).sum()
    }
}

fn hash(row: &[Cell]) -> u64 {
    let mut hasher = DefaultHasher::new();
    row.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;

    fn screen(rows: &[String]) -> Buffer {
        let rows: Vec<_> = rows.iter().map(String::as_str).collect();
        let mut buffer = Buffer::with_lines(rows);
        buffer.area = Rect::new(0, 0, buffer.area.width, buffer.area.height);
        buffer
    }

    /// Rows that have nothing in common.
    fn rows(count: u8) -> Vec<String> {
        (0..count).map(|row| char::from(b'A' + row).to_string().repeat(60)).collect()
    }

    #[test]
    fn moved_rows_are_found_and_the_rows_around_them_stay() {
        let mut before = rows(20);
        let mut after = before.clone();
        after[5..12].clone_from_slice(&before[6..13]);
        after[12] = "new".into();
        let find = |one: &[String], other: &[String]| {
            let (one, other) = (screen(one), screen(other));
            find(&one, &other, &changed(&one, &other))
        };
        let found = find(&before, &after).unwrap();
        assert_eq!(found, Scroll { rows: 5..13, up: 1 });
        let back = find(&after, &before).unwrap();
        assert_eq!(back.up, -1);
        before[5] = "other".into();
        let mut moved = screen(&before);
        found.apply(&mut moved);
        assert_eq!(moved.content[..12 * 60], screen(&after).content[..12 * 60]);
        assert!(moved.content[12 * 60..13 * 60].iter().all(|cell| *cell == Cell::EMPTY));
    }

    #[test]
    fn nothing_is_moved_where_plain_drawing_is_as_cheap() {
        let before = rows(20);
        let mut after = before.clone();
        after[3] = "x".into();
        after[17] = "y".into();
        let (before, after) = (screen(&before), screen(&after));
        assert_eq!(changed(&before, &after), 3..18);
        assert_eq!(find(&before, &after, &(3..18)), None);
        assert_eq!(changed(&before, &before), 0..0);
    }
}
