//! Copying a tree's files, in parallel and within limits.

use super::WorkspaceError;
use super::copy::{FINGERPRINT_BYTES_MAX, Fingerprint, Known, Manifest, Stamp, mirrored};
use super::git::run;
use super::walk::walk;
use ignore::{DirEntry, WalkState};
use rustix::fs::{AtFlags, CWD, OFlags, Timespec, Timestamps};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, FileTimes, Metadata, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub const COPY_FILES_MAX: u64 = 50_000;
pub const COPY_BYTES_MAX: u64 = 2_000_000_000;
const LISTING_TIME_MAX: Duration = Duration::from_secs(2);
/// Left-out things that are named one by one.
const NOTES_MAX: usize = 20;

/// A copy that is being made.
pub(super) struct Work<'a> {
    tree: &'a Path,
    copy: &'a Path,
    files: AtomicU64,
    bytes: AtomicU64,
    done: Mutex<Done>,
}

#[derive(Default)]
struct Done {
    manifest: Manifest,
    /// Folders get their modes and times when everything is in them.
    folders: BTreeMap<PathBuf, Metadata>,
    notes: Vec<String>,
    left_out: usize,
    error: Option<WorkspaceError>,
}

impl<'a> Work<'a> {
    pub(super) fn new(tree: &'a Path, copy: &'a Path) -> Self {
        let (files, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
        Work { tree, copy, files, bytes, done: Mutex::default() }
    }

    fn done(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn everything(&self, scratch: &Path) -> Result<(), WorkspaceError> {
        walk(self.tree, Some(scratch.to_owned())).build_parallel().run(|| {
            Box::new(|entry| match entry {
                Ok(entry) => self.visit(&entry),
                Err(error) => {
                    self.leave_out(&error.to_string());
                    WalkState::Continue
                }
            })
        });
        self.done().error.take().map_or(Ok(()), Err)
    }

    fn visit(&self, entry: &DirEntry) -> WalkState {
        let Ok(path) = entry.path().strip_prefix(self.tree) else { return WalkState::Continue };
        match self.one(path) {
            Ok(()) => WalkState::Continue,
            Err(error) => {
                self.done().error.get_or_insert(error);
                WalkState::Quit
            }
        }
    }

    /// Copies what is at `path`, whose folder is there already.
    fn one(&self, path: &Path) -> Result<(), WorkspaceError> {
        let (from, to) = (self.tree.join(path), self.copy.join(path));
        // It may be gone since it was listed.
        let Ok(metadata) = fs::symlink_metadata(&from) else { return Ok(()) };
        let kind = metadata.file_type();
        if kind.is_dir() {
            let made = DirBuilder::new().mode(0o700).create(&to);
            made.map_err(|source| WorkspaceError::Io { path: to, source })?;
            self.done().folders.insert(path.to_owned(), metadata);
            return Ok(());
        }
        if !kind.is_file() && !kind.is_symlink() {
            self.leave_out(&format!("{}: not a file", path.display()));
            return Ok(());
        }
        self.count(metadata.len())?;
        let copied = if kind.is_file() {
            copy_file(&from, &to)
        } else {
            copy_link(&from, &to, &metadata, |target| mirrored(target, self.tree, self.copy))
        };
        match copied {
            Ok(known) => {
                self.done().manifest.insert(path.to_owned(), known);
                Ok(())
            }
            Err(CopyError::Source(error)) => {
                self.leave_out(&format!("{}: {error}", path.display()));
                Ok(())
            }
            Err(CopyError::Target(source)) => Err(WorkspaceError::Io { path: to, source }),
        }
    }

    fn count(&self, bytes: u64) -> Result<(), WorkspaceError> {
        let root = || self.tree.to_owned();
        if self.files.fetch_add(1, Ordering::Relaxed) >= COPY_FILES_MAX {
            return Err(WorkspaceError::Files { root: root(), limit: COPY_FILES_MAX });
        }
        if self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > COPY_BYTES_MAX {
            return Err(WorkspaceError::Bytes { root: root(), limit: COPY_BYTES_MAX });
        }
        Ok(())
    }

    fn leave_out(&self, note: &str) {
        let mut done = self.done();
        done.left_out += 1;
        if done.notes.len() < NOTES_MAX {
            done.notes.push(note.to_owned());
        }
    }

    /// Ignore rules do not hold for what git tracks all the same.
    pub(super) fn tracked_though_ignored(&self) -> Result<(), WorkspaceError> {
        let args = ["ls-files", "-z", "--cached", "--ignored", "--exclude-standard"];
        let Some(list) = run(self.tree, &args.map(OsString::from), LISTING_TIME_MAX) else {
            return Ok(());
        };
        for name in list.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            let path = Path::new(OsStr::from_bytes(name));
            if self.done().manifest.contains_key(path) {
                continue;
            }
            let mut above: Vec<&Path> = path.ancestors().skip(1).collect();
            // A link has taken a folder's place: nothing goes through it.
            if above.iter().any(|folder| self.done().manifest.contains_key(*folder)) {
                continue;
            }
            above.reverse();
            for folder in above {
                let is_known = self.done().folders.contains_key(folder);
                if !is_known {
                    self.one(folder)?;
                }
            }
            self.one(path)?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> (Manifest, Vec<String>) {
        let mut done = self.done.into_inner().unwrap_or_else(PoisonError::into_inner);
        // From the deepest up: a folder's time changes with what is made in it, and a mode may
        // keep even us out.
        for (path, metadata) in done.folders.iter().rev() {
            let to = self.copy.join(path);
            let _ = File::open(&to).and_then(|folder| folder.set_times(times(metadata)));
            let _ = fs::set_permissions(&to, Permissions::from_mode(metadata.mode() & 0o7777));
        }
        if done.left_out > done.notes.len() {
            done.notes.push(format!("and {} more", done.left_out - done.notes.len()));
        }
        (done.manifest, done.notes)
    }
}

enum CopyError {
    /// It cannot be read: it is left out.
    Source(io::Error),
    Target(io::Error),
}

fn copy_file(from: &Path, to: &Path) -> Result<Known, CopyError> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let mut source =
        OpenOptions::new().read(true).custom_flags(flags).open(from).map_err(CopyError::Source)?;
    let metadata = source.metadata().map_err(CopyError::Source)?;
    // Taken before the content: what is written meanwhile counts as a change of the tree.
    let tree = Some(Stamp::new(&metadata));
    let mut small = Vec::new();
    let is_small = metadata.len() <= FINGERPRINT_BYTES_MAX;
    if is_small {
        source.read_to_end(&mut small).map_err(CopyError::Source)?;
    }
    let copied = || -> io::Result<Stamp> {
        let mut target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
        if is_small {
            target.write_all(&small)?;
        } else {
            io::copy(&mut source, &mut target)?;
        }
        target.set_permissions(Permissions::from_mode(metadata.mode() & 0o7777))?;
        target.set_times(times(&metadata))?;
        Ok(Stamp::new(&target.metadata()?))
    };
    let copy = Some({ copied }().map_err(CopyError::Target)?);
    let executable = metadata.mode() & 0o100 != 0;
    let content = if is_small { Fingerprint::of_file(&small, executable) } else { None };
    Ok(Known { tree, copy, content })
}

fn copy_link(
    from: &Path,
    to: &Path,
    metadata: &Metadata,
    mirror: impl Fn(&Path) -> PathBuf,
) -> Result<Known, CopyError> {
    let target = fs::read_link(from).map_err(CopyError::Source)?;
    symlink(mirror(&target), to).map_err(CopyError::Target)?;
    let time = Timespec { tv_sec: metadata.mtime(), tv_nsec: metadata.mtime_nsec() as _ };
    let times = Timestamps { last_access: time, last_modification: time };
    let _ = rustix::fs::utimensat(CWD, to, &times, AtFlags::SYMLINK_NOFOLLOW);
    let content = Some(Fingerprint::of_link(target.as_os_str().as_bytes()));
    Ok(Known { tree: Some(Stamp::new(metadata)), copy: Stamp::at(to), content })
}

fn times(metadata: &Metadata) -> FileTimes {
    let mut times = FileTimes::new();
    if let Ok(time) = metadata.modified() {
        times = times.set_modified(time);
    }
    times
}
