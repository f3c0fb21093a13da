//! What a command said since the last look: its stream, rendered by `rows`, kept by `store`.

use super::rows::{Lines, Rows};
use super::scan::Scanner;
use super::store::{Output, Store};
use crate::protocol::Size;
use std::path::PathBuf;

pub(super) type Capture = Rows<Store>;

pub(super) fn capture(size: Size, folder: PathBuf) -> Capture {
    Rows::new(size, Store::new(folder))
}

/// The text that a program's bytes come to on a screen of this size, whatever the chunks they come in:
/// what is told of a program's output, without its limits.
pub fn text_of(size: Size, chunks: &[&[u8]]) -> String {
    let mut rows = Rows::new(size, Text::default());
    let mut scanner = Scanner::new();
    for chunk in chunks {
        scanner.feed(chunk, &mut rows);
    }
    rows.flush();
    rows.lines.0
}

#[derive(Default)]
pub(super) struct Text(pub(super) String);

impl Lines for Text {
    fn piece(&mut self, text: &[u8], ended: bool) {
        self.0.push_str(&String::from_utf8_lossy(text));
        if ended {
            self.0.push('\n');
        }
    }
}

impl Capture {
    /// Everything so far; the next look begins after it.
    pub(super) fn take(&mut self) -> Output {
        self.flush();
        let next = Store::new(self.lines.folder.clone());
        let odd = std::mem::take(&mut self.odd);
        std::mem::replace(&mut self.lines, next).finish(odd)
    }

    /// Forgets everything so far.
    pub(super) fn reset(&mut self, size: Size) {
        *self = capture(size, self.lines.folder.clone());
    }

    /// Leaves out the first lines: a command's echo.
    pub(super) fn skip_lines(&mut self, count: usize) {
        self.flush();
        self.lines.skip_lines(count);
    }

    /// Leaves out what stands at the end: a prompt.
    pub(super) fn drop_end(&mut self, text: &str) {
        self.flush();
        self.lines.drop_end(text.as_bytes());
    }

    /// Whether the newest output contains the text; looks back as far as the tail reaches.
    pub(super) fn contains(&self, text: &str) -> bool {
        let recent = String::from_utf8_lossy(&self.lines.recent()).into_owned();
        (recent + &self.pending()).contains(text)
    }

