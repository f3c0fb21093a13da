//! What differs between two texts: hunks for people, the text that a choice of hunks gives, a
//! unified diff for programs. Pure, and on bytes: what a file holds need not be UTF-8. Reading
//! files and the headers that git wants are the workspace's.

mod unified;

pub use unified::unified;

use crate::protocol::{Hunk, Line, LineKind};
use imara_diff::{Algorithm, Diff, InternedInput};
use std::ops::Range;

/// A section is cut here, as git does.
const SECTION_BYTES_MAX: usize = 80;

/// The hunks that turn `old` into `new`, in the order of the file, each with `context` unchanged
/// lines around it; changes whose contexts touch share a hunk. Empty if the texts are equal.
pub fn hunks(old: &[u8], new: &[u8], context: usize) -> Vec<Hunk> {
    let (old_lines, new_lines) = (lines(old), lines(new));
    let mut section = Sections::new(&old_lines);
    spans(old, new, context)
        .into_iter()
        .map(|span| Hunk {
            old_start: start(&span.old),
            old_lines: count(span.old.len()),
            new_start: start(&span.new),
            new_lines: count(span.new.len()),
            section: section.before(span.old.start),
            lines: shown(&span, &old_lines, &new_lines),
        })
        .collect()
}

/// What `old` becomes if of `hunks`, which must be those of `hunks(old, new, …)`, only the
/// `accepted` (by index, in any order) are applied. All of them give `new`, none gives `old`;
/// an index that does not exist is passed over.
pub fn select(old: &[u8], new: &[u8], hunks: &[Hunk], accepted: &[usize]) -> Vec<u8> {
    let (old_lines, new_lines) = (lines(old), lines(new));
    let mut result = Vec::with_capacity(old.len().max(new.len()));
    let mut next = 0;
    for (index, hunk) in hunks.iter().enumerate() {
        if !accepted.contains(&index) {
            continue;
        }
        let from = range(hunk.old_start, hunk.old_lines, old_lines.len());
        let to = range(hunk.new_start, hunk.new_lines, new_lines.len());
        extend(&mut result, old_lines.get(next..from.start));
        extend(&mut result, new_lines.get(to));
        next = from.end.max(next);
    }
    extend(&mut result, old_lines.get(next..));
    result
}

/// Of each line of `new`, the line of `old` that it keeps, both from 0; None for a line that is new.
pub fn kept_lines(old: &[u8], new: &[u8]) -> Vec<Option<usize>> {
    let input = InternedInput::new(old, new);
    let diff = Diff::compute(Algorithm::Histogram, &input);
    let mut kept = (0..lines(old).len()).filter(|line| !diff.is_removed(*line as u32));
    let new = (0_u32..).zip(lines(new));
    new.map(|(line, _)| if diff.is_added(line) { None } else { kept.next() }).collect()
}

fn extend(result: &mut Vec<u8>, lines: Option<&[&[u8]]>) {
    for line in lines.unwrap_or_default() {
        result.extend_from_slice(line);
    }
}

/// The lines of a text with their ends; the last one may have none.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// A hunk as ranges of lines from 0, and the changes within it.
struct Span {
    old: Range<usize>,
    new: Range<usize>,
    changes: Vec<(Range<usize>, Range<usize>)>,
}

fn spans(old: &[u8], new: &[u8], context: usize) -> Vec<Span> {
    let input = InternedInput::new(old, new);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let wide = |range: Range<u32>| range.start as usize..range.end as usize;
    let (old_end, new_end) = (input.before.len(), input.after.len());
    let mut spans: Vec<Span> = Vec::new();
    for change in diff.hunks() {
        let (before, after) = (wide(change.before), wide(change.after));
        let lead = context.min(before.start).min(after.start);
        let tail = context.min(old_end - before.end).min(new_end - after.end);
        match spans.last_mut() {
            Some(span) if span.old.end >= before.start - lead => {
                span.old.end = before.end + tail;
                span.new.end = after.end + tail;
                span.changes.push((before, after));
            }
            _ => spans.push(Span {
                old: before.start - lead..before.end + tail,
                new: after.start - lead..after.end + tail,
                changes: vec![(before, after)],
            }),
        }
    }
    spans
}

