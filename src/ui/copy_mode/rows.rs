//! Lines as the cells and rows of a pane: as the terminal itself would wrap them.

use crate::protocol::{LineAt, Scrollback};
use crate::text::char_width;
use std::ops::Range;

const TAB_COLUMNS: usize = 8;

/// A row of the pane: a line's number, and which of its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowAt {
    pub(super) line: usize,
    pub(super) row: usize,
}

/// A character with the marks on it, as it stands in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CellAt {
    pub(super) bytes: Range<usize>,
    pub(super) column: usize,
    pub(super) columns: usize,
}

/// The cells of a text that begins at column 0.
pub(super) fn cells(text: &str) -> impl Iterator<Item = CellAt> {
    let mut column = 0;
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest;
        rest = next_cell(text, start)?;
        let columns = match text[start..].chars().next()? {
            '\t' => TAB_COLUMNS - column % TAB_COLUMNS,
            char => char_width(char).max(1),
        };
        column += columns;
        Some(CellAt { bytes: start..rest, column: column - columns, columns })
    })
}

/// Where the cell that begins at a byte ends; None at the text's end.
pub(super) fn next_cell(text: &str, at: usize) -> Option<usize> {
    let mut chars = text.get(at..)?.char_indices().skip(1);
    text[at..].chars().next()?;
    let next = chars.find(|(_, char)| *char == '\t' || char_width(*char) > 0);
    Some(next.map_or(text.len(), |(offset, _)| at + offset))
}

/// Where the cell before a byte begins; None at the text's start.
pub(super) fn previous_cell(text: &str, at: usize) -> Option<usize> {
    let before = text.get(..at).filter(|before| !before.is_empty())?;
    let last = before.char_indices().rev().find(|(_, char)| *char == '\t' || char_width(*char) > 0);
    Some(last.map_or(0, |(offset, _)| offset))
}

/// A line's rows in this many columns; an empty line has one.
pub(super) fn rows(text: &str, columns: usize) -> Vec<Range<usize>> {
    let columns = columns.max(1);
    if text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
        let starts = (0..text.len().max(1)).step_by(columns);
        return starts.map(|start| start..(start + columns).min(text.len())).collect();
    }
    let mut rows = Vec::new();
    let (mut start, mut used) = (0, 0);
    for cell in cells(text) {
        let is_tab = text.as_bytes()[cell.bytes.start] == b'\t';
        // A tab wraps only as a letter would: it ends where the row does.
        let least = if is_tab { 1 } else { cell.columns };
        if used > 0 && used + least > columns {
            rows.push(start..cell.bytes.start);
            (start, used) = (cell.bytes.start, 0);
        }
        let tab = TAB_COLUMNS - used % TAB_COLUMNS;
        used += if is_tab { tab.min(columns - used) } else { cell.columns };
    }
    rows.push(start..text.len());
    rows
}

/// The row that a place is shown in.
pub(super) fn row_of(back: &Scrollback, at: LineAt, columns: usize) -> RowAt {
    let rows = rows(back.text(at.line), columns);
    let row = rows.iter().rposition(|row| row.start <= at.byte).unwrap_or(0);
    RowAt { line: at.line, row }
}

/// The row so many below, or above if negative; the first or the last one at the ends.
pub(super) fn step(back: &Scrollback, from: RowAt, count: isize, columns: usize) -> RowAt {
    let height = |line| rows(back.text(line), columns).len();
    let mut at = RowAt { row: from.row.min(height(from.line) - 1), ..from };
    let mut left = count.unsigned_abs();
    while left > 0 && count > 0 {
        let below = height(at.line) - 1 - at.row;
        if left <= below {
            at.row += left;
            break;
        }
        if at.line + 1 >= back.lines() {
            at.row += below;
            break;
        }
        left -= below + 1;
        at = RowAt { line: at.line + 1, row: 0 };
    }
    while left > 0 && count < 0 {
        if left <= at.row {
            at.row -= left;
            break;
        }
        if at.line == 0 {
            at.row = 0;
            break;
        }
        left -= at.row + 1;
        at = RowAt { line: at.line - 1, row: height(at.line - 1) - 1 };
    }
    at
}

