//! What the user decides, brought into the tree.

use super::Workspace;
use super::apply_take_back::recover;
use std::io;

impl Workspace {
    /// Ends the decisions that an earlier process has begun and not ended, and says in a sentence
    /// each what came of them. To be called before anything is written to the tree.
    pub fn recover(&self) -> io::Result<Vec<String>> {
        if !self.desk.has_records() {
            return Ok(Vec::new());
        }
        recover(self.desk.ground(&self.root)?)
    }
}
