//! What was written into a draft, kept whole: every file, link and mode of the upper layer, ignored
//! ones included, what is hidden of the tree, attributes. Folders are contents, too: one that did not
//! change has the same name and costs nothing, and two drafts are equal if their names are.
//!
//! Times are not kept: a file that is brought back is a new one, or build tools would take what was
//! made from another one for its own.

use super::Layer;
use super::compare::is_no_folder;
use super::copy::Stamp;
use super::draft_rules::{Rules, Sides};
use super::folder::Folder;
use super::install::is_beside;
use super::layer::{Mark, is_opaque, mark};
use super::store::{Blob, Store};
use super::store_node::{FileNode, Node, PERMISSIONS, Raw};
use rustix::fs::FileType;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// An ignored folder (`target`, `node_modules`) in which more than this was written is left as it
/// is, and said to be; everything else is kept.
pub const IGNORED_FOLDER_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// What a file takes at least.
const BLOCK_BYTES: u64 = 4096;
/// A file that was touched so shortly before it was read may be written again without its times
/// showing it.
const RACY: Duration = Duration::from_millis(50);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) name: Raw,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    File(FileNode),
    Link(Raw),
    Folder(FolderNode),
    /// What the tree has there is hidden.
    Whiteout,
    /// Too much, or nothing that can be read: it stays as it is.
    Left,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FolderNode {
    pub(super) mode: u32,
    /// All that the tree has in it is hidden.
    pub(super) opaque: bool,
    /// Its entries, sorted by name.
    pub(super) entries: Blob,
}

/// Kept between captures of one draft.
#[derive(Debug, Default)]
pub(super) struct Known {
    files: HashMap<PathBuf, (Stamp, FileNode)>,
    rules: Rules,
}

/// A draft as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Captured {
    pub(super) root: FolderNode,
    /// Paths that are left as they are, for people.
    pub(super) left: Vec<String>,
}

pub(super) fn capture(sides: Sides<'_>, store: &Store, known: &mut Known) -> io::Result<Captured> {
    known.rules.refresh();
    let before = std::mem::take(&mut known.files);
    let top = Folder::open(&sides.layer.upper, Path::new(""))?;
    let mut capture = Capture { sides, store, known, before, left: Vec::new() };
    let root = capture.folder(Path::new(""), &top, false)?;
    Ok(Captured { root, left: capture.left })
}

pub(super) fn entries(store: &Store, folder: &FolderNode) -> io::Result<Vec<Entry>> {
    Ok(serde_json::from_slice(&store.get(&folder.entries)?)?)
}

struct Capture<'a> {
    sides: Sides<'a>,
    store: &'a Store,
    known: &'a mut Known,
    before: HashMap<PathBuf, (Stamp, FileNode)>,
    left: Vec<String>,
}

impl Capture<'_> {
    fn folder(&mut self, path: &Path, folder: &Folder, ignored: bool) -> io::Result<FolderNode> {
        let mut names = folder.names()?;
        names.sort();
        let mut all = Vec::with_capacity(names.len());
        for name in names.iter().filter(|name| !is_beside(name)) {
            let path = path.join(name);
            let kind = match self.one(&path, folder, ignored) {
                Ok(Some(kind)) => kind,
                // It went this very moment.
                Ok(None) => continue,
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => self.leave(&path),
                Err(error) => return Err(error),
            };
            all.push(Entry { name: Raw(name.as_bytes().to_vec()), kind });
        }
        let entries = self.store.put(&serde_json::to_vec(&all)?)?;
        let mode = folder.metadata()?.mode() & PERMISSIONS;
        Ok(FolderNode { mode, opaque: is_opaque(folder), entries })
    }

    fn one(&mut self, path: &Path, folder: &Folder, ignored: bool) -> io::Result<Option<Kind>> {
        let name = path.file_name().unwrap_or_default();
        match mark(folder, name)? {
            Mark::Absent => Ok(None),
            Mark::Whiteout => Ok(Some(Kind::Whiteout)),
            Mark::There(stamp) => self.file(path, folder, stamp),
            Mark::Folder => {
                let inside = match folder.enter(name) {
                    Ok(inside) => inside,
                    Err(error) if is_no_folder(&error) => return Ok(None),
                    Err(error) => return Err(error),
                };
                let ignored = ignored || {
                    let is_left_out = self.known.rules.leaves_out(self.sides, path, true);
                    if is_left_out && weight(&inside, 0)? > IGNORED_FOLDER_BYTES_MAX {
                        return Ok(Some(self.leave(path)));
                    }
                    is_left_out
                };
                Ok(Some(Kind::Folder(self.folder(path, &inside, ignored)?)))
            }
        }
    }

    fn file(&mut self, path: &Path, folder: &Folder, stamp: Stamp) -> io::Result<Option<Kind>> {
        if let Some((known, node)) = self.before.get(path)
            && *known == stamp
        {
            let node = node.clone();
            self.known.files.insert(path.to_owned(), (stamp, node.clone()));
            return Ok(Some(Kind::File(node)));
        }
        let begun = SystemTime::now();
        let name = path.file_name().unwrap_or_default();
        Ok(match Node::read(folder, name, self.store, true)?.0 {
            Node::File(node) => {
                if stamp.changed() + RACY < begun {
                    self.known.files.insert(path.to_owned(), (stamp, node.clone()));
                }
                Some(Kind::File(node))
            }
            Node::Link(target) => Some(Kind::Link(target)),
            Node::Absent => None,
            Node::Folder(_) | Node::Special => Some(self.leave(path)),
        })
    }

    fn leave(&mut self, path: &Path) -> Kind {
        self.left.push(path.to_string_lossy().into_owned());
        Kind::Left
    }
}

/// What is in a folder and below, in bytes on the disk; counted until it is too much.
fn weight(folder: &Folder, before: u64) -> io::Result<u64> {
    let mut bytes = before;
    for name in folder.names()? {
        let Some(found) = folder.look(&name)? else { continue };
        bytes += u64::try_from(found.st_size).unwrap_or_default().next_multiple_of(BLOCK_BYTES);
        if FileType::from_raw_mode(found.st_mode) == FileType::Directory
            && let Ok(inside) = folder.enter(&name)
        {
            bytes = weight(&inside, bytes)?;
        }
        if bytes > IGNORED_FOLDER_BYTES_MAX {
            break;
        }
    }
    Ok(bytes)
}

impl Layer {
    /// Removes what an edit that was cut off has left in the draft.
    pub(super) fn sweep(&self) -> io::Result<()> {
        let mut open = vec![PathBuf::new()];
        while let Some(path) = open.pop() {
            let folder = match Folder::open(&self.upper, &path) {
                Ok(folder) => folder,
                Err(error) if is_no_folder(&error) => continue,
                Err(error) => return Err(error),
            };
            for name in folder.names()? {
                let is_ours = is_beside(&name);
                match mark(&folder, &name)? {
                    Mark::Folder => open.push(path.join(&name)),
                    Mark::There(_) if is_ours => {
                        // Through the view, if it is there: it may have been asked for the name.
                        let view = Folder::open(&self.merged, &path);
                        view.unwrap_or(Folder::open(&self.upper, &path)?).remove(&name)?;
                    }
                    Mark::There(_) | Mark::Absent | Mark::Whiteout => {}
                }
            }
        }
        Ok(())
    }
}
