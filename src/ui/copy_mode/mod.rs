//! Looking back: the terminal's lines as they were when it began, under vi's keys, while the program
//! goes on. Where keys lead is told by `motion`, what is copied by `select`.

mod draw;
mod motion;
mod query;
mod rows;
mod search;
mod select;

pub(crate) use draw::{draw, footer, title};

use crate::protocol::{Key, KeyCode, LineAt, Scrollback, TermId};
use crate::text::Needle;
use query::Query;
use rows::RowAt;
use select::{Selection, Shape};

/// Of a count in front of a key.
const COUNT_MAX: usize = 1_000_000;

/// For the help: keys, and what they do.
pub(crate) const KEYS: &[(&str, &str)] = &[
    ("h j k l  arrows", "a character, a row; 5j: five rows"),
    ("w b e  W B E", "words, as vi knows them"),
    ("0 ^ $", "the line's start, first letter, end"),
    ("{ }", "paragraph up, down"),
    ("g G  42G", "first line, last line, line 42"),
    ("H M L", "top, middle, bottom of what is seen"),
    ("^U ^D  ^B ^F  PgUp PgDn", "half a page, a page"),
    ("/ ?  n N", "search down, up; again, the other way"),
    ("v V ^V  o", "select characters, lines, a block; the other end"),
    ("y  Enter", "copy what is selected, and leave"),
    ("yy Y  3Y", "copy the line, three lines"),
    ("!", "quote the selection, or the line, in the message"),
    ("Esc q", "drop the selection; leave"),
];

pub(crate) struct CopyMode {
    pub(crate) term: TermId,
    back: Scrollback,
    columns: usize,
    rows: usize,
    /// The first row that is seen.
    top: RowAt,
    cursor: LineAt,
    /// The column that up and down keep to.
    column: usize,
    count: Option<usize>,
    /// The first of two `y`.
    yanks: bool,
    selection: Option<(Shape, LineAt)>,
    query: Option<Query>,
    needle: Option<Needle>,
    is_forward: bool,
    hits: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Stay,
    Leave,
    /// To the clipboard, and leave.
    Copy(String),
    /// Into the message, and leave.
    Chat(String),
    Say(&'static str),
    /// Not its key.
    Pass,
}

/// A vertical move, in rows.
enum Go {
    Rows(isize),
    /// The view goes along.
    View(isize),
}

impl CopyMode {
    /// Begins where the program's cursor is, with the screen in view.
    pub(crate) fn new(term: TermId, back: Scrollback) -> Self {
        let (cursor, top) = (back.cursor, back.top);
        let mut new = Self {
            term,
            back,
            columns: 80,
            rows: 24,
            top: RowAt { line: top.line, row: 0 },
            cursor,
            column: 0,
            count: None,
            yanks: false,
            selection: None,
            query: None,
            needle: None,
            is_forward: true,
            hits: 0,
        };
        new.place(new.at_cell(cursor));
        new
    }

    /// The pane has this inside now.
    pub(crate) fn fit(&mut self, columns: u16, rows: u16) {
        let (columns, rows) = (usize::from(columns).max(1), usize::from(rows).max(1));
        if (columns, rows) != (self.columns, self.rows) {
            (self.columns, self.rows) = (columns, rows);
            self.column = rows::column_of(&self.back, self.cursor, columns);
            self.show_cursor();
        }
    }

    /// The cell that holds a place: beyond a line's end, its last.
    fn at_cell(&self, at: LineAt) -> LineAt {
        let line = at.line.min(self.back.lines().saturating_sub(1));
        let end = motion::line_end(&self.back, LineAt { line, byte: 0 });
        LineAt { line, byte: at.byte.min(end.byte) }
    }

    /// Puts the cursor somewhere; up and down keep to its column.
    fn place(&mut self, at: LineAt) {
        self.cursor = at;
        self.column = rows::column_of(&self.back, at, self.columns);
        self.show_cursor();
    }

    fn step(&self, from: RowAt, count: isize) -> RowAt {
        rows::step(&self.back, from, count, self.columns)
    }

    fn row(&self) -> RowAt {
        rows::row_of(&self.back, self.cursor, self.columns)
    }

