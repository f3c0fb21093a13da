//! A patch applied by itself: what a session left pending, or anybody's. It is a session of its own
//! without a model: its decision is recorded before the first write, ended by the next start if
//! this process dies, and can be taken back by the patch that it leaves.

use super::gating::{OUTPUTS, SECOND};
use super::ground::{self, DraftPlace};
use super::journal::Journal;
use super::record::{Ledger, Record};
use super::review::{guards_of, log};
use super::{start, sweep};
use crate::agent::Out;
use crate::config::Config;
use crate::gates::{self, Known, Project};
use crate::policy::{self, Rules};
use crate::protocol::{
    Body, Change, Failure, FailureKind, Gate, GateVerdict, GateWhen, Guarded, Mode, Net,
    SessionEvent, SessionId, TreeKind, Walls,
};
use crate::session::joined::joined;
use crate::workspace::{Backing, FitError, Fitted, GitPatch, Step, Workspace, remove_all, root_of};
use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What takes back what was applied.
const UNDO: &str = "undo.patch";
/// Sessions that a sentence names.
const NAMED_MAX: usize = 5;

/// A patch that a session has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftPatch {
    pub session: SessionId,
    pub path: PathBuf,
    /// The tree that it was made in.
    pub root: PathBuf,
    /// What became of a session that was killed, a sentence each.
    pub notes: Vec<String>,
}

/// What the session with this id left, or the only one whose id begins so: what was pending, or of
/// a patch that was applied what takes it back.
///
/// # Errors
///
/// There is no such session, there are several, it still runs, or it left nothing.
pub fn left_by(state: &Path, named: &str) -> Result<LeftPatch, Failure> {
    let all = sessions(state);
    let mut meant: Vec<&PathBuf> = all.iter().filter(|it| name(it).starts_with(named)).collect();
    if let Some(exact) = meant.iter().position(|it| name(it) == named) {
        meant = vec![meant[exact]];
    }
    match meant[..] {
        [session] => left(session),
        [] => Err(failed(
            format!("there is no session `{named}`, and no file of that name"),
            "brisk apply --last takes the newest session here that left something",
        )),
        _ => {
            let names: Vec<String> = meant.iter().take(NAMED_MAX).map(|it| name(it)).collect();
            let names = names.join(", ");
            Err(failed(format!("`{named}` may be {names}"), "write more of the id"))
        }
    }
}

/// What the newest session in this tree that left something has left.
///
/// # Errors
///
/// None did.
pub fn last_left(state: &Path, root: &Path) -> Result<LeftPatch, Failure> {
    let is_here = |session: &PathBuf| {
        let is_left = ground::pending_patch(session).exists() || ground::is_unfinished(session);
        is_left
            && !sweep::is_live(session)
            && sweep::tree_of(session).is_some_and(|(folder, _)| folder == root)
    };
    let newest = sessions(state).into_iter().rev().filter(is_here);
    // Of a killed one it is known only afterwards.
    newest.map(|session| left(&session)).find(Result::is_ok).unwrap_or_else(|| {
        let root = root.display();
        Err(failed(
            format!("no session in {root} left anything"),
            "brisk apply FILE takes any patch",
        ))
    })
}

/// Oldest first.
fn sessions(state: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(state.join("sessions"));
    let mut found: Vec<PathBuf> =
        found.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.sort();
    found
}

