//! What can go wrong with files and trees, each as a sentence that a person or a model can act on.

use super::locate::Miss;
use super::patch_hunks::{HunkMiss, Why};
use super::{FILE_BYTES_MAX, Nearest, Proposal};
use std::io;
use std::path::PathBuf;

/// Why a single file cannot be read or changed. Nothing was touched.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{path}: no such file")]
    Missing { path: String },
    #[error("{path} is a folder, not a file")]
    Folder { path: String },
    #[error("{path}: `{part}` is a file, not a folder")]
    NotFolder { path: String, part: String },
    #[error("{path} is outside of the workspace")]
    Outside { path: String },
    #[error("{path} is a link that leads out of the workspace, to {target}")]
    LinkOutside { path: String, target: String },
    #[error("{path}: too many links")]
    Links { path: String },
    #[error("{path} belongs to git; use git commands for it")]
    Protected { path: String },
    #[error("{path} is a pipe, socket or device, not a file")]
    Special { path: String },
    #[error("{path} is a binary file ({bytes} bytes)")]
    Binary { path: String, bytes: u64 },
    #[error("{path} has {bytes} bytes, more than {FILE_BYTES_MAX}: use a command for it")]
    Large { path: String, bytes: u64 },
    #[error("{path} is read-only: its mode allows no writing")]
    ReadOnly { path: String },
    #[error("{path}: its folder is read-only")]
    ReadOnlyFolder { path: String },
    #[error("{path} has only {lines} lines")]
    PastEnd { path: String, lines: u64 },
    #[error("`{path}` is not a file name")]
    Name { path: String },
    #[error("{path}: {source}")]
    Io { path: String, source: io::Error },
}

/// Why an edit does not apply. Nothing was touched.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    #[error(transparent)]
    File(#[from] FileError),
    /// `old` does not occur; the nearest text of the file, where something is near.
    #[error("{}", not_found(path, nearest.as_ref()))]
    NotFound { path: String, nearest: Option<Nearest> },
    /// `old` occurs more than once; the lines where, the first ones of `count`.
    #[error("the old text occurs {count} times in {path}, at lines {}; add lines around the one \
             that is meant", list(lines, *count))]
    Ambiguous { path: String, lines: Vec<u64>, count: usize },
    /// A file is to be created where one with content exists.
    #[error("{path} exists and has {lines} lines: read it, then change the lines that are meant")]
    Exists { path: String, lines: u64 },
    #[error("the edit changes nothing in {path}: old and new text are the same")]
    Same { path: String },
    #[error("hunk {} of {of} for {path} {}", miss.hunk + 1, why_not(&miss.why))]
    Hunk { path: String, miss: HunkMiss, of: usize },
    /// A file is to be moved to where one is.
    #[error("{path} exists: nothing is moved over it")]
    Taken { path: String },
    #[error("{path} is a link: use a command to move or remove it")]
    Link { path: String },
    #[error(
        "{path} is named twice: put everything that is to change in it in one part of the patch"
    )]
    Twice { path: String },
}

impl EditError {
    pub(super) fn missed(miss: Miss, path: &str) -> Self {
        let path = path.to_owned();
        match miss {
            Miss::Nowhere(nearest) => EditError::NotFound { path, nearest },
            Miss::Several(lines, count) => EditError::Ambiguous { path, lines, count },
            Miss::Same => EditError::Same { path },
        }
    }
}

/// Why a proposal was not written. The file is as it was, and so are all others but for `Partly`.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file changed after it was proposed: the same edit, against what is there now.
    #[error("{} changed meanwhile", .0.change.path)]
    Moved(Box<Proposal>),
    /// The file changed, and the edit no longer applies.
    #[error("the file changed meanwhile: {0}")]
    Gone(EditError),
    /// It stopped in the middle, and these could not be taken back: somebody else changed them.
    #[error("{error}; written before: {}", written.join(", "))]
    Partly { written: Vec<String>, error: Box<WriteError> },
    #[error(transparent)]
    File(#[from] FileError),
}

/// Why a workspace cannot be opened or compared.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    #[error("{}: {source}", .path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is not a folder", .0.display())]
    NotFolder(PathBuf),
    #[error("{} has more than {limit} files: too many to copy; start in a smaller folder, or let \
             .gitignore name what is not needed", .root.display())]
    Files { root: PathBuf, limit: u64 },
    #[error("{} has more than {limit} bytes: too much to copy; start in a smaller folder, or let \
             .gitignore name what is not needed", .root.display())]
    Bytes { root: PathBuf, limit: u64 },
    #[error("{path} has {bytes} bytes: too large for a patch")]
    Large { path: String, bytes: u64 },
}

