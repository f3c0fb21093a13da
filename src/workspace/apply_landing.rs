//! Lands a decision in the tree: all of it or nothing.
//!
//! What is to be done is recorded and journaled first. New files are then written and synced beside
//! their places, and each is exchanged for the old one right after that was looked at again; what
//! was displaced waits under a name of brisk's own until everything has landed. If something fails,
//! or somebody else wrote one of the files meanwhile, all of it is taken back. A process that dies
//! in the middle leaves each file old or new, and a record from which `recover` ends it.

use super::apply_plan::{Move, parent, plan};
use super::apply_record::Record;
use super::folder::Folder;
use super::install::{self, InstallError, exchange, give_back, is_unable, rename_free};
use super::store::{Store, sync_all};
use super::store_node::{FileNode, Identity, Node, Raw, set_attributes};
use super::{ApplyError, FileError};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// New files that are written before they are made durable together.
const STAGED_TOGETHER: usize = 64;
/// Folders that are held open; of more the way is walked again each time.
const FOLDERS_HELD_MAX: usize = 256;

/// What a path is expected to be, and what it is to become. Contents are in the store.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Landing {
    #[serde(with = "super::store_node::raw_path")]
    pub(super) path: PathBuf,
    pub(super) old: Node,
    pub(super) new: Node,
}

/// How far a decision is, for the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing of it is in the tree so far.
    Begins { paths: Vec<String> },
    /// All of it is in the tree, durably.
    Applied { paths: Vec<String> },
    /// It failed; nothing of it is in the tree, but for `left`, which somebody else changed
    /// meanwhile or which could not be written.
    TakenBack { paths: Vec<String>, left: Vec<String> },
}

/// Where it lands, and what is needed for it.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) tree: &'a Path,
    pub(super) store: &'a Store,
    /// The folder of the record, which a later process reads if this one dies.
    pub(super) state: &'a Path,
}

pub(super) type Log<'a> = &'a mut dyn FnMut(&Step) -> io::Result<()>;

/// What was done, folders that came or went by it included; the reverse of it takes it back.
/// `keeps` says of a folder that loses its last file whether it stays.
pub(super) fn land(
    ground: Ground<'_>,
    landings: Vec<Landing>,
    keeps: &dyn Fn(&Path) -> bool,
    log: Log<'_>,
) -> Result<Vec<Landing>, ApplyError> {
    let moves = plan(&ground, landings, keeps)?;
    if moves.is_empty() {
        return Ok(Vec::new());
    }
    let paths = shown(&moves);
    ground.store.sync().map_err(ApplyError::Record)?;
    let record = Record::begin(ground.state, &moves).map_err(ApplyError::Record)?;
    let mut work = Work::new(ground, &moves, record);
    let result = log(&Step::Begins { paths: paths.clone() }).map_err(ApplyError::Record);
    let result = result.and_then(|()| work.run()).and_then(|()| {
        work.record.done().map_err(ApplyError::Record)?;
        log(&Step::Applied { paths: paths.clone() }).map_err(ApplyError::Record)
    });
    if let Err(error) = result {
        let left = work.take_back(false);
        let step = Step::TakenBack { paths, left: left.paths.clone() };
        // The error itself is told; the record says the same to the next start.
        let _ = log(&step);
        return Err(left.told(error));
    }
    let landed = work.landed();
    work.tidy();
    Ok(landed)
}

/// The paths that are changed, for people.
pub(super) fn shown(moves: &[Move]) -> Vec<String> {
    let files = moves.iter().filter(|it| !it.old.is_folder() && !it.new.is_folder());
    let paths: BTreeSet<String> =
        files.map(|it| it.path.path().to_string_lossy().into_owned()).collect();
    paths.into_iter().collect()
}

/// The folders of a tree, held open so that a file lands in the folder where it was prepared.
pub(super) struct Ways<'a> {
    tree: &'a Path,
    held: HashMap<PathBuf, Rc<Folder>>,
}

impl<'a> Ways<'a> {
    pub(super) fn new(tree: &'a Path) -> Self {
        Self { tree, held: HashMap::new() }
    }

    pub(super) fn open(&mut self, path: &Path) -> io::Result<Rc<Folder>> {
        if let Some(folder) = self.held.get(path) {
            return Ok(Rc::clone(folder));
        }
        let folder = Rc::new(Folder::open(self.tree, path)?);
        if self.held.len() < FOLDERS_HELD_MAX {
            self.held.insert(path.to_owned(), Rc::clone(&folder));
        }
        Ok(folder)
    }

