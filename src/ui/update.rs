//! What a key, an event or the passing of time does to the state, and what it asks for outside.
//! Synchronous; it neither waits nor draws.

use super::app::App;
use super::composer::{Composer, Edit, Edited};
use super::keymap::{DiffVerb, Found, Place, Scroll, SheetVerb, TermVerb, Verb};
use super::layout::{self, Kind};
use super::numbers;
use super::overlay::{self, Overlay};
use super::pane::{Focus, Pane};
use super::sheet::{Reply, Sheet};
use super::slash::{self, Amount, Slash};
use crate::protocol::{
    Body, Event, Input, Key, KeyCode, Mode, Op, Pen, Question, Setting, TermEvent, TurnEvent,
};

/// A second Ctrl+C within this time quits.
const QUIT_MS: u64 = 2_000;
const BUDGET_TOKENS_MIN: u64 = 1_000;

#[derive(Clone, Debug)]
pub(crate) enum Msg {
    Key(Key),
    Paste(String),
    /// Columns and rows.
    Resize(u16, u16),
    Event(Box<Event>),
    /// Time passed.
    Tick,
}

/// What is to be done outside of the state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    Send(Op),
    Suspend,
    Quit,
}

pub(crate) fn update(app: &mut App, msg: Msg) -> Vec<Effect> {
    let mut effects = Vec::new();
    match msg {
        Msg::Key(pressed) => {
            app.dirty = true;
            key(app, pressed, &mut effects);
        }
        Msg::Paste(text) => {
            app.dirty = true;
            paste(app, text, &mut effects);
        }
        Msg::Resize(columns, rows) => {
            (app.columns, app.rows) = (columns, rows);
            app.dirty = true;
            app.redraw = true;
        }
        Msg::Event(happened) => event(app, &happened),
        Msg::Tick => tick(app, &mut effects),
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
    if let (Some(term), Some(size)) = (app.term_id(), app.term.due(app.now)) {
        effects.push(Effect::Send(Op::Resize { term, size }));
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
        Body::Term(TermEvent::Opened { .. }) => app.term.forget_size(),
        Body::Turn(TurnEvent::Unqueued { text }) => {
            let draft = app.composer.take();
            app.composer.set(text);
            if !draft.is_empty() {
                app.composer.insert(&format!("\n{draft}"));
            }
        }
        Body::Item(_) | Body::Delta(_) => app.expect_grammars(),
        _ => {}
    }
    sync_sheet(app);
}

/// The sheet follows the oldest question. It takes the keys only if nobody is typing.
pub(crate) fn sync_sheet(app: &mut App) {
    let open = app.state.asks.first();
    if app.sheet.as_ref().map(|sheet| sheet.ask) == open.map(|ask| ask.id) {
        return;
    }
    let sheet = open.map(|ask| Sheet::new(ask, app.now));
    let old = std::mem::replace(&mut app.sheet, sheet);
    if let Some(mut comment) = old.and_then(|sheet| sheet.comment)
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

fn paste(app: &mut App, text: String, effects: &mut Vec<Effect>) {
    if app.overlay.is_some() {
        return;
    }
    if let (Focus::Pane(Pane::Term), Some(term)) = (app.focus, app.term_id()) {
        effects.push(Effect::Send(Op::Input { term, input: Input::Paste(text) }));
        return;
    }
    if let Some(comment) = comment(app) {
        comment.insert(&text);
        return;
    }
    // A paste is never an answer: it goes to the message, whatever has the keys.
    app.history.stop();
    app.composer.insert(&text);
    if app.focus != Focus::Approval {
        app.focus = Focus::Message;
    }
}

/// The comment that is being written in the sheet, if the sheet has the keys.
fn comment(app: &mut App) -> Option<&mut Composer> {
    if app.focus != Focus::Approval {
        return None;
    }
    app.sheet.as_mut()?.comment.as_mut()
}

fn key(app: &mut App, key: Key, effects: &mut Vec<Effect>) {
    if app.overlay.is_some() {
        overlay_key(app, key, effects);
        return;
    }
    let prefix = app.prefix.take();
    if app.focus == Focus::Pane(Pane::Term) && app.term_id().is_some() {
        term_key(app, prefix, key, effects);
        return;
    }
    if app.focus == Focus::Approval && prefix.is_none() && sheet_key(app, key, effects) {
        return;
    }
    let place = match app.focus {
        Focus::Message => Place::Message,
        Focus::Approval => Place::Everywhere,
        Focus::Pane(Pane::Diff) => Place::Diff,
        Focus::Pane(Pane::Chat | Pane::Inspector | Pane::Term) => Place::Chat,
    };
    for place in [place, Place::Everywhere] {
        match app.keymap.find(place, prefix, key) {
            Found::Verb(verb) => return run(app, verb, key, effects),
            Found::Prefix => {
                app.prefix = Some(key);
                return;
            }
            Found::Nothing => {}
        }
    }
    if app.focus == Focus::Message && prefix.is_none() {
        typed(&mut app.composer, key);
        app.history.stop();
    }
}

fn typed(composer: &mut Composer, key: Key) {
    if let (KeyCode::Char(char), false, false) = (key.code, key.ctrl, key.alt) {
        composer.insert(char.encode_utf8(&mut [0; 4]));
    }
}

/// Whether the sheet took the key.
fn sheet_key(app: &mut App, key: Key, effects: &mut Vec<Effect>) -> bool {
    if comment(app).is_some() {
        comment_key(app, key, effects);
        return true;
    }
    let (Some(ask), Some(sheet)) = (app.state.asks.first(), app.sheet.as_mut()) else {
        return false;
    };
    let is_mode_key = key.code == KeyCode::Tab && key.shift;
    let is_plain = !key.ctrl && !key.alt && !is_mode_key && !matches!(key.code, KeyCode::F(_));
    if sheet.is_deaf(app.now) {
        return is_plain;
    }
    if let (KeyCode::Char(char), true) = (key.code, is_plain)
        && let Some(answer) = Sheet::option(ask, char)
    {
        let ask = ask.id;
        effects.push(Effect::Send(Op::Answer { ask, answer }));
        return true;
    }
    let Found::Verb(Verb::Sheet(verb)) = app.keymap.find(Place::Approval, None, key) else {
        return is_plain;
    };
    if verb == SheetVerb::Always && layout::kind(app.columns, app.rows) == Kind::Lines {
        app.say("always: not on a screen too small to show for what");
        return true;
    }
    let reply = sheet.verb(ask, verb);
    reply_with(app, reply, effects);
    true
}

fn comment_key(app: &mut App, key: Key, effects: &mut Vec<Effect>) {
    let (Some(ask), Some(sheet)) = (app.state.asks.first(), app.sheet.as_mut()) else { return };
    match (key.code, app.keymap.find(Place::Message, None, key)) {
        (KeyCode::Escape, _) => sheet.comment = None,
        (KeyCode::Enter, Found::Verb(Verb::Send)) => match sheet.commented(ask) {
            Some(answer) => reply_with(app, Reply::Answer(answer), effects),
            None => app.say("write what the agent should know, or Esc"),
        },
        (_, Found::Verb(Verb::Edit(edit))) => {
            if let Some(comment) = &mut sheet.comment {
                comment.edit(edit);
            }
        }
        _ if key == Key::ctrl('c') => sheet.comment = None,
        _ => {
            if let Some(comment) = &mut sheet.comment {
                typed(comment, key);
            }
        }
    }
}

fn reply_with(app: &mut App, reply: Reply, effects: &mut Vec<Effect>) {
    match reply {
        Reply::Answer(answer) => {
            if let Some(sheet) = &mut app.sheet {
                // Until the session has taken it, nothing is answered twice.
                sheet.ready_at = app.now + super::sheet::DEAF_MS;
                sheet.comment = None;
                effects.push(Effect::Send(Op::Answer { ask: sheet.ask, answer }));
            }
        }
        Reply::ToDiff => focus_pane(app, Pane::Diff),
        Reply::Leave => app.focus = Focus::Message,
        Reply::Say(text) => app.say(text),
        Reply::Nothing => {}
    }
}

fn term_key(app: &mut App, prefix: Option<Key>, key: Key, effects: &mut Vec<Effect>) {
    let leader = Key::ctrl('\\');
    if prefix.is_none() {
        if key == leader {
            app.prefix = Some(key);
        } else {
            input(app, key, effects);
        }
        return;
    }
    // Alt+1 and its like work too, so that the way out is the way in.
    match app.keymap.find(Place::Term, None, key) {
        Found::Verb(verb) => run(app, verb, key, effects),
        Found::Prefix | Found::Nothing => {
            app.say("Ctrl+\\ then: q leave, h hand back, t take, z zoom, Ctrl+\\ literal");
        }
    }
}

fn input(app: &App, key: Key, effects: &mut Vec<Effect>) {
    if let Some(term) = app.term_id() {
        effects.push(Effect::Send(Op::Input { term, input: Input::Key(key) }));
    }
}

fn overlay_key(app: &mut App, key: Key, effects: &mut Vec<Effect>) {
    let Some(mut overlay) = app.overlay.take() else { return };
    match overlay.key(key) {
        overlay::Reply::Stay => app.overlay = Some(overlay),
        overlay::Reply::Close => {}
        overlay::Reply::Run(verb) => run(app, verb, key, effects),
        overlay::Reply::Insert(text) => {
            app.composer.set(text);
            app.focus = Focus::Message;
        }
        overlay::Reply::Autopilot => set(effects, Setting::Mode(Mode::Autopilot)),
    }
}

fn set(effects: &mut Vec<Effect>, setting: Setting) {
    effects.push(Effect::Send(Op::Set(setting)));
}

fn run(app: &mut App, verb: Verb, key: Key, effects: &mut Vec<Effect>) {
    match verb {
        Verb::Focus(pane) => focus_pane(app, pane),
        Verb::FocusMessage => focus_message(app),
        Verb::FocusApproval => {
            if app.sheet.is_some() {
                app.focus = Focus::Approval;
            } else {
                app.say("no question waits");
            }
        }
        Verb::Help => app.overlay = Some(Overlay::help()),
        Verb::HelpIfEmpty if app.composer.is_empty() => app.overlay = Some(Overlay::help()),
        Verb::HelpIfEmpty => app.composer.insert("?"),
        Verb::Palette => app.overlay = Some(Overlay::palette()),
        Verb::Redraw => app.redraw = true,
        Verb::Suspend => effects.push(Effect::Suspend),
        Verb::Interrupt => interrupt(app, effects),
        Verb::ClearOrQuit => clear_or_quit(app, effects),
        Verb::QuitIfEmpty if app.composer.is_empty() => effects.push(Effect::Quit),
        Verb::QuitIfEmpty => drop(app.composer.edit(Edit::Delete)),
        Verb::Quit => effects.push(Effect::Quit),
        Verb::NextMode => set(effects, Setting::Mode(app.state.mode().next())),
        Verb::Autopilot if app.state.mode() == Mode::Autopilot => {
            set(effects, Setting::Mode(Mode::Confirm));
        }
        Verb::Autopilot => app.overlay = Some(Overlay::autopilot()),
        Verb::MoreBudget => scale_budget(app, 5, effects),
        Verb::LessBudget => scale_budget(app, 3, effects),
        Verb::Zoom => zoom(app),
        Verb::ExpandAll => app.chat.toggle_all(),
        Verb::Plan => show_plan(app),
        Verb::Send => send(app, effects),
        Verb::Queue => queue(app, effects),
        Verb::Newline => app.composer.insert("\n"),
        Verb::Edit(edit) => edit_message(app, edit, effects),
        Verb::Scroll(scroll) => scroll_pane(app, scroll),
        Verb::Expand => app.chat.toggle(),
        Verb::PreviousPrompt => app.chat.go_to_prompt(&app.state, false),
        Verb::NextPrompt => app.chat.go_to_prompt(&app.state, true),
        Verb::Diff(verb) => diff_verb(app, verb),
        Verb::Sheet(verb) => sheet_verb(app, verb, effects),
        Verb::Term(verb) => term_verb(app, verb, key, effects),
    }
}

fn focus_message(app: &mut App) {
    app.focus = Focus::Message;
}

fn focus_pane(app: &mut App, pane: Pane) {
    if app.focus == Focus::Pane(pane) {
        focus_message(app);
        return;
    }
    if layout::kind(app.columns, app.rows) == Kind::Lines {
        app.say("the screen is too small for panes");
        return;
    }
    app.focus = Focus::Pane(pane);
    app.pane = pane;
}

fn zoom(app: &mut App) {
    app.zoomed = !app.zoomed;
    if let Focus::Pane(pane) = app.focus {
        app.pane = pane;
    }
}

fn show_plan(app: &mut App) {
    if app.state.plan.is_empty() {
        app.say("the agent has made no plan yet");
    } else if app.layout.shows(Pane::Inspector) {
        app.focus = Focus::Pane(Pane::Inspector);
    } else {
        app.overlay = Some(Overlay::plan());
    }
}

fn interrupt(app: &mut App, effects: &mut Vec<Effect>) {
    if app.state.running.is_some() {
        effects.push(Effect::Send(Op::Interrupt));
        app.say("interrupted");
    } else if app.focus != Focus::Message {
        focus_message(app);
    }
    app.quit_until = 0;
}

fn clear_or_quit(app: &mut App, effects: &mut Vec<Effect>) {
    if app.focus == Focus::Message && !app.composer.is_empty() {
        app.composer.clear();
        app.history.stop();
        app.say("cleared; Ctrl+Y puts it back");
    } else if app.now < app.quit_until {
        effects.push(Effect::Quit);
    } else {
        app.quit_until = app.now + QUIT_MS;
        if app.state.running.is_some() {
            effects.push(Effect::Send(Op::Interrupt));
            app.say("interrupted; Ctrl+C again quits");
        } else {
            app.say("Ctrl+C again quits");
        }
    }
}

/// The budget in force, by quarters.
fn scale_budget(app: &App, quarters: u64, effects: &mut Vec<Effect>) {
    const STEP: u64 = 100;
    let Some(mut budget) = budget(app) else { return };
    let tokens = budget.tokens.saturating_mul(quarters) / 4;
    budget.tokens = (tokens / STEP * STEP).max(BUDGET_TOKENS_MIN);
    set(effects, Setting::Budget(budget));
}

pub(crate) fn budget(app: &App) -> Option<crate::protocol::Budget> {
    let running = app.state.running.as_ref().map(|running| running.budget);
    running.or_else(|| app.state.header.as_ref().map(|header| header.budget))
}

fn send(app: &mut App, effects: &mut Vec<Effect>) {
    if app.composer.take_backslash() {
        app.composer.insert("\n");
        return;
    }
    if app.composer.text().trim().is_empty() {
        return;
    }
    if let Some(command) = slash::parse(app.composer.text()) {
        match command {
            Ok(command) => {
                let text = app.composer.take();
                app.history.push(text.trim());
                slash(app, command, effects);
            }
            Err(message) => app.say(message),
        }
        return;
    }
    let text = taken(app);
    let is_running = app.state.running.is_some();
    let op = if is_running { Op::Steer { text } } else { Op::Prompt { text } };
    effects.push(Effect::Send(op));
    app.chat.scroll_to_bottom();
}

/// Takes the message out, and remembers it.
fn taken(app: &mut App) -> String {
    let text = app.composer.take();
    let text = text.trim_end().to_string();
    app.history.push(&text);
    text
}

fn queue(app: &mut App, effects: &mut Vec<Effect>) {
    if let Some(rest) = slash::complete(app.composer.text()) {
        app.composer.insert(&rest);
    } else if app.composer.text().trim().is_empty() {
    } else if app.state.running.is_some() {
        let text = taken(app);
        effects.push(Effect::Send(Op::Queue { text }));
    } else {
        app.say("nothing runs: Enter sends");
    }
}

fn edit_message(app: &mut App, edit: Edit, effects: &mut Vec<Effect>) {
    let may_walk = app.composer.is_empty() || app.history.is_walking();
    match edit {
        Edit::Up if app.composer.is_empty() && !app.state.queue.is_empty() => {
            effects.push(Effect::Send(Op::Unqueue));
        }
        Edit::Up => {
            if app.composer.edit(edit) == Edited::AtTheEdge {
                let draft = app.composer.text().to_string();
                if let Some(older) = app.history.older(&draft) {
                    app.composer.set(older);
                }
            }
        }
        Edit::Down => {
            if app.composer.edit(edit) == Edited::AtTheEdge
                && may_walk
                && let Some(newer) = app.history.newer()
            {
                app.composer.set(&newer);
            }
        }
        edit => {
            app.composer.edit(edit);
            if !matches!(edit, Edit::Left | Edit::Right | Edit::Home | Edit::End) {
                app.history.stop();
            }
        }
    }
}

fn scroll_pane(app: &mut App, scroll: Scroll) {
    if app.focus == Focus::Pane(Pane::Diff) {
        app.diff.scroll(scroll);
        return;
    }
    let pen = super::chat_lines::Pen {
        theme: &app.theme,
        highlighter: &app.highlighter,
        zone: &app.zone,
        now: app.now,
    };
    app.chat.scroll(&app.state, &pen, scroll);
}

fn diff_verb(app: &mut App, verb: DiffVerb) {
    let here = app.diff.here();
    let is_apply = |question: &Question| matches!(question, Question::Apply { .. });
    match (app.state.asks.first(), &mut app.sheet) {
        (Some(ask), Some(sheet)) if is_apply(&ask.question) => {
            if sheet.choose(ask, here, verb) {
                app.diff.go(DiffVerb::NextHunk);
            } else {
                app.diff.go(verb);
            }
        }
        _ => {
            app.diff.go(verb);
            let is_move = matches!(
                verb,
                DiffVerb::NextHunk
                    | DiffVerb::PreviousHunk
                    | DiffVerb::NextFile
                    | DiffVerb::PreviousFile
                    | DiffVerb::Layout
            );
            if !is_move {
                app.say("nothing waits to be decided here");
            }
        }
    }
}

fn sheet_verb(app: &mut App, verb: SheetVerb, effects: &mut Vec<Effect>) {
    if let (Some(ask), Some(sheet)) = (app.state.asks.first(), app.sheet.as_mut()) {
        let reply = sheet.verb(ask, verb);
        reply_with(app, reply, effects);
    }
}

fn term_verb(app: &mut App, verb: TermVerb, key: Key, effects: &mut Vec<Effect>) {
    let Some(term) = app.term_id() else { return };
    match verb {
        TermVerb::Leave => focus_message(app),
        TermVerb::Zoom => zoom(app),
        TermVerb::Literal => input(app, key, effects),
        TermVerb::Take => effects.push(Effect::Send(Op::Pen { term, pen: Pen::User })),
        TermVerb::HandBack => {
            effects.push(Effect::Send(Op::Pen { term, pen: Pen::Agent }));
            focus_message(app);
        }
    }
}

fn slash(app: &mut App, command: Slash, effects: &mut Vec<Effect>) {
    match command {
        Slash::Help => app.overlay = Some(Overlay::help()),
        Slash::Quit => effects.push(Effect::Quit),
        Slash::Mode(Mode::Autopilot) => app.overlay = Some(Overlay::autopilot()),
        Slash::Mode(mode) => set(effects, Setting::Mode(mode)),
        Slash::Model(model) => set(effects, Setting::Model(model)),
        Slash::Diff => focus_pane(app, Pane::Diff),
        Slash::Term => focus_pane(app, Pane::Term),
        Slash::Budget(amount) => {
            let Some(mut budget) = budget(app) else {
                app.say("the session has not started yet");
                return;
            };
            budget.tokens = match amount {
                Amount::Set(tokens) => tokens,
                Amount::More(tokens) => budget.tokens.saturating_add(tokens),
                Amount::Less(tokens) => budget.tokens.saturating_sub(tokens),
            }
            .max(BUDGET_TOKENS_MIN);
            app.say(format!("budget of a turn: {}", numbers::tokens(budget.tokens)));
            set(effects, Setting::Budget(budget));
        }
    }
}
