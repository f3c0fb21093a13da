//! The message that the user writes: text, cursor, what was cut. It knows no keys and no session.

use super::rows;
use crate::text::graphemes;
use std::ops::Range;

/// More than that is no message; it belongs in a file.
pub(crate) const MESSAGE_BYTES_MAX: usize = 256 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    Left,
    Right,
    WordLeft,
    WordRight,
    Home,
    End,
    Up,
    Down,
    Backspace,
    Delete,
    KillToEnd,
    KillToStart,
    KillWord,
    KillWordRight,
    Yank,
}

/// Whether an edit could be done; Up on the first row cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edited {
    Yes,
    AtTheEdge,
}

#[derive(Clone, Debug)]
pub(crate) struct Composer {
    text: String,
    /// A byte offset on a grapheme's boundary.
    cursor: usize,
    cut: String,
    /// Columns that it is drawn with; moves up and down follow its rows.
    columns: usize,
}

impl Default for Composer {
    fn default() -> Self {
        Self { text: String::new(), cursor: 0, cut: String::new(), columns: 80 }
    }
}

impl Composer {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Replaces the text; the cursor goes to its end.
    pub(crate) fn set(&mut self, text: &str) {
        self.text.clear();
        self.cursor = 0;
        self.insert(text);
    }

    /// Takes the text out.
    pub(crate) fn take(&mut self) -> String {
        self.cursor = 0;
        std::mem::take(&mut self.text)
    }

    /// Empties it; what was in it can be yanked back.
    pub(crate) fn clear(&mut self) {
        self.cut = self.take();
    }

    pub(crate) fn set_columns(&mut self, columns: usize) {
        self.columns = columns.max(1);
    }

    /// Inserts at the cursor, line endings normalized, at most up to the message's limit.
    pub(crate) fn insert(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let mut end = text.len().min(MESSAGE_BYTES_MAX.saturating_sub(self.text.len()));
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.text.insert_str(self.cursor, &text[..end]);
        self.cursor += end;
        self.snap();
    }

    /// Takes a backslash right before the cursor away: `\` Enter is a new line.
    pub(crate) fn take_backslash(&mut self) -> bool {
        let is_there = self.text[..self.cursor].ends_with('\\');
        if is_there {
            self.cursor -= 1;
            self.text.remove(self.cursor);
        }
        is_there
    }

    pub(crate) fn edit(&mut self, edit: Edit) -> Edited {
        let cursor = self.cursor;
        match edit {
            Edit::Left => self.cursor = self.before(cursor),
            Edit::Right => self.cursor = self.after(cursor),
            Edit::WordLeft => self.cursor = self.word_before(cursor),
            Edit::WordRight => self.cursor = self.word_after(cursor),
            Edit::Home => self.cursor = self.line().start,
            Edit::End => self.cursor = self.line().end,
            Edit::Up | Edit::Down => return self.vertical(edit == Edit::Up),
            Edit::Backspace => self.remove(self.before(cursor)..cursor),
            Edit::Delete => self.remove(cursor..self.after(cursor)),
            Edit::KillToEnd => {
                let end = self.line().end;
                self.cut(cursor..if end == cursor { self.after(cursor) } else { end });
            }
            Edit::KillToStart => self.cut(self.line().start..cursor),
            Edit::KillWord => self.cut(self.word_before(cursor)..cursor),
            Edit::KillWordRight => self.cut(cursor..self.word_after(cursor)),
            Edit::Yank => self.insert(&self.cut.clone()),
        }
        Edited::Yes
    }

    /// The rows as they are drawn.
    pub(crate) fn rows(&self) -> Vec<Range<usize>> {
        rows::rows(&self.text, self.columns)
    }

    /// The cursor's row, and its column in that row.
    pub(crate) fn cursor(&self, rows: &[Range<usize>]) -> (usize, usize) {
        let row = rows.partition_point(|row| row.start <= self.cursor).saturating_sub(1);
        let start = rows.get(row).map_or(0, |row| row.start);
        let before = &self.text[start..self.cursor.max(start)];
        (row, rows::width_of(before))
    }

    fn vertical(&mut self, up: bool) -> Edited {
        let rows = self.rows();
        let (row, column) = self.cursor(&rows);
        let target = if up { row.checked_sub(1) } else { Some(row + 1) };
        let Some(target) = target.and_then(|row| rows.get(row)) else { return Edited::AtTheEdge };
        let mut used = 0;
        self.cursor = target.end;
        for (offset, grapheme, _) in graphemes(&self.text[target.clone()]) {
            if used >= column {
                self.cursor = target.start + offset;
                break;
            }
            used += rows::columns_of(grapheme);
        }
        Edited::Yes
    }