    /// Bytes that it holds in memory.
    #[cfg(test)]
    fn held_bytes(&self) -> usize {
        self.lines.held_bytes() + self.rows_held_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::super::shown::OUTPUT_INLINE_BYTES_MAX;
    use super::super::spill::OUTPUT_FILE_BYTES_MAX;
    use super::*;
    use crate::text::Repeat;
    use proptest::prelude::*;
    use std::os::unix::fs::PermissionsExt;

    const SIZE: Size = Size { columns: 80, rows: 24 };

    fn take(bytes: &[u8]) -> (Output, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let mut capture = capture(SIZE, folder.path().join("out"));
        Scanner::new().feed(bytes, &mut capture);
        (capture.take(), folder)
    }

    #[test]
    fn short_output_is_whole() {
        let (output, folder) = take(b"\r\na\r\n\r\nb\r\n\r\n");
        assert_eq!(output.text, "a\n\nb");
        assert_eq!((output.lines, output.bytes, output.cut), (3, 4, None));
        assert!(!folder.path().join("out").exists());
    }

    #[test]
    fn long_output_is_head_and_tail_and_whole_in_a_private_file() {
        let whole: String = (1..=20_000).map(|number| format!("{number}\r\n")).collect();
        let (output, _folder) = take(whole.as_bytes());
        assert_eq!(output.lines, 20_000);
        let cut = output.cut.expect("it is cut");
        let (head, tail) = output.text.split_at(cut.at);
        assert!(head.starts_with("1\n2\n") && head.ends_with('\n'), "{head}");
        assert!(tail.ends_with("\n19999\n20000"), "{tail}");
        let shown = output.text.lines().count() as u64;
        assert_eq!(shown + cut.lines, 20_000);
        assert!(output.text.len() <= OUTPUT_INLINE_BYTES_MAX);
        let path = output.file.expect("there is a file");
        let expected: String = (1..=20_000).map(|number| format!("{number}\n")).collect();
        assert_eq!(std::fs::read_to_string(&path).expect("it can be read"), expected);
        let mode = path.metadata().expect("it exists").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_second_look_shows_only_what_is_new() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let mut capture = capture(SIZE, folder.path().into());
        let mut scanner = Scanner::new();
        scanner.feed(b"Name: ", &mut capture);
        assert_eq!(capture.take().text, "Name:");
        scanner.feed(b"bob\r\nHello bob\r\n", &mut capture);
        assert!(capture.contains("Hello"));
        assert_eq!(capture.take().text, "bob\nHello bob");
        assert_eq!(capture.take(), Output::default());
    }

    #[test]
    fn a_line_without_end_costs_bounded_memory() {
        let (output, _folder) = take(&vec![b'x'; 5_000_000]);
        assert_eq!((output.lines, output.bytes), (1, 5_000_000));
        assert!(output.text.len() <= OUTPUT_INLINE_BYTES_MAX + 1);
    }

    /// The whole text again, out of what is told.
    fn spread(output: &Output) -> String {
        let mut spread = Vec::new();
        for (at, line) in output.text.split('\n').enumerate() {
            let repeat = output.repeats.iter().find(|repeat| repeat.line == at);
            (0..=repeat.map_or(0, |repeat| repeat.more)).for_each(|_| spread.push(line));
        }
        spread.join("\n")
    }

    #[test]
    fn equal_lines_are_one_and_counted_and_need_no_file() {
        let (output, folder) = take("y\r\n".repeat(100_000).as_bytes());
        assert_eq!((output.text.as_str(), output.lines, output.bytes), ("y", 100_000, 199_999));
        assert_eq!(output.repeats, [Repeat { line: 0, more: 99_999 }]);
        assert_eq!((output.cut, output.file), (None, None));
        assert!(!folder.path().join("out").exists());
    }

    #[test]
    fn equal_lines_at_both_ends_of_a_long_output_are_counted_there_and_written_out_in_the_file() {
        let (first, last) = ("waiting\n".repeat(500), "\nretrying".repeat(700));
        let middle: String = (0..20_000).map(|number| format!("{number}\n")).collect();
        let whole = format!("{first}{middle}{}end{last}", "\n".repeat(50));
        let (output, _folder) = take(whole.replace('\n', "\r\n").as_bytes());
        assert_eq!(output.lines, 500 + 20_000 + 50 + 1 + 700);
        assert_eq!(output.bytes, whole.len() as u64);
        let lines: Vec<_> = output.text.lines().collect();
        let told: Vec<_> =
            output.repeats.iter().map(|repeat| (lines[repeat.line], repeat.more)).collect();
        assert_eq!(told, [("waiting", 499), ("", 49), ("retrying", 699)]);
        let shown = lines.len() as u64 + 499 + 49 + 699;
        assert_eq!(output.cut.map(|cut| cut.lines), Some(output.lines - shown));
        let file = std::fs::read_to_string(output.file.expect("there is a file"));
        assert!(file.expect("it can be read") == whole + "\n");
    }

    #[test]
    fn what_is_no_text_is_not_told_as_text() {
        let mut random = fastrand::Rng::with_seed(7);
        let bytes: Vec<u8> = (0..3_000).map(|_| random.u8(..)).collect();
        let (output, _folder) = take(&bytes);
        assert!(output.odd > 500 && output.file.is_some(), "{output:?}");
        let (output, _folder) =
            take("na\u{ef}ve caf\u{e9} \u{6f22}\u{5b57}\r\n".repeat(99).as_bytes());
        assert_eq!((output.odd, output.file), (0, None));
        // A few bytes of an old encoding in much text are a text all the same.
        let (output, _folder) =
            take(&b"for the l\xf6we and the b\xe4r it is a mess\r\n".repeat(40));
        assert_eq!(output.odd, 0);
    }

    #[test]
    fn a_flood_costs_bounded_memory_and_the_end_of_it_is_known() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let mut capture = capture(SIZE, folder.path().into());
        let mut scanner = Scanner::new();
        let line = |number: u64| format!("{number:0>998}\r\n");
        let block: String = (0..1_000).map(line).collect();
        let mut held_max = 0;
        for _ in 0..OUTPUT_FILE_BYTES_MAX / 999_000 + 2 {
            scanner.feed(block.as_bytes(), &mut capture);
            held_max = held_max.max(capture.held_bytes());
        }
        // Two lines that alternate leave nothing but counts.
        let runs = ("ab\r\n".repeat(20) + "c\r\n").repeat(1_000);
        for _ in 0..60 {
            scanner.feed(runs.as_bytes(), &mut capture);
            held_max = held_max.max(capture.held_bytes());
        }
        assert!(held_max < 1024 * 1024, "{held_max} bytes");
        let output = capture.take();
        assert!(output.text.ends_with("ab\nc"), "{}", output.text);
        assert!(output.file_bytes_left_out > 0);
        let length = output.file.expect("there is a file").metadata().expect("it exists").len();
        assert!((OUTPUT_FILE_BYTES_MAX..OUTPUT_FILE_BYTES_MAX + 20_000).contains(&length));
    }

    proptest! {
        #[test]
        fn counted_lines_spread_out_again_are_the_lines(
            lines in proptest::collection::vec(("(a|b|  indented|[a-d]{30}|)", 1usize..50), 0..12)) {
            let lines: Vec<_> = lines.iter().flat_map(|(line, count)| vec![line.as_str(); *count]).collect();
            let (output, _folder) = take((lines.join("\r\n") + "\r\n").as_bytes());
            let expected = lines.join("\n");
            let expected = expected.trim_matches('\n');
            prop_assert_eq!(spread(&output), expected);
            prop_assert_eq!(output.bytes, expected.len() as u64);
            prop_assert_eq!(output.lines as usize, expected.lines().count());
            if let Some(file) = output.file {
                prop_assert_eq!(std::fs::read_to_string(file).unwrap_or_default(), format!("{expected}\n"));
            }
        }
    }
}
