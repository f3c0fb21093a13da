//! One pseudo-terminal and the process that was started in it: sizes, groups, line modes, signals.
//! Bytes are read and written by threads of their own (`live`, `queue`).

use super::TermError;
use super::shell::Integration;
use crate::protocol::{Launch, Size};
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use rustix::termios::{LocalModes, QueueSelector, tcflush};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Child;
use std::sync::{Mutex, PoisonError};

/// How the terminal treats what is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LineMode {
    /// Whole lines, edited by the kernel.
    pub(super) canonical: bool,
    pub(super) echo: bool,
    /// ^C is a signal.
    pub(super) signals: bool,
}

pub(super) struct Pty {
    master: Mutex<Box<dyn MasterPty + Send>>,
    /// Of the started process, which leads its session and a group.
    pub(super) pid: u32,
}

pub(super) struct Opened {
    pub(super) pty: Pty,
    pub(super) reader: Box<dyn Read + Send>,
    pub(super) writer: Box<dyn Write + Send>,
    pub(super) child: Child,
}

pub(super) fn open(
    launch: &Launch,
    integration: &Integration,
    size: Size,
) -> Result<Opened, TermError> {
    check(launch)?;
    let failed = |reason: String| TermError::Start { shell: launch.shell.clone(), reason };
    let pair =
        native_pty_system().openpty(pty_size(size)).map_err(|error| failed(error.to_string()))?;
    let mut command = CommandBuilder::from_argv(integration.argv(launch));
    command.env_clear();
    command.cwd(&launch.folder);
    for (name, value) in integration.env(launch) {
        command.env(name, value);
    }
    let child: Box<dyn portable_pty::Child> =
        pair.slave.spawn_command(command).map_err(|error| failed(error.to_string()))?;
    let child = child.downcast::<Child>().map_err(|_| failed("it is no process of ours".into()))?;
    let reader = pair.master.try_clone_reader().map_err(|error| failed(error.to_string()))?;
    let writer = pair.master.take_writer().map_err(|error| failed(error.to_string()))?;
    let pty = Pty { master: Mutex::new(pair.master), pid: child.id() };
    Ok(Opened { pty, reader, writer, child: *child })
}

fn check(launch: &Launch) -> Result<(), TermError> {
    if !launch.folder.is_dir() {
        return Err(TermError::FolderMissing { folder: launch.folder.clone() });
    }
    // By a bare name only the start can tell.
    if launch.shell.components().count() > 1 {
        let shell = launch.folder.join(&launch.shell);
        let runs = shell
            .metadata()
            .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0);
        if !runs {
            return Err(TermError::ShellMissing { shell: launch.shell.clone() });
        }
    }
    Ok(())
}

const fn pty_size(size: Size) -> PtySize {
    PtySize { rows: size.rows, cols: size.columns, pixel_width: 0, pixel_height: 0 }
}

impl Pty {
    fn master(&self) -> std::sync::MutexGuard<'_, Box<dyn MasterPty + Send>> {
        self.master.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn resize(&self, size: Size) {
        // A terminal whose programs are gone has no size to set.
        let _ = self.master().resize(pty_size(size));
    }

    /// The process group that has the terminal.
    pub(super) fn foreground(&self) -> Option<i32> {
        self.master().process_group_leader()
    }

    pub(super) fn line_mode(&self) -> Option<LineMode> {
        let flags = u64::from(self.master().get_termios()?.local_flags.bits());
        let has = |mode: LocalModes| flags & u64::from(mode.bits()) != 0;
        Some(LineMode {
            canonical: has(LocalModes::ICANON),
            echo: has(LocalModes::ECHO),
            signals: has(LocalModes::ISIG),
        })
    }

    /// Drops what was typed and not read yet. False: it could not be done.
    pub(super) fn drop_input(&self) -> bool {
        let name = self.master().tty_name();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let slave = name.and_then(|name| rustix::fs::open(name, flags, Mode::empty()).ok());
        slave.is_some_and(|slave| tcflush(slave, QueueSelector::IFlush).is_ok())
    }

    /// To the foreground group and to the shell's own.
    pub(super) fn signal(&self, signal: Signal) {
        let shell = i32::try_from(self.pid).ok();
        for group in self.foreground().into_iter().chain(shell) {
            signal_group(group, signal);
        }
    }
}

/// Whoever is gone already needs no signal.
pub(super) fn signal_group(group: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(group).filter(|_| group > 1) {
        let _ = kill_process_group(pid, signal);
    }
}

pub(super) fn signal_process(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid).filter(|_| pid > 1) {
        let _ = kill_process(pid, signal);
    }
}
