//! Brings everything from the copy into the tree, as one decision.

use super::apply_landing::{Ground, Landing, land};
use super::apply_plan::look;
use super::compare::{Difference, Side, candidates, difference};
use super::copy::Copy;
use super::store_node::{FileNode, Node, Raw};
use super::{ApplyError, FileError};
use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::PermissionsExt;

/// The paths that were written, sorted.
pub(super) fn apply_all(copy: &Copy, ground: Ground<'_>) -> Result<Vec<String>, ApplyError> {
    let mut landings = Vec::new();
    let mut settled = Vec::new();
    let mut conflicts = Vec::new();
    for path in candidates(copy) {
        // Of many files only one is held in memory.
        let Some(difference) = difference(copy, &path)? else { continue };
        let shown = || path.to_string_lossy().into_owned();
        let failed = |source| ApplyError::File(FileError::Io { path: shown(), source });
        match landing(copy, &ground, &difference).map_err(failed)? {
            Some(landing) if !difference.is_conflict => landings.push(landing),
            _ => conflicts.push(shown()),
        }
        settled.push((path, difference.new.fingerprint()));
    }
    if !conflicts.is_empty() {
        return Err(ApplyError::Conflict { paths: conflicts });
    }
    let keeps = |folder: &std::path::Path| copy.root().join(folder).is_dir();
    land(ground, landings, &keeps, &mut |_| Ok(()))?;
    let mut written = BTreeSet::new();
    for (path, content) in settled {
        copy.settle(&path, content);
        written.insert(path.to_string_lossy().into_owned());
    }
    Ok(written.into_iter().collect())
}

/// None if the tree is not what was compared any more.
fn landing(
    copy: &Copy,
    ground: &Ground<'_>,
    difference: &Difference,
) -> io::Result<Option<Landing>> {
    let path = difference.path.clone();
    let (found, _) = look(ground, &path)?;
    let is_same = match (&difference.old, &found) {
        (Side::File { bytes, executable }, Node::File(file)) => {
            ground.store.name(bytes) == file.blob && *executable == (file.mode & 0o100 != 0)
        }
        (Side::Link(target), Node::Link(found)) => *target == found.0,
        (Side::Absent, Node::Absent) | (Side::Other, Node::Folder(_)) => true,
        _ => false,
    };
    if !is_same {
        return Ok(None);
    }
    let new = match &difference.new {
        Side::Absent | Side::Other => Node::Absent,
        Side::Link(target) => Node::Link(Raw(target.clone())),
        Side::File { bytes, executable } => {
            let mode = match &found {
                Node::File(old) => with_executable(old.mode, *executable),
                _ => copy.root().join(&path).symlink_metadata()?.permissions().mode() & 0o777,
            };
            let blob = ground.store.put(bytes)?;
            Node::File(FileNode { blob, mode, owner: None, attributes: Vec::new() })
        }
    };
    let old = if found.is_folder() { Node::Absent } else { found };
    Ok(Some(Landing { path, old, new }))
}

/// A file's mode if it can be run, or not; git knows no more of it.
pub(super) const fn with_executable(mode: u32, executable: bool) -> u32 {
    match (mode & 0o100 != 0, executable) {
        // Who may read it may run it, as git does.
        (false, true) => mode | (mode & 0o444) >> 2,
        (true, false) => mode & !0o111,
        _ => mode,
    }
}
