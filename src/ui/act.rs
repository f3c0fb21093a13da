//! What each verb of the keymap, and each typed command, does.

use super::app::App;
use super::composer::{Edit, Edited};
use super::keymap::{Scroll, SheetVerb, TermVerb, Verb};
use super::layout::{self, Kind};
use super::models::ModelList;
use super::numbers;
use super::overlay::Overlay;
use super::pane::{Focus, Pane};
use super::slash::{self, Amount, Slash};
use super::update::Effect;
use super::{diff_act, look_back, press, rewind};
use crate::protocol::{Key, Mode, Op, Owner, Pen, Setting, TermId};

/// A second Ctrl+C within this time quits.
const QUIT_MS: u64 = 2_000;
const BUDGET_TOKENS_MIN: u64 = 1_000;

pub(crate) fn set(effects: &mut Vec<Effect>, setting: Setting) {
    effects.push(Effect::Send(Op::Set(setting)));
}

pub(crate) fn run(app: &mut App, verb: Verb, key: Key, effects: &mut Vec<Effect>) {
    match verb {
        Verb::Focus(pane) => focus_pane(app, pane),
        Verb::FocusMessage => focus_message(app),
        Verb::FocusApproval => diff_act::answer(app),
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
        Verb::ExpandAll => app.chat.blocks.toggle_all(),
        Verb::Plan => show_plan(app),
        Verb::Background => effects.push(Effect::Send(Op::Background)),
        Verb::BackgroundOrLeft if app.state.running.is_some() => {
            effects.push(Effect::Send(Op::Background));
        }
        Verb::BackgroundOrLeft => edit_message(app, Edit::Left, effects),
        Verb::Models => show_models(app),
        Verb::Terminals => app.overlay = Some(Overlay::terminals()),
        Verb::Send => send(app, effects),
        Verb::Queue => queue(app, effects),
        Verb::Newline => app.composer.insert("\n"),
        Verb::Edit(edit) => edit_message(app, edit, effects),
        Verb::Scroll(scroll) => scroll_pane(app, scroll),
        Verb::Expand => app.chat.toggle(),
        Verb::PreviousPrompt => app.chat.go_to_prompt(&app.state, false),
        Verb::NextPrompt => app.chat.go_to_prompt(&app.state, true),
        Verb::Diff(verb) => diff_act::run(app, verb, effects),
        Verb::Sheet(verb) => sheet_verb(app, verb, effects),
        Verb::Term(verb) => term_verb(app, verb, key, effects),
    }
}

fn focus_message(app: &mut App) {
    app.focus = Focus::Message;
}

pub(crate) fn focus_pane(app: &mut App, pane: Pane) {
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

fn show_models(app: &mut App) {
    let current = app.state.header.as_ref().map_or("", |header| header.model.as_str());
    app.overlay = Some(Overlay::Models(ModelList::new(&app.models, current)));
}

fn interrupt(app: &mut App, effects: &mut Vec<Effect>) {
    if app.sheet.is_some() && matches!(app.focus, Focus::Pane(_)) {
        // The model waits for an answer: to look away from the hunks must not end the turn.
        app.focus = Focus::Approval;
        return;
    }
    if app.state.running.is_some() {
        effects.push(Effect::Send(Op::Interrupt));
        app.say("interrupted");
    } else if app.focus != Focus::Message {
        focus_message(app);
    } else if app.composer.is_empty() {
        rewind::escaped(app);
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

fn sheet_verb(app: &mut App, verb: SheetVerb, effects: &mut Vec<Effect>) {
    let asked = app.state.asks.first().or(app.own.as_ref());
    if let (Some(ask), Some(sheet)) = (asked, app.sheet.as_mut()) {
        let reply = sheet.verb(ask, &app.diff.review, verb);
        press::reply_with(app, reply, effects);
    }
}

/// The terminal pane gets the keys, if there is room for a pane.
pub(crate) fn go_to_term(app: &mut App) {
    if app.focus != Focus::Pane(Pane::Term) {
        focus_pane(app, Pane::Term);
    }
}

fn term_verb(app: &mut App, verb: TermVerb, key: Key, effects: &mut Vec<Effect>) {
    match verb {
        TermVerb::New => return effects.push(Effect::Send(Op::OpenTerm)),
        TermVerb::Switch(number) => return switch_term(app, number),
        _ => {}
    }
    let Some(info) = app.term_info() else { return };
    let (term, own) = (info.term, info.owner == Owner::User);
    match verb {
        TermVerb::Leave => focus_message(app),
        TermVerb::Zoom => zoom(app),
        TermVerb::LookBack => effects.push(Effect::LookBack { term, page: false }),
        TermVerb::PageBack => effects.push(Effect::LookBack { term, page: true }),
        TermVerb::Seen => look_back::show_seen(app, effects),
        TermVerb::Literal => press::input(app, key, effects),
        TermVerb::Take => effects.push(Effect::Send(Op::Pen { term, pen: Pen::User })),
        TermVerb::HandBack if own => app.say("this terminal is yours alone"),
        TermVerb::HandBack => {
            effects.push(Effect::Send(Op::Pen { term, pen: Pen::Agent }));
            focus_message(app);
        }
        TermVerb::Kill => {
            app.term.ending = Some(term);
            app.say(format!(
                "end terminal {} and all that runs in it?  y yes, any other key no",
                term.0
            ));
        }
        TermVerb::New | TermVerb::Switch(_) => {}
    }
}

fn switch_term(app: &mut App, number: u8) {
    let wanted = TermId(u64::from(number));
    if app.state.terms.iter().any(|info| info.term == wanted) {
        app.term.shown = Some(wanted);
        go_to_term(app);
    } else {
        app.say(format!("there is no terminal {number}"));
    }
}

fn slash(app: &mut App, command: Slash, effects: &mut Vec<Effect>) {
    match command {
        Slash::Help => app.overlay = Some(Overlay::help()),
        Slash::Quit => effects.push(Effect::Quit),
        Slash::Mode(Mode::Autopilot) => app.overlay = Some(Overlay::autopilot()),
        Slash::Mode(mode) => set(effects, Setting::Mode(mode)),
        Slash::Model(Some(model)) => set(effects, Setting::Model(model)),
        Slash::Model(None) => show_models(app),
        Slash::Depth(depth) => set(effects, Setting::Depth(depth)),
        Slash::Compact => effects.push(Effect::Send(Op::Compact)),
        Slash::Diff if app.focus != Focus::Pane(Pane::Diff) => focus_pane(app, Pane::Diff),
        Slash::Diff => {}
        Slash::Review => {
            if app.focus != Focus::Pane(Pane::Diff) {
                focus_pane(app, Pane::Diff);
            }
            diff_act::answer(app);
        }
        Slash::Apply => diff_act::apply(app, effects),
        Slash::Reject => diff_act::reject(app, effects),
        Slash::Gates => {
            if let Some(said) = diff_act::gate(app, effects) {
                app.say(said);
            }
        }
        Slash::Undo => effects.push(Effect::Send(Op::Undo)),
        Slash::Redo => effects.push(Effect::Send(Op::Redo)),
        Slash::Commit(message) => effects.push(Effect::Send(Op::Commit { message })),
        Slash::Rewind => rewind::open(app),
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
