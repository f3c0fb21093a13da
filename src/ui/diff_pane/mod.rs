//! The diff pane's state: which changes it shows, where its cursor is. The rows come from `diff`, and
//! only those in sight are ever made: a change of 50,000 lines costs no more than its first screen.

use super::chat_lines::Pen;
use super::diff::{Choice, DiffLayout, DiffRow, DiffView, RowKind};
use super::keymap::{DiffVerb, Scroll};
use super::sheet::{self, Sheet};
use crate::protocol::{AskId, Change, EditState, HunkRef, Item, Question};
use crate::session::{EntryBody, State};

/// Files of past edits that are shown while nothing waits.
const PAST_FILES_MAX: usize = 20;
/// From this width on two sides fit.
const SIDES_COLUMNS_MIN: u16 = 84;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A question: hunks can be chosen.
    Ask(AskId),
    /// What the draft holds and the tree does not.
    Draft,
    /// The edits of the last turn.
    Past,
    Nothing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    source: Source,
    columns: u16,
    layout: DiffLayout,
    revision: u64,
    seq: u64,
}

pub(crate) struct DiffPane {
    view: DiffView,
    /// The rows in sight, from `scroll` on.
    pub(crate) rows: Vec<DiffRow>,
    pub(crate) source: Source,
    pub(crate) files: usize,
    pub(crate) added: usize,
    pub(crate) removed: usize,
    pub(crate) cursor: usize,
    pub(crate) scroll: usize,
    height: usize,
    /// None: by the pane's width.
    layout: Option<DiffLayout>,
    key: Option<Key>,
    shown: Shown,
}

/// Changes, and what became of each where that is known.
type Shown = (Vec<Change>, Vec<EditState>);

impl DiffPane {
    pub(crate) fn new() -> Self {
        Self {
            view: DiffView::new(&[], DiffLayout::Unified),
            rows: Vec::new(),
            source: Source::Nothing,
            files: 0,
            added: 0,
            removed: 0,
            cursor: 0,
            scroll: 0,
            height: 0,
            layout: None,
            key: None,
            shown: (Vec::new(), Vec::new()),
        }
    }

    pub(crate) fn prepare(
        &mut self,
        state: &State,
        draft: &[Change],
        sheet: Option<&Sheet>,
        pen: &Pen<'_>,
        columns: u16,
        rows: u16,
    ) {
        self.height = usize::from(rows).max(1);
        let source = source(state);
        let key = Key {
            source,
            columns,
            layout: self.layout(columns),
            revision: sheet.map_or(0, |sheet| sheet.revision),
            seq: if matches!(source, Source::Ask(_)) { 0 } else { state.seq },
        };
        if self.key != Some(key) {
            self.refresh(state, draft, key);
        }
        self.cursor = self.cursor.min(self.view.len().saturating_sub(1));
        let scroll_max = self.view.len().saturating_sub(self.height);
        let last = self.cursor + 1;
        self.scroll = self.scroll.clamp(last.saturating_sub(self.height), self.cursor);
        self.scroll = self.scroll.min(scroll_max);
        self.draw(sheet, pen, key);
    }

    /// Plans the rows anew, unless only something else happened in the session.
    fn refresh(&mut self, state: &State, draft: &[Change], key: Key) {
        let shown = changes(state, draft, key.source);
        let is_planned = |old: Key| (old.source, old.layout) == (key.source, key.layout);
        if !self.key.is_some_and(is_planned) || shown != self.shown {
            self.view = DiffView::new(&shown.0, key.layout);
            self.files = shown.0.len();
            let counts = shown.0.iter().map(Change::counts);
            (self.added, self.removed) =
                counts.fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
        }
        if self.source != key.source {
            self.scroll = 0;
            self.cursor = self.find(0..self.view.len(), |(_, hunk, _)| hunk.is_some()).unwrap_or(0);
        }
        self.source = key.source;
        self.shown = shown;
        self.key = Some(key);
    }

    fn draw(&mut self, sheet: Option<&Sheet>, pen: &Pen<'_>, key: Key) {
        let (changes, states) = &self.shown;
        let chosen =
            |at: HunkRef| match sheet {
                Some(sheet) if matches!(key.source, Source::Ask(_)) => {
                    if sheet.chosen.contains(&at) { Choice::Accepted } else { Choice::Rejected }
                }
                _ => match states.get(at.change) {
                    Some(EditState::Written) => Choice::Accepted,
                    Some(EditState::Rejected) => Choice::Rejected,
                    _ => Choice::Pending,
                },
            };
        let range = self.scroll..self.scroll + self.height;
        self.rows =
            self.view.rows(changes, range, &chosen, key.columns, pen.theme, pen.highlighter);
    }

