//! How far to the right the rows above the screen may be filled: most programs print short lines, and
//! to look at every blank cell of a wide row would cost more than the row itself.

use std::collections::VecDeque;

/// The widest column that may be filled, of each batch of rows; the newest last.
pub(super) struct Reach {
    batches: VecDeque<usize>,
    /// So many batches are still in the core at most.
    kept: usize,
}

/// Nothing is known.
const EVERYWHERE: usize = usize::MAX;

impl Reach {
    pub(super) fn new(kept: usize) -> Self {
        Self { batches: VecDeque::from([EVERYWHERE]), kept }
    }

    /// These bytes are printed with the cursor in `column`. Anything but plain text may go anywhere.
    pub(super) fn print(&mut self, bytes: &[u8], column: usize) {
        let (mut at, mut widest) = (column, column);
        for byte in bytes {
            match byte {
                b'\r' => at = 0,
                b'\n' => {}
                b' '..=b'~' => {
                    at += 1;
                    widest = widest.max(at);
                }
                _ => return self.lose(),
            }
        }
        if let Some(newest) = self.batches.back_mut() {
            *newest = (*newest).max(widest);
        }
    }

    /// Nothing is known of the rows that are there.
    pub(super) fn lose(&mut self) {
        self.batches.clear();
        self.batches.push_back(EVERYWHERE);
    }

    /// The oldest rows are gone, and the next batch begins.
    pub(super) fn next(&mut self) {
        self.batches.push_back(0);
        while self.batches.len() > self.kept {
            self.batches.pop_front();
        }
    }

    /// Cells from this column on are blank in every row.
    pub(super) fn widest(&self) -> usize {
        self.batches.iter().copied().max().unwrap_or(EVERYWHERE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_reaches_as_far_as_its_lines() {
        let mut reach = Reach::new(2);
        reach.next();
        reach.next();
        reach.print(b"four\r\nlonger\r\nx", 3);
        assert_eq!(reach.widest(), 7);
        reach.next();
        reach.print(b"abc", 0);
        assert_eq!(reach.widest(), 7, "rows of the batch before are still there");
        reach.next();
        assert_eq!(reach.widest(), 3);
        reach.print(b"\x1b[99G", 0);
        assert_eq!(reach.widest(), EVERYWHERE);
    }
}
