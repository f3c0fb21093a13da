//! The emulated screen: bytes in; cells, modes, title, past lines and the replies to queries out. The
//! core is `alacritty_terminal`; nothing of it leaves this file, `cells`, `replies` and `checksum`.
//!
//! The core keeps the newest rows above the screen; it slows down and grows with many. Older ones go
//! to `history`, which has them in a tenth of the room.

use super::cells;
use super::history::{self, History};
use super::listener::Listener;
use super::reach::Reach;
use super::replies::{self, Queries};
use super::signals::{Signal, Signals};
use crate::protocol::{LineAt, Modes, Screen, Scrollback, Size, TextBlock};
use alacritty_terminal::event::{Event, EventListener};
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::Line;
use alacritty_terminal::term::{Config, Osc52, Term, TermMode};
use alacritty_terminal::vte::ansi::{Color, NamedColor, Processor, StdSyncHandler};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Of rows above the screen in the core, these are left when they have become more than that.
const CORE_ROWS_KEPT: usize = 256;
const CORE_ROWS_MAX: usize = 512;
/// What the core may hold above the screen for a moment: while one piece is parsed, or a narrower
/// screen has just made many rows of few.
const CORE_CELLS_MAX: usize = 1_000_000;
const CORE_ROWS_ROOM_MIN: usize = 2048;
/// Bytes between two looks at the rows: even if each is a newline, none is lost.
const PIECE_BYTES_MAX: usize = 1024;
const SIDE_MAX: u16 = 1000;
/// The core needs two columns, since a wide character must fit.
const CORE_COLUMNS_MIN: usize = 2;

/// A size that every part can live with.
pub(super) fn clamp(size: Size) -> Size {
    Size { columns: size.columns.clamp(1, SIDE_MAX), rows: size.rows.clamp(1, SIDE_MAX) }
}

struct Grid(Size);

impl Dimensions for Grid {
    fn total_lines(&self) -> usize {
        self.screen_lines()
    }

    fn screen_lines(&self) -> usize {
        usize::from(self.0.rows)
    }

    fn columns(&self) -> usize {
        usize::from(self.0.columns).max(CORE_COLUMNS_MIN)
    }
}

pub(super) struct Emulator {
    core: Term<Listener>,
    parser: Processor<StdSyncHandler>,
    listener: Listener,
    pub(super) queries: Queries,
    size: Size,
    title: String,
    /// The first bytes of a character whose others have not come yet.
    partial: Vec<u8>,
    history: History,
    signals: Signals,
    reach: Reach,
    /// The end of the main screen's lines, while the program has the other one.
    main_lines: Option<TextBlock>,
}

fn config(size: Size) -> Config {
    let columns = Grid(size).columns();
    Config {
        scrolling_history: (CORE_CELLS_MAX / columns).max(CORE_ROWS_ROOM_MIN),
        osc52: Osc52::OnlyCopy,
        ..Config::default()
    }
}

/// Batches of rows that may be in the core at once; each is of `CORE_ROWS_MAX - CORE_ROWS_KEPT` rows at
/// least.
fn batches(size: Size) -> usize {
    let rows = CORE_ROWS_MAX + usize::from(size.rows);
    rows / (CORE_ROWS_MAX - CORE_ROWS_KEPT) + 2
}

/// Where the bytes end without the first part of a character in UTF-8.
fn characters_end(bytes: &[u8]) -> usize {
    let end = bytes.len();
    let after = bytes.iter().rev().take_while(|byte| matches!(byte, 0x80..0xc0)).count();
    if after >= end.min(3) {
        return end;
    }
    let wanted = match bytes[end - 1 - after] {
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf8 => 4,
        _ => 1,
    };
    if after + 1 < wanted { end - 1 - after } else { end }
}

impl Emulator {
    pub(super) fn new(size: Size) -> Self {
        let size = clamp(size);
        let told = Arc::default();
        let listener = Listener { told, size: Arc::new(Mutex::new(size)) };
        Self {
            core: Term::new(config(size), &Grid(size), listener.clone()),
            parser: Processor::new(),
            listener,
            queries: Queries::default(),
            size,
            title: String::new(),
            partial: Vec::new(),
            history: History::default(),
            signals: Signals::default(),
            reach: Reach::new(batches(size)),
            main_lines: None,
        }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        // The parser loses what follows a character that it gets in two parts.
        if self.partial.is_empty() {
            self.feed_whole(bytes);
        } else {
            let joined = [std::mem::take(&mut self.partial).as_slice(), bytes].concat();
            self.feed_whole(&joined);
        }
        let mut told = self.listener.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(title) = told.title.take() {
            self.title = title;
        }
    }

    fn feed_whole(&mut self, mut bytes: &[u8]) {
        let end = characters_end(bytes);
        self.partial.extend_from_slice(&bytes[end..]);
        bytes = &bytes[..end];
        while !bytes.is_empty() {
            let piece = &bytes[..bytes.len().min(PIECE_BYTES_MAX)];
            let end = match characters_end(piece) {
                // Bytes that belong to no character.
                0 => piece.len(),
                end => end,
            };
            let (mut piece, rest) = bytes.split_at(end);
            bytes = rest;
            while let Some(end) = self.queries.next(piece) {
                self.piece(&piece[..end]);
                self.answer();
                piece = &piece[end..];
            }
            self.piece(piece);
        }
    }

