//! From an edit to a proposal: what the file would become, shown as a change, with all that is
//! needed to write it later, or to see that the file is no longer what it was.

use super::folder::{Content, Entry, Folder};
use super::install::Base;
use super::place::{Found, Place, Root, resolve};
use super::{Alteration, CONTEXT_LINES, EditError, FILE_BYTES_MAX, FileError};
use crate::protocol::{Change, ChangeKind};
use crate::text;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A file with a NUL in its first bytes is a binary one.
const SNIFFED_BYTES: usize = 8 * 1024;

/// A change of one file that is not written yet.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// For people. The path is that of the file itself, also where a link led to it.
    pub change: Change,
    alteration: Alteration,
    /// Where it will be.
    pub(super) place: Place,
    /// Where it is, if that is elsewhere.
    pub(super) from: Option<Place>,
    pub(super) base: Base,
    /// None: it goes.
    new: Option<Vec<u8>>,
}

/// Finds the path that somebody gave, from the root.
pub(super) type Asked<'a> = dyn Fn(&str) -> Result<PathBuf, FileError> + 'a;

/// How much of a proposal is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    All,
    /// By index into `change.hunks`.
    Hunks(Vec<usize>),
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub change: Change,
    pub extent: Extent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    All,
    /// Some hunks were left out.
    Partly,
    /// No hunk was accepted: the file was not touched.
    Nothing,
}

impl Proposal {
    /// What it came from.
    pub const fn alteration(&self) -> &Alteration {
        &self.alteration
    }

    /// The file's path from the root, which need not be UTF-8.
    pub fn path(&self) -> &Path {
        &self.place.path
    }

    /// The paths from the root that it reads or writes.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.from.iter().chain([&self.place]).map(|place| place.path.as_path())
    }

    /// What the file would hold; None: it would go.
    pub fn content(&self, accepted: &Accepted) -> Option<Vec<u8>> {
        match (accepted, self.extent(accepted)) {
            (Accepted::Hunks(hunks), Extent::Partly | Extent::Nothing) => {
                let new = self.new.as_deref().unwrap_or_default();
                Some(text::select(self.old(), new, &self.change.hunks, hunks))
            }
            _ => self.new.clone(),
        }
    }

    /// Whether anything would be written.
    pub(super) fn touches(&self, accepted: &Accepted) -> bool {
        self.extent(accepted) != Extent::Nothing
    }

    pub(super) fn old(&self) -> &[u8] {
        match &self.base {
            Base::Absent => &[],
            Base::Bytes(bytes) => bytes,
        }
    }

    /// What comes of it when it is written.
    pub(super) fn written(&self, accepted: &Accepted) -> Written {
        let extent = self.extent(accepted);
        let mut change = self.change.clone();
        if extent != Extent::All {
            let new = self.content(accepted).unwrap_or_default();
            change.hunks = text::hunks(self.old(), &new, CONTEXT_LINES);
        }
        Written { change, extent }
    }

    fn extent(&self, accepted: &Accepted) -> Extent {
        let Accepted::Hunks(chosen) = accepted else { return Extent::All };
        let all = self.change.hunks.len();
        match (0..all).filter(|hunk| chosen.contains(hunk)).count() {
            count if count == all && all > 0 => Extent::All,
            0 => Extent::Nothing,
            _ => Extent::Partly,
        }
    }
}

/// Works out what an alteration does to the file that it names beneath `root`.
pub(super) fn propose(
    root: Root<'_>,
    asked: &Asked<'_>,
    alteration: &Alteration,
) -> Result<Proposal, EditError> {
    let path = alteration.path();
    let given = asked(path)?;
    let place = resolve(root, &given, path)?;
    let (base, notes) = base(root, &place, path)?;
    let old = match &base {
        Base::Absent => None,
        Base::Bytes(bytes) => Some(bytes.as_slice()),
    };
    let new = alteration.apply(old)?;
    let bytes = new.as_ref().map_or(0, |new| new.len() as u64);
    if bytes > FILE_BYTES_MAX {
        return Err(FileError::Large { path: path.to_owned(), bytes }.into());
    }
    let to = alteration.to().map(|to| target(root, asked, to)).transpose()?;
    if (to.is_some() || new.is_none()) && root.reach.join(&given).is_symlink() {
        return Err(EditError::Link { path: path.to_owned() });
    }
    let (place, from) = match to {
        None => (place, None),
        Some(to) => (to, Some(place)),
    };
    let change = change((&place, from.as_ref()), &base, new.as_deref(), &notes);
    Ok(Proposal { change, alteration: alteration.clone(), place, from, base, new })
}

