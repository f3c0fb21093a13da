//! What a terminal's threads share, and the threads themselves: one reads, one writes, one waits for
//! the shell's end. Callers find everything that the reader learnt in `Live`.

use super::foreground;
use super::live::Live;
use super::marks::Mark;
use super::pty::Pty;
use super::queue::{Hand, Queue};
use super::shell::Integration;
use crate::protocol::Screen;
use rustix::process::Signal;
use std::io::{ErrorKind, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

const READ_BYTES_MAX: usize = 64 * 1024;
/// After the shell's end, output that is still on its way. A background job may hold the terminal
/// open for ever.
const DRAIN_MAX: Duration = Duration::from_millis(50);

/// Turns that the reader gives away, at most, while somebody waits to see or to type.
const TURNS_GIVEN_MAX: usize = 64;

pub(super) struct Shared {
    live: Mutex<Live>,
    /// Threads that wait for `live`. The reader of a flood would take it again before they wake.
    waiting: AtomicUsize,
    drained: Condvar,
    pub(super) pty: Pty,
    pub(super) queue: Queue,
    pub(super) integration: Integration,
    /// Rises with marks, ends, switches of the screen; with any output while somebody watches it.
    pub(super) events: watch::Sender<u64>,
    pub(super) watchers: AtomicUsize,
    changed: Box<dyn Fn(u64) + Send + Sync>,
    /// `changed` was called, and nobody has looked since.
    told: AtomicBool,
}

impl Shared {
    pub(super) fn new(
        pty: Pty,
        integration: Integration,
        live: Live,
        changed: Box<dyn Fn(u64) + Send + Sync>,
    ) -> Self {
        Self {
            live: Mutex::new(live),
            waiting: AtomicUsize::new(0),
            drained: Condvar::new(),
            pty,
            queue: Queue::default(),
            integration,
            events: watch::Sender::new(0),
            watchers: AtomicUsize::new(0),
            changed,
            told: AtomicBool::new(false),
        }
    }

    pub(super) fn live(&self) -> MutexGuard<'_, Live> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        live
    }

    /// For the reader: whoever waits has the first turn.
    fn live_after_others(&self) -> MutexGuard<'_, Live> {
        for _ in 0..TURNS_GIVEN_MAX {
            if self.waiting.load(Ordering::Acquire) == 0 {
                break;
            }
            std::thread::yield_now();
        }
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn screen(&self) -> Arc<Screen> {
        // Before the look: what changes during it is told again.
        self.told.store(false, Ordering::Release);
        self.live().screen()
    }

    pub(super) fn tell(&self, revision: u64) {
        if !self.told.swap(true, Ordering::AcqRel) {
            (self.changed)(revision);
        }
    }

    pub(super) fn bump(&self) {
        self.events.send_modify(|count| *count += 1);
    }

    fn take(self: &Arc<Self>, bytes: &[u8]) {
        let mut live = self.live_after_others();
        let marks = live.feed(bytes, &self.integration.nonce);
        let switched = live.mind_switch();
        if marks.iter().any(|mark| matches!(mark, Mark::Taken(_))) {
            live.pending = None;
        }
        if live.shell_group.is_none() && marks.contains(&Mark::Ready) {
            live.shell_group = self.pty.foreground();
            live.shell_image = live.shell_group.and_then(foreground::image);
        }
        if !live.progress.starts && marks.contains(&Mark::Ready) {
            live.ready_column = live.screen().cursor.map_or(0, |cursor| cursor.column);
        }
        let reply = live.emulator.take_reply();
        self.thaw_later(&mut live);
        let switched = live.mind_secret(self.pty.line_mode()) || switched;
        let revision = live.revision;
        // Under the lock: with the prompt's mark seen, the next command may be on its way to the file.
        self.mind(&marks);
        drop(live);
        self.queue.push(&reply, Hand::Reply);
        // Some programs turn the echo off only after they have asked.
        self.queue.look_later();
        if !marks.is_empty() || switched || self.watchers.load(Ordering::Acquire) > 0 {
            self.bump();
        }
        self.tell(revision);
    }

    /// Looks whether a program asks for a secret, which no output needs to tell.
    pub(super) fn mind_secret(&self) {
        let mut live = self.live();
        if live.mind_secret(self.pty.line_mode()) {
            let revision = live.revision;
            drop(live);
            self.bump();
            self.tell(revision);
        }
    }

    /// What the marks mean for our files.
    fn mind(&self, marks: &[Mark]) {
        if marks.contains(&Mark::Prompt) {
            self.integration.forget_scripts();
        }
        if marks.iter().any(|mark| matches!(mark, Mark::Taken(_))) {
            self.integration.withdraw();
        }
    }

    /// A program that begins a synchronized update and never ends it must not freeze the screen.
    fn thaw_later(self: &Arc<Self>, live: &mut Live) {
        if live.thawing || live.emulator.frozen_until().is_none() {
            return;
        }
        live.thawing = true;
        let shared = Arc::clone(self);
        std::thread::spawn(move || shared.thaw());
    }

    fn thaw(&self) {
        loop {
            let mut live = self.live();
            let wait = live
                .emulator
                .frozen_until()
                .map(|until| until.saturating_duration_since(Instant::now()));
            match wait {
                None => {
                    live.thawing = false;
                    return;
                }
                Some(Duration::ZERO) => {
                    live.emulator.thaw();
                    live.mind_switch();
                    live.revision += 1;
                    let (reply, revision) = (live.emulator.take_reply(), live.revision);
                    drop(live);
                    self.queue.push(&reply, Hand::Reply);
                    self.bump();
                    self.tell(revision);
                }
                Some(wait) => {
                    drop(live);
                    std::thread::sleep(wait);
                }
            }
        }
    }

    fn read_from(self: &Arc<Self>, mut reader: impl Read) {
        let mut buffer = vec![0; READ_BYTES_MAX];
        loop {
            match reader.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // portable-pty makes an end of EIO.
                Ok(0) | Err(_) => break,
                Ok(count) => self.take(&buffer[..count]),
            }
        }
        self.live().eof = true;
        self.drained.notify_all();
    }

    /// Reaps the shell; then it has ended, once its last words are read.
    fn reap(&self, mut child: Child) {
        let status = child.wait().ok();
        let code = status.and_then(|status| {
            status.code().or_else(|| status.signal().map(|signal| 128 + signal))
        });
        let live = self.live();
        let waited = self.drained.wait_timeout_while(live, DRAIN_MAX, |live| !live.eof);
        let (mut live, _) = waited.unwrap_or_else(PoisonError::into_inner);
        live.exit = Some(code);
        live.revision += 1;
        let revision = live.revision;
        drop(live);
        self.integration.withdraw();
        self.queue.close();
        self.bump();
        self.tell(revision);
    }

    /// Starts the three threads.
    pub(super) fn start(
        self: &Arc<Self>,
        reader: Box<dyn Read + Send>,
        writer: Box<dyn std::io::Write + Send>,
        child: Child,
    ) -> std::io::Result<()> {
        let thread = |name: &str| std::thread::Builder::new().name(format!("term {name}"));
        let shared = Arc::clone(self);
        let waiting = thread("reap").spawn(move || shared.reap(child));
        let shared = Arc::clone(self);
        let reading = thread("read").spawn(move || shared.read_from(reader));
        let shared = Arc::clone(self);
        let writing = thread("write").spawn(move || {
            shared.queue.write_to(writer, || shared.mind_secret());
        });
        if waiting.is_err() || reading.is_err() || writing.is_err() {
            self.queue.close();
            self.pty.signal(Signal::KILL);
        }
        waiting.and(reading).and(writing).map(drop)
    }
}
