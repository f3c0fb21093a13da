//! The loop: signals, keys, events and time go into `update`, what is dirty goes to the screen.

use super::app::App;
use super::clipboard::Clipboard;
use super::guard::{Guard, Keys};
use super::history::History;
use super::painter::Painter;
use super::theme::{ColorDepth, Theme};
use super::update::{Effect, Msg, update};
use super::view::view;
use super::writer::Writer;
use super::{Colors, Options, Outcome, editor, keys, models, seen};
use crate::protocol::{ChangeId, Op};
use crate::session::{Handle, State, Subscriber};
use anyhow::Context as _;
use crossterm::event::{Event as Input, EventStream};
use futures_util::StreamExt as _;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::VecDeque;
use std::fs::File;
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Between two frames: 60 a second, 15 over a slow line.
const FRAME_MS: u64 = 16;
const FRAME_SLOW_MS: u64 = 66;
/// A line that needs so long for a frame is a slow one.
const WRITE_SLOW_MS: u64 = 25;
/// Between two frames that show nothing but the next words of a text.
const TEXT_FRAME_MS: u64 = 33;
/// A key is seen at once; only between two frames for keys passes that long.
const KEY_FRAME_MS: u64 = 8;
/// What the terminal shows within that time after a key went to it is taken for the key's echo.
const ECHO_MS: u64 = 100;
/// Events that are folded in before keys are looked at again.
const EVENTS_PER_PASS_MAX: usize = 256;
/// Ops that wait for the session to take them.
const OPS_MAX: usize = 1024;
const OPS_RETRY_MS: u64 = 10;
/// A terminal larger than this is a mistake of whoever says so.
pub(super) const SIDE_MAX: u16 = 2_000;

pub(super) async fn run(
    handle: Handle,
    events: Subscriber,
    state: State,
    options: Options,
) -> anyhow::Result<Outcome> {
    let mut screen = Loop::new(handle, state, options)?;
    let outcome = screen.turn(events).await;
    screen.writer.drain();
    drop(screen.guard);
    outcome
}

struct Loop {
    handle: Handle,
    app: App,
    painter: Painter,
    writer: Writer,
    clock: Clock,
    /// Between two frames, if the line is not slow.
    frame_ms: u64,
    last_frame: u64,
    /// The last frame was long on its way.
    is_slow: bool,
    /// Of the frame that is on its way.
    sent_at: Option<u64>,
    /// A key was pressed that no frame has shown yet.
    key_waits: bool,
    last_key_frame: u64,
    /// Until then the terminal's next change is a key's echo.
    echo_until: u64,
    ops: VecDeque<Op>,
    clipboard: Clipboard,
    programs_copy: bool,
    editor: Option<String>,
    /// A hunk that the user's editor is to get.
    editing: Option<Editing>,
    guard: Guard,
}

/// A hunk that is to be written anew.
struct Editing {
    change: ChangeId,
    hunk: usize,
    path: String,
    text: String,
}

/// Time that never goes backwards, and is the wall's.
struct Clock {
    start_ms: u64,
    start: Instant,
}

impl Clock {
    fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let start_ms = u64::try_from(since.as_millis()).unwrap_or(0);
        Self { start_ms, start: Instant::now() }
    }

    fn now(&self) -> u64 {
        self.start_ms + u64::try_from(self.start.elapsed().as_millis()).unwrap_or(0)
    }
}

/// What woke the loop.
enum Woken {
    Signal(i32),
    Stop,
    Continued,
    Input(Option<std::io::Result<Input>>),
    Event(Option<Box<crate::protocol::Event>>),
    Written,
    Time,
}

