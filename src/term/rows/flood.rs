//! Floods: many plain lines in one chunk. Those of them that have scrolled away by its end were never
//! drawn over, so they are handed over as they came.

use super::{Lines, Row, Rows};

/// The bytes that end a line.
const ENDING: &[u8] = b"\r\n";

impl<L: Lines> Rows<L> {
    /// Takes the lines that would leave the screen again: how many bytes they are. And how many were
    /// looked at: before there nothing more can be taken.
    pub(super) fn flood(&mut self, bytes: &[u8]) -> (usize, usize) {
        if !self.is_at_end() {
            return (0, 0);
        }
        let looked = self.find_ends(bytes);
        let kept = self.height() - 1;
        if self.ends.len() <= kept {
            return (0, looked);
        }
        for row in self.rows.range_mut(..kept) {
            self.lines.piece(row.text(&mut self.buffer).as_bytes(), !row.wrapped);
            row.clear();
        }
        self.row = 0;
        let mut from = 0;
        for end in &self.ends[..self.ends.len() - kept] {
            self.lines.piece(bytes[from..*end].trim_ascii_end(), true);
            from = *end + ENDING.len();
        }
        (from, looked)
    }

    /// At the beginning of the last row, which nothing was drawn on, and the whole screen scrolls.
    fn is_at_end(&self) -> bool {
        let last = self.height() - 1;
        self.column == 0
            && self.row == last
            && !self.alternate
            && self.partial.is_empty()
            && self.region() == (0, last + 1)
            && self.rows.len() == last + 1
            && self.rows.back().is_some_and(Row::is_empty)
    }

    /// Finds where lines end that are printable ASCII and no wider than the screen, up to the first
    /// that is not; where that one begins.
    fn find_ends(&mut self, bytes: &[u8]) -> usize {
        self.ends.clear();
        let mut from = 0;
        loop {
            let rest = &bytes[from..];
            let length = rest.iter().position(|byte| !matches!(byte, b' '..=b'~'));
            match length {
                Some(length) if length <= self.width() && rest[length..].starts_with(ENDING) => {
                    self.ends.push(from + length);
                    from += length + ENDING.len();
                }
                _ => return from.max(1),
            }
        }
    }
}