    /// The same folder, if it still is the one at its path.
    fn again(&mut self, path: &Path) -> Result<Rc<Folder>, InstallError> {
        let held = self.open(path)?;
        let now = Folder::open(self.tree, path).map_err(|_| InstallError::Moved)?;
        let same = Identity::of(&held.metadata()?) == Identity::of(&now.metadata()?);
        if same { Ok(held) } else { Err(InstallError::Moved) }
    }

    pub(super) fn forget(&mut self, path: &Path) {
        self.held.retain(|held, _| !held.starts_with(path));
    }
}

/// How far a move is.
#[derive(Clone, Copy, Default)]
pub(super) struct Standing {
    /// The new file, once it is made.
    pub(super) ours: Option<Identity>,
    /// Something may be aside.
    pub(super) is_begun: bool,
    pub(super) is_done: bool,
    /// When the displaced file last changed, as it was looked at.
    pub(super) displaced: Option<(i64, i64)>,
    /// What is aside is not ours to remove.
    pub(super) is_kept: bool,
}

pub(super) struct Work<'a> {
    pub(super) ground: Ground<'a>,
    pub(super) moves: &'a [Move],
    pub(super) standing: Vec<Standing>,
    pub(super) ways: Ways<'a>,
    pub(super) record: Record,
}

/// A path's folder, and its name there.
pub(super) fn split(path: &Raw) -> (PathBuf, std::ffi::OsString) {
    let path = path.path();
    (parent(&path).to_owned(), path.file_name().unwrap_or_default().to_owned())
}

impl<'a> Work<'a> {
    pub(super) fn new(ground: Ground<'a>, moves: &'a [Move], record: Record) -> Self {
        let standing = vec![Standing::default(); moves.len()];
        Work { ground, moves, standing, ways: Ways::new(ground.tree), record }
    }

    fn run(&mut self) -> Result<(), ApplyError> {
        self.stage_all()?;
        for index in 0..self.moves.len() {
            self.perform(index).map_err(|error| failed(&self.moves[index], error))?;
        }
        for index in 0..self.moves.len() {
            self.untouched(index).map_err(|error| failed(&self.moves[index], error))?;
        }
        self.sync_folders();
        Ok(())
    }

    /// Everything that can be prepared, before anything in the tree changes.
    fn stage_all(&mut self) -> Result<(), ApplyError> {
        let staged: Vec<usize> =
            (0..self.moves.len()).filter(|index| self.moves[*index].new.is_staged()).collect();
        for together in staged.chunks(STAGED_TOGETHER) {
            let mut files = Vec::new();
            for index in together {
                let one = &self.moves[*index];
                files.extend(self.stage(*index).map_err(|error| failed(one, error))?);
            }
            sync_all(&files, File::sync_all)
                .map_err(|error| failed(&self.moves[together[0]], InstallError::Io(error)))?;
        }
        Ok(())
    }

    fn stage(&mut self, index: usize) -> Result<Option<File>, InstallError> {
        let one = &self.moves[index];
        let (aside, name) = split(&one.aside);
        let folder = self.ways.open(&aside).map_err(way)?;
        self.standing[index].is_begun = true;
        let file = self.make_aside(&folder, &name, one)?;
        self.standing[index].ours = Some(install::identity(&folder, &name)?);
        Ok(file)
    }

    /// Makes what is new, beside its place; it is not durable so far.
    pub(super) fn make_aside(
        &self,
        folder: &Folder,
        name: &OsStr,
        one: &Move,
    ) -> Result<Option<File>, InstallError> {
        match &one.new {
            Node::Link(target) => {
                rustix::fs::symlinkat(OsStr::from_bytes(&target.0), folder.handle(), name)?;
                Ok(None)
            }
            Node::File(new) => Ok(Some(self.stage_file(folder, name, one, new)?)),
            Node::Absent | Node::Folder(_) | Node::Special => Ok(None),
        }
    }

    fn stage_file(
        &self,
        folder: &Folder,
        name: &OsStr,
        one: &Move,
        new: &FileNode,
    ) -> Result<File, InstallError> {
        let mut file = create(folder, name)?;
        self.ground.store.copy_to(&new.blob, &mut file)?;
        let (owner, attributes) = match &one.old {
            Node::File(old) => (old.owner, &old.attributes),
            _ => (new.owner, &new.attributes),
        };
        if let Some(owner) = owner {
            install::give(&file, owner);
        }
        if matches!(one.old, Node::File(_)) {
            self.take_attributes(one, &file)?;
        } else {
            set_attributes(&file, attributes);
        }
        file.set_permissions(Permissions::from_mode(new.mode))?;
        Ok(file)
    }

