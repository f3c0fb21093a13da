//! Puts a file's new content in place: whole or not at all, and only if the file still is what the
//! change was made from.
//!
//! The content is written to a new file in the same folder and synced; where the system can do
//! it, that file has no name until then. Where the system can exchange two names, the two are
//! exchanged and what was displaced is looked at: if somebody else wrote it in the meantime, they
//! are exchanged back. Elsewhere the file is read again right before the rename.

use super::folder::{Content, Entry, Folder};
use super::store_node::Identity;
use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

/// Tries at a name for the new file that nobody has.
const NAMES_MAX: usize = 16;
/// Exchanges while somebody else keeps writing the same file.
const EXCHANGES_MAX: usize = 8;
/// Extended attributes: bytes of their names, and of one value.
pub(super) const ATTRIBUTES_BYTES_MAX: usize = 64 * 1024;

const BESIDE_PREFIX: &str = ".brisk-";
const BESIDE_SUFFIX: &str = ".tmp";

/// What a change was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Base {
    Absent,
    Bytes(Vec<u8>),
}

#[derive(Debug)]
pub(super) enum InstallError {
    /// The file is not what the change was made from.
    Moved,
    ReadOnly,
    Io(io::Error),
}

impl<E: Into<io::Error>> From<E> for InstallError {
    fn from(error: E) -> Self {
        InstallError::Io(error.into())
    }
}

pub(super) fn install(
    folder: &Folder,
    name: &OsStr,
    base: &Base,
    new: &[u8],
) -> Result<(), InstallError> {
    let old = match still(folder, name, base)? {
        Still::Moved => return Err(InstallError::Moved),
        Still::Same(old) => old,
    };
    if old.as_ref().is_some_and(|old| old.metadata.permissions().mode() & 0o200 == 0) {
        return Err(InstallError::ReadOnly);
    }
    let mut beside = Beside::new(folder, old.as_deref(), new)?;
    if *base == Base::Absent {
        beside.appear(name)?;
    } else {
        beside.displace(name, base)?;
    }
    drop(beside);
    folder.sync();
    Ok(())
}

/// Removes a file that is what it was. It is moved aside first, so that what somebody else wrote
/// at the last moment can be put back.
pub(super) fn uninstall(folder: &Folder, name: &OsStr, base: &Base) -> Result<(), InstallError> {
    if matches!(still(folder, name, base)?, Still::Moved) {
        return Err(InstallError::Moved);
    }
    let aside = beside_name();
    match rename_free((folder, name), (folder, &aside)) {
        Err(Errno::NOENT) => return Err(InstallError::Moved),
        renamed => renamed?,
    }
    if !matches!(still(folder, &aside, base), Ok(Still::Same(_))) {
        // If the name was taken again, what is aside stays: it is somebody's work.
        let _ = rename_free((folder, &aside), (folder, name));
        return Err(InstallError::Moved);
    }
    folder.remove(&aside)?;
    folder.sync();
    Ok(())
}

enum Still {
    /// The file itself, if it is one.
    Same(Option<Box<Content>>),
    Moved,
}

fn still(folder: &Folder, name: &OsStr, base: &Base) -> io::Result<Still> {
    let bytes_max = match base {
        Base::Bytes(bytes) => bytes.len() as u64,
        Base::Absent => 0,
    };
    match (folder.read(name, bytes_max), base) {
        (Ok(Entry::Absent), Base::Absent) => Ok(Still::Same(None)),
        (Ok(Entry::File(content)), Base::Bytes(bytes)) if content.bytes == *bytes => {
            Ok(Still::Same(Some(content)))
        }
        (Ok(_), _) => Ok(Still::Moved),
        // It grew.
        (Err(error), _) if error.kind() == io::ErrorKind::FileTooLarge => Ok(Still::Moved),
        (Err(error), _) => Err(error),
    }
}

/// The new file beside the target; it is gone when this is dropped.
struct Beside<'a> {
    folder: &'a Folder,
    standing: Standing,
}

enum Standing {
    /// It has no name so far: if brisk dies now, nothing of it is left.
    Unnamed(File),
    Named(OsString),
    /// It became the file itself, or holds what must not be removed.
    Gone,
}

impl<'a> Beside<'a> {
    fn new(folder: &'a Folder, old: Option<&Content>, new: &[u8]) -> Result<Self, InstallError> {
        // Only a new file's mode is the system's to choose, by the user's mask.
        let mode = Mode::from(if old.is_some() { 0o600 } else { 0o666 });
        let (standing, mut file) = match unnamed(folder, mode) {
            Some(file) => (Standing::Unnamed(file.try_clone()?), file),
            None => {
                let (name, file) = named(|name| open(folder, name, mode))?;
                (Standing::Named(name), file)
            }
        };
        let beside = Self { folder, standing };
        file.write_all(new)?;
        if let Some(old) = old {
            take_over(old, &file)?;
        }
        file.sync_all()?;
        Ok(beside)
    }

