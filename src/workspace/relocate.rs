//! Moves a file to a name that nobody has, with all that belongs to it: mode, owner, attributes.

use super::folder::Folder;
use super::install::{Base, Fresh, InstallError, install};
use super::place::Place;
use super::proposal::way_changed;
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
    let fresh = Fresh::File { bytes: new, executable: None };
    if let Err(error) = install(&target, to.name(), &Base::Bytes(old.to_vec()), &fresh) {
        rename((&target, to.name()), (&source, from.name()))?;
        return Err(error);
    }
    made.keep();
    source.sync();
    target.sync();
    Ok(())
}

fn rename(from: (&Folder, &OsStr), to: (&Folder, &OsStr)) -> Result<(), InstallError> {
    match rename_to_free(from, to) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST | Errno::NOENT) => Err(InstallError::Moved),
        Err(Errno::INVAL | Errno::NOSYS) => {
            // The file system cannot look and rename in one step.
            match rustix::fs::accessat(
                to.0.handle(),
                to.1,
                rustix::fs::Access::EXISTS,
                rustix::fs::AtFlags::SYMLINK_NOFOLLOW,
            ) {
                Err(Errno::NOENT) => {
                    Ok(rustix::fs::renameat(from.0.handle(), from.1, to.0.handle(), to.1)?)
                }
                _ => Err(InstallError::Moved),
            }
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn rename_to_free(from: (&Folder, &OsStr), to: (&Folder, &OsStr)) -> Result<(), Errno> {
    let flags = rustix::fs::RenameFlags::NOREPLACE;
    rustix::fs::renameat_with(from.0.handle(), from.1, to.0.handle(), to.1, flags)
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn rename_to_free(_from: (&Folder, &OsStr), _to: (&Folder, &OsStr)) -> Result<(), Errno> {
    Err(Errno::NOSYS)
}
