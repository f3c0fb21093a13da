//! The record of a decision that is being landed: what a later process needs to end it.

use super::apply_plan::Move;
use super::store::{sync_folder, write_whole};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Endings of a record's name: it has begun, all of it is in the tree.
const BEGUN: &str = "begun";
const DONE: &str = "done";

#[derive(Debug)]
pub(super) struct Record {
    path: PathBuf,
}

impl Record {
    /// Writes a record, durably, to the folder of records.
    pub(super) fn begin(folder: &Path, moves: &[Move]) -> io::Result<Record> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let name: String = std::iter::repeat_with(fastrand::alphanumeric).take(12).collect();
        let path = folder.join(format!("{name}.{BEGUN}"));
        write_whole(&path, &serde_json::to_vec(moves)?)?;
        Ok(Record { path })
    }

    /// From now on the decision counts as applied.
    pub(super) fn done(&mut self) -> io::Result<()> {
        self.rename(DONE)
    }

    /// From now on it does not any more.
    pub(super) fn undone(&mut self) -> io::Result<()> {
        self.rename(BEGUN)
    }

    fn rename(&mut self, ending: &str) -> io::Result<()> {
        let path = self.path.with_extension(ending);
        fs::rename(&self.path, &path)?;
        self.path = path;
        self.path.parent().map_or(Ok(()), sync_folder)
    }

    /// Nothing is left to do. A record that cannot be removed is found to be so at the next start.
    pub(super) fn end(&self) {
        let _ = fs::remove_file(&self.path);
    }

    pub(super) fn is_done(&self) -> bool {
        self.path.extension().is_some_and(|ending| ending == DONE)
    }

    /// The records that nobody has ended, oldest first.
    pub(super) fn open_ones(folder: &Path) -> io::Result<Vec<(Record, Vec<Move>)>> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            let is_record = path.extension().is_some_and(|it| it == BEGUN || it == DONE);
            if is_record {
                let moves = serde_json::from_slice(&fs::read(&path)?)?;
                found.push((entry.metadata()?.modified()?, Record { path }, moves));
            }
        }
        found.sort_by_key(|(time, ..)| *time);
        Ok(found.into_iter().map(|(_, record, moves)| (record, moves)).collect())
    }
}
