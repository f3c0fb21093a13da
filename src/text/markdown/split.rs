//! A growing text split into pieces that are finished and the one that is still open, so that a
//! stream can be shown at a cost that grows with the text and not with its square.
//!
//! What a finished piece is depends only on the text up to it, so any way of growing gives the
//! same pieces. Within a piece the real parser decides.

use super::super::width::graphemes;
use super::line::{
    fence, indent_of, interrupts_flow, interrupts_item, is_heading, is_rule, marker,
};

/// A piece is cut at the next space beyond this; what is still open is read again and again.
const PIECE_BYTES_MAX: usize = 16 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    pub kind: PieceKind<'a>,
    /// As it was written, without the blank lines around it.
    pub text: &'a str,
    /// A blank row stands before it.
    pub gap: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind<'a> {
    /// For [`super::parse()`].
    Blocks,
    /// One item of a list, for [`super::parse()`] as well. Of an ordered list, its number.
    Item { indent: usize, ordinal: Option<u64> },
    /// One line of a fenced block, without its newline; `first` begins a block.
    Code { language: &'a str, first: bool },
}

/// Reads a text that only grows at its end. Offsets are into that text.
#[derive(Clone, Debug, Default)]
pub struct Splitter {
    /// Everything before was looked at.
    scanned: usize,
    open: Open,
    /// The open piece, up to the end of its last line that is not blank.
    start: usize,
    end: usize,
    /// Blank lines stand between the last line that is not and the next.
    blank: bool,
    /// They stood before the open piece.
    gap: bool,
    last: Last,
}

#[derive(Clone, Debug, Default)]
enum Open {
    #[default]
    Nothing,
    /// A paragraph, a quote, a table, HTML: until a blank line.
    Flow,
    /// Indented code: until a line that is not.
    Indented,
    Item {
        content: usize,
        indent: usize,
        ordinal: Option<(u64, u8)>,
    },
    /// The language is a range of the text.
    Fence {
        mark: u8,
        length: usize,
        indent: usize,
        language: (usize, usize),
        first: bool,
    },
}

/// The piece before the open one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Nothing,
    Other,
    /// Its number and delimiter, if it was of an ordered list.
    Item(Option<(u64, u8)>),
}

impl Splitter {
    pub fn new() -> Self {
        Self::default()
    }

