//! Markdown as lines. (A thin version, replaced at the merge.)

use super::highlight::Highlighter;
use super::theme::Theme;
use ratatui::text::Line;

#[derive(Default)]
pub(crate) struct Markdown {
    lines: Vec<Line<'static>>,
}

impl Markdown {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn lines(
        &mut self,
        text: &str,
        width: u16,
        _theme: &Theme,
        _highlighter: &Highlighter,
    ) -> &[Line<'static>] {
        let text = crate::text::clean(text);
        self.lines = super::rows::rows(&text, usize::from(width))
            .into_iter()
            .map(|row| Line::raw(text[row].to_string()))
            .collect();
        &self.lines
    }
}
