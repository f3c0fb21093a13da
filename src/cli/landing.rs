//! What becomes of a one-shot run's changes: the gates, then the tree, as the flags say.

use super::args::{ApplyArg, GatesArg, RunArgs};
use super::exit::Exit;
use super::oneshot::Signals;
use super::progress::Progress;
use crate::protocol::{
    Body, Decision, DraftEvent, GateState, GateVerdict, NoticeLevel, Op, TreeKind,
};
use crate::session::{Session, State, whole};

/// What the flags want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wants {
    apply: ApplyArg,
    gates: bool,
    /// A red gate is the run's exit code.
    require: bool,
}

impl Wants {
    /// All of it, whatever gates would say.
    pub(super) const ALL: Wants = Wants { apply: ApplyArg::All, gates: false, require: false };

    pub(super) fn of(args: &RunArgs) -> Wants {
        let apply = args.apply.unwrap_or_default();
        let gated = apply == ApplyArg::Gated;
        let asked = matches!(args.gates, Some(GatesArg::On | GatesArg::Require));
        Wants {
            apply,
            gates: asked || (gated && args.gates != Some(GatesArg::Off)),
            require: gated || args.gates == Some(GatesArg::Require),
        }
    }
}

/// Runs the gates and applies, as far as it is wanted. The exit code, if it is another one now.
pub(super) async fn land(
    session: &mut Session,
    state: &mut State,
    wants: Wants,
    exit: Exit,
    progress: &Progress,
) -> Option<Exit> {
    if session.workspace.kind() == TreeKind::InPlace {
        return None;
    }
    let mut red = false;
    if wants.gates {
        session.handle.send(Op::Gate { picks: Vec::new() }).await;
        let spoken = |body: &Body, state: &State| {
            matches!(body, Body::Draft(DraftEvent::Gated { .. })) && gates_have_spoken(state)
        };
        match follow(session, state, progress, spoken).await {
            Err(exit) => return Some(exit),
            Ok(false) => red = true,
            Ok(true) => {
                let gates = state.draft.gated.as_ref().map_or(&[][..], |(_, gates)| gates);
                red = say_gates(gates, progress);
            }
        }
    }
    let wanted = match wants.apply {
        ApplyArg::None => false,
        ApplyArg::All => !(red && wants.require),
        ApplyArg::Gated => !red,
    };
    if wanted && may_apply(exit) {
        return apply(session, state, progress).await;
    }
    (red && wants.require && exit == Exit::Done).then_some(Exit::GateRed)
}

/// Work that was cut short is applied too, as far as it came; work of a failed turn is not.
const fn may_apply(exit: Exit) -> bool {
    matches!(exit, Exit::Done | Exit::Denied | Exit::Budget | Exit::Timeout)
}

async fn apply(session: &mut Session, state: &mut State, progress: &Progress) -> Option<Exit> {
    if let Some(guarded) = state.draft.guards.first() {
        progress.say(&format!(
            "denied    {} {} ({}): this needs a human; nothing was applied",
            guarded.path, guarded.why, guarded.guard
        ));
        return Some(Exit::Denied);
    }
    if session.workspace.kind() == TreeKind::Copy {
        return match session.workspace.apply_all() {
            Ok(paths) => {
                progress.say(&format!("applied   {}", paths.join(", ")));
                None
            }
            Err(error) => {
                progress.say(&format!("error: nothing was applied: {error}"));
                Some(Exit::Failed)
            }
        };
    }
    let accept = whole(&session.handle.changes().1);
    let conflicts = state.draft.files.iter().filter(|file| file.conflict);
    let conflicts: Vec<&str> = conflicts.map(|file| file.path.as_str()).collect();
    if !conflicts.is_empty() {
        let conflicts = conflicts.join(", ");
        progress.say(&format!("error: nothing was applied: {conflicts} changed in the tree, too"));
        return Some(Exit::Failed);
    }
    if accept.is_empty() {
        return None;
    }
    let before = state.applied.len();
    session.handle.send(Op::Decide(Decision { accept, ..Decision::default() })).await;
    let is_decided = |body: &Body, _: &State| matches!(body, Body::Draft(DraftEvent::Decided(_)));
    match follow(session, state, progress, is_decided).await {
        Err(exit) => Some(exit),
        Ok(false) => Some(Exit::Failed),
        Ok(true) => {
            progress.say(&format!("applied   {}", state.applied[before..].join(", ")));
            None
        }
    }
}

/// Follows the session until it is so; false: an error was said instead. Err: a signal came.
async fn follow(
    session: &mut Session,
    state: &mut State,
    progress: &Progress,
    is: impl Fn(&Body, &State) -> bool,
) -> Result<bool, Exit> {
    let mut signals = Signals::new().map_err(|trouble| trouble.exit())?;
    loop {
        let event = tokio::select! {
            biased;
            exit = signals.next() => return Err(exit),
            event = session.events.next() => event,
        };
        let Some(event) = event else { return Ok(false) };
        state.apply(&event);
        match &event.body {
            Body::Notice(notice) if notice.level == NoticeLevel::Error => {
                progress.say(&format!("error: {}", notice.text));
                return Ok(false);
            }
            Body::Notice(notice) => progress.say(&notice.text),
            body if is(body, state) => return Ok(true),
            _ => {}
        }
    }
}

fn gates_have_spoken(state: &State) -> bool {
    let speaks = |state: &GateState| !matches!(state, GateState::Waiting | GateState::Running);
    let gated = state.draft.gated.as_ref();
    gated.is_some_and(|(_, gates)| gates.iter().all(|gate| speaks(&gate.state)))
}

/// Whether any is red.
pub(super) fn say_gates(gates: &[GateVerdict], progress: &Progress) -> bool {
    if gates.is_empty() {
        progress.say("gates     there are none");
    }
    let mut red = false;
    for gate in gates {
        let passed = gate.state == GateState::Passed;
        red |= !passed;
        let summary = gate.summary.as_deref().unwrap_or_default();
        let word = if passed { "ok" } else { "FAILS" };
        progress.say(format!("gate      {}  {word}  {summary}", gate.gate).trim_end());
        for line in gate.lines.iter().filter(|_| !passed) {
            progress.say(&format!("          {line}"));
        }
    }
    red
}
