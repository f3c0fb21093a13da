//! What a terminal shows while the user has the pen, for the agent to read afterwards: the first
//! and the last lines of it. What is typed without echo is not shown, so it is not here either.

use super::rows::{Lines, Rows};
use super::scan::Scanner;
use crate::protocol::Size;
use std::collections::VecDeque;

const HEAD_LINES_MAX: usize = 15;
const TAIL_LINES_MAX: usize = 25;
/// Of one line; the rest is cut.
const LINE_CHARS_MAX: usize = 240;

pub(super) struct Witness {
    scanner: Scanner,
    rows: Rows<Ends>,
}

impl Witness {
    /// `prompt`: what stands in the cursor's row already.
    pub(super) fn new(size: Size, prompt: &str) -> Self {
        let mut witness = Self { scanner: Scanner::new(), rows: Rows::new(size, Ends::default()) };
        witness.feed(prompt.as_bytes());
        witness
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.scanner.feed(bytes, &mut self.rows);
    }

    pub(super) fn resize(&mut self, size: Size) {
        self.rows.resize(size);
    }

    /// Line by line; says how many lines are left out. Empty: nothing was shown.
    pub(super) fn finish(mut self) -> String {
        self.rows.flush();
        self.rows.lines.text()
    }
}

/// The first lines and the last ones.
#[derive(Default)]
struct Ends {
    head: Vec<String>,
    tail: VecDeque<String>,
    left_out: usize,
    line: String,
}

impl Ends {
    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim_end();
        let cut = line.char_indices().nth(LINE_CHARS_MAX).map_or(line.len(), |(at, _)| at);
        let line = line[..cut].to_owned();
        if self.head.len() < HEAD_LINES_MAX {
            self.head.push(line);
            return;
        }
        self.tail.push_back(line);
        if self.tail.len() > TAIL_LINES_MAX {
            self.tail.pop_front();
            self.left_out += 1;
        }
    }

    fn text(&mut self) -> String {
        if !self.line.is_empty() {
            self.end_line();
        }
        let mut lines = std::mem::take(&mut self.head);
        if self.left_out > 0 {
            lines.push(format!("[{} lines left out]", self.left_out));
        }
        lines.extend(self.tail.drain(..));
        let text = lines.join("\n");
        text.trim_matches('\n').to_owned()
    }
}

impl Lines for Ends {
    fn piece(&mut self, text: &str, ended: bool) {
        // A line without an end must not grow for ever.
        if self.line.len() < LINE_CHARS_MAX * 8 {
            self.line.push_str(text);
        }
        if ended {
            self.end_line();
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
        witness.feed(b"gti\x08\x08\x1b[Kit status\r\n\x1b[31mclean\x1b[0m\r\n~ $ ");
        assert_eq!(witness.finish(), "~ $ git status\nclean\n~ $");
    }

    #[test]
    fn much_of_it_is_cut_in_the_middle_and_counted() {
        let mut witness = Witness::new(SIZE, "");
        let all: String = (1..=1000).map(|number| format!("{number}\r\n")).collect();
        witness.feed(all.as_bytes());
        let text = witness.finish();
        assert!(text.starts_with("1\n2\n") && text.ends_with("\n999\n1000"), "{text}");
        assert!(text.contains("[960 lines left out]"), "{text}");
    }
}
