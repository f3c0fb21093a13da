//! Cells and moves as bytes for a terminal whose cursor and look are known.
//!
//! Terminals do not agree on how wide some characters are: emoji, joined and combined ones. Such a
//! character is drawn over blanks, what may lie under it is drawn again, and what comes after it has
//! an absolute place. So whatever a terminal makes of it, the columns beyond stay where they are.

use super::scroll::Scroll;
use super::sgr::Look;
use crate::text::char_width;
use ratatui::buffer::{Buffer, Cell, CellWidth as _};
use ratatui::style::Color;
use std::io::Write as _;

/// A run of blanks that is at least so long is erased instead of written.
const ERASED_COLUMNS_MIN: usize = 8;
/// Characters between cursor and target, at most, that are written again instead of jumped over.
const REWRITTEN_COLUMNS_MAX: usize = 3;
/// Steps back, at most, that are taken one by one.
const BACKSPACES_MAX: usize = 3;

/// What is known of the terminal between two frames.
pub(super) struct Canvas {
    /// Column and row of the cursor.
    at: Option<(usize, usize)>,
    look: Look,
}

impl Default for Canvas {
    fn default() -> Self {
        Self { at: None, look: Look::PLAIN }
    }
}

/// Brings cells into the one form of what they look like, so that what looks the same is equal: a
/// blank has no foreground, the second half of a wide character has an empty symbol.
pub(super) fn settle(buffer: &mut Buffer) {
    let columns = usize::from(buffer.area.width).max(1);
    for row in buffer.content.chunks_mut(columns) {
        let mut x = 0;
        while x < row.len() {
            if let [byte @ b' '..=b'~'] = row[x].symbol().as_bytes() {
                if *byte == b' ' {
                    blank(&mut row[x]);
                }
                x += 1;
                continue;
            }
            let width = symbol_columns(row[x].symbol());
            if width == 0 || x + width > row.len() {
                row[x].set_symbol(" ");
                blank(&mut row[x]);
                x += 1;
                continue;
            }
            let (lead, rest) = row[x..x + width].split_at_mut(1);
            for half in rest {
                half.clone_from(&lead[0]);
                half.set_symbol("");
            }
            x += width;
        }
    }
}

fn blank(cell: &mut Cell) {
    if cell.fg != Color::Reset || !cell.modifier.is_empty() {
        Look::of(cell).on_blank().put(cell);
    }
}

/// As many as the rest of the screen reckons with; 0: it cannot be drawn.
fn symbol_columns(symbol: &str) -> usize {
    let mut chars = symbol.chars();
    match (chars.next(), chars.next()) {
        (Some(' '..='~'), None) => 1,
        (Some(char), _) if char.is_control() => 0,
        (Some(char), None) => char_width(char),
        _ if symbol.chars().any(char::is_control) => 0,
        _ => usize::from(symbol.cell_width()),
    }
}

/// Whether every terminal draws it as wide as we think.
fn is_sure(symbol: &str) -> bool {
    let mut chars = symbol.chars();
    let (Some(char), None) = (chars.next(), chars.next()) else { return false };
    matches!(char,
        ' '..='~'
        // Latin, Greek, Cyrillic; the soft hyphen is none.
        | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{2ff}' | '\u{370}'..='\u{377}'
        | '\u{37a}'..='\u{37f}' | '\u{384}'..='\u{482}' | '\u{48a}'..='\u{52f}'
        // Punctuation, arrows, mathematics, boxes, blocks, Braille.
        | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{2190}'..='\u{2193}'
        | '\u{2200}'..='\u{22ff}' | '\u{2500}'..='\u{25a1}' | '\u{2800}'..='\u{28ff}'
        // Wide in every table: kana, ideographs, Hangul syllables, full-width forms.
        | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff01}'..='\u{ff60}')
}

/// Columns that a terminal may take for it at most.
fn reach(symbol: &str) -> usize {
    let columns = |char| match char {
        ' '..='~' => 1,
        // Accents, which every terminal puts over what stands before.
        '\u{300}'..='\u{36f}' => 0,
        _ => 2,
    };
    symbol.chars().map(columns).sum()
}

impl Canvas {
    /// Clears a screen of which nothing is known.
    pub(super) fn clear(&mut self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(b"\x1b[m\x1b[2J");
        *self = Self::default();
    }

    /// What moves in gets the background that is set: it is set to none before.
    pub(super) fn scroll(&mut self, scroll: &Scroll, bytes: &mut Vec<u8>) {
        self.look.change_to(Look::PLAIN, bytes);
        let (top, bottom) = (scroll.rows.start + 1, scroll.rows.end);
        write(bytes, format_args!("\x1b[{top};{bottom}r"));
        let (edge, step): (_, &[u8]) =
            if scroll.up > 0 { (bottom, b"\n") } else { (top, b"\x1bM") };
        // A line feed at the region's edge is understood where SU and SD are not.
        write(bytes, format_args!("\x1b[{edge}H"));
        for _ in 0..scroll.up.unsigned_abs() {
            bytes.extend_from_slice(step);
        }
        bytes.extend_from_slice(b"\x1b[r");
        *self = Self::default();
    }

