//! One chunk of a terminal's bytes on its three ways: to the emulator, to the marks, to the output.

use super::capture::Capture;
use super::emulator::Emulator;
use super::marks::{self, Mark};
use super::progress::{OutputStep, Progress};
use super::scan::{Csi, Sink};
use std::time::Instant;

/// Whether what the terminal shows is a command's output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Listening {
    Off,
    /// To the line editor's echo, and to what the shell says about the command.
    Echo,
    On,
}

/// One chunk on its way: to the emulator, to the marks, to the output.
pub(super) struct Tee<'a> {
    pub(super) emulator: &'a mut Emulator,
    pub(super) progress: &'a mut Progress,
    pub(super) capture: &'a mut Capture,
    pub(super) listening: &'a mut Listening,
    pub(super) command_lines: usize,
    /// The user has the pen: what their own commands say is told by what the terminal shows.
    pub(super) users: bool,
    pub(super) nonce: &'a str,
    pub(super) marks: Vec<Mark>,
}

impl Tee<'_> {
    fn step(&mut self, step: OutputStep) {
        match step {
            OutputStep::Begin | OutputStep::Resume if self.users && self.progress.is_users() => {}
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
    fn wants_text(&self) -> bool {
        self.listens()
    }

    fn whole_lines(&mut self, bytes: &[u8]) -> (usize, usize) {
        if self.listens() { self.capture.whole_lines(bytes) } else { (0, bytes.len()) }
    }

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
