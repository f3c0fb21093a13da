//! What the entries of a session look like in the chat: pure functions from an entry to lines.

use super::diff::{self, Choice, DiffLayout};
use super::highlight::Highlighter;
use super::markdown::Markdown;
use super::theme::{Role, Theme};
use super::{marks, numbers, rows};
use crate::protocol::{
    Change, Detail, EditState, End, Item, Limit, Notice, NoticeLevel, Outcome, PlanState, PlanStep,
    TermState, Usage, UserKind,
};
use crate::session::{Entry, EntryBody, State};
use crate::text::{clean, clip, width};
use ratatui::text::{Line, Span};

/// Lines of a result that an opened row shows.
const OPENED_LINES_MAX: usize = 400;
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

    fn line(&self, text: impl Into<String>, role: Role) -> Line<'static> {
        Line::from(self.span(text, role))
    }
}

/// A call with what belongs to it.
pub(crate) struct Tool<'a> {
    pub(crate) call: &'a Entry,
    pub(crate) result: Option<&'a Entry>,
    pub(crate) edit: Option<&'a Entry>,
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
fn opened(text: &str, pen: &Pen<'_>, columns: u16) -> Vec<Line<'static>> {
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
fn spread(
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

fn said(mark: &str, text: &str, role: Role, pen: &Pen<'_>, columns: u16) -> Vec<Line<'static>> {
    let indent = width(mark) + 1;
    let rows = wrapped(text, columns.saturating_sub(u16::try_from(indent).unwrap_or(0)));
    let line = |(index, row): (usize, String)| {
        let before = if index == 0 { format!("{mark} ") } else { " ".repeat(indent) };
        pen.line(format!("{before}{row}"), role)
    };
    rows.into_iter().enumerate().map(line).collect()
}

fn end_lines(end: &End, pen: &Pen<'_>, columns: u16) -> Vec<Line<'static>> {
    let tokens = numbers::tokens;
    let (mark, text, hint, role) = match end {
        End::Done => return Vec::new(),
        End::Failed(failure) => {
            (marks::failed(pen.theme), failure.message.clone(), failure.hint.clone(), Role::Error)
        }
        End::Interrupted => {
            (marks::stopped(pen.theme), "interrupted".to_string(), None, Role::Warning)
        }
        End::Infeasible { why, evidence } => {
            ("!", format!("infeasible: {why}\n{evidence}"), None, Role::Warning)
        }
        End::Limit(limit) => {
            let text = match limit {
                Limit::Tokens { needed, left, limit } => format!(
                    "budget: the next request needs about {}, {} is left of {}",
                    tokens(*needed),
                    tokens(*left),
                    tokens(*limit)
                ),
                Limit::Cost { limit } => format!("budget: ${limit:.2} is used up"),
                Limit::Steps { limit } => format!("budget: {limit} steps are used up"),
                Limit::Time { seconds } => {
                    format!("budget: {} are used up", numbers::duration(seconds * 1000))
                }
            };
            let hint = "/budget +10k, then say: go on".to_string();
            (marks::stopped(pen.theme), text, Some(hint), Role::Warning)
        }
    };
    let mut lines = said(mark, &text, role, pen, columns);
    if let Some(hint) = hint {
        lines.extend(said("  hint:", &hint, Role::Dim, pen, columns));
    }
    lines
}

fn totals(
    turn: u64,
    usage: &Usage,
    cost: Option<f64>,
    steps: u32,
    duration_ms: u64,
    pen: &Pen<'_>,
    columns: u16,
) -> Vec<Line<'static>> {
    let tokens = numbers::tokens;
    let about = if usage.estimated { "~" } else { "" };
    let head = format!("turn {turn}  {about}{} new", tokens(usage.spent()));
    let parts = format!(
        " (up {} + {} cached; down {})",
        tokens(usage.input + usage.cache_write),
        tokens(usage.cached),
        tokens(usage.output)
    );
    let steps = if steps == 1 { "1 step".to_string() } else { format!("{steps} steps") };
    let tail = format!("{}  {}  {steps}", numbers::dollars(cost), numbers::duration(duration_ms));
    let columns = usize::from(columns);
    let first = vec![pen.span(head.clone(), Role::Heading), pen.span(parts.clone(), Role::Dim)];
    if width(&head) + width(&parts) + 2 + width(&tail) <= columns {
        let mut spans = first;
        spans.push(pen.span(format!("  {tail}"), Role::Dim));
        return vec![Line::from(spans)];
    }
    let indent = " ".repeat(width(&format!("turn {turn}  ")));
    vec![Line::from(first), pen.line(clip(&format!("{indent}{tail}"), columns), Role::Dim)]
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
    let is_asked = state.asks.iter().any(|ask| asked_call(&ask.question) == call);
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
    let after = facts(outcome, detail, tool.edit, pen);
    let size = if seen.is_empty() { String::new() } else { numbers::tokens_of(seen) };
    let mut lines = vec![spread(head, &what, Role::Text, after, &size, pen, columns)];
    if is_open {
        if let Some(EntryBody::Item(Item::Edit { change, .. })) = tool.edit.map(|edit| &edit.body) {
            lines.extend(change_lines(change, pen, columns));
        }
        if what.ends_with(" …") || outcome.is_none() {
            lines.extend(opened(&argument(arguments).unwrap_or_default(), pen, columns));
        }
        lines.extend(opened(seen, pen, columns));
    }
    lines
}

pub(crate) const fn asked_call(question: &crate::protocol::Question) -> &crate::protocol::CallId {
    use crate::protocol::Question;
    match question {
        Question::Run { call, .. }
        | Question::Apply { call, .. }
        | Question::Choose { call, .. } => call,
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
    edit: Option<&Entry>,
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
        Some(Detail::Edit { added, removed, .. }) if edit.is_none() => {
            spans.push(pen.span(format!("  +{added}"), Role::Added));
            spans.push(pen.span(format!(" -{removed}"), Role::Removed));
        }
        _ => {}
    }
    if let Some(EntryBody::Item(Item::Edit { change, state, .. })) = edit.map(|edit| &edit.body) {
        let (added, removed) = change.counts();
        spans.push(pen.span(format!("  +{added}"), Role::Added));
        spans.push(pen.span(format!(" -{removed}"), Role::Removed));
        let (text, role) = edit_state(*state);
        spans.push(pen.span(format!("  {text}"), role));
    }
    spans
}

pub(crate) const fn edit_state(state: EditState) -> (&'static str, Role) {
    match state {
        EditState::Proposed => ("not written yet", Role::Ask),
        EditState::Written => ("written", Role::Good),
        EditState::Partly => ("partly written", Role::Good),
        EditState::Pending => ("in the copy", Role::Dim),
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
    lines
}