    /// Draws where a row differs. Both rows are settled and equally long.
    pub(super) fn row(&mut self, y: usize, shown: &[Cell], next: &[Cell], bytes: &mut Vec<u8>) {
        let (mut x, mut forced) = (0, 0);
        while x < next.len() {
            let width =
                1 + next[x + 1..].iter().take_while(|cell| cell.symbol().is_empty()).count();
            if shown[x..x + width] == next[x..x + width] && x >= forced {
                x += width;
                continue;
            }
            self.approach(x, y, next, bytes);
            let blanks = blanks(shown, next, x, forced);
            if blanks >= ERASED_COLUMNS_MIN {
                self.wear(Look::PLAIN, true, bytes);
                match next[x..].len() == blanks {
                    true => bytes.extend_from_slice(b"\x1b[K"),
                    false => write(bytes, format_args!("\x1b[{blanks}X")),
                }
                x += blanks;
                continue;
            }
            let symbol = next[x].symbol();
            self.wear(Look::of(&next[x]), symbol == " ", bytes);
            if is_sure(symbol) {
                bytes.extend_from_slice(symbol.as_bytes());
                self.at = (x + width < next.len()).then_some((x + width, y));
            } else {
                let symbol = fitting(symbol, width, next.len() - x);
                self.unsure(symbol, (x, y), width, next.len(), bytes);
                forced = forced.max(x + reach(symbol));
            }
            x += width;
        }
    }

    /// Draws a character whose width is not sure, over blanks.
    fn unsure(
        &mut self,
        symbol: &str,
        (x, y): (usize, usize),
        width: usize,
        columns: usize,
        bytes: &mut Vec<u8>,
    ) {
        bytes.extend(std::iter::repeat_n(b' ', width));
        self.at = (x + width < columns).then_some((x + width, y));
        self.move_to(x, y, bytes);
        bytes.extend_from_slice(symbol.as_bytes());
        self.at = None;
    }

    /// To a cell that is to be drawn, over what it passes where that is shorter.
    fn approach(&mut self, x: usize, y: usize, row: &[Cell], bytes: &mut Vec<u8>) {
        if let Some((from, at)) = self.at
            && at == y
            && from < x
            && x - from <= REWRITTEN_COLUMNS_MAX
        {
            let is_cheap = |cell: &Cell| {
                let symbol = cell.symbol();
                let look = if symbol == " " { self.look.on_blank() } else { self.look };
                matches!(symbol.as_bytes(), [b' '..=b'~']) && Look::of(cell) == look
            };
            if row[from..x].iter().all(is_cheap) {
                bytes.extend(row[from..x].iter().flat_map(|cell| cell.symbol().bytes()));
                self.at = Some((x, y));
                return;
            }
        }
        self.move_to(x, y, bytes);
    }

    pub(super) fn go(&mut self, x: u16, y: u16, bytes: &mut Vec<u8>) {
        self.move_to(x.into(), y.into(), bytes);
    }

    fn move_to(&mut self, x: usize, y: usize, bytes: &mut Vec<u8>) {
        let (column, row) = (x + 1, y + 1);
        match self.at {
            Some((from, at)) if at == y => match x.checked_sub(from) {
                Some(0) => {}
                Some(1) => bytes.extend_from_slice(b"\x1b[C"),
                Some(steps) => write(bytes, format_args!("\x1b[{steps}C")),
                None if x == 0 => bytes.push(b'\r'),
                None if from - x <= BACKSPACES_MAX => {
                    bytes.extend(std::iter::repeat_n(0x08, from - x));
                }
                None => write(bytes, format_args!("\x1b[{column}G")),
            },
            Some((from, _)) if from == x => write(bytes, format_args!("\x1b[{row}d")),
            _ if x == 0 => write(bytes, format_args!("\x1b[{row}H")),
            _ => write(bytes, format_args!("\x1b[{row};{column}H")),
        }
        self.at = Some((x, y));
    }

    fn wear(&mut self, look: Look, on_blank: bool, bytes: &mut Vec<u8>) {
        let worn = if on_blank { self.look.on_blank() } else { self.look };
        if worn != look {
            self.look.change_to(look, bytes);
            self.look = look;
        }
    }
}

/// How many plain blanks are to be seen from here on, up to the last one that is not shown yet.
fn blanks(shown: &[Cell], next: &[Cell], x: usize, forced: usize) -> usize {
    let run = next[x..].iter().take_while(|cell| **cell == Cell::EMPTY).count();
    let is_stale = |at: &usize| shown[*at] != next[*at] || *at < forced;
    (x..x + run).rev().find(is_stale).map_or(0, |last| last + 1 - x)
}

/// What can be drawn there without wrapping: the symbol, else its first character, else nothing.
fn fitting(symbol: &str, width: usize, room: usize) -> &str {
    if reach(symbol) <= room {
        return symbol;
    }
    let first = symbol.chars().next().map_or(0, char::len_utf8);
    let first = &symbol[..first];
    if symbol_columns(first) == width && width.max(reach(first)) <= room { first } else { " " }
}

/// Writing into memory cannot fail.
fn write(bytes: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let _ = bytes.write_fmt(text);
}
