//! Where a motion leads: pure functions on the lines, with vi's idea of words and paragraphs.

use super::rows::{next_cell, previous_cell};
use crate::protocol::{LineAt, Scrollback};

/// What a character is, to a motion by words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Blank,
    Word,
    Sign,
}

fn class(back: &Scrollback, at: LineAt, big: bool) -> Class {
    match back.text(at.line)[at.byte..].chars().next() {
        None => Class::Blank,
        Some(char) if char.is_whitespace() => Class::Blank,
        Some(char) if big || char.is_alphanumeric() || char == '_' => Class::Word,
        Some(_) => Class::Sign,
    }
}

fn is_empty(back: &Scrollback, line: usize) -> bool {
    back.text(line).is_empty()
}

/// The next character of the line; None at its last.
pub(super) fn right(back: &Scrollback, at: LineAt) -> Option<LineAt> {
    let text = back.text(at.line);
    let next = next_cell(text, at.byte).filter(|next| *next < text.len())?;
    Some(LineAt { byte: next, ..at })
}

pub(super) fn left(back: &Scrollback, at: LineAt) -> Option<LineAt> {
    Some(LineAt { byte: previous_cell(back.text(at.line), at.byte)?, ..at })
}

pub(super) const fn line_start(at: LineAt) -> LineAt {
    LineAt { byte: 0, ..at }
}

pub(super) fn line_end(back: &Scrollback, at: LineAt) -> LineAt {
    let text = back.text(at.line);
    LineAt { byte: previous_cell(text, text.len()).unwrap_or(0), ..at }
}

/// The line's first character that is no blank; its last if all are.
pub(super) fn first_letter(back: &Scrollback, at: LineAt) -> LineAt {
    let text = back.text(at.line);
    let byte = text.find(|char: char| !char.is_whitespace());
    byte.map_or_else(|| line_end(back, at), |byte| LineAt { byte, ..at })
}

/// The next place, over the lines' ends; None at the very last.
fn onward(back: &Scrollback, at: LineAt) -> Option<LineAt> {
    let below = || LineAt { line: at.line + 1, byte: 0 };
    right(back, at).or_else(|| (at.line + 1 < back.lines()).then(below))
}

fn backward(back: &Scrollback, at: LineAt) -> Option<LineAt> {
    let above = || line_end(back, LineAt { line: at.line - 1, byte: 0 });
    left(back, at).or_else(|| (at.line > 0).then(above))
}

/// The start of the next word; an empty line is one.
pub(super) fn next_word(back: &Scrollback, at: LineAt, big: bool) -> LineAt {
    let (mut here, mut before) = (at, class(back, at, big));
    while let Some(next) = onward(back, here) {
        if next.line != here.line {
            before = Class::Blank;
        }
        let now = class(back, next, big);
        if is_empty(back, next.line) || (now != Class::Blank && now != before) {
            return next;
        }
        (here, before) = (next, now);
    }
    here
}

/// The start of this word, or of the one before.
pub(super) fn previous_word(back: &Scrollback, at: LineAt, big: bool) -> LineAt {
    let mut here = at;
    loop {
        let Some(before) = backward(back, here) else { return here };
        here = before;
        if is_empty(back, here.line) {
            return here;
        }
        if class(back, here, big) != Class::Blank {
            break;
        }
    }
    let kind = class(back, here, big);
    while let Some(before) = left(back, here).filter(|before| class(back, *before, big) == kind) {
        here = before;
    }
    here
}

/// The last character of this word, or of the next one.
pub(super) fn word_end(back: &Scrollback, at: LineAt, big: bool) -> LineAt {
    let mut here = at;
    loop {
        let Some(next) = onward(back, here) else { return here };
        here = next;
        if class(back, here, big) != Class::Blank {
            break;
        }
    }
    let kind = class(back, here, big);
    while let Some(next) = right(back, here).filter(|next| class(back, *next, big) == kind) {
        here = next;
    }
    here
}

/// The empty line after this paragraph; the last place if there is none.
pub(super) fn next_paragraph(back: &Scrollback, at: LineAt) -> LineAt {
    let is_blank = |line: &usize| back.text(*line).trim().is_empty();
    let text = (at.line..back.lines()).find(|line| !is_blank(line));
    let end = text.and_then(|text| (text..back.lines()).find(is_blank));
    match end {
        Some(line) => LineAt { line, byte: 0 },
        None => line_end(back, LineAt { line: back.lines().saturating_sub(1), byte: 0 }),
    }
}

