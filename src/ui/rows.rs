//! Text broken into rows, as byte ranges, so that a cursor can be found in them.

use crate::text::{graphemes, width};
use std::ops::Range;

/// Columns that a tab takes.
pub(crate) const TAB: &str = "    ";

/// Columns of one grapheme, as `shown` draws it.
pub(crate) fn columns_of(grapheme: &str) -> usize {
    width(shown(grapheme))
}

/// What is drawn for a grapheme that was typed or pasted.
pub(crate) fn shown(grapheme: &str) -> &str {
    match grapheme {
        "\t" => TAB,
        grapheme if grapheme.chars().any(char::is_control) => "\u{fffd}",
        grapheme => grapheme,
    }
}

/// The rows of `text`, each at most `columns` wide (a wider grapheme has a row of its own),
/// broken after a blank where there is one. Newlines are in no row; there is always a row.
pub(crate) fn rows(text: &str, columns: usize) -> Vec<Range<usize>> {
    let columns = columns.max(1);
    let mut rows = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        break_line(text, start..start + line.len(), columns, &mut rows);
        start += line.len() + 1;
    }
    rows
}

fn break_line(text: &str, line: Range<usize>, columns: usize, rows: &mut Vec<Range<usize>>) {
    let (mut start, mut used, mut blank) = (line.start, 0, None);
    for (offset, grapheme, _) in graphemes(&text[line.clone()]) {
        let at = line.start + offset;
        let wide = columns_of(grapheme);
        // A blank may hang over the edge: nobody sees it there.
        while used + wide > columns && at > start && grapheme != " " {
            let end = blank.unwrap_or(at);
            rows.push(start..end);
            start = end;
            used = width_of(&text[end..at]);
            blank = None;
        }
        used += wide;
        if grapheme == " " || grapheme == "\t" {
            blank = Some(at + grapheme.len());
        }
    }
    rows.push(start..line.end);
}

/// Columns of a text, as `shown` draws it.
pub(crate) fn width_of(text: &str) -> usize {
    graphemes(text).map(|(_, grapheme, _)| columns_of(grapheme)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(text: &str, columns: usize) -> Vec<&str> {
        rows(text, columns).into_iter().map(|row| &text[row]).collect()
    }

    #[test]
    fn words_stay_whole_where_they_fit_and_long_ones_are_broken() {
        assert_eq!(texts("one two three", 8), ["one two ", "three"]);
        assert_eq!(texts("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(texts("日本語です", 4), ["日本", "語で", "す"]);
        assert_eq!(texts("", 4), [""]);
        assert_eq!(texts("a\n\nb\n", 4), ["a", "", "b", ""]);
    }

    proptest! {
        #[test]
        fn rows_hold_everything_but_the_newlines(text in "[ a-z\n日é\u{301}👩]{0,60}", columns in 1usize..12) {
            let joined: String = texts(&text, columns).concat();
            prop_assert_eq!(joined, text.replace('\n', ""));
        }

        #[test]
        fn no_row_is_too_wide(text in "[ a-z\n日]{0,60}", columns in 2usize..12) {
            // A blank that hangs over the edge is not seen.
            for row in texts(&text, columns) {
                prop_assert!(width_of(row.trim_end()) <= columns);
            }
        }
    }
}
