//! Semantic roles and their styles. (A thin version, replaced at the merge.)

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[rustfmt::skip]
pub(crate) enum Role { Text, Dim, Accent, Heading, Added, Removed, AddedWord, RemovedWord, Ask, Warning, Error, Good, User, Agent, Thought, Code, CodeBlock, Border, BorderFocus, Title, Selection, Badge, Bar, BarFill, Keyword, String, Comment, Number, Function, Type, Constant, Punctuation }

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColorDepth {
    None,
    Ansi16,
    Indexed256,
    True,
}

#[derive(Debug, thiserror::Error)]
#[error("no such theme: {0}")]
pub(crate) struct ThemeError(String);

pub(crate) struct Theme {
    glyphs: Glyphs,
}

pub(crate) struct Glyphs {
    pub(crate) light: border::Set<'static>,
    pub(crate) heavy: border::Set<'static>,
    pub(crate) check: &'static str,
    pub(crate) cross: &'static str,
    pub(crate) spinner: &'static [&'static str],
    pub(crate) bar_full: &'static str,
    pub(crate) bar_empty: &'static str,
}

impl Theme {
    pub(crate) fn load(name: &str, _depth: ColorDepth) -> Result<Theme, ThemeError> {
        if name == "none" {
            return Err(ThemeError(name.to_string()));
        }
        Ok(Theme {
            glyphs: Glyphs {
                light: border::ROUNDED,
                heavy: border::THICK,
                check: "✓",
                cross: "✗",
                spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
                bar_full: "━",
                bar_empty: "─",
            },
        })
    }

    pub(crate) fn style(&self, role: Role) -> Style {
        let plain = Style::new();
        match role {
            Role::Dim | Role::Thought | Role::Comment | Role::Border => plain.fg(Color::DarkGray),
            Role::Accent | Role::BorderFocus | Role::BarFill | Role::User => plain.fg(Color::Cyan),
            Role::Heading | Role::Title => plain.add_modifier(Modifier::BOLD),
            Role::Added | Role::AddedWord | Role::Good => plain.fg(Color::Green),
            Role::Removed | Role::RemovedWord | Role::Error => plain.fg(Color::Red),
            Role::Ask | Role::Warning | Role::Badge => plain.fg(Color::Yellow),
            Role::Agent => plain.fg(Color::Magenta),
            Role::Selection => plain.add_modifier(Modifier::REVERSED),
            _ => plain,
        }
    }

    pub(crate) fn with_ascii(self) -> Self {
        self
    }

    pub(crate) fn glyphs(&self) -> &Glyphs {
        &self.glyphs
    }
}
