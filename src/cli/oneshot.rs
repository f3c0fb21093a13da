//! One-shot: a prompt in, the answer on stdout, everything else on stderr, an exit code to branch
//! on. Nobody can answer questions: an ask is a denial with its reason.

use super::args::{ApplyArg, OutputArg, Place, RunArgs};
use super::exit::{Exit, Trouble};
use super::progress::Progress;
use super::stdin::{self, Patience};
use super::{landing, output, report, setup};
use crate::protocol::{Answer, Ask, AskEvent, Body, End, Op, Question, TreeKind, TurnEvent};
use crate::session::{self, Session, State};
use std::path::{Path, PathBuf};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// With `-o json` there is always an object on stdout, also of a run that never began.
pub(super) fn run(prompt: &str, args: &RunArgs) -> Result<Exit, Trouble> {
    let ran = turn(prompt, args);
    if let (Err(trouble), Some(OutputArg::Json)) = (&ran, args.output) {
        output::line(&report::never_began(trouble))?;
    }
    ran
}

fn turn(prompt: &str, args: &RunArgs) -> Result<Exit, Trouble> {
    args.check(Place::OneShot)?;
    check_stdout(args)?;
    let config = setup::config(args)?;
    let (options, notes) = setup::options(args, &config, TreeKind::Copy)?;
    for note in notes.iter().filter(|_| !args.quiet) {
        output::progress(note);
    }
    let prompt = whole_prompt(prompt, args)?;
    setup::runtime()?.block_on(async {
        let session = session::start(options).await?;
        let done = Watch::new(args, Answers::Deny).follow(session, prompt).await?;
        finish(done, args).await
    })
}

/// Two things cannot both be on stdout.
fn check_stdout(args: &RunArgs) -> Result<(), Trouble> {
    let patch_on_stdout = args.patch_out.as_deref() == Some(Path::new("-"));
    if patch_on_stdout && args.output.unwrap_or_default() != OutputArg::Text {
        return Err(Trouble::usage("--patch-out - and -o json both want stdout")
            .with_hint("the JSON object holds the patch already"));
    }
    Ok(())
}

fn whole_prompt(prompt: &str, args: &RunArgs) -> Result<String, Trouble> {
    let from_stdin = prompt == "-";
    if from_stdin && args.no_stdin {
        return Err(Trouble::usage("a prompt of `-` is read from stdin; --no-stdin forbids it"));
    }
    let patience = match (from_stdin || args.stdin, args.no_stdin) {
        (_, true) => Patience::Never,
        (true, false) => Patience::Forever,
        (false, false) => Patience::FirstByte,
    };
    let text = stdin::read(patience)?;
    let prompt = match (from_stdin, text) {
        (true, text) => text.unwrap_or_default(),
        (false, Some(text)) => format!("{prompt}\n\nFrom stdin:\n{text}"),
        (false, None) => prompt.to_owned(),
    };
    if prompt.trim().is_empty() {
        return Err(Trouble::usage("the prompt is empty").with_hint("brisk -p 'what to do'"));
    }
    Ok(prompt)
}

/// Who answers the questions of a session that nobody looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answers {
    Deny,
    /// The demo says yes, in a folder of its own, and says so.
    Accept,
}

/// A turn that has ended, with all that is left to be said of it.
pub(super) struct Done {
    pub(super) session: Session,
    pub(super) state: State,
    pub(super) end: End,
    /// What was denied, in words, oldest first.
    pub(super) denied: Vec<String>,
    pub(super) signal: Option<Exit>,
}

pub(super) struct Watch {
    answers: Answers,
    stream: bool,
    progress: Progress,
}

impl Watch {
    pub(super) fn new(args: &RunArgs, answers: Answers) -> Watch {
        let stream = args.output == Some(OutputArg::StreamJson);
        Watch { answers, stream, progress: Progress::new(args.quiet) }
    }

    /// Sends the prompt, and follows the turn to its end.
    pub(super) async fn follow(
        mut self,
        mut session: Session,
        prompt: String,
    ) -> Result<Done, Trouble> {
        let mut signals = Signals::new()?;
        let mut state = State::default();
        let (mut denied, mut caught, mut end) = (Vec::new(), None, None);
        session.handle.send(Op::Prompt { text: prompt }).await;
        while end.is_none() {
            let event = tokio::select! {
                biased;
                exit = signals.next() => {
                    caught = caught.or(Some(exit));
                    session.handle.send(Op::Interrupt).await;
                    continue;
                }
                event = session.events.next() => event,
            };
            let Some(event) = event else { break };
            state.apply(&event);
            if self.stream {
                output::line(&report::event_line(&event, &session.id))?;
            }
            self.progress.show(&event, &state);
            match event.body {
                Body::Ask(AskEvent::Opened(ask)) => {
                    denied.extend(self.answer(&session, &ask).await);
                }
                Body::Turn(TurnEvent::Ended { end: reason, .. }) => end = Some(reason),
                _ => {}
            }
        }
        let end = end.unwrap_or(End::Interrupted);
        Ok(Done { session, state, end, denied, signal: caught })
    }

