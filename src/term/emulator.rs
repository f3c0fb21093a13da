//! The emulated screen: bytes in; cells, modes, title and the replies to queries out. The core is
//! `alacritty_terminal`; nothing of it leaves this file, `cells`, `replies` and `checksum`.

use super::cells;
use super::replies::{self, Queries};
use crate::protocol::{Modes, Screen, Size};
use alacritty_terminal::event::{Event, EventListener, WindowSize};
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::term::{Config, Osc52, Term, TermMode};
use alacritty_terminal::vte::ansi::{Processor, Rgb, StdSyncHandler};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Rows above the screen; the core slows down and grows with many more.
const SCROLLBACK_ROWS_MAX: usize = 10_000;
const SIDE_MAX: u16 = 1000;
/// The core needs two columns, since a wide character must fit.
const CORE_COLUMNS_MIN: usize = 2;
/// Of a title; it is shown in one line.
const TITLE_CHARS_MAX: usize = 256;
/// Replies that wait to be taken; a program that asks more without reading is cut short.
const REPLY_BYTES_MAX: usize = 64 * 1024;
const CELL_PIXELS: (u16, u16) = (8, 16);

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

type SayColor = Arc<dyn Fn(Rgb) -> String + Send + Sync>;

/// What the core wants to tell while it parses.
#[derive(Default)]
struct Told {
    reply: Vec<u8>,
    /// Colours that are asked for, and how to say them.
    colors: Vec<(usize, SayColor)>,
    title: Option<String>,
}

#[derive(Clone)]
struct Listener {
    told: Arc<Mutex<Told>>,
    size: Arc<Mutex<Size>>,
}

impl EventListener for Listener {
    fn send_event(&self, event: Event) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = match event {
            Event::PtyWrite(text) => text,
            Event::Title(title) => {
                let title = title.chars().filter(|char| !char.is_control());
                told.title = Some(title.take(TITLE_CHARS_MAX).collect());
                return;
            }
            Event::ResetTitle => {
                told.title = Some(String::new());
                return;
            }
            Event::TextAreaSizeRequest(format) => {
                let size = *self.size.lock().unwrap_or_else(PoisonError::into_inner);
                let (cell_width, cell_height) = CELL_PIXELS;
                format(WindowSize {
                    num_lines: size.rows,
                    num_cols: size.columns,
                    cell_width,
                    cell_height,
                })
            }
            Event::ColorRequest(index, format) => {
                told.colors.push((index, format));
                return;
            }
            // The clipboard is the user's: reads are refused by silence, writes ignored.
            _ => return,
        };
        if told.reply.len() + reply.len() <= REPLY_BYTES_MAX {
            told.reply.extend_from_slice(reply.as_bytes());
        }
    }
}

pub(super) struct Emulator {
    core: Term<Listener>,
    parser: Processor<StdSyncHandler>,
    listener: Listener,
    pub(super) queries: Queries,
    size: Size,
    title: String,
}

impl Emulator {
    pub(super) fn new(size: Size) -> Self {
        let size = clamp(size);
        let told = Arc::default();
        let listener = Listener { told, size: Arc::new(Mutex::new(size)) };
        let config = Config {
            scrolling_history: SCROLLBACK_ROWS_MAX,
            osc52: Osc52::Disabled,
            ..Config::default()
        };
        Self {
            core: Term::new(config, &Grid(size), listener.clone()),
            parser: Processor::new(),
            listener,
            queries: Queries::default(),
            size,
            title: String::new(),
        }
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        while let Some(end) = self.queries.next(bytes) {
            self.parser.advance(&mut self.core, &bytes[..end]);
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
            bytes = &bytes[end..];
        }
        self.parser.advance(&mut self.core, bytes);
        let mut told = self.listener.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(title) = told.title.take() {
            self.title = title;
        }
    }

    /// The bytes that the program is to be sent in answer to its queries.
    pub(super) fn take_reply(&mut self) -> Vec<u8> {
        let mut told = self.listener.told.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut told.reply)
    }

    pub(super) fn resize(&mut self, size: Size) {
        self.size = clamp(size);
        *self.listener.size.lock().unwrap_or_else(PoisonError::into_inner) = self.size;
        self.core.resize(Grid(self.size));
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
        self.parser.stop_sync(&mut self.core);
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
