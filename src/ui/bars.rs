//! The rows below the panes: budget, status, hints.

use super::app::App;
use super::chat_lines::Pen;
use super::copy_mode::CopyMode;
use super::frame::{part, row};
use super::numbers::{dollars, duration, tokens};
use super::pane::{Focus, Pane};
use super::theme::Role;
use super::{act, look_back, marks};
use crate::protocol::Usage;
use crate::session::EntryBody;
use crate::text::{clean, clip, width};
use ratatui::text::{Line, Span};

/// The turn's figures: of the one that runs, or of the last one.
struct Figures {
    usage: Usage,
    cost: Option<f64>,
    reserved: Option<u64>,
    limit: u64,
}

fn figures(app: &App) -> Option<Figures> {
    let limit = act::budget(app)?.tokens;
    if let Some(running) = &app.state.running {
        return Some(Figures {
            usage: running.usage,
            cost: running.cost,
            reserved: running.reserved,
            limit,
        });
    }
    let last = app.state.entries.iter().rev().find_map(|entry| match &entry.body {
        EntryBody::Ended { usage, cost, .. } => Some((*usage, *cost)),
        _ => None,
    });
    let (usage, cost) = last.unwrap_or((Usage::default(), Some(0.0)));
    Some(Figures { usage, cost, reserved: None, limit })
}

pub(crate) fn budget(app: &App) -> Line<'static> {
    let pen = app.pen();
    let Some(Figures { usage, cost, reserved, limit }) = figures(app) else {
        return Line::default();
    };
    let spent = usage.spent();
    let bar_columns = match app.columns {
        0..80 => 10,
        80..140 => 20,
        _ => 36,
    };
    let mut head = vec![pen.span("turn ", Role::Dim)];
    head.extend(bar(spent, reserved.unwrap_or(0), limit, bar_columns, &pen));
    let about = if usage.estimated { "~" } else { "" };
    let role = if spent > limit { Role::Error } else { Role::Heading };
    head.push(pen.span(format!(" {about}{}", tokens(spent)), role));
    head.push(pen.span(format!("/{}", tokens(limit)), Role::Dim));
    let mut parts = vec![part(0, head)];
    if let Some(reserved) = reserved {
        parts.push(part(3, vec![pen.span(format!("~{} reserved", tokens(reserved)), Role::Dim)]));
    }
    if usage != Usage::default() {
        let up = format!("up {}", tokens(usage.input + usage.cache_write));
        parts.push(part(
            2,
            vec![
                pen.span(up, Role::Text),
                pen.span(format!(" + {} cached", tokens(usage.cached)), Role::Dim),
            ],
        ));
        parts.push(part(2, vec![pen.span(format!("down {}", tokens(usage.output)), Role::Text)]));
    }
    parts.push(part(
        4,
        vec![pen.span(format!("left {}", tokens(limit.saturating_sub(spent))), Role::Dim)],
    ));
    parts.push(part(5, vec![pen.span("Alt+= Alt+- adjust", Role::Dim)]));
    row(parts, vec![pen.span(dollars(cost), Role::Text)], usize::from(app.columns))
}

/// `━━━━━━────`: what is spent, what is reserved, what is left.
fn bar(spent: u64, reserved: u64, limit: u64, columns: u64, pen: &Pen<'_>) -> Vec<Span<'static>> {
    let cells = |tokens: u64| {
        let cells = (u128::from(tokens) * u128::from(columns)).div_ceil(u128::from(limit.max(1)));
        u64::try_from(cells).unwrap_or(columns).min(columns)
    };
    let full = cells(spent);
    let held = cells(spent.saturating_add(reserved)) - full;
    let repeat = |glyph: &str, count: u64| glyph.repeat(usize::try_from(count).unwrap_or(0));
    let (full_glyph, empty_glyph) = marks::bar(pen.theme);
    let role = if spent > limit { Role::Error } else { Role::BarFill };
    vec![
        pen.span(repeat(full_glyph, full), role),
        pen.span(repeat(full_glyph, held), Role::Bar),
        pen.span(repeat(empty_glyph, columns - full - held), Role::Dim),
    ]
}

pub(crate) fn status(app: &App) -> Line<'static> {
    let pen = app.pen();
    let room = usize::from(app.columns);
    if let Some((text, _)) = &app.said {
        return row(
            vec![part(0, vec![pen.span(clip(text, room - 2).into_owned(), Role::Warning)])],
            Vec::new(),
            room,
        );
    }
    let state = &app.state;
    let mut parts = vec![part(0, activity(app, &pen))];
    if let (Some(header), Some(running)) = (&state.header, &state.running)
        && header.window > 0
    {
        let percent = running.window_used.saturating_mul(100) / header.window;
        let text = format!("ctx {percent}% of {}", tokens(header.window));
        parts.push(part(2, vec![pen.span(text, Role::Dim)]));
    }
    let session = format!("session {} {}", tokens(state.usage.spent()), dollars(state.cost));
    parts.push(part(1, vec![pen.span(session, Role::Dim)]));
    if !state.queue.is_empty() {
        let text = format!("queue {}", state.queue.len());
        parts.push(part(
            1,
            vec![pen.span(text, Role::Accent), pen.span("  Up takes it back", Role::Dim)],
        ));
    }
    if let Some(banner) = &app.banner {
        parts.push(part(3, vec![pen.span(clip(&clean(banner), 60).into_owned(), Role::Warning)]));
    }
    if app.rows < 20 {
        parts.push(part(4, vec![pen.span(hints(app, app.columns / 2), Role::Dim)]));
    }
    row(parts, Vec::new(), room)
}

