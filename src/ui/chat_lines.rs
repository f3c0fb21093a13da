//! What the entries of a session look like in the chat: pure functions from an entry to lines.

use super::end_lines::{end_lines, totals};
use super::highlight::Highlighter;
use super::markdown::Markdown;
use super::theme::{Role, Theme};
use super::{draft_lines, marks, numbers, rows};
use crate::protocol::{Compacted, Item, Notice, NoticeLevel, PlanState, PlanStep, UserKind};
use crate::session::{Entry, EntryBody, State};
use crate::text::{clean, clip, width};
use ratatui::text::{Line, Span};

/// Lines of a result that an opened row shows.
pub(crate) const OPENED_LINES_MAX: usize = 400;
/// Lines of a user's message that the chat shows; a pasted log is longer.
const MESSAGE_LINES_MAX: usize = 200;

/// Columns that the object of a row gets before what became of it.
const OBJECT_COLUMNS: usize = 14;

/// What the lines are drawn with.
pub(crate) struct Pen<'a> {
    pub(crate) theme: &'a Theme,
    pub(crate) highlighter: &'a Highlighter,
    pub(crate) zone: &'a jiff::tz::TimeZone,
    /// Milliseconds since 1970.
    pub(crate) now: u64,
}

impl Pen<'_> {
    pub(crate) fn span(&self, text: impl Into<String>, role: Role) -> Span<'static> {
        Span::styled(text.into(), self.theme.style(role))
    }

    pub(crate) fn line(&self, text: impl Into<String>, role: Role) -> Line<'static> {
        Line::from(self.span(text, role))
    }
}

pub(crate) fn entry(
    entry: &Entry,
    pen: &Pen<'_>,
    columns: u16,
    is_open: bool,
) -> Vec<Line<'static>> {
    match &entry.body {
        EntryBody::Item(item) => item_lines(item, entry.at, pen, columns, is_open),
        EntryBody::Notice(notice) => notice_lines(notice, pen, columns),
        EntryBody::Draft(event) => draft_lines::lines(event, pen, columns),
        EntryBody::Compacted(Compacted { before, after, .. }) => {
            let (before, after) = (numbers::tokens(*before), numbers::tokens(*after));
            let text = format!(
                "compacted: ~{before} → ~{after} tokens of the conversation go to the model"
            );
            said("·", &text, Role::Dim, pen, columns)
        }
        EntryBody::Ended { end, usage, cost, steps, duration_ms } => {
            let turn = entry.turn.map_or(0, |turn| turn.0);
            let mut lines = end_lines(end, pen, columns);
            lines.extend(totals(turn, usage, *cost, *steps, *duration_ms, pen, columns));
            lines
        }
    }
}

fn item_lines(
    item: &Item,
    at: u64,
    pen: &Pen<'_>,
    columns: u16,
    is_open: bool,
) -> Vec<Line<'static>> {
    match item {
        Item::User { text, kind } => user(text, *kind, at, pen, columns),
        Item::Assistant { text, .. } if text.trim().is_empty() => Vec::new(),
        Item::Assistant { text, .. } => {
            let mut lines = vec![pen.line("agent", Role::Agent)];
            lines.extend_from_slice(Markdown::new().lines(
                text,
                columns,
                pen.theme,
                pen.highlighter,
            ));
            lines
        }
        Item::Thought { text, .. } => thought(text, pen, columns, is_open),
        Item::Context { name, text } => folded("context", name, text, pen, columns, is_open),
        Item::Note { text } => {
            let first = text.lines().next().unwrap_or("");
            folded("note", first, text, pen, columns, is_open)
        }
        Item::Plan { steps } => plan(steps, pen, columns, is_open),
        // Without their call they are strays of a cut journal.
        Item::Call { .. } => Vec::new(),
        Item::Result { text, .. } => folded("result", "", text, pen, columns, is_open),
        Item::Edit { change, .. } => folded("edit", &change.path, "", pen, columns, is_open),
    }
}

