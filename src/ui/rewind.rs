//! Going back: the turns with their prompts, newest first, of which one is chosen.

use super::app::App;
use super::chat_lines::Pen;
use super::numbers;
use super::overlay::Overlay;
use super::theme::Role;
use crate::protocol::{Item, TurnId, UserKind};
use crate::session::{Entry, EntryBody};
use crate::text::{clean, clip, width};
use ratatui::text::Line;

/// A second Escape within this time opens the list.
const AGAIN_MS: u64 = 800;
/// Turns that are listed.
const TURNS_MAX: usize = 100;

/// A turn that can be gone back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) turn: TurnId,
    pub(crate) prompt: String,
    /// Milliseconds since 1970.
    pub(crate) at: u64,
}

/// Escape was pressed where it means nothing else.
pub(crate) fn escaped(app: &mut App) {
    if app.now < app.rewind_until {
        app.rewind_until = 0;
        return open(app);
    }
    app.rewind_until = app.now + AGAIN_MS;
}

pub(crate) fn open(app: &mut App) {
    if app.state.running.is_some() {
        return app.say("a turn runs: Esc stops it first");
    }
    let targets = targets(&app.state.entries);
    if targets.is_empty() {
        return app.say("there is no turn to go back to");
    }
    app.overlay = Some(Overlay::rewind(targets));
}

fn targets(entries: &[Entry]) -> Vec<Target> {
    let target = |entry: &Entry| match &entry.body {
        EntryBody::Item(Item::User { text, kind: UserKind::Prompt }) => {
            Some(Target { turn: entry.turn?, prompt: text.clone(), at: entry.at })
        }
        _ => None,
    };
    entries.iter().rev().filter_map(target).take(TURNS_MAX).collect()
}

pub(crate) fn lines(
    targets: &[Target],
    selected: usize,
    pen: &Pen<'_>,
    columns: u16,
) -> Vec<Line<'static>> {
    let columns = usize::from(columns);
    let what = "Chat and files go back to where they were before the turn. /undo takes it back.";
    let mut lines =
        vec![Line::from(pen.span(clip(what, columns).into_owned(), Role::Dim)), Line::default()];
    for (index, target) in targets.iter().enumerate() {
        let (mark, role) =
            if index == selected { (">", Role::Selection) } else { (" ", Role::Text) };
        let clock = numbers::clock(target.at, pen.zone);
        let first = target.prompt.lines().next().unwrap_or_default();
        let head = format!("{mark} turn {:<3} {clock}  ", target.turn.0);
        let text = clip(&clean(first), columns.saturating_sub(width(&head))).into_owned();
        let pad = " ".repeat(columns.saturating_sub(width(&head) + width(&text)));
        lines.push(Line::from(pen.span(format!("{head}{text}{pad}"), role)));
    }
    lines
}