    /// Replies to what the core does not answer, in their place.
    fn answer(&mut self) {
        if let Some(answer) = self.queries.answer(&self.core) {
            self.listener.send_event(Event::PtyWrite(answer));
        }
        let mut told = self.listener.told.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = std::mem::take(&mut told.colors);
        drop(told);
        for (index, format) in asked {
            let answer = format(replies::color(&self.core, index));
            self.listener.send_event(Event::PtyWrite(answer));
        }
    }

    fn piece(&mut self, mut piece: &[u8]) {
        while let Some((end, signal)) = self.signals.find(piece) {
            // The sequence takes effect with its last byte.
            self.advance(&piece[..end - 1]);
            if signal == Signal::Alternate && !self.is_alternate() {
                self.main_lines = Some(self.lines().0);
            }
            self.advance(&piece[end - 1..end]);
            if signal == Signal::Clear && !self.is_alternate() {
                self.history.clear();
            }
            piece = &piece[end..];
        }
        self.advance(piece);
    }

    fn advance(&mut self, bytes: &[u8]) {
        let cursor = &self.core.grid().cursor;
        if cursor.template.bg == Color::Named(NamedColor::Background) {
            self.reach.print(bytes, cursor.point.column.0);
        } else {
            // New rows are coloured to their very end.
            self.reach.lose();
        }
        self.parser.advance(&mut self.core, bytes);
        self.spill();
    }

    fn is_alternate(&self) -> bool {
        self.core.mode().contains(TermMode::ALT_SCREEN)
    }

    /// Hands the oldest rows over to the history, if there are many. The alternate screen has none.
    fn spill(&mut self) {
        let rows = self.core.grid().history_size();
        if rows <= CORE_ROWS_MAX {
            return;
        }
        let oldest = -i32::try_from(rows).unwrap_or(i32::MAX);
        let newest = -i32::try_from(CORE_ROWS_KEPT).unwrap_or(0);
        let reach = self.reach.widest();
        for line in oldest..newest {
            let tail = self.history.tail();
            let (wraps, _) = cells::write_row(&self.core, Line(line), None, reach, tail);
            self.history.ended(wraps);
        }
        let grid = self.core.grid_mut();
        grid.update_history(CORE_ROWS_KEPT);
        grid.update_history(config(self.size).scrolling_history);
        self.reach.next();
    }

    /// The history's unfinished block with all rows of the core after it, where the cursor is in it,
    /// and where the screen's first row begins.
    fn lines(&self) -> (TextBlock, LineAt, LineAt) {
        let mut block = match &self.main_lines {
            Some(lines) if self.is_alternate() => lines.clone(),
            _ => self.history.tail_copy(),
        };
        if self.is_alternate() && block.is_open() {
            block.end_line();
        }
        let (mut cursor, mut top) = (LineAt::default(), LineAt::default());
        let (grid, at) = (self.core.grid(), self.core.grid().cursor.point);
        let last = (at.line.0..grid.bottommost_line().0 + 1)
            .rev()
            .find(|row| *row == at.line.0 || !grid[Line(*row)].is_clear());
        let last = last.unwrap_or(at.line.0);
        for row in grid.topmost_line().0..=last {
            let line = block.lines() - usize::from(block.is_open());
            let start = block.text_bytes() - block.open_bytes();
            if row == 0 {
                top = LineAt { line, byte: block.open_bytes() };
            }
            let column = (row == at.line.0).then_some(at.column.0);
            let (wraps, byte) =
                cells::write_row(&self.core, Line(row), column, usize::MAX, &mut block);
            if column.is_some() {
                cursor = LineAt { line, byte: byte - start };
            }
            history::end_row(&mut block, wraps && row < last);
        }
        (block, cursor, top)
    }

    /// All lines that are kept, the screen's own at the end.
    pub(super) fn look_back(&self) -> Scrollback {
        let (tail, cursor, top) = self.lines();
        self.history.look_back(tail, cursor, top)
    }

    #[cfg(test)]
    pub(super) fn history_size(&self) -> (usize, usize) {
        self.history.size()
    }

    /// What the program wants to be in the clipboard, once.
    pub(super) fn take_copied(&mut self) -> Option<String> {
        let mut told = self.listener.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.copied.take()
    }

