//! tell: the plan, a question, or that the task cannot be done.

use super::{BadArguments, Call, Said, Told, arguments};
use crate::agent::{Out, World};
use crate::policy;
use crate::protocol::{
    Answer, Body, Detail, Item, Mode, Outcome, PlanState, PlanStep, Question, Setting, Tool,
};
use serde::Deserialize;
use serde_json::json;

pub(super) const NAME: &str = "tell";

/// Steps of a plan, and options of a question, that are shown.
const LINES_MAX: usize = 30;

#[derive(Deserialize)]
struct Arguments {
    kind: Kind,
    text: String,
    #[serde(default)]
    evidence: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Plan,
    Question,
    Infeasible,
}

pub(super) fn tool() -> Tool {
    Tool {
        name: NAME,
        description: "Tell the user: the plan (one step a line: `[ ]`, `[>]` or `[x]`, then the \
                      step), a question (options as `- ` lines), or that the task is infeasible \
                      (with evidence; ends the turn)."
            .to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {
                "kind": {"type": "string", "enum": ["plan", "question", "infeasible"]},
                "text": {"type": "string"},
                "evidence": {"type": "string"},
            },
            "required": ["kind", "text"],
        }),
    }
}

pub(super) async fn run(
    call: &Call,
    world: &World,
    out: &dyn Out,
) -> Result<(Said, Option<Told>), BadArguments> {
    let Arguments { kind, text, evidence } = arguments(call, &tool())?;
    Ok(match kind {
        Kind::Plan => {
            let steps = steps(&text);
            let item = Item::Plan { steps: steps.clone() };
            out.emit(Body::Item(item.clone()));
            (plan(call, &steps, world, out).await, Some(Told::Plan(item)))
        }
        Kind::Question => (ask(call, &text, out).await, None),
        Kind::Infeasible => match evidence.filter(|evidence| !evidence.trim().is_empty()) {
            Some(evidence) => {
                let told = Told::Infeasible { why: text, evidence };
                (Said::done("shown".to_owned(), Detail::Tell), Some(told))
            }
            None => {
                let why = "infeasible needs evidence: what you looked at or ran, and what it said";
                (Said::failed(why.to_owned()), None)
            }
        },
    })
}

/// Shows a plan, and asks about it where the user should agree first: in plan mode, and where it
/// reaches far. What was agreed to is not asked about again until its steps change.
async fn plan(call: &Call, steps: &[PlanStep], world: &World, out: &dyn Out) -> Said {
    let done = steps.iter().filter(|step| step.state == PlanState::Done).count();
    let shown = format!("shown: {done} of {} done", steps.len());
    let settings = out.settings();
    let texts: Vec<String> = steps.iter().map(|step| step.text.clone()).collect();
    let why = match settings.mode {
        Mode::Plan => Some("plan mode"),
        _ if settings.agreed.is_some() => Some("it is another one than you agreed to"),
        _ => policy::plan(&texts),
    };
    let why = why.filter(|_| world.attended && settings.agreed.as_ref() != Some(&texts));
    let Some(why) = why else { return Said::done(shown, Detail::Tell) };
    let again = settings.agreed.is_some();
    let question =
        Question::Plan { call: call.id.clone(), steps: texts, why: why.to_owned(), again };
    match out.ask(question).await {
        Answer::Yes | Answer::Always => {
            if settings.mode == Mode::Plan {
                out.emit(Body::Setting(Setting::Mode(Mode::Confirm)));
            }
            Said::done(format!("{shown}; the user agrees to the plan: go on"), Detail::Tell)
        }
        Answer::No { comment: Some(comment) } | Answer::Text(comment) => {
            Said::refused(&format!("the user wants the plan changed: {comment}"))
        }
        Answer::No { comment: None }
        | Answer::Hunks { .. }
        | Answer::Decision(_)
        | Answer::Later => {
            Said::refused("the user does not agree to the plan: make no edits; ask what is wrong")
        }
    }
}

async fn ask(call: &Call, text: &str, out: &dyn Out) -> Said {
    let (options, words): (Vec<_>, Vec<_>) =
        text.lines().partition(|line| line.trim_start().starts_with("- "));
    let options = options.iter().take(LINES_MAX);
    let options: Vec<_> = options.map(|line| line.trim_start()[2..].trim().to_owned()).collect();
    let question = Question::Choose { call: call.id.clone(), text: words.join("\n"), options };
    match out.ask(question).await {
        Answer::Text(answer) => Said::done(format!("the user answers: {answer}"), Detail::Tell),
        Answer::Yes | Answer::Always | Answer::Hunks { .. } => {
            Said::done("the user answers: yes".to_owned(), Detail::Tell)
        }
        Answer::Decision(_) | Answer::Later => Said::refused("the user does not want to answer"),
        Answer::No { comment } => Said {
            outcome: Outcome::Refused,
            text: comment.unwrap_or_else(|| "the user does not want to answer".to_owned()),
            detail: Detail::Tell,
        },
    }
}

/// A plan's lines as steps; a line without a mark is still to do.
fn steps(text: &str) -> Vec<PlanStep> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(LINES_MAX);
    lines
        .map(|line| {
            let line = line.trim_start_matches(['-', '*']).trim_start();
            let marks = [
                ("[x]", PlanState::Done),
                ("[X]", PlanState::Done),
                ("[>]", PlanState::Doing),
                ("[ ]", PlanState::Todo),
                ("[]", PlanState::Todo),
            ];
            let found = marks.iter().find_map(|(mark, state)| {
                line.strip_prefix(mark).map(|rest| (rest.trim(), *state))
            });
            let (text, state) = found.unwrap_or((line, PlanState::Todo));
            PlanStep { text: text.to_owned(), state }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_from_marked_lines() {
        let plan = steps("[x] look\n- [>] fix it\n\n[ ] test\nand a line without a mark");
        let states: Vec<_> = plan.iter().map(|step| step.state).collect();
        assert_eq!(states, [PlanState::Done, PlanState::Doing, PlanState::Todo, PlanState::Todo]);
        assert_eq!(plan[1].text, "fix it");
    }
}
