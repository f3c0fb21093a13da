//! Drafts on Linux: this process's side is `mount`, the holder's `holder`, a guest's `enter`.

mod enter;
mod guests;
mod holder;
mod layout;
mod mount;
mod mountinfo;
mod overlay;
mod plan;
mod protect;
mod wire;

pub use mount::{Mount, open};

use std::ffi::OsString;
use std::process::ExitCode;

/// The words in front of which a user's command line cannot stand by accident.
const HOLD: &str = "__draft";
const ENTER: &str = "__enter";

/// Runs what this program does for a draft, if its arguments (without its name) ask for that. It
/// must be asked before any thread is started: namespaces belong to threads.
pub fn hidden_entry(mut args: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    let word = args.next()?;
    if word == HOLD {
        return Some(holder::run());
    }
    (word == ENTER).then(|| enter::run(args))
}
