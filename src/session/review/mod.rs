//! The draft as the session minds it: kept fresh, compared after every command, decided on, taken
//! back. One thing at a time; what differs is kept for whoever draws.

mod in_place;
mod way_back;

use super::ground::{self, Ground};
use super::record::Record;
use super::shells::Shells;
use crate::agent::{Draft, Out, Wait};
use crate::code;
use crate::policy;
use crate::protocol::{
    Author, Body, Change, ChangeId, Decision, DraftEvent, FileSummary, GuardPaths, Guarded, Keep,
    NoticeLevel, Pick, TreeKind, TurnId,
};
use crate::sandbox::Mount;
use crate::session::joined::joined;
use crate::workspace::{CheckpointId, Contents, Freshness, Step, Workspace};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

/// Paths that a sentence names.
const PATHS_MAX: usize = 5;

pub(super) struct Review {
    pub(super) workspace: Arc<Workspace>,
    mount: Mutex<Option<Arc<Mount>>>,
    record: Arc<Record>,
    shells: OnceLock<Arc<Shells>>,
    guards: Vec<GuardPaths>,
    /// Held while the draft or the tree is changed or compared.
    work: tokio::sync::Mutex<()>,
    inner: Mutex<Inner>,
}

struct Inner {
    revision: u64,
    changes: Arc<Vec<Change>>,
    /// Of each change that there is.
    guards: BTreeMap<ChangeId, Vec<Guarded>>,
    guarded: Vec<Guarded>,
    /// When the draft last showed the tree as it was.
    fresh: SystemTime,
    /// What there was before each turn.
    turns: BTreeMap<TurnId, CheckpointId>,
    /// Ways back that the next undos would take back, the newest last; anything new ends them.
    rewinds: Vec<TurnId>,
    /// Of each undo that a redo would do again: the way back that it took back.
    undone: Vec<Option<TurnId>>,
    told_of_commits: bool,
}

impl Review {
    pub(super) fn new(ground: Ground, record: Arc<Record>, guards: Vec<GuardPaths>) -> Review {
        let inner = Inner {
            revision: 0,
            changes: Arc::default(),
            guards: BTreeMap::new(),
            guarded: Vec::new(),
            fresh: SystemTime::now(),
            turns: BTreeMap::new(),
            rewinds: Vec::new(),
            undone: Vec::new(),
            told_of_commits: false,
        };
        Review {
            workspace: ground.workspace,
            mount: Mutex::new(ground.mount.map(Arc::new)),
            record,
            shells: OnceLock::new(),
            guards,
            work: tokio::sync::Mutex::default(),
            inner: Mutex::new(inner),
        }
    }

    pub(super) fn attach(&self, shells: Arc<Shells>) {
        // There is one session, and it attaches once.
        let _ = self.shells.set(shells);
    }

    pub(super) fn changes(&self) -> (u64, Arc<Vec<Change>>) {
        let inner = self.lock();
        (inner.revision, Arc::clone(&inner.changes))
    }

    pub(super) fn guarded(&self) -> Vec<Guarded> {
        self.lock().guarded.clone()
    }

    /// Draft against tree, without the lines.
    pub(super) fn files(&self) -> Vec<FileSummary> {
        self.changes().1.iter().map(Change::summary).collect()
    }

    /// Compares anew, and says what differs if that is news.
    pub(super) async fn refresh(&self, author: Option<Author>) {
        let _work = self.work.lock().await;
        self.compare(author).await;
    }

    async fn compare(&self, author: Option<Author>) {
        if self.workspace.kind() == TreeKind::InPlace {
            return self.scan(author).await;
        }
        let compared = self.blocking(move |workspace| {
            if let Some(author) = author {
                workspace.authored(&author)?;
            }
            workspace.changes()
        });
        match compared.await {
            Ok(changes) => {
                self.show(changes);
                self.guard().await;
            }
            Err(error) => self.record.notice(NoticeLevel::Error, error.to_string(), None),
        }
    }

