//! How brisk ends: the exit codes, the words of the status, and how an error reads.
//!
//! `error:` says what, a blank line, `hint:` says what to do. This is the only place that maps one
//! to the other.

use crate::config::ConfigError;
use crate::protocol::{End, Failure, FailureKind, Limit};
use std::io::{self, Write};
use std::process::ExitCode;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Done,
    Failed,
    Usage,
    Config,
    Provider,
    Denied,
    Budget,
    Infeasible,
    GateRed,
    Sandbox,
    Timeout,
    Interrupted,
    Terminated,
}

impl Exit {
    pub(super) const ALL: [(Exit, u8, &'static str); 13] = [
        (Exit::Done, 0, "done"),
        (Exit::Failed, 1, "failed"),
        (Exit::Usage, 2, "usage"),
        (Exit::Config, 3, "config"),
        (Exit::Provider, 4, "provider"),
        (Exit::Denied, 5, "denied"),
        (Exit::Budget, 6, "budget"),
        (Exit::Infeasible, 7, "infeasible"),
        (Exit::GateRed, 8, "gate-red"),
        (Exit::Sandbox, 9, "sandbox"),
        (Exit::Timeout, 124, "timeout"),
        (Exit::Interrupted, 130, "interrupted"),
        (Exit::Terminated, 143, "terminated"),
    ];

    fn row(self) -> (Exit, u8, &'static str) {
        *Exit::ALL.iter().find(|row| row.0 == self).expect("every exit has a row")
    }

    pub(super) fn code(self) -> u8 {
        self.row().1
    }

    pub(super) fn status(self) -> &'static str {
        self.row().2
    }

    /// The exit of who was ended by this signal.
    pub(super) const fn of_signal(number: i32) -> Exit {
        const INTERRUPT: i32 = 2;
        if number == INTERRUPT { Exit::Interrupted } else { Exit::Terminated }
    }

    /// The exit that a turn's end stands for.
    pub(super) const fn of_end(end: &End) -> Exit {
        match end {
            End::Done => Exit::Done,
            End::Failed(failure) => Exit::of_failure(failure.kind),
            End::Limit(Limit::Time { .. }) => Exit::Timeout,
            End::Limit(Limit::Tokens { .. } | Limit::Cost { .. } | Limit::Steps { .. }) => {
                Exit::Budget
            }
            End::Infeasible { .. } => Exit::Infeasible,
            End::Interrupted => Exit::Interrupted,
        }
    }

    const fn of_failure(kind: FailureKind) -> Exit {
        match kind {
            FailureKind::Credentials | FailureKind::Config => Exit::Config,
            FailureKind::Provider => Exit::Provider,
            FailureKind::Overflow { .. } => Exit::Budget,
            FailureKind::Draft => Exit::Sandbox,
            FailureKind::Local => Exit::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// Something that ends brisk before, or beside, a turn.
#[derive(Debug)]
pub(super) struct Trouble {
    exit: Exit,
    message: String,
    hint: Option<String>,
}

impl Trouble {
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Trouble {
        Trouble { exit, message: message.into(), hint: None }
    }

    pub(super) fn usage(message: impl Into<String>) -> Trouble {
        Trouble::new(Exit::Usage, message)
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Trouble {
        self.hint = Some(hint.into());
        self
    }

    pub(super) const fn exit(&self) -> Exit {
        self.exit
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// The same, said by a flag: a mistake of usage.
    pub(super) fn into_usage(mut self) -> Trouble {
        self.exit = Exit::Usage;
        self
    }

    /// Says it on stderr.
    pub(super) fn report(&self) -> ExitCode {
        // A stderr that is gone leaves the exit code to speak.
        let _ = io::stderr().write_all(self.text().as_bytes());
        self.exit.into()
    }

    /// Message and hint, for a screen of brisk's own.
    pub(super) fn paragraph(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!("\n{hint}"));
        format!("{}{}", self.message, hint.unwrap_or_default())
    }

    fn text(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!("\nhint: {hint}\n"));
        format!("error: {}\n{}", self.message, hint.unwrap_or_default())
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Trouble {
        let exit = Exit::of_failure(failure.kind);
        Trouble { exit, message: failure.message, hint: failure.hint }
    }
}

impl From<ConfigError> for Trouble {
    fn from(error: ConfigError) -> Trouble {
        Trouble { exit: Exit::Config, message: error.to_string(), hint: error.hint }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::new(Exit::Failed, format!("the output cannot be written: {error}"))
    }
}

/// clap's own help goes to stdout with 0; what it refuses goes to stderr with 2.
pub(super) fn of_clap(error: &clap::Error) -> ExitCode {
    // A closed stdout (`brisk --help | head -1`) is no failure.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_and_then_what_to_do() {
        let trouble = Trouble::usage("no such thing").with_hint("try another");
        assert_eq!(trouble.text(), "error: no such thing\n\nhint: try another\n");
        assert_eq!(Trouble::usage("no").text(), "error: no\n");
    }

    #[test]
    fn every_exit_has_its_own_code_and_name() {
        for (index, row) in Exit::ALL.iter().enumerate() {
            for other in &Exit::ALL[index + 1..] {
                assert!(row.1 != other.1 && row.2 != other.2, "{row:?} {other:?}");
            }
        }
    }
}
