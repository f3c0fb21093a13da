//! Where an edit's old text is in a file, and what the file becomes. Pure, and on bytes: what the
//! edit does not touch stays as it is, whatever it is.

use super::Nearest;
use super::ending::{Plain, ending};
use super::nearest::nearest;
use crate::text::kept_lines;
use std::ops::Range;

pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";
/// Places that an ambiguous edit lists.
pub(super) const LISTED_MAX: usize = 10;

/// Why there is not exactly one place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Miss {
    Nowhere(Option<Nearest>),
    /// The lines of the first places, and how many places there are.
    Several(Vec<u64>, usize),
    /// Old and new are the same.
    Same,
}

/// Replaces the one place in `file` where `old` is. `old` is not empty; line ends are matched
/// whatever their kind, everything else exactly.
pub(super) fn replace(file: &[u8], old: &str, new: &str) -> Result<Vec<u8>, Miss> {
    let (bom, body) = match file.strip_prefix(BOM) {
        Some(body) => (BOM, body),
        None => (&[][..], file),
    };
    let (old, new) = (sent(old, bom), sent(new, bom));
    if old == new {
        return Err(Miss::Same);
    }
    let plain = Plain::new(body);
    let (place, new) = find(&plain.text, &old, &new)?;
    let raw = plain.raw(place.start)..plain.raw(place.end);
    let region = &body[raw.clone()];
    let mut result = Vec::with_capacity(file.len() + new.len());
    result.extend_from_slice(bom);
    result.extend_from_slice(&body[..raw.start]);
    rewrite(region, new, ending(region, body), &mut result);
    result.extend_from_slice(&body[raw.end..]);
    Ok(result)
}

/// What a file becomes that is to hold `content` and nothing else: lines that stay keep their bytes,
/// and a BOM stays.
pub(super) fn rewritten(file: &[u8], content: &str) -> Vec<u8> {
    let (bom, body) = match file.strip_prefix(BOM) {
        Some(body) => (BOM, body),
        None => (&[][..], file),
    };
    let mut result = bom.to_vec();
    rewrite(body, &sent(content, bom), ending(body, body), &mut result);
    result
}

/// An edit's text as it is compared: plain line ends, and no second BOM.
fn sent(text: &str, bom: &[u8]) -> Vec<u8> {
    let text = text.as_bytes();
    let text = if bom.is_empty() { text } else { text.strip_prefix(bom).unwrap_or(text) };
    Plain::new(text).text
}

fn find<'a>(text: &[u8], old: &[u8], new: &'a [u8]) -> Result<(Range<usize>, &'a [u8]), Miss> {
    let mut places = occurrences(text, old);
    match places.len() {
        1 => {
            let start = places.remove(0);
            Ok((start..start + old.len(), new))
        }
        0 => match old.strip_suffix(b"\n") {
            // The last line, which no newline ends: what replaces it ends as it did.
            Some(last) if !last.is_empty() && text.ends_with(last) => {
                let new = new.strip_suffix(b"\n").unwrap_or(new);
                Ok((text.len() - last.len()..text.len(), new))
            }
            _ => Err(Miss::Nowhere(nearest(text, old))),
        },
        count => {
            places.truncate(LISTED_MAX);
            Err(Miss::Several(line_numbers(text, &places), count))
        }
    }
}

/// Where `needle` is, overlapping places too, in time linear in both (Knuth, Morris, Pratt).
pub(super) fn occurrences<T: PartialEq>(text: &[T], needle: &[T]) -> Vec<usize> {
    let mut borders = vec![0_usize; needle.len()];
    let mut length = 0;
    for at in 1..needle.len() {
        while length > 0 && needle[at] != needle[length] {
            length = borders[length - 1];
        }
        length += usize::from(needle[at] == needle[length]);
        borders[at] = length;
    }
    let mut places = Vec::new();
    let mut length = 0;
    for (at, item) in text.iter().enumerate() {
        while length > 0 && *item != needle[length] {
            length = borders[length - 1];
        }
        length += usize::from(*item == needle[length]);
        if length == needle.len() {
            places.push(at + 1 - length);
            length = borders[length - 1];
        }
    }
    places
}

fn line_numbers(text: &[u8], places: &[usize]) -> Vec<u64> {
    let newlines = |range: &[u8]| range.iter().filter(|byte| **byte == b'\n').count() as u64;
    let (mut line, mut from) = (1, 0);
    places
        .iter()
        .map(|place| {
            line += newlines(&text[from..*place]);
            from = *place;
            line
        })
        .collect()
}

