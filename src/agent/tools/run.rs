//! run: a command in the shared terminal.

use super::told::{told, trouble};
use super::{BadArguments, Call, Said, arguments, logged, permitted, policy};
use crate::agent::{Out, World};
use crate::policy::rule_for;
use crate::protocol::{Author, Detail, Question, TermId, TermState, Tool, Verdict};
use crate::term::{Ran, TermError};
use serde::Deserialize;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

pub(super) const NAME: &str = "run";

/// Seconds that a command gets before its state is told; it goes on after that.
const TIMEOUT_SECONDS: u64 = 120;
const TIMEOUT_SECONDS_MAX: u64 = 3_600;
/// A command in the background that fails at once is told at once.
const BACKGROUND_LOOK: Duration = Duration::from_secs(2);

#[derive(Debug, Deserialize)]
pub(super) struct Arguments {
    command: String,
    #[serde(default)]
    timeout: Option<u64>,
    #[serde(default)]
    background: bool,
}

pub(super) fn tool() -> Tool {
    Tool {
        name: NAME,
        description: "Run a command line in the shared shell. The folder and variables persist. \
                      Answers when it ends, waits for input, or after timeout seconds (it then \
                      goes on running)."
            .to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {
                "command": {"type": "string"},
                "timeout": {"type": "integer", "description": "default 120"},
                "background": {"type": "boolean", "description": "for servers: go on at once"},
            },
            "required": ["command"],
        }),
    }
}

pub(super) async fn run(call: &Call, world: &World, out: &dyn Out) -> Result<Said, BadArguments> {
    let Arguments { command, timeout, background } = arguments(call, &tool())?;
    let policy = policy(world, out);
    let judgement = policy.command(&command);
    match judgement.verdict {
        Verdict::Allow => {}
        Verdict::Deny => return Ok(Said::refused(&judgement.why)),
        Verdict::Ask => {
            let question = Question::Run {
                call: call.id.clone(),
                folder: policy.ground.folder.display().to_string(),
                class: judgement.class,
                why: judgement.why,
                rule: rule_for(&command),
                command: command.clone(),
            };
            if let Err(refusal) = permitted(question, out).await {
                return Ok(refusal);
            }
        }
    }
    if let Err(said) = logged(out).await {
        return Ok(said);
    }
    let seconds = timeout.unwrap_or(TIMEOUT_SECONDS).clamp(1, TIMEOUT_SECONDS_MAX);
    let timeout = Duration::from_secs(seconds);
    let ran = if background {
        in_background(&command, timeout, world).await
    } else {
        in_foreground(&command, timeout, world, out).await
    };
    world.draft.touched(Author::Command(command.clone())).await;
    Ok(match ran {
        Ok((term, ran)) => {
            let text = if ran.state == TermState::Running && (background || ran.aside) {
                format!("in the background as terminal {}, {}", term.0, told(&ran))
            } else {
                told(&ran)
            };
            Said::done(text, detail(command, &ran))
        }
        Err(why) => Said::failed(why),
    })
}

async fn in_foreground(
    command: &str,
    timeout: Duration,
    world: &World,
    out: &dyn Out,
) -> Result<(TermId, Ran), String> {
    loop {
        let (term, terminal) = world.terminals.current();
        let Some(terminal) = terminal else { return Err("the shell has ended".to_owned()) };
        out.pen(term).await;
        let ran = if world.attended {
            terminal.run_attended(command, timeout).await
        } else {
            terminal.run(command, timeout).await
        };
        match ran {
            Ok(ran) => return Ok((term, ran)),
            // The user was faster: it runs when the pen is back.
            Err(TermError::PenTaken) => {}
            Err(error) => return Err(trouble(&error)),
        }
    }
}

async fn in_background(
    command: &str,
    timeout: Duration,
    world: &World,
) -> Result<(TermId, Ran), String> {
    let folder = world.terminals.current().1.map(|terminal| terminal.folder());
    let (term, terminal) = world.terminals.spare()?;
    // It starts where the foreground is.
    let command = match folder.filter(|folder| *folder != terminal.folder()) {
        Some(folder) => format!("cd {} && {command}", quoted(&folder.to_string_lossy())),
        None => command.to_owned(),
    };
    let first_look = timeout.min(BACKGROUND_LOOK);
    let ran = terminal.run(&command, first_look).await.map_err(|error| trouble(&error))?;
    if ran.state != TermState::Done {
        world.terminals.watch(term, &command);
    }
    Ok((term, ran))
}

/// In single quotes, for any shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\"'\"'"))
}

fn detail(command: String, ran: &Ran) -> Detail {
    let file = ran.output.file.as_ref().map(|path: &PathBuf| path.display().to_string());
    Detail::Run {
        command,
        state: ran.state,
        exit: ran.exit,
        duration_ms: ran.duration.as_millis() as u64,
        lines: ran.output.lines,
        file,
    }
}
