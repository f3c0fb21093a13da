//! Copies that a killed brisk left behind: found by the lock that no process holds any more.

use super::{ground, replay};
use crate::protocol::{Body, SessionEvent, TreeKind};
use crate::workspace::RECORDS;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Session folders that one sweep looks at.
const SESSIONS_MAX: usize = 10_000;
/// Of a journal: enough for its first event.
const HEADER_BYTES_MAX: u64 = 64 * 1024;
const LOCK: &str = "lock";
/// Where a session works, if not in the tree.
pub(super) const COPY: &str = "copy";

/// Marks a session's folder as one in use, for as long as the file lives.
pub(super) fn hold(session: &Path) -> io::Result<File> {
    let file = File::create(session.join(LOCK))?;
    file.lock()?;
    Ok(file)
}

/// Removes the copies of sessions that have ended without doing so. Journals are never touched.
pub(super) fn sweep(sessions: &Path) {
    let Ok(folders) = fs::read_dir(sessions) else { return };
    for folder in folders.take(SESSIONS_MAX).flatten().map(|entry| entry.path()) {
        let copy = folder.join(COPY);
        // What was on its way into a tree is ended by the next session there.
        if copy.exists() && !copy.join(RECORDS).exists() && is_abandoned(&folder) {
            // What cannot be removed now is tried again at the next start.
            let _ = fs::remove_dir_all(copy);
        }
    }
}

fn is_abandoned(session: &Path) -> bool {
    abandoned(session).is_some()
}

/// Holds the lock of a session that nobody holds.
fn abandoned(session: &Path) -> Option<File> {
    // Without one it is being made, or it is no session's.
    let file = File::open(session.join(LOCK)).ok()?;
    file.try_lock().is_ok().then_some(file)
}

/// Ends what sessions in this tree had begun when they were killed: a decision that was half in the
/// tree is whole or gone, what was pending becomes a patch. What came of it, a sentence each.
pub(super) fn recover(sessions: &Path, root: &Path) -> Vec<String> {
    let Ok(folders) = fs::read_dir(sessions) else { return Vec::new() };
    let mut told = Vec::new();
    for session in folders.take(SESSIONS_MAX).flatten().map(|entry| entry.path()) {
        if !ground::is_unfinished(&session) {
            continue;
        }
        let Some(lock) = abandoned(&session) else { continue };
        if let Some((_, tree)) = tree_of(&session).filter(|(folder, _)| folder == root) {
            told.extend(ground::finish(&session, root, tree));
        }
        drop(lock);
    }
    told
}

/// Whether a process holds a session.
pub(super) fn is_live(session: &Path) -> bool {
    session.join(LOCK).exists() && !is_abandoned(session)
}

/// The tree that a session worked in, and how.
pub(super) fn tree_of(session: &Path) -> Option<(PathBuf, TreeKind)> {
    let mut bytes = Vec::new();
    let journal = File::open(session.join("journal.jsonl")).ok()?;
    journal.take(HEADER_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    match &replay(&bytes).events.first()?.body {
        Body::Session(SessionEvent::Started { folder, tree, .. }) => {
            Some((PathBuf::from(folder), *tree))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_holds_is_swept() {
        let sessions = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let folder = sessions.path().join(name);
            fs::create_dir_all(folder.join(COPY)).unwrap();
            fs::write(folder.join("journal.jsonl"), "").unwrap();
            folder
        };
        let (alive, dead, starting) = (make("alive"), make("dead"), make("starting"));
        let held = hold(&alive).unwrap();
        drop(hold(&dead).unwrap());
        sweep(sessions.path());
        assert!(alive.join(COPY).exists() && starting.join(COPY).exists());
        assert!(!dead.join(COPY).exists() && dead.join("journal.jsonl").exists());
        drop(held);
        sweep(sessions.path());
        assert!(!alive.join(COPY).exists());
    }
}
