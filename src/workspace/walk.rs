//! Which files of a tree count: all but git's own and those that ignore rules leave out.

use super::place::is_git;
use ignore::WalkBuilder;
use std::path::{Path, PathBuf};

/// Threads of a parallel walk.
const THREADS: usize = 4;

/// Hidden files count, links are not followed, `.gitignore` holds in a folder without git too.
/// `without` is a folder that does not count.
pub(super) fn walk(root: &Path, without: Option<PathBuf>) -> WalkBuilder {
    let mut walk = WalkBuilder::new(root);
    walk.hidden(false)
        .ignore(false)
        .parents(false)
        .require_git(false)
        .follow_links(false)
        .threads(THREADS)
        .filter_entry(move |entry| {
            // The root itself may have any name.
            let is_git = entry.depth() > 0 && is_git(entry.file_name());
            !is_git && without.as_deref() != Some(entry.path())
        });
    walk
}
