//! The ledger: one line for every call of a model, on disk, of all sessions.

use crate::protocol::{SessionId, TurnId, Usage};
use serde::Serialize;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

#[derive(Debug, Serialize)]
pub(super) struct Call<'a> {
    pub(super) v: u32,
    /// Milliseconds since 1970, UTC.
    pub(super) at: u64,
    pub(super) session: &'a SessionId,
    pub(super) turn: Option<TurnId>,
    pub(super) folder: &'a str,
    pub(super) model: &'a str,
    pub(super) service: &'a str,
    #[serde(flatten)]
    pub(super) usage: Usage,
    /// Dollars; null where the price is not known.
    pub(super) cost: Option<f64>,
    pub(super) duration_ms: u64,
}

/// Appends one line in one write, so that sessions which run at once do not mix theirs.
pub(super) fn append(path: &Path, call: &Call<'_>) -> io::Result<()> {
    let mut line = serde_json::to_vec(call)?;
    line.push(b'\n');
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)?.write_all(&line)
}
