//! What can be done, by which key, where: one table that feeds keys, help and palette.

use super::composer::Edit;
use super::keys;
use super::pane::Pane;
use crate::protocol::Key;

/// Where a key counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Everywhere,
    Message,
    Chat,
    Diff,
    Approval,
    /// After `Ctrl+\`.
    Term,
}

impl Place {
    pub(crate) const ALL: [Place; 6] =
        [Place::Everywhere, Place::Message, Place::Approval, Place::Chat, Place::Diff, Place::Term];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Place::Everywhere => "Everywhere but in the terminal",
            Place::Message => "Message",
            Place::Chat => "Chat",
            Place::Diff => "Diff",
            Place::Approval => "Approval",
            Place::Term => "Terminal: every key goes to the program but these",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Focus(Pane),
    FocusMessage,
    FocusApproval,
    Help,
    HelpIfEmpty,
    Palette,
    Redraw,
    Suspend,
    Interrupt,
    ClearOrQuit,
    QuitIfEmpty,
    Quit,
    NextMode,
    Autopilot,
    MoreBudget,
    LessBudget,
    Zoom,
    ExpandAll,
    Plan,
    Send,
    Queue,
    Newline,
    Edit(Edit),
    Scroll(Scroll),
    Expand,
    PreviousPrompt,
    NextPrompt,
    Diff(DiffVerb),
    Sheet(SheetVerb),
    Term(TermVerb),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scroll {
    LineUp,
    LineDown,
    HalfUp,
    HalfDown,
    PageUp,
    PageDown,
    Top,
    Bottom,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiffVerb {
    NextHunk,
    PreviousHunk,
    NextFile,
    PreviousFile,
    Toggle,
    Accept,
    Reject,
    AcceptFile,
    RejectFile,
    Undo,
    Layout,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SheetVerb {
    Yes,
    All,
    No,
    Comment,
    Always,
    ToDiff,
    Leave,
    ScrollUp,
    ScrollDown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TermVerb {
    Leave,
    HandBack,
    Take,
    Zoom,
    Literal,
}

pub(crate) struct Action {
    pub(crate) verb: Verb,
    pub(crate) place: Place,
    pub(crate) keys: &'static [&'static str],
    /// What it does, for help and palette.
    pub(crate) what: &'static str,
}

const fn action(
    place: Place,
    verb: Verb,
    keys: &'static [&'static str],
    what: &'static str,
) -> Action {
    Action { verb, place, keys, what }
}

use Place::{Approval, Chat, Diff, Everywhere, Message, Term};

pub(crate) const ACTIONS: &[Action] = &[
    action(Everywhere, Verb::Focus(Pane::Chat), &["Alt+1", "F2"], "go to the chat"),
    action(Everywhere, Verb::Focus(Pane::Diff), &["Alt+2", "F3"], "go to the diff"),
    action(Everywhere, Verb::Focus(Pane::Term), &["Alt+3", "F4"], "go to the terminal"),
    action(Everywhere, Verb::Focus(Pane::Inspector), &["Alt+4", "F5"], "go to the inspector"),
    action(Everywhere, Verb::FocusMessage, &["Alt+m", "Alt+0"], "go to the message"),
    action(Everywhere, Verb::FocusApproval, &["Alt+a"], "go to the question that waits"),
    action(Everywhere, Verb::Interrupt, &["Esc"], "stop the model, or the command that runs"),
    action(Everywhere, Verb::ClearOrQuit, &["Ctrl+C"], "clear; interrupt; twice: quit"),
    action(Everywhere, Verb::NextMode, &["Shift+Tab"], "mode: confirm, plan, auto-edit"),
    action(Everywhere, Verb::Autopilot, &["Ctrl+X a"], "autopilot on or off"),
    action(Everywhere, Verb::MoreBudget, &["Alt+=", "Alt++"], "budget of the turn +25 %"),
    action(Everywhere, Verb::LessBudget, &["Alt+-"], "budget of the turn -25 %"),
    action(Everywhere, Verb::Zoom, &["Ctrl+X z"], "zoom the pane"),
    action(Everywhere, Verb::ExpandAll, &["Ctrl+O"], "show what the model saw, of every row"),
    action(Everywhere, Verb::Plan, &["Ctrl+T"], "show the plan"),
    action(Everywhere, Verb::Palette, &["Ctrl+P"], "find an action"),
    action(Everywhere, Verb::Help, &["F1"], "help"),
    action(Everywhere, Verb::Redraw, &["Ctrl+L"], "draw the screen afresh"),
    action(Everywhere, Verb::Suspend, &["Ctrl+Z"], "suspend brisk"),
    action(Everywhere, Verb::Quit, &["Ctrl+X q"], "quit"),
    action(Message, Verb::Send, &["Enter"], "send; while a turn runs: steer it"),
    action(Message, Verb::Queue, &["Tab"], "queue for after the turn; complete a /command"),
    action(
        Message,
        Verb::Newline,
        &["Ctrl+J", "Alt+Enter", "Shift+Enter"],
        "new line (or \\ Enter)",
    ),
    action(Message, Verb::HelpIfEmpty, &["?"], "help, if the message is empty"),
    action(Message, Verb::QuitIfEmpty, &["Ctrl+D"], "quit, if the message is empty"),
    action(Message, Verb::Edit(Edit::Up), &["Up"], "line up; history; recall what is queued"),
    action(Message, Verb::Edit(Edit::Down), &["Down"], "line down; history"),
    action(Message, Verb::Edit(Edit::Left), &["Left", "Ctrl+B"], "left"),
    action(Message, Verb::Edit(Edit::Right), &["Right", "Ctrl+F"], "right"),
    action(Message, Verb::Edit(Edit::WordLeft), &["Alt+b", "Ctrl+Left", "Alt+Left"], "word left"),
    action(
        Message,
        Verb::Edit(Edit::WordRight),
        &["Alt+f", "Ctrl+Right", "Alt+Right"],
        "word right",
    ),
    action(Message, Verb::Edit(Edit::Home), &["Home", "Ctrl+A"], "start of the line"),
    action(Message, Verb::Edit(Edit::End), &["End", "Ctrl+E"], "end of the line"),
    action(Message, Verb::Edit(Edit::Backspace), &["Backspace", "Ctrl+H"], "delete to the left"),
    action(Message, Verb::Edit(Edit::Delete), &["Delete"], "delete to the right"),
    action(Message, Verb::Edit(Edit::KillToEnd), &["Ctrl+K"], "cut to the end of the line"),
    action(Message, Verb::Edit(Edit::KillToStart), &["Ctrl+U"], "cut to the start of the line"),
    action(
        Message,
        Verb::Edit(Edit::KillWord),
        &["Ctrl+W", "Alt+Backspace"],
        "cut the word to the left",
    ),
    action(Message, Verb::Edit(Edit::KillWordRight), &["Alt+d"], "cut the word to the right"),
    action(Message, Verb::Edit(Edit::Yank), &["Ctrl+Y"], "put back what was cut"),
    action(Message, Verb::Scroll(Scroll::PageUp), &["PgUp"], "scroll the chat up"),
    action(Message, Verb::Scroll(Scroll::PageDown), &["PgDn"], "scroll the chat down"),
    action(Approval, Verb::Sheet(SheetVerb::Yes), &["y"], "run it; apply what is selected"),
    action(Approval, Verb::Sheet(SheetVerb::All), &["Y"], "apply all of it"),
    action(Approval, Verb::Sheet(SheetVerb::No), &["n"], "refuse; reject all"),
    action(Approval, Verb::Sheet(SheetVerb::Comment), &["c"], "refuse with a comment to the agent"),
    action(
        Approval,
        Verb::Sheet(SheetVerb::Always),
        &["a"],
        "run it, and such commands from now on",
    ),
    action(Approval, Verb::Sheet(SheetVerb::ToDiff), &["d"], "go to the diff, to choose hunks"),
    action(Approval, Verb::Sheet(SheetVerb::Leave), &["Esc"], "leave it waiting"),
    action(Approval, Verb::Sheet(SheetVerb::ScrollUp), &["Up", "k", "PgUp"], "scroll up"),
    action(Approval, Verb::Sheet(SheetVerb::ScrollDown), &["Down", "j", "PgDn"], "scroll down"),
    action(Chat, Verb::Scroll(Scroll::LineUp), &["k", "Up"], "row up"),
    action(Chat, Verb::Scroll(Scroll::LineDown), &["j", "Down"], "row down"),
    action(Chat, Verb::Scroll(Scroll::HalfUp), &["Ctrl+U"], "half a page up"),
    action(Chat, Verb::Scroll(Scroll::HalfDown), &["Ctrl+D"], "half a page down"),
    action(Chat, Verb::Scroll(Scroll::PageUp), &["PgUp"], "page up"),
    action(Chat, Verb::Scroll(Scroll::PageDown), &["PgDn"], "page down"),
    action(Chat, Verb::Scroll(Scroll::Top), &["g", "Home"], "first row"),
    action(Chat, Verb::Scroll(Scroll::Bottom), &["G", "End"], "last row"),
    action(Chat, Verb::Expand, &["Enter", "Space"], "show what the model saw"),
    action(Chat, Verb::PreviousPrompt, &["["], "previous prompt of yours"),
    action(Chat, Verb::NextPrompt, &["]"], "next prompt of yours"),
    action(Chat, Verb::FocusMessage, &["q", "i"], "back to the message"),
    action(Chat, Verb::Help, &["?"], "help"),
    action(Diff, Verb::Diff(DiffVerb::NextHunk), &["]"], "next hunk"),
    action(Diff, Verb::Diff(DiffVerb::PreviousHunk), &["["], "previous hunk"),
    action(Diff, Verb::Diff(DiffVerb::NextFile), &["}"], "next file"),
    action(Diff, Verb::Diff(DiffVerb::PreviousFile), &["{"], "previous file"),
    action(Diff, Verb::Diff(DiffVerb::Toggle), &["Space"], "select the hunk, or not"),
    action(Diff, Verb::Diff(DiffVerb::Accept), &["y"], "accept the hunk, go to the next"),
    action(Diff, Verb::Diff(DiffVerb::Reject), &["n"], "reject the hunk, go to the next"),
    action(Diff, Verb::Diff(DiffVerb::AcceptFile), &["A"], "accept the whole file"),
    action(Diff, Verb::Diff(DiffVerb::RejectFile), &["R"], "reject the whole file"),
    action(Diff, Verb::Diff(DiffVerb::Undo), &["u"], "undo the last decision"),
    action(Diff, Verb::Diff(DiffVerb::Layout), &["t"], "unified or side by side"),
    action(Diff, Verb::Scroll(Scroll::LineUp), &["k", "Up"], "line up"),
    action(Diff, Verb::Scroll(Scroll::LineDown), &["j", "Down"], "line down"),
    action(Diff, Verb::Scroll(Scroll::HalfUp), &["Ctrl+U"], "half a page up"),
    action(Diff, Verb::Scroll(Scroll::HalfDown), &["Ctrl+D"], "half a page down"),
    action(Diff, Verb::Scroll(Scroll::PageUp), &["PgUp"], "page up"),
    action(Diff, Verb::Scroll(Scroll::PageDown), &["PgDn"], "page down"),
    action(Diff, Verb::Scroll(Scroll::Top), &["g", "Home"], "first line"),
    action(Diff, Verb::Scroll(Scroll::Bottom), &["G", "End"], "last line"),
    action(Diff, Verb::FocusApproval, &["Enter"], "to the question"),
    action(Diff, Verb::FocusMessage, &["q", "i"], "back to the message"),
    action(Diff, Verb::Help, &["?"], "help"),
    action(Term, Verb::Term(TermVerb::Leave), &["q"], "leave the terminal"),
    action(Term, Verb::Term(TermVerb::HandBack), &["h"], "hand the pen back to the agent"),
    action(Term, Verb::Term(TermVerb::Take), &["t"], "take the pen (typing takes it too)"),
    action(Term, Verb::Term(TermVerb::Zoom), &["z"], "zoom the pane"),
    action(Term, Verb::Term(TermVerb::Literal), &["Ctrl+\\"], "send Ctrl+\\ to the program"),
    action(Term, Verb::Help, &["?"], "help"),
];

/// What a key, or a key after a prefix, asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Verb(Verb),
    /// The first of two keys.
    Prefix,
    Nothing,
}

/// The table, with its spellings read.
pub(crate) struct Keymap {
    entries: Vec<(Place, Vec<Key>, Verb)>,
}

impl Keymap {
    pub(crate) fn new() -> Self {
        let mut entries = Vec::new();
        for action in ACTIONS {
            for keys in action.keys.iter().filter_map(|keys| keys::parse(keys)) {
                entries.push((action.place, keys, action.verb));
            }
        }
        Self { entries }
    }

