//! Where the shell is between its prompts, told from its marks. A pure state machine: bytes and
//! clocks come from outside.

use super::marks::Mark;
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// No prompt yet.
    Starting,
    Prompt,
    /// The line editor took a command of the agent's.
    Taken,
    Running,
    /// The command has ended; the prompt is on its way, or the next line of the same input.
    Settling,
}

/// What a mark means for the command's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutputStep {
    /// What follows is a new command's.
    Begin,
    /// The line editor echoes the command: an error in its syntax may follow.
    BeginEcho,
    Resume,
    Pause,
    /// It never began: what came after the echo is what the shell said about it.
    PauseAfterEcho,
    Keep,
}

/// A command that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Finished {
    /// None: the user's.
    pub(super) id: Option<u64>,
    pub(super) exit: Option<i32>,
    pub(super) duration: Duration,
}

pub(super) struct Progress {
    pub(super) phase: Phase,
    /// False: this shell gives no marks.
    pub(super) marks: bool,
    /// False: nor does it say that a command begins that the user has typed.
    pub(super) starts: bool,
    pub(super) finished: Option<Finished>,
    /// The last one of the agent's; the user's own may have ended since.
    pub(super) agents: Option<Finished>,
    /// Rises with each command that has ended.
    pub(super) count: u64,
    pub(super) folder: PathBuf,
    /// The shell asks for more lines of the agent's command.
    pub(super) unfinished: bool,
    /// The shell asks for more lines of the user's command.
    pub(super) continued: bool,
    id: Option<u64>,
    exit: Option<i32>,
    pub(super) began: Instant,
    ended: Instant,
    believes_folder: bool,
}

impl Progress {
    pub(super) fn new(folder: PathBuf, marks: bool, now: Instant) -> Self {
        Self {
            phase: Phase::Starting,
            marks,
            starts: true,
            finished: None,
            agents: None,
            count: 0,
            folder,
            unfinished: false,
            continued: false,
            id: None,
            exit: None,
            began: now,
            ended: now,
            believes_folder: false,
        }
    }

    pub(super) fn apply(&mut self, mark: Mark, now: Instant) -> OutputStep {
        match mark {
            Mark::Prompt => {
                self.believes_folder = false;
                OutputStep::Keep
            }
            Mark::Folder(folder) => {
                if self.believes_folder {
                    self.folder = folder;
                }
                OutputStep::Keep
            }
            Mark::Taken(id) => {
                (self.id, self.exit, self.began) = (Some(id), None, now);
                self.unfinished = false;
                self.phase = Phase::Taken;
                OutputStep::BeginEcho
            }
            Mark::Started => self.started(now),
            Mark::Ended(_) if !self.marks => OutputStep::Keep,
            Mark::Ended(exit) => self.ended(exit, now),
            Mark::Ready => {
                self.continued = false;
                // A shell that was given up gives marks after all: this is the prompt at which the
                // command was typed, not its end.
                let given_up = !std::mem::replace(&mut self.marks, true);
                if !given_up || self.phase != Phase::Running {
                    self.ready(now);
                }
                OutputStep::Keep
            }
            Mark::More => {
                self.unfinished = self.phase == Phase::Taken;
                self.continued = self.phase == Phase::Prompt;
                OutputStep::Keep
            }
            Mark::Plain => {
                self.marks = false;
                OutputStep::Keep
            }
        }
    }

    /// What runs, or ran last, is the user's own command.
    pub(super) const fn is_users(&self) -> bool {
        self.id.is_none()
    }

    const fn started(&mut self, now: Instant) -> OutputStep {
        let step = match self.phase {
            // The next line of the same input.
            Phase::Running | Phase::Settling => OutputStep::Resume,
            Phase::Taken => OutputStep::Begin,
            Phase::Starting | Phase::Prompt => {
                (self.id, self.exit) = (None, None);
                OutputStep::Begin
            }
        };
        if matches!(step, OutputStep::Begin) {
            self.began = now;
        }
        self.phase = Phase::Running;
        self.continued = false;
        step
    }

