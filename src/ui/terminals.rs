//! Several terminals: their row of tabs, their list, and the banner over one that asks for a secret.

use super::app::App;
use super::chat_lines::Pen as Ink;
use super::theme::Role;
use crate::protocol::{Owner, Pen, Screen};
use crate::session::{State, TermInfo};
use crate::text::{clean, clip, width};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Columns of a tab's name; with many tabs it gets fewer.
const NAME_COLUMNS: std::ops::RangeInclusive<usize> = 6..=24;
/// Columns that a tab needs beside its name: number, state, brackets.
const BESIDE_COLUMNS: usize = 14;
const BANNER: [&str; 2] =
    ["echo is off: only you can type.", "Nothing is sent to the model or logged."];

/// What a terminal is for, in a word or two, and how it stands.
fn label(info: &TermInfo, columns_max: usize) -> (String, String, Role) {
    let name = match &info.job {
        Some(job) => clip(&clean(&job.command), columns_max).into_owned(),
        None => clean(&info.name).into_owned(),
    };
    let name = if info.owner == Owner::User { format!("{name} TREE") } else { name };
    let (state, role) = match (info.exited, info.secret, &info.job) {
        (Some(_), ..) => ("ended".to_owned(), Role::Dim),
        (None, true, _) => ("password !".to_owned(), Role::Badge),
        (None, false, Some(job)) => match job.exit {
            None => ("running".to_owned(), Role::Accent),
            Some(Some(0)) => ("exit 0".to_owned(), Role::Good),
            Some(Some(code)) => (format!("exit {code}"), Role::Error),
            Some(None) => ("ended, exit unknown".to_owned(), Role::Warning),
        },
        (None, false, None) => match (info.pen, info.owner) {
            (Pen::User, Owner::Shared) => ("pen: YOU".to_owned(), Role::Badge),
            _ => (String::new(), Role::Dim),
        },
    };
    (name, state, role)
}

/// `[1 bash]  2 npm run dev running`
pub(crate) fn tabs(app: &App, columns: u16) -> Line<'static> {
    let ink = app.pen();
    let shown = app.term_info().map(|info| info.term);
    let mut spans = Vec::new();
    let mut used = 0;
    let share = usize::from(columns) / app.state.terms.len().max(1);
    let name_max = share.saturating_sub(BESIDE_COLUMNS);
    let name_max = name_max.clamp(*NAME_COLUMNS.start(), *NAME_COLUMNS.end());
    for info in &app.state.terms {
        let (name, state, role) = label(info, name_max);
        let is_here = shown == Some(info.term);
        let (open, close) = if is_here { ("[", "]") } else { (" ", " ") };
        let gap = if state.is_empty() { "" } else { " " };
        let title = format!("{open}{} {name}", info.term.0);
        used += width(&title) + width(gap) + width(&state) + close.len() + 1;
        if used > usize::from(columns) {
            spans.push(ink.span("…", Role::Dim));
            break;
        }
        let plain = if is_here { Role::Title } else { Role::Dim };
        spans.push(ink.span(title, plain));
        spans.push(ink.span(format!("{gap}{state}"), role));
        spans.push(ink.span(format!("{close} "), plain));
    }
    Line::from(spans)
}

/// All of them, a line each.
pub(crate) fn lines(state: &State, ink: &Ink<'_>, columns: u16) -> Vec<Line<'static>> {
    let line = |info: &TermInfo| {
        let (name, how, role) = label(info, *NAME_COLUMNS.end());
        let mut spans = vec![ink.span(format!("{}  {name}", info.term.0), Role::Text)];
        if !how.is_empty() {
            spans.push(ink.span(format!("  {how}"), role));
        }
        if state.agents_term == Some(info.term) {
            spans.push(ink.span("  the agent works here", Role::Dim));
        }
        let used: usize = spans.iter().map(Span::width).sum();
        if used > usize::from(columns) {
            spans.truncate(1);
        }
        Line::from(spans)
    };
    state.terms.iter().map(line).collect()
}

/// Says over the pane, below the cursor's row or above it, what echo off means.
pub(crate) fn banner(app: &App, buffer: &mut Buffer, inside: Rect, screen: &Screen) {
    let text = BANNER.join(" ");
    let lines: Vec<&str> =
        if width(&text) + 4 <= usize::from(inside.width) { vec![&text] } else { BANNER.to_vec() };
    let rows = lines.len() as u16 + 2;
    let columns =
        inside.width.min(lines.iter().map(|line| width(line)).max().unwrap_or(0) as u16 + 4);
    if inside.height < rows + 1 || columns < 8 {
        return;
    }
    let cursor = screen.cursor.map_or(0, |cursor| cursor.row.min(inside.height - 1));
    let below = inside.y + cursor + 1;
    let y = if below + rows <= inside.bottom() { below } else { inside.y + cursor - rows };
    let area = Rect { x: inside.x, y, width: columns, height: rows };
    for y in area.y..area.bottom() {
        for x in area.x..area.right() {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
    let titles = super::frame::Titles::default();
    super::frame::frame(buffer, area, &app.theme, Role::Badge, true, &titles);
    for (y, line) in (area.y + 1..).zip(&lines) {
        let room = usize::from(columns.saturating_sub(4));
        let line = clip(line, room).into_owned();
        buffer.set_string(area.x + 2, y, line, app.theme.style(Role::Heading));
    }
}
