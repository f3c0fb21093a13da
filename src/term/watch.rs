//! Waits for a terminal to come to rest: a command's end, told by the marks at once; or a program
//! that wants something of whoever types, told by looking at it once its output is quiet.

use super::foreground::{Activity, activity};
use super::live::Live;
use super::nested;
use super::progress::Phase;
use super::shared::Shared;
use super::terminal::Terminal;
use super::{TermError, Wait};
use crate::protocol::{Pen, TermState};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A program that wants a line or a password has been seen wanting it for this long.
pub(super) const QUIET: Duration = Duration::from_millis(300);
/// The first look at a quiet program; a second one after `QUIET` confirms it.
const FIRST_LOOK: Duration = Duration::from_millis(100);
/// Looks at a program that stays quiet and works.
const LOOK: Duration = Duration::from_millis(250);
/// A full-screen program has drawn its screen.
const SCREEN_QUIET: Duration = Duration::from_millis(150);
/// One that never stops drawing is shown all the same.
const SCREEN_MAX: Duration = Duration::from_secs(1);
/// One that took the screen and drew nothing yet gets this long to begin.
const BLANK_MAX: Duration = Duration::from_secs(3);
/// A shell that was given a command takes it within this time, or it is withdrawn.
pub(super) const TAKING_MAX: Duration = Duration::from_secs(3);
/// After Enter at a prompt, a command has begun within this time, if there is one.
const STARTING_MAX: Duration = Duration::from_secs(1);
/// A prompt that lost its marks is there when this long nothing came after the command's end.
const SETTLING_MAX: Duration = Duration::from_millis(150);
/// Looks at a shell without marks: from the first to the last, each longer than the one before.
const KERNEL_LOOK: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));

/// What is waited for.
pub(super) enum Goal {
    /// The end of the agent's command.
    Command {
        id: u64,
        /// A user is there to type passwords.
        attended: bool,
    },
    /// What keys lead to.
    Keys {
        wait: Wait,
        /// Commands that had ended before.
        count: u64,
        /// Enter was among the keys.
        entered: bool,
        /// How often the pen had been taken when the keys were typed; None: there are no keys.
        interrupted_by: Option<u64>,
    },
}

enum Look {
    Rest(TermState),
    /// Look again then, unless something happens first.
    At(Instant),
}

/// What a quiet program was seen doing, since when, and at which output.
type Seen = Option<(Activity, Instant, Instant)>;

/// Output is an event as long as this lives.
struct Watcher<'a>(&'a Shared);

impl<'a> Watcher<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.watchers.fetch_add(1, Ordering::AcqRel);
        Self(shared)
    }
}

