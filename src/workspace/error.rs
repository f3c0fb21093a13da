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

/// Why the copy's changes did not go into the tree.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Both the tree's and the copy's file changed since the copy was made. Nothing was written.
    #[error("{} changed in the tree since the copy was made; nothing was written", paths.join(", "))]
    Conflict { paths: Vec<String> },
    /// It cannot be written. Nothing was.
    #[error("{0}; nothing was written")]
    File(FileError),
    /// It stopped in the middle: `written` are in the tree, the others are as they were.
    #[error("{error}; written before: {}", if written.is_empty() { "nothing".into() } else { written.join(", ") })]
    Partly { written: Vec<String>, error: FileError },
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
