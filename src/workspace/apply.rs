//! Brings everything from the copy into the tree. All of it is checked before the first file is
//! written; each file is then written whole or not at all, and only over what was checked.

use super::compare::{Difference, Side, candidates, difference};
use super::copy::Copy;
use super::folder::Folder;
use super::install::{Base, Fresh, InstallError, install, uninstall};
use super::{ApplyError, FileError};
use rustix::fs::AtFlags;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The paths that were written, sorted.
pub(super) fn apply_all(copy: &Copy) -> Result<Vec<String>, ApplyError> {
    let paths = checked(copy)?;
    let mut written = Vec::new();
    // What goes makes room for what comes: a file for a folder, a folder for a file.
    for is_removal in [true, false] {
        for path in &paths {
            // Compared again: of many files only one is held in memory.
            let partly = |error, written: &Vec<String>| ApplyError::Partly {
                written: written.clone(),
                error,
            };
            let Some(difference) = difference(copy, path)? else { continue };
            if (difference.new == Side::Absent) != is_removal {
                continue;
            }
            let shown = path.to_string_lossy().into_owned();
            let result = if difference.is_conflict {
                Err(InstallError::Moved)
            } else {
                bring(copy, &difference)
            };
            if let Err(error) = result {
                return Err(partly(failed(&shown, error), &written));
            }
            copy.settle(path, difference.new.fingerprint());
            written.push(shown);
        }
    }
    written.sort();
    Ok(written)
}

fn failed(path: &str, error: InstallError) -> FileError {
    let path = path.to_owned();
    match error {
        InstallError::Moved => FileError::Io {
            path,
            source: io::Error::other("changed in the tree while the copy was applied"),
        },
        InstallError::ReadOnly => FileError::ReadOnly { path },
        InstallError::Io(source) => FileError::Io { path, source },
    }
}

/// The paths that differ, if all of them can be written.
fn checked(copy: &Copy) -> Result<Vec<PathBuf>, ApplyError> {
    let mut paths = Vec::new();
    let mut conflicts = Vec::new();
    for path in candidates(copy) {
        let Some(difference) = difference(copy, &path)? else { continue };
        if difference.is_conflict {
            conflicts.push(path.to_string_lossy().into_owned());
        }
        may_write(copy.tree(), &difference).map_err(ApplyError::File)?;
        paths.push(path);
    }
    if conflicts.is_empty() { Ok(paths) } else { Err(ApplyError::Conflict { paths: conflicts }) }
}

fn may_write(tree: &Path, difference: &Difference) -> Result<(), FileError> {
    let shown = || difference.path.to_string_lossy().into_owned();
    let is_open = |path: &Path| {
        fs::symlink_metadata(path).map_or(true, |found| found.permissions().mode() & 0o200 != 0)
    };
    if matches!(difference.old, Side::File { .. }) && !is_open(&tree.join(&difference.path)) {
        return Err(FileError::ReadOnly { path: shown() });
    }
    let nearest = difference.path.ancestors().skip(1).map(|folder| tree.join(folder));
    let nearest = nearest.into_iter().find(|folder| folder.symlink_metadata().is_ok());
    if nearest.is_some_and(|folder| !is_open(&folder)) {
        return Err(FileError::ReadOnlyFolder { path: shown() });
    }
    Ok(())
}

fn bring(copy: &Copy, difference: &Difference) -> Result<(), InstallError> {
    let path = &difference.path;
    let (parent, name) =
        (path.parent().unwrap_or(Path::new("")), path.file_name().unwrap_or_default());
    let base = match &difference.old {
        Side::File { bytes, .. } => Base::Bytes(bytes.clone()),
        Side::Link(target) => Base::Link(target.clone()),
        Side::Absent | Side::Other => Base::Absent,
    };
    let fresh = match &difference.new {
        Side::Absent | Side::Other => {
            let folder = Folder::open(copy.tree(), parent)?;
            uninstall(&folder, name, &base)?;
            remove_emptied(copy, parent);
            return Ok(());
        }
        Side::Link(target) => Fresh::Link(target),
        Side::File { bytes, executable } => {
            let was = matches!(difference.old, Side::File { executable: true, .. });
            Fresh::File { bytes, executable: (was != *executable).then_some(*executable) }
        }
    };
    let (folder, made) = Folder::make(copy.tree(), parent)?;
    install(&folder, name, &base, &fresh)?;
    made.keep();
    Ok(())
}

/// Folders that lost their last file and that the copy does not have go too.
fn remove_emptied(copy: &Copy, folder: &Path) {
    for folder in folder.ancestors() {
        let Some(name) = folder.file_name() else { return };
        if copy.root().join(folder).symlink_metadata().is_ok_and(|it| it.is_dir()) {
            return;
        }
        let Ok(parent) = Folder::open(copy.tree(), folder.parent().unwrap_or(Path::new(""))) else {
            return;
        };
        if rustix::fs::unlinkat(parent.handle(), name, AtFlags::REMOVEDIR).is_err() {
            return;
        }
    }
}
