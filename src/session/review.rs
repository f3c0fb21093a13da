//! Draft against tree as the session last saw it: compared off the event loop, kept for whoever draws.

use super::record::Record;
use crate::agent::Out;
use crate::protocol::{Body, Change, DraftEvent, NoticeLevel};
use crate::workspace::Workspace;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
pub(super) struct Review {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    revision: u64,
    changes: Arc<Vec<Change>>,
}

impl Review {
    pub(super) fn changes(&self) -> (u64, Arc<Vec<Change>>) {
        let inner = self.lock();
        (inner.revision, Arc::clone(&inner.changes))
    }

    /// Compares anew, and says what differs if that is news.
    pub(super) async fn refresh(&self, workspace: &Arc<Workspace>, record: &Record) {
        let workspace = Arc::clone(workspace);
        let changes = tokio::task::spawn_blocking(move || workspace.changes()).await;
        match changes.expect("comparing draft and tree does not panic") {
            Ok(changes) => self.show(changes, record),
            Err(error) => record.notice(NoticeLevel::Error, error.to_string(), None),
        }
    }

    fn show(&self, changes: Vec<Change>, record: &Record) {
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
        record.emit(Body::Draft(DraftEvent::Changed { revision, files }));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