fn activity(app: &App, pen: &Pen<'_>) -> Vec<Span<'static>> {
    if !app.state.asks.is_empty() {
        return vec![pen.span("waits for you", Role::Ask)];
    }
    let Some(running) = &app.state.running else {
        let text = if app.state.ended { "session ended" } else { "ready" };
        return vec![pen.span(text, Role::Dim)];
    };
    let elapsed = duration(app.now.saturating_sub(running.started_at) / 1000 * 1000);
    let step = format!(" turn {}  step {}  ", running.turn.0, running.step);
    vec![
        pen.span(marks::spinner(pen.theme, app.now), Role::Accent),
        pen.span(step, Role::Text),
        pen.span(elapsed.replace(".0s", "s"), Role::Dim),
    ]
}

pub(crate) fn hint(app: &App) -> Line<'static> {
    let pen = app.pen();
    Line::from(vec![Span::raw(" "), pen.span(hints(app, app.columns), Role::Dim)])
}

/// The keys that matter where the focus is, as many as fit.
fn hints(app: &App, columns: u16) -> String {
    fitting(app, hint_keys(app), columns)
}

/// As many of these as fit, the first first.
pub(crate) fn fitting(app: &App, keys: &[&str], columns: u16) -> String {
    let mut text = String::new();
    for key in keys {
        let key = app.with_leader(key);
        let gap = if text.is_empty() { "" } else { "   " };
        if width(&text) + gap.len() + width(&key) + 2 > usize::from(columns) {
            break;
        }
        text.push_str(gap);
        text.push_str(&key);
    }
    text
}

fn hint_keys(app: &App) -> &'static [&'static str] {
    match (app.focus, app.prefix) {
        (Focus::Pane(Pane::Term), Some(key)) if key == app.leader => &[
            "^\\ then: h hand back",
            "q leave",
            "[ look back",
            "s seen",
            "n new",
            "1..9",
            "z zoom",
            "k end",
            "t take",
            "^\\ literal",
            "? help",
        ],
        (_, Some(_)) => &["^X then: z zoom", "a autopilot", "q quit"],
        (Focus::Message, None) if app.state.running.is_some() => &[
            "Enter steer",
            "Tab queue",
            "Esc stop",
            "S-Tab mode",
            "Alt+1..4 panes",
            "^O expand",
            "^P palette",
        ],
        (Focus::Message, None) => &[
            "Enter send",
            "^J newline",
            "S-Tab mode",
            "Alt+1..4 panes",
            "^O expand",
            "^P palette",
            "F1 help",
            "^D quit",
        ],
        (Focus::Approval, None) => {
            &["Esc later", "Alt+1..4 panes", "S-Tab mode", "^C interrupt", "F1 help"]
        }
        (Focus::Pane(Pane::Chat), None) => {
            &["j k row", "Enter expand", "[ ] prompts", "g G ends", "^U ^D half page", "q back"]
        }
        (Focus::Pane(Pane::Diff), None) if app.diff.review.is_open() => &[
            "y n accept, reject",
            "} { file",
            "A R file",
            "u U undo, redo",
            "t layout",
            "W wrap",
            "w blanks",
            "v range",
            "C send notes",
        ],
        (Focus::Pane(Pane::Diff), None) => {
            &["j k line", "W wrap", "w blanks", "c note", "C send notes"]
        }
        (Focus::Pane(Pane::Term), None)
            if look_back::shown(app).is_some_and(CopyMode::is_asking) =>
        {
            &["Enter search", "Esc back to where it began", "^U clear", "a capital: case matters"]
        }
        (Focus::Pane(Pane::Term), None) if look_back::shown(app).is_some() => &[
            "h j k l w b e",
            "/ ? n N search",
            "v V ^V select",
            "y copy",
            "! to the chat",
            "g G ends",
            "^U ^D",
            "q leave",
        ],
        (Focus::Pane(Pane::Term), None) if app.live_term().is_some() => {
            &["every key goes to the program", "^\\ q leave", "^\\ h hand back"]
        }
        (Focus::Pane(Pane::Inspector | Pane::Term), None) => &["q back", "Alt+1..4 panes"],
    }
}
