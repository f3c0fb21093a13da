//! Everything that is not explicitly writable is made read-only.

use super::super::MountError;
use super::mountinfo::{self, Mounted};
use rustix::mount::{MountFlags, mount_bind, mount_remount};
use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Devices of every program; those of a graphics card and the like are bound by whoever has them.
const HARMLESS_DEVICES: [&str; 8] =
    ["null", "zero", "full", "random", "urandom", "tty", "ptmx", "fuse"];

/// `writable` are ids of mounts.
pub(super) fn protect(writable: &HashSet<u64>) -> Result<(), MountError> {
    let failed = |error: io::Error| MountError::Unprotected(error.to_string());
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        part_processes().and_then(|()| part_devices()).map_err(failed)?;
    }
    for mounted in mountinfo::read().map_err(failed)? {
        if !writable.contains(&mounted.id) && !is_harmless(&mounted) {
            read_only(&mounted, is_root).map_err(|error| {
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

/// Root owns the disks, and needs no capability to write to what it owns: for root there are no
/// devices but those that have a mount of their own.
fn read_only(mounted: &Mounted, is_root: bool) -> io::Result<()> {
    match mountinfo::id_of(&mounted.at) {
        // Another mount lies over it, or nobody gets there: then no guest does either.
        Ok(id) if id != mounted.id => return Ok(()),
        Err(_) => return Ok(()),
        Ok(_) => {}
    }
    let no_devices = is_root && mounted.at.is_dir();
    let wanted = if no_devices { MountFlags::NODEV } else { MountFlags::empty() };
    let wanted = wanted | MountFlags::RDONLY;
    if mounted.flags.contains(wanted) {
        return Ok(());
    }
    Ok(mount_remount(&mounted.at, MountFlags::BIND | wanted | mounted.flags, c"")?)
}

/// The kernel's switches below `/proc` belong to root, too: mounts of their own can be read-only
/// while processes still write about themselves.
fn part_processes() -> io::Result<()> {
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

fn part_devices() -> io::Result<()> {
    for name in HARMLESS_DEVICES {
        let path = Path::new("/dev").join(name);
        let is_there = path.symlink_metadata().is_ok_and(|meta| !meta.is_symlink());
        if is_there {
            mount_bind(&path, &path)?;
        }
    }
    Ok(())
}
