//! What a conversation is made of. The items of a session, in order, are both what the user reads
//! and what the model is sent.

use super::{CallId, Change};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// Told to the model before the first prompt: the surroundings, or a rules file.
    Context {
        name: String,
        text: String,
    },
    User {
        text: String,
        kind: UserKind,
    },
    Assistant {
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opaque: Option<Opaque>,
    },
    /// Reasoning, or its summary; empty where the provider hides it.
    Thought {
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opaque: Option<Opaque>,
    },
    Call {
        call: CallId,
        tool: String,
        /// As the model sent them: possibly no JSON.
        arguments: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opaque: Option<Opaque>,
    },
    Result {
        call: CallId,
        outcome: Outcome,
        /// Exactly what the model reads.
        text: String,
        detail: Detail,
    },
    /// A change that a call proposed, and what became of it. Not sent to the model.
    Edit {
        call: CallId,
        change: Change,
        state: EditState,
    },
    /// The visible plan; each replaces the one before. Not sent to the model.
    Plan {
        steps: Vec<PlanStep>,
    },
    /// Told to the model by brisk itself: a limit was reached, the turn was interrupted.
    Note {
        text: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserKind {
    Prompt,
    Steer,
}

/// What a provider wants back as it came. It goes to the same service, dialect and model, and to no
/// other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opaque {
    /// By name; None: not known, as in older journals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    pub dialect: String,
    pub model: String,
    pub value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done,
    /// The tool could not do it; the text says why.
    Failed,
    /// The policy or the user said no.
    Refused,
    /// The turn ended before it was done.
    Interrupted,
}

/// What people want to know of a result at a glance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    Run {
        command: String,
        state: TermState,
        /// Absent: not known, or still running.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit: Option<i32>,
        duration_ms: u64,
        /// Lines of the whole output.
        lines: u64,
        /// Where the whole output is, if the model got only a part of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
    },
    Keys {
        keys: String,
        state: TermState,
    },
    Read {
        path: String,
        from: u64,
        to: u64,
        lines: u64,
    },
    Edit {
        path: String,
        added: usize,
        removed: usize,
    },
    Tell,
    /// A call that was not understood or not allowed.
    None,
}

/// What the program in a terminal is doing, as far as can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermState {
    /// At the shell's prompt: the command has ended.
    Done,
    Running,
    WaitsForLine,
    Password,
    FullScreen,
    /// The shell itself has ended.
    Exited,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EditState {
    /// Asked about; nothing is written.
    Proposed,
    /// All of it is in the tree.
    Written,
    /// Some hunks are in the tree, the others were left out.
    Partly,
    /// In the copy, not in the tree.
    Pending,
    Rejected,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanStep {
    pub text: String,
    pub state: PlanState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    Todo,
    Doing,
    Done,
}
