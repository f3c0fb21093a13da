//! The checksum of a rectangle of the screen (DECRQCRA), as DEC's terminals reckon it.

use alacritty_terminal::Term;
use alacritty_terminal::grid::Dimensions as _;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::{Cell, Flags};

/// Top, left, bottom and right count from 1 and belong to it; None: the screen's edge.
pub(super) fn of<T>(core: &Term<T>, sides: [Option<usize>; 4]) -> u16 {
    let [top, left, bottom, right] = sides;
    let rows = core.screen_lines();
    let first = top.unwrap_or(1).max(1) - 1;
    let last = bottom.unwrap_or(rows).min(rows);
    let columns = left.unwrap_or(1).max(1) - 1..right.unwrap_or(core.columns()).min(core.columns());
    let mut sum = 0u16;
    for row in first..last {
        let Ok(line) = i32::try_from(row) else { break };
        for column in columns.clone() {
            sum = sum.wrapping_add(of_cell(&core.grid()[Line(line)][Column(column)]));
        }
    }
    sum.wrapping_neg()
}

fn of_cell(cell: &Cell) -> u16 {
    let weights = [(Flags::UNDERLINE, 0x10), (Flags::INVERSE, 0x20), (Flags::BOLD, 0x80)];
    let weights = weights.iter().filter(|(flag, _)| cell.flags.contains(*flag));
    let char = if cell.c.is_control() { ' ' } else { cell.c };
    weights.fold(char as u32 as u16, |sum, (_, weight)| sum.wrapping_add(*weight))
}
