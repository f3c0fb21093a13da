//! The files that an agent works on: the user's tree, or a temporary copy of it; reading, edits
//! and hunks, patches, facts about git, rules files. It starts no shell and talks to nobody: what
//! may be done is the policy's, what was asked and answered is the session's.
//!
//! Everything here blocks; only `open` with a copy, `changes`, `patch`, `apply_all` and `facts`
//! may take longer than a file does. Nothing is ever reached through a link that leads out of the
//! root, and nothing of git's own folders is read or written on behalf of a model.

mod alteration;
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
mod patch_grammar;
mod patch_hunks;
mod place;
mod proposal;
mod quote;
mod relocate;
mod rules;
mod together;
mod walk;

pub use alteration::{Alteration, Edit};
pub use compare::PATCH_FILE_BYTES_MAX;
pub use copy_files::{COPY_BYTES_MAX, COPY_FILES_MAX};
pub use error::{ApplyError, EditError, FileError, WorkspaceError, WriteError};
pub use excerpt::{EXCERPT_BYTES_MAX, EXCERPT_LINES_MAX, Excerpt, LINE_BYTES_MAX};
pub use facts::{Count, Facts, GitFacts};
pub use git::Head;
pub use nearest::{Difference, Nearest};
pub use patch_grammar::{Action, Mark, Operation, PatchError, PatchHunk, parse_patch};
pub use patch_hunks::{HunkMiss, Why, apply_hunks};
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

/// Where a workspace's changes land.
#[derive(Clone, Debug)]
pub enum Backing {
    InPlace,
    /// A copy is made in `scratch`, which must exist and is not copied itself; it takes about as
    /// long as `cp -r`.
    Copy {
        scratch: PathBuf,
    },
    Draft(Layer),
}

/// A copy-on-write view of the tree, which somebody else has mounted at the tree's own path for the
/// shells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The view, as this process reaches it: below `/proc`.
    pub merged: PathBuf,
    /// What was written into the view, as overlayfs keeps it: whole files, whiteouts (character
    /// devices 0:0, or files with the attribute `user.overlay.whiteout`), opaque folders.
    pub upper: PathBuf,
    /// A folder of the workspace's own, on the session's disk.
    pub state: PathBuf,
}

/// A tree that an agent works on. Shared between threads; a copy is removed when it is dropped.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    /// Where the user started, from the root.
    folder: PathBuf,
    /// As the agent's shells see it.
    shell_folder: PathBuf,
    /// Not to be counted as a part of the tree.
    scratch: PathBuf,
    side: Side,
}

/// Where the agent's files are.
#[derive(Debug)]
enum Side {
    InPlace,
    Copy(Copy),
    Draft(Layer),
}

/// The root of the workspace that a folder belongs to: the top of the git repository that it is in,
/// else the folder itself; without links in the path.
pub fn root_of(folder: &Path) -> Result<PathBuf, WorkspaceError> {
    let (folder, repository) = look(folder)?;
    Ok(repository.map_or(folder, |repository| repository.top))
}

fn look(folder: &Path) -> Result<(PathBuf, Option<Repository>), WorkspaceError> {
    let folder = fs::canonicalize(folder)
        .map_err(|source| WorkspaceError::Io { path: folder.to_owned(), source })?;
    if !folder.is_dir() {
        return Err(WorkspaceError::NotFolder(folder));
    }
    let repository = Repository::find(&folder);
    Ok((folder, repository))
}

