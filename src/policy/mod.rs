//! May it, may it not, or ask: what the mode, the rules and the ground make of a command or an edit.
//!
//! Pure: it reads no file, follows no link, asks nobody and does nothing. It is a convenience, not
//! a boundary: only what is wholly understood is let through, everything else is a question.
//!
//! - [`classify`] says what a command line is by itself: `understand` reads all of it or nothing,
//!   `readers` is the table of programs that only read, `danger` the table of what to be loud about.
//! - [`Rules`] are the user's own words: deny over ask over allow.
//! - [`Policy`] joins them with the mode.
//! - [`guards()`] tells the changes that always need a human, whatever the mode and the rules say.

mod characters;
mod danger;
mod guards;
mod judge;
mod offer;
mod paths;
mod places;
mod plan;
mod reach;
mod readers;
mod rules;
mod understand;
mod words;

pub use guards::{GUARDS, guards, large};
pub use offer::rule_for;
pub use plan::plan;
pub use rules::{Rule, RuleError, Rules};

use crate::protocol::{Class, Judgement, Mode, TreeKind, Walls};
use std::path::PathBuf;

/// What is in force for one session.
#[derive(Clone, Debug)]
pub struct Policy {
    pub mode: Mode,
    pub ground: Ground,
    pub rules: Rules,
}

/// Where commands run and edits land. All paths are absolute and canonical.
#[derive(Clone, Debug)]
pub struct Ground {
    pub tree: TreeKind,
    pub walls: Walls,
    /// The workspace.
    pub root: PathBuf,
    /// Where the shell is now.
    pub folder: PathBuf,
    /// Folders besides the workspace that may be read, such as the session's outputs.
    pub readable: Vec<PathBuf>,
}

impl Policy {
    /// May this command line run?
    pub fn command(&self, command: &str) -> Judgement {
        judge::command(self, command)
    }

    /// May the file at `path`, absolute or from the workspace's root, be written, made or deleted?
    pub fn edit(&self, path: &str) -> Judgement {
        places::edit(self, path)
    }
}

/// What a command line is by itself, and why: one clause with the command as its subject.
pub fn classify(command: &str, ground: &Ground) -> (Class, String) {
    match judge::reads_only(command, ground) {
        Ok(()) => (Class::ReadOnly, "only reads inside the workspace".to_owned()),
        Err(why) => match danger::danger(command, ground) {
            Some(danger) => (Class::Dangerous, danger),
            None => (Class::NeedsApproval, why),
        },
    }
}

#[cfg(test)]
mod conformance;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn ground() -> Ground {
        Ground {
            tree: TreeKind::InPlace,
            walls: Walls::None,
            root: PathBuf::from("/work/demo"),
            folder: PathBuf::from("/work/demo"),
            readable: vec![PathBuf::from("/out")],
        }
    }

    pub(crate) fn policy(mode: Mode, tree: TreeKind) -> Policy {
        Policy { mode, ground: Ground { tree, ..ground() }, rules: Rules::default() }
    }
}
