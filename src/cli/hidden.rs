//! A line that is typed, or pasted, without being shown.

use super::exit::{Exit, Trouble};
use super::{output, setup};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use std::io::{self, Read};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// More than any key has; what follows is dropped.
const BYTES_MAX: usize = 64 * 1024;

pub(super) enum Typed {
    Line(String),
    /// Ctrl+C, or a signal that ends brisk.
    Ended(Exit),
}

/// Asks on stderr, and reads from the terminal that stdin is.
pub(super) fn read(prompt: &str) -> Result<Typed, Trouble> {
    let runtime = setup::runtime()?;
    let quiet = Quiet::begin()?;
    output::prompt(prompt);
    let typed = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let (sender, line) = oneshot::channel();
        // It may wait for ever; it ends with the process.
        std::thread::spawn(move || sender.send(line_of(io::stdin().lock())));
        tokio::select! {
            line = line => line.unwrap_or(Ok(Typed::Ended(Exit::Failed))),
            _ = terminate.recv() => Ok(Typed::Ended(Exit::Terminated)),
            _ = hang_up.recv() => Ok(Typed::Ended(Exit::Terminated)),
        }
    });
    drop(quiet);
    output::progress("");
    Ok(typed?)
}

/// What stands before the first line end, edited as a terminal would.
fn line_of(mut input: impl Read) -> io::Result<Typed> {
    const INTERRUPT: u8 = 0x03;
    const END: u8 = 0x04;
    const CLEAR: u8 = 0x15;
    let mut line = Vec::new();
    let mut byte = [0];
    while input.read(&mut byte)? == 1 {
        match byte[0] {
            INTERRUPT => return Ok(Typed::Ended(Exit::Interrupted)),
            b'\r' | b'\n' => break,
            END if line.is_empty() => break,
            0x08 | 0x7f => drop(line.pop()),
            CLEAR => line.clear(),
            byte if line.len() < BYTES_MAX => line.push(byte),
            _ => {}
        }
    }
    let text = String::from_utf8_lossy(&line).into_owned();
    // A terminal that was told to mark what is pasted.
    Ok(Typed::Line(text.replace("\x1b[200~", "").replace("\x1b[201~", "")))
}

/// The terminal shows nothing of what is typed, until this is dropped.
struct Quiet {
    before: Termios,
}

impl Quiet {
    fn begin() -> io::Result<Quiet> {
        let before = tcgetattr(io::stdin())?;
        let mut modes = before.clone();
        // Not by lines, which a terminal cuts at 4096 bytes; and Ctrl+C comes as a key, so that the
        // echo is on again before brisk ends.
        let shown = LocalModes::ECHO | LocalModes::ECHONL;
        modes.local_modes &= !(shown | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN);
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Now, &modes)?;
        Ok(Quiet { before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // What is left of a paste is dropped: it was not meant for the shell behind.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(bytes: &[u8]) -> Option<String> {
        match line_of(bytes).unwrap() {
            Typed::Line(text) => Some(text),
            Typed::Ended(_) => None,
        }
    }

    #[test]
    fn a_line_is_edited_as_a_terminal_would() {
        assert_eq!(typed(b"wrong\x15sk-1x\x7f2\rrest").as_deref(), Some("sk-12"));
        assert_eq!(typed(b"\x1b[200~pasted\x1b[201~\n").as_deref(), Some("pasted"));
        assert_eq!(typed(b"\x04more").as_deref(), Some(""));
        assert_eq!(typed(b"sk\x03"), None);
    }
}
