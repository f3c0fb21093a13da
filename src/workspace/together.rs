//! Several changes in one step: all of them are proposed before the first is written, and all of
//! what was accepted is written, or nothing.

use super::place::{Place, Root};
use super::proposal::{Accepted, Asked, Proposal, Written, propose};
use super::{Alteration, EditError, FileError, WriteError};
use std::path::Path;

/// What was accepted of a proposal.
pub(super) struct Put<'a> {
    pub(super) proposal: &'a Proposal,
    /// What the file is to hold; None: it goes.
    pub(super) new: Option<Vec<u8>>,
}

impl Put<'_> {
    /// Where the file is.
    pub(super) fn source(&self) -> &Place {
        self.proposal.from.as_ref().unwrap_or(&self.proposal.place)
    }
}

/// Why nothing was put in place.
#[derive(Debug)]
pub(super) enum PutError {
    /// By index: its file is not what the proposal was made from.
    Moved(usize),
    File(FileError),
    /// These could not be taken back: somebody else changed them.
    Partly {
        written: Vec<String>,
        error: Box<PutError>,
    },
}

/// Puts all of them in place, or none.
pub(super) type PutAll<'a> = &'a dyn Fn(&[Put<'_>]) -> Result<(), PutError>;

/// Works out all of them, as if each were the only one; no file may be named twice.
pub(super) fn propose_all(
    root: Root<'_>,
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

/// Writes what was accepted of each proposal, if all files still are what they were made from.
pub(super) fn write_all(
    root: Root<'_>,
    asked: &Asked<'_>,
    proposals: &[Proposal],
    accepted: &[Accepted],
    put_all: PutAll<'_>,
) -> Result<Vec<Written>, WriteError> {
    let all = || proposals.iter().zip(accepted);
    let touched = all().filter(|(proposal, accepted)| proposal.touches(accepted));
    let puts: Vec<Put<'_>> = touched
        .map(|(proposal, accepted)| Put { proposal, new: proposal.content(accepted) })
        .collect();
    if !puts.is_empty() {
        let anew = |index: usize| propose(root, asked, puts[index].proposal.alteration());
        put_all(&puts).map_err(|error| failed(error, &anew))?;
    }
    Ok(all().map(|(proposal, accepted)| proposal.written(accepted)).collect())
}

fn failed(error: PutError, anew: &dyn Fn(usize) -> Result<Proposal, EditError>) -> WriteError {
    match error {
        PutError::Moved(index) => match anew(index) {
            Ok(fresh) => WriteError::Moved(Box::new(fresh)),
            Err(error) => WriteError::Gone(error),
        },
        PutError::File(error) => error.into(),
        PutError::Partly { written, error } => {
            WriteError::Partly { written, error: Box::new(failed(*error, anew)) }
        }
    }
}
