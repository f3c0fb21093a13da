//! The text of a file that comes nearest to one that is not in it: what a model needs to see to
//! say it right the next time. Deterministic, and linear in the file's size but for a bounded
//! number of close looks.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// Lines that are shown.
const LINES_MAX: usize = 12;
/// Bytes of a line that are shown or compared.
const LINE_BYTES_MAX: usize = 200;
/// Lines of the old text that are looked for.
const SOUGHT_MAX: usize = 200;
/// Places of one line that get a vote: a line like `}` is everywhere and says nothing.
const PLACES_MAX: usize = 64;
/// Lines of the file that are compared character by character.
const COMPARED_MAX: usize = 20_000;
/// In percent; below it nothing is near.
const LIKENESS_MIN: usize = 45;

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearest {
    /// The first line's number, from 1.
    pub from: u64,
    /// Without their ends; cut at a limit.
    pub lines: Vec<String>,
    pub difference: Difference,
}

/// How the nearest text differs from the one that was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// In indentation or blanks at the ends of lines alone.
    Blanks,
    Text,
}

impl fmt::Display for Nearest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let only = match self.difference {
            Difference::Blanks => ", which differs in blanks at the start or end of lines only",
            Difference::Text => "",
        };
        write!(out, "nearest text{only}:")?;
        for (number, line) in (self.from..).zip(&self.lines) {
            write!(out, "\n{number}\t{line}")?;
        }
        Ok(())
    }
}

/// The part of `text` that is most like `sought`, if anything is.
pub(super) fn nearest(text: &[u8], sought: &[u8]) -> Option<Nearest> {
    let lines: Vec<&[u8]> = split(text).collect();
    let sought: Vec<&[u8]> = split(sought).take(SOUGHT_MAX).collect();
    let from = by_equal_lines(&lines, &sought).or_else(|| by_likeness(&lines, &sought))?;
    let length = sought.len().max(1);
    let part = &lines[from..lines.len().min(from + length)];
    let is_equal = part.len() == sought.len()
        && part.iter().zip(&sought).all(|(line, wanted)| line.trim_ascii() == wanted.trim_ascii());
    let shown = part.iter().take(LINES_MAX).map(|line| String::from_utf8_lossy(cut(line)));
    Some(Nearest {
        from: from as u64 + 1,
        lines: shown.map(std::borrow::Cow::into_owned).collect(),
        difference: if is_equal { Difference::Blanks } else { Difference::Text },
    })
}

fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\n").unwrap_or(line))
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

fn cut(line: &[u8]) -> &[u8] {
    &line[..line.len().min(LINE_BYTES_MAX)]
}

/// Lines that both have, blanks aside, vote for where the sought text would start; rare and long
/// ones have the stronger vote.
fn by_equal_lines(lines: &[&[u8]], sought: &[&[u8]]) -> Option<usize> {
    let mut places: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for wanted in sought {
        let wanted = wanted.trim_ascii();
        if wanted.len() > 1 {
            places.entry(wanted).or_default();
        }
    }
    for (at, line) in lines.iter().enumerate() {
        if let Some(places) = places.get_mut(line.trim_ascii())
            && places.len() <= PLACES_MAX
        {
            places.push(at);
        }
    }
    let mut votes: BTreeMap<usize, usize> = BTreeMap::new();
    for (offset, wanted) in sought.iter().enumerate() {
        let Some(places) = places.get(wanted.trim_ascii()) else { continue };
        if places.len() > PLACES_MAX {
            continue;
        }
        let weight = 1 + 100 * wanted.trim_ascii().len().min(LINE_BYTES_MAX) / places.len().max(1);
        for place in places {
            *votes.entry(place.saturating_sub(offset)).or_default() += weight;
        }
    }
    // The first of the strongest.
    let strongest = votes.values().max().copied()?;
    votes.into_iter().find(|(_, weight)| *weight == strongest).map(|(at, _)| at)
}

/// The line that is most like the longest of the sought lines.
fn by_likeness(lines: &[&[u8]], sought: &[&[u8]]) -> Option<usize> {
    let (offset, wanted) = sought
        .iter()
        .enumerate()
        .max_by_key(|(index, line)| (line.trim_ascii().len(), std::cmp::Reverse(*index)))?;
    let wanted = pairs(wanted);
    let mut best = (LIKENESS_MIN, None);
    for (at, line) in lines.iter().enumerate().take(COMPARED_MAX) {
        let likeness = likeness(&wanted, &pairs(line));
        if likeness > best.0 {
            best = (likeness, Some(at.saturating_sub(offset)));
        }
    }
    best.1
}

/// The neighbouring bytes of a line, sorted.
fn pairs(line: &[u8]) -> Vec<[u8; 2]> {
    let mut pairs: Vec<[u8; 2]> =
        cut(line.trim_ascii()).windows(2).map(|pair| [pair[0], pair[1]]).collect();
    pairs.sort_unstable();
    pairs
}

/// Twice the pairs that both have, in percent of the pairs of both.
fn likeness(one: &[[u8; 2]], other: &[[u8; 2]]) -> usize {
    let (mut left, mut right, mut shared) = (0, 0, 0);
    while left < one.len() && right < other.len() {
        match one[left].cmp(&other[right]) {
            std::cmp::Ordering::Less => left += 1,
            std::cmp::Ordering::Greater => right += 1,
            std::cmp::Ordering::Equal => {
                (left, right, shared) = (left + 1, right + 1, shared + 1);
            }
        }
    }
    200 * shared / (one.len() + other.len()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] =
        b"fn one() {\n    start();\n}\n\nfn two() {\n    let delay = 1;\n    sleep(delay);\n}\n";

    #[test]
    fn wrong_indentation_is_found_and_said() {
        let found = nearest(FILE, b"let delay = 1;\nsleep(delay);\n").unwrap();
        assert_eq!((found.from, found.difference), (6, Difference::Blanks));
        assert_eq!(found.lines, ["    let delay = 1;", "    sleep(delay);"]);
    }

    #[test]
    fn one_wrong_line_among_right_ones_is_found() {
        let found = nearest(FILE, b"fn two() {\n    let delay = 2;\n    sleep(delay);\n").unwrap();
        assert_eq!((found.from, found.difference), (5, Difference::Text));
        assert_eq!(found.lines[1], "    let delay = 1;");
    }

    #[test]
    fn a_line_that_is_only_alike_is_found() {
        let found = nearest(FILE, b"let delays = 10;").unwrap();
        assert_eq!((found.from, found.lines), (6, vec!["    let delay = 1;".to_owned()]));
    }

    #[test]
    fn nothing_is_near_what_has_nothing_in_common() {
        assert_eq!(nearest(FILE, b"0123456789"), None);
        assert_eq!(nearest(b"", b"abc"), None);
        assert_eq!(nearest(b"}\n}\n", b"}}}\n"), None);
    }

    #[test]
    fn long_texts_are_cut() {
        let file: String =
            (0..100).map(|line| format!("line {line} {}\n", "x".repeat(500))).collect();
        let sought = file.replace("line 50 ", "line fifty ");
        let found = nearest(file.as_bytes(), sought.as_bytes()).unwrap();
        assert_eq!((found.from, found.lines.len()), (1, LINES_MAX));
        assert!(found.lines.iter().all(|line| line.len() <= LINE_BYTES_MAX));
    }
}
