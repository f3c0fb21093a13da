//! What a question about changes, or about a plan, looks like: what a yes would do, and all there is
//! to know before it.

use super::chat_lines::Pen;
use super::diff::{FileColumns, FileFacts, file_row};
use super::diff_pane::{DiffPane, facts};
use super::numbers::duration;
use super::review::{Scope, Source, Summary};
use super::rows;
use super::sheet_lines::{Keys, key};
use super::theme::Role;
use crate::protocol::{GateState, GateVerdict, Guarded};
use crate::session::Draft;
use crate::text::{clean, clip, width};
use ratatui::text::{Line, Span};

/// Files that are listed; the diff has them all.
const FILES_MAX: usize = 8;
const GUARDS_MAX: usize = 6;
/// Lines of a gate that failed.
const GATE_LINES_MAX: usize = 3;
/// Columns of what stands at the start of a row: `gates`, `guards`.
const LABEL_COLUMNS: usize = 8;

/// What a question about changes is drawn from.
pub(crate) struct Reviewed<'a> {
    pub(crate) pane: &'a DiffPane,
    /// What is about to be applied.
    pub(crate) scope: Scope,
    pub(crate) draft: &'a Draft,
    /// What is reviewed is in the user's files already: it is kept, or taken back.
    pub(crate) in_place: bool,
}

impl Reviewed<'_> {
    const fn summary(&self) -> Summary {
        self.pane.review.summary
    }

    fn is_all(&self) -> bool {
        self.summary().accepted == self.summary().clean
    }
}

pub(super) fn apply(
    reviewed: &Reviewed<'_>,
    again: bool,
    pen: &Pen<'_>,
    columns: u16,
) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let room = usize::from(columns);
    if again {
        let text = "It changed while you looked: this is the new difference.";
        lines.push(Line::from(pen.span(clip(text, room).into_owned(), Role::Warning)));
    }
    lines.push(Line::from(
        pen.span(clip(&head("Write", reviewed), room).into_owned(), Role::Heading),
    ));
    lines.extend(files(reviewed, pen, columns));
    lines
}

/// `Apply 2 of 3 hunks in 2 files?`
fn head(verb: &str, reviewed: &Reviewed<'_>) -> String {
    let summary = reviewed.summary();
    let Summary { hunks, mut accepted, mut files_accepted, .. } = summary;
    if reviewed.scope == Scope::All {
        (accepted, files_accepted) = (summary.clean, summary.files_clean);
    }
    let what = match (accepted, hunks) {
        (0, _) => return format!("{verb} nothing of {}?", counted(hunks, "hunk")),
        (accepted, all) if accepted == all => counted(all, "hunk"),
        (accepted, all) => format!("{accepted} of {all} hunks"),
    };
    format!("{verb} {what} in {}?", counted(files_accepted, "file"))
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

pub(super) fn review(reviewed: &Reviewed<'_>, pen: &Pen<'_>, columns: u16) -> Vec<Line<'static>> {
    let room = usize::from(columns);
    let review = &reviewed.pane.review;
    let verb = if reviewed.in_place { "Keep" } else { "Apply" };
    let mut first = vec![pen.span(head(verb, reviewed), Role::Heading)];
    let rejected = reviewed.summary().rejected;
    if rejected > 0 {
        let place = if reviewed.in_place { "in your files" } else { "in the draft" };
        let text = format!("   {} taken back {place}", counted(rejected, "hunk"));
        first.push(pen.span(text, Role::Warning));
    }
    // The decision makes it.
    let undo = format!("/undo takes it back (#{})", reviewed.draft.checkpoint + 1);
    push_right(&mut first, pen.span(undo, Role::Dim), room);
    let mut lines = vec![Line::from(first)];
    let conflicts = review.changes.iter().filter(|change| change.conflict).count();
    if conflicts > 0 {
        let text = format!(
            "{} stays as it is until you choose a side in the diff: D or T",
            counted(conflicts, "conflict")
        );
        lines.push(labelled("", vec![pen.span(text, Role::Error)], pen, room));
    }
    lines.extend(guards(review.guarded(reviewed.scope), pen, room));
    if !reviewed.in_place {
        lines.extend(gates(reviewed, pen, room));
    }
    if !review.comments.is_empty() {
        let text =
            format!("{} not sent yet: C in the diff", counted(review.comments.len(), "comment"));
        lines.push(labelled("", vec![pen.span(text, Role::User)], pen, room));
    }
    lines.extend(files(reviewed, pen, columns));
    lines
}

