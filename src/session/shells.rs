//! The session's terminals: opened, looked up by number, minded while they live, closed with it.

use super::record::Record;
use crate::agent::{Out, Terminals};
use crate::protocol::{Body, Launch, NoticeLevel, Owner, Pen, Size, TermEvent, TermId};
use crate::term::{TermError, Terminal, Watch};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Open at once, the user's own among them: as many as one key can choose.
const TERMINALS_MAX: usize = 9;
/// Between two looks at what runs: a shell inside the shell tells nothing by itself.
const BUSY_LOOK: Duration = Duration::from_secs(1);
/// Of a command in a notice.
const COMMAND_CHARS_MAX: usize = 60;

pub(super) struct Shells {
    record: Arc<Record>,
    /// How the agent's shells start, and how the user's own do.
    shared: Launch,
    own: Launch,
    inner: Arc<Mutex<Inner>>,
    /// Told when a command has ended that ran while the user had the pen.
    pub(super) rested: Arc<Notify>,
}

struct Inner {
    shells: BTreeMap<TermId, Shell>,
    opened: u64,
    size: Size,
    /// Where the agent's commands run.
    current: TermId,
}

struct Shell {
    terminal: Terminal,
    owner: Owner,
    /// What runs in the background here.
    job: Option<String>,
}

impl Shells {
    /// Starts the agent's first shell.
    pub(super) fn open(
        shared: Launch,
        own: Launch,
        size: Size,
        record: Arc<Record>,
    ) -> Result<Arc<Shells>, TermError> {
        let inner = Inner { shells: BTreeMap::new(), opened: 0, size, current: TermId(1) };
        let inner = Arc::new(Mutex::new(inner));
        let shells = Arc::new(Shells { record, shared, own, inner, rested: Arc::default() });
        let (term, _) = shells.start(Owner::Shared)?;
        shells.choose(term);
        Ok(shells)
    }

    /// Starts a shell and says so. What it draws is announced as it comes.
    fn start(&self, owner: Owner) -> Result<(TermId, Terminal), TermError> {
        let (term, size) = {
            let mut inner = self.lock();
            inner.opened += 1;
            (TermId(inner.opened), inner.size)
        };
        // The terminal's threads may outlive the session by a moment: they must not keep it alive.
        let weak: Weak<Record> = Arc::downgrade(&self.record);
        let changed = move |revision| {
            if let Some(record) = weak.upgrade() {
                record.emit(Body::Term(TermEvent::Changed { term, revision }));
            }
        };
        let launch = match owner {
            Owner::Shared => &self.shared,
            Owner::User => &self.own,
        };
        let terminal = Terminal::open(launch, size, changed)?;
        self.record.emit(Body::Term(TermEvent::Opened {
            term,
            shell: terminal.shell(),
            name: terminal.name().to_owned(),
            pid: terminal.pid(),
            owner,
        }));
        let shell = Shell { terminal: terminal.clone(), owner, job: None };
        self.lock().shells.insert(term, shell);
        let (record, inner) = (Arc::downgrade(&self.record), Arc::downgrade(&self.inner));
        let rested = (owner == Owner::Shared).then(|| Arc::clone(&self.rested));
        tokio::spawn(mind(term, terminal.watch(), record, inner, rested));
        Ok((term, terminal))
    }