    /// The pieces that were finished since the last call. `text` starts with the text of that call.
    pub fn feed<'a>(&mut self, text: &'a str) -> Vec<Piece<'a>> {
        let mut out = Vec::new();
        while let Some((end, next)) = line_end(text, self.scanned) {
            let start = std::mem::replace(&mut self.scanned, next);
            self.line(text, start, end, &mut out);
        }
        out
    }

    /// What is not finished yet, after `feed` of the same text.
    pub fn rest<'a>(&self, text: &'a str) -> Vec<Piece<'a>> {
        let mut out = Vec::new();
        let mut ahead = self.clone();
        if ahead.scanned < text.len() {
            ahead.line(text, ahead.scanned, text.len(), &mut out);
        }
        ahead.finish(text, &mut out);
        out
    }

    fn line<'a>(&mut self, text: &'a str, start: usize, end: usize, out: &mut Vec<Piece<'a>>) {
        let line = text[start..end].trim_end_matches('\r');
        if matches!(self.open, Open::Fence { .. }) {
            self.fence_line(text, line, out);
            return;
        }
        if line.trim().is_empty() {
            self.blank = true;
            if matches!(self.open, Open::Flow) {
                self.finish(text, out);
            }
            return;
        }
        let indent = indent_of(line);
        let too_long = start.saturating_sub(self.start) >= PIECE_BYTES_MAX;
        let goes_on = match &self.open {
            Open::Nothing => false,
            Open::Flow => !interrupts_flow(line, indent),
            Open::Indented => indent >= 4,
            Open::Item { content, .. } => {
                indent >= *content || !self.blank && !interrupts_item(line, indent)
            }
            Open::Fence { .. } => true,
        };
        if goes_on && !too_long {
            self.end = start + line.len();
            self.blank = false;
            return;
        }
        self.finish(text, out);
        self.begin(text, start, line, indent, out);
    }

    fn begin<'a>(
        &mut self,
        text: &'a str,
        start: usize,
        line: &str,
        indent: usize,
        out: &mut Vec<Piece<'a>>,
    ) {
        self.gap = std::mem::take(&mut self.blank);
        (self.start, self.end) = (start, start + line.len());
        self.open = match (fence(line, indent), marker(line, indent)) {
            _ if indent >= 4 => Open::Indented,
            (Some((mark, length)), _) => {
                let body = line.trim_start();
                let info = body[length..].trim();
                let from = start + (line.len() - body.len()) + length;
                let from = from + (body[length..].len() - body[length..].trim_start().len());
                let language = (from, from + info.len());
                Open::Fence { mark, length, indent, language, first: true }
            }
            (None, Some(marker)) => {
                Open::Item { content: marker.content, indent, ordinal: marker.ordinal }
            }
            (None, None) => Open::Flow,
        };
        // A heading and a rule are whole at once.
        if matches!(self.open, Open::Flow) && (is_heading(line, indent) || is_rule(line, indent)) {
            self.finish(text, out);
        }
    }

    fn fence_line<'a>(&mut self, text: &'a str, line: &'a str, out: &mut Vec<Piece<'a>>) {
        let Open::Fence { mark, length, indent, language, first } = &mut self.open else { return };
        let closing = line.trim();
        if indent_of(line) <= 3
            && closing.len() >= *length
            && closing.bytes().all(|byte| byte == *mark)
        {
            self.open = Open::Nothing;
            self.last = Last::Other;
            return;
        }
        let spaces = line.len() - line.trim_start_matches(' ').len();
        let language = text.get(language.0..language.1).unwrap_or_default();
        let first = std::mem::take(first);
        let gap = first && self.last != Last::Nothing;
        let kind = PieceKind::Code { language, first };
        out.push(Piece { kind, text: &line[spaces.min(*indent)..], gap });
    }

    /// Closes what is open.
    fn finish<'a>(&mut self, text: &'a str, out: &mut Vec<Piece<'a>>) {
        let piece = &text[self.start..self.end.max(self.start)];
        match std::mem::take(&mut self.open) {
            Open::Nothing => {}
            Open::Flow | Open::Indented => {
                let gap = self.last != Last::Nothing;
                out.push(Piece { kind: PieceKind::Blocks, text: piece, gap });
                self.last = Last::Other;
            }
            Open::Item { indent, ordinal, .. } => {
                let ordinal = self.numbered(ordinal);
                let gap = match self.last {
                    Last::Nothing => false,
                    Last::Item(_) => self.gap,
                    Last::Other => true,
                };
                let number = ordinal.map(|(number, _)| number);
                let kind = PieceKind::Item { indent, ordinal: number };
                out.push(Piece { kind, text: piece, gap });
                self.last = Last::Item(ordinal);
            }
            Open::Fence { .. } => self.last = Last::Other,
        }
        self.start = self.end;
    }

    /// In a list only the first number counts, however the others were written.
    fn numbered(&self, ordinal: Option<(u64, u8)>) -> Option<(u64, u8)> {
        let (number, delimiter) = ordinal?;
        match self.last {
            Last::Item(Some((last, same))) if same == delimiter => Some((last + 1, delimiter)),
            _ => Some((number, delimiter)),
        }
    }
}

/// Where the line that starts at `from` ends, and where the next one starts. A line without an end
/// in sight ends at a space.
fn line_end(text: &str, from: usize) -> Option<(usize, usize)> {
    let rest = text.get(from..)?;
    let window = &rest.as_bytes()[..rest.len().min(PIECE_BYTES_MAX)];
    if let Some(newline) = window.iter().position(|byte| *byte == b'\n') {
        return Some((from + newline, from + newline + 1));
    }
    let beyond = rest.as_bytes().get(PIECE_BYTES_MAX..)?;
    let blank = beyond.iter().take(PIECE_BYTES_MAX).position(u8::is_ascii_whitespace);
    if let Some(blank) = blank {
        let end = from + PIECE_BYTES_MAX + blank;
        return Some((end, end + 1));
    }
    // No space either: between graphemes, if it cannot be elsewhere. The window is a constant
    // part of the text, so that the place does not move while the text grows.
    let window = rest.get(..ceil(rest, 2 * PIECE_BYTES_MAX)?)?;
    let tail = floor(window, window.len() - 256);
    let cut = graphemes(&window[tail..]).last().map_or(window.len(), |(offset, ..)| tail + offset);
    let cut = if cut == 0 { window.len() } else { cut };
    Some((from + cut, from + cut))
}

