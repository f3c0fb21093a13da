//! The signs that say without colour what colour says.

use ratatui::symbols::border;

/// Each is one column wide, but `ellipsis` in the ASCII preset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Glyphs {
    pub(crate) light: border::Set<'static>,
    /// For what has the focus or needs the user.
    pub(crate) heavy: border::Set<'static>,
    pub(crate) check: &'static str,
    pub(crate) cross: &'static str,
    /// A step of a plan: not begun, under way, done.
    pub(crate) todo: &'static str,
    pub(crate) doing: &'static str,
    pub(crate) done: &'static str,
    pub(crate) collapsed: &'static str,
    pub(crate) expanded: &'static str,
    pub(crate) bullet: &'static str,
    pub(crate) ellipsis: &'static str,
    pub(crate) spinner: &'static [&'static str],
    pub(crate) bar_full: &'static str,
    pub(crate) bar_empty: &'static str,
    pub(crate) arrow: &'static str,
    /// Beside a block quote.
    pub(crate) quote: &'static str,
    /// A horizontal rule, one column of it.
    pub(crate) rule: &'static str,
    /// Between the columns of a table and the sides of a diff.
    pub(crate) divider: &'static str,
    /// Where a table's rule meets a divider.
    pub(crate) crossing: &'static str,
    /// Before the second row of a line of code.
    pub(crate) wrapped: &'static str,
    /// A blank that is to be seen.
    pub(crate) blank: &'static str,
    /// A tab that is to be seen.
    pub(crate) tab: &'static str,
}

impl Glyphs {
    pub(crate) const UNICODE: Self = Self {
        light: border::ROUNDED,
        heavy: border::THICK,
        check: "✓",
        cross: "✗",
        todo: "○",
        doing: "◐",
        done: "●",
        collapsed: "▸",
        expanded: "▾",
        bullet: "•",
        ellipsis: "…",
        spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
        bar_full: "━",
        bar_empty: "─",
        arrow: "→",
        quote: "▎",
        rule: "─",
        divider: "│",
        crossing: "┼",
        wrapped: "↪",
        blank: "·",
        tab: "→",
    };

    pub(crate) const ASCII: Self = Self {
        light: ASCII_BORDER,
        heavy: border::Set { horizontal_top: "=", horizontal_bottom: "=", ..ASCII_BORDER },
        check: "x",
        cross: "-",
        todo: " ",
        doing: ">",
        done: "x",
        collapsed: ">",
        expanded: "v",
        bullet: "*",
        ellipsis: "...",
        spinner: &["|", "/", "-", "\\"],
        bar_full: "#",
        bar_empty: "-",
        arrow: ">",
        quote: "|",
        rule: "-",
        divider: "|",
        crossing: "+",
        wrapped: "\\",
        blank: ".",
        tab: ">",
    };
}

const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};