impl Loop {
    fn new(handle: Handle, state: State, options: Options) -> anyhow::Result<Self> {
        let theme = themed(&options)?;
        let clock = Clock::new();
        let mut app = App::new(state, theme, jiff::tz::TimeZone::system(), clock.now());
        let sides = handle.clone();
        app.new_side = Box::new(move |change| sides.new_side(change));
        app.history = History::open(options.history_file);
        app.banner = options.notice;
        app.leader = options.leader;
        app.models = models::sorted(options.models);
        let ops = options.first_prompt.map(|text| Op::Prompt { text }).into_iter().collect();
        let keys = if options.extended_keys { Keys::Extended } else { Keys::Plain };
        let guard = Guard::take(keys)?;
        let out = std::io::stdout().as_fd().try_clone_to_owned().context("open the terminal")?;
        let writer = Writer::start(File::from(out)).context("start the screen's thread")?;
        let frame_ms = if options.ssh { FRAME_SLOW_MS } else { FRAME_MS };
        let mut new = Self {
            handle,
            app,
            painter: Painter::new(),
            writer,
            clock,
            frame_ms,
            last_frame: 0,
            is_slow: false,
            sent_at: None,
            key_waits: false,
            last_key_frame: 0,
            echo_until: 0,
            ops,
            clipboard: Clipboard::new(options.multiplexer),
            programs_copy: options.programs_copy,
            editor: options.editor,
            editing: None,
            guard,
        };
        new.measure()?;
        Ok(new)
    }

    fn measure(&mut self) -> anyhow::Result<()> {
        let (columns, rows) = crossterm::terminal::size().context("measure the terminal")?;
        self.resize(columns, rows);
        Ok(())
    }

    fn resize(&mut self, columns: u16, rows: u16) {
        let msg = Msg::Resize(columns.min(SIDE_MAX), rows.min(SIDE_MAX));
        update(&mut self.app, msg);
    }

    async fn turn(&mut self, mut events: Subscriber) -> anyhow::Result<Outcome> {
        let mut signals = Signals::new().context("listen to signals")?;
        let mut inputs = EventStream::new();
        loop {
            self.app.now = self.clock.now();
            if let Some(panic) = self.guard.panic_elsewhere() {
                self.app.say(format!("a part of brisk has failed: {panic}"));
                self.app.dirty = true;
            }
            self.send_ops();
            self.programs_copy();
            let is_busy = self.writer.is_busy().context("write to the terminal")?;
            if let (false, Some(sent_at)) = (is_busy, self.sent_at) {
                self.is_slow = self.app.now - sent_at >= WRITE_SLOW_MS;
                self.sent_at = None;
            }
            let wake_at = self.draw_or_wake_at(is_busy)?;
            let wait = wake_at.map(|at| Duration::from_millis(at.saturating_sub(self.clock.now())));
            let woken = tokio::select! {
                biased;
                woken = signals.next() => woken,
                input = inputs.next() => Woken::Input(input),
                event = events.next() => Woken::Event(event.map(Box::new)),
                () = self.writer.written(), if is_busy => Woken::Written,
                () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => Woken::Time,
            };
            // A task may go on on another thread than it waited on.
            self.guard.draws_here();
            self.app.now = self.clock.now();
            if let Some(outcome) = self.take(woken, &mut events)? {
                return Ok(outcome);
            }
            if let Some(editing) = self.editing.take() {
                // Whoever reads the keys would take them from the editor.
                drop(inputs);
                self.edit(editing)?;
                inputs = EventStream::new();
                // Ctrl+C was the editor's.
                signals = Signals::new().context("listen to signals")?;
            }
        }
    }

