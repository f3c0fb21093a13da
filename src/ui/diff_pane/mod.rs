//! The diff pane's state: how the review's changes are laid out, where its cursor is. The rows come
//! from `diff`, and only those in sight are ever made: a change of 50,000 lines costs no more than
//! its first screen.

mod choose;
mod draw;
mod notes;
mod prompt;
mod search;

pub(crate) use draw::{draw, facts};
pub(crate) use prompt::Prompt;

use super::chat_lines::Pen;
use super::diff::{Arrangement, CONTEXT_LINES, DiffLayout, DiffRow, DiffView, Look, RowKind, Spot};
use super::keymap::{DiffVerb, Scroll};
use super::review::{Review, Source};
use crate::protocol::{Change, ChangeId, HunkRef};
use crate::session::State;
use crate::text::Needle;
use notes::Notes;
use ratatui::text::Line;
use std::collections::HashMap;
use std::sync::Arc;

/// From this width on two sides fit.
const SIDES_COLUMNS_MIN: u16 = 84;
/// A pane of fewer rows has no list of files.
const LIST_FROM_ROWS: usize = 12;
const LIST_ROWS_MAX: usize = 8;
/// Around a change.
const CONTEXT_LINES_MAX: usize = 60;

/// The lines of a changed file as the draft has it; None: they are not to be had.
pub(crate) type NewSide = dyn Fn(&ChangeId) -> Option<Vec<String>>;

pub(crate) struct DiffPane {
    pub(crate) review: Review,
    pub(crate) view: DiffView,
    /// The rows in sight, from `scroll` on.
    pub(crate) rows: Vec<DiffRow>,
    /// What the first row in sight belongs to, if that is out of sight.
    sticky: Option<Line<'static>>,
    /// The files, as many as there is room for.
    list: Vec<(usize, Line<'static>)>,
    pub(crate) cursor: usize,
    pub(crate) scroll: usize,
    /// Rows of the diff itself.
    height: usize,
    /// None: by the pane's width.
    layout: Option<DiffLayout>,
    arrangement: Arrangement,
    /// The review's list of changes that the view is of.
    generation: u64,
    /// Keys choose lines.
    by_line: bool,
    /// The other end of a range of rows; the cursor is one.
    anchor: Option<usize>,
    wraps: bool,
    shows_blanks: bool,
    needle: Option<Needle>,
    pub(crate) prompt: Option<Prompt>,
    notes: Notes,
}

impl DiffPane {
    pub(crate) fn new() -> Self {
        let arrangement = Arrangement::of(DiffLayout::Unified);
        Self {
            review: Review::new(),
            view: DiffView::new(&[], &arrangement),
            rows: Vec::new(),
            sticky: None,
            list: Vec::new(),
            cursor: 0,
            scroll: 0,
            height: 1,
            layout: None,
            arrangement,
            generation: 0,
            by_line: false,
            anchor: None,
            wraps: false,
            shows_blanks: false,
            needle: None,
            prompt: None,
            notes: Notes::default(),
        }
    }

    /// Takes in what there is to review now.
    pub(crate) fn sync(&mut self, state: &State, draft: &Arc<Vec<Change>>) {
        let source = self.review.source;
        let before = Arc::clone(&self.review.changes);
        self.review.sync(state, draft);
        self.notes.sync(state);
        if self.review.generation == self.generation {
            return;
        }
        self.generation = self.review.generation;
        self.arrangement.splits = HashMap::new();
        self.arrangement.around = HashMap::new();
        self.anchor = None;
        if source == self.review.source {
            self.replan(&before);
        } else {
            self.prompt = None;
            self.view = DiffView::new(&self.review.changes, &self.arrangement);
            self.scroll = 0;
            self.cursor = self.first_hunk();
        }
    }

    fn first_hunk(&self) -> usize {
        self.view.find(0..self.view.len(), |spot| spot.hunk.is_some()).unwrap_or(0)
    }

