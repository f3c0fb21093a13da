//! Markdown drawn as rows, incrementally: while a text streams, what is finished is kept and only
//! the open block is drawn again. What the text means is decided in `text::markdown`.

mod layout;
mod table;

use super::highlight::{Code, Highlighter};
use super::theme::Theme;
use crate::text;
use crate::text::markdown::{Piece, PieceKind, Splitter};
use ratatui::text::Line;

/// One text, and its rows as they were drawn last.
#[derive(Default)]
pub(crate) struct Markdown {
    splitter: Splitter,
    /// The finished rows, then those of the open block.
    rows: Vec<Line<'static>>,
    finished: usize,
    /// The fenced block that lines are being added to.
    code: Option<Code>,
    drawn: Option<Drawn>,
    /// Code was drawn before the grammars were there.
    plain_code: bool,
}

/// What the rows were drawn from.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Drawn {
    width: u16,
    theme: u64,
    bytes: usize,
    sample: u64,
}

/// Bytes at either end of the known text by which another text is told.
const SAMPLE_BYTES: usize = 128;

impl Markdown {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The rows of a text, none wider than `width` (at least 1). Between two calls the text may
    /// grow at its end; any other text is better given to a `Markdown` of its own (a shorter one,
    /// and one with other ends, is seen and drawn anew).
    pub(crate) fn lines(
        &mut self,
        text: &str,
        width: u16,
        theme: &Theme,
        highlighter: &Highlighter,
    ) -> &[Line<'static>] {
        let width = width.max(1);
        let stale = self.plain_code && highlighter.ready();
        let now = Drawn { width, theme: theme.revision(), bytes: text.len(), sample: sample(text) };
        if self.drawn == Some(now) && !stale {
            return &self.rows;
        }
        let grew = self.drawn.is_some_and(|drawn| {
            let start = text.get(..drawn.bytes);
            let known = start.is_some_and(|start| sample(start) == drawn.sample);
            known && (drawn.width, drawn.theme) == (now.width, now.theme)
        });
        if stale || !grew {
            *self = Self::default();
        }
        self.draw(text, &Pen { width: usize::from(width), theme, highlighter });
        self.drawn = Some(now);
        &self.rows
    }

    fn draw(&mut self, text: &str, pen: &Pen<'_>) {
        self.rows.truncate(self.finished);
        for piece in self.splitter.feed(text) {
            self.piece(piece, pen);
        }
        self.finished = self.rows.len();
        let open = self.splitter.rest(text);
        if open.is_empty() {
            return;
        }
        // The state of the code belongs to the finished lines only.
        let code = self.code.clone();
        for piece in open {
            self.piece(piece, pen);
        }
        self.code = code;
    }

    fn piece(&mut self, piece: Piece<'_>, pen: &Pen<'_>) {
        if piece.gap {
            self.rows.push(Line::default());
        }
        let text = text::clean(piece.text);
        let rows = match piece.kind {
            PieceKind::Blocks => layout::blocks(&text::markdown::parse(&text), pen),
            PieceKind::Item { indent, ordinal } => layout::item(&text, indent, ordinal, pen),
            PieceKind::Code { language, first } => {
                self.plain_code |= !language.is_empty() && !pen.highlighter.ready();
                if first || self.code.is_none() {
                    self.code = Some(pen.highlighter.begin(language));
                }
                let code = self.code.as_mut();
                code.map(|code| layout::code_line(code, &text, pen)).unwrap_or_default()
            }
        };
        if !matches!(piece.kind, PieceKind::Code { .. }) {
            // Code within an item or by its indent is drawn as it comes, without a state.
            self.plain_code |=
                !pen.highlighter.ready() && (text.contains("```") || text.contains("~~~"));
            self.code = None;
        }
        self.rows.extend(rows.into_iter().map(|row| row.fit(pen.width, pen.theme).into_line()));
    }
}

/// What rows are drawn with.
#[derive(Clone, Copy)]
pub(crate) struct Pen<'a> {
    pub(crate) width: usize,
    pub(crate) theme: &'a Theme,
    pub(crate) highlighter: &'a Highlighter,
}

impl Pen<'_> {
    /// The same for what stands within.
    fn narrower(self, columns: usize) -> Self {
        Self { width: self.width.saturating_sub(columns).max(1), ..self }
    }
}

fn sample(text: &str) -> u64 {
    use std::hash::{DefaultHasher, Hasher as _};
    let bytes = text.as_bytes();
    let mut hasher = DefaultHasher::new();
    hasher.write(&bytes[..bytes.len().min(SAMPLE_BYTES)]);
    hasher.write(&bytes[bytes.len().saturating_sub(SAMPLE_BYTES)..]);
    hasher.finish()
}

#[cfg(test)]
mod tests;