    /// Takes a name that must be free.
    fn appear(&mut self, name: &OsStr) -> Result<(), InstallError> {
        let handle = self.folder.handle();
        // A link fails where the name is taken, so nothing can be overwritten by it.
        let linked = match &self.standing {
            Standing::Unnamed(file) => link(file, self.folder, name),
            Standing::Named(beside) => {
                rustix::fs::linkat(handle, beside, handle, name, AtFlags::empty())
            }
            Standing::Gone => Err(Errno::NOENT),
        };
        match linked {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => Err(InstallError::Moved),
            // The file system has no hard links.
            Err(_) => self.rename(name, &Base::Absent),
        }
    }

    /// The name beside the target; it gets one now if it has none.
    fn name(&mut self) -> Result<&OsStr, InstallError> {
        if let Standing::Unnamed(file) = &self.standing {
            let (name, ()) = named(|name| link(file, self.folder, name))?;
            self.standing = Standing::Named(name);
        }
        match &self.standing {
            Standing::Named(name) => Ok(name),
            Standing::Unnamed(_) | Standing::Gone => Err(Errno::NOENT.into()),
        }
    }

    fn displace(&mut self, name: &OsStr, base: &Base) -> Result<(), InstallError> {
        let folder = self.folder;
        let beside = self.name()?.to_owned();
        let ours = identity(folder, &beside)?;
        match exchange(folder, &beside, name) {
            Ok(()) => self.settle(name, &beside, base, ours),
            Err(Errno::NOENT) => Err(InstallError::Moved),
            // The file system cannot exchange names.
            Err(_) => self.rename(name, base),
        }
    }

    fn rename(&mut self, name: &OsStr, base: &Base) -> Result<(), InstallError> {
        let handle = self.folder.handle();
        let beside = self.name()?.to_owned();
        if matches!(still(self.folder, name, base)?, Still::Moved) {
            return Err(InstallError::Moved);
        }
        rustix::fs::renameat(handle, &beside, handle, name)?;
        self.standing = Standing::Gone;
        Ok(())
    }

    /// After an exchange: keeps it if what was displaced is the base, else takes it back.
    fn settle(
        &mut self,
        name: &OsStr,
        beside: &OsStr,
        base: &Base,
        ours: Identity,
    ) -> Result<(), InstallError> {
        if matches!(still(self.folder, beside, base), Ok(Still::Same(_))) {
            return Ok(());
        }
        // What is displaced is somebody's work: should the way back fail, it must not be removed.
        self.standing = Standing::Gone;
        if give_back(self.folder, beside, name, ours)? {
            self.standing = Standing::Named(beside.to_owned());
        }
        Err(InstallError::Moved)
    }
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        if let Standing::Named(name) = &self.standing {
            let _ = self.folder.remove(name);
        }
    }
}

