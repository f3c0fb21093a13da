//! What the verbs of the diff pane do beyond the pane: ops for the session, the answer, the editor.

use super::app::App;
use super::keymap::DiffVerb;
use super::overlay::Overlay;
use super::pane::{Focus, Pane};
use super::review::{Scope, Source};
use super::sheet::OWN;
use super::update::Effect;
use super::{press, update};
use crate::protocol::{Ask, Decision, Keep, LineComment, Op, Question};

/// A selection that changes again within this time has no gates of its own.
pub(crate) const GATE_QUIET_MS: u64 = 700;

pub(crate) fn run(app: &mut App, verb: DiffVerb, effects: &mut Vec<Effect>) {
    let said = match verb {
        DiffVerb::NextHunk
        | DiffVerb::PreviousHunk
        | DiffVerb::NextFile
        | DiffVerb::PreviousFile => {
            app.diff.go(verb);
            None
        }
        DiffVerb::Layout
        | DiffVerb::Wrap
        | DiffVerb::Blanks
        | DiffVerb::Lines
        | DiffVerb::Range => app.diff.look(verb),
        DiffVerb::MoreContext | DiffVerb::LessContext => {
            app.diff.resize_context(verb == DiffVerb::MoreContext, &*app.new_side)
        }
        DiffVerb::NextHit => app.diff.next_hit(true),
        DiffVerb::PreviousHit => app.diff.next_hit(false),
        DiffVerb::Search => {
            app.diff.begin_search();
            None
        }
        DiffVerb::Comment if app.diff.begin_comment() => None,
        DiffVerb::Comment => Some("no line is here to comment on".to_owned()),
        DiffVerb::Comments if app.diff.review.comments.is_empty() => {
            Some("no comment waits to be sent: c writes one".to_owned())
        }
        DiffVerb::Comments => {
            app.overlay = Some(Overlay::comments(app.diff.review.comments.clone()));
            None
        }
        DiffVerb::Answer => return answer(app),
        DiffVerb::Undo | DiffVerb::Redo => undo(app, verb, effects),
        _ if !app.diff.review.is_open() => Some("nothing waits to be decided here".to_owned()),
        DiffVerb::Toggle
        | DiffVerb::Accept
        | DiffVerb::Reject
        | DiffVerb::AcceptFile
        | DiffVerb::RejectFile => app.diff.choose(verb),
        DiffVerb::Split => app.diff.split(),
        DiffVerb::Gates => gate(app, effects),
        DiffVerb::Edit => edit(app, effects),
        DiffVerb::EditFile => edit_file(app, effects),
        DiffVerb::KeepDraft => resolve(app, Keep::Draft, effects),
        DiffVerb::KeepTree => resolve(app, Keep::Tree, effects),
    };
    if let Some(said) = said {
        app.say(said);
    }
}

/// A local choice first, then what the session has decided.
fn undo(app: &mut App, verb: DiffVerb, effects: &mut Vec<Effect>) -> Option<String> {
    let is_undo = verb == DiffVerb::Undo;
    let is_local = if is_undo { app.diff.review.undo() } else { app.diff.review.redo() };
    if is_local {
        return None;
    }
    if matches!(app.diff.review.source, Source::Ask(_)) {
        return Some(format!("nothing to {}", if is_undo { "undo" } else { "redo" }));
    }
    effects.push(Effect::Send(if is_undo { Op::Undo } else { Op::Redo }));
    None
}

/// Goes to the question; while the session asks none, the user's own is put.
pub(crate) fn answer(app: &mut App) {
    if app.ask().is_none() && app.diff.review.source == Source::Draft {
        let draft = &app.state.draft;
        let question = Question::Review {
            revision: draft.revision,
            files: draft.files.clone(),
            guards: draft.guards.clone(),
        };
        app.own = Some(Ask { id: OWN, question });
        update::sync_sheet(app);
        if let Some(sheet) = &mut app.sheet {
            // It was asked for by a key: none was typed ahead of it.
            sheet.ready_at = app.now;
        }
    }
    if app.sheet.is_some() {
        app.focus = Focus::Approval;
    } else {
        app.say("no question waits");
    }
}

