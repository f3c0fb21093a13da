//! The real binary on a real PTY, with a real emulator as the outer terminal.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]

use crate::common::{BRISK, Place};
use alacritty_terminal::Term;
use alacritty_terminal::event::{Event, EventListener};
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::Flags;
use alacritty_terminal::term::{Config, TermMode};
use alacritty_terminal::vte::ansi::Processor;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The longest that a condition is waited for: these machines are shared.
const WAIT_MAX: Duration = Duration::from_secs(60);

type Writer = Arc<Mutex<Box<dyn Write + Send>>>;

/// Answers what a program asks of its terminal.
#[derive(Clone)]
struct Replies(Writer);

impl EventListener for Replies {
    fn send_event(&self, event: Event) {
        if let Event::PtyWrite(text) = event {
            let _ = self.0.lock().unwrap().write_all(text.as_bytes());
        }
    }
}

#[derive(Clone, Copy)]
struct Grid {
    columns: usize,
    rows: usize,
}

impl Dimensions for Grid {
    fn total_lines(&self) -> usize {
        self.rows
    }
    fn screen_lines(&self) -> usize {
        self.rows
    }
    fn columns(&self) -> usize {
        self.columns
    }
}

struct Outer {
    term: Term<Replies>,
    bytes: Vec<u8>,
    ended: bool,
}

/// brisk on a screen.
pub struct Screen {
    outer: Arc<Mutex<Outer>>,
    writer: Writer,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
}

impl Screen {
    pub fn open(place: &Place, args: &[&str], columns: u16, rows: u16) -> Screen {
        let mut command = CommandBuilder::new(BRISK);
        command.args(args);
        command.cwd(&place.project);
        command.env_clear();
        for (name, value) in place.env() {
            command.env(name, value);
        }
        Screen::spawn(command, columns, rows)
    }

    pub fn spawn(command: CommandBuilder, columns: u16, rows: u16) -> Screen {
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let writer: Writer = Arc::new(Mutex::new(pair.master.take_writer().unwrap()));
        let grid = Grid { columns: columns.into(), rows: rows.into() };
        let term = Term::new(Config::default(), &grid, Replies(Arc::clone(&writer)));
        let outer = Arc::new(Mutex::new(Outer { term, bytes: Vec::new(), ended: false }));
        let sink = Arc::clone(&outer);
        std::thread::spawn(move || {
            let mut parser: Processor = Processor::new();
            let mut buffer = [0; 65536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                let mut outer = sink.lock().unwrap();
                parser.advance(&mut outer.term, &buffer[..count]);
                outer.bytes.extend_from_slice(&buffer[..count]);
            }
            sink.lock().unwrap().ended = true;
        });
        Screen { outer, writer, master: pair.master, child }
    }

    /// Types, as a person does.
    pub fn keys(&self, keys: &str) {
        let mut writer = self.writer.lock().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        self.master.resize(size(columns, rows)).unwrap();
        let grid = Grid { columns: columns.into(), rows: rows.into() };
        self.outer.lock().unwrap().term.resize(grid);
    }

    /// The rows of the screen, trailing blanks cut.
    pub fn text(&self) -> String {
        let outer = self.outer.lock().unwrap();
        let grid = outer.term.grid();
        let mut rows = Vec::new();
        for line in 0..grid.screen_lines() {
            let mut row = String::new();
            for column in 0..grid.columns() {
                let cell = &grid[Line(line as i32)][Column(column)];
                if !cell.flags.contains(Flags::WIDE_CHAR_SPACER) {
                    row.push(cell.c);
                    row.extend(cell.zerowidth().into_iter().flatten());
                }
            }
            rows.push(row.trim_end().to_owned());
        }
        rows.join("\n")
    }

    /// Everything that was drawn since the start.
    pub fn bytes(&self) -> Vec<u8> {
        self.outer.lock().unwrap().bytes.clone()
    }

    pub fn drawn(&self) -> usize {
        self.outer.lock().unwrap().bytes.len()
    }

    pub fn mode(&self) -> TermMode {
        *self.outer.lock().unwrap().term.mode()
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Waits until the screen shows a text.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        self.wait_until(text, |screen| screen.contains(text));
    }

    #[track_caller]
    pub fn wait_until(&self, what: &str, is: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        loop {
            let screen = self.text();
            if is(&screen) {
                return;
            }
            assert!(begun.elapsed() < WAIT_MAX, "never came: {what}\n{screen}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the program has ended; its exit code.
    pub fn wait_for_end(&mut self) -> u32 {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap()
                && self.outer.lock().unwrap().ended
            {
                return status.exit_code();
            }
            assert!(begun.elapsed() < WAIT_MAX, "it does not end:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn signal(&self, signal: &str) {
        let pid = self.pid().to_string();
        let status = std::process::Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}
