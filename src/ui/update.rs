//! What a key, an event or the passing of time does to the state, and what it asks for outside.
//! Synchronous; it neither waits nor draws.

use super::app::App;
use super::pane::{Focus, Pane};
use super::press;
use super::review::Source;
use super::sheet::{DEAF_MS, Input, InputFor, Sheet};
use super::{act, diff_act, look_back};
use crate::protocol::{
    Body, ChangeId, DraftEvent, Event, Key, Op, Owner, Question, Scrollback, Setting, TermEvent,
    TermId, TurnEvent,
};
use crate::text::clean;
use std::path::PathBuf;

#[derive(Clone, Debug)]
pub(crate) enum Msg {
    Key(Key),
    Paste(String),
    /// Columns and rows.
    Resize(u16, u16),
    Event(Box<Event>),
    /// What was asked for by `Effect::LookBack`.
    LookBack {
        term: TermId,
        page: bool,
        back: Scrollback,
    },
    /// What was asked for by `Effect::ReadOutput`: the file's text, or why there is none.
    Output {
        file: PathBuf,
        text: Result<String, String>,
    },
    /// Time passed.
    Tick,
}

/// What is to be done outside of the state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    Send(Op),
    /// The terminal's lines are wanted; `page`: and to go up a page in them.
    LookBack {
        term: TermId,
        page: bool,
    },
    /// This goes to the user's clipboard.
    Copy(String),
    ReadOutput(PathBuf),
    /// The user's editor gets a hunk's new side; what comes back is sent as `Op::Amend`.
    EditHunk {
        change: ChangeId,
        hunk: usize,
        path: String,
        text: String,
    },
    Suspend,
    Quit,
}

pub(crate) fn update(app: &mut App, msg: Msg) -> Vec<Effect> {
    let mut effects = Vec::new();
    sync_diff(app);
    let revision = app.diff.review.revision;
    match msg {
        Msg::Key(pressed) => {
            app.dirty = true;
            press::key(app, pressed, &mut effects);
        }
        Msg::Paste(text) => {
            app.dirty = true;
            press::paste(app, text, &mut effects);
        }
        Msg::Resize(columns, rows) => {
            (app.columns, app.rows) = (columns, rows);
            app.dirty = true;
            app.redraw = true;
        }
        Msg::Event(happened) => event(app, &happened),
        Msg::LookBack { term, page, back } => look_back::begin(app, term, page, back),
        Msg::Output { file, text } => look_back::output(app, &file, text),
        Msg::Tick => tick(app, &mut effects),
    }
    if app.diff.review.revision != revision && diff_act::wants_gates(app) {
        app.gate_at = Some(app.now + diff_act::GATE_QUIET_MS);
    }
    effects
}

fn tick(app: &mut App, effects: &mut Vec<Effect>) {
    app.poll_grammars();
    if app.said.as_ref().is_some_and(|(_, until)| *until <= app.now) {
        app.said = None;
        app.dirty = true;
    }
    app.dirty |= app.is_busy() && app.spinner_is_due();
    if app.gate_at.is_some_and(|at| at <= app.now) {
        app.gate_at = None;
        if diff_act::wants_gates(app) {
            // Nothing is to be said: what is selected can be gated.
            let _ = diff_act::gate(app, effects);
        }
    }
    if let Some(size) = app.term.due(app.now) {
        effects.push(Effect::Send(Op::Resize { size }));
    }
}

fn event(app: &mut App, event: &Event) {
    app.state.apply(event);
    app.dirty |= match &event.body {
        Body::Term(TermEvent::Changed { term, .. }) => {
            app.term_id() == Some(*term) && app.layout.shows(Pane::Term)
        }
        _ => true,
    };
    app.hurries |= app.dirty && !matches!(event.body, Body::Delta(_));
    match &event.body {
        Body::Term(change) => term_event(app, change),
        Body::Turn(TurnEvent::Unqueued { text }) => {
            let draft = app.composer.take();
            app.composer.set(text);
            if !draft.is_empty() {
                app.composer.insert(&format!("\n{draft}"));
            }
        }
        Body::Setting(Setting::Model(name)) => app.say(format!("the model is {}", clean(name))),
        Body::Setting(Setting::Depth(depth)) => app.say(format!("the depth is {depth}")),
        Body::Item(_) | Body::Delta(_) | Body::Draft(DraftEvent::Changed { .. }) => {
            app.expect_grammars();
        }
        _ => {}
    }
    if app.state.draft.files.is_empty() {
        app.own = None;
    }
    sync_sheet(app);
}

/// The pane follows the agent's terminal, unless the user chose another.
fn term_event(app: &mut App, event: &TermEvent) {
    match event {
        TermEvent::Opened { term, owner: Owner::User, .. } => {
            app.term.shown = Some(*term);
            act::go_to_term(app);
        }
        TermEvent::Chosen { .. } if app.focus != Focus::Pane(Pane::Term) => app.term.shown = None,
        TermEvent::Closed { term } if app.term.shown == Some(*term) => app.term.shown = None,
        _ => {}
    }
}

/// The diff follows what there is to review. What is asked about then changes under the user's eyes:
/// for a moment no key answers it, as if it had just been asked.
pub(crate) fn sync_diff(app: &mut App) {
    let revision = app.diff.review.revision;
    app.diff.sync(&app.state, &app.changes);
    if app.diff.review.revision == revision || app.diff.review.source != Source::Draft {
        return;
    }
    let is_review = app.ask().is_some_and(|ask| matches!(ask.question, Question::Review { .. }));
    if let Some(sheet) = app.sheet.as_mut().filter(|_| is_review) {
        sheet.ready_at = sheet.ready_at.max(app.now + DEAF_MS);
        if sheet.input.as_ref().is_some_and(|input| input.what != InputFor::Comment) {
            sheet.input = None;
        }
        app.say("the draft has changed: look again");
        app.dirty = true;
    }
}

/// The sheet follows the oldest question. It takes the keys only if nobody is typing.
pub(crate) fn sync_sheet(app: &mut App) {
    sync_diff(app);
    let open = app.state.asks.first().or(app.own.as_ref());
    if app.sheet.as_ref().map(|sheet| sheet.ask) == open.map(|ask| ask.id) {
        return;
    }
    let sheet = open.map(|ask| Sheet::new(ask, app.now));
    let old = std::mem::replace(&mut app.sheet, sheet);
    if let Some(Input { what: InputFor::Comment, text: mut comment }) =
        old.and_then(|sheet| sheet.input)
        && !comment.is_empty()
    {
        // The question went while its comment was being written: the words are kept.
        app.composer.insert(&comment.take());
    }
    app.focus = match app.focus {
        Focus::Pane(Pane::Term | Pane::Diff) => app.focus,
        _ if app.sheet.is_some() && app.composer.is_empty() => Focus::Approval,
        Focus::Approval => Focus::Message,
        focus => focus,
    };
}
