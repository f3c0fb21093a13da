//! One gate's processes: started in a group of their own, read to their end, killed wholly.

use super::capture::{Capture, Stream};
use super::run::Place;
use crate::protocol::Gate;
use rustix::process::{Pid, Signal, kill_process_group};
use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep_until};

const CHUNK_BYTES: usize = 64 * 1024;
/// What was written before the end is read for so long; the pipe may be in hands that nobody reaches.
const DRAIN: Duration = Duration::from_secs(2);
/// As good as no limit.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);
/// In the environment of a gate's processes: finds those that have left its group.
const MARK: &str = "BRISK_GATE";
/// What would make a tool write escape sequences; the others are told to write none.
const COLORFUL: [&str; 2] = ["FORCE_COLOR", "CLICOLOR_FORCE"];
const PLAIN: [(&str, &str); 3] =
    [("NO_COLOR", "1"), ("CARGO_TERM_COLOR", "never"), ("TERM", "dumb")];

/// How a command ended.
#[derive(Debug)]
pub(super) enum Ended {
    Exit(ExitStatus),
    TimedOut(Duration),
    /// One clause.
    NotStarted(String),
}

/// A gate's command; dropping it kills it with all that it has started.
pub(super) struct Process {
    child: Child,
    group: Option<Pid>,
    mark: String,
    over: bool,
}

impl Process {
    /// # Errors
    /// One clause: why it cannot be started.
    pub(super) fn start(gate: &Gate, place: &Place) -> Result<Process, String> {
        let mark = format!("{}-{:016x}", std::process::id(), fastrand::u64(..));
        let mut argv = place.prefix.iter().cloned();
        let program = argv.next();
        let shell = ["/bin/sh", "-c"].map(OsString::from);
        let words = argv.chain(shell.into_iter().skip(usize::from(program.is_none())));
        let mut command = Command::new(program.unwrap_or_else(|| "/bin/sh".into()));
        command.args(words).arg(script(gate)).current_dir(&place.folder);
        let kept = place.env.iter().filter(|(name, _)| !COLORFUL.iter().any(|word| *word == *name));
        command.env_clear().envs(kept.map(|(name, value)| (name, value)));
        command.envs(PLAIN).env(MARK, &mark);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        let child = command.spawn().map_err(|error| {
            let program = command.as_std().get_program().to_string_lossy().into_owned();
            format!("{program} cannot be started in {}: {error}", place.folder.display())
        })?;
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        Ok(Process { child, group, mark, over: false })
    }

    /// Reads what it writes until it ends or its time is up.
    pub(super) async fn finish(mut self, limit: Option<Duration>, capture: &mut Capture) -> Ended {
        let mut stdout = Source::new(self.child.stdout.take());
        let mut stderr = Source::new(self.child.stderr.take());
        let limit = limit.unwrap_or(FOREVER);
        let mut deadline = Instant::now() + limit;
        let mut ended = None;
        loop {
            let waits = ended.is_none();
            if !waits && stdout.is_over() && stderr.is_over() {
                break;
            }
            tokio::select! {
                status = self.child.wait(), if waits => {
                    self.end();
                    ended = Some(match status {
                        Ok(status) => Ended::Exit(status),
                        Err(error) => Ended::NotStarted(format!("it cannot be waited for: {error}")),
                    });
                    deadline = Instant::now() + DRAIN;
                }
                count = stdout.read(), if !stdout.is_over() => {
                    capture.take(Stream::Stdout, &stdout.chunk[..count]);
                }
                count = stderr.read(), if !stderr.is_over() => {
                    capture.take(Stream::Stderr, &stderr.chunk[..count]);
                }
                () = sleep_until(deadline) => {
                    if !waits {
                        break;
                    }
                    self.end();
                    // It was killed: this takes no time.
                    let _ = self.child.wait().await;
                    ended = Some(Ended::TimedOut(limit));
                    deadline = Instant::now() + DRAIN;
                }
            }
        }
        ended.unwrap_or(Ended::TimedOut(limit))
    }

    /// Kills whatever of it still lives.
    fn end(&mut self) {
        if let Some(group) = self.group {
            // Nobody may be left in it.
            let _ = kill_process_group(group, Signal::KILL);
        }
        strays::kill(&format!("{MARK}={}", self.mark));
        self.over = true;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.over {
            self.end();
        }
    }
}

/// The gate's command in its folder.
fn script(gate: &Gate) -> String {
    if gate.folder.is_empty() {
        return gate.command.clone();
    }
    // The folder may be there for the command alone, behind the prefix.
    format!("cd -- '{}' || exit 126\n{}", gate.folder.replace('\'', "'\\''"), gate.command)
}

/// One of its outputs.
struct Source<R> {
    pipe: Option<R>,
    chunk: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Source<R> {
    fn new(pipe: Option<R>) -> Source<R> {
        Source { pipe, chunk: vec![0; CHUNK_BYTES] }
    }

    const fn is_over(&self) -> bool {
        self.pipe.is_none()
    }

    /// How many bytes came; at the end 0.
    async fn read(&mut self) -> usize {
        let Some(pipe) = &mut self.pipe else { return 0 };
        let count = pipe.read(&mut self.chunk).await.unwrap_or(0);
        if count == 0 {
            self.pipe = None;
        }
        count
    }
}

/// Processes that left the group and kept the mark in their environment.
#[cfg(target_os = "linux")]
mod strays {
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
    use std::fs::{self, File};
    use std::io::Read;

    /// A process may fork while it is looked for.
    const ROUNDS_MAX: usize = 16;
    const ENVIRONMENT_BYTES_MAX: u64 = 1024 * 1024;

    pub(super) fn kill(mark: &str) {
        for _ in 0..ROUNDS_MAX {
            let Ok(processes) = fs::read_dir("/proc") else { return };
            let ids =
                processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
            if ids.filter(|id| kill_one(*id, mark)).count() == 0 {
                return;
            }
        }
    }

    /// Whether it was one of them. The handle is taken before the look: the number may be another's by now.
    fn kill_one(id: i32, mark: &str) -> bool {
        let Some(pid) = Pid::from_raw(id) else { return false };
        let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
        let Ok(file) = File::open(format!("/proc/{id}/environ")) else { return false };
        let mut environment = Vec::new();
        let read = file.take(ENVIRONMENT_BYTES_MAX).read_to_end(&mut environment);
        read.is_ok()
            && environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes())
            && pidfd_send_signal(&handle, Signal::KILL).is_ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod strays {
    /// Nothing tells them from others here.
    pub(super) fn kill(_mark: &str) {}
}
