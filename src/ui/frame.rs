//! Frames, titles and rows that give way: the pieces that every pane is drawn with.

use super::marks;
use super::theme::{Role, Theme};
use crate::text::{clip, width};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// What stands in a frame's border.
#[derive(Default)]
pub(crate) struct Titles<'a> {
    pub(crate) left: &'a str,
    pub(crate) right: &'a str,
    pub(crate) footer: &'a str,
    /// The right one calls for the user.
    pub(crate) alert: bool,
}

/// Draws a frame and gives its inside.
pub(crate) fn frame(
    buffer: &mut Buffer,
    area: Rect,
    theme: &Theme,
    border: Role,
    heavy: bool,
    titles: &Titles<'_>,
) -> Rect {
    if area.width < 2 || area.height < 2 {
        return Rect { width: 0, height: 0, ..area };
    }
    let set = marks::border(theme, heavy);
    let style = theme.style(border);
    let (left, right) = (area.x, area.right() - 1);
    let (top, bottom) = (area.y, area.bottom() - 1);
    for x in left + 1..right {
        buffer.set_string(x, top, set.horizontal_top, style);
        buffer.set_string(x, bottom, set.horizontal_bottom, style);
    }
    for y in top + 1..bottom {
        buffer.set_string(left, y, set.vertical_left, style);
        buffer.set_string(right, y, set.vertical_right, style);
    }
    buffer.set_string(left, top, set.top_left, style);
    buffer.set_string(right, top, set.top_right, style);
    buffer.set_string(left, bottom, set.bottom_left, style);
    buffer.set_string(right, bottom, set.bottom_right, style);
    let room = usize::from(area.width).saturating_sub(4);
    let title = if heavy { theme.style(Role::Title) } else { theme.style(Role::Dim) };
    let alert = if titles.alert { theme.style(Role::Badge) } else { title };
    let right_wide = label(buffer, area, top, Side::Right, titles.right, room, alert);
    label(buffer, area, top, Side::Left, titles.left, room.saturating_sub(right_wide), title);
    label(buffer, area, bottom, Side::Left, titles.footer, room, theme.style(Role::Dim));
    Rect { x: left + 1, y: top + 1, width: area.width - 2, height: area.height - 2 }
}

/// A rule with a label at its right.
pub(crate) fn rule(
    buffer: &mut Buffer,
    area: Rect,
    theme: &Theme,
    border: Role,
    heavy: bool,
    right: &str,
) {
    let set = marks::border(theme, heavy);
    for x in area.x..area.right() {
        buffer.set_string(x, area.y, set.horizontal_top, theme.style(border));
    }
    let room = usize::from(area.width).saturating_sub(4);
    label(buffer, area, area.y, Side::Right, right, room, theme.style(Role::Dim));
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// Writes ` text ` into a border; returns the columns that it took.
fn label(
    buffer: &mut Buffer,
    area: Rect,
    y: u16,
    side: Side,
    text: &str,
    room: usize,
    style: ratatui::style::Style,
) -> usize {
    if text.is_empty() || room < 4 {
        return 0;
    }
    let text = format!(" {} ", clip(text, room - 2));
    let wide = width(&text);
    let wide_cells = u16::try_from(wide).unwrap_or(area.width);
    let x = match side {
        Side::Left => area.x + 2,
        Side::Right => area.right().saturating_sub(2 + wide_cells),
    };
    buffer.set_stringn(x, y, &text, wide, style);
    wide + 1
}

/// A part of a row: what is dropped first has the highest number.
pub(crate) struct Part {
    pub(crate) spans: Vec<Span<'static>>,
    pub(crate) rank: u8,
}

pub(crate) fn part(rank: u8, spans: Vec<Span<'static>>) -> Part {
    Part { spans, rank }
}

fn columns(spans: &[Span<'_>]) -> usize {
    spans.iter().map(|span| width(&span.content)).sum()
}

/// The parts that fit into the columns, three blanks between them, and `right` at the end; of two
/// that cannot both be shown the one with the lower rank is. The first part is clipped at last.
pub(crate) fn row(parts: Vec<Part>, right: Vec<Span<'static>>, room: usize) -> Line<'static> {
    const GAP: usize = 3;
    row_with(GAP, parts, right, room)
}

/// The same with so many blanks between the parts.
pub(crate) fn row_with(
    gap: usize,
    mut parts: Vec<Part>,
    right: Vec<Span<'static>>,
    room: usize,
) -> Line<'static> {
    parts.retain(|part| columns(&part.spans) > 0);
    let right_wide = if right.is_empty() { 0 } else { columns(&right) + gap };
    loop {
        let wide: usize = parts.iter().map(|part| columns(&part.spans) + gap).sum();
        if parts.len() <= 1 || wide.saturating_sub(gap) + right_wide < room {
            break;
        }
        let worst = parts.iter().map(|part| part.rank).max().unwrap_or(0);
        if let Some(index) = parts.iter().rposition(|part| part.rank == worst) {
            parts.remove(index);
        }
    }
    let mut spans = vec![Span::raw(" ")];
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            spans.push(Span::raw(" ".repeat(gap)));
        }
        spans.extend(part.spans);
    }
    let used = columns(&spans);
    let right_columns = columns(&right);
    if right_columns > 0 && used + right_columns + 2 <= room {
        spans.push(Span::raw(" ".repeat(room - used - right_columns - 1)));
        spans.extend(right);
    }
    Line::from(spans)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &Line<'_>) -> String {
        line.spans.iter().map(|span| span.content.as_ref()).collect()
    }

    #[test]
    fn what_matters_least_gives_way_first() {
        let parts = || {
            vec![
                part(0, vec![Span::raw("one")]),
                part(2, vec![Span::raw("two")]),
                part(1, vec![Span::raw("three")]),
            ]
        };
        assert_eq!(text(&row(parts(), Vec::new(), 40)), " one   two   three");
        assert_eq!(text(&row(parts(), Vec::new(), 14)), " one   three");
        assert_eq!(text(&row(parts(), vec![Span::raw("F1")], 16)), " one         F1");
    }
}