    /// Draws if it is time; says when something is to be done next without being woken.
    fn draw_or_wake_at(&mut self, is_busy: bool) -> anyhow::Result<Option<u64>> {
        let frame_ms = if self.is_slow { FRAME_SLOW_MS } else { self.frame_ms };
        let due_at = match (self.key_waits, self.app.hurries) {
            (true, _) => self.last_key_frame + KEY_FRAME_MS,
            (false, true) => self.last_frame + frame_ms,
            (false, false) => self.last_frame + frame_ms.max(TEXT_FRAME_MS),
        };
        let now = self.app.now;
        if self.app.dirty && !is_busy && now >= due_at {
            self.draw()?;
        }
        let frame = (self.app.dirty && !is_busy).then_some(due_at);
        let retry = (!self.ops.is_empty()).then_some(now + OPS_RETRY_MS);
        Ok([frame, retry, self.app.wake_at()].into_iter().flatten().min())
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let handle = &self.handle;
        self.app.changes = handle.changes().1;
        self.app.prepare(&|term| handle.screen(term));
        let mut cells = Buffer::empty(Rect::new(0, 0, self.app.columns, self.app.rows));
        let cursor = view(&self.app, &mut cells);
        if std::mem::take(&mut self.app.redraw) {
            self.painter.lose();
        }
        let frame = self.painter.paint(cells, cursor);
        if std::mem::take(&mut self.key_waits) && !frame.is_empty() {
            self.last_key_frame = self.app.now;
        }
        let mut bytes = self.clipboard.take();
        bytes.extend(frame);
        self.sent_at = (!bytes.is_empty()).then_some(self.app.now);
        self.writer.write(bytes);
        self.app.dirty = false;
        self.app.hurries = false;
        self.last_frame = self.app.now;
        Ok(())
    }

    fn take(&mut self, woken: Woken, events: &mut Subscriber) -> anyhow::Result<Option<Outcome>> {
        self.app.changes = self.handle.changes().1;
        match woken {
            Woken::Signal(number) => return Ok(Some(Outcome::Signal(number))),
            Woken::Stop => self.suspend()?,
            Woken::Continued => self.resume()?,
            Woken::Input(input) => {
                let input = input.context("the terminal is gone")?.context("read the keys")?;
                return self.input(input);
            }
            Woken::Event(None) => return Ok(Some(Outcome::Ended)),
            Woken::Event(Some(event)) => {
                let mut next = Some(event);
                for _ in 0..EVENTS_PER_PASS_MAX {
                    let Some(event) = next else { break };
                    update(&mut self.app, Msg::Event(event));
                    next = events.try_next().map(Box::new);
                }
                if let Some(event) = next {
                    update(&mut self.app, Msg::Event(event));
                }
                if self.app.dirty && self.app.now < self.echo_until {
                    self.echo_until = 0;
                    self.key_waits = true;
                }
            }
            Woken::Written => {}
            Woken::Time => return self.effects(Msg::Tick),
        }
        Ok(None)
    }

    fn input(&mut self, input: Input) -> anyhow::Result<Option<Outcome>> {
        let msg = match input {
            Input::Key(event) => match keys::from_event(&event) {
                Some(key) => Msg::Key(key),
                None => return Ok(None),
            },
            Input::Paste(text) => Msg::Paste(text),
            Input::Resize(columns, rows) => {
                self.resize(columns, rows);
                return Ok(None);
            }
            Input::FocusGained | Input::FocusLost | Input::Mouse(_) => return Ok(None),
        };
        self.key_waits = true;
        self.effects(msg)
    }

    fn effects(&mut self, msg: Msg) -> anyhow::Result<Option<Outcome>> {
        for effect in update(&mut self.app, msg) {
            if matches!(effect, Effect::Send(Op::Input { .. })) {
                self.echo_until = self.app.now + ECHO_MS;
            }
            match effect {
                Effect::Send(op) if self.ops.len() < OPS_MAX => self.ops.push_back(op),
                Effect::Send(_) => self.app.say("the session does not keep up"),
                Effect::LookBack { term, page } => {
                    if let Some(back) = self.handle.look_back(term) {
                        update(&mut self.app, Msg::LookBack { term, page, back });
                    }
                }
                Effect::Copy(text) => self.app.say(self.clipboard.copy(&text)),
                Effect::ReadOutput(file) => {
                    let text = seen::read(&file);
                    update(&mut self.app, Msg::Output { file, text });
                }
                Effect::EditHunk { change, hunk, path, text } => {
                    self.editing = Some(Editing { change, hunk, path, text });
                }
                Effect::Suspend => self.suspend()?,
                Effect::Quit => return Ok(Some(Outcome::Quit)),
            }
        }
        self.send_ops();
        Ok(None)
    }

