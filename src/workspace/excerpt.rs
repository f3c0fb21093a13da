//! A part of a file as a model reads it: numbered lines, with the counts of what was left out.

use super::FileError;
use std::fmt::Write;

/// Lines of one excerpt.
pub const EXCERPT_LINES_MAX: u64 = 400;
/// Bytes of one excerpt, numbers included.
pub const EXCERPT_BYTES_MAX: usize = 24 * 1024;
/// Bytes of one line; the rest is counted.
pub const LINE_BYTES_MAX: usize = 400;

const BOM: &[u8] = b"\xef\xbb\xbf";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// From the workspace's root.
    pub path: String,
    /// `number<tab>line`, a newline after each. Line ends are plain ones, bytes that are no UTF-8
    /// are replaced, what a long line loses is counted in it: `… +3120 bytes`.
    pub text: String,
    /// The first and the last line in it, from 1; both 0 of an empty file.
    pub from: u64,
    pub to: u64,
    /// Of the whole file.
    pub lines: u64,
    /// What the numbered lines cannot show: `CRLF`, `BOM`, `no newline at the end`, `not UTF-8`,
    /// the link that led here.
    pub note: Option<String>,
}

impl Excerpt {
    /// Whether it is the whole file; if not, `to + 1` is where to read on.
    pub const fn is_whole(&self) -> bool {
        self.from <= 1 && self.to == self.lines
    }
}

/// Lines `from` to `to` (both included, from 1) of a text, as far as the limits go.
pub(super) fn excerpt(
    path: &str,
    bytes: &[u8],
    from: Option<u64>,
    to: Option<u64>,
    link: Option<String>,
) -> Result<Excerpt, FileError> {
    let body = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let lines = body.split_inclusive(|byte| *byte == b'\n');
    let count = lines.clone().count() as u64;
    let note = note(bytes, body, link);
    let from = from.unwrap_or(1).max(1);
    if count == 0 && from == 1 {
        let (path, text) = (path.to_owned(), String::new());
        return Ok(Excerpt { path, text, from: 0, to: 0, lines: 0, note });
    }
    if from > count {
        return Err(FileError::PastEnd { path: path.to_owned(), lines: count });
    }
    let last = to.unwrap_or(count).max(from).min(count).min(from + EXCERPT_LINES_MAX - 1);
    let mut text = String::new();
    let mut to = from;
    let wanted = (1..=last).zip(lines).skip_while(|(number, _)| *number < from);
    for (number, line) in wanted {
        let numbered = numbered(number, line);
        if number > from && text.len() + numbered.len() > EXCERPT_BYTES_MAX {
            break;
        }
        text.push_str(&numbered);
        to = number;
    }
    Ok(Excerpt { path: path.to_owned(), text, from, to, lines: count, note })
}

fn numbered(number: u64, line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut cut = line.len().min(LINE_BYTES_MAX);
    // A character is not cut in two.
    while cut < line.len() && cut > 0 && line[cut] & 0xc0 == 0x80 {
        cut -= 1;
    }
    let mut text = format!("{number}\t{}", String::from_utf8_lossy(&line[..cut]));
    if cut < line.len() {
        write!(text, "… +{} bytes", line.len() - cut).expect("a String takes every character");
    }
    text.push('\n');
    text
}

fn note(bytes: &[u8], body: &[u8], link: Option<String>) -> Option<String> {
    let mut notes: Vec<String> = link.into_iter().collect();
    if body.len() < bytes.len() {
        notes.push("BOM".to_owned());
    }
    let newlines = body.iter().filter(|byte| **byte == b'\n').count();
    match body.windows(2).filter(|pair| pair == b"\r\n").count() {
        0 => {}
        returns if returns == newlines => notes.push("CRLF".to_owned()),
        returns => notes.push(format!("mixed line ends: {returns} of {newlines} are CRLF")),
    }
    if !body.is_empty() && !body.ends_with(b"\n") {
        notes.push("no newline at the end".to_owned());
    }
    if std::str::from_utf8(body).is_err() {
        notes.push("not UTF-8".to_owned());
    }
    if notes.is_empty() { None } else { Some(notes.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], from: Option<u64>, to: Option<u64>) -> Excerpt {
        excerpt("f", bytes, from, to, None).unwrap()
    }

    #[test]
    fn lines_are_numbered_from_one() {
        let all = read(b"a\n\nb", None, None);
        assert_eq!(all.text, "1\ta\n2\t\n3\tb\n");
        assert_eq!((all.from, all.to, all.lines), (1, 3, 3));
        assert_eq!(all.note.as_deref(), Some("no newline at the end"));
        assert_eq!(read(b"a\nb\nc\n", Some(2), Some(2)).text, "2\tb\n");
        assert_eq!(read(b"a\nb\nc\n", Some(2), Some(99)).to, 3);
        assert_eq!(read(b"", None, None).text, "");
        assert!(matches!(
            excerpt("f", b"a\n", Some(2), None, None),
            Err(FileError::PastEnd { lines: 1, .. })
        ));
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let long = read("é".repeat(300).as_bytes(), None, None);
        assert!(long.text.ends_with("… +200 bytes\n"), "{}", long.text);
        let many = read(&b"x\n".repeat(1_000), Some(11), None);
        assert_eq!((many.from, many.to, many.lines), (11, 10 + EXCERPT_LINES_MAX, 1_000));
        assert!(!many.is_whole());
        let wide = read(&[vec![b'x'; 390], vec![b'\n']].concat().repeat(300), None, None);
        assert!(wide.text.len() <= EXCERPT_BYTES_MAX && wide.to > 50, "{}", wide.to);
    }

    #[test]
    fn the_note_says_what_lines_cannot_show() {
        let note = read(b"\xef\xbb\xbfa\r\nb\r\n\xff", None, None).note.unwrap();
        assert_eq!(note, "BOM, CRLF, no newline at the end, not UTF-8");
    }
}
