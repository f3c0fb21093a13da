//! Checkpoints: what draft and tree were at a moment, and the ways between these moments. Of the
//! tree only what brisk itself has written counts: it is taken back by landing the reverse, and
//! refused where the user has changed it since. Git's own files are never touched.

use super::apply_landing::land;
use super::apply_record::Record;
use super::checkpoint_restore::{differs, restore};
use super::checkpoint_upper::{Captured, capture};
use super::decision::paths_of;
use super::draft::Draft;
use super::store::{Blob, write_whole};
use super::{ApplyError, CheckpointError, Side, Workspace};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::PoisonError;

/// Checkpoints of a session; the oldest go first.
pub const CHECKPOINTS_MAX: usize = 1_000;
const TIMELINE: &str = "checkpoints.json";
/// Says that the draft is on its way to a checkpoint.
const RESTORING: &str = "restoring.json";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CheckpointId(pub u64);

/// A checkpoint that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub id: CheckpointId,
    /// Paths of the draft that it does not have: large ignored folders, what cannot be read. They
    /// stay as they are when it is gone back to.
    pub left: Vec<String>,
}

/// What an undo, a redo or a rewind did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    /// The label of the checkpoint that the way began or ended at.
    pub what: String,
    /// Paths of the tree that were written, sorted.
    pub paths: Vec<PathBuf>,
    /// Paths of the draft that stayed as they are.
    pub left: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// None: there is no draft.
    draft: Option<Captured>,
    bases: Option<Blob>,
    /// The last decision that had landed.
    landed: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Point {
    id: CheckpointId,
    label: String,
    state: State,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Timeline {
    next: u64,
    points: Vec<Point>,
    /// Where an undo, redo or rewind led to, and what was there then: as long as it is so, the way
    /// goes on from there.
    at: Option<(usize, State)>,
}

impl State {
    fn is(&self, other: &State) -> bool {
        self.draft == other.draft && self.landed == other.landed
    }
}

impl Timeline {
    fn push(&mut self, label: &str, state: State) -> CheckpointId {
        self.next += 1;
        let id = CheckpointId(self.next);
        self.points.push(Point { id, label: label.to_owned(), state });
        if self.points.len() > CHECKPOINTS_MAX {
            self.points.remove(0);
        }
        id
    }

    /// Where we are; what came after a place that was left for something new is given up.
    fn here(&mut self, now: &State) -> usize {
        match self.at.take() {
            Some((index, state)) if state.is(now) => {
                self.at = Some((index, state));
                return index;
            }
            Some((index, _)) => self.points.truncate(index + 1),
            None => {}
        }
        self.push("", now.clone());
        self.points.len() - 1
    }
}

impl Workspace {
    /// Remembers tree and draft as they are. `label` names what comes next: the turn, the decision.
    pub fn checkpoint(&self, label: &str) -> Result<Checkpoint, CheckpointError> {
        let now = self.state()?;
        let mut timeline = self.timeline()?;
        if let Some((index, _)) = timeline.at.take() {
            timeline.points.truncate(index + 1);
        }
        let left = now.draft.as_ref().map(|draft| draft.left.clone()).unwrap_or_default();
        let id = timeline.push(label, now);
        self.keep(&timeline)?;
        Ok(Checkpoint { id, left })
    }

    /// Back to the last checkpoint that differs from what is there now.
    pub fn undo(&self) -> Result<Undone, CheckpointError> {
        let now = self.state()?;
        let mut timeline = self.timeline()?;
        let here = timeline.here(&now);
        let there = self.first_other(&now, timeline.points[..here].iter().rev())?;
        let there = there.ok_or(CheckpointError::NothingToUndo)?;
        let there = here - 1 - there;
        let what = timeline.points[there].label.clone();
        self.go(timeline, there, &now, what)
    }

    /// Forth again, as long as nothing was done after the undo.
    pub fn redo(&self) -> Result<Undone, CheckpointError> {
        let now = self.state()?;
        let timeline = self.timeline()?;
        let here =
            timeline.at.as_ref().filter(|(_, state)| state.is(&now)).map(|(index, _)| *index);
        let here = here.ok_or(CheckpointError::NothingToRedo)?;
        let there = self.first_other(&now, timeline.points[here..].iter())?;
        let there = there.ok_or(CheckpointError::NothingToRedo)? + here;
        let what = timeline.points[here].label.clone();
        self.go(timeline, there, &now, what)
    }

    /// Back to a checkpoint. `undo` comes back from there.
    pub fn restore(&self, id: CheckpointId) -> Result<Undone, CheckpointError> {
        let now = self.state()?;
        let mut timeline = self.timeline()?;
        let found = timeline.points.iter().find(|point| point.id == id);
        let point = found.ok_or(CheckpointError::Unknown(id.0))?.clone();
        let here = timeline.here(&now);
        timeline.points.truncate(here + 1);
        timeline.push(&point.label, point.state);
        let there = timeline.points.len() - 1;
        self.go(timeline, there, &now, point.label)
    }

    /// The first point where something is to be seen that is not there now.
    fn first_other<'a>(
        &self,
        now: &State,
        points: impl Iterator<Item = &'a Point>,
    ) -> Result<Option<usize>, CheckpointError> {
        for (index, point) in points.enumerate() {
            if self.is_other(now, &point.state).map_err(CheckpointError::Store)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn is_other(&self, now: &State, there: &State) -> io::Result<bool> {
        let ground = self.desk.ground(&self.root)?;
        if !Record::way_back(ground.state, there.landed)?.is_empty() {
            return Ok(true);
        }
        match (&self.side, &now.draft, &there.draft) {
            (Side::Draft(side), Some(now), Some(there)) if now != there => {
                differs(ground.store, ground.tree, &side.layer.merged, now, there)
            }
            _ => Ok(false),
        }
    }

    fn go(
        &self,
        mut timeline: Timeline,
        there: usize,
        now: &State,
        what: String,
    ) -> Result<Undone, CheckpointError> {
        let wanted = timeline.points[there].state.clone();
        let ground = self.desk.ground(&self.root).map_err(CheckpointError::Store)?;
        let way = Record::way_back(ground.state, wanted.landed).map_err(CheckpointError::Store)?;
        let marker = self.desk.folder().join(RESTORING);
        if wanted.draft.is_some() {
            let bytes =
                serde_json::to_vec(&wanted).map_err(|it| CheckpointError::Store(it.into()))?;
            write_whole(&marker, &bytes).map_err(CheckpointError::Store)?;
        }
        let landed = land(ground, way, &|_| true, &mut |_| Ok(()));
        let landed = landed.map_err(|error| {
            let _ = fs::remove_file(&marker);
            match error {
                ApplyError::Conflict { paths } => CheckpointError::Changed { paths },
                error => CheckpointError::Tree(error),
            }
        })?;
        let paths = paths_of(&landed);
        let mut left = Vec::new();
        if let (Side::Draft(draft), Some(captured)) = (&self.side, &wanted.draft) {
            self.bring_back(draft, now.draft.as_ref(), captured, &wanted)
                .map_err(CheckpointError::Draft)?;
            let _ = draft.rebase(&paths);
            left.clone_from(&captured.left);
            let _ = fs::remove_file(&marker);
        }
        timeline.at = Some((there, self.state()?));
        self.keep(&timeline)?;
        Ok(Undone { what, paths, left })
    }

    fn bring_back(
        &self,
        draft: &Draft,
        now: Option<&Captured>,
        captured: &Captured,
        wanted: &State,
    ) -> io::Result<()> {
        let store = self.desk.store()?;
        let now = match now {
            Some(now) => now.clone(),
            None => self.captured(draft)?,
        };
        restore(store, &self.root, &draft.layer.merged, &now, captured)?;
        match &wanted.bases {
            Some(bases) => draft.set_bases(&store.get(bases)?),
            None => Ok(()),
        }
    }

    /// Ends the way to a checkpoint that an earlier process has begun, if the tree is there already.
    pub(super) fn finish_restoring(&self, draft: &Draft) -> io::Result<Option<String>> {
        let marker = self.desk.folder().join(RESTORING);
        let bytes = match fs::read(&marker) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes?,
        };
        let wanted: State = serde_json::from_slice(&bytes)?;
        let ground = self.desk.ground(&self.root)?;
        let mut told = "brisk ended while it went back to a checkpoint: nothing was changed";
        if let Some(captured) = &wanted.draft
            && Record::way_back(ground.state, wanted.landed)?.is_empty()
        {
            self.bring_back(draft, None, captured, &wanted)?;
            told = "brisk ended while it went back to a checkpoint: the rest was done now";
        }
        fs::remove_file(&marker)?;
        Ok(Some(told.to_owned()))
    }

    fn captured(&self, draft: &Draft) -> io::Result<Captured> {
        let store = self.desk.store()?;
        let mut known = self.desk.known.lock().unwrap_or_else(PoisonError::into_inner);
        capture(draft.sides(), store, &mut known)
    }

    fn state(&self) -> Result<State, CheckpointError> {
        let state = || -> io::Result<State> {
            let ground = self.desk.ground(&self.root)?;
            let (mut draft, mut bases) = (None, None);
            if let Side::Draft(side) = &self.side {
                draft = Some(self.captured(side)?);
                bases = Some(ground.store.put(&side.bases()?)?);
            }
            Ok(State { draft, bases, landed: Record::last(ground.state)? })
        };
        state().map_err(CheckpointError::Store)
    }

    fn timeline(&self) -> Result<Timeline, CheckpointError> {
        let read = || -> io::Result<Timeline> {
            match fs::read(self.desk.folder().join(TIMELINE)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Timeline::default()),
                bytes => Ok(serde_json::from_slice(&bytes?)?),
            }
        };
        read().map_err(CheckpointError::Store)
    }

    fn keep(&self, timeline: &Timeline) -> Result<(), CheckpointError> {
        let write = || -> io::Result<()> {
            write_whole(&self.desk.folder().join(TIMELINE), &serde_json::to_vec(timeline)?)
        };
        write().map_err(CheckpointError::Store)
    }
}
