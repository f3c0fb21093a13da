//! The overlay mount itself, and whether it really works.

use super::super::{MEMORY_UPPER_BYTES_MAX, MountError};
use super::mountinfo::path_of;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Mounts a writable view of `lower` at a path. Layers are given as handles, so their names do not
/// matter; `layer` is a folder with `upper` and `work` in it.
pub(super) fn overlay(
    lower: &impl AsFd,
    layer: &Path,
    at: &Path,
    flags: MountFlags,
) -> io::Result<()> {
    mount_overlay(lower, layer, at, flags, "")
}

fn mount_overlay(
    lower: &impl AsFd,
    layer: &Path,
    at: &Path,
    flags: MountFlags,
    more: &str,
) -> io::Result<()> {
    let (lower, layer) = (path_of(lower), layer.display());
    let options = format!(
        "lowerdir={},upperdir={layer}/upper,workdir={layer}/work,\
         userxattr,index=off,xino=off{more}",
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

/// Tries all that a draft needs in a small overlay below `folder`: a copy on write, a rename, a
/// deletion, a folder made anew. What it made stays there, without data: on some disks deleting
/// takes longer than all the rest.
pub(super) fn probe(folder: &Path) -> Result<(), MountError> {
    let failed = |error: io::Error| MountError::Broken(error.to_string());
    let trial = folder.join("trial");
    if trial.exists() {
        fs::remove_dir_all(&trial).map_err(failed)?;
    }
    for name in ["lower/folder", "upper", "work", "view"] {
        fs::create_dir_all(trial.join(name)).map_err(failed)?;
    }
    fs::File::create(trial.join("lower/file")).map_err(failed)?;
    let view = trial.join("view");
    let lower = fs::File::open(trial.join("lower")).map_err(failed)?;
    // Else its end would wait for the whole disk to be written.
    mount_overlay(&lower, &trial, &view, MountFlags::empty(), ",volatile")
        .map_err(|error| MountError::Overlay(error.to_string()))?;
    let tried = try_writing(&view).and_then(|()| is_kept(&trial));
    unmount(&view, UnmountFlags::DETACH).map_err(|error| failed(error.into()))?;
    open_work_folder(&trial);
    tried.map_err(failed)
}

/// The kernel makes folders in `work` that their owner cannot look into, and so cannot delete with
/// what is around them.
pub(super) fn open_work_folder(layer: &Path) {
    for name in ["work/work", "work/work/incompat", "work/work/incompat/volatile"] {
        // Most often only the first is there.
        let _ = fs::set_permissions(layer.join(name), fs::Permissions::from_mode(0o700));
    }
}

fn try_writing(view: &Path) -> io::Result<()> {
    // Its mode is a change like any, and makes a copy.
    fs::set_permissions(view.join("file"), fs::Permissions::from_mode(0o600))?;
    fs::rename(view.join("file"), view.join("renamed"))?;
    fs::remove_dir(view.join("folder"))?;
    fs::create_dir(view.join("folder"))?;
    if view.join("file").exists() || !view.join("renamed").exists() {
        return Err(io::Error::other("a renamed file is still where it was"));
    }
    Ok(())
}

fn is_kept(trial: &Path) -> io::Result<()> {
    if !trial.join("upper/renamed").exists() || !trial.join("lower/file").exists() {
        return Err(io::Error::other("what was written went to the wrong layer"));
    }
    let mut opaque = [0; 1];
    let folder = trial.join("upper/folder");
    match rustix::fs::getxattr(folder, "user.overlay.opaque", &mut opaque) {
        Ok(1) if opaque == *b"y" => Ok(()),
        _ => Err(io::Error::other("a deleted folder would come back")),
    }
}