fn user(text: &str, kind: UserKind, at: u64, pen: &Pen<'_>, columns: u16) -> Vec<Line<'static>> {
    let steer = if kind == UserKind::Steer { "  to the running turn" } else { "" };
    let clock = numbers::clock(at, pen.zone);
    let mut lines = vec![Line::from(vec![
        pen.span("you", Role::User),
        pen.span(format!("  {clock}{steer}"), Role::Dim),
    ])];
    let wrapped = wrapped(text, columns);
    let more = wrapped.len().saturating_sub(MESSAGE_LINES_MAX);
    lines.extend(wrapped.into_iter().take(MESSAGE_LINES_MAX).map(|row| pen.line(row, Role::Text)));
    if more > 0 {
        lines.push(pen.line(format!("… {more} more rows"), Role::Dim));
    }
    lines
}

fn wrapped(text: &str, columns: u16) -> Vec<String> {
    let text = text.replace('\t', rows::TAB);
    let text = clean(text.trim_end());
    let ranges = rows::rows(&text, usize::from(columns));
    ranges.into_iter().map(|range| text[range].trim_end().to_string()).collect()
}

fn thought(text: &str, pen: &Pen<'_>, columns: u16, is_open: bool) -> Vec<Line<'static>> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
    let first = first.trim().trim_matches('*');
    folded("thought", first, text, pen, columns, is_open)
}

/// A dim row that opens to its text.
fn folded(
    verb: &str,
    what: &str,
    text: &str,
    pen: &Pen<'_>,
    columns: u16,
    is_open: bool,
) -> Vec<Line<'static>> {
    let what = clean(what);
    let head = vec![pen.span(format!("· {verb:<7} "), Role::Thought)];
    let size = if text.is_empty() { String::new() } else { numbers::tokens_of(text) };
    let mut lines = vec![spread(head, &what, Role::Thought, Vec::new(), &size, pen, columns)];
    if is_open {
        lines.extend(opened(text, pen, columns));
    }
    lines
}

/// What the model saw, with a bar at its left.
pub(crate) fn opened(text: &str, pen: &Pen<'_>, columns: u16) -> Vec<Line<'static>> {
    let rows = wrapped(text, columns.saturating_sub(4));
    let more = rows.len().saturating_sub(OPENED_LINES_MAX);
    let bar = || pen.span(format!("  {} ", marks::side(pen.theme)), Role::Border);
    let shown = rows.into_iter().take(OPENED_LINES_MAX);
    let mut lines: Vec<_> =
        shown.map(|row| Line::from(vec![bar(), pen.span(row, Role::Dim)])).collect();
    if more > 0 {
        lines.push(Line::from(vec![bar(), pen.span(format!("… {more} more rows"), Role::Dim)]));
    }
    lines
}

/// `head what after … right`: what is too long is clipped, so that the rest is always seen.
pub(crate) fn spread(
    head: Vec<Span<'static>>,
    what: &str,
    role: Role,
    after: Vec<Span<'static>>,
    right: &str,
    pen: &Pen<'_>,
    columns: u16,
) -> Line<'static> {
    let columns = usize::from(columns);
    let right_columns = if right.is_empty() { 0 } else { width(right) + 1 };
    let mut after = after;
    let (fixed, room) = loop {
        let fixed: usize = head.iter().chain(&after).map(|span| width(&span.content)).sum();
        let room = columns.saturating_sub(fixed + right_columns);
        // The last facts go before the object of the sentence does.
        if room >= width(what).min(OBJECT_COLUMNS) || after.pop().is_none() {
            break (fixed, room);
        }
    };
    let what = clip(what, room).into_owned();
    let gap = columns.saturating_sub(fixed + width(&what) + width(right));
    let mut spans = head;
    spans.push(pen.span(what, role));
    spans.extend(after);
    if !right.is_empty() && fixed + right_columns <= columns {
        spans.push(pen.span(format!("{}{right}", " ".repeat(gap)), Role::Dim));
    }
    Line::from(spans)
}

