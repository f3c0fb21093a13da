//! The tools that a model is told of, and how a call becomes a result. One tool a file.
//!
//! A failed call is an answer, not an error: the model reads why. A denial is an answer too.

mod edit;
mod edit_told;
mod keys;
mod read;
mod run;
mod tell;
mod told;

use super::{Out, World};
use crate::policy::{Ground, Policy};
use crate::protocol::{Answer, CallId, Detail, EditFormat, Item, Outcome, Question, Tool, Walls};
use serde::de::DeserializeOwned;

type Entry = (&'static str, fn(EditFormat) -> Tool);

/// The table that feeds the schemas and the dispatch.
const TOOLS: [Entry; 5] = [
    (run::NAME, |_| run::tool()),
    (keys::NAME, |_| keys::tool()),
    (read::NAME, |_| read::tool()),
    (edit::NAME, edit::tool),
    (tell::NAME, |_| tell::tool()),
];

/// Every tool, in a fixed order: it is part of the prefix that providers cache.
pub(crate) fn tools(edits: EditFormat) -> Vec<Tool> {
    TOOLS.iter().map(|(_, tool)| tool(edits)).collect()
}

/// A call of the model's, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) id: CallId,
    pub(super) tool: String,
    pub(super) arguments: String,
}

/// A call's result, and what the model told beside it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answered {
    pub(super) result: Item,
    pub(super) told: Option<Told>,
}

/// What the model told the user.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Told {
    /// An `Item::Plan`, which was shown and journaled already.
    Plan(Item),
    /// The task cannot be done.
    Infeasible { why: String, evidence: String },
}

impl Answered {
    pub(super) fn refused(call: &Call, why: &str) -> Answered {
        Answered {
            result: Item::Result {
                call: call.id.clone(),
                outcome: Outcome::Refused,
                text: format!("refused: {why}"),
                detail: Detail::None,
            },
            told: None,
        }
    }
}

/// What a tool says when it is done, before it becomes an item.
#[derive(Clone, Debug, PartialEq)]
struct Said {
    outcome: Outcome,
    text: String,
    detail: Detail,
}

impl Said {
    const fn done(text: String, detail: Detail) -> Said {
        Said { outcome: Outcome::Done, text, detail }
    }

    const fn failed(text: String) -> Said {
        Said { outcome: Outcome::Failed, text, detail: Detail::None }
    }

    fn refused(why: &str) -> Said {
        let text = format!("refused: {why}");
        Said { outcome: Outcome::Refused, text, detail: Detail::None }
    }
}

/// Runs a call to its end: asks where the policy says so, and answers in words.
pub(super) async fn run(call: &Call, world: &World, out: &dyn Out) -> Answered {
    let mut told = None;
    let said = match call.tool.as_str() {
        run::NAME => with(call, run::run(call, world, out)).await,
        keys::NAME => with(call, keys::run(call, world, out)).await,
        read::NAME => with(call, read::run(call, world)).await,
        edit::NAME => with(call, edit::run(call, world, out)).await,
        tell::NAME => {
            let answer = tell::run(call, world, out).await;
            answer.map_or_else(
                |error| Said::failed(error.to_string()),
                |(said, what)| {
                    told = what;
                    said
                },
            )
        }
        other => {
            let known = TOOLS.map(|(name, _)| name).join(", ");
            Said::failed(format!("there is no tool `{other}`; the tools are {known}"))
        }
    };
    let Said { outcome, text, detail } = said;
    let result = Item::Result { call: call.id.clone(), outcome, text, detail };
    Answered { result, told }
}

async fn with(_call: &Call, future: impl Future<Output = Result<Said, BadArguments>>) -> Said {
    future.await.unwrap_or_else(|error| Said::failed(error.to_string()))
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing was done: the arguments of `{tool}` are not usable ({why}); it takes {takes}")]
struct BadArguments {
    tool: String,
    why: String,
    takes: String,
}

/// A call's arguments, as the tool's own type.
fn arguments<T: DeserializeOwned>(call: &Call, tool: &Tool) -> Result<T, BadArguments> {
    let text = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
    serde_json::from_str(text).map_err(|error| BadArguments {
        tool: call.tool.clone(),
        why: error.to_string(),
        takes: takes(tool),
    })
}

/// `{command, timeout?}`: what a tool takes, at a glance.
fn takes(tool: &Tool) -> String {
    let required = tool.parameters["required"].as_array();
    let is_required =
        |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
    let names = tool.parameters["properties"].as_object().into_iter().flat_map(|map| map.keys());
    let names = names.map(|name| if is_required(name) { name.clone() } else { format!("{name}?") });
    format!("{{{}}}", names.collect::<Vec<_>>().join(", "))
}

/// The policy with what is in force now.
fn policy(world: &World, out: &dyn Out) -> Policy {
    let settings = out.settings();
    let root = world.workspace.shell_root().to_path_buf();
    let terminal = world.terminals.current().1;
    let folder = terminal.map_or_else(|| root.clone(), |terminal| terminal.folder());
    let ground = Ground {
        tree: world.workspace.kind(),
        walls: Walls::None,
        root,
        folder,
        readable: world.readable.clone(),
    };
    Policy { mode: settings.mode, ground, rules: settings.rules }
}

/// Whether the human says yes; the refusal that the model reads if not.
async fn permitted(question: Question, out: &dyn Out) -> Result<(), Said> {
    match out.ask(question).await {
        Answer::Yes | Answer::Always | Answer::Hunks { .. } => Ok(()),
        Answer::No { comment: Some(comment) } => Err(Said::refused(&comment)),
        Answer::Text(comment) => Err(Said::refused(&comment)),
        Answer::No { comment: None } | Answer::Decision(_) | Answer::Later => {
            Err(Said::refused("the user said no"))
        }
    }
}

/// What cannot be logged is not done.
async fn logged(out: &dyn Out) -> Result<(), Said> {
    out.sync().await.map_err(|why| Said::failed(format!("nothing was done: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_arguments_are_answered_with_what_the_tool_takes() {
        let call = Call {
            id: CallId("1".into()),
            tool: "run".into(),
            arguments: r#"{"comand": "ls"}"#.into(),
        };
        let error = arguments::<run::Arguments>(&call, &run::tool()).unwrap_err().to_string();
        assert!(error.contains("missing field `command`"), "{error}");
        assert!(error.ends_with("it takes {command, timeout?, background?}"), "{error}");
    }

    #[test]
    fn every_tool_has_an_object_schema_whose_required_names_exist() {
        for tool in EditFormat::ALL.into_iter().flat_map(tools) {
            let properties = tool.parameters["properties"].as_object().unwrap();
            for name in tool.parameters["required"].as_array().unwrap() {
                assert!(properties.contains_key(name.as_str().unwrap()), "{} {name}", tool.name);
            }
        }
    }
}