    /// Those of the file that is replaced, also what only the system or an administrator may set.
    fn take_attributes(&self, one: &Move, file: &File) -> Result<(), InstallError> {
        let (folder, name) = split(&one.path);
        let folder = Folder::open(self.ground.tree, &folder).map_err(way)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        match rustix::fs::openat(folder.handle(), &name, flags, Mode::empty()) {
            Ok(old) => install::copy_attributes(&File::from(old), file),
            Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => return Err(InstallError::Moved),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn perform(&mut self, index: usize) -> Result<(), InstallError> {
        let one = &self.moves[index];
        let (path, name) = split(&one.path);
        match (&one.old, &one.new) {
            (Node::Folder(_), _) => self.remove_folder(index, &path, &name),
            (_, Node::Folder(mode)) => {
                let folder = self.ways.open(&path).map_err(way)?;
                match rustix::fs::mkdirat(folder.handle(), &name, Mode::from(0o777)) {
                    Ok(()) => self.standing[index].is_done = true,
                    // Somebody made it: as good.
                    Err(Errno::EXIST) => return Ok(()),
                    Err(error) => return Err(error.into()),
                }
                set_mode(&folder, &name, *mode)
            }
            (_, Node::Absent) => self.remove(index, &path, &name),
            (Node::Absent, _) => self.appear(index, &path, &name),
            _ => self.replace(index, &path, &name),
        }
    }

    fn remove_folder(
        &mut self,
        index: usize,
        path: &Path,
        name: &OsStr,
    ) -> Result<(), InstallError> {
        let gone = self.moves[index].path.path();
        let parent = self.ways.open(path).map_err(way)?;
        self.ways.forget(&gone);
        match rustix::fs::unlinkat(parent.handle(), name, AtFlags::REMOVEDIR) {
            Ok(()) => {
                self.standing[index].is_done = true;
                Ok(())
            }
            // Somebody put something in it. Where something else is to be, that is in the way.
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOENT) => {
                let is_needed =
                    self.moves.iter().any(|it| it.path.path() == gone && !it.new.is_absent());
                if is_needed { Err(InstallError::Moved) } else { Ok(()) }
            }
            Err(error) => Err(error.into()),
        }
    }

    fn remove(&mut self, index: usize, path: &Path, name: &OsStr) -> Result<(), InstallError> {
        let folder = self.ways.again(path)?;
        self.expect(index, &folder, name)?;
        let (aside, aside_name) = split(&self.moves[index].aside);
        let aside = self.ways.again(&aside)?;
        self.standing[index].is_begun = true;
        match rename_free((&folder, name), (&aside, &aside_name)) {
            Err(Errno::NOENT) => return Err(InstallError::Moved),
            renamed => renamed?,
        }
        if self.expect(index, &aside, &aside_name).is_err() {
            // If the name was taken again, that is the newest: what is aside would have been lost.
            let _ = rename_free((&aside, &aside_name), (&folder, name));
            return Err(InstallError::Moved);
        }
        self.displaced(index, &aside, &aside_name)
    }

    fn appear(&mut self, index: usize, path: &Path, name: &OsStr) -> Result<(), InstallError> {
        let folder = self.ways.again(path)?;
        let (aside, aside_name) = split(&self.moves[index].aside);
        let aside = self.ways.again(&aside)?;
        match rename_free((&aside, &aside_name), (&folder, name)) {
            Err(Errno::EXIST | Errno::NOENT) => Err(InstallError::Moved),
            renamed => {
                renamed?;
                self.standing[index].is_done = true;
                Ok(())
            }
        }
    }

    fn replace(&mut self, index: usize, path: &Path, name: &OsStr) -> Result<(), InstallError> {
        let folder = self.ways.again(path)?;
        let (_, aside) = split(&self.moves[index].aside);
        let Some(ours) = self.standing[index].ours else { return Err(Errno::NOENT.into()) };
        self.expect(index, &folder, name)?;
        match exchange(&folder, &aside, name) {
            Ok(()) => {}
            Err(Errno::NOENT) => return Err(InstallError::Moved),
            // What was there can be written again from the store.
            Err(error) if is_unable(error) => {
                rustix::fs::renameat(folder.handle(), &aside, folder.handle(), name)?;
                self.standing[index].is_done = true;
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        if self.expect(index, &folder, &aside).is_ok() {
            return self.displaced(index, &folder, &aside);
        }
        // What is displaced is somebody's work: should the way back fail, it must not be removed.
        let is_back = give_back(&folder, &aside, name, ours);
        self.standing[index].is_kept = !matches!(is_back, Ok(true));
        Err(InstallError::Moved)
    }

    /// Fails if what has a name is not what the move was planned for.
    fn expect(&self, index: usize, folder: &Folder, name: &OsStr) -> Result<(), InstallError> {
        let one = &self.moves[index];
        let (node, identity) = Node::read(folder, name, self.ground.store, false)?;
        let is_same = node.looks_like(&one.old) && identity == one.identity;
        if is_same { Ok(()) } else { Err(InstallError::Moved) }
    }

    fn displaced(
        &mut self,
        index: usize,
        folder: &Folder,
        name: &OsStr,
    ) -> Result<(), InstallError> {
        // From here on the move is done: what fails now is taken back.
        self.standing[index].is_done = true;
        self.standing[index].displaced = Some(changed(folder, name)?);
        Ok(())
    }

    /// Fails if somebody who had the displaced file open has written to it since.
    fn untouched(&mut self, index: usize) -> Result<(), InstallError> {
        let Some(displaced) = self.standing[index].displaced else { return Ok(()) };
        let (folder, name) = split(&self.moves[index].aside);
        let folder = self.ways.open(&folder)?;
        if changed(&folder, &name)? == displaced { Ok(()) } else { Err(InstallError::Moved) }
    }

    pub(super) fn sync_folders(&mut self) {
        let folders: BTreeSet<PathBuf> =
            self.moves.iter().map(|it| parent(&it.path.path()).to_owned()).collect();
        for folder in folders {
            if let Ok(folder) = self.ways.open(&folder) {
                folder.sync();
            }
        }
    }

    fn landed(&self) -> Vec<Landing> {
        let one =
            |it: &Move| Landing { path: it.path.path(), old: it.old.clone(), new: it.new.clone() };
        let done = self.moves.iter().zip(&self.standing).filter(|(_, it)| it.is_done);
        done.map(|(it, _)| one(it)).collect()
    }

    /// Removes what was displaced, and the record. What cannot be removed now is removed at the
    /// next start.
    pub(super) fn tidy(&mut self) {
        let mut is_tidy = true;
        for index in 0..self.moves.len() {
            is_tidy &= self.remove_aside(index).is_ok();
        }
        if is_tidy {
            self.record.tidied();
        }
    }

    pub(super) fn remove_aside(&mut self, index: usize) -> io::Result<()> {
        if self.standing[index].is_kept || !self.standing[index].is_begun {
            return Ok(());
        }
        let (folder, name) = split(&self.moves[index].aside);
        let removed = match self.ways.open(&folder) {
            // Tried again once: a file system may be short of something for a moment.
            Ok(folder) => folder.remove(&name).or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => Err(error),
                _ => folder.remove(&name),
            }),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if !super::compare::is_no_folder(&error) => Err(error),
            // Nothing is there, or no way leads there any more.
            _ => Ok(()),
        }
    }
}

/// When something last changed; no program can set that.
fn changed(folder: &Folder, name: &OsStr) -> io::Result<(i64, i64)> {
    let found = rustix::fs::statat(folder.handle(), name, AtFlags::SYMLINK_NOFOLLOW)?;
    #[allow(clippy::unnecessary_cast, reason = "the types differ from system to system")]
    Ok((found.st_ctime as i64, found.st_ctime_nsec as i64))
}

pub(super) fn create(folder: &Folder, name: &OsStr) -> Result<File, Errno> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(folder.handle(), name, flags, Mode::from(0o600)).map(File::from)
}

/// Of a folder that was just made.
pub(super) fn set_mode(
    folder: &Folder,
    name: &OsStr,
    mode: Option<u32>,
) -> Result<(), InstallError> {
    if let Some(mode) = mode {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let made = rustix::fs::openat(folder.handle(), name, flags, Mode::empty())?;
        File::from(made).set_permissions(Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// A folder on the way is gone, or is something else now.
fn way(error: io::Error) -> InstallError {
    if super::compare::is_no_folder(&error) { InstallError::Moved } else { InstallError::Io(error) }
}

fn failed(one: &Move, error: InstallError) -> ApplyError {
    let path = one.path.path().to_string_lossy().into_owned();
    match error {
        InstallError::Moved => ApplyError::Conflict { paths: vec![path] },
        InstallError::ReadOnly => ApplyError::File(FileError::ReadOnly { path }),
        InstallError::Io(source) => ApplyError::File(FileError::Io { path, source }),
    }
}
