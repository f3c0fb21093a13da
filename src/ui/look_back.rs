//! Copy mode and the view of what the model saw, as parts of the whole front end: when they have the
//! keys, and what their answers do.

use super::app::App;
use super::copy_mode::{CopyMode, Reply};
use super::keymap::{Found, Place};
use super::pane::{Focus, Pane};
use super::seen::{self, Seen};
use super::update::Effect;
use super::{act, layout};
use crate::protocol::{Key, Scrollback, TermId};
use std::path::{Path, PathBuf};

/// What goes into a message must be worth reading.
const QUOTE_BYTES_MAX: usize = 64 << 10;

/// Copy mode, if the terminal that the pane shows is the one looked back in.
pub(crate) fn shown(app: &App) -> Option<&CopyMode> {
    app.copy.as_ref().filter(|copy| app.term_id() == Some(copy.term))
}

pub(crate) fn begin(app: &mut App, term: TermId, page: bool, back: Scrollback) {
    if !page || shown(app).is_none() {
        let mut copy = CopyMode::new(term, back);
        let inside = app.term_inside();
        copy.fit(inside.width, inside.height);
        app.copy = Some(copy);
    }
    if let Some(copy) = app.copy.as_mut().filter(|_| page) {
        copy.page_up();
    }
    app.dirty = true;
}

fn has_keys(app: &App) -> bool {
    app.focus == Focus::Pane(Pane::Term) && app.prefix.is_none() && shown(app).is_some()
}

/// Whether the key was one of these views'.
pub(crate) fn key(app: &mut App, key: Key, effects: &mut Vec<Effect>) -> bool {
    if app.seen.is_some() {
        seen_key(app, key, effects);
        return true;
    }
    if !has_keys(app) {
        return false;
    }
    if key == app.leader {
        app.prefix = Some(key);
        return true;
    }
    let Some(copy) = &mut app.copy else { return false };
    match copy.key(key) {
        Reply::Pass => {
            if let Found::Verb(verb) = app.keymap.find(Place::Everywhere, None, key) {
                act::run(app, verb, key, effects);
            }
        }
        reply => answer(app, reply, effects),
    }
    true
}

/// Whether the paste was for one of these views.
pub(crate) fn paste(app: &mut App, text: &str) -> bool {
    if app.seen.is_some() {
        return true;
    }
    if !has_keys(app) {
        return false;
    }
    if let Some(copy) = &mut app.copy {
        let reply = copy.paste(text);
        answer(app, reply, &mut Vec::new());
    }
    true
}

fn answer(app: &mut App, reply: Reply, effects: &mut Vec<Effect>) {
    match reply {
        Reply::Stay | Reply::Pass => {}
        Reply::Leave => app.copy = None,
        Reply::Say(text) => app.say(text),
        Reply::Copy(text) => {
            app.copy = None;
            effects.push(Effect::Copy(text));
        }
        Reply::Chat(text) if text.len() > QUOTE_BYTES_MAX => {
            app.say("too long for a message: 64 kB at most");
        }
        Reply::Chat(text) => {
            app.copy = None;
            app.focus = Focus::Message;
            quote(app, &text);
        }
    }
}

/// Puts a text into the message, as a block that quotes it, with the cursor below.
fn quote(app: &mut App, text: &str) {
    let draft = app.composer.text();
    let gap = if draft.is_empty() || draft.ends_with('\n') { "" } else { "\n" };
    let mut block = gap.to_string();
    for line in text.lines() {
        block.push_str(if line.is_empty() { ">" } else { "> " });
        block.push_str(line);
        block.push('\n');
    }
    app.history.stop();
    app.composer.insert(&block);
}

/// Opens the view of what the model saw, at the newest command.
pub(crate) fn show_seen(app: &mut App, effects: &mut Vec<Effect>) {
    if layout::kind(app.columns, app.rows) == layout::Kind::Lines {
        app.say("the screen is too small for it");
        return;
    }
    match seen::runs(&app.state).count().checked_sub(1) {
        Some(last) => open(app, last, effects),
        None => app.say("the agent has run no command yet"),
    }
}

fn open(app: &mut App, which: usize, effects: &mut Vec<Effect>) {
    let Some(run) = seen::runs(&app.state).nth(which) else { return };
    if let Some(file) = run.file {
        effects.push(Effect::ReadOutput(PathBuf::from(file)));
    }
    app.seen = Some(Seen::new(which, &run));
}

/// The whole output has been read.
pub(crate) fn output(app: &mut App, file: &Path, text: Result<String, String>) {
    if let Some(seen) = &mut app.seen {
        seen.read(file, text);
        app.dirty = true;
    }
}

fn seen_key(app: &mut App, key: Key, effects: &mut Vec<Effect>) {
    let count = seen::runs(&app.state).count();
    let Some(seen) = &mut app.seen else { return };
    match seen.key(key, usize::from(app.rows)) {
        seen::Reply::Stay => {}
        seen::Reply::Close => app.seen = None,
        seen::Reply::Go(step) => match seen.which.checked_add_signed(step) {
            Some(which) if which < count => open(app, which, effects),
            _ => app.say("no more commands that way"),
        },
    }
}
