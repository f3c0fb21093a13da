//! Parts of a change: what a file holds when only some of its hunks, or of their lines, are taken.

use super::compare::{Difference, Side};
use super::{CONTEXT_LINES, PickError};
use crate::protocol::{HunkPick, LineKind, Pick};
use crate::text;

/// Which half of a change a content is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    /// The old side with the parts that were picked.
    Picked,
    /// The old side with all others.
    Rest,
}

/// What the path would have. A pick of nothing gives the old side. All lines of a file that went
/// are the file itself; a mode goes only with the whole.
pub(super) fn select(difference: &Difference, pick: &Pick, half: Half) -> Result<Side, PickError> {
    let path = || difference.path.to_string_lossy().into_owned();
    let Some(picks) = &pick.hunks else {
        return Ok(match half {
            Half::Picked => difference.new.clone(),
            Half::Rest => difference.old.clone(),
        });
    };
    if picks.is_empty() && half == Half::Picked {
        return Ok(difference.old.clone());
    }
    if !difference.has_lines() {
        return Err(PickError::Whole { path: path() });
    }
    let (old, new) = (difference.old.bytes(), difference.new.bytes());
    let choice =
        Choice::new(old, new, picks).map_err(|hunk| PickError::Hunk { path: path(), hunk })?;
    let is_all = choice.is_all(half);
    let bytes = choice.text(old, new, half).ok_or_else(|| PickError::Unended { path: path() })?;
    Ok(match (&difference.old, &difference.new) {
        (_, Side::Absent) if is_all => Side::Absent,
        (Side::Absent | Side::Other, _) if choice.is_none(half) => difference.old.clone(),
        (old, new) => {
            // A mode that is not picked stays pending.
            let first = if half == Half::Picked { [old, new] } else { [new, old] };
            let executable = first.into_iter().find_map(Side::executable).unwrap_or_default();
            Side::File { bytes, executable }
        }
    })
}

/// The hunks of two texts, and which of their changed lines are meant.
struct Choice {
    hunks: Vec<crate::protocol::Hunk>,
    /// For each line of each hunk.
    chosen: Vec<Vec<bool>>,
}

impl Choice {
    /// Err: a hunk, or a line of it, that does not exist.
    fn new(old: &[u8], new: &[u8], picks: &[HunkPick]) -> Result<Choice, usize> {
        let hunks = text::hunks(old, new, CONTEXT_LINES);
        let mut chosen: Vec<_> = hunks.iter().map(|hunk| vec![false; hunk.lines.len()]).collect();
        for pick in picks {
            let lines = chosen.get_mut(pick.hunk).ok_or(pick.hunk)?;
            match &pick.lines {
                None => lines.fill(true),
                Some(picked) => {
                    for line in picked {
                        *lines.get_mut(*line).ok_or(pick.hunk)? = true;
                    }
                }
            }
        }
        Ok(Choice { hunks, chosen })
    }

    fn changed(&self) -> impl Iterator<Item = bool> + '_ {
        self.hunks.iter().zip(&self.chosen).flat_map(|(hunk, chosen)| {
            let lines = hunk.lines.iter().zip(chosen);
            lines.filter(|(line, _)| line.kind != LineKind::Same).map(|(_, chosen)| *chosen)
        })
    }

    fn is_all(&self, half: Half) -> bool {
        self.changed().all(|chosen| chosen == (half == Half::Picked))
    }

    fn is_none(&self, half: Half) -> bool {
        self.changed().all(|chosen| chosen != (half == Half::Picked))
    }

    /// None where a line that no newline ends would come before another one.
    fn text(&self, old: &[u8], new: &[u8], half: Half) -> Option<Vec<u8>> {
        let (old, new) = (lines(old), lines(new));
        let mut taken: Vec<&[u8]> = Vec::new();
        let mut next = 0;
        for (hunk, chosen) in self.hunks.iter().zip(&self.chosen) {
            let start =
                |start: u32, lines: u32| start.saturating_sub(u32::from(lines > 0)) as usize;
            let from = start(hunk.old_start, hunk.old_lines);
            taken.extend(old.get(next..from)?);
            next = from;
            let mut fresh = start(hunk.new_start, hunk.new_lines);
            for (line, chosen) in hunk.lines.iter().zip(chosen) {
                let is_taken = *chosen == (half == Half::Picked);
                let (is_old, is_new) =
                    (line.kind != LineKind::Added, line.kind != LineKind::Removed);
                match line.kind {
                    LineKind::Same => taken.push(old.get(next)?),
                    LineKind::Removed if !is_taken => taken.push(old.get(next)?),
                    LineKind::Added if is_taken => taken.push(new.get(fresh)?),
                    LineKind::Removed | LineKind::Added => {}
                }
                next += usize::from(is_old);
                fresh += usize::from(is_new);
            }
        }
        taken.extend(old.get(next..)?);
        let (_, before) = taken.split_last().unwrap_or((&&[][..], &[]));
        before.iter().all(|line| line.ends_with(b"\n")).then(|| taken.concat())
    }
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}
