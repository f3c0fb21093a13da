//! What a review of the draft is made of: what changed and who did it, what the user decides of it,
//! what gates and guards say.

use super::ChangeKind;
use serde::{Deserialize, Serialize};

/// Of both sides of a change, content and mode: what was shown is what is decided. A change that
/// became another one has another id.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChangeId(pub String);

/// Who made a change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The agent's edit tool.
    Edit,
    /// A command of the agent's, as it was run.
    Command(String),
    /// The user, in the shared terminal or in a hunk.
    User,
}

/// A changed file without its lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSummary {
    pub id: ChangeId,
    /// From the workspace's root; for people.
    pub path: String,
    pub kind: ChangeKind,
    pub added: usize,
    pub removed: usize,
    pub hunks: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<Author>,
    /// Tree and draft both changed, and the two cannot be merged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conflict: bool,
}

/// A part of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick {
    pub id: ChangeId,
    /// None: all of it, mode and kind included. A change without hunks is picked whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hunks: Option<Vec<HunkPick>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HunkPick {
    /// From 0.
    pub hunk: usize,
    /// Indices into the hunk's lines; of those only removed and added ones count. None: the whole hunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<usize>>,
}

/// What the user decides of the draft. What is in neither list stays pending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Goes into the tree: all of it, or nothing.
    pub accept: Vec<Pick>,
    /// Is taken back in the draft.
    pub reject: Vec<Pick>,
    /// Goes to the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The user typed `yes` in full: guarded changes are meant, too.
    #[serde(default)]
    pub typed: bool,
}

/// Said of one line of a change; goes to the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineComment {
    pub path: String,
    /// In the draft, from 1; of a removed line the one in the tree.
    pub line: u32,
    /// The line itself.
    pub quoted: String,
    pub text: String,
}

/// How a conflict is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// The draft's side: from now on it is shown against the tree as it is.
    Draft,
    /// The tree's side: the draft's is given up.
    Tree,
}

/// A change that always needs a human.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guarded {
    /// The guard's name: `dependencies`, `ci`, `auth`, `interface`, or a configured one.
    pub guard: String,
    pub id: ChangeId,
    pub path: String,
    /// Absent: the file as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hunk: Option<usize>,
    /// One clause: `removes the public function send`.
    pub why: String,
}

/// What a gate says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateVerdict {
    pub gate: String,
    /// The command line that it runs.
    pub command: String,
    pub state: GateState,
    pub duration_ms: u64,
    /// What it counted: `41/41` tests, `3 errors`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The first lines that say why it failed, cleaned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<Diagnostic>,
    /// The file that holds all of its output, if there was any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    Waiting,
    Running,
    Passed,
    Failed {
        /// Absent: it could not be started, or was ended by a signal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit: Option<i32>,
    },
    TimedOut,
    /// The selection changed, or the user stopped it.
    Cancelled,
}

/// A scanner's or compiler's word on a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// From the workspace's root.
    pub path: String,
    /// From 1.
    pub line: u32,
    pub severity: Severity,
    /// The tool and its rule: `semgrep jitter-not-crypto`.
    pub source: String,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Note,
    Warning,
    Error,
}
