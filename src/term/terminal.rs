//! A terminal as the rest of the house has it: a shell in a PTY, its screen, its input, its end.

use super::foreground;
use super::live::Live;
use super::progress::Phase;
use super::pty::{self, signal_group, signal_process};
use super::queue::Hand;
use super::shared::Shared;
use super::shell::{self, Integration};
use super::{TermError, emulator};
use crate::protocol::{Launch, Screen, Scrollback, ShellKind, Size};
use rustix::process::Signal;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

/// How long each signal may take to end everything before the next, harder one.
const ENDING: [(Signal, Duration); 3] = [
    (Signal::HUP, Duration::from_millis(300)),
    (Signal::TERM, Duration::from_millis(200)),
    (Signal::KILL, Duration::from_secs(2)),
];
/// Between two looks at who is left; nothing tells us of the ends of other processes than the shell.
const ENDING_LOOK: Duration = Duration::from_millis(5);

/// A shell in a pseudo-terminal, shared by the user and the agent. Clones are the same terminal;
/// when the last one goes, what runs in it is hung up on.
#[derive(Clone)]
pub struct Terminal {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) shared: Arc<Shared>,
    pub(super) next_id: AtomicU64,
    name: String,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.shared.live().exit.is_none() {
            self.shared.pty.signal(Signal::HUP);
        }
        self.shared.queue.close();
    }
}

