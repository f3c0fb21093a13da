//! The terminal pane: the size its program should have, and its cells as they are drawn.

use crate::protocol::{Cell, CellStyle, Color, CursorShape, Screen, Size, TermId};
use ratatui::buffer::{Buffer, Cell as Drawn, CellWidth as _};
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color as Ink, Modifier, Style};
use std::sync::Arc;

/// A size is told to the program once it stood still for that long.
pub(crate) const RESIZE_QUIET_MS: u64 = 80;
/// At a cell's end it would join the next cell to it.
const ZERO_WIDTH_JOINER: char = '\u{200d}';

#[derive(Default)]
pub(crate) struct TermPane {
    pub(crate) screen: Option<Arc<Screen>>,
    /// The terminal that the user chose to see; None: the agent's.
    pub(crate) shown: Option<TermId>,
    /// The user was asked whether this one is to end.
    pub(crate) ending: Option<TermId>,
    /// The pane's inside, and since when.
    wanted: Option<(Size, u64)>,
    sent: Option<Size>,
}

impl TermPane {
    /// The pane has this inside now.
    pub(crate) fn want(&mut self, size: Size, now: u64) {
        if size.columns == 0 || size.rows == 0 {
            return;
        }
        if self.wanted.is_none_or(|(wanted, _)| wanted != size) {
            self.wanted = Some((size, now));
        }
    }

    /// Its program knows some size.
    pub(crate) const fn is_told(&self) -> bool {
        self.sent.is_some()
    }

    /// When `due` should be asked, if a size waits to be told.
    pub(crate) fn due_at(&self) -> Option<u64> {
        let (size, since) = self.wanted?;
        (self.sent != Some(size)).then_some(since + RESIZE_QUIET_MS)
    }

    /// The size to tell now.
    pub(crate) fn due(&mut self, now: u64) -> Option<Size> {
        if self.due_at()? > now {
            return None;
        }
        self.sent = self.wanted.map(|(size, _)| size);
        self.sent
    }
}

/// The first of the rows that are shown: those around the cursor, if the screen is taller.
fn first_row(screen: &Screen, rows: u16) -> u16 {
    let below = screen.cursor.map_or(rows, |cursor| cursor.row + 1);
    below.saturating_sub(rows).min(screen.size.rows.saturating_sub(rows))
}

pub(crate) fn draw(screen: &Screen, buffer: &mut Buffer, area: Rect) {
    let first = first_row(screen, area.height);
    for y in 0..area.height.min(screen.size.rows) {
        for (x, cell) in (0..area.width).zip(screen.row(first + y)) {
            draw_cell(cell, buffer, Position::new(area.x + x, area.y + y), area.width - x);
        }
    }
}

fn draw_cell(cell: &Cell, buffer: &mut Buffer, at: Position, room: u16) {
    let Some(target) = buffer.cell_mut(at) else { return };
    if cell.width == 0 {
        target.reset();
        target.set_style(cell_style(cell));
        return;
    }
    let is_drawn = u16::from(cell.width) <= room && !cell.attributes.hidden;
    if is_drawn {
        put_symbol(cell, target);
    } else {
        target.set_symbol(" ");
    }
    target.set_style(cell_style(cell));
}

/// The character with its marks, as far as the screen reckons with as many columns as the pane has
/// for it: a selector or a joiner would make some characters wider.
fn put_symbol(cell: &Cell, target: &mut Drawn) {
    let columns = u16::from(cell.width);
    target.set_char(cell.char);
    if matches!(cell.char, ' '..='~') && cell.marks.is_empty() {
        return;
    }
    if !cell.marks.is_empty() {
        let whole = format!("{}{}", cell.char, cell.marks);
        if whole.cell_width() == columns && !whole.ends_with(ZERO_WIDTH_JOINER) {
            target.set_symbol(&whole);
        }
    }
    if cell.char.is_control() || target.symbol().cell_width() != columns {
        target.set_symbol(" ");
    }
}

fn cell_style(cell: &Cell) -> Style {
    let &Cell { foreground, background, attributes, .. } = cell;
    style(CellStyle { foreground, background, attributes })
}

pub(crate) fn style(cell: CellStyle) -> Style {
    let set = cell.attributes;
    let mut modifier = Modifier::empty();
    modifier.set(Modifier::BOLD, set.bold);
    modifier.set(Modifier::DIM, set.dim);
    modifier.set(Modifier::ITALIC, set.italic);
    modifier.set(Modifier::UNDERLINED, set.underline);
    modifier.set(Modifier::REVERSED, set.inverse);
    modifier.set(Modifier::CROSSED_OUT, set.strike);
    Style::new().fg(ink(cell.foreground)).bg(ink(cell.background)).add_modifier(modifier)
}

const fn ink(color: Color) -> Ink {
    match color {
        Color::Default => Ink::Reset,
        Color::Indexed(index) => Ink::Indexed(index),
        Color::Rgb(red, green, blue) => Ink::Rgb(red, green, blue),
    }
}

/// Where the outer cursor goes while the pane has the keys.
pub(crate) fn cursor(screen: &Screen, area: Rect) -> Option<(Position, CursorShape)> {
    let cursor = screen.cursor?;
    let row = cursor.row.checked_sub(first_row(screen, area.height))?;
    let is_inside = cursor.column < area.width && row < area.height;
    is_inside.then(|| (Position::new(area.x + cursor.column, area.y + row), cursor.shape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_drawn_where_they_make_nothing_wider() {
        let cases = [
            ('e', "\u{301}", 1, "e\u{301}"),
            ('❤', "\u{fe0f}", 1, "❤"),
            ('👨', "\u{200d}", 2, "👨"),
            ('\u{1112}', "\u{1161}\u{11ab}", 2, "\u{1112}\u{1161}\u{11ab}"),
            ('क', "\u{94d}", 1, "क\u{94d}"),
            ('🇩', "", 1, "🇩"),
            ('\u{7}', "", 1, " "),
            ('漢', "", 1, " "),
        ];
        for (char, marks, width, drawn) in cases {
            let mut target = Drawn::EMPTY;
            let cell = Cell { char, marks: marks.into(), width, ..Cell::default() };
            put_symbol(&cell, &mut target);
            assert_eq!(target.symbol(), drawn, "{char:?} {marks:?}");
        }
    }

    #[test]
    fn only_the_final_size_is_told() {
        let mut pane = TermPane::default();
        let size = |columns| Size { columns, rows: 10 };
        pane.want(size(80), 0);
        pane.want(size(81), 50);
        assert_eq!(pane.due(100), None);
        assert_eq!(pane.due(130), Some(size(81)));
        assert_eq!(pane.due(500), None);
        assert_eq!(pane.due_at(), None);
    }
}
