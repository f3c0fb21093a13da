//! What a key means where. The table of it all is in `actions`.

use super::actions::ACTIONS;
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
    Background,
    BackgroundOrLeft,
    Terminals,
    Models,
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
    Redo,
    Layout,
    /// Keys choose lines, or hunks.
    Lines,
    Range,
    Split,
    Edit,
    Comment,
    Comments,
    Gates,
    Wrap,
    Blanks,
    MoreContext,
    LessContext,
    Search,
    NextHit,
    PreviousHit,
    KeepDraft,
    KeepTree,
    /// On to the question.
    Answer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SheetVerb {
    Yes,
    All,
    No,
    Comment,
    Always,
    ToDiff,
    Edit,
    Gates,
    Help,
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
    New,
    Kill,
    /// The terminal with this number.
    Switch(u8),
    LookBack,
    PageBack,
    Seen,
}

pub(crate) struct Action {
    pub(crate) verb: Verb,
    pub(crate) place: Place,
    pub(crate) keys: &'static [&'static str],
    /// What it does, for help and palette.
    pub(crate) what: &'static str,
}

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
