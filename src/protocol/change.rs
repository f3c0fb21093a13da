//! A change of one file, as people and models are shown it.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// From the workspace's root, with `/`; for people (bytes that are no UTF-8 are replaced).
    pub path: String,
    pub kind: ChangeKind,
    /// In the order of the file; empty for a binary file and for a mere change of mode.
    pub hunks: Vec<Hunk>,
    /// What the hunks cannot show: `binary, 1.2 MB`, `mode 644 to 755`, `links to ../x`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Change {
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
