//! What a terminal knows while it lives, and the threads that keep it so: one reads, one writes,
//! one waits for the shell's end. Everything that the reader learns is in `Live`.

use super::capture::{self, Capture, Output};
use super::emulator::Emulator;
use super::marks::{self, Mark};
use super::progress::{OutputStep, Phase, Progress};
use super::pty::Pty;
use super::queue::Queue;
use super::scan::{Csi, Scanner, Sink};
use super::shell::Integration;
use super::watch::TAKING_MAX;
use crate::protocol::{Screen, Size};
use rustix::process::Signal;
use std::io::{ErrorKind, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Child;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

const READ_BYTES_MAX: usize = 64 * 1024;
/// After the shell's end, output that is still on its way. A background job may hold the terminal
/// open for ever.
const DRAIN_MAX: Duration = Duration::from_millis(50);

/// Whether what the terminal shows is a command's output.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listening {
    Off,
    /// To the line editor's echo, and to what the shell says about the command.
    Echo,
    On,
}

pub(super) struct Live {
    pub(super) emulator: Emulator,
    pub(super) progress: Progress,
    pub(super) capture: Capture,
    pub(super) last_output: Instant,
    /// When the program took the alternate screen.
    pub(super) full_since: Option<Instant>,
    /// Of the shell: None while it lives.
    pub(super) exit: Option<Option<i32>>,
    /// A command of the agent's that the shell has not taken yet, and since when.
    pub(super) pending: Option<(u64, Instant)>,
    /// Lines of the agent's command, which its echo has, too.
    pub(super) command_lines: usize,
    /// Of a shell without marks: how often it had slept when it was typed to, and its prompt.
    pub(super) typed_at: Option<u64>,
    pub(super) prompt_text: String,
    /// What the agent was last told.
    pub(super) told_folder: PathBuf,
    /// The shell's own process group.
    pub(super) shell_group: Option<i32>,
    pub(super) revision: u64,
    screen: Option<Arc<Screen>>,
    scanner: Scanner,
    listening: Listening,
    thawing: bool,
    eof: bool,
}

pub(super) struct Shared {
    live: Mutex<Live>,
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

impl Live {
    pub(super) fn new(size: Size, folder: PathBuf, outputs: PathBuf, marks: bool) -> Self {
        let now = Instant::now();
        Self {
            emulator: Emulator::new(size),
            progress: Progress::new(folder.clone(), marks, now),
            capture: capture::capture(size, outputs),
            last_output: now,
            full_since: None,
            exit: None,
            pending: None,
            command_lines: 1,
            typed_at: None,
            prompt_text: String::new(),
            told_folder: folder,
            shell_group: None,
            revision: 1,
            screen: None,
            scanner: Scanner::new(),
            listening: Listening::Off,
            thawing: false,
            eof: false,
        }
    }

    pub(super) fn screen(&mut self) -> Arc<Screen> {
        match &self.screen {
            Some(screen) if screen.revision == self.revision => Arc::clone(screen),
            _ => {
                let screen = Arc::new(self.emulator.screen(self.revision));
                self.screen = Some(Arc::clone(&screen));
                screen
            }
        }
    }

    /// True if the program took the alternate screen, or left it.
    fn mind_switch(&mut self) -> bool {
        let full = self.emulator.modes().alternate_screen;
        let switched = full != self.full_since.is_some();
        if switched {
            self.full_since = full.then(Instant::now);
        }
        switched
    }

    /// Whether the shell was given a command that it has yet to take.
    pub(super) fn is_given(&self) -> bool {
        self.pending.is_some_and(|(_, since)| since.elapsed() < TAKING_MAX)
    }

    /// At the prompt, and not about to leave it.
    pub(super) fn at_prompt(&self) -> bool {
        self.progress.phase == Phase::Prompt && !self.is_given()
    }

    /// Of a shell without marks: the prompt that it had is back, after something else.
    pub(super) fn shows_prompt(&mut self) -> bool {
        let screen = self.screen();
        !self.prompt_text.is_empty()
            && self.last_output > self.progress.began
            && cursor_line(&screen) == self.prompt_text
    }

    /// From here on everything is output, as far as a shell without marks can tell.
    pub(super) fn listen(&mut self) {
        self.capture.reset(self.emulator.size());
        self.listening = Listening::On;
    }

