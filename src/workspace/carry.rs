//! The user's work in the tree reaches the draft: merged into what the draft changed, too, and
//! written through the view where that may still show what the tree had before.

use super::compare::Side;
use super::copy::Stamp;
use super::draft::{Draft, Inner};
use super::draft_compare::Compared;
use super::draft_walk::Walked;
use super::draft_write::Fresh;
use super::folder::Folder;
use super::layer::Seen;
use super::merge::Verdict;
use super::place::is_git;
use super::{FileError, WorkspaceError};
use ignore::{WalkBuilder, WalkState};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Paths that are written through the view; above that the draft is to be mounted anew.
pub const CARRIED_MAX: usize = 1_000;
/// A file system's clock may be this much behind.
const CLOCK_SLACK: Duration = Duration::from_millis(20);
const THREADS: usize = 4;

/// What the draft's view knows of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// It was mounted just now, and shows the tree as it is.
    Remounted,
    /// It may still show what changed in the tree since then as it was before.
    Stale { since: SystemTime },
}

/// What of the tree was brought into the draft. Paths are from the root, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// As the tree has them.
    pub paths: Vec<String>,
    /// Merged with what the draft changed.
    pub merged: Vec<String>,
    /// Changed on both sides so that they cannot be merged: left as they are, and shown.
    pub conflicts: Vec<String>,
    /// Sentences: what could not be carried, and why.
    pub failed: Vec<String>,
    /// More than `CARRIED_MAX` paths changed, or a folder that the draft has written in was removed:
    /// nothing of what the draft has not changed itself was carried, it has to be mounted anew.
    pub must_remount: bool,
}

impl Draft {
    pub(super) fn sync(&self, freshness: Freshness) -> Result<Carried, WorkspaceError> {
        let mut inner = self.lock();
        let moment = SystemTime::now();
        let mut carried = Carried::default();
        let Walked { found, .. } = self.walk(&mut inner)?;
        for found in &found {
            self.bring(&mut inner, &found.path, found.seen, &mut carried)?;
        }
        let found: BTreeSet<PathBuf> = found.into_iter().map(|found| found.path).collect();
        for path in inner.bases.paths().into_iter().filter(|path| !found.contains(path)) {
            self.follow(&mut inner, &path, &mut carried)?;
        }
        if let Freshness::Stale { since } = freshness {
            self.refresh(&mut inner, since, &mut carried)?;
        }
        if !carried.must_remount {
            inner.bases.set_synced(moment);
        }
        inner.bases.save().map_err(|error| self.failed(error))?;
        Ok(carried)
    }

    /// A path that was written in the draft.
    fn bring(
        &self,
        inner: &mut Inner,
        path: &Path,
        seen: Seen,
        carried: &mut Carried,
    ) -> Result<(), WorkspaceError> {
        let stamp = Stamp::at(&self.tree.join(path));
        let Ok(Compared { tree, draft, verdict, .. }) = self.compare(inner, path, seen) else {
            // Too large, or not to be read: it is shown as such.
            return Ok(());
        };
        let shown = path.to_string_lossy().into_owned();
        let (fresh, list) = match &verdict {
            Verdict::Same | Verdict::Ours => return Ok(()),
            Verdict::Merged(merged) if *merged == draft => return Ok(()),
            Verdict::Conflict => {
                carried.conflicts.push(shown);
                return Ok(());
            }
            Verdict::Theirs => (Fresh::Tree, &mut carried.paths),
            Verdict::Merged(merged) => (Fresh::Side(merged), &mut carried.merged),
        };
        match self.put(path, Some(&draft), fresh) {
            Ok(()) => list.push(shown),
            Err(error) => {
                carried.failed.push(error.to_string());
                return Ok(());
            }
        }
        self.settle(inner, path, &tree, stamp)
    }

    /// A path that is no change, but was carried before: where the draft has made it its own, it
    /// stays what it is.
    fn follow(
        &self,
        inner: &mut Inner,
        path: &Path,
        carried: &mut Carried,
    ) -> Result<(), WorkspaceError> {
        let seen = self.layer.look(path).map_err(|error| self.failed(error))?;
        let is_written = matches!(seen, Seen::There(_) | Seen::Gone { .. });
        if is_written
            && self.compare(inner, path, seen).is_ok_and(|it| it.verdict == Verdict::Theirs)
        {
            self.bring(inner, path, seen, carried)?;
        }
        Ok(())
    }

    /// Paths that the draft has not written, and that its view may show as they were.
    fn refresh(
        &self,
        inner: &mut Inner,
        since: SystemTime,
        carried: &mut Carried,
    ) -> Result<(), WorkspaceError> {
        let Some(touched) = self.touched(since) else {
            carried.must_remount = true;
            return Ok(());
        };
        let mut stale = Vec::new();
        for (path, is_folder) in &touched {
            let seen = self.layer.look(path).map_err(|error| self.failed(error))?;
            match seen {
                Seen::Through => self.hold(path, &mut stale),
                Seen::Folder => {}
                Seen::Gone { .. } | Seen::There(_) => continue,
            }
            let is_shown =
                !is_folder || self.names(path, &mut stale).map_err(|error| self.failed(error))?;
            if !is_shown || stale.len() > CARRIED_MAX {
                carried.must_remount = true;
                return Ok(());
            }
        }
        stale.sort();
        stale.dedup();
        for path in stale {
            match self.renew(inner, &path) {
                Ok(()) => carried.paths.push(path.to_string_lossy().into_owned()),
                Err(error) => carried.failed.push(error.to_string()),
            }
        }
        Ok(())
    }

