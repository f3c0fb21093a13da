//! What a command said since the last look: its stream, rendered by `rows`, kept by `store`.

use super::rows::Rows;
use super::store::{Output, Store};
use crate::protocol::Size;
use std::path::PathBuf;

pub(super) type Capture = Rows<Store>;

pub(super) fn capture(size: Size, folder: PathBuf) -> Capture {
    Rows::new(size, Store::new(folder))
}

impl Capture {
    /// Everything so far; the next look begins after it.
    pub(super) fn take(&mut self) -> Output {
        self.flush();
        let next = Store::new(self.lines.folder.clone());
        std::mem::replace(&mut self.lines, next).finish()
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
}

#[cfg(test)]
mod tests {
    use super::super::scan::Scanner;
    use super::super::store::OUTPUT_INLINE_BYTES_MAX;
    use super::*;
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
}
