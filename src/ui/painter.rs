//! From cells to bytes: only what changed, as one block inside a synchronized update. Rows that
//! moved are moved by the terminal itself.

use super::canvas::Canvas;
use super::scroll;
use super::view::Cursor;
use crate::protocol::CursorShape;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::ops::Range;

/// The terminal shows what is between these two at once (DEC mode 2026).
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
const HIDE: &[u8] = b"\x1b[?25l";
const SHOW: &[u8] = b"\x1b[?25h";

/// What the outer terminal shows now.
pub(crate) struct Painter {
    shown: Buffer,
    cursor: Cursor,
    canvas: Canvas,
    /// Nothing is known of the screen.
    is_lost: bool,
}

impl Painter {
    pub(crate) fn new() -> Self {
        Self {
            shown: Buffer::empty(Rect::ZERO),
            cursor: None,
            canvas: Canvas::default(),
            is_lost: true,
        }
    }

    /// The next frame writes everything.
    pub(crate) const fn lose(&mut self) {
        self.is_lost = true;
    }

    /// The bytes that make the terminal show `next`: none, if it does already.
    pub(crate) fn paint(&mut self, mut next: Buffer, cursor: Cursor) -> Vec<u8> {
        super::canvas::settle(&mut next);
        let is_whole = self.is_lost || next.area != self.shown.area;
        if is_whole {
            self.shown = Buffer::empty(next.area);
        }
        let changed = scroll::changed(&self.shown, &next);
        let is_same = changed.is_empty();
        if is_same && cursor == self.cursor && !is_whole {
            return Vec::new();
        }
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(BEGIN);
        // The cursor is seen to jump about while cells are written, unless it is hidden.
        let hides = if is_same && !is_whole { cursor.is_none() } else { true };
        let was_seen = self.cursor.is_some() || is_whole;
        if hides && was_seen {
            bytes.extend_from_slice(HIDE);
        }
        if is_whole {
            self.canvas.clear(&mut bytes);
        }
        if !is_same {
            self.draw(&next, changed, &mut bytes);
        }
        if let Some((at, shape)) = cursor {
            self.canvas.go(at.x, at.y, &mut bytes);
            if self.cursor.map(|(_, shape)| shape) != Some(shape) || is_whole {
                bytes.extend_from_slice(shape_sequence(shape));
            }
            if hides || !was_seen {
                bytes.extend_from_slice(SHOW);
            }
        }
        bytes.extend_from_slice(END);
        self.shown = next;
        self.cursor = cursor;
        self.is_lost = false;
        bytes
    }

    fn draw(&mut self, next: &Buffer, changed: Range<usize>, bytes: &mut Vec<u8>) {
        if let Some(scroll) = scroll::find(&self.shown, next, &changed) {
            self.canvas.scroll(&scroll, bytes);
            scroll.apply(&mut self.shown);
        }
        let columns = usize::from(next.area.width);
        for y in changed {
            let row = y * columns..(y + 1) * columns;
            self.canvas.row(y, &self.shown.content[row.clone()], &next.content[row], bytes);
        }
    }
}

const fn shape_sequence(shape: CursorShape) -> &'static [u8] {
    match shape {
        CursorShape::Block => b"\x1b[2 q",
        CursorShape::Underline => b"\x1b[4 q",
        CursorShape::Beam => b"\x1b[6 q",
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
        assert!(!painter.paint(screen("one"), cursor).is_empty());
        assert_eq!(painter.paint(screen("one"), cursor), b"");
        painter.lose();
        assert!(!painter.paint(screen("one"), cursor).is_empty());
    }

    #[test]
    fn a_frame_is_one_synchronized_update_and_a_typed_character_costs_little() {
        let mut painter = Painter::new();
        let at = |x| Some((Position::new(x, 0), CursorShape::Beam));
        painter.paint(screen("one"), at(3));
        let bytes = painter.paint(screen("one!"), at(4));
        assert_eq!(bytes, [BEGIN, HIDE, b"!", SHOW, END].concat());
        let bytes = painter.paint(screen("one!"), at(2));
        assert_eq!(bytes, [BEGIN, b"\x08\x08", END].concat());
    }
}
