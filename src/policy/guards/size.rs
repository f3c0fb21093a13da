//! Changes that nobody reads in one sitting.

use super::paths::is_generated;
use super::{Found, Looked};
use crate::protocol::{Change, ChangeKind, Guarded};

const GUARD: &str = "large";
/// Added and removed, of one file.
const LINES_MAX: usize = 500;
/// Added and removed, of all that would land at once.
const ALL_LINES_MAX: usize = 1_000;
const FILES_MAX: usize = 30;

pub(super) fn look(looked: &Looked<'_>, found: &mut Found<'_>) {
    let lines = lines(looked.change);
    if lines > LINES_MAX {
        found.whole(GUARD, &format!("changes {lines} lines of one file"));
    }
}

/// Of a file that a person reads: what is deleted is guarded for itself.
fn lines(change: &Change) -> usize {
    let (added, removed) = change.counts();
    let unread = change.kind == ChangeKind::Deleted || is_generated(&change.path);
    if unread { 0 } else { added + removed }
}

/// Whether all that would land at once is too much; told of the change with the most lines.
pub fn large(changes: &[Change]) -> Option<Guarded> {
    let all: usize = changes.iter().map(lines).sum();
    let files = changes.iter().filter(|change| !is_generated(&change.path)).count();
    let most = changes.iter().max_by_key(|change| lines(change))?;
    (all > ALL_LINES_MAX || files > FILES_MAX).then(|| Guarded {
        guard: GUARD.to_owned(),
        id: most.id.clone(),
        path: most.path.clone(),
        hunk: None,
        why: format!("is a part of {all} changed lines in {files} files"),
    })
}
