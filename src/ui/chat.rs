//! The chat pane's state: which rows of which blocks are seen, which block is selected.
//!
//! Blocks are laid out only where they are looked at, and what was laid out is kept, so a session
//! of ten thousand entries scrolls as fast as a short one. The blocks themselves are in `blocks`.

use super::blocks::Blocks;
use super::chat_lines::Pen;
use super::keymap::Scroll;
use crate::session::State;
use ratatui::text::Line;

/// Rows that are left free for a text that streams in.
const JUMP_ROWS_MAX: usize = 8;

pub(crate) struct Chat {
    pub(crate) blocks: Blocks,
    rows: usize,
    anchor: Anchor,
    /// The first row that is seen: a block, and a row of it.
    top: (usize, usize),
    selected: Option<usize>,
    /// What is drawn: the block of each row, and the row.
    pub(crate) view: Vec<(usize, Line<'static>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Anchor {
    Bottom,
    Top,
}

impl Chat {
    pub(crate) fn new() -> Self {
        Self {
            blocks: Blocks::new(),
            rows: 0,
            anchor: Anchor::Bottom,
            top: (0, 0),
            selected: None,
            view: Vec::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.blocks.count() == 0
    }

    pub(crate) fn is_at_bottom(&self) -> bool {
        self.anchor == Anchor::Bottom
    }

    pub(crate) const fn selected(&self) -> Option<usize> {
        self.selected
    }

    /// Lays out what is seen in a pane of that size.
    pub(crate) fn prepare(&mut self, state: &State, pen: &Pen<'_>, columns: u16, rows: u16) {
        self.rows = usize::from(rows);
        self.blocks.prepare(state, pen, columns);
        if self.anchor == Anchor::Bottom {
            self.follow(state, pen);
        } else if self.rows_from(state, pen, self.top) < self.rows {
            self.anchor = Anchor::Bottom;
            self.top = self.bottom_top(state, pen);
        }
        self.fill_view(state, pen);
    }

    /// The last row is seen. While text streams in, the rows move up by several at once and leave
    /// room for what comes: to move them by one for each new row is what costs bytes and eyes.
    fn follow(&mut self, state: &State, pen: &Pen<'_>) {
        if self.blocks.is_streaming() && self.rows_from(state, pen, self.top) <= self.rows {
            return;
        }
        self.top = self.bottom_top(state, pen);
        if self.blocks.is_streaming() && self.top != (0, 0) {
            let jump = (self.rows / 4).min(JUMP_ROWS_MAX);
            self.top = self.below(state, pen, self.top, jump);
        }
    }

    fn fill_view(&mut self, state: &State, pen: &Pen<'_>) {
        self.view.clear();
        let (mut block, mut skip) = self.top;
        while self.view.len() < self.rows && block < self.blocks.count() {
            let room = self.rows - self.view.len();
            let lines = self.blocks.lines(state, pen, block).iter().skip(skip).take(room);
            let lines: Vec<_> = lines.cloned().collect();
            self.view.extend(lines.into_iter().map(|line| (block, line)));
            block += 1;
            skip = 0;
        }
    }

    /// The top row with which the last row is at the bottom.
    fn bottom_top(&mut self, state: &State, pen: &Pen<'_>) -> (usize, usize) {
        let mut missing = self.rows;
        for block in (0..self.blocks.count()).rev() {
            let height = self.blocks.lines(state, pen, block).len();
            if height >= missing {
                return (block, height - missing);
            }
            missing -= height;
        }
        (0, 0)
    }

    /// Rows from a place to the end; beyond a pane's height they are not counted.
    fn rows_from(&mut self, state: &State, pen: &Pen<'_>, (block, row): (usize, usize)) -> usize {
        let mut rows = 0;
        for index in block..self.blocks.count() {
            let skip = if index == block { row } else { 0 };
            rows += self.blocks.lines(state, pen, index).len().saturating_sub(skip);
            if rows > self.rows {
                break;
            }
        }
        rows
    }

    pub(crate) fn scroll(&mut self, state: &State, pen: &Pen<'_>, scroll: Scroll) {
        let page = self.rows.saturating_sub(1).max(1);
        match scroll {
            Scroll::LineUp => self.step(state, pen, false),
            Scroll::LineDown => self.step(state, pen, true),
            Scroll::HalfUp => self.up(state, pen, page.div_ceil(2)),
            Scroll::HalfDown => self.down(state, pen, page.div_ceil(2)),
            Scroll::PageUp => self.up(state, pen, page),
            Scroll::PageDown => self.down(state, pen, page),
            Scroll::Top => {
                self.anchor = Anchor::Top;
                self.top = (0, 0);
                self.selected = Some(0);
            }
            Scroll::Bottom => {
                self.anchor = Anchor::Bottom;
                self.selected = self.blocks.count().checked_sub(1);
            }
        }
    }

    /// Follows what comes.
    pub(crate) fn scroll_to_bottom(&mut self) {
        self.anchor = Anchor::Bottom;
        self.selected = None;
    }

    fn up(&mut self, state: &State, pen: &Pen<'_>, mut rows: usize) {
        self.anchor = Anchor::Top;
        while rows > 0 {
            if self.top.1 >= rows {
                self.top.1 -= rows;
                return;
            }
            rows -= self.top.1;
            let Some(block) = self.top.0.checked_sub(1) else {
                self.top = (0, 0);
                return;
            };
            self.top = (block, self.blocks.lines(state, pen, block).len());
        }
    }

    fn down(&mut self, state: &State, pen: &Pen<'_>, rows: usize) {
        if self.anchor == Anchor::Top {
            self.top = self.below(state, pen, self.top, rows);
        }
    }

    /// The place so many rows further down.
    fn below(
        &mut self,
        state: &State,
        pen: &Pen<'_>,
        (mut block, mut row): (usize, usize),
        mut rows: usize,
    ) -> (usize, usize) {
        while rows > 0 && block < self.blocks.count() {
            let left = self.blocks.lines(state, pen, block).len().saturating_sub(row);
            if left > rows {
                return (block, row + rows);
            }
            rows -= left;
            (block, row) = (block + 1, 0);
        }
        (block, row)
    }

    /// Moves the selection by a block, or within one that is taller than what is seen of it.
    fn step(&mut self, state: &State, pen: &Pen<'_>, down: bool) {
        let first = self.view.first().map_or(0, |(block, _)| *block);
        let last = self.view.last().map_or(0, |(block, _)| *block);
        let Some(selected) = self.selected.filter(|block| (first..=last).contains(block)) else {
            self.selected = Some(if down { first } else { last });
            return;
        };
        let height = self.blocks.lines(state, pen, selected).len();
        let seen = self.view.iter().filter(|(block, _)| *block == selected).count();
        let is_at_edge = selected == if down { last } else { first };
        let is_cut = is_at_edge && seen < height;
        if is_cut {
            if down {
                self.down(state, pen, 1);
            } else {
                self.up(state, pen, 1);
            }
            return;
        }
        let mut next = selected;
        loop {
            let target = if down { Some(next + 1) } else { next.checked_sub(1) };
            let Some(target) = target.filter(|target| *target < self.blocks.count()) else {
                return;
            };
            next = target;
            if !self.blocks.lines(state, pen, next).is_empty() {
                break;
            }
        }
        self.selected = Some(next);
        let height = self.blocks.lines(state, pen, next).len().min(self.rows);
        let seen = self.view.iter().filter(|(block, _)| *block == next).count();
        let missing = height.saturating_sub(seen);
        if down { self.down(state, pen, missing) } else { self.up(state, pen, missing) }
    }

    /// Opens or closes the selected block.
    pub(crate) fn toggle(&mut self) {
        self.selected = self.selected.or_else(|| self.view.last().map(|(block, _)| *block));
        if let Some(selected) = self.selected {
            self.blocks.toggle(selected);
        }
    }

    /// Goes to the previous or next prompt of the user.
    pub(crate) fn go_to_prompt(&mut self, state: &State, next: bool) {
        let here = self.selected.unwrap_or(self.top.0);
        if let Some(target) = self.blocks.prompt(state, here, next) {
            self.selected = Some(target);
            self.anchor = Anchor::Top;
            self.top = (target, 0);
        }
    }
}
