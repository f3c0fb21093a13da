//! A command's text with bounded memory: its beginning and its end, equal lines in a row once and
//! counted, and the whole of it in a file once it is too long to be handed over inline.

use super::rows::{Lines, Odd};
use super::shown::{OUTPUT_INLINE_BYTES_MAX, Shown, count_newlines};
use super::spill::Spill;
use crate::text::{self, Repeat};
use std::path::PathBuf;

/// A text of more lines is kept as a file too: its reader will be shown only a part of it.
const OUTPUT_INLINE_LINES_MAX: u64 = 200;
/// A longer line is compared with none.
const EQUAL_BYTES_MAX: usize = 1024;
/// Output is binary if it has so many controls and invalid bytes, and so large a part of it is such.
const ODD_MIN: u64 = 32;
const ODD_PART: u64 = 8;

/// What a command said since the last look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Lines without escapes, controls, trailing blanks; no newline at the end. Of many equal lines
    /// in a row there is one.
    pub text: String,
    /// The lines of `text` that stand for more of the same.
    pub repeats: Vec<Repeat>,
    /// Lines of the whole output.
    pub lines: u64,
    /// Bytes of the whole output, as text.
    pub bytes: u64,
    /// The text as a file, if `text` is not all of it, or is long.
    pub file: Option<PathBuf>,
    /// Bytes that the file leaves out, since it would be too long.
    pub file_bytes_left_out: u64,
    pub cut: Option<Cut>,
    /// Control bytes without a meaning, and sequences that are no UTF-8, where there are so many
    /// of them that this is no text. Else 0.
    pub odd: u64,
}

/// What `Output::text` leaves out between its head and its tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The byte of `text` where the tail begins.
    pub at: usize,
    pub lines: u64,
    pub bytes: u64,
}

/// Equal lines that are too short to be counted add less than this at once.
const SHORT_RUN_BYTES: u64 = 64;

#[derive(Default)]
pub(super) struct Store {
    /// Where its file would be.
    pub(super) folder: PathBuf,
    shown: Shown,
    /// Of everything.
    newlines: u64,
    bytes: u64,
    /// The line that is not ended yet; of a very long one what is not shown yet: held blanks.
    line: Vec<u8>,
    is_long: bool,
    /// A line is there that a next one would have to be set off from.
    has_lines: bool,
    /// Blank lines are held back: they count only if text follows.
    blanks: u64,
    /// The last line, and how often it came again.
    last: Vec<u8>,
    more: u64,
    spill: Spill,
}

impl Lines for Store {
    fn piece(&mut self, text: &[u8], ended: bool) {
        if ended && self.line.is_empty() && !self.is_long {
            return self.end_line(text.trim_ascii_end());
        }
        self.line.extend_from_slice(text);
        if self.line.len() > EQUAL_BYTES_MAX {
            self.write_long();
        }
        if ended {
            let mut line = std::mem::take(&mut self.line);
            line.truncate(line.trim_ascii_end().len());
            if self.is_long {
                self.write(&line);
                (self.is_long, self.has_lines) = (false, true);
            } else {
                self.end_line(&line);
            }
            line.clear();
            self.line = line;
        }
    }
}

