//! What the screen looks like: a style for each role, read from `themes/*.toml`, the only place
//! for a colour, and the glyphs that say the same without colour.
//!
//! Which theme and which depth are wanted is the caller's to know.

mod color;
mod file;
mod glyph;

pub(crate) use color::ColorDepth;
pub(crate) use file::ThemeError;
pub(crate) use glyph::Glyphs;

use ratatui::style::Style;
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident $name:literal,)*) => {
        /// What a piece of the screen is, as opposed to how it looks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum Role { $($(#[$doc])* $role),* }

        impl Role {
            pub(crate) const ALL: &[Self] = &[$(Self::$role),*];

            /// Its name in a theme's file.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$role => $name),* }
            }
        }
    };
}

roles! {
    Text "text",
    Dim "dim",
    Accent "accent",
    Heading "heading",
    /// A count, a sign, a number of an added line.
    Added "added",
    Removed "removed",
    /// The text of an added line as a whole; the only roles with a background of their own are
    /// these four and the selection.
    AddedLine "added-line",
    RemovedLine "removed-line",
    AddedWord "added-word",
    RemovedWord "removed-word",
    Ask "ask",
    Warning "warning",
    Error "error",
    Good "good",
    User "user",
    Agent "agent",
    Thought "thought",
    /// Code within a sentence.
    Code "code",
    CodeBlock "code-block",
    Border "border",
    BorderFocus "border-focus",
    Title "title",
    Selection "selection",
    Badge "badge",
    Bar "bar",
    BarFill "bar-fill",
    Keyword "keyword",
    String "string",
    Comment "comment",
    Number "number",
    Function "function",
    Type "type",
    Constant "constant",
    Punctuation "punctuation",
}

#[derive(Clone, Debug)]
pub(crate) struct Theme {
    revision: u64,
    /// By role, in the order of [`Role::ALL`].
    styles: Vec<Style>,
    glyphs: Glyphs,
}

impl Theme {
    /// A built-in theme by its name, for a terminal with so many colours.
    pub(crate) fn load(name: &str, depth: ColorDepth) -> Result<Self, ThemeError> {
        Ok(Self::of(&file::built_in(name)?, depth))
    }

    /// A theme of the user's, from the text of its file. It may inherit from the built-in ones.
    pub(crate) fn read(name: &str, source: &str, depth: ColorDepth) -> Result<Self, ThemeError> {
        Ok(Self::of(&file::read(name, source)?, depth))
    }

    /// The names that [`Theme::load`] knows; the first is the default.
    #[cfg(test)]
    fn names() -> impl Iterator<Item = &'static str> {
        file::BUILT_IN.iter().map(|(name, _)| *name)
    }

    fn of(layers: &[file::Layer], depth: ColorDepth) -> Self {
        let styles = Role::ALL.iter().map(|role| file::style(layers, *role, depth)).collect();
        Self { revision: next_revision(), styles, glyphs: Glyphs::UNICODE }
    }

    /// Differs between any two themes that were made, so that a cache of what was drawn knows.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    pub(crate) fn glyphs(&self) -> &Glyphs {
        &self.glyphs
    }

    /// The same theme for a terminal that shows nothing but ASCII well.
    pub(crate) fn with_ascii(mut self) -> Self {
        self.glyphs = Glyphs::ASCII;
        self.revision = next_revision();
        self
    }
}

fn next_revision() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[cfg(test)]
mod tests;
