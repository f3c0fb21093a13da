//! Writing to stdout and stderr. A reader that has gone away (`| head -1`) is no failure.

use std::io::{self, Write};

/// Writes a line to stdout.
pub(super) fn line(text: &str) -> io::Result<()> {
    bytes(format!("{text}\n").as_bytes())
}

/// Writes bytes to stdout, whole.
pub(super) fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes to stderr without ending the line; nobody can be told if that fails.
pub(super) fn prompt(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Writes a line to stderr; nobody can be told if that fails.
pub(super) fn progress(text: &str) {
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}
