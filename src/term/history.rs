//! The lines that have left the emulator's grid: as text in blocks, with runs of styles, bounded in
//! lines and bytes. Where a row ends and what it holds is told by `cells`.

use crate::protocol::{LineAt, Scrollback, TextBlock};
use std::collections::VecDeque;
use std::sync::Arc;

/// Older lines are dropped, a block at a time.
pub(super) const LINES_MAX: usize = 100_000;
/// Of text and styles together: what colours each character takes ten times the text.
pub(super) const BYTES_MAX: usize = 40 << 20;
const BLOCK_LINES_MAX: usize = 512;
const BLOCK_BYTES_MAX: usize = 128 << 10;
/// A line that goes on for longer is kept as several.
const LINE_BYTES_MAX: usize = 64 << 10;

#[derive(Default)]
pub(super) struct History {
    /// Full ones, the oldest first.
    blocks: VecDeque<Arc<TextBlock>>,
    /// Where the next row goes.
    tail: TextBlock,
    lines: usize,
    bytes: usize,
}

impl History {
    /// The block that takes the next row; `ended` is to be called after it.
    pub(super) const fn tail(&mut self) -> &mut TextBlock {
        &mut self.tail
    }

    /// A copy of the unfinished block, for rows that are not to be kept.
    pub(super) fn tail_copy(&self) -> TextBlock {
        self.tail.clone()
    }

    /// A row was written into the tail: it wraps into the next one, or ends its line.
    pub(super) fn ended(&mut self, wraps: bool) {
        end_row(&mut self.tail, wraps);
        let tail = &self.tail;
        let is_full = tail.lines() >= BLOCK_LINES_MAX || tail.text_bytes() >= BLOCK_BYTES_MAX;
        if !is_full || tail.is_open() {
            return;
        }
        let mut full = std::mem::take(&mut self.tail);
        full.shrink();
        self.lines += full.lines();
        self.bytes += full.bytes();
        self.blocks.push_back(Arc::new(full));
        while self.lines > LINES_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.blocks.pop_front() else { break };
            self.lines -= oldest.lines();
            self.bytes -= oldest.bytes();
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Everything that is kept, then `tail`, which went on from `tail_copy`; the places are its.
    pub(super) fn look_back(&self, tail: TextBlock, cursor: LineAt, top: LineAt) -> Scrollback {
        let blocks = self.blocks.iter().cloned().chain([Arc::new(tail)]).collect();
        Scrollback::new(blocks, cursor, top)
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        (self.lines + self.tail.lines(), self.bytes + self.tail.bytes())
    }
}

/// Ends the line that a row was added to, unless it goes on in the next row.
pub(super) fn end_row(block: &mut TextBlock, wraps: bool) {
    if !wraps || block.open_bytes() > LINE_BYTES_MAX {
        block.end_line();
    }
}
