//! What is wrong with the configuration, and what to do about it.

use std::fmt;
use std::path::{Path, PathBuf};

/// Shown as its message and, apart from it, its hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    pub kind: Trouble,
    /// One sentence without an end: `unknown key budget.turns`.
    pub message: String,
    /// Where in which file, if it was in one.
    pub place: Option<Place>,
    /// What to do; may have several lines.
    pub hint: Option<String>,
}

/// What a caller may want to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A file, a variable or a flag says something that cannot be.
    Setting,
    /// No model is configured and no key was found: the time to offer choices.
    NoModel,
    /// The model or provider that was named is not known.
    Unknown,
    /// The key of a provider could not be had.
    Key,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The whole line.
    pub text: String,
}

impl Place {
    /// Of the byte `at` in `content`.
    pub(super) fn of(file: &Path, content: &str, at: usize) -> Place {
        let at =
            (0..=at.min(content.len())).rev().find(|at| content.is_char_boundary(*at)).unwrap_or(0);
        let start = content[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = content[at..].find('\n').map_or(content.len(), |newline| at + newline);
        Place {
            file: file.to_owned(),
            line: content[..at].matches('\n').count() + 1,
            column: content[start..at].chars().count() + 1,
            text: content[start..end].trim_end_matches('\r').to_owned(),
        }
    }
}

impl ConfigError {
    pub(super) fn new(kind: Trouble, message: String) -> ConfigError {
        ConfigError { kind, message, place: None, hint: None }
    }

    pub(super) fn hinted(mut self, hint: impl Into<String>) -> ConfigError {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)?;
        let Some(place) = &self.place else { return Ok(()) };
        let Place { file, line, column, text } = place;
        let caret = " ".repeat(column - 1);
        write!(out, "\n  in {}:{line}:{column}\n  | {text}\n  | {caret}^", file.display())
    }
}

impl std::error::Error for ConfigError {}

/// The known name that is nearest to what was written, if it is near.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LIKENESS_MIN: f64 = 0.6;
    let scored = known.into_iter().map(|name| {
        // Slips of the fingers swap and drop letters; of two that are as near, the one as long.
        let likeness = strsim::normalized_damerau_levenshtein(word, name);
        (likeness, word.len().abs_diff(name.len()), name)
    });
    let nearer = |left: &(f64, usize, &str), right: &(f64, usize, &str)| {
        left.0.total_cmp(&right.0).then(right.1.cmp(&left.1))
    };
    let (likeness, _, name) = scored.max_by(nearer)?;
    (likeness >= LIKENESS_MIN).then_some(name)
}
