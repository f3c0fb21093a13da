//! What an emulated terminal shows, as data that any front end can draw.

use serde::{Deserialize, Serialize};

/// Columns and rows, in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    pub columns: u16,
    pub rows: u16,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Screen {
    /// Rises with every change; equal revisions show the same.
    pub revision: u64,
    pub size: Size,
    /// Row by row, `size.columns * size.rows` of them.
    pub cells: Vec<Cell>,
    /// Absent while the program hides it.
    pub cursor: Option<Cursor>,
    pub modes: Modes,
    pub title: String,
}

impl Screen {
    pub fn row(&self, row: u16) -> &[Cell] {
        let columns = usize::from(self.size.columns);
        let start = usize::from(row) * columns;
        self.cells.get(start..start + columns).unwrap_or(&[])
    }

    /// The row's text without trailing blanks.
    pub fn text(&self, row: u16) -> String {
        let mut text = String::new();
        for cell in self.row(row) {
            if cell.width > 0 {
                text.push(cell.char);
                text.push_str(&cell.marks);
            }
        }
        text.truncate(text.trim_end().len());
        text
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub char: char,
    /// Combining characters that belong to `char`; mostly empty.
    pub marks: String,
    pub foreground: Color,
    pub background: Color,
    pub attributes: Attributes,
    /// Columns: 1, 2 for a wide character, 0 for the second half of one.
    pub width: u8,
}

impl Default for Cell {
    fn default() -> Self {
        Self {
            char: ' ',
            marks: String::new(),
            foreground: Color::Default,
            background: Color::Default,
            attributes: Attributes::default(),
            width: 1,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Color {
    #[default]
    Default,
    /// 0 to 15 are the outer terminal's own palette.
    Indexed(u8),
    Rgb(u8, u8, u8),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attributes {
    pub bold: bool,
    pub dim: bool,
    pub italic: bool,
    pub underline: bool,
    pub inverse: bool,
    pub hidden: bool,
    pub strike: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub column: u16,
    pub row: u16,
    pub shape: CursorShape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CursorShape {
    Block,
    Underline,
    Beam,
}

/// How the end of a command is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// By marks that nobody can forge; the exit code, too.
    Rich,
    /// By the kernel and by the prompt's text; the exit code is unknown.
    Basic,
    /// By nothing but a pause.
    None,
}

/// What the program in the terminal asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modes {
    pub alternate_screen: bool,
    pub bracketed_paste: bool,
    pub application_cursor: bool,
    pub mouse: bool,
}