    /// Answers a question; what was denied, in words.
    async fn answer(&mut self, session: &Session, ask: &Ask) -> Option<String> {
        let what = in_words(&ask.question);
        if self.answers == Answers::Accept && !matches!(ask.question, Question::Choose { .. }) {
            self.progress.say(&format!("accepted  {what}"));
            session.handle.send(Op::Answer { ask: ask.id, answer: Answer::Yes }).await;
            return None;
        }
        let comment = match &ask.question {
            Question::Run { why, .. } => {
                format!("this command {why}, and in a one-shot run nobody can say yes")
            }
            Question::Apply { .. }
            | Question::Review { .. }
            | Question::Plan { .. }
            | Question::Gates { .. } => "in a one-shot run nobody can say yes".to_owned(),
            Question::Choose { .. } => {
                "in a one-shot run nobody can answer: take the most careful reading, or tell \
                 infeasible"
                    .to_owned()
            }
        };
        self.progress.say(&format!("denied    {what}"));
        let answer = Answer::No { comment: Some(comment) };
        session.handle.send(Op::Answer { ask: ask.id, answer }).await;
        Some(what)
    }
}

fn in_words(question: &Question) -> String {
    match question {
        Question::Run { command, .. } => format!("run {}", crate::text::clean(command)),
        Question::Apply { changes, .. } => {
            let files = changes.iter().map(|change| {
                let (added, removed) = change.counts();
                format!("edit {} +{added} -{removed}", crate::text::clean(&change.path))
            });
            files.collect::<Vec<_>>().join(", ")
        }
        Question::Review { files, .. } => {
            let files = files.iter().map(|file| {
                let path = crate::text::clean(&file.path);
                format!("apply {path} +{} -{}", file.added, file.removed)
            });
            files.collect::<Vec<_>>().join(", ")
        }
        Question::Gates { gates } => {
            let gates = gates.iter().map(|gate| gate.command.as_str());
            format!("run {}", gates.collect::<Vec<_>>().join("; "))
        }
        Question::Plan { steps, .. } => {
            let steps = steps.iter().map(|step| crate::text::clean(step).into_owned());
            format!("plan: {}", steps.collect::<Vec<_>>().join("; "))
        }
        Question::Choose { text, .. } => format!("question: {}", crate::text::clean(text)),
    }
}

pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    pub(super) fn new() -> Result<Signals, Trouble> {
        let on = |kind| {
            signal(kind).map_err(|error| Trouble::new(Exit::Failed, format!("signals: {error}")))
        };
        Ok(Signals {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hang_up: on(SignalKind::hangup())?,
        })
    }

    pub(super) async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
            _ = self.hang_up.recv() => Exit::Terminated,
        }
    }
}

/// The patch, the tree, the answer, the exit code.
async fn finish(done: Done, args: &RunArgs) -> Result<Exit, Trouble> {
    let Done { mut session, mut state, end, denied, signal } = done;
    let patch = session
        .workspace
        .patch()
        .map_err(|error| Trouble::new(Exit::Failed, format!("no patch can be made: {error}")))?;
    let mut exit = signal.unwrap_or_else(|| Exit::of_end(&end));
    if exit == Exit::Done && !denied.is_empty() {
        exit = Exit::Denied;
    }
    let progress = Progress::new(args.quiet);
    if !patch.is_empty() {
        keep_patch(&patch, &session, args, &progress)?;
    }
    if !patch.is_empty() && signal.is_none() {
        let wants = landing::Wants::of(args);
        if let Some(ended) = landing::land(&mut session, &mut state, wants, exit, &progress).await {
            exit = ended;
        }
    }
    let report = report::Report { state: &state, end: &end, exit, denied: &denied, patch: &patch };
    if let Some(path) = &args.output_last_message {
        write(path, report.message().as_bytes())?;
    }
    match args.output.unwrap_or_default() {
        OutputArg::Text => {
            let patch_on_stdout = args.patch_out.as_deref() == Some(Path::new("-"));
            if !patch_on_stdout && !report.message().is_empty() {
                output::line(report.message())?;
            }
        }
        OutputArg::Json => output::line(&report.json())?,
        OutputArg::StreamJson => {}
    }
    progress.end(&report);
    session.handle.send(Op::Shutdown).await;
    // A task that panicked has nothing more to say here: the answer is out.
    let _ = session.ended.await;
    Ok(exit)
}

/// Nothing is lost: without a place of the user's own the patch lies beside the journal.
fn keep_patch(
    patch: &[u8],
    session: &Session,
    args: &RunArgs,
    progress: &Progress,
) -> Result<(), Trouble> {
    match args.patch_out.as_deref() {
        Some(path) if path == Path::new("-") => output::bytes(patch)?,
        Some(path) => {
            write(path, patch)?;
            progress.say(&format!("patch     {}", path.display()));
        }
        None if args.ephemeral || args.apply.is_some_and(|apply| apply != ApplyArg::None) => {}
        None => {
            let path: PathBuf = session.folder.join("changes.patch");
            write(&path, patch)?;
            progress.say(&format!("not applied; take it with: brisk apply {}", session.id.0));
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    std::fs::write(path, bytes).map_err(|error| {
        Trouble::new(Exit::Failed, format!("{} cannot be written: {error}", path.display()))
    })
}
