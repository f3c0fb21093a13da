//! The overlay mount itself, and whether it really works.

use super::super::{MEMORY_UPPER_BYTES_MAX, MountError};
use super::mountinfo::path_of;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

/// Mounts a writable view of `lower` at a path. Layers are given as handles, so their names do not
/// matter; `layer` is a folder with `upper` and `work` in it.
pub(super) fn overlay(
    lower: &impl AsFd,
    layer: &Path,
    at: &Path,
    flags: MountFlags,
) -> io::Result<()> {
    let (lower, layer) = (path_of(lower), layer.display());
    let options = format!(
        "lowerdir={},upperdir={layer}/upper,workdir={layer}/work,userxattr,index=off,xino=off",
        lower.display()
    );
    let options = CString::new(options)?;
    let flags = flags | MountFlags::NOSUID | MountFlags::NODEV;
    Ok(mount("overlay", at, "overlay", flags, options.as_c_str())?)
}

/// A file system in memory.
pub(super) fn memory(at: &Path, bytes_max: u64) -> io::Result<()> {
    let options = CString::new(format!("size={bytes_max},mode=0700"))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    Ok(mount("tmpfs", at, "tmpfs", flags, options.as_c_str())?)
}

/// The same for an upper layer, with its two folders.
pub(super) fn memory_layer(at: &Path) -> io::Result<()> {
    memory(at, MEMORY_UPPER_BYTES_MAX)?;
    fs::create_dir(at.join("upper"))?;
    fs::create_dir(at.join("work"))
}

/// Tries all that a draft needs in a small overlay below `folder`: a write, a rename, a deletion,
/// a folder made anew. Leaves nothing there.
pub(super) fn probe(folder: &Path) -> Result<(), MountError> {
    let trial = folder.join("trial");
    let result = try_in(&trial);
    let gone = fs::remove_dir_all(&trial);
    result?;
    gone.map_err(|error| MountError::Broken(error.to_string()))
}

fn try_in(trial: &Path) -> Result<(), MountError> {
    let failed = |error: io::Error| MountError::Broken(error.to_string());
    // A killed predecessor may have left one.
    let _ = fs::remove_dir_all(trial);
    for name in ["lower/folder", "upper", "work", "view"] {
        fs::create_dir_all(trial.join(name)).map_err(failed)?;
    }
    fs::write(trial.join("lower/file"), "old").map_err(failed)?;
    fs::write(trial.join("lower/folder/file"), "old").map_err(failed)?;
    let view = trial.join("view");
    let lower = fs::File::open(trial.join("lower")).map_err(failed)?;
    overlay(&lower, trial, &view, MountFlags::empty())
        .map_err(|error| MountError::Overlay(error.to_string()))?;
    let tried = try_writing(&view).and_then(|()| is_kept(trial));
    unmount(&view, UnmountFlags::DETACH).map_err(|error| MountError::Broken(error.to_string()))?;
    tried.map_err(failed)
}

fn try_writing(view: &Path) -> io::Result<()> {
    fs::write(view.join("file"), "new")?;
    fs::rename(view.join("file"), view.join("renamed"))?;
    fs::remove_dir_all(view.join("folder"))?;
    fs::create_dir(view.join("folder"))?;
    if view.join("folder/file").exists() {
        return Err(io::Error::other("a deleted file came back"));
    }
    if view.join("file").exists() {
        return Err(io::Error::other("a renamed file is still there"));
    }
    Ok(())
}

fn is_kept(trial: &Path) -> io::Result<()> {
    let written = fs::read(trial.join("upper/renamed"))?;
    let below = fs::read(trial.join("lower/file"))?;
    if (written.as_slice(), below.as_slice()) != (b"new", b"old") {
        return Err(io::Error::other("what was written went to the wrong layer"));
    }
    Ok(())
}
