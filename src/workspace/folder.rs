//! A folder held open. The way to it is walked name by name and no link is followed, so that what
//! happens in it happens beneath the root, whoever swaps folders for links meanwhile.

use rustix::fs::{AtFlags, Mode, OFlags, Stat};
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Bytes of an attribute that is looked at; overlayfs' marks are shorter.
const ATTRIBUTE_BYTES_MAX: usize = 64;

#[derive(Debug)]
pub(super) struct Folder {
    handle: OwnedFd,
}

/// What a name in a folder holds.
pub(super) enum Entry {
    Absent,
    File(Box<Content>),
    /// A link, a folder, a pipe…
    Other,
}

pub(super) struct Content {
    pub(super) file: File,
    pub(super) metadata: Metadata,
    pub(super) bytes: Vec<u8>,
}

impl Folder {
    /// Opens `path` beneath `root`; `path` has plain names only.
    pub(super) fn open(root: &Path, path: &Path) -> io::Result<Folder> {
        let mut folder = Folder { handle: rustix::fs::open(root, flags(), Mode::empty())? };
        for name in path {
            folder = folder.enter(name)?;
        }
        Ok(folder)
    }

    /// The same, and makes the folders that are missing.
    pub(super) fn make(root: &Path, path: &Path) -> io::Result<(Folder, Made)> {
        let mut folder = Folder { handle: rustix::fs::open(root, flags(), Mode::empty())? };
        let mut made = Made(Vec::new());
        for name in path {
            folder = match folder.enter(name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    match rustix::fs::mkdirat(&folder.handle, name, Mode::from(0o777)) {
                        Ok(()) => {
                            let handle = folder.handle.try_clone()?;
                            made.0.push((Folder { handle }, name.to_owned()));
                        }
                        Err(rustix::io::Errno::EXIST) => {}
                        Err(error) => return Err(error.into()),
                    }
                    folder.enter(name)?
                }
                entered => entered?,
            };
        }
        Ok((folder, made))
    }

    /// The folder of that name in it.
    pub(super) fn enter(&self, name: &OsStr) -> io::Result<Folder> {
        let flags = flags() | OFlags::NOFOLLOW;
        Ok(Folder { handle: rustix::fs::openat(&self.handle, name, flags, Mode::empty())? })
    }

    pub(super) fn handle(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }

    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        File::from(self.handle.try_clone()?).metadata()
    }

    /// Reads a file; never through a link, never waiting for a pipe. Longer than `bytes_max`: an
    /// error of kind `FileTooLarge`.
    pub(super) fn read(&self, name: &OsStr, bytes_max: u64) -> io::Result<Entry> {
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.handle, name, flags, Mode::empty()) {
            Ok(handle) => File::from(handle),
            Err(rustix::io::Errno::NOENT) => return Ok(Entry::Absent),
            Err(rustix::io::Errno::LOOP | rustix::io::Errno::NXIO) => return Ok(Entry::Other),
            Err(error) => return Err(error.into()),
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(Entry::Other);
        }
        if metadata.len() > bytes_max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = Vec::with_capacity(metadata.len() as usize);
        (&file).take(bytes_max + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > bytes_max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(Entry::File(Box::new(Content { file, metadata, bytes })))
    }

    /// Where a link leads; None if it is no link.
    pub(super) fn link(&self, name: &OsStr) -> io::Result<Option<Vec<u8>>> {
        match rustix::fs::readlinkat(&self.handle, name, Vec::new()) {
            Ok(target) => Ok(Some(target.into_bytes())),
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The names in it, in no order.
    pub(super) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.handle)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(OsStr::from_bytes(name).to_owned());
            }
        }
        Ok(names)
    }

    /// What is known of a name, a link being itself; None if nothing has it.
    pub(super) fn look(&self, name: &OsStr) -> io::Result<Option<Stat>> {
        match rustix::fs::statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(found)),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A short extended attribute of the folder itself.
    pub(super) fn attribute(&self, name: &str) -> Option<Vec<u8>> {
        attribute(&self.handle, name)
    }

    /// The same of a file in it.
    pub(super) fn attribute_of(&self, file: &OsStr, name: &str) -> Option<Vec<u8>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.handle, file, flags, Mode::empty()).ok()?;
        attribute(&file, name)
    }

    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.handle, name, AtFlags::empty())?)
    }

    /// Makes the names in it durable. Not every file system can: that is no failure.
    pub(super) fn sync(&self) {
        let _ = rustix::fs::fsync(&self.handle);
    }
}

fn attribute(handle: &OwnedFd, name: &str) -> Option<Vec<u8>> {
    let mut value = [0_u8; ATTRIBUTE_BYTES_MAX];
    let length = rustix::fs::fgetxattr(handle, name, &mut value[..]).ok()?;
    Some(value[..length].to_vec())
}

fn flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC
}

/// Folders that were made for a file; they go again if the file did not come to be.
pub(super) struct Made(Vec<(Folder, OsString)>);

impl Made {
    pub(super) fn keep(mut self) {
        for (parent, _) in self.0.drain(..) {
            parent.sync();
        }
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for (parent, name) in self.0.drain(..).rev() {
            // Somebody else may have put something in it: then it stays.
            let _ = rustix::fs::unlinkat(&parent.handle, &name, AtFlags::REMOVEDIR);
        }
    }
}
