//! Tables: columns as wide as they need to be, narrowed from the widest where the width is short.

use super::super::row::{Row, wrap};
use super::super::theme::Role;
use super::Pen;
use super::layout::{natural_width, pieces};
use crate::text::markdown::{Align, Cell, Table};
use ratatui::style::Style;

/// No column is made narrower than this; what then does not fit is clipped.
const COLUMN_WIDTH_MIN: usize = 4;

pub(super) fn rows(table: &Table, pen: &Pen<'_>) -> Vec<Row> {
    let count = table.alignments.len();
    let divider = format!(" {} ", pen.theme.glyphs().divider);
    let room = pen.width.saturating_sub(3 * count.saturating_sub(1));
    let widths = widths(count, &table.rows, room);
    let border = pen.theme.style(Role::Border);
    let mut out = Vec::new();
    for (index, row) in table.rows.iter().enumerate() {
        let base = pen.theme.style(if index == 0 { Role::Title } else { Role::Text });
        out.extend(table_row(&table.alignments, row, &widths, base, (&divider, border), pen));
        if index == 0 {
            out.push(Row::of(rule(&widths, pen), border));
        }
    }
    out
}

fn widths(count: usize, cells: &[Vec<Cell>], room: usize) -> Vec<usize> {
    let natural = |column: usize| {
        let cells = cells.iter().filter_map(|row| row.get(column));
        cells.map(|cell| natural_width(cell)).max().unwrap_or(0).max(1)
    };
    let mut widths: Vec<usize> = (0..count).map(natural).collect();
    let total: usize = widths.iter().sum();
    if total <= room {
        return widths;
    }
    // The widest the columns may be so that all fit: narrow ones keep what they need.
    let mut cap = room;
    while cap > COLUMN_WIDTH_MIN
        && widths.iter().map(|width| (*width).min(cap)).sum::<usize>() > room
    {
        cap -= 1;
    }
    for width in &mut widths {
        *width = (*width).min(cap.max(COLUMN_WIDTH_MIN));
    }
    widths
}

/// One row of the table, as many rows high as its highest cell.
fn table_row(
    alignments: &[Align],
    cells: &[Cell],
    widths: &[usize],
    base: Style,
    (divider, border): (&str, Style),
    pen: &Pen<'_>,
) -> Vec<Row> {
    let wrapped: Vec<Vec<Row>> = (0..widths.len())
        .map(|column| {
            let cell = cells.get(column).map_or(&[][..], Vec::as_slice);
            wrap(&pieces(cell, base, pen), widths[column])
        })
        .collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    let line = |index: usize| {
        let mut row = Row::default();
        for (column, cell) in wrapped.iter().enumerate() {
            if column > 0 {
                row.push(divider, border);
            }
            let part = cell.get(index).cloned().unwrap_or_default();
            let missing = widths[column].saturating_sub(part.width());
            let before = match alignments[column] {
                Align::Left => 0,
                Align::Center => missing / 2,
                Align::Right => missing,
            };
            row.push(&" ".repeat(before), Style::default());
            row.append(part);
            if column + 1 < widths.len() {
                row.push(&" ".repeat(missing - before), Style::default());
            }
        }
        row
    };
    (0..height).map(line).collect()
}

fn rule(widths: &[usize], pen: &Pen<'_>) -> String {
    let glyphs = pen.theme.glyphs();
    let crossing = format!("{}{}{}", glyphs.rule, glyphs.crossing, glyphs.rule);
    let columns: Vec<_> = widths.iter().map(|width| glyphs.rule.repeat(*width)).collect();
    columns.join(&crossing)
}
