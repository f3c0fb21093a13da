//! What is searched for in copy mode: while it is typed, and again.

use super::rows::RowAt;
use super::{CopyMode, Reply, search};
use crate::protocol::{Key, KeyCode, LineAt};
use crate::text::Needle;

/// Characters of what is searched for.
const QUERY_CHARS_MAX: usize = 200;

/// What is searched for while it is typed.
pub(super) struct Query {
    pub(super) text: String,
    /// Where it began: a hit is looked for from here.
    pub(super) origin: (LineAt, RowAt),
    pub(super) is_forward: bool,
    /// What was searched for before.
    pub(super) before: Option<Needle>,
    pub(super) found: bool,
}

impl CopyMode {
    pub(super) fn ask(&mut self, is_forward: bool) -> Reply {
        self.query = Some(Query {
            text: String::new(),
            origin: (self.cursor, self.top),
            is_forward,
            before: self.needle.take(),
            found: true,
        });
        self.hits = 0;
        Reply::Stay
    }

    /// Something is typed to be searched for.
    pub(crate) const fn is_asking(&self) -> bool {
        self.query.is_some()
    }

    /// What was pasted belongs to the search, if one is typed.
    pub(crate) fn paste(&mut self, text: &str) -> Reply {
        if self.query.is_none() {
            return Reply::Say("copy mode: q leaves it, then paste");
        }
        text.lines().next().unwrap_or_default().chars().for_each(|char| self.query_char(char));
        self.look();
        Reply::Stay
    }

    fn query_char(&mut self, char: char) {
        if let Some(query) = &mut self.query
            && query.text.chars().count() < QUERY_CHARS_MAX
            && !char.is_control()
        {
            query.text.push(char);
        }
    }

    pub(super) fn query_key(&mut self, key: Key) -> Reply {
        let Some(query) = &mut self.query else { return Reply::Pass };
        match (key.code, key.ctrl, key.alt) {
            (KeyCode::Enter, ..) => return self.searched(),
            (KeyCode::Backspace, ..) if query.text.is_empty() => self.unasked(),
            (KeyCode::Escape, ..) | (KeyCode::Char('c'), true, _) => self.unasked(),
            (KeyCode::Backspace, ..) | (KeyCode::Char('h'), true, _) => drop(query.text.pop()),
            (KeyCode::Char('u'), true, _) => query.text.clear(),
            (KeyCode::Char(char), false, false) => self.query_char(char),
            _ => {}
        }
        self.look();
        Reply::Stay
    }

    /// Shows the first hit of what is typed so far, looking on from where it began.
    fn look(&mut self) {
        let Some(query) = &mut self.query else { return };
        let (origin, top) = query.origin;
        self.needle = Needle::new(&query.text);
        let needle = self.needle.as_ref();
        let hit = needle.map(|needle| search::next(&self.back, needle, origin, query.is_forward));
        query.found = hit != Some(None);
        self.top = top;
        let hit = hit.flatten().map_or(origin, |(hit, _)| hit);
        self.place(hit);
    }

    /// Back to where the search began.
    fn unasked(&mut self) {
        let Some(query) = self.query.take() else { return };
        let (origin, top) = query.origin;
        self.needle = query.before;
        self.hits = self.needle.as_ref().map_or(0, |needle| search::count(&self.back, needle));
        self.top = top;
        self.place(origin);
    }

    fn searched(&mut self) -> Reply {
        let Some(query) = self.query.take() else { return Reply::Stay };
        self.is_forward = query.is_forward;
        if query.text.is_empty() {
            // As in vi: the last one again.
            self.needle = query.before;
            return self.again(self.is_forward, None);
        }
        self.hits = self.needle.as_ref().map_or(0, |needle| search::count(&self.back, needle));
        if self.hits == 0 { Reply::Say("nothing is found") } else { Reply::Stay }
    }

    pub(super) fn again(&mut self, is_forward: bool, count: Option<usize>) -> Reply {
        let Some(needle) = self.needle.clone() else {
            return Reply::Say("search first: / or ?");
        };
        if self.hits == 0 {
            self.hits = search::count(&self.back, &needle);
        }
        let mut is_around = false;
        let mut at = self.cursor;
        for _ in 0..count.unwrap_or(1).min(self.hits.max(1)) {
            let Some((hit, around)) = search::next(&self.back, &needle, at, is_forward) else {
                return Reply::Say("nothing is found");
            };
            (at, is_around) = (hit, is_around || around);
        }
        self.place(at);
        match (is_around, is_forward) {
            (true, true) => Reply::Say("on from the first line"),
            (true, false) => Reply::Say("on from the last line"),
            (false, _) => Reply::Stay,
        }
    }
}
