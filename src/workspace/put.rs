//! Writes into a copy or a draft: each file atomically, and what was written is taken back if a
//! later one cannot be. Nothing is kept of what was there: copy and draft are brisk's own.

use super::FileError;
use super::folder::Folder;
use super::install::{Base, InstallError, install, uninstall};
use super::proposal::Proposal;
use super::relocate::relocate;
use super::together::{Put, PutError};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What goes, goes last: it is the hardest to take back.
pub(super) fn put_all(root: &Path, puts: &[Put<'_>]) -> Result<(), PutError> {
    let mut order: Vec<usize> = (0..puts.len()).collect();
    order.sort_by_key(|index| puts[*index].new.is_none());
    let mut done = Vec::new();
    for index in order {
        let before = Before::of(root, &puts[index]);
        match put(root, &puts[index]) {
            Ok(()) => done.push((&puts[index], before)),
            Err(error) => return Err(taken_back(root, &done, failed(index, puts, error))),
        }
    }
    Ok(())
}

fn failed(index: usize, puts: &[Put<'_>], error: InstallError) -> PutError {
    let path = puts[index].proposal.change.path.clone();
    match error {
        InstallError::Moved => PutError::Moved(index),
        InstallError::ReadOnly => PutError::File(FileError::ReadOnly { path }),
        InstallError::Io(source) => PutError::File(FileError::Io { path, source }),
    }
}

fn taken_back(root: &Path, done: &[(&Put<'_>, Before)], error: PutError) -> PutError {
    let stays = done.iter().rev().filter(|(put, before)| !take_back(root, put, before));
    let written: Vec<String> = stays.map(|(put, _)| put.proposal.change.path.clone()).collect();
    if written.is_empty() { error } else { PutError::Partly { written, error: Box::new(error) } }
}

fn put(root: &Path, put: &Put<'_>) -> Result<(), InstallError> {
    let Proposal { place, from, base, .. } = put.proposal;
    if let (Some(from), Some(new)) = (from, &put.new) {
        return relocate(root, (from, place), put.proposal.old(), new);
    }
    let (folder, made) = match base {
        Base::Absent => {
            Folder::make(root, place.parent()).map(|(folder, made)| (folder, Some(made)))
        }
        Base::Bytes(_) => Folder::open(root, place.parent()).map(|folder| (folder, None)),
    }
    .map_err(way_changed)?;
    match &put.new {
        None => uninstall(&folder, place.name(), base)?,
        Some(new) => install(&folder, place.name(), base, new)?,
    }
    if let Some(made) = made {
        made.keep();
    }
    Ok(())
}

/// What it takes to take a file's change back.
struct Before {
    /// Of the file.
    mode: Option<u32>,
    /// Folders that were not there, the innermost first.
    missing: Vec<PathBuf>,
}

impl Before {
    fn of(root: &Path, put: &Put<'_>) -> Self {
        let mode =
            |path: &Path| Some(fs::symlink_metadata(root.join(path)).ok()?.permissions().mode());
        let folders = put.proposal.path().ancestors().skip(1).map(Path::to_path_buf);
        let missing = folders.take_while(|path| mode(path).is_none()).collect();
        Self { mode: mode(&put.source().path), missing }
    }
}

/// False: somebody else has changed it since, so it stays.
fn take_back(root: &Path, put: &Put<'_>, before: &Before) -> bool {
    let Proposal { place, from, base, .. } = put.proposal;
    let old = put.proposal.old();
    let result = match (&put.new, from) {
        (Some(new), Some(from)) => relocate(root, (place, from), new, old),
        (new, _) => {
            Folder::open(root, place.parent()).map_err(Into::into).and_then(|folder| match new {
                Some(new) if *base == Base::Absent => {
                    uninstall(&folder, place.name(), &Base::Bytes(new.clone()))
                }
                Some(new) => install(&folder, place.name(), &Base::Bytes(new.clone()), old),
                None => install(&folder, place.name(), &Base::Absent, old),
            })
        }
    };
    if result.is_ok() && put.new.is_none() {
        let mode = before.mode.map(fs::Permissions::from_mode);
        let path = root.join(&place.path);
        // Its content is back; a mode that cannot be set is the smaller harm.
        let _ = mode.map(|mode| fs::set_permissions(path, mode));
    }
    before.missing.iter().for_each(|folder| drop(fs::remove_dir(root.join(folder))));
    result.is_ok()
}

/// A folder on the way is gone, or is something else now.
pub(super) fn way_changed(error: io::Error) -> InstallError {
    use rustix::io::Errno;
    let moved = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP];
    if Errno::from_io_error(&error).is_some_and(|errno| moved.contains(&errno)) {
        InstallError::Moved
    } else {
        InstallError::Io(error)
    }
}
