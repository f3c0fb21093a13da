//! What the tree's files were when a draft began to differ from them, kept on disk so that a later
//! process can still tell who changed what: contents by their hash, and one index.

use super::compare::Side;
use super::copy::Stamp;
use crate::protocol::Author;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const FOLDER: &str = "bases";
const INDEX: &str = "index.json";
const CONTENTS: &str = "contents";

/// What the tree had at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Content {
    /// It changed before anybody looked: what the draft was made from cannot be told.
    Unknown,
    Absent,
    /// The content's name, as git has it.
    File {
        hash: String,
        executable: bool,
    },
    Link(Vec<u8>),
}

/// Of one path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Base {
    pub(super) content: Content,
    /// Of the tree's file when it had this content.
    pub(super) tree: Option<Stamp>,
    /// Of the draft's when its authors were last asked about; None: nothing is there.
    pub(super) draft: Option<Stamp>,
    /// Whether they ever were.
    #[serde(default)]
    pub(super) is_attributed: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) by: Vec<Author>,
}

#[derive(Debug)]
pub(super) struct Bases {
    folder: PathBuf,
    bases: BTreeMap<PathBuf, Base>,
    /// The tree's files that were last touched before this are in the draft's view as they are.
    synced: SystemTime,
    is_dirty: bool,
}

#[derive(Serialize, Deserialize)]
struct Index {
    synced: Duration,
    bases: BTreeMap<String, Base>,
}

impl Content {
    pub(super) fn of(side: &Side) -> Content {
        match side {
            Side::Absent | Side::Other => Content::Absent,
            Side::Link(target) => Content::Link(target.clone()),
            Side::File { bytes, executable } => {
                Content::File { hash: hash(bytes), executable: *executable }
            }
        }
    }
}

/// The name that git gives to a file's content.
pub(super) fn hash(bytes: &[u8]) -> String {
    let mut hash = sha1_smol::Sha1::new();
    hash.update(format!("blob {}\0", bytes.len()).as_bytes());
    hash.update(bytes);
    hash.digest().to_string()
}

impl Bases {
    /// Those in `state`, or none; then the draft is taken to be as fresh as can be.
    pub(super) fn open(state: &Path) -> io::Result<Bases> {
        let folder = state.join(FOLDER);
        fs::create_dir_all(folder.join(CONTENTS))?;
        let known = fs::read(folder.join(INDEX)).ok();
        let known = known.and_then(|bytes| serde_json::from_slice::<Index>(&bytes).ok());
        let is_new = known.is_none();
        let known = known.unwrap_or_else(|| Index { synced: now(), bases: BTreeMap::new() });
        let bases = known.bases.into_iter().map(|(path, base)| (path_of(&path), base)).collect();
        let synced = SystemTime::UNIX_EPOCH + known.synced;
        let mut opened = Bases { folder, bases, synced, is_dirty: is_new };
        opened.save()?;
        Ok(opened)
    }

    pub(super) const fn synced(&self) -> SystemTime {
        self.synced
    }

    /// As of `moment` the draft's view is the tree, but for what was written into it.
    pub(super) fn set_synced(&mut self, moment: SystemTime) {
        self.synced = moment;
        self.is_dirty = true;
    }

    pub(super) fn get(&self, path: &Path) -> Option<&Base> {
        self.bases.get(path)
    }

    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.bases.keys().cloned().collect()
    }

    pub(super) fn insert(&mut self, path: &Path, base: Base) {
        if self.bases.get(path) != Some(&base) {
            self.bases.insert(path.to_owned(), base);
            self.is_dirty = true;
        }
    }

    /// `tree` is the base from now on; what the draft has there is nobody's news.
    pub(super) fn settle(
        &mut self,
        path: &Path,
        tree: &Side,
        stamp: Option<Stamp>,
        draft: Option<Stamp>,
    ) {
        let by = self.get(path).map(|base| base.by.clone()).unwrap_or_default();
        let content = Content::of(tree);
        self.insert(path, Base { content, tree: stamp, draft, is_attributed: true, by });
    }

    pub(super) fn remove(&mut self, path: &Path) {
        self.is_dirty |= self.bases.remove(path).is_some();
    }

    /// Keeps a content; it can be read again by its hash.
    pub(super) fn keep(&self, bytes: &[u8]) -> io::Result<()> {
        let path = self.content_path(&hash(bytes));
        if path.exists() {
            return Ok(());
        }
        replace(&path, bytes)
    }

    /// What was kept, if it still is what it was.
    pub(super) fn content(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.content_path(name)).ok().filter(|bytes| hash(bytes) == name)
    }

    fn content_path(&self, hash: &str) -> PathBuf {
        let (folder, name) = hash.split_at_checked(2).unwrap_or(("", hash));
        self.folder.join(CONTENTS).join(folder).join(name)
    }

    /// All of them, as they are kept.
    pub(super) fn index(&self) -> io::Result<Vec<u8>> {
        let synced = self.synced.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let bases = self.bases.iter().map(|(path, base)| (text_of(path), base.clone())).collect();
        serde_json::to_vec(&Index { synced, bases }).map_err(io::Error::other)
    }

    /// Others take their place; how fresh the draft's view is stays.
    pub(super) fn replace(&mut self, index: &[u8]) -> io::Result<()> {
        let index: Index = serde_json::from_slice(index)?;
        self.bases = index.bases.into_iter().map(|(path, it)| (path_of(&path), it)).collect();
        self.is_dirty = true;
        Ok(())
    }

    /// Writes the index if something in it changed.
    pub(super) fn save(&mut self) -> io::Result<()> {
        if !self.is_dirty {
            return Ok(());
        }
        replace(&self.folder.join(INDEX), &self.index()?)?;
        self.is_dirty = false;
        Ok(())
    }
}

fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

/// A path as text that leads back to it, whatever its bytes are: `\ff` for a byte that is no
/// UTF-8, and for the backslash.
fn text_of(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        text.push_str(&chunk.valid().replace('\\', "\\5c"));
        for byte in chunk.invalid() {
            write!(text, "\\{byte:02x}").expect("a String takes every character");
        }
    }
    text
}

fn path_of(text: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('\\');
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        bytes.extend(u8::from_str_radix(digits, 16).ok());
        bytes.extend(rest.bytes());
    }
    PathBuf::from(OsStr::from_bytes(&bytes).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    proptest! {
        #[test]
        fn any_path_comes_back_from_its_text(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let path = PathBuf::from(OsString::from_vec(bytes));
            prop_assert_eq!(path_of(&text_of(&path)), path);
        }
    }

    #[test]
    fn a_content_that_was_cut_is_not_given_out() {
        let folder = tempfile::tempdir().unwrap();
        let bases = Bases::open(folder.path()).unwrap();
        bases.keep(b"whole").unwrap();
        let name = hash(b"whole");
        assert_eq!(bases.content(&name).as_deref(), Some(&b"whole"[..]));
        fs::write(bases.content_path(&name), "who").unwrap();
        assert_eq!(bases.content(&name), None);
    }
}
