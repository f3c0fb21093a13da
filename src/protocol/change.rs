//! A change of one file, as people and models are shown it.

use super::{Author, ChangeId, FileSummary};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    #[serde(default)]
    pub id: ChangeId,
    /// From the workspace's root, with `/`; for people (bytes that are no UTF-8 are replaced).
    pub path: String,
    pub kind: ChangeKind,
    /// Of a renamed file: its path before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// In the order of the file; empty for a binary file and for a mere change of mode.
    pub hunks: Vec<Hunk>,
    /// What the hunks cannot show: `binary, 1.2 MB`, `mode 644 to 755`, `links to ../x`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Without repetition; empty where it is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<Author>,
    /// Tree and draft both changed, and the two cannot be merged: it is not applied as it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conflict: bool,
}

impl Change {
    /// A change of which no more is known yet.
    pub fn new(path: impl Into<String>, kind: ChangeKind, hunks: Vec<Hunk>) -> Change {
        Change {
            id: ChangeId::default(),
            path: path.into(),
            kind,
            from: None,
            hunks,
            note: None,
            by: Vec::new(),
            conflict: false,
        }
    }

    pub fn summary(&self) -> FileSummary {
        let (added, removed) = self.counts();
        FileSummary {
            id: self.id.clone(),
            path: self.path.clone(),
            kind: self.kind,
            added,
            removed,
            hunks: self.hunks.len(),
            by: self.by.clone(),
            conflict: self.conflict,
        }
    }

    /// Lines (added, removed).
    pub fn counts(&self) -> (usize, usize) {
        let of = |kind| {
            let lines = self.hunks.iter().flat_map(|hunk| &hunk.lines);
            lines.filter(|line| line.kind == kind).count()
        };
        (of(LineKind::Added), of(LineKind::Removed))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    Created,
    Modified,
    Deleted,
    /// And perhaps modified, too.
    Renamed,
}

/// One contiguous change with its context. Line numbers count from 1; of an empty side the start
/// is the line before, as in a unified diff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunk {
    pub old_start: u32,
    pub old_lines: u32,
    pub new_start: u32,
    pub new_lines: u32,
    /// The line that opens the enclosing definition, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    pub lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub kind: LineKind,
    /// Without its line ending; bytes that are no UTF-8 are replaced.
    pub text: String,
    /// False for a last line that no newline ends.
    #[serde(default = "ended", skip_serializing_if = "is_ended")]
    pub ended: bool,
}

const fn ended() -> bool {
    true
}

const fn is_ended(ended: &bool) -> bool {
    *ended
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    Same,
    Removed,
    Added,
}
