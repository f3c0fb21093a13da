//! What was written into a draft, as overlayfs keeps it in the upper folder: read name by name,
//! without following a link, so that no draft can lead out of itself.

use super::compare::{Side, is_no_folder, side};
use super::copy::Stamp;
use super::folder::Folder;
use super::{Layer, WorkspaceError};
use rustix::fs::{FileType, Stat};
use std::ffi::OsStr;
use std::io;
use std::path::Path;

/// On a file without bytes: it stands for nothing, and hides what the tree has.
const WHITEOUT: &str = "user.overlay.whiteout";
/// On a folder: `y` hides all that the tree has in it; `x` says no more than that whiteouts are in it.
const OPAQUE: &str = "user.overlay.opaque";

/// What a draft has at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nothing was written: the tree shows through.
    Through,
    /// The tree's is hidden: by its own whiteout, or by a folder above.
    Gone {
        above: bool,
    },
    Folder,
    /// A file, a link, a pipe…
    There(Stamp),
}

/// What a name in the upper folder stands for.
pub(super) enum Mark {
    Absent,
    Whiteout,
    Folder,
    There(Stamp),
}

pub(super) fn is_opaque(folder: &Folder) -> bool {
    folder.attribute(OPAQUE).is_some_and(|value| value == b"y")
}

pub(super) fn mark(folder: &Folder, name: &OsStr) -> io::Result<Mark> {
    let Some(found) = folder.look(name)? else { return Ok(Mark::Absent) };
    Ok(match FileType::from_raw_mode(found.st_mode) {
        FileType::Directory => Mark::Folder,
        FileType::CharacterDevice if found.st_rdev == 0 => Mark::Whiteout,
        FileType::RegularFile if is_whiteout(folder, name, &found) => Mark::Whiteout,
        _ => Mark::There(Stamp::of(&found)),
    })
}

fn is_whiteout(folder: &Folder, name: &OsStr, found: &Stat) -> bool {
    found.st_size == 0 && folder.attribute_of(name, WHITEOUT).is_some()
}

impl Seen {
    pub(super) const fn stamp(self) -> Option<Stamp> {
        match self {
            Seen::There(stamp) => Some(stamp),
            Seen::Through | Seen::Gone { .. } | Seen::Folder => None,
        }
    }
}

impl Layer {
    /// The stamp of what was written at a path, if something was.
    pub(super) fn stamp(&self, path: &Path) -> Option<Stamp> {
        self.look(path).ok().and_then(Seen::stamp)
    }

    pub(super) fn look(&self, path: &Path) -> io::Result<Seen> {
        let mut folder = Folder::open(&self.upper, Path::new(""))?;
        let mut is_hidden = false;
        let mut names = path.iter().peekable();
        while let Some(name) = names.next() {
            let is_last = names.peek().is_none();
            match mark(&folder, name)? {
                Mark::Absent if is_hidden => return Ok(Seen::Gone { above: true }),
                Mark::Absent => return Ok(Seen::Through),
                Mark::Whiteout => return Ok(Seen::Gone { above: !is_last || is_hidden }),
                Mark::There(stamp) if is_last => return Ok(Seen::There(stamp)),
                // A file where the tree may have a folder.
                Mark::There(_) => return Ok(Seen::Gone { above: true }),
                Mark::Folder if is_last => return Ok(Seen::Folder),
                Mark::Folder => {
                    folder = match folder.enter(name) {
                        Ok(folder) => folder,
                        Err(error) if is_no_folder(&error) => return Ok(Seen::Through),
                        Err(error) => return Err(error),
                    };
                    is_hidden |= is_opaque(&folder);
                }
            }
        }
        Ok(Seen::Folder)
    }

    /// What the draft has at a path of which `seen` is known.
    pub(super) fn side(
        &self,
        tree: &Path,
        path: &Path,
        seen: Seen,
    ) -> Result<Side, WorkspaceError> {
        match seen {
            Seen::Through => side(tree, path),
            Seen::Gone { .. } => Ok(Side::Absent),
            Seen::Folder => Ok(Side::Other),
            Seen::There(_) => side(&self.upper, path),
        }
    }
}