    fn line(&self) -> Range<usize> {
        let start = self.text[..self.cursor].rfind('\n').map_or(0, |at| at + 1);
        let end =
            self.text[self.cursor..].find('\n').map_or(self.text.len(), |at| self.cursor + at);
        start..end
    }

    /// The boundary before a place, looked for in its line alone.
    fn before(&self, at: usize) -> usize {
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let last = graphemes(&self.text[start..at]).last();
        last.map_or(start.saturating_sub(1), |(offset, ..)| start + offset)
    }

    fn after(&self, at: usize) -> usize {
        let next = graphemes(&self.text[at..]).next();
        next.map_or(self.text.len(), |(_, grapheme, _)| at + grapheme.len())
    }

    fn word_before(&self, at: usize) -> usize {
        let text = self.text[..at].trim_end_matches(|char| !is_of_word(char));
        let start = text.trim_end_matches(is_of_word).len();
        self.boundary(start)
    }

    fn word_after(&self, at: usize) -> usize {
        let text = self.text[at..].trim_start_matches(|char| !is_of_word(char));
        let rest = text.trim_start_matches(is_of_word);
        self.boundary(self.text.len() - rest.len())
    }

    /// The first boundary at a place or behind it.
    fn boundary(&self, at: usize) -> usize {
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let mut ends = graphemes(&self.text[start..]).map(|(offset, ..)| start + offset);
        ends.find(|end| *end >= at).unwrap_or(self.text.len())
    }

    fn cut(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.cut = self.text[range.clone()].to_string();
        }
        self.remove(range);
    }

    fn remove(&mut self, range: Range<usize>) {
        self.cursor = range.start;
        self.text.replace_range(range, "");
        self.snap();
    }

    /// What stands beside each other may have joined: the cursor goes to the grapheme's end.
    fn snap(&mut self) {
        self.cursor = self.boundary(self.cursor);
    }
}

fn is_of_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EDITS: [Edit; 15] = [
        Edit::Left,
        Edit::Right,
        Edit::WordLeft,
        Edit::WordRight,
        Edit::Home,
        Edit::End,
        Edit::Up,
        Edit::Down,
        Edit::Backspace,
        Edit::Delete,
        Edit::KillToEnd,
        Edit::KillToStart,
        Edit::KillWord,
        Edit::KillWordRight,
        Edit::Yank,
    ];

    fn with(text: &str) -> Composer {
        let mut composer = Composer::default();
        composer.set(text);
        composer
    }

    #[test]
    fn a_family_of_code_points_is_one_character() {
        let mut composer = with("a👩‍👩‍👧e\u{301}");
        composer.edit(Edit::Backspace);
        assert_eq!(composer.text(), "a👩‍👩‍👧");
        composer.edit(Edit::Backspace);
        assert_eq!(composer.text(), "a");
    }

    #[test]
    fn what_is_cut_can_be_put_back() {
        let mut composer = with("one two");
        composer.edit(Edit::KillWord);
        assert_eq!(composer.text(), "one ");
        composer.edit(Edit::Home);
        composer.edit(Edit::Yank);
        assert_eq!(composer.text(), "twoone ");
    }

    #[test]
    fn up_and_down_follow_the_drawn_rows() {
        let mut composer = with("abcdefgh");
        composer.set_columns(4);
        assert_eq!(composer.cursor(&composer.rows()), (1, 4));
        assert_eq!(composer.edit(Edit::Up), Edited::Yes);
        composer.edit(Edit::Home);
        assert_eq!(composer.edit(Edit::Up), Edited::AtTheEdge);
        assert_eq!(composer.edit(Edit::Down), Edited::Yes);
        assert_eq!(composer.edit(Edit::Down), Edited::AtTheEdge);
    }

    #[test]
    fn a_message_has_a_limit() {
        let composer = with(&"é".repeat(MESSAGE_BYTES_MAX));
        assert!(composer.text().len() <= MESSAGE_BYTES_MAX);
    }

    proptest! {
        #[test]
        fn any_edits_leave_the_cursor_between_graphemes(
            pieces in proptest::collection::vec((0usize..16, "[a \n日\u{301}👩\u{200d}\r]{0,4}"), 0..40),
            columns in 1usize..9,
        ) {
            let mut composer = Composer::default();
            composer.set_columns(columns);
            for (edit, text) in pieces {
                match EDITS.get(edit) {
                    Some(edit) => { composer.edit(*edit); }
                    None => composer.insert(&text),
                }
                prop_assert_eq!(composer.boundary(composer.cursor), composer.cursor);
                let rows = composer.rows();
                prop_assert!(composer.cursor(&rows).0 < rows.len());
            }
        }
    }
}
