//! A real commit in the user's tree, of given paths and nothing else: what else is staged stays as
//! it is. The repository's hooks run only if the caller says so.

use super::Workspace;
use super::git::Repository;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Hooks may run a project's whole test suite.
const COMMIT_TIME_MAX: Duration = Duration::from_secs(600);
/// Bytes of git's words that are kept.
const WORDS_BYTES_MAX: u64 = 8 * 1024;
const LOOK: Duration = Duration::from_millis(20);
/// The hooks that a commit runs.
const HOOKS: [&str; 5] =
    ["pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-rewrite"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hooks {
    Run,
    Skip,
}

/// A commit that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Short.
    pub id: String,
    pub subject: String,
}

#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    #[error("there is no git repository here")]
    NoRepository,
    #[error("nothing was accepted that could be committed")]
    Nothing,
    #[error("git cannot be run: {0}")]
    Start(io::Error),
    /// Git's own words.
    #[error("git did not commit: {0}")]
    Refused(String),
    #[error("git did not end within {} s; nothing was committed", COMMIT_TIME_MAX.as_secs())]
    Slow,
}

impl Workspace {
    /// The names of the hooks that a commit would run.
    pub fn commit_hooks(&self) -> Vec<String> {
        let Some(folder) = self.hooks_folder() else { return Vec::new() };
        let is_program = |name: &str| {
            let found = fs::metadata(folder.join(name));
            found.is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
        };
        HOOKS.into_iter().filter(|name| is_program(name)).map(str::to_owned).collect()
    }

    fn hooks_folder(&self) -> Option<std::path::PathBuf> {
        let asked = ["rev-parse", "--git-path", "hooks"];
        let said = git(&self.root, &asked, Hooks::Run, &[]).ok()?;
        Some(self.root.join(OsStr::from_bytes(said.trim_ascii_end())))
    }

    /// Commits these paths, from the root, as they are in the tree.
    pub fn commit(
        &self,
        paths: &[String],
        message: &str,
        hooks: Hooks,
    ) -> Result<Commit, CommitError> {
        if Repository::find(&self.root).is_none() {
            return Err(CommitError::NoRepository);
        }
        let list: Vec<u8> =
            paths.iter().flat_map(|path| [path.as_bytes(), b"\0"].concat()).collect();
        if list.is_empty() {
            return Err(CommitError::Nothing);
        }
        let from_stdin = ["--pathspec-from-file=-", "--pathspec-file-nul"];
        let others = ["ls-files", "-z", "--others", "--"];
        let named: Vec<&str> = others.into_iter().chain(paths.iter().map(String::as_str)).collect();
        let untracked = git(&self.root, &named, Hooks::Skip, &[])?;
        if !untracked.is_empty() {
            let add = [&["add", "--intent-to-add"][..], &from_stdin].concat();
            git(&self.root, &add, Hooks::Skip, &untracked)?;
        }
        let commit = [&["commit", "--quiet", "--only", "-m", message][..], &from_stdin].concat();
        if let Err(error) = git(&self.root, &commit, hooks, &list) {
            if !untracked.is_empty() {
                let forget = [&["rm", "--quiet", "--cached"][..], &from_stdin].concat();
                // The commit's own error is the one to tell.
                let _ = git(&self.root, &forget, Hooks::Skip, &untracked);
            }
            return Err(error);
        }
        let said = git(&self.root, &["log", "-1", "--format=%h%n%s"], Hooks::Skip, &[])?;
        let said = String::from_utf8_lossy(&said).into_owned();
        let (id, subject) = said.trim_end().split_once('\n').unwrap_or((said.trim_end(), ""));
        Ok(Commit { id: id.to_owned(), subject: subject.to_owned() })
    }
}

fn git(folder: &Path, args: &[&str], hooks: Hooks, input: &[u8]) -> Result<Vec<u8>, CommitError> {
    let mut command = Command::new("git");
    command.args(["--no-pager", "--literal-pathspecs", "-c", "core.fsmonitor=false"]);
    if hooks == Hooks::Skip {
        command.args(["-c", "core.hooksPath=/dev/null"]);
    }
    command.args(args).current_dir(folder).env("GIT_TERMINAL_PROMPT", "0").process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE"] {
        command.env_remove(name);
    }
    let mut child = command.spawn().map_err(CommitError::Start)?;
    let mut stdin = child.stdin.take();
    let input = input.to_vec();
    // A hook that reads nothing must not hold us: it is written from a thread of its own.
    thread::spawn(move || stdin.as_mut().map(|stdin| stdin.write_all(&input)));
    let stdout = child.stdout.take().map(read_all);
    let stderr = child.stderr.take().map(read_all);
    let ended = wait(&mut child)?;
    let text = |thread: Option<thread::JoinHandle<Vec<u8>>>| {
        thread.and_then(|thread| thread.join().ok()).unwrap_or_default()
    };
    let (stdout, stderr) = (text(stdout), text(stderr));
    if ended {
        return Ok(stdout);
    }
    let words = [stderr, stdout].concat();
    Err(CommitError::Refused(String::from_utf8_lossy(&words).trim().to_owned()))
}

fn read_all(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut kept = Vec::new();
        // What cannot be read is not shown; the rest is read away so that nobody waits.
        let _ = from.by_ref().take(WORDS_BYTES_MAX).read_to_end(&mut kept);
        let _ = io::copy(&mut from, &mut io::sink());
        kept
    })
}

/// Whether it ended well.
fn wait(child: &mut Child) -> Result<bool, CommitError> {
    let deadline = Instant::now() + COMMIT_TIME_MAX;
    loop {
        match child.try_wait().map_err(CommitError::Start)? {
            Some(status) => return Ok(status.success()),
            None if Instant::now() < deadline => thread::sleep(LOOK),
            None => {
                let group = rustix::process::Pid::from_child(child);
                // It may have ended this very moment.
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
                let _ = child.wait();
                return Err(CommitError::Slow);
            }
        }
    }
}
