//! The files that an agent works on: the user's tree, or a temporary copy of it; reading, edits
//! and hunks, patches, facts about git, rules files. It starts no shell and talks to nobody: what
//! may be done is the policy's, what was asked and answered is the session's.
//!
//! Everything here blocks; only `open` with a copy, `changes`, `patch`, `apply_all` and `facts`
//! may take longer than a file does. Nothing is ever reached through a link that leads out of the
//! root, and nothing of git's own folders is read or written on behalf of a model.

mod ending;
mod error;
mod excerpt;
mod facts;
mod folder;
mod git;
mod install;
mod locate;
mod nearest;
mod place;
mod proposal;
mod rules;
mod walk;

pub use error::{ApplyError, EditError, FileError, WorkspaceError, WriteError};
pub use excerpt::{EXCERPT_BYTES_MAX, EXCERPT_LINES_MAX, Excerpt, LINE_BYTES_MAX};
pub use facts::{Count, Facts, GitFacts};
pub use git::Head;
pub use nearest::{Difference, Nearest};
pub use proposal::{Accepted, Extent, Proposal, Written};
pub use rules::{RULES_BYTES_MAX, RulesFile};

use crate::protocol::TreeKind;
use folder::Folder;
use place::{Found, Place};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Bytes of a file that can be read or edited.
pub const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Unchanged lines around a hunk, as git shows them.
pub const CONTEXT_LINES: usize = 3;

/// A replacement in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// From the folder where the user started; from the root where that leads nowhere. Absolute
    /// paths into the tree are taken too.
    pub path: String,
    /// What must occur exactly once. None or empty: the file is to be created (or is empty).
    pub old: Option<String>,
    pub new: String,
}

/// A tree that an agent works on.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    /// Where the user started, from the root.
    folder: PathBuf,
    work_folder: PathBuf,
}

impl Workspace {
    pub fn open(
        folder: &Path,
        kind: TreeKind,
        scratch: &Path,
    ) -> Result<Workspace, WorkspaceError> {
        let folder = fs::canonicalize(folder)
            .map_err(|source| WorkspaceError::Io { path: folder.to_owned(), source })?;
        if !folder.is_dir() {
            return Err(WorkspaceError::NotFolder(folder));
        }
        let root = folder.clone();
        let _ = (kind, scratch);
        Ok(Workspace { work_folder: folder, root, folder: PathBuf::new() })
    }

    /// The folder that the agent's files are in: the root, or the copy's.
    pub fn work_root(&self) -> &Path {
        &self.root
    }

    /// Reads a text file's lines `from` to `to`, both included and from 1; as many as fit.
    pub fn read(
        &self,
        path: &str,
        from: Option<u64>,
        to: Option<u64>,
    ) -> Result<Excerpt, FileError> {
        let place = place::resolve(self.work_root(), &self.asked(path)?, path)?;
        match place.found {
            Found::File => {}
            Found::Folder => return Err(FileError::Folder { path: path.to_owned() }),
            Found::Special => return Err(FileError::Special { path: path.to_owned() }),
            Found::Absent | Found::AbsentFolder => {
                return Err(FileError::Missing { path: path.to_owned() });
            }
        }
        let bytes = self.text(&place, path)?;
        let link = place.linked.then(|| format!("{path} is a link to it"));
        excerpt::excerpt(&place.path.to_string_lossy(), &bytes, from, to, link)
    }

    fn text(&self, place: &Place, shown: &str) -> Result<Vec<u8>, FileError> {
        let folder = Folder::open(self.work_root(), place.parent())
            .map_err(|source| FileError::Io { path: shown.to_owned(), source })?;
        Ok(proposal::text_file(&folder, place, shown)?.bytes)
    }

    /// Works out what an edit would do. Writes nothing.
    pub fn propose(&self, edit: &Edit) -> Result<Proposal, EditError> {
        proposal::propose(self.work_root(), &self.asked(&edit.path)?, edit)
    }

    /// Writes a proposal, or the hunks of it that were accepted: whole or not at all, and only if
    /// the file still is what the proposal was made from.
    pub fn write(&self, proposal: &Proposal, accepted: &Accepted) -> Result<Written, WriteError> {
        let asked = self.asked(&proposal.edit().path)?;
        proposal::write(self.work_root(), &asked, proposal, accepted)
    }

    /// A path as somebody gave it, from the root.
    fn asked(&self, path: &str) -> Result<PathBuf, FileError> {
        let given = Path::new(path);
        let named = given.components().any(|part| matches!(part, Component::Normal(_)));
        if !named || path.contains('\0') || path.ends_with('/') {
            return Err(FileError::Name { path: path.to_owned() });
        }
        if given.is_absolute() {
            // In a copy the tree's own paths mean the copy's: the tree is not to be touched.
            let roots = [self.work_root(), &self.root];
            let inside = roots.iter().find_map(|root| given.strip_prefix(root).ok());
            let outside = || FileError::Outside { path: path.to_owned() };
            return inside.map(Path::to_path_buf).ok_or_else(outside);
        }
        let from_folder = self.folder.join(given);
        let leads = |path: &Path| {
            let path = self.work_root().join(path);
            (path.symlink_metadata().is_ok(), path.parent().is_some_and(Path::is_dir))
        };
        let (here, above) = (leads(&from_folder), leads(given));
        let is_above_better = above > here;
        Ok(if is_above_better { given.to_path_buf() } else { from_folder })
    }
}

#[cfg(test)]
mod tests;
