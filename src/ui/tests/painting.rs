//! A real emulator, fed with a painter's bytes, shows each frame exactly.

use crate::protocol::CursorShape;
use crate::ui::painter::Painter;
use crate::ui::view::Cursor;
use alacritty_terminal::event::VoidListener;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::{Cell as Shown, Flags};
use alacritty_terminal::term::test::TermSize;
use alacritty_terminal::term::{Config, Term, TermMode};
use alacritty_terminal::vte::ansi::{Color as ShownColor, NamedColor, Processor, Rgb};
use fastrand::Rng;
use proptest::prelude::*;
use ratatui::buffer::{Buffer, Cell, CellWidth as _};
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};

/// Their widths are the same everywhere, or the emulator's are ours.
const SURE: [&str; 12] = [" ", " ", " ", "a", "b", "~", "é", "─", "│", "漢", "e\u{301}", "😀"];
/// What terminals draw in different widths.
const UNSURE: [&str; 8] = [
    "👨\u{200d}👩\u{200d}👧",
    "❤\u{fe0f}",
    "🇩🇪",
    "\u{1112}\u{1161}\u{11ab}",
    "क्षि",
    "👍🏽",
    "✓",
    "🦀",
];
const COLORS: [Color; 6] = [
    Color::Reset,
    Color::Red,
    Color::Indexed(12),
    Color::Indexed(99),
    Color::Rgb(1, 2, 3),
    Color::DarkGray,
];

struct Outer {
    term: Term<VoidListener>,
    parser: Processor,
}

impl Outer {
    fn new(columns: u16, rows: u16) -> Self {
        let size = TermSize::new(columns.into(), rows.into());
        let mut term = Term::new(Config::default(), &size, VoidListener);
        let mut parser: Processor = Processor::new();
        // What a shell left there.
        parser.advance(&mut term, b"\x1b[44;31;4mold\r\nnews\r\n");
        Self { term, parser }
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.parser.advance(&mut self.term, bytes);
    }

    fn cell(&self, x: usize, y: usize) -> &Shown {
        &self.term.grid()[Line(i32::try_from(y).unwrap())][Column(x)]
    }
}

