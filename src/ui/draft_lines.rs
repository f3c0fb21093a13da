//! What became of the draft, as quiet lines of the chat.

use super::chat_lines::{Pen, said};
use super::marks;
use super::theme::Role;
use crate::protocol::{Decision, DraftEvent, Pick};
use ratatui::text::Line;

/// Paths that one line names.
const PATHS_MAX: usize = 4;

pub(crate) fn lines(event: &DraftEvent, pen: &Pen<'_>, columns: u16) -> Vec<Line<'static>> {
    let done = marks::done(pen.theme);
    let (mark, text, role) = match event {
        DraftEvent::Applied { paths } => (done, format!("applied to {}", named(paths)), Role::Dim),
        DraftEvent::Decided(decision) => match decided(decision) {
            Some(text) => (marks::refused(pen.theme), text, Role::Dim),
            None => return Vec::new(),
        },
        DraftEvent::Carried { paths, merged } => return carried(paths, merged, pen, columns),
        DraftEvent::Undone { what, redo: false } => (done, format!("undone: {what}"), Role::Dim),
        DraftEvent::Undone { what, redo: true } => (done, format!("done again: {what}"), Role::Dim),
        DraftEvent::Rewound { turn } => {
            (done, format!("back to before turn {}; /undo takes it back", turn.0), Role::Dim)
        }
        DraftEvent::Returned => (done, "undone: the way back".to_owned(), Role::Dim),
        DraftEvent::Committed { commit, subject } => {
            (done, format!("committed {commit}  {subject}"), Role::Good)
        }
        DraftEvent::Tree { .. }
        | DraftEvent::Changed { .. }
        | DraftEvent::Guarded { .. }
        | DraftEvent::Checkpoint { .. }
        | DraftEvent::Gated { .. } => return Vec::new(),
    };
    said(mark, &text, role, pen, columns)
}

/// What was applied is said by itself; here is what was not.
fn decided(decision: &Decision) -> Option<String> {
    let mut parts = Vec::new();
    if !decision.reject.is_empty() {
        parts.push(format!("rejected {}", counted(&decision.reject)));
    }
    if let Some(comment) = &decision.comment {
        parts.push(format!("told the agent: {comment}"));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// `1 file, 2 hunks`.
fn counted(picks: &[Pick]) -> String {
    let files = picks.iter().filter(|pick| pick.hunks.is_none()).count();
    let hunks: usize = picks.iter().filter_map(|pick| pick.hunks.as_ref()).map(Vec::len).sum();
    let of = |count: usize, what| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        count => Some(format!("{count} {what}s")),
    };
    [of(files, "file"), of(hunks, "hunk")].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn carried(paths: &[String], merged: &[String], pen: &Pen<'_>, columns: u16) -> Vec<Line<'static>> {
    let mut text = format!("your changes are in the draft: {}", named(paths));
    if !merged.is_empty() {
        text.push_str(&format!("; merged with the agent's: {}", named(merged)));
    }
    said(marks::done(pen.theme), &text, Role::Dim, pen, columns)
}

fn named(paths: &[String]) -> String {
    let some: Vec<_> = paths.iter().take(PATHS_MAX).map(String::as_str).collect();
    let more = paths.len().saturating_sub(PATHS_MAX);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", some.join(", "))
}
