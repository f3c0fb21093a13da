//! A text broken into rows, at words where that is possible.

use super::width::graphemes;
use std::ops::Range;

/// Rows of at most `columns` columns (at least 1). Rows break at whitespace, which then belongs to
/// no row, and beside wide graphemes; a word that is longer than a row is broken between
/// graphemes; `\n` always breaks. The indent of a line is kept. Never empty. Only a grapheme that
/// is itself wider than `columns` makes a wider row, and stands alone in it.
pub fn wrap(text: &str, columns: usize) -> Vec<&str> {
    wrap_ranges(text, columns).into_iter().map(|range| &text[range]).collect()
}

/// The same rows as ranges of bytes, for text that carries marks of its own.
pub fn wrap_ranges(text: &str, columns: usize) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        wrap_line(line, start, columns.max(1), &mut rows);
        start += line.len() + 1;
    }
    rows
}

/// A place where the row that is being filled may end.
struct Break {
    end: usize,
    next: usize,
    /// Columns of the row up to `next`.
    columns: usize,
}

fn wrap_line(line: &str, base: usize, columns: usize, rows: &mut Vec<Range<usize>>) {
    if line.len() <= columns && line.is_ascii() {
        rows.push(base..base + line.len());
        return;
    }
    let mut start = 0;
    let mut used = 0;
    let mut word_end = None;
    let mut last_break: Option<Break> = None;
    for (offset, grapheme, wide) in graphemes(line) {
        let after = offset + grapheme.len();
        if is_space(grapheme) {
            used += wide;
            if let Some(end) = word_end {
                last_break = Some(Break { end, next: after, columns: used });
            }
            continue;
        }
        // An ideograph may start a row; a combining emoji is wide as well, and may too.
        if wide > 1 && word_end.is_some() && last_break.as_ref().is_none_or(|b| b.next < offset) {
            last_break = Some(Break { end: offset, next: offset, columns: used });
        }
        if used + wide > columns {
            match last_break.take() {
                Some(Break { end, next, columns }) => {
                    rows.push(base + start..base + end);
                    start = next;
                    used -= columns;
                }
                // Nothing but an indent that fills the row: it is dropped.
                None if word_end.is_none() => (start, used) = (offset, 0),
                None => {
                    rows.push(base + start..base + offset);
                    (start, used) = (offset, 0);
                }
            }
            // The rest of the word that moved down may itself be as long as a row.
            if used + wide > columns && start < offset {
                rows.push(base + start..base + offset);
                (start, used) = (offset, 0);
            }
        }
        used += wide;
        word_end = Some(after);
        if wide > 1 {
            last_break = Some(Break { end: after, next: after, columns: used });
        }
    }
    let end = if used <= columns { line.len() } else { word_end.unwrap_or(start).max(start) };
    rows.push(base + start..base + end);
}

/// Space that a row may break at: not the kinds that are there to prevent that.
fn is_space(grapheme: &str) -> bool {
    let mut chars = grapheme.chars();
    let first = chars.next().is_some_and(|char| {
        char.is_whitespace() && !matches!(char, '\u{a0}' | '\u{2007}' | '\u{202f}')
    });
    first && chars.all(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::super::width;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_break_at_words() {
        assert_eq!(wrap("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(wrap("", 10), [""]);
        assert_eq!(wrap("a\n\nb", 10), ["a", "", "b"]);
        assert_eq!(wrap("ab   cd", 3), ["ab", "cd"]);
        assert_eq!(wrap("ab ", 3), ["ab "]);
        assert_eq!(wrap("ab    ", 3), ["ab"]);
    }

    #[test]
    fn a_long_word_breaks_between_graphemes() {
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("x abcdefgh", 3), ["x", "abc", "def", "gh"]);
        assert_eq!(wrap("日本語", 4), ["日本", "語"]);
        assert_eq!(wrap("日本", 1), ["日", "本"]);
        assert_eq!(wrap("e\u{301}e\u{301}", 1), ["e\u{301}", "e\u{301}"]);
    }

    #[test]
    fn an_indent_stays_unless_it_fills_the_row() {
        assert_eq!(wrap("  ab cd", 5), ["  ab", "cd"]);
        assert_eq!(wrap("      ab", 4), ["ab"]);
    }

    #[test]
    fn ideographs_break_without_spaces_and_words_beside_them_stay_whole() {
        assert_eq!(wrap("見る abc語", 5), ["見る", "abc語"]);
    }

    proptest! {
        #[test]
        fn rows_fit_and_hold_all_that_is_no_space(text in "[ a-c日\n👩é]{0,60}", columns in 2_usize..12) {
            let rows = wrap(&text, columns);
            for row in &rows {
                prop_assert!(width(row) <= columns, "{row:?}");
            }
            let strip = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(strip(&rows.concat()), strip(&text));
        }

        #[test]
        fn any_text_wraps_at_any_width(text in any::<String>(), columns in 0_usize..5) {
            for row in wrap(&text, columns) {
                let alone = graphemes(row).filter(|(_, _, wide)| *wide > 0).count() <= 1;
                prop_assert!(width(row) <= columns.max(1) || alone, "{row:?}");
            }
        }
    }
}
