//! Everything that is not explicitly writable is made read-only.

use super::super::MountError;
use super::mountinfo::{self, Mounted};
use rustix::mount::{MountFlags, mount_bind, mount_remount};
use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

/// Beside disks: what writes to disks another way, or stops the machine; how their names begin.
const DANGEROUS_DEVICES: [&str; 8] =
    ["sg", "nvme", "mtd", "ubi", "hidraw", "uinput", "watchdog", "kmsg"];
/// Folders in folders of `/dev` that are looked into.
const DEVICE_DEPTH_MAX: usize = 4;

/// `writable` are ids of mounts.
pub(super) fn protect(writable: &HashSet<u64>) -> Result<(), MountError> {
    let failed = |error: io::Error| MountError::Unprotected(error.to_string());
    if rustix::process::geteuid().is_root() {
        part_processes().and_then(|()| cover_devices(Path::new("/dev"), 0)).map_err(failed)?;
    }
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

/// Root owns the disks, and needs no capability to write to what it owns: there, they are empty.
fn cover_devices(folder: &Path, depth: usize) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(kind) = entry.file_type() else { continue };
        let name = entry.file_name();
        let begins = |start: &&str| name.as_encoded_bytes().starts_with(start.as_bytes());
        let is_dangerous = kind.is_block_device()
            || (kind.is_char_device() && DANGEROUS_DEVICES.iter().any(begins));
        if is_dangerous {
            mount_bind("/dev/null", entry.path())?;
        } else if kind.is_dir() && depth < DEVICE_DEPTH_MAX {
            cover_devices(&entry.path(), depth + 1)?;
        }
    }
    Ok(())
}
