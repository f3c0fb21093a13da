//! Two sides of a path, and how they differ; copy against tree: which paths differ, whoever wrote them.

use super::copy::{Copy, Fingerprint, Stamp, mirrored};
use super::draft::id_of;
use super::folder::{Entry, Folder};
use super::proposal::is_binary;
use super::walk::walk;
use super::{CONTEXT_LINES, WorkspaceError};
use crate::protocol::{Change, ChangeId, ChangeKind};
use crate::text;
use ignore::WalkState;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Bytes of a file that a patch can hold.
pub const PATCH_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of all files that are compared line by line for people; what comes after is only named.
pub(super) const SHOWN_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What one side has at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Absent,
    File {
        bytes: Vec<u8>,
        executable: bool,
    },
    Link(Vec<u8>),
    /// A folder, a pipe: nothing that a patch could hold.
    Other,
}

#[derive(Clone, Debug)]
pub(super) struct Difference {
    pub(super) path: PathBuf,
    /// Of a renamed file: its path before.
    pub(super) from: Option<PathBuf>,
    /// In the tree, now.
    pub(super) old: Side,
    /// In the copy or the draft.
    pub(super) new: Side,
    /// The tree's side is not what the other one was made from.
    pub(super) is_conflict: bool,
}

/// The paths that may differ, sorted: what was touched in the copy, came or went.
pub(super) fn candidates(copy: &Copy) -> Vec<PathBuf> {
    let manifest = copy.manifest();
    let found = Mutex::new((BTreeSet::new(), BTreeSet::new()));
    walk(copy.root(), None).build_parallel().run(|| {
        Box::new(|entry| {
            let Ok(entry) = entry else { return WalkState::Continue };
            let kind = entry.file_type();
            if !kind.is_some_and(|kind| kind.is_file() || kind.is_symlink()) {
                return WalkState::Continue;
            }
            let Ok(path) = entry.path().strip_prefix(copy.root()) else {
                return WalkState::Continue;
            };
            let stamp = entry.metadata().ok().map(|metadata| Stamp::new(&metadata));
            let is_same = manifest.get(path).is_some_and(|known| known.copy == stamp);
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            found.0.insert(path.to_owned());
            if !is_same {
                found.1.insert(path.to_owned());
            }
            WalkState::Continue
        })
    });
    let (visited, mut differ) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (path, known) in manifest.iter() {
        // Ignored by now, or gone.
        if !visited.contains(path) && Stamp::at(&copy.root().join(path)) != known.copy {
            differ.insert(path.clone());
        }
    }
    differ.into_iter().collect()
}

/// How a path differs; None if it does not.
pub(super) fn difference(copy: &Copy, path: &Path) -> Result<Option<Difference>, WorkspaceError> {
    let stamp = Stamp::at(&copy.tree().join(path));
    let old = side(copy.tree(), path)?;
    let new = match side(copy.root(), path)? {
        Side::Link(target) => {
            let target = mirrored(Path::new(OsStr::from_bytes(&target)), copy.root(), copy.tree());
            Side::Link(target.into_os_string().into_vec())
        }
        // A folder in place of a file: the file is gone, what is in the folder is new.
        Side::Other => Side::Absent,
        new => new,
    };
    if old == new || (old == Side::Other && new == Side::Absent) {
        return Ok(None);
    }
    let known = copy.manifest().get(path).copied();
    let content = known.and_then(|known| known.content);
    if content.is_some() && new.fingerprint() == content {
        // Written again as it was: what differs is the tree's own change.
        return Ok(None);
    }
    let is_tree_same = known.and_then(|known| known.tree) == stamp
        || (content.is_some() && old.fingerprint() == content);
    // A folder in the tree whose files the copy has removed makes way for a file.
    let is_conflict = !is_tree_same && old != Side::Other;
    Ok(Some(Difference { path: path.to_owned(), from: None, old, new, is_conflict }))
}

pub(super) fn side(root: &Path, path: &Path) -> Result<Side, WorkspaceError> {
    let failed = |source| WorkspaceError::Io { path: root.join(path), source };
    let folder = match Folder::open(root, path.parent().unwrap_or(Path::new(""))) {
        Ok(folder) => folder,
        Err(error) if is_no_folder(&error) => return Ok(Side::Absent),
        Err(error) => return Err(failed(error)),
    };
    let name = path.file_name().unwrap_or_default();
    match folder.read(name, PATCH_FILE_BYTES_MAX) {
        Ok(Entry::Absent) => Ok(Side::Absent),
        Ok(Entry::File(content)) => {
            let executable = content.metadata.permissions().mode() & 0o100 != 0;
            Ok(Side::File { bytes: content.bytes, executable })
        }
        Ok(Entry::Other) => Ok(folder.link(name).map_err(failed)?.map_or(Side::Other, Side::Link)),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            let bytes = root.join(path).symlink_metadata().map_or(0, |metadata| metadata.len());
            Err(WorkspaceError::Large { path: path.to_string_lossy().into_owned(), bytes })
        }
        Err(error) => Err(failed(error)),
    }
}

pub(super) fn is_no_folder(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let missing = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP];
    Errno::from_io_error(error).is_some_and(|errno| missing.contains(&errno))
}

