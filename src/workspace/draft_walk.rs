//! The paths at which a draft may differ from the tree, found by a walk through what was written:
//! what a whole ignored folder holds costs nothing.

use super::compare::is_no_folder;
use super::draft_rules::{Rules, Sides};
use super::folder::Folder;
use super::layer::{Mark, Seen, is_opaque, mark};
use super::place::is_git;
use rustix::fs::FileType;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

/// A path that may differ.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) seen: Seen,
    /// The submodule that it is in: such is shown as a whole, and never applied.
    pub(super) submodule: Option<PathBuf>,
}

/// Both sorted by path, none twice.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) found: Vec<Found>,
    /// Folders that nobody may look into.
    pub(super) closed: Vec<PathBuf>,
}

pub(super) fn walk(sides: Sides<'_>, rules: &mut Rules) -> io::Result<Walked> {
    rules.refresh();
    let mut walk = Walk { sides, rules, found: Vec::new(), closed: Vec::new(), submodule: None };
    let top = Folder::open(&sides.layer.upper, Path::new(""))?;
    walk.written(Path::new(""), &top, false)?;
    let Walk { mut found, mut closed, .. } = walk;
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found.dedup_by(|one, other| one.path == other.path);
    closed.sort();
    closed.dedup();
    Ok(Walked { found, closed })
}

struct Walk<'a> {
    sides: Sides<'a>,
    rules: &'a mut Rules,
    found: Vec<Found>,
    closed: Vec<PathBuf>,
    submodule: Option<PathBuf>,
}

impl Walk<'_> {
    fn add(&mut self, path: PathBuf, seen: Seen) {
        self.found.push(Found { path, seen, submodule: self.submodule.clone() });
    }

    /// A folder of the upper layer; `is_hidden`: one above hides what the tree has.
    fn written(&mut self, path: &Path, folder: &Folder, is_hidden: bool) -> io::Result<()> {
        let is_outermost = self.submodule.is_none() && !path.as_os_str().is_empty();
        let is_submodule = is_outermost && self.is_submodule(path, folder);
        if is_submodule {
            self.submodule = Some(path.to_owned());
        }
        let is_hidden = is_hidden || is_opaque(folder);
        let names = folder.names()?;
        for name in &names {
            if is_git(name) {
                continue;
            }
            let path = path.join(name);
            match mark(folder, name)? {
                Mark::Absent => {}
                Mark::Whiteout => self.gone(&path, false)?,
                Mark::There(stamp) => {
                    self.file(&path, Seen::There(stamp));
                    self.hidden(&path)?;
                }
                Mark::Folder => self.folder(&path, folder, name, is_hidden)?,
            }
        }
        if is_hidden {
            let names: BTreeSet<_> = names.into_iter().collect();
            for name in self.names_in_tree(path)? {
                if !names.contains(&name) && !is_git(&name) {
                    self.gone(&path.join(name), true)?;
                }
            }
        }
        if is_submodule {
            self.submodule = None;
        }
        Ok(())
    }

    fn folder(
        &mut self,
        path: &Path,
        above: &Folder,
        name: &OsStr,
        is_hidden: bool,
    ) -> io::Result<()> {
        if self.kind(path).is_some_and(|kind| kind != FileType::Directory) {
            self.file(path, Seen::Folder);
        }
        if self.rules.leaves_out(self.sides, path, true) {
            return self.tracked(path);
        }
        let entered = above.enter(name).and_then(|folder| self.written(path, &folder, is_hidden));
        self.passed(path, entered)
    }

    /// One folder that cannot be read does not keep the others from being looked at.
    fn passed<T: Default>(&mut self, path: &Path, entered: io::Result<T>) -> io::Result<T> {
        match entered {
            // It went, or became something else, this very moment.
            Err(error) if is_no_folder(&error) => Ok(T::default()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.closed.push(path.to_owned());
                Ok(T::default())
            }
            entered => entered,
        }
    }

    fn file(&mut self, path: &Path, seen: Seen) {
        let is_left_out = self.rules.leaves_out(self.sides, path, false);
        if !is_left_out || self.rules.is_tracked(self.sides, path) {
            self.add(path.to_owned(), seen);
        }
    }

    /// What the tree has at `path` is gone in the draft; `above`: by what was done to a folder.
    fn gone(&mut self, path: &Path, above: bool) -> io::Result<()> {
        match self.kind(path) {
            Some(FileType::Directory) => self.hidden(path)?,
            Some(_) => self.file(path, Seen::Gone { above }),
            // Perhaps the tree's has gone, too: then both sides agree.
            None => {}
        }
        Ok(())
    }

    /// All that the tree has in a folder which the draft has not.
    fn hidden(&mut self, path: &Path) -> io::Result<()> {
        if self.kind(path) != Some(FileType::Directory) {
            return Ok(());
        }
        if self.rules.leaves_out(self.sides, path, true) {
            return self.tracked(path);
        }
        for name in self.names_in_tree(path)? {
            if !is_git(&name) {
                self.gone(&path.join(name), true)?;
            }
        }
        Ok(())
    }

    /// What git tracks in a folder that rules leave out.
    fn tracked(&mut self, folder: &Path) -> io::Result<()> {
        for path in self.rules.tracked_below(self.sides, folder) {
            match self.sides.layer.look(&path)? {
                Seen::Through => {}
                seen => self.add(path, seen),
            }
        }
        Ok(())
    }

    fn names_in_tree(&mut self, path: &Path) -> io::Result<Vec<OsString>> {
        let names = Folder::open(self.sides.tree, path).and_then(|folder| folder.names());
        self.passed(path, names)
    }

    fn kind(&self, path: &Path) -> Option<FileType> {
        let parent = path.parent().unwrap_or(Path::new(""));
        let folder = Folder::open(self.sides.tree, parent).ok()?;
        let found = folder.look(path.file_name()?).ok()??;
        Some(FileType::from_raw_mode(found.st_mode))
    }

    /// Git keeps a submodule's own folder elsewhere: what it has at `.git` is a file.
    fn is_submodule(&self, path: &Path, folder: &Folder) -> bool {
        match self.kind(path) {
            Some(FileType::Directory) => {
                self.kind(&path.join(".git")) == Some(FileType::RegularFile)
            }
            _ => folder.look(".git".as_ref()).is_ok_and(|found| {
                found.is_some_and(|found| {
                    FileType::from_raw_mode(found.st_mode) == FileType::RegularFile
                })
            }),
        }
    }
}