fn name(session: &Path) -> String {
    session.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn left(session: &Path) -> Result<LeftPatch, Failure> {
    let id = name(session);
    if sweep::is_live(session) {
        return Err(failed(
            format!("session {id} still runs"),
            "decide on its changes there, or end it first",
        ));
    }
    let Some((root, _)) = sweep::tree_of(session) else {
        return Err(failed(
            format!("session {id} has no journal that can be read"),
            "if its folder holds a patch, name that file",
        ));
    };
    let mut notes = Vec::new();
    if ground::is_unfinished(session) {
        notes = sweep::recover(session.parent().unwrap_or(session), &root);
    }
    let patches = [ground::pending_patch(session), session.join(UNDO)];
    let path = patches.into_iter().find(|path| path.exists()).ok_or_else(|| {
        failed(format!("session {id} left nothing to apply"), "its folder holds its journal only")
    })?;
    Ok(LeftPatch { session: SessionId(id), path, root, notes })
}

fn failed(message: String, hint: &str) -> Failure {
    Failure { kind: FailureKind::Local, message, hint: Some(hint.to_owned()) }
}

/// A patch that is being applied. Until something is written it leaves nothing behind.
pub struct Applying {
    pub id: SessionId,
    /// What an earlier session left half done, a sentence each.
    pub notes: Vec<String>,
    config: Arc<Config>,
    folder: PathBuf,
    workspace: Workspace,
    place: DraftPlace,
    /// Held from the first write on.
    begun: Option<(File, Arc<Record>)>,
}

impl Applying {
    /// `entry`: the brisk program. Ends first what sessions here left half done.
    ///
    /// # Errors
    ///
    /// The configured folder cannot be used.
    pub fn open(config: Arc<Config>, entry: &Path) -> Result<Applying, Failure> {
        let (id, state) = (start::new_id(), &config.paths.state);
        let folder = state.join("sessions").join(&id.0);
        let opened = root_of(config.folder()).and_then(|root| {
            let notes = sweep::recover(&state.join("sessions"), &root);
            let scratch = folder.join(sweep::COPY);
            Ok((Workspace::open(config.folder(), Backing::InPlace, &scratch)?, notes))
        });
        let (workspace, notes) = opened.map_err(|error| {
            failed(error.to_string(), "start brisk in a folder that exists and can be read")
        })?;
        let place = DraftPlace::new(&config, config.folder(), entry, &folder);
        Ok(Applying { id, notes, config, folder, workspace, place, begun: None })
    }

    pub fn root(&self) -> &Path {
        self.workspace.root()
    }

    /// The parts with these numbers, or all, held against the tree.
    pub fn fit(
        &self,
        patch: &GitPatch,
        parts: Option<&BTreeSet<usize>>,
    ) -> Result<Fitted, FitError> {
        self.workspace.fit(patch, parts)
    }

    /// What in it always needs a human.
    pub fn guards(&self, fitted: &Fitted) -> Vec<Guarded> {
        let changed = fitted.files.iter().filter(|file| file.contents.0 != file.contents.1);
        let of = changed.flat_map(|it| guards_of(&it.change, &it.contents, &self.config.guards));
        let changes: Vec<Change> = fitted.files.iter().map(|file| file.change.clone()).collect();
        of.chain(policy::large(&changes)).collect()
    }

    /// Runs the project's checks on the tree as it would be, in a draft of their own. `shown` gets
    /// the commands before the first of them runs.
    ///
    /// # Errors
    ///
    /// No draft can be had: a sentence.
    pub async fn gates(
        &mut self,
        fitted: &Fitted,
        shown: impl FnOnce(&[Gate]),
    ) -> Result<Vec<GateVerdict>, Failure> {
        self.begin()?;
        let (place, config) = (self.place.clone(), Arc::clone(&self.config));
        let (selected, root) = (fitted.selected.clone(), self.root().to_owned());
        let opened = tokio::task::spawn_blocking(move || {
            let (workspace, mount) = place.open(SECOND).map_err(|error| error.to_string())?;
            workspace.hold(&selected).map_err(|error| error.to_string())?;
            let changed: Vec<PathBuf> = selected.into_iter().map(|one| one.path).collect();
            let env = config.child_env();
            let known = Known::open(&config.paths.state, &root);
            let project = Project { root: workspace.work_root(), changed: &changed, env: &env };
            let plan = gates::plan(&project, &config.gates(), &known);
            let place = gates::Place {
                folder: workspace.shell_root().to_owned(),
                reach: workspace.work_root().to_owned(),
                prefix: mount.prefix(),
                env,
                outputs: ground::scratch(&place.session).join(OUTPUTS),
            };
            Ok::<_, String>((plan, place, workspace, mount))
        });
        let opened = joined(opened).await;
        let (plan, place, workspace, mount) = opened.map_err(|why| Failure {
            kind: FailureKind::Draft,
            message: format!("no gate ran: {why}"),
            hint: Some("brisk doctor says why no draft can be had; or use --gates off".to_owned()),
        })?;
        let gates: Vec<Gate> = plan.at(GateWhen::Apply).cloned().collect();
        shown(&gates);
        let verdicts = gates::run(&gates, &place, std::future::pending(), |_| {}).await;
        drop(tokio::task::spawn_blocking(move || drop((workspace, mount))).await);
        Ok(verdicts)
    }

    /// Brings it into the tree: all of it, or nothing. The paths that were written, sorted.
    ///
    /// # Errors
    ///
    /// What was to land is not recorded, or the tree has changed since it was held against it.
    pub async fn land(&mut self, fitted: &Fitted) -> Result<Vec<String>, Failure> {
        let record = self.begin()?;
        let whole = |error: &dyn std::fmt::Display| {
            failed(
                format!("nothing was applied: {error}"),
                "free some space in brisk's state folder",
            )
        };
        record.sync().await.map_err(|error| whole(&error))?;
        let undo = self.folder.join(UNDO);
        write(&undo, &fitted.undo).map_err(|error| whole(&error))?;
        let mut note = |step: &Step| log(&record, step);
        let landed = self.workspace.land(&fitted.selected, &mut note);
        let landed = landed.map_err(|error| {
            // Without it there is nothing to take back.
            let _ = fs::remove_file(&undo);
            failed(error.to_string(), "look at what changed, and try again")
        })?;
        let shown = landed.paths.iter().map(|path| path.to_string_lossy().into_owned());
        Ok(shown.collect())
    }

    /// Makes the session's folder, with its journal.
    fn begin(&mut self) -> Result<Arc<Record>, Failure> {
        if let Some((_, record)) = &self.begun {
            return Ok(Arc::clone(record));
        }
        let (state, root) = (&self.config.paths.state, self.workspace.root());
        let no_state = |error: io::Error| start::no_state(&self.folder, &error);
        start::session_folder(state, &self.id, false).map_err(no_state)?;
        let lock = sweep::hold(&self.folder).map_err(no_state)?;
        fs::create_dir_all(self.folder.join(sweep::COPY)).map_err(no_state)?;
        let journal = Journal::create(&self.folder.join("journal.jsonl")).map_err(no_state)?;
        let ledger = Ledger { path: None, services: HashMap::new() };
        let record = Arc::new(Record::new(journal, ledger, Rules::default()));
        record.emit(Body::Session(SessionEvent::Started {
            session: self.id.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            folder: root.display().to_string(),
            tree: TreeKind::InPlace,
            walls: Walls::None,
            net: Net::Open,
            mode: Mode::Confirm,
            model: "none".to_owned(),
            window: 0,
            budget: self.config.budget,
        }));
        self.begun = Some((lock, Arc::clone(&record)));
        Ok(record)
    }
}

impl Drop for Applying {
    fn drop(&mut self) {
        let Some((lock, record)) = self.begun.take() else { return };
        record.emit(Body::Session(SessionEvent::Ended));
        ground::remove_drafts(&self.folder);
        if !self.folder.join(UNDO).exists() {
            // Nothing came of it.
            remove_all(&self.folder);
        }
        drop(lock);
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)?;
    File::open(path)?.sync_all()
}
