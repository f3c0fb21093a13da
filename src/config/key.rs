//! Asking a command for a key.

use crate::protocol::Secret;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const COMMAND_SECONDS_MAX: u64 = 10;
const OUTPUT_BYTES_MAX: u64 = 16 * 1024;

/// The first line that the command prints, without blanks around it. Its errors go where ours go,
/// so that it may ask for a passphrase on the terminal.
///
/// # Errors
/// One clause for people.
pub(super) fn from_command(command: &str, folder: &Path) -> Result<Secret, String> {
    within(command, folder, Duration::from_secs(COMMAND_SECONDS_MAX))
}

fn within(command: &str, folder: &Path, limit: Duration) -> Result<Secret, String> {
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(command)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("sh cannot be started: {error}"))?;
    let Some(stdout) = child.stdout.take() else { return Err("it has no output".to_owned()) };
    let (sender, receiver) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let mut output = String::new();
        let read = stdout.take(OUTPUT_BYTES_MAX).read_to_string(&mut output);
        // Nobody listens after the time is up.
        let _ = sender.send(read.map(|_| output));
    });
    let output = receiver.recv_timeout(limit);
    if output.is_err() {
        // It may have ended by itself in this moment.
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| format!("it cannot be waited for: {error}"))?;
    let output = output.map_err(|_| format!("it took longer than {} s", limit.as_secs_f32()))?;
    let output = output.map_err(|_| "it printed what is no text".to_owned())?;
    if !status.success() {
        return Err(format!("it ended with {status}"));
    }
    let line = output.lines().next().unwrap_or_default().trim();
    if line.is_empty() {
        return Err("it printed nothing".to_owned());
    }
    Ok(Secret::new(line.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_key_and_failures_are_said() {
        let folder = tempfile::tempdir().unwrap();
        let key = |command: &str| from_command(command, folder.path());
        assert_eq!(key("echo ' abc '; echo more").unwrap().reveal(), "abc");
        assert!(key("exit 3").unwrap_err().contains('3'));
        assert!(key("true").is_err());
    }

    #[test]
    fn a_command_that_does_not_end_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let error = within("exec sleep 60", folder.path(), Duration::from_millis(50)).unwrap_err();
        assert!(error.contains("longer"), "{error}");
    }
}