/// Where a file is to be moved: nothing may be there.
fn target(root: Root<'_>, asked: &Asked<'_>, to: &str) -> Result<Place, EditError> {
    let place = resolve(root, &asked(to)?, to)?;
    match place.found {
        Found::Absent | Found::AbsentFolder => base(root, &place, to).map(|_| ())?,
        Found::File | Found::Folder | Found::Special => {
            return Err(EditError::Taken { path: to.to_owned() });
        }
    }
    Ok(place)
}

fn change(
    (place, from): (&Place, Option<&Place>),
    base: &Base,
    new: Option<&[u8]>,
    notes: &[String],
) -> Change {
    let (kind, old) = match (base, new, from) {
        (Base::Absent, ..) => (ChangeKind::Created, &[][..]),
        (Base::Bytes(bytes), _, Some(_)) => (ChangeKind::Renamed, bytes.as_slice()),
        (Base::Bytes(bytes), Some(_), None) => (ChangeKind::Modified, bytes.as_slice()),
        (Base::Bytes(bytes), None, None) => (ChangeKind::Deleted, bytes.as_slice()),
    };
    let hunks = text::hunks(old, new.unwrap_or_default(), CONTEXT_LINES);
    let mut change = Change::new(place.path.to_string_lossy(), kind, hunks);
    change.from = from.map(|from| from.path.to_string_lossy().into_owned());
    change.note = if notes.is_empty() { None } else { Some(notes.join(", ")) };
    change
}

/// What is there now, if it may be changed, and what people should know of it.
fn base(root: Root<'_>, place: &Place, shown: &str) -> Result<(Base, Vec<String>), FileError> {
    let mut notes = Vec::new();
    if place.linked {
        notes.push(format!("{shown} is a link to it"));
    }
    match place.found {
        Found::AbsentFolder => return Ok((Base::Absent, notes)),
        Found::Folder => return Err(FileError::Folder { path: shown.to_owned() }),
        Found::Special => return Err(FileError::Special { path: shown.to_owned() }),
        Found::File | Found::Absent => {}
    }
    let failed = |source| FileError::Io { path: shown.to_owned(), source };
    let folder = Folder::open(root.reach, place.parent()).map_err(failed)?;
    let mode = folder.metadata().map_err(failed)?.permissions().mode();
    if mode & 0o200 == 0 {
        return Err(FileError::ReadOnlyFolder { path: shown.to_owned() });
    }
    if place.found == Found::Absent {
        return Ok((Base::Absent, notes));
    }
    let content = text_file(&folder, place, shown)?;
    if content.metadata.permissions().mode() & 0o200 == 0 {
        return Err(FileError::ReadOnly { path: shown.to_owned() });
    }
    if content.metadata.nlink() > 1 {
        notes.push(format!("{} hard links: this path gets its own copy", content.metadata.nlink()));
    }
    Ok((Base::Bytes(content.bytes), notes))
}

/// Reads a file that is text, as far as can be told.
pub(super) fn text_file(
    folder: &Folder,
    place: &Place,
    shown: &str,
) -> Result<Box<Content>, FileError> {
    let path = shown.to_owned();
    let content = match folder.read(place.name(), FILE_BYTES_MAX) {
        Ok(Entry::File(content)) => content,
        Ok(Entry::Absent) => return Err(FileError::Missing { path }),
        Ok(Entry::Other) => return Err(FileError::Special { path }),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            let bytes = size(folder, place);
            return Err(FileError::Large { path, bytes });
        }
        Err(source) => return Err(FileError::Io { path, source }),
    };
    if is_binary(&content.bytes) {
        return Err(FileError::Binary { path, bytes: content.bytes.len() as u64 });
    }
    Ok(content)
}

fn size(folder: &Folder, place: &Place) -> u64 {
    let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
    rustix::fs::statat(folder.handle(), place.name(), flags)
        .map_or(FILE_BYTES_MAX + 1, |found| u64::try_from(found.st_size).unwrap_or_default())
}

pub(super) fn is_binary(bytes: &[u8]) -> bool {
    bytes[..bytes.len().min(SNIFFED_BYTES)].contains(&0)
}