impl Store {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, ..Self::default() }
    }

    /// Head, tail and the line that is not ended, with nothing between them.
    pub(super) fn recent(&self) -> Vec<u8> {
        let mut recent = self.shown.kept();
        if !recent.is_empty() && !self.is_long {
            recent.push(b'\n');
        }
        recent.extend_from_slice(&self.line);
        recent
    }

    /// Bytes that it holds in memory.
    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        let lines = self.line.capacity() + self.last.capacity();
        lines + self.shown.held_bytes() + self.spill.held_bytes()
    }

    fn end_line(&mut self, line: &[u8]) {
        if line.is_empty() {
            self.blanks += 1;
        } else if self.has_lines && self.blanks == 0 && line == self.last {
            self.more += 1;
            self.newlines += 1;
            self.bytes += line.len() as u64 + 1;
            self.spill.write_line(line);
        } else {
            if self.has_lines && self.blanks == 0 {
                self.end_run();
                self.write_line(line);
            } else {
                self.begin_line();
                self.write(line);
            }
            self.last.clear();
            if line.len() <= EQUAL_BYTES_MAX {
                self.last.extend_from_slice(line);
            }
            self.has_lines = true;
        }
    }

    /// Ends what is held back, so that a line of text may follow.
    fn begin_line(&mut self) {
        self.end_run();
        // Leading blank lines say nothing.
        let blanks = std::mem::take(&mut self.blanks);
        if !self.has_lines {
            return;
        }
        self.write(b"\n");
        if !text::is_run(b"", blanks) {
            (0..blanks).for_each(|_| self.write(b"\n"));
            return;
        }
        self.shown.repeat(blanks - 1);
        self.write(b"\n");
        self.newlines += blanks - 1;
        self.bytes += blanks - 1;
        (1..blanks).for_each(|_| self.spill.write(b"\n"));
    }

    /// The last line came again, and now something else comes.
    fn end_run(&mut self) {
        let more = std::mem::take(&mut self.more);
        if text::is_run(&self.last, more + 1) {
            self.shown.repeat(more);
            return;
        }
        for _ in 0..more {
            self.shown.push(b"\n");
            self.shown.push(&self.last);
        }
    }

    /// Of a line that is too long to be held, all but the blanks at its end.
    fn write_long(&mut self) {
        if !self.is_long {
            self.begin_line();
            self.last.clear();
            self.is_long = true;
        }
        let mut line = std::mem::take(&mut self.line);
        let text = line.trim_ascii_end().len();
        // Blanks without end are cut short rather than held.
        let end = if text == 0 { line.len() } else { text };
        self.write(&line[..end]);
        line.drain(..end);
        self.line = line;
    }

    fn write(&mut self, bytes: &[u8]) {
        self.count(bytes.len(), u64::from(bytes == b"\n"));
        self.spill.write(bytes);
        self.shown.push(bytes);
    }

    /// The next line, set off from the one before.
    fn write_line(&mut self, line: &[u8]) {
        self.count(line.len() + 1, 1);
        self.spill.write_line(line);
        self.shown.push_line(line);
    }

    /// So much is about to be written: begins the file where it becomes long.
    fn count(&mut self, bytes: usize, newlines: u64) {
        self.bytes += bytes as u64;
        self.newlines += newlines;
        let is_long = self.shown.newlines + newlines >= OUTPUT_INLINE_LINES_MAX
            || self.shown.bytes + bytes as u64 + SHORT_RUN_BYTES > OUTPUT_INLINE_BYTES_MAX as u64;
        if self.spill.is_none() && is_long {
            self.open();
        }
    }

    /// Begins the file with what came before, which is all still there.
    fn open(&mut self) {
        self.spill = Spill::open(&self.folder);
        let kept = self.shown.kept();
        let mut repeats = self.shown.repeats.iter().peekable();
        for (index, line) in kept.split(|byte| *byte == b'\n').enumerate() {
            if index > 0 {
                self.spill.write(b"\n");
            }
            self.spill.write(line);
            if let Some((_, more)) = repeats.next_if(|(at, _)| *at == index as u64) {
                (0..*more).for_each(|_| self.spill.write_line(line));
            }
        }
    }

    /// Everything that is held back is shown.
    fn settle(&mut self) {
        if self.line.iter().any(|byte| *byte != b' ') {
            let line = std::mem::take(&mut self.line);
            let text = &line[..line.trim_ascii_end().len()];
            if self.is_long {
                self.write(text);
            } else {
                self.end_line(text);
            }
        }
        self.line.clear();
        self.has_lines |= self.is_long;
        self.is_long = false;
        self.end_run();
        self.last.clear();
    }

    /// Leaves out the first lines, as long as the head has them: an echo is short, or nobody
    /// misses it.
    pub(super) fn skip_lines(&mut self, count: usize) {
        self.settle();
        if !self.shown.tail.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.shown);
        let blanks = self.blanks;
        (self.newlines, self.bytes, self.has_lines, self.blanks) = (0, 0, false, 0);
        let mut repeats = text.repeats.iter().peekable();
        let mut skipped = 0;
        for (index, line) in text.head.split(|byte| *byte == b'\n').enumerate() {
            let more = repeats.next_if(|(at, _)| *at == index as u64).map_or(0, |(_, more)| *more);
            for _ in 0..=more {
                skipped += 1;
                if skipped > count {
                    self.end_line(line);
                }
            }
        }
        self.blanks = if self.has_lines { blanks } else { 0 };
    }

    /// Leaves out what stands at the end, and the blank lines before it.
    pub(super) fn drop_end(&mut self, text: &[u8]) {
        self.settle();
        let is_short = self.shown.tail.is_empty();
        let part = if is_short { &self.shown.head } else { self.shown.tail.bytes() };
        let Some(rest) = part.strip_suffix(text) else { return };
        // The line that the prompt stood on has nothing else.
        let lines = rest.iter().rev().take_while(|byte| **byte == b'\n').count();
        let count = text.len() + lines;
        if is_short {
            self.shown.head.truncate(self.shown.head.len() - count);
        } else {
            self.shown.tail.drop_end(count);
        }
        self.shown.bytes -= text.len() as u64;
        self.bytes -= text.len() as u64;
        for _ in 0..lines {
            let more = self.shown.drop_line();
            self.bytes -= more + 1;
            self.newlines -= more + 1;
        }
        self.has_lines = self.bytes > 0;
    }

    pub(super) fn finish(mut self, odd: Odd) -> Output {
        self.settle();
        let Self { folder, shown, newlines, bytes, mut spill, .. } = self;
        let lines = if bytes == 0 { 0 } else { newlines + 1 };
        let plain = bytes.saturating_sub(3 * odd.invalid);
        let odd = odd.controls + odd.invalid;
        let is_binary = odd >= ODD_MIN && odd * ODD_PART >= plain;
        if is_binary && spill.is_none() {
            spill = Spill::open(&folder);
            spill.write(&shown.kept());
        }
        let (file, file_bytes_left_out) = spill.finish();
        let (text, repeats, at) = shown.finish();
        let cut = at.map(|at| {
            let kept = count_newlines(text.as_bytes())
                + 1
                + repeats.iter().map(|repeat| repeat.more).sum::<u64>();
            Cut {
                at,
                lines: lines.saturating_sub(kept),
                bytes: bytes.saturating_sub(text.len() as u64),
            }
        });
        let odd = if is_binary { odd } else { 0 };
        Output { text, repeats, lines, bytes, file, file_bytes_left_out, cut, odd }
    }
}