    /// Files and folders (true) of the tree that were touched since then, ignored ones, too;
    /// sorted. None: there are too many to look at each.
    fn touched(&self, since: SystemTime) -> Option<Vec<(PathBuf, bool)>> {
        let since = since.checked_sub(CLOCK_SLACK).unwrap_or(since);
        let found = Mutex::new(Vec::new());
        let mut walk = WalkBuilder::new(&self.tree);
        walk.standard_filters(false)
            .follow_links(false)
            .threads(THREADS)
            .filter_entry(|entry| entry.depth() == 0 || !is_git(entry.file_name()));
        walk.build_parallel().run(|| {
            Box::new(|entry| {
                let Ok(entry) = entry else { return WalkState::Continue };
                let Ok(metadata) = entry.metadata() else { return WalkState::Continue };
                let stamp = Stamp::new(&metadata);
                let Ok(path) = entry.path().strip_prefix(&self.tree) else {
                    return WalkState::Continue;
                };
                if stamp.changed() < since {
                    return WalkState::Continue;
                }
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                found.push((path.to_owned(), stamp.is_folder()));
                if found.len() > CARRIED_MAX { WalkState::Quit } else { WalkState::Continue }
            })
        });
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort();
        (found.len() <= CARRIED_MAX).then_some(found)
    }

    /// Adds `path` if the view has not what the tree has there; a folder that it has not at all
    /// with everything in it.
    fn hold(&self, path: &Path, stale: &mut Vec<PathBuf>) {
        let at = |root: &Path| Stamp::at(&root.join(path));
        let (tree, view) = (at(&self.tree), at(&self.layer.merged));
        let is_folder = |stamp: Option<Stamp>| stamp.is_some_and(|stamp| stamp.is_folder());
        let is_like = match (tree, view) {
            (Some(tree), Some(view)) => tree.is_like(&view),
            (tree, view) => tree.is_none() && view.is_none(),
        };
        if is_like || stale.len() > CARRIED_MAX {
            return;
        }
        if !(is_folder(tree) && is_folder(view)) {
            stale.push(path.to_owned());
        }
        if is_folder(tree) {
            // Another folder has taken its place: nothing in it need be what it was.
            for name in names(&self.tree, path) {
                self.hold(&path.join(name), stale);
            }
        }
    }

    /// What came to a folder, and what went. False: the view cannot show the folder any more.
    fn names(&self, path: &Path, stale: &mut Vec<PathBuf>) -> std::io::Result<bool> {
        let view: BTreeSet<_> = names(&self.layer.merged, path).into_iter().collect();
        let written = names(&self.layer.upper, path).into_iter();
        for name in written.filter(|name| !view.contains(name)) {
            // Of a folder whose lower half was removed the system lists nothing at all.
            if matches!(self.layer.look(&path.join(name))?, Seen::There(_) | Seen::Folder) {
                return Ok(false);
            }
        }
        let all = view.into_iter().chain(names(&self.tree, path));
        for name in all.filter(|name| !is_git(name)).collect::<BTreeSet<_>>() {
            let path = path.join(name);
            match self.layer.look(&path)? {
                Seen::Through => self.hold(&path, stale),
                Seen::Folder if !self.tree.join(&path).is_dir() => {
                    if !self.names(&path, stale)? {
                        return Ok(false);
                    }
                }
                Seen::Folder | Seen::Gone { .. } | Seen::There(_) => {}
            }
        }
        Ok(true)
    }

    /// Writes what the tree has through the view.
    fn renew(&self, inner: &mut Inner, path: &Path) -> Result<(), FileError> {
        let shown = || path.to_string_lossy().into_owned();
        let failed = |source| FileError::Io { path: shown(), source };
        let stamp = Stamp::at(&self.tree.join(path));
        let view = Stamp::at(&self.layer.merged.join(path));
        let is_folder = stamp.is_some_and(|stamp| stamp.is_folder());
        if stamp.is_none() || view.is_some_and(|view| view.is_folder() != is_folder) {
            self.clear(path).map_err(failed)?;
        }
        if is_folder {
            return self.make_folder(path).map_err(failed);
        }
        if stamp.is_some() {
            self.put(path, None, Fresh::Tree)?;
        }
        // A large one has no base: it is not compared either.
        let tree = super::compare::side(&self.tree, path).unwrap_or(Side::Absent);
        self.settle(inner, path, &tree, stamp).map_err(std::io::Error::other).map_err(failed)
    }
}

fn names(root: &Path, path: &Path) -> Vec<OsString> {
    Folder::open(root, path).and_then(|folder| folder.names()).unwrap_or_default()
}
