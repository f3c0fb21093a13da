//! A tool call in the chat: one row that joins the call with its result, and what it opens to.

use super::chat_lines::{OPENED_LINES_MAX, Pen, opened, spread};
use super::diff::{self, DiffLayout};
use super::review::Choice;
use super::theme::Role;
use super::{marks, numbers};
use crate::protocol::{Change, Detail, EditState, Item, Outcome, TermState};
use crate::session::{Entry, EntryBody, State};
use crate::text::{clean, clip};
use ratatui::text::{Line, Span};

/// A call with what belongs to it.
pub(crate) struct Tool<'a> {
    pub(crate) call: &'a Entry,
    pub(crate) result: Option<&'a Entry>,
    /// Of each file the last one.
    pub(crate) edits: Vec<(&'a Change, EditState)>,
}

pub(crate) fn tool(
    tool: &Tool<'_>,
    pen: &Pen<'_>,
    columns: u16,
    is_open: bool,
    state: &State,
) -> Vec<Line<'static>> {
    let EntryBody::Item(Item::Call { call, tool: name, arguments, .. }) = &tool.call.body else {
        return Vec::new();
    };
    let (outcome, seen, detail) = match tool.result.map(|entry| &entry.body) {
        Some(EntryBody::Item(Item::Result { outcome, text, detail, .. })) => {
            (Some(*outcome), text.as_str(), Some(detail))
        }
        _ => (None, "", None),
    };
    let is_asked = state.asks.iter().any(|ask| asked_call(&ask.question) == Some(call));
    let is_running = state.running.is_some();
    let (mark, role) = match outcome {
        None if is_asked => ("?", Role::Ask),
        None if is_running => (marks::spinner(pen.theme, pen.now), Role::Accent),
        None | Some(Outcome::Interrupted) => (marks::stopped(pen.theme), Role::Warning),
        Some(Outcome::Failed) => (marks::failed(pen.theme), Role::Error),
        Some(Outcome::Refused) => (marks::refused(pen.theme), Role::Warning),
        Some(Outcome::Done) => match detail {
            Some(Detail::Run { exit: Some(code), .. }) if *code != 0 => {
                (marks::failed(pen.theme), Role::Error)
            }
            _ => (marks::done(pen.theme), Role::Good),
        },
    };
    let verb = clip(&clean(name), 7).into_owned();
    let head =
        vec![pen.span(format!("{mark} "), role), pen.span(format!("{verb:<7} "), Role::Accent)];
    let what = what(detail, arguments);
    let after = facts(outcome, detail, &tool.edits, pen);
    let size = if seen.is_empty() { String::new() } else { numbers::tokens_of(seen) };
    let mut lines = vec![spread(head, &what, Role::Text, after, &size, pen, columns)];
    if is_open {
        for (change, _) in &tool.edits {
            if tool.edits.len() > 1 {
                lines.extend(opened(&change.path, pen, columns));
            }
            lines.extend(change_lines(change, pen, columns));
        }
        if what.ends_with(" …") || outcome.is_none() {
            lines.extend(opened(&argument(arguments).unwrap_or_default(), pen, columns));
        }
        lines.extend(opened(seen, pen, columns));
    }
    lines
}

pub(crate) const fn asked_call(
    question: &crate::protocol::Question,
) -> Option<&crate::protocol::CallId> {
    use crate::protocol::Question;
    match question {
        Question::Run { call, .. }
        | Question::Apply { call, .. }
        | Question::Plan { call, .. }
        | Question::Choose { call, .. } => Some(call),
        Question::Review { .. } | Question::Gates { .. } => None,
    }
}

