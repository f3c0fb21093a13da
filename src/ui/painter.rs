//! From cells to bytes: only what changed, as one block inside a synchronized update.

use super::view::Cursor;
use crate::protocol::CursorShape;
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::io;

/// The terminal shows what is between these two at once (DEC mode 2026).
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
const HIDE: &[u8] = b"\x1b[?25l";
const SHOW: &[u8] = b"\x1b[?25h";
const CLEAR: &[u8] = b"\x1b[0m\x1b[2J";

/// What the outer terminal shows now.
pub(crate) struct Painter {
    shown: Buffer,
    cursor: Cursor,
    /// Nothing is known of the screen.
    is_lost: bool,
}

impl Painter {
    pub(crate) fn new() -> Self {
        Self { shown: Buffer::empty(Rect::ZERO), cursor: None, is_lost: true }
    }

    /// The next frame writes everything.
    pub(crate) const fn lose(&mut self) {
        self.is_lost = true;
    }

    /// The bytes that make the terminal show `next`: none, if it does already.
    pub(crate) fn paint(&mut self, next: Buffer, cursor: Cursor) -> io::Result<Vec<u8>> {
        let is_whole = self.is_lost || next.area != self.shown.area;
        if is_whole {
            self.shown = Buffer::empty(next.area);
        }
        let changes = self.shown.diff(&next);
        if changes.is_empty() && cursor == self.cursor && !is_whole {
            return Ok(Vec::new());
        }
        let mut bytes = Vec::with_capacity(64 + changes.len() * 4);
        bytes.extend_from_slice(BEGIN);
        // The cursor is seen to jump about while cells are written, unless it is hidden.
        if self.cursor.is_some() || is_whole {
            bytes.extend_from_slice(HIDE);
        }
        if is_whole {
            bytes.extend_from_slice(CLEAR);
        }
        if !changes.is_empty() {
            CrosstermBackend::new(&mut bytes).draw(changes.into_iter())?;
        }
        if let Some((at, shape)) = cursor {
            let (row, column) = (at.y + 1, at.x + 1);
            let style = match shape {
                CursorShape::Block => 2,
                CursorShape::Underline => 4,
                CursorShape::Beam => 6,
            };
            bytes.extend_from_slice(format!("\x1b[{row};{column}H").as_bytes());
            if self.cursor.map(|(_, shape)| shape) != Some(shape) || is_whole {
                bytes.extend_from_slice(format!("\x1b[{style} q").as_bytes());
            }
            bytes.extend_from_slice(SHOW);
        }
        bytes.extend_from_slice(END);
        self.shown = next;
        self.cursor = cursor;
        self.is_lost = false;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Position;
    use ratatui::style::Style;

    fn screen(text: &str) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
        buffer.set_string(0, 0, text, Style::new());
        buffer
    }

    #[test]
    fn a_frame_that_shows_the_same_writes_nothing() {
        let mut painter = Painter::new();
        let cursor = Some((Position::new(3, 4), CursorShape::Beam));
        assert!(!painter.paint(screen("one"), cursor).unwrap().is_empty());
        assert_eq!(painter.paint(screen("one"), cursor).unwrap(), b"");
        painter.lose();
        assert!(!painter.paint(screen("one"), cursor).unwrap().is_empty());
    }

    #[test]
    fn a_frame_is_one_synchronized_update_and_a_changed_cell_costs_little() {
        let mut painter = Painter::new();
        painter.paint(screen("one"), None).unwrap();
        let bytes = painter.paint(screen("onE"), None).unwrap();
        assert!(bytes.starts_with(BEGIN) && bytes.ends_with(END));
        assert!(bytes.len() <= 48, "{}", bytes.len());
    }
}