    /// A commit that was made in the draft stays there: said once, to the user and to the model.
    async fn mind_commits(&self) {
        if self.lock().told_of_commits {
            return;
        }
        let made = self.blocking(Workspace::commits_inside).await;
        let Some(subject) = made.last() else { return };
        self.lock().told_of_commits = true;
        self.record.notice(
            NoticeLevel::Warning,
            format!("a commit was made in the draft, which is never applied: {subject}"),
            Some("accept the changes, then /commit makes a real one"),
        );
        self.record.tell(format!(
            "Your commit \"{subject}\" is in the draft alone: .git there is thrown away with it. Do not \
             commit; the user accepts the changes and makes the real commit with /commit."
        ));
    }

    fn show(&self, changes: Vec<Change>) {
        let files = changes.iter().map(Change::summary).collect();
        let revision = {
            let mut inner = self.lock();
            if *inner.changes == changes {
                return;
            }
            inner.revision += 1;
            inner.changes = Arc::new(changes);
            inner.revision
        };
        self.record.emit(Body::Draft(DraftEvent::Changed { revision, files }));
    }

    /// Looks at what no guard has looked at so far.
    async fn guard(&self) {
        let (changes, known) = {
            let inner = self.lock();
            let known: BTreeSet<ChangeId> = inner.guards.keys().cloned().collect();
            (Arc::clone(&inner.changes), known)
        };
        let (all, configured) = (Arc::clone(&changes), self.guards.clone());
        let found = self.blocking(move |workspace| {
            let new = all.iter().filter(|change| !known.contains(&change.id));
            new.map(|change| (change.id.clone(), judge(workspace, change, &configured)))
                .collect::<Vec<_>>()
        });
        let found = found.await;
        let guards = {
            let mut inner = self.lock();
            inner.guards.extend(found);
            inner.guards.retain(|id, _| changes.iter().any(|change| change.id == *id));
            let of = changes.iter().filter_map(|change| inner.guards.get(&change.id));
            let guards: Vec<Guarded> =
                of.flatten().cloned().chain(policy::large(&changes)).collect();
            if guards == inner.guarded {
                return;
            }
            inner.guarded.clone_from(&guards);
            guards
        };
        self.record.emit(Body::Draft(DraftEvent::Guarded { guards }));
    }

    /// Lets the user's own changes of the tree show in the draft.
    pub(super) async fn freshen(&self) {
        let (Some(mount), Some(shells)) = (self.mount(), self.shells.get()) else { return };
        let _work = self.work.lock().await;
        let (idle, since) = (shells.idle(), self.lock().fresh);
        let moment = SystemTime::now();
        let carried = self.blocking(move |workspace| {
            let is_free = mount.guests().iter().all(|guest| idle.contains(guest));
            if is_free {
                mount.remount().map_err(|error| error.to_string())?;
            }
            let freshness = if is_free { Freshness::Remounted } else { Freshness::Stale { since } };
            let mut carried = workspace.sync(freshness).map_err(|error| error.to_string())?;
            if carried.must_remount {
                // What runs keeps what it has open, and sees the rest anew.
                mount.remount().map_err(|error| error.to_string())?;
                let again = workspace.sync(Freshness::Remounted);
                carried = again.map_err(|error| error.to_string())?;
            }
            Ok::<_, String>(carried)
        });
        match carried.await {
            Ok(carried) => {
                shells.reenter();
                self.lock().fresh = moment;
                for failed in carried.failed {
                    self.record.notice(NoticeLevel::Warning, failed, None);
                }
                if !carried.conflicts.is_empty() {
                    self.record.notice(
                        NoticeLevel::Warning,
                        format!(
                            "changed in the tree and in the draft: {}",
                            list(&carried.conflicts)
                        ),
                        Some("the diff pane shows both sides; keep one of them there"),
                    );
                }
                if !carried.paths.is_empty() || !carried.merged.is_empty() {
                    let told: Vec<String> =
                        carried.paths.iter().chain(&carried.merged).cloned().collect();
                    self.record.tell(format!("The user changed in the tree: {}", list(&told)));
                    let (paths, merged) = (carried.paths, carried.merged);
                    self.record.emit(Body::Draft(DraftEvent::Carried { paths, merged }));
                }
            }
            Err(error) => self.record.notice(NoticeLevel::Error, error, None),
        }
        self.compare(None).await;
    }