fn change_lines(change: &Change, pen: &Pen<'_>, columns: u16) -> Vec<Line<'static>> {
    let rows = diff::rows(
        std::slice::from_ref(change),
        &|_| Choice::Accepted,
        columns.saturating_sub(4),
        DiffLayout::Unified,
        pen.theme,
        pen.highlighter,
    );
    let shown =
        rows.into_iter().filter(|row| row.hunk.is_some() && row.kind == diff::RowKind::Line);
    let with_bar = |row: diff::DiffRow| {
        let mut spans = vec![pen.span(format!("  {} ", marks::side(pen.theme)), Role::Border)];
        spans.extend(row.line.spans);
        Line::from(spans).style(row.line.style)
    };
    shown.take(OPENED_LINES_MAX).map(with_bar).collect()
}

/// The object of the verb: a command, a path, keys.
fn what(detail: Option<&Detail>, arguments: &str) -> String {
    let text = match detail {
        Some(Detail::Run { command, .. }) => command.clone(),
        Some(Detail::Keys { keys, .. }) => keys.clone(),
        Some(Detail::Read { path, from, to, lines }) => {
            let whole = *from <= 1 && to >= lines;
            let range = if whole { String::new() } else { format!("  {from}-{to} of {lines}") };
            format!("{path}{range}")
        }
        Some(Detail::Edit { path, .. }) => path.clone(),
        Some(Detail::Tell | Detail::None) | None => argument(arguments).unwrap_or_default(),
    };
    let mut lines = text.trim().lines();
    let first = clean(lines.next().unwrap_or("")).replace('\t', " ");
    if lines.next().is_some() { format!("{first} …") } else { first }
}

/// The argument that says the most; what is no JSON is shown as it came.
fn argument(arguments: &str) -> Option<String> {
    const TELLING: [&str; 6] = ["command", "path", "keys", "text", "message", "file"];
    match serde_json::from_str::<serde_json::Value>(arguments) {
        Ok(value) => TELLING.iter().find_map(|name| match value.get(name)? {
            serde_json::Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }),
        Err(_) => Some(arguments.to_string()),
    }
}

/// What became of it, behind the object.
fn facts(
    outcome: Option<Outcome>,
    detail: Option<&Detail>,
    edits: &[(&Change, EditState)],
    pen: &Pen<'_>,
) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    match outcome {
        Some(Outcome::Refused) => spans.push(pen.span("  refused", Role::Warning)),
        Some(Outcome::Interrupted) => spans.push(pen.span("  interrupted", Role::Warning)),
        Some(Outcome::Failed) => spans.push(pen.span("  failed", Role::Error)),
        Some(Outcome::Done) | None => {}
    }
    match detail {
        Some(Detail::Run { state, exit, duration_ms, .. }) => {
            if let Some(code) = exit {
                let role = if *code == 0 { Role::Dim } else { Role::Error };
                spans.push(pen.span(format!("  exit {code}"), role));
            }
            spans.extend(term_state(*state, pen));
            if *duration_ms >= 100 {
                let time = numbers::duration(*duration_ms);
                spans.push(pen.span(format!("  {time}"), Role::Dim));
            }
        }
        Some(Detail::Keys { state, .. }) => spans.extend(term_state(*state, pen)),
        Some(Detail::Edit { added, removed, .. }) if edits.is_empty() => {
            spans.push(pen.span(format!("  +{added}"), Role::Added));
            spans.push(pen.span(format!(" -{removed}"), Role::Removed));
        }
        _ => {}
    }
    if !edits.is_empty() {
        let counts = edits.iter().map(|(change, _)| change.counts());
        let (added, removed) = counts.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        spans.push(pen.span(format!("  +{added}"), Role::Added));
        spans.push(pen.span(format!(" -{removed}"), Role::Removed));
        let (text, role) = edit_state(state_of_all(edits));
        spans.push(pen.span(format!("  {text}"), role));
    }
    spans
}

/// Of files that fared differently: the call was done in part.
fn state_of_all(edits: &[(&Change, EditState)]) -> EditState {
    let has = |state: EditState| edits.iter().any(|(_, one)| *one == state);
    match edits {
        [(_, first), rest @ ..] if rest.iter().all(|(_, state)| state == first) => *first,
        _ if has(EditState::Pending) => EditState::Pending,
        _ => EditState::Partly,
    }
}

pub(crate) const fn edit_state(state: EditState) -> (&'static str, Role) {
    match state {
        EditState::Proposed => ("not written yet", Role::Ask),
        EditState::Written => ("written", Role::Good),
        EditState::Partly => ("partly written", Role::Good),
        EditState::Pending => ("in the draft", Role::Dim),
        EditState::Rejected => ("rejected", Role::Warning),
    }
}

fn term_state(state: TermState, pen: &Pen<'_>) -> Option<Span<'static>> {
    let (text, role) = match state {
        TermState::Done => return None,
        TermState::Running => ("  still runs", Role::Warning),
        TermState::WaitsForLine => ("  waits for a line", Role::Warning),
        TermState::Password => ("  asks for a password", Role::Ask),
        TermState::FullScreen => ("  full screen", Role::Dim),
        TermState::Exited => ("  the shell has ended", Role::Warning),
    };
    Some(pen.span(text, role))
}