fn shown(span: &Span, old: &[&[u8]], new: &[&[u8]]) -> Vec<Line> {
    let mut shown = Vec::with_capacity(span.old.len() + span.new.len());
    let mut add = |kind, lines: &[&[u8]]| shown.extend(lines.iter().map(|line| show(kind, line)));
    let mut next = span.old.start;
    for (before, after) in &span.changes {
        add(LineKind::Same, &old[next..before.start]);
        add(LineKind::Removed, &old[before.clone()]);
        add(LineKind::Added, &new[after.clone()]);
        next = before.end;
    }
    add(LineKind::Same, &old[next..span.old.end]);
    shown
}

fn show(kind: LineKind, line: &[u8]) -> Line {
    let (body, ended) = match line.strip_suffix(b"\n") {
        Some(body) => (body.strip_suffix(b"\r").unwrap_or(body), true),
        None => (line, false),
    };
    Line { kind, text: String::from_utf8_lossy(body).into_owned(), ended }
}

/// Finds the line that opens a hunk's definition: the nearest one above that starts with a
/// letter, `_` or `$`. Goes through the file once, however many hunks ask.
struct Sections<'a> {
    lines: &'a [&'a [u8]],
    searched: usize,
    found: Option<usize>,
}

impl<'a> Sections<'a> {
    const fn new(lines: &'a [&'a [u8]]) -> Self {
        Self { lines, searched: 0, found: None }
    }

    fn before(&mut self, line: usize) -> Option<String> {
        let opens = |line: &[u8]| {
            line.first().is_some_and(|byte| byte.is_ascii_alphabetic() || b"_$".contains(byte))
        };
        let above = self.lines.get(self.searched..line).unwrap_or_default();
        if let Some(at) = above.iter().rposition(|line| opens(line)) {
            self.found = Some(self.searched + at);
        }
        self.searched = line;
        let text = self.lines[self.found?].trim_ascii_end();
        let text = String::from_utf8_lossy(&text[..text.len().min(SECTION_BYTES_MAX)]);
        Some(text.trim_end_matches(char::REPLACEMENT_CHARACTER).to_owned())
    }
}

/// The number in a hunk's header: from 1, and of an empty side the line before.
fn start(range: &Range<usize>) -> u32 {
    count(if range.is_empty() { range.start } else { range.start + 1 })
}

fn count(lines: usize) -> u32 {
    u32::try_from(lines).unwrap_or(u32::MAX)
}

