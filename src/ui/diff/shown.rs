//! A line of a file made safe to show, with what of it a reader would not see.

use super::super::theme::Role;
use crate::text;
use std::ops::Range;

/// No screen shows more of one line.
const LINE_BYTES_MAX: usize = 4_000;
const TAB_COLUMNS: usize = 4;

/// A line as it is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    pub(super) text: String,
    /// Roles and where they end, in order; empty for plain text.
    pub(super) roles: Vec<(Role, usize)>,
    /// Parts of the text that stand for a character that would not show.
    pub(super) odd: Vec<Range<usize>>,
    /// Blanks that a tab was expanded to.
    pub(super) tabs: Vec<Range<usize>>,
    /// From here on there is nothing but blanks.
    pub(super) blanks: usize,
}

impl Shown {
    /// Safe, with its tabs expanded.
    pub(super) fn new(line: &str) -> Self {
        let end =
            (0..=LINE_BYTES_MAX.min(line.len())).rev().find(|end| line.is_char_boundary(*end));
        let start = &line[..end.unwrap_or(0)];
        let (clean, odd) = text::clean_marked(start);
        let mut new = if clean.contains(['\t', '\n']) {
            Self::expanded(&clean, &odd)
        } else {
            Self { text: clean.into_owned(), odd, ..Self::default() }
        };
        new.blanks = new.text.trim_end_matches(' ').len();
        if start.len() < line.len() {
            new.text.push('…');
            new.blanks = new.text.len();
        }
        new
    }

    fn expanded(clean: &str, odd: &[Range<usize>]) -> Self {
        let mut new = Self { text: String::with_capacity(clean.len() + 16), ..Self::default() };
        let mut odd = odd.iter().peekable();
        let mut column = 0;
        for (at, char) in clean.char_indices() {
            if odd.peek().is_some_and(|range| range.start == at) {
                let length = odd.next().map_or(0, ExactSizeIterator::len);
                new.odd.push(new.text.len()..new.text.len() + length);
            }
            match char {
                '\t' => {
                    let blanks = TAB_COLUMNS - column % TAB_COLUMNS;
                    new.tabs.push(new.text.len()..new.text.len() + blanks);
                    new.text.extend(std::iter::repeat_n(' ', blanks));
                    column += blanks;
                }
                // A newline within a line is foreign.
                '\n' => {
                    new.odd.push(new.text.len()..new.text.len() + '␊'.len_utf8());
                    new.text.push('␊');
                    column += 1;
                }
                char => {
                    new.text.push(char);
                    column += text::char_width(char);
                }
            }
        }
        new
    }
}

/// A text of few words, such as a path, safe to show in one row.
pub(super) fn plain(text: &str) -> String {
    Shown::new(text).text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_not_be_seen_is_found_in_the_text_that_is_shown() {
        let shown = Shown::new("\ta\u{202e}b\r\tc \t ");
        assert_eq!(shown.text, "    a<U+202E>b␍ c    ");
        let odd: Vec<_> = shown.odd.iter().map(|range| &shown.text[range.clone()]).collect();
        assert_eq!(odd, ["<U+202E>", "␍"]);
        assert_eq!(shown.tabs.len(), 3);
        assert!(shown.text[..shown.blanks].ends_with('c'));
    }
}
