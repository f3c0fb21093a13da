//! Where a key or a paste goes: to what lies over the screen, the terminal, the question, the
//! keymap, or into the message. What a verb of the keymap does is left to `act`.

use super::act;
use super::app::App;
use super::composer::Composer;
use super::keymap::{Found, Place, SheetVerb, Verb};
use super::layout::{self, Kind};
use super::look_back;
use super::overlay;
use super::pane::{Focus, Pane};
use super::sheet::{DEAF_MS, OWN, Reply, Sheet};
use super::update::Effect;
use super::{diff_act, update};
use crate::protocol::{Input, Key, KeyCode, Mode, Op, Setting};

pub(crate) fn paste(app: &mut App, text: String, effects: &mut Vec<Effect>) {
    if app.overlay.as_mut().is_some_and(|overlay| overlay.paste(&text)) {
        return;
    }
    if app.overlay.is_some() || look_back::paste(app, &text) {
        return;
    }
    if let (Focus::Pane(Pane::Term), Some(term)) = (app.focus, app.live_term()) {
        effects.push(Effect::Send(Op::Input { term, input: Input::Paste(text) }));
        return;
    }
    if let Some(typed) = typed_in_sheet(app) {
        typed.insert(&text);
        return;
    }
    if is_asking(app) {
        return app.diff.prompt_paste(&text);
    }
    // A paste is never an answer: it goes to the message, whatever has the keys.
    app.history.stop();
    app.composer.insert(&text);
    if app.focus != Focus::Approval {
        app.focus = Focus::Message;
    }
}

/// What is being typed in the sheet, if the sheet has the keys.
fn typed_in_sheet(app: &mut App) -> Option<&mut Composer> {
    if app.focus != Focus::Approval {
        return None;
    }
    Some(&mut app.sheet.as_mut()?.input.as_mut()?.text)
}

/// Something is typed in the diff pane, and the pane has the keys.
fn is_asking(app: &App) -> bool {
    app.focus == Focus::Pane(Pane::Diff) && app.diff.prompt.is_some()
}