/// The first boundary of a character at or behind an offset; none if the text ends before.
fn ceil(text: &str, offset: usize) -> Option<usize> {
    (offset..text.len()).find(|offset| text.is_char_boundary(*offset))
}

fn floor(text: &str, offset: usize) -> usize {
    (0..=offset).rev().find(|offset| text.is_char_boundary(*offset)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pieces(text: &str) -> Vec<(String, bool)> {
        let mut splitter = Splitter::new();
        let mut pieces = splitter.feed(text);
        pieces.extend(splitter.rest(text));
        let show = |piece: Piece<'_>| match piece.kind {
            PieceKind::Blocks => (piece.text.to_owned(), piece.gap),
            PieceKind::Item { ordinal, .. } => {
                (format!("item {ordinal:?} {}", piece.text), piece.gap)
            }
            PieceKind::Code { language, first } => {
                (format!("code {language} {first} {}", piece.text), piece.gap)
            }
        };
        pieces.into_iter().map(show).collect()
    }

    fn texts(text: &str) -> Vec<String> {
        pieces(text).into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn blocks_end_at_blank_lines_and_at_what_interrupts_them() {
        assert_eq!(texts("a\nb\n\nc\n# d\ne"), ["a\nb", "c", "# d", "e"]);
        assert_eq!(texts("a\n---\nb\n***\nc"), ["a\n---\nb", "***", "c"]);
        assert_eq!(texts("    x\n\n    y\nz"), ["    x\n\n    y", "z"]);
        assert_eq!(texts("a\n2019. was\n"), ["a\n2019. was"]);
    }

    #[test]
    fn each_line_of_a_fence_is_a_piece() {
        let code = "a\n```rust x\nfn\n\n  b\n```\nc";
        assert_eq!(
            texts(code),
            ["a", "code rust x true fn", "code rust x false ", "code rust x false   b", "c"]
        );
        assert_eq!(texts("~~~~\n```\n~~~~"), ["code  true ```"]);
        assert_eq!(texts("  ```\n    a\n b\n"), ["code  true   a", "code  false b"]);
    }

    #[test]
    fn each_item_is_a_piece_and_is_numbered() {
        assert_eq!(
            pieces("1. a\n   b\n1. c\n\n1. d\n\nx\n\n- e\n  - f\n"),
            [
                ("item Some(1) 1. a\n   b".to_owned(), false),
                ("item Some(2) 1. c".to_owned(), false),
                ("item Some(3) 1. d".to_owned(), true),
                ("x".to_owned(), true),
                ("item None - e\n  - f".to_owned(), true),
            ]
        );
        assert_eq!(texts("a | b\n- | -\n1 | 2"), ["a | b\n- | -\n1 | 2"]);
    }

    #[test]
    fn a_text_without_an_end_is_cut_at_a_space() {
        let text = "word ".repeat(PIECE_BYTES_MAX);
        let longest = pieces(&text).into_iter().map(|(text, _)| text.len()).max();
        assert!(longest <= Some(PIECE_BYTES_MAX + 8), "{longest:?}");
        let text = "é".repeat(2 * PIECE_BYTES_MAX);
        assert_eq!(texts(&text).concat(), text);
    }

    proptest! {
        #[test]
        fn any_growth_gives_the_same_pieces(
            text in "([-*#>`~1a.|]{1,4}|[ \n]|\n\n|```\n|- |1\\. |    |é\r\n){0,40}",
            cuts in proptest::collection::vec(0_usize..200, 0..12),
        ) {
            let mut cuts: Vec<_> = cuts.into_iter().map(|at| floor(&text, at.min(text.len()))).collect();
            cuts.sort_unstable();
            let mut splitter = Splitter::new();
            let mut grown = Vec::new();
            for at in cuts {
                grown.extend(splitter.feed(&text[..at]));
                splitter.rest(&text[..at]);
            }
            grown.extend(splitter.feed(&text));
            grown.extend(splitter.rest(&text));
            let mut whole = Splitter::new();
            let mut expected = whole.feed(&text);
            expected.extend(whole.rest(&text));
            prop_assert_eq!(grown, expected);
        }
    }
}
