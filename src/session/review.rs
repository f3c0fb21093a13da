//! Draft against tree as the session last saw it: compared off the event loop, kept for whoever draws.

use super::record::Record;
use crate::agent::{Draft, Out, Wait};
use crate::protocol::{Author, Body, Change, DraftEvent, NoticeLevel, TreeKind};
use crate::workspace::Workspace;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) struct Review {
    workspace: Arc<Workspace>,
    record: Arc<Record>,
    /// Held while the draft is compared: of two looks the later one is the newer one.
    work: tokio::sync::Mutex<()>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    revision: u64,
    changes: Arc<Vec<Change>>,
}

impl Review {
    pub(super) fn new(workspace: Arc<Workspace>, record: Arc<Record>) -> Review {
        Review { workspace, record, work: tokio::sync::Mutex::default(), inner: Mutex::default() }
    }

    pub(super) fn changes(&self) -> (u64, Arc<Vec<Change>>) {
        let inner = self.lock();
        (inner.revision, Arc::clone(&inner.changes))
    }

    /// Compares anew, and says what differs if that is news.
    pub(super) async fn refresh(&self) {
        if self.workspace.kind() == TreeKind::InPlace {
            return;
        }
        let _work = self.work.lock().await;
        let workspace = Arc::clone(&self.workspace);
        let changes = tokio::task::spawn_blocking(move || workspace.changes()).await;
        match changes.expect("comparing draft and tree does not panic") {
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

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Draft for Review {
    fn touched(&self, _author: Author) -> Wait<'_, ()> {
        Box::pin(self.refresh())
    }
}