    /// Scrolls as little as shows the cursor; by much, so that it is in the middle.
    fn show_cursor(&mut self) {
        let row = self.row();
        let height = isize::try_from(self.rows).unwrap_or(isize::MAX);
        // No empty room below the last row, if there are rows to fill it.
        let end = RowAt { line: self.back.lines().saturating_sub(1), row: usize::MAX };
        let last_top = self.step(end, -(height - 1));
        self.top = self.top.min(last_top);
        let is_near = |from, to| {
            rows::distance(&self.back, from, to, self.columns, self.rows * 2) < self.rows * 2
        };
        if row < self.top {
            let near = is_near(row, self.top);
            self.top = if near { row } else { self.step(row, -(height / 2)) };
        } else if rows::distance(&self.back, self.top, row, self.columns, self.rows) >= self.rows {
            let near = is_near(self.top, row);
            self.top = self.step(row, if near { 1 - height } else { -(height / 2) });
        }
        self.top = self.top.min(last_top);
    }

    fn go(&mut self, go: &Go) {
        let count = match go {
            Go::Rows(count) | Go::View(count) => *count,
        };
        if let Go::View(_) = go {
            self.top = self.step(self.top, count);
        }
        let to = self.step(self.row(), count);
        self.cursor = rows::at_column(&self.back, to, self.column, self.columns);
        self.show_cursor();
    }

    pub(crate) fn page_up(&mut self) {
        self.go(&Go::View(-self.page()));
    }

    fn page(&self) -> isize {
        isize::try_from(self.rows.saturating_sub(2).max(1)).unwrap_or(1)
    }

    pub(crate) fn key(&mut self, key: Key) -> Reply {
        if self.query.is_some() {
            return self.query_key(key);
        }
        let is_yank = std::mem::take(&mut self.yanks);
        if let (KeyCode::Char(digit @ '0'..='9'), false, false) = (key.code, key.ctrl, key.alt)
            && (digit != '0' || self.count.is_some())
        {
            let digit = digit as usize - '0' as usize;
            self.count = Some((self.count.unwrap_or(0) * 10 + digit).min(COUNT_MAX));
            return Reply::Stay;
        }
        let count = self.count.take();
        if self.motion_key(key, count) {
            return Reply::Stay;
        }
        match (key.code, key.ctrl) {
            _ if key.alt => Reply::Pass,
            (KeyCode::Char('v'), ctrl) => {
                self.select(if ctrl { Shape::Block } else { Shape::Characters })
            }
            (KeyCode::Char('V'), false) => self.select(Shape::Lines),
            (KeyCode::Char('o'), false) => {
                if let Some((_, anchor)) = &mut self.selection {
                    let there = std::mem::replace(anchor, self.cursor);
                    self.place(there);
                }
                Reply::Stay
            }
            (KeyCode::Char('y') | KeyCode::Enter, false) => match self.selection() {
                Some(selection) => Reply::Copy(selection.text(&self.back)),
                None if key.code == KeyCode::Enter => Reply::Leave,
                None if is_yank => Reply::Copy(self.whole_lines(count)),
                None => {
                    (self.yanks, self.count) = (true, count);
                    Reply::Say("y again copies the line; v selects first")
                }
            },
            (KeyCode::Char('Y'), false) => Reply::Copy(self.whole_lines(count)),
            (KeyCode::Char('!'), false) => Reply::Chat(match self.selection() {
                Some(selection) => selection.text(&self.back),
                None => self.whole_lines(count),
            }),
            (KeyCode::Char('/'), false) => self.ask(true),
            (KeyCode::Char('?'), false) => self.ask(false),
            (KeyCode::Char('n'), false) => self.again(self.is_forward, count),
            (KeyCode::Char('N'), false) => self.again(!self.is_forward, count),
            (KeyCode::Escape, _) if self.selection.is_some() => {
                self.selection = None;
                Reply::Stay
            }
            (KeyCode::Char('q' | 'i'), false) | (KeyCode::Escape, _) => Reply::Leave,
            (KeyCode::Char('c'), true) => Reply::Leave,
            (KeyCode::F(_), _) => Reply::Pass,
            _ => Reply::Say("no key of copy mode; q leaves it"),
        }
    }

