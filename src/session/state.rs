//! The state of a session: a fold over its events. A front end folds the live stream, a resume
//! folds the journal, and both come to the same.

use crate::protocol::{
    Answer, Ask, AskEvent, Body, Budget, Compacted, Delta, Depth, DraftEvent, EditState, End,
    Event, FileSummary, GateVerdict, Guarded, Item, Mode, Net, Notice, Owner, Pen, Pick, PlanStep,
    Quality, Question, Queued, SessionEvent, SessionId, Setting, ShellKind, TermEvent, TermId,
    TreeKind, TurnEvent, TurnId, Usage, UsageEvent, Walls,
};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Absent until the session has started.
    pub header: Option<Header>,
    /// What the chat shows, in order.
    pub entries: Vec<Entry>,
    /// What rewinds took out of the chat, the newest last.
    pub rewound: Vec<Vec<Entry>>,
    /// The turn that runs now.
    pub running: Option<Running>,
    /// The last turn's number.
    pub turn: TurnId,
    pub queue: Vec<Queued>,
    /// Questions that wait for an answer, oldest first.
    pub asks: Vec<Ask>,
    pub plan: Vec<PlanStep>,
    /// The steps of the plan that the user agreed to.
    pub agreed: Option<Vec<String>>,
    pub terms: Vec<TermInfo>,
    /// Where the agent's commands run.
    pub agents_term: Option<TermId>,
    /// Of the whole session.
    pub usage: Usage,
    /// Dollars of the whole session; None once a call's price was not known.
    pub cost: Option<f64>,
    pub branch: Option<String>,
    pub dirty: u64,
    /// What is changed and not in the tree, of a session that works in a draft or a copy.
    pub draft: Draft,
    /// Paths that were written into the tree since the last commit, in order, without repetition.
    pub applied: Vec<String>,
    /// Commands that need no question any more, by their first words.
    pub allowed: Vec<Vec<String>>,
    /// The newest durable event.
    pub seq: u64,
    pub ended: bool,
    /// What is not durable: a reply that still comes.
    pub live: Live,
}

/// Draft against tree. The lines are not in the state: see `Handle::changes`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    pub revision: u64,
    pub files: Vec<FileSummary>,
    pub guards: Vec<Guarded>,
    /// The newest verdicts, and of which parts; no parts: of the whole draft.
    pub gated: Option<(Vec<Pick>, Vec<GateVerdict>)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    pub session: SessionId,
    pub version: String,
    pub folder: String,
    pub tree: TreeKind,
    pub walls: Walls,
    pub net: Net,
    pub mode: Mode,
    pub model: String,
    /// Tokens that the model's prompt may have; 0 if not known.
    pub window: u64,
    pub budget: Budget,
    pub depth: Depth,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub seq: u64,
    pub at: u64,
    pub turn: Option<TurnId>,
    pub body: EntryBody,
}