/// Rows from one to another below it, at most `most`.
pub(super) fn distance(
    back: &Scrollback,
    from: RowAt,
    to: RowAt,
    columns: usize,
    most: usize,
) -> usize {
    let mut count = 0;
    let mut at = from;
    while at.line < to.line && count < most {
        count += rows(back.text(at.line), columns).len().saturating_sub(at.row);
        at = RowAt { line: at.line + 1, row: 0 };
    }
    (count + to.row.saturating_sub(at.row)).min(most)
}

/// The place in a row that is nearest to a column.
pub(super) fn at_column(back: &Scrollback, at: RowAt, column: usize, columns: usize) -> LineAt {
    let text = back.text(at.line);
    let rows = rows(text, columns);
    let row = rows[at.row.min(rows.len() - 1)].clone();
    let cell = cells(&text[row.clone()]).take_while(|cell| cell.column <= column).last();
    LineAt { line: at.line, byte: row.start + cell.map_or(0, |cell| cell.bytes.start) }
}

/// The column of a place in its row.
pub(super) fn column_of(back: &Scrollback, at: LineAt, columns: usize) -> usize {
    let text = back.text(at.line);
    let rows = rows(text, columns);
    let row = rows[row_of(back, at, columns).row].clone();
    let before = at.byte.min(row.end) - row.start;
    let cells = cells(&text[row]).take_while(|cell| cell.bytes.end <= before);
    cells.last().map_or(0, |cell| cell.column + cell.columns)
}

#[cfg(test)]
mod tests {
    use super::super::tests::back;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_are_those_of_a_terminal() {
        assert_eq!(rows("", 4), vec![Range { start: 0, end: 0 }]);
        assert_eq!(rows("abcdefgh", 4), [0..4, 4..8]);
        // A wide character that does not fit goes on in the next row, its marks with it.
        assert_eq!(rows("abc漢e\u{301}", 4), [0..3, 3..9]);
        assert_eq!(rows("\tab\tc", 10), [0..3, 3..5]);
    }

    #[test]
    fn steps_go_over_wrapped_rows_and_stop_at_the_ends() {
        let back = back("abcdefgh\n\nxy");
        let at = |line, row| RowAt { line, row };
        assert_eq!(step(&back, at(0, 0), 1, 4), at(0, 1));
        assert_eq!(step(&back, at(0, 0), 3, 4), at(2, 0));
        assert_eq!(step(&back, at(0, 0), 99, 4), at(2, 0));
        assert_eq!(step(&back, at(2, 0), -2, 4), at(0, 1));
        assert_eq!(step(&back, at(2, 0), -99, 4), at(0, 0));
        assert_eq!(distance(&back, at(0, 0), at(2, 0), 4, 9), 3);
        assert_eq!(distance(&back, at(0, 1), at(2, 0), 4, 9), 2);
        assert_eq!(distance(&back, at(0, 0), at(2, 0), 4, 2), 2);
    }

    proptest! {
        #[test]
        fn rows_hold_the_whole_text_and_no_more_columns_than_there_are(
            text in "[a-z漢é\t]{0,60}(e\u{301}){0,9}", columns in 2usize..30) {
            let rows = rows(&text, columns);
            let joined: String = rows.iter().map(|row| &text[row.clone()]).collect();
            prop_assert_eq!(&joined, &text);
            for row in rows {
                let row = &text[row];
                let wide: usize = cells(row.trim_end_matches('\t')).map(|cell| cell.columns).sum();
                prop_assert!(wide <= columns, "{row:?}");
            }
        }

        #[test]
        fn cells_are_the_same_forwards_and_backwards(text in "[ab漢\t](\u{301}|[a漢\u{301}]){0,20}") {
            let forward: Vec<_> = cells(&text).map(|cell| cell.bytes.start).collect();
            let mut backward = Vec::new();
            let mut at = text.len();
            while let Some(before) = previous_cell(&text, at) {
                backward.push(before);
                at = before;
            }
            backward.reverse();
            prop_assert_eq!(forward, backward);
        }

        #[test]
        fn a_step_down_and_up_again_is_none(text in "([a-z漢]{0,20}\n){1,9}", columns in 2usize..9, count in 1isize..9) {
            let back = back(&text);
            let from = RowAt::default();
            let there = step(&back, from, count, columns);
            if there != step(&back, from, count - 1, columns) {
                prop_assert_eq!(step(&back, there, -count, columns), from);
            }
        }
    }
}