    /// Does what the user decided: what is accepted goes into the tree, all of it or nothing; what is
    /// rejected is taken back. Err: a sentence; nothing was done.
    pub(super) async fn decide(&self, decision: Decision) -> Result<(), String> {
        let _work = self.work.lock().await;
        self.may(&decision)?;
        self.record.sync().await?;
        let (accepted, rejected) = (decision.accept.len(), decision.reject.len());
        if accepted + rejected > 0 {
            self.checkpoint(label(accepted, rejected)).await;
        }
        let picked = self.named(&decision.accept);
        let taken_back = self.named(&decision.reject);
        let record = Arc::clone(&self.record);
        let picks = decision.clone();
        let in_place = self.workspace.kind() == TreeKind::InPlace;
        let mut remount = self.remount();
        let done = self.blocking(move |workspace| {
            let mut log = |step: &Step| log(&record, step);
            if in_place {
                if !picks.reject.is_empty() {
                    let taken = workspace.take_back(&picks.reject, &mut log);
                    taken.map_err(|error| error.to_string())?;
                }
                return Ok(());
            }
            if !picks.accept.is_empty() {
                let applied = workspace.accept(&picks.accept, &mut log);
                if applied.map_err(|error| error.to_string())?.must_remount {
                    remount().map_err(|error| error.to_string())?;
                }
            }
            if !picks.reject.is_empty() {
                workspace.reject(&picks.reject).map_err(|error| error.to_string())?;
            }
            Ok::<_, String>(())
        });
        let done = done.await;
        if done.is_ok() {
            if in_place {
                self.settled(&decision.accept);
                self.settled(&decision.reject);
            }
            self.tell(&picked, &taken_back, decision.comment.as_deref());
            self.record.emit(Body::Draft(DraftEvent::Decided(decision)));
        }
        self.compare(None).await;
        done
    }

    /// Whether the decision may be done: what is guarded needs a typed yes.
    fn may(&self, decision: &Decision) -> Result<(), String> {
        if decision.typed {
            return Ok(());
        }
        let inner = self.lock();
        let needs = inner.guarded.iter().find(|guarded| is_picked(guarded, &decision.accept));
        let picked = |change: &&Change| decision.accept.iter().any(|pick| pick.id == change.id);
        let all: Vec<Change> = inner.changes.iter().filter(picked).cloned().collect();
        match needs.cloned().or_else(|| policy::large(&all)) {
            Some(guarded) => Err(format!(
                "{} {} ({}): this always needs a typed yes; nothing was applied",
                guarded.path, guarded.why, guarded.guard
            )),
            None => Ok(()),
        }
    }

    /// What picks are about, in words.
    fn named(&self, picks: &[Pick]) -> Vec<String> {
        let changes = self.changes().1;
        let name = |pick: &Pick| {
            let change = changes.iter().find(|change| change.id == pick.id)?;
            Some(match &pick.hunks {
                None => change.path.clone(),
                Some(hunks) => {
                    format!("{} ({} of {} hunks)", change.path, hunks.len(), change.hunks.len())
                }
            })
        };
        picks.iter().filter_map(name).collect()
    }

    fn tell(&self, accepted: &[String], rejected: &[String], comment: Option<&str>) {
        let mut told = Vec::new();
        if !accepted.is_empty() {
            told.push(format!("The user accepted {}.", list(accepted)));
        }
        if !rejected.is_empty() {
            told.push(format!("The user rejected {}: it is taken back.", list(rejected)));
        }
        if let Some(comment) = comment {
            told.push(format!("The user says of the draft: {comment}"));
        }
        if !told.is_empty() {
            self.record.tell(told.join(" "));
        }
    }

    pub(super) async fn amend(
        &self,
        change: ChangeId,
        hunk: usize,
        text: String,
    ) -> Result<(), String> {
        let _work = self.work.lock().await;
        let amended = self.blocking(move |workspace| workspace.amend(&change, hunk, &text)).await;
        self.compare(Some(Author::User)).await;
        amended.map_err(|error| error.to_string())
    }

    pub(super) async fn rewrite(&self, change: ChangeId, text: String) -> Result<(), String> {
        let _work = self.work.lock().await;
        let written = self.blocking(move |workspace| workspace.rewrite(&change, &text)).await;
        self.compare(Some(Author::User)).await;
        written.map_err(|error| error.to_string())
    }

    pub(super) async fn resolve(&self, change: ChangeId, keep: Keep) -> Result<(), String> {
        let _work = self.work.lock().await;
        let resolved = self.blocking(move |workspace| workspace.resolve(&change, keep)).await;
        self.compare(None).await;
        resolved.map_err(|error| error.to_string())
    }

