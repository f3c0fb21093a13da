//! What is to be typed into a terminal. A program that does not read blocks the writer's thread
//! and nobody else.

use std::collections::VecDeque;
use std::io::{ErrorKind, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that wait to be written; more are dropped.
const INPUT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Written at once; between two pieces the rest can still be dropped.
const PIECE_BYTES_MAX: usize = 1024;
/// After output, a program that asks for a secret has turned the echo off.
const SETTLE: Duration = Duration::from_millis(40);

/// Whose bytes they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hand {
    User,
    Agent,
    /// The terminal's own, in answer to a program's query.
    Reply,
}

#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
}

#[derive(Default)]
struct State {
    chunks: VecDeque<(Hand, Vec<u8>)>,
    bytes: usize,
    writing: bool,
    closed: bool,
    /// When to look at what the terminal became.
    look_at: Option<Instant>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Never blocks. All of the bytes are taken, or none.
    pub(super) fn push(&self, bytes: &[u8], hand: Hand) {
        let mut state = self.lock();
        if bytes.is_empty() || state.closed || state.bytes + bytes.len() > INPUT_BYTES_MAX {
            return;
        }
        state.bytes += bytes.len();
        let pieces = bytes.chunks(PIECE_BYTES_MAX).map(|piece| (hand, piece.to_vec()));
        state.chunks.extend(pieces);
        self.filled.notify_one();
    }

    /// Drops what waits. True if something did, or is being written still.
    pub(super) fn clear(&self) -> bool {
        let mut state = self.lock();
        let stuck = state.writing || !state.chunks.is_empty();
        state.chunks.clear();
        state.bytes = 0;
        stuck
    }

    /// Drops what waits of the agent's; how many bytes that was.
    pub(super) fn drop_agents(&self) -> usize {
        let mut state = self.lock();
        let before = state.bytes;
        state.chunks.retain(|(hand, _)| *hand != Hand::Agent);
        state.bytes = state.chunks.iter().map(|(_, bytes)| bytes.len()).sum();
        before - state.bytes
    }

    /// Has the writer's thread look, once things have settled.
    pub(super) fn look_later(&self) {
        let mut state = self.lock();
        if state.look_at.is_none() {
            state.look_at = Some(Instant::now() + SETTLE);
            self.filled.notify_one();
        }
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_one();
    }

    /// The writer's thread: until the queue is closed or the terminal is gone. Dropping portable-pty's
    /// writer types a newline and ^D, so it is held until then. `look` is called when it is time.
    pub(super) fn write_to(&self, mut writer: impl Write, look: impl Fn()) {
        while let Some(next) = self.next() {
            let Some(chunk) = next else {
                look();
                continue;
            };
            if !write_all(&mut writer, &chunk) {
                self.lock().closed = true;
                return;
            }
        }
    }

    /// What to write; `Some(None)`: it is time to look. None: the queue is closed.
    fn next(&self) -> Option<Option<Vec<u8>>> {
        let mut state = self.lock();
        state.writing = false;
        loop {
            if state.closed {
                return None;
            }
            if let Some((_, chunk)) = state.chunks.pop_front() {
                state.bytes = state.bytes.saturating_sub(chunk.len());
                state.writing = true;
                return Some(Some(chunk));
            }
            state = match state.look_at {
                None => self.filled.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(at) => {
                    let left = at.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        state.look_at = None;
                        return Some(None);
                    }
                    let waited = self.filled.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

fn write_all(writer: &mut impl Write, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        match writer.write(bytes) {
            Ok(0) => return false,
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_agents_bytes_are_dropped() {
        let queue = Queue::default();
        queue.push(b"agent", Hand::Agent);
        queue.push(b"reply", Hand::Reply);
        queue.push(b"user", Hand::User);
        assert_eq!(queue.drop_agents(), 5);
        assert_eq!(queue.next(), Some(Some(b"reply".to_vec())));
        assert_eq!(queue.next(), Some(Some(b"user".to_vec())));
        queue.close();
        assert_eq!(queue.next(), None);
    }
}
