//! Where a patch's hunks are in a file, and what the file becomes. Pure, and on bytes: lines that
//! no hunk changes stay as they are, with their own ends.
//!
//! A hunk must have one place only. Equal lines elsewhere do no harm as long as the hunks, in the
//! order of the file, fit in one way.

use super::Nearest;
use super::ending::ending;
use super::locate::{BOM, LISTED_MAX, occurrences};
use super::nearest::nearest;
use super::patch_grammar::{Mark, PatchHunk};
use std::borrow::Cow;
use std::cell::OnceCell;

/// Why the hunk with this index, from 0, has not exactly one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HunkMiss {
    pub hunk: usize,
    pub why: Why,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    Nowhere(Option<Nearest>),
    /// The line after `@@`.
    NoAnchor(String, Option<Nearest>),
    /// The lines of the first places, and how many places there are.
    Several(Vec<u64>, usize),
    /// It is at this line only, which an earlier hunk covers or comes after.
    Order(u64),
    /// It only adds lines, after an anchor.
    Unplaced,
}

/// Applies all hunks to a file's content.
pub fn apply_hunks(file: &[u8], hunks: &[PatchHunk]) -> Result<Vec<u8>, HunkMiss> {
    let (bom, body) = match file.strip_prefix(BOM) {
        Some(body) => (BOM, body),
        None => (&[][..], file),
    };
    let applied = apply_to(body, split(body, false), hunks).or_else(|miss| {
        // A lone return ends a line, too, where nothing else explains the hunk.
        let lines = split(body, true);
        apply_to(body, lines, hunks).map_err(|_| miss)
    })?;
    Ok([bom, &applied].concat())
}

fn apply_to(body: &[u8], lines: Vec<&[u8]>, hunks: &[PatchHunk]) -> Result<Vec<u8>, HunkMiss> {
    let text = Text::new(body, lines);
    let places = hunks
        .iter()
        .enumerate()
        .map(|(index, hunk)| text.places(hunk).map_err(|why| HunkMiss { hunk: index, why }));
    let places = places.collect::<Result<Vec<_>, _>>()?;
    let lengths: Vec<usize> = hunks.iter().map(|hunk| hunk.old().count()).collect();
    let chosen = choose(&places, &lengths, text.lines.len())?;
    let mut order: Vec<usize> = (0..hunks.len()).collect();
    order.sort_by_key(|hunk| chosen[*hunk]);
    let mut result = Vec::with_capacity(body.len());
    let mut from = 0;
    for hunk in order {
        let at = chosen[hunk];
        text.lines[from..at].iter().for_each(|line| result.extend_from_slice(line));
        from = at + lengths[hunk];
        text.write(&hunks[hunk], at..from, &mut result);
    }
    text.lines[from..].iter().for_each(|line| result.extend_from_slice(line));
    Ok(result)
}

/// One place of each hunk.
fn choose(places: &[Vec<usize>], lengths: &[usize], lines: usize) -> Result<Vec<usize>, HunkMiss> {
    let (mut from, mut first) = (0, Vec::new());
    for (hunk, own) in places.iter().enumerate() {
        let Some(place) = own.iter().copied().find(|place| *place >= from) else {
            return unordered(places, lengths)
                .ok_or(HunkMiss { hunk, why: Why::Order(own.first().map_or(0, number)) });
        };
        first.push(place);
        from = place + lengths[hunk];
    }
    let mut to = lines;
    for (hunk, own) in places.iter().enumerate().rev() {
        let last = own.iter().copied().rfind(|place| place + lengths[hunk] <= to);
        let last = last.unwrap_or(first[hunk]);
        if last != first[hunk] {
            let listed = own.iter().take(LISTED_MAX).map(number).collect();
            return Err(HunkMiss { hunk, why: Why::Several(listed, own.len()) });
        }
        to = last;
    }
    Ok(first)
}

/// Hunks that do not stand in the order of the file, each with a place of its own.
fn unordered(places: &[Vec<usize>], lengths: &[usize]) -> Option<Vec<usize>> {
    let chosen: Option<Vec<usize>> =
        places.iter().map(|own| if let [place] = own[..] { Some(place) } else { None }).collect();
    let chosen = chosen?;
    let mut ranges: Vec<_> =
        chosen.iter().zip(lengths).map(|(place, length)| (*place, place + length)).collect();
    ranges.sort_unstable();
    ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0).then_some(chosen)
}

fn number(line: &usize) -> u64 {
    *line as u64 + 1
}

/// How alike lines must be.
#[derive(Clone, Copy)]
enum Level {
    Exact,
    /// But for blanks at their end.
    Ends,
    /// Nor do kinds of quotes, dashes and blanks matter.
    Punctuation,
    /// Nor blanks at the beginning: an anchor only tells where, it writes nothing.
    Anchor,
}

const LEVELS: [Level; 3] = [Level::Exact, Level::Ends, Level::Punctuation];
const ANCHOR_LEVELS: [Level; 4] = [Level::Exact, Level::Ends, Level::Punctuation, Level::Anchor];

