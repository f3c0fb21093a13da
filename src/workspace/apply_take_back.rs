//! Takes back a decision that did not land whole: in the process that could not land it, and in a
//! later one, from its record. What somebody else has written since stays.

use super::ApplyError;
use super::apply_landing::{Ground, Standing, Work, set_mode, split};
use super::apply_plan::{Move, look};
use super::apply_record::Record;
use super::folder::Folder;
use super::install::{InstallError, exchange, is_unable, rename_free};
use super::store::sweep;
use super::store_node::Node;
use rustix::fs::{AtFlags, Mode};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::io;
use std::path::Path;

/// What could not be taken back.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// For people.
    pub(super) paths: Vec<String>,
}

impl Left {
    pub(super) fn told(self, error: ApplyError) -> ApplyError {
        if self.paths.is_empty() {
            return error;
        }
        ApplyError::Partly { written: self.paths, error: error.to_string() }
    }
}

enum Back {
    Done,
    /// Somebody else changed it since: theirs stays.
    Theirs,
}

impl Work<'_> {
    /// Afterwards nothing of the decision is in the tree, but for what is left. `is_found`: how far
    /// it came is told by what is there.
    pub(super) fn take_back(&mut self, is_found: bool) -> Left {
        let mut left = Left::default();
        let mut is_whole = !self.record.is_done() || self.record.undone().is_ok();
        for index in (0..self.moves.len()).rev() {
            if is_found {
                // What came after it is taken back already.
                match standing(&self.ground, &self.moves[index]) {
                    Ok(found) => self.standing[index] = found,
                    Err(_) => self.standing[index].is_kept = true,
                }
            }
            let mut result = Ok(Back::Done);
            if self.standing[index].is_done {
                result = self.back(index);
                if result.is_err() {
                    // Tried again once: a file system may be short of something for a moment.
                    result = self.back(index);
                }
            }
            if self.standing[index].is_kept || !matches!(result, Ok(Back::Done)) {
                left.paths.push(self.moves[index].path.path().to_string_lossy().into_owned());
            }
            let is_safe = result.is_ok() && !self.standing[index].is_kept;
            is_whole &= is_safe && self.remove_aside(index).is_ok();
        }
        self.sync_folders();
        if is_whole {
            self.record.end();
        }
        left.paths.reverse();
        left
    }

    fn back(&mut self, index: usize) -> Result<Back, InstallError> {
        let one = &self.moves[index];
        let (path, name) = split(&one.path);
        let folder = self.ways.open(&path)?;
        let (aside, aside_name) = split(&one.aside);
        let aside = self.ways.open(&aside)?;
        match (&one.old, &one.new) {
            (Node::Folder(mode), _) => {
                match rustix::fs::mkdirat(folder.handle(), &name, Mode::from(0o777)) {
                    Ok(()) => set_mode(&folder, &name, *mode)?,
                    Err(Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
                Ok(Back::Done)
            }
            (_, Node::Folder(_)) => {
                self.ways.forget(&one.path.path());
                match rustix::fs::unlinkat(folder.handle(), &name, AtFlags::REMOVEDIR) {
                    // Somebody put something in it: then it stays.
                    Ok(()) | Err(Errno::NOENT | Errno::NOTEMPTY | Errno::EXIST) => Ok(Back::Done),
                    Err(error) => Err(error.into()),
                }
            }
            (_, Node::Absent) => match rename_free((&aside, &aside_name), (&folder, &name)) {
                Ok(()) => Ok(Back::Done),
                Err(Errno::EXIST) => Ok(Back::Theirs),
                Err(Errno::NOENT) => self.rewrite(index, &folder, &name),
                Err(error) => Err(error.into()),
            },
            (Node::Absent, _) => {
                match rename_free((&folder, &name), (&aside, &aside_name)) {
                    Ok(()) if self.is_ours(index, &aside, &aside_name)? => Ok(Back::Done),
                    Ok(()) => {
                        rename_free((&aside, &aside_name), (&folder, &name))?;
                        Ok(Back::Theirs)
                    }
                    // Somebody removed it.
                    Err(Errno::NOENT) => Ok(Back::Done),
                    Err(error) => Err(error.into()),
                }
            }
            _ => match exchange(&folder, &aside_name, &name) {
                Ok(()) if self.is_ours(index, &folder, &aside_name)? => Ok(Back::Done),
                Ok(()) => {
                    exchange(&folder, &aside_name, &name)?;
                    Ok(Back::Theirs)
                }
                Err(error) if error == Errno::NOENT || is_unable(error) => {
                    self.rewrite(index, &folder, &name)
                }
                Err(error) => Err(error.into()),
            },
        }
    }

    /// Whether something is still what was put there.
    fn is_ours(&self, index: usize, folder: &Folder, name: &OsStr) -> Result<bool, InstallError> {
        let (node, identity) = Node::read(folder, name, self.ground.store, true)?;
        Ok(node.looks_like(&self.moves[index].new) && identity == self.standing[index].ours)
    }

    /// Writes what was there from the store, where the file itself is gone.
    fn rewrite(
        &mut self,
        index: usize,
        folder: &Folder,
        name: &OsStr,
    ) -> Result<Back, InstallError> {
        let one = &self.moves[index];
        let (found, _) = Node::read(folder, name, self.ground.store, true)?;
        if !found.looks_like(&one.new) {
            return Ok(Back::Theirs);
        }
        let (aside, aside_name) = split(&one.aside);
        self.remove_aside(index)?;
        let back = Move { old: one.new.clone(), new: one.old.clone(), ..one.clone() };
        let aside = self.ways.open(&aside)?;
        self.make_aside(&aside, &aside_name, &back)?;
        if found.is_absent() {
            rename_free((&aside, &aside_name), (folder, name))?;
        } else {
            rustix::fs::renameat(aside.handle(), &aside_name, folder.handle(), name)?;
        }
        Ok(Back::Done)
    }
}

/// Ends what other processes have begun, as far as their records say. A sentence for each.
pub(super) fn recover(ground: Ground<'_>) -> io::Result<Vec<String>> {
    let mut told = Vec::new();
    sweep(ground.state);
    ground.store.sweep();
    for (record, moves) in Record::open_ones(ground.state)? {
        let paths = super::apply_landing::shown(&moves).join(", ");
        let is_done = record.is_done();
        let mut work = Work::new(ground, &moves, record);
        if is_done {
            work.standing.iter_mut().for_each(|it| it.is_begun = true);
            work.tidy();
            told.push(format!("applied before brisk ended: {paths}"));
            continue;
        }
        let left = work.take_back(true).paths;
        told.push(if left.is_empty() {
            format!("brisk ended while it applied {paths}: nothing of it was applied")
        } else {
            let left = left.join(", ");
            format!(
                "brisk ended while it applied {paths}: nothing of it was applied, but look at \
                 {left}: that has changed since"
            )
        });
    }
    Ok(told)
}

/// How far a move came, by what is there.
fn standing(ground: &Ground<'_>, one: &Move) -> io::Result<Standing> {
    let at = |path: &Path| look(ground, path);
    let ((found, identity), (aside, beside)) = (at(&one.path.path())?, at(&one.aside.path())?);
    let is_new = found.looks_like(&one.new);
    let (is_done, ours) = match (&one.old, &one.new) {
        (Node::Folder(_), _) | (_, Node::Absent) => {
            // A removed file whose place was taken again is the other's.
            (found.is_absent() && (one.old.is_folder() || !aside.is_absent()), None)
        }
        (_, Node::Folder(_)) => (found.is_folder(), None),
        (Node::Absent, _) => (is_new && aside.is_absent(), identity),
        _ if is_new => (true, identity),
        _ => (false, beside),
    };
    Ok(Standing { ours, is_begun: true, is_done, ..Standing::default() })
}