fn plan(steps: &[PlanStep], pen: &Pen<'_>, columns: u16, is_open: bool) -> Vec<Line<'static>> {
    let done = steps.iter().filter(|step| step.state == PlanState::Done).count();
    if !is_open {
        let text = format!("· plan    {done} of {} done", steps.len());
        return vec![pen.line(clip(&text, usize::from(columns)), Role::Dim)];
    }
    let mut lines = vec![Line::from(vec![
        pen.span("plan", Role::Heading),
        pen.span(format!("  {done} of {} done", steps.len()), Role::Dim),
    ])];
    lines.extend(steps.iter().map(|step| plan_step(step, pen, columns)));
    lines
}

pub(crate) fn plan_step(step: &PlanStep, pen: &Pen<'_>, columns: u16) -> Line<'static> {
    let (mark, role) = match step.state {
        PlanState::Todo => ("[ ]", Role::Text),
        PlanState::Doing => ("[>]", Role::Accent),
        PlanState::Done => ("[x]", Role::Good),
    };
    let text = clean(&step.text);
    let text = clip(&text, usize::from(columns).saturating_sub(4)).into_owned();
    let dim = if step.state == PlanState::Done { Role::Dim } else { Role::Text };
    Line::from(vec![pen.span(format!("{mark} "), role), pen.span(text, dim)])
}

pub(crate) fn notice_lines(notice: &Notice, pen: &Pen<'_>, columns: u16) -> Vec<Line<'static>> {
    let (mark, role) = match notice.level {
        NoticeLevel::Info => ("·", Role::Dim),
        NoticeLevel::Warning => ("!", Role::Warning),
        NoticeLevel::Error => ("✗", Role::Error),
    };
    let mark = if mark == "✗" { marks::failed(pen.theme) } else { mark };
    let mut lines = said(mark, &notice.text, role, pen, columns);
    if let Some(hint) = &notice.hint {
        lines.extend(said("  hint:", hint, Role::Dim, pen, columns));
    }
    lines
}

pub(crate) fn said(
    mark: &str,
    text: &str,
    role: Role,
    pen: &Pen<'_>,
    columns: u16,
) -> Vec<Line<'static>> {
    let indent = width(mark) + 1;
    let rows = wrapped(text, columns.saturating_sub(u16::try_from(indent).unwrap_or(0)));
    let line = |(index, row): (usize, String)| {
        let before = if index == 0 { format!("{mark} ") } else { " ".repeat(indent) };
        pen.line(format!("{before}{row}"), role)
    };
    rows.into_iter().enumerate().map(line).collect()
}

/// The reply that is coming, or that something is awaited.
pub(crate) fn live(
    state: &State,
    pen: &Pen<'_>,
    markdown: &mut Markdown,
    columns: u16,
) -> Vec<Line<'static>> {
    let live = &state.live;
    let mut lines = Vec::new();
    if !live.thought.trim().is_empty() {
        let tail = live.thought.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("");
        lines.extend(folded("thought", tail.trim(), &live.thought, pen, columns, false));
    }
    if !live.text.trim().is_empty() {
        lines.push(pen.line("agent", Role::Agent));
        let text = markdown.lines(&live.text, columns, pen.theme, pen.highlighter);
        lines.extend_from_slice(text);
    }
    let spinner = marks::spinner(pen.theme, pen.now);
    if let Some((tool, bytes)) = &live.arguments {
        let head = vec![
            pen.span(format!("{spinner} "), Role::Accent),
            pen.span(format!("{:<7} ", clip(&clean(tool), 7)), Role::Accent),
        ];
        let size = numbers::tokens(bytes / 4);
        lines.push(spread(head, "…", Role::Dim, Vec::new(), &size, pen, columns));
    }
    for queued in &state.queue {
        let verb = if queued.steer { "steer" } else { "queued" };
        let first = queued.text.lines().next().unwrap_or("");
        lines.extend(folded(verb, first, "", pen, columns, false));
    }
    lines
}
