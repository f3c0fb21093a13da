//! A draft against its tree: what changed, who changed it, and the same changes found again later by
//! their ids. The new sides are read from what was written, so a draft whose view is not mounted
//! any more can be looked at, too.

use super::base::{Base, Bases, Content};
use super::compare::{Difference, SHOWN_BYTES_MAX, Side, large};
use super::copy::Stamp;
use super::draft_compare::Compared;
use super::draft_renames::{Sketch, pair};
use super::draft_rules::{Rules, Sides};
use super::draft_walk::{Found, Walked, walk};
use super::git::Repository;
use super::layer::Seen;
use super::{Layer, WorkspaceError};
use crate::protocol::{Author, Change, ChangeId, ChangeKind};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// A file that was touched so shortly before it was read may be written again without its times
/// showing it: it is read once more.
const RACY: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) struct Draft {
    pub(super) tree: PathBuf,
    pub(super) layer: Layer,
    pub(super) repository: Option<Repository>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) bases: Bases,
    pub(super) rules: Rules,
    known: BTreeMap<PathBuf, Known>,
    /// Pairs of a deleted and a created file that were looked at, by their ids.
    pub(super) renames: BTreeMap<(ChangeId, ChangeId), Arc<Change>>,
    /// As of the last look, sorted by path.
    shown: Vec<Entry>,
}

/// What a look at a path found, and what it holds for.
#[derive(Clone, Debug)]
struct Known {
    tree: Option<Stamp>,
    seen: Seen,
    base: Option<Content>,
    taken: SystemTime,
    entry: Option<Entry>,
}

/// A change that is shown.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    /// Of a renamed file.
    pub(super) from: Option<PathBuf>,
    pub(super) change: Arc<Change>,
    /// Why it can only be shown.
    pub(super) fixed: Option<Fixed>,
    /// Bytes that were compared line by line.
    weight: u64,
    pub(super) sketch: Option<Arc<Sketch>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fixed {
    Submodule,
    Large,
    Unreadable,
}

impl Draft {
    pub(super) fn open(
        tree: &Path,
        layer: Layer,
        repository: Option<Repository>,
    ) -> Result<Draft, WorkspaceError> {
        let bases = Bases::open(&layer.state)
            .map_err(|source| WorkspaceError::Io { path: layer.state.clone(), source })?;
        let inner = Inner {
            bases,
            rules: Rules::default(),
            known: BTreeMap::new(),
            renames: BTreeMap::new(),
            shown: Vec::new(),
        };
        Ok(Draft { tree: tree.to_owned(), layer, repository, inner: Mutex::new(inner) })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sides(&self) -> Sides<'_> {
        Sides { tree: &self.tree, layer: &self.layer, repository: self.repository.as_ref() }
    }

    pub(super) fn failed(&self, source: std::io::Error) -> WorkspaceError {
        WorkspaceError::Io { path: self.layer.upper.clone(), source }
    }

    pub(super) fn changes(&self) -> Result<Vec<Change>, WorkspaceError> {
        let mut inner = self.lock();
        self.look(&mut inner, None)?;
        let changes = inner.shown.iter().map(|entry| {
            let mut change = Change::clone(&entry.change);
            let paths = [Some(&entry.path), entry.from.as_ref()];
            for path in paths.into_iter().flatten() {
                for author in inner.bases.get(path).iter().flat_map(|base| &base.by) {
                    if !change.by.contains(author) {
                        change.by.push(author.clone());
                    }
                }
            }
            change
        });
        Ok(changes.collect())
    }

    /// What the draft has that differs from the last time is this author's.
    pub(super) fn authored(&self, author: &Author) -> Result<(), WorkspaceError> {
        self.look(&mut self.lock(), Some(author))
    }

    /// The entry of a change, if it still is what was shown.
    pub(super) fn entry(
        &self,
        inner: &mut Inner,
        id: &ChangeId,
    ) -> Result<Option<Entry>, WorkspaceError> {
        let find = |inner: &Inner| inner.shown.iter().find(|entry| entry.change.id == *id).cloned();
        if let Some(entry) = find(inner) {
            return Ok(Some(entry));
        }
        // Another process may have shown it.
        self.look(inner, None)?;
        Ok(find(inner))
    }

    /// All that is shown, anew.
    pub(super) fn entries(&self, inner: &mut Inner) -> Result<Vec<Entry>, WorkspaceError> {
        self.look(inner, None)?;
        Ok(inner.shown.clone())
    }

