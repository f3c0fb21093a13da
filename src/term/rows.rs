//! A line program's output as the text a person would see: carriage returns, backspaces, erasing
//! and cursor movement applied; colours and controls gone.
//!
//! It is a small emulator, as wide and high as the pane: programs that redraw several rows count
//! them by that very size, so any other width would let a cursor-up land on the wrong line. Rows
//! that the screen alone wrapped are joined again, so the text does not depend on the width.

use super::row::{FILLER, Row};
use super::scan::{Csi, Sink};
use crate::protocol::Size;
use crate::text::char_width;
use std::collections::VecDeque;

const TAB_COLUMNS: usize = 8;
/// Combining characters beyond these are dropped from a row.
const MARKS_MAX: usize = 1000;
/// Takes finished pieces of text: whole rows, each a line's end or its beginning.
pub(super) trait Lines {
    /// `ended`: a newline follows; otherwise the next piece goes on with the same line.
    fn piece(&mut self, text: &str, ended: bool);
}

pub(super) struct Rows<L> {
    pub(super) lines: L,
    rows: VecDeque<Row>,
    size: Size,
    row: usize,
    column: usize,
    saved: (usize, usize),
    /// A character that a chunk's end cut in two.
    partial: Vec<u8>,
    alternate: bool,
    buffer: String,
}

impl<L: Lines> Rows<L> {
    pub(super) fn new(size: Size, lines: L) -> Self {
        Self {
            lines,
            rows: VecDeque::from([Row::default()]),
            size,
            row: 0,
            column: 0,
            saved: (0, 0),
            partial: Vec::new(),
            alternate: false,
            buffer: String::new(),
        }
    }

    pub(super) fn resize(&mut self, size: Size) {
        self.size = size;
        while self.rows.len() > self.height() {
            self.scroll();
        }
        self.column = self.column.min(self.width());
    }

    /// Hands over everything, as if nothing could change it any more; starts anew below.
    pub(super) fn flush(&mut self) {
        while self.rows.back().is_some_and(|row| row.cells.is_empty()) {
            self.rows.pop_back();
        }
        let last = self.rows.len();
        for (index, row) in std::mem::take(&mut self.rows).into_iter().enumerate() {
            let ended = !row.wrapped && index + 1 < last;
            row.write(&mut self.buffer);
            self.lines.piece(&self.buffer, ended);
        }
        self.rows.push_back(Row::default());
        (self.row, self.column, self.saved) = (0, 0, (0, 0));
    }