/// All differences, for people.
pub(super) fn changes(copy: &Copy) -> Result<Vec<Change>, WorkspaceError> {
    let mut changes = Vec::new();
    let mut bytes_left = SHOWN_BYTES_MAX;
    for path in candidates(copy) {
        match difference(copy, &path) {
            Ok(Some(difference)) => changes.push(difference.change(&mut bytes_left)),
            Ok(None) => {}
            Err(WorkspaceError::Large { path, bytes }) => {
                let mut change = Change::new(path, ChangeKind::Modified, Vec::new());
                change.note = Some(large(bytes));
                changes.push(change);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(changes)
}

impl Side {
    pub(super) fn fingerprint(&self) -> Option<Fingerprint> {
        match self {
            Side::File { bytes, executable } => Fingerprint::of_file(bytes, *executable),
            Side::Link(target) => Some(Fingerprint::of_link(target)),
            Side::Absent | Side::Other => None,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Side::File { bytes, .. } => bytes,
            Side::Absent | Side::Link(_) | Side::Other => &[],
        }
    }

    /// None if it is no file.
    pub(super) const fn executable(&self) -> Option<bool> {
        match self {
            Side::File { executable, .. } => Some(*executable),
            Side::Absent | Side::Link(_) | Side::Other => None,
        }
    }

    /// As git writes it; None where it has nothing to write.
    pub(super) const fn mode(&self) -> Option<&'static str> {
        match self {
            Side::File { executable: false, .. } => Some("100644"),
            Side::File { executable: true, .. } => Some("100755"),
            Side::Link(_) => Some("120000"),
            Side::Absent | Side::Other => None,
        }
    }

    /// What git keeps of it: a file's bytes, or where a link leads.
    pub(super) fn content(&self) -> &[u8] {
        match self {
            Side::File { bytes, .. } | Side::Link(bytes) => bytes,
            Side::Absent | Side::Other => &[],
        }
    }

    fn says(&self) -> Option<String> {
        match self {
            Side::Link(target) => Some(format!("links to {}", String::from_utf8_lossy(target))),
            Side::File { executable: true, .. } => Some("mode 755".to_owned()),
            Side::File { .. } | Side::Absent | Side::Other => None,
        }
    }
}

impl Difference {
    pub(super) fn is_binary(&self) -> bool {
        is_binary(self.old.bytes()) || is_binary(self.new.bytes())
    }

    /// Of a file that went and one that came; None if they are no files.
    pub(super) fn rename(gone: &Difference, come: &Difference) -> Option<Difference> {
        let is_rename = gone.new == Side::Absent && come.old == Side::Absent;
        is_rename.then(|| Difference {
            path: come.path.clone(),
            from: Some(gone.path.clone()),
            old: gone.old.clone(),
            new: come.new.clone(),
            is_conflict: gone.is_conflict || come.is_conflict,
        })
    }

    pub(super) fn kind(&self) -> ChangeKind {
        match (&self.old, &self.new) {
            _ if self.from.is_some() => ChangeKind::Renamed,
            (Side::Absent | Side::Other, _) => ChangeKind::Created,
            (_, Side::Absent) => ChangeKind::Deleted,
            _ => ChangeKind::Modified,
        }
    }

    /// Of paths, kind, modes and contents.
    pub(super) fn id(&self) -> ChangeId {
        let from = self.from.as_deref().unwrap_or(Path::new(""));
        id_of(&[
            format!("{:?}", self.kind()).as_bytes(),
            self.path.as_os_str().as_bytes(),
            from.as_os_str().as_bytes(),
            self.old.mode().unwrap_or_default().as_bytes(),
            self.old.content(),
            self.new.mode().unwrap_or_default().as_bytes(),
            self.new.content(),
        ])
    }

    /// Whether single lines of it can be chosen.
    pub(super) fn has_lines(&self) -> bool {
        let is_text = |side: &Side| !matches!(side, Side::Link(_));
        is_text(&self.old) && is_text(&self.new) && !self.is_binary()
    }

    pub(super) fn change(&self, bytes_left: &mut u64) -> Change {
        let (old, new) = (self.old.bytes(), self.new.bytes());
        let weight = (old.len() + new.len()) as u64;
        let mut notes = self.notes();
        let hunks = if self.is_binary() {
            Vec::new()
        } else if weight > *bytes_left {
            notes.push(format!("{}, not shown: too much has changed", size(weight)));
            Vec::new()
        } else {
            *bytes_left -= weight;
            text::hunks(old, new, CONTEXT_LINES)
        };
        let mut change = Change::new(self.path.to_string_lossy(), self.kind(), hunks);
        change.id = self.id();
        change.from = self.from.as_ref().map(|from| from.to_string_lossy().into_owned());
        change.note = if notes.is_empty() { None } else { Some(notes.join(", ")) };
        change.conflict = self.is_conflict;
        change
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.is_binary() {
            notes.push(format!("binary, {}", size(self.new.bytes().len() as u64)));
        }
        match (&self.old, &self.new) {
            (Side::File { executable: old, .. }, Side::File { executable: new, .. }) => {
                let mode = |executable: bool| if executable { "755" } else { "644" };
                if old != new {
                    notes.push(format!("mode {} to {}", mode(*old), mode(*new)));
                }
            }
            (Side::Link(_), Side::File { .. }) => notes.push("was a link".to_owned()),
            (old, Side::Absent) => {
                notes.extend(old.says().filter(|_| matches!(old, Side::Link(_))));
            }
            (_, new) => notes.extend(new.says()),
        }
        if self.is_conflict {
            notes.push("changed in the tree, too".to_owned());
        }
        notes
    }
}

pub(super) fn large(bytes: u64) -> String {
    format!("{}, too large to compare", size(bytes))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
