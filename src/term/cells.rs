//! The core's grid as the protocol's cells and cursor.

use crate::protocol::{Attributes, Cell, Color, Cursor, CursorShape, Size};
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::{Cell as CoreCell, Flags};
use alacritty_terminal::term::{Term, TermMode};
use alacritty_terminal::vte::ansi::{Color as CoreColor, CursorShape as CoreShape, NamedColor};

/// Row by row, cut to `size`, which can be narrower than the core.
pub(super) fn cells<T>(core: &Term<T>, size: Size) -> Vec<Cell> {
    let columns = usize::from(size.columns);
    let mut cells = Vec::with_capacity(columns * usize::from(size.rows));
    for row in 0..i32::from(size.rows) {
        let line = &core.grid()[Line(row)];
        cells.extend((0..columns).map(|column| cell(core, &line[Column(column)])));
    }
    cells
}

pub(super) fn cursor<T>(core: &Term<T>, size: Size) -> Option<Cursor> {
    if !core.mode().contains(TermMode::SHOW_CURSOR) {
        return None;
    }
    let point = core.grid().cursor.point;
    let column = u16::try_from(point.column.0).ok()?.min(size.columns - 1);
    let row = u16::try_from(point.line.0).ok()?.min(size.rows - 1);
    let shape = match core.cursor_style().shape {
        CoreShape::Underline => CursorShape::Underline,
        CoreShape::Beam => CursorShape::Beam,
        CoreShape::Block | CoreShape::HollowBlock => CursorShape::Block,
        CoreShape::Hidden => return None,
    };
    Some(Cursor { column, row, shape })
}

fn cell<T>(core: &Term<T>, cell: &CoreCell) -> Cell {
    let flags = cell.flags;
    let (foreground, dim) = color(core, cell.fg);
    let (background, _) = color(core, cell.bg);
    let width = if flags.contains(Flags::WIDE_CHAR) {
        2
    } else {
        u8::from(!flags.contains(Flags::WIDE_CHAR_SPACER))
    };
    Cell {
        // The core keeps a tab where it began.
        char: if cell.c.is_control() { ' ' } else { cell.c },
        marks: cell.zerowidth().map(|marks| marks.iter().collect()).unwrap_or_default(),
        foreground,
        background,
        attributes: Attributes {
            bold: flags.contains(Flags::BOLD),
            dim: dim || flags.contains(Flags::DIM),
            italic: flags.contains(Flags::ITALIC),
            underline: flags.intersects(Flags::ALL_UNDERLINES),
            inverse: flags.contains(Flags::INVERSE),
            hidden: flags.contains(Flags::HIDDEN),
            strike: flags.contains(Flags::STRIKEOUT),
        },
        width,
    }
}

/// The colour, and whether it is a dim one.
fn color<T>(core: &Term<T>, color: CoreColor) -> (Color, bool) {
    match color {
        CoreColor::Spec(rgb) => (Color::Rgb(rgb.r, rgb.g, rgb.b), false),
        CoreColor::Indexed(index) => (indexed(core, index), false),
        CoreColor::Named(name) => match name as usize {
            index @ 0..=15 => (indexed(core, index as u8), false),
            // The eight dim ones, in the order of the palette.
            index
                if (NamedColor::DimBlack as usize..=NamedColor::DimWhite as usize)
                    .contains(&index) =>
            {
                (indexed(core, (index - NamedColor::DimBlack as usize) as u8), true)
            }
            index => (Color::Default, index == NamedColor::DimForeground as usize),
        },
    }
}

/// A colour of the palette, or what the program made of it.
fn indexed<T>(core: &Term<T>, index: u8) -> Color {
    match core.colors()[usize::from(index)] {
        Some(rgb) => Color::Rgb(rgb.r, rgb.g, rgb.b),
        None => Color::Indexed(index),
    }
}