/// Runs the gates on what is selected.
pub(crate) fn gate(app: &mut App, effects: &mut Vec<Effect>) -> Option<String> {
    if app.diff.review.source != Source::Draft || app.is_in_place() {
        return Some("gates run on a draft, and there is none".to_owned());
    }
    let Some(picks) = app.diff.review.gate_picks() else {
        return Some("nothing is selected that gates could run on".to_owned());
    };
    effects.push(Effect::Send(Op::Gate { picks: picks.to_vec() }));
    app.gate_at = None;
    None
}

/// The gates that have run have not run on what is selected now.
pub(crate) fn wants_gates(app: &App) -> bool {
    let review = &app.diff.review;
    match (&app.state.draft.gated, review.gate_picks()) {
        (Some((picks, _)), Some(selected)) => {
            review.source == Source::Draft && !app.is_in_place() && picks.as_slice() != selected
        }
        _ => false,
    }
}

pub(crate) fn edit(app: &mut App, effects: &mut Vec<Effect>) -> Option<String> {
    if app.diff.review.source != Source::Draft || app.is_in_place() {
        return Some("in place a hunk is taken as it is, or not at all".to_owned());
    }
    let Some(hunk) = app.diff.hunk_text() else {
        return Some("no hunk is here".to_owned());
    };
    effects.push(Effect::EditHunk {
        change: app.diff.review.changes[hunk.at.change].id.clone(),
        hunk: hunk.at.hunk,
        path: hunk.path,
        text: hunk.text,
    });
    None
}

fn edit_file(app: &App, effects: &mut Vec<Effect>) -> Option<String> {
    if app.diff.review.source != Source::Draft || app.is_in_place() {
        return Some("in place the file is your own: edit it as you like".to_owned());
    }
    let change = app.diff.spot().and_then(|spot| app.diff.review.changes.get(spot.change))?;
    effects.push(Effect::EditFile { change: change.id.clone(), path: change.path.clone() });
    None
}

fn resolve(app: &App, keep: Keep, effects: &mut Vec<Effect>) -> Option<String> {
    let change = app.diff.spot().and_then(|spot| app.diff.review.changes.get(spot.change))?;
    if !change.conflict {
        return Some("no conflict is here".to_owned());
    }
    effects.push(Effect::Send(Op::Resolve { change: change.id.clone(), keep }));
    None
}

/// Sends the comments on lines, all at once.
pub(crate) fn send_comments(app: &mut App, comments: Vec<LineComment>, effects: &mut Vec<Effect>) {
    app.diff.review.comments.clear();
    if !comments.is_empty() {
        effects.push(Effect::Send(Op::Comment(comments)));
    }
}

/// `/apply`: a yes to what is selected.
pub(crate) fn apply(app: &mut App, effects: &mut Vec<Effect>) {
    if app.diff.review.source != Source::Draft {
        return app.say("nothing waits to be applied");
    }
    answer(app);
    let Some(ask) = app.state.asks.first().or(app.own.as_ref()) else { return };
    let Some(sheet) = &mut app.sheet else { return };
    let reply = sheet.verb(ask, &app.diff.review, super::keymap::SheetVerb::Yes);
    press::reply_with(app, reply, effects);
}

/// `/reject`: all of the draft is taken back.
pub(crate) fn reject(app: &mut App, effects: &mut Vec<Effect>) {
    if app.diff.review.source != Source::Draft {
        return app.say("nothing waits to be rejected");
    }
    effects.push(Effect::Send(Op::Decide(app.diff.review.reject_all())));
    let what = if app.is_in_place() { "what commands changed" } else { "the draft" };
    app.say(format!("all of {what} is rejected; /undo takes that back"));
}

/// The answer to the user's own question, as an op.
pub(crate) fn own_answer(app: &mut App, reply: crate::protocol::Answer) -> Option<Op> {
    use crate::protocol::Answer;
    app.own = None;
    match reply {
        Answer::Decision(decision) => Some(Op::Decide(decision)),
        Answer::Yes => Some(Op::Decide(app.diff.review.decision(Scope::All))),
        Answer::No { comment } => {
            Some(Op::Decide(Decision { comment, ..app.diff.review.reject_all() }))
        }
        _ => None,
    }
}

/// Where the keys go when a question about changes is gone.
pub(crate) fn back(app: &mut App) {
    app.focus = if app.layout.shows(Pane::Diff) && app.pane == Pane::Diff {
        Focus::Pane(Pane::Diff)
    } else {
        Focus::Message
    };
}
