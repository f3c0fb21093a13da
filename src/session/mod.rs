//! What outlives a turn: the journal, the state that is folded from it, the fan-out of events, the
//! shell that both hands type into.
//!
//! A front end gets a [`Handle`] to send ops with and a [`Subscriber`] to read events from; it folds
//! them into a [`State`] and never meets the agent. The session owns the tasks: they end with it.

mod applying;
mod calibration;
mod commits;
mod desk;
mod fanout;
mod gating;
mod ground;
mod host;
mod joined;
mod journal;
mod ledger;
mod record;
mod repair;
mod review;
mod routes;
mod shells;
mod start;
mod state;
mod sweep;

pub use applying::{Applying, LeftPatch, last_left, left_by};
pub use desk::whole;
pub use fanout::Subscriber;
pub use ground::{Tree, pending_patch};
pub use journal::{Replay, read as read_journal, replay};
pub use routes::{Resolve, Resolved};
pub use start::{Options, Session, start};
pub use state::{Draft, Entry, EntryBody, Header, Job, Live, Running, State, TermInfo};

use crate::protocol::{Change, ChangeId, Op, OpId, Request, Screen, Scrollback, TermId};
use review::Review;
use shells::Shells;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

/// How many ops may wait for the session.
const OPS_MAX: usize = 256;

/// The sending end of a running session; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    ops: mpsc::Sender<Request>,
    numbers: Arc<AtomicU64>,
    shells: Arc<Shells>,
    review: Arc<Review>,
}

impl Handle {
    fn new(ops: mpsc::Sender<Request>, shells: Arc<Shells>, review: Arc<Review>) -> Handle {
        Handle { ops, numbers: Arc::new(AtomicU64::new(1)), shells, review }
    }

    /// Queues an op, waiting while the queue is full; events that answer it carry the number. After
    /// the session has ended nothing happens.
    pub async fn send(&self, op: Op) -> OpId {
        let id = self.number();
        let _ = self.ops.send(Request { id, op }).await;
        id
    }

    /// Queues an op if there is room now; whether there was.
    pub fn try_send(&self, op: Op) -> bool {
        let id = self.number();
        self.ops.try_send(Request { id, op }).is_ok()
    }

    /// Draft against tree with its lines, and its revision: that of the newest `DraftEvent::Changed`
    /// or a newer one.
    pub fn changes(&self) -> (u64, Arc<Vec<Change>>) {
        self.review.changes()
    }

    /// The lines of a changed file as the draft has them; None: it is not the same any more, is gone
    /// there, or is no text.
    pub fn new_side(&self, change: &ChangeId) -> Option<Vec<String>> {
        let (_, new) = self.review.workspace.sides(change)?;
        let text = String::from_utf8(new?).ok()?;
        Some(text.lines().map(str::to_owned).collect())
    }

    /// A changed file as the draft has it, byte for byte; None: as in `new_side`.
    pub fn new_text(&self, change: &ChangeId) -> Option<String> {
        let (_, new) = self.review.workspace.sides(change)?;
        String::from_utf8(new?).ok()
    }

    /// What a terminal shows now; None once it is gone.
    pub fn screen(&self, term: TermId) -> Option<Arc<Screen>> {
        self.shells.get(term).map(|terminal| terminal.screen())
    }

    /// What a terminal has shown; None once it is gone.
    pub fn look_back(&self, term: TermId) -> Option<Scrollback> {
        self.shells.get(term).map(|terminal| terminal.look_back())
    }

    /// What a terminal's program asked to be put into the clipboard; once.
    pub fn take_copied(&self, term: TermId) -> Option<String> {
        self.shells.get(term)?.take_copied()
    }

    fn number(&self) -> OpId {
        OpId(self.numbers.fetch_add(1, Ordering::Relaxed))
    }
}
