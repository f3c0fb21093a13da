//! Who is inside: the processes in a mount namespace.

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::thread;
use std::time::{Duration, Instant};

/// How long guests may take to leave by themselves when their draft ends.
const GRACE: Duration = Duration::from_millis(300);
/// How long killed ones may take.
const KILLED_MAX: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The mount namespace that a process is in; `None` if there is no such process, or it is somebody
/// else's.
pub(super) fn namespace_of(pid: u32) -> Option<u64> {
    fs::metadata(format!("/proc/{pid}/ns/mnt")).ok().map(|meta| meta.ino())
}

pub(super) fn own_namespace() -> io::Result<u64> {
    Ok(fs::metadata("/proc/self/ns/mnt")?.ino())
}

/// When a process was started, in the kernel's ticks: with its id it names a process for ever.
pub(super) fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may have blanks and brackets in it.
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(19)?.parse().ok()
}

/// The processes in a namespace, but one.
pub(super) fn inside(namespace: u64, but: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| *pid != but && namespace_of(*pid) == Some(namespace)).collect()
}

/// Ends all in a namespace but this process: they may go by themselves, then they are killed.
pub(super) fn end(namespace: u64) {
    let own = std::process::id();
    let begun = Instant::now();
    loop {
        let guests = inside(namespace, own);
        if guests.is_empty() || begun.elapsed() > GRACE + KILLED_MAX {
            return;
        }
        if begun.elapsed() > GRACE {
            guests.into_iter().for_each(|pid| kill(pid, namespace));
        }
        thread::sleep(LOOK_EVERY);
    }
}

fn kill(pid: u32, namespace: u64) {
    let Some(id) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
    let Ok(process) = pidfd_open(id, PidfdFlags::empty()) else { return };
    // The id may have been given anew between the look and the handle.
    if namespace_of(pid) == Some(namespace) {
        // One that has ended meanwhile needs no signal.
        let _ = pidfd_send_signal(&process, Signal::KILL);
    }
}
