//! The record of a decision that is being landed: what a later process needs to end it. Once it
//! has landed the record stays, as what can be taken back.

use super::apply_landing::Landing;
use super::apply_plan::Move;
use super::store::{sync_folder, write_whole};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Endings of a record's name: it has begun; all of it is in the tree; nothing is left to tidy up.
const BEGUN: &str = "begun";
const DONE: &str = "done";
const DEED: &str = "deed";

#[derive(Debug)]
pub(super) struct Record {
    path: PathBuf,
}

impl Record {
    /// Writes a record, durably, to the folder of records.
    pub(super) fn begin(folder: &Path, moves: &[Move]) -> io::Result<Record> {
        Self::write(folder, moves, BEGUN)
    }

    /// Records what somebody else did, so that it can be taken back like a decision.
    pub(super) fn deed(folder: &Path, moves: &[Move]) -> io::Result<()> {
        Self::write(folder, moves, DEED).map(|_| ())
    }

    fn write(folder: &Path, moves: &[Move], ending: &str) -> io::Result<Record> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let number = all(folder)?.last().map_or(0, |(number, _)| *number) + 1;
        let path = folder.join(format!("{number:08}.{ending}"));
        write_whole(&path, &serde_json::to_vec(moves)?)?;
        Ok(Record { path })
    }

    /// From now on the decision counts as applied.
    pub(super) fn done(&mut self) -> io::Result<()> {
        self.rename(DONE)?;
        self.path.parent().map_or(Ok(()), sync_folder)
    }

    /// From now on it does not any more.
    pub(super) fn undone(&mut self) -> io::Result<()> {
        self.rename(BEGUN)
    }

    /// Nothing is left to tidy up. If this cannot be said now, the next start finds it to be so.
    pub(super) fn tidied(&mut self) {
        let _ = self.rename(DEED);
    }

    fn rename(&mut self, ending: &str) -> io::Result<()> {
        let path = self.path.with_extension(ending);
        fs::rename(&self.path, &path)?;
        self.path = path;
        Ok(())
    }

    /// It was taken back: nothing is left to do.
    pub(super) fn end(&self) {
        let _ = fs::remove_file(&self.path);
    }

    pub(super) fn is_done(&self) -> bool {
        self.path.extension().is_some_and(|ending| ending == DONE)
    }

    /// The records that nobody has ended, oldest first.
    pub(super) fn open_ones(folder: &Path) -> io::Result<Vec<(Record, Vec<Move>)>> {
        let open = all(folder)?.into_iter().map(|(_, path)| path);
        let open = open.filter(|path| path.extension().is_some_and(|ending| ending != DEED));
        open.map(|path| Ok((serde_json::from_slice(&fs::read(&path)?)?, Record { path })))
            .map(|found: io::Result<(Vec<Move>, Record)>| found.map(|(moves, it)| (it, moves)))
            .collect()
    }

    /// The number of the last decision that landed; 0: none did.
    pub(super) fn last(folder: &Path) -> io::Result<u64> {
        Ok(landed(folder)?.last().map_or(0, |(number, _)| *number))
    }

    /// What brings the tree back to where it was when `number` was the last decision.
    pub(super) fn way_back(folder: &Path, number: u64) -> io::Result<Vec<Landing>> {
        let mut way: Vec<Landing> = Vec::new();
        let mut known = std::collections::HashMap::new();
        for (_, path) in landed(folder)?.into_iter().rev().take_while(|(it, _)| *it > number) {
            let moves: Vec<Move> = serde_json::from_slice(&fs::read(&path)?)?;
            for one in moves.into_iter().rev() {
                let path = one.path.path();
                // Of several for one path the last knows what is there, the first what was.
                let index = *known.entry(path.clone()).or_insert(way.len());
                match way.get_mut(index) {
                    Some(landing) => landing.new = one.old,
                    None => way.push(Landing { path, old: one.new, new: one.old }),
                }
            }
        }
        way.retain(|it| !it.old.looks_like(&it.new));
        Ok(way)
    }
}

fn landed(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut all = all(folder)?;
    all.retain(|(_, path)| path.extension().is_some_and(|ending| ending != BEGUN));
    Ok(all)
}

/// All records, by their numbers.
fn all(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let is_record =
            path.extension().is_some_and(|it| [BEGUN, DONE, DEED].iter().any(|ours| it == *ours));
        let number = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        found.extend(number.filter(|_| is_record).map(|number| (number, path)));
    }
    found.sort();
    Ok(found)
}