    /// Whether it was a motion.
    fn motion_key(&mut self, key: Key, count: Option<usize>) -> bool {
        use KeyCode::{Char, Down, End, Home, Left, PageDown, PageUp, Right, Up};
        let times = count.unwrap_or(1);
        let rows = isize::try_from(times).unwrap_or(1);
        let (page, half) = (self.page() * rows, isize::try_from(self.rows / 2).unwrap_or(1) * rows);
        let go = match (key.code, key.ctrl) {
            _ if key.alt => return false,
            (Char('j'), false) | (Down, _) | (Char('n'), true) => Go::Rows(rows),
            (Char('k'), false) | (Up, _) | (Char('p'), true) => Go::Rows(-rows),
            (Char('e'), true) => Go::View(rows),
            (Char('d'), true) => Go::View(half),
            (Char('u'), true) => Go::View(-half),
            (Char('f'), true) | (PageDown, _) => Go::View(page),
            (Char('b'), true) | (PageUp, _) => Go::View(-page),
            (_, true) => return false,
            (code, false) => {
                let (back, at) = (&self.back, self.cursor);
                let many = |step: &dyn Fn(LineAt) -> LineAt| {
                    let mut at = at;
                    for _ in 0..times {
                        let next = step(at);
                        if next == at {
                            break;
                        }
                        at = next;
                    }
                    at
                };
                let to = match code {
                    Char('h') | Left => many(&|at| motion::left(back, at).unwrap_or(at)),
                    Char('l' | ' ') | Right => many(&|at| motion::right(back, at).unwrap_or(at)),
                    Char('w') => many(&|at| motion::next_word(back, at, false)),
                    Char('W') => many(&|at| motion::next_word(back, at, true)),
                    Char('b') => many(&|at| motion::previous_word(back, at, false)),
                    Char('B') => many(&|at| motion::previous_word(back, at, true)),
                    Char('e') => many(&|at| motion::word_end(back, at, false)),
                    Char('E') => many(&|at| motion::word_end(back, at, true)),
                    Char('}') => many(&|at| motion::next_paragraph(back, at)),
                    Char('{') => many(&|at| motion::previous_paragraph(back, at)),
                    Char('0') | Home => motion::line_start(at),
                    Char('^') => motion::first_letter(back, at),
                    Char('$') | End => motion::line_end(back, at),
                    Char('g') => self.line(count.unwrap_or(1)),
                    Char('G') => self.line(count.unwrap_or(usize::MAX)),
                    Char('H') => self.seen_row(times - 1),
                    Char('M') => self.seen_row(self.seen() / 2),
                    Char('L') => self.seen_row(self.seen().saturating_sub(times - 1)),
                    _ => return false,
                };
                self.place(to);
                return true;
            }
        };
        self.go(&go);
        true
    }

    /// The first letter of a line, counted from 1.
    fn line(&self, number: usize) -> LineAt {
        let line = (number.max(1) - 1).min(self.back.lines().saturating_sub(1));
        motion::first_letter(&self.back, LineAt { line, byte: 0 })
    }

    /// Rows below the first that are seen.
    fn seen(&self) -> usize {
        let end = RowAt { line: self.back.lines().saturating_sub(1), row: usize::MAX };
        let end = self.step(end, 0);
        rows::distance(&self.back, self.top, end, self.columns, self.rows.saturating_sub(1))
    }

    fn seen_row(&self, row: usize) -> LineAt {
        let row = isize::try_from(row.min(self.seen())).unwrap_or(0);
        rows::at_column(&self.back, self.step(self.top, row), 0, self.columns)
    }

    fn select(&mut self, shape: Shape) -> Reply {
        self.selection = match self.selection {
            Some((same, _)) if same == shape => None,
            Some((_, anchor)) => Some((shape, anchor)),
            None => Some((shape, self.cursor)),
        };
        Reply::Stay
    }

    fn selection(&self) -> Option<Selection> {
        let (shape, anchor) = self.selection?;
        Some(Selection { shape, anchor, cursor: self.cursor })
    }

    /// This line, and those below it up to the count.
    fn whole_lines(&self, count: Option<usize>) -> String {
        let last = self.cursor.line + count.unwrap_or(1).max(1) - 1;
        let line = last.min(self.back.lines().saturating_sub(1));
        let end = LineAt { line, byte: 0 };
        Selection { shape: Shape::Lines, anchor: self.cursor, cursor: end }.text(&self.back)
    }
}

#[cfg(test)]
mod tests;
