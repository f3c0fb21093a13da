//! How many columns a text takes. Where it is cut or wrapped is decided elsewhere.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns of a text that is shown in one row; a control character counts as one.
pub fn width(text: &str) -> usize {
    if is_plain(text) {
        return text.len();
    }
    // The sum over graphemes, not the width of the whole: the screen is filled cell by cell, and
    // ligatures that a font would make of two graphemes do not happen there.
    graphemes(text).map(|(_, _, columns)| columns).sum()
}

/// Columns of one character by itself; none for a control or combining one.
pub fn char_width(char: char) -> usize {
    char.width().unwrap_or(0)
}

/// Each grapheme with its byte offset and its columns.
pub fn graphemes(text: &str) -> impl Iterator<Item = (usize, &str, usize)> {
    let split = text.grapheme_indices(true);
    split.map(|(offset, grapheme)| (offset, grapheme, UnicodeWidthStr::width(grapheme)))
}

/// Every byte is one grapheme of one column.
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..0x7f).contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_those_of_a_terminal() {
        for (text, columns) in [
            ("", 0),
            ("abc", 3),
            ("日本", 4),
            ("e\u{301}", 1),
            ("👩‍👩‍👧", 2),
            ("❤\u{fe0f}", 2),
            ("\u{200b}", 0),
            ("…", 1),
        ] {
            assert_eq!(width(text), columns, "{text:?}");
        }
    }
}
