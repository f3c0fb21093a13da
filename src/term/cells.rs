//! The core's grid as the protocol's cells and cursor.

use crate::protocol::{Attributes, Cell, CellStyle, Color, Cursor, CursorShape, Size, TextBlock};
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::{Cell as CoreCell, Flags};
use alacritty_terminal::term::{Term, TermMode};
use alacritty_terminal::vte::ansi::{Color as CoreColor, CursorShape as CoreShape, NamedColor};

const TAB_COLUMNS: usize = 8;
/// Cells of plain text that are looked at together.
const PLAIN_CELLS_MAX: usize = 64;

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

/// Adds a row's text to a block, without trailing blanks if it is a line's end; from the column
/// `reach` on, the row is known to be blank. Whether the line goes on in the next row, and the byte of
/// the block's text where the cell in `column` begins.
pub(super) fn write_row<T>(
    core: &Term<T>,
    line: Line,
    column: Option<usize>,
    reach: usize,
    block: &mut TextBlock,
) -> (bool, usize) {
    let cells = &core.grid()[line][..];
    let wraps = cells.last().is_some_and(|last| last.flags.contains(Flags::WRAPLINE));
    let end = if wraps { cells.len() } else { used(&cells[..reach.min(cells.len())]) };
    let mut place = None;
    let mut look: Option<&CoreCell> = None;
    let mut index = 0;
    while index < end {
        let cell = &cells[index];
        if column.is_some_and(|column| index >= column) && place.is_none() {
            place = Some(block.text_bytes());
        }
        let next = index + if cell.c == '\t' { tab_columns(&cells[..end], index) } else { 1 };
        if !cell.flags.intersects(Flags::WIDE_CHAR_SPACER | Flags::LEADING_WIDE_CHAR_SPACER) {
            if look.is_none_or(|last| !looks_like(last, cell)) {
                block.set_style(style(core, cell));
                look = Some(cell);
            }
            if column.is_none() {
                let plain = push_plain(&cells[index..end], block);
                if plain > 0 {
                    index += plain;
                    continue;
                }
            }
            block.push(match cell.c {
                '\t' if next > index + 1 => '\t',
                char if char.is_control() => ' ',
                char => char,
            });
            cell.zerowidth().into_iter().flatten().for_each(|mark| block.push(*mark));
        }
        index = next;
    }
    // Beyond the text, the cursor stands where blanks would be.
    (wraps, place.unwrap_or_else(|| block.text_bytes()))
}

/// Adds the first cells, as far as they are printable ASCII and look like the first of them; how many
/// those are, at most what is looked at together.
fn push_plain(cells: &[CoreCell], block: &mut TextBlock) -> usize {
    let mut text = [0; PLAIN_CELLS_MAX];
    let Some(first) = cells.first() else { return 0 };
    let mut count = 0;
    for (place, cell) in text.iter_mut().zip(cells) {
        let looks_alike = cell.fg == first.fg && cell.bg == first.bg && cell.flags == first.flags;
        if !matches!(cell.c, ' '..='~') || !looks_alike || cell.extra.is_some() {
            break;
        }
        *place = cell.c as u8;
        count += 1;
    }
    block.push_str(std::str::from_utf8(&text[..count]).unwrap_or_default());
    count
}

/// Columns up to the last that shows anything.
fn used(cells: &[CoreCell]) -> usize {
    let is_blank = |cell: &CoreCell| {
        (cell.c == ' ' || cell.c == '\t')
            && matches!(cell.bg, CoreColor::Named(NamedColor::Background))
            && !cell.flags.intersects(
                Flags::INVERSE | Flags::ALL_UNDERLINES | Flags::STRIKEOUT | Flags::WIDE_CHAR_SPACER,
            )
            && cell.extra.is_none()
    };
    cells.iter().rposition(|cell| !is_blank(cell)).map_or(0, |last| last + 1)
}

/// The columns of a tab, as far as nothing was written into them: 1 if something was.
fn tab_columns(cells: &[CoreCell], at: usize) -> usize {
    let stop = ((at / TAB_COLUMNS + 1) * TAB_COLUMNS).min(cells.len());
    if cells[at + 1..stop].iter().all(|cell| cell.c == ' ') { stop - at } else { 1 }
}

fn looks_like(left: &CoreCell, right: &CoreCell) -> bool {
    let width = Flags::WRAPLINE | Flags::WIDE_CHAR;
    left.fg == right.fg && left.bg == right.bg && left.flags | width == right.flags | width
}

fn cell<T>(core: &Term<T>, cell: &CoreCell) -> Cell {
    let flags = cell.flags;
    let CellStyle { foreground, background, attributes } = style(core, cell);
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
        attributes,
        width,
    }
}

fn style<T>(core: &Term<T>, cell: &CoreCell) -> CellStyle {
    let flags = cell.flags;
    let (foreground, dim) = color(core, cell.fg);
    let (background, _) = color(core, cell.bg);
    CellStyle {
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
