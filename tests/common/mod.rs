//! A hermetic place to run the real binary in: a home of its own, a project, a scripted model.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]

use brisk::scripted::{Script, Server};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tokio::runtime::Runtime;

pub const BRISK: &str = env!("CARGO_BIN_EXE_brisk");

/// A home, a project, and a model that plays a script.
pub struct Place {
    home: tempfile::TempDir,
    pub project: PathBuf,
    model: Option<Model>,
}

struct Model {
    runtime: Runtime,
    server: Server,
}

/// How a run of the binary ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    /// Without a model: what a fresh machine looks like.
    pub fn bare() -> Place {
        let home = tempfile::tempdir().unwrap();
        let project = home.path().join("project");
        std::fs::create_dir(&project).unwrap();
        let project = project.canonicalize().unwrap();
        Place { home, project, model: None }
    }

    /// With a model that plays this script over the given wire.
    pub fn scripted(api: &str, script: &str) -> Place {
        let mut place = Place::bare();
        let runtime = Runtime::new().unwrap();
        let script = Script::parse(script).unwrap();
        let server = runtime.block_on(Server::start(script)).unwrap();
        place.configure(api, &server.base_url());
        place.model = Some(Model { runtime, server });
        place
    }

    /// Writes a config with one model at `url`.
    pub fn configure(&self, api: &str, url: &str) {
        let config = format!(
            "model = \"mock\"\n\n[providers.mock]\napi = \"{api}\"\nbase_url = \"{url}\"\n\
             key_env = \"MOCK_KEY\"\n\n[models.mock]\nprovider = \"mock\"\nid = \"mock\"\n\
             context = 128000\noutput = 16000\nprice = {{ input = 1.0, cached = 0.1, \
             cache_write = 1.25, output = 5.0 }}\n"
        );
        std::fs::write(self.home.path().join("config.toml"), config).unwrap();
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn server(&self) -> &Server {
        &self.model.as_ref().expect("a scripted place").server
    }

    pub fn runtime(&self) -> &Runtime {
        &self.model.as_ref().expect("a scripted place").runtime
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.project.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.project.join(path)).unwrap()
    }

    /// Makes the project a repository with everything committed.
    pub fn commit(&self) {
        for args in [
            &["init", "-q", "-b", "main"][..],
            &["add", "-A"],
            &["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", "start"],
        ] {
            assert!(self.git(args).status().unwrap().success());
        }
    }

    pub fn git(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(args).current_dir(&self.project);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }

    /// The environment of every brisk that these tests start, and nothing else of the outer one.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        let home = self.home.path().display().to_string();
        #[expect(clippy::disallowed_methods, reason = "tests hand the outer PATH and HOME on")]
        let outer = |name: &str| std::env::var(name).unwrap_or_default();
        // rustup's cargo finds its toolchain by these.
        let rust = |name: &str, folder: &str| match outer(name) {
            set if !set.is_empty() => set,
            _ => format!("{}/{folder}", outer("HOME")),
        };
        vec![
            ("PATH", outer("PATH")),
            ("HOME", home.clone()),
            ("BRISK_HOME", home),
            // What happens to run on this machine is none of a test's business.
            ("BRISK_AUTO_LOCAL", "0".to_owned()),
            ("SHELL", "/bin/bash".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
            ("TERM", "xterm-256color".to_owned()),
            ("MOCK_KEY", "sk-canary-7f3a".to_owned()),
            ("CARGO_HOME", rust("CARGO_HOME", ".cargo")),
            ("RUSTUP_HOME", rust("RUSTUP_HOME", ".rustup")),
        ]
    }

    pub fn brisk(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BRISK);
        command.args(args).current_dir(&self.project).env_clear().envs(self.env());
        command.stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        ran(&mut self.brisk(args))
    }

    pub fn run_with_stdin(&self, args: &[&str], stdin: &[u8]) -> Ran {
        let mut command = self.brisk(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A child that does not read its stdin closes it: that is its right.
        let _ = child.stdin.take().unwrap().write_all(stdin);
        of(&child.wait_with_output().unwrap())
    }

    /// A transcript for a snapshot: what was run, how it ended, what it said; paths and times masked.
    pub fn transcript(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        let text = format!(
            "$ brisk {}\nexit {}\n-- stdout\n{}-- stderr\n{}",
            args.join(" "),
            ran.code.map_or_else(|| "none".to_owned(), |code| code.to_string()),
            ran.stdout,
            ran.stderr
        );
        self.masked(&text)
    }

    pub fn masked(&self, text: &str) -> String {
        let home = self.home.path().canonicalize().unwrap().display().to_string();
        let plain = self.home.path().display().to_string();
        let text = text.replace(&home, "~").replace(&plain, "~");
        let text = mask(&text, "http://127.0.0.1:", |char| char.is_ascii_digit(), "PORT");
        let text =
            mask(&text, "sessions/", |char| char.is_ascii_alphanumeric() || char == '-', "ID");
        mask(&text, " in ", |char| char.is_ascii_digit() || char == '.', "N")
    }
}

/// Replaces what follows each `before`, as long as the characters are such, by `by`.
fn mask(text: &str, before: &str, is: impl Fn(char) -> bool, by: &str) -> String {
    let mut pieces = text.split(before);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.trim_start_matches(&is);
        out.push_str(before);
        if rest.len() < piece.len() {
            out.push_str(by);
        }
        out.push_str(rest);
    }
    out
}

pub fn ran(command: &mut Command) -> Ran {
    of(&command.output().unwrap())
}

fn of(output: &std::process::Output) -> Ran {
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Compares with `snapshots/NAME.snap`.
pub fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
