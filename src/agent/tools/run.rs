//! run: a command in the shared terminal.

use super::{BadArguments, Said, arguments, logged, permitted};
use crate::agent::turn::Call;
use crate::agent::{Out, World};
use crate::policy::{self, Ground, Policy};
use crate::protocol::{Detail, Question, TermState, Tool, Verdict, Walls};
use crate::term::{Ran, TermError};
use crate::text::{self, Limits};
use serde::Deserialize;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

pub(super) const NAME: &str = "run";

/// Seconds that a command gets before its state is told; it goes on after that.
const TIMEOUT_SECONDS: u64 = 120;
const TIMEOUT_SECONDS_MAX: u64 = 3_600;
/// A duration is told from here on.
const DURATION_TOLD_MIN: Duration = Duration::from_secs(2);

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
                rule: policy::rule_for(&command),
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

/// The policy with what is in force now.
pub(super) fn policy(world: &World, out: &dyn Out) -> Policy {
    let settings = out.settings();
    let root = world.workspace.work_root().to_path_buf();
    let folder = world.terminal.folder();
    let ground = Ground {
        tree: world.workspace.kind(),
        walls: Walls::None,
        root,
        folder,
        readable: world.readable.clone(),
    };
    Policy { mode: settings.mode, ground, rules: settings.rules }
}

pub(super) fn trouble(error: &TermError) -> String {
    match error {
        TermError::Busy { .. } => {
            format!("{error}; see it with keys (keys \"\", wait idle), end it with keys <C-c>")
        }
        _ => error.to_string(),
    }
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

/// What the model reads: one line of state, then the output, cut head and tail.
pub(super) fn told(ran: &Ran) -> String {
    let mut head = state(ran);
    if ran.duration >= DURATION_TOLD_MIN && ran.state == TermState::Done {
        head.push_str(&format!(", {:.1} s", ran.duration.as_secs_f32()));
    }
    if let Some(folder) = &ran.folder {
        head.push_str(&format!(", now in {}", text::clean(&folder.to_string_lossy())));
    }
    if let (TermState::FullScreen, Some(rows)) = (ran.state, &ran.screen) {
        if let Some((column, row)) = ran.cursor {
            head.push_str(&format!(", cursor at row {} column {}", row + 1, column + 1));
        }
        return format!("{head}\n{}", rows.join("\n"));
    }
    let output = &ran.output;
    let limits = Limits::default();
    let cut = match output.cut {
        None => text::cut(&output.text, limits),
        Some(cut) => text::cut_around(&output.text, cut.at, output.lines as usize, limits),
    };
    if let (true, Some(file)) = (cut.lines_left_out > 0, &output.file) {
        head.push_str(&format!(", all {} lines in {}", output.lines, file.display()));
    }
    let body = cut.text.trim_end_matches('\n');
    if body.is_empty() { head } else { format!("{head}\n{body}") }
}

fn state(ran: &Ran) -> String {
    match (ran.state, ran.exit) {
        (TermState::Done, Some(exit)) => format!("exit {exit}"),
        (TermState::Done, None) => "ended, exit code unknown".to_owned(),
        (TermState::Running, _) => {
            format!("still running after {} s", ran.duration.as_secs())
        }
        (TermState::WaitsForLine, _) => "running, waits for a line of input".to_owned(),
        (TermState::Password, _) => {
            "running, asks for a password: only the user can type it".to_owned()
        }
        (TermState::FullScreen, _) => "running, a full-screen program:".to_owned(),
        (TermState::Exited, _) => "the shell itself has ended".to_owned(),
    }
}