impl Drop for Watcher<'_> {
    fn drop(&mut self) {
        self.0.watchers.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Terminal {
    /// The state that the terminal rests in, or is in at the deadline.
    pub(super) async fn rest(
        &self,
        goal: &Goal,
        since: Instant,
        timeout: Duration,
    ) -> Result<TermState, TermError> {
        let shared = self.shared();
        let text = matches!(goal, Goal::Keys { wait: Wait::Text(_), .. });
        let _watcher = text.then(|| Watcher::new(shared));
        let mut events = shared.events.subscribe();
        // A far deadline is none; the clock cannot hold it.
        let deadline = since + timeout.min(Duration::from_secs(86_400 * 365));
        let mut seen = None;
        let mut kernel_look = KERNEL_LOOK.0;
        loop {
            events.borrow_and_update();
            self.settle_by_kernel();
            let mut next = match self.look_nested(goal) {
                Some(nested::Look::Ended) => return Ok(TermState::Done),
                Some(nested::Look::Again(next)) => next,
                None => match self.look(goal, since, &mut seen)? {
                    Look::Rest(state) => return Ok(state),
                    Look::At(next) => next,
                },
            };
            if Instant::now() >= deadline {
                return Ok(self.state());
            }
            if !shared.live().progress.marks {
                next = next.min(Instant::now() + kernel_look);
                kernel_look = (kernel_look * 3 / 2).min(KERNEL_LOOK.1);
            }
            tokio::select! {
                _ = events.changed() => {}
                () = tokio::time::sleep_until(next.min(deadline).into()) => {}
            }
        }
    }

    fn look(&self, goal: &Goal, since: Instant, seen: &mut Seen) -> Result<Look, TermError> {
        let now = Instant::now();
        let mut live = self.shared().live();
        if live.exit.is_some() {
            return Ok(Look::Rest(TermState::Exited));
        }
        if live.progress.phase == Phase::Settling {
            let settled = live.last_output + SETTLING_MAX;
            if now < settled {
                return Ok(Look::At(settled));
            }
            live.progress.ready(now);
        }
        let wait = match goal {
            Goal::Command { id, attended } => {
                if let Some(look) = command(&mut live, *id, since, now) {
                    drop(live);
                    return look.inspect_err(|error| self.give_up(error));
                }
                if live.hands.aside {
                    return Ok(Look::Rest(TermState::Running));
                }
                // What it waits for is the user's to give.
                if live.hands.pen == Pen::User || (*attended && live.hands.secret) {
                    return Ok(Look::At(now + LOOK));
                }
                &Wait::Prompt
            }
            Goal::Keys { interrupted_by: Some(before), .. } if live.hands.taken > *before => {
                drop(live);
                return Ok(Look::Rest(self.state()));
            }
            Goal::Keys { wait, count, entered, .. } => {
                let prompt = live.at_prompt();
                if prompt && live.progress.count > *count {
                    return Ok(Look::Rest(TermState::Done));
                }
                if prompt {
                    let patience = if *entered { STARTING_MAX } else { QUIET };
                    let quiet = live.last_output.max(since) + patience;
                    return Ok(if now >= quiet {
                        Look::Rest(TermState::Done)
                    } else {
                        Look::At(quiet)
                    });
                }
                wait
            }
        };
        if let Wait::Text(text) = wait
            && live.last_output > since
            && shows(&mut live, text)
        {
            // A screen with the text on it is still being drawn until it is quiet.
            let (_, shown, _) = *seen.get_or_insert((Activity::Working, now, now));
            let drawn = (live.last_output + SCREEN_QUIET).min(shown + SCREEN_MAX);
            if live.full_since.is_some() && now < drawn {
                return Ok(Look::At(drawn));
            }
            drop(live);
            return Ok(Look::Rest(self.state()));
        }
        let quiet_since = live.last_output.max(since);
        let full_since = live.full_since;
        drop(live);
        Ok(self.program(wait, quiet_since, full_since.map(|full| full.max(since)), seen))
    }

    /// What a running program is up to.
    fn program(
        &self,
        wait: &Wait,
        quiet_since: Instant,
        full_since: Option<Instant>,
        seen: &mut Seen,
    ) -> Look {
        let now = Instant::now();
        match wait {
            Wait::Exit | Wait::Text(_) => return Look::At(now + LOOK),
            Wait::Idle if now >= quiet_since + QUIET => return Look::Rest(self.state()),
            Wait::Idle if full_since.is_none() => return Look::At(quiet_since + QUIET),
            Wait::Idle | Wait::Prompt => {}
        }
        if let Some(full_since) = full_since {
            let drawn = (quiet_since + SCREEN_QUIET).min(full_since + SCREEN_MAX);
            if now < drawn {
                return Look::At(drawn);
            }
            let is_early = now < full_since + BLANK_MAX;
            return if is_early && self.shared().live().is_blank() {
                Look::At(now + FIRST_LOOK)
            } else {
                Look::Rest(TermState::FullScreen)
            };
        }
        if now < quiet_since + FIRST_LOOK {
            return Look::At(quiet_since + FIRST_LOOK);
        }
        let activity = activity(&self.shared().pty);
        let Some(state) = waiting(activity) else {
            *seen = None;
            return Look::At(now + LOOK);
        };
        match seen {
            Some((before, from, output)) if *before == activity && *output == quiet_since => {
                let sure = (*from + QUIET - FIRST_LOOK).max(quiet_since + QUIET);
                if now >= sure { Look::Rest(state) } else { Look::At(sure) }
            }
            _ => {
                *seen = Some((activity, now, quiet_since));
                Look::At(now + QUIET - FIRST_LOOK)
            }
        }
    }

    /// The state right now, without waiting to be sure.
    pub(super) fn state(&self) -> TermState {
        let live = self.shared().live();
        if live.exit.is_some() {
            return TermState::Exited;
        }
        if live.at_prompt() {
            return TermState::Done;
        }
        if live.full_since.is_some() {
            return TermState::FullScreen;
        }
        if live.progress.phase != Phase::Running || live.is_remote() {
            return TermState::Running;
        }
        drop(live);
        waiting(activity(&self.shared().pty)).unwrap_or(TermState::Running)
    }

    /// A command that cannot run leaves nothing behind.
    fn give_up(&self, error: &TermError) {
        match error {
            TermError::Unfinished => self.interrupt(),
            TermError::NotTaken => self.shared().integration.withdraw(),
            _ => {}
        }
    }
}

const fn waiting(activity: Activity) -> Option<TermState> {
    match activity {
        Activity::Working => None,
        Activity::Line | Activity::Keys => Some(TermState::WaitsForLine),
        Activity::Secret => Some(TermState::Password),
    }
}

/// None: it runs.
fn command(
    live: &mut Live,
    id: u64,
    since: Instant,
    now: Instant,
) -> Option<Result<Look, TermError>> {
    if live.progress.agents.is_some_and(|finished| finished.id == Some(id)) {
        return Some(Ok(Look::Rest(TermState::Done)));
    }
    if live.progress.unfinished {
        live.progress.unfinished = false;
        return Some(Err(TermError::Unfinished));
    }
    let idle = live.progress.phase == Phase::Prompt && live.nested.is_none();
    if idle && live.pending.is_none() && live.progress.marks {
        // It was withdrawn before the shell took it: by the user, who took the pen.
        return Some(Err(TermError::PenTaken));
    }
    if live.pending.is_some_and(|(pending, _)| pending == id) {
        let until = since + TAKING_MAX;
        if now < until {
            return Some(Ok(Look::At(until)));
        }
        live.pending = None;
        return Some(Err(TermError::NotTaken));
    }
    None
}

fn shows(live: &mut Live, text: &str) -> bool {
    if live.full_since.is_none() {
        return live.said(text);
    }
    let screen = live.screen();
    (0..screen.size.rows).any(|row| screen.text(row).contains(text))
}