/// Writes `new` (plain ends) in the place of `region`: lines that stay keep their bytes, lines
/// that are new get `ending`.
fn rewrite(region: &[u8], new: &[u8], ending: &[u8], result: &mut Vec<u8>) {
    let raw: Vec<&[u8]> = region.split_inclusive(|byte| *byte == b'\n').collect();
    let old = Plain::new(region).text;
    let lines = new.split_inclusive(|byte| *byte == b'\n');
    for (text, kept) in lines.zip(kept_lines(&old, new)) {
        match (kept, text.strip_suffix(b"\n")) {
            (Some(line), _) => result.extend_from_slice(raw[line]),
            (None, Some(body)) => result.extend([body, ending].concat()),
            (None, None) => result.extend_from_slice(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn replaced(file: &str, old: &str, new: &str) -> String {
        String::from_utf8(replace(file.as_bytes(), old, new).unwrap()).unwrap()
    }

    #[test]
    fn the_one_place_is_replaced() {
        assert_eq!(replaced("a\nb\nc\n", "b\n", "x\ny\n"), "a\nx\ny\nc\n");
        assert_eq!(replaced("let a = 1;", "a = 1", "b = 2"), "let b = 2;");
        assert_eq!(replaced("a\nb\n", "a\n", ""), "b\n");
    }

    #[test]
    fn a_crlf_file_stays_one() {
        assert_eq!(replaced("a\r\nb\r\nc\r\n", "a\nb\n", "a\nx\ny\n"), "a\r\nx\r\ny\r\nc\r\n");
        assert_eq!(replaced("a\r\nb\r\n", "a\r\nb", "x\r\nb"), "x\r\nb\r\n");
        assert_eq!(replaced("a\r\nb\r\n", "b", "b\nc"), "a\r\nb\r\nc\r\n");
        assert_eq!(replaced("a\nb\n", "b", "b\r\nc"), "a\nb\nc\n");
    }

    #[test]
    fn mixed_ends_stay_where_the_lines_stay() {
        assert_eq!(replaced("a\r\nb\nc\r\nd\n", "a\nb\nc\n", "a\nx\nc\n"), "a\r\nx\nc\r\nd\n");
    }

    #[test]
    fn bom_and_a_missing_final_newline_stay() {
        assert_eq!(replaced("\u{feff}a\nb", "a", "x"), "\u{feff}x\nb");
        assert_eq!(replaced("\u{feff}a\nb", "\u{feff}a", "\u{feff}x"), "\u{feff}x\nb");
        assert_eq!(replaced("a\nb", "b", "x"), "a\nx");
        assert_eq!(replaced("a\nb", "b\n", "x\n"), "a\nx");
        assert_eq!(replaced("a\nb", "b", "x\n"), "a\nx\n");
    }

    #[test]
    fn several_places_are_refused_with_their_lines() {
        let miss = |file: &str, old: &str| replace(file.as_bytes(), old, "new").unwrap_err();
        assert_eq!(miss("a\nb\na\n", "a\n"), Miss::Several(vec![1, 3], 2));
        assert_eq!(miss("aaa", "aa"), Miss::Several(vec![1, 1], 2));
        let many = "x\n".repeat(50);
        assert_eq!(miss(&many, "x\n"), Miss::Several((1..=10).collect(), 50));
    }

    #[test]
    fn blanks_at_the_end_of_a_line_count() {
        assert!(matches!(replace(b"one \ntwo\n", "one\ntwo", "x"), Err(Miss::Nowhere(Some(_)))));
    }

    #[test]
    fn what_changes_nothing_is_said() {
        assert_eq!(replace(b"a\r\n", "a\r\n", "a\n"), Err(Miss::Same));
    }

    #[test]
    fn a_long_file_of_one_character_is_searched_in_no_time() {
        let file = vec![b' '; 4_000_000];
        let old = " ".repeat(100_000) + "x";
        assert!(matches!(replace(&file, &old, "y"), Err(Miss::Nowhere(_))));
    }

    proptest! {
        #[test]
        fn bytes_outside_of_the_edit_are_kept(
            before in proptest::collection::vec(any::<u8>(), 0..40),
            old in "[a-c\n]{1,12}", new in "[a-c\n]{0,12}",
            after in proptest::collection::vec(any::<u8>(), 0..40),
            returns in any::<bool>(), bom in any::<bool>(),
        ) {
            // Marks make the place unique and keep a `\r` before it from joining a newline of it.
            let ends = |text: &str| if returns { text.replace('\n', "\r\n") } else { text.to_owned() };
            let bom = if bom { BOM } else { b"" };
            let (old, new) = (format!("<{old}>"), format!("<{new}>"));
            prop_assume!(old != new);
            let file = [bom, &before, ends(&old).as_bytes(), &after].concat();
            let Ok(result) = replace(&file, &old, &new) else {
                // The random bytes hold the old text too.
                return Ok(());
            };
            let body = result.strip_prefix([bom, &before[..]].concat().as_slice());
            let body = body.and_then(|body| body.strip_suffix(after.as_slice()));
            let body = body.map(|body| Plain::new(body).text);
            prop_assert_eq!(body.as_deref(), Some(new.as_bytes()));
        }

        #[test]
        fn lines_that_stay_keep_their_own_ends(
            lines in proptest::collection::vec(("[a-z]{1,3}", any::<bool>()), 3..12),
            at in any::<proptest::sample::Index>(),
        ) {
            let raw = |(index, (text, returns)): (usize, &(String, bool))| {
                format!("{index}{text}{}", if *returns { "\r\n" } else { "\n" })
            };
            let file: String = lines.iter().enumerate().map(raw).collect();
            let at = at.index(lines.len());
            let old = Plain::new(file.as_bytes()).text;
            let old = String::from_utf8(old).unwrap();
            let line = format!("{at}{}\n", lines[at].0);
            let new = old.replacen(&line, "NEW\n", 1);
            let result = replace(file.as_bytes(), &old, &new).unwrap();
            let result = String::from_utf8(result).unwrap();
            for (index, line) in result.split_inclusive('\n').enumerate() {
                if index != at {
                    prop_assert_eq!(line, raw((index, &lines[index])));
                }
            }
        }
    }
}