impl Workspace {
    /// `folder` is where the user started; the root is `root_of` it. `scratch` is the session's own
    /// folder, which is not part of the tree even if it lies in it.
    pub fn open(
        folder: &Path,
        backing: Backing,
        scratch: &Path,
    ) -> Result<Workspace, WorkspaceError> {
        let (folder, repository) = look(folder)?;
        let root = repository.as_ref().map_or(&folder, |repository| &repository.top).clone();
        let side = match backing {
            Backing::InPlace => Side::InPlace,
            Backing::Copy { scratch } => {
                Side::Copy(Copy::make(&root, repository.as_ref(), &scratch)?)
            }
            Backing::Draft(layer) => Side::Draft(layer),
        };
        let inside = folder.strip_prefix(&root).unwrap_or(Path::new("")).to_owned();
        let shell_root = match &side {
            Side::InPlace | Side::Draft(_) => root.as_path(),
            Side::Copy(copy) => copy.root(),
        };
        // Joined with an empty path it would end in a slash.
        let shell_folder: PathBuf = shell_root.components().chain(inside.components()).collect();
        if matches!(side, Side::Copy(_)) {
            // An ignored one is not copied, but a shell has to start somewhere.
            fs::create_dir_all(&shell_folder)
                .map_err(|source| WorkspaceError::Io { path: shell_folder.clone(), source })?;
        }
        let scratch = scratch.to_owned();
        Ok(Workspace { root, folder: inside, shell_folder, scratch, side })
    }

    pub const fn kind(&self) -> TreeKind {
        match self.side {
            Side::InPlace => TreeKind::InPlace,
            Side::Copy(_) => TreeKind::Copy,
            Side::Draft(_) => TreeKind::Draft,
        }
    }

    /// The user's tree, without links in the path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where this process reaches the agent's files: the root, the copy's, the draft's view.
    pub fn work_root(&self) -> &Path {
        match &self.side {
            Side::InPlace => &self.root,
            Side::Copy(copy) => copy.root(),
            Side::Draft(layer) => &layer.merged,
        }
    }

    /// The same as the agent's shells, and so the model, know it: the root, or the copy's.
    pub fn shell_root(&self) -> &Path {
        match &self.side {
            Side::InPlace | Side::Draft(_) => &self.root,
            Side::Copy(copy) => copy.root(),
        }
    }

    /// Where the agent's shell starts: below `shell_root` as the user's folder is below the root.
    pub fn shell_folder(&self) -> &Path {
        &self.shell_folder
    }

    /// What is not in the copy though no rule leaves it out (`pipe: not a file`), for people.
    pub fn left_out(&self) -> &[String] {
        match &self.side {
            Side::Copy(copy) => &copy.notes,
            Side::InPlace | Side::Draft(_) => &[],
        }
    }

    /// Copy against tree, whoever wrote it, sorted by path; a rename is a file that went and one
    /// that came. In place there is nothing to compare: empty.
    pub fn changes(&self) -> Result<Vec<Change>, WorkspaceError> {
        match &self.side {
            Side::InPlace | Side::Draft(_) => Ok(Vec::new()),
            Side::Copy(copy) => compare::changes(copy),
        }
    }

    /// The same as a patch that `git apply` takes in the root; empty when nothing changed.
    pub fn patch(&self) -> Result<Vec<u8>, WorkspaceError> {
        let mut whole = Vec::new();
        let Side::Copy(copy) = &self.side else { return Ok(whole) };
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
        match &self.side {
            Side::InPlace | Side::Draft(_) => Ok(Vec::new()),
            Side::Copy(copy) => apply::apply_all(copy),
        }
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
        let asked = |path: &str| self.asked(path);
        proposal::propose(self.work_root(), &asked, &Alteration::Replace(edit.clone()))
    }

    /// The same for several files: all of them, or the first that does not apply.
    pub fn propose_all(&self, alterations: &[Alteration]) -> Result<Vec<Proposal>, EditError> {
        together::propose_all(self.work_root(), &|path| self.asked(path), alterations)
    }

    /// Writes a proposal, or the hunks of it that were accepted: whole or not at all, and only if
    /// the file still is what the proposal was made from.
    pub fn write(&self, proposal: &Proposal, accepted: &Accepted) -> Result<Written, WriteError> {
        proposal::write(self.work_root(), &|path| self.asked(path), proposal, accepted)
    }

    /// The same for several, with what was accepted of each: all of it, or none.
    pub fn write_all(
        &self,
        proposals: &[Proposal],
        accepted: &[Accepted],
    ) -> Result<Vec<Written>, WriteError> {
        together::write_all(self.work_root(), &|path| self.asked(path), proposals, accepted)
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
            let roots = [self.shell_root(), self.root()];
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
