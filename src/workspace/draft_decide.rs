//! What is asked of a draft's changes by their ids: both sides, what a choice of parts would put
//! into the tree, a patch.

use super::compare::{Difference, Side};
use super::draft::{Draft, Entry, Fixed, Inner};
use super::draft_select::{Half, select};
use super::patch::patch;
use super::{PickError, WorkspaceError};
use crate::protocol::{ChangeId, Pick};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is at a path, or is to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    Absent,
    File {
        bytes: Vec<u8>,
        executable: bool,
    },
    /// Where it leads.
    Link(Vec<u8>),
}

/// What a path held before and holds now; None: nothing is there.
pub type Contents = (Option<Vec<u8>>, Option<Vec<u8>>);

/// A path that a choice of parts would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// From the root.
    pub path: PathBuf,
    /// What the tree has, as it was shown.
    pub old: Wanted,
    pub new: Wanted,
}

impl From<Side> for Wanted {
    fn from(side: Side) -> Self {
        match side {
            Side::Absent | Side::Other => Wanted::Absent,
            Side::File { bytes, executable } => Wanted::File { bytes, executable },
            Side::Link(target) => Wanted::Link(target),
        }
    }
}

impl From<&Wanted> for Side {
    fn from(wanted: &Wanted) -> Self {
        match wanted.clone() {
            Wanted::Absent => Side::Absent,
            Wanted::File { bytes, executable } => Side::File { bytes, executable },
            Wanted::Link(target) => Side::Link(target),
        }
    }
}

impl Draft {
    pub(super) fn contents(&self, id: &ChangeId) -> Option<Contents> {
        let mut inner = self.lock();
        let entry = self.entry(&mut inner, id).ok()??;
        let difference = self.load(&mut inner, &entry).ok()??;
        let bytes = |side: Side| match side {
            Side::File { bytes, .. } | Side::Link(bytes) => Some(bytes),
            Side::Absent | Side::Other => None,
        };
        Some((bytes(difference.old), bytes(difference.new)))
    }

    pub(super) fn selected(&self, picks: &[Pick]) -> Result<Vec<Selected>, PickError> {
        let mut inner = self.lock();
        let mut all = BTreeMap::new();
        for pick in merged(picks) {
            let difference = self.picked(&mut inner, &pick.id)?;
            if difference.is_conflict {
                let path = difference.path.to_string_lossy().into_owned();
                return Err(PickError::Conflict { path });
            }
            let new = select(&difference, &pick, Half::Picked)?;
            if let Some(from) =
                difference.from.filter(|_| new != difference.old || pick.hunks.is_none())
            {
                let gone = (Wanted::from(difference.old), Wanted::Absent);
                all.insert(from, gone);
                all.insert(difference.path, (Wanted::Absent, new.into()));
            } else {
                all.insert(difference.path, (difference.old.into(), new.into()));
            }
        }
        let all = all.into_iter().filter(|(_, (old, new))| old != new);
        Ok(all.map(|(path, (old, new))| Selected { path, old, new }).collect())
    }

    /// The sides of a picked change, if they are what was shown.
    pub(super) fn picked(&self, inner: &mut Inner, id: &ChangeId) -> Result<Difference, PickError> {
        let Some(entry) = self.entry(inner, id)? else {
            return Err(PickError::Moved { path: None });
        };
        let path = entry.path.to_string_lossy().into_owned();
        match entry.fixed {
            Some(Fixed::Submodule) => return Err(PickError::Submodule { path }),
            Some(Fixed::Large) => {
                let copy = format!(
                    "cp -P {} {}",
                    shell_quote(&self.layer.upper.join(&entry.path)),
                    shell_quote(&self.tree.join(&entry.path))
                );
                return Err(PickError::Large { path, copy });
            }
            Some(Fixed::Unreadable) => return Err(PickError::Unreadable { path }),
            None => {}
        }
        self.load(inner, &entry)?.ok_or(PickError::Moved { path: Some(path) })
    }

    pub(super) fn patch(&self) -> Result<Vec<u8>, WorkspaceError> {
        let mut inner = self.lock();
        let entries = self.entries(&mut inner)?;
        let mut whole = Vec::new();
        let without = [Some(Fixed::Submodule), Some(Fixed::Large)];
        for entry in entries.iter().filter(|entry| !without.contains(&entry.fixed)) {
            if let Some(difference) = self.current(&mut inner, entry)? {
                whole.extend(patch(&difference));
            }
        }
        Ok(whole)
    }

    pub(super) fn too_large(&self) -> Result<Vec<PathBuf>, WorkspaceError> {
        let entries = self.entries(&mut self.lock())?;
        let large = entries.into_iter().filter(|entry| entry.fixed == Some(Fixed::Large));
        Ok(large.map(|entry| entry.path).collect())
    }

    fn current(
        &self,
        inner: &mut Inner,
        entry: &Entry,
    ) -> Result<Option<Difference>, WorkspaceError> {
        match entry.from {
            Some(_) => self.load(inner, entry),
            None => self.difference(inner, &entry.path),
        }
    }
}

/// A path as a word of a command line.
fn shell_quote(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', "'\\''"))
}

/// One pick of each change.
pub(super) fn merged(picks: &[Pick]) -> Vec<Pick> {
    let mut merged: BTreeMap<&ChangeId, Pick> = BTreeMap::new();
    for pick in picks {
        let known = merged
            .entry(&pick.id)
            .or_insert_with(|| Pick { id: pick.id.clone(), hunks: Some(Vec::new()) });
        match (&mut known.hunks, &pick.hunks) {
            (Some(known), Some(more)) => known.extend_from_slice(more),
            (hunks, None) => *hunks = None,
            (None, Some(_)) => {}
        }
    }
    merged.into_values().collect()
}
