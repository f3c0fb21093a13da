//! The words that rooms exchange. No I/O, no async, no defaults from the environment.
//!
//! A front end sends [`Op`]s into a session and consumes its [`Event`]s; everything durable that
//! happened is in those events, so a journal of them rebuilds the same state. Every enum here is
//! externally tagged on the wire, in snake case.

mod ask;
mod change;
mod compacted;
mod event;
mod facts;
mod gate;
mod ids;
mod item;
mod key;
mod launch;
mod op;
mod review;
mod screen;
mod scrollback;
mod service;
mod setting;
mod tool;
mod usage;

pub use ask::{Answer, Ask, Class, HunkRef, Judgement, Question, Verdict};
pub use change::{Change, ChangeKind, Hunk, Line, LineKind};
pub use compacted::{Compacted, Masked, Shortened};
pub use event::{
    AskEvent, Body, Delta, DraftEvent, End, Event, Excess, Failure, FailureKind, Limit, Notice,
    NoticeLevel, Queued, SessionEvent, TermEvent, TurnEvent, UsageEvent,
};
pub use facts::{
    Facts, GuardPaths, Import, InterfaceChange, InterfaceKind, Side, Spot, TestChange, TestKind,
    Touched,
};
pub use gate::{Gate, GateKind, GateRun, GateSetting, GateSettings, GateSource, GateWhen};
pub use ids::{AskId, CallId, OpId, SessionId, TermId, TurnId};
pub use item::{
    Detail, EditState, Item, Opaque, Outcome, PlanState, PlanStep, TermState, UserKind,
};
pub use key::{Key, KeyCode};
pub use launch::{Launch, ShellKind};
pub use op::{Input, Op, Request};
pub use review::{
    Author, ChangeId, Decision, Diagnostic, FileSummary, GateState, GateVerdict, Guarded, HunkPick,
    Keep, LineComment, Pick, Severity,
};
pub use screen::{Attributes, Cell, Color, Cursor, CursorShape, Modes, Quality, Screen, Size};
pub use scrollback::{CellStyle, LineAt, Scrollback, TextBlock};
pub use service::{
    Api, EditFormat, Effort, Found, ModelSpec, Secret, Service, Thinking, Verbosity,
};
pub use setting::{Budget, Depth, Mode, Net, Owner, Pen, Setting, TreeKind, Walls};
pub use tool::Tool;
pub use usage::{Price, Usage};
