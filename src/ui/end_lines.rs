//! How a turn ended, and what it took: the last rows of a turn in the chat.

use super::chat_lines::{Pen, said};
use super::theme::Role;
use super::{marks, numbers};
use crate::protocol::{End, Limit, Usage};
use crate::text::{clip, width};
use ratatui::text::Line;

pub(crate) fn end_lines(end: &End, pen: &Pen<'_>, columns: u16) -> Vec<Line<'static>> {
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

pub(crate) fn totals(
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
