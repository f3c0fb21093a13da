//! The project's checks, run on the draft, or on chosen parts alone in a second draft. A new run
//! cancels the one before.

use super::ground::{self, DraftPlace};
use super::record::Record;
use super::review::Review;
use crate::agent::Out;
use crate::config::Config;
use crate::gates::{self, Known, Place, Project};
use crate::protocol::{
    Answer, Author, Body, DraftEvent, Gate, GateState, GateVerdict, GateWhen, NoticeLevel, Pick,
    Question, TreeKind,
};
use crate::sandbox::Mount;
use crate::session::joined::joined;
use crate::workspace::Workspace;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinHandle;

/// In the session's folder: the second draft, and what gates print.
pub(super) const SECOND: &str = "gates";
pub(super) const OUTPUTS: &str = "gate-out";

pub(super) struct Gating {
    pub(super) review: Arc<Review>,
    pub(super) record: Arc<Record>,
    pub(super) config: Arc<Config>,
    pub(super) place: DraftPlace,
    /// A user is there, who is shown what runs before it runs for the first time.
    pub(super) attended: bool,
    /// No gates in this session.
    pub(super) off: AtomicBool,
    pub(super) running: Mutex<Option<JoinHandle<()>>>,
    pub(super) second: tokio::sync::Mutex<Option<Second>>,
}

/// A draft that holds the chosen parts; it stays, so that its build folder is warm.
pub(super) struct Second {
    workspace: Arc<Workspace>,
    mount: Arc<Mount>,
}

impl Gating {
    /// Runs the gates on these parts; none: on the whole draft. What runs already is cancelled.
    pub(super) fn start(self: &Arc<Self>, picks: Vec<Pick>, when: GateWhen) {
        let gating = Arc::clone(self);
        self.start_with(async move {
            gating.run(picks, when).await;
        });
    }

    pub(super) fn start_with(&self, run: impl Future<Output = ()> + Send + 'static) {
        let before = self.lock().replace(tokio::spawn(run));
        if let Some(before) = before {
            before.abort();
        }
    }

    pub(super) fn cancel(&self) {
        if let Some(running) = self.lock().take() {
            running.abort();
        }
    }

