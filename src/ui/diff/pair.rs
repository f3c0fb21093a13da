//! Which removed line became which added one, and what of it changed. Pure.

use crate::text;
use std::ops::Range;

/// In longer runs of changed lines nobody follows single words.
const RUN_LINES_MAX: usize = 64;
/// How far ahead the partner of a removed line is looked for.
const REACH_LINES: usize = 6;
/// Of a hundred bytes of both lines, so many must be the same for words to be told apart.
const SAME_PERCENT_MIN: usize = 40;
/// Longer lines are not compared.
const LINE_BYTES_MAX: usize = 1_000;

/// A removed and an added line, by their index in their run, and what is only in each.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Paired {
    pub(super) removed: usize,
    pub(super) added: usize,
    pub(super) removed_words: Vec<Range<usize>>,
    pub(super) added_words: Vec<Range<usize>>,
}

/// Pairs in the order of both runs.
pub(super) fn pairs(removed: &[&str], added: &[&str]) -> Vec<Paired> {
    let mut out = Vec::new();
    if removed.len() > RUN_LINES_MAX || added.len() > RUN_LINES_MAX {
        return out;
    }
    let mut next = 0;
    for (index, old) in removed.iter().enumerate() {
        let mut best: Option<(usize, Paired)> = None;
        for (candidate, new) in added.iter().enumerate().skip(next).take(REACH_LINES) {
            let Some((same, removed_words, added_words)) = compare(old, new) else { continue };
            if best.as_ref().is_none_or(|(most, _)| same > *most) {
                let (removed, added) = (index, candidate);
                best = Some((same, Paired { removed, added, removed_words, added_words }));
            }
        }
        if let Some((_, pair)) = best {
            next = pair.added + 1;
            out.push(pair);
        }
    }
    out
}

type Words = Vec<Range<usize>>;

/// How much of two lines is the same, in percent, and what is not; none if that is too little.
fn compare(old: &str, new: &str) -> Option<(usize, Words, Words)> {
    if old.len() > LINE_BYTES_MAX || new.len() > LINE_BYTES_MAX {
        return None;
    }
    let (old_words, new_words) = text::words(old, new);
    let visible = |text: &str| text.bytes().filter(|byte| !byte.is_ascii_whitespace()).count();
    let of = |text: &str, words: &[Range<usize>]| -> usize {
        words.iter().map(|word| visible(&text[word.clone()])).sum()
    };
    let total = visible(old) + visible(new);
    let same = (total - of(old, &old_words) - of(new, &new_words)) * 100 / total.max(1);
    (same >= SAME_PERCENT_MIN).then_some((same, old_words, new_words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_paired_with_the_one_it_became() {
        let pairs = pairs(
            &["let delay = base;", "Err(_) => sleep(delay).await,"],
            &[
                "for attempt in 0..max {",
                "let delay = jitter(base);",
                "Err(e) => sleep(delay).await,",
            ],
        );
        let places: Vec<_> = pairs.iter().map(|pair| (pair.removed, pair.added)).collect();
        assert_eq!(places, [(0, 1), (1, 2)]);
        assert_eq!(pairs[1].removed_words, vec![Range { start: 4, end: 5 }]);
        assert_eq!(pairs[1].added_words, vec![Range { start: 4, end: 5 }]);
    }

    #[test]
    fn strangers_and_long_runs_are_left_alone() {
        assert_eq!(pairs(&["loop {"], &["return Err(error);"]), []);
        assert_eq!(pairs(&["a"; RUN_LINES_MAX + 1], &["a"]), []);
        assert_eq!(pairs(&[""], &[""]), []);
    }
}
