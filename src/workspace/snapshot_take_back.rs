//! In place: what a command changed, shown like a draft's changes, and taken back by parts.

use super::apply::with_executable;
use super::apply_landing::{Landing, Step, land};
use super::apply_plan::{Move, parent};
use super::apply_record::Record;
use super::compare::Side as Half;
use super::compare::{Difference, SHOWN_BYTES_MAX, large};
use super::decision::{Applied, paths_of};
use super::draft_decide::merged;
use super::draft_select::{self, select};
use super::git::Repository;
use super::install::beside_name;
use super::snapshot::{Advance, Snapshot, Touched, Watched, side};
use super::store_node::{FileNode, Node, Raw};
use super::{ApplyError, FileError, PickError, Side, Workspace, WorkspaceError};
use crate::protocol::{Author, Change, ChangeKind, Pick};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// What is known of a tree that is worked on in place.
#[derive(Debug, Default)]
pub(super) struct Watch {
    snapshot: Option<Snapshot>,
    /// What the last commands changed, as it was shown.
    shown: Vec<(Change, Touched)>,
    /// Folders that commands made.
    made: BTreeSet<PathBuf>,
}

type Folders = BTreeMap<PathBuf, u32>;

/// Changes that can be taken back; of more the oldest cannot be any more, but by an undo.
const SHOWN_MAX: usize = 10_000;

impl Workspace {
    /// In place: takes the tree as it is for what the next command starts from. To be called before
    /// a command; the first time it may take as long as reading what git does not have. Elsewhere:
    /// nothing.
    pub fn watch(&self) -> Result<(), WorkspaceError> {
        self.with_watch(Snapshot::update).map(|_| ())
    }

    /// In place: what changed since the last look, by this author's doing, sorted by path. It can be
    /// taken back, at once or by an undo. Elsewhere, or without `watch`: nothing.
    pub fn scan(&self, by: &Author) -> Result<Vec<Change>, WorkspaceError> {
        let is_watched = self.desk.watch().snapshot.is_some();
        if !is_watched {
            return Ok(Vec::new());
        }
        let touched = self.with_watch(Snapshot::advance)?;
        let Advance { touched, came, went } = touched.unwrap_or_default();
        let failed = |source| WorkspaceError::Io { path: self.root.clone(), source };
        self.record(&touched, &came, &went).map_err(failed)?;
        let mut bytes_left = SHOWN_BYTES_MAX;
        let mut changes = Vec::new();
        for one in touched {
            let mut change = self.change(&one, &mut bytes_left).map_err(failed)?;
            change.by = vec![by.clone()];
            changes.push((change, one));
        }
        let mut watch = self.desk.watch();
        watch.shown.extend(changes.iter().cloned());
        watch.made.extend(came.into_keys());
        let surplus = watch.shown.len().saturating_sub(SHOWN_MAX);
        watch.shown.drain(..surplus);
        Ok(changes.into_iter().map(|(change, _)| change).collect())
    }

    /// In place: takes parts of what `scan` has shown back, all of them or nothing.
    pub fn take_back(
        &self,
        picks: &[Pick],
        log: &mut dyn FnMut(&Step) -> io::Result<()>,
    ) -> Result<Applied, ApplyError> {
        let ground = self.desk.ground(&self.root).map_err(ApplyError::Record)?;
        let mut landings = Vec::new();
        for pick in merged(picks) {
            let found = self.desk.watch().shown.iter().rev().find(|it| it.0.id == pick.id).cloned();
            let (change, one) = found.ok_or(PickError::Moved { path: None })?;
            let landing = self.reverse(&change, &one, &pick)?;
            landings.push(landing);
        }
        let made = self.desk.watch().made.clone();
        let landed = land(ground, landings, &|folder| !made.contains(folder), log)?;
        let paths = paths_of(&landed);
        let mut watch = self.desk.watch();
        if let Some(snapshot) = &mut watch.snapshot {
            paths.iter().for_each(|path| snapshot.wrote(&ground, path));
        }
        watch.shown.retain(|(change, _)| !picks.iter().any(|pick| pick.id == change.id));
        Ok(Applied { paths })
    }

