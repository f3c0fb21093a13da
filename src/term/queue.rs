//! What is to be typed into a terminal. A program that does not read blocks the writer's thread
//! and nobody else.

use std::collections::VecDeque;
use std::io::{ErrorKind, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes that wait to be written; more are dropped.
const INPUT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Written at once; between two pieces the rest can still be dropped.
const PIECE_BYTES_MAX: usize = 1024;

#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
}

#[derive(Default)]
struct State {
    chunks: VecDeque<Vec<u8>>,
    bytes: usize,
    writing: bool,
    closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Never blocks. All of the bytes are taken, or none.
    pub(super) fn push(&self, bytes: &[u8]) {
        let mut state = self.lock();
        if bytes.is_empty() || state.closed || state.bytes + bytes.len() > INPUT_BYTES_MAX {
            return;
        }
        state.bytes += bytes.len();
        state.chunks.extend(bytes.chunks(PIECE_BYTES_MAX).map(<[u8]>::to_vec));
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

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_one();
    }

    /// The writer's thread: until the queue is closed or the terminal is gone. Dropping portable-pty's
    /// writer types a newline and ^D, so it is held until then.
    pub(super) fn write_to(&self, mut writer: impl Write) {
        loop {
            let mut state = self.lock();
            state.writing = false;
            let chunk = loop {
                if state.closed {
                    return;
                }
                match state.chunks.pop_front() {
                    Some(chunk) => break chunk,
                    None => state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner),
                }
            };
            state.bytes = state.bytes.saturating_sub(chunk.len());
            state.writing = true;
            drop(state);
            if !write_all(&mut writer, &chunk) {
                self.lock().closed = true;
                return;
            }
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
