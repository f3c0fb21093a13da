//! A draft that holds given contents and otherwise shows the tree: where parts of another draft are
//! tried before they land.

use super::compare::{Side, side};
use super::draft::Draft;
use super::draft_walk::walk;
use super::draft_write::Fresh;
use super::{FileError, PickError, Selected, Wanted, Workspace, WorkspaceError};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

impl Workspace {
    /// Makes the draft hold what is wanted at these paths, and what the tree has everywhere else;
    /// ignored files stay as they are. What is right already is not written again: builds go by
    /// times.
    pub fn hold(&self, wanted: &[Selected]) -> Result<(), PickError> {
        let draft = self.draft()?;
        let named: BTreeSet<&Path> = wanted.iter().map(|one| one.path.as_path()).collect();
        for path in draft.written()?.iter().filter(|path| !named.contains(path.as_path())) {
            let tree = side(&draft.tree, path)?;
            draft.put_unless(path, &tree, Fresh::Tree)?;
        }
        // What goes makes room for what comes.
        let (gone, there): (Vec<_>, Vec<_>) =
            wanted.iter().partition(|one| one.new == Wanted::Absent);
        for one in gone.into_iter().chain(there) {
            let new = Side::from(one.new.clone());
            draft.put_unless(&one.path, &new, Fresh::Side(&new))?;
        }
        Ok(())
    }
}

impl Draft {
    /// The paths that were written and that ignore rules do not leave out.
    fn written(&self) -> Result<Vec<PathBuf>, WorkspaceError> {
        let mut inner = self.lock();
        let found = walk(self.sides(), &mut inner.rules).map_err(|error| self.failed(error))?;
        Ok(found.found.into_iter().map(|found| found.path).collect())
    }

    fn put_unless(&self, path: &Path, is: &Side, fresh: Fresh<'_>) -> Result<(), PickError> {
        let now = match side(&self.layer.merged, path) {
            Ok(now) => Some(now),
            // Too large to be read: it is written.
            Err(WorkspaceError::Large { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        if now.as_ref() == Some(is) {
            return Ok(());
        }
        let put: Result<(), FileError> = self.put(path, None, fresh);
        Ok(put?)
    }
}

impl From<Wanted> for Side {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::Absent => Side::Absent,
            Wanted::File { bytes, executable } => Side::File { bytes, executable },
            Wanted::Link(target) => Side::Link(target),
        }
    }
}
