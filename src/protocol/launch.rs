//! How a shell is to be started. Whoever spawns follows it and knows no more.

use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    /// The shell, and nothing else; the room that starts it adds what its integration needs.
    pub shell: PathBuf,
    /// Goes in front of the shell's own argv: the entry of a sandbox. Empty where there are no walls.
    pub prefix: Vec<OsString>,
    pub folder: PathBuf,
    /// The whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Files of the shell integration and of long outputs go here: a folder of the session, 0700.
    pub scratch: PathBuf,
}

/// The shells that brisk knows how to integrate with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShellKind {
    Bash,
    Zsh,
    Fish,
    /// sh as dash and busybox have it.
    Sh,
    /// Any other: the end of a command is told from the terminal alone, its exit code is unknown.
    Other,
}
