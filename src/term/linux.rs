//! What Linux tells of processes, read from /proc.

use super::Blocked;
use std::fs;
use std::path::PathBuf;

/// Of a command line that is shown to people.
const COMMAND_CHARS_MAX: usize = 200;

#[cfg(target_arch = "x86_64")]
mod call {
    pub(super) const READ: &[u32] = &[0, 19];
    /// poll, select, pselect6, ppoll, epoll_wait, epoll_pwait, epoll_pwait2.
    pub(super) const POLL: &[u32] = &[7, 23, 270, 271, 232, 281, 441];
}
#[cfg(not(target_arch = "x86_64"))]
mod call {
    /// The numbers that arm64 and riscv64 share.
    pub(super) const READ: &[u32] = &[63, 65];
    pub(super) const POLL: &[u32] = &[22, 72, 73, 441];
}

struct Stat {
    state: char,
    group: i32,
    session: i32,
}

fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses can hold anything; what follows the last one is plain.
    let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let group = fields.nth(1)?.parse().ok()?;
    let session = fields.next()?.parse().ok()?;
    Some(Stat { state, group, session })
}

/// Dead ones that nobody has reaped do not count.
fn processes(wanted: impl Fn(&Stat) -> bool) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid| stat(*pid).is_some_and(|stat| stat.state != 'Z' && wanted(&stat))).collect()
}

pub(in super::super) fn group_members(group: i32) -> Vec<i32> {
    processes(|stat| stat.group == group)
}

pub(in super::super) fn session_members(session: i32) -> Vec<i32> {
    processes(|stat| stat.session == session)
}

pub(super) fn blocked(pid: i32) -> Blocked {
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/syscall")) else {
        // Another user's process. Whether it sleeps is public.
        let sleeps = stat(pid).is_some_and(|stat| stat.state == 'S');
        return if sleeps { Blocked::Unknown } else { Blocked::Working };
    };
    let mut fields = text.split_ascii_whitespace();
    let Some(number) = fields.next().and_then(|field| field.parse::<u32>().ok()) else {
        return Blocked::Working;
    };
    if call::POLL.contains(&number) {
        return Blocked::Polling;
    }
    let descriptor =
        fields.next().and_then(|field| u64::from_str_radix(field.strip_prefix("0x")?, 16).ok());
    match descriptor {
        Some(descriptor) if call::READ.contains(&number) && is_terminal(pid, descriptor) => {
            Blocked::Reading
        }
        _ => Blocked::Working,
    }
}

fn is_terminal(pid: i32, descriptor: u64) -> bool {
    fs::read_link(format!("/proc/{pid}/fd/{descriptor}"))
        .is_ok_and(|path| path.starts_with("/dev/pts") || path.starts_with("/dev/tty"))
}

/// Tells one program from the next that the same process runs: where its stack begins.
pub(in super::super) fn image(pid: i32) -> Option<u64> {
    const STACK: usize = 25;
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields = text.rsplit_once(')')?.1;
    fields.split_ascii_whitespace().nth(STACK)?.parse().ok().filter(|stack| *stack > 1)
}

/// How often the process has gone to sleep so far.
pub(in super::super) fn switches(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")?.trim().parse().ok())
}

pub(in super::super) fn folder(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

pub(in super::super) fn command_line(group: i32) -> Option<String> {
    let bytes = fs::read(format!("/proc/{group}/cmdline")).ok()?;
    let text = String::from_utf8_lossy(&bytes).replace('\0', " ");
    let text: String =
        text.chars().filter(|char| !char.is_control()).take(COMMAND_CHARS_MAX).collect();
    let text = text.trim_end();
    (!text.is_empty()).then(|| text.to_owned())
}
