//! The glyphs that the panes draw, by meaning; the theme says which ones.

use super::theme::Theme;
use ratatui::symbols::border;

pub(crate) fn border(theme: &Theme, focused: bool) -> border::Set<'static> {
    let glyphs = theme.glyphs();
    if focused { glyphs.heavy } else { glyphs.light }
}

pub(crate) fn done(theme: &Theme) -> &'static str {
    theme.glyphs().check
}

pub(crate) fn failed(theme: &Theme) -> &'static str {
    theme.glyphs().cross
}

pub(crate) fn refused(theme: &Theme) -> &'static str {
    if theme.glyphs().cross.is_ascii() { "!" } else { "⊘" }
}

/// A turn that was stopped.
pub(crate) fn stopped(theme: &Theme) -> &'static str {
    if theme.glyphs().cross.is_ascii() { "#" } else { "■" }
}

/// The bar at the left of a quotation from the model's view.
pub(crate) fn side(theme: &Theme) -> &'static str {
    theme.glyphs().light.vertical_left
}

/// The spinner's picture at a time in milliseconds.
pub(crate) fn spinner(theme: &Theme, now: u64) -> &'static str {
    let frames = theme.glyphs().spinner;
    let frame = usize::try_from(now / SPINNER_MS).unwrap_or(0) % frames.len().max(1);
    frames.get(frame).copied().unwrap_or("*")
}

/// Between two pictures of the spinner: at most ten a second.
pub(crate) const SPINNER_MS: u64 = 125;

/// A bar's filled and empty cell.
pub(crate) fn bar(theme: &Theme) -> (&'static str, &'static str) {
    (theme.glyphs().bar_full, theme.glyphs().bar_empty)
}
