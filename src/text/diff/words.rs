//! The changed words of a line, for people who look for the one that differs.

use imara_diff::{Algorithm, Diff, InternedInput};
use std::ops::Range;

/// A range of bytes within a line, on character boundaries.
pub type ByteRange = Range<usize>;

/// Longer lines are shown as changed as a whole.
const LINE_BYTES_MAX: usize = 4_096;

/// Below this part of shared text (in percent of the shorter line, blanks left out) marking
/// single words would be confetti: the lines are different ones.
const SHARED_PERCENT_MIN: usize = 30;

/// What differs between a removed line and the added line that took its place: the changed bytes
/// of the old one and of the new one, in order. Lines that share too little are marked whole.
pub fn words(old_line: &str, new_line: &str) -> (Vec<ByteRange>, Vec<ByteRange>) {
    if old_line == new_line {
        return (Vec::new(), Vec::new());
    }
    if old_line.len().max(new_line.len()) > LINE_BYTES_MAX {
        return (whole(old_line), whole(new_line));
    }
    let (old_tokens, new_tokens) = (tokens(old_line), tokens(new_line));
    let mut input: InternedInput<&str> = InternedInput::default();
    input.update_before(old_tokens.iter().map(|range| &old_line[range.clone()]));
    input.update_after(new_tokens.iter().map(|range| &new_line[range.clone()]));
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    diff.postprocess_no_heuristic(&input);
    let old = changed(old_line, &old_tokens, |token| diff.is_removed(token));
    let new = changed(new_line, &new_tokens, |token| diff.is_added(token));
    if is_alike(old_line, &old, new_line, &new) {
        (old, new)
    } else {
        (whole(old_line), whole(new_line))
    }
}

fn whole(line: &str) -> Vec<ByteRange> {
    let text = line.trim();
    let start = line.len() - line.trim_start().len();
    if text.is_empty() { one(0..line.len()) } else { one(start..start + text.len()) }
}

fn one(range: ByteRange) -> Vec<ByteRange> {
    if range.is_empty() { Vec::new() } else { vec![range] }
}

#[derive(PartialEq)]
enum Kind {
    Word,
    Blank,
    /// Every other character is a token of its own.
    Sign,
}

fn kind(char: char) -> Kind {
    if char.is_alphanumeric() || char == '_' {
        Kind::Word
    } else if char.is_whitespace() {
        Kind::Blank
    } else {
        Kind::Sign
    }
}

fn tokens(line: &str) -> Vec<ByteRange> {
    let mut tokens: Vec<ByteRange> = Vec::new();
    let mut last = Kind::Sign;
    for (at, char) in line.char_indices() {
        let now = kind(char);
        match tokens.last_mut() {
            Some(token) if now == last && now != Kind::Sign => token.end = at + char.len_utf8(),
            _ => tokens.push(at..at + char.len_utf8()),
        }
        last = now;
    }
    tokens
}

/// The changed tokens; those with nothing but blanks between them become one range.
fn changed(line: &str, tokens: &[ByteRange], is_changed: impl Fn(u32) -> bool) -> Vec<ByteRange> {
    let mut ranges: Vec<ByteRange> = Vec::new();
    for (index, token) in (0_u32..).zip(tokens) {
        if !is_changed(index) {
            continue;
        }
        match ranges.last_mut() {
            Some(range) if line[range.end..token.start].trim().is_empty() => range.end = token.end,
            _ => ranges.push(token.clone()),
        }
    }
    ranges
}

fn is_alike(old: &str, old_changed: &[ByteRange], new: &str, new_changed: &[ByteRange]) -> bool {
    let solid = |text: &str| text.chars().filter(|char| !char.is_whitespace()).count();
    let gone: usize = old_changed.iter().map(|range| solid(&old[range.clone()])).sum();
    let come: usize = new_changed.iter().map(|range| solid(&new[range.clone()])).sum();
    let (old_size, new_size) = (solid(old), solid(new));
    let shared = (old_size - gone).min(new_size - come);
    shared * 100 >= old_size.min(new_size) * SHARED_PERCENT_MIN
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn marked(old: &str, new: &str) -> (Vec<String>, Vec<String>) {
        let (removed, added) = words(old, new);
        let texts = |line: &str, ranges: Vec<ByteRange>| {
            ranges.into_iter().map(|range| line[range].to_owned()).collect()
        };
        (texts(old, removed), texts(new, added))
    }

    #[test]
    fn one_changed_word_is_the_only_one_marked() {
        let (old, new) = marked("    let wait = delay;", "    let wait = backoff;");
        assert_eq!((old, new), (vec!["delay".to_owned()], vec!["backoff".to_owned()]));
    }

    #[test]
    fn an_added_argument_marks_nothing_of_the_old_line() {
        let (old, new) = marked("call(first)", "call(first, second)");
        assert_eq!((old, new), (vec![], vec![", second".to_owned()]));
    }

    #[test]
    fn lines_that_share_too_little_are_marked_whole_but_for_their_indent() {
        let (old, new) = marked("  return Ok(())", "  panic!(\"no\")");
        assert_eq!(old, ["return Ok(())"]);
        assert_eq!(new, ["panic!(\"no\")"]);
    }

    #[test]
    fn changed_blanks_alone_are_marked() {
        let (old, new) = marked("a  = b", "a = b");
        assert_eq!((old, new), (vec!["  ".to_owned()], vec![" ".to_owned()]));
    }

    proptest! {
        #[test]
        fn what_is_not_marked_is_the_same_on_both_sides(
            old in "[ab_ .(é日]{0,24}", new in "[ab_ .(é日]{0,24}"
        ) {
            let rest = |line: &str, ranges: &[ByteRange]| {
                let mut rest = line.to_owned();
                for range in ranges.iter().rev() {
                    rest.replace_range(range.clone(), "");
                }
                rest.split_whitespace().collect::<String>()
            };
            let (removed, added) = words(&old, &new);
            prop_assert_eq!(rest(&old, &removed), rest(&new, &added));
        }
    }
}
