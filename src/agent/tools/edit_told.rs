//! What the user decided of an edit's changes, and what the model is told of them.

use super::{Call, Said};
use crate::agent::Out;
use crate::protocol::{
    Answer, Body, Change, ChangeKind, Detail, EditState, HunkRef, Item, Outcome,
};
use crate::workspace::{Accepted, Proposal};

/// What the user said of proposals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    /// Of each change.
    pub(super) accepted: Vec<Accepted>,
    pub(super) comment: Option<String>,
}

impl Decision {
    pub(super) fn all(changes: usize) -> Self {
        Self { accepted: vec![Accepted::All; changes], comment: None }
    }

    fn nothing(changes: usize, comment: Option<String>) -> Self {
        Self { accepted: vec![Accepted::Hunks(Vec::new()); changes], comment }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.accepted.iter().all(is_none)
    }

    /// Whether all of a change was accepted; None: nothing of it.
    pub(super) fn extent(&self, index: usize) -> Option<bool> {
        let accepted = self.accepted.get(index).filter(|accepted| !is_none(accepted))?;
        Some(*accepted == Accepted::All)
    }
}

fn is_none(accepted: &Accepted) -> bool {
    matches!(accepted, Accepted::Hunks(hunks) if hunks.is_empty())
}

pub(super) fn decide(answer: Answer, changes: &[Change]) -> Decision {
    let count = changes.len();
    match answer {
        Answer::Yes | Answer::Always => Decision::all(count),
        Answer::No { comment } => Decision::nothing(count, comment),
        Answer::Decision(_) | Answer::Later => Decision::nothing(count, None),
        Answer::Text(comment) => Decision::nothing(count, Some(comment)),
        Answer::Hunks { accepted, comment } => {
            Decision { accepted: chosen(&accepted, changes), comment }
        }
    }
}

/// A change without hunks (a mere move, an empty file) has nothing to choose: it is accepted along with
/// all of the others.
fn chosen(accepted: &[HunkRef], changes: &[Change]) -> Vec<Accepted> {
    let of = |(index, change): (usize, &Change)| {
        let of_this = |hunk: &&HunkRef| hunk.change == index && hunk.hunk < change.hunks.len();
        let mut hunks: Vec<_> = accepted.iter().filter(of_this).map(|hunk| hunk.hunk).collect();
        hunks.sort_unstable();
        hunks.dedup();
        let is_all = !hunks.is_empty() && hunks.len() == change.hunks.len();
        if is_all { Accepted::All } else { Accepted::Hunks(hunks) }
    };
    let mut chosen: Vec<_> = changes.iter().enumerate().map(of).collect();
    let with_hunks = || chosen.iter().zip(changes).filter(|(_, change)| !change.hunks.is_empty());
    let is_everything =
        with_hunks().count() > 0 && with_hunks().all(|(accepted, _)| *accepted == Accepted::All);
    if is_everything {
        chosen.fill(Accepted::All);
    }
    chosen
}

/// One line for each file: the code just written is not echoed back.
pub(super) fn told(proposals: &[Proposal], decision: &Decision) -> Said {
    let changes = proposals.iter().map(|proposal| &proposal.change);
    let mut lines = Vec::new();
    for (change, accepted) in changes.clone().zip(&decision.accepted) {
        lines.push(line(change, accepted));
        lines.extend(change.note.as_ref().map(|note| format!("note: {note}")));
    }
    lines.extend(decision.comment.as_ref().map(|comment| format!("the user says: {comment}")));
    let counts = changes.clone().map(Change::counts);
    let (added, removed) = counts.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    let paths: Vec<_> = changes.map(|change| change.path.as_str()).collect();
    let detail = Detail::Edit { path: paths.join(", "), added, removed };
    Said { outcome: Outcome::Done, text: lines.join("\n"), detail }
}

fn line(change: &Change, accepted: &Accepted) -> String {
    let (added, removed) = change.counts();
    let path = match &change.from {
        Some(from) => format!("{from} -> {}", change.path),
        None => change.path.clone(),
    };
    match accepted {
        Accepted::All if change.kind == ChangeKind::Deleted => format!("{path} deleted"),
        Accepted::All => format!("{path} +{added} -{removed}"),
        Accepted::Hunks(hunks) if hunks.is_empty() => format!("{path}: the user rejected it"),
        Accepted::Hunks(hunks) => {
            let left_out = (0..change.hunks.len()).filter(|hunk| !hunks.contains(hunk));
            let left_out = left_out.map(|hunk| header(change, hunk)).collect::<Vec<_>>();
            format!(
                "{path}: the user accepted {} of {} hunks; left out: {}",
                hunks.len(),
                change.hunks.len(),
                left_out.join(", ")
            )
        }
    }
}

/// `-12,4 +12,6`: a hunk by its lines.
fn header(change: &Change, hunk: usize) -> String {
    let hunk = &change.hunks[hunk];
    format!("-{},{} +{},{}", hunk.old_start, hunk.old_lines, hunk.new_start, hunk.new_lines)
}

pub(super) fn show_all(
    call: &Call,
    proposals: &[Proposal],
    state: impl Fn(usize) -> EditState,
    out: &dyn Out,
) {
    for (index, proposal) in proposals.iter().enumerate() {
        let (call, change) = (call.id.clone(), proposal.change.clone());
        out.emit(Body::Item(Item::Edit { call, change, state: state(index) }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Hunk;

    fn change(hunks: usize) -> Change {
        let hunk = |number: u32| Hunk {
            old_start: number,
            old_lines: 1,
            new_start: number,
            new_lines: 1,
            section: None,
            lines: Vec::new(),
        };
        Change::new("a", ChangeKind::Modified, (0..hunks as u32).map(hunk).collect())
    }

    fn decided(changes: &[Change], hunks: &[(usize, usize)]) -> Decision {
        let accepted = hunks.iter().map(|(change, hunk)| HunkRef { change: *change, hunk: *hunk });
        decide(Answer::Hunks { accepted: accepted.collect(), comment: None }, changes)
    }

    #[test]
    fn all_hunks_chosen_is_everything_and_none_is_a_no() {
        let one = [change(3)];
        assert_eq!(decided(&one, &[(0, 2), (0, 0), (0, 1)]), Decision::all(1));
        assert_eq!(
            decided(&one, &[(0, 2), (0, 0), (0, 2)]).accepted,
            [Accepted::Hunks(vec![0, 2])]
        );
        assert!(decided(&one, &[]).is_nothing());
        assert!(
            decided(&one, &[(0, 7), (1, 0)]).is_nothing(),
            "a hunk that does not exist is no yes"
        );
    }

    #[test]
    fn hunks_are_told_apart_by_their_change() {
        let two = [change(1), change(2)];
        let some = decided(&two, &[(1, 1)]);
        assert_eq!(some.accepted, [Accepted::Hunks(vec![]), Accepted::Hunks(vec![1])]);
        assert_eq!((some.extent(0), some.extent(1)), (None, Some(false)));
        assert_eq!(decided(&two, &[(0, 0)]).extent(0), Some(true));
    }

    #[test]
    fn what_has_no_hunks_goes_with_all_of_the_others_or_not_at_all() {
        let both = [change(0), change(2)];
        assert_eq!(decided(&both, &[(1, 0), (1, 1)]), Decision::all(2));
        assert_eq!(decided(&both, &[(1, 0)]).accepted[0], Accepted::Hunks(vec![]));
        assert!(decided(&[change(0)], &[]).is_nothing());
    }
}
