//! From what paths are to become to the moves that bring it about, in their order: files go,
//! emptied folders go, folders come, files come and are replaced. The tree is read and held
//! against what was expected; nothing is written to it.

use super::apply_landing::{Ground, Landing};
use super::compare::is_no_folder;
use super::folder::Folder;
use super::install::beside_name;
use super::place::is_git;
use super::store_node::{Identity, Node, Raw};
use super::{ApplyError, FileError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

/// One path's change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Move {
    pub(super) path: Raw,
    /// Where the new file waits, and the old one afterwards: a name of brisk's own.
    pub(super) aside: Raw,
    pub(super) old: Node,
    pub(super) new: Node,
    /// Of what was there when the move was planned.
    #[serde(skip)]
    pub(super) identity: Option<Identity>,
}

struct Scene<'a> {
    tree: &'a Path,
    /// What is to be there; the last word on its path.
    wanted: BTreeMap<PathBuf, Landing>,
    found: BTreeMap<PathBuf, (Node, Option<Identity>)>,
    /// Folders that go, with their modes.
    gone: BTreeMap<PathBuf, u32>,
    /// Folders that come.
    made: BTreeMap<PathBuf, Option<u32>>,
}

/// `keeps` says of a folder that loses its last file whether it stays.
pub(super) fn plan(
    ground: &Ground<'_>,
    landings: Vec<Landing>,
    keeps: &dyn Fn(&Path) -> bool,
) -> Result<Vec<Move>, ApplyError> {
    let mut scene = Scene {
        tree: ground.tree,
        wanted: BTreeMap::new(),
        found: BTreeMap::new(),
        gone: BTreeMap::new(),
        made: BTreeMap::new(),
    };
    for landing in landings {
        check_name(&landing.path)?;
        // Of several for one path the first knows what is there, the last what is to be.
        if let Some(before) = scene.wanted.get_mut(&landing.path) {
            before.new = landing.new;
        } else {
            scene.wanted.insert(landing.path.clone(), landing);
        }
    }
    scene.look(ground)?;
    scene.empty(keeps)?;
    scene.conflicts()?;
    scene.make()?;
    Ok(scene.moves())
}

/// Refuses paths that are none, or lead out, or belong to git.
pub(super) fn check_name(path: &Path) -> Result<(), ApplyError> {
    let shown = || path.to_string_lossy().into_owned();
    let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    if !is_plain || path.as_os_str().is_empty() {
        return Err(ApplyError::File(FileError::Name { path: shown() }));
    }
    if path.iter().any(is_git) {
        return Err(ApplyError::File(FileError::Protected { path: shown() }));
    }
    Ok(())
}

pub(super) fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> ApplyError {
    let path = path.to_string_lossy().into_owned();
    move |source| ApplyError::File(FileError::Io { path: path.clone(), source })
}

/// What is at a path now, its content kept.
pub(super) fn look(ground: &Ground<'_>, path: &Path) -> io::Result<(Node, Option<Identity>)> {
    match Folder::open(ground.tree, parent(path)) {
        Ok(folder) => Node::read(&folder, path.file_name().unwrap_or_default(), ground.store, true),
        Err(error) if is_no_folder(&error) => Ok((Node::Absent, None)),
        Err(error) => Err(error),
    }
}

