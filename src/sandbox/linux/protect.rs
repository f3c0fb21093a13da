//! Everything that is not explicitly writable is made read-only.

use super::super::MountError;
use super::mountinfo::{self, Mounted};
use rustix::mount::{MountFlags, mount_bind, mount_remount};
use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// `writable` are ids of mounts.
pub(super) fn protect(writable: &HashSet<u64>) -> Result<(), MountError> {
    let failed = |error: io::Error| MountError::Unprotected(error.to_string());
    protect_processes().map_err(failed)?;
    for mounted in mountinfo::read().map_err(failed)? {
        if !writable.contains(&mounted.id) && !is_harmless(&mounted) {
            read_only(&mounted).map_err(|error| {
                MountError::Unprotected(format!("{}: {error}", mounted.at.display()))
            })?;
        }
    }
    Ok(())
}

/// Terminals are for whoever holds them. A process writes below `/proc/self`, where it only reaches
/// itself and its own; the rest of `/proc` has been seen to.
fn is_harmless(mounted: &Mounted) -> bool {
    mounted.kind == "devpts" || mounted.at == Path::new("/proc")
}

fn read_only(mounted: &Mounted) -> io::Result<()> {
    if mounted.flags.contains(MountFlags::RDONLY) {
        return Ok(());
    }
    match mountinfo::id_of(&mounted.at) {
        // Another mount lies over it, or nobody gets there: then no guest does either.
        Ok(id) if id != mounted.id => return Ok(()),
        Err(_) => return Ok(()),
        Ok(_) => {}
    }
    let flags = MountFlags::BIND | MountFlags::RDONLY | mounted.flags;
    Ok(mount_remount(&mounted.at, flags, c"")?)
}

/// The kernel's switches below `/proc` belong to root, who needs no capability for many of them.
fn protect_processes() -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let name = entry.file_name();
        let is_process = name.as_encoded_bytes().first().is_some_and(u8::is_ascii_digit);
        let Ok(kind) = entry.file_type() else { continue };
        if is_process || kind.is_symlink() {
            continue;
        }
        let can_be_written =
            || entry.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o222 != 0);
        if kind.is_dir() || can_be_written() {
            mount_bind(entry.path(), entry.path())?;
        }
    }
    Ok(())
}
