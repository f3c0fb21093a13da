//! A command's text with bounded memory: its beginning and its end, the counts, and the whole of it
//! in a file once it is too long to be handed over inline.

use super::rows::Lines;
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// Longer text is handed over as head and tail of half of this each, and whole as a file.
pub const OUTPUT_INLINE_BYTES_MAX: usize = 16 * 1024;
/// A text of more lines is kept as a file too: its reader will be shown only a part of it.
const OUTPUT_INLINE_LINES_MAX: u64 = 200;
/// Of a file; what comes after it is kept as the tail only.
pub const OUTPUT_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
const PART_BYTES_MAX: usize = OUTPUT_INLINE_BYTES_MAX / 2;
/// Names that are tried before the file is given up.
const FILES_MAX: u64 = 100_000;

/// What a command said since the last look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Lines without escapes, controls, trailing blanks; no newline at the end.
    pub text: String,
    /// Lines of the whole output.
    pub lines: u64,
    /// Bytes of the whole output, as text.
    pub bytes: u64,
    /// The whole text, if `text` is not, or is long.
    pub file: Option<PathBuf>,
    pub cut: Option<Cut>,
}

/// What `Output::text` leaves out between its head and its tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The byte of `text` where the tail begins.
    pub at: usize,
    pub lines: u64,
    pub bytes: u64,
}

#[derive(Default)]
pub(super) struct Store {
    /// Where its file would be.
    pub(super) folder: PathBuf,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    newlines: u64,
    bytes: u64,
    /// Blank lines, and blanks at the end of a line, are held back: they count only if text follows.
    held_newlines: u64,
    held_blanks: usize,
    spill: Spill,
}

#[derive(Default)]
enum Spill {
    #[default]
    None,
    Open {
        path: PathBuf,
        file: BufWriter<File>,
        bytes: u64,
    },
    /// The disk would not take it.
    Failed,
}

impl Lines for Store {
    fn piece(&mut self, text: &str, ended: bool) {
        let body = text.trim_end_matches(' ');
        if !body.is_empty() {
            self.push_held();
            self.push(body.as_bytes());
        }
        if ended {
            self.held_newlines += 1;
            self.held_blanks = 0;
        } else {
            self.held_blanks += text.len() - body.len();
        }
    }
}

