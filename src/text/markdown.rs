//! Markdown as data: blocks of inline pieces, which any front end can lay out. Nothing in it is
//! ever fetched, and HTML is text like any other.

mod line;
mod parse;
mod split;

pub use parse::parse;
pub use split::{Piece, PieceKind, Splitter};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    Paragraph(Vec<Inline>),
    Heading {
        level: u8,
        text: Vec<Inline>,
    },
    /// `language` is the fence's info string, empty for indented code.
    Code {
        language: String,
        text: String,
    },
    Quote(Vec<Block>),
    List {
        start: Option<u64>,
        items: Vec<Item>,
    },
    Table(Table),
    Rule,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// Of a task list: is it done?
    pub task: Option<bool>,
    pub blocks: Vec<Block>,
}

/// The head is its first row. Rows may have fewer or more cells than there are alignments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub alignments: Vec<Align>,
    pub rows: Vec<Vec<Cell>>,
}

pub type Cell = Vec<Inline>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Center,
    Right,
}

/// A piece of running text that looks the same all through. `\n` in it is a hard break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inline {
    pub text: String,
    pub kind: InlineKind,
    pub bold: bool,
    pub italic: bool,
    pub strike: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InlineKind {
    Text,
    Code,
    /// The text of a link or an image.
    Link,
    /// Where a link leads, when its text does not say so.
    Target,
}
