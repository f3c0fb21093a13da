//! What a session says: nine families, each a small enum.

use super::{
    Answer, Ask, AskId, Budget, Compacted, Decision, FileSummary, GateVerdict, Guarded, Item, Mode,
    Net, OpId, Owner, Pen, Pick, Quality, SessionId, Setting, ShellKind, TermId, TreeKind, TurnId,
    Usage, Walls,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// From 1, without gaps among the durable ones; 0 for an event that is not durable.
    pub seq: u64,
    /// Milliseconds since 1970, UTC.
    pub at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<TurnId>,
    /// The op that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op: Option<OpId>,
    pub body: Body,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    Session(SessionEvent),
    Turn(TurnEvent),
    Item(Item),
    Delta(Delta),
    Ask(AskEvent),
    Term(TermEvent),
    Draft(DraftEvent),
    Usage(UsageEvent),
    Setting(Setting),
    Notice(Notice),
}

impl Body {
    /// Whether it is journaled: everything but what the next event makes stale.
    pub const fn is_durable(&self) -> bool {
        !matches!(
            self,
            Body::Delta(_)
                | Body::Term(TermEvent::Changed { .. })
                | Body::Usage(UsageEvent::Projected { .. })
        )
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEvent {
    Started {
        session: SessionId,
        version: String,
        /// The user's tree.
        folder: String,
        tree: TreeKind,
        walls: Walls,
        net: Net,
        mode: Mode,
        model: String,
        /// Tokens that the model's prompt may have; 0 if not known.
        window: u64,
        budget: Budget,
    },
    /// The session goes on from its journal, in a new process.
    Resumed {
        version: String,
    },
    /// So many tokens may a prompt of the model have: another model was chosen, or its service
    /// said so.
    Window {
        tokens: u64,
    },
    /// The model is told less of the conversation from here on.
    Compacted(Compacted),
    Ended,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnEvent {
    Started {
        turn: TurnId,
        budget: Budget,
    },
    /// A model request is about to be sent.
    Step {
        step: u32,
    },
    /// The prompts that wait for the turn's end.
    Queue(Vec<Queued>),
    /// The last queued prompt was taken out again.
    Unqueued {
        text: String,
    },
    Ended {
        turn: TurnId,
        end: End,
        usage: Usage,
        cost: Option<f64>,
        steps: u32,
        duration_ms: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Queued {
    pub text: String,
    /// True: it is read with the next request of this turn. False: it becomes a turn.
    pub steer: bool,
}

/// Why a turn ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    Done,
    Failed(Failure),
    Limit(Limit),
    Infeasible { why: String, evidence: String },
    Interrupted,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The next request would need `needed` tokens, `left` are left of `limit`.
    Tokens {
        needed: u64,
        left: u64,
        limit: u64,
    },
    /// Dollars.
    Cost {
        limit: f64,
    },
    Steps {
        limit: u32,
    },
    Time {
        seconds: u64,
    },
}

/// Trouble that ended something, as a sentence with a hint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    #[serde(flatten)]
    pub kind: FailureKind,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FailureKind {
    /// A key is missing or refused.
    Credentials,
    /// Some other setting is wrong: an unknown model, say.
    Config,
    /// The service did not answer, or not as it should.
    Provider,
    /// The conversation no longer fits the model's window: by how much, where the service said so.
    Overflow {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        excess: Option<Excess>,
    },
    /// Neither a draft nor a copy of the tree can be had, where one is needed.
    Draft,
    /// Disk, terminal, journal: this machine.
    Local,
}

/// What a service counted, in tokens: the prompt, and what fits its model's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excess {
    pub tokens: u64,
    pub window: u64,
}

/// A piece of a reply that is still coming.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delta {
    Text(String),
    Thought(String),
    /// Bytes of a tool call's arguments so far.
    Arguments {
        tool: String,
        bytes: u64,
    },
    /// What came of this reply so far is void: the request is made again.
    Restart,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskEvent {
    Opened(Ask),
    Answered {
        ask: AskId,
        answer: Answer,
    },
    /// Nobody needs to answer any more.
    Withdrawn {
        ask: AskId,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermEvent {
    Opened {
        term: TermId,
        shell: ShellKind,
        name: String,
        pid: u32,
        #[serde(default)]
        owner: Owner,
    },
    /// The agent's commands run here from now on.
    Chosen {
        term: TermId,
    },
    /// A command goes on here in the background.
    Job {
        term: TermId,
        command: String,
    },
    /// It has ended. `exit`: absent if it is not known.
    JobEnded {
        term: TermId,
        exit: Option<i32>,
        duration_ms: u64,
    },
    /// A program asks for a secret, or no longer does.
    Secret {
        term: TermId,
        on: bool,
    },
    /// How well the ends of commands can be told now.
    Quality {
        term: TermId,
        quality: Quality,
    },
    /// There is something new to draw.
    Changed {
        term: TermId,
        revision: u64,
    },
    Pen {
        term: TermId,
        pen: Pen,
    },
    Exited {
        term: TermId,
        exit: Option<i32>,
    },
    /// It is gone, and its number is not used again.
    Closed {
        term: TermId,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftEvent {
    /// The user's repository as it stands.
    Tree { branch: Option<String>, dirty: u64 },
    /// Draft against tree. The lines are asked of the session's handle.
    Changed { revision: u64, files: Vec<FileSummary> },
    /// What guards say of the draft.
    Guarded { guards: Vec<Guarded> },
    /// What gates say of these parts; no parts: of the whole draft. Each event has all gates.
    Gated { picks: Vec<Pick>, gates: Vec<GateVerdict> },
    /// The user decided.
    Decided(Decision),
    /// These paths were written into the tree.
    Applied { paths: Vec<String> },
    /// The user's own changes came into the draft; of `merged` paths both sides' are in it now.
    Carried { paths: Vec<String>, merged: Vec<String> },
    /// A decision or a turn was taken back, or an undo was: what, in words.
    Undone { what: String, redo: bool },
    /// Chat and files are as they were before this turn.
    Rewound { turn: TurnId },
    /// The newest rewind was taken back.
    Returned,
    /// A commit was made: its short id and its first line.
    Committed { commit: String, subject: String },
}

impl DraftEvent {
    /// Whether it is something that happened, as opposed to how things stand.
    pub const fn is_told(&self) -> bool {
        !matches!(
            self,
            DraftEvent::Tree { .. }
                | DraftEvent::Changed { .. }
                | DraftEvent::Guarded { .. }
                | DraftEvent::Gated { .. }
        )
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageEvent {
    /// Before a request: what it may take at the most, by estimate.
    Projected { input: u64, reserved: u64 },
    /// After a request.
    Counted { usage: Usage, cost: Option<f64>, model: String, duration_ms: u64 },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub level: NoticeLevel,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeLevel {
    Info,
    Warning,
    Error,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_flat_object_with_or_without_the_numbers_of_an_overflow() {
        let excess = Excess { tokens: 44_055, window: 8192 };
        for (excess, line) in [
            (None, r#"{"kind":"overflow","message":"m"}"#),
            (
                Some(excess),
                r#"{"kind":"overflow","excess":{"tokens":44055,"window":8192},"message":"m"}"#,
            ),
        ] {
            let kind = FailureKind::Overflow { excess };
            let failure = Failure { kind, message: "m".into(), hint: None };
            assert_eq!(serde_json::to_string(&failure).expect("JSON"), line);
            assert_eq!(serde_json::from_str::<Failure>(line).expect("a failure"), failure);
        }
    }
}
