//! The lines as they are drawn, and what the pane's border says of them.

use super::rows::{self, cells};
use super::search::HITS_MAX;
use super::{CopyMode, RowAt};
use crate::protocol::{CellStyle, CursorShape, Scrollback};
use crate::text::Needle;
use crate::ui::term_pane;
use crate::ui::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use std::ops::Range;

/// A line with all that is to be seen of it.
struct Look<'a> {
    text: &'a str,
    styles: Vec<(Range<usize>, CellStyle)>,
    hits: Vec<Range<usize>>,
    selected: Range<usize>,
    is_empty_selected: bool,
}

impl Look<'_> {
    fn style(&self, byte: usize, theme: &Theme) -> Style {
        // Both are in order: a line may have tens of thousands.
        let own = self.styles.get(self.styles.partition_point(|(range, _)| range.end <= byte));
        let mut style = own.map_or_else(Style::new, |(_, own)| term_pane::style(*own));
        let hit = self.hits.get(self.hits.partition_point(|hit| hit.end <= byte));
        if hit.is_some_and(|hit| hit.contains(&byte)) {
            let hit = theme.style(Role::Ask).bg(Color::Reset);
            style = style.patch(hit).add_modifier(Modifier::REVERSED);
        }
        if self.selected.contains(&byte) {
            style = style.remove_modifier(Modifier::REVERSED).patch(theme.style(Role::Selection));
        }
        style
    }
}

fn hits(text: &str, needle: Option<&Needle>) -> Vec<Range<usize>> {
    let Some(needle) = needle else { return Vec::new() };
    let mut from = 0;
    std::iter::from_fn(|| {
        let hit = needle.find(text, from)?;
        from = hit.end;
        Some(hit)
    })
    .collect()
}

fn look<'a>(copy: &CopyMode, back: &'a Scrollback, line: usize) -> Look<'a> {
    let text = back.text(line);
    let selection = copy.selection();
    let selected = selection.map(|selection| {
        let block = selection.block(back);
        (selection.bytes(back, line, &block), selection.lines().contains(&line))
    });
    let (selected, is_in) = selected.unwrap_or((0..0, false));
    Look {
        text,
        styles: back.styles(line),
        hits: hits(text, copy.needle.as_ref()),
        selected,
        is_empty_selected: is_in && text.is_empty(),
    }
}

/// Draws the lines; where the cursor is.
pub(crate) fn draw(
    copy: &CopyMode,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) -> Option<(Position, CursorShape)> {
    let back = &copy.back;
    let (mut at, mut line) = (copy.top, usize::MAX);
    let mut seen: Option<(Look<'_>, Vec<Range<usize>>)> = None;
    let mut cursor = None;
    for y in area.y..area.bottom() {
        if at.line != line {
            line = at.line;
            let look = look(copy, back, line);
            let rows = rows::rows(look.text, copy.columns);
            seen = Some((look, rows));
        }
        let Some((look, rows)) = &seen else { break };
        let row = rows[at.row.min(rows.len() - 1)].clone();
        draw_row(look, row.clone(), theme, buffer, Rect { y, height: 1, ..area });
        let is_last = at.row + 1 >= rows.len();
        let is_here = copy.cursor.line == line
            && copy.cursor.byte >= row.start
            && (copy.cursor.byte < row.end || is_last);
        if is_here {
            let column = rows::column_of(back, copy.cursor, copy.columns);
            let column = u16::try_from(column).unwrap_or(0).min(area.width.saturating_sub(1));
            cursor = Some((Position::new(area.x + column, y), CursorShape::Block));
        }
        at = match is_last {
            false => RowAt { row: at.row + 1, ..at },
            true if line + 1 < back.lines() => RowAt { line: line + 1, row: 0 },
            true => break,
        };
    }
    cursor
}

fn draw_row(look: &Look<'_>, row: Range<usize>, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    if look.is_empty_selected {
        // An empty line that is selected is seen, too.
        buffer.set_string(area.x, area.y, " ", theme.style(Role::Selection));
    }
    for cell in cells(&look.text[row.clone()]) {
        let style = look.style(row.start + cell.bytes.start, theme);
        let symbol = &look.text[row.start + cell.bytes.start..row.start + cell.bytes.end];
        let columns = u16::try_from(cell.columns).unwrap_or(u16::MAX);
        let Ok(column) = u16::try_from(cell.column) else { return };
        let is_blank = symbol.starts_with(['\t', ' ']) || column + columns > area.width;
        for offset in (0..columns).take_while(|offset| column + offset < area.width) {
            if let Some(target) = buffer.cell_mut((area.x + column + offset, area.y)) {
                target.reset();
                if offset == 0 && !is_blank {
                    target.set_symbol(symbol);
                }
                target.set_style(style);
            }
        }
    }
}

/// `COPY  line 812/10345  37 of "query"`.
pub(crate) fn title(copy: &CopyMode) -> String {
    let mut title = format!("COPY  line {}/{}", copy.cursor.line + 1, copy.back.lines());
    if copy.hits > 0 {
        let more = if copy.hits >= HITS_MAX { "+" } else { "" };
        let noun = if copy.hits == 1 { "hit" } else { "hits" };
        title.push_str(&format!("  {}{more} {noun}", copy.hits));
    }
    title
}

/// What is searched for while it is typed; else the keys that matter most.
pub(crate) fn footer(copy: &CopyMode) -> String {
    match &copy.query {
        Some(query) => {
            let sign = if query.is_forward { '/' } else { '?' };
            let none = if query.found { "" } else { "  (not found)" };
            format!("{sign}{}▏{none}", query.text)
        }
        None if copy.selection.is_some() => {
            "y copy   ! to the chat   o other end   Esc".to_string()
        }
        None => "v select   / search   q leave".to_string(),
    }
}
