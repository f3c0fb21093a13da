//! Terminals: a shell in a pseudo-terminal, its emulated screen, and what happens in it.
//!
//! [`Terminal`] is one PTY with one persistent shell that the user and the agent share. The user's
//! keys go in by [`Terminal::input`], the picture comes out by [`Terminal::screen`], all that it has
//! shown by [`Terminal::look_back`]. The agent runs commands ([`Terminal::run`]) and sends keys
//! ([`Terminal::keys`]); each answers with a [`Ran`]: state, exit code, folder, what is new of the
//! output. Why a command runs, and whether it may, is for others to know.
//!
//! ```text
//! PTY ─ reader ─ scan ─┬─ emulator ─ cells ───────► Screen
//!                      │      └──── history ─────► Scrollback
//!                      ├─ marks ─ progress ────┐
//!                      └─ rows ─ capture ─────┐├──► Ran
//!  ▲                    foreground (kernel) ──┴┴ watch
//!  └── writer ◄─ queue ◄─ keys, replies, delivered commands
//! ```
//!
//! How the end of a command is known: bash, zsh, fish and sh get temporary rc files (`shell`) that
//! read the user's own first and then print OSC 133 marks with a nonce, so that no program can forge
//! them. A command is delivered through a file and one private key (to sh by a short line), and
//! stands on the screen as if it had been typed. Any other shell is typed to, the kernel tells when
//! it is back at its prompt, and the exit code is unknown, never 0. So it is with shells inside the
//! shell (`nested`); [`Terminal::quality`] says how much can be told at present.
//!
//! Two pairs of hands type (`hands`): the user's first key takes the pen, the agent types only while
//! it has it, and a `witness` keeps what the terminal showed meanwhile. While a program asks for a
//! secret, only the user can type.

mod capture;
mod cells;
mod checksum;
mod emulator;
mod error;
mod foreground;
mod hands;
mod history;
mod keys;
mod listener;
mod live;
mod marks;
mod nested;
mod progress;
mod pty;
mod queue;
mod reach;
mod replies;
mod row;
mod rows;
mod run;
mod scan;
mod shared;
mod shell;
mod shown;
mod sight;
mod signals;
mod spill;
mod store;
mod strokes;
mod tail;
mod tee;
mod terminal;
mod watch;
mod witness;

#[cfg(test)]
mod tests;

pub use capture::text_of;
pub use error::TermError;
pub use hands::{Glance, Watch};
pub use run::{COMMAND_BYTES_MAX, Ran, Wait};
pub use shown::OUTPUT_INLINE_BYTES_MAX;
pub use spill::OUTPUT_FILE_BYTES_MAX;
pub use store::{Cut, Output};
pub use terminal::Terminal;
