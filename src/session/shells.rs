//! The session's terminals: opened, looked up by number, closed with the session.

use super::record::Record;
use crate::agent::Out;
use crate::protocol::{Body, Launch, Size, TermEvent, TermId};
use crate::term::{TermError, Terminal};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

#[derive(Default)]
pub(super) struct Shells {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    terminals: BTreeMap<TermId, Terminal>,
    opened: u64,
}

impl Shells {
    /// Starts a shell and says so. What it draws is announced as it comes.
    pub(super) fn open(
        &self,
        launch: &Launch,
        size: Size,
        record: &Arc<Record>,
    ) -> Result<TermId, TermError> {
        let term = {
            let mut inner = self.lock();
            inner.opened += 1;
            TermId(inner.opened)
        };
        // The terminal's threads may outlive the session by a moment: they must not keep it alive.
        let weak: Weak<Record> = Arc::downgrade(record);
        let changed = move |revision| {
            if let Some(record) = weak.upgrade() {
                record.emit(Body::Term(TermEvent::Changed { term, revision }));
            }
        };
        let terminal = Terminal::open(launch, size, changed)?;
        record.emit(Body::Term(TermEvent::Opened {
            term,
            shell: terminal.shell(),
            name: terminal.name().to_owned(),
            pid: terminal.pid(),
        }));
        self.lock().terminals.insert(term, terminal);
        Ok(term)
    }

    pub(super) fn get(&self, term: TermId) -> Option<Terminal> {
        self.lock().terminals.get(&term).cloned()
    }

    /// Ends every shell and what runs in it.
    pub(super) async fn close(&self) {
        let terminals = std::mem::take(&mut self.lock().terminals);
        for terminal in terminals.into_values() {
            terminal.close().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
