//! The room's behaviour with real shells in real terminals. A missing program skips its tests and
//! says so.

mod commands;
mod hands;
mod look_back;
mod programs;
mod queries;
mod recordings;
mod resizes;

use super::{Ran, TermError, Terminal, Wait};
use crate::protocol::{Input, Key, KeyCode, Launch, Size};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SIZE: Size = Size { columns: 80, rows: 24 };
/// For what must happen: long enough for a loaded machine.
const LONG: Duration = Duration::from_secs(20);
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/// A terminal with a home of its own, and everything that it left there.
struct Room {
    terminal: Terminal,
    home: TempDir,
}

fn program(name: &str) -> Option<PathBuf> {
    let found =
        PATH.split(':').map(|folder| Path::new(folder).join(name)).find(|path| path.is_file());
    if found.is_none() {
        println!("skipped: {name} is not installed");
    }
    found
}

fn launch(shell: PathBuf, home: &Path) -> Launch {
    let pair = |name: &str, value: OsString| (OsString::from(name), value);
    Launch {
        shell,
        prefix: Vec::new(),
        folder: home.to_path_buf(),
        env: vec![
            pair("HOME", home.into()),
            pair("PATH", PATH.into()),
            pair("LANG", "C.UTF-8".into()),
            pair("TMUX", "outer".into()),
        ],
        scratch: home.join("scratch"),
    }
}

/// None: the shell is not installed.
fn open(shell: &str) -> Option<Room> {
    open_with(shell, "")
}

/// With a ~/.bashrc of these lines.
fn open_with(shell: &str, bashrc: &str) -> Option<Room> {
    let shell = program(shell)?;
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::write(home.path().join(".bashrc"), bashrc).expect("the home is writable");
    Some(start(&launch(shell, home.path()), home))
}

/// The shell under another name.
fn open_as(name: &str, shell: &str) -> Option<Room> {
    let shell = program(shell)?;
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let link = home.path().join(name);
    std::os::unix::fs::symlink(shell, &link).expect("the home is writable");
    Some(start(&launch(link, home.path()), home))
}

fn start(launch: &Launch, home: TempDir) -> Room {
    let terminal = Terminal::open(launch, SIZE, |_| {}).expect("the shell starts");
    Room { terminal, home }
}

impl Room {
    async fn run(&self, command: &str) -> Ran {
        self.terminal.run(command, LONG).await.unwrap_or_else(|error| {
            panic!("{}: {command}: {error}\n{}", self.terminal.name(), self.screen())
        })
    }

    async fn keys(&self, keys: &str, wait: Wait) -> Ran {
        self.terminal.keys(keys, wait, LONG).await.unwrap_or_else(|error| panic!("{keys}: {error}"))
    }

    /// As the user: a newline is Enter.
    fn types(&self, text: &str) {
        for char in text.chars() {
            let code = if char == '\n' { KeyCode::Enter } else { KeyCode::Char(char) };
            self.terminal.input(&Input::Key(Key::plain(code)));
        }
    }

    fn screen(&self) -> String {
        let screen = self.terminal.screen();
        (0..screen.size.rows).map(|row| screen.text(row) + "\n").collect()
    }
}

/// Waits for what no event tells of; fails when it never comes.
async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < deadline, "never came: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
