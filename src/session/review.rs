//! The draft as the session minds it: kept fresh, compared after every command. One thing at a time;
//! what differs is kept for whoever draws.

use super::ground::Ground;
use super::record::Record;
use super::shells::Shells;
use crate::agent::{Draft, Out, Wait};
use crate::protocol::{Author, Body, Change, DraftEvent, NoticeLevel};
use crate::sandbox::Mount;
use crate::workspace::Workspace;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

pub(super) struct Review {
    workspace: Arc<Workspace>,
    mount: Option<Arc<Mount>>,
    record: Arc<Record>,
    shells: OnceLock<Arc<Shells>>,
    /// Held while the draft or the tree is changed or compared.
    work: tokio::sync::Mutex<()>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    revision: u64,
    changes: Arc<Vec<Change>>,
}

impl Review {
    pub(super) fn new(ground: Ground, record: Arc<Record>) -> Review {
        Review {
            workspace: ground.workspace,
            mount: ground.mount.map(Arc::new),
            record,
            shells: OnceLock::new(),
            work: tokio::sync::Mutex::default(),
            inner: Mutex::default(),
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

    /// Compares anew, and says what differs if that is news.
    pub(super) async fn refresh(&self, author: Option<Author>) {
        let _work = self.work.lock().await;
        let workspace = Arc::clone(&self.workspace);
        let changes = tokio::task::spawn_blocking(move || {
            if let Some(author) = author {
                workspace.authored(&author)?;
            }
            workspace.changes()
        });
        match changes.await.expect("comparing draft and tree does not panic") {
            Ok(changes) => self.show(changes),
            Err(error) => self.record.notice(NoticeLevel::Error, error.to_string(), None),
        }
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

    /// Lets the user's own changes of the tree show in the draft. Nothing of the agent's runs yet.
    pub(super) async fn freshen(&self) {
        let (Some(mount), Some(shells)) = (&self.mount, self.shells.get()) else { return };
        let _work = self.work.lock().await;
        let idle = shells.idle();
        let mount = Arc::clone(mount);
        let fresh = tokio::task::spawn_blocking(move || {
            let is_free = mount.guests().iter().all(|guest| idle.contains(guest));
            is_free.then(|| mount.remount())
        });
        match fresh.await.expect("mounting does not panic") {
            Some(Ok(())) => shells.reenter(),
            Some(Err(error)) => self.record.notice(NoticeLevel::Error, error.to_string(), None),
            None => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Draft for Review {
    fn touched(&self, author: Author) -> Wait<'_, ()> {
        Box::pin(self.refresh(Some(author)))
    }
}
