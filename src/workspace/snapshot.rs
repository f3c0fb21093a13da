//! In place: what the tree's files were before a command, so that what it changed can be shown and
//! taken back. Files that rules leave out do not count, but those that git tracks all the same do.
//!
//! A file that git has as it is needs no copy; others are kept in the store once, within limits.

use super::WorkspaceError;
use super::apply_landing::Ground;
use super::apply_plan::{look, parent};
use super::compare::{PATCH_FILE_BYTES_MAX, Side};
use super::copy::Stamp;
use super::folder::Folder;
use super::git::Repository;
use super::snapshot_git::{clean, contents};
use super::store::Store;
use super::store_node::{FileNode, Node};
use super::walk::walk;
use ignore::WalkState;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// A larger file that git does not have is not kept: a change of it is shown, and cannot be taken
/// back.
pub const SNAPSHOT_FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// The same once so much is kept.
pub const SNAPSHOT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Files that are watched; of those beyond a change is not seen.
pub const SNAPSHOT_FILES_MAX: usize = 200_000;
/// A file that was touched so shortly before it was looked at may be written again without its
/// times showing it.
const RACY: Duration = Duration::from_millis(50);

#[derive(Debug, Default)]
pub(super) struct Snapshot {
    files: BTreeMap<PathBuf, Seen>,
    /// With their modes.
    folders: BTreeMap<PathBuf, u32>,
    /// In the store.
    bytes: u64,
}

#[derive(Clone, Debug)]
struct Seen {
    stamp: Stamp,
    taken: SystemTime,
    before: Before,
}

/// What a file held.
#[derive(Clone, Debug)]
enum Before {
    Kept(Node),
    /// The name of git's content, and the file's mode.
    Git(String, u32),
    Unkept,
}

/// A path that is not what it was.
#[derive(Clone, Debug)]
pub(super) struct Touched {
    pub(super) path: PathBuf,
    /// None: it was not kept.
    pub(super) old: Option<Node>,
    pub(super) new: Node,
}

/// What differs from the last look.
#[derive(Debug, Default)]
pub(super) struct Advance {
    /// Sorted by path.
    pub(super) touched: Vec<Touched>,
    /// Folders, with their modes.
    pub(super) came: BTreeMap<PathBuf, u32>,
    pub(super) went: BTreeMap<PathBuf, u32>,
}

/// What is looked at.
#[derive(Clone, Copy)]
pub(super) struct Watched<'a> {
    pub(super) ground: Ground<'a>,
    /// Not a part of the tree.
    pub(super) scratch: &'a Path,
    pub(super) repository: Option<&'a Repository>,
}

impl Snapshot {
    /// Brings the snapshot to what is there now, whoever changed it since.
    pub(super) fn update(&mut self, watched: Watched<'_>) -> Result<(), WorkspaceError> {
        self.advance(watched).map(|_| ())
    }

    /// The same, and says what differed.
    pub(super) fn advance(&mut self, watched: Watched<'_>) -> Result<Advance, WorkspaceError> {
        let failed = |source| WorkspaceError::Io { path: watched.ground.tree.to_owned(), source };
        let is_first = self.files.is_empty() && self.folders.is_empty();
        let (mut now, folders) = list(watched);
        let mut advance = Advance::default();
        if !is_first {
            let lacks = |other: &BTreeMap<PathBuf, u32>| {
                let other = other.clone();
                move |(path, _): &(PathBuf, u32)| !other.contains_key(path)
            };
            let came = folders.clone().into_iter().filter(lacks(&self.folders));
            advance.came = came.collect();
            let went = self.folders.clone().into_iter().filter(lacks(&folders));
            // One that a rule leaves out now is still there.
            let is_gone = |path: &PathBuf| !watched.ground.tree.join(path).is_dir();
            advance.went = went.filter(|(path, _)| is_gone(path)).collect();
        }
        self.folders = folders;
        let moved = |path: &Path, stamp: Option<Stamp>| match self.files.get(path) {
            Some(seen) => stamp != Some(seen.stamp) || !seen.is_settled(),
            None => stamp.is_some(),
        };
        let gone = self.files.keys().filter(|path| !now.contains_key(*path));
        let gone: Vec<PathBuf> = gone.cloned().collect();
        for path in gone {
            // Gone, or left out by a rule now: then it is watched on.
            if let Some(stamp) = Stamp::at(&watched.ground.tree.join(&path)) {
                now.insert(path, stamp);
            }
        }
        let paths: BTreeSet<PathBuf> = self.files.keys().chain(now.keys()).cloned().collect();
        let differ: Vec<PathBuf> =
            paths.into_iter().filter(|path| moved(path, now.get(path).copied())).collect();
        if differ.is_empty() {
            return Ok(advance);
        }
        let git = watched.repository.map(clean).unwrap_or_default();
        let wanted = differ.iter().filter_map(|path| match &self.files.get(path)?.before {
            Before::Git(name, _) => Some(name.clone()),
            Before::Kept(_) | Before::Unkept => None,
        });
        let from_git =
            contents(watched.repository, &wanted.collect::<BTreeSet<_>>(), watched.ground.store);
        for path in differ {
            let old = self.files.get(&path).map(|seen| seen.node(&from_git));
            self.see(&watched, &path, now.get(&path).copied(), &git).map_err(failed)?;
            if is_first {
                continue;
            }
            let new = match self.files.get(&path).map(|seen| &seen.before) {
                None => Node::Absent,
                Some(Before::Kept(node)) => node.clone(),
                Some(Before::Git(..)) => look(&watched.ground, &path).map_err(failed)?.0,
                Some(Before::Unkept) => glance(&watched, &path).map_err(failed)?,
            };
            let old = old.unwrap_or(Some(Node::Absent));
            if old.as_ref().is_none_or(|old| !old.looks_like(&new)) {
                advance.touched.push(Touched { path, old, new });
            }
        }
        Ok(advance)
    }

