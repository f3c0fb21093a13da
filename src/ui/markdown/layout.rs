//! Blocks of markdown as rows.

use super::super::highlight::Code;
use super::super::row::{Row, break_code, wrap};
use super::super::theme::Role;
use super::{Pen, table};
use crate::text::markdown::{Block, Inline, InlineKind, Item, parse};
use crate::text::{expand_tabs, width};
use ratatui::style::{Modifier, Style};

const TAB_COLUMNS: usize = 4;
/// Code stands in from the text, where there is room for it.
const CODE_INDENT: &str = "  ";
const CODE_INDENT_FROM: usize = 24;

/// Blocks with a blank row between them.
pub(super) fn blocks(blocks: &[Block], pen: &Pen<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        if index > 0 {
            rows.push(Row::default());
        }
        rows.extend(self::block(block, pen));
    }
    rows
}

/// A piece that is one item of a list, as the splitter found it.
pub(super) fn item(text: &str, indent: usize, ordinal: Option<u64>, pen: &Pen<'_>) -> Vec<Row> {
    let mut parsed = parse(text);
    if let Some(Block::List { start, .. }) = parsed.first_mut() {
        *start = ordinal.or(*start);
    }
    let rows = blocks(&parsed, &pen.narrower(indent));
    let indent = if indent < pen.width { indent } else { 0 };
    let blank = Row::of(" ".repeat(indent), Style::default());
    if indent == 0 { rows } else { prefixed(rows, &blank, &blank) }
}

/// One line of a fenced block.
pub(super) fn code_line(code: &mut Code, line: &str, pen: &Pen<'_>) -> Vec<Row> {
    let line = expand_tabs(line, 0, TAB_COLUMNS);
    let row = Row(code.line(&line, pen.theme));
    let indent = if pen.width >= CODE_INDENT_FROM { CODE_INDENT } else { "" };
    let rows = break_code(row, pen.width - indent.len(), pen.theme);
    if indent.is_empty() {
        return rows;
    }
    let indent = Row::of(indent, Style::default());
    prefixed(rows, &indent, &indent)
}

fn block(block: &Block, pen: &Pen<'_>) -> Vec<Row> {
    let theme = pen.theme;
    match block {
        Block::Paragraph(text) => running(text, theme.style(Role::Text), pen),
        Block::Heading { level, text } => {
            let role = if *level <= 2 { Role::Heading } else { Role::Title };
            running(text, theme.style(role), pen)
        }
        Block::Code { language, text } => {
            let mut code = pen.highlighter.begin(language);
            text.lines().flat_map(|line| code_line(&mut code, line, pen)).collect()
        }
        Block::Quote(inner) => {
            let bar = Row::of(format!("{} ", theme.glyphs().quote), theme.style(Role::Dim));
            within(&bar, &bar, pen, |pen| blocks(inner, pen))
        }
        Block::List { start, items } => list(*start, items, pen),
        Block::Table(table) => table::rows(table, pen),
        Block::Rule => {
            let rule = theme.glyphs().rule.repeat(pen.width);
            vec![Row::of(rule, theme.style(Role::Border))]
        }
    }
}

fn list(start: Option<u64>, items: &[Item], pen: &Pen<'_>) -> Vec<Row> {
    let theme = pen.theme;
    let mut rows = Vec::new();
    let last = start.map(|start| start.saturating_add(items.len() as u64).saturating_sub(1));
    let digits = last.map_or(0, |last| last.to_string().len());
    for (index, item) in (0..).zip(items) {
        let mark = match (item.task, start) {
            (Some(done), _) => {
                let inner = if done { theme.glyphs().check } else { " " };
                let role = if done { Role::Good } else { Role::Dim };
                Row::of(format!("[{inner}] "), theme.style(role))
            }
            (None, Some(start)) => {
                let number = format!("{:>digits$}. ", start.saturating_add(index));
                Row::of(number, theme.style(Role::Accent))
            }
            (None, None) => {
                Row::of(format!("{} ", theme.glyphs().bullet), theme.style(Role::Accent))
            }
        };
        let blank = Row::of(" ".repeat(mark.width()), Style::default());
        rows.extend(within(&mark, &blank, pen, |pen| item_rows(item, pen)));
    }
    rows
}

/// An item's blocks: a list within stands close to the text that it belongs to.
fn item_rows(item: &Item, pen: &Pen<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, block) in item.blocks.iter().enumerate() {
        if index > 0 && !matches!(block, Block::List { .. } | Block::Code { .. }) {
            rows.push(Row::default());
        }
        rows.extend(self::block(block, pen));
    }
    if rows.is_empty() { vec![Row::default()] } else { rows }
}

/// Rows behind a mark, which is left out where it would leave no room.
fn within(
    first: &Row,
    others: &Row,
    pen: &Pen<'_>,
    rows: impl Fn(&Pen<'_>) -> Vec<Row>,
) -> Vec<Row> {
    let columns = first.width();
    if columns >= pen.width {
        return rows(pen);
    }
    prefixed(rows(&pen.narrower(columns)), first, others)
}

fn prefixed(rows: Vec<Row>, first: &Row, others: &Row) -> Vec<Row> {
    let behind = |(index, row): (usize, Row)| {
        let mut out = if index == 0 { first.clone() } else { others.clone() };
        out.append(row);
        out
    };
    rows.into_iter().enumerate().map(behind).collect()
}

/// Running text, wrapped.
fn running(text: &[Inline], base: Style, pen: &Pen<'_>) -> Vec<Row> {
    wrap(&pieces(text, base, pen), pen.width)
}

pub(super) fn pieces(text: &[Inline], base: Style, pen: &Pen<'_>) -> Vec<(String, Style)> {
    let piece = |inline: &Inline| (inline.text.replace('\t', " "), style(inline, base, pen));
    text.iter().map(piece).collect()
}

fn style(inline: &Inline, base: Style, pen: &Pen<'_>) -> Style {
    let mut style = match inline.kind {
        InlineKind::Text => base,
        InlineKind::Code => base.patch(pen.theme.style(Role::Code)),
        InlineKind::Link => {
            base.patch(pen.theme.style(Role::Accent)).add_modifier(Modifier::UNDERLINED)
        }
        InlineKind::Target => pen.theme.style(Role::Dim),
    };
    for (is, modifier) in [
        (inline.bold, Modifier::BOLD),
        (inline.italic, Modifier::ITALIC),
        (inline.strike, Modifier::CROSSED_OUT),
    ] {
        if is {
            style = style.add_modifier(modifier);
        }
    }
    style
}

/// The columns of the widest line of running text, unwrapped.
pub(super) fn natural_width(text: &[Inline]) -> usize {
    let all: String = text.iter().map(|inline| inline.text.as_str()).collect();
    all.split('\n').map(width).max().unwrap_or(0)
}
