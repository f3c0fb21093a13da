//! The folders of a tree, while a decision lands in it.

use super::folder::Folder;
use super::install::InstallError;
use super::store_node::Identity;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Folders that are held open; of more the way is walked again each time.
const FOLDERS_HELD_MAX: usize = 256;

/// Held open, so that a file lands in the folder where it was prepared.
pub(super) struct Ways<'a> {
    tree: &'a Path,
    held: HashMap<PathBuf, Rc<Folder>>,
}

impl<'a> Ways<'a> {
    pub(super) fn new(tree: &'a Path) -> Self {
        Self { tree, held: HashMap::new() }
    }

    pub(super) fn open(&mut self, path: &Path) -> io::Result<Rc<Folder>> {
        if let Some(folder) = self.held.get(path) {
            return Ok(Rc::clone(folder));
        }
        let folder = Rc::new(Folder::open(self.tree, path)?);
        if self.held.len() < FOLDERS_HELD_MAX {
            self.held.insert(path.to_owned(), Rc::clone(&folder));
        }
        Ok(folder)
    }

    /// The same folder, if it still is the one at its path.
    pub(super) fn again(&mut self, path: &Path) -> Result<Rc<Folder>, InstallError> {
        let held = self.open(path)?;
        let now = Folder::open(self.tree, path).map_err(|_| InstallError::Moved)?;
        let same = Identity::of(&held.metadata()?) == Identity::of(&now.metadata()?);
        if same { Ok(held) } else { Err(InstallError::Moved) }
    }

    pub(super) fn forget(&mut self, path: &Path) {
        self.held.retain(|held, _| !held.starts_with(path));
    }
}
