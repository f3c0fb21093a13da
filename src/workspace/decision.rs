//! What the user decides, brought into the tree; and what a process that died has left half done.

use super::apply::with_executable;
use super::apply_landing::{Ground, Landing, Step, land};
use super::apply_plan::look;
use super::apply_take_back::recover;
use super::install::Base;
use super::store::Store;
use super::store_node::{FileNode, Node, Raw};
use super::together::{Put, PutError};
use super::{ApplyError, FileError, Selected, Side, Wanted, Workspace};
use crate::protocol::Pick;
use std::collections::BTreeSet;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What a decision has changed in the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Sorted.
    pub paths: Vec<PathBuf>,
    /// Folders came to the tree or went from it: a mounted draft does not know so far what is
    /// whose in them, and must be mounted anew before anything else is done in it.
    pub must_remount: bool,
}

pub(super) fn must_remount(landed: &[Landing]) -> bool {
    landed.iter().any(|it| it.old.is_folder() || it.new.is_folder())
}

impl Workspace {
    /// Brings parts of the draft into the tree: all of them, or nothing. `log` is called before the
    /// first file is written, and when all are there, or none is again; if it fails, so does the
    /// decision. What is not picked stays pending.
    pub fn accept(
        &self,
        picks: &[Pick],
        log: &mut dyn FnMut(&Step) -> io::Result<()>,
    ) -> Result<Applied, ApplyError> {
        let selected = self.selected(picks)?;
        let landed = self.land(&selected, log)?;
        if let Side::Draft(draft) = &self.side {
            // It has landed: where this fails, the changes are found to be in the tree later.
            let _ = draft.landed(&selected);
        }
        Ok(landed)
    }

    /// Brings contents into the tree: all of them, or nothing, and only where the tree still is as
    /// it was shown. `log` as in `accept`.
    pub fn land(
        &self,
        selected: &[Selected],
        log: &mut dyn FnMut(&Step) -> io::Result<()>,
    ) -> Result<Applied, ApplyError> {
        let ground = self.desk.ground(&self.root).map_err(ApplyError::Record)?;
        let mut landings = Vec::new();
        let mut conflicts = Vec::new();
        for one in selected {
            let shown = || one.path.to_string_lossy().into_owned();
            let failed = |source| ApplyError::File(FileError::Io { path: shown(), source });
            let (found, _) = look(&ground, &one.path).map_err(failed)?;
            if !is_same(&found, &one.old, ground.store) {
                conflicts.push(shown());
                continue;
            }
            let new = self.landed_node(one, &found, ground.store).map_err(failed)?;
            let old = if found.is_folder() { Node::Absent } else { found };
            landings.push(Landing { path: one.path.clone(), old, new });
        }
        if !conflicts.is_empty() {
            return Err(ApplyError::Conflict { paths: conflicts });
        }
        let keeps = |folder: &Path| match self.side {
            // As git has it, no folder is without a file.
            Side::InPlace => false,
            Side::Copy(_) | Side::Draft(_) => self.work_root().join(folder).is_dir(),
        };
        let landed = land(ground, landings, &keeps, log)?;
        Ok(Applied { paths: paths_of(&landed), must_remount: must_remount(&landed) })
    }

