//! What outlives a turn: the journal, the state that is folded from it, the fan-out of events.
//!
//! A front end gets a [`Handle`] to send ops with, and a [`Subscriber`] to read events from.
//! It never meets the agent.

mod fanout;
mod state;

pub use fanout::Subscriber;
pub use state::{Entry, EntryBody, Header, Live, Running, State, TermInfo};

use crate::protocol::{Op, OpId, Screen, TermId};
use std::sync::Arc;

/// One end of a running session; cheap to clone.
#[derive(Clone)]
pub struct Handle {}

impl Handle {
    /// Queues an op; it waits while the queue is full.
    pub async fn send(&self, op: Op) -> OpId {
        let _ = op;
        unimplemented_yet()
    }

    /// Queues an op if there is room; never blocks.
    pub fn try_send(&self, op: Op) -> bool {
        let _ = op;
        unimplemented_yet()
    }

    /// What a terminal shows now.
    pub fn screen(&self, term: TermId) -> Option<Arc<Screen>> {
        let _ = term;
        unimplemented_yet()
    }
}

fn unimplemented_yet() -> ! {
    panic!("the session is being built")
}
