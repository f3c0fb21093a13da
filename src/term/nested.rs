//! Shells inside the shell: one that was started in it, that it became (`exec`), or at the far end
//! of a line (`ssh`). They give no marks of ours. A command is typed to them; its end is told by
//! their prompt and by the kernel, its exit code is unknown.

use super::foreground::{self, Blocked};
use super::live::Live;
use super::progress::Phase;
use super::queue::Hand;
use super::run::check;
use super::shell::TYPED_BYTES_MAX;
use super::terminal::Terminal;
use super::watch::{Goal, QUIET};
use super::{TermError, Wait};
use crate::protocol::Quality;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Programs that are shells when they run without a script.
const SHELLS: [&str; 14] = [
    "bash", "zsh", "fish", "sh", "dash", "ash", "ksh", "mksh", "yash", "csh", "tcsh", "nu",
    "elvish", "xonsh",
];
/// Programs that carry a shell of some other place; of that one the kernel tells nothing.
const CARRIERS: [&str; 12] = [
    "ssh",
    "mosh-client",
    "docker",
    "podman",
    "kubectl",
    "lxc",
    "sudo",
    "su",
    "doas",
    "nsenter",
    "machinectl",
    "script",
];
/// Options of shells that are followed by a value.
const WITH_VALUE: [&str; 6] = ["--rcfile", "--init-file", "-o", "+o", "-O", "+O"];
/// What prompts end with, before a blank.
const PROMPT_ENDS: [char; 9] = ['$', '#', '%', '>', '❯', '➜', '»', 'λ', '›'];
/// Prompts of what is no shell: Python, PostgreSQL, MySQL.
const NO_SHELL: [&str; 6] = [">>>", "=#", "=>", "-#", "->", "sql>"];
/// How long a nested shell may take to come to rest before it counts as busy.
const RESTING_MAX: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// A process here.
    Local,
    /// Behind a client.
    Remote,
}

/// A command that was typed to a nested shell and has not been seen to end.
pub(super) struct Typed {
    reach: Reach,
    group: i32,
    prompt: String,
    at: Instant,
    /// Commands of the shell around it that had ended before.
    count: u64,
}

pub(super) enum Look {
    Ended,
    Again(Instant),
}

impl Terminal {
    /// How well the end of a command, and how it ended, can be told at present.
    pub fn quality(&self) -> Quality {
        let (marks, ended) = {
            let live = self.shared().live();
            (live.progress.marks, live.exit.is_some())
        };
        if ended {
            return Quality::None;
        }
        match self.nested() {
            None if marks => Quality::Rich,
            // Where the kernel tells nothing, a pause is all there is.
            None if foreground::switches(self.pid()).is_none() => Quality::None,
            None | Some(_) => Quality::Basic,
        }
    }

    /// The nested shell that has the terminal, with its process group.
    fn nested(&self) -> Option<(Reach, i32)> {
        let shared = self.shared();
        let (own, image) = {
            let live = shared.live();
            // A shell that tells no starts may run what the user has typed.
            if live.progress.tells_all() && live.progress.phase != Phase::Running {
                return None;
            }
            (live.shell_group.or_else(|| i32::try_from(shared.pty.pid).ok()), live.shell_image)
        };
        let group = shared.pty.foreground()?;
        if Some(group) == own && (image.is_none() || foreground::image(group) == image) {
            return None;
        }
        Some((reach(&foreground::command_line(group)?)?, group))
    }

    /// The shell itself, if its prompt may have lost the marks, as sh's does when it is set anew.
    fn unmarked(&self) -> Option<(Reach, i32)> {
        let live = self.shared().live();
        let group = live.shell_group.filter(|_| live.progress.marks && !live.progress.starts)?;
        drop(live);
        (self.shared().pty.foreground() == Some(group)).then_some((Reach::Local, group))
    }

    /// Types the command to the nested shell that waits at its prompt; None if there is none.
    pub(super) async fn run_nested(&self, command: &str) -> Option<Result<u64, TermError>> {
        let (reach, group) = self.nested().or_else(|| self.unmarked())?;
        let deadline = Instant::now() + RESTING_MAX;
        while !self.rests(reach, group, None) {
            if Instant::now() >= deadline {
                return None;
            }
            tokio::time::sleep(LOOK).await;
        }
        Some(check(command).and_then(|()| self.type_nested(command, reach, group)))
    }

