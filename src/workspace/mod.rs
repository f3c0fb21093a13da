//! The files that an agent works on: the user's tree, a temporary copy of it, or a draft over it;
//! reading, edits and hunks, changes and merges, patches, facts about git, rules files. It starts
//! no shell, mounts nothing and talks to nobody: what may be done is the policy's, what was asked
//! and answered is the session's.
//!
//! Everything here blocks; only `open` with a copy, what compares or writes many files, and
//! `facts` may take longer than a file does. Nothing is ever reached through a link that leads out of the
//! root, and nothing of git's own folders is read or written on behalf of a model.

mod alteration;
mod apply;
mod apply_landing;
mod apply_plan;
mod apply_record;
mod apply_stage;
mod apply_take_back;
mod apply_ways;
mod base;
mod carry;
mod checkpoint;
mod checkpoint_restore;
mod checkpoint_upper;
mod commit;
mod compare;
mod copy;
mod copy_files;
mod copy_git;
mod decision;
mod decision_bases;
mod decision_desk;
mod draft;
mod draft_change;
mod draft_compare;
mod draft_decide;
mod draft_hold;
mod draft_renames;
mod draft_rules;
mod draft_select;
mod draft_walk;
mod draft_write;
mod ending;
mod error;
mod excerpt;
mod facts;
mod fitting;
mod folder;
mod git;
mod git_patch;
mod install;
mod layer;
mod locate;
mod merge;
mod nearest;
mod patch;
mod patch_grammar;
mod patch_hunks;
mod place;
mod proposal;
mod put;
mod quote;
mod relocate;
mod remove;
mod rules;
mod snapshot;
mod snapshot_git;
mod snapshot_take_back;
mod store;
mod store_node;
mod together;
mod walk;

pub use alteration::{Alteration, Edit};
pub use apply_landing::Step;
pub use carry::{CARRIED_MAX, Carried, Freshness};
pub use checkpoint::{CHECKPOINTS_MAX, Checkpoint, CheckpointId, Remount, Undone};
pub use checkpoint_upper::IGNORED_FOLDER_BYTES_MAX;
pub use commit::{Commit, CommitError, Hooks};
pub use compare::PATCH_FILE_BYTES_MAX;
pub use copy_files::{COPY_BYTES_MAX, COPY_FILES_MAX};
pub use decision::Applied;
pub use decision_desk::RECORDS;
pub use draft_decide::{Contents, Selected, Wanted};
pub use error::{
    ApplyError, CheckpointError, EditError, FileError, PickError, WorkspaceError, WriteError,
};
pub use excerpt::{EXCERPT_BYTES_MAX, EXCERPT_LINES_MAX, Excerpt, LINE_BYTES_MAX};
pub use facts::{Count, Facts, GitFacts};
pub use fitting::{FitError, Fitted, FittedFile, Unfit};
pub use git::Head;
pub use git_patch::{GIT_PATCH_BYTES_MAX, GitPatch, GitPatchError};
pub use nearest::{Difference, Nearest};
pub use patch_grammar::{Action, Mark, Operation, PatchError, PatchHunk, parse_patch};
pub use patch_hunks::{HunkMiss, Why, apply_hunks};
pub use proposal::{Accepted, Extent, Proposal, Written};
pub use remove::remove_all;
pub use rules::{RULES_BYTES_MAX, RulesFile};
pub use snapshot::{SNAPSHOT_BYTES_MAX, SNAPSHOT_FILE_BYTES_MAX, SNAPSHOT_FILES_MAX};

use crate::protocol::{Author, Change, ChangeId, Keep, Pick, TreeKind};
use copy::Copy;
use decision_desk::Desk;
use draft::Draft;
use folder::Folder;
use git::Repository;
use place::{Found, Place, Root};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::slice;
use together::Put;

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
    /// Where decisions are recorded, and contents kept.
    desk: Desk,
}

/// Where the agent's files are.
#[derive(Debug)]
enum Side {
    InPlace,
    Copy(Copy),
    Draft(Box<Draft>),
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
            Backing::Draft(layer) => Side::Draft(Box::new(Draft::open(&root, layer, repository)?)),
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
        let desk = Desk::new(match &side {
            Side::InPlace | Side::Copy(_) => scratch,
            Side::Draft(draft) => &draft.layer.state,
        });
        let scratch = scratch.to_owned();
        Ok(Workspace { root, folder: inside, shell_folder, scratch, side, desk })
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
            Side::Draft(draft) => &draft.layer.merged,
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

    /// Copy or draft against tree, whoever wrote it, sorted by path; in a copy a rename is a file
    /// that went and one that came. In place there is nothing to compare: empty.
    pub fn changes(&self) -> Result<Vec<Change>, WorkspaceError> {
        match &self.side {
            Side::InPlace => Ok(Vec::new()),
            Side::Copy(copy) => compare::changes(copy),
            Side::Draft(draft) => draft.changes(),
        }
    }