/// The inverse of `start`, kept within a text of `end` lines.
fn range(start: u32, lines: u32, end: usize) -> Range<usize> {
    let from = if lines == 0 { start as usize } else { (start as usize).saturating_sub(1) };
    let from = from.min(end);
    from..(from + lines as usize).min(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds(hunk: &Hunk) -> String {
        hunk.lines
            .iter()
            .map(|line| match line.kind {
                LineKind::Same => ' ',
                LineKind::Removed => '-',
                LineKind::Added => '+',
            })
            .collect()
    }

    #[test]
    fn equal_texts_have_no_hunks() {
        assert!(hunks(b"a\nb\n", b"a\nb\n", 3).is_empty());
        assert!(hunks(b"", b"", 3).is_empty());
    }

    #[test]
    fn a_hunk_counts_from_one_and_names_the_definition_above_it() {
        let old =
            b"fn main() {\n    one();\n    two();\n    three();\n    four();\n    five();\n}\n";
        let new =
            b"fn main() {\n    one();\n    two();\n    three();\n    four();\n    six();\n}\n";
        let hunks = hunks(old, new, 2);
        assert_eq!(hunks.len(), 1);
        let hunk = &hunks[0];
        assert_eq!((hunk.old_start, hunk.old_lines), (4, 4));
        assert_eq!((hunk.new_start, hunk.new_lines), (4, 4));
        assert_eq!(hunk.section.as_deref(), Some("fn main() {"));
        assert_eq!(kinds(hunk), "  -+ ");
        assert_eq!(hunk.lines[2].text, "    five();");
    }

    #[test]
    fn an_inserted_function_is_shown_whole_and_not_shifted_by_a_brace() {
        let old = b"fn a() {\n    x();\n}\n\nfn c() {\n    x();\n}\n";
        let new = b"fn a() {\n    x();\n}\n\nfn b() {\n    x();\n}\n\nfn c() {\n    x();\n}\n";
        let hunks = hunks(old, new, 3);
        let added: Vec<&str> = hunks[0]
            .lines
            .iter()
            .filter(|line| line.kind == LineKind::Added)
            .map(|line| line.text.as_str())
            .collect();
        assert_eq!(added, ["fn b() {", "    x();", "}", ""]);
    }

    #[test]
    fn a_created_text_starts_after_line_zero_of_nothing() {
        let hunks = hunks(b"", b"a\nb", 3);
        assert_eq!((hunks[0].old_start, hunks[0].old_lines), (0, 0));
        assert_eq!((hunks[0].new_start, hunks[0].new_lines), (1, 2));
        assert!(hunks[0].lines[0].ended);
        assert!(!hunks[0].lines[1].ended);
    }

    #[test]
    fn line_endings_are_a_difference_but_are_not_shown_as_text() {
        let hunks = hunks(b"a\r\n", b"a\n", 3);
        assert_eq!(kinds(&hunks[0]), "-+");
        assert_eq!(hunks[0].lines[0].text, "a");
    }

    /// Texts of few distinct lines, so that they share some; all line endings, bytes that are no
    /// UTF-8, and last lines without an end.
    pub(super) fn texts() -> impl Strategy<Value = Vec<u8>> {
        let line = proptest::sample::select(vec![
            "a".as_bytes(),
            b"    b",
            b"}",
            b"",
            b"fn c()",
            b"\xff\xfe",
            b"-- ",
        ]);
        let end = proptest::sample::select(vec!["\n".as_bytes(), b"\n", b"\r\n"]);
        (proptest::collection::vec((line, end), 0..30), any::<bool>()).prop_map(|(lines, ended)| {
            let mut text: Vec<u8> =
                lines.iter().flat_map(|(line, end)| [*line, *end].concat()).collect();
            if !ended && text.last() == Some(&b'\n') {
                text.pop();
            }
            text
        })
    }

    proptest! {
        #[test]
        fn all_hunks_give_the_new_text_and_none_gives_the_old(
            old in texts(), new in texts(), context in 0_usize..5
        ) {
            let hunks = hunks(&old, &new, context);
            let all: Vec<usize> = (0..hunks.len()).collect();
            prop_assert_eq!(&select(&old, &new, &hunks, &all), &new);
            prop_assert_eq!(&select(&old, &new, &hunks, &[]), &old);
        }

        #[test]
        fn any_choice_of_hunks_keeps_every_byte_outside_of_them(
            old in texts(), new in texts(), context in 0_usize..3, chosen in any::<u32>()
        ) {
            let hunks = hunks(&old, &new, context);
            let accepted: Vec<usize> =
                (0..hunks.len()).filter(|index| chosen >> (index % 32) & 1 == 1).collect();
            let result = select(&old, &new, &hunks, &accepted);
            // The expected text, built the other way round: from the new one, by taking back.
            let refused: Vec<usize> =
                (0..hunks.len()).filter(|index| !accepted.contains(index)).collect();
            let back: Vec<Hunk> = hunks.iter().map(|hunk| Hunk {
                old_start: hunk.new_start, old_lines: hunk.new_lines,
                new_start: hunk.old_start, new_lines: hunk.old_lines,
                ..hunk.clone()
            }).collect();
            prop_assert_eq!(result, select(&new, &old, &back, &refused));
        }

        #[test]
        fn hunks_are_apart_and_their_lines_add_up(
            old in texts(), new in texts(), context in 0_usize..5
        ) {
            let mut end = 0;
            for hunk in hunks(&old, &new, context) {
                let from = range(hunk.old_start, hunk.old_lines, usize::MAX);
                prop_assert!(from.start >= end);
                end = from.end;
                let marks = kinds(&hunk);
                let with = |mark| marks.matches([' ', mark]).count();
                prop_assert_eq!(with('-'), hunk.old_lines as usize);
                prop_assert_eq!(with('+'), hunk.new_lines as usize);
            }
        }
    }
}
