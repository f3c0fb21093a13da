//! Which words of a line changed. Pairing the lines is the caller's.

use imara_diff::{Algorithm, Diff, InternedInput, TokenSource};
use std::ops::Range;

/// Longer lines are not compared word by word: only their common ends are taken off.
const LINE_BYTES_MAX: usize = 4_000;

/// What is only in the old line, and what is only in the new one, as ranges of bytes in order.
pub fn words(old: &str, new: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    if old.len() > LINE_BYTES_MAX || new.len() > LINE_BYTES_MAX {
        return common_ends(old, new);
    }
    let (old_words, new_words) = (tokens(old), tokens(new));
    let input = InternedInput::new(Words(old, &old_words), Words(new, &new_words));
    let diff = Diff::compute(Algorithm::Myers, &input);
    let changed = |text: &str, words: &[Range<usize>], is: &dyn Fn(u32) -> bool| {
        let mut out: Vec<Range<usize>> = Vec::new();
        for (index, word) in (0..).zip(words) {
            if !is(index) {
                continue;
            }
            // Blanks between two changed words are part of the change, so that it reads as one.
            match out.last_mut() {
                Some(last) if text[last.end..word.start].trim().is_empty() => last.end = word.end,
                _ => out.push(word.clone()),
            }
        }
        out
    };
    (
        changed(old, &old_words, &|index| diff.is_removed(index)),
        changed(new, &new_words, &|index| diff.is_added(index)),
    )
}

/// Identifiers and runs of blanks whole, everything else by itself.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let kind = |char: char| match char {
        char if char.is_alphanumeric() || char == '_' => 1,
        char if char.is_whitespace() => 2,
        _ => 0,
    };
    let mut out: Vec<Range<usize>> = Vec::new();
    let mut last = 0;
    for (offset, char) in text.char_indices() {
        let end = offset + char.len_utf8();
        match out.last_mut() {
            Some(word) if last != 0 && last == kind(char) => word.end = end,
            _ => out.push(offset..end),
        }
        last = kind(char);
    }
    out
}

fn common_ends(old: &str, new: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let same = |pair: &(char, char)| pair.0 == pair.1;
    let start: usize =
        old.chars().zip(new.chars()).take_while(same).map(|(char, _)| char.len_utf8()).sum();
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let backwards = old_rest.chars().rev().zip(new_rest.chars().rev());
    let end: usize = backwards.take_while(same).map(|(char, _)| char.len_utf8()).sum();
    let range = |text: &str| {
        let range = start..text.len() - end;
        if range.is_empty() { Vec::new() } else { vec![range] }
    };
    (range(old), range(new))
}

struct Words<'a>(&'a str, &'a [Range<usize>]);

impl<'a> TokenSource for Words<'a> {
    type Token = &'a str;
    type Tokenizer = std::vec::IntoIter<&'a str>;

    fn tokenize(&self) -> Self::Tokenizer {
        let words: Vec<_> = self.1.iter().map(|word| &self.0[word.clone()]).collect();
        words.into_iter()
    }

    fn estimate_tokens(&self) -> u32 {
        u32::try_from(self.1.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(old: &str, new: &str) -> (Vec<String>, Vec<String>) {
        let (removed, added) = words(old, new);
        let texts = |text: &str, ranges: Vec<Range<usize>>| {
            ranges.into_iter().map(|range| text[range].to_owned()).collect()
        };
        (texts(old, removed), texts(new, added))
    }

    #[test]
    fn only_what_differs_is_named() {
        let (old, new) = shown("let delay = base;", "let delay = jitter(base);");
        assert_eq!((old, new), (vec![], vec!["jitter(".to_owned(), ")".to_owned()]));
        let (old, new) = shown("for a in list", "for item in list");
        assert_eq!((old, new), (vec!["a".to_owned()], vec!["item".to_owned()]));
        assert_eq!(shown("same", "same"), (vec![], vec![]));
    }

    #[test]
    fn changed_neighbours_are_one_change() {
        assert_eq!(shown("x = red one", "x = blue two").1, ["blue two"]);
    }

    proptest! {
        #[test]
        fn what_is_left_is_the_same_in_both(old in "[ab_ .é]{0,30}", new in "[ab_ .é]{0,30}") {
            let (removed, added) = words(&old, &new);
            let rest = |text: &str, ranges: &[Range<usize>]| {
                let mut out = text.to_owned();
                for range in ranges.iter().rev() {
                    out.replace_range(range.clone(), "");
                }
                out.split_whitespace().collect::<String>()
            };
            prop_assert_eq!(rest(&old, &removed), rest(&new, &added));
        }

        #[test]
        fn long_lines_lose_their_common_ends(start in "é{0,9}", old in "[a-c]{0,9}", new in "[a-c]{0,9}") {
            let (removed, added) = common_ends(&format!("{start}{old}"), &format!("{start}{new}"));
            prop_assert!(removed.len() <= 1 && added.len() <= 1);
            prop_assert_eq!(old == new, removed.is_empty() && added.is_empty());
        }
    }
}
