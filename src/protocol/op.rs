//! What a front end may ask of a session.

use super::{
    Answer, AskId, ChangeId, Decision, Keep, Key, LineComment, OpId, Pen, Pick, Setting, Size,
    TermId, TurnId,
};
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
    /// Decides parts of the draft, at any time.
    Decide(Decision),
    /// Writes a hunk's new side anew, in the draft: `text` replaces its same and added lines.
    Amend {
        change: ChangeId,
        hunk: usize,
        text: String,
    },
    /// Settles a conflict.
    Resolve {
        change: ChangeId,
        keep: Keep,
    },
    /// Goes to the model, all at once: to the running turn, or as a turn of its own.
    Comment(Vec<LineComment>),
    /// Runs the gates on these parts alone; empty: on the whole draft. Cancels a run under way.
    Gate {
        picks: Vec<Pick>,
    },
    /// Takes the newest decision or turn back; Redo, the newest undo.
    Undo,
    Redo,
    /// Takes chat and files back to where they were before this turn; `Undo` takes it back.
    Rewind {
        turn: TurnId,
    },
    /// Makes a real commit of what was accepted; without a message one is proposed first.
    Commit {
        message: Option<String>,
    },
    Set(Setting),
    /// Makes the conversation shorter for the model; no turn may run.
    Compact,
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
