//! Copies that a killed brisk left behind: found by the lock that no process holds any more.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

/// Session folders that one sweep looks at.
const SESSIONS_MAX: usize = 10_000;
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
        if copy.exists() && is_abandoned(&folder) {
            // What cannot be removed now is tried again at the next start.
            let _ = fs::remove_dir_all(copy);
        }
    }
}

fn is_abandoned(session: &Path) -> bool {
    match File::open(session.join(LOCK)) {
        Ok(file) => !matches!(file.try_lock(), Err(TryLockError::WouldBlock)),
        // It is being made, or it is no session's.
        Err(_) => false,
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