/// Exchanges a displaced file that somebody else has written for `ours`, which took its name; false
/// if what is `beside` then is not `ours`.
pub(super) fn give_back(
    folder: &Folder,
    beside: &OsStr,
    name: &OsStr,
    ours: Identity,
) -> io::Result<bool> {
    let mut expected = ours;
    for _ in 0..EXCHANGES_MAX {
        let placed = identity(folder, beside)?;
        exchange(folder, beside, name)?;
        if identity(folder, beside)? == expected {
            return Ok(true);
        }
        // Yet another file came in between. It is the newest, so it goes back to its name.
        expected = placed;
    }
    Ok(false)
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
pub(super) fn exchange(folder: &Folder, one: &OsStr, other: &OsStr) -> Result<(), Errno> {
    let handle = folder.handle();
    let flags = rustix::fs::RenameFlags::EXCHANGE;
    rustix::fs::renameat_with(handle, one, handle, other, flags)
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
pub(super) fn exchange(_folder: &Folder, _one: &OsStr, _other: &OsStr) -> Result<(), Errno> {
    Err(Errno::NOSYS)
}

/// Whether a file system says by this that it cannot do it at all.
pub(super) fn is_unable(error: Errno) -> bool {
    [Errno::INVAL, Errno::NOSYS, Errno::NOTSUP, Errno::PERM].contains(&error)
}

/// Gives a file another name, which must be free: `EXIST` if it is not.
pub(super) fn rename_free(from: (&Folder, &OsStr), to: (&Folder, &OsStr)) -> Result<(), Errno> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        let flags = rustix::fs::RenameFlags::NOREPLACE;
        let (from_folder, to_folder) = (from.0.handle(), to.0.handle());
        match rustix::fs::renameat_with(from_folder, from.1, to_folder, to.1, flags) {
            Err(error) if is_unable(error) => {}
            renamed => return renamed,
        }
    }
    // A link fails where the name is taken, so nothing can be overwritten by it.
    match rustix::fs::linkat(from.0.handle(), from.1, to.0.handle(), to.1, AtFlags::empty()) {
        Ok(()) => {
            rustix::fs::unlinkat(from.0.handle(), from.1, AtFlags::empty()).inspect_err(|_| {
                let _ = rustix::fs::unlinkat(to.0.handle(), to.1, AtFlags::empty());
            })
        }
        Err(error) if is_unable(error) => {
            let flags = AtFlags::SYMLINK_NOFOLLOW;
            match rustix::fs::statat(to.0.handle(), to.1, flags) {
                Err(Errno::NOENT) => {
                    rustix::fs::renameat(from.0.handle(), from.1, to.0.handle(), to.1)
                }
                Ok(_) => Err(Errno::EXIST),
                Err(error) => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

/// Of whatever has this name.
pub(super) fn identity(folder: &Folder, name: &OsStr) -> io::Result<Identity> {
    let found = rustix::fs::statat(folder.handle(), name, AtFlags::SYMLINK_NOFOLLOW)?;
    #[allow(clippy::unnecessary_cast, reason = "the types differ from system to system")]
    Ok(Identity { device: found.st_dev as u64, inode: found.st_ino as u64 })
}

fn open(folder: &Folder, name: &OsStr, mode: Mode) -> Result<File, Errno> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(folder.handle(), name, flags, mode).map(File::from)
}

/// A file without a name, where the system has such and can give it one later.
#[cfg(target_os = "linux")]
fn unnamed(folder: &Folder, mode: Mode) -> Option<File> {
    let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::openat(folder.handle(), ".", flags, mode).ok()?);
    descriptor(&file).symlink_metadata().is_ok().then_some(file)
}

#[cfg(not(target_os = "linux"))]
fn unnamed(_folder: &Folder, _mode: Mode) -> Option<File> {
    None
}

fn link(file: &File, folder: &Folder, name: &OsStr) -> Result<(), Errno> {
    let flags = AtFlags::SYMLINK_FOLLOW;
    rustix::fs::linkat(rustix::fs::CWD, descriptor(file), folder.handle(), name, flags)
}

fn descriptor(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Makes something under a name that nobody has.
fn named<T>(make: impl Fn(&OsStr) -> Result<T, Errno>) -> io::Result<(OsString, T)> {
    for _ in 0..NAMES_MAX {
        let name = beside_name();
        match make(&name) {
            Ok(made) => return Ok((name, made)),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// A name of brisk's own, for what is not in its place yet or not any more.
pub(super) fn beside_name() -> OsString {
    let random: String = std::iter::repeat_with(fastrand::alphanumeric).take(12).collect();
    format!("{BESIDE_PREFIX}{random}{BESIDE_SUFFIX}").into()
}

pub(super) fn is_beside(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with(BESIDE_PREFIX) && name.ends_with(BESIDE_SUFFIX)
}

/// User and group of a file, where they are not this process's own.
pub(super) fn owner(metadata: &Metadata) -> Option<(u32, u32)> {
    let own = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let owner = (metadata.uid(), metadata.gid());
    (owner != own).then_some(owner)
}

/// Gives a file to a user and group as far as this process may.
pub(super) fn give(file: &File, (user, group): (u32, u32)) {
    let (owner, group) = (Uid::from_raw(user), Gid::from_raw(group));
    if rustix::fs::fchown(file, Some(owner), Some(group)).is_err() {
        let _ = rustix::fs::fchown(file, None, Some(group));
    }
}

/// Owner, attributes and mode of the old file. Only the mode must succeed: an ordinary user can
/// give no file away.
fn take_over(old: &Content, new: &File) -> io::Result<()> {
    let (wanted, given) = (&old.metadata, new.metadata()?);
    if (wanted.uid(), wanted.gid()) != (given.uid(), given.gid()) {
        give(new, (wanted.uid(), wanted.gid()));
    }
    copy_attributes(&old.file, new);
    let mode = wanted.permissions().mode() & 0o7777;
    new.set_permissions(std::fs::Permissions::from_mode(mode))
}

pub(super) fn copy_attributes(old: &File, new: &File) {
    let mut names = vec![0_u8; ATTRIBUTES_BYTES_MAX];
    let Ok(length) = rustix::fs::flistxattr(old, names.as_mut_slice()) else { return };
    for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0_u8; ATTRIBUTES_BYTES_MAX];
        let Ok(length) = rustix::fs::fgetxattr(old, name, value.as_mut_slice()) else { continue };
        // Some (security.*) only the system may set.
        let _ = rustix::fs::fsetxattr(new, name, &value[..length], rustix::fs::XattrFlags::empty());
    }
}
