//! A terminal with a home of its own, for tests that meet it as the session does.

use brisk::protocol::{Input, Key, KeyCode, Launch, Size};
use brisk::term::{Ran, TermError, Terminal, Wait};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) const SIZE: Size = Size { columns: 80, rows: 24 };
/// For what must happen: long enough for a loaded machine.
pub(crate) const LONG: Duration = Duration::from_secs(30);
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";
pub(crate) const SHELLS: [&str; 4] = ["bash", "zsh", "fish", "dash"];

pub(crate) struct Room {
    pub(crate) terminal: Terminal,
    pub(crate) home: TempDir,
}

/// None: it is not installed, which is a failure where everything is.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let found =
        PATH.split(':').map(|folder| Path::new(folder).join(name)).find(|path| path.is_file());
    if found.is_none() {
        skip(&format!("{name} is not installed"));
    }
    found
}

pub(crate) fn skip(reason: &str) {
    #[expect(clippy::disallowed_methods, reason = "CI says that everything is there")]
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!ci, "{reason}");
    println!("skipped: {reason}");
}

/// The shell, with what its rc file holds; `None` as in `program`.
pub(crate) fn open(shell: &str, rc: &str) -> Option<Room> {
    let path = program(shell)?;
    let home = tempfile::tempdir().unwrap();
    let file = match shell {
        "fish" => ".config/fish/config.fish",
        "dash" => ".shrc",
        "zsh" => ".zshrc",
        _ => ".bashrc",
    };
    let file = home.path().join(file);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, rc).unwrap();
    let launch = launch(path, home.path());
    Some(Room { terminal: Terminal::open(&launch, SIZE, |_| {}).unwrap(), home })
}

fn launch(shell: PathBuf, home: &Path) -> Launch {
    let env = [
        ("HOME", home.to_str().unwrap()),
        ("PATH", PATH),
        ("LANG", "C.UTF-8"),
        ("TMUX", "/outer,1,0"),
        ("ENV", "$HOME/.shrc"),
    ];
    Launch {
        shell,
        prefix: Vec::new(),
        folder: home.to_path_buf(),
        env: env.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        scratch: home.join("scratch"),
    }
}

impl Room {
    pub(crate) async fn try_run(&self, command: &str) -> Result<Ran, TermError> {
        self.terminal.run(command, LONG).await
    }

    pub(crate) async fn run(&self, command: &str) -> Ran {
        let ran = self.try_run(command).await;
        ran.unwrap_or_else(|error| {
            panic!("{}: {command}: {error}\n{}", self.terminal.name(), self.screen())
        })
    }

    pub(crate) async fn keys(&self, keys: &str, wait: Wait) -> Ran {
        let ran = self.terminal.keys(keys, wait, LONG).await;
        ran.unwrap_or_else(|error| panic!("{keys}: {error}\n{}", self.screen()))
    }

    /// As the user: a newline is Enter.
    pub(crate) fn types(&self, text: &str) {
        for char in text.chars() {
            let code = if char == '\n' { KeyCode::Enter } else { KeyCode::Char(char) };
            self.terminal.input(&Input::Key(Key::plain(code)));
        }
    }

    pub(crate) fn screen(&self) -> String {
        let screen = self.terminal.screen();
        (0..screen.size.rows).map(|row| screen.text(row) + "\n").collect()
    }
}

/// Waits for what no event tells of; fails when it never comes.
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < deadline, "never came: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