impl Scene<'_> {
    fn look(&mut self, ground: &Ground<'_>) -> Result<(), ApplyError> {
        for (path, landing) in &self.wanted {
            let found = look(ground, path).map_err(io_error(path))?;
            if let Node::File(new) = &landing.new
                && !ground.store.has(&new.blob)
            {
                let missing = io::Error::other("its new content is not in the session's store");
                return Err(io_error(path)(missing));
            }
            self.may_write(path, &found.0)?;
            self.found.insert(path.clone(), found);
        }
        Ok(())
    }

    fn may_write(&self, path: &Path, found: &Node) -> Result<(), ApplyError> {
        let shown = || path.to_string_lossy().into_owned();
        if matches!(found, Node::File(file) if file.mode & 0o200 == 0) {
            return Err(ApplyError::File(FileError::ReadOnly { path: shown() }));
        }
        let above = path.ancestors().skip(1).map(|folder| self.tree.join(folder));
        let nearest = above.filter_map(|folder| folder.symlink_metadata().ok()).next();
        if nearest.is_some_and(|folder| folder.permissions().mode() & 0o200 == 0) {
            return Err(ApplyError::File(FileError::ReadOnlyFolder { path: shown() }));
        }
        Ok(())
    }

    /// Whether what is there now does not stay: a folder that is emptied, a file that is removed or
    /// becomes a folder.
    fn goes(&self, path: &Path) -> bool {
        let is_file =
            self.found.get(path).is_some_and(|(it, _)| !it.is_folder() && !it.is_absent());
        let is_removed = self.wanted.get(path).is_some_and(|it| !it.new.is_staged());
        self.gone.contains_key(path) || (is_file && is_removed)
    }

    fn comes(&self, path: &Path) -> bool {
        self.wanted.get(path).is_some_and(|it| it.new.is_staged())
    }

    fn is_used(&self, folder: &Path) -> bool {
        let below = self.wanted.range(folder.to_owned()..).skip_while(|(path, _)| *path == folder);
        let mut below = below.take_while(|(path, _)| path.starts_with(folder));
        self.wanted.get(folder).is_some_and(|it| it.new.is_folder())
            || below.any(|(_, it)| !it.new.is_absent())
    }

    /// Finds the folders that lose everything in them.
    fn empty(&mut self, keeps: &dyn Fn(&Path) -> bool) -> Result<(), ApplyError> {
        let gone = self.wanted.iter().filter(|(_, it)| it.new.is_absent());
        let above = gone.flat_map(|(path, _)| path.ancestors().skip(1));
        let asked = self.wanted.iter().filter(|(_, it)| it.new.is_absent());
        let asked = asked.map(|(path, _)| path.as_path());
        let candidates: BTreeSet<PathBuf> =
            above.chain(asked).filter(|path| *path != "").map(Path::to_path_buf).collect();
        // What is in a folder sorts after it.
        for folder in candidates.into_iter().rev() {
            let is_asked = self.found.get(&folder).is_some_and(|(node, _)| node.is_folder());
            let stays = keeps(&folder) && !is_asked && !self.comes(&folder);
            if !stays && !self.is_used(&folder) {
                self.vanish(&folder, false).map_err(io_error(&folder))?;
            }
        }
        let over: Vec<PathBuf> = self
            .found
            .iter()
            .filter(|(path, (node, _))| node.is_folder() && self.comes(path))
            .map(|(path, _)| path.clone())
            .collect();
        for folder in over {
            if !self.vanish(&folder, true).map_err(io_error(&folder))? {
                let path = folder.to_string_lossy().into_owned();
                return Err(ApplyError::File(FileError::Folder { path }));
            }
        }
        Ok(())
    }

    /// Whether all that is in a folder goes; with `deep` also folders that are empty already.
    fn vanish(&mut self, folder: &Path, deep: bool) -> io::Result<bool> {
        let at = self.tree.join(folder);
        let metadata = match fs::symlink_metadata(&at) {
            Ok(metadata) if metadata.is_dir() => metadata,
            Ok(_) => return Ok(false),
            Err(error) if is_no_folder(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        for entry in fs::read_dir(&at)? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let goes = self.goes(&path)
                || (deep && entry.file_type()?.is_dir() && self.vanish(&path, true)?);
            if !goes {
                return Ok(false);
            }
        }
        self.gone.insert(folder.to_owned(), metadata.permissions().mode() & 0o7777);
        Ok(true)
    }

    /// Refuses paths where the tree is not what was expected.
    fn conflicts(&self) -> Result<(), ApplyError> {
        let mut paths = Vec::new();
        for (path, landing) in &self.wanted {
            let Some((found, _)) = self.found.get(path) else { continue };
            let makes_way = landing.old.is_absent() && self.gone.contains_key(path);
            // A folder that is not empty any more stays, as does one that is there already.
            let is_settled = landing.old.is_folder() && landing.new.is_absent()
                || landing.new.is_folder() && (found.is_folder() || found.is_absent());
            if !found.looks_like(&landing.old) && !makes_way && !is_settled {
                paths.push(path.to_string_lossy().into_owned());
            }
        }
        if paths.is_empty() { Ok(()) } else { Err(ApplyError::Conflict { paths }) }
    }

    /// Finds the folders that are missing for what comes.
    fn make(&mut self) -> Result<(), ApplyError> {
        let coming: Vec<(PathBuf, Option<u32>)> = self
            .wanted
            .iter()
            .filter(|(_, it)| !it.new.is_absent())
            .map(|(path, it)| {
                let mode = if let Node::Folder(mode) = it.new { mode } else { None };
                (path.clone(), mode)
            })
            .collect();
        for (path, mode) in coming {
            let mut above: Vec<&Path> = path.ancestors().skip(1).filter(|it| *it != "").collect();
            above.reverse();
            for folder in above {
                if !self.made.contains_key(folder) && self.is_missing(folder, &path)? {
                    self.made.insert(folder.to_owned(), None);
                }
            }
            let is_folder = !self.comes(&path);
            if is_folder && self.is_missing(&path, &path)? {
                self.made.insert(path, mode);
            }
        }
        Ok(())
    }

    fn is_missing(&self, folder: &Path, path: &Path) -> Result<bool, ApplyError> {
        if self.goes(folder) {
            return Ok(true);
        }
        match fs::symlink_metadata(self.tree.join(folder)) {
            Ok(found) if found.is_dir() => Ok(false),
            Ok(_) => {
                let (path, part) = (path.display().to_string(), folder.display().to_string());
                Err(ApplyError::File(FileError::NotFolder { path, part }))
            }
            Err(error) if is_no_folder(&error) => Ok(true),
            Err(error) => Err(io_error(folder)(error)),
        }
    }

    /// The nearest folder above a path that is there before and after.
    fn lasting<'a>(&self, path: &'a Path) -> &'a Path {
        let mut above = path.ancestors().skip(1);
        let lasts = |it: &&Path| !self.made.contains_key(*it) && !self.gone.contains_key(*it);
        above.find(lasts).unwrap_or(Path::new(""))
    }

    fn moves(&self) -> Vec<Move> {
        let one = |path: &Path, old: Node, new: Node, identity| {
            let aside = Raw::of(&self.lasting(path).join(beside_name()));
            Move { path: Raw::of(path), aside, old, new, identity }
        };
        let found = |path: &Path| self.found.get(path).cloned().unwrap_or((Node::Absent, None));
        let mut moves = Vec::new();
        for path in self.wanted.keys().filter(|path| self.goes(path)) {
            let (old, identity) = found(path);
            if !old.is_folder() {
                moves.push(one(path, old, Node::Absent, identity));
            }
        }
        for (path, mode) in self.gone.iter().rev() {
            moves.push(one(path, Node::Folder(Some(*mode)), Node::Absent, None));
        }
        for (path, mode) in &self.made {
            moves.push(one(path, Node::Absent, Node::Folder(*mode), None));
        }
        for (path, landing) in self.wanted.iter().filter(|(_, it)| it.new.is_staged()) {
            match found(path) {
                (Node::Folder(_), _) => {
                    moves.push(one(path, Node::Absent, landing.new.clone(), None));
                }
                (old, _) if old.looks_like(&landing.new) => {}
                (old, identity) => moves.push(one(path, old, landing.new.clone(), identity)),
            }
        }
        moves
    }
}
