//! What a user may set while a session runs, and what is in force.

use super::{Effort, Verbosity};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How much may happen without a question; the table is in the interface contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    Plan,
    #[default]
    Confirm,
    AutoEdit,
    /// Needs a budget that the user named.
    Autopilot,
}

impl Mode {
    pub const ALL: [Mode; 4] = [Mode::Plan, Mode::Confirm, Mode::AutoEdit, Mode::Autopilot];

    pub const fn name(self) -> &'static str {
        match self {
            Mode::Plan => "plan",
            Mode::Confirm => "confirm",
            Mode::AutoEdit => "auto-edit",
            Mode::Autopilot => "autopilot",
        }
    }

    /// The next one that Shift+Tab reaches; autopilot is never reached by it.
    pub const fn next(self) -> Mode {
        match self {
            Mode::Confirm => Mode::Plan,
            Mode::Plan => Mode::AutoEdit,
            Mode::AutoEdit | Mode::Autopilot => Mode::Confirm,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// How thorough an answer is to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Depth {
    /// As the service has it.
    #[default]
    Auto,
    Brief,
    Normal,
    Deep,
}

impl Depth {
    pub const ALL: [Depth; 4] = [Depth::Auto, Depth::Brief, Depth::Normal, Depth::Deep];

    pub const fn name(self) -> &'static str {
        match self {
            Depth::Auto => "auto",
            Depth::Brief => "brief",
            Depth::Normal => "normal",
            Depth::Deep => "deep",
        }
    }

    /// The effort to wish for; None: the service's default.
    pub const fn effort(self) -> Option<Effort> {
        match self {
            Depth::Auto => None,
            Depth::Brief => Some(Effort::Low),
            Depth::Normal => Some(Effort::Medium),
            Depth::Deep => Some(Effort::High),
        }
    }

    /// The verbosity to wish for; None: the service's default.
    pub const fn verbosity(self) -> Option<Verbosity> {
        match self {
            Depth::Auto => None,
            Depth::Brief => Some(Verbosity::Low),
            Depth::Normal => Some(Verbosity::Medium),
            Depth::Deep => Some(Verbosity::High),
        }
    }
}

impl fmt::Display for Depth {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Where the agent's edits land.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TreeKind {
    /// In the user's files, each edit after a yes.
    InPlace,
    /// In a copy-on-write view of the tree, at the same path; the tree changes only by decisions.
    Draft,
    /// In a temporary copy; the tree changes only when the result is applied.
    Copy,
}

impl fmt::Display for TreeKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            TreeKind::InPlace => "in place",
            TreeKind::Draft => "draft",
            TreeKind::Copy => "copy",
        })
    }
}

/// What holds the agent's commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Walls {
    None,
}

/// What network the agent's commands have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Net {
    Open,
}

/// Who may type into a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pen {
    User,
    Agent,
}

/// Whose a terminal is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// The agent works there, and the user may type.
    #[default]
    Shared,
    /// The user's alone: in the tree itself, out of the agent's reach.
    User,
}

/// The most that a turn may use. Tokens are new ones: uncached input, cache writes, output.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    pub tokens: u64,
    /// Dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    Mode(Mode),
    /// A name from the configured models; in force with the next request.
    Model(String),
    /// In force with the next request.
    Depth(Depth),
    /// In force at once, for the running turn too.
    Budget(Budget),
    /// A rule for the rest of the session: commands that start with these words need no question.
    Allow(Vec<String>),
}