fn symbol(rng: &mut Rng, from: &[&'static str]) -> &'static str {
    from[rng.usize(..from.len())]
}

fn style(rng: &mut Rng) -> Style {
    if rng.u8(..3) > 0 {
        return Style::new();
    }
    let modifiers = [
        Modifier::empty(),
        Modifier::BOLD,
        Modifier::DIM | Modifier::BOLD,
        Modifier::UNDERLINED,
        Modifier::REVERSED | Modifier::ITALIC,
        Modifier::CROSSED_OUT,
    ];
    let color = |rng: &mut Rng| COLORS[rng.usize(..COLORS.len())];
    let modifier = modifiers[rng.usize(..modifiers.len())];
    Style::new().fg(color(rng)).bg(color(rng)).add_modifier(modifier)
}

/// Writes runs of one style from a column on.
fn scribble(rng: &mut Rng, buffer: &mut Buffer, y: u16, from: u16, symbols: &[&'static str]) {
    let mut x = from;
    while x < buffer.area.width {
        let style = style(rng);
        let same = rng.bool().then(|| symbol(rng, symbols));
        for _ in 0..rng.u16(1..20) {
            let symbol = same.unwrap_or_else(|| symbol(rng, symbols));
            if x >= buffer.area.width {
                return;
            }
            buffer.set_string(x, y, " ", Style::reset());
            buffer.set_string(x, y, symbol, style);
            x += symbol.cell_width().max(1);
        }
    }
}

/// Another frame: some rows moved, some cells written.
fn change(rng: &mut Rng, before: &Buffer) -> Buffer {
    let mut next = before.clone();
    let (columns, rows) = (usize::from(next.area.width), usize::from(next.area.height));
    if rng.bool() {
        let top = rng.usize(..rows);
        let bottom = rng.usize(top..rows) + 1;
        let shift = rng.usize(..=bottom - top) * columns;
        next.content[top * columns..bottom * columns].rotate_left(shift);
    }
    for _ in 0..rng.usize(..4) {
        let (y, from) = (rng.u16(..next.area.height), rng.u16(..next.area.width));
        if rng.bool() {
            let mut row = Buffer::empty(Rect::new(0, y, next.area.width, 1));
            scribble(rng, &mut row, y, 0, &SURE);
            next.merge(&row);
        } else {
            next.set_string(from, y, "plain words", style(rng));
        }
    }
    next
}

fn shown_color(color: Color, otherwise: NamedColor) -> ShownColor {
    match color {
        Color::Red => ShownColor::Named(NamedColor::Red),
        Color::Indexed(12) => ShownColor::Named(NamedColor::BrightBlue),
        Color::DarkGray => ShownColor::Named(NamedColor::BrightBlack),
        Color::Indexed(index) => ShownColor::Indexed(index),
        Color::Rgb(r, g, b) => ShownColor::Spec(Rgb { r, g, b }),
        _ => ShownColor::Named(otherwise),
    }
}

fn check_cell(cell: &Cell, shown: &Shown, at: (usize, usize)) {
    let mut text = shown.c.to_string();
    text.extend(shown.zerowidth().unwrap_or(&[]));
    assert_eq!(text, cell.symbol(), "{at:?}");
    let background = shown_color(cell.bg, NamedColor::Background);
    assert_eq!(shown.bg, background, "{at:?} background of {text:?}");
    let seen = Modifier::UNDERLINED | Modifier::REVERSED | Modifier::CROSSED_OUT;
    let is_blank = text == " ";
    if !is_blank || cell.modifier.contains(Modifier::REVERSED) {
        assert_eq!(shown.fg, shown_color(cell.fg, NamedColor::Foreground), "{at:?} of {text:?}");
    }
    let flags = [
        (Modifier::BOLD, Flags::BOLD),
        (Modifier::DIM, Flags::DIM),
        (Modifier::ITALIC, Flags::ITALIC),
        (Modifier::UNDERLINED, Flags::UNDERLINE),
        (Modifier::REVERSED, Flags::INVERSE),
        (Modifier::CROSSED_OUT, Flags::STRIKEOUT),
    ];
    for (modifier, flag) in flags {
        if !is_blank || seen.contains(modifier) {
            let is_on = cell.modifier.contains(modifier);
            assert_eq!(shown.flags.contains(flag), is_on, "{at:?} {modifier:?} of {text:?}");
        }
    }
}

fn check(outer: &Outer, next: &Buffer, cursor: Cursor) {
    let columns = usize::from(next.area.width);
    for (y, row) in next.content.chunks(columns).enumerate() {
        let mut x = 0;
        while x < columns {
            let width = usize::from(row[x].symbol().cell_width()).max(1);
            if x + width <= columns {
                check_cell(&row[x], outer.cell(x, y), (x, y));
            }
            x += width;
        }
    }
    let is_shown = outer.term.mode().contains(TermMode::SHOW_CURSOR);
    assert_eq!(is_shown, cursor.is_some());
    if let Some((at, _)) = cursor {
        let point = outer.term.grid().cursor.point;
        assert_eq!((point.column.0, point.line.0), (at.x.into(), i32::from(at.y)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn an_emulator_shows_each_frame_exactly(seed in any::<u64>(), columns in 2u16..90, rows in 1u16..24) {
        let mut rng = Rng::with_seed(seed);
        let mut outer = Outer::new(columns, rows);
        let mut painter = Painter::new();
        let mut frame = Buffer::empty(Rect::new(0, 0, columns, rows));
        for y in 0..rows {
            scribble(&mut rng, &mut frame, y, 0, &SURE);
        }
        for _ in 0..12 {
            let position = Position::new(rng.u16(..columns), rng.u16(..rows));
            let cursor = (rng.u8(..4) > 0).then_some((position, CursorShape::Beam));
            outer.feed(&painter.paint(frame.clone(), cursor));
            check(&outer, &frame, cursor);
            frame = change(&mut rng, &frame);
        }
    }

    /// A terminal that draws each of the disputed characters as wide as it likes.
    #[test]
    fn the_columns_after_a_disputed_character_stay_whatever_its_width(
        seed in any::<u64>(), columns in 4u16..60, drawn in prop::array::uniform8(0usize..5)) {
        let mut rng = Rng::with_seed(seed);
        let mut outer = Outer::new(columns, 3);
        let mut painter = Painter::new();
        let symbols = [&UNSURE[..], &["a", "b", " ", "c", "漢"]].concat();
        for _ in 0..6 {
            let mut frame = Buffer::empty(Rect::new(0, 0, columns, 3));
            for y in 0..3 {
                scribble(&mut rng, &mut frame, y, 0, &symbols);
            }
            let bytes = painter.paint(frame.clone(), None);
            let mut text = String::from_utf8(bytes).unwrap();
            for (symbol, drawn) in UNSURE.iter().zip(drawn) {
                let reach: usize = symbol.chars().count() * 2;
                text = text.replace(symbol, &"?".repeat(drawn.min(reach)));
            }
            outer.feed(text.as_bytes());
            for (y, row) in frame.content.chunks(columns.into()).enumerate() {
                let mut x = 0;
                while x < row.len() {
                    let width = usize::from(row[x].symbol().cell_width()).max(1);
                    if !UNSURE.contains(&row[x].symbol()) && x + width <= row.len() {
                        check_cell(&row[x], outer.cell(x, y), (x, y));
                    }
                    x += width;
                }
            }
        }
    }
}

/// A pane of code in a frame, as wide as the screen.
fn code(first: usize) -> Buffer {
    let area = Rect::new(0, 0, 200, 50);
    let mut buffer = Buffer::empty(area);
    let border = Style::new().fg(Color::Indexed(8));
    for y in 0..50 {
        let line = first + usize::from(y);
        buffer.set_string(0, y, "│", border);
        buffer.set_string(199, y, "│", border);
        buffer.set_string(1, y, format!("{line:>5} "), Style::new().fg(Color::Indexed(240)));
        buffer.set_string(8, y, "let mut", Style::new().fg(Color::Indexed(176)));
        let code = format!("value_{line} = \"{}\".repeat({line});", line * 7919 % 9973);
        buffer.set_string(16, y, code.repeat(3), Style::new().fg(Color::Indexed(114)));
    }
    buffer
}

#[test]
fn a_scroll_by_one_line_costs_one_line() {
    let mut painter = Painter::new();
    painter.paint(code(1), None);
    for (first, limit) in [(2, 400), (1, 400), (4, 1000)] {
        let bytes = painter.paint(code(first), None).len();
        assert!(bytes < limit, "{bytes} bytes");
    }
}

#[test]
fn controls_in_a_cell_do_not_reach_the_terminal() {
    let mut frame = Buffer::empty(Rect::new(0, 0, 20, 1));
    for (x, symbol) in [(0, "\x1b]0;title\x07"), (1, "\x07"), (2, "\u{9b}2J"), (3, "a\x1b[2J")] {
        frame[(x, 0)].set_symbol(symbol);
    }
    let text = String::from_utf8(Painter::new().paint(frame, None)).unwrap();
    assert!(!text.contains("title") && !text.contains(['\x07', '\u{9b}']), "{text:?}");
    assert_eq!(text.matches("2J").count(), 1, "{text:?}");
}