    /// Remembers a path as it is now; of a first look at what git has nothing is read.
    fn see(
        &mut self,
        watched: &Watched<'_>,
        path: &Path,
        stamp: Option<Stamp>,
        git: &BTreeMap<PathBuf, String>,
    ) -> io::Result<()> {
        let Some(stamp) = stamp else {
            self.files.remove(path);
            return Ok(());
        };
        let taken = SystemTime::now();
        let is_large = stamp.bytes() > SNAPSHOT_FILE_BYTES_MAX
            || self.bytes + stamp.bytes() > SNAPSHOT_BYTES_MAX;
        let before = match git.get(path) {
            Some(name) => Before::Git(name.clone(), stamp.permissions()),
            None if is_large => Before::Unkept,
            None => match look(&watched.ground, path) {
                Ok((node, _)) => {
                    self.bytes += if let Node::File(file) = &node { file.blob.bytes } else { 0 };
                    Before::Kept(node)
                }
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Before::Unkept,
                Err(error) => return Err(error),
            },
        };
        self.files.insert(path.to_owned(), Seen { stamp, taken, before });
        Ok(())
    }

    /// brisk itself has written this path.
    pub(super) fn wrote(&mut self, ground: &Ground<'_>, path: &Path) {
        let Some(stamp) = Stamp::at(&ground.tree.join(path)) else {
            self.files.remove(path);
            return;
        };
        if let Ok((node, _)) = look(ground, path) {
            let taken = SystemTime::now();
            self.files.insert(path.to_owned(), Seen { stamp, taken, before: Before::Kept(node) });
        }
    }
}

impl Seen {
    fn is_settled(&self) -> bool {
        self.stamp.changed() + RACY < self.taken
    }

    fn node(&self, from_git: &BTreeMap<String, FileNode>) -> Option<Node> {
        match &self.before {
            Before::Kept(node) => Some(node.clone()),
            Before::Unkept => None,
            Before::Git(name, mode) => {
                // With another length a filter of git's stands between the two.
                let node = from_git.get(name).filter(|it| it.blob.bytes == self.stamp.bytes())?;
                Some(Node::File(FileNode { mode: *mode, ..node.clone() }))
            }
        }
    }
}

/// What is at a path; its content is not kept.
fn glance(watched: &Watched<'_>, path: &Path) -> io::Result<Node> {
    let folder = Folder::open(watched.ground.tree, parent(path))?;
    let name = path.file_name().unwrap_or_default();
    match Node::read(&folder, name, watched.ground.store, false) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(Node::Special),
        read => Ok(read?.0),
    }
}

/// The files and links that count, with their stamps; and the folders, with their modes.
fn list(watched: Watched<'_>) -> (BTreeMap<PathBuf, Stamp>, BTreeMap<PathBuf, u32>) {
    let found = Mutex::new((BTreeMap::new(), BTreeMap::new()));
    let tree = watched.ground.tree;
    walk(tree, Some(watched.scratch.to_owned())).build_parallel().run(|| {
        Box::new(|entry| {
            let Ok(entry) = entry else { return WalkState::Continue };
            let Some(kind) = entry.file_type().filter(|_| entry.depth() > 0) else {
                return WalkState::Continue;
            };
            let (Ok(path), Ok(metadata)) = (entry.path().strip_prefix(tree), entry.metadata())
            else {
                return WalkState::Continue;
            };
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            if found.0.len() >= SNAPSHOT_FILES_MAX {
                return WalkState::Quit;
            }
            let stamp = Stamp::new(&metadata);
            if kind.is_dir() {
                found.1.insert(path.to_owned(), stamp.permissions());
            } else if kind.is_file() || kind.is_symlink() {
                found.0.insert(path.to_owned(), stamp);
            }
            WalkState::Continue
        })
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// For showing; None where it is too large for that.
pub(super) fn side(node: &Node, store: &Store) -> io::Result<Option<Side>> {
    Ok(Some(match node {
        Node::Absent => Side::Absent,
        Node::Link(target) => Side::Link(target.0.clone()),
        Node::Folder(_) | Node::Special => Side::Other,
        Node::File(file) if file.blob.bytes > PATCH_FILE_BYTES_MAX => return Ok(None),
        Node::File(file) => {
            let executable = file.mode & 0o100 != 0;
            Side::File { bytes: store.get(&file.blob)?, executable }
        }
    }))
}
