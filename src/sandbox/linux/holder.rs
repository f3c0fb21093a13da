//! The holder: a process that does nothing but keep a draft's namespaces alive. It talks to brisk
//! on its stdin, and ends when the other end is closed.

use super::super::MountError;
use super::layout::{self, View};
use super::wire::{self, Plan, Reply, Request};
use super::{guests, mountinfo};
use rustix::mount::{MountFlags, MountPropagationFlags, mount_change, mount_remount};
use rustix::process::{chdir, getegid, geteuid};
use rustix::thread::UnshareFlags;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run() -> ExitCode {
    let socket = rustix::stdio::stdin();
    let outside = guests::own_namespace();
    let Ok(Some((Request::Open(plan), _))) = wire::receive::<Request>(socket) else {
        return ExitCode::FAILURE;
    };
    let done = serve(&plan);
    // Were the namespace still the old one, everything there would be a guest.
    if let (Ok(outside), Ok(inside)) = (outside, guests::own_namespace())
        && outside != inside
    {
        guests::end(inside);
    }
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Until the other end is closed.
fn serve(plan: &Plan) -> io::Result<()> {
    let socket = rustix::stdio::stdin();
    let view = match namespaces().and_then(|()| layout::build(plan)) {
        Ok(view) => view,
        Err(error) => return wire::send(socket, &Reply::Failed(error), &[]),
    };
    let View { merged, memory, notes } = view;
    let handles: Vec<_> = [Some(&merged), memory.as_ref()].into_iter().flatten().collect();
    let handles: Vec<_> = handles.into_iter().map(AsFd::as_fd).collect();
    wire::send(socket, &Reply::Opened { notes, in_memory: memory.is_some() }, &handles)?;
    drop(memory);
    let root = mountinfo::path_of(&merged);
    while let Some((request, _)) = wire::receive::<Request>(socket)? {
        let reply = match request {
            Request::Refresh => match refresh(&root) {
                Ok(()) => Reply::Refreshed,
                Err(error) => Reply::Failed(MountError::Holder(error.to_string())),
            },
            Request::Open(_) => Reply::Failed(MountError::Holder("it has a draft".to_owned())),
        };
        wire::send(socket, &reply, &[])?;
    }
    Ok(())
}

/// A remount with nothing to change lets go of every name that nobody holds, those of files that
/// were not there included, while the mount and whoever is in it stay.
fn refresh(root: &Path) -> io::Result<()> {
    Ok(mount_remount(root, MountFlags::NOSUID | MountFlags::NODEV, c"")?)
}

/// Namespaces of this process's own, in which it is who it was.
fn namespaces() -> Result<(), MountError> {
    let failed = |step: &str, error: io::Error| MountError::Namespaces(format!("{step}: {error}"));
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    #[allow(deprecated, reason = "its safe form: it is unsound only with FILES")]
    rustix::thread::unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNS)
        .map_err(|error| failed("unshare", error.into()))?;
    let maps = [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("{user} {user} 1")),
        ("/proc/self/gid_map", format!("{group} {group} 1")),
    ];
    for (file, text) in maps {
        fs::write(file, text).map_err(|error| failed(file, error))?;
    }
    let alone = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    // The first thing that needs the new rights: AppArmor may have taken them.
    mount_change("/", alone).map_err(|error| failed("mount", error.into()))?;
    chdir("/").map_err(|error| failed("chdir", error.into()))
}
