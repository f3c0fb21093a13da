//! What is known of a terminal while it lives: its screen, where its shell is, what was said. Bytes
//! come in through `feed`; the threads that bring them are `shared`'s.

use super::capture::{self, Capture};
use super::emulator::Emulator;
use super::hands::Hands;
use super::marks::Mark;
use super::nested::Typed;
use super::progress::{Phase, Progress};
use super::scan::Scanner;
use super::sight::Sight;
use super::store::Output;
use super::tee::{Listening, Tee};
use super::watch::TAKING_MAX;
use crate::protocol::{Pen, Screen, Size};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Output that is still on its way to us when the kernel says that its shell waits for input.
const IN_FLIGHT_MAX: Duration = Duration::from_millis(50);

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
    /// The agent's last command.
    pub(super) command: Option<String>,
    /// Lines of the agent's command, which its echo has, too.
    pub(super) command_lines: usize,
    /// Lines of what was typed that look like output.
    pub(super) echo_lines: usize,
    /// Where the prompt ended.
    pub(super) ready_column: u16,
    /// Of a shell without marks: how often it had slept when it was typed to, and its prompt.
    pub(super) typed_at: Option<u64>,
    pub(super) prompt_text: String,
    /// Since when the kernel says that it is back at its prompt.
    pub(super) rested: Option<Instant>,
    /// What the agent was last told.
    pub(super) told_folder: PathBuf,
    pub(super) told_count: u64,
    pub(super) told_screen: Option<Sight>,
    /// The shell's own process group.
    pub(super) shell_group: Option<i32>,
    pub(super) hands: Hands,
    /// What it has been since it started; another one after an `exec`.
    pub(super) shell_image: Option<u64>,
    /// A command that was typed to a shell inside the shell.
    pub(super) nested: Option<Typed>,
    pub(super) revision: u64,
    screen: Option<Arc<Screen>>,
    scanner: Scanner,
    listening: Listening,
    /// A thread waits to end a synchronized update.
    pub(super) thawing: bool,
    /// Nothing more will be read.
    pub(super) eof: bool,
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
            command: None,
            command_lines: 1,
            echo_lines: 0,
            ready_column: 0,
            typed_at: None,
            prompt_text: String::new(),
            rested: None,
            told_folder: folder,
            told_count: 0,
            told_screen: None,
            shell_group: None,
            hands: Hands::new(),
            shell_image: None,
            nested: None,
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

    /// Nothing stands on the screen.
    pub(super) fn is_blank(&mut self) -> bool {
        let screen = self.screen();
        (0..screen.size.rows).all(|row| screen.text(row).is_empty())
    }

    /// True if the program took the alternate screen, or left it.
    pub(super) fn mind_switch(&mut self) -> bool {
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
        self.progress.phase == Phase::Prompt && !self.progress.continued && !self.is_given()
    }

    /// Of a shell without marks: the prompt that it had is back, after something else.
    pub(super) fn shows_prompt(&self) -> bool {
        !self.prompt_text.is_empty()
            && self.last_output > self.progress.began
            && self.emulator.cursor_line() == self.prompt_text
    }

    /// Of a shell without marks that waits for input: all that it said must have reached us.
    pub(super) fn has_arrived(&mut self) -> bool {
        self.is_quiet(IN_FLIGHT_MAX)
    }

    /// Nor has it said anything for so long.
    pub(super) fn is_quiet(&mut self, patience: Duration) -> bool {
        let rested = *self.rested.get_or_insert_with(Instant::now);
        rested.max(self.last_output).elapsed() > patience
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
        if let Some(witness) = &mut self.hands.witness {
            witness.resize(self.emulator.size());
        }
        self.revision += 1;
    }

    /// The marks that were in these bytes.
    pub(super) fn feed(&mut self, bytes: &[u8], nonce: &str) -> Vec<Mark> {
        let mut tee = Tee {
            emulator: &mut self.emulator,
            progress: &mut self.progress,
            capture: &mut self.capture,
            listening: &mut self.listening,
            command_lines: self.command_lines,
            users: self.hands.pen == Pen::User,
            nonce,
            marks: Vec::new(),
        };
        self.scanner.feed(bytes, &mut tee);
        let marks = tee.marks;
        if let Some(witness) = &mut self.hands.witness {
            witness.feed(bytes, self.emulator.modes().alternate_screen);
        }
        self.last_output = Instant::now();
        self.revision += 1;
        marks
    }
}
