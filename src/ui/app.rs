//! The front end's whole state, and the step that lays it out before it is drawn.
//!
//! `update` changes it, `prepare` computes what depends on the screen's size, `view` draws it and
//! changes nothing.

use super::chat::Chat;
use super::chat_lines::Pen;
use super::composer::Composer;
use super::copy_mode::CopyMode;
use super::diff_pane::{DiffPane, NewSide};
use super::highlight::Highlighter;
use super::history::History;
use super::keymap::Keymap;
use super::layout::{self, Facts, Layout};
use super::models::ModelOffer;
use super::overlay::Overlay;
use super::pane::{Focus, Pane};
use super::review::Scope;
use super::seen::Seen;
use super::sheet::{InputFor, Sheet};
use super::sheet_lines::{self, SheetLines};
use super::sheet_review::Reviewed;
use super::term_pane::TermPane;
use super::theme::Theme;
use super::{marks, update};
use crate::protocol::{Ask, Change, Key, KeyCode, Screen, Size, TermId};
use crate::session::{State, TermInfo};
use ratatui::layout::Rect;
use std::sync::Arc;

/// How long a line of the front end's own stands in the status row.
pub(crate) const SAID_MS: u64 = 6_000;
/// While grammars load, it is asked that often whether they are there.
const GRAMMAR_POLL_MS: u64 = 60;
const GRAMMAR_WAIT_MS: u64 = 3_000;

pub(crate) struct App {
    pub(crate) state: State,
    /// Draft against tree, with its lines.
    pub(crate) changes: Arc<Vec<Change>>,
    /// Gives more of a changed file than its hunks hold.
    pub(crate) new_side: Box<NewSide>,
    pub(crate) theme: Theme,
    pub(crate) highlighter: Highlighter,
    pub(crate) zone: jiff::tz::TimeZone,
    pub(crate) keymap: Keymap,
    /// Milliseconds since 1970.
    pub(crate) now: u64,
    pub(crate) columns: u16,
    pub(crate) rows: u16,
    pub(crate) focus: Focus,
    /// The pane that a narrow screen shows.
    pub(crate) pane: Pane,
    pub(crate) zoomed: bool,
    pub(crate) composer: Composer,
    pub(crate) history: History,
    /// The user's own question, about the draft.
    pub(crate) own: Option<Ask>,
    pub(crate) sheet: Option<Sheet>,
    pub(crate) chat: Chat,
    pub(crate) diff: DiffPane,
    pub(crate) term: TermPane,
    pub(crate) copy: Option<CopyMode>,
    pub(crate) seen: Option<Seen>,
    pub(crate) overlay: Option<Overlay>,
    /// What the model can be, those that can be used first.
    pub(crate) models: Arc<[ModelOffer]>,
    /// The first of two keys.
    pub(crate) prefix: Option<Key>,
    /// The one key that the terminal pane keeps for itself.
    pub(crate) leader: Key,
    /// What the front end itself has to say, and until when.
    pub(crate) said: Option<(String, u64)>,
    /// A second Ctrl+C before this time quits.
    pub(crate) quit_until: u64,
    /// A second Escape before this time goes back.
    pub(crate) rewind_until: u64,
    /// When the gates run on what is selected, if that stays as it is.
    pub(crate) gate_at: Option<u64>,
    /// Something that is seen may have changed.
    pub(crate) dirty: bool,
    /// It is more than the next words of a text that streams in.
    pub(crate) hurries: bool,
    /// The whole screen is to be written again.
    pub(crate) redraw: bool,
    pub(crate) banner: Option<String>,
    /// When the last frame was laid out.
    drawn_at: u64,
    grammars_ready: bool,
    grammars_until: u64,
    pub(crate) layout: Layout,
    pub(crate) sheet_lines: Option<SheetLines>,
}

