//! What a front end may ask of a session.

use super::{Answer, AskId, Key, OpId, Pen, Setting, Size, TermId};
use serde::{Deserialize, Serialize};

/// An [`Op`] with the number its sender gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub id: OpId,
    pub op: Op,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Starts a turn; while one runs it is queued.
    Prompt {
        text: String,
    },
    /// Said to the running turn: the model reads it with its next request. Starts a turn if none runs.
    Steer {
        text: String,
    },
    /// Kept until the running turn has ended, then a turn of its own.
    Queue {
        text: String,
    },
    /// Takes the last queued prompt out again; a `Turn(Unqueued)` event carries its text.
    Unqueue,
    /// Stops the model at once; if a command runs in the agent's terminal and no request is under
    /// way, interrupts that command.
    Interrupt,
    Answer {
        ask: AskId,
        answer: Answer,
    },
    Set(Setting),
    /// What the user typed into a terminal.
    Input {
        term: TermId,
        input: Input,
    },
    Pen {
        term: TermId,
        pen: Pen,
    },
    /// The panes' size: every terminal's.
    Resize {
        size: Size,
    },
    /// Opens a terminal that the user alone types in, in the tree itself.
    OpenTerm,
    /// Ends a terminal and everything that runs in it.
    CloseTerm {
        term: TermId,
    },
    /// The command that the agent waits for goes on in the background; the agent goes on, too.
    Background,
    /// Ends the session: the turn is interrupted, children are ended, the journal is closed.
    Shutdown,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    Key(Key),
    /// Pasted text; bracketed only where the program asked for it.
    Paste(String),
}
