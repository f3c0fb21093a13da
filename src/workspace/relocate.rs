//! Moves a file to a name that nobody has, with all that belongs to it: mode, owner, attributes.

use super::folder::Folder;
use super::install::{Base, InstallError, install, rename_free};
use super::place::Place;
use super::put::way_changed;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::path::Path;

/// Moves the file that holds `old`, and gives it the content `new`. It is at one of the two places
/// at any moment; if it is not what it was, it stays where it is.
pub(super) fn relocate(
    root: &Path,
    (from, to): (&Place, &Place),
    old: &[u8],
    new: &[u8],
) -> Result<(), InstallError> {
    let source = Folder::open(root, from.parent()).map_err(way_changed)?;
    let (target, made) = Folder::make(root, to.parent()).map_err(way_changed)?;
    rename((&source, from.name()), (&target, to.name()))?;
    if let Err(error) = install(&target, to.name(), &Base::Bytes(old.to_vec()), new) {
        rename((&target, to.name()), (&source, from.name()))?;
        return Err(error);
    }
    made.keep();
    source.sync();
    target.sync();
    Ok(())
}

fn rename(from: (&Folder, &OsStr), to: (&Folder, &OsStr)) -> Result<(), InstallError> {
    match rename_free(from, to) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST | Errno::NOENT) => Err(InstallError::Moved),
        Err(error) => Err(error.into()),
    }
}
