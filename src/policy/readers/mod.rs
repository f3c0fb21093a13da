//! The programs that only read, as data: one row for each, with the flags and operands that it may
//! have and with examples of what it matches and what not. What is not in a row needs approval, so
//! a row lists what is known to be harmless, never what is known to do harm.
//!
//! A new row must answer: which flag writes, runs a program, reads names from a file, or follows
//! links out of the workspace? Leave it out. Which operand is an output? Do not allow it.

mod files;
mod find;
mod flags;
mod git;
mod scripts;
mod system;
mod text;

use super::Ground;
use super::paths;
use super::understand::Simple;
use super::words::Word;
use std::path::PathBuf;

pub(super) struct Reader {
    /// Programs that share the row, separated by a space.
    pub programs: &'static str,
    /// Words that must follow the program at once: `stash list`. Mostly empty.
    pub sub: &'static str,
    pub check: Check,
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "examples, which the table's tests hold it to")
    )]
    pub matches: &'static [&'static str],
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "examples, which the table's tests hold it to")
    )]
    pub not_matches: &'static [&'static str],
}

pub(super) enum Check {
    /// Flags and operands in the notation of `flags`.
    Words {
        flags: &'static str,
        operands: &'static str,
    },
    Own(fn(&[Word], &Context<'_>) -> Result<(), String>),
}

/// What a row may look at besides the words.
pub(super) struct Context<'a> {
    pub folders: &'a [PathBuf],
    pub ground: &'a Ground,
}

impl Context<'_> {
    /// A file or folder to be read. A wildcard may stand for several of them.
    ///
    /// # Errors
    /// One clause for people.
    fn path(&self, word: &Word) -> Result<(), String> {
        if word.glob {
            harmless_glob(&word.text)?;
        }
        paths::readable(&word.text, self.folders, self.ground)
    }
}

/// A wildcard must not stand for a name that is a flag or a secret: it starts with a letter or
/// `./`, and ends in a plain extension.
fn harmless_glob(text: &str) -> Result<(), String> {
    let first = text.chars().next().unwrap_or('*');
    let anchored = first.is_alphanumeric() || text.starts_with("./") || first == '/';
    let (folder, name) = text.rsplit_once('/').unwrap_or(("", text));
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let plain = !extension.is_empty() && extension.chars().all(char::is_alphanumeric);
    // `./` and `a/` keep the dash of a hostile name away; a name of only wildcards may be hidden.
    let parts = folder.split('/').all(|part| !part.contains(['*', '?']) || part == "*");
    if anchored && plain && parts && !name.starts_with('.') {
        return Ok(());
    }
    Err(format!("holds the wildcard `{text}`, which may stand for anything"))
}

fn rows() -> impl Iterator<Item = &'static Reader> {
    [files::READERS, text::READERS, git::READERS, system::READERS, scripts::READERS, find::READERS]
        .into_iter()
        .flatten()
}

/// Whether the command only reads, and only what it may.
///
/// # Errors
/// One clause for people: why it is not known to.
pub(super) fn check(simple: &Simple, ground: &Ground) -> Result<(), String> {
    let context = Context { folders: &simple.folders, ground };
    let program = &simple.words[0];
    let mut words = &simple.words[1..];
    let mut shown = program.text.clone();
    if program.text == "git" {
        if simple.folders.iter().any(|folder| *folder != ground.root) {
            return Err(
                "runs git outside the workspace's root, where other settings may hold".to_owned()
            );
        }
        while words.first().is_some_and(|word| git::GLOBAL_FLAGS.contains(&word.text.as_str())) {
            words = &words[1..];
        }
        if let Some(sub) = words.first() {
            shown = format!("git {}", sub.text);
        }
    }
    let mut refusal = None;
    for row in rows().filter(|row| row.programs.split(' ').any(|name| name == program.text)) {
        let sub: Vec<&str> = row.sub.split(' ').filter(|word| !word.is_empty()).collect();
        let here =
            words.len() >= sub.len() && sub.iter().zip(words).all(|(sub, word)| *sub == word.text);
        if !here {
            continue;
        }
        let rest = &words[sub.len()..];
        let verdict = match &row.check {
            Check::Words { flags, operands } => flags::check(flags, operands, rest, &context),
            Check::Own(check) => check(rest, &context),
        };
        match verdict {
            Ok(()) => return Ok(()),
            Err(why) => refusal = Some(why),
        }
    }
    Err(refusal.map_or_else(|| format!("runs `{shown}`"), |why| format!("{shown} {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::tests::ground;
    use crate::policy::understand::understand;

    fn holds(line: &str) -> Result<(), String> {
        let ground = ground();
        let understood = understand(line, &ground.root)?;
        understood.commands.iter().try_for_each(|simple| check(simple, &ground))
    }

    #[test]
    fn every_row_keeps_what_its_examples_promise() {
        for row in rows() {
            assert!(
                !row.matches.is_empty() && !row.not_matches.is_empty(),
                "{} {}",
                row.programs,
                row.sub
            );
            for line in row.matches {
                assert_eq!(holds(line), Ok(()), "{line}");
            }
            for line in row.not_matches {
                assert!(holds(line).is_err(), "{line}");
            }
        }
    }

    #[test]
    fn every_flag_of_a_row_is_in_the_notation() {
        for row in rows() {
            if let Check::Words { flags, operands } = &row.check {
                flags::tests::assert_sound(flags, operands, row.programs);
            }
        }
    }

    #[test]
    fn a_wildcard_may_stand_for_plain_names_only() {
        for text in ["src/*.rs", "./*.md", "a*.txt", "crates/*/Cargo.toml"] {
            assert_eq!(harmless_glob(text), Ok(()), "{text}");
        }
        for text in ["*", "*.rs", "-*", "src/*", "?x.rs", "src/.*", "a/.e*.x", "a/b*c/x.rs"] {
            assert!(harmless_glob(text).is_err(), "{text}");
        }
    }
}