    pub(crate) fn find(&self, place: Place, prefix: Option<Key>, key: Key) -> Found {
        let mut found = Found::Nothing;
        for (_, keys, verb) in self.entries.iter().filter(|entry| entry.0 == place) {
            match (prefix, keys.as_slice()) {
                (None, [only]) if *only == key => return Found::Verb(*verb),
                (Some(prefix), [first, second]) if *first == prefix && *second == key => {
                    return Found::Verb(*verb);
                }
                (None, [first, _]) if *first == key => found = Found::Prefix,
                _ => {}
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_can_be_read() {
        for action in ACTIONS {
            for keys in action.keys {
                assert!(keys::parse(keys).is_some(), "{keys}: {}", action.what);
            }
        }
    }

    #[test]
    fn no_key_means_two_things_in_one_place() {
        let keymap = Keymap::new();
        for (index, (place, keys, _)) in keymap.entries.iter().enumerate() {
            for (other, others, _) in &keymap.entries[index + 1..] {
                assert!(place != other || keys != others, "{place:?} {keys:?}");
            }
        }
    }

    #[test]
    fn a_prefix_waits_for_its_second_key() {
        let keymap = Keymap::new();
        let leader = Key::ctrl('x');
        assert_eq!(keymap.find(Place::Everywhere, None, leader), Found::Prefix);
        let zoom = keymap.find(Place::Everywhere, Some(leader), Key::char('z'));
        assert_eq!(zoom, Found::Verb(Verb::Zoom));
        let nothing = keymap.find(Place::Everywhere, Some(leader), Key::char('!'));
        assert_eq!(nothing, Found::Nothing);
    }
}