/// Puts a word at the right edge, if there is room.
fn push_right(spans: &mut Vec<Span<'static>>, word: Span<'static>, room: usize) {
    let used: usize = spans.iter().map(|span| width(&span.content)).sum();
    let wide = width(&word.content);
    if used + 3 + wide <= room {
        spans.push(Span::raw(" ".repeat(room - used - wide)));
        spans.push(word);
    }
}

fn labelled(label: &str, rest: Vec<Span<'static>>, pen: &Pen<'_>, room: usize) -> Line<'static> {
    let mut left = room.saturating_sub(LABEL_COLUMNS);
    let label = if label.is_empty() { String::new() } else { format!("{label:<LABEL_COLUMNS$}") };
    if label.is_empty() {
        left = room;
    }
    let mut spans = vec![pen.span(label, Role::Dim)];
    for span in rest {
        let text = clip(&span.content, left).into_owned();
        left -= width(&text).min(left);
        spans.push(Span::styled(text, span.style));
    }
    Line::from(spans)
}

fn guards(guards: &[Guarded], pen: &Pen<'_>, room: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (index, guard) in guards.iter().take(GUARDS_MAX).enumerate() {
        let name = clean(&guard.guard).to_uppercase();
        let rest = vec![
            pen.span(name, Role::Badge),
            pen.span(format!("  {}: {}", clean(&guard.path), clean(&guard.why)), Role::Text),
        ];
        lines.push(labelled(if index == 0 { "guards" } else { "      " }, rest, pen, room));
    }
    if guards.len() > GUARDS_MAX {
        let text = format!("and {} more", guards.len() - GUARDS_MAX);
        lines.push(labelled("      ", vec![pen.span(text, Role::Badge)], pen, room));
    }
    lines
}

/// What the gates say of what is selected now.
fn gates(reviewed: &Reviewed<'_>, pen: &Pen<'_>, room: usize) -> Vec<Line<'static>> {
    let none =
        |text: &'static str| vec![labelled("gates", vec![pen.span(text, Role::Dim)], pen, room)];
    let Some((picks, verdicts)) = &reviewed.draft.gated else {
        return none("not run: g runs them on what is selected");
    };
    if reviewed.pane.review.gate_picks() != Some(picks.as_slice()) {
        return none("not run on this selection: g runs them");
    }
    if verdicts.is_empty() {
        return none("none is known for this project");
    }
    let mut row = Vec::new();
    for verdict in verdicts {
        let (word, role) = gate(verdict);
        let gap = if row.is_empty() { "" } else { "   " };
        row.push(pen.span(format!("{gap}{} ", clean(&verdict.gate)), Role::Text));
        row.push(pen.span(word, role));
    }
    let mut lines = vec![labelled("gates", row, pen, room)];
    let failed = verdicts.iter().find(|verdict| is_bad(&verdict.state));
    for line in failed.into_iter().flat_map(|verdict| &verdict.lines).take(GATE_LINES_MAX) {
        let text = clean(line).replace('\t', rows::TAB);
        lines.push(labelled("     ", vec![pen.span(text, Role::Error)], pen, room));
    }
    lines
}

const fn is_bad(state: &GateState) -> bool {
    matches!(state, GateState::Failed { .. } | GateState::TimedOut)
}

/// What a gate says, in a word.
pub(crate) fn gate(verdict: &GateVerdict) -> (String, Role) {
    match verdict.state {
        GateState::Waiting => ("waits".to_owned(), Role::Dim),
        GateState::Running => ("runs".to_owned(), Role::Accent),
        GateState::Passed => (format!("ok {}", duration(verdict.duration_ms)), Role::Good),
        GateState::Failed { exit: Some(exit) } => (format!("FAILS, exit {exit}"), Role::Error),
        GateState::Failed { exit: None } => ("FAILS".to_owned(), Role::Error),
        GateState::TimedOut => ("TOO SLOW".to_owned(), Role::Error),
        GateState::Cancelled => ("stopped".to_owned(), Role::Dim),
    }
}

