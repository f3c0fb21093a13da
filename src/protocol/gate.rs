//! Gates before they run: what each does, when, and who said so.

use super::{GateState, GateVerdict};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A check that runs on a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// `test`; where several projects are checked `web/test`.
    pub name: String,
    pub kind: GateKind,
    /// For `sh -c`.
    pub command: String,
    /// Where it runs, from the workspace's root; empty: there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub folder: String,
    /// What the command stands for where a file of the project says so: a package script, a recipe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    pub when: GateWhen,
    /// 0: no limit.
    pub timeout_seconds: u64,
    pub source: GateSource,
    /// The file that it writes its results to in SARIF, from `folder`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sarif: Option<String>,
}

impl Gate {
    /// What is to be said of it before it runs.
    pub fn waiting(&self) -> GateVerdict {
        GateVerdict {
            gate: self.name.clone(),
            command: self.command.clone(),
            state: GateState::Waiting,
            duration_ms: 0,
            summary: None,
            lines: Vec::new(),
            diagnostics: Vec::new(),
            output: None,
        }
    }
}

/// The cheap ones first: in this order gates run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateKind {
    Format,
    Lint,
    Types,
    Test,
    Scan,
}

/// The first occasion on which a gate runs; on the later ones it runs, too.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum GateWhen {
    /// After an edit of the agent's.
    Edit,
    /// At a turn's end.
    #[default]
    Turn,
    /// Before hunks are applied.
    Apply,
}

impl GateWhen {
    pub const ALL: [GateWhen; 3] = [GateWhen::Edit, GateWhen::Turn, GateWhen::Apply];

    /// As settings spell it.
    pub const fn name(self) -> &'static str {
        match self {
            GateWhen::Edit => "edit",
            GateWhen::Turn => "turn",
            GateWhen::Apply => "apply",
        }
    }
}

/// Who wants a gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateSource {
    /// A file of the project's, from the workspace's root.
    Found(String),
    /// The user's settings.
    Config,
}

impl fmt::Display for GateSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GateSource::Found(file) => write!(out, "found: {file}"),
            GateSource::Config => out.write_str("config"),
        }
    }
}

/// What the user's settings say of gates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateSettings {
    /// Look at the project for gates; else only those that are named here.
    pub find: bool,
    /// In the order in which they were written.
    pub gates: Vec<GateSetting>,
}

/// One gate of the settings. What is absent is as it was found, or the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GateSetting {
    pub name: String,
    pub run: GateRun,
    pub when: Option<GateWhen>,
    /// 0: no limit.
    pub timeout_seconds: Option<u64>,
    pub sarif: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum GateRun {
    /// The command that was found under this name.
    #[default]
    Found,
    Command(String),
    Off,
}