    /// Both sides of a shown change as they are now; None if it is not the same any more.
    pub(super) fn load(
        &self,
        inner: &mut Inner,
        entry: &Entry,
    ) -> Result<Option<Difference>, WorkspaceError> {
        let new = self.difference(inner, &entry.path)?;
        let difference = match &entry.from {
            None => new,
            Some(from) => match (self.difference(inner, from)?, new) {
                (Some(old), Some(new)) => Difference::rename(&old, &new),
                _ => None,
            },
        };
        Ok(difference.filter(|difference| difference.id() == entry.change.id))
    }

    /// How a path differs now.
    pub(super) fn difference(
        &self,
        inner: &mut Inner,
        path: &Path,
    ) -> Result<Option<Difference>, WorkspaceError> {
        let seen = self.layer.look(path).map_err(|error| self.failed(error))?;
        Ok(self.compare(inner, path, seen)?.difference)
    }

    /// Of a pair that may be one renamed file.
    pub(super) fn renamed(
        &self,
        inner: &mut Inner,
        [gone, come]: [&Entry; 2],
    ) -> Result<Option<Difference>, WorkspaceError> {
        let (old, new) = (self.load(inner, gone)?, self.load(inner, come)?);
        Ok(old.zip(new).and_then(|(old, new)| Difference::rename(&old, &new)))
    }

    pub(super) fn walk(&self, inner: &mut Inner) -> Result<Walked, WorkspaceError> {
        walk(self.sides(), &mut inner.rules).map_err(|error| self.failed(error))
    }

    fn look(&self, inner: &mut Inner, author: Option<&Author>) -> Result<(), WorkspaceError> {
        let Walked { found, closed } = self.walk(inner)?;
        let paths: BTreeSet<&Path> = found.iter().map(|found| found.path.as_path()).collect();
        inner.known.retain(|path, _| paths.contains(path.as_path()));
        let mut bytes_left = SHOWN_BYTES_MAX;
        let (mut entries, mut submodules) = (Vec::new(), BTreeMap::new());
        for found in &found {
            let entry = self.known(inner, found, &mut bytes_left);
            if let Some(author) = author {
                inner.attribute(found, author);
            }
            match (entry, &found.submodule) {
                (Some(entry), None) => entries.push(entry),
                (Some(entry), Some(folder)) => {
                    submodules.entry(folder.clone()).or_insert_with(Vec::new).push(entry);
                }
                (None, _) => {}
            }
        }
        entries.extend(
            submodules.iter().map(|(folder, entries)| {
                submodule(folder, entries, self.tree.join(folder).is_dir())
            }),
        );
        entries.extend(closed.iter().map(|folder| {
            let error = std::io::ErrorKind::PermissionDenied.into();
            let stamp = Stamp::at(&self.tree.join(folder));
            unshown(folder, (stamp, Seen::Through), &self.failed(error))
        }));
        pair(self, inner, &mut entries, &mut bytes_left)?;
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        inner.shown = entries;
        self.tidy(inner, &paths);
        inner.bases.save().map_err(|error| self.failed(error))
    }

    /// The bases of paths that do not differ: those are kept that a later change may need.
    fn tidy(&self, inner: &mut Inner, found: &BTreeSet<&Path>) {
        let rest = inner.bases.paths();
        for path in rest.iter().filter(|path| !found.contains(path.as_path())) {
            match self.layer.look(path) {
                // Ignored: what was carried into it.
                Ok(Seen::There(_)) => {}
                Ok(Seen::Gone { .. }) => {
                    if Stamp::at(&self.tree.join(path)).is_none() {
                        inner.bases.settle(path, &Side::Absent, None, None);
                    }
                }
                Ok(Seen::Through | Seen::Folder) | Err(_) => inner.bases.remove(path),
            }
        }
    }

