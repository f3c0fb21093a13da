//! Three-way merges: what two sides made of a base, brought together where they do not touch the
//! same lines. On bytes: every line comes whole from one of the three, with the end that it has there.

use super::base::{Base, Bases, Content};
use super::compare::Side;
use super::proposal::is_binary;
use crate::text::kept_lines;

/// Who changed a path since its base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Both sides are the same.
    Same,
    /// Only the tree: nothing of the draft's is pending.
    Theirs,
    /// Only the draft.
    Ours,
    /// Both, and this is what comes of it; the tree's changes are all in it.
    Merged(Side),
    Conflict,
}

pub(super) fn judge(base: &Base, bases: &Bases, tree: &Side, draft: &Side) -> Verdict {
    if tree == draft {
        return Verdict::Same;
    }
    if base.content == Content::Unknown {
        return Verdict::Conflict;
    }
    if Content::of(tree) == base.content {
        return Verdict::Ours;
    }
    if Content::of(draft) == base.content {
        return Verdict::Theirs;
    }
    let (
        Content::File { hash, executable: was },
        Side::File { bytes: theirs, executable: their_mode },
        Side::File { bytes: ours, executable: our_mode },
    ) = (&base.content, tree, draft)
    else {
        return Verdict::Conflict;
    };
    let executable = if our_mode == was { *their_mode } else { *our_mode };
    let is_content_same = ours == theirs;
    let merged = if is_content_same {
        Some(ours.clone())
    } else {
        bases.content(hash).and_then(|base| merge(&base, ours, theirs))
    };
    match merged.map(|bytes| Side::File { bytes, executable }) {
        None => Verdict::Conflict,
        Some(merged) if merged == *tree => Verdict::Theirs,
        Some(merged) => Verdict::Merged(merged),
    }
}

/// None where both changed the same lines, or lines that touch, differently.
pub(super) fn merge(base: &[u8], ours: &[u8], theirs: &[u8]) -> Option<Vec<u8>> {
    if ours == theirs || theirs == base {
        return Some(ours.to_owned());
    }
    if ours == base {
        return Some(theirs.to_owned());
    }
    if [base, ours, theirs].into_iter().any(is_binary) {
        return None;
    }
    let base_lines = lines(base);
    let (ours, theirs) = (Changed::new(base, ours), Changed::new(base, theirs));
    let mut merged = Vec::with_capacity(base.len());
    let (mut at, mut our_next, mut their_next) = (0, 0, 0);
    loop {
        let (one, other) = (ours.parts.get(our_next), theirs.parts.get(their_next));
        let (part, is_ours) = match (one, other) {
            (None, None) => break,
            (Some(one), Some(other)) if one == other => {
                their_next += 1;
                (one, true)
            }
            (Some(one), Some(other)) if one.touches(other) => return None,
            (Some(one), Some(other)) if one.from > other.from => (other, false),
            (Some(one), _) => (one, true),
            (None, Some(other)) => (other, false),
        };
        if is_ours {
            our_next += 1;
        } else {
            their_next += 1;
        }
        merged.extend_from_slice(&base_lines.get(at..part.from)?.concat());
        merged.extend_from_slice(&part.lines.concat());
        at = part.to;
    }
    merged.extend_from_slice(&base_lines.get(at..)?.concat());
    Some(merged)
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// What a side made of the base's lines.
struct Changed<'a> {
    parts: Vec<Part<'a>>,
}

/// In place of the base's lines `from..to`.
#[derive(PartialEq, Eq)]
struct Part<'a> {
    from: usize,
    to: usize,
    lines: Vec<&'a [u8]>,
}

impl Part<'_> {
    /// Parts that only meet touch, too: nobody can say which comes first, or what a line between
    /// the two meant to them.
    const fn touches(&self, other: &Part<'_>) -> bool {
        self.from <= other.to && other.from <= self.to
    }
}

impl<'a> Changed<'a> {
    fn new(base: &[u8], side: &'a [u8]) -> Self {
        let end = lines(base).len();
        let mut parts = Vec::new();
        let mut next = 0;
        let mut fresh: Vec<&[u8]> = Vec::new();
        let kept = kept_lines(base, side).into_iter().zip(lines(side));
        // As if the end itself were a line that both keep.
        for (kept, line) in kept.chain([(Some(end), &b""[..])]) {
            let Some(at) = kept else {
                fresh.push(line);
                continue;
            };
            if at > next || !fresh.is_empty() {
                parts.push(Part { from: next, to: at, lines: std::mem::take(&mut fresh) });
            }
            next = at + 1;
        }
        Changed { parts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn changes_apart_are_brought_together_and_changes_that_touch_are_not() {
        let base = b"1\r\n2\n3\n4\n5";
        assert_eq!(
            merge(base, b"one\r\n2\n3\n4\n5", b"1\r\n2\n3\n4\nfive").unwrap(),
            b"one\r\n2\n3\n4\nfive"
        );
        assert_eq!(
            merge(base, b"1\r\n2\n3\n5", b"0\n1\r\n2\n3\n4\n5").unwrap(),
            b"0\n1\r\n2\n3\n5"
        );
        // The same on both sides counts once.
        assert_eq!(
            merge(base, b"x\n2\n3\n4\n5", b"x\n2\n3\nfour\n5").unwrap(),
            b"x\n2\n3\nfour\n5"
        );
        assert_eq!(merge(base, b"1\r\nx\n3\n4\n5", b"1\r\ny\n3\n4\n5"), None);
        assert_eq!(merge(base, b"1\r\nx\n3\n4\n5", b"1\r\n2\ny\n4\n5"), None);
        assert_eq!(merge(b"a\n", b"a\nb\n", b"a\nc\n"), None);
        assert_eq!(merge(b"\0a\n\n\nb", b"\0x\n\n\nb", b"\0a\n\n\ny"), None);
    }

    fn some_lines() -> impl Strategy<Value = Vec<u8>> {
        let line = proptest::sample::select(vec!["a\n", "b\r\n", "}\n", "\n", "c\n", "d"]);
        proptest::collection::vec(line, 0..20).prop_map(|lines| lines.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn a_side_that_changed_nothing_takes_what_the_other_did(base in some_lines(), side in some_lines()) {
            prop_assert_eq!(merge(&base, &base, &side), Some(side.clone()));
            prop_assert_eq!(merge(&base, &side, &base), Some(side.clone()));
            prop_assert_eq!(merge(&base, &side, &side), Some(side));
        }

        #[test]
        fn which_side_is_which_makes_no_difference(
            base in some_lines(), one in some_lines(), other in some_lines()
        ) {
            prop_assert_eq!(merge(&base, &one, &other), merge(&base, &other, &one));
        }

        #[test]
        fn changes_in_different_thirds_are_both_kept(
            head in some_lines(), tail in some_lines(), new_head in some_lines(), new_tail in some_lines()
        ) {
            let between = (0..8).map(|line| format!("{line} stays\n")).collect::<String>().into_bytes();
            let text = |head: &[u8], tail: &[u8]| [head, b"\n", &between, tail].concat();
            let merged = merge(&text(&head, &tail), &text(&new_head, &tail), &text(&head, &new_tail));
            prop_assert_eq!(merged, Some(text(&new_head, &new_tail)));
        }
    }
}
