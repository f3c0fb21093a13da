//! Contents by name: what a file held is kept once, in a session's own folder, under a name made
//! from it. Files are written whole and then named, so a name always has all of its content; what
//! is read is held against its name again.
//!
//! The names are keyed with the store's own random salt: nobody can prepare two contents that get
//! the same name.

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use sha1_smol::Sha1;
use std::fmt;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

/// Larger files are copied piece by piece, or share their blocks where the file system can.
pub(super) const WHOLE_BYTES_MAX: u64 = 1024 * 1024;
/// Names of what is not whole so far.
const NEW: &str = "new-";
const CHUNK_BYTES: usize = 256 * 1024;
const SALT_BYTES: usize = 20;
/// Threads that make files durable: a file system makes several durable at the cost of one.
const SYNC_THREADS: usize = 4;
/// Fewer files are not worth a thread.
const SYNC_FILES_MIN: usize = 8;

/// The name of a content, and its length.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(super) struct Blob {
    sum: [u8; 20],
    pub(super) bytes: u64,
}

#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    salt: [u8; SALT_BYTES],
    /// Written, and not durable so far.
    fresh: Mutex<Vec<PathBuf>>,
}

impl Store {
    /// Opens the store in `folder`, and makes it if it is not there.
    pub(super) fn open(folder: &Path) -> io::Result<Store> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let path = folder.join("salt");
        let salt = match read_salt(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let salt = std::array::from_fn(|_| fastrand::u8(..));
                write_whole(&path, &salt)?;
                salt
            }
            salt => salt?,
        };
        Ok(Store { folder: folder.to_owned(), salt, fresh: Mutex::default() })
    }

    fn path(&self, blob: &Blob) -> PathBuf {
        let name = hex(&blob.sum);
        self.folder.join(&name[..2]).join(&name[2..])
    }

    fn hasher(&self) -> Sha1 {
        let mut hasher = Sha1::new();
        hasher.update(&self.salt);
        hasher
    }

    /// The name of a content, which is not kept.
    pub(super) fn name(&self, bytes: &[u8]) -> Blob {
        let mut hasher = self.hasher();
        hasher.update(bytes);
        Blob { sum: hasher.digest().bytes(), bytes: bytes.len() as u64 }
    }

    /// The name of what a file holds from where it stands to its end; nothing is kept.
    pub(super) fn name_of(&self, file: &mut File) -> io::Result<Blob> {
        self.pump(file, &mut io::sink())
    }

    pub(super) fn has(&self, blob: &Blob) -> bool {
        self.path(blob).symlink_metadata().is_ok_and(|found| found.len() == blob.bytes)
    }

    pub(super) fn put(&self, bytes: &[u8]) -> io::Result<Blob> {
        let blob = self.name(bytes);
        if !self.has(&blob) {
            let mut beside = self.beside()?;
            beside.write_all(bytes)?;
            self.keep(beside, &blob)?;
        }
        Ok(blob)
    }

    /// Keeps what a file holds, from its beginning.
    pub(super) fn put_file(&self, file: &mut File) -> io::Result<Blob> {
        file.rewind()?;
        if file.metadata()?.len() <= WHOLE_BYTES_MAX {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            return self.put(&bytes);
        }
        let mut beside = self.beside()?;
        // Named by what was kept: the file itself may change while it is read.
        let blob = if share(file, beside.as_file()) {
            self.name_of(beside.as_file_mut())?
        } else {
            self.pump(file, &mut beside)?
        };
        self.keep(beside, &blob)?;
        Ok(blob)
    }

    /// Keeps what is read, to its end.
    pub(super) fn put_from(&self, from: &mut impl Read) -> io::Result<Blob> {
        let mut beside = self.beside()?;
        let blob = self.pump(from, &mut beside)?;
        self.keep(beside, &blob)?;
        Ok(blob)
    }

    /// A content of at most `WHOLE_BYTES_MAX` bytes, or what else fits into memory.
    pub(super) fn get(&self, blob: &Blob) -> io::Result<Vec<u8>> {
        let bytes = fs::read(self.path(blob))?;
        if self.name(&bytes) == *blob { Ok(bytes) } else { Err(damaged(blob)) }
    }

    /// Writes a content to an empty file.
    pub(super) fn copy_to(&self, blob: &Blob, target: &mut File) -> io::Result<()> {
        if blob.bytes <= WHOLE_BYTES_MAX {
            return target.write_all(&self.get(blob)?);
        }
        let mut source = File::open(self.path(blob))?;
        let named = if share(&source, target) {
            self.name_of(target)?
        } else {
            self.pump(&mut source, target)?
        };
        if named == *blob { Ok(()) } else { Err(damaged(blob)) }
    }

    /// Makes durable what was put since the last time.
    pub(super) fn sync(&self) -> io::Result<()> {
        let fresh: Vec<PathBuf> =
            std::mem::take(&mut *self.fresh.lock().unwrap_or_else(PoisonError::into_inner));
        let mut folders: Vec<PathBuf> =
            fresh.iter().filter_map(|path| path.parent().map(Path::to_path_buf)).collect();
        folders.sort();
        folders.dedup();
        let all: Vec<PathBuf> = fresh.into_iter().chain(folders).collect();
        sync_all(&all, |path| File::open(path)?.sync_all())
    }

    /// The mode that the user's mask leaves to a new file.
    pub(super) fn usual_mode(&self) -> io::Result<u32> {
        let all = fs::Permissions::from_mode(0o666);
        let new =
            tempfile::Builder::new().permissions(all).prefix(NEW).tempfile_in(&self.folder)?;
        Ok(new.as_file().metadata()?.permissions().mode() & 0o777)
    }

    /// Removes what a process that died has left half written.
    pub(super) fn sweep(&self) {
        sweep(&self.folder);
    }

    fn beside(&self) -> io::Result<tempfile::NamedTempFile> {
        tempfile::Builder::new().prefix(NEW).tempfile_in(&self.folder)
    }

    fn keep(&self, beside: tempfile::NamedTempFile, blob: &Blob) -> io::Result<()> {
        let path = self.path(blob);
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        beside.persist(&path).map_err(|error| error.error)?;
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner).push(path);
        Ok(())
    }

    fn pump(&self, from: &mut impl Read, to: &mut impl Write) -> io::Result<Blob> {
        let (mut hasher, mut bytes) = (self.hasher(), 0);
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let count = match from.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            hasher.update(&chunk[..count]);
            to.write_all(&chunk[..count])?;
            bytes += count as u64;
        }
        Ok(Blob { sum: hasher.digest().bytes(), bytes })
    }
}

