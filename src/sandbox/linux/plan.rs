//! From what is asked for to what can be done: everything that can be told without a namespace.

use super::super::{MountError, Spec};
use super::wire::Plan;
use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::process::{getegid, geteuid};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Entries of the root that are looked at for foreign owners.
const LOOKED_AT_MAX: usize = 1_000;

/// Makes the state's folders, and refuses what cannot work.
pub(super) fn plan(spec: &Spec) -> Result<Plan, MountError> {
    let root = resolved(&spec.root)?;
    if root.parent().is_none() {
        return Err(MountError::Root { path: root });
    }
    let mut private = fs::DirBuilder::new();
    private.recursive(true).mode(0o700);
    let made = |path: &Path, error: io::Error| MountError::Path {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    private.create(&spec.state).map_err(|error| made(&spec.state, error))?;
    let state = resolved(&spec.state)?;
    if state.starts_with(&root) {
        return Err(MountError::StateInside { path: state });
    }
    if root.starts_with(&state) {
        return Err(MountError::Root { path: root });
    }
    refuse_foreign(&root)?;
    for name in ["upper", "work", "tmp", "var-tmp"] {
        let path = state.join(name);
        private.create(&path).map_err(|error| made(&path, error))?;
    }
    // Of the merged root the upper layer's attributes show.
    let mode = fs::metadata(&root).map_err(|error| made(&root, error))?.mode() & 0o7777;
    let upper = state.join("upper");
    fs::set_permissions(&upper, fs::Permissions::from_mode(mode))
        .map_err(|error| made(&upper, error))?;
    Ok(Plan {
        caches: caches(&spec.caches, &root, &state),
        writable: existing(&spec.writable),
        readable: existing(&spec.readable),
        hidden: existing(&spec.hidden),
        root: root.into(),
        state: state.into(),
    })
}

fn resolved(path: &Path) -> Result<PathBuf, MountError> {
    fs::canonicalize(path)
        .map_err(|error| MountError::Path { path: path.to_owned(), reason: error.to_string() })
}

fn existing(paths: &[PathBuf]) -> Vec<OsString> {
    paths.iter().filter_map(|path| fs::canonicalize(path).ok()).map(OsString::from).collect()
}

/// Those that are folders and neither hold nor lie in the tree, the state or another cache; each
/// with a name for its layer that stays the same from draft to draft.
fn caches(caches: &[PathBuf], root: &Path, state: &Path) -> Vec<(OsString, OsString)> {
    let related = |one: &Path, other: &Path| one.starts_with(other) || other.starts_with(one);
    let mut kept: Vec<PathBuf> = Vec::new();
    let mut resolved: Vec<_> =
        caches.iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
    // Outer ones first.
    resolved.sort();
    for path in resolved {
        let is_alone =
            !kept.iter().chain([&root.into(), &state.into()]).any(|one| related(&path, one));
        if path.is_dir() && is_alone {
            kept.push(path);
        }
    }
    let name = |path: &Path| {
        let last = path.file_name().unwrap_or_default().to_string_lossy();
        format!("{:08x}-{last}", crc32fast::hash(path.as_os_str().as_bytes()))
    };
    kept.into_iter().map(|path| (name(&path).into(), path.into())).collect()
}

/// Inside nobody has rights over other people's files, and the copy that a first write makes cannot
/// be given to them. What the user cannot write anyway is no loss.
fn refuse_foreign(root: &Path) -> Result<(), MountError> {
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    let entries = fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in [root.to_owned()].into_iter().chain(entries.take(LOOKED_AT_MAX)) {
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        let is_foreign = meta.uid() != user || meta.gid() != group;
        if is_foreign && !meta.is_symlink() && can_write(&path) {
            return Err(MountError::Foreign { path });
        }
    }
    Ok(())
}

fn can_write(path: &Path) -> bool {
    accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_ok()
}
