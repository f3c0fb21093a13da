//! What can go wrong with a terminal, as sentences for people and models.

use std::path::PathBuf;

/// Each message is one clause without a full stop; hints are the caller's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermError {
    #[error("the shell {} does not exist or cannot be run", shell.display())]
    ShellMissing { shell: PathBuf },
    #[error("the folder {} does not exist", folder.display())]
    FolderMissing { folder: PathBuf },
    #[error("cannot start {}: {reason}", shell.display())]
    Start { shell: PathBuf, reason: String },
    /// Something else has the terminal; `what` is its command line, as far as it is known.
    #[error("the terminal is busy: `{what}` still runs")]
    Busy { what: String },
    #[error("the command is empty")]
    Empty,
    #[error("the command has {bytes} bytes, more than {bytes_max}")]
    TooLong { bytes: usize, bytes_max: usize },
    #[error("the command contains the control byte 0x{byte:02x}: send it as a key instead")]
    ControlByte { byte: u8 },
    #[error("unknown key <{name}>: known are {}; a literal `<` is <lt>", super::strokes::NAMES)]
    UnknownKey { name: String },
    /// The shell asked for more lines; it was interrupted, nothing ran.
    #[error("the command is unfinished: a quote, bracket or here-document is still open")]
    Unfinished,
    /// The shell did not react; nothing ran, and the command was withdrawn.
    #[error("the shell did not take the command: look at its screen")]
    NotTaken,
    /// The user types there; nothing of the agent's is typed until the pen is handed back.
    #[error("the user has the terminal's pen: nothing was typed")]
    PenTaken,
    /// Echo is off: whatever is typed is a secret of the user's.
    #[error("the program asks for a password: only the user can type it")]
    Secret,
    #[error("the shell has ended{}", exit.map(|code| format!(" with exit code {code}")).unwrap_or_default())]
    Exited { exit: Option<i32> },
    #[error("cannot write into the scratch folder: {reason}")]
    Scratch { reason: String },
}