    /// What was said since the last look. The line editor's echo is nothing that was said.
    pub(super) fn take_output(&mut self) -> Output {
        match self.listening {
            Listening::Echo => Output::default(),
            Listening::On | Listening::Off => self.capture.take(),
        }
    }

    pub(super) fn said(&self, text: &str) -> bool {
        self.listening != Listening::Echo && self.capture.contains(text)
    }

    pub(super) const fn stop_listening(&mut self) {
        self.listening = Listening::Off;
    }

    pub(super) fn resize(&mut self, size: Size) {
        self.emulator.resize(size);
        self.capture.resize(self.emulator.size());
        self.revision += 1;
    }

    /// The marks that were in these bytes.
    fn feed(&mut self, bytes: &[u8], nonce: &str) -> Vec<Mark> {
        let mut tee = Tee {
            emulator: &mut self.emulator,
            progress: &mut self.progress,
            capture: &mut self.capture,
            listening: &mut self.listening,
            command_lines: self.command_lines,
            nonce,
            marks: Vec::new(),
        };
        self.scanner.feed(bytes, &mut tee);
        let marks = tee.marks;
        self.last_output = Instant::now();
        self.revision += 1;
        marks
    }
}

/// The cursor's row up to the cursor: at a prompt, the prompt.
pub(super) fn cursor_line(screen: &Screen) -> String {
    let Some(cursor) = screen.cursor else { return String::new() };
    let row = screen.row(cursor.row);
    row[..usize::from(cursor.column).min(row.len())].iter().map(|cell| cell.char).collect()
}

/// One chunk on its way: to the emulator, to the marks, to the output.
struct Tee<'a> {
    emulator: &'a mut Emulator,
    progress: &'a mut Progress,
    capture: &'a mut Capture,
    listening: &'a mut Listening,
    command_lines: usize,
    nonce: &'a str,
    marks: Vec<Mark>,
}

impl Tee<'_> {
    fn step(&mut self, step: OutputStep) {
        match step {
            OutputStep::Begin => {
                self.capture.reset(self.emulator.size());
                *self.listening = Listening::On;
            }
            OutputStep::BeginEcho => {
                self.capture.reset(self.emulator.size());
                *self.listening = Listening::Echo;
            }
            OutputStep::Resume => *self.listening = Listening::On,
            OutputStep::Pause => *self.listening = Listening::Off,
            OutputStep::PauseAfterEcho => {
                self.capture.skip_lines(self.command_lines);
                *self.listening = Listening::Off;
            }
            OutputStep::Keep => {}
        }
    }

    fn listens(&self) -> bool {
        *self.listening != Listening::Off
    }
}

impl Sink for Tee<'_> {
    fn text(&mut self, bytes: &[u8]) {
        if self.listens() {
            self.capture.text(bytes);
        }
    }

    fn control(&mut self, byte: u8) {
        if self.listens() {
            self.capture.control(byte);
        }
    }

    fn csi(&mut self, csi: &Csi<'_>) {
        if self.listens() {
            self.capture.csi(csi);
        }
    }

    fn escape(&mut self, byte: u8) {
        if self.listens() {
            self.capture.escape(byte);
        }
    }

    fn osc(&mut self, body: &[u8]) {
        if let Some(mark) = marks::parse(body, self.nonce) {
            let step = self.progress.apply(mark.clone(), Instant::now());
            self.step(step);
            self.marks.push(mark);
        }
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.emulator.feed(bytes);
    }
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
        let mut live = self.live();
        let marks = live.feed(bytes, &self.integration.nonce);
        let switched = live.mind_switch();
        if marks.iter().any(|mark| matches!(mark, Mark::Taken(_))) {
            live.pending = None;
        }
        if live.shell_group.is_none() && marks.contains(&Mark::Ready) {
            live.shell_group = self.pty.foreground();
        }
        let reply = live.emulator.take_reply();
        self.thaw_later(&mut live);
        let revision = live.revision;
        drop(live);
        self.queue.push(&reply);
        self.mind(&marks);
        if !marks.is_empty() || switched || self.watchers.load(Ordering::Acquire) > 0 {
            self.bump();
        }
        self.tell(revision);
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
                    self.queue.push(&reply);
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
        let writing = thread("write").spawn(move || shared.queue.write_to(writer));
        if waiting.is_err() || reading.is_err() || writing.is_err() {
            self.queue.close();
            self.pty.signal(Signal::KILL);
        }
        waiting.and(reading).and(writing).map(drop)
    }
}