/// Makes each durable, several at once; the first error, after all were tried.
pub(super) fn sync_all<T: Sync>(
    all: &[T],
    sync: impl Fn(&T) -> io::Result<()> + Sync,
) -> io::Result<()> {
    let each = |some: &[T]| some.iter().map(&sync).fold(Ok(()), Result::and);
    if all.len() < SYNC_FILES_MIN {
        return each(all);
    }
    std::thread::scope(|scope| {
        let shares = all.chunks(all.len().div_ceil(SYNC_THREADS));
        let threads: Vec<_> = shares.map(|some| scope.spawn(move || each(some))).collect();
        let ended = threads.into_iter().map(|thread| {
            thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread ended early")))
        });
        ended.fold(Ok(()), Result::and)
    })
}

/// Removes from a folder of brisk's own what a process that died has left half written.
pub(super) fn sweep(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|it| it.file_name().as_encoded_bytes().starts_with(NEW.as_bytes()))
    {
        let _ = fs::remove_file(entry.path());
    }
}

/// A file that is there whole or not at all, also after a power cut.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new().prefix(NEW).tempfile_in(folder)?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn read_salt(path: &Path) -> io::Result<[u8; SALT_BYTES]> {
    let flags = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let mut salt = [0; SALT_BYTES];
    fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?.read_exact(&mut salt)?;
    Ok(salt)
}

