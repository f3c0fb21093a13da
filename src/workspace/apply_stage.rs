//! What is new is made beside its place, durably, before anything in the tree changes.

use super::ApplyError;
use super::apply_landing::{Work, failed, split, way};
use super::apply_plan::Move;
use super::folder::Folder;
use super::install::{self, InstallError};
use super::store::sync_all;
use super::store_node::{FileNode, Node, set_attributes};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

/// New files that are written before they are made durable together.
const STAGED_TOGETHER: usize = 64;

impl Work<'_> {
    /// Everything that can be prepared, before anything in the tree changes.
    pub(super) fn stage_all(&mut self) -> Result<(), ApplyError> {
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
}

pub(super) fn create(folder: &Folder, name: &OsStr) -> Result<File, Errno> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(folder.handle(), name, flags, Mode::from(0o600)).map(File::from)
}
