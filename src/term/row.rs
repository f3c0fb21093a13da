//! One row of text as it is being drawn and overdrawn. Where the cursor is, is for `rows`.

/// The columns after the first of a wide character or of a tab.
const FILLER: char = '\0';
const FILLER_BYTE: u8 = 0;
/// Combining characters beyond these are dropped from a row.
const MARKS_MAX: usize = 1000;

#[derive(Default)]
pub(super) struct Row {
    /// The columns, as long as all of them are ASCII: floods are.
    ascii: Vec<u8>,
    /// The columns, once they are not.
    cells: Vec<char>,
    is_wide: bool,
    /// There may be fillers among the ASCII.
    has_fillers: bool,
    /// Combining characters by the column that they belong to.
    marks: Vec<(usize, char)>,
    /// The line goes on in the next row.
    pub(super) wrapped: bool,
}

impl Row {
    /// Columns that were drawn on.
    pub(super) fn len(&self) -> usize {
        if self.is_wide { self.cells.len() } else { self.ascii.len() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes it an undrawn row again, and keeps its memory.
    pub(super) fn clear(&mut self) {
        self.ascii.clear();
        self.cells.clear();
        self.marks.clear();
        (self.is_wide, self.has_fillers, self.wrapped) = (false, false, false);
    }

    /// Draws one column for each byte; all are ASCII, none is a control.
    pub(super) fn write_ascii(&mut self, column: usize, bytes: &[u8]) {
        if self.is_wide || self.has_fillers {
            self.make_wide();
            self.clear_for(column, bytes.len());
            let over = self.cells.len().min(column + bytes.len()) - column;
            let chars = bytes.iter().map(|byte| char::from(*byte));
            for (cell, char) in self.cells[column..].iter_mut().zip(chars.clone()) {
                *cell = char;
            }
            self.cells.extend(chars.skip(over));
            return;
        }
        if self.ascii.len() < column {
            self.ascii.resize(column, b' ');
        }
        let over = (self.ascii.len() - column).min(bytes.len());
        self.ascii[column..column + over].copy_from_slice(&bytes[..over]);
        self.ascii.extend_from_slice(&bytes[over..]);
    }

    /// Draws a character of one or two columns.
    pub(super) fn write_char(&mut self, column: usize, char: char, width: usize) {
        self.make_wide();
        self.clear_for(column, width);
        for offset in 0..width {
            let char = if offset == 0 { char } else { FILLER };
            match self.cells.get_mut(column + offset) {
                Some(cell) => *cell = char,
                None => self.cells.push(char),
            }
        }
    }

    /// A tab at the line's end stays a tab in the text; over text it only moves.
    pub(super) fn write_tab(&mut self, column: usize, next: usize) {
        if column < self.len() || next <= column {
            return;
        }
        if self.is_wide {
            self.clear_for(column, next - column);
            self.cells.push('\t');
            self.cells.resize(next, FILLER);
        } else {
            self.ascii.resize(column, b' ');
            self.ascii.push(b'\t');
            self.ascii.resize(next, FILLER_BYTE);
            self.has_fillers = true;
        }
    }

    /// Puts a combining character on the one that stands in this column.
    pub(super) fn write_mark(&mut self, column: usize, mark: char) {
        if self.marks.len() < MARKS_MAX && !self.is_empty() {
            self.make_wide();
            self.marks.push((self.owner(column), mark));
        }
    }

    /// Everything from this column on is gone.
    pub(super) fn erase_from(&mut self, column: usize) {
        if self.is_wide || self.has_fillers {
            self.make_wide();
            self.clear_for(column, usize::MAX);
            self.cells.truncate(column);
        } else {
            self.ascii.truncate(column);
        }
        self.wrapped = false;
    }

    /// Everything up to this column, and it, is blank.
    pub(super) fn erase_to(&mut self, column: usize) {
        self.make_wide();
        let end = (column + 1).min(self.cells.len());
        self.clear_for(0, end);
        self.cells[..end].fill(' ');
    }

    /// Blanks so many columns.
    pub(super) fn blank(&mut self, column: usize, count: usize) {
        if let Some(end) = self.prepare(column, count) {
            self.cells[column..end].fill(' ');
        }
    }

    /// Takes out so many columns; what follows moves to the left.
    pub(super) fn delete(&mut self, column: usize, count: usize) {
        if let Some(end) = self.prepare(column, count) {
            self.cells.drain(column..end);
        }
    }

    /// Puts in so many blanks; what follows moves to the right, up to the row's width.
    pub(super) fn insert(&mut self, column: usize, count: usize, width: usize) {
        if self.prepare(column, count).is_some() {
            self.cells.splice(column..column, std::iter::repeat_n(' ', count));
            self.cells.truncate(width);
        }
    }

    /// The end of a range that is about to be changed; none of it is drawn: None.
    fn prepare(&mut self, column: usize, count: usize) -> Option<usize> {
        if column >= self.len() {
            return None;
        }
        self.make_wide();
        self.clear_for(column, usize::MAX);
        Some((column + count).min(self.cells.len()))
    }

    fn make_wide(&mut self) {
        if !self.is_wide {
            self.cells.clear();
            self.cells.extend(self.ascii.iter().map(|byte| char::from(*byte)));
            self.is_wide = true;
        }
    }

    /// The column of the character that a filler belongs to.
    fn owner(&self, column: usize) -> usize {
        let mut column = column.min(self.cells.len().saturating_sub(1));
        while column > 0 && self.cells[column] == FILLER {
            column -= 1;
        }
        column
    }

    /// Makes the columns ready to be overwritten: blanks up to them, no half of anything left.
    fn clear_for(&mut self, column: usize, count: usize) {
        if self.cells.len() < column {
            self.cells.resize(column, ' ');
        }
        let end = column.saturating_add(count);
        if !self.marks.is_empty() {
            self.marks.retain(|(at, _)| *at < column || *at >= end);
        }
        for edge in [column, end] {
            if self.cells.get(edge) == Some(&FILLER) {
                let from = self.owner(edge);
                let fillers = self.cells[edge..].iter().take_while(|cell| **cell == FILLER).count();
                self.cells[from..edge + fillers].fill(' ');
            }
        }
        // Fillers of a character inside the range that reach beyond it were handled at its end.
    }

    /// The row's text, made in the buffer where it must be; without trailing blanks if it is a
    /// line's end.
    pub(super) fn text<'a>(&'a self, buffer: &'a mut String) -> &'a str {
        let text = if self.is_wide {
            self.write_cells(buffer);
            buffer.as_str()
        } else if self.has_fillers {
            buffer.clear();
            let drawn = self.ascii.iter().filter(|byte| **byte != FILLER_BYTE);
            buffer.extend(drawn.map(|byte| char::from(*byte)));
            buffer.as_str()
        } else {
            std::str::from_utf8(&self.ascii).unwrap_or_default()
        };
        if self.wrapped { text } else { text.trim_end() }
    }

    fn write_cells(&self, buffer: &mut String) {
        buffer.clear();
        if self.marks.is_empty() {
            buffer.extend(self.cells.iter().filter(|cell| **cell != FILLER));
            return;
        }
        for (column, cell) in self.cells.iter().enumerate().filter(|(_, cell)| **cell != FILLER) {
            buffer.push(*cell);
            let marks = self.marks.iter().filter(|(at, _)| *at == column);
            buffer.extend(marks.map(|(_, mark)| *mark));
        }
    }

    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        let marks = self.marks.capacity() * size_of::<(usize, char)>();
        self.ascii.capacity() + self.cells.capacity() * size_of::<char>() + marks
    }
}
