//! What is to be done to a file, in the forms that models have for it.

use super::patch_grammar::{Action, Operation, PatchHunk};
use super::{EditError, FileError, locate, patch_hunks};

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

/// A change of one file, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alteration {
    Replace(Edit),
    /// All that the file will hold; it is created if it is not there.
    Whole {
        path: String,
        content: String,
    },
    Patch(Operation),
}

impl Alteration {
    /// As `Edit::path`.
    pub fn path(&self) -> &str {
        match self {
            Alteration::Replace(Edit { path, .. })
            | Alteration::Whole { path, .. }
            | Alteration::Patch(Operation { path, .. }) => path,
        }
    }

    /// Where the file is to go.
    pub(super) fn to(&self) -> Option<&str> {
        match self {
            Alteration::Patch(Operation { action: Action::Update { to, .. }, .. }) => to.as_deref(),
            _ => None,
        }
    }

    /// What a file of this content becomes; the outer None: it is not there, the inner one: it goes.
    pub(super) fn apply(&self, old: Option<&[u8]>) -> Result<Option<Vec<u8>>, EditError> {
        let new = match self {
            Alteration::Replace(Edit { old: sought, new, .. }) => match sought.as_deref() {
                None | Some("") => self.create(old, new)?,
                Some(sought) => locate::replace(self.existing(old)?, sought, new)
                    .map_err(|miss| EditError::missed(miss, self.path()))?,
            },
            Alteration::Whole { content, .. } => match old {
                None => content.clone().into_bytes(),
                Some(old) => locate::rewritten(old, content),
            },
            Alteration::Patch(Operation { action, .. }) => match action {
                Action::Add { content } => self.create(old, content)?,
                Action::Delete => return self.existing(old).map(|_| None),
                Action::Update { hunks, .. } => self.patched(self.existing(old)?, hunks)?,
            },
        };
        if old == Some(&new) && self.to().is_none() {
            return Err(EditError::Same { path: self.path().to_owned() });
        }
        Ok(Some(new))
    }

    fn existing<'a>(&self, old: Option<&'a [u8]>) -> Result<&'a [u8], EditError> {
        old.ok_or_else(|| FileError::Missing { path: self.path().to_owned() }.into())
    }

    /// An empty file is as good as none.
    fn create(&self, old: Option<&[u8]>, content: &str) -> Result<Vec<u8>, EditError> {
        let old = old.unwrap_or_default();
        if old.is_empty() {
            return Ok(content.as_bytes().to_vec());
        }
        let lines = old.split_inclusive(|byte| *byte == b'\n').count() as u64;
        Err(EditError::Exists { path: self.path().to_owned(), lines })
    }

    fn patched(&self, old: &[u8], hunks: &[PatchHunk]) -> Result<Vec<u8>, EditError> {
        patch_hunks::apply_hunks(old, hunks).map_err(|miss| EditError::Hunk {
            path: self.path().to_owned(),
            miss,
            of: hunks.len(),
        })
    }
}