    /// The draft's mount, as long as the session lives.
    pub(super) fn mount(&self) -> Option<Arc<Mount>> {
        self.mount.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes the draft's view fresh; in place, nothing.
    fn remount(&self) -> impl FnMut() -> io::Result<()> + Send + use<> {
        let mount = self.mount();
        move || match &mount {
            Some(mount) => mount.remount().map_err(io::Error::other),
            None => Ok(()),
        }
    }

    /// The session ends: what is pending becomes a patch in its folder, and the draft goes, with
    /// what still runs in it.
    pub(super) async fn close(&self, session: &Path) {
        let _work = self.work.lock().await;
        let mount = self.mount.lock().unwrap_or_else(PoisonError::into_inner).take();
        let session = session.to_owned();
        let Some(mount) = mount else {
            return self.blocking(move |_| ground::remove_drafts(&session)).await;
        };
        let closed = self.blocking(move |workspace| {
            let kept = ground::keep_pending(workspace, &session);
            drop(mount);
            if kept.is_ok() {
                ground::remove_drafts(&session);
            }
            kept
        });
        match closed.await {
            Ok(told) => {
                for text in told {
                    self.record.notice(NoticeLevel::Warning, text, None);
                }
            }
            Err(error) => {
                let text =
                    format!("what is pending stays in the draft, since no patch is made: {error}");
                self.record.notice(NoticeLevel::Warning, text, None);
            }
        }
    }

    /// Does something that blocks.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Workspace) -> T + Send + 'static,
    ) -> T {
        let workspace = Arc::clone(&self.workspace);
        joined(tokio::task::spawn_blocking(move || work(&workspace))).await
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Draft for Review {
    fn touched(&self, author: Author) -> Wait<'_, ()> {
        Box::pin(async {
            self.refresh(Some(author)).await;
            self.mind_commits().await;
        })
    }
}

fn judge(workspace: &Workspace, change: &Change, configured: &[GuardPaths]) -> Vec<Guarded> {
    guards_of(change, &workspace.sides(&change.id).unwrap_or_default(), configured)
}

pub(super) fn guards_of(
    change: &Change,
    (old, new): &Contents,
    configured: &[GuardPaths],
) -> Vec<Guarded> {
    let facts = code::facts(&change.path, old.as_deref(), new.as_deref());
    policy::guards(change, &facts, configured)
}

/// Whether what is guarded is among the picks.
pub(super) fn is_picked(guarded: &Guarded, picks: &[Pick]) -> bool {
    picks.iter().filter(|pick| pick.id == guarded.id).any(|pick| {
        match (&pick.hunks, guarded.hunk) {
            (None, _) => true,
            (Some(hunks), None) => !hunks.is_empty(),
            (Some(hunks), Some(hunk)) => hunks.iter().any(|pick| pick.hunk == hunk),
        }
    })
}

/// The landing's own record stands before the first write; the journal says what became of it.
pub(super) fn log(record: &Record, step: &Step) -> io::Result<()> {
    match step {
        Step::Begins { .. } => {}
        Step::Applied { paths } => {
            record.emit(Body::Draft(DraftEvent::Applied { paths: paths.clone() }));
        }
        Step::TakenBack { left, .. } if left.is_empty() => {}
        Step::TakenBack { left, .. } => {
            let text = format!("not taken back, since it changed meanwhile: {}", list(left));
            record.notice(NoticeLevel::Error, text, None);
        }
    }
    match record.broken() {
        Some(why) => Err(io::Error::other(why)),
        None => Ok(()),
    }
}

fn label(accepted: usize, rejected: usize) -> String {
    let files = |count: usize| format!("{count} file{}", if count == 1 { "" } else { "s" });
    match (accepted, rejected) {
        (accepted, 0) => format!("accepting {}", files(accepted)),
        (0, rejected) => format!("rejecting {}", files(rejected)),
        (accepted, rejected) => {
            format!("accepting {}, rejecting {}", files(accepted), files(rejected))
        }
    }
}

fn list(paths: &[String]) -> String {
    let shown = paths.iter().take(PATHS_MAX).cloned().collect::<Vec<_>>().join(", ");
    match paths.len().saturating_sub(PATHS_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