    /// Lays the rows out anew; the cursor stays with what it is on, as far as that is still there.
    fn replan(&mut self, before: &[Change]) {
        let here = self.spot();
        let above = self.cursor.saturating_sub(self.scroll);
        self.view = DiffView::new(&self.review.changes, &self.arrangement);
        let Some(here) = here else {
            self.cursor = self.first_hunk();
            return;
        };
        let path = before.get(here.change).map(|change| &change.path);
        let change = self.review.changes.iter().position(|change| Some(&change.path) == path);
        let rows = 0..self.view.len();
        let lines: Vec<_> = here.lines().collect();
        let place = change.and_then(|change| {
            let of = |spot: &Spot| {
                spot.change == change && spot.hunk == here.hunk && spot.kind == here.kind
            };
            let is_line = |spot: &Spot| of(spot) && spot.lines().any(|line| lines.contains(&line));
            let same = self.view.find(rows.clone(), is_line);
            let hunk = || self.view.find(rows.clone(), of);
            let file = || self.view.find(rows.clone(), |spot| spot.change == change);
            same.or_else(hunk).or_else(file)
        });
        self.cursor = place.unwrap_or_else(|| self.cursor.min(self.view.len().saturating_sub(1)));
        self.scroll = self.cursor.saturating_sub(above);
    }

    fn rearrange(&mut self) {
        let changes = Arc::clone(&self.review.changes);
        self.anchor = None;
        self.replan(&changes);
    }

    /// Lays out what is seen in a pane of that size.
    pub(crate) fn prepare(&mut self, pen: &Pen<'_>, columns: u16, rows: u16) {
        let layout = self.layout(columns);
        if layout != self.arrangement.layout {
            self.arrangement.layout = layout;
            self.rearrange();
        }
        let rows = usize::from(rows).max(1);
        let files = self.review.changes.len();
        let is_listed = files > 1 && rows >= LIST_FROM_ROWS;
        let list_rows = if is_listed { files.min(rows / 4).min(LIST_ROWS_MAX) } else { 0 };
        let prompt_rows = usize::from(self.prompt.is_some());
        let above = list_rows + usize::from(is_listed) + prompt_rows;
        self.height = rows.saturating_sub(above).max(1);
        self.cursor = self.cursor.min(self.view.len().saturating_sub(1));
        self.list = draw::list(self, list_rows, columns, pen);
        self.scroll = self.scroll.min(self.view.len().saturating_sub(self.height));
        let first = (self.cursor + 1).saturating_sub(self.height);
        self.scroll = self.scroll.clamp(first, self.cursor);
        self.draw_rows(pen, columns, is_listed);
    }

    /// The rows in sight; the cursor's is among them.
    fn draw_rows(&mut self, pen: &Pen<'_>, columns: u16, is_listed: bool) {
        loop {
            self.sticky = draw::sticky(self, columns, is_listed, pen);
            let height = self.height.saturating_sub(usize::from(self.sticky.is_some())).max(1);
            let review = &self.review;
            let chosen = |at: HunkRef| review.mark(at);
            let (notes, changes) = (&self.notes, &review.changes);
            let said = |spot: &Spot| notes.lines(changes, spot, &review.comments, pen, columns);
            let mut look = Look::new(&chosen, columns, pen.theme, pen.highlighter);
            look.wraps = self.wraps;
            look.shows_blanks = self.shows_blanks;
            look.by_line = self.by_line && review.is_open();
            look.is_listed = is_listed;
            look.needle = self.needle.as_ref();
            look.around = Some(&self.arrangement.around);
            look.notes = &said;
            let range = self.scroll..self.scroll + height;
            let mut rows = self.view.rows(changes, range, &look);
            let end = rows.iter().position(|row| row.row > self.cursor).unwrap_or(rows.len());
            let is_drawn = rows.iter().any(|row| row.row == self.cursor);
            if (!is_drawn || end > height) && self.scroll < self.cursor {
                // Below it may be more rows than it looked: a few further down, and again.
                self.scroll += end.saturating_sub(height).clamp(1, self.cursor - self.scroll);
                continue;
            }
            rows.truncate(height);
            self.rows = rows;
            return;
        }
    }

    fn layout(&self, columns: u16) -> DiffLayout {
        self.layout.unwrap_or(if columns >= SIDES_COLUMNS_MIN {
            DiffLayout::SideBySide
        } else {
            DiffLayout::Unified
        })
    }

    /// What the cursor is on.
    pub(crate) fn spot(&self) -> Option<Spot> {
        self.view.spot(self.cursor)
    }

