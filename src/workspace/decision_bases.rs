//! What a draft was made from goes with it when it is brought back: the user's changes that it had
//! not seen then are merged into it again.

use super::draft::Draft;
use std::io;

impl Draft {
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