    const fn ended(&mut self, exit: Option<i32>, now: Instant) -> OutputStep {
        self.believes_folder = true;
        let step = match self.phase {
            Phase::Running => OutputStep::Pause,
            Phase::Taken => OutputStep::PauseAfterEcho,
            Phase::Prompt if !self.starts => {
                (self.id, self.began) = (None, now);
                OutputStep::Keep
            }
            Phase::Starting | Phase::Prompt | Phase::Settling => return OutputStep::Keep,
        };
        (self.exit, self.ended, self.phase) = (exit, now, Phase::Settling);
        step
    }

    /// The prompt is shown.
    pub(super) fn ready(&mut self, now: Instant) {
        match self.phase {
            // A redrawn prompt.
            Phase::Taken | Phase::Prompt => {}
            Phase::Starting => self.phase = Phase::Prompt,
            Phase::Running => {
                // Its end was not told, so neither is how.
                (self.exit, self.ended) = (None, now);
                self.finish();
            }
            Phase::Settling => self.finish(),
        }
    }

    fn finish(&mut self) {
        let duration = self.ended.saturating_duration_since(self.began);
        let finished = Finished { id: self.id.take(), exit: self.exit, duration };
        self.finished = Some(finished);
        if finished.id.is_some() {
            self.agents = Some(finished);
        }
        self.count += 1;
        self.phase = Phase::Prompt;
    }

    /// Whether the marks alone tell what goes on.
    pub(super) const fn tells_all(&self) -> bool {
        self.marks && self.starts
    }

    /// A command was typed to a shell that does not say so.
    pub(super) const fn typed(&mut self, id: u64, now: Instant) {
        (self.id, self.exit, self.began) = (Some(id), None, now);
        self.phase = Phase::Running;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(marks: &[Mark]) -> Progress {
        let now = Instant::now();
        let mut progress = Progress::new("/".into(), true, now);
        for mark in marks {
            progress.apply(mark.clone(), now);
        }
        progress
    }

    #[test]
    fn several_lines_of_one_input_end_once_with_the_last_code() {
        use Mark::{Ended, Prompt, Ready, Started, Taken};
        let mut marks =
            vec![Prompt, Ready, Taken(7), Ready, Started, Ended(Some(0)), Prompt, Started];
        assert_eq!(after(&marks).phase, Phase::Running);
        marks.extend([Ended(Some(3)), Prompt, Ready]);
        let progress = after(&marks);
        let finished = progress.finished.expect("it has ended");
        assert_eq!((finished.id, finished.exit), (Some(7), Some(3)));
        assert_eq!((progress.phase, progress.count), (Phase::Prompt, 1));
    }

    #[test]
    fn the_users_own_command_is_nobody_elses() {
        use Mark::{Ended, Ready, Started};
        let progress = after(&[Ready, Started, Ended(Some(1)), Ready]);
        assert_eq!(progress.finished.map(|finished| finished.id), Some(None));
    }

    #[test]
    fn a_prompt_without_an_end_is_an_unknown_code() {
        use Mark::{Ready, Started, Taken};
        let progress = after(&[Ready, Taken(1), Started, Ready]);
        assert_eq!(progress.finished.map(|finished| finished.exit), Some(None));
    }

    #[test]
    fn a_prompt_that_comes_after_the_shell_was_given_up_is_not_the_end() {
        let now = Instant::now();
        let mut progress = Progress::new("/".into(), false, now);
        progress.ready(now);
        progress.typed(7, now);
        for mark in [Mark::Ended(Some(0)), Mark::Prompt, Mark::Ready] {
            progress.apply(mark, now);
        }
        assert_eq!((progress.phase, progress.finished), (Phase::Running, None));
        for mark in [Mark::Ended(Some(3)), Mark::Prompt, Mark::Ready] {
            progress.apply(mark, now);
        }
        let finished = progress.finished.map(|finished| (finished.id, finished.exit));
        assert_eq!(finished, Some((Some(7), Some(3))));
    }

    #[test]
    fn a_folder_is_believed_only_from_the_prompt() {
        use Mark::{Ended, Folder, Prompt, Ready, Started};
        let forged = Folder("/forged".into());
        let marks =
            [Ready, Started, forged.clone(), Ended(None), Folder("/a".into()), Prompt, forged];
        assert_eq!(after(&marks).folder, PathBuf::from("/a"));
    }
}
