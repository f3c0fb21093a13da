//! What the user sent before: walked with Up and Down, kept in a file, one JSON string a line.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Messages that are kept.
const ENTRIES_MAX: usize = 1000;
/// A file that is larger is not read: it is not ours.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

#[derive(Default)]
pub(crate) struct History {
    entries: Vec<String>,
    /// The entry shown now, and the draft that it stands in for.
    walk: Option<(usize, String)>,
    file: Option<PathBuf>,
}

impl History {
    /// Reads the file, if there is one; lines that cannot be read are skipped.
    pub(crate) fn open(file: Option<PathBuf>) -> Self {
        let entries = file.as_deref().map(read).unwrap_or_default();
        Self { entries, walk: None, file }
    }

    /// Remembers a message, here and in the file. A file that cannot be written is no trouble.
    pub(crate) fn push(&mut self, text: &str) {
        self.walk = None;
        if self.entries.last().is_some_and(|last| last == text) {
            return;
        }
        self.entries.push(text.to_string());
        if self.entries.len() > ENTRIES_MAX {
            self.entries.remove(0);
        }
        if let (Some(file), Ok(line)) = (&self.file, serde_json::to_string(text)) {
            let _ = append(file, &line);
        }
    }

    /// The message before the one shown; `draft` is kept for the way back.
    pub(crate) fn older(&mut self, draft: &str) -> Option<&str> {
        let (at, draft) = match self.walk.take() {
            None => (self.entries.len(), draft.to_string()),
            Some(walk) => walk,
        };
        let target = at.checked_sub(1);
        self.walk = (!self.entries.is_empty()).then(|| (target.unwrap_or(0), draft));
        target.map(|at| self.entries[at].as_str())
    }

    /// The message after the one shown, at last the draft.
    pub(crate) fn newer(&mut self) -> Option<String> {
        let (at, draft) = self.walk.take()?;
        match self.entries.get(at + 1) {
            Some(entry) => {
                self.walk = Some((at + 1, draft));
                Some(entry.clone())
            }
            None => Some(draft),
        }
    }

    pub(crate) const fn is_walking(&self) -> bool {
        self.walk.is_some()
    }

    /// The text was changed: it is a draft of its own.
    pub(crate) fn stop(&mut self) {
        self.walk = None;
    }
}

fn read(file: &Path) -> Vec<String> {
    let is_ours = std::fs::metadata(file).is_ok_and(|data| data.len() <= FILE_BYTES_MAX);
    if !is_ours {
        return Vec::new();
    }
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let mut entries: Vec<String> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if entries.len() > 2 * ENTRIES_MAX {
        entries.drain(..entries.len() - ENTRIES_MAX);
        rewrite(file, &entries);
    }
    entries.drain(..entries.len().saturating_sub(ENTRIES_MAX));
    entries
}

fn rewrite(file: &Path, entries: &[String]) {
    let lines: Vec<_> =
        entries.iter().filter_map(|entry| serde_json::to_string(entry).ok()).collect();
    let new = file.with_extension("new");
    let _ = std::fs::remove_file(&new);
    if append(&new, &lines.join("\n")).is_ok() {
        let _ = std::fs::rename(&new, file);
    }
}

fn append(file: &Path, line: &str) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
    file.write_all(format!("{line}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_from_the_file_newlines_and_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state/history");
        let mut history = History::open(Some(file.clone()));
        history.push("one\ntwo");
        history.push("three");
        history.push("three");
        let mut again = History::open(Some(file));
        assert_eq!(again.older("draft"), Some("three"));
        assert_eq!(again.older(""), Some("one\ntwo"));
        assert_eq!(again.older(""), None);
        assert_eq!(again.newer().as_deref(), Some("three"));
        assert_eq!(again.newer().as_deref(), Some("draft"));
        assert_eq!(again.newer(), None);
    }

    #[test]
    fn a_long_file_is_cut_when_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history");
        let entries: Vec<_> = (0..=2 * ENTRIES_MAX).map(|number| number.to_string()).collect();
        rewrite(&file, &entries);
        let mut history = History::open(Some(file.clone()));
        assert_eq!(history.entries.len(), ENTRIES_MAX);
        assert_eq!(history.older(""), Some("2000"));
        assert_eq!(std::fs::read_to_string(file).unwrap().lines().count(), ENTRIES_MAX);
    }
}