    /// Edits of the tree itself, as a decision of their own: what was there is kept.
    pub(super) fn put_in_place(&self, puts: &[Put<'_>]) -> Result<(), PutError> {
        let first = puts.first().map(|put| put.proposal.change.path.as_str()).unwrap_or_default();
        let failed = |error: io::Error| io_error(first, error);
        let ground = self.desk.ground(&self.root).map_err(failed)?;
        let mut landings = Vec::new();
        for (index, put) in puts.iter().enumerate() {
            let found = landings_of(&ground, put);
            let found = found.map_err(|error| io_error(&put.proposal.change.path, error))?;
            landings.extend(found.ok_or(PutError::Moved(index))?);
        }
        let landed = land(ground, landings, &|_| true, &mut |_| Ok(()));
        landed.map_err(|error| put_error(puts, error))?;
        for path in puts.iter().flat_map(|put| put.proposal.paths()) {
            self.wrote(path);
        }
        Ok(())
    }

    fn landed_node(&self, one: &Selected, found: &Node, store: &Store) -> io::Result<Node> {
        Ok(match &one.new {
            Wanted::Absent => Node::Absent,
            Wanted::Link(target) => Node::Link(Raw(target.clone())),
            Wanted::File { bytes, executable } => {
                let mode = match found {
                    Node::File(old) => with_executable(old.mode, *executable),
                    _ => match self.draft_mode(&one.path) {
                        Some(mode) => with_executable(mode, *executable),
                        None => with_executable(store.usual_mode()?, *executable),
                    },
                };
                let blob = store.put(bytes)?;
                Node::File(FileNode { blob, mode, owner: None, attributes: Vec::new() })
            }
        })
    }

    /// The mode that a new file has in the draft; what is special in it does not go into a tree.
    fn draft_mode(&self, path: &Path) -> Option<u32> {
        let Side::Draft(draft) = &self.side else { return None };
        let found = draft.layer.upper.join(path).symlink_metadata();
        found.ok().filter(Metadata::is_file).map(|it| it.permissions().mode() & 0o777)
    }

    /// Ends what an earlier process has begun and not ended, and says in a sentence each what came
    /// of it. To be called before anything is written to tree or draft.
    pub fn recover(&self) -> io::Result<Vec<String>> {
        let mut told = Vec::new();
        if self.desk.has_records() {
            told = recover(self.desk.ground(&self.root)?)?;
        }
        if let Side::Draft(draft) = &self.side {
            draft.layer.sweep()?;
            told.extend(self.finish_restoring(draft)?);
        }
        Ok(told)
    }
}

/// None: the file is not what the proposal was made from.
fn landings_of(ground: &Ground<'_>, put: &Put<'_>) -> io::Result<Option<Vec<Landing>>> {
    let (source, target) = (&put.source().path, &put.proposal.place.path);
    let (old, _) = look(ground, source)?;
    let file = match (&put.proposal.base, &old) {
        (Base::Absent, Node::Absent) => None,
        (Base::Bytes(bytes), Node::File(file)) if ground.store.name(bytes) == file.blob => {
            Some(file.clone())
        }
        _ => return Ok(None),
    };
    let new = match &put.new {
        None => Node::Absent,
        Some(bytes) => {
            let blob = ground.store.put(bytes)?;
            Node::File(match file {
                Some(file) => FileNode { blob, ..file },
                None => {
                    let mode = ground.store.usual_mode()?;
                    FileNode { blob, mode, owner: None, attributes: Vec::new() }
                }
            })
        }
    };
    let one = |path: &Path, old, new| Landing { path: path.to_owned(), old, new };
    Ok(Some(if source == target {
        vec![one(source, old, new)]
    } else {
        vec![one(source, old, Node::Absent), one(target, Node::Absent, new)]
    }))
}

fn put_error(puts: &[Put<'_>], error: ApplyError) -> PutError {
    let with = |path: &str| {
        let is_it = |put: &Put<'_>| put.proposal.paths().any(|it| it.to_string_lossy() == path);
        puts.iter().position(is_it).unwrap_or_default()
    };
    let first = || puts.first().map_or("", |put| &put.proposal.change.path);
    match error {
        ApplyError::Conflict { paths } => {
            PutError::Moved(paths.first().map_or(0, |path| with(path)))
        }
        ApplyError::File(FileError::NotFolder { path, .. }) => PutError::Moved(with(&path)),
        ApplyError::File(error) => PutError::File(error),
        ApplyError::Partly { written, error } => {
            let error = Box::new(io_error(first(), io::Error::other(error)));
            PutError::Partly { written, error }
        }
        error => io_error(first(), io::Error::other(error.to_string())),
    }
}

fn io_error(path: &str, source: io::Error) -> PutError {
    PutError::File(FileError::Io { path: path.to_owned(), source })
}

pub(super) fn paths_of(landed: &[Landing]) -> Vec<PathBuf> {
    let files = landed.iter().filter(|it| !it.old.is_folder() && !it.new.is_folder());
    let paths: BTreeSet<PathBuf> = files.map(|it| it.path.clone()).collect();
    paths.into_iter().collect()
}

fn is_same(found: &Node, wanted: &Wanted, store: &Store) -> bool {
    match (wanted, found) {
        (Wanted::File { bytes, executable }, Node::File(file)) => {
            store.name(bytes) == file.blob && *executable == (file.mode & 0o100 != 0)
        }
        (Wanted::Link(target), Node::Link(found)) => *target == found.0,
        // A folder makes way if the decision empties it.
        (Wanted::Absent, Node::Absent | Node::Folder(_)) => true,
        _ => false,
    }
}