impl Terminal {
    /// Starts the shell and returns at once; its first prompt comes later. `changed` is called from
    /// any thread when there is something new to draw, and not again before `screen` was called;
    /// it must be quick and must not call the terminal.
    pub fn open(
        launch: &Launch,
        size: Size,
        changed: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Terminal, TermError> {
        let size = emulator::clamp(size);
        let integration = Integration::prepare(launch)?;
        let opened = pty::open(launch, &integration, size)?;
        let marks = integration.kind != ShellKind::Other;
        let outputs = launch.scratch.join("out");
        let mut live = Live::new(size, launch.folder.clone(), outputs, marks);
        live.progress.starts = shell::tells_starts(integration.kind);
        let shared = Arc::new(Shared::new(opened.pty, integration, live, Box::new(changed)));
        shared.start(opened.reader, opened.writer, opened.child).map_err(|error| {
            TermError::Start { shell: launch.shell.clone(), reason: error.to_string() }
        })?;
        let name = launch.shell.file_name().unwrap_or(launch.shell.as_os_str());
        let name = name.to_string_lossy().into_owned();
        Ok(Terminal { inner: Arc::new(Inner { shared, next_id: AtomicU64::new(1), name }) })
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    pub fn shell(&self) -> ShellKind {
        self.shared().integration.kind
    }

    /// The shell's file name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Of the process that was started: the shell, or the prefix in front of it.
    pub fn pid(&self) -> u32 {
        self.shared().pty.pid
    }

    /// What it shows now; the same allocation as long as nothing changes.
    pub fn screen(&self) -> Arc<Screen> {
        self.shared().screen()
    }

    /// Everything that it has shown and that is kept, as it is now.
    pub fn look_back(&self) -> Scrollback {
        self.shared().live().emulator.look_back()
    }

    /// The text that the program last asked to be put into the clipboard; once.
    pub fn take_copied(&self) -> Option<String> {
        self.shared().live().emulator.take_copied()
    }

    /// Sides are clamped to 1..=1000. Equal sizes do nothing, so bursts cost little.
    pub fn resize(&self, size: Size) {
        let shared = self.shared();
        let mut live = shared.live();
        if emulator::clamp(size) == live.emulator.size() {
            return;
        }
        live.resize(size);
        // Under the lock, so that the last size is the last one for both.
        shared.pty.resize(live.emulator.size());
        let revision = live.revision;
        drop(live);
        shared.tell(revision);
    }

    /// Answers queries for checksums of the screen (DECRQCRA), which is off: a program could read by
    /// them what others wrote. For the conformance tests, which see the screen by nothing else.
    #[doc(hidden)]
    pub fn answer_checksums(&self) {
        self.shared().live().emulator.queries.checksums = true;
    }

    /// ^C to the foreground. Where the program does not read its input, what waits there is dropped.
    pub fn interrupt(&self) {
        let shared = self.shared();
        let stuck = shared.queue.clear();
        let signals = shared.pty.line_mode().is_some_and(|mode| mode.signals);
        // What the kernel holds is in the way of the ^C, and the shell would read it next.
        if stuck
            && signals
            && !shared.pty.drop_input()
            && let Some(group) = shared.pty.foreground()
        {
            signal_group(group, Signal::INT);
        }
        // Also after a signal: it makes the kernel drop what was typed before it.
        shared.queue.push(&[0x03], Hand::User);
    }

    /// Under the name of the shell's folder there is another folder now: an idle shell goes there.
    /// One that brisk's keys do not reach goes there with the agent's next command.
    pub fn reenter(&self) {
        let shared = self.shared();
        let is_ready = {
            let live = shared.live();
            live.at_prompt() && live.progress.tells_all()
        };
        if is_ready && shell::tells_starts(self.shell()) {
            shared.queue.push(shell::REENTER, Hand::Reply);
        }
    }

    /// Whether a command runs, the agent's or the user's.
    pub fn busy(&self) -> bool {
        self.settle_by_kernel();
        let live = self.shared().live();
        match live.progress.phase {
            _ if live.exit.is_some() => false,
            Phase::Starting => false,
            Phase::Taken | Phase::Running | Phase::Settling => true,
            // Without marks the user's command is seen only by who has the terminal.
            Phase::Prompt => {
                live.is_given()
                    || live.progress.continued
                    || (!live.progress.tells_all() && !self.has_terminal(live.shell_group))
            }
        }
    }

    /// The shell's exit code once it has ended; `Some(None)` if there is none.
    pub fn ended(&self) -> Option<Option<i32>> {
        self.shared().live().exit
    }

    /// Where the shell is: what the system says, else what it said at its last prompt.
    pub fn folder(&self) -> PathBuf {
        let said = || self.shared().live().progress.folder.clone();
        foreground::folder(self.shared().pty.pid).unwrap_or_else(said)
    }

    /// Whether the shell itself has the terminal.
    pub(super) fn has_terminal(&self, shell_group: Option<i32>) -> bool {
        let pty = &self.shared().pty;
        let shell = shell_group.or_else(|| i32::try_from(pty.pid).ok());
        pty.foreground().is_none_or(|group| Some(group) == shell)
    }

    /// A shell without marks: looks whether its command has ended.
    pub(super) fn settle_by_kernel(&self) {
        let shared = self.shared();
        let typed_at = {
            let live = shared.live();
            if live.progress.marks || live.progress.phase != Phase::Running {
                return;
            }
            live.typed_at
        };
        // It must have slept since the command was typed: before, it may not have read it yet.
        let moved = match (typed_at, foreground::switches(shared.pty.pid)) {
            (Some(before), Some(now)) => now > before,
            _ => shared.live().last_output.elapsed() > super::watch::QUIET,
        };
        if !moved || !foreground::at_prompt(&shared.pty) {
            return;
        }
        let mut live = shared.live();
        // The kernel knows before its output has reached us.
        if live.shows_prompt() || live.has_arrived() {
            live.stop_listening();
            if let Some(folder) = foreground::folder(shared.pty.pid) {
                live.progress.folder = folder;
            }
            live.progress.ready(Instant::now());
        }
    }

    /// A shell without marks: it waits for input, and its prompt has reached us, if it has one.
    pub(super) fn shows_first_prompt(&self) -> bool {
        let shared = self.shared();
        if !foreground::at_prompt(&shared.pty) {
            return false;
        }
        let mut live = shared.live();
        if live.progress.marks {
            // They may still be on their way.
            return live.is_quiet(super::watch::QUIET);
        }
        !live.emulator.cursor_line().is_empty() || live.has_arrived()
    }

    /// Ends everything that runs in the terminal, the shell too: hangs up, asks, kills. Returns when
    /// all of it is gone, after some 2.5 seconds at the latest.
    pub async fn close(&self) {
        let shared = self.shared();
        shared.queue.clear();
        for (signal, patience) in ENDING {
            if self.gone() {
                break;
            }
            self.signal_all(signal);
            let deadline = Instant::now() + patience;
            while !self.gone() && Instant::now() < deadline {
                tokio::time::sleep(ENDING_LOOK).await;
            }
        }
        shared.queue.close();
    }

    fn session(&self) -> Vec<i32> {
        i32::try_from(self.pid()).map(foreground::session_members).unwrap_or_default()
    }

    fn gone(&self) -> bool {
        self.ended().is_some() && self.session().is_empty()
    }

    fn signal_all(&self, signal: Signal) {
        let pty = &self.shared().pty;
        // Once the shell is reaped its number may be another's; its session cannot be while it has
        // members.
        if self.ended().is_none() {
            pty.signal(signal);
        }
        for pid in self.session() {
            signal_process(pid, signal);
            // A stopped process acts on a signal only when it goes on.
            signal_process(pid, Signal::CONT);
        }
    }
}
