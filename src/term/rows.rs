//! A line program's output as the text a person would see: carriage returns, backspaces, erasing
//! and cursor movement applied; colours and controls gone.
//!
//! It is a small emulator, as wide and high as the pane: programs that redraw several rows count
//! them by that very size, so any other width would let a cursor-up land on the wrong line. Rows
//! that the screen alone wrapped are joined again, so the text does not depend on the width. What
//! scrolls away is handed over; here is the screen itself, in `text` what is drawn on it, in `erase`
//! what is taken away again.

mod erase;
mod flood;
mod text;

#[cfg(test)]
mod tests;

use super::row::Row;
use crate::protocol::Size;
use std::collections::VecDeque;

/// Takes finished pieces of text: whole rows, each a line's end or its beginning.
pub(super) trait Lines {
    /// `ended`: a newline follows; otherwise the next piece goes on with the same line.
    fn piece(&mut self, text: &[u8], ended: bool);
}

pub(super) struct Rows<L> {
    pub(super) lines: L,
    rows: VecDeque<Row>,
    /// A row that was handed over, to be drawn on again.
    spare: Row,
    size: Size,
    /// The rows that scroll: from the first to before the last.
    region: (usize, usize),
    row: usize,
    column: usize,
    saved: (usize, usize),
    /// A character that a chunk's end cut in two.
    partial: Vec<u8>,
    alternate: bool,
    buffer: String,
    /// Where the lines of a flood end.
    ends: Vec<usize>,
    /// Control bytes without a meaning, and bytes that are no UTF-8, since the last look.
    pub(super) odd: Odd,
}

/// What a program said that is no text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Odd {
    pub(super) controls: u64,
    /// Sequences; each is one replacement character in the text.
    pub(super) invalid: u64,
}

impl<L: Lines> Rows<L> {
    pub(super) fn new(size: Size, lines: L) -> Self {
        Self {
            lines,
            rows: VecDeque::from([Row::default()]),
            spare: Row::default(),
            size,
            region: (0, usize::MAX),
            row: 0,
            column: 0,
            saved: (0, 0),
            partial: Vec::new(),
            alternate: false,
            buffer: String::new(),
            ends: Vec::new(),
            odd: Odd::default(),
        }
    }

    pub(super) fn resize(&mut self, size: Size) {
        self.size = size;
        self.region = (0, usize::MAX);
        while self.rows.len() > self.height() {
            self.hand_over(0);
            self.row = self.row.saturating_sub(1);
        }
        self.row = self.row.min(self.height() - 1);
        self.column = self.column.min(self.width());
    }

    /// Hands over everything, as if nothing could change it any more; starts anew below.
    pub(super) fn flush(&mut self) {
        self.close_gap();
        while self.rows.back().is_some_and(Row::is_empty) {
            self.rows.pop_back();
        }
        let last = self.rows.len();
        for (index, row) in std::mem::take(&mut self.rows).into_iter().enumerate() {
            let ended = !row.wrapped && index + 1 < last;
            self.lines.piece(row.text(&mut self.buffer).as_bytes(), ended);
        }
        self.rows.push_back(Row::default());
        (self.row, self.column, self.saved) = (0, 0, (0, 0));
    }

    /// The undrawn rows above a status line that is kept out of the scrolling are nothing that
    /// was said.
    fn close_gap(&mut self) {
        let (_, bottom) = self.region();
        if bottom < self.height() && bottom < self.rows.len() {
            let above = self.rows.range(..bottom).rev().take_while(|row| row.is_empty()).count();
            self.rows.drain(bottom - above..bottom);
        }
    }

    /// The text of the rows that are not handed over yet.
    pub(super) fn pending(&self) -> String {
        let (mut text, mut buffer) = (String::new(), String::new());
        for row in &self.rows {
            text.push_str(row.text(&mut buffer));
            if !row.wrapped {
                text.push('\n');
            }
        }
        text
    }

    fn width(&self) -> usize {
        usize::from(self.size.columns).max(2)
    }

    fn height(&self) -> usize {
        usize::from(self.size.rows).max(1)
    }

    fn region(&self) -> (usize, usize) {
        (self.region.0, self.region.1.min(self.height()))
    }

    /// Sets the rows that scroll, both from 1, and goes home; the last may be absent.
    fn set_region(&mut self, first: usize, last: u16) {
        let height = self.height();
        let (top, bottom) = (first - 1, if last == 0 { height } else { usize::from(last) });
        if top + 1 < bottom.min(height) {
            self.region = (top, if bottom >= height { usize::MAX } else { bottom });
            (self.row, self.column) = (0, 0);
        }
    }

    /// Hands over a row and takes it out.
    fn hand_over(&mut self, index: usize) {
        if let Some(mut row) = self.rows.remove(index) {
            self.lines.piece(row.text(&mut self.buffer).as_bytes(), !row.wrapped);
            row.clear();
            self.spare = row;
        }
    }

    /// The region moves up by one row; what leaves it is handed over.
    fn scroll_up(&mut self) {
        let (top, bottom) = self.region();
        if top == 0 && self.rows.len() <= bottom {
            // What floods do.
            let Some(row) = self.rows.front_mut() else { return };
            self.lines.piece(row.text(&mut self.buffer).as_bytes(), !row.wrapped);
            row.clear();
            self.rows.rotate_left(1);
            return;
        }
        self.hand_over(top);
        if self.rows.len() >= bottom {
            self.rows.insert(bottom - 1, std::mem::take(&mut self.spare));
        }
    }

    /// Puts an undrawn row in; the region's last one goes.
    fn insert_row(&mut self, index: usize) {
        let (_, bottom) = self.region();
        if self.rows.len() >= bottom {
            self.rows.remove(bottom - 1);
        }
        if index < self.rows.len() {
            self.rows.insert(index, Row::default());
        }
    }

    /// Takes a row out; the region's rows below it move up.
    fn remove_row(&mut self, index: usize) {
        let (_, bottom) = self.region();
        if self.rows.remove(index).is_some() && self.rows.len() + 1 > bottom {
            self.rows.insert(bottom - 1, Row::default());
        }
    }

    fn down(&mut self) {
        let (_, bottom) = self.region();
        if self.row + 1 == bottom {
            self.scroll_up();
        } else if self.row + 1 < self.height() {
            self.row += 1;
        }
        self.here();
    }

    fn up(&mut self) {
        let (top, _) = self.region();
        if self.row == top && top > 0 {
            self.insert_row(top);
        } else {
            self.row = self.row.saturating_sub(1);
        }
    }

    fn here(&mut self) -> &mut Row {
        while self.rows.len() <= self.row {
            self.rows.push_back(std::mem::take(&mut self.spare));
        }
        &mut self.rows[self.row]
    }

    #[cfg(test)]
    pub(super) fn rows_held_bytes(&self) -> usize {
        self.rows.iter().map(Row::held_bytes).sum::<usize>() + self.buffer.capacity()
    }
}
