//! Writing into a draft, through its view: each file whole or not at all, and only over what was
//! looked at.

use super::FileError;
use super::compare::{Side, is_no_folder, side};
use super::draft::Draft;
use super::folder::Folder;
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use std::ffi::{OsStr, OsString};
use std::fs::{File, FileTimes, Metadata, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Digits in the name of a file that is not in its place yet.
const NAME_DIGITS: usize = 12;

/// What is to be in the draft.
#[derive(Clone, Copy)]
pub(super) enum Fresh<'a> {
    /// What the tree has: content, mode and time.
    Tree,
    /// The mode is the draft's own as far as it has one.
    Side(&'a Side),
}

impl Draft {
    /// Puts `fresh` at a path; nothing is written if the view has not `expected` there (None: it
    /// was not read, and need not be).
    pub(super) fn put(
        &self,
        path: &Path,
        expected: Option<&Side>,
        fresh: Fresh<'_>,
    ) -> Result<(), FileError> {
        let shown = || path.to_string_lossy().into_owned();
        let failed = |source| FileError::Io { path: shown(), source };
        if let Some(expected) = expected {
            let now = side(&self.layer.merged, path).map_err(io::Error::other).map_err(failed)?;
            let now = if now == Side::Other { Side::Absent } else { now };
            if now != *expected {
                return Err(failed(io::Error::other("it was written again this very moment")));
            }
        }
        let (parent, name) = (parent(path), path.file_name().unwrap_or_default());
        let source = match fresh {
            Fresh::Side(side) => Source::Side(side),
            Fresh::Tree => Source::of(&self.tree, path).map_err(failed)?,
        };
        if matches!(source, Source::Side(Side::Absent | Side::Other)) {
            return self.remove(path).map_err(failed);
        }
        let (folder, made) = Folder::make(&self.layer.merged, parent).map_err(failed)?;
        let like = open(&folder, name)
            .ok()
            .or_else(|| open(&Folder::open(&self.tree, parent).ok()?, name).ok());
        let like = like.and_then(|file| file.metadata().ok()).filter(Metadata::is_file);
        place(&folder, name, &source, like.as_ref()).map_err(|error| {
            match rustix::io::Errno::from_io_error(&error) {
                Some(rustix::io::Errno::ISDIR | rustix::io::Errno::NOTEMPTY) => {
                    FileError::Folder { path: shown() }
                }
                _ => failed(error),
            }
        })?;
        made.keep();
        Ok(())
    }

    /// Removes a file, and the folders that it leaves empty and the tree has not.
    fn remove(&self, path: &Path) -> io::Result<()> {
        match Folder::open(&self.layer.merged, parent(path)) {
            Ok(folder) => match folder.remove(path.file_name().unwrap_or_default()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            },
            Err(error) if is_no_folder(&error) => {}
            Err(error) => return Err(error),
        }
        for folder in path.ancestors().skip(1) {
            let Some(name) = folder.file_name() else { break };
            if self.tree.join(folder).symlink_metadata().is_ok_and(|it| it.is_dir()) {
                break;
            }
            let above = Folder::open(&self.layer.merged, parent(folder))?;
            if rustix::fs::unlinkat(above.handle(), name, AtFlags::REMOVEDIR).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Removes from the view what is at a path, a folder with all that is in it.
    pub(super) fn clear(&self, path: &Path) -> io::Result<()> {
        let above = Folder::open(&self.layer.merged, parent(path))?;
        clear(&above, path.file_name().unwrap_or_default())
    }

    /// Makes a folder in the view, with the mode that the tree's has.
    pub(super) fn make_folder(&self, path: &Path) -> io::Result<()> {
        let (_, made) = Folder::make(&self.layer.merged, path)?;
        made.keep();
        let mode = Folder::open(&self.tree, path)?.metadata()?.mode() & 0o7777;
        let folder = Folder::open(&self.layer.merged, path)?;
        Ok(rustix::fs::fchmod(folder.handle(), Mode::from_raw_mode(mode as _))?)
    }
}

fn clear(above: &Folder, name: &OsStr) -> io::Result<()> {
    let Some(found) = above.look(name)? else { return Ok(()) };
    if FileType::from_raw_mode(found.st_mode) != FileType::Directory {
        return above.remove(name);
    }
    let folder = above.enter(name)?;
    for name in folder.names()? {
        clear(&folder, &name)?;
    }
    Ok(rustix::fs::unlinkat(above.handle(), name, AtFlags::REMOVEDIR)?)
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// Where the new content comes from.
enum Source<'a> {
    Side(&'a Side),
    Link(Vec<u8>),
    /// Copied as it is read, however large it is.
    File(File, Metadata),
}

impl Source<'_> {
    fn of(tree: &Path, path: &Path) -> io::Result<Source<'static>> {
        let name = path.file_name().unwrap_or_default();
        let folder = match Folder::open(tree, parent(path)) {
            Ok(folder) => folder,
            Err(error) if is_no_folder(&error) => return Ok(Source::Side(&Side::Absent)),
            Err(error) => return Err(error),
        };
        if let Some(target) = folder.link(name)? {
            return Ok(Source::Link(target));
        }
        match open(&folder, name) {
            Ok(file) => {
                let metadata = file.metadata()?;
                let is_file = metadata.is_file();
                Ok(if is_file { Source::File(file, metadata) } else { Source::Side(&Side::Absent) })
            }
            Err(error) if is_no_folder(&error) => Ok(Source::Side(&Side::Absent)),
            Err(error) => Err(error),
        }
    }
}

fn open(folder: &Folder, name: &OsStr) -> io::Result<File> {
    let flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::openat(folder.handle(), name, flags, Mode::empty())?))
}

