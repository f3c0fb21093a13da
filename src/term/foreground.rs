//! What the program that has the terminal is doing, told from the kernel: the terminal's line mode,
//! and what the foreground group's processes are blocked in.

use super::pty::{LineMode, Pty};

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "elsewhere.rs"]
mod system;

pub(super) use system::{command_line, folder, group_members, image, session_members, switches};

/// What a process group is blocked in; of several processes, the one that comes first here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux tells of processes"))]
pub(super) enum Blocked {
    /// A read of a terminal.
    Reading,
    /// It waits for several things at once; a terminal may be one of them.
    Polling,
    /// The kernel does not tell us: it is somebody else's, or this is no Linux.
    Unknown,
    /// None of these: it computes, or waits for something else.
    Working,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    Working,
    /// Waits for a line.
    Line,
    /// Waits for a line that is not echoed.
    Secret,
    /// Waits for keys: a shell's line editor, a REPL, a full-screen program.
    Keys,
}

pub(super) fn activity(pty: &Pty) -> Activity {
    let (Some(mode), Some(group)) = (pty.line_mode(), pty.foreground()) else {
        return Activity::Working;
    };
    judge(mode, blocked(group))
}

pub(super) fn blocked(group: i32) -> Blocked {
    let members = group_members(group).into_iter();
    members.map(system::blocked).min().unwrap_or(Blocked::Unknown)
}

/// Whether a shell without marks is back at its prompt: it has the terminal, and waits for input.
pub(super) fn at_prompt(pty: &Pty) -> bool {
    let Ok(shell) = i32::try_from(pty.pid) else { return false };
    pty.foreground() == Some(shell)
        && matches!(system::blocked(shell), Blocked::Reading | Blocked::Polling | Blocked::Unknown)
}

const fn judge(mode: LineMode, blocked: Blocked) -> Activity {
    match (mode.canonical, mode.echo, blocked) {
        (_, _, Blocked::Working) => Activity::Working,
        (true, false, _) => Activity::Secret,
        (true, true, Blocked::Reading) => Activity::Line,
        (true, true, Blocked::Polling | Blocked::Unknown) => Activity::Working,
        (false, _, _) => Activity::Keys,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_states_holds() {
        let mode = |canonical, echo| LineMode { canonical, echo, signals: true };
        assert_eq!(judge(mode(true, true), Blocked::Reading), Activity::Line);
        assert_eq!(judge(mode(true, true), Blocked::Working), Activity::Working);
        assert_eq!(judge(mode(true, true), Blocked::Polling), Activity::Working);
        assert_eq!(judge(mode(true, false), Blocked::Reading), Activity::Secret);
        assert_eq!(judge(mode(true, false), Blocked::Unknown), Activity::Secret);
        assert_eq!(judge(mode(true, false), Blocked::Working), Activity::Working);
        assert_eq!(judge(mode(false, false), Blocked::Polling), Activity::Keys);
        assert_eq!(judge(mode(false, false), Blocked::Working), Activity::Working);
    }
}
