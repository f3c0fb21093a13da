//! The rows above the panes: what is in force, and the tabs with their badges.

use super::app::App;
use super::chat_lines::Pen as Ink;
use super::frame::{Part, part, row, row_with};
use super::layout;
use super::pane::Pane;
use super::sheet::is_about_changes;
use super::theme::Role;
use crate::protocol::{Mode, Owner, Pen};
use crate::text::{clean, clip};
use ratatui::text::{Line, Span};

/// Below that, every column counts.
const NARROW_COLUMNS: usize = 100;

pub(crate) fn header(app: &App) -> Line<'static> {
    let pen = app.pen();
    let state = &app.state;
    let room = usize::from(app.columns);
    let is_narrow = room < NARROW_COLUMNS;
    let mut parts = vec![part(0, vec![pen.span("brisk", Role::Title)])];
    if let Some(header) = &state.header {
        let name = header.folder.rsplit('/').find(|name| !name.is_empty()).unwrap_or("/");
        let name_columns = if is_narrow { 16 } else { 28 };
        let name = clip(&clean(name), name_columns).into_owned();
        parts.push(part(1, vec![pen.span(name, Role::Heading)]));
        parts.push(branch(app, &pen));
        parts.push(part(0, vec![mode(state.mode(), &pen)]));
        let model = clip(&clean(&header.model), 32).into_owned();
        parts.push(part(4, vec![pen.span(model, Role::Text)]));
        let walls = match header.walls {
            crate::protocol::Walls::None => "walls: none",
        };
        let net = match header.net {
            crate::protocol::Net::Open => "net: open",
        };
        // What stands between the agent and the machine is said together, or not at all.
        let walls = format!("tree: {}  {walls}  {net}", header.tree);
        parts.push(part(2, vec![pen.span(walls, Role::Dim)]));
    }
    let help = if layout::kind(app.columns, app.rows) == layout::Kind::Tabs {
        Vec::new()
    } else {
        vec![pen.span("F1 help", Role::Dim)]
    };
    row_with(if is_narrow { 2 } else { 3 }, parts, help, room)
}

fn branch(app: &App, pen: &Ink<'_>) -> Part {
    let Some(branch) = &app.state.branch else { return part(3, Vec::new()) };
    let branch = clip(&clean(branch), 24).into_owned();
    let mut spans = vec![pen.span(branch, Role::Text)];
    if app.state.dirty > 0 {
        spans.push(pen.span(format!("* +{}", app.state.dirty), Role::Warning));
    }
    part(3, spans)
}

fn mode(mode: Mode, pen: &Ink<'_>) -> Span<'static> {
    let role = match mode {
        Mode::Plan | Mode::Confirm => Role::Good,
        Mode::AutoEdit => Role::Warning,
        Mode::Autopilot => Role::Error,
    };
    pen.span(mode.name().to_uppercase(), role)
}

/// What calls for the user in a pane, and whether it is urgent.
pub(crate) fn badge(app: &App, pane: Pane) -> Option<(String, bool)> {
    match pane {
        Pane::Chat => (app.sheet.is_some()
            && app.ask().is_some_and(|ask| !is_about_changes(&ask.question)))
        .then(|| ("!".to_string(), true)),
        Pane::Diff if app.diff.review.is_open() => {
            let summary = &app.diff.review.summary;
            let is_asked = app.ask().is_some_and(|ask| is_about_changes(&ask.question));
            let mark = if is_asked { " !" } else { "" };
            Some((format!("{}/{}{mark}", summary.accepted, summary.hunks), is_asked))
        }
        Pane::Diff => None,
        Pane::Term => {
            if app.state.terms.iter().any(|info| info.secret) {
                return Some(("password !".to_string(), true));
            }
            let info = app.term_info()?;
            match (info.exited, info.pen, info.owner) {
                (Some(_), ..) => Some(("ended".to_string(), false)),
                (None, Pen::User, Owner::User) => Some(("TREE".to_string(), false)),
                (None, Pen::User, Owner::Shared) => Some(("pen: YOU".to_string(), true)),
                (None, Pen::Agent, _) => None,
            }
        }
        Pane::Inspector => None,
    }
}

pub(crate) fn tabs(app: &App) -> Line<'static> {
    let pen = app.pen();
    let mut spans = vec![Span::raw(" ")];
    for pane in Pane::ALL {
        let is_here = pane == app.pane;
        let (open, close) = if is_here { ("[", "]") } else { (" ", " ") };
        let role = if is_here { Role::Title } else { Role::Dim };
        spans.push(pen.span(format!("{open}{}", pane.name()), role));
        if let Some((text, urgent)) = badge(app, pane) {
            spans.push(pen.span(format!(" {text}"), if urgent { Role::Badge } else { Role::Dim }));
        }
        spans.push(pen.span(format!("{close} "), role));
    }
    row(
        vec![part(0, spans.split_off(1))],
        vec![pen.span("F1 help", Role::Dim)],
        usize::from(app.columns),
    )
}