    /// The first row of a range that is such: its change, its hunk, its kind.
    fn find(
        &self,
        mut range: impl Iterator<Item = usize>,
        is: impl Fn((usize, Option<usize>, RowKind)) -> bool,
    ) -> Option<usize> {
        range.find(|row| self.view.place(*row).is_some_and(&is))
    }

    fn layout(&self, columns: u16) -> DiffLayout {
        self.layout.unwrap_or(if columns >= SIDES_COLUMNS_MIN {
            DiffLayout::SideBySide
        } else {
            DiffLayout::Unified
        })
    }

    /// The hunk under the cursor; on a file's row, the file's first.
    pub(crate) fn here(&self) -> Option<HunkRef> {
        let (change, hunk, _) = self.view.place(self.cursor)?;
        let first = || {
            let is =
                |(of, hunk, _): (usize, Option<usize>, RowKind)| of == change && hunk.is_some();
            self.find(0..self.view.len(), is).and_then(|row| self.view.place(row)?.1)
        };
        Some(HunkRef { change, hunk: hunk.or_else(first)? })
    }

    pub(crate) fn scroll(&mut self, scroll: Scroll) {
        let last = self.view.len().saturating_sub(1);
        let page = self.height.saturating_sub(1).max(1);
        self.cursor = match scroll {
            Scroll::LineUp => self.cursor.saturating_sub(1),
            Scroll::LineDown => self.cursor + 1,
            Scroll::HalfUp => self.cursor.saturating_sub(page.div_ceil(2)),
            Scroll::HalfDown => self.cursor + page.div_ceil(2),
            Scroll::PageUp => self.cursor.saturating_sub(page),
            Scroll::PageDown => self.cursor + page,
            Scroll::Top => 0,
            Scroll::Bottom => last,
        };
        self.cursor = self.cursor.min(last);
    }

    pub(crate) fn go(&mut self, verb: DiffVerb) {
        let (kind, down) = match verb {
            DiffVerb::NextHunk => (RowKind::HunkHeader, true),
            DiffVerb::PreviousHunk => (RowKind::HunkHeader, false),
            DiffVerb::NextFile => (RowKind::File, true),
            DiffVerb::PreviousFile => (RowKind::File, false),
            DiffVerb::Layout => {
                let now = self.key.map_or(DiffLayout::Unified, |key| key.layout);
                self.layout = Some(match now {
                    DiffLayout::Unified => DiffLayout::SideBySide,
                    DiffLayout::SideBySide => DiffLayout::Unified,
                });
                return;
            }
            _ => return,
        };
        let is_target = |(_, _, of): (usize, Option<usize>, RowKind)| of == kind;
        let target = if down {
            self.find(self.cursor + 1..self.view.len(), is_target)
        } else {
            self.find((0..self.cursor).rev(), is_target)
        };
        if let Some(target) = target {
            self.cursor = target;
            // The hunk's lines are what one wants to see: its header goes near the top.
            self.scroll = target.saturating_sub(2);
        }
    }
}

fn source(state: &State) -> Source {
    match state.asks.first() {
        Some(ask) if matches!(ask.question, Question::Apply { .. }) => Source::Ask(ask.id),
        _ if !state.draft.files.is_empty() => Source::Draft,
        _ if last_edits(state).next().is_some() => Source::Past,
        _ => Source::Nothing,
    }
}

fn changes(state: &State, draft: &[Change], source: Source) -> Shown {
    match source {
        Source::Ask(_) => {
            (state.asks.first().map(sheet::changes).unwrap_or(&[]).to_vec(), Vec::new())
        }
        Source::Draft => (draft.to_vec(), Vec::new()),
        Source::Past => {
            let mut edits: Vec<_> = last_edits(state).take(PAST_FILES_MAX).collect();
            edits.reverse();
            edits.into_iter().map(|(change, state)| (change.clone(), state)).unzip()
        }
        Source::Nothing => (Vec::new(), Vec::new()),
    }
}

/// The edits of the newest turn that has any, newest first; of each call the last word on it.
fn last_edits(state: &State) -> impl Iterator<Item = (&Change, EditState)> {
    let mut turn = None;
    let mut seen = Vec::new();
    state
        .entries
        .iter()
        .rev()
        .filter_map(|entry| match &entry.body {
            EntryBody::Item(Item::Edit { call, change, state }) => {
                Some((entry.turn, call, change, *state))
            }
            _ => None,
        })
        .take_while(move |(of, ..)| *turn.get_or_insert(*of) == *of)
        .filter_map(move |(_, call, change, state)| {
            if seen.contains(&call) {
                return None;
            }
            seen.push(call);
            Some((change, state))
        })
}