/// Why a decision did not go into the tree.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// These are not what the decision was made from. Nothing was written.
    #[error("{} changed in the tree meanwhile; nothing was written", paths.join(", "))]
    Conflict { paths: Vec<String> },
    /// It cannot be written. Nothing was.
    #[error("{0}; nothing was written")]
    File(FileError),
    /// What is not recorded is not done. Nothing was written.
    #[error("the decision cannot be recorded: {0}; nothing was written")]
    Record(io::Error),
    /// It failed, and `written` could not be taken back: somebody changed it in that moment.
    #[error("{error}, but for {}: look at it", written.join(", "))]
    Partly { written: Vec<String>, error: String },
    /// What was chosen cannot be taken. Nothing was written.
    #[error(transparent)]
    Pick(#[from] PickError),
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

/// Why a checkpoint cannot be made, or not be gone back to.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("there is nothing to undo")]
    NothingToUndo,
    #[error("there is nothing to redo")]
    NothingToRedo,
    #[error("there is no checkpoint {0}")]
    Unknown(u64),
    /// The user has changed files since. Neither tree nor draft was touched.
    #[error("{} changed since brisk wrote it: put that aside first, or take it back yourself; \
             nothing was undone", paths.join(", "))]
    Changed { paths: Vec<String> },
    #[error("the tree cannot be brought back: {0}")]
    Tree(ApplyError),
    /// It can be tried again.
    #[error("the draft cannot be brought back: {0}; free what is in the way and undo again")]
    Draft(io::Error),
    #[error("the checkpoint cannot be kept: {0}; free some space in the session's folder")]
    Store(io::Error),
}

/// Why parts of a draft cannot be taken, or taken back. Nothing was touched.
#[derive(Debug, thiserror::Error)]
pub enum PickError {
    /// It is not in the draft, or not any more, as it was shown.
    #[error("{} changed since it was shown; look at it again", path.as_deref().unwrap_or("a file"))]
    Moved { path: Option<String> },
    #[error("{path} changed in the tree, too: settle the conflict first")]
    Conflict { path: String },
    #[error("{path} is a submodule: make the change in its own repository")]
    Submodule { path: String },
    #[error(
        "{path} is too large for brisk to bring over; take it yourself if it is wanted: {copy}"
    )]
    Large { path: String, copy: String },
    #[error("{path} cannot be read; see to its permissions first")]
    Unreadable { path: String },
    #[error("{path} can only be taken whole: it has no lines to choose from")]
    Whole { path: String },
    #[error("{path} has no hunk or line like that; look at it again (hunk {})", hunk + 1)]
    Hunk { path: String, hunk: usize },
    #[error(
        "{path}: a line without a newline at its end would come before another line; choose \
             the whole hunk"
    )]
    Unended { path: String },
    /// In place: it was too large to be kept.
    #[error("what {path} was before the command is not kept; take it from git or a backup")]
    Unkept { path: String },
    #[error("{path} is not a draft: nothing of it can be picked")]
    NoDraft { path: String },
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

fn why_not(why: &Why) -> String {
    let near = |nearest: &Option<Nearest>| match nearest {
        None => "and nothing near it is".to_owned(),
        Some(nearest) => nearest.to_string(),
    };
    match why {
        Why::Nowhere(nearest) => format!("is not in the file; {}", near(nearest)),
        Why::NoAnchor(line, nearest) => {
            format!("comes after a line that is not in the file, `{line}`; {}", near(nearest))
        }
        Why::Several(lines, count) => format!(
            "fits in {count} places, at lines {}; add lines around the one that is meant, or a line \
             above it after @@",
            list(lines, *count)
        ),
        Why::Order(line) => format!(
            "fits only at line {line}, which an earlier hunk has or comes after; join the two, or \
             put them in the order of the file"
        ),
        Why::Unplaced => "only adds lines: give it a line of the file that stays beside them, or \
                          nothing after @@ to add them at the file's end"
            .to_owned(),
    }
}

fn not_found(path: &str, nearest: Option<&Nearest>) -> String {
    match nearest {
        None => format!("the old text does not occur in {path}, and nothing near it"),
        Some(nearest) => format!("the old text does not occur in {path}; {nearest}"),
    }
}

fn list(lines: &[u64], count: usize) -> String {
    let mut text = lines.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    if count > lines.len() {
        text.push_str(", …");
    }
    text
}
