//! What the agent does in a terminal: run a command, send keys; and what it is told of them.

use super::TermError;
use super::foreground;
use super::keys::encode_key;
use super::live::Live;
use super::progress::Phase;
use super::queue::Hand;
use super::shell::PromptEnd;
use super::sight::Sight;
use super::store::Output;
use super::strokes;
use super::terminal::Terminal;
use super::watch::Goal;
use crate::protocol::{KeyCode, TermState};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Of one command; line editors get slow with much more.
pub const COMMAND_BYTES_MAX: usize = 128 * 1024;
/// A shell whose first prompt takes longer than this is used without its marks.
const FIRST_PROMPT_MAX: Duration = Duration::from_secs(10);
/// A shell that was interrupted at the wrong moment, and still waits for the rest of a command, is
/// interrupted again after this.
const AGAIN: Duration = Duration::from_millis(300);

/// Looks at a command in the background.
const END_LOOK: Duration = Duration::from_millis(250);
const END_LOOK_WITH_MARKS: Duration = Duration::from_secs(60);

/// When keys have had their effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Nothing was drawn for a moment.
    Idle,
    /// Something wants input again: the shell's prompt, a question, a drawn screen.
    Prompt,
    /// The command has ended.
    Exit,
    /// This text is in the new output; of a full-screen program, on its screen.
    Text(String),
}

/// How things stand after a command or after keys.
#[derive(Clone, Debug)]
pub struct Ran {
    pub state: TermState,
    /// None: not known, or nothing has ended.
    pub exit: Option<i32>,
    /// A command has ended since the last look.
    pub ended: bool,
    /// The shell's folder, if it is another than at the last look.
    pub folder: Option<PathBuf>,
    pub duration: Duration,
    /// What is new since the last look.
    pub output: Output,
    /// Of a full-screen program: the rows' text, without the blank ones at the end.
    pub screen: Option<Vec<String>>,
    /// The rows of it, from 0, that are other than at the last look; None: it is the first one.
    pub changed: Option<Vec<u16>>,
    /// Of a full-screen program: column and row from 0, unless it hides the cursor.
    pub cursor: Option<(u16, u16)>,
    /// The user took the pen meanwhile.
    pub pen_taken: bool,
    /// The user sent the command to the background: it runs on, and nobody waits for it.
    pub aside: bool,
}

impl Terminal {
    /// Runs a command and waits for its end, or until it wants something: a line, a password, a look
    /// at its screen. A timeout does not end it: the state is `Running`. Dropping the future leaves
    /// it running, too. Needs a tokio runtime with time.
    pub async fn run(&self, command: &str, timeout: Duration) -> Result<Ran, TermError> {
        self.run_as(command, timeout, false).await
    }

    /// The same with a user at hand: a question for a password is theirs to answer, and no answer
    /// of the command's.
    pub async fn run_attended(&self, command: &str, timeout: Duration) -> Result<Ran, TermError> {
        self.run_as(command, timeout, true).await
    }

    async fn run_as(
        &self,
        command: &str,
        timeout: Duration,
        attended: bool,
    ) -> Result<Ran, TermError> {
        check(command)?;
        let ready = self.prompt().await;
        let since = Instant::now();
        let taken = self.shared().live().hands.taken;
        let count = self.shared().live().progress.count;
        let (id, nested) = match ready {
            Ok(()) => (self.deliver(command)?, false),
            Err(busy @ TermError::Busy { .. }) => {
                (self.run_nested(command).await.unwrap_or(Err(busy))?, true)
            }
            Err(error) => return Err(error),
        };
        let state = self.rest(&Goal::Command { id, attended }, since, timeout).await?;
        let mut ran = self.ran(state, Some(id), since, taken);
        if nested {
            self.add_exit(&mut ran, count);
        }
        Ok(ran)
    }

    /// The exit code of whatever has ended since that many commands had.
    fn add_exit(&self, ran: &mut Ran, count: u64) {
        let live = self.shared().live();
        if ran.state == TermState::Done && live.progress.count > count {
            ran.exit = live.progress.finished.and_then(|finished| finished.exit);
        }
    }

