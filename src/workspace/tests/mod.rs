//! The room as its callers use it: real folders, real git.

mod checkpoints;
mod commits;
mod copies;
mod draft_changes;
mod draft_fixture;
mod draft_syncs;
mod drafts;
mod edits;
mod faults;
mod fitting;
mod grammar;
mod in_place;
mod landing;
mod looks;
mod patches;
mod proof;
mod races;
mod together;

use super::*;
use crate::protocol::HunkPick;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// A tree and a folder for copies, both gone at the end.
struct Fixture {
    holder: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let holder = tempfile::tempdir().unwrap();
        fs::create_dir(holder.path().join("tree")).unwrap();
        fs::create_dir(holder.path().join("scratch")).unwrap();
        Self { holder }
    }

    fn with_git() -> Self {
        let fixture = Self::new();
        git(&fixture.tree(), &["init", "-q", "-b", "main"]);
        fixture
    }

    fn tree(&self) -> PathBuf {
        fs::canonicalize(self.holder.path()).unwrap().join("tree")
    }

    fn scratch(&self) -> PathBuf {
        self.holder.path().join("scratch")
    }

    fn write(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.tree().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn read(&self, path: &str) -> String {
        String::from_utf8(fs::read(self.tree().join(path)).unwrap()).unwrap()
    }

    fn commit(&self) {
        git(&self.tree(), &["add", "-A"]);
        git(&self.tree(), &["commit", "-q", "-m", "x"]);
    }

    fn open(&self, kind: TreeKind) -> Workspace {
        Workspace::open(&self.tree(), backing(kind, &self.scratch()), &self.scratch()).unwrap()
    }
}

fn backing(kind: TreeKind, scratch: &Path) -> Backing {
    match kind {
        TreeKind::Copy => Backing::Copy { scratch: scratch.to_owned() },
        TreeKind::InPlace | TreeKind::Draft => Backing::InPlace,
    }
}

fn edit(path: &str, old: &str, new: &str) -> Edit {
    Edit { path: path.to_owned(), old: Some(old.to_owned()), new: new.to_owned() }
}

fn git_ok(folder: &Path, args: &[&str]) -> (bool, String) {
    let output = Command::new("git")
        .args(["-c", "user.name=T", "-c", "user.email=t@example.com"])
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn git(folder: &Path, args: &[&str]) -> String {
    let (is_ok, text) = git_ok(folder, args);
    assert!(is_ok, "git {args:?}: {text}");
    text
}

fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Everything below a folder but git's own: kind and mode, and content or target.
fn snapshot(root: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut all = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let (path, metadata) = (entry.path(), entry.path().symlink_metadata().unwrap());
            if entry.file_name() == ".git" {
                continue;
            }
            let content = if metadata.is_symlink() {
                fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec()
            } else if metadata.is_file() {
                fs::read(&path).unwrap()
            } else {
                Vec::new()
            };
            if metadata.is_dir() {
                open.push(path.clone());
            }
            let path = path.strip_prefix(root).unwrap().to_owned();
            all.insert(path, (metadata.permissions().mode(), content));
        }
    }
    all
}

#[test]
fn a_workspace_is_shared_between_threads() {
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<Workspace>();
    is_shared::<Proposal>();
}
