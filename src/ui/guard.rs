//! The terminal's modes: taken at the start, given back on every way out.
//!
//! One process has one terminal, so what has been taken is one flag for the whole process: the
//! panic hook, the guard's drop and the suspension all give back through it, each at most once.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// Alternate screen, bracketed paste, keys told apart where the terminal can.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l";
const ENTER_KEYS: &[u8] = b"\x1b[>1u";
/// Everything that may be on goes off; a terminal that never had it on ignores it.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[<u\x1b[0m\x1b[?2004l\x1b[0 q\x1b[?25h\x1b[?1049l";

static TAKEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// Gives the terminal back when it is dropped.
pub(crate) struct Guard {
    keys: Keys,
}

/// Whether the terminal is asked to report keys that old terminals cannot tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    Plain,
    Extended,
}

impl Guard {
    /// Takes the terminal. It is an error if stdin or stdout is none.
    pub(crate) fn take(keys: Keys) -> anyhow::Result<Self> {
        let missing = match (io::stdin().is_terminal(), io::stdout().is_terminal()) {
            (true, true) => None,
            (false, _) => Some("standard input"),
            (true, false) => Some("standard output"),
        };
        if let Some(missing) = missing {
            anyhow::bail!("{missing} is not a terminal");
        }
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                give_back();
                before(info);
            }));
        });
        let guard = Self { keys };
        guard.enter()?;
        Ok(guard)
    }

    /// Takes the terminal again, after it was given back or after someone else changed it.
    pub(crate) fn enter(&self) -> io::Result<()> {
        // Forgets the modes that were remembered: a shell may have changed them meanwhile.
        crossterm::terminal::disable_raw_mode()?;
        crossterm::terminal::enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let mut bytes = ENTER.to_vec();
        if self.keys == Keys::Extended {
            bytes.extend_from_slice(ENTER_KEYS);
        }
        let mut out = io::stdout().lock();
        out.write_all(&bytes)?;
        out.flush()
    }

    pub(crate) fn leave(&self) {
        give_back();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

/// Best effort: on the way out there is nobody to tell of an error.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let _ = out.write_all(LEAVE);
    let _ = out.flush();
    // What was typed ahead was meant for this screen, not for the shell behind it.
    let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
    let _ = crossterm::terminal::disable_raw_mode();
}
