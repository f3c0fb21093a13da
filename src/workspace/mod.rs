//! The files that an agent works on: the user's tree, or a temporary copy of it; reading, edits
//! and hunks, patches, facts about git, rules files. It starts no shell and talks to nobody: what
//! may be done is the policy's, what was asked and answered is the session's.
//!
//! Everything here blocks; only `open` with a copy, `changes`, `patch`, `apply_all` and `facts`
//! may take longer than a file does. Nothing is ever reached through a link that leads out of the
//! root, and nothing of git's own folders is read or written on behalf of a model.

mod apply;
mod compare;
mod copy;
mod copy_files;
mod copy_git;
mod ending;
mod error;
mod excerpt;
mod facts;
mod folder;
mod git;
mod install;
mod locate;
mod nearest;
mod patch;
mod place;
mod proposal;
mod quote;
mod rules;
mod walk;

pub use compare::PATCH_FILE_BYTES_MAX;
pub use copy_files::{COPY_BYTES_MAX, COPY_FILES_MAX};
pub use error::{ApplyError, EditError, FileError, WorkspaceError, WriteError};
pub use excerpt::{EXCERPT_BYTES_MAX, EXCERPT_LINES_MAX, Excerpt, LINE_BYTES_MAX};
pub use facts::{Count, Facts, GitFacts};
pub use git::Head;
pub use nearest::{Difference, Nearest};
pub use proposal::{Accepted, Extent, Proposal, Written};
pub use rules::{RULES_BYTES_MAX, RulesFile};

use crate::protocol::{Change, TreeKind};
use copy::Copy;
use folder::Folder;
use git::Repository;
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

/// A tree that an agent works on. Shared between threads; a copy is removed when it is dropped.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    /// Where the user started, from the root.
    folder: PathBuf,
    work_folder: PathBuf,
    scratch: PathBuf,
    copy: Option<Copy>,
}

impl Workspace {
    /// `folder` is where the user started. The root is the top of the git repository that it is
    /// in, else the folder itself. A copy is made in `scratch`, which must exist and is not
    /// copied itself; it takes about as long as `cp -r`.
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
        let repository = Repository::find(&folder);
        let root = repository.as_ref().map_or(&folder, |repository| &repository.top).clone();
        let copy = match kind {
            TreeKind::InPlace => None,
            TreeKind::Copy => Some(Copy::make(&root, repository.as_ref(), scratch)?),
        };
        let inside = folder.strip_prefix(&root).unwrap_or(Path::new("")).to_owned();
        let work_root = copy.as_ref().map_or(root.as_path(), Copy::root);
        // Joined with an empty path it would end in a slash.
        let work_folder: PathBuf = work_root.components().chain(inside.components()).collect();
        if copy.is_some() {
            // An ignored one is not copied, but a shell has to start somewhere.
            fs::create_dir_all(&work_folder)
                .map_err(|source| WorkspaceError::Io { path: work_folder.clone(), source })?;
        }
        let scratch = scratch.to_owned();
        Ok(Workspace { root, folder: inside, work_folder, scratch, copy })
    }

    pub const fn kind(&self) -> TreeKind {
        match self.copy {
            None => TreeKind::InPlace,
            Some(_) => TreeKind::Copy,
        }
    }

    /// The user's tree, without links in the path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the agent's files are: the root, or the copy's.
    pub fn work_root(&self) -> &Path {
        self.copy.as_ref().map_or(&self.root, Copy::root)
    }

    /// Where the agent's shell starts: below `work_root` as the user's folder is below the root.
    pub fn work_folder(&self) -> &Path {
        &self.work_folder
    }

    /// What is not in the copy though no rule leaves it out (`pipe: not a file`), for people.
    pub fn left_out(&self) -> &[String] {
        self.copy.as_ref().map_or(&[], |copy| &copy.notes)
    }

    /// Copy against tree, whoever wrote it, sorted by path; a rename is a file that went and one
    /// that came. In place there is nothing to compare: empty.
    pub fn changes(&self) -> Result<Vec<Change>, WorkspaceError> {
        self.copy.as_ref().map_or(Ok(Vec::new()), compare::changes)
    }

    /// The same as a patch that `git apply` takes in the root; empty when nothing changed.
    pub fn patch(&self) -> Result<Vec<u8>, WorkspaceError> {
        let mut whole = Vec::new();
        let Some(copy) = &self.copy else { return Ok(whole) };
        for path in compare::candidates(copy) {
            if let Some(difference) = compare::difference(copy, &path)? {
                whole.extend(patch::patch(&difference));
            }
        }
        Ok(whole)
    }

    /// Brings all changes of the copy into the tree, and says which paths. If a file changed on
    /// both sides nothing is written. Afterwards `changes` starts from here. In place: nothing.
    pub fn apply_all(&self) -> Result<Vec<String>, ApplyError> {
        self.copy.as_ref().map_or(Ok(Vec::new()), apply::apply_all)
    }

    /// A first look at the user's tree, bounded in time.
    pub fn facts(&self) -> Facts {
        facts::facts(&self.root, &self.folder, &self.scratch)
    }

    /// The rules file that holds where the user started: one, or none. `AGENTS.md` wins, the
    /// nearest of them; else `CLAUDE.md`, else `.github/copilot-instructions.md`.
    pub fn rules(&self) -> Vec<RulesFile> {
        rules::rules(&self.root, &self.folder)
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
        if given.starts_with("~") {
            // A shell would take it for the user's home; so does who says it.
            return Err(FileError::Outside { path: path.to_owned() });
        }
        if given.is_absolute() {
            // In a copy the tree's own paths mean the copy's: the tree is not to be touched.
            let roots = [self.work_root(), self.root()];
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