/// A line as it is compared.
fn key(line: &[u8], level: Level) -> Cow<'_, [u8]> {
    match level {
        Level::Exact => Cow::Borrowed(line),
        Level::Ends => Cow::Borrowed(line.trim_ascii_end()),
        Level::Punctuation | Level::Anchor => {
            let Ok(text) = std::str::from_utf8(line) else { return Cow::Borrowed(line) };
            let plain: String = text.chars().map(plain).collect();
            let plain = match level {
                Level::Anchor => plain.trim(),
                _ => plain.trim_end(),
            };
            Cow::Owned(plain.as_bytes().to_vec())
        }
    }
}

/// What a keyboard has for a character of typography.
const fn plain(char: char) -> char {
    match char {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2018}'..='\u{201b}' => '\'',
        '\u{201c}'..='\u{201f}' => '"',
        '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        other => other,
    }
}

/// Lines with their ends; a lone return is an end only if `returns`.
fn split(body: &[u8], returns: bool) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let inner = if returns { &line[..bare(line).len()] } else { &[] };
        let mut from = 0;
        for at in inner.iter().enumerate().filter(|(_, byte)| **byte == b'\r').map(|(at, _)| at) {
            lines.push(&line[from..=at]);
            from = at + 1;
        }
        lines.push(&line[from..]);
    }
    lines
}

/// A line without its end.
fn bare(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

struct Text<'a> {
    body: &'a [u8],
    /// With their ends.
    lines: Vec<&'a [u8]>,
    /// The lines as they are compared, at each level.
    keys: [OnceCell<Vec<Cow<'a, [u8]>>>; 4],
}

impl<'a> Text<'a> {
    fn new(body: &'a [u8], lines: Vec<&'a [u8]>) -> Self {
        Self { body, lines, keys: Default::default() }
    }

    fn keys(&self, level: Level) -> &[Cow<'a, [u8]>] {
        self.keys[level as usize]
            .get_or_init(|| self.lines.iter().map(|line| key(bare(line), level)).collect())
    }

    /// The lines where a hunk can begin, sorted; at least one.
    fn places(&self, hunk: &PatchHunk) -> Result<Vec<usize>, Why> {
        if hunk.old().next().is_none() {
            let is_placed = hunk.anchors.is_empty();
            return if is_placed { Ok(vec![self.lines.len()]) } else { Err(Why::Unplaced) };
        }
        let starts = self.anchored(&hunk.anchors)?;
        for level in LEVELS {
            let wanted: Vec<_> = hunk.old().map(|line| key(line.as_bytes(), level)).collect();
            let mut places = occurrences(self.keys(level), &wanted);
            if hunk.is_at_end {
                places.retain(|place| place + wanted.len() == self.lines.len());
            }
            if let Some(starts) = &starts {
                let after = |start: &usize| places.iter().copied().find(|place| place >= start);
                places = starts.iter().filter_map(after).collect();
                places.dedup();
            }
            if !places.is_empty() {
                return Ok(places);
            }
        }
        let sought = hunk.old().collect::<Vec<_>>().join("\n");
        Err(Why::Nowhere(nearest(self.body, sought.as_bytes())))
    }

    /// Where a hunk may begin after its anchors: at the last one at the earliest.
    fn anchored(&self, anchors: &[String]) -> Result<Option<Vec<usize>>, Why> {
        let mut starts: Option<Vec<usize>> = None;
        for anchor in anchors {
            let found = ANCHOR_LEVELS.into_iter().find_map(|level| {
                let all = occurrences(self.keys(level), &[key(anchor.as_bytes(), level)]);
                let all = match &starts {
                    None => all,
                    Some(starts) => {
                        let after = |start: &usize| all.iter().copied().find(|at| at > start);
                        starts.iter().filter_map(after).collect()
                    }
                };
                (!all.is_empty()).then_some(all)
            });
            let none = || Why::NoAnchor(anchor.clone(), nearest(self.body, anchor.as_bytes()));
            starts = Some(found.ok_or_else(none)?);
        }
        Ok(starts)
    }

    /// What a hunk makes of the lines in `range`.
    fn write(&self, hunk: &PatchHunk, range: std::ops::Range<usize>, result: &mut Vec<u8>) {
        let region = self.lines[range.clone()].concat();
        let ending = ending(&region, self.body);
        let mut kept = self.lines[range].iter();
        for (mark, text) in &hunk.lines {
            let old = if *mark == Mark::Added { None } else { kept.next() };
            match (mark, old) {
                (Mark::Removed, _) | (Mark::Same, None) => {}
                (Mark::Same, Some(line)) => {
                    end_line(result, ending);
                    result.extend_from_slice(line);
                }
                (Mark::Added, _) => {
                    end_line(result, ending);
                    result.extend_from_slice(text.as_bytes());
                    result.extend_from_slice(ending);
                }
            }
        }
    }
}

/// The file's last line may have no end; now something follows.
fn end_line(result: &mut Vec<u8>, ending: &[u8]) {
    if result.last().is_some_and(|last| !matches!(last, b'\n' | b'\r')) {
        result.extend_from_slice(ending);
    }
}
