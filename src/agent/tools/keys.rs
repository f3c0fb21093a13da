//! keys: typing into the program that runs in the shared terminal, and looking at it.

use super::told::{told, trouble};
use super::{BadArguments, Call, Said, arguments, logged, permitted};
use crate::agent::{Out, World};
use crate::protocol::{Author, Class, Detail, Mode, Question, TermId, Tool};
use crate::term::{TermError, Wait};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

pub(super) const NAME: &str = "keys";

const TIMEOUT_SECONDS: u64 = 10;
const TIMEOUT_SECONDS_MAX: u64 = 600;
/// The rule that "always" makes for typing into programs.
const RULE: &str = "<keys>";

#[derive(Deserialize)]
struct Arguments {
    #[serde(default)]
    keys: String,
    #[serde(default)]
    wait: Option<String>,
    #[serde(default)]
    timeout: Option<u64>,
    #[serde(default)]
    terminal: Option<u64>,
}

pub(super) fn tool() -> Tool {
    Tool {
        name: NAME,
        description: "Type into the program that runs in the shell, or only look (empty keys). \
                      Text with <Enter> <Esc> <Tab> <Up> <C-c> <lt>."
            .to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {
                "keys": {"type": "string"},
                "wait": {
                    "type": "string",
                    "description": "idle (default), exit, or a text to appear",
                },
                "timeout": {"type": "integer"},
                "terminal": {"type": "integer", "description": "of a background command"},
            },
            "required": ["keys"],
        }),
    }
}

pub(super) async fn run(call: &Call, world: &World, out: &dyn Out) -> Result<Said, BadArguments> {
    let Arguments { keys, wait, timeout, terminal } = arguments(call, &tool())?;
    let (term, terminal) = match terminal {
        None => world.terminals.current(),
        Some(number) => (TermId(number), world.terminals.get(TermId(number))),
    };
    let Some(terminal) = terminal else {
        return Ok(Said::failed(format!("there is no terminal {} of yours", term.0)));
    };
    if !terminal.busy() && !keys.is_empty() {
        return Ok(Said::failed(
            "nothing runs in the shell: it is at its prompt; use run for a command".to_owned(),
        ));
    }
    if let Err(refusal) = may_type(call, &keys, world, out).await {
        return Ok(refusal);
    }
    if let Err(said) = logged(out).await {
        return Ok(said);
    }
    let wait = match wait.as_deref() {
        None | Some("" | "idle") => Wait::Idle,
        Some("exit") => Wait::Exit,
        Some("prompt") => Wait::Prompt,
        Some(text) => Wait::Text(text.to_owned()),
    };
    let seconds = timeout.unwrap_or(TIMEOUT_SECONDS).clamp(1, TIMEOUT_SECONDS_MAX);
    let ran = loop {
        out.pen(term).await;
        match terminal.keys(&keys, wait.clone(), Duration::from_secs(seconds)).await {
            // The user was faster: the keys are typed when the pen is back.
            Err(TermError::PenTaken) => {}
            ran => break ran,
        }
    };
    let running = terminal.command().unwrap_or_else(|| "keys".to_owned());
    world.draft.touched(Author::Command(running)).await;
    Ok(match ran {
        Ok(ran) => Said::done(told(&ran), Detail::Keys { keys, state: ran.state }),
        Err(error) => Said::failed(trouble(&error)),
    })
}

/// Keys can make a program do anything (`:!rm`), so they are asked about, but for those that only
/// move, look, or stop.
async fn may_type(call: &Call, keys: &str, world: &World, out: &dyn Out) -> Result<(), Said> {
    if is_harmless(keys) {
        return Ok(());
    }
    let settings = out.settings();
    match settings.mode {
        Mode::Plan => return Err(Said::refused("plan mode: only looking is allowed")),
        Mode::Autopilot => return Ok(()),
        Mode::Confirm | Mode::AutoEdit => {}
    }
    if settings.rules.allow.iter().any(|rule| rule.words() == [RULE]) {
        return Ok(());
    }
    let question = Question::Run {
        call: call.id.clone(),
        command: keys.to_owned(),
        folder: world.workspace.shell_root().display().to_string(),
        class: Class::NeedsApproval,
        why: "types into the running program".to_owned(),
        rule: Some(vec![RULE.to_owned()]),
    };
    permitted(question, out).await
}

/// Whether keys only move, look, or stop.
fn is_harmless(keys: &str) -> bool {
    const NAMED: [&str; 12] = [
        "<C-c>",
        "<Esc>",
        "<Up>",
        "<Down>",
        "<Left>",
        "<Right>",
        "<PageUp>",
        "<PageDown>",
        "<Home>",
        "<End>",
        "<C-d>",
        "<C-l>",
    ];
    let mut rest = keys;
    while let Some(named) = NAMED.iter().find(|named| rest.starts_with(**named)) {
        rest = &rest[named.len()..];
    }
    rest.is_empty() || rest == "q"
}

#[cfg(test)]
mod tests {
    use super::is_harmless;

    #[test]
    fn only_keys_that_move_look_or_stop_need_no_question() {
        for keys in ["", "q", "<C-c>", "<Down><Down>q", "<C-c><C-c>"] {
            assert!(is_harmless(keys), "{keys}");
        }
        for keys in [":!rm x<Enter>", "y", "qq", "<Enter>", "<C-c>rm<Enter>", "q<Enter>"] {
            assert!(!is_harmless(keys), "{keys}");
        }
    }
}
