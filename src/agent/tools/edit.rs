//! edit: changes of files, in the form that the model is told: an exact replacement, a patch, a whole
//! file. All files of a call are changed, or none; nothing is written before an answer, where one is
//! needed.

use super::edit_told::{Decision, decide, show_all, told};
use super::{BadArguments, Call, Said, arguments, logged, policy};
use crate::agent::{Out, World};
use crate::protocol::{
    Author, Change, EditFormat, EditState, Judgement, Question, Tool, TreeKind, Verdict,
};
use crate::workspace::{
    Accepted, Alteration, Edit, EditError, PatchError, Proposal, WriteError, parse_patch,
};
use serde::Deserialize;
use serde_json::json;

pub(super) const NAME: &str = "edit";

/// How often a file may change under an open question before brisk gives up on the edit.
const MOVED_MAX: usize = 8;

const PATCH: &str = "Change files by a patch, all of them or none:
*** Begin Patch
*** Update File: src/a.py
@@ def above():
 context
-old
+new
*** Add File: b.txt
+line
*** Delete File: c.txt
*** End Patch
Lines after `@@` must occur in one place; give up to 3 lines of context and, if that is not enough, a \
line above them after `@@`. `*** Move to: PATH` below `*** Update File` renames.";

#[derive(Deserialize)]
struct Replacement {
    path: String,
    #[serde(default)]
    old: Option<String>,
    new: String,
}

#[derive(Deserialize)]
struct Patch {
    patch: String,
}

#[derive(Deserialize)]
struct Whole {
    path: String,
    content: String,
}

pub(super) fn tool(format: EditFormat) -> Tool {
    let (description, names, required) = match format {
        EditFormat::Replace => (
            "Replace `old`, which must occur exactly once in the file, with `new`; without `old` \
             create the file.",
            &["path", "old", "new"][..],
            &["path", "new"][..],
        ),
        EditFormat::ApplyPatch => (PATCH, &["patch"][..], &["patch"][..]),
        EditFormat::Whole => (
            "Write a file: `content` is all that it will hold. Read a file before you write it anew.",
            &["path", "content"][..],
            &["path", "content"][..],
        ),
    };
    let properties: serde_json::Map<_, _> =
        names.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
    Tool {
        name: NAME,
        description: description.to_owned(),
        parameters: json!({"type": "object", "properties": properties, "required": required}),
    }
}

pub(super) async fn run(call: &Call, world: &World, out: &dyn Out) -> Result<Said, BadArguments> {
    let alterations = match alterations(call, world.model.edits)? {
        Ok(alterations) => alterations,
        Err(error) => return Ok(Said::failed(error.to_string())),
    };
    let proposals = match world.workspace.propose_all(&alterations) {
        Ok(proposals) => proposals,
        Err(error) => return Ok(Said::failed(nothing_done(&error, alterations.len()))),
    };
    let work = Work { call, alterations: &alterations, world, out };
    let judgement = judge(&proposals, world, out);
    Ok(match judgement.verdict {
        Verdict::Deny => Said::refused(&judgement.why),
        Verdict::Allow => work.write(proposals).await,
        Verdict::Ask => work.confirm(proposals).await,
    })
}

/// What a call asks for, or why its patch is none.
fn alterations(
    call: &Call,
    format: EditFormat,
) -> Result<Result<Vec<Alteration>, PatchError>, BadArguments> {
    let tool = tool(format);
    Ok(match format {
        EditFormat::Replace => {
            let Replacement { path, old, new } = arguments(call, &tool)?;
            Ok(vec![Alteration::Replace(Edit { path, old, new })])
        }
        EditFormat::Whole => {
            let Whole { path, content } = arguments(call, &tool)?;
            Ok(vec![Alteration::Whole { path, content }])
        }
        EditFormat::ApplyPatch => {
            let Patch { patch } = arguments(call, &tool)?;
            parse_patch(&patch)
                .map(|operations| operations.into_iter().map(Alteration::Patch).collect())
        }
    })
}

fn nothing_done(error: &EditError, files: usize) -> String {
    if files > 1 { format!("nothing of the patch was done: {error}") } else { error.to_string() }
}

/// The strictest judgement on any path that is written, or that goes.
fn judge(proposals: &[Proposal], world: &World, out: &dyn Out) -> Judgement {
    let policy = policy(world, out);
    let paths = proposals.iter().flat_map(|proposal| {
        [Some(&proposal.change.path), proposal.change.from.as_ref()].into_iter().flatten()
    });
    let strictness = |judgement: &Judgement| match judgement.verdict {
        Verdict::Allow => 0,
        Verdict::Ask => 1,
        Verdict::Deny => 2,
    };
    let judgements = paths.map(|path| policy.edit(path));
    // The first of the strictest; there is at least one path.
    let strictest = judgements
        .reduce(|one, other| if strictness(&other) > strictness(&one) { other } else { one });
    strictest.unwrap_or_else(|| policy.edit(""))
}

