//! Every question to the human, and its reply: one mechanism for all.

use super::{AskId, CallId, Change, Decision, FileSummary, GateVerdict, Guarded};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    pub id: AskId,
    pub question: Question,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// May this command run?
    Run {
        call: CallId,
        /// The exact bytes that would run.
        command: String,
        folder: String,
        class: Class,
        why: String,
        /// The narrow rule that `Answer::Always` would make: the first words of the command.
        /// Absent where none may be offered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<Vec<String>>,
    },
    /// May these changes be written into the user's files?
    Apply {
        call: CallId,
        changes: Vec<Change>,
        /// The file changed while the question was open: this is the new difference.
        #[serde(default)]
        again: bool,
    },
    /// What of the draft goes into the tree? Asked when a turn has ended; the lines are asked of the
    /// session's handle.
    Review {
        /// Of the draft, as in `DraftEvent::Changed`.
        revision: u64,
        files: Vec<FileSummary>,
        /// What needs a typed yes.
        #[serde(default)]
        guards: Vec<Guarded>,
    },
    /// May the project's checks run on the draft? Asked once for a list of them.
    Gates { gates: Vec<GateVerdict> },
    /// The plan, before the first edit.
    Plan {
        call: CallId,
        steps: Vec<String>,
        /// One clause: why it is asked about.
        why: String,
        /// It was asked about before, and has changed.
        #[serde(default)]
        again: bool,
    },
    /// The model asks; free text is always an answer too.
    Choose { call: CallId, text: String, options: Vec<String> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Yes,
    /// Yes, and the question's rule is in force for the rest of the session.
    Always,
    No {
        /// Goes to the model.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    /// Of an `Apply`: these hunks and no others. The comment goes to the model.
    Hunks {
        accepted: Vec<HunkRef>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    /// Of a `Review`.
    Decision(Decision),
    /// Of a `Review`: it stays as it is, pending.
    Later,
    /// Of a `Choose`.
    Text(String),
}

/// A hunk of an `Apply`: which of its changes, which hunk of that; from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HunkRef {
    pub change: usize,
    pub hunk: usize,
}

/// What a command line is by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Wholly understood, and it changes nothing.
    ReadOnly,
    NeedsApproval,
    Dangerous,
}

impl Class {
    pub const fn name(self) -> &'static str {
        match self {
            Class::ReadOnly => "read-only",
            Class::NeedsApproval => "needs-approval",
            Class::Dangerous => "dangerous",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Allow,
    Ask,
    Deny,
}

impl Verdict {
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Allow => "allow",
            Verdict::Ask => "ask",
            Verdict::Deny => "deny",
        }
    }
}

/// What the policy says of a command line or of an edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    pub verdict: Verdict,
    pub class: Class,
    /// One clause for people and models: `runs code of the project`.
    pub why: String,
}