/// The empty line before this paragraph; the first place if there is none.
pub(super) fn previous_paragraph(back: &Scrollback, at: LineAt) -> LineAt {
    let is_blank = |line: &usize| back.text(*line).trim().is_empty();
    let text = (0..at.line).rev().find(|line| !is_blank(line));
    let end = text.and_then(|text| (0..text).rev().find(is_blank));
    LineAt { line: end.unwrap_or(0), byte: 0 }
}

#[cfg(test)]
mod tests {
    use super::super::tests::back;
    use super::*;
    use proptest::prelude::*;

    fn at(line: usize, byte: usize) -> LineAt {
        LineAt { line, byte }
    }

    #[test]
    fn words_are_those_of_vi() {
        let back = back("let x_1 = f(漢字);\n\n  end");
        let walk = |step: &dyn Fn(LineAt) -> LineAt, from| {
            let mut places = vec![from];
            loop {
                let next = step(places[places.len() - 1]);
                if places.contains(&next) {
                    return places[1..].to_vec();
                }
                places.push(next);
            }
        };
        let next = walk(&|at| next_word(&back, at, false), at(0, 0));
        let starts =
            [at(0, 4), at(0, 8), at(0, 10), at(0, 11), at(0, 12), at(0, 18), at(1, 0), at(2, 2)];
        assert_eq!(next[..8], starts);
        assert_eq!(next.last(), Some(&at(2, 4)), "the last place ends it");
        let big = walk(&|at| next_word(&back, at, true), at(0, 0));
        assert_eq!(big[..5], [at(0, 4), at(0, 8), at(0, 10), at(1, 0), at(2, 2)]);
        let ends = walk(&|at| word_end(&back, at, false), at(0, 0));
        assert_eq!(
            ends,
            [at(0, 2), at(0, 6), at(0, 8), at(0, 10), at(0, 11), at(0, 15), at(0, 19), at(2, 4)]
        );
    }

    #[test]
    fn a_line_has_three_ends() {
        let back = back("  ab漢\n\n   ");
        assert_eq!(line_end(&back, at(0, 0)), at(0, 4));
        assert_eq!(first_letter(&back, at(0, 4)), at(0, 2));
        assert_eq!(
            (line_end(&back, at(1, 0)), first_letter(&back, at(1, 0))),
            (at(1, 0), at(1, 0))
        );
        assert_eq!(first_letter(&back, at(2, 0)), at(2, 2));
        assert_eq!((right(&back, at(0, 4)), left(&back, at(0, 0))), (None, None));
    }

    #[test]
    fn paragraphs_end_at_empty_lines() {
        let back = back("a\nb\n\n\nc\nd");
        assert_eq!(next_paragraph(&back, at(0, 0)), at(2, 0));
        assert_eq!(next_paragraph(&back, at(2, 0)), at(5, 0));
        assert_eq!(previous_paragraph(&back, at(5, 0)), at(3, 0));
        assert_eq!(previous_paragraph(&back, at(3, 0)), at(0, 0));
    }

    proptest! {
        #[test]
        fn going_back_undoes_going_on(text in "[a-c .,漢é\n]{0,60}", steps in 0usize..20, big: bool) {
            let back = back(&format!("x{text}\nx"));
            let mut here = at(0, 0);
            for _ in 0..steps {
                here = next_word(&back, here, big);
            }
            let next = next_word(&back, here, big);
            // The very last place may lie within a word.
            prop_assume!(next != here && next_word(&back, next, big) != next);
            prop_assert_eq!(previous_word(&back, next, big), here);
        }

        #[test]
        fn right_and_left_are_each_others_inverse(text in "[a漢\t]([a漢é]|e\u{301}){0,20}") {
            let back = back(&text);
            let mut here = at(0, 0);
            while let Some(next) = right(&back, here) {
                prop_assert_eq!(left(&back, next), Some(here));
                here = next;
            }
            prop_assert_eq!(here, line_end(&back, here));
        }
    }
}
