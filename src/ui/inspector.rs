//! The inspector: plan, budget, gates, checkpoints, queue, files, rules, as one column of lines.

use super::act;
use super::app::App;
use super::chat_lines::plan_step;
use super::numbers::{dollars, tokens};
use super::sheet_review::gate;
use super::theme::Role;
use crate::text::{clean, clip};
use ratatui::text::Line;

/// Files that are listed.
const FILES_MAX: usize = 12;
/// Of a gate's name.
const GATE_COLUMNS: usize = 14;

pub(crate) fn lines(app: &App, columns: u16) -> Vec<Line<'static>> {
    let pen = app.pen();
    let state = &app.state;
    let room = usize::from(columns);
    let mut lines = Vec::new();
    let heading = |lines: &mut Vec<Line<'static>>, text: &str| {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::from(pen.span(text.to_string(), Role::Heading)));
    };
    let figure = |name: &str, value: String| {
        Line::from(vec![pen.span(format!("{name:<11}"), Role::Dim), pen.span(value, Role::Text)])
    };
    let clipped = |text: &str| clip(&clean(text), room).into_owned();

    heading(&mut lines, "PLAN");
    if state.plan.is_empty() {
        lines.push(Line::from(pen.span("none yet", Role::Dim)));
    }
    lines.extend(state.plan.iter().map(|step| plan_step(step, &pen, columns)));

    if let Some(budget) = act::budget(app) {
        heading(&mut lines, "BUDGET");
        lines.push(figure("limit", format!("{} a turn", tokens(budget.tokens))));
        if let Some(cost) = budget.cost {
            lines.push(figure("cost", format!("up to ${cost:.2}")));
        }
        if let Some(running) = &state.running {
            lines.push(figure("used", tokens(running.usage.spent())));
            if let Some(reserved) = running.reserved {
                lines.push(figure("reserved", format!("~{}", tokens(reserved))));
            }
        }
    }
    heading(&mut lines, "SESSION");
    let usage = &state.usage;
    lines.push(figure("input", tokens(usage.input + usage.cache_write)));
    lines.push(figure("cached", tokens(usage.cached)));
    lines.push(figure("output", tokens(usage.output)));
    if usage.reasoning > 0 {
        lines.push(figure(" reasoning", tokens(usage.reasoning)));
    }
    lines.push(figure("cost", dollars(state.cost)));
    lines.push(figure("turns", state.turn.0.to_string()));

    if let Some((picks, verdicts)) = state.draft.gated.as_ref().filter(|it| !it.1.is_empty()) {
        let of = if picks.is_empty() { "whole draft" } else { "selection" };
        heading(&mut lines, &format!("GATES      {of}"));
        for verdict in verdicts {
            let (word, role) = gate(verdict);
            let name = clip(&clean(&verdict.gate), GATE_COLUMNS).into_owned();
            let counted = verdict.summary.as_deref().map(|it| format!("  {}", clean(it)));
            let said = format!("{word}{}", counted.unwrap_or_default());
            lines.push(Line::from(vec![
                pen.span(format!("{name:<GATE_COLUMNS$} "), Role::Text),
                pen.span(clip(&said, room.saturating_sub(GATE_COLUMNS + 1)).into_owned(), role),
            ]));
        }
    }
    if state.draft.checkpoint > 0 {
        heading(&mut lines, "CHECKPOINTS");
        let text = format!("#{}  /undo, Esc Esc go back", state.draft.checkpoint);
        lines.push(Line::from(pen.span(clipped(&text), Role::Text)));
    }
    if !state.queue.is_empty() {
        heading(&mut lines, "QUEUE");
        for queued in &state.queue {
            let kind = if queued.steer { "steer" } else { "next" };
            let text = format!("{kind}  {}", queued.text.lines().next().unwrap_or(""));
            lines.push(Line::from(pen.span(clipped(&text), Role::Text)));
        }
    }
    if !state.applied.is_empty() {
        heading(&mut lines, "FILES WRITTEN");
        for path in state.applied.iter().rev().take(FILES_MAX) {
            lines.push(Line::from(pen.span(clipped(path), Role::Text)));
        }
        let more = state.applied.len().saturating_sub(FILES_MAX);
        if more > 0 {
            lines.push(Line::from(pen.span(format!("… {more} more"), Role::Dim)));
        }
    }
    if !state.allowed.is_empty() {
        heading(&mut lines, "ALLOWED WITHOUT A QUESTION");
        for rule in &state.allowed {
            lines.push(Line::from(pen.span(clipped(&format!("{} …", rule.join(" "))), Role::Text)));
        }
    }
    lines
}
