//! A temporary copy of a tree, in which an agent may do as it likes: the files that ignore rules
//! do not leave out, with their modes and times (build tools go by them), links as links, and git
//! by reference (see `copy_git`). What each file was, here and there, is remembered, so that
//! changes are found without reading everything.

use super::WorkspaceError;
use super::copy_files::Work;
use super::copy_git::copy_git;
use super::git::Repository;
use super::remove::remove_all;
use rustix::fs::Stat;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Larger files are copied by the system, which may share their blocks, and not read.
pub(super) const FINGERPRINT_BYTES_MAX: u64 = 1024 * 1024;

/// What tells that a file was not touched since it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    inode: u64,
    mode: u32,
    bytes: u64,
    modified: (i64, i64),
    /// No program can set this one.
    changed: (i64, i64),
}

impl Stamp {
    pub(super) fn new(metadata: &Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            mode: metadata.mode(),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    #[allow(clippy::unnecessary_cast, reason = "the types differ from system to system")]
    pub(super) fn of(found: &Stat) -> Self {
        Self {
            inode: found.st_ino as u64,
            mode: found.st_mode as u32,
            bytes: found.st_size as u64,
            modified: (found.st_mtime as i64, found.st_mtime_nsec as i64),
            changed: (found.st_ctime as i64, found.st_ctime_nsec as i64),
        }
    }

    pub(super) fn is_folder(&self) -> bool {
        rustix::fs::FileType::from_raw_mode(self.mode as _) == rustix::fs::FileType::Directory
    }

    /// Whether it is the same file, seen through another mount.
    pub(super) fn is_like(&self, other: &Stamp) -> bool {
        Stamp { inode: other.inode, ..*self } == *other
    }

    /// When the file was last touched, in a way that no program can set.
    pub(super) fn changed(&self) -> SystemTime {
        let (seconds, nanoseconds) = self.changed;
        let since = Duration::new(seconds.unsigned_abs(), nanoseconds.unsigned_abs() as u32);
        SystemTime::UNIX_EPOCH + since
    }

    pub(super) const fn permissions(&self) -> u32 {
        self.mode & 0o7777
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Of what is at a path now, a link being itself; None if nothing is.
    pub(super) fn at(path: &Path) -> Option<Stamp> {
        fs::symlink_metadata(path).ok().map(|metadata| Stamp::new(&metadata))
    }
}

/// A file as it was when it was copied, or when the copy was last applied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) tree: Option<Stamp>,
    pub(super) copy: Option<Stamp>,
    /// The same on both sides; None of a large file.
    pub(super) content: Option<Fingerprint>,
}

/// What a file held, and whether it was executable; or where a link led. It tells a file that was
/// written again as it was from one that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    pub(super) fn of_file(bytes: &[u8], executable: bool) -> Option<Self> {
        let is_small = bytes.len() as u64 <= FINGERPRINT_BYTES_MAX;
        is_small.then(|| Self::new(if executable { 2 } else { 1 }, bytes))
    }

    pub(super) fn of_link(target: &[u8]) -> Self {
        Self::new(0, target)
    }

    fn new(kind: u8, bytes: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(kind);
        hasher.write(bytes);
        Self(hasher.finish())
    }
}

pub(super) type Manifest = BTreeMap<PathBuf, Known>;

#[derive(Debug)]
pub(super) struct Copy {
    tree: PathBuf,
    root: PathBuf,
    manifest: Mutex<Manifest>,
    /// What is not in the copy, for people.
    pub(super) notes: Vec<String>,
    holder: PathBuf,
}

impl Copy {
    /// Copies `tree` to a new folder in `scratch`, which must exist.
    pub(super) fn make(
        tree: &Path,
        repository: Option<&Repository>,
        scratch: &Path,
    ) -> Result<Copy, WorkspaceError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| WorkspaceError::Io { path, source }
        };
        let scratch = fs::canonicalize(scratch).map_err(failed(scratch))?;
        let holder = tempfile::Builder::new().prefix("copy-").tempdir_in(&scratch);
        let holder = holder.map_err(failed(&scratch))?.keep();
        // Programs show the folder's name: it stays what it was.
        let root = holder.join(tree.file_name().unwrap_or(OsStr::new("root")));
        let mut copy = Copy {
            tree: tree.to_owned(),
            root,
            manifest: Mutex::default(),
            notes: Vec::new(),
            holder,
        };
        let work = Work::new(tree, &copy.root);
        work.everything(&scratch)?;
        if let Some(repository) = repository {
            work.tracked_though_ignored()?;
            copy_git(repository, &copy.root).map_err(failed(&repository.git))?;
        }
        let (manifest, notes) = work.finish();
        copy.manifest = Mutex::new(manifest);
        copy.notes = notes;
        Ok(copy)
    }

    pub(super) fn tree(&self) -> &Path {
        &self.tree
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn manifest(&self) -> MutexGuard<'_, Manifest> {
        self.manifest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that tree and copy are the same there now.
    pub(super) fn settle(&self, path: &Path, content: Option<Fingerprint>) {
        let (tree, copy) = (Stamp::at(&self.tree.join(path)), Stamp::at(&self.root.join(path)));
        let mut manifest = self.manifest();
        if tree.is_none() && copy.is_none() {
            manifest.remove(path);
        } else {
            manifest.insert(path.to_owned(), Known { tree, copy, content });
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        remove_all(&self.holder);
    }
}

/// Where an absolute link into one of the two trees leads in the other.
pub(super) fn mirrored(target: &Path, from: &Path, to: &Path) -> PathBuf {
    match target.strip_prefix(from) {
        Ok(inside) => to.join(inside),
        Err(_) => target.to_owned(),
    }
}
