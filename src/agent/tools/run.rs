//! run: a command in the shared terminal.

use super::told::{told, trouble};
use super::{BadArguments, Call, Said, arguments, logged, permitted, policy};
use crate::agent::{Out, World};
use crate::policy::rule_for;
use crate::protocol::{Detail, Question, Tool, Verdict};
use crate::term::Ran;
use serde::Deserialize;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

pub(super) const NAME: &str = "run";

/// Seconds that a command gets before its state is told; it goes on after that.
const TIMEOUT_SECONDS: u64 = 120;
const TIMEOUT_SECONDS_MAX: u64 = 3_600;

#[derive(Debug, Deserialize)]
pub(super) struct Arguments {
    command: String,
    #[serde(default)]
    timeout: Option<u64>,
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
            },
            "required": ["command"],
        }),
    }
}

pub(super) async fn run(call: &Call, world: &World, out: &dyn Out) -> Result<Said, BadArguments> {
    let Arguments { command, timeout } = arguments(call, &tool())?;
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
    out.pen(world.term).await;
    let seconds = timeout.unwrap_or(TIMEOUT_SECONDS).clamp(1, TIMEOUT_SECONDS_MAX);
    let ran = world.terminal.run(&command, Duration::from_secs(seconds)).await;
    Ok(match ran {
        Ok(ran) => Said::done(told(&ran), detail(command, &ran)),
        Err(error) => Said::failed(trouble(&error)),
    })
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
