//! What is taken from the rows again, and moved on them: erasing, inserting, deleting, the other
//! screen.

use super::{Lines, Row, Rows};
use crate::term::scan::Csi;

impl<L: Lines> Rows<L> {
    pub(super) fn erase_display(&mut self, selector: u16) {
        match selector {
            0 => {
                self.erase_line(0);
                let row = self.row;
                self.rows.truncate(row + 1);
            }
            1 => {
                let row = self.row.min(self.rows.len());
                self.rows.iter_mut().take(row).for_each(Row::clear);
                self.erase_line(1);
            }
            // A cleared screen is a new page: what stood there was output, and stays.
            2 => {
                let (row, column) = (self.row, self.column);
                self.flush();
                self.lines.piece(b"", true);
                (self.row, self.column) = (row, column);
                self.here();
            }
            _ => {}
        }
    }

    pub(super) fn erase_line(&mut self, selector: u16) {
        let column = self.column;
        let row = self.here();
        match selector {
            0 => row.erase_from(column),
            1 => row.erase_to(column),
            _ => row.clear(),
        }
    }

    pub(super) fn shift_columns(&mut self, csi: &Csi<'_>) {
        let (column, width) = (self.column, self.width());
        let count = csi.count(0).min(width);
        let row = self.here();
        match csi.end {
            b'P' => row.delete(column, count),
            b'X' => row.blank(column, count),
            _ => row.insert(column, count, width),
        }
    }

    pub(super) fn shift_rows(&mut self, csi: &Csi<'_>) {
        let (top, bottom) = self.region();
        let at = if matches!(csi.end, b'S' | b'T') { top } else { self.row };
        if !(top..bottom).contains(&at) {
            return;
        }
        for _ in 0..csi.count(0).min(bottom - at) {
            match csi.end {
                b'S' => self.scroll_up(),
                b'M' => self.remove_row(at),
                _ => self.insert_row(at),
            }
        }
    }

    pub(super) fn private_mode(&mut self, csi: &Csi<'_>) {
        let alternate = csi.parameters.iter().any(|mode| matches!(mode, 47 | 1047 | 1049));
        match csi.end {
            b'h' if alternate => self.alternate = true,
            b'l' if alternate => self.alternate = false,
            _ => {}
        }
    }
}
