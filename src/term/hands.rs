//! Two pairs of hands on one keyboard: who has the pen, what a secret is, what happens to keys that
//! were on their way when the pen changed hands.
//!
//! The user's first key takes the pen. Keys of the agent's that no program has read yet are dropped,
//! and the agent types nothing until the user hands the pen back; then it is told what the terminal
//! showed meanwhile. While a program asks for a secret nobody's pen counts: only the user can type.

use super::live::Live;
use super::progress::Phase;
use super::pty::LineMode;
use super::shared::Shared;
use super::terminal::{Inner, Terminal};
use super::witness::Witness;
use super::{TermError, keys};
use crate::protocol::{Input, Pen, Quality};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::watch::Receiver;

impl Terminal {
    pub fn pen(&self) -> Pen {
        self.shared().live().hands.pen
    }

    /// Echo is off: a program asks for a secret.
    pub fn secret(&self) -> bool {
        self.shared().mind_secret();
        self.shared().live().hands.secret
    }

    /// The user takes the pen. Whoever waits for the effect of the agent's keys is told at once.
    pub fn take_pen(&self) {
        let shared = self.shared();
        let mut live = shared.live();
        if live.hands.pen == Pen::User {
            return;
        }
        let unread = live.hands.agent_types || live.pending.is_some();
        let prompt = live.emulator.cursor_line();
        let size = live.emulator.size();
        live.hands.pen = Pen::User;
        live.hands.taken += 1;
        live.hands.witness = Some(Witness::new(size, &prompt));
        live.pending = None;
        shared.integration.withdraw();
        drop(live);
        shared.queue.drop_agents();
        if unread {
            shared.pty.drop_input();
        }
        shared.bump();
    }

    /// The agent may type again. What the terminal showed since the pen was taken, as text; None if
    /// the user did not have the pen.
    pub fn hand_back(&self) -> Option<String> {
        let shared = self.shared();
        let mut live = shared.live();
        let witness = live.hands.witness.take()?;
        live.hands.pen = Pen::Agent;
        if live.progress.phase == Phase::Running && live.progress.is_users() {
            // What the user's command says from here on, the agent can look at.
            live.listen();
        }
        drop(live);
        shared.bump();
        Some(witness.finish())
    }

    /// The user's key or paste, in the encoding that the program asked for. It takes the pen, unless
    /// it belongs to a secret: that the user alone can type, whoever has the pen. Never blocks: what
    /// a program does not read waits in a queue of 8 MiB, and is dropped beyond it.
    pub fn input(&self, input: &Input) {
        let shared = self.shared();
        if !self.secret() {
            self.take_pen();
        }
        let bytes = keys::encode(input, shared.live().emulator.modes());
        if bytes == [0x03] {
            return self.interrupt();
        }
        shared.queue.push(&bytes, super::queue::Hand::User);
        shared.queue.look_later();
    }

    /// Whether the agent may type now.
    pub(super) fn may_type(live: &Live) -> Result<(), TermError> {
        match (live.hands.secret, live.hands.pen) {
            (true, _) => Err(TermError::Secret),
            (false, Pen::User) => Err(TermError::PenTaken),
            (false, Pen::Agent) => Ok(()),
        }
    }

    pub fn watch(&self) -> Watch {
        let shared = Arc::clone(&self.inner.shared);
        let events = shared.events.subscribe();
        Watch { inner: Arc::downgrade(&self.inner), shared, events }
    }

    /// The command that runs goes on without anybody waiting for it: whoever does is told so.
    pub fn set_aside(&self) {
        self.shared().live().hands.aside = true;
        self.shared().bump();
    }
}

/// What happens in a terminal by itself. It does not keep the terminal open.
pub struct Watch {
    inner: Weak<Inner>,
    shared: Arc<Shared>,
    events: Receiver<u64>,
}

/// How a terminal is at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    /// A program asks for a secret.
    pub secret: bool,
    /// The shell has ended; `Some(None)`: without an exit code.
    pub exit: Option<Option<i32>>,
    /// None: the shell is still starting.
    pub quality: Option<Quality>,
    /// A command runs; a shell inside the shell among them, whose prompts nothing tells of.
    pub busy: bool,
    pub pen: Pen,
}

impl Watch {
    pub fn now(&mut self) -> Glance {
        self.events.borrow_and_update();
        let terminal = self.inner.upgrade().map(|inner| Terminal { inner });
        let quality = terminal.as_ref().map_or(Quality::None, Terminal::quality);
        let busy = terminal.is_some_and(|terminal| terminal.busy());
        let live = self.shared.live();
        let quality = Some(quality).filter(|_| live.progress.phase != Phase::Starting);
        Glance { secret: live.hands.secret, exit: live.exit, quality, busy, pen: live.hands.pen }
    }

    /// Ends when something may have changed since `now`, at the latest after `patience`; cancel-safe.
    pub async fn changed(&mut self, patience: Option<Duration>) {
        // The sender is in `shared`, so it is there.
        match patience {
            None => drop(self.events.changed().await),
            Some(patience) => drop(tokio::time::timeout(patience, self.events.changed()).await),
        }
    }
}

/// Who types.
pub(super) struct Hands {
    pub(super) pen: Pen,
    /// How often the user took it.
    pub(super) taken: u64,
    /// Echo is off.
    pub(super) secret: bool,
    /// Keys of the agent's may be on their way.
    pub(super) agent_types: bool,
    /// The agent's command was sent to the background.
    pub(super) aside: bool,
    pub(super) witness: Option<Witness>,
}

impl Hands {
    pub(super) const fn new() -> Self {
        Self {
            pen: Pen::Agent,
            taken: 0,
            secret: false,
            agent_types: false,
            aside: false,
            witness: None,
        }
    }
}

/// Programs that draw a star for each character read keys, not lines: only what they ask tells.
const ASKING: [&str; 5] = ["password", "passphrase", "passcode", "pin", "secret"];

/// Whether the line before the cursor asks for a secret.
fn asks(line: &str) -> bool {
    let line = line.trim_end_matches(['*', '•', ' ']).to_lowercase();
    line.ends_with(':')
        && line.split(|char: char| !char.is_alphanumeric()).any(|word| ASKING.contains(&word))
}

impl Live {
    /// Takes in how the terminal treats what is typed; true if a secret is asked for now, or no more.
    pub(super) fn mind_secret(&mut self, mode: Option<LineMode>) -> bool {
        let secret = match mode {
            // What is typed to a full-screen program is its own affair.
            _ if self.full_since.is_some() => false,
            Some(LineMode { echo: false, canonical: true, .. }) => true,
            Some(LineMode { echo: false, .. }) => {
                !self.at_prompt() && asks(&self.emulator.cursor_line())
            }
            _ => false,
        };
        if secret == self.hands.secret {
            return false;
        }
        self.hands.secret = secret;
        self.revision += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::asks;

    #[test]
    fn a_question_for_a_secret_is_known_by_its_words() {
        for line in ["[sudo] password for dev: ", "Enter passphrase for key '/x/id': ***", "PIN:"] {
            assert!(asks(line), "{line}");
        }
        for line in ["~/password $ ", "reset password? [y/N] ", "pinned: ", ">>> "] {
            assert!(!asks(line), "{line}");
        }
    }
}
