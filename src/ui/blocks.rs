//! The blocks of the chat, and their lines: laid out where they are looked at, and then kept.
//! A call, its result and its edit are one block.

use super::chat_lines::{self, Pen};
use super::markdown::Markdown;
use super::tool_lines::{self, Tool};
use crate::protocol::{CallId, Change, EditState, Item, Outcome};
use crate::session::{Entry, EntryBody, State};
use ratatui::text::Line;
use std::collections::{HashMap, HashSet};

/// Blocks whose lines are kept; beyond it those out of sight are forgotten.
const KEPT_BLOCKS_MAX: usize = 600;

pub(crate) struct Blocks {
    blocks: Vec<Block>,
    /// Entries of the session that are in the blocks.
    seen: usize,
    calls: HashMap<CallId, usize>,
    /// Calls that have no block: what they did shows by itself.
    hidden: HashSet<CallId>,
    columns: u16,
    expand_all: bool,
    live: Markdown,
    live_lines: Vec<Line<'static>>,
    kept: usize,
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

impl Blocks {
    pub(crate) fn new() -> Self {
        Self {
            blocks: Vec::new(),
            seen: 0,
            calls: HashMap::new(),
            hidden: HashSet::new(),
            columns: 0,
            expand_all: false,
            live: Markdown::new(),
            live_lines: Vec::new(),
            kept: 0,
        }
    }

    /// Takes in the entries that are new.
    pub(crate) fn sync(&mut self, entries: &[Entry]) {
        if entries.len() < self.seen {
            // The session went back: what was shown of the rest is void.
            self.blocks.clear();
            self.calls.clear();
            self.hidden.clear();
            self.seen = 0;
        }
        for (index, entry) in entries.iter().enumerate().skip(self.seen) {
            self.take_in(index, entry);
        }
        self.seen = entries.len();
    }

    fn take_in(&mut self, index: usize, entry: &Entry) {
        let body = match &entry.body {
            // Where it works is in the header; what it was told is in the journal.
            EntryBody::Item(Item::Context { name, .. }) if name == "environment" => return,
            // The plan itself follows as an item of its own.
            EntryBody::Item(Item::Call { call, tool, arguments, .. })
                if tool == "tell" && arguments.contains("\"plan\"") =>
            {
                self.hidden.insert(call.clone());
                return;
            }
            EntryBody::Item(Item::Result { call, outcome: Outcome::Done, .. })
                if self.hidden.contains(call) =>
            {
                return;
            }
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

    /// Takes in what is new, for lines of that many columns.
    pub(crate) fn prepare(&mut self, state: &State, pen: &Pen<'_>, columns: u16) {
        if self.columns != columns || self.kept > KEPT_BLOCKS_MAX {
            self.columns = columns;
            self.forget_lines();
        }
        self.sync(&state.entries);
        self.live_lines = chat_lines::live(state, pen, &mut self.live, columns);
        if !self.blocks.is_empty() && !self.live_lines.is_empty() {
            self.live_lines.insert(0, Line::default());
        }
    }

    /// Text streams in.
    pub(crate) fn is_streaming(&self) -> bool {
        !self.live_lines.is_empty()
    }

    pub(crate) fn toggle(&mut self, index: usize) {
        if let Some(block) = self.blocks.get_mut(index) {
            block.expanded = !block.expanded;
            block.lines = None;
        }
    }

    pub(crate) fn toggle_all(&mut self) {
        self.expand_all = !self.expand_all;
        self.forget_lines();
    }

    /// The user's prompt that is nearest before or after a block.
    pub(crate) fn prompt(&self, state: &State, here: usize, next: bool) -> Option<usize> {
        let is_prompt = |index: &usize| match &self.blocks[*index].body {
            BlockBody::Entry(entry) => {
                matches!(state.entries[*entry].body, EntryBody::Item(Item::User { .. }))
            }
            BlockBody::Tool { .. } => false,
        };
        let end = self.blocks.len();
        if next {
            ((here + 1).min(end)..end).find(is_prompt)
        } else {
            (0..here.min(end)).rev().find(is_prompt)
        }
    }

    /// Blocks, the live one included.
    pub(crate) fn count(&self) -> usize {
        self.blocks.len() + usize::from(!self.live_lines.is_empty())
    }

    pub(crate) fn lines(&mut self, state: &State, pen: &Pen<'_>, index: usize) -> &[Line<'static>] {
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
                    edits: last_edits(edits, state),
                };
                tool_lines::tool(&tool, pen, self.columns, is_open, state)
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
                EntryBody::Notice(_) | EntryBody::Draft(_) | EntryBody::Compacted(_) => {
                    Group::Notice
                }
                EntryBody::Item(_) | EntryBody::Ended { .. } => Group::Alone,
            },
        };
        let (before, this) = (group(index - 1), group(index));
        before != this || this == Group::Alone
    }
}

/// Of each file the last one, in the order of the call.
fn last_edits<'a>(edits: &[usize], state: &'a State) -> Vec<(&'a Change, EditState)> {
    let mut last: Vec<(&Change, EditState)> = Vec::new();
    for entry in edits.iter().map(|index| &state.entries[*index]) {
        let EntryBody::Item(Item::Edit { change, state, .. }) = &entry.body else { continue };
        match last.iter_mut().find(|(known, _)| known.path == change.path) {
            Some(known) => *known = (change, *state),
            None => last.push((change, *state)),
        }
    }
    last
}

fn is_plan(entry: &Entry) -> bool {
    matches!(entry.body, EntryBody::Item(Item::Plan { .. }))
}