    fn known(&self, inner: &mut Inner, found: &Found, bytes_left: &mut u64) -> Option<Entry> {
        let tree = Stamp::at(&self.tree.join(&found.path));
        let base = inner.bases.get(&found.path).map(|base| &base.content);
        let known = inner.known.get(&found.path);
        let known = known.filter(|known| {
            known.tree == tree && known.seen == found.seen && base == known.base.as_ref()
        });
        if let Some(known) = known.filter(|known| known.is_settled()) {
            let weight = known.entry.as_ref().map_or(0, |entry| entry.weight);
            *bytes_left = bytes_left.saturating_sub(weight);
            return known.entry.clone();
        }
        let taken = SystemTime::now();
        let entry = match self.compare(inner, &found.path, found.seen) {
            Ok(Compared { difference: None, .. }) => None,
            Ok(Compared { difference: Some(difference), .. }) => {
                let before = *bytes_left;
                let change = difference.change(bytes_left);
                let sketch = Sketch::new(&difference).map(Arc::new);
                let (path, from) = (difference.path, None);
                let weight = before - *bytes_left;
                Some(Entry { path, from, change: Arc::new(change), fixed: None, weight, sketch })
            }
            Err(error) => Some(unshown(&found.path, (tree, found.seen), &error)),
        };
        let base = inner.bases.get(&found.path).map(|base| base.content.clone());
        let known = Known { tree, seen: found.seen, base, taken, entry: entry.clone() };
        inner.known.insert(found.path.clone(), known);
        entry
    }
}

impl Known {
    fn is_settled(&self) -> bool {
        let stamps = [self.tree, self.seen.stamp()];
        stamps.into_iter().flatten().all(|stamp| stamp.changed() + RACY < self.taken)
    }
}

impl Inner {
    /// What was written into the draft just now is nobody's news.
    pub(super) fn wrote(&mut self, path: &Path, draft: Option<Stamp>) {
        if let Some(base) = self.bases.get(path) {
            let base = Base { draft, is_attributed: true, ..base.clone() };
            self.bases.insert(path, base);
        }
    }

    pub(super) fn add_author(&mut self, path: &Path, author: Author) {
        if let Some(mut base) = self.bases.get(path).cloned().filter(|it| !it.by.contains(&author))
        {
            base.by.push(author);
            self.bases.insert(path, base);
        }
    }

    fn attribute(&mut self, found: &Found, author: &Author) {
        let Some(base) = self.bases.get(&found.path) else { return };
        let draft = found.seen.stamp();
        if base.is_attributed && base.draft == draft {
            return;
        }
        let mut base = base.clone();
        (base.draft, base.is_attributed) = (draft, true);
        let is_pending = self.known.get(&found.path).is_some_and(|known| known.entry.is_some());
        if is_pending && !base.by.contains(author) {
            base.by.push(author.clone());
        }
        self.bases.insert(&found.path, base);
    }
}

/// A change whose sides cannot be read.
fn unshown(path: &Path, seen: (Option<Stamp>, Seen), error: &WorkspaceError) -> Entry {
    let (fixed, note) = match error {
        WorkspaceError::Large { bytes, .. } => (Fixed::Large, large(*bytes)),
        WorkspaceError::Io { source, .. } => {
            (Fixed::Unreadable, format!("cannot be read: {source}"))
        }
        error => (Fixed::Unreadable, error.to_string()),
    };
    let kind = match seen {
        (None, _) => ChangeKind::Created,
        (_, Seen::Gone { .. } | Seen::Folder) => ChangeKind::Deleted,
        (_, Seen::Through | Seen::There(_)) => ChangeKind::Modified,
    };
    let mut change = Change::new(path.to_string_lossy(), kind, Vec::new());
    change.id = id_of(&[path.as_os_str().as_bytes(), format!("{seen:?}").as_bytes()]);
    change.note = Some(note);
    fixed_entry(path, change, fixed)
}

fn submodule(folder: &Path, within: &[Entry], is_in_tree: bool) -> Entry {
    let kind = if is_in_tree { ChangeKind::Modified } else { ChangeKind::Created };
    let mut change = Change::new(folder.to_string_lossy(), kind, Vec::new());
    let ids: Vec<&[u8]> = within.iter().map(|entry| entry.change.id.0.as_bytes()).collect();
    change.id = id_of(&[&[folder.as_os_str().as_bytes()], ids.as_slice()].concat());
    let files = within.len();
    change.note = Some(format!("submodule: {files} changed in it, never applied from here"));
    fixed_entry(folder, change, Fixed::Submodule)
}

fn fixed_entry(path: &Path, change: Change, fixed: Fixed) -> Entry {
    let (path, change) = (path.to_owned(), Arc::new(change));
    Entry { path, from: None, change, fixed: Some(fixed), weight: 0, sketch: None }
}

/// Digits of a change's id.
const ID_DIGITS: usize = 20;

/// Of parts that may hold any bytes: each is told by its length.
pub(super) fn id_of(parts: &[&[u8]]) -> ChangeId {
    let mut hash = sha1_smol::Sha1::new();
    for part in parts {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut digits = hash.digest().to_string();
    digits.truncate(ID_DIGITS);
    ChangeId(digits)
}
