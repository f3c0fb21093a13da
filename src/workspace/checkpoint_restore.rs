//! Brings a draft back to what it was. Everything is written through the view, as the agent's own
//! programs would do it: the layer below a mounted view must not be touched. So it is what the draft
//! shows that is exact, not how overlayfs keeps it: a file that was not written yet then is
//! written as the tree has it.

use super::apply_landing::create;
use super::checkpoint_upper::{Captured, Entry, FolderNode, Kind, entries};
use super::compare::is_no_folder;
use super::folder::Folder;
use super::install::beside_name;
use super::store::Store;
use super::store_node::{FileNode, Node, PERMISSIONS, set_attributes};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Writes what differs between the draft as it is, `now`, and as it is to be.
pub(super) fn restore(
    store: &Store,
    tree: &Path,
    merged: &Path,
    now: &Captured,
    wanted: &Captured,
) -> io::Result<()> {
    let (now, wanted) = (Look::folder(&now.root, false), Look::folder(&wanted.root, false));
    let restore = Restore { store, tree, merged, is_dry: false, differs: Cell::new(false) };
    restore.folder(Path::new(""), &now, &wanted)
}

/// Whether anything would have to be written.
pub(super) fn differs(
    store: &Store,
    tree: &Path,
    merged: &Path,
    now: &Captured,
    wanted: &Captured,
) -> io::Result<bool> {
    let (now, wanted) = (Look::folder(&now.root, false), Look::folder(&wanted.root, false));
    let restore = Restore { store, tree, merged, is_dry: true, differs: Cell::new(false) };
    restore.folder(Path::new(""), &now, &wanted)?;
    Ok(restore.differs.get())
}

struct Restore<'a> {
    store: &'a Store,
    tree: &'a Path,
    merged: &'a Path,
    /// Nothing is written, only `differs` is told.
    is_dry: bool,
    differs: Cell<bool>,
}

/// What the draft shows at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Look {
    /// What the tree has.
    Through,
    Absent,
    File(FileNode),
    Link(Vec<u8>),
    /// `node`: what was written into it; None: nothing. `hidden`: what the tree has in it is not
    /// shown.
    Folder {
        node: Option<FolderNode>,
        hidden: bool,
    },
    Left,
}

impl Look {
    fn folder(node: &FolderNode, hidden: bool) -> Look {
        Look::Folder { node: Some(node.clone()), hidden: hidden || node.opaque }
    }

    fn of(entry: Option<&Entry>, hidden: bool) -> Look {
        match entry.map(|entry| &entry.kind) {
            None if hidden => Look::Absent,
            None => Look::Through,
            Some(Kind::Whiteout) => Look::Absent,
            Some(Kind::File(node)) => Look::File(node.clone()),
            Some(Kind::Link(target)) => Look::Link(target.0.clone()),
            Some(Kind::Folder(node)) => Look::folder(node, hidden),
            Some(Kind::Left) => Look::Left,
        }
    }
}

