//! The terminal's modes: taken at the start, given back on every way out.
//!
//! One process has one terminal, so what has been taken is one flag for the whole process: the
//! panic hook, the guard's drop and the suspension all give back through it, each at most once.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread::ThreadId;

/// Alternate screen, bracketed paste, keys told apart where the terminal can.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l";
const ENTER_KEYS: &[u8] = b"\x1b[>1u";
/// Everything that may be on goes off; a terminal that never had it on ignores it.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[<u\x1b[0m\x1b[?2004l\x1b[0 q\x1b[?25h\x1b[?1049l";

static TAKEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();
/// The thread that draws.
static HOME: Mutex<Option<ThreadId>> = Mutex::new(None);
static PANICS: Mutex<Vec<Panic>> = Mutex::new(Vec::new());
const PANICS_MAX: usize = 8;

/// A panic of another thread.
struct Panic {
    text: String,
    is_reported: bool,
}

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
                if keep(&info.to_string()) {
                    return;
                }
                give_back();
                before(info);
            }));
        });
        let guard = Self { keys };
        guard.draws_here();
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

    /// The caller draws on this thread: its panics, and no others, give the terminal back.
    pub(crate) fn draws_here(&self) {
        *lock(&HOME) = Some(std::thread::current().id());
    }

    /// The first line of a panic of another thread that was not reported yet.
    pub(crate) fn panic_elsewhere(&self) -> Option<String> {
        let mut panics = lock(&PANICS);
        let new = panics.iter_mut().find(|panic| !panic.is_reported)?;
        new.is_reported = true;
        Some(new.text.lines().nth(1).unwrap_or(&new.text).to_string())
    }

    pub(crate) fn leave(&self) {
        give_back();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
        *lock(&HOME) = None;
        for panic in lock(&PANICS).drain(..) {
            let _ = writeln!(io::stderr(), "{}", panic.text);
        }
    }
}

/// Keeps the message of another thread's panic until the terminal is given back: printed now, it
/// would be scattered over a screen that lives on. False: it is to be printed.
fn keep(text: &str) -> bool {
    let is_elsewhere = lock(&HOME).is_some_and(|home| home != std::thread::current().id());
    let is_kept = is_elsewhere && TAKEN.load(Ordering::SeqCst);
    if is_kept {
        let mut panics = lock(&PANICS);
        if panics.len() < PANICS_MAX {
            panics.push(Panic { text: text.to_string(), is_reported: false });
        }
    }
    is_kept
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