impl App {
    pub(crate) fn new(state: State, theme: Theme, zone: jiff::tz::TimeZone, now: u64) -> Self {
        let mut app = Self {
            state,
            changes: Arc::default(),
            new_side: Box::new(|_| None),
            theme,
            highlighter: Highlighter::new(),
            zone,
            keymap: Keymap::new(),
            now,
            columns: 80,
            rows: 24,
            focus: Focus::Message,
            pane: Pane::Chat,
            zoomed: false,
            composer: Composer::default(),
            history: History::default(),
            own: None,
            sheet: None,
            chat: Chat::new(),
            diff: DiffPane::new(),
            term: TermPane::default(),
            copy: None,
            seen: None,
            overlay: None,
            models: Arc::default(),
            prefix: None,
            leader: Key::ctrl('\\'),
            said: None,
            quit_until: 0,
            rewind_until: 0,
            gate_at: None,
            dirty: true,
            hurries: true,
            redraw: true,
            banner: None,
            drawn_at: 0,
            grammars_ready: false,
            grammars_until: now + GRAMMAR_WAIT_MS,
            layout: Layout::default(),
            sheet_lines: None,
        };
        update::sync_sheet(&mut app);
        app
    }

    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.said = Some((text.into(), self.now + SAID_MS));
    }

    /// The question that is shown: the session's oldest, else the user's own.
    pub(crate) fn ask(&self) -> Option<&Ask> {
        self.state.asks.first().or(self.own.as_ref())
    }

    /// The terminal that the pane shows: the one that the user chose, else the agent's.
    pub(crate) fn term_info(&self) -> Option<&TermInfo> {
        let terms = &self.state.terms;
        let with = |wanted: Option<TermId>| terms.iter().find(|info| Some(info.term) == wanted);
        with(self.term.shown).or_else(|| with(self.state.agents_term)).or(terms.last())
    }

    pub(crate) fn term_id(&self) -> Option<TermId> {
        self.term_info().map(|info| info.term)
    }

    /// The terminal that can be typed into.
    pub(crate) fn live_term(&self) -> Option<TermId> {
        self.term_info().filter(|info| info.exited.is_none()).map(|info| info.term)
    }

    /// What is at the bottom now will shrink again: no program is told of the rows it took.
    fn is_cramped(&self) -> bool {
        self.shows_sheet() || self.layout.note.height > 0 || self.composer.rows().len() > 1
    }

    /// A text that names the leader as it is by default, with the leader that it is.
    pub(crate) fn with_leader(&self, text: &str) -> String {
        match self.leader.code {
            KeyCode::Char(char) if char != '\\' => text.replace("^\\", &format!("^{char}")),
            _ => text.to_string(),
        }
    }

    pub(crate) fn pen(&self) -> Pen<'_> {
        Pen { theme: &self.theme, highlighter: &self.highlighter, zone: &self.zone, now: self.now }
    }

    /// Whether the question stands in the message's place.
    pub(crate) fn shows_sheet(&self) -> bool {
        self.sheet.is_some() && matches!(self.focus, Focus::Approval | Focus::Pane(Pane::Diff))
    }

    /// The spinner's next picture is not on the screen yet.
    pub(crate) fn spinner_is_due(&self) -> bool {
        self.now / marks::SPINNER_MS != self.drawn_at / marks::SPINNER_MS
    }

    /// Something that a spinner stands for is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.state.running.is_some() && self.state.asks.is_empty()
    }

    /// When something will change by itself; None: never.
    pub(crate) fn wake_at(&self) -> Option<u64> {
        let spinner =
            self.is_busy().then(|| (self.now / marks::SPINNER_MS + 1) * marks::SPINNER_MS);
        let said = self.said.as_ref().map(|(_, until)| *until);
        let grammars = (!self.grammars_ready && self.now < self.grammars_until)
            .then_some(self.now + GRAMMAR_POLL_MS);
        [spinner, said, grammars, self.gate_at, self.term.due_at()].into_iter().flatten().min()
    }

    /// Grammars are loaded when code is first drawn: for a while it is asked whether they are here.
    pub(crate) fn expect_grammars(&mut self) {
        self.grammars_until = self.now + GRAMMAR_WAIT_MS;
    }

    pub(crate) fn poll_grammars(&mut self) {
        if !self.grammars_ready && self.highlighter.ready() {
            self.grammars_ready = true;
            self.chat.blocks.forget_lines();
            self.dirty = true;
        }
    }

    /// Computes everything that the view draws. `screen` gives what a terminal shows now.
    pub(crate) fn prepare(&mut self, screen: &dyn Fn(TermId) -> Option<Arc<Screen>>) {
        self.poll_grammars();
        update::sync_diff(self);
        self.drawn_at = self.now;
        let is_small = layout::kind(self.columns, self.rows) == layout::Kind::Lines;
        if is_small && matches!(self.focus, Focus::Pane(_)) {
            // No pane is seen, so none may have the keys.
            self.focus = Focus::Message;
        }
        if is_small {
            self.seen = None;
        }
        self.prepare_bottom();
        let pen = Pen {
            theme: &self.theme,
            highlighter: &self.highlighter,
            zone: &self.zone,
            now: self.now,
        };
        let (columns, rows) = self.chat_size();
        if rows > 0 && columns > 0 {
            self.chat.prepare(&self.state, &pen, columns, rows);
        } else {
            self.chat.blocks.sync(&self.state.entries);
        }
        let inside = inner(self.layout.diff);
        if self.layout.shows(Pane::Diff) {
            self.diff.prepare(&pen, inside.width.saturating_sub(1), inside.height);
        }
        self.prepare_term(screen);
    }

    fn prepare_bottom(&mut self) {
        let kind = layout::kind(self.columns, self.rows);
        let is_framed = matches!(kind, layout::Kind::Two | layout::Kind::Three);
        let margin = if is_framed { 5 } else { 4 };
        self.composer.set_columns(usize::from(self.columns.saturating_sub(margin)).max(1));
        let is_question = self.shows_sheet();
        self.sheet_lines = None;
        let mut bottom = self.composer.rows().len();
        if let (true, Some(ask), Some(sheet)) = (is_question, self.ask(), &self.sheet) {
            let columns =
                self.columns.saturating_sub(if kind == layout::Kind::Lines { 0 } else { 4 });
            let more = self.state.asks.len().saturating_sub(1);
            let scope = match sheet.input.as_ref().map(|input| input.what) {
                Some(InputFor::Yes(scope)) => scope,
                _ => Scope::Selected,
            };
            let reviewed = Reviewed { pane: &self.diff, scope, draft: &self.state.draft };
            let lines = sheet_lines::lines(ask, sheet, &reviewed, more, &self.pen(), columns);
            let comment = usize::from(sheet.input.is_some());
            bottom = lines.body.len() + lines.keys.len() + comment;
            if kind == layout::Kind::Lines {
                bottom = (bottom + 1).min(usize::from(self.rows));
            }
            self.sheet_lines = Some(lines);
        }
        let draft_kept = is_question && !self.composer.is_empty();
        let facts = Facts {
            columns: self.columns,
            rows: self.rows,
            pane: self.pane,
            zoomed: self.zoomed,
            bottom: u16::try_from(bottom).unwrap_or(u16::MAX - 2),
            is_question,
            note: draft_kept || (self.sheet.is_some() && !is_question),
        };
        self.layout = layout::layout(&facts);
    }

    /// Columns and rows of the chat's text.
    pub(crate) fn chat_size(&self) -> (u16, u16) {
        let area = self.layout.chat;
        match self.layout.kind {
            layout::Kind::Lines => (area.width, area.height),
            _ => {
                let inside = self.chat_inside();
                (inside.width.saturating_sub(2), inside.height)
            }
        }
    }

    /// The chat's inside: under tabs it has a rule above and below, elsewhere a frame around it.
    pub(crate) fn chat_inside(&self) -> Rect {
        let area = self.layout.chat;
        if self.layout.kind != layout::Kind::Tabs || area.height < 2 {
            return inner(area);
        }
        Rect { y: area.y + 1, height: area.height - 2, ..area }
    }

    /// Several terminals have a row of tabs.
    pub(crate) fn shows_terminals(&self) -> bool {
        self.state.terms.len() > 1 && self.layout.term.height > 4
    }

    /// Where the terminal's cells are drawn.
    pub(crate) fn term_inside(&self) -> Rect {
        let inside = inner(self.layout.term);
        let tabs = u16::from(self.shows_terminals());
        Rect { y: inside.y + tabs, height: inside.height - tabs.min(inside.height), ..inside }
    }

    fn prepare_term(&mut self, screen: &dyn Fn(TermId) -> Option<Arc<Screen>>) {
        if !self.layout.shows(Pane::Term) {
            return;
        }
        self.term.screen = self.term_id().and_then(screen);
        let inside = self.term_inside();
        if let Some(copy) = &mut self.copy {
            copy.fit(inside.width, inside.height);
        }
        if self.live_term().is_some() && !(self.is_cramped() && self.term.is_told()) {
            self.term.want(Size { columns: inside.width, rows: inside.height }, self.now);
        }
    }
}

/// A pane's inside: one cell of frame at each side.
pub(crate) fn inner(area: Rect) -> Rect {
    if area.width < 2 || area.height < 2 {
        return Rect { width: 0, height: 0, ..area };
    }
    Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
}