    /// The text of the rows that are not handed over yet.
    pub(super) fn pending(&self) -> String {
        let (mut text, mut buffer) = (String::new(), String::new());
        for row in &self.rows {
            row.write(&mut buffer);
            text.push_str(&buffer);
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

    /// Hands over the topmost row.
    fn scroll(&mut self) {
        let Some(mut row) = self.rows.pop_front() else { return };
        row.write(&mut self.buffer);
        self.lines.piece(&self.buffer, !row.wrapped);
        self.row = self.row.saturating_sub(1);
        self.saved.0 = self.saved.0.saturating_sub(1);
        if self.rows.is_empty() {
            row.cells.clear();
            row.marks.clear();
            row.wrapped = false;
            self.rows.push_back(row);
        }
    }

    fn down(&mut self) {
        self.row += 1;
        if self.row >= self.height() {
            self.scroll();
        }
        while self.rows.len() <= self.row {
            self.rows.push_back(Row::default());
        }
    }

    fn here(&mut self) -> &mut Row {
        while self.rows.len() <= self.row {
            self.rows.push_back(Row::default());
        }
        &mut self.rows[self.row]
    }

    fn ascii(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.column >= self.width() {
                self.wrap();
            }
            let (width, column) = (self.width(), self.column);
            let (now, later) = bytes.split_at(bytes.len().min(width - column));
            let row = self.here();
            row.clear_for(column, now.len());
            let kept = row.cells.len().min(column + now.len());
            let (over, beyond) = now.split_at(kept - column);
            for (cell, byte) in row.cells[column..kept].iter_mut().zip(over) {
                *cell = char::from(*byte);
            }
            row.cells.extend(beyond.iter().map(|byte| char::from(*byte)));
            self.column += now.len();
            bytes = later;
        }
    }

    fn char(&mut self, char: char) {
        let width = char_width(char);
        if width == 0 {
            let column = self.column.saturating_sub(1);
            let row = self.here();
            if !char.is_control() && row.marks.len() < MARKS_MAX && !row.cells.is_empty() {
                row.marks.push((row.owner(column), char));
            }
            return;
        }
        if self.column + width > self.width() {
            self.wrap();
        }
        let column = self.column;
        let row = self.here();
        row.clear_for(column, width);
        for offset in 0..width {
            row.put(column + offset, if offset == 0 { char } else { FILLER });
        }
        self.column += width;
    }

    fn wrap(&mut self) {
        self.here().wrapped = true;
        self.column = 0;
        self.down();
    }

    fn tab(&mut self) {
        let column = self.column;
        let next = ((column / TAB_COLUMNS + 1) * TAB_COLUMNS).min(self.width() - 1).max(column);
        let row = self.here();
        // A tab at the line's end stays a tab in the text; over text it only moves.
        if column >= row.cells.len() && next > column {
            row.clear_for(column, next - column);
            for at in column..next {
                row.put(at, if at == column { '\t' } else { FILLER });
            }
        }
        self.column = next;
    }

    fn erase_display(&mut self, selector: u16) {
        match selector {
            0 => {
                self.erase_line(0);
                let row = self.row;
                self.rows.truncate(row + 1);
            }
            1 => {
                let row = self.row.min(self.rows.len());
                self.rows.iter_mut().take(row).for_each(|row| *row = Row::default());
                self.erase_line(1);
            }
            // A cleared screen is a new page: what stood there was output, and stays.
            2 => {
                let (row, column) = (self.row, self.column);
                self.flush();
                self.lines.piece("", true);
                (self.row, self.column) = (row, column);
                self.here();
            }
            _ => {}
        }
    }

    fn erase_line(&mut self, selector: u16) {
        let column = self.column;
        let row = self.here();
        match selector {
            0 => {
                row.clear_for(column, usize::MAX);
                row.cells.truncate(column);
                row.wrapped = false;
            }
            1 => {
                let end = (column + 1).min(row.cells.len());
                row.clear_for(0, end);
                row.cells[..end].fill(' ');
            }
            _ => *row = Row::default(),
        }
    }

    fn shift(&mut self, csi: &Csi<'_>) {
        let (column, count) = (self.column, csi.count(0).min(self.width()));
        let width = self.width();
        let row = self.here();
        if column >= row.cells.len() {
            return;
        }
        row.clear_for(column, usize::MAX);
        let end = (column + count).min(row.cells.len());
        match csi.end {
            b'P' => drop(row.cells.drain(column..end)),
            b'X' => row.cells[column..end].fill(' '),
            _ => {
                row.cells.splice(column..column, std::iter::repeat_n(' ', count));
                row.cells.truncate(width);
            }
        }
    }

    fn private_mode(&mut self, csi: &Csi<'_>) {
        let alternate = csi.parameters.iter().any(|mode| matches!(mode, 47 | 1047 | 1049));
        match csi.end {
            b'h' if alternate => self.alternate = true,
            b'l' if alternate => self.alternate = false,
            _ => {}
        }
    }
}

impl<L: Lines> Sink for Rows<L> {
    fn text(&mut self, mut bytes: &[u8]) {
        if self.alternate {
            return;
        }
        while let (false, Some((first, rest))) = (self.partial.is_empty(), bytes.split_first()) {
            self.partial.push(*first);
            bytes = rest;
            match std::str::from_utf8(&self.partial).map(|text| text.chars().next()) {
                Ok(char) => {
                    self.partial.clear();
                    self.char(char.unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                Err(error) if error.error_len().is_some() => {
                    self.partial.clear();
                    self.char(char::REPLACEMENT_CHARACTER);
                }
                Err(_) => {}
            }
        }
        for chunk in bytes.utf8_chunks() {
            let mut valid = chunk.valid();
            while !valid.is_empty() {
                let ascii = valid.bytes().position(|byte| byte >= 0x80).unwrap_or(valid.len());
                self.ascii(&valid.as_bytes()[..ascii]);
                valid = &valid[ascii..];
                if let Some(char) = valid.chars().next() {
                    self.char(char);
                    valid = &valid[char.len_utf8()..];
                }
            }
            let invalid = chunk.invalid();
            let at_end = invalid.as_ptr_range().end == bytes.as_ptr_range().end;
            let incomplete =
                std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
            if at_end && incomplete {
                self.partial.extend_from_slice(invalid);
            } else if !invalid.is_empty() {
                self.char(char::REPLACEMENT_CHARACTER);
            }
        }
    }

    fn control(&mut self, byte: u8) {
        if self.alternate {
            return;
        }
        match byte {
            b'\r' => self.column = 0,
            b'\n' | 0x0b | 0x0c => {
                self.here();
                self.down();
            }
            0x08 => self.column = self.column.min(self.width()).saturating_sub(1),
            b'\t' => self.tab(),
            _ => {}
        }
    }

    fn csi(&mut self, csi: &Csi<'_>) {
        if csi.private == b'?' {
            return self.private_mode(csi);
        }
        if self.alternate || csi.private != 0 {
            return;
        }
        let (last_row, last_column) = (self.height() - 1, self.width() - 1);
        match csi.end {
            b'A' | b'F' => self.row = self.row.saturating_sub(csi.count(0)),
            b'B' | b'E' | b'e' => self.row = (self.row + csi.count(0)).min(last_row),
            b'C' | b'a' => self.column = (self.column + csi.count(0)).min(last_column),
            b'D' => self.column = self.column.saturating_sub(csi.count(0)),
            b'G' | b'`' => self.column = (csi.count(0) - 1).min(last_column),
            b'd' => self.row = (csi.count(0) - 1).min(last_row),
            b'H' | b'f' => {
                self.row = (csi.count(0) - 1).min(last_row);
                self.column = (csi.count(1) - 1).min(last_column);
            }
            b'J' => self.erase_display(csi.selector()),
            b'K' => self.erase_line(csi.selector()),
            b'P' | b'X' | b'@' => self.shift(csi),
            b's' => self.saved = (self.row, self.column),
            b'u' => (self.row, self.column) = self.saved,
            _ => {}
        }
        if matches!(csi.end, b'E' | b'F') {
            self.column = 0;
        }
    }

    fn escape(&mut self, byte: u8) {
        match byte {
            _ if self.alternate => {}
            b'7' => self.saved = (self.row, self.column),
            b'8' => (self.row, self.column) = self.saved,
            b'M' => self.row = self.row.saturating_sub(1),
            b'D' => self.down(),
            b'E' => {
                self.column = 0;
                self.down();
            }
            b'c' => self.erase_display(2),
            _ => {}
        }
    }

    fn osc(&mut self, _body: &[u8]) {}

    fn raw(&mut self, _bytes: &[u8]) {}
}

#[cfg(test)]
mod tests {
    use super::super::scan::Scanner;
    use super::*;
    use proptest::prelude::*;

    #[derive(Default)]
    struct Text(String);

    impl Lines for Text {
        fn piece(&mut self, text: &str, ended: bool) {
            self.0.push_str(text);
            if ended {
                self.0.push('\n');
            }
        }
    }

    fn render_at(columns: u16, chunks: &[&[u8]]) -> String {
        let mut rows = Rows::new(Size { columns, rows: 6 }, Text::default());
        let mut scanner = Scanner::new();
        for chunk in chunks {
            scanner.feed(chunk, &mut rows);
        }
        rows.flush();
        rows.lines.0
    }

    fn render(text: &str) -> String {
        render_at(40, &[text.as_bytes()])
    }

    #[test]
    fn progress_collapses_to_its_last_state() {
        assert_eq!(render("10%\r50%\r100%\r\ndone\r\n"), "100%\ndone");
        assert_eq!(render("[=>   ] 1\r\x1b[K[===] 22\r\n"), "[===] 22");
        assert_eq!(render("spin |\x08/\x08-\x08\\\r\n"), "spin \\");
    }

    #[test]
    fn redrawn_rows_collapse() {
        let redraw = "a 1\r\nb 1\r\n\x1b[2Aa 2\r\nb 2\r\n\x1b[2A\x1b[Ja 3\r\nb 3\r\nend\r\n";
        assert_eq!(render(redraw), "a 3\nb 3\nend");
    }

    #[test]
    fn colours_and_controls_are_gone_and_blanks_are_cut() {
        assert_eq!(render("\x1b[1;31mred\x1b[0m\x07 \x1b]0;t\x07x   \r\n"), "red x");
    }

    #[test]
    fn tabs_stay_tabs() {
        assert_eq!(render("\tif x:\r\n\t\ty\r\n"), "\tif x:\n\t\ty");
        assert_eq!(render("a\tb\r\x1b[3C!\r\n"), "a  !    b");
    }

    #[test]
    fn long_lines_are_joined_again_and_wide_ones_too() {
        let line = "x".repeat(1000);
        assert_eq!(render(&format!("{line}\r\nz\r\n")), format!("{line}\nz"));
        let wide = "漢字e\u{301}".repeat(99);
        assert_eq!(render_at(7, &[wide.as_bytes()]), wide);
    }

    #[test]
    fn a_cleared_screen_keeps_what_was_said_before() {
        assert_eq!(render("before\r\n\x1b[H\x1b[2J\x1b[3Jafter\r\n"), "before\nafter");
    }

    #[test]
    fn the_alternate_screen_leaves_no_text() {
        assert_eq!(render("a\r\n\x1b[?1049h\x1b[Hvim\x1b[?1049lb\r\n"), "a\nb");
    }

    proptest! {
        #[test]
        fn plain_lines_come_back_whatever_the_width_and_the_chunks(
            lines in proptest::collection::vec("[a-z漢é]{1,30}( [a-z]{1,9})?", 1..20),
            columns in 2u16..50, cut in 0usize..600) {
            let text = lines.join("\n");
            let bytes = text.replace('\n', "\r\n").into_bytes();
            let cut = cut.min(bytes.len());
            prop_assert_eq!(render_at(columns, &[&bytes[..cut], &bytes[cut..]]), text);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(
            prop_oneof![3 => Just(0x1bu8), 3 => Just(b'['), 2 => b'0'..=b'9', 2 => b'@'..=b'Z', 2 => Just(b'\t'),
                3 => any::<u8>()], 0..400), columns in 1u16..20) {
            render_at(columns, &[&bytes, "漢\x1b[2D漢x".as_bytes(), &bytes]);
        }
    }
}