/// Lets an empty file share the blocks of another, where the file system can.
#[cfg(target_os = "linux")]
fn share(from: &File, to: &File) -> bool {
    rustix::fs::ioctl_ficlone(to, from).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn share(_from: &File, _to: &File) -> bool {
    false
}

fn damaged(blob: &Blob) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the kept content {blob:?} is damaged"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

impl fmt::Display for Blob {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", hex(&self.sum), self.bytes)
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

impl From<Blob> for String {
    fn from(blob: Blob) -> String {
        blob.to_string()
    }
}

impl TryFrom<String> for Blob {
    type Error = String;

    fn try_from(text: String) -> Result<Blob, String> {
        text.parse()
    }
}

impl FromStr for Blob {
    type Err = String;

    fn from_str(text: &str) -> Result<Blob, String> {
        let wrong = || format!("`{text}` names no content");
        let (digits, bytes) = text.split_once('-').ok_or_else(wrong)?;
        let digits: Vec<u32> = digits.chars().filter_map(|digit| digit.to_digit(16)).collect();
        let pairs: Vec<u8> = digits
            .chunks(2)
            .filter_map(|pair| u8::try_from(pair[0] * 16 + pair.get(1)?).ok())
            .collect();
        let sum = pairs.try_into().map_err(|_| wrong())?;
        Ok(Blob { sum, bytes: bytes.parse().map_err(|_| wrong())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store")).unwrap();
        (folder, store)
    }

    #[test]
    fn a_content_is_kept_once_and_comes_back_by_its_name() {
        let (_folder, store) = store();
        let blob = store.put(b"hello").unwrap();
        assert_eq!(store.put(b"hello").unwrap(), blob);
        assert_eq!(store.get(&blob).unwrap(), b"hello");
        assert!(store.has(&blob) && !store.has(&store.name(b"other")));
        assert_eq!(blob.to_string().parse(), Ok(blob));
        store.sync().unwrap();
        let again = Store::open(&store.folder).unwrap();
        assert_eq!(again.get(&blob).unwrap(), b"hello");
    }

    #[test]
    fn two_stores_give_one_content_two_names() {
        let ((_one_folder, one), (_other_folder, other)) = (store(), store());
        assert_ne!(one.name(b"hello"), other.name(b"hello"));
    }

    #[test]
    fn a_large_file_comes_and_goes_in_pieces() {
        let (folder, store) = store();
        let path = folder.path().join("large");
        let bytes: Vec<u8> = (0..3_000_001_u32).map(|number| (number / 7) as u8).collect();
        fs::write(&path, &bytes).unwrap();
        let blob = store.put_file(&mut File::open(&path).unwrap()).unwrap();
        assert_eq!(blob, store.name(&bytes));
        let target = folder.path().join("target");
        let mut file =
            File::options().read(true).write(true).create_new(true).open(&target).unwrap();
        store.copy_to(&blob, &mut file).unwrap();
        assert_eq!(fs::read(&target).unwrap(), bytes);
    }

    #[test]
    fn a_damaged_content_is_refused() {
        let (folder, store) = store();
        let small = store.put(b"hello").unwrap();
        fs::write(store.path(&small), b"jello").unwrap();
        assert_eq!(store.get(&small).unwrap_err().kind(), io::ErrorKind::InvalidData);
        let bytes = vec![7; WHOLE_BYTES_MAX as usize + 1];
        let large = store.put(&bytes).unwrap();
        fs::write(store.path(&large), vec![8; bytes.len()]).unwrap();
        let mut target = File::create_new(folder.path().join("target")).unwrap();
        let error = store.copy_to(&large, &mut target).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