impl Restore<'_> {
    /// Both looks are those of folders, and the folder is there.
    fn folder(&self, path: &Path, now: &Look, wanted: &Look) -> io::Result<()> {
        let (
            Look::Folder { node: now_node, hidden: was_hidden },
            Look::Folder { node: wanted_node, hidden },
        ) = (now, wanted)
        else {
            return Ok(());
        };
        let listed = |node: &Option<FolderNode>| -> io::Result<BTreeMap<OsString, Entry>> {
            let all = node.as_ref().map_or(Ok(Vec::new()), |node| entries(self.store, node))?;
            let named = |entry: Entry| (OsString::from_vec(entry.name.0.clone()), entry);
            Ok(all.into_iter().map(named).collect())
        };
        let (before, after) = (listed(now_node)?, listed(wanted_node)?);
        let mut names: BTreeSet<OsString> = before.keys().chain(after.keys()).cloned().collect();
        if was_hidden != hidden {
            names.extend(self.names_in_tree(path)?);
        }
        for name in names {
            let now = Look::of(before.get(&name), *was_hidden);
            let wanted = Look::of(after.get(&name), *hidden);
            if now != wanted {
                self.one(&path.join(&name), &now, &wanted)?;
            }
        }
        if let Some(wanted) = wanted_node
            && now_node.as_ref().is_none_or(|now| now.mode != wanted.mode)
            && !path.as_os_str().is_empty()
        {
            self.set_mode(path, wanted.mode)?;
        }
        Ok(())
    }

    fn one(&self, path: &Path, now: &Look, wanted: &Look) -> io::Result<()> {
        let name = path.file_name().unwrap_or_default();
        let parent = Folder::open(self.merged, path.parent().unwrap_or(Path::new("")))?;
        if matches!(now, Look::Left) {
            return Ok(());
        }
        let is_settled = match (wanted, now) {
            (Look::Through, Look::Folder { .. }) => {
                self.seen_as_folder(path, &Look::Through)?.is_some()
            }
            (Look::Through, _) => self.shows_tree(path, now)?,
            (Look::Folder { .. }, _) => self.seen_as_folder(path, now)?.is_some(),
            (Look::Left, _) => true,
            (wanted, Look::Through) => self.shows_tree(path, wanted)?,
            _ => false,
        };
        self.differs.set(self.differs.get() || !is_settled);
        if self.is_dry && !is_settled {
            return Ok(());
        }
        match wanted {
            Look::Left => Ok(()),
            _ if is_settled
                && !matches!(
                    (wanted, now),
                    (Look::Folder { .. }, _) | (_, Look::Folder { .. })
                ) =>
            {
                Ok(())
            }
            Look::Absent => remove(&parent, name),
            Look::File(node) => self.put(&parent, name, node),
            Look::Link(target) => {
                remove(&parent, name)?;
                let target = OsStr::from_bytes(target);
                Ok(rustix::fs::symlinkat(target, parent.handle(), name)?)
            }
            Look::Through => self.through(path, &parent, name, now),
            Look::Folder { .. } => {
                let before = self.seen_as_folder(path, now)?;
                let before = match before {
                    Some(before) => before,
                    None => {
                        remove(&parent, name)?;
                        rustix::fs::mkdirat(parent.handle(), name, Mode::from(0o777))?;
                        Look::Folder { node: None, hidden: true }
                    }
                };
                self.folder(path, &before, wanted)
            }
        }
    }

    /// What the tree has at a path is shown again.
    fn through(&self, path: &Path, parent: &Folder, name: &OsStr, now: &Look) -> io::Result<()> {
        let (found, metadata) =
            match Folder::open(self.tree, path.parent().unwrap_or(Path::new(""))) {
                Ok(folder) => (
                    Node::read(&folder, name, self.store, true)?.0,
                    folder.enter(name).and_then(|folder| folder.metadata()).ok(),
                ),
                Err(error) if is_no_folder(&error) => (Node::Absent, None),
                Err(error) => return Err(error),
            };
        match found {
            Node::Absent | Node::Special => remove(parent, name),
            Node::File(node) => self.put(parent, name, &node),
            Node::Link(target) => self.one(path, now, &Look::Link(target.0)),
            Node::Folder(_) => {
                self.one(path, now, &Look::Folder { node: None, hidden: false })?;
                match metadata {
                    Some(found) => self.set_mode(path, found.mode() & PERMISSIONS),
                    None => Ok(()),
                }
            }
        }
    }

    /// Whether a look is what the tree has anyway.
    fn shows_tree(&self, path: &Path, look: &Look) -> io::Result<bool> {
        let parent = path.parent().unwrap_or(Path::new(""));
        let found = match Folder::open(self.tree, parent) {
            Ok(folder) => {
                Node::read(&folder, path.file_name().unwrap_or_default(), self.store, false)?.0
            }
            Err(error) if is_no_folder(&error) => Node::Absent,
            Err(error) => return Err(error),
        };
        Ok(match (look, found) {
            (Look::Through, _) | (Look::Absent, Node::Absent) => true,
            (Look::File(one), Node::File(other)) => {
                one.blob == other.blob
                    && one.mode == other.mode
                    && one.attributes == other.attributes
            }
            (Look::Link(one), Node::Link(other)) => *one == other.0,
            _ => false,
        })
    }

    /// A path as a folder, if the draft shows one there.
    fn seen_as_folder(&self, path: &Path, now: &Look) -> io::Result<Option<Look>> {
        Ok(match now {
            Look::Folder { .. } => Some(now.clone()),
            Look::Through => {
                let folder = Folder::open(self.tree, path.parent().unwrap_or(Path::new("")))?;
                let found = folder.look(path.file_name().unwrap_or_default())?;
                let is_folder = found.is_some_and(|found| {
                    FileType::from_raw_mode(found.st_mode) == FileType::Directory
                });
                is_folder.then_some(Look::Folder { node: None, hidden: false })
            }
            Look::Absent | Look::File(_) | Look::Link(_) | Look::Left => None,
        })
    }

    fn put(&self, parent: &Folder, name: &OsStr, node: &FileNode) -> io::Result<()> {
        let beside = beside_name();
        let written = self.write(parent, &beside, node).and_then(|()| {
            let is_folder = parent
                .look(name)?
                .is_some_and(|it| FileType::from_raw_mode(it.st_mode) == FileType::Directory);
            if is_folder {
                remove(parent, name)?;
            }
            Ok(rustix::fs::renameat(parent.handle(), &beside, parent.handle(), name)?)
        });
        if written.is_err() {
            let _ = parent.remove(&beside);
        }
        written
    }

    fn write(&self, parent: &Folder, name: &OsStr, node: &FileNode) -> io::Result<()> {
        let mut file = create(parent, name)?;
        self.store.copy_to(&node.blob, &mut file)?;
        if let Some(owner) = node.owner {
            super::install::give(&file, owner);
        }
        set_attributes(&file, &node.attributes);
        file.set_permissions(Permissions::from_mode(node.mode))
    }

    fn set_mode(&self, path: &Path, mode: u32) -> io::Result<()> {
        let folder = Folder::open(self.merged, path)?;
        let handle = File::from(folder.handle().try_clone_to_owned()?);
        if handle.metadata()?.mode() & PERMISSIONS == mode {
            return Ok(());
        }
        self.differs.set(true);
        if self.is_dry {
            return Ok(());
        }
        handle.set_permissions(Permissions::from_mode(mode))
    }

    fn names_in_tree(&self, path: &Path) -> io::Result<Vec<OsString>> {
        match Folder::open(self.tree, path) {
            Ok(folder) => folder.names(),
            Err(error) if is_no_folder(&error) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// Removes whatever has a name, with all that is in it; no link is followed.
fn remove(parent: &Folder, name: &OsStr) -> io::Result<()> {
    match rustix::fs::unlinkat(parent.handle(), name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    let folder = match parent.enter(name) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(parent, name)?;
            parent.enter(name)?
        }
        entered => entered?,
    };
    if folder.metadata()?.mode() & 0o700 != 0o700 {
        open_up(parent, name)?;
    }
    for name in folder.names()? {
        remove(&folder, &name)?;
    }
    Ok(rustix::fs::unlinkat(parent.handle(), name, AtFlags::REMOVEDIR)?)
}

/// Some tools make folders that nobody may write in: a module cache is one.
fn open_up(parent: &Folder, name: &OsStr) -> io::Result<()> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = rustix::fs::openat(parent.handle(), name, flags, Mode::empty())?;
    let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&folder));
    std::fs::set_permissions(path, Permissions::from_mode(0o700))
}