    /// What changed in the draft since this was last called is this author's doing. To be called
    /// after each edit and each command. Without a draft: nothing.
    pub fn authored(&self, author: &Author) -> Result<(), WorkspaceError> {
        match &self.side {
            Side::InPlace | Side::Copy(_) => Ok(()),
            Side::Draft(draft) => draft.authored(author),
        }
    }

    /// What a change of the draft was made of, and what it is: contents, or where links lead. None
    /// if it is not the same any more, or cannot be read.
    pub fn sides(&self, id: &ChangeId) -> Option<Contents> {
        match &self.side {
            Side::InPlace | Side::Copy(_) => None,
            Side::Draft(draft) => draft.contents(id),
        }
    }

    /// What each path would have in the tree if these parts of the draft landed there, with what
    /// it has now; sorted by path. Conflicts are refused. Writes nothing.
    pub fn selected(&self, picks: &[Pick]) -> Result<Vec<Selected>, PickError> {
        self.draft()?.selected(picks)
    }

    /// These parts are in the tree now: what is left of the draft is held against it as it is.
    pub fn landed(&self, parts: &[Selected]) -> Result<(), PickError> {
        self.draft()?.landed(parts)
    }

    /// Takes parts of the draft back, in the draft: they are as in the tree then. All of it is
    /// checked before the first file is written. The paths that were written, sorted.
    pub fn reject(&self, picks: &[Pick]) -> Result<Vec<String>, PickError> {
        self.draft()?.reject(picks)
    }

    /// Puts a text in place of a hunk's same and added lines, in the draft.
    pub fn amend(&self, id: &ChangeId, hunk: usize, text: &str) -> Result<(), PickError> {
        self.draft()?.amend(id, hunk, text)
    }

    /// Settles a conflict: with the draft's side, which is then held against the tree as it is, or
    /// with the tree's, which is written into the draft.
    pub fn resolve(&self, id: &ChangeId, keep: Keep) -> Result<(), PickError> {
        self.draft()?.resolve(id, keep)
    }

    /// Brings what the user changed in the tree into the draft. To be called before a turn and
    /// before a review. Without a draft: nothing.
    pub fn sync(&self, freshness: Freshness) -> Result<Carried, WorkspaceError> {
        match &self.side {
            Side::InPlace | Side::Copy(_) => Ok(Carried::default()),
            Side::Draft(draft) => draft.sync(freshness),
        }
    }

    fn draft(&self) -> Result<&Draft, PickError> {
        match &self.side {
            Side::Draft(draft) => Ok(draft),
            Side::InPlace | Side::Copy(_) => {
                Err(PickError::NoDraft { path: self.root.display().to_string() })
            }
        }
    }

    /// The changes as a patch that `git apply` takes in the root; empty when nothing changed.
    pub fn patch(&self) -> Result<Vec<u8>, WorkspaceError> {
        match &self.side {
            Side::InPlace => Ok(Vec::new()),
            Side::Draft(draft) => draft.patch(),
            Side::Copy(copy) => {
                let mut whole = Vec::new();
                for path in compare::candidates(copy) {
                    if let Some(difference) = compare::difference(copy, &path)? {
                        whole.extend(patch::patch(&difference));
                    }
                }
                Ok(whole)
            }
        }
    }

    /// Brings all changes of the copy into the tree, and says which paths. If a file changed on
    /// both sides nothing is written. Afterwards `changes` starts from here. In place: nothing.
    pub fn apply_all(&self) -> Result<Vec<String>, ApplyError> {
        match &self.side {
            Side::InPlace | Side::Draft(_) => Ok(Vec::new()),
            Side::Copy(copy) => {
                apply::apply_all(copy, self.desk.ground(&self.root).map_err(ApplyError::Record)?)
            }
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
        let place = place::resolve(self.work(), &self.asked(path)?, path)?;
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
        proposal::propose(self.work(), &asked, &Alteration::Replace(edit.clone()))
    }

    /// The same for several files: all of them, or the first that does not apply.
    pub fn propose_all(&self, alterations: &[Alteration]) -> Result<Vec<Proposal>, EditError> {
        together::propose_all(self.work(), &|path| self.asked(path), alterations)
    }

    /// Writes a proposal, or the hunks of it that were accepted: whole or not at all, and only if
    /// the file still is what the proposal was made from.
    pub fn write(&self, proposal: &Proposal, accepted: &Accepted) -> Result<Written, WriteError> {
        let written = self.write_all(slice::from_ref(proposal), slice::from_ref(accepted))?;
        Ok(written.into_iter().next().expect("one for each proposal"))
    }

    /// The same for several, with what was accepted of each: all of it, or none.
    pub fn write_all(
        &self,
        proposals: &[Proposal],
        accepted: &[Accepted],
    ) -> Result<Vec<Written>, WriteError> {
        let put_all = |puts: &[Put<'_>]| match self.side {
            Side::InPlace => self.put_in_place(puts),
            Side::Copy(_) | Side::Draft(_) => put::put_all(self.work_root(), puts),
        };
        let asked = |path: &str| self.asked(path);
        together::write_all(self.work(), &asked, proposals, accepted, &put_all)
    }

    fn work(&self) -> Root<'_> {
        Root { reach: self.work_root(), named: self.shell_root() }
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
