//! A patch as git writes and reads it, taken apart: what it does to which path. Names are taken
//! without their first folder (`a/`, `b/`), from the workspace's root. Pure: nothing is read or
//! written here.

mod binary;
mod header;
mod parse;
mod place;

pub(super) use binary::Data;
pub(super) use place::place;

use std::path::PathBuf;

/// Bytes of a patch.
pub const GIT_PATCH_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Why something is no patch, or none that can be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the patch: {what}")]
pub struct GitPatchError {
    /// From 1.
    pub line: usize,
    /// A clause.
    pub what: String,
}

/// All that a patch does, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitPatch {
    pub(super) files: Vec<FilePatch>,
}

/// What a patch does to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FilePatch {
    /// None: it is created.
    pub(super) old: Option<End>,
    /// None: it is deleted.
    pub(super) new: Option<End>,
    /// The old file stays.
    pub(super) is_copy: bool,
    /// The names that git gives to both contents, perhaps cut short.
    pub(super) objects: Option<(String, String)>,
    pub(super) body: Body,
    /// The number, from 1, of its first part.
    pub(super) first: usize,
}

/// One side of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) path: PathBuf,
    /// None: not said.
    pub(super) kind: Option<Kind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File { executable: bool },
    Link,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// The content stays.
    Same,
    Text(Vec<TextHunk>),
    Binary {
        forward: Data,
        /// From the new content to the old one.
        back: Option<Data>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextHunk {
    /// Of the first old line, or of the gap after so many lines; from 0.
    pub(super) old_at: usize,
    pub(super) new_at: usize,
    pub(super) lines: Vec<(Mark, Vec<u8>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Same,
    Removed,
    Added,
}

impl TextHunk {
    pub(super) fn before(&self) -> Vec<&[u8]> {
        self.without(Mark::Added)
    }

    pub(super) fn after(&self) -> Vec<&[u8]> {
        self.without(Mark::Removed)
    }

    fn without(&self, mark: Mark) -> Vec<&[u8]> {
        self.lines.iter().filter(|line| line.0 != mark).map(|line| line.1.as_slice()).collect()
    }
}

impl FilePatch {
    /// Where it is afterwards; of a deleted file where it was.
    pub(super) fn path(&self) -> Option<&PathBuf> {
        self.new.as_ref().or(self.old.as_ref()).map(|end| &end.path)
    }

    /// Its old path, if it is another one.
    pub(super) fn from(&self) -> Option<&PathBuf> {
        let (old, new) = (self.old.as_ref()?, self.new.as_ref()?);
        (old.path != new.path).then_some(&old.path)
    }

    /// How many parts can be chosen.
    pub(super) fn parts(&self) -> usize {
        match &self.body {
            Body::Text(hunks) => hunks.len().max(1),
            Body::Same | Body::Binary { .. } => 1,
        }
    }
}

impl GitPatch {
    /// How many parts can be chosen: hunks, and what has none.
    pub fn parts(&self) -> usize {
        self.files.last().map_or(0, |file| file.first + file.parts() - 1)
    }
}