#[derive(Clone, Debug, PartialEq)]
pub enum EntryBody {
    Item(Item),
    Notice(Notice),
    /// What became of the draft: applied, rejected, carried in, undone, committed.
    Draft(DraftEvent),
    /// The model is told less of what stands before.
    Compacted(Compacted),
    Ended {
        end: End,
        usage: Usage,
        cost: Option<f64>,
        steps: u32,
        duration_ms: u64,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    pub turn: TurnId,
    /// Milliseconds since 1970.
    pub started_at: u64,
    pub step: u32,
    pub budget: Budget,
    /// Of this turn, as far as the provider has said.
    pub usage: Usage,
    pub cost: Option<f64>,
    /// Input tokens of the newest request: how full the window is.
    pub window_used: u64,
    /// Reserved for the request under way.
    pub reserved: Option<u64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TermInfo {
    pub term: TermId,
    pub shell: ShellKind,
    pub name: String,
    pub pid: u32,
    pub owner: Owner,
    pub pen: Pen,
    /// A program asks for a secret: only the user can type.
    pub secret: bool,
    /// None: the shell is still starting.
    pub quality: Option<Quality>,
    /// The last command that went on here in the background.
    pub job: Option<Job>,
    /// The shell's exit code, once it has ended.
    pub exited: Option<Option<i32>>,
}

/// A command in the background.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub command: String,
    /// None: it runs. `Some(None)`: it has ended, its exit code is not known.
    pub exit: Option<Option<i32>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live {
    pub text: String,
    pub thought: String,
    /// A tool call whose arguments are coming: its tool, and bytes so far.
    pub arguments: Option<(String, u64)>,
    /// The newest revision of each terminal's screen.
    pub revisions: Vec<(TermId, u64)>,
}

impl State {
    /// Folds one event in. Events that are already in (by `seq`) change nothing.
    pub fn apply(&mut self, event: &Event) {
        if event.body.is_durable() {
            if event.seq <= self.seq {
                return;
            }
            self.seq = event.seq;
        }
        match &event.body {
            Body::Session(session) => self.session(event, session),
            Body::Turn(turn) => self.turn(event, turn),
            Body::Item(item) => self.item(event, item),
            Body::Delta(delta) => self.live.apply(delta),
            Body::Ask(ask) => self.ask(ask),
            Body::Term(term) => self.term(term),
            Body::Draft(draft) => self.draft(event, draft),
            Body::Usage(usage) => self.usage(usage),
            Body::Setting(setting) => self.setting(setting),
            Body::Notice(notice) => self.push(event, EntryBody::Notice(notice.clone())),
        }
    }

    /// The settings in force now: those of the header, which settings change.
    pub fn mode(&self) -> Mode {
        self.header.as_ref().map_or_else(Mode::default, |header| header.mode)
    }

    fn push(&mut self, event: &Event, body: EntryBody) {
        self.entries.push(Entry { seq: event.seq, at: event.at, turn: event.turn, body });
    }

    fn session(&mut self, event: &Event, session: &SessionEvent) {
        match session {
            SessionEvent::Started {
                session,
                version,
                folder,
                tree,
                walls,
                net,
                mode,
                model,
                window,
                budget,
            } => {
                self.cost = Some(0.0);
                self.header = Some(Header {
                    session: session.clone(),
                    version: version.clone(),
                    folder: folder.clone(),
                    tree: *tree,
                    walls: *walls,
                    net: *net,
                    mode: *mode,
                    model: model.clone(),
                    window: *window,
                    budget: *budget,
                    depth: Depth::default(),
                });
            }
            SessionEvent::Resumed { .. } => {
                self.ended = false;
                self.running = None;
                self.asks.clear();
                self.terms.clear();
                self.agents_term = None;
                self.live = Live::default();
            }
            SessionEvent::Window { tokens } => {
                if let Some(header) = &mut self.header {
                    header.window = *tokens;
                }
            }
            SessionEvent::Compacted(compacted) => {
                if let Some(running) = &mut self.running {
                    running.window_used = compacted.after;
                }
                self.push(event, EntryBody::Compacted(compacted.clone()));
            }
            SessionEvent::Ended => self.ended = true,
        }
    }

    fn turn(&mut self, event: &Event, turn: &TurnEvent) {
        match turn {
            TurnEvent::Started { turn, budget } => {
                self.turn = *turn;
                self.running = Some(Running {
                    turn: *turn,
                    started_at: event.at,
                    step: 0,
                    budget: *budget,
                    usage: Usage::default(),
                    cost: Some(0.0),
                    window_used: 0,
                    reserved: None,
                });
            }
            TurnEvent::Step { step } => {
                if let Some(running) = &mut self.running {
                    running.step = *step;
                }
            }
            TurnEvent::Queue(queue) => self.queue.clone_from(queue),
            TurnEvent::Unqueued { .. } => {}
            TurnEvent::Ended { end, usage, cost, steps, duration_ms, .. } => {
                self.running = None;
                self.live.clear();
                self.push(
                    event,
                    EntryBody::Ended {
                        end: end.clone(),
                        usage: *usage,
                        cost: *cost,
                        steps: *steps,
                        duration_ms: *duration_ms,
                    },
                );
            }
        }
    }

    fn item(&mut self, event: &Event, item: &Item) {
        self.live.clear();
        match item {
            Item::Plan { steps } => self.plan.clone_from(steps),
            Item::Edit { change, state: EditState::Written | EditState::Partly, .. } => {
                self.wrote(&change.path);
            }
            _ => {}
        }
        self.push(event, EntryBody::Item(item.clone()));
    }

    fn ask(&mut self, ask: &AskEvent) {
        match ask {
            AskEvent::Opened(ask) => self.asks.push(ask.clone()),
            AskEvent::Answered { ask, answer } => {
                let answered = self.asks.iter().position(|open| open.id == *ask);
                let question = answered.map(|index| self.asks.remove(index).question);
                if let (Some(Question::Plan { steps, .. }), Answer::Yes | Answer::Always) =
                    (question, answer)
                {
                    self.agreed = Some(steps);
                }
            }
            AskEvent::Withdrawn { ask } => self.asks.retain(|open| open.id != *ask),
        }
    }

    fn term(&mut self, event: &TermEvent) {
        match event {
            TermEvent::Opened { term, shell, name, pid, owner } => self.terms.push(TermInfo {
                term: *term,
                shell: *shell,
                name: name.clone(),
                pid: *pid,
                owner: *owner,
                pen: Pen::Agent,
                secret: false,
                quality: None,
                job: None,
                exited: None,
            }),
            TermEvent::Chosen { term } => self.agents_term = Some(*term),
            TermEvent::Closed { term } => self.terms.retain(|info| info.term != *term),
            TermEvent::Job { term, command } => {
                let job = Job { command: command.clone(), exit: None };
                self.with_term(*term, |info| info.job = Some(job));
            }
            TermEvent::JobEnded { term, exit, .. } => self.with_term(*term, |info| {
                if let Some(job) = &mut info.job {
                    job.exit = Some(*exit);
                }
            }),
            TermEvent::Quality { term, quality } => {
                self.with_term(*term, |info| info.quality = Some(*quality));
            }
            TermEvent::Secret { term, on } => self.with_term(*term, |info| info.secret = *on),
            TermEvent::Changed { term, revision } => {
                self.live.revisions.retain(|(other, _)| other != term);
                self.live.revisions.push((*term, *revision));
            }
            TermEvent::Pen { term, pen } => self.with_term(*term, |info| info.pen = *pen),
            TermEvent::Exited { term, exit } => {
                self.with_term(*term, |info| info.exited = Some(*exit));
            }
        }
    }

    fn with_term(&mut self, term: TermId, change: impl FnOnce(&mut TermInfo)) {
        if let Some(info) = self.terms.iter_mut().find(|info| info.term == term) {
            change(info);
        }
    }

    fn draft(&mut self, event: &Event, draft: &DraftEvent) {
        match draft {
            DraftEvent::Tree { branch, dirty } => {
                self.branch.clone_from(branch);
                self.dirty = *dirty;
            }
            DraftEvent::Changed { revision, files } => {
                self.draft.revision = *revision;
                self.draft.files.clone_from(files);
                if files.is_empty() {
                    self.draft.guards.clear();
                    self.draft.gated = None;
                }
            }
            DraftEvent::Guarded { guards } => self.draft.guards.clone_from(guards),
            DraftEvent::Gated { picks, gates } => {
                self.draft.gated = Some((picks.clone(), gates.clone()));
            }
            DraftEvent::Rewound { turn } => self.rewind(*turn),
            DraftEvent::Returned => {
                if let Some(entries) = self.rewound.pop() {
                    self.entries.extend(entries);
                }
            }
            DraftEvent::Decided(_) | DraftEvent::Carried { .. } | DraftEvent::Undone { .. } => {}
            DraftEvent::Committed { .. } => self.applied.clear(),
            DraftEvent::Applied { paths } => {
                paths.iter().for_each(|path| self.wrote(path));
            }
        }
        // After a way back has taken out what was said before.
        if draft.is_told() {
            self.push(event, EntryBody::Draft(draft.clone()));
        }
    }

    fn wrote(&mut self, path: &str) {
        if !self.applied.iter().any(|known| known == path) {
            self.applied.push(path.to_owned());
        }
    }

    /// What came with this turn, and after it, is no longer part of the chat.
    fn rewind(&mut self, turn: TurnId) {
        let first = self.entries.iter().position(|entry| entry.turn.is_some_and(|of| of >= turn));
        let later = self.entries.split_off(first.unwrap_or(self.entries.len()));
        self.rewound.push(later);
    }

    fn usage(&mut self, event: &UsageEvent) {
        match event {
            UsageEvent::Projected { input, reserved } => {
                if let Some(running) = &mut self.running {
                    running.window_used = *input;
                    running.reserved = Some(*reserved);
                }
            }
            UsageEvent::Counted { usage, cost, .. } => {
                self.usage += *usage;
                self.cost = sum(self.cost, *cost);
                if let Some(running) = &mut self.running {
                    running.usage += *usage;
                    running.cost = sum(running.cost, *cost);
                    running.window_used = usage.prompt();
                    running.reserved = None;
                }
            }
        }
    }

    fn setting(&mut self, setting: &Setting) {
        if let (Setting::Budget(budget), Some(running)) = (setting, &mut self.running) {
            running.budget = *budget;
        }
        let Some(header) = &mut self.header else { return };
        match setting {
            Setting::Mode(mode) => header.mode = *mode,
            Setting::Model(model) => header.model.clone_from(model),
            Setting::Budget(budget) => header.budget = *budget,
            Setting::Depth(depth) => header.depth = *depth,
            Setting::Allow(rule) => self.allowed.push(rule.clone()),
        }
    }
}

impl Live {
    fn apply(&mut self, delta: &Delta) {
        match delta {
            Delta::Text(text) => self.text.push_str(text),
            Delta::Thought(text) => self.thought.push_str(text),
            Delta::Arguments { tool, bytes } => self.arguments = Some((tool.clone(), *bytes)),
            Delta::Restart => self.clear(),
        }
    }

    /// Forgets the reply; the revisions of screens stay.
    fn clear(&mut self) {
        self.text.clear();
        self.thought.clear();
        self.arguments = None;
    }
}

/// A sum of costs is known as long as each part is.
fn sum(left: Option<f64>, right: Option<f64>) -> Option<f64> {
    Some(left? + right?)
}