/// A call's changes on their way to the files.
struct Work<'a> {
    call: &'a Call,
    alterations: &'a [Alteration],
    world: &'a World,
    out: &'a dyn Out,
}

impl Work<'_> {
    /// Writes without a question; what moved meanwhile is simply proposed anew.
    async fn write(&self, mut proposals: Vec<Proposal>) -> Said {
        if let Err(said) = logged(self.out).await {
            return said;
        }
        for _ in 0..MOVED_MAX {
            let all = vec![Accepted::All; proposals.len()];
            match self.world.workspace.write_all(&proposals, &all) {
                Ok(_) => return self.written(&proposals, &Decision::all(proposals.len())).await,
                Err(error) => match self.again(&error) {
                    Ok(fresh) => proposals = fresh,
                    Err(said) => return said,
                },
            }
        }
        self.given_up(&proposals)
    }

    /// Asks, hunk by hunk, and writes what was accepted.
    async fn confirm(&self, mut proposals: Vec<Proposal>) -> Said {
        show_all(self.call, &proposals, |_| EditState::Proposed, self.out);
        for round in 0..MOVED_MAX {
            let changes: Vec<Change> =
                proposals.iter().map(|proposal| proposal.change.clone()).collect();
            let question = Question::Apply {
                call: self.call.id.clone(),
                changes: changes.clone(),
                again: round > 0,
            };
            let decision = decide(self.out.ask(question).await, &changes);
            if decision.is_nothing() {
                show_all(self.call, &proposals, |_| EditState::Rejected, self.out);
                let why = decision.comment.as_deref().unwrap_or("the user rejected the edit");
                return Said::refused(why);
            }
            if let Err(said) = logged(self.out).await {
                return said;
            }
            match self.world.workspace.write_all(&proposals, &decision.accepted) {
                Ok(_) => return self.written(&proposals, &decision).await,
                Err(error) => match self.again(&error) {
                    Ok(fresh) => proposals = fresh,
                    Err(said) => return said,
                },
            }
        }
        self.given_up(&proposals)
    }

    /// The same against the files as they are now, if they only moved.
    fn again(&self, error: &WriteError) -> Result<Vec<Proposal>, Said> {
        let WriteError::Moved(_) = error else { return Err(Said::failed(error.to_string())) };
        let fresh = self.world.workspace.propose_all(self.alterations);
        fresh.map_err(|error| Said::failed(WriteError::Gone(error).to_string()))
    }

    fn given_up(&self, proposals: &[Proposal]) -> Said {
        let paths: Vec<_> =
            proposals.iter().map(|proposal| proposal.change.path.as_str()).collect();
        Said::failed(format!("{} keeps changing; nothing was written", paths.join(", ")))
    }

    async fn written(&self, proposals: &[Proposal], decision: &Decision) -> Said {
        self.world.draft.touched(Author::Edit).await;
        let is_pending = matches!(self.world.workspace.kind(), TreeKind::Draft | TreeKind::Copy);
        let state = |index: usize| match decision.extent(index) {
            None => EditState::Rejected,
            Some(_) if is_pending => EditState::Pending,
            Some(true) => EditState::Written,
            Some(false) => EditState::Partly,
        };
        show_all(self.call, proposals, state, self.out);
        told(proposals, decision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::CallId;

    #[test]
    fn each_format_takes_its_own_arguments() {
        let asked = |format, arguments: &str| {
            let call =
                Call { id: CallId("1".into()), tool: NAME.into(), arguments: arguments.into() };
            alterations(&call, format).map(|patch| patch.map(|all| all.len()))
        };
        let replace = r#"{"path": "a", "old": "x", "new": "y"}"#;
        let whole = r#"{"path": "a", "content": "y"}"#;
        let patch = r#"{"patch": "*** Begin Patch\n*** Delete File: a\n*** Delete File: b\n*** End Patch"}"#;
        assert_eq!(asked(EditFormat::Replace, replace), Ok(Ok(1)));
        assert_eq!(asked(EditFormat::Whole, whole), Ok(Ok(1)));
        assert_eq!(asked(EditFormat::ApplyPatch, patch), Ok(Ok(2)));
        let error = asked(EditFormat::ApplyPatch, replace).unwrap_err().to_string();
        assert!(error.ends_with("it takes {patch}"), "{error}");
        let error = asked(EditFormat::Whole, replace).unwrap_err().to_string();
        assert!(error.contains("content") && error.contains("path"), "{error}");
    }

    /// The description's own example is a patch.
    #[test]
    fn the_patch_that_the_model_is_shown_is_one() {
        let from = PATCH.find("*** Begin").unwrap();
        let to = PATCH.find("*** End Patch").unwrap() + "*** End Patch".len();
        assert_eq!(parse_patch(&PATCH[from..to]).unwrap().len(), 3);
    }
}
