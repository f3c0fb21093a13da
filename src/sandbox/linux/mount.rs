//! This process's side of a draft: it starts the holder, checks what it is asked for, and keeps the
//! handles.

use super::super::{MountError, Spec};
use super::enter::{self, Token};
use super::wire::{self, Reply, Request};
use super::{guests, overlay, plan};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long the holder may take to open the draft: with a hundred mounts it is some 10 ms.
const OPEN_MAX: Duration = Duration::from_secs(10);
/// How long it may take to forget names. Files that were replaced in the tree are really deleted by
/// that, which on a disk that discards at once takes some milliseconds each.
const REFRESH_MAX: Duration = Duration::from_secs(180);
/// How long the holder may take to end, its guests included, before it is killed.
const END_MAX: Duration = Duration::from_secs(4);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// A draft that is mounted. Dropping it ends the holder and whoever is inside, and waits for that;
/// what was written stays in the state, unless the upper layer is in memory.
#[derive(Debug)]
pub struct Mount {
    merged: PathBuf,
    upper: PathBuf,
    notes: Vec<String>,
    prefix: Vec<OsString>,
    namespace: u64,
    holder: Mutex<Holder>,
    /// What `merged` and `upper` lead through.
    _handles: Vec<OwnedFd>,
}

#[derive(Debug)]
struct Holder {
    /// Closed, it ends the process.
    socket: Option<OwnedFd>,
    process: Child,
    state: PathBuf,
}

/// Opens a draft; it takes some 10 ms, whatever the size of the tree. What an earlier one left in
/// the same state is in it.
///
/// # Errors
/// If there can be no draft here; the sentence says why, and nothing is left behind.
pub fn open(spec: &Spec) -> Result<Mount, MountError> {
    let plan = plan::plan(spec)?;
    let mut holder = Holder::start(spec, plan.state.clone().into())?;
    let (reply, handles) = holder.ask(&Request::Open(plan), OPEN_MAX)?;
    let Reply::Opened { notes, in_memory } = reply else {
        return Err(MountError::Holder("it gave another answer than was asked for".to_owned()));
    };
    let below_proc = |handle: &OwnedFd| {
        PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), handle.as_raw_fd()))
    };
    let (merged, upper) = match (handles.as_slice(), in_memory) {
        ([merged], false) => (below_proc(merged), holder.state.join("upper")),
        ([merged, upper], true) => (below_proc(merged), below_proc(upper)),
        _ => return Err(MountError::Holder("it sent no handles".to_owned())),
    };
    open_work_folders(&holder.state);
    let id = holder.process.id();
    let namespace = guests::namespace_of(id).ok_or(MountError::Gone)?;
    let started = guests::started(id).ok_or(MountError::Gone)?;
    let prefix = enter::prefix(&spec.entry, Token { holder: id, started, namespace });
    let holder = Mutex::new(holder);
    Ok(Mount { merged, upper, notes, prefix, namespace, holder, _handles: handles })
}

impl Mount {
    /// The tree as it is inside, as a path for this process and, as long as it lives, for what it
    /// starts: below `/proc`, not to be resolved. It stays the same for the whole draft.
    pub fn merged(&self) -> &Path {
        &self.merged
    }

    /// The upper layer: below the state, or below `/proc` where it is in memory.
    pub fn upper(&self) -> &Path {
        &self.upper
    }

    /// What is put in front of a command line to run it inside: in the same folder, with no
    /// capability, and not at all if the draft is gone.
    pub fn prefix(&self) -> Vec<OsString> {
        self.prefix.clone()
    }

    /// What is not as usual, each a sentence for the user.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Makes what was changed in the tree itself visible inside: files saved by rename, new ones,
    /// folders made anew. Guests may stay; what they hold open, their current folder included,
    /// remains what it was until they let go of it.
    ///
    /// # Errors
    /// `Gone` if the draft is.
    pub fn remount(&self) -> Result<(), MountError> {
        let mut holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        match holder.ask(&Request::Refresh, REFRESH_MAX)? {
            (Reply::Refreshed, _) => Ok(()),
            _ => Err(MountError::Holder("it gave another answer than was asked for".to_owned())),
        }
    }

    /// The processes inside, as this process knows them.
    pub fn guests(&self) -> Vec<u32> {
        let holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        guests::inside(self.namespace, holder.process.id())
    }
}

impl Holder {
    fn start(spec: &Spec, state: PathBuf) -> Result<Holder, MountError> {
        let failed = |error: io::Error| MountError::Holder(error.to_string());
        let flags = SocketFlags::CLOEXEC;
        let (own, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)
            .map_err(|error| failed(error.into()))?;
        // In a group of its own: what a key of the terminal interrupts is not the draft. It has no
        // death signal, which would come when the thread that starts it ends; the socket tells of
        // the whole process.
        let process = Command::new(&spec.entry)
            .arg(super::HOLD)
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|error| {
                MountError::Holder(format!("{} cannot be run: {error}", spec.entry.display()))
            })?;
        Ok(Holder { socket: Some(own), process, state })
    }

    fn ask(
        &mut self,
        request: &Request,
        wait_max: Duration,
    ) -> Result<(Reply, Vec<OwnedFd>), MountError> {
        let socket = self.socket.as_ref().ok_or(MountError::Gone)?.as_fd();
        for direction in [Timeout::Recv, Timeout::Send] {
            set_socket_timeout(socket, direction, Some(wait_max))
                .map_err(|error| MountError::Holder(error.to_string()))?;
        }
        wire::send(socket, request, &[]).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => MountError::Gone,
            _ => MountError::Holder(error.to_string()),
        })?;
        match wire::receive(socket) {
            Ok(Some((Reply::Failed(error), _))) => Err(error),
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(MountError::Gone),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Err(MountError::Gone),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                // What it would answer later must not be taken for the next answer.
                self.socket = None;
                Err(MountError::Holder(format!("no answer after {} s", wait_max.as_secs())))
            }
            Err(error) => Err(MountError::Holder(error.to_string())),
        }
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.socket = None;
        let begun = Instant::now();
        while !self.has_ended() && begun.elapsed() < END_MAX {
            thread::sleep(LOOK_EVERY);
        }
        if !self.has_ended() {
            // Either fails only if it has ended.
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

/// Of the draft and of the caches.
fn open_work_folders(state: &Path) {
    let caches = fs::read_dir(state.join("caches")).into_iter().flatten().flatten();
    caches.for_each(|entry| overlay::open_work_folder(&entry.path()));
    overlay::open_work_folder(state);
}
