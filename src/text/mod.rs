//! Pure functions on text: width, clip, clean. (A thin version, replaced at the merge.)

use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Each grapheme with its offset and its columns.
pub fn graphemes(text: &str) -> impl Iterator<Item = (usize, &str, usize)> {
    text.grapheme_indices(true).map(|(offset, grapheme)| (offset, grapheme, grapheme.width()))
}

/// At most `columns` wide; what was cut off shows as `…`.
pub fn clip(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        used += width(grapheme);
        if used > columns - 1 {
            break;
        }
        out.push_str(grapheme);
    }
    out.push('…');
    Cow::Owned(out)
}

/// Control characters made visible.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(|char| char == '\n' || !char.is_control()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .map(|char| match char {
                '\n' => '\n',
                '\t' => ' ',
                char if char.is_control() => '\u{fffd}',
                char => char,
            })
            .collect(),
    )
}