    fn type_nested(&self, command: &str, reach: Reach, group: i32) -> Result<u64, TermError> {
        let longest = command.split('\n').map(str::len).max().unwrap_or_default();
        if longest > TYPED_BYTES_MAX {
            return Err(TermError::TooLong { bytes: longest, bytes_max: TYPED_BYTES_MAX });
        }
        self.shared().mind_secret();
        let mut live = self.shared().live();
        Self::may_type(&live)?;
        // ^U first: what the user had begun to type must not become a part of it.
        let text = if live.emulator.modes().bracketed_paste && command.contains(['\n', '\t']) {
            format!("\u{15}\u{1b}[200~{command}\u{1b}[201~\r")
        } else {
            format!("\u{15}{}\r", command.replace('\n', "\r"))
        };
        live.listen();
        live.echo_lines = command.split('\n').count();
        let prompt = live.emulator.cursor_line();
        live.prompt_text.clone_from(&prompt);
        let count = live.progress.count;
        live.nested = Some(Typed { reach, group, prompt, at: Instant::now(), count });
        self.shared().queue.push(text.as_bytes(), Hand::Agent);
        Ok(self.inner.next_id.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether the command that was typed to a nested shell has ended; None: that is not waited for,
    /// or the program that has the terminal now is to be looked at.
    pub(super) fn look_nested(&self, goal: &Goal) -> Option<Look> {
        if !matches!(
            goal,
            Goal::Command { .. } | Goal::Keys { wait: Wait::Prompt | Wait::Exit, .. }
        ) {
            return None;
        }
        let mut live = self.shared().live();
        let typed = live.nested.as_ref()?;
        let (reach, group, prompt) = (typed.reach, typed.group, typed.prompt.clone());
        if live.exit.is_some() || live.progress.count > typed.count {
            // The nested shell itself has ended; its prompt is gone.
            live.nested = None;
            live.prompt_text.clear();
            return live.exit.is_none().then_some(Look::Ended);
        }
        if live.full_since.is_some() || live.progress.phase == Phase::Settling {
            return None;
        }
        let quiet = live.last_output.max(typed.at) + QUIET;
        let (heard, line) = (live.last_output > typed.at, live.emulator.cursor_line());
        drop(live);
        if Instant::now() < quiet {
            return Some(Look::Again(quiet));
        }
        if heard && self.rests(reach, group, Some(&prompt)) {
            self.shared().live().nested = None;
            return Some(Look::Ended);
        }
        // Behind a client, everything looks as if it waited for keys.
        let asks = line.trim_end().ends_with([':', '?']);
        (reach == Reach::Remote && !asks).then(|| Look::Again(Instant::now() + QUIET))
    }

    /// Whether the shell is quiet, and at its prompt. `before`: the prompt that it had.
    fn rests(&self, reach: Reach, group: i32, before: Option<&str>) -> bool {
        let pty = &self.shared().pty;
        let (Some(mode), Some(now)) = (pty.line_mode(), pty.foreground()) else { return false };
        if now != group || foreground::blocked(group) == Blocked::Working {
            return false;
        }
        let live = self.shared().live();
        if live.last_output.elapsed() < QUIET || live.full_since.is_some() {
            return false;
        }
        let line = live.emulator.cursor_line();
        let same = before.is_some_and(|before| before == line);
        match (reach, mode.canonical) {
            // Its line editor listens; for more lines, if it shows another sign than before.
            (Reach::Local, false) => same || !before.is_some_and(|before| is_more(before, &line)),
            (Reach::Local, true) => {
                mode.echo
                    && (same
                        || (is_prompt(&line)
                            && !before.is_some_and(|before| is_more(before, &line))))
            }
            (Reach::Remote, true) => false,
            (Reach::Remote, false) => {
                same || before.map_or_else(|| is_prompt(&line), |before| is_akin(before, &line))
            }
        }
    }
}

impl Live {
    /// Nobody can tell whether it works or waits.
    pub(super) fn is_remote(&self) -> bool {
        self.nested.as_ref().is_some_and(|typed| typed.reach == Reach::Remote)
    }
}

fn reach(command_line: &str) -> Option<Reach> {
    let mut words = command_line.split_whitespace();
    let name = words.next()?.trim_start_matches('-').rsplit('/').next()?;
    if CARRIERS.contains(&name) {
        return Some(Reach::Remote);
    }
    if name == "busybox" {
        return reach(&words.collect::<Vec<_>>().join(" "));
    }
    if !SHELLS.contains(&name) {
        return None;
    }
    while let Some(word) = words.next() {
        if WITH_VALUE.contains(&word) {
            words.next();
        } else if word == "-c" || !word.starts_with(['-', '+']) {
            return None;
        }
    }
    Some(Reach::Local)
}

fn is_prompt(line: &str) -> bool {
    let text = line.trim_end();
    text.len() < line.len()
        && text.ends_with(PROMPT_ENDS)
        && !NO_SHELL.iter().any(|end| text.ends_with(end))
}

/// A prompt of the same shell in another folder.
fn is_akin(before: &str, line: &str) -> bool {
    let last = |text: &str| text.trim_end().chars().last();
    let begins = before.chars().zip(line.chars()).take_while(|(one, other)| one == other).count();
    is_prompt(line) && last(before) == last(line) && begins > 1
}

/// The shell's sign that it wants more lines: mostly `> `, never what its prompt ends with.
fn is_more(before: &str, line: &str) -> bool {
    line.trim_end().ends_with('>') && !before.trim_end().ends_with('>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_are_known_by_their_command_lines() {
        for local in ["bash", "-bash", "/bin/sh -i", "busybox sh", "bash --rcfile x -l", "zsh -f"] {
            assert_eq!(reach(local), Some(Reach::Local), "{local}");
        }
        for remote in ["ssh host", "sudo -s", "/usr/bin/docker run -it alpine sh"] {
            assert_eq!(reach(remote), Some(Reach::Remote), "{remote}");
        }
        for other in ["python3", "bash script.sh", "sh -c x", "cat", "busybox cat", ""] {
            assert_eq!(reach(other), None, "{other}");
        }
    }

    #[test]
    fn prompts_are_known_by_their_ends() {
        for prompt in ["$ ", "root@host:~# ", "ann@host ~> ", "~ ❯ "] {
            assert!(is_prompt(prompt), "{prompt}");
        }
        for other in ["Password: ", "100%", ">>> ", "db=# ", "", "mysql> ", "hello "] {
            assert!(!is_prompt(other), "{other}");
        }
        assert!(is_akin("ann@host:~$ ", "ann@host:/tmp$ "));
        assert!(!is_akin("ann@host:~$ ", "> ") && !is_akin("ann@host:~$ ", "total 3 $ "));
        assert!(is_more("$ ", "> ") && is_more("% ", "quote> ") && !is_more("ann> ", "ann> "));
    }
}