fn files(reviewed: &Reviewed<'_>, pen: &Pen<'_>, columns: u16) -> Vec<Line<'static>> {
    let changes = &reviewed.pane.review.changes;
    let room = usize::from(columns);
    let shown = changes.len().min(FILES_MAX);
    let names = changes[..shown].iter().map(|change| width(&change.path)).max().unwrap_or(0);
    let all: Vec<_> = (0..shown).map(|index| facts(reviewed.pane, index)).collect();
    let aligned = FileColumns::of(&all, names.min(room / 2));
    let row = |(index, facts): (usize, FileFacts)| {
        let facts = FileFacts { columns: aligned, ..facts };
        file_row(&changes[index], &facts, pen.theme).fit(room, pen.theme).into_line()
    };
    let mut lines: Vec<_> = all.into_iter().enumerate().map(row).collect();
    if changes.len() > shown {
        let text = format!("and {} more: d shows them", counted(changes.len() - shown, "file"));
        lines.push(Line::from(pen.span(text, Role::Dim)));
    }
    lines
}

pub(super) fn apply_keys(reviewed: &Reviewed<'_>) -> Keys {
    let mut keys = if reviewed.is_all() {
        vec![key("y", "apply")]
    } else {
        vec![
            key("y", "apply selected"),
            key("Y", format!("apply all {}", reviewed.summary().clean)),
        ]
    };
    keys.push(key("n", "reject all"));
    keys.push(key("c", "comment, send back"));
    keys.push(key("d", "choose in the diff"));
    keys.push(key("Esc", "later"));
    keys
}

pub(super) fn review_keys(reviewed: &Reviewed<'_>) -> Keys {
    let mut keys = apply_keys(reviewed);
    if reviewed.in_place {
        for (_, what) in &mut keys {
            *what = what.replace("apply", "keep").replace("reject all", "take all back");
        }
        return keys;
    }
    let later = keys.pop();
    if reviewed.pane.review.source == Source::Draft {
        keys.push(key("e", "edit the hunk"));
        keys.push(key("g", "gates"));
    }
    keys.extend(later);
    keys.push(key("?", "more"));
    keys
}

/// The checks that are to run, with their command lines.
pub(super) fn checks(gates: &[GateVerdict], pen: &Pen<'_>, columns: u16) -> Vec<Line<'static>> {
    let room = usize::from(columns);
    let head = "Run these on the draft at a turn's end, and on what you select?";
    let mut lines = vec![labelled("", vec![pen.span(head, Role::Heading)], pen, room)];
    let name_columns = gates.iter().map(|gate| width(&gate.gate)).max().unwrap_or(0);
    lines.extend(gates.iter().map(|gate| {
        let (name, command) = (clean(&gate.gate), clean(&gate.command));
        let pad = " ".repeat(name_columns.saturating_sub(width(&name)));
        let command = clip(&command, room.saturating_sub(name_columns + 4)).into_owned();
        Line::from(vec![
            pen.span(format!("  {name}{pad}  "), Role::Accent),
            pen.span(command, Role::Text),
        ])
    }));
    lines
}

pub(super) fn plan(
    steps: &[String],
    why: &str,
    again: bool,
    pen: &Pen<'_>,
    columns: u16,
) -> Vec<Line<'static>> {
    let room = usize::from(columns);
    let head = if again { "Go on with the changed plan?" } else { "Go on with this plan?" };
    let mut lines = vec![labelled(
        "",
        vec![
            pen.span(head, Role::Heading),
            pen.span(format!("   asked because {}", clean(why)), Role::Dim),
        ],
        pen,
        room,
    )];
    for (index, step) in steps.iter().enumerate() {
        let step = clean(step).into_owned();
        for (row, range) in rows::rows(&step, room.saturating_sub(4)).into_iter().enumerate() {
            let mark = if row == 0 { format!("{:>2}  ", index + 1) } else { "    ".to_owned() };
            lines.push(Line::from(vec![
                pen.span(mark, Role::Accent),
                pen.span(step[range].trim_end().to_owned(), Role::Text),
            ]));
        }
    }
    lines
}