    /// Ends what runs, and the second draft.
    pub(super) async fn close(&self) {
        self.cancel();
        let second = self.second.lock().await.take();
        drop(tokio::task::spawn_blocking(move || drop(second)).await);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<JoinHandle<()>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The verdicts: none where there are no gates, or the user wants none. None: they could not be
    /// had.
    pub(super) async fn run(&self, picks: Vec<Pick>, when: GateWhen) -> Option<Vec<GateVerdict>> {
        let gates = self.wanted(when).await?;
        self.run_these(&gates, picks).await
    }

    pub(super) async fn run_these(
        &self,
        gates: &[Gate],
        picks: Vec<Pick>,
    ) -> Option<Vec<GateVerdict>> {
        let picks = if self.is_whole(&picks) { Vec::new() } else { picks };
        if gates.is_empty() {
            self.show(&picks, &[]);
            return Some(Vec::new());
        }
        let is_whole = picks.is_empty();
        let place = if is_whole { Ok(self.whole()) } else { self.selected(&picks).await };
        let place = match place {
            Ok(place) => place,
            Err(why) => {
                self.record.notice(NoticeLevel::Error, format!("no gate ran: {why}"), None);
                return None;
            }
        };
        let progress = |verdicts: &[GateVerdict]| self.show(&picks, verdicts);
        let verdicts = gates::run(gates, &place, std::future::pending(), progress).await;
        self.show(&picks, &verdicts);
        if is_whole {
            // A formatter or a build may have written something.
            self.review.refresh(Some(Author::Command("gates".to_owned()))).await;
        }
        Some(verdicts)
    }

    fn show(&self, picks: &[Pick], verdicts: &[GateVerdict]) {
        let event = DraftEvent::Gated { picks: picks.to_vec(), gates: verdicts.to_vec() };
        self.record.emit(Body::Draft(event));
    }

    fn is_whole(&self, picks: &[Pick]) -> bool {
        let changes = self.review.changes().1;
        changes.iter().all(|change| {
            picks.iter().any(|pick| {
                let all = |hunks: &Vec<_>| hunks.len() == change.hunks.len();
                pick.id == change.id
                    && pick.hunks.as_ref().is_none_or(|hunks| {
                        all(hunks) && hunks.iter().all(|hunk| hunk.lines.is_none())
                    })
            })
        })
    }

    /// What is to run on this occasion, shown before its first time.
    pub(super) async fn wanted(&self, when: GateWhen) -> Option<Vec<Gate>> {
        if self.off.load(Ordering::Relaxed) {
            return Some(Vec::new());
        }
        let workspace = Arc::clone(&self.review.workspace);
        let changed = self.review.changes().1.iter().map(|it| PathBuf::from(&it.path)).collect();
        let changed: Vec<PathBuf> = changed;
        let config = Arc::clone(&self.config);
        let planned = tokio::task::spawn_blocking(move || {
            let env = config.child_env();
            let known = Known::open(&config.paths.state, workspace.root());
            let project = Project { root: workspace.work_root(), changed: &changed, env: &env };
            (gates::plan(&project, &config.gates(), &known), known)
        });
        let (plan, mut known) = joined(planned).await;
        for note in &plan.notes {
            self.record.notice(NoticeLevel::Info, note.clone(), None);
        }
        if plan.new && !self.attended {
            for gate in &plan.gates {
                let text = format!("gate {}: {}", gate.name, gate.command);
                self.record.notice(NoticeLevel::Info, text, None);
            }
        }
        if plan.new && self.attended {
            let gates = plan.gates.iter().map(Gate::waiting).collect();
            match self.record.ask(Question::Gates { gates }).await {
                Answer::Yes | Answer::Always => {
                    if let Err(error) = known.remember(&plan.gates) {
                        let text = format!("it is not remembered that these may run: {error}");
                        self.record.notice(NoticeLevel::Warning, text, None);
                    }
                }
                Answer::Later => return None,
                _ => {
                    self.off.store(true, Ordering::Relaxed);
                    return Some(Vec::new());
                }
            }
        }
        Some(plan.at(when).cloned().collect())
    }

    /// The draft itself.
    fn whole(&self) -> Place {
        let workspace = &self.review.workspace;
        Place {
            folder: workspace.shell_root().to_owned(),
            reach: workspace.work_root().to_owned(),
            prefix: self.review.mount().map(|mount| mount.prefix()).unwrap_or_default(),
            env: self.config.child_env(),
            outputs: self.outputs(),
        }
    }

    fn outputs(&self) -> PathBuf {
        ground::scratch(&self.place.session).join(OUTPUTS)
    }

    /// A second draft with these parts alone. Err: a sentence.
    async fn selected(&self, picks: &[Pick]) -> Result<Place, String> {
        if self.review.workspace.kind() != TreeKind::Draft {
            return Err("parts can be checked by themselves only in a draft".to_owned());
        }
        let mut second = self.second.lock().await;
        let before = second.as_ref().map(|it| (Arc::clone(&it.workspace), Arc::clone(&it.mount)));
        let (place, first) = (self.place.clone(), Arc::clone(&self.review.workspace));
        let picks = picks.to_vec();
        let made = tokio::task::spawn_blocking(move || {
            let (workspace, mount) = match before {
                Some((workspace, mount)) => {
                    mount.remount().map_err(|error| error.to_string())?;
                    (workspace, mount)
                }
                None => {
                    let opened = place.open(SECOND).map_err(|error| error.to_string())?;
                    (opened.0, Arc::new(opened.1))
                }
            };
            let selected = first.selected(&picks).map_err(|error| error.to_string())?;
            workspace.hold(&selected).map_err(|error| error.to_string())?;
            Ok::<_, String>(Second { workspace, mount })
        });
        let made = joined(made).await?;
        let place = Place {
            folder: made.workspace.shell_root().to_owned(),
            reach: made.workspace.work_root().to_owned(),
            prefix: made.mount.prefix(),
            env: self.config.child_env(),
            outputs: self.outputs(),
        };
        *second = Some(made);
        Ok(place)
    }
}

/// Whether all of them passed.
pub(super) fn is_green(verdicts: &[GateVerdict]) -> bool {
    verdicts.iter().all(|verdict| verdict.state == GateState::Passed)
}
