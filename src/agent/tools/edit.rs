//! edit: exact replacement, or a new file. Nothing is written before an answer, where one is needed.

use super::{BadArguments, Call, Said, arguments, logged, policy};
use crate::agent::{Out, World};
use crate::protocol::{
    Answer, Author, Body, Change, Detail, EditState, HunkRef, Item, Outcome, Question, Tool,
    TreeKind, Verdict,
};
use crate::workspace::{Accepted, Edit, Proposal, WriteError};
use serde::Deserialize;
use serde_json::json;

pub(super) const NAME: &str = "edit";

/// How often a file may change under an open question before brisk gives up on the edit.
const MOVED_MAX: usize = 8;

#[derive(Deserialize)]
struct Arguments {
    path: String,
    #[serde(default)]
    old: Option<String>,
    new: String,
}

pub(super) fn tool() -> Tool {
    Tool {
        name: NAME,
        description: "Replace `old`, which must occur exactly once in the file, with `new`; \
                      without `old` create the file."
            .to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {
                "path": {"type": "string"},
                "old": {"type": "string"},
                "new": {"type": "string"},
            },
            "required": ["path", "new"],
        }),
    }
}

pub(super) async fn run(call: &Call, world: &World, out: &dyn Out) -> Result<Said, BadArguments> {
    let Arguments { path, old, new } = arguments(call, &tool())?;
    let proposal = match world.workspace.propose(&Edit { path, old, new }) {
        Ok(proposal) => proposal,
        Err(error) => return Ok(Said::failed(error.to_string())),
    };
    let judgement = policy(world, out).edit(&proposal.change.path);
    Ok(match judgement.verdict {
        Verdict::Deny => Said::refused(&judgement.why),
        Verdict::Allow => write(call, proposal, world, out).await,
        Verdict::Ask => confirm(call, proposal, world, out).await,
    })
}

/// Writes without a question; a file that moved meanwhile is simply proposed anew.
async fn write(call: &Call, mut proposal: Proposal, world: &World, out: &dyn Out) -> Said {
    if let Err(said) = logged(out).await {
        return said;
    }
    for _ in 0..MOVED_MAX {
        match world.workspace.write(&proposal, &Accepted::All) {
            Ok(_) => {
                world.draft.touched(Author::Edit).await;
                return written(call, &proposal.change, None, world, out);
            }
            Err(WriteError::Moved(fresh)) => proposal = *fresh,
            Err(error) => return Said::failed(error.to_string()),
        }
    }
    Said::failed(format!("{} keeps changing; nothing was written", proposal.change.path))
}

/// Asks, hunk by hunk, and writes what was accepted.
async fn confirm(call: &Call, mut proposal: Proposal, world: &World, out: &dyn Out) -> Said {
    show(call, &proposal.change, EditState::Proposed, out);
    for round in 0..MOVED_MAX {
        let question = Question::Apply {
            call: call.id.clone(),
            changes: vec![proposal.change.clone()],
            again: round > 0,
        };
        let decision = decide(out.ask(question).await, &proposal.change);
        if decision.hunks.is_empty() && !decision.everything {
            show(call, &proposal.change, EditState::Rejected, out);
            let why = decision.comment.as_deref().unwrap_or("the user rejected the edit");
            return Said::refused(why);
        }
        if let Err(said) = logged(out).await {
            return said;
        }
        let accepted = if decision.everything {
            Accepted::All
        } else {
            Accepted::Hunks(decision.hunks.clone())
        };
        match world.workspace.write(&proposal, &accepted) {
            Ok(_) => {
                world.draft.touched(Author::Edit).await;
                return written(call, &proposal.change, Some(&decision), world, out);
            }
            Err(WriteError::Moved(fresh)) => proposal = *fresh,
            Err(error) => return Said::failed(error.to_string()),
        }
    }
    Said::failed(format!("{} keeps changing; nothing was written", proposal.change.path))
}

/// What the user said of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decision {
    everything: bool,
    hunks: Vec<usize>,
    comment: Option<String>,
}

fn decide(answer: Answer, change: &Change) -> Decision {
    let all = |everything, comment| Decision { everything, hunks: Vec::new(), comment };
    match answer {
        Answer::Yes | Answer::Always => all(true, None),
        Answer::No { comment } => all(false, comment),
        Answer::Decision(_) | Answer::Later => all(false, None),
        Answer::Text(comment) => all(false, Some(comment)),
        Answer::Hunks { accepted, comment } => {
            let of_this = |hunk: &HunkRef| hunk.change == 0 && hunk.hunk < change.hunks.len();
            let mut hunks: Vec<_> =
                accepted.iter().filter(|hunk| of_this(hunk)).map(|hunk| hunk.hunk).collect();
            hunks.sort_unstable();
            hunks.dedup();
            let everything = !hunks.is_empty() && hunks.len() == change.hunks.len();
            Decision { everything, hunks, comment }
        }
    }
}

/// One line: the code just written is not echoed back.
fn written(
    call: &Call,
    change: &Change,
    decision: Option<&Decision>,
    world: &World,
    out: &dyn Out,
) -> Said {
    let path = change.path.clone();
    let (added, removed) = change.counts();
    let partly = decision.filter(|decision| !decision.everything);
    let state = match (world.workspace.kind(), partly) {
        (TreeKind::Draft | TreeKind::Copy, _) => EditState::Pending,
        (TreeKind::InPlace, None) => EditState::Written,
        (TreeKind::InPlace, Some(_)) => EditState::Partly,
    };
    show(call, change, state, out);
    let mut text = match partly {
        None => format!("{path} +{added} -{removed}"),
        Some(decision) => {
            let left_out = (0..change.hunks.len()).filter(|hunk| !decision.hunks.contains(hunk));
            let left_out = left_out.map(|hunk| header(change, hunk)).collect::<Vec<_>>();
            format!(
                "{path}: the user accepted {} of {} hunks; left out: {}",
                decision.hunks.len(),
                change.hunks.len(),
                left_out.join(", ")
            )
        }
    };
    if let Some(comment) = decision.and_then(|decision| decision.comment.as_deref()) {
        text.push_str(&format!("\nthe user says: {comment}"));
    }
    if let Some(note) = &change.note {
        text.push_str(&format!("\nnote: {note}"));
    }
    let detail = Detail::Edit { path, added, removed };
    Said { outcome: Outcome::Done, text, detail }
}

/// `-12,4 +12,6`: a hunk by its lines.
fn header(change: &Change, hunk: usize) -> String {
    let hunk = &change.hunks[hunk];
    format!("-{},{} +{},{}", hunk.old_start, hunk.old_lines, hunk.new_start, hunk.new_lines)
}

fn show(call: &Call, change: &Change, state: EditState, out: &dyn Out) {
    let change = change.clone();
    out.emit(Body::Item(Item::Edit { call: call.id.clone(), change, state }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{ChangeKind, Hunk};

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

    #[test]
    fn all_hunks_chosen_is_everything_and_none_is_a_no() {
        let refs = |hunks: &[usize]| {
            hunks.iter().map(|hunk| HunkRef { change: 0, hunk: *hunk }).collect::<Vec<_>>()
        };
        let chosen = |hunks: &[usize]| {
            decide(Answer::Hunks { accepted: refs(hunks), comment: None }, &change(3))
        };
        assert!(chosen(&[2, 0, 1]).everything);
        assert_eq!(chosen(&[2, 0, 2]).hunks, [0, 2]);
        assert!(!chosen(&[]).everything && chosen(&[]).hunks.is_empty());
        assert!(chosen(&[7]).hunks.is_empty(), "a hunk that does not exist is no yes");
    }
}
