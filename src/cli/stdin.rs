//! What a one-shot run takes from stdin. It never hangs on an inherited, silent pipe.

use super::exit::Trouble;
use super::output;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;
use std::sync::mpsc;
use std::time::Duration;

/// How long a pipe may be silent before brisk goes on without it.
const FIRST_BYTE_MAX: Duration = Duration::from_secs(3);
/// The most that is taken.
const BYTES_MAX: u64 = 10 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// `--no-stdin`
    Never,
    FirstByte,
    /// `--stdin`, or a prompt of `-`.
    Forever,
}

/// The text on stdin; None where there is none to take.
pub(super) fn read(patience: Patience) -> Result<Option<String>, Trouble> {
    if patience == Patience::Never {
        return Ok(None);
    }
    if io::stdin().is_terminal() {
        return match patience {
            Patience::Forever => whole(),
            Patience::FirstByte | Patience::Never => Ok(None),
        };
    }
    if patience == Patience::Forever || is_file() {
        return whole();
    }
    let (sender, receiver) = mpsc::channel();
    // The thread may wait for ever; it ends with the process.
    std::thread::spawn(move || {
        let mut first = [0_u8; 1];
        let read = io::stdin().read(&mut first);
        let _ = sender.send(read.map(|count| (count, first[0])));
        // What follows is read by the main thread, which waits for this lock-free handover.
    });
    match receiver.recv_timeout(FIRST_BYTE_MAX) {
        Ok(Ok((0, _))) => Ok(None),
        Ok(Ok((_, first))) => rest(vec![first]),
        // A closed stdin reads as an error on some systems: there is nothing to take.
        Ok(Err(_)) => Ok(None),
        Err(_) => {
            let seconds = FIRST_BYTE_MAX.as_secs();
            output::progress(&format!(
                "stdin: a pipe that is silent for {seconds} s; going on without it (--stdin waits, \
                 --no-stdin never reads)"
            ));
            Ok(None)
        }
    }
}

/// Whether stdin is a plain file, which never keeps anybody waiting.
fn is_file() -> bool {
    let Ok(fd) = io::stdin().as_fd().try_clone_to_owned() else { return false };
    File::from(fd).metadata().is_ok_and(|metadata| metadata.is_file())
}

fn whole() -> Result<Option<String>, Trouble> {
    rest(Vec::new())
}

fn rest(mut bytes: Vec<u8>) -> Result<Option<String>, Trouble> {
    let read = io::stdin().take(BYTES_MAX + 1).read_to_end(&mut bytes);
    if read.is_err() && bytes.is_empty() {
        return Ok(None);
    }
    if bytes.len() as u64 > BYTES_MAX {
        return Err(Trouble::usage(format!("stdin holds more than {} MB", BYTES_MAX >> 20))
            .with_hint("put it into a file and name the file in the prompt"));
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok((!text.trim().is_empty()).then_some(text))
}
