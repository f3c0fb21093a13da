//! Several changes in one step: all of them are proposed before the first is written, and what was
//! written is taken back if a later one cannot be.

use super::folder::Folder;
use super::install::{Base, Fresh, install, uninstall};
use super::proposal::{Accepted, Asked, Proposal, Written, propose, write};
use super::relocate::relocate;
use super::{Alteration, EditError, WriteError};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Works out all of them, as if each were the only one; no file may be named twice.
pub(super) fn propose_all(
    root: &Path,
    asked: &Asked<'_>,
    alterations: &[Alteration],
) -> Result<Vec<Proposal>, EditError> {
    let mut proposals: Vec<Proposal> = Vec::new();
    for alteration in alterations {
        let proposal = propose(root, asked, alteration)?;
        let is_known = |path: &Path| proposals.iter().any(|one| one.paths().any(|it| it == path));
        if proposal.paths().any(is_known) {
            return Err(EditError::Twice { path: alteration.path().to_owned() });
        }
        proposals.push(proposal);
    }
    Ok(proposals)
}

/// Writes what was accepted of each proposal; what goes, goes last.
pub(super) fn write_all(
    root: &Path,
    asked: &Asked<'_>,
    proposals: &[Proposal],
    accepted: &[Accepted],
) -> Result<Vec<Written>, WriteError> {
    let all = || proposals.iter().zip(accepted).enumerate();
    let mut written: Vec<(usize, Written)> = Vec::new();
    let mut done: Vec<Done<'_>> = Vec::new();
    for is_removal in [false, true] {
        for (index, (proposal, accepted)) in all() {
            if proposal.alteration().is_removal() != is_removal {
                continue;
            }
            let before = Done::before(root, proposal, accepted);
            match write(root, asked, proposal, accepted) {
                Ok(one) => written.push((index, one)),
                Err(error) => return Err(taken_back(root, done, error)),
            }
            done.extend(before);
        }
    }
    written.sort_by_key(|(index, _)| *index);
    Ok(written.into_iter().map(|(_, one)| one).collect())
}

fn taken_back(root: &Path, done: Vec<Done<'_>>, error: WriteError) -> WriteError {
    let stays = done.into_iter().rev().filter(|one| !one.take_back(root));
    let written: Vec<String> = stays.map(|one| one.proposal.change.path.clone()).collect();
    if written.is_empty() { error } else { WriteError::Partly { written, error: Box::new(error) } }
}

/// A proposal that was written, and what it takes to take it back.
struct Done<'a> {
    proposal: &'a Proposal,
    new: Option<Vec<u8>>,
    /// Of the file as it was.
    mode: Option<u32>,
    /// Folders that were not there, the innermost first.
    missing: Vec<PathBuf>,
}

impl<'a> Done<'a> {
    /// None: nothing is accepted of it.
    fn before(root: &Path, proposal: &'a Proposal, accepted: &Accepted) -> Option<Self> {
        if !proposal.touches(accepted) {
            return None;
        }
        let mode =
            |path: &Path| Some(fs::symlink_metadata(root.join(path)).ok()?.permissions().mode());
        let folders = proposal.path().ancestors().skip(1).map(Path::to_path_buf);
        let missing = folders.take_while(|path| mode(path).is_none()).collect();
        let source = proposal.from.as_ref().unwrap_or(&proposal.place);
        let mode = mode(&source.path);
        Some(Self { proposal, new: proposal.content(accepted), mode, missing })
    }

    /// False: somebody else has changed it since, so it stays.
    fn take_back(&self, root: &Path) -> bool {
        let Proposal { place, from, base, .. } = self.proposal;
        let old = self.proposal.old();
        let result = match (&self.new, from) {
            (Some(new), Some(from)) => relocate(root, (place, from), new, old),
            (new, _) => Folder::open(root, place.parent()).map_err(Into::into).and_then(|folder| {
                let fresh = Fresh::File { bytes: old, executable: None };
                match new {
                    Some(new) if *base == Base::Absent => {
                        uninstall(&folder, place.name(), &Base::Bytes(new.clone()))
                    }
                    Some(new) => install(&folder, place.name(), &Base::Bytes(new.clone()), &fresh),
                    None => install(&folder, place.name(), &Base::Absent, &fresh),
                }
            }),
        };
        if result.is_ok() && self.new.is_none() {
            let mode = self.mode.map(fs::Permissions::from_mode);
            let path = root.join(&place.path);
            // Its content is back; a mode that cannot be set is the smaller harm.
            let _ = mode.map(|mode| fs::set_permissions(path, mode));
        }
        self.missing.iter().for_each(|folder| drop(fs::remove_dir(root.join(folder))));
        result.is_ok()
    }
}
