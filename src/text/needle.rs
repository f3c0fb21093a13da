//! What is searched for, and where it stands next. Fast enough for tens of megabytes a key.

use std::ops::Range;

/// A text to be found: in any case, unless it has a capital itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle {
    text: String,
    /// Every character's small form, if case does not matter.
    folded: Option<Vec<char>>,
}

impl Needle {
    /// None for an empty text.
    pub fn new(text: &str) -> Option<Needle> {
        if text.is_empty() {
            return None;
        }
        let matters = text.chars().any(char::is_uppercase);
        let folded = (!matters).then(|| text.chars().map(small).collect());
        Some(Needle { text: text.to_owned(), folded })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first place at or after a byte, which must be a character's first.
    pub fn find(&self, text: &str, from: usize) -> Option<Range<usize>> {
        let Some(folded) = &self.folded else {
            let at = from + text.get(from..)?.find(&self.text)?;
            return Some(at..at + self.text.len());
        };
        let (low, high) = leads(folded[0]);
        let bytes = text.as_bytes();
        let mut at = from;
        loop {
            at += bytes.get(at..)?.iter().position(|byte| *byte == low || *byte == high)?;
            if let Some(end) = match_at(folded, text, at) {
                return Some(at..end);
            }
            at += 1;
        }
    }

    /// The last place that begins before a byte.
    pub fn rfind(&self, text: &str, before: usize) -> Option<Range<usize>> {
        let Some(folded) = &self.folded else {
            // What ends here at the latest begins before.
            let mut reach = before.saturating_add(self.text.len() - 1).min(text.len());
            while !text.is_char_boundary(reach) {
                reach -= 1;
            }
            let at = text[..reach].rfind(&self.text)?;
            return Some(at..at + self.text.len());
        };
        let (low, high) = leads(folded[0]);
        let bytes = text.as_bytes();
        let mut end = before.min(text.len());
        loop {
            end = bytes[..end].iter().rposition(|byte| *byte == low || *byte == high)?;
            if let Some(to) = match_at(folded, text, end) {
                return Some(end..to);
            }
        }
    }
}

/// The end of the place that begins at a byte, if one does.
fn match_at(folded: &[char], text: &str, at: usize) -> Option<usize> {
    let mut chars = text.get(at..)?.chars();
    let mut end = at;
    for wanted in folded {
        let char = chars.next()?;
        if char != *wanted && small(char) != *wanted {
            return None;
        }
        end += char.len_utf8();
    }
    Some(end)
}

/// A character in its small form; one whose small form is several stays.
fn small(char: char) -> char {
    let mut small = char.to_lowercase();
    match (small.next(), small.next()) {
        (Some(one), None) => one,
        _ => char,
    }
}

/// The first bytes of a small character's two forms.
fn leads(char: char) -> (u8, u8) {
    let first = |char: char| char.encode_utf8(&mut [0; 4]).as_bytes()[0];
    let mut capital = char.to_uppercase();
    let high = match (capital.next(), capital.next()) {
        (Some(one), None) => one,
        _ => char,
    };
    (first(char), first(high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_capital_makes_case_matter() {
        let text = "Error: an error, ERROR";
        let all = |query: &str| {
            let needle = Needle::new(query).unwrap();
            let mut from = 0;
            std::iter::from_fn(|| {
                let found = needle.find(text, from)?;
                from = found.end;
                Some(found.start)
            })
            .collect::<Vec<_>>()
        };
        assert_eq!(all("error"), [0, 10, 17]);
        assert_eq!(all("Error"), [0]);
        assert_eq!(all("r:"), [4]);
        assert_eq!(Needle::new(""), None);
    }

    #[test]
    fn letters_beyond_ascii_have_two_cases_too() {
        let needle = Needle::new("größe").unwrap();
        assert_eq!(needle.find("die GRÖßE", 0), Some(4..11));
        assert_eq!(Needle::new("é").unwrap().find("É", 0), Some(0..2));
        assert_eq!(Needle::new("漢").unwrap().find("a漢字", 0), Some(1..4));
    }

    proptest! {
        #[test]
        fn forwards_and_backwards_find_the_same_places(text in "[abAé漢 ]{0,60}", query in "[abéA]{1,3}") {
            let needle = Needle::new(&query).unwrap();
            let (mut forward, mut from) = (Vec::new(), 0);
            while let Some(found) = needle.find(&text, from) {
                from = found.start + text[found.start..].chars().next().unwrap().len_utf8();
                forward.push(found);
            }
            let (mut backward, mut before) = (Vec::new(), text.len());
            while let Some(found) = needle.rfind(&text, before) {
                before = found.start;
                backward.push(found);
            }
            backward.reverse();
            prop_assert_eq!(forward, backward);
        }
    }
}
