//! From an edit to a proposal: what the file would become, shown as a change, with all that is
//! needed to write it later, or to see that the file is no longer what it was.

use super::folder::{Content, Entry, Folder};
use super::install::{Base, InstallError, install};
use super::locate::{Miss, replace};
use super::place::{Found, Place, Root, resolve};
use super::{CONTEXT_LINES, Edit, EditError, FILE_BYTES_MAX, FileError, WriteError};
use crate::protocol::{Change, ChangeKind};
use crate::text;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// A file with a NUL in its first bytes is a binary one.
const SNIFFED_BYTES: usize = 8 * 1024;

/// A change of one file that is not written yet.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// For people. The path is that of the file itself, also where a link led to it.
    pub change: Change,
    edit: Edit,
    place: Place,
    base: Base,
    new: Vec<u8>,
}

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
    /// The edit that it came from.
    pub const fn edit(&self) -> &Edit {
        &self.edit
    }

    /// The file's path from the root, which need not be UTF-8.
    pub fn path(&self) -> &Path {
        &self.place.path
    }

    /// What the file would hold.
    pub fn content(&self, accepted: &Accepted) -> Vec<u8> {
        match accepted {
            Accepted::All => self.new.clone(),
            Accepted::Hunks(hunks) => {
                text::select(self.old(), &self.new, &self.change.hunks, hunks)
            }
        }
    }

    fn old(&self) -> &[u8] {
        match &self.base {
            Base::Absent => &[],
            Base::Bytes(bytes) => bytes,
        }
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

/// Works out what `edit` does to the file at `asked` beneath `root`.
pub(super) fn propose(root: Root<'_>, asked: &Path, edit: &Edit) -> Result<Proposal, EditError> {
    let place = resolve(root, asked, &edit.path)?;
    let (base, notes) = base(root, &place, &edit.path)?;
    let old_text = edit.old.as_deref().unwrap_or_default();
    let new = match (&base, old_text) {
        (Base::Absent, "") => edit.new.clone().into_bytes(),
        (Base::Absent, _) => return Err(FileError::Missing { path: edit.path.clone() }.into()),
        (Base::Bytes(bytes), "") if bytes.is_empty() && edit.new.is_empty() => {
            return Err(EditError::Same { path: edit.path.clone() });
        }
        (Base::Bytes(bytes), "") if bytes.is_empty() => edit.new.clone().into_bytes(),
        (Base::Bytes(bytes), "") => {
            let lines = bytes.split_inclusive(|byte| *byte == b'\n').count() as u64;
            return Err(EditError::Exists { path: edit.path.clone(), lines });
        }
        (Base::Bytes(bytes), old) => {
            replace(bytes, old, &edit.new).map_err(|miss| missed(miss, &edit.path))?
        }
    };
    if new.len() as u64 > FILE_BYTES_MAX {
        let bytes = new.len() as u64;
        return Err(FileError::Large { path: edit.path.clone(), bytes }.into());
    }
    let change = change(&place, &base, &new, &notes);
    Ok(Proposal { change, edit: edit.clone(), place, base, new })
}

fn missed(miss: Miss, path: &str) -> EditError {
    let path = path.to_owned();
    match miss {
        Miss::Nowhere(nearest) => EditError::NotFound { path, nearest },
        Miss::Several(lines, count) => EditError::Ambiguous { path, lines, count },
        Miss::Same => EditError::Same { path },
    }
}

fn change(place: &Place, base: &Base, new: &[u8], notes: &[String]) -> Change {
    let (kind, old) = match base {
        Base::Absent => (ChangeKind::Created, &[][..]),
        Base::Bytes(bytes) => (ChangeKind::Modified, bytes.as_slice()),
    };
    let hunks = text::hunks(old, new, CONTEXT_LINES);
    let mut change = Change::new(place.path.to_string_lossy(), kind, hunks);
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

/// Writes a file's new content over what the change was made from.
pub(super) type Put<'a> = &'a dyn Fn(&Path, &Base, &[u8]) -> Result<(), InstallError>;

/// Writes what was accepted, if the file still is what the proposal was made from.
pub(super) fn write(
    root: Root<'_>,
    asked: &Path,
    proposal: &Proposal,
    accepted: &Accepted,
    put: Put<'_>,
) -> Result<Written, WriteError> {
    let extent = proposal.extent(accepted);
    let new = proposal.content(accepted);
    let change = match extent {
        Extent::All => proposal.change.clone(),
        Extent::Partly | Extent::Nothing => Change {
            hunks: text::hunks(proposal.old(), &new, CONTEXT_LINES),
            ..proposal.change.clone()
        },
    };
    if extent == Extent::Nothing {
        return Ok(Written { change, extent });
    }
    match put(&proposal.place.path, &proposal.base, &new) {
        Ok(()) => Ok(Written { change, extent }),
        Err(InstallError::Moved) => Err(match propose(root, asked, &proposal.edit) {
            Ok(fresh) => WriteError::Moved(Box::new(fresh)),
            Err(error) => WriteError::Gone(error),
        }),
        Err(InstallError::ReadOnly) => {
            Err(FileError::ReadOnly { path: proposal.change.path.clone() }.into())
        }
        Err(InstallError::Io(source)) => {
            Err(FileError::Io { path: proposal.change.path.clone(), source }.into())
        }
    }
}

/// Atomically; nothing is kept of what was there.
pub(super) fn put(root: &Path, path: &Path, base: &Base, new: &[u8]) -> Result<(), InstallError> {
    let parent = path.parent().unwrap_or(Path::new(""));
    let name = path.file_name().unwrap_or_default();
    match base {
        Base::Absent => {
            let (folder, made) = Folder::make(root, parent).map_err(way_changed)?;
            install(&folder, name, base, new)?;
            made.keep();
            Ok(())
        }
        Base::Bytes(_) => {
            let folder = Folder::open(root, parent).map_err(way_changed)?;
            install(&folder, name, base, new)
        }
    }
}

/// A folder on the way is gone, or is something else now.
fn way_changed(error: io::Error) -> InstallError {
    use rustix::io::Errno;
    let moved = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP];
    if Errno::from_io_error(&error).is_some_and(|errno| moved.contains(&errno)) {
        InstallError::Moved
    } else {
        InstallError::Io(error)
    }
}
