//! The chat pane's state: which blocks there are, which rows of them are seen.
//!
//! Blocks are laid out only where they are looked at, and what was laid out is kept, so a session
//! of ten thousand entries scrolls as fast as a short one. What a block looks like is left to
//! `chat_lines`.

use super::chat_lines::{self, Pen, Tool};
use super::keymap::Scroll;
use super::markdown::Markdown;
use crate::protocol::{CallId, Item};
use crate::session::{Entry, EntryBody, State};
use ratatui::text::Line;
use std::collections::HashMap;

/// Blocks whose lines are kept; beyond it those out of sight are forgotten.
const KEPT_BLOCKS_MAX: usize = 600;

/// Rows that are left free for a text that streams in.
const JUMP_ROWS_MAX: usize = 8;

pub(crate) struct Chat {
    blocks: Vec<Block>,
    /// Entries of the session that are in the blocks.
    seen: usize,
    calls: HashMap<CallId, usize>,
    columns: u16,
    rows: usize,
    expand_all: bool,
    anchor: Anchor,
    /// The first row that is seen: a block, and a row of it.
    top: (usize, usize),
    selected: Option<usize>,
    live: Markdown,
    live_lines: Vec<Line<'static>>,
    kept: usize,
    /// What is drawn: the block of each row, and the row.
    pub(crate) view: Vec<(usize, Line<'static>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Anchor {
    Bottom,
    Top,
}

struct Block {
    body: BlockBody,
    expanded: bool,
    lines: Option<Vec<Line<'static>>>,
}

enum BlockBody {
    Entry(usize),
    Tool { call: usize, result: Option<usize>, edits: Vec<usize> },
}

/// Blocks of the same group stand without a blank row between them.
#[derive(PartialEq, Eq)]
enum Group {
    Work,
    Notice,
    Alone,
}

impl Chat {
    pub(crate) fn new() -> Self {
        Self {
            blocks: Vec::new(),
            seen: 0,
            calls: HashMap::new(),
            columns: 0,
            rows: 0,
            expand_all: false,
            anchor: Anchor::Bottom,
            top: (0, 0),
            selected: None,
            live: Markdown::new(),
            live_lines: Vec::new(),
            kept: 0,
            view: Vec::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.live_lines.is_empty()
    }

    pub(crate) fn is_at_bottom(&self) -> bool {
        self.anchor == Anchor::Bottom
    }

    pub(crate) const fn selected(&self) -> Option<usize> {
        self.selected
    }

    /// Takes in the entries that are new.
    pub(crate) fn sync(&mut self, entries: &[Entry]) {
        for (index, entry) in entries.iter().enumerate().skip(self.seen) {
            self.take_in(index, entry);
        }
        self.seen = entries.len();
    }

    fn take_in(&mut self, index: usize, entry: &Entry) {
        let body = match &entry.body {
            EntryBody::Item(Item::Call { call, .. }) => {
                self.calls.insert(call.clone(), self.blocks.len());
                BlockBody::Tool { call: index, result: None, edits: Vec::new() }
            }
            EntryBody::Item(Item::Result { call, .. }) => {
                if let Some(BlockBody::Tool { result, .. }) = self.tool(call) {
                    *result = Some(index);
                    return;
                }
                BlockBody::Entry(index)
            }
            EntryBody::Item(Item::Edit { call, .. }) => {
                if let Some(BlockBody::Tool { edits, .. }) = self.tool(call) {
                    edits.push(index);
                    return;
                }
                BlockBody::Entry(index)
            }
            EntryBody::Item(Item::Plan { .. }) => {
                self.forget_lines();
                BlockBody::Entry(index)
            }
            _ => BlockBody::Entry(index),
        };
        self.blocks.push(Block { body, expanded: false, lines: None });
    }

    /// The tool block of a call; its lines are made anew.
    fn tool(&mut self, call: &CallId) -> Option<&mut BlockBody> {
        let block = self.blocks.get_mut(*self.calls.get(call)?)?;
        block.lines = None;
        Some(&mut block.body)
    }

    pub(crate) fn forget_lines(&mut self) {
        for block in &mut self.blocks {
            block.lines = None;
        }
        self.kept = 0;
    }

    /// Lays out what is seen in a pane of that size.
    pub(crate) fn prepare(&mut self, state: &State, pen: &Pen<'_>, columns: u16, rows: u16) {
        if self.columns != columns || self.kept > KEPT_BLOCKS_MAX {
            self.columns = columns;
            self.forget_lines();
        }
        self.rows = usize::from(rows);
        self.sync(&state.entries);
        self.live_lines = chat_lines::live(state, pen, &mut self.live, columns);
        let follows_block = self.blocks.last().is_some();
        if follows_block && !self.live_lines.is_empty() {
            self.live_lines.insert(0, Line::default());
        }
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
        if !self.live_lines.is_empty() && self.rows_from(state, pen, self.top) <= self.rows {
            return;
        }
        self.top = self.bottom_top(state, pen);
        if !self.live_lines.is_empty() && self.top != (0, 0) {
            let jump = (self.rows / 4).min(JUMP_ROWS_MAX);
            self.top = self.below(state, pen, self.top, jump);
        }
    }

    fn fill_view(&mut self, state: &State, pen: &Pen<'_>) {
        self.view.clear();
        let (mut block, mut skip) = self.top;
        while self.view.len() < self.rows && block < self.count() {
            let room = self.rows - self.view.len();
            let lines = self.lines(state, pen, block).iter().skip(skip).take(room);
            let lines: Vec<_> = lines.cloned().collect();
            self.view.extend(lines.into_iter().map(|line| (block, line)));
            block += 1;
            skip = 0;
        }
    }

    /// Blocks, the live one included.
    fn count(&self) -> usize {
        self.blocks.len() + usize::from(!self.live_lines.is_empty())
    }

    fn lines(&mut self, state: &State, pen: &Pen<'_>, index: usize) -> &[Line<'static>] {
        if index >= self.blocks.len() {
            return &self.live_lines;
        }
        let is_live = self.is_live(index);
        if self.blocks[index].lines.is_none() || is_live {
            let mut lines = self.build(state, pen, index);
            if !lines.is_empty() && index > 0 && self.wants_blank(state, index) {
                lines.insert(0, Line::default());
            }
            self.kept += usize::from(!is_live);
            self.blocks[index].lines = Some(lines);
        }
        self.blocks[index].lines.as_deref().unwrap_or(&[])
    }

    /// A call without a result is drawn with a spinner.
    fn is_live(&self, index: usize) -> bool {
        matches!(self.blocks[index].body, BlockBody::Tool { result: None, .. })
    }

    fn build(&self, state: &State, pen: &Pen<'_>, index: usize) -> Vec<Line<'static>> {
        let block = &self.blocks[index];
        let is_open = block.expanded || self.expand_all;
        match &block.body {
            BlockBody::Tool { call, result, edits } => {
                let tool = Tool {
                    call: &state.entries[*call],
                    result: result.map(|index| &state.entries[index]),
                    edit: edits.last().map(|index| &state.entries[*index]),
                };
                chat_lines::tool(&tool, pen, self.columns, is_open, state)
            }
            BlockBody::Entry(entry) => {
                let is_newest_plan = is_plan(&state.entries[*entry])
                    && !state.entries[*entry + 1..].iter().any(is_plan);
                let is_open = is_open || is_newest_plan;
                chat_lines::entry(&state.entries[*entry], pen, self.columns, is_open)
            }
        }
    }

    fn wants_blank(&self, state: &State, index: usize) -> bool {
        let group = |index: usize| match &self.blocks[index].body {
            BlockBody::Tool { .. } => Group::Work,
            BlockBody::Entry(entry) => match &state.entries[*entry].body {
                EntryBody::Item(
                    Item::Thought { .. } | Item::Context { .. } | Item::Note { .. },
                ) => Group::Work,
                EntryBody::Notice(_) => Group::Notice,
                EntryBody::Item(_) | EntryBody::Ended { .. } => Group::Alone,
            },
        };
        let (before, this) = (group(index - 1), group(index));
        before != this || this == Group::Alone
    }

    /// The top row with which the last row is at the bottom.
    fn bottom_top(&mut self, state: &State, pen: &Pen<'_>) -> (usize, usize) {
        let mut missing = self.rows;
        for block in (0..self.count()).rev() {
            let height = self.lines(state, pen, block).len();
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
        for index in block..self.count() {
            let skip = if index == block { row } else { 0 };
            rows += self.lines(state, pen, index).len().saturating_sub(skip);
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
                self.selected = self.count().checked_sub(1);
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
            self.top = (block, self.lines(state, pen, block).len());
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
        while rows > 0 && block < self.count() {
            let left = self.lines(state, pen, block).len().saturating_sub(row);
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
        let height = self.lines(state, pen, selected).len();
        let seen = self.view.iter().filter(|(block, _)| *block == selected).count();
        let is_cut = if down { selected == last } else { selected == first } && seen < height;
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
            let Some(target) = target.filter(|target| *target < self.count()) else { return };
            next = target;
            if !self.lines(state, pen, next).is_empty() {
                break;
            }
        }
        self.selected = Some(next);
        let height = self.lines(state, pen, next).len().min(self.rows);
        let seen = self.view.iter().filter(|(block, _)| *block == next).count();
        let missing = height.saturating_sub(seen);
        if down { self.down(state, pen, missing) } else { self.up(state, pen, missing) }
    }

    /// Opens or closes the selected block.
    pub(crate) fn toggle(&mut self) {
        let selected = self.selected.or_else(|| self.view.last().map(|(block, _)| *block));
        if let Some(block) = selected.and_then(|index| self.blocks.get_mut(index)) {
            block.expanded = !block.expanded;
            block.lines = None;
            self.selected = selected;
        }
    }

    pub(crate) fn toggle_all(&mut self) {
        self.expand_all = !self.expand_all;
        self.forget_lines();
    }

    /// Goes to the previous or next prompt of the user.
    pub(crate) fn go_to_prompt(&mut self, state: &State, next: bool) {
        let here = self.selected.unwrap_or(self.top.0);
        let is_prompt = |index: &usize| match &self.blocks[*index].body {
            BlockBody::Entry(entry) => {
                matches!(state.entries[*entry].body, EntryBody::Item(Item::User { .. }))
            }
            BlockBody::Tool { .. } => false,
        };
        let end = self.blocks.len();
        let target = if next {
            ((here + 1).min(end)..end).find(is_prompt)
        } else {
            (0..here.min(end)).rev().find(is_prompt)
        };
        if let Some(target) = target {
            self.selected = Some(target);
            self.anchor = Anchor::Top;
            self.top = (target, 0);
        }
    }
}

fn is_plan(entry: &Entry) -> bool {
    matches!(entry.body, EntryBody::Item(Item::Plan { .. }))
}
