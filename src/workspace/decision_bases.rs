//! What brisk itself writes to the tree is nobody's edit: the draft's bases follow it.

use super::base::{Base, Content};
use super::compare::{Side, side};
use super::copy::Stamp;
use super::draft::Draft;
use super::layer::Seen;
use std::io;
use std::path::PathBuf;

impl Draft {
    /// The tree has these paths by a decision: what the draft has beyond them is pending.
    pub(super) fn rebase(&self, paths: &[PathBuf]) -> io::Result<()> {
        let mut inner = self.lock();
        for path in paths {
            let seen = self.layer.look(path)?;
            let known = inner.bases.get(path).cloned();
            // Too large to be merged is too large for a base.
            let Ok(side) = side(&self.tree, path) else { continue };
            if known.is_none() && seen == Seen::Through {
                continue;
            }
            let new = || Base {
                content: Content::Absent,
                tree: None,
                draft: None,
                is_attributed: false,
                by: Vec::new(),
            };
            let mut base = known.unwrap_or_else(new);
            base.content = Content::of(&side);
            base.tree = Stamp::at(&self.tree.join(path));
            if let Side::File { bytes, .. } = &side {
                inner.bases.keep(bytes)?;
            }
            inner.bases.insert(path, base);
        }
        inner.bases.save()
    }

    /// The bases as they are, to be given to `set_bases` later.
    pub(super) fn bases(&self) -> io::Result<Vec<u8>> {
        self.lock().bases.index()
    }

    /// The draft is what it was when these were its bases.
    pub(super) fn set_bases(&self, index: &[u8]) -> io::Result<()> {
        let mut inner = self.lock();
        inner.bases.replace(index)?;
        for path in inner.bases.paths() {
            if let Some(mut base) = inner.bases.get(&path).cloned() {
                // It was written anew, but its authors are the same.
                base.draft = self.layer.stamp(&path);
                inner.bases.insert(&path, base);
            }
        }
        inner.bases.save()
    }
}
