//! Git as far as brisk itself needs it: where a repository is, what is checked out, and calls of
//! the real program, bounded in time and with everything switched off by which a repository could
//! make them run code. Works without git installed; then only files are looked at.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Bytes that are read of what git says, and of its own small files.
const OUTPUT_BYTES_MAX: u64 = 16 * 1024 * 1024;
const FILE_BYTES_MAX: u64 = 64 * 1024;
const FILTERS_TIME_MAX: Duration = Duration::from_millis(200);
/// Digits of a commit that people are shown.
const SHORT_DIGITS: usize = 8;

/// A repository with a work tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Repository {
    pub(super) top: PathBuf,
    /// Where HEAD and the index are.
    pub(super) git: PathBuf,
    /// Where objects, refs and the configuration are; differs from `git` in an added worktree.
    pub(super) common: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// A branch, perhaps without a commit so far.
    Branch(String),
    /// A commit, shortened.
    Detached(String),
}

impl Repository {
    /// The repository that `folder` is in; one that somebody else put above it does not count.
    pub(super) fn find(folder: &Path) -> Option<Repository> {
        folder.ancestors().find_map(Repository::at)
    }

    fn at(top: &Path) -> Option<Repository> {
        let entry = top.join(".git");
        let metadata = fs::symlink_metadata(&entry).ok()?;
        let user = rustix::process::geteuid().as_raw();
        if user != 0 && metadata.uid() != user {
            return None;
        }
        let git = if metadata.is_file() {
            let text = small(&entry)?;
            top.join(text.strip_prefix("gitdir:")?.trim())
        } else {
            entry
        };
        let git = fs::canonicalize(git).ok()?;
        git.join("HEAD").symlink_metadata().ok()?;
        let common = match small(&git.join("commondir")) {
            Some(common) => fs::canonicalize(git.join(common.trim())).ok()?,
            None => git.clone(),
        };
        Some(Repository { top: top.to_owned(), git, common })
    }

    pub(super) fn head(&self) -> Option<Head> {
        let text = small(&self.git.join("HEAD"))?;
        let text = text.trim();
        Some(match text.strip_prefix("ref:") {
            Some(name) => {
                let name = name.trim();
                Head::Branch(name.strip_prefix("refs/heads/").unwrap_or(name).to_owned())
            }
            None => Head::Detached(text.chars().take(SHORT_DIGITS).collect()),
        })
    }

    /// Files that differ from the last commit or are not known to git; None if git is not there
    /// or takes longer than `limit`.
    pub(super) fn dirty(&self, limit: Duration) -> Option<u64> {
        let mut args = self.filters_off()?;
        let status = [
            "status",
            "--porcelain",
            "-z",
            "--no-renames",
            "--untracked-files=normal",
            "--ignore-submodules=all",
        ];
        args.extend(status.map(OsString::from));
        let output = run(&self.top, &args, limit)?;
        Some(output.iter().filter(|byte| **byte == 0).count() as u64)
    }

    /// A content filter is a command too: the arguments that switch off each that is configured.
    /// None if they cannot be told for sure.
    pub(super) fn filters_off(&self) -> Option<Vec<OsString>> {
        let list = ["config", "--null", "--name-only", "--list"].map(OsString::from);
        let mut args = Vec::new();
        for name in run(&self.top, &list, FILTERS_TIME_MAX)?.split(|byte| *byte == 0) {
            let name = std::str::from_utf8(name).ok()?;
            let Some((filter, _)) = name.rsplit_once('.') else { continue };
            if !filter.starts_with("filter.") {
                continue;
            }
            if filter.contains('=') {
                // It cannot be named on a command line.
                return None;
            }
            for off in ["clean=", "smudge=", "process=", "required=false"] {
                args.extend([OsString::from("-c"), format!("{filter}.{off}").into()]);
            }
        }
        Some(args)
    }
}

/// Arguments: an external command that a repository may name runs for none of our calls.
const SAFE: [&str; 8] = [
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.sshCommand=false",
    "-c",
    "core.untrackedCache=false",
];

/// Runs git in `folder` and returns what it wrote; None if it failed, is not installed, wrote too
/// much or took too long.
pub(super) fn run(folder: &Path, args: &[OsString], limit: Duration) -> Option<Vec<u8>> {
    let mut child = command(folder, args).stdin(Stdio::null()).spawn().ok()?;
    let mut stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut output = Vec::new();
        let read = stdout.by_ref().take(OUTPUT_BYTES_MAX).read_to_end(&mut output);
        let _ = sender.send(read.map(|_| output));
    });
    let output = receiver.recv_timeout(limit).ok().and_then(Result::ok);
    let whole = output.filter(|output| (output.len() as u64) < OUTPUT_BYTES_MAX);
    if whole.is_none() {
        // It may be waiting for us to read on.
        let _ = child.kill();
    }
    let status = child.wait().ok()?;
    whole.filter(|_| status.success())
}

/// A call of git that runs nothing else; its input is for the caller to say.
pub(super) fn command(folder: &Path, args: &[OsString]) -> Command {
    let mut command = Command::new("git");
    command
        .arg("--no-pager")
        .args(SAFE)
        .args(args)
        .current_dir(folder)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE"] {
        command.env_remove(name);
    }
    command
}

/// One of git's small files.
fn small(path: &Path) -> Option<String> {
    let file =
        fs::File::open(path).ok().filter(|file| file.metadata().is_ok_and(|it| it.is_file()))?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).ok()?;
    Some(text)
}