    /// The file name of the agent's shell.
    pub(super) fn shell_name(&self) -> String {
        let name = self.shared.shell.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    fn choose(&self, term: TermId) {
        self.lock().current = term;
        self.record.emit(Body::Term(TermEvent::Chosen { term }));
    }

    /// A terminal that the user alone types in.
    pub(super) fn open_own(&self) -> Result<TermId, String> {
        self.room()?;
        let (term, _) = self.start(Owner::User).map_err(|error| error.to_string())?;
        self.record.give_pen(term, Pen::User);
        Ok(term)
    }

    fn room(&self) -> Result<(), String> {
        if self.lock().shells.len() < TERMINALS_MAX {
            return Ok(());
        }
        Err(format!("{TERMINALS_MAX} terminals are open: end one of them first"))
    }

    pub(super) fn get(&self, term: TermId) -> Option<Terminal> {
        self.lock().shells.get(&term).map(|shell| shell.terminal.clone())
    }

    pub(super) fn owner(&self, term: TermId) -> Option<Owner> {
        self.lock().shells.get(&term).map(|shell| shell.owner)
    }

    /// The agent's shells that are at their prompts, by process.
    pub(super) fn idle(&self) -> Vec<u32> {
        let terminals = self.shared_ones();
        let idle = terminals.iter().filter(|terminal| !terminal.busy());
        idle.map(Terminal::pid).collect()
    }

    /// The agent's idle shells go where their folders are now.
    pub(super) fn reenter(&self) {
        self.shared_ones().iter().for_each(Terminal::reenter);
    }

    fn shared_ones(&self) -> Vec<Terminal> {
        let inner = self.lock();
        let shared = inner.shells.values().filter(|shell| shell.owner == Owner::Shared);
        shared.map(|shell| shell.terminal.clone()).collect()
    }

    /// All of them show a pane of this size.
    pub(super) fn resize(&self, size: Size) {
        let terminals: Vec<Terminal> = {
            let mut inner = self.lock();
            inner.size = size;
            inner.shells.values().map(|shell| shell.terminal.clone()).collect()
        };
        for terminal in terminals {
            terminal.resize(size);
        }
    }

    /// A shell of the agent's that has ended (somebody typed `exit`) is started anew.
    pub(super) fn revive(&self) -> Result<(), String> {
        let (term, terminal) = Terminals::current(self);
        if terminal.is_some_and(|terminal| terminal.ended().is_none()) {
            return Ok(());
        }
        self.forget(term);
        self.take_spare().map(drop)
    }

    /// An idle one of the agent's becomes the one where its commands run; a new one, if none is.
    fn take_spare(&self) -> Result<TermId, String> {
        let (term, _) = self.spare()?;
        self.choose(term);
        Ok(term)
    }

    /// What runs in the agent's terminal goes on in the background. None: nothing does.
    pub(super) fn set_aside(&self) -> Option<Result<(), String>> {
        let (term, terminal) = Terminals::current(self);
        let terminal = terminal.filter(Terminal::busy)?;
        let command = terminal.command().unwrap_or_else(|| "a command".to_owned());
        Some(self.take_spare().map(|_| {
            self.watch(term, &command);
            terminal.set_aside();
        }))
    }

    fn forget(&self, term: TermId) {
        if self.lock().shells.remove(&term).is_some() {
            self.record.emit(Body::Term(TermEvent::Closed { term }));
        }
    }

    /// Ends one, and what runs in it.
    pub(super) async fn close_one(&self, term: TermId) {
        let Some(terminal) = self.get(term) else { return };
        terminal.close().await;
        let current = self.lock().current == term;
        self.forget(term);
        if current && let Err(why) = self.take_spare() {
            self.record.notice(NoticeLevel::Error, why, None);
        }
    }

    /// Ends every shell and what runs in it.
    pub(super) async fn close(&self) {
        let shells = std::mem::take(&mut self.lock().shells);
        for shell in shells.into_values() {
            shell.terminal.close().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }
}

impl Terminals for Shells {
    fn current(&self) -> (TermId, Option<Terminal>) {
        let inner = self.lock();
        let shell = inner.shells.get(&inner.current);
        (inner.current, shell.map(|shell| shell.terminal.clone()))
    }

    fn get(&self, term: TermId) -> Option<Terminal> {
        let inner = self.lock();
        let shell = inner.shells.get(&term).filter(|shell| shell.owner == Owner::Shared)?;
        Some(shell.terminal.clone())
    }

    fn spare(&self) -> Result<(TermId, Terminal), String> {
        let idle = {
            let inner = self.lock();
            let mut others = inner.shells.iter().filter(|(term, shell)| {
                **term != inner.current && shell.owner == Owner::Shared && shell.job.is_none()
            });
            others
                .find(|(_, shell)| {
                    let terminal = &shell.terminal;
                    terminal.ended().is_none() && !terminal.busy() && terminal.pen() == Pen::Agent
                })
                .map(|(term, shell)| (*term, shell.terminal.clone()))
        };
        if let Some(idle) = idle {
            return Ok(idle);
        }
        self.room()?;
        self.start(Owner::Shared).map_err(|error| format!("the shell cannot be started: {error}"))
    }

    fn watch(&self, term: TermId, command: &str) {
        let terminal = {
            let mut inner = self.lock();
            let Some(shell) = inner.shells.get_mut(&term) else { return };
            shell.job = Some(command.to_owned());
            shell.terminal.clone()
        };
        let started = TermEvent::Job { term, command: command.to_owned() };
        self.record.emit(Body::Term(started));
        let short: String = command.chars().take(COMMAND_CHARS_MAX).collect();
        let (record, inner) = (Arc::downgrade(&self.record), Arc::clone(&self.inner));
        let (end, since) = (terminal.command_end(), Instant::now());
        tokio::spawn(async move {
            let exit = end.await;
            let known = lock(&inner).shells.get_mut(&term).map(|shell| shell.job = None);
            let (Some(record), Some(())) = (record.upgrade(), known) else { return };
            let duration_ms = since.elapsed().as_millis() as u64;
            record.tell(format!("`{short}` in terminal {} has ended, {}.", term.0, how(exit)));
            record.emit(Body::Term(TermEvent::JobEnded { term, exit, duration_ms }));
            let text = format!("`{short}` in terminal {} ended, {}", term.0, how(exit));
            record.notice(NoticeLevel::Info, text, None);
        });
    }
}

fn how(exit: Option<i32>) -> String {
    exit.map_or_else(|| "exit code unknown".to_owned(), |code| format!("exit {code}"))
}

/// Says what happens in a terminal by itself: a question for a secret, the shell's end.
async fn mind(
    term: TermId,
    mut watch: Watch,
    record: Weak<Record>,
    inner: Weak<Mutex<Inner>>,
    rested: Option<Arc<Notify>>,
) {
    let (mut secret, mut quality, mut busy) = (false, None, false);
    loop {
        let now = watch.now();
        let Some(record) = record.upgrade() else { return };
        if now.secret != secret {
            secret = now.secret;
            record.emit(Body::Term(TermEvent::Secret { term, on: secret }));
        }
        if let Some(new) = now.quality.filter(|_| now.quality != quality) {
            quality = now.quality;
            record.emit(Body::Term(TermEvent::Quality { term, quality: new }));
        }
        if std::mem::replace(&mut busy, now.busy)
            && !now.busy
            && now.pen == Pen::User
            && let Some(rested) = &rested
        {
            rested.notify_one();
        }
        if let Some(exit) = now.exit {
            record.emit(Body::Term(TermEvent::Exited { term, exit }));
            if let Some(inner) = inner.upgrade() {
                close_own(term, &record, &inner);
            }
            return;
        }
        drop(record);
        watch.changed(now.busy.then_some(BUSY_LOOK)).await;
    }
}

/// A terminal of the user's own goes with its shell.
fn close_own(term: TermId, record: &Record, inner: &Mutex<Inner>) {
    let is_own = lock(inner).shells.get(&term).is_some_and(|shell| shell.owner == Owner::User);
    if is_own && lock(inner).shells.remove(&term).is_some() {
        record.emit(Body::Term(TermEvent::Closed { term }));
    }
}

fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}