impl Store {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, ..Self::default() }
    }

    /// Head and tail, with nothing between them.
    pub(super) fn recent(&self) -> Vec<u8> {
        self.head.iter().chain(&self.tail).copied().collect()
    }

    fn push_held(&mut self) {
        // Leading blank lines say nothing.
        if self.bytes > 0 {
            for _ in 0..self.held_newlines {
                self.push(b"\n");
            }
        }
        for _ in 0..self.held_blanks {
            self.push(b" ");
        }
        (self.held_newlines, self.held_blanks) = (0, 0);
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.newlines += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        let is_long = self.newlines >= OUTPUT_INLINE_LINES_MAX;
        if is_long || self.bytes > OUTPUT_INLINE_BYTES_MAX as u64 {
            self.spill(bytes);
        }
        let room = PART_BYTES_MAX - self.head.len();
        let (to_head, to_tail) =
            bytes.split_at(if self.tail.is_empty() { room.min(bytes.len()) } else { 0 });
        self.head.extend_from_slice(to_head);
        let excess = (self.tail.len() + to_tail.len()).saturating_sub(PART_BYTES_MAX);
        self.tail.drain(..excess.min(self.tail.len()));
        self.tail.extend(&to_tail[to_tail.len().saturating_sub(PART_BYTES_MAX)..]);
    }

    /// As long as the head has them: an echo is short, or nobody misses it.
    pub(super) fn skip_lines(&mut self, count: usize) {
        let newlines = self.head.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let end = match newlines.map(|(at, _)| at + 1).nth(count - 1) {
            Some(end) => end,
            None if self.tail.is_empty() => self.head.len(),
            None => return,
        };
        let skipped = self.head.drain(..end);
        self.newlines -= skipped.filter(|byte| *byte == b'\n').count() as u64;
        self.bytes -= end as u64;
        if self.bytes == 0 {
            self.held_newlines = 0;
        }
    }

    pub(super) fn drop_end(&mut self, text: &[u8]) {
        let mut end: Vec<u8> = self.tail.drain(..).collect();
        let part = if end.is_empty() { &mut self.head } else { &mut end };
        if part.ends_with(text) {
            part.truncate(part.len() - text.len());
            self.bytes -= text.len() as u64;
            // The line that the prompt stood on has nothing else.
            while part.last() == Some(&b'\n') {
                part.pop();
                self.bytes -= 1;
                self.newlines -= 1;
            }
        }
        self.tail.extend(end);
    }

    /// Writes into the file; the first time also what came before, which is all still there.
    fn spill(&mut self, bytes: &[u8]) {
        if matches!(self.spill, Spill::None) {
            self.spill = match create(&self.folder) {
                Ok((path, file)) => Spill::Open { path, file: BufWriter::new(file), bytes: 0 },
                Err(_) => Spill::Failed,
            };
            let before: Vec<u8> = self.head.iter().chain(&self.tail).copied().collect();
            self.spill.write(&before);
        }
        self.spill.write(bytes);
    }

    pub(super) fn finish(mut self) -> Output {
        let lines = if self.bytes == 0 { 0 } else { self.newlines + 1 };
        let tail = self.tail.make_contiguous();
        if self.bytes <= OUTPUT_INLINE_BYTES_MAX as u64 {
            let text = [self.head.as_slice(), tail].concat();
            let text = String::from_utf8_lossy(&text).into_owned();
            let file = self.spill.finish(tail);
            return Output { text, lines, bytes: self.bytes, file, cut: None };
        }
        let file = self.spill.finish(tail);
        // Both parts keep whole lines where they have any.
        let head_end = self.head.iter().rposition(|byte| *byte == b'\n').unwrap_or(self.head.len());
        let tail_start = tail.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let mut text = String::from_utf8_lossy(&self.head[..head_end]).into_owned();
        text.push('\n');
        let at = text.len();
        text.push_str(&String::from_utf8_lossy(&tail[tail_start..]));
        let kept = text.bytes().filter(|byte| *byte == b'\n').count() as u64 + 1;
        let cut = Cut {
            at,
            lines: lines.saturating_sub(kept),
            bytes: self.bytes.saturating_sub(text.len() as u64),
        };
        Output { text, lines, bytes: self.bytes, file, cut: Some(cut) }
    }
}

impl Spill {
    fn write(&mut self, text: &[u8]) {
        let Spill::Open { file, bytes, .. } = self else { return };
        let room = OUTPUT_FILE_BYTES_MAX.saturating_sub(*bytes);
        let now = text.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        *bytes += text.len() as u64;
        if file.write_all(&text[..now]).is_err() {
            *self = Spill::Failed;
        }
    }

    fn finish(self, tail: &[u8]) -> Option<PathBuf> {
        let Spill::Open { path, mut file, bytes } = self else { return None };
        if bytes > OUTPUT_FILE_BYTES_MAX {
            let left_out = bytes - OUTPUT_FILE_BYTES_MAX;
            let note = format!(
                "\n[brisk kept the first {} MiB; {left_out} bytes were left out here; the last follow]\n",
                OUTPUT_FILE_BYTES_MAX >> 20
            );
            file.write_all(note.as_bytes()).and_then(|()| file.write_all(tail)).ok()?;
        } else {
            file.write_all(b"\n").ok()?;
        }
        file.flush().ok()?;
        Some(path)
    }
}

/// A new file `N.txt`, for the user alone.
fn create(folder: &std::path::Path) -> std::io::Result<(PathBuf, File)> {
    std::fs::create_dir_all(folder)?;
    let mut error = std::io::Error::other("too many outputs");
    for number in 1..=FILES_MAX {
        let path = folder.join(format!("{number}.txt"));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(exists) if exists.kind() == std::io::ErrorKind::AlreadyExists => error = exists,
            Err(other) => return Err(other),
        }
    }
    Err(error)
}