    /// Ends with the command that runs now, and says its exit code, if it is known. The shell's own
    /// end ends it, too. It keeps the terminal open.
    pub fn command_end(&self) -> impl Future<Output = Option<i32>> + Send + 'static {
        let terminal = self.clone();
        let count = {
            let live = self.shared().live();
            let ended = live.progress.phase == Phase::Prompt && !live.is_given();
            live.progress.count.saturating_sub(u64::from(ended))
        };
        async move {
            let shared = terminal.shared();
            let mut events = shared.events.subscribe();
            loop {
                events.borrow_and_update();
                terminal.settle_by_kernel();
                let marks = {
                    let live = shared.live();
                    if let Some(exit) = live.exit {
                        return exit;
                    }
                    if live.progress.count > count {
                        return live.progress.finished.and_then(|finished| finished.exit);
                    }
                    live.progress.marks
                };
                // A mark wakes us; a shell without marks is looked at.
                let look = if marks { END_LOOK_WITH_MARKS } else { END_LOOK };
                let _ = tokio::time::timeout(look, events.changed()).await;
            }
        }
    }

    /// What runs now: the agent's command as it was given, else the foreground's command line.
    pub fn command(&self) -> Option<String> {
        if let Some(command) = self.shared().live().command.clone() {
            return Some(command);
        }
        self.shared().pty.foreground().and_then(foreground::command_line)
    }

    /// Types the agent's keys: text, with named keys in angle brackets, such as `<C-c>`, `<Esc>`.
    /// Without keys it only waits.
    pub async fn keys(&self, keys: &str, wait: Wait, timeout: Duration) -> Result<Ran, TermError> {
        let keys = strokes::parse(keys)?;
        let since = Instant::now();
        let shared = self.shared();
        shared.mind_secret();
        let (goal, count, taken) = {
            self.settle_by_kernel();
            let mut live = shared.live();
            if let Some(exit) = live.exit {
                return Err(TermError::Exited { exit });
            }
            let modes = live.emulator.modes();
            let is_interrupt = keys.len() == 1 && encode_key(keys[0], modes) == [0x03];
            if !keys.is_empty() {
                match Self::may_type(&live) {
                    // To give up is to type nothing into it.
                    Err(TermError::Secret) if is_interrupt => {}
                    allowed => allowed?,
                }
            }
            let entered = keys.iter().any(|key| key.code == KeyCode::Enter);
            // Without keys, an end that came before the look is what was waited for.
            let count = if keys.is_empty() { live.told_count } else { live.progress.count };
            if live.at_prompt() && !live.progress.tells_all() && entered {
                self.typed(&mut live, 0, 1);
            }
            let bytes: Vec<u8> = keys.iter().flat_map(|key| encode_key(*key, modes)).collect();
            let taken = live.hands.taken;
            if is_interrupt {
                drop(live);
                self.interrupt();
            } else {
                live.hands.agent_types = true;
                shared.queue.push(&bytes, Hand::Agent);
            }
            let interrupted_by = (!keys.is_empty()).then_some(taken);
            (Goal::Keys { wait, count, entered, interrupted_by }, count, taken)
        };
        let state = self.rest(&goal, since, timeout).await;
        shared.live().hands.agent_types = false;
        let state = state?;
        let mut ran = self.ran(state, None, since, taken);
        self.add_exit(&mut ran, count);
        Ok(ran)
    }

    /// Waits for the prompt that a command can be given to.
    async fn prompt(&self) -> Result<(), TermError> {
        let shared = self.shared();
        let mut events = shared.events.subscribe();
        let deadline = Instant::now() + FIRST_PROMPT_MAX;
        let mut again = Instant::now() + AGAIN;
        loop {
            events.borrow_and_update();
            self.settle_by_kernel();
            let (phase, all, exit, group) = {
                let live = shared.live();
                let progress = &live.progress;
                (progress.phase, progress.tells_all(), live.exit, live.shell_group)
            };
            if let Some(exit) = exit {
                return Err(TermError::Exited { exit });
            }
            let late = Instant::now() >= deadline;
            match phase {
                Phase::Prompt if all || self.has_terminal(group) => return Ok(()),
                Phase::Prompt | Phase::Running => return Err(self.busy_with()),
                Phase::Taken if late => return Err(self.busy_with()),
                Phase::Starting if !all && self.shows_first_prompt() => {
                    let mut live = shared.live();
                    if live.progress.phase == Phase::Starting {
                        live.progress.marks = false;
                        live.progress.ready(Instant::now());
                    }
                    continue;
                }
                Phase::Starting | Phase::Settling if late => {
                    let mut live = shared.live();
                    // No prompt of ours came: something else has the terminal, and is typed to.
                    live.progress.marks &= phase == Phase::Settling;
                    live.progress.ready(Instant::now());
                    continue;
                }
                Phase::Taken if Instant::now() >= again => {
                    self.interrupt();
                    again = Instant::now() + AGAIN;
                }
                Phase::Starting | Phase::Settling | Phase::Taken => {}
            }
            let next = match phase {
                Phase::Taken => again,
                _ if all => deadline,
                _ => Instant::now() + Duration::from_millis(2),
            };
            tokio::select! {
                _ = events.changed() => {}
                () = tokio::time::sleep_until(next.into()) => {}
            }
        }
    }

    fn busy_with(&self) -> TermError {
        let group = self.shared().pty.foreground();
        let what =
            group.and_then(foreground::command_line).unwrap_or_else(|| "a command".to_owned());
        TermError::Busy { what }
    }

    fn deliver(&self, command: &str) -> Result<u64, TermError> {
        let shared = self.shared();
        shared.mind_secret();
        let mut live = shared.live();
        Self::may_type(&live)?;
        if live.progress.continued {
            return Err(TermError::Busy {
                what: "a command line that the user has begun".to_owned(),
            });
        }
        if !live.at_prompt() {
            drop(live);
            return Err(self.busy_with());
        }
        let id = self.inner.next_id.fetch_add(1, Ordering::Relaxed);
        let marks = live.progress.marks;
        let columns = live.emulator.size().columns;
        let at = PromptEnd { column: live.ready_column, columns };
        let bytes = shared.integration.deliver(command, id, marks, at)?;
        live.command_lines = command.split('\n').count();
        if marks {
            live.pending = Some((id, Instant::now()));
        } else {
            self.typed(&mut live, id, 1);
        }
        live.hands.aside = false;
        live.command = Some(command.to_owned());
        shared.queue.push(&bytes, Hand::Agent);
        Ok(id)
    }

    /// A line is about to be typed to a shell without marks.
    fn typed(&self, live: &mut Live, id: u64, echo_lines: usize) {
        live.listen();
        live.echo_lines = echo_lines;
        live.rested = None;
        live.typed_at = foreground::switches(self.shared().pty.pid);
        live.prompt_text =
            if live.progress.marks { String::new() } else { live.emulator.cursor_line() };
        live.progress.typed(id, Instant::now());
    }

    /// `id`: the agent's command, whose end is told.
    fn ran(&self, state: TermState, id: Option<u64>, since: Instant, taken: u64) -> Ran {
        let mut live = self.shared().live();
        let mut ended = live.progress.agents.filter(|finished| id.is_some() && finished.id == id);
        if state == TermState::Exited {
            ended = None;
        }
        strip_echo(&mut live, state);
        let has_ended = live.progress.count > live.told_count;
        live.told_count = live.progress.count;
        let output = live.take_output();
        let now = live.progress.folder.clone();
        let before = std::mem::replace(&mut live.told_folder, now.clone());
        let folder = (now != before).then_some(now);
        let screen = (state == TermState::FullScreen).then(|| live.screen());
        let sight = live.full_since.zip(screen.as_deref());
        let sight = sight.map(|(since, screen)| Sight::new(since, screen));
        let before = live.told_screen.take();
        let changed = sight.as_ref().zip(before).and_then(|(now, before)| now.changed(&before));
        let rows = sight.as_ref().map(Sight::rows);
        live.told_screen = sight;
        let exit = match (state, live.exit) {
            (TermState::Exited, Some(exit)) => exit,
            _ => ended.and_then(|finished| finished.exit),
        };
        Ran {
            state,
            exit,
            ended: has_ended,
            folder,
            duration: ended.map_or_else(|| since.elapsed(), |finished| finished.duration),
            output,
            cursor: screen.as_ref().and_then(|screen| screen.cursor).map(|at| (at.column, at.row)),
            screen: rows,
            changed,
            pen_taken: live.hands.taken > taken,
            aside: live.hands.aside && state != TermState::Done,
        }
    }
}

pub(super) fn check(command: &str) -> Result<(), TermError> {
    if command.trim().is_empty() {
        return Err(TermError::Empty);
    }
    if command.len() > COMMAND_BYTES_MAX {
        return Err(TermError::TooLong { bytes: command.len(), bytes_max: COMMAND_BYTES_MAX });
    }
    let control = |byte: &u8| matches!(byte, 0..=0x1f | 0x7f) && !matches!(byte, b'\n' | b'\t');
    match command.bytes().find(control) {
        Some(byte) => Err(TermError::ControlByte { byte }),
        None => Ok(()),
    }
}

/// Without marks, the echo of what was typed and the next prompt look like output: they are cut by
/// what is known of them.
fn strip_echo(live: &mut Live, state: TermState) {
    let echoed = std::mem::take(&mut live.echo_lines);
    if echoed > 0 {
        live.capture.skip_lines(echoed);
    }
    if state == TermState::Done && !live.prompt_text.is_empty() {
        let prompt = std::mem::take(&mut live.prompt_text);
        let now = live.emulator.cursor_line();
        let text = if now.ends_with(&prompt) { prompt } else { now };
        live.capture.drop_end(text.trim_end());
    }
}