    /// What a program put into the clipboard, if it may.
    fn programs_copy(&mut self) {
        if !self.programs_copy {
            return;
        }
        let term = self.app.live_term();
        if let Some(text) = term.and_then(|term| self.handle.take_copied(term)) {
            let said = self.clipboard.copy(&text);
            self.app.say(format!("the program in the terminal: {said}"));
            self.app.dirty = true;
        }
    }

    /// In order; what the session's queue has no room for waits here.
    fn send_ops(&mut self) {
        while let Some(op) = self.ops.front() {
            if !self.handle.try_send(op.clone()) {
                return;
            }
            self.ops.pop_front();
        }
    }

    /// Stops the process as a shell expects it, with the terminal given back meanwhile.
    fn suspend(&mut self) -> anyhow::Result<()> {
        use rustix::process;
        let session = process::getsid(None).ok();
        let parent = process::getppid().and_then(|parent| process::getsid(Some(parent)).ok());
        if session.is_none() || session != parent {
            self.app.say("brisk was started by no shell: nobody could resume it");
            self.app.dirty = true;
            return Ok(());
        }
        self.writer.drain();
        self.guard.leave();
        process::kill_current_process_group(process::Signal::STOP).context("suspend")?;
        self.resume()
    }

    /// The user's editor has the terminal until it ends.
    fn edit(&mut self, editing: Editing) -> anyhow::Result<()> {
        let Editing { change, hunk, path, text } = editing;
        self.writer.drain();
        self.guard.leave();
        let editor = self.editor.as_deref();
        let edited = tokio::task::block_in_place(|| editor::edit(editor, &path, &text));
        self.guard.draws_here();
        self.resume()?;
        self.app.now = self.clock.now();
        match edited {
            Err(message) => self.app.say(message),
            Ok(new) if new == text => self.app.say("the hunk stays as it was"),
            Ok(text) => self.ops.push_back(Op::Amend { change, hunk, text }),
        }
        Ok(())
    }

    fn resume(&mut self) -> anyhow::Result<()> {
        self.guard.enter().context("take the terminal again")?;
        self.painter.lose();
        self.app.dirty = true;
        self.measure()
    }
}

struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    stop: Signal,
    go_on: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        let stop = SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw());
        let go_on = SignalKind::from_raw(rustix::process::Signal::CONT.as_raw());
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            stop: signal(stop)?,
            go_on: signal(go_on)?,
        })
    }

    /// Cancel-safe.
    async fn next(&mut self) -> Woken {
        tokio::select! {
            _ = self.terminate.recv() => Woken::Signal(SignalKind::terminate().as_raw_value()),
            _ = self.hang_up.recv() => Woken::Signal(SignalKind::hangup().as_raw_value()),
            _ = self.interrupt.recv() => Woken::Signal(SignalKind::interrupt().as_raw_value()),
            _ = self.stop.recv() => Woken::Stop,
            _ = self.go_on.recv() => Woken::Continued,
        }
    }
}

/// The theme as the terminal can show it.
pub(super) fn themed(options: &Options) -> anyhow::Result<Theme> {
    let depth = match options.colors {
        Colors::True => ColorDepth::True,
        Colors::Indexed256 => ColorDepth::Indexed256,
        Colors::Ansi16 => ColorDepth::Ansi16,
        Colors::None => ColorDepth::None,
    };
    let theme = theme(options, depth)?;
    Ok(if options.ascii { theme.with_ascii() } else { theme })
}

/// The user's own theme of that name, else a built-in one.
fn theme(options: &Options, depth: ColorDepth) -> anyhow::Result<Theme> {
    match &options.theme_file {
        Some(file) => {
            let source = std::fs::read_to_string(file)
                .with_context(|| format!("read the theme {}", file.display()))?;
            Theme::read(&options.theme, &source, depth)
                .with_context(|| format!("load the theme {}", file.display()))
        }
        None => Theme::load(&options.theme, depth).context("load the theme"),
    }
}