    /// The bytes that the program is to be sent in answer to its queries.
    pub(super) fn take_reply(&mut self) -> Vec<u8> {
        let mut told = self.listener.told.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut told.reply)
    }

    pub(super) fn resize(&mut self, size: Size) {
        let before = config(self.size);
        self.size = clamp(size);
        let after = config(self.size);
        self.reach = Reach::new(batches(self.size));
        *self.listener.size.lock().unwrap_or_else(PoisonError::into_inner) = self.size;
        // Rows of the wider screen become more: none may be dropped before it is handed over.
        if after.scrolling_history > before.scrolling_history {
            self.core.set_options(after);
            self.core.resize(Grid(self.size));
            self.spill();
        } else {
            self.core.resize(Grid(self.size));
            self.spill();
            self.core.set_options(after);
        }
    }

    pub(super) const fn size(&self) -> Size {
        self.size
    }

    /// When a synchronized update that is under way must be shown all the same.
    pub(super) fn frozen_until(&self) -> Option<Instant> {
        self.parser.sync_timeout().sync_timeout()
    }

    /// Shows what a synchronized update held back.
    pub(super) fn thaw(&mut self) {
        self.reach.lose();
        self.parser.stop_sync(&mut self.core);
        self.spill();
    }

    pub(super) fn modes(&self) -> Modes {
        let mode = self.core.mode();
        Modes {
            alternate_screen: mode.contains(TermMode::ALT_SCREEN),
            bracketed_paste: mode.contains(TermMode::BRACKETED_PASTE),
            application_cursor: mode.contains(TermMode::APP_CURSOR),
            mouse: mode.intersects(TermMode::MOUSE_MODE),
        }
    }

    /// The cursor's row up to the cursor: at a prompt, the prompt.
    pub(super) fn cursor_line(&self) -> String {
        let grid = self.core.grid();
        let cursor = grid.cursor.point;
        grid[cursor.line][..cursor.column].iter().map(|cell| cell.c).collect()
    }

    pub(super) fn screen(&self, revision: u64) -> Screen {
        Screen {
            revision,
            size: self.size,
            cells: cells::cells(&self.core, self.size),
            cursor: cells::cursor(&self.core, self.size),
            modes: self.modes(),
            title: self.title.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::listener::TITLE_CHARS_MAX;
    use super::*;
    use crate::protocol::Color;
    use alacritty_terminal::index::Line;

    fn emulator(columns: u16, rows: u16) -> Emulator {
        Emulator::new(Size { columns, rows })
    }

    #[test]
    fn queries_are_answered_and_the_clipboard_is_not() {
        let mut emulator = emulator(80, 24);
        emulator.feed(b"\x1b[5;7H\x1b[6n\x1b[5n\x1b[c");
        let reply = String::from_utf8(emulator.take_reply()).expect("replies are ASCII");
        assert!(reply.starts_with("\x1b[5;7R\x1b[0n\x1b[?"), "{reply:?}");
        emulator.feed(b"\x1b]52;c;?\x07\x1b]52;c;aGk=\x07");
        assert_eq!(emulator.take_reply(), b"");
        assert_eq!(emulator.take_copied().as_deref(), Some("hi"));
        assert_eq!(emulator.take_copied(), None);
    }

    #[test]
    fn titles_are_kept_short_and_clean() {
        let mut emulator = emulator(80, 24);
        emulator.feed(format!("\x1b]2;{}\x07", "t".repeat(5000)).as_bytes());
        assert_eq!(emulator.screen(1).title.len(), TITLE_CHARS_MAX);
    }

    #[test]
    fn the_smallest_screen_takes_wide_characters_without_a_panic() {
        let mut emulator = emulator(1, 1);
        emulator.feed("漢字\r\n👨‍👩‍👧\x1b[1;1Hx".as_bytes());
        let screen = emulator.screen(1);
        assert_eq!(screen.cells.len(), 1);
        emulator.resize(Size { columns: 0, rows: 5000 });
        assert_eq!(emulator.size(), Size { columns: 1, rows: 1000 });
    }

    #[test]
    fn narrowing_and_widening_again_loses_nothing() {
        let mut emulator = emulator(200, 10);
        let line: String = ('a'..='z').cycle().take(150).collect();
        emulator.feed(line.as_bytes());
        emulator.resize(Size { columns: 40, rows: 10 });
        assert_ne!(emulator.screen(1).text(0), line);
        emulator.resize(Size { columns: 200, rows: 10 });
        // The core may have scrolled it up meanwhile.
        let grid = emulator.core.grid();
        let (top, bottom) = (grid.topmost_line().0, grid.bottommost_line().0);
        let text =
            |row: i32| -> String { grid[Line(row)].into_iter().map(|cell| cell.c).collect() };
        assert!((top..=bottom).any(|row| text(row).trim_end() == line));
    }

    #[test]
    fn cells_carry_colours_attributes_and_widths() {
        let mut emulator = emulator(20, 2);
        emulator.feed("\x1b[1;31;48;2;1;2;3mA\x1b[0m漢e\u{301}\tz".as_bytes());
        let screen = emulator.screen(1);
        let row = screen.row(0);
        assert_eq!((row[0].char, row[0].attributes.bold), ('A', true));
        assert_eq!(row[0].foreground, Color::Indexed(1));
        assert_eq!(row[0].background, Color::Rgb(1, 2, 3));
        assert_eq!((row[1].width, row[2].width), (2, 0));
        assert_eq!((row[3].char, row[3].marks.as_str()), ('e', "\u{301}"));
        assert_eq!(screen.text(0), "A漢e\u{301}    z");
    }
}
