//! What is selected between two places, as cells of a line and as text.

use super::rows::{cells, next_cell};
use crate::protocol::{LineAt, Scrollback};
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Characters,
    Lines,
    /// The same columns of each line.
    Block,
}

/// Both ends are in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) shape: Shape,
    pub(super) anchor: LineAt,
    pub(super) cursor: LineAt,
}

fn columns(back: &Scrollback, at: LineAt) -> Range<usize> {
    let cell = cells(back.text(at.line)).find(|cell| cell.bytes.end > at.byte);
    cell.map_or(0..1, |cell| cell.column..cell.column + cell.columns)
}

impl Selection {
    pub(super) fn lines(&self) -> Range<usize> {
        let (first, last) = self.ends();
        first.line..last.line + 1
    }

    fn ends(&self) -> (LineAt, LineAt) {
        (self.anchor.min(self.cursor), self.anchor.max(self.cursor))
    }

    /// The columns of a block.
    pub(super) fn block(&self, back: &Scrollback) -> Range<usize> {
        let (one, other) = (columns(back, self.anchor), columns(back, self.cursor));
        one.start.min(other.start)..one.end.max(other.end)
    }

    /// The selected bytes of a line; `block` are the columns of a block.
    pub(super) fn bytes(
        &self,
        back: &Scrollback,
        line: usize,
        block: &Range<usize>,
    ) -> Range<usize> {
        let text = back.text(line);
        if !self.lines().contains(&line) {
            return 0..0;
        }
        match self.shape {
            Shape::Lines => 0..text.len(),
            Shape::Characters => {
                let (first, last) = self.ends();
                let from = if line == first.line { first.byte } else { 0 };
                let to = match next_cell(text, last.byte) {
                    Some(end) if line == last.line => end,
                    _ => text.len(),
                };
                from.min(to)..to
            }
            Shape::Block => {
                let mut inside = cells(text).filter(|cell| {
                    cell.column < block.end && cell.column + cell.columns > block.start
                });
                let Some(first) = inside.next() else { return 0..0 };
                let end = inside.last().map_or(first.bytes.end, |last| last.bytes.end);
                first.bytes.start..end
            }
        }
    }

    /// The lines joined by newlines; one at the end only if whole lines are selected.
    pub(super) fn text(&self, back: &Scrollback) -> String {
        let block = self.block(back);
        let mut text = String::new();
        for line in self.lines() {
            if line > self.lines().start {
                text.push('\n');
            }
            let piece = &back.text(line)[self.bytes(back, line, &block)];
            // Blanks up to a program's right margin are none that it wrote.
            let whole = self.shape != Shape::Characters || line + 1 < self.lines().end;
            text.push_str(if whole { piece.trim_end_matches(' ') } else { piece });
        }
        if self.shape == Shape::Lines {
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::back;
    use super::*;

    fn select(text: &str, shape: Shape, anchor: (usize, usize), cursor: (usize, usize)) -> String {
        let at = |(line, byte)| LineAt { line, byte };
        Selection { shape, anchor: at(anchor), cursor: at(cursor) }.text(&back(text))
    }

    #[test]
    fn both_ends_are_selected_in_either_direction() {
        let text = "one two\n漢e\u{301}字\n\nend";
        assert_eq!(select(text, Shape::Characters, (0, 4), (0, 6)), "two");
        assert_eq!(select(text, Shape::Characters, (1, 3), (0, 4)), "two\n漢e\u{301}");
        assert_eq!(select(text, Shape::Characters, (2, 0), (3, 0)), "\ne");
        assert_eq!(select(text, Shape::Characters, (2, 0), (2, 0)), "");
    }

    #[test]
    fn only_whole_lines_end_in_a_newline() {
        assert_eq!(select("one  \ntwo\nthree", Shape::Lines, (1, 2), (0, 1)), "one\ntwo\n");
        assert_eq!(select("\n", Shape::Lines, (0, 0), (0, 0)), "\n");
    }

    #[test]
    fn a_block_has_the_same_columns_of_each_line() {
        let text = "abcdef\nx\n漢字漢字\na\tb";
        assert_eq!(select(text, Shape::Block, (0, 2), (2, 3)), "cd\n\n字");
        assert_eq!(select(text, Shape::Block, (0, 4), (0, 1)), "bcde");
    }
}