pub(crate) fn key(app: &mut App, key: Key, effects: &mut Vec<Effect>) {
    if app.overlay.is_some() {
        overlay_key(app, key, effects);
        return;
    }
    if look_back::key(app, key, effects) {
        return;
    }
    let prefix = app.prefix.take();
    if app.focus == Focus::Pane(Pane::Term) && app.live_term().is_some() {
        term_key(app, prefix, key, effects);
        return;
    }
    if app.focus == Focus::Approval && prefix.is_none() && sheet_key(app, key, effects) {
        return;
    }
    if is_asking(app) && prefix.is_none() {
        let edit = match app.keymap.find(Place::Message, None, key) {
            Found::Verb(Verb::Edit(edit)) => Some(edit),
            _ => None,
        };
        return app.diff.prompt_key(key, edit);
    }
    let place = match app.focus {
        Focus::Message => Place::Message,
        Focus::Approval => Place::Everywhere,
        Focus::Pane(Pane::Diff) => Place::Diff,
        Focus::Pane(Pane::Chat | Pane::Inspector | Pane::Term) => Place::Chat,
    };
    for place in [place, Place::Everywhere] {
        match app.keymap.find(place, prefix, key) {
            Found::Verb(verb) => return act::run(app, verb, key, effects),
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
    if typed_in_sheet(app).is_some() {
        typed_key(app, key, effects);
        return true;
    }
    let asked = app.state.asks.first().or(app.own.as_ref());
    let (Some(ask), Some(sheet)) = (asked, app.sheet.as_mut()) else {
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
    let reply = sheet.verb(ask, &app.diff.review, verb);
    reply_with(app, reply, effects);
    true
}

fn typed_key(app: &mut App, key: Key, effects: &mut Vec<Effect>) {
    let asked = app.state.asks.first().or(app.own.as_ref());
    let (Some(ask), Some(sheet)) = (asked, app.sheet.as_mut()) else { return };
    match (key.code, app.keymap.find(Place::Message, None, key)) {
        (KeyCode::Escape, _) => sheet.input = None,
        (KeyCode::Enter, Found::Verb(Verb::Send)) => {
            let reply = sheet.typed(ask, &app.diff.review);
            reply_with(app, reply, effects);
        }
        (_, Found::Verb(Verb::Edit(edit))) => {
            if let Some(input) = &mut sheet.input {
                input.text.edit(edit);
            }
        }
        _ if key == Key::ctrl('c') => sheet.input = None,
        _ => {
            if let Some(input) = &mut sheet.input {
                typed(&mut input.text, key);
            }
        }
    }
}

pub(crate) fn reply_with(app: &mut App, reply: Reply, effects: &mut Vec<Effect>) {
    match reply {
        Reply::Answer(answer) => {
            let Some(sheet) = &mut app.sheet else { return };
            // Until the session has taken it, nothing is answered twice.
            sheet.ready_at = app.now + DEAF_MS;
            sheet.input = None;
            if sheet.ask == OWN {
                let op = diff_act::own_answer(app, answer);
                effects.extend(op.map(Effect::Send));
                update::sync_sheet(app);
                diff_act::back(app);
            } else {
                effects.push(Effect::Send(Op::Answer { ask: sheet.ask, answer }));
            }
        }
        Reply::ToDiff => act::focus_pane(app, Pane::Diff),
        Reply::Leave => app.focus = Focus::Message,
        Reply::Edit => {
            if let Some(said) = diff_act::edit(app, effects) {
                app.say(said);
            }
        }
        Reply::Gate => {
            if let Some(said) = diff_act::gate(app, effects) {
                app.say(said);
            }
        }
        Reply::Help => app.overlay = Some(overlay::Overlay::help()),
        Reply::Say(text) => app.say(text),
        Reply::Nothing => {}
    }
}

fn term_key(app: &mut App, prefix: Option<Key>, key: Key, effects: &mut Vec<Effect>) {
    if let Some(term) = app.term.ending.take() {
        if key == Key::char('y') {
            effects.push(Effect::Send(Op::CloseTerm { term }));
        } else {
            app.say("it goes on");
        }
        return;
    }
    match prefix {
        None if key == app.leader => app.prefix = Some(key),
        None => input(app, key, effects),
        // Twice sends it.
        Some(_) if key == app.leader => input(app, key, effects),
        Some(_) => match app.keymap.find(Place::Term, None, key) {
            // Alt+1 and its like work too, so that the way out is the way in.
            Found::Verb(verb) => act::run(app, verb, key, effects),
            Found::Prefix | Found::Nothing => app.say("no such key after the leader: ? shows them"),
        },
    }
}

pub(crate) fn input(app: &App, key: Key, effects: &mut Vec<Effect>) {
    if let Some(term) = app.live_term() {
        effects.push(Effect::Send(Op::Input { term, input: Input::Key(key) }));
    }
}

fn overlay_key(app: &mut App, key: Key, effects: &mut Vec<Effect>) {
    let Some(mut overlay) = app.overlay.take() else { return };
    match overlay.key(key) {
        overlay::Reply::Stay => app.overlay = Some(overlay),
        overlay::Reply::Close => {}
        overlay::Reply::Run(verb) => act::run(app, verb, key, effects),
        overlay::Reply::Insert(text) => {
            app.composer.set(text);
            app.focus = Focus::Message;
        }
        overlay::Reply::Autopilot => act::set(effects, Setting::Mode(Mode::Autopilot)),
        overlay::Reply::Comments(comments) => diff_act::send_comments(app, comments, effects),
        overlay::Reply::KeepComments(comments) => app.diff.review.comments = comments,
        overlay::Reply::Model(name) => act::set(effects, Setting::Model(name)),
        overlay::Reply::Say(text) => {
            app.overlay = Some(overlay);
            app.say(text);
        }
        overlay::Reply::Rewind(target) => {
            effects.push(Effect::Send(Op::Rewind { turn: target.turn }));
            if app.composer.is_empty() {
                // To say it otherwise is why one goes back.
                app.composer.set(&target.prompt);
                app.focus = Focus::Message;
            }
        }
    }
}
