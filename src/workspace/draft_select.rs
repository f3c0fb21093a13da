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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::ChangeId;
    use proptest::prelude::*;
    use std::path::PathBuf;

    fn modified(old: &[u8], new: &[u8]) -> Difference {
        let file = |bytes: &[u8]| Side::File { bytes: bytes.to_vec(), executable: false };
        let (old, new) = (file(old), file(new));
        Difference { path: PathBuf::from("f"), from: None, old, new, is_conflict: false }
    }

    fn taken(
        difference: &Difference,
        hunks: Option<Vec<HunkPick>>,
        half: Half,
    ) -> Result<Vec<u8>, PickError> {
        let pick = Pick { id: ChangeId::default(), hunks };
        Ok(select(difference, &pick, half)?.bytes().to_vec())
    }

    fn texts() -> impl Strategy<Value = Vec<u8>> {
        let line = proptest::sample::select(vec!["a\n", "b\r\n", "}\n", "\n", "\u{fd}c\n", "d\n"]);
        let last = proptest::sample::select(vec!["", "end", "e"]);
        (proptest::collection::vec(line, 0..30), last)
            .prop_map(|(lines, last)| [lines.concat(), last.to_owned()].concat().into_bytes())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn all_parts_give_the_new_side_and_none_the_old(old in texts(), new in texts()) {
            let difference = modified(&old, &new);
            let hunks = text::hunks(&old, &new, CONTEXT_LINES);
            let all: Vec<_> = (0..hunks.len()).map(|hunk| HunkPick { hunk, lines: None }).collect();
            for (picks, half, expected) in [
                (Some(all.clone()), Half::Picked, &new),
                (Some(all), Half::Rest, &old),
                (Some(Vec::new()), Half::Picked, &old),
                (Some(Vec::new()), Half::Rest, &new),
                (None, Half::Picked, &new),
                (None, Half::Rest, &old),
            ] {
                prop_assert_eq!(&taken(&difference, picks, half).unwrap(), expected);
            }
        }

        /// A choice of lines against the same choice made with marks: each line of the result is a
        /// line of one side, in the order in which the diff shows them.
        #[test]
        fn any_choice_of_lines_is_exact_or_refused(
            old in texts(), new in texts(), seed in any::<u64>()
        ) {
            let difference = modified(&old, &new);
            let hunks = text::hunks(&old, &new, CONTEXT_LINES);
            let is_chosen = |hunk: usize, line: usize| {
                seed.rotate_left((hunk * 7 + line * 13) as u32) & 1 == 1
            };
            let picks = hunks.iter().enumerate().map(|(hunk, it)| {
                let lines = (0..it.lines.len()).filter(|line| is_chosen(hunk, *line)).collect();
                HunkPick { hunk, lines: Some(lines) }
            });
            let picks: Vec<_> = picks.collect();
            let expected = |half: Half| {
                let (old, new) = (lines(&old), lines(&new));
                let (mut from_old, mut from_new) = (old.iter(), new.iter());
                let mut marked = Vec::new();
                let mut at = 0;
                for (index, hunk) in hunks.iter().enumerate() {
                    let start = hunk.old_start as usize - usize::from(hunk.old_lines > 0);
                    for _ in at..start {
                        from_new.next();
                        marked.push(*from_old.next().unwrap());
                    }
                    at = start + hunk.old_lines as usize;
                    for (line, shown) in hunk.lines.iter().enumerate() {
                        let is_in = is_chosen(index, line) == (half == Half::Picked);
                        let old = (shown.kind != LineKind::Added).then(|| *from_old.next().unwrap());
                        let new = (shown.kind != LineKind::Removed).then(|| *from_new.next().unwrap());
                        match shown.kind {
                            LineKind::Same => marked.extend(old),
                            LineKind::Removed => marked.extend(old.filter(|_| !is_in)),
                            LineKind::Added => marked.extend(new.filter(|_| is_in)),
                        }
                    }
                }
                marked.extend(from_old.copied());
                marked
            };
            for half in [Half::Picked, Half::Rest] {
                let marked = expected(half);
                let fits = marked.iter().rev().skip(1).all(|line| line.ends_with(b"\n"));
                match taken(&difference, Some(picks.clone()), half) {
                    Ok(bytes) => prop_assert!(fits && bytes == marked.concat()),
                    Err(PickError::Unended { .. }) => prop_assert!(!fits),
                    Err(error) => prop_assert!(false, "{}", error),
                }
            }
        }
    }

    #[test]
    fn a_file_that_came_or_went_goes_with_its_last_line() {
        let (some, none) = (modified(b"", b"1\n2\n").new, Side::Absent);
        let created = Difference { old: none.clone(), ..modified(b"", b"1\n2\n") };
        let deleted = Difference { new: none.clone(), ..modified(b"1\n2\n", b"") };
        let lines = |lines: &[usize]| {
            let lines = Some(lines.to_vec());
            Pick { id: ChangeId::default(), hunks: Some(vec![HunkPick { hunk: 0, lines }]) }
        };
        for (difference, half, picked, expected) in [
            (&created, Half::Rest, &[0, 1][..], &none),
            (&created, Half::Picked, &[0, 1], &some),
            (&deleted, Half::Picked, &[0, 1], &none),
            (&deleted, Half::Rest, &[0, 1], &some),
        ] {
            assert_eq!(select(difference, &lines(picked), half).unwrap(), *expected);
        }
        assert_eq!(select(&deleted, &lines(&[0]), Half::Picked).unwrap().bytes(), b"2\n");
        assert_eq!(select(&created, &lines(&[1]), Half::Picked).unwrap().bytes(), b"2\n");
        assert_eq!(select(&created, &lines(&[]), Half::Picked).unwrap(), none);
    }
}
