//! What is kept of an output's lines in memory: the first and the last bytes, and which lines stand
//! for more.

use super::tail::Tail;
use crate::text::Repeat;

/// Longer text is handed over as head and tail of half of this each, and whole as a file.
pub const OUTPUT_INLINE_BYTES_MAX: usize = 16 * 1024;
const PART_BYTES_MAX: usize = OUTPUT_INLINE_BYTES_MAX / 2;
/// Lines that stand for more which are remembered, before those that left the tail are forgotten;
/// each has at least two bytes of its own.
const REPEATS_MAX: usize = OUTPUT_INLINE_BYTES_MAX;

/// What is kept of the lines, within bounds.
pub(super) struct Shown {
    pub(super) head: Vec<u8>,
    pub(super) tail: Tail,
    pub(super) bytes: u64,
    pub(super) newlines: u64,
    /// Lines of all that was shown that stand for more, and for how many.
    pub(super) repeats: Vec<(u64, u64)>,
}

impl Default for Shown {
    fn default() -> Self {
        let tail = Tail::new(PART_BYTES_MAX);
        Self { head: Vec::new(), tail, bytes: 0, newlines: 0, repeats: Vec::new() }
    }
}

impl Shown {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.newlines += u64::from(bytes == b"\n");
        let room = PART_BYTES_MAX - self.head.len();
        let (to_head, to_tail) =
            bytes.split_at(if self.tail.is_empty() { room.min(bytes.len()) } else { 0 });
        self.head.extend_from_slice(to_head);
        if !to_tail.is_empty() {
            self.tail.push(to_tail);
        }
    }

    /// A newline and this.
    pub(super) fn push_line(&mut self, line: &[u8]) {
        if self.tail.is_empty() {
            self.push(b"\n");
            self.push(line);
        } else {
            self.bytes += line.len() as u64 + 1;
            self.newlines += 1;
            self.tail.push_line(line);
        }
    }

    /// The line that stands last came so often again.
    pub(super) fn repeat(&mut self, more: u64) {
        self.repeats.push((self.newlines, more));
        if self.repeats.len() > REPEATS_MAX {
            let (head, first) =
                (count_newlines(&self.head), self.newlines - count_newlines(self.tail.bytes()));
            self.repeats.retain(|(line, _)| *line <= head || *line >= first);
        }
    }

    /// The last line, which is blank, was taken out; how often it had come again.
    pub(super) fn drop_line(&mut self) -> u64 {
        self.bytes -= 1;
        self.newlines -= 1;
        let last = self.newlines;
        self.repeats.pop_if(|(line, _)| *line > last).map_or(0, |(_, more)| more)
    }

    pub(super) fn kept(&self) -> Vec<u8> {
        [self.head.as_slice(), self.tail.bytes()].concat()
    }

    /// The text, its repeated lines, and where its tail begins, if there is a gap before it.
    pub(super) fn finish(&self) -> (String, Vec<Repeat>, Option<usize>) {
        let repeat = |line: u64, more| Repeat { line: line as usize, more };
        if self.bytes <= OUTPUT_INLINE_BYTES_MAX as u64 {
            let text = String::from_utf8_lossy(&self.kept()).into_owned();
            let repeats = self.repeats.iter().map(|(line, more)| repeat(*line, *more)).collect();
            return (text, repeats, None);
        }
        let tail = self.tail.bytes();
        // Both parts keep whole lines where they have any.
        let head_end = self.head.iter().rposition(|byte| *byte == b'\n').unwrap_or(self.head.len());
        let tail_start = tail.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let (head, tail) = (&self.head[..head_end], &tail[tail_start..]);
        let head_lines = count_newlines(head) + 1;
        // The tail's first line as it was counted, and as it stands in the text.
        let first = self.newlines - count_newlines(tail);
        let repeats = self.repeats.iter().filter_map(|(line, more)| {
            if *line < head_lines {
                Some(repeat(*line, *more))
            } else {
                Some(repeat(line.checked_sub(first)? + head_lines, *more))
            }
        });
        let repeats = repeats.collect();
        let mut text = String::from_utf8_lossy(head).into_owned();
        text.push('\n');
        let at = text.len();
        text.push_str(&String::from_utf8_lossy(tail));
        (text, repeats, Some(at))
    }

    /// Bytes that it holds in memory.
    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        let repeats = self.repeats.capacity() * size_of::<(u64, u64)>();
        self.head.capacity() + self.tail.held_bytes() + repeats
    }
}

pub(super) fn count_newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}
