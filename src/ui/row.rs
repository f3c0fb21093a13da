//! A row of styled pieces, and how rows are made from running text: wrapped, broken, clipped.

use super::theme::{Role, Theme};
use crate::text::{graphemes, prefix, width, wrap_ranges};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// One row; its pieces never hold a newline or a tab.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row(pub(crate) Vec<Span<'static>>);

impl Row {
    pub(crate) fn of(text: impl Into<String>, style: Style) -> Self {
        Self(vec![Span::styled(text.into(), style)])
    }

    pub(crate) fn width(&self) -> usize {
        self.0.iter().map(|span| width(&span.content)).sum()
    }

    pub(crate) fn push(&mut self, text: &str, style: Style) {
        if text.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.style == style => last.content.to_mut().push_str(text),
            _ => self.0.push(Span::styled(text.to_owned(), style)),
        }
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Blanks up to this column.
    pub(crate) fn pad(&mut self, columns: usize, style: Style) {
        let missing = columns.saturating_sub(self.width());
        self.push(&" ".repeat(missing), style);
    }

    /// At most so many columns; a mark says that something had to go.
    pub(crate) fn fit(self, columns: usize, theme: &Theme) -> Self {
        if self.width() <= columns {
            return self;
        }
        let ellipsis = theme.glyphs().ellipsis;
        let mark = if width(ellipsis) <= columns { ellipsis } else { prefix(ellipsis, columns) };
        let room = columns - width(mark);
        let mut out = Self::default();
        let mut used = 0;
        for span in self.0 {
            let part = prefix(&span.content, room - used);
            used += width(part);
            out.push(part, span.style);
            if part.len() < span.content.len() {
                break;
            }
        }
        out.push(mark, theme.style(Role::Dim));
        out
    }

    pub(crate) fn into_line(self) -> Line<'static> {
        Line::from(self.0)
    }
}

/// Running text wrapped at words.
pub(crate) fn wrap(pieces: &[(String, Style)], columns: usize) -> Vec<Row> {
    let text: String = pieces.iter().map(|(text, _)| text.as_str()).collect();
    let mut rows = Vec::new();
    let mut piece = 0;
    let mut piece_start = 0;
    for range in wrap_ranges(&text, columns) {
        let mut row = Row::default();
        let mut at = range.start;
        while at < range.end {
            while piece_start + pieces[piece].0.len() <= at {
                piece_start += pieces[piece].0.len();
                piece += 1;
            }
            let end = range.end.min(piece_start + pieces[piece].0.len());
            row.push(&text[at..end], pieces[piece].1);
            at = end;
        }
        rows.push(row);
    }
    rows
}

/// Code broken wherever a row is full; each further row starts with a mark.
pub(crate) fn break_code(row: Row, columns: usize, theme: &Theme) -> Vec<Row> {
    if row.width() <= columns {
        return vec![row];
    }
    let mark = format!("{} ", theme.glyphs().wrapped);
    let dim = theme.style(Role::Dim);
    // A mark that leaves no room for the code itself is left out.
    let mark = if columns > 2 * width(&mark) { mark } else { String::new() };
    let mut rows = Vec::new();
    let (mut out, mut used) = (Row::default(), 0);
    for span in row.0 {
        for (_, grapheme, wide) in graphemes(&span.content) {
            if used + wide > columns && used > 0 {
                rows.push(std::mem::take(&mut out));
                out.push(&mark, dim);
                used = width(&mark);
            }
            out.push(grapheme, span.style);
            used += wide;
        }
    }
    rows.push(out);
    rows
}
