//! A text cut to a number of columns, for one row of a screen.

use super::width::{graphemes, is_plain, width};
use std::borrow::Cow;

const ELLIPSIS: &str = "…";

/// The text in at most this many columns; what had to go is told by `…` at the end.
pub fn clip(text: &str, columns: usize) -> Cow<'_, str> {
    // Measured no further than the columns reach: a text may be very long.
    if prefix(text, columns).len() == text.len() {
        return Cow::Borrowed(text);
    }
    match columns {
        0 => Cow::Borrowed(""),
        columns => Cow::Owned(format!("{}{ELLIPSIS}", prefix(text, columns - 1))),
    }
}

/// The longest start of the text that fits into this many columns, cut between graphemes.
pub fn prefix(text: &str, columns: usize) -> &str {
    // Most text needs no look at its graphemes.
    if let Some(start) = text.get(..columns.min(text.len())).filter(|start| is_plain(start)) {
        let next = text[start.len()..].chars().next();
        if next.is_none_or(|next| next.is_ascii_graphic() || next == ' ') {
            return start;
        }
    }
    let mut used = 0;
    for (offset, _, wide) in graphemes(text) {
        used += wide;
        if used > columns {
            return &text[..offset];
        }
    }
    text
}

/// The text with each tab replaced by the spaces to the next multiple of `stop` columns.
/// `column` is where the text starts. Newlines are not looked at.
pub fn expand_tabs(text: &str, column: usize, stop: usize) -> Cow<'_, str> {
    if !text.contains('\t') || stop == 0 {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut at = column;
    for (index, part) in text.split('\t').enumerate() {
        if index > 0 {
            let spaces = stop - at % stop;
            out.extend(std::iter::repeat_n(' ', spaces));
            at += spaces;
        }
        out.push_str(part);
        at += width(part);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_fits_is_untouched_and_what_does_not_says_so() {
        assert_eq!(clip("abc", 3), "abc");
        assert_eq!(clip("abcd", 3), "ab…");
        assert_eq!(clip("日本語", 5), "日本…");
        assert_eq!(clip("日本語", 4), "日…");
        assert_eq!(clip("日", 1), "…");
        assert_eq!(clip("abc", 0), "");
        assert_eq!(clip("", 0), "");
    }

    #[test]
    fn tabs_reach_the_next_stop() {
        assert_eq!(expand_tabs("\ta\tbc\t", 0, 4), "    a   bc  ");
        assert_eq!(expand_tabs("日\tx", 0, 4), "日  x");
        assert_eq!(expand_tabs("\tx", 3, 4), " x");
    }

    proptest! {
        #[test]
        fn a_clipped_text_fits_and_starts_as_the_text_does(text in "\\PC*", columns in 0_usize..40) {
            let clipped = clip(&text, columns);
            prop_assert!(width(&clipped) <= columns);
            let start = clipped.strip_suffix(ELLIPSIS).unwrap_or(&clipped);
            prop_assert!(text.starts_with(start) || text == clipped);
        }
    }
}
