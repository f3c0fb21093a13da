//! One row of text as it is being drawn and overdrawn. Where the cursor is, is for `rows`.

/// The columns after the first of a wide character or of a tab.
pub(super) const FILLER: char = '\0';

#[derive(Default)]
pub(super) struct Row {
    pub(super) cells: Vec<char>,
    /// Combining characters by the column that they belong to.
    pub(super) marks: Vec<(usize, char)>,
    /// The line goes on in the next row.
    pub(super) wrapped: bool,
}

impl Row {
    /// The column of the character that a filler belongs to.
    pub(super) fn owner(&self, column: usize) -> usize {
        let mut column = column.min(self.cells.len().saturating_sub(1));
        while column > 0 && self.cells[column] == FILLER {
            column -= 1;
        }
        column
    }

    /// Makes the columns ready to be overwritten: blanks up to them, no half of anything left.
    pub(super) fn clear_for(&mut self, column: usize, count: usize) {
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

    pub(super) fn put(&mut self, column: usize, char: char) {
        match self.cells.get_mut(column) {
            Some(cell) => *cell = char,
            None => self.cells.push(char),
        }
    }

    /// The row's text in place of the buffer's; without trailing blanks if it is a line's end.
    pub(super) fn write(&self, buffer: &mut String) {
        buffer.clear();
        if self.marks.is_empty() {
            buffer.extend(self.cells.iter().filter(|cell| **cell != FILLER));
        } else {
            for (column, cell) in self.cells.iter().enumerate().filter(|(_, cell)| **cell != FILLER)
            {
                buffer.push(*cell);
                buffer.extend(
                    self.marks.iter().filter(|(at, _)| *at == column).map(|(_, mark)| *mark),
                );
            }
        }
        if !self.wrapped {
            buffer.truncate(buffer.trim_end().len());
        }
    }
}