/// Makes the new file beside the old one, then gives it the name.
fn place(
    folder: &Folder,
    name: &OsStr,
    source: &Source<'_>,
    like: Option<&Metadata>,
) -> io::Result<()> {
    let digits: String = std::iter::repeat_with(fastrand::alphanumeric).take(NAME_DIGITS).collect();
    let beside = OsString::from(format!(".brisk-{digits}.tmp"));
    let placed = fill(folder, &beside, source, like)
        .and_then(|()| Ok(rustix::fs::renameat(folder.handle(), &beside, folder.handle(), name)?));
    if placed.is_err() {
        let _ = folder.remove(&beside);
    }
    placed
}

fn fill(
    folder: &Folder,
    name: &OsStr,
    source: &Source<'_>,
    like: Option<&Metadata>,
) -> io::Result<()> {
    let target = match source {
        Source::Link(target) | Source::Side(Side::Link(target)) => target,
        Source::Side(Side::File { bytes, executable }) => {
            let mut file = create(folder, name)?;
            file.write_all(bytes)?;
            let mode = like.map_or(0o644, MetadataExt::mode) & 0o7777;
            let mode = match (executable, mode & 0o100 != 0) {
                (true, false) => mode | (mode & 0o444) >> 2,
                (false, true) => mode & !0o111,
                _ => mode,
            };
            return file.set_permissions(Permissions::from_mode(mode));
        }
        Source::File(from, metadata) => {
            let mut file = create(folder, name)?;
            io::copy(&mut &*from, &mut file)?;
            file.set_permissions(Permissions::from_mode(metadata.mode() & 0o7777))?;
            // Build tools go by it.
            return file.set_times(FileTimes::new().set_modified(metadata.modified()?));
        }
        Source::Side(Side::Absent | Side::Other) => return Err(io::ErrorKind::InvalidInput.into()),
    };
    Ok(rustix::fs::symlinkat(OsStr::from_bytes(target), folder.handle(), name)?)
}

fn create(folder: &Folder, name: &OsStr) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    Ok(File::from(rustix::fs::openat(folder.handle(), name, flags, mode)?))
}
