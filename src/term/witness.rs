//! What a terminal shows while the user has the pen, for the agent to read afterwards: the first
//! and the last lines of it. What is typed without echo is not shown, so it is not here either.
//!
//! Bytes are kept as they come, their first ones and their last ones, and rendered at the end: to
//! render a flood that nobody will read would cost more than to show it.

use super::rows::{Lines, Rows};
use super::scan::Scanner;
use crate::protocol::Size;

const HEAD_LINES_MAX: usize = 15;
const TAIL_LINES_MAX: usize = 25;
/// Of one line; the rest is cut.
const LINE_CHARS_MAX: usize = 240;
const HEAD_BYTES_MAX: usize = 8 * 1024;
const TAIL_BYTES_MAX: usize = 16 * 1024;
/// What stands for everything that a full-screen program draws.
const FULL_SCREEN: &[u8] = b"\r\n[a full-screen program]\r\n";

pub(super) struct Witness {
    size: Size,
    head: Vec<u8>,
    tail: Vec<u8>,
    /// Newlines between the two.
    left_out: usize,
    is_full_screen: bool,
}

impl Witness {
    /// `prompt`: what stands in the cursor's row already.
    pub(super) fn new(size: Size, prompt: &str) -> Self {
        let head = prompt.as_bytes().to_vec();
        Self { size, head, tail: Vec::new(), left_out: 0, is_full_screen: false }
    }

    /// `is_full_screen`: the program has the alternate screen.
    pub(super) fn feed(&mut self, bytes: &[u8], is_full_screen: bool) {
        if !is_full_screen {
            self.keep(bytes);
        } else if !self.is_full_screen {
            self.keep(FULL_SCREEN);
        }
        self.is_full_screen = is_full_screen;
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room =
            if self.tail.is_empty() { HEAD_BYTES_MAX.saturating_sub(self.head.len()) } else { 0 };
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(first);
        self.tail.extend_from_slice(rest);
        // Seldom, and then much at once.
        if self.tail.len() > 2 * TAIL_BYTES_MAX {
            let gone = self.tail.drain(..self.tail.len() - TAIL_BYTES_MAX);
            self.left_out += gone.filter(|byte| *byte == b'\n').count();
        }
    }

    pub(super) const fn resize(&mut self, size: Size) {
        self.size = size;
    }

    /// Line by line; says how many lines are left out. Empty: nothing was shown.
    pub(super) fn finish(mut self) -> String {
        let (mut head, mut tail) = if self.left_out == 0 {
            self.head.append(&mut self.tail);
            let mut all = self.lines(&self.head);
            let tail = all.split_off(all.len().min(HEAD_LINES_MAX));
            (all, tail)
        } else {
            // The tail begins in the middle of a line.
            let from = self.tail.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            (self.lines(&self.head), self.lines(&self.tail[from..]))
        };
        let first = head.len().min(HEAD_LINES_MAX);
        let last = tail.len().saturating_sub(TAIL_LINES_MAX);
        let left_out = self.left_out + (head.len() - first) + last;
        head.truncate(first);
        if left_out > 0 {
            head.push(format!("[{left_out} lines left out]"));
        }
        head.extend(tail.drain(last..));
        head.join("\n").trim_matches('\n').to_owned()
    }

    fn lines(&self, bytes: &[u8]) -> Vec<String> {
        let mut rows = Rows::new(self.size, All::default());
        Scanner::new().feed(bytes, &mut rows);
        rows.flush();
        let All { mut lines, line } = rows.lines;
        if !line.is_empty() {
            lines.push(cut(&line));
        }
        lines
    }
}

fn cut(line: &str) -> String {
    let line = line.trim_end();
    let end = line.char_indices().nth(LINE_CHARS_MAX).map_or(line.len(), |(at, _)| at);
    line[..end].to_owned()
}

#[derive(Default)]
struct All {
    lines: Vec<String>,
    line: String,
}

impl Lines for All {
    fn piece(&mut self, text: &[u8], ended: bool) {
        self.line.push_str(&String::from_utf8_lossy(text));
        if ended {
            self.lines.push(cut(&std::mem::take(&mut self.line)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { columns: 40, rows: 10 };

    #[test]
    fn it_tells_what_a_person_saw() {
        let mut witness = Witness::new(SIZE, "~ $ ");
        witness.feed(b"gti\x08\x08\x1b[Kit status\r\n\x1b[31mclean\x1b[0m\r\n~ $ ", false);
        assert_eq!(witness.finish(), "~ $ git status\nclean\n~ $");
    }

    #[test]
    fn much_of_it_is_cut_in_the_middle_and_counted() {
        for lines in [1_000, 100_000] {
            let mut witness = Witness::new(SIZE, "");
            for number in 1..=lines {
                witness.feed(format!("{number}\r\n").as_bytes(), false);
            }
            let text = witness.finish();
            assert!(text.starts_with("1\n2\n"), "{text}");
            assert!(text.ends_with(&format!("\n{}\n{lines}", lines - 1)), "{text}");
            assert!(text.contains(&format!("\n15\n[{} lines left out]\n", lines - 40)), "{text}");
        }
    }

    #[test]
    fn a_full_screen_program_is_a_line() {
        let mut witness = Witness::new(SIZE, "$ ");
        witness.feed(b"vim x\r\n", false);
        witness.feed(b"\x1b[?1049h\x1b[2Jtext", true);
        witness.feed(b"more", true);
        witness.feed(b"\x1b[?1049l$ ", false);
        assert_eq!(witness.finish(), "$ vim x\n\n[a full-screen program]\n$");
    }
}