    fn reverse(&self, change: &Change, one: &Touched, pick: &Pick) -> Result<Landing, ApplyError> {
        let failed = |source| ApplyError::File(FileError::Io { path: change.path.clone(), source });
        let unkept = || PickError::Unkept { path: change.path.clone() };
        let old = one.old.clone().ok_or_else(unkept)?;
        let (path, new) = (one.path.clone(), one.new.clone());
        if pick.hunks.is_none() {
            return Ok(Landing { path, old: new, new: old });
        }
        let whole = || PickError::Whole { path: change.path.clone() };
        let difference = self.difference(one).map_err(failed)?.ok_or_else(whole)?;
        let rest = select(&difference, pick, draft_select::Half::Rest)?;
        let wanted = match rest {
            Half::Absent | Half::Other => Node::Absent,
            Half::Link(target) => Node::Link(Raw(target)),
            Half::File { bytes, executable } => {
                let of =
                    |node: &Node| if let Node::File(file) = node { Some(file.mode) } else { None };
                let mode = of(&new).or(of(&old)).unwrap_or(0o644);
                let blob = self.desk.store().and_then(|store| store.put(&bytes)).map_err(failed)?;
                let mode = with_executable(mode, executable);
                Node::File(FileNode { blob, mode, owner: None, attributes: Vec::new() })
            }
        };
        Ok(Landing { path, old: new, new: wanted })
    }

    fn difference(&self, one: &Touched) -> io::Result<Option<Difference>> {
        let store = self.desk.store()?;
        let Some(old) = &one.old else { return Ok(None) };
        let is_kept = !matches!(&one.new, Node::File(file) if !store.has(&file.blob));
        let (old, new) = (side(old, store)?, side(&one.new, store).ok().flatten());
        let (Some(old), Some(new), true) = (old, new, is_kept) else { return Ok(None) };
        let path = one.path.clone();
        Ok(Some(Difference { path, from: None, old, new, is_conflict: false }))
    }

    fn change(&self, one: &Touched, bytes_left: &mut u64) -> io::Result<Change> {
        if let Some(difference) = self.difference(one)? {
            return Ok(difference.change(bytes_left));
        }
        let kind = match (&one.old, &one.new) {
            (_, Node::Absent) => ChangeKind::Deleted,
            (Some(Node::Absent), _) => ChangeKind::Created,
            _ => ChangeKind::Modified,
        };
        let mut change = Change::new(one.path.to_string_lossy(), kind, Vec::new());
        let bytes = if let Node::File(file) = &one.new { file.blob.bytes } else { 0 };
        let facts = [format!("{:?}", one.old), format!("{:?}", one.new), change.path.clone()];
        let facts: Vec<&[u8]> = facts.iter().map(String::as_bytes).collect();
        change.id = super::draft::id_of(&facts);
        change.note = Some(match one.old {
            Some(_) => large(bytes),
            None => "what it was is not kept: it cannot be taken back".to_owned(),
        });
        Ok(change)
    }

    /// As if it were a decision: an undo takes it back.
    fn record(&self, touched: &[Touched], came: &Folders, went: &Folders) -> io::Result<()> {
        let one = |path: &Path, old: Node, new: Node| {
            let aside = Raw::of(&parent(path).join(beside_name()));
            Move { path: Raw::of(path), aside, old, new, identity: None }
        };
        let folder = |mode: &u32| Node::Folder(Some(*mode));
        let went = went.iter().map(|(path, mode)| one(path, folder(mode), Node::Absent));
        let came = came.iter().map(|(path, mode)| one(path, Node::Absent, folder(mode)));
        let files = touched.iter().filter_map(|it| Some((it, it.old.clone()?)));
        let (gone, rest): (Vec<_>, Vec<_>) = files.partition(|(it, _)| it.new.is_absent());
        let file = |(it, old): (&Touched, Node)| one(&it.path, old, it.new.clone());
        let gone = gone.into_iter().map(file);
        let moves: Vec<Move> =
            gone.chain(went.rev()).chain(came).chain(rest.into_iter().map(file)).collect();
        if moves.is_empty() {
            return Ok(());
        }
        let ground = self.desk.ground(&self.root)?;
        Record::deed(ground.state, &moves)
    }

    fn with_watch<T>(
        &self,
        look: impl FnOnce(&mut Snapshot, Watched<'_>) -> Result<T, WorkspaceError>,
    ) -> Result<Option<T>, WorkspaceError> {
        if !matches!(self.side, Side::InPlace) {
            return Ok(None);
        }
        let failed = |source| WorkspaceError::Io { path: self.desk.folder().to_owned(), source };
        let ground = self.desk.ground(&self.root).map_err(failed)?;
        let repository = Repository::find(&self.root).filter(|it| it.top == self.root);
        let watched = Watched { ground, scratch: &self.scratch, repository: repository.as_ref() };
        let mut watch = self.desk.watch();
        look(watch.snapshot.get_or_insert_default(), watched).map(Some)
    }

    /// In place: what brisk writes is not the next command's doing.
    pub(super) fn wrote(&self, path: &Path) {
        if let (Some(snapshot), Ok(ground)) =
            (&mut self.desk.watch().snapshot, self.desk.ground(&self.root))
        {
            snapshot.wrote(&ground, path);
        }
    }
}
