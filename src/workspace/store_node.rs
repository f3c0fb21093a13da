//! What is at a path, with its content in the store.

use super::folder::Folder;
use super::install::{ATTRIBUTES_BYTES_MAX, owner};
use super::store::{Blob, Store};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The permission bits of a mode.
pub(super) const PERMISSIONS: u32 = 0o7777;
/// What overlayfs says of its own layers.
const OVERLAY_PREFIX: &[u8] = b"user.overlay.";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Node {
    Absent,
    File(FileNode),
    /// Where the link leads.
    Link(Raw),
    /// Its permission bits; None: what the system gives a new one.
    Folder(Option<u32>),
    /// A pipe, a socket, a device.
    Special,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileNode {
    pub(super) blob: Blob,
    /// The permission bits.
    pub(super) mode: u32,
    /// User and group, where they are not this process's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<(u32, u32)>,
    /// The attributes `user.*`, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) attributes: Vec<(Raw, Raw)>,
}

/// What tells one file from another under the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

impl Node {
    /// What has this name in a folder. Of a file the content is kept in the store if `keep`.
    pub(super) fn read(
        folder: &Folder,
        name: &OsStr,
        store: &Store,
        keep: bool,
    ) -> io::Result<(Node, Option<Identity>)> {
        let found = match rustix::fs::statat(folder.handle(), name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok((Node::Absent, None)),
            found => found?,
        };
        #[allow(clippy::unnecessary_cast, reason = "the types differ from system to system")]
        let identity = Identity { device: found.st_dev as u64, inode: found.st_ino as u64 };
        use rustix::fs::FileType;
        let node = match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => return file(folder, name, store, keep),
            FileType::Symlink => match folder.link(name)? {
                Some(target) => Node::Link(Raw(target)),
                None => return Ok((Node::Absent, None)),
            },
            #[allow(clippy::useless_conversion, reason = "a mode has 16 bits elsewhere")]
            FileType::Directory => Node::Folder(Some(u32::from(found.st_mode) & PERMISSIONS)),
            _ => Node::Special,
        };
        Ok((node, Some(identity)))
    }

    pub(super) const fn is_absent(&self) -> bool {
        matches!(self, Node::Absent)
    }

    pub(super) const fn is_folder(&self) -> bool {
        matches!(self, Node::Folder(_))
    }

    /// Whether it is made beside its place before it lands.
    pub(super) const fn is_staged(&self) -> bool {
        matches!(self, Node::File(_) | Node::Link(_))
    }

    /// Whether the two are the same to the eye: kind, content, mode, target.
    pub(super) fn looks_like(&self, other: &Node) -> bool {
        match (self, other) {
            (Node::File(one), Node::File(other)) => {
                one.blob == other.blob && one.mode == other.mode
            }
            (Node::Folder(_), Node::Folder(_)) => true,
            (one, other) => one == other,
        }
    }
}

fn file(
    folder: &Folder,
    name: &OsStr,
    store: &Store,
    keep: bool,
) -> io::Result<(Node, Option<Identity>)> {
    let flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let mut file = match rustix::fs::openat(folder.handle(), name, flags, Mode::empty()) {
        Ok(handle) => File::from(handle),
        Err(Errno::NOENT) => return Ok((Node::Absent, None)),
        // It became something else since it was looked at.
        Err(Errno::LOOP | Errno::NXIO) => return Ok((Node::Special, None)),
        Err(error) => return Err(error.into()),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok((Node::Special, None));
    }
    Ok((Node::File(FileNode::of(&mut file, store, keep)?), Some(Identity::of(&metadata))))
}

impl FileNode {
    pub(super) fn of(file: &mut File, store: &Store, keep: bool) -> io::Result<FileNode> {
        let metadata = file.metadata()?;
        let blob = if keep { store.put_file(file)? } else { store.name_of(file)? };
        Ok(FileNode {
            blob,
            mode: metadata.mode() & PERMISSIONS,
            owner: owner(&metadata),
            attributes: attributes(file),
        })
    }
}

pub(super) fn set_attributes(file: &File, attributes: &[(Raw, Raw)]) {
    for (name, value) in attributes {
        let flags = rustix::fs::XattrFlags::empty();
        let _ = rustix::fs::fsetxattr(file, name.0.as_slice(), &value.0, flags);
    }
}

/// The attributes `user.*` of a file but those of overlayfs, sorted by name.
pub(super) fn attributes(file: &File) -> Vec<(Raw, Raw)> {
    let mut found = Vec::new();
    let mut names = vec![0_u8; ATTRIBUTES_BYTES_MAX];
    let Ok(length) = rustix::fs::flistxattr(file, names.as_mut_slice()) else { return found };
    for name in names[..length].split(|byte| *byte == 0) {
        if !name.starts_with(b"user.") || name.starts_with(OVERLAY_PREFIX) {
            continue;
        }
        let mut value = vec![0_u8; ATTRIBUTES_BYTES_MAX];
        if let Ok(length) = rustix::fs::fgetxattr(file, name, value.as_mut_slice()) {
            value.truncate(length);
            found.push((Raw(name.to_vec()), Raw(value)));
        }
    }
    found.sort();
    found
}

/// Bytes that are mostly text: a path, a link's target. Written with `%` before the two digits of
/// each byte that is no UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub(super) struct Raw(pub(super) Vec<u8>);

impl Raw {
    pub(super) fn of(path: &Path) -> Raw {
        Raw(path.as_os_str().as_bytes().to_vec())
    }

    pub(super) fn path(&self) -> PathBuf {
        PathBuf::from(OsString::from_vec(self.0.clone()))
    }
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?}", String::from_utf8_lossy(&self.0))
    }
}

impl From<Raw> for String {
    fn from(raw: Raw) -> String {
        let mut text = String::new();
        for chunk in raw.0.utf8_chunks() {
            text.push_str(&chunk.valid().replace('%', "%25"));
            for byte in chunk.invalid() {
                text.push_str(&format!("%{byte:02X}"));
            }
        }
        text
    }
}

impl From<String> for Raw {
    fn from(text: String) -> Raw {
        let mut parts = text.split('%');
        let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
        for part in parts {
            let (digits, rest) = part.split_at_checked(2).unwrap_or(("", part));
            bytes.extend(u8::from_str_radix(digits, 16));
            bytes.extend_from_slice(rest.as_bytes());
        }
        Raw(bytes)
    }
}

/// A path in a record.
pub(super) mod raw_path {
    use super::Raw;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::path::{Path, PathBuf};

    pub(in super::super) fn serialize<S: Serializer>(
        path: &Path,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        Raw::of(path).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<PathBuf, D::Error> {
        Ok(Raw::deserialize(deserializer)?.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_survive_as_text() {
        for bytes in [&b"a/b c.rs"[..], b"100%", b"%25", b"\xff\xfe/\xc3\xa9\n", b"", b"%\xff41"] {
            let raw = Raw(bytes.to_vec());
            let text = serde_json::to_string(&raw).unwrap();
            assert_eq!(serde_json::from_str::<Raw>(&text).unwrap(), raw, "{text}");
        }
    }
}
