//! What is drawn on the rows: text of any width and any chunking, controls, cursor movement.

use super::{Lines, Rows};
use crate::term::scan::{Csi, Sink};
use crate::text::char_width;

const TAB_COLUMNS: usize = 8;

impl<L: Lines> Rows<L> {
    fn ascii(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.column >= self.width() {
                self.wrap();
            }
            let column = self.column;
            let (now, later) = bytes.split_at(bytes.len().min(self.width() - column));
            self.here().write_ascii(column, now);
            self.column += now.len();
            bytes = later;
        }
    }

    fn char(&mut self, char: char) {
        let width = char_width(char);
        if width == 0 {
            let column = self.column.saturating_sub(1);
            if !char.is_control() {
                self.here().write_mark(column, char);
            }
            return;
        }
        if self.column + width > self.width() {
            self.wrap();
        }
        let column = self.column;
        self.here().write_char(column, char, width);
        self.column += width;
    }

    fn invalid(&mut self) {
        self.odd.invalid += 1;
        self.char(char::REPLACEMENT_CHARACTER);
    }

    fn wrap(&mut self) {
        self.here().wrapped = true;
        self.column = 0;
        self.down();
    }

    fn tab(&mut self) {
        let column = self.column;
        let next = ((column / TAB_COLUMNS + 1) * TAB_COLUMNS).min(self.width() - 1).max(column);
        self.here().write_tab(column, next);
        self.column = next;
    }

    /// The rest of a character that an earlier chunk began; what is left of this one.
    fn complete<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        while let (false, Some((first, rest))) = (self.partial.is_empty(), bytes.split_first()) {
            self.partial.push(*first);
            match std::str::from_utf8(&self.partial).map(|text| text.chars().next()) {
                Ok(char) => {
                    self.partial.clear();
                    self.char(char.unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                Err(error) => match error.error_len() {
                    None => {}
                    Some(length) => {
                        // The byte that does not go on with it is one of its own.
                        let own = self.partial.len() > length;
                        self.partial.clear();
                        self.invalid();
                        if own {
                            return bytes;
                        }
                    }
                },
            }
            bytes = rest;
        }
        bytes
    }

    /// A character that something else than its own bytes follows is none.
    fn break_off(&mut self) {
        if !self.partial.is_empty() {
            self.partial.clear();
            self.invalid();
        }
    }

    fn unicode(&mut self, bytes: &[u8]) {
        let end = bytes.as_ptr_range().end;
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
            let incomplete =
                std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
            if invalid.as_ptr_range().end == end && incomplete {
                self.partial.extend_from_slice(invalid);
            } else if !invalid.is_empty() {
                self.invalid();
            }
        }
    }

    fn move_to(&mut self, csi: &Csi<'_>) {
        let (last_row, last_column) = (self.height() - 1, self.width() - 1);
        let count = csi.count(0);
        match csi.end {
            b'A' | b'F' => self.row = self.row.saturating_sub(count),
            b'B' | b'E' | b'e' => self.row = (self.row + count).min(last_row),
            b'C' | b'a' => self.column = (self.column + count).min(last_column),
            b'D' => self.column = self.column.saturating_sub(count),
            b'G' | b'`' => self.column = (count - 1).min(last_column),
            b'd' => self.row = (count - 1).min(last_row),
            _ => {
                self.row = (count - 1).min(last_row);
                self.column = (csi.count(1) - 1).min(last_column);
            }
        }
        if matches!(csi.end, b'E' | b'F') {
            self.column = 0;
        }
    }
}

impl<L: Lines> Sink for Rows<L> {
    fn whole_lines(&mut self, bytes: &[u8]) -> (usize, usize) {
        self.flood(bytes)
    }

    fn text(&mut self, bytes: &[u8]) {
        if self.alternate {
            return;
        }
        let bytes = self.complete(bytes);
        if bytes.is_ascii() {
            self.ascii(bytes);
        } else {
            self.unicode(bytes);
        }
    }

    fn control(&mut self, byte: u8) {
        if self.alternate {
            return;
        }
        self.break_off();
        match byte {
            b'\r' => self.column = 0,
            b'\n' | 0x0b | 0x0c => {
                self.here();
                self.down();
            }
            0x08 => self.column = self.column.min(self.width()).saturating_sub(1),
            b'\t' => self.tab(),
            // The bell, and the two that shift the character set.
            0x07 | 0x0e | 0x0f => {}
            _ => self.odd.controls += 1,
        }
    }

    fn csi(&mut self, csi: &Csi<'_>) {
        if csi.private == b'?' {
            return self.private_mode(csi);
        }
        if self.alternate || csi.private != 0 {
            return;
        }
        self.break_off();
        match csi.end {
            b'A'..=b'H' | b'`' | b'a' | b'd' | b'e' | b'f' => self.move_to(csi),
            b'J' => self.erase_display(csi.selector()),
            b'K' => self.erase_line(csi.selector()),
            b'P' | b'X' | b'@' => self.shift_columns(csi),
            b'L' | b'M' | b'S' | b'T' => self.shift_rows(csi),
            b'r' => self.set_region(csi.count(0), csi.parameters.get(1).copied().unwrap_or(0)),
            b's' => self.saved = (self.row, self.column),
            b'u' => (self.row, self.column) = self.saved,
            _ => {}
        }
    }

    fn escape(&mut self, byte: u8) {
        if self.alternate {
            return;
        }
        self.break_off();
        match byte {
            b'7' => self.saved = (self.row, self.column),
            b'8' => (self.row, self.column) = self.saved,
            b'M' => self.up(),
            b'D' => self.down(),
            b'E' => {
                self.column = 0;
                self.down();
            }
            b'c' => {
                self.region = (0, usize::MAX);
                self.erase_display(2);
            }
            _ => {}
        }
    }

    fn osc(&mut self, _body: &[u8]) {}

    fn raw(&mut self, _bytes: &[u8]) {}
}
