//! Renames: a file that went and one that came with much the same lines.

use super::WorkspaceError;
use super::base::hash;
use super::compare::{Difference, Side};
use super::draft::{Draft, Entry, Inner};
use crate::protocol::ChangeKind;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

/// In a hundred: lines that the larger of the two must share with the other.
const ALIKE_PERCENT: usize = 60;
/// Pairs whose lines are compared; of more files only those with equal content are paired.
const PAIRS_MAX: usize = 10_000;
/// Bytes of a file whose lines are compared.
const LINES_BYTES_MAX: usize = 1024 * 1024;

/// What is needed of a file to tell what it is like.
#[derive(Debug)]
pub(super) struct Sketch {
    hash: String,
    /// Hashes of its lines, sorted; empty of a binary or a large file.
    lines: Vec<u64>,
}

impl Sketch {
    /// Of a file that went or came without a conflict; an empty one is like nothing.
    pub(super) fn new(difference: &Difference) -> Option<Sketch> {
        let sides = (&difference.old, &difference.new);
        let ((Side::File { bytes, .. }, Side::Absent) | (Side::Absent, Side::File { bytes, .. })) =
            sides
        else {
            return None;
        };
        if difference.is_conflict || bytes.is_empty() {
            return None;
        }
        let mut lines = Vec::new();
        if bytes.len() <= LINES_BYTES_MAX && !difference.is_binary() {
            lines.extend(bytes.split_inclusive(|byte| *byte == b'\n').map(|line| {
                let mut hasher = DefaultHasher::new();
                hasher.write(line);
                hasher.finish()
            }));
            lines.sort_unstable();
        }
        Some(Sketch { hash: hash(bytes), lines })
    }

    /// Lines that both have, in a hundred of the larger one's.
    fn alike(&self, other: &Sketch) -> usize {
        let (mut one, mut two) = (self.lines.as_slice(), other.lines.as_slice());
        let most = one.len().max(two.len());
        if one.len().min(two.len()) * 100 < most * ALIKE_PERCENT || most == 0 {
            return 0;
        }
        let mut shared = 0;
        while let ([first, one_rest @ ..], [second, two_rest @ ..]) = (one, two) {
            shared += usize::from(first == second);
            (one, two) = match first.cmp(second) {
                std::cmp::Ordering::Less => (one_rest, two),
                std::cmp::Ordering::Greater => (one, two_rest),
                std::cmp::Ordering::Equal => (one_rest, two_rest),
            };
        }
        shared * 100 / most
    }
}

/// Puts one renamed file in place of each pair.
pub(super) fn pair(
    draft: &Draft,
    inner: &mut Inner,
    entries: &mut Vec<Entry>,
    bytes_left: &mut u64,
) -> Result<(), WorkspaceError> {
    let of = |kind: ChangeKind| -> Vec<usize> {
        let alike = |entry: &Entry| entry.sketch.is_some() && entry.change.kind == kind;
        (0..entries.len()).filter(|index| alike(&entries[*index])).collect()
    };
    let pairs = pairs(entries, &of(ChangeKind::Deleted), &of(ChangeKind::Created));
    let mut known = BTreeMap::new();
    let mut paired = BTreeSet::new();
    for (gone, come) in pairs {
        let ids = (entries[gone].change.id.clone(), entries[come].change.id.clone());
        let change = match inner.renames.get(&ids) {
            Some(change) => Arc::clone(change),
            None => match draft.renamed(inner, [&entries[gone], &entries[come]])? {
                Some(difference) => Arc::new(difference.change(bytes_left)),
                // One of them has changed again: the next look will tell.
                None => continue,
            },
        };
        known.insert(ids, Arc::clone(&change));
        paired.insert(gone);
        entries[come].from = Some(entries[gone].path.clone());
        entries[come].change = change;
    }
    inner.renames = known;
    let mut index = 0;
    entries.retain(|_| {
        index += 1;
        !paired.contains(&(index - 1))
    });
    Ok(())
}

/// Which of the files that went became which of those that came, each at most once: those with
/// equal content first, then the most alike.
fn pairs(entries: &[Entry], gone: &[usize], come: &[usize]) -> Vec<(usize, usize)> {
    let sketch = |index: usize| entries[index].sketch.as_deref();
    let name = |index: usize| entries[index].path.file_name();
    let mut by_hash: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for index in gone {
        if let Some(sketch) = sketch(*index) {
            by_hash.entry(&sketch.hash).or_default().push(*index);
        }
    }
    let (mut pairs, mut used) = (Vec::new(), BTreeSet::new());
    for index in come {
        let same = sketch(*index).and_then(|sketch| by_hash.get_mut(sketch.hash.as_str()));
        let Some(same) = same.filter(|same| !same.is_empty()) else { continue };
        let at = same.iter().position(|gone| name(*gone) == name(*index)).unwrap_or(0);
        let gone = same.remove(at);
        used.extend([gone, *index]);
        pairs.push((gone, *index));
    }
    let free = |indices: &[usize]| -> Vec<usize> {
        indices.iter().copied().filter(|index| !used.contains(index)).collect()
    };
    let (gone, come) = (free(gone), free(come));
    if gone.len().saturating_mul(come.len()) > PAIRS_MAX {
        return pairs;
    }
    let mut alike = Vec::new();
    for one in &gone {
        for other in &come {
            let percent = match (sketch(*one), sketch(*other)) {
                (Some(one), Some(other)) => one.alike(other),
                _ => 0,
            };
            if percent >= ALIKE_PERCENT {
                let is_other_name = name(*one) != name(*other);
                alike.push((std::cmp::Reverse(percent), is_other_name, *one, *other));
            }
        }
    }
    alike.sort_unstable();
    for (_, _, gone, come) in alike {
        if !used.contains(&gone) && !used.contains(&come) {
            used.extend([gone, come]);
            pairs.push((gone, come));
        }
    }
    pairs
}
