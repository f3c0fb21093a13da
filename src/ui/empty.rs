//! What panes say while there is nothing in them: what will be there, and what to do.

use super::app::App;
use super::rows;
use super::theme::Role;
use super::view::plain;
use crate::protocol::{Mode, TreeKind};
use ratatui::text::{Line, Span};

pub(crate) fn chat(app: &App, columns: u16) -> Vec<Line<'static>> {
    let mut lines = vec![plain(app, "What shall we work on?", Role::Heading, columns)];
    lines.push(Line::default());
    let tree = app.state.header.as_ref().map(|header| header.tree);
    let promise = match (app.state.mode(), tree) {
        (Mode::Plan, _) => "Plan mode: the agent reads and plans, and changes nothing.",
        (_, Some(TreeKind::Copy)) => {
            "The agent works in a copy; you choose which hunks get into your files."
        }
        (Mode::Confirm, _) => "Edits, and commands that may write, wait for your yes.",
        (Mode::AutoEdit, _) => {
            "Edits are written at once; commands that may write wait for your yes."
        }
        (Mode::Autopilot, _) => "Autopilot: nothing waits for a yes, up to the budget.",
    };
    let intro = format!(
        "Ask for a change, a fix, an explanation. The agent works in the terminal pane, where you \
         can type too. {promise}"
    );
    for range in rows::rows(&intro, usize::from(columns)) {
        lines.push(plain(app, intro[range].trim_end(), Role::Text, columns));
    }
    lines.push(Line::default());
    for (key, what) in [
        ("Enter", "send"),
        ("Shift+Tab", "change the mode"),
        ("Alt+1..4", "go to a pane"),
        ("F1", "all keys"),
        ("/", "commands"),
    ] {
        lines.push(Line::from(vec![
            Span::styled(format!("{key:<11}"), app.theme.style(Role::Accent)),
            Span::styled(what, app.theme.style(Role::Dim)),
        ]));
    }
    lines
}

pub(crate) fn diff(app: &App, columns: u16) -> Vec<Line<'static>> {
    let text = if app.is_in_place() {
        "Nothing is pending. When the agent wants to edit files, the hunks are shown here, and you \
         choose which of them are written."
    } else {
        "Nothing is pending: the draft is the same as your tree. What the agent and its commands \
         change there is shown here, hunk by hunk, and you choose what gets into your files."
    };
    wrapped(app, text, columns)
}

pub(crate) fn term(app: &App, columns: u16) -> Vec<Line<'static>> {
    let text = "The terminal opens with the first command. You and the agent share it: who holds \
                the pen is shown above, and typing takes it.";
    wrapped(app, text, columns)
}

fn wrapped(app: &App, text: &str, columns: u16) -> Vec<Line<'static>> {
    let row =
        |range: std::ops::Range<usize>| plain(app, text[range].trim_end(), Role::Dim, columns);
    rows::rows(text, usize::from(columns)).into_iter().map(row).collect()
}