    /// The rows that keys act on, if those are several.
    fn range(&self) -> std::ops::RangeInclusive<usize> {
        let anchor = self.anchor.unwrap_or(self.cursor);
        anchor.min(self.cursor)..=anchor.max(self.cursor)
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

    /// Whether there was somewhere to go.
    pub(crate) fn go(&mut self, verb: DiffVerb) -> bool {
        let (kind, down) = match verb {
            DiffVerb::NextHunk => (RowKind::HunkHeader, true),
            DiffVerb::PreviousHunk => (RowKind::HunkHeader, false),
            DiffVerb::NextFile => (RowKind::File, true),
            DiffVerb::PreviousFile => (RowKind::File, false),
            _ => return false,
        };
        // A change without hunks is one by itself.
        let changes = &self.review.changes;
        let is_whole =
            |spot: &Spot| changes.get(spot.change).is_some_and(|change| change.hunks.is_empty());
        let is_target =
            |spot: &Spot| spot.kind == kind || (spot.kind == RowKind::File && is_whole(spot));
        let target = if down {
            self.view.find(self.cursor + 1..self.view.len(), is_target)
        } else {
            self.view.find((0..self.cursor).rev(), is_target)
        };
        if let Some(target) = target {
            self.cursor = target;
            // The hunk's lines are what one wants to see: its header goes near the top.
            self.scroll = target.saturating_sub(2);
        }
        target.is_some()
    }

    /// What changes how the diff looks, and nothing else. Returns what is to be said of it.
    pub(crate) fn look(&mut self, verb: DiffVerb) -> Option<String> {
        match verb {
            DiffVerb::Layout => {
                let layout = match self.arrangement.layout {
                    DiffLayout::Unified => DiffLayout::SideBySide,
                    DiffLayout::SideBySide => DiffLayout::Unified,
                };
                self.layout = Some(layout);
                None
            }
            DiffVerb::Wrap => {
                self.wraps = !self.wraps;
                Some(format!("long lines {}", if self.wraps { "wrap" } else { "are cut" }))
            }
            DiffVerb::Blanks => {
                self.shows_blanks = !self.shows_blanks;
                let text = if self.shows_blanks { "are shown" } else { "are not shown" };
                Some(format!("blanks and tabs {text}"))
            }
            DiffVerb::Lines => {
                self.by_line = !self.by_line;
                self.anchor = None;
                let text =
                    if self.by_line { "keys choose single lines" } else { "keys choose hunks" };
                Some(text.to_owned())
            }
            DiffVerb::Range => {
                self.anchor = if self.anchor.is_some() { None } else { Some(self.cursor) };
                self.anchor
                    .map(|_| "move, then Space, y or n for these lines; v again: no".to_owned())
            }
            _ => None,
        }
    }

    /// More lines around changes, or fewer. Beyond those that hunks come with, they are the file's.
    pub(crate) fn resize_context(&mut self, more: bool, new_side: &NewSide) -> Option<String> {
        const STEP: usize = 5;
        let context = self.arrangement.context;
        let wanted = match (more, context < CONTEXT_LINES || (!more && context == CONTEXT_LINES)) {
            (true, true) => context + 1,
            (true, false) => (context + STEP).min(CONTEXT_LINES_MAX),
            (false, true) => context.saturating_sub(1),
            (false, false) => context.saturating_sub(STEP).max(CONTEXT_LINES),
        };
        if wanted > CONTEXT_LINES && !self.knows_around(new_side) {
            return Some(format!("{CONTEXT_LINES} lines around a change are all there is"));
        }
        self.arrangement.context = wanted;
        self.rearrange();
        Some(match wanted {
            1 => "1 line around a change".to_owned(),
            wanted => format!("{wanted} lines around a change"),
        })
    }

    /// The lines of the cursor's file are here.
    fn knows_around(&mut self, new_side: &NewSide) -> bool {
        let Some(index) = self.spot().map(|spot| spot.change) else { return false };
        if !self.arrangement.around.contains_key(&index) {
            let change = self.review.changes.get(index).filter(|_| self.review.is_open());
            let Some(lines) = change.and_then(|change| new_side(&change.id)) else { return false };
            self.arrangement.around.insert(index, Arc::new(lines));
        }
        true
    }

    /// In which way keys choose, for the pane's title.
    pub(crate) const fn way(&self) -> &'static str {
        match (self.anchor.is_some(), self.by_line) {
            (true, _) => "range",
            (false, true) => "lines",
            (false, false) => "",
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        matches!(self.review.source, Source::Nothing)
    }
}
