//! Where a patch's hunks are in a text, and what the text becomes. A hunk that has no place of its
//! own is refused, not guessed.

use super::{Mark, TextHunk};
use crate::workspace::nearest::{Nearest, nearest};
use std::collections::BTreeSet;
use std::fmt;

/// Places that are listed.
const LISTED_MAX: usize = 5;

/// What a text becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::workspace) struct Placed {
    pub(in crate::workspace) text: Vec<u8>,
    /// Chosen hunks that the text has already; from 0.
    pub(in crate::workspace) already: BTreeSet<usize>,
}

/// A hunk without a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::workspace) struct Miss {
    /// From 0.
    pub(in crate::workspace) hunk: usize,
    why: Why,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    Nowhere {
        line: usize,
        nearest: Option<Nearest>,
    },
    /// Line numbers from 1, the first of `count`.
    Several {
        lines: Vec<usize>,
        count: usize,
    },
    Order {
        line: usize,
    },
    /// It is there, and could be put there again.
    Again {
        line: usize,
    },
}

impl fmt::Display for Miss {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::Nowhere { line, nearest: None } => {
                write!(
                    out,
                    "its lines (line {line} in the patch's file) are not there, and nothing near them is"
                )
            }
            Why::Nowhere { line, nearest: Some(nearest) } => {
                write!(out, "its lines (line {line} in the patch's file) are not there; {nearest}")
            }
            Why::Several { lines, count } => {
                let shown: Vec<String> = lines.iter().map(usize::to_string).collect();
                let more = if *count > lines.len() { ", …" } else { "" };
                write!(out, "it fits in {count} places, at lines {}{more}", shown.join(", "))
            }
            Why::Order { line } => {
                write!(out, "it fits only at line {line}, where another hunk is or before it")
            }
            Why::Again { line } => {
                write!(
                    out,
                    "at line {line} it seems to be in the file already, and would fit once more"
                )
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    After,
}

/// Puts the chosen hunks into a text. `is_base` says of a text whether it is the one that the patch
/// was made from; None: that is not known. Each hunk is then at its own line; where it is not so,
/// and the text has changed otherwise, a hunk must fit in one place only.
pub(in crate::workspace) fn place(
    text: &[u8],
    hunks: &[TextHunk],
    chosen: &dyn Fn(usize) -> bool,
    is_base: &dyn Fn(&[u8]) -> Option<bool>,
) -> Result<Placed, Vec<Miss>> {
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    if let Some(places) = at_their_lines(&lines, hunks) {
        let base = written(&lines, hunks, &places, &|_| State::Before);
        if is_base(&base).unwrap_or(true) {
            let wanted = |hunk: usize| {
                if chosen(hunk) {
                    State::After
                } else {
                    places[hunk].map_or(State::Before, |it| it.1)
                }
            };
            let already = (0..hunks.len()).filter(|hunk| {
                chosen(*hunk) && places[*hunk].is_some_and(|it| it.1 == State::After)
            });
            let already = already.collect();
            return Ok(Placed { text: written(&lines, hunks, &places, &wanted), already });
        }
    }
    alone(&lines, hunks, chosen)
}

/// Where a hunk is, and whether the text has it already.
type Place = Option<(usize, State)>;

/// Each hunk at its own line, as the hunks before it have moved it; None if one is not there.
fn at_their_lines(lines: &[&[u8]], hunks: &[TextHunk]) -> Option<Vec<Place>> {
    // Lines that the hunks before it have brought already.
    let mut moved = 0_isize;
    let mut places = Vec::new();
    for hunk in hunks {
        let at = hunk.old_at.checked_add_signed(moved)?;
        let (old, new) = (hunk.before(), hunk.after());
        let state = if hunk.fits(lines, &old, at) {
            State::Before
        } else if hunk.fits(lines, &new, at) {
            moved += new.len() as isize - old.len() as isize;
            State::After
        } else {
            return None;
        };
        places.push(Some((at, state)));
    }
    Some(places)
}

/// Each chosen hunk wherever its lines are, if that is one place.
fn alone(
    lines: &[&[u8]],
    hunks: &[TextHunk],
    chosen: &dyn Fn(usize) -> bool,
) -> Result<Placed, Vec<Miss>> {
    let (mut places, mut misses): (Vec<Place>, Vec<Miss>) = (Vec::new(), Vec::new());
    let mut from = 0;
    for (index, hunk) in hunks.iter().enumerate() {
        if !chosen(index) {
            places.push(None);
            continue;
        }
        match hunk.only_place(lines, from) {
            Ok((at, state)) => {
                from = at
                    + if state == State::Before { hunk.before().len() } else { hunk.after().len() };
                places.push(Some((at, state)));
            }
            Err(why) => {
                misses.push(Miss { hunk: index, why });
                places.push(None);
            }
        }
    }
    if !misses.is_empty() {
        return Err(misses);
    }
    let already = places.iter().enumerate();
    let already = already.filter(|(_, it)| it.is_some_and(|it| it.1 == State::After));
    let already = already.map(|(index, _)| index).collect();
    Ok(Placed { text: written(lines, hunks, &places, &|_| State::After), already })
}

/// The text with each hunk that has a place in the state that is wanted of it.
fn written(
    lines: &[&[u8]],
    hunks: &[TextHunk],
    places: &[Place],
    wanted: &dyn Fn(usize) -> State,
) -> Vec<u8> {
    let (mut text, mut next) = (Vec::new(), 0);
    for (index, (hunk, place)) in hunks.iter().zip(places).enumerate() {
        let Some((at, state)) = *place else { continue };
        let of = |state| if state == State::Before { hunk.before() } else { hunk.after() };
        lines[next..at].iter().for_each(|line| text.extend_from_slice(line));
        of(wanted(index)).iter().for_each(|line| text.extend_from_slice(line));
        next = at + of(state).len();
    }
    lines[next..].iter().for_each(|line| text.extend_from_slice(line));
    text
}

impl TextHunk {
    /// Whether these lines of the hunk are there. One without lines before it belongs to a text's
    /// beginning, one with lines before it alone to its end.
    fn fits(&self, lines: &[&[u8]], side: &[&[u8]], at: usize) -> bool {
        let end = at + side.len();
        let changes = |line: Option<&(Mark, Vec<u8>)>| line.is_none_or(|it| it.0 != Mark::Same);
        let (opens, closes) = (changes(self.lines.first()), changes(self.lines.last()));
        let is_beginning = opens && self.old_at == 0;
        // With lines around it nowhere, it comes of a patch that shows none.
        let is_end = closes && (is_beginning || !opens);
        lines.get(at..end) == Some(side)
            && (!is_beginning || at == 0)
            && (!is_end || end == lines.len())
    }

    fn only_place(&self, lines: &[&[u8]], from: usize) -> Result<(usize, State), Why> {
        let (old, new) = (self.before(), self.after());
        let places = |side: &[&[u8]]| -> Vec<usize> {
            (0..=lines.len().saturating_sub(side.len()))
                .filter(|at| self.fits(lines, side, *at))
                .collect()
        };
        let (before, after) = (places(&old), places(&new));
        let adds = self.lines.iter().any(|line| line.0 == Mark::Added);
        match before[..] {
            // What it adds would be added again beside itself.
            [at] if adds && after.iter().any(|it| *it < at + old.len() && at < it + new.len()) => {
                Err(Why::Again { line: at + 1 })
            }
            [at] if at < from => Err(Why::Order { line: at + 1 }),
            [at] => Ok((at, State::Before)),
            [] => match after[..] {
                [at] if at >= from && adds => Ok((at, State::After)),
                _ => Err(Why::Nowhere {
                    line: self.old_at + 1,
                    nearest: nearest(&lines.concat(), &old.concat()),
                }),
            },
            _ => {
                let shown = before.iter().take(LISTED_MAX).map(|at| at + 1).collect();
                Err(Why::Several { lines: shown, count: before.len() })
            }
        }
    }
}
