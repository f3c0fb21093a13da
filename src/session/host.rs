//! The session's own task: ops in, turns started and ended. It decides nothing about a turn.

use super::State;
use super::desk::Order;
use super::gating::Gating;
use super::record::{Record, conversation};
use super::repair::repairs;
use super::review::Review;
use super::routes::Routes;
use super::shells::Shells;
use crate::agent::{self, Draft, Out, Route, Routes as _, Surroundings, Terminals, Turn, World};
use crate::model::Client;
use crate::protocol::{
    Author, Body, DraftEvent, End, Failure, FailureKind, Input, Item, Limit, Mode, NoticeLevel, Op,
    OpId, Owner, Pen, Request, SessionEvent, SessionId, Setting, TermId, TurnEvent, TurnId, Usage,
    UserKind,
};
use crate::session::joined::joined;
use crate::workspace::{Facts, Head, Workspace};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

pub(super) struct Host {
    pub(super) id: SessionId,
    pub(super) client: Arc<Client>,
    pub(super) routes: Arc<Routes>,
    /// A model that is being looked up; the next turn starts after it.
    pub(super) choosing: Option<Choosing>,
    pub(super) workspace: Arc<Workspace>,
    pub(super) review: Arc<Review>,
    pub(super) gating: Arc<Gating>,
    pub(super) desk: mpsc::Sender<Order>,
    pub(super) shells: Arc<Shells>,
    pub(super) attended: bool,
    /// The session's own.
    pub(super) folder: PathBuf,
    pub(super) outputs: PathBuf,
    pub(super) record: Arc<Record>,
    pub(super) ops: mpsc::Receiver<Request>,
    pub(super) running: Option<RunningTurn>,
    /// Whether the model has been told of its surroundings.
    pub(super) told: bool,
    /// The last look at the workspace.
    pub(super) facts: Option<Facts>,
    /// A look that is under way; the next turn starts after it.
    pub(super) looking: Option<JoinHandle<Facts>>,
    /// Prompts that came meanwhile.
    pub(super) held: Vec<String>,
    /// Removed when the session ends.
    pub(super) temporary: Option<tempfile::TempDir>,
    /// Says to others that this session lives.
    pub(super) lock: File,
}

pub(super) struct Choosing {
    op: OpId,
    task: JoinHandle<Result<Route, Failure>>,
}

pub(super) struct RunningTurn {
    id: TurnId,
    started: Instant,
    /// Ends what must not be left half-way.
    ready: JoinHandle<()>,
    task: JoinHandle<End>,
}

impl Host {
    pub(super) async fn run(mut self) {
        self.look();
        loop {
            tokio::select! {
                biased;
                request = self.ops.recv() => match request {
                    Some(Request { op: Op::Shutdown, .. }) | None => break,
                    Some(request) => {
                        self.record.set_op(Some(request.id));
                        self.op(request.id, request.op).await;
                        self.record.set_op(None);
                    }
                },
                end = ended(&mut self.running) => self.end_turn(end).await,
                (op, found) = found(&mut self.choosing) => self.choose(op, found),
                facts = looked(&mut self.looking) => self.go_on(facts),
                () = self.shells.rested.notified() => self.review_later(Author::User),
            }
        }
        self.shut_down().await;
    }

    async fn op(&mut self, id: OpId, op: Op) {
        match op {
            Op::Prompt { text } | Op::Queue { text } if self.running.is_some() => {
                self.record.queue(text, false);
            }
            Op::Steer { text } if self.running.is_some() => self.record.queue(text, true),
            Op::Prompt { text } | Op::Queue { text } | Op::Steer { text } => {
                if self.looking.is_some() || self.choosing.is_some() {
                    self.held.push(text);
                } else {
                    self.start_turn(text);
                }
            }
            Op::Unqueue => self.record.unqueue(),
            Op::Interrupt => self.interrupt().await,
            Op::Answer { ask, answer } => {
                self.record.answer(ask, answer);
            }
            Op::Set(Setting::Model(name)) => self.look_up(id, name),
            Op::Set(setting) => self.record.emit(Body::Setting(setting)),
            Op::Compact => self.compact(),
            Op::Input { term, input } => self.input(term, &input),
            Op::Pen { term, pen } => self.pen(term, pen),
            Op::Resize { size } => self.shells.resize(size),
            Op::OpenTerm => {
                if let Err(why) = self.shells.open_own() {
                    self.record.notice(NoticeLevel::Error, why, None);
                }
            }
            Op::CloseTerm { term } => {
                let shells = Arc::clone(&self.shells);
                // Who does not want to end may take seconds.
                tokio::spawn(async move { shells.close_one(term).await });
            }
            Op::Background => match self.shells.set_aside() {
                None => {
                    let text = "no command of the agent's runs that could go to the background";
                    self.record.notice(NoticeLevel::Info, text, None);
                }
                Some(Err(why)) => self.record.notice(NoticeLevel::Error, why, None),
                Some(Ok(())) => {}
            },
            Op::Decide(_)
            | Op::Amend { .. }
            | Op::Rewrite { .. }
            | Op::Resolve { .. }
            | Op::Comment(_)
            | Op::Gate { .. }
            | Op::Undo
            | Op::Redo
            | Op::Rewind { .. }
            | Op::Commit { .. } => self.order(Order::Op(op)),
            Op::Shutdown => {}
        }
    }

    /// Gives the desk something to do.
    fn order(&self, order: Order) {
        if self.desk.try_send(order).is_err() {
            let text = "too much waits to be decided: wait a moment";
            self.record.notice(NoticeLevel::Error, text, None);
        }
    }

    /// The user's own keys; with the first one the pen is theirs.
    fn input(&self, term: TermId, input: &Input) {
        let Some(terminal) = self.shells.get(term) else { return };
        if terminal.ended().is_none() {
            terminal.input(input);
            self.record.give_pen(term, terminal.pen());
        }
    }

    fn pen(&self, term: TermId, pen: Pen) {
        let Some(terminal) = self.shells.get(term) else { return };
        match pen {
            Pen::User => terminal.take_pen(),
            Pen::Agent if self.shells.owner(term) == Some(Owner::User) => return,
            Pen::Agent => {
                if let Some(showed) = terminal.hand_back().filter(|text| text.contains('\n')) {
                    self.record.tell(format!(
                        "The user had the pen of terminal {} meanwhile; it showed:\n{showed}",
                        term.0
                    ));
                }
            }
        }
        self.record.give_pen(term, pen);
    }

    fn look_up(&mut self, op: OpId, name: String) {
        let routes = Arc::clone(&self.routes);
        let task = tokio::spawn(async move { routes.find(&name).await });
        self.choosing = Some(Choosing { op, task });
    }

    /// The model was looked up: it is in force with the next request, or nothing changes.
    fn choose(&mut self, op: OpId, found: Result<Route, Failure>) {
        self.choosing = None;
        self.record.set_op(Some(op));
        match found {
            Ok(route) => self.go_to(route),
            Err(error) => {
                self.record.notice(NoticeLevel::Error, error.to_string(), error.hint.as_deref());
            }
        }
        self.record.set_op(None);
        self.start_held();
    }

    fn go_to(&self, route: Route) {
        let name = route.model.name.clone();
        if self.record.settings().budget.cost.is_some() && route.model.price.is_none() {
            let text =
                format!("a limit of dollars cannot be kept: the price of {name} is not known");
            let hint = format!("set models.{name}.price in the config, or choose another model");
            return self.record.notice(NoticeLevel::Error, text, Some(&hint));
        }
        let items = self.record.with_state(conversation);
        let tokens = agent::tokens(&route.model, &route.estimator, &items);
        let window = agent::window(&route.model);
        self.routes.choose(route);
        if tokens > window {
            let text = format!(
                "the conversation has about {tokens} tokens, and {name} takes {window}: it is made \
                 shorter before the next request"
            );
            self.record.notice(NoticeLevel::Warning, text, None);
        }
    }

    /// Makes the conversation shorter, because the user wants it.
    fn compact(&self) {
        if self.running.is_some() {
            let text =
                "a turn runs, and makes room by itself when it must: compact when it has ended";
            return self.record.notice(NoticeLevel::Info, text, None);
        }
        let items = self.record.with_state(conversation);
        match agent::compact(&self.routes.chosen(), &items, &self.record.standing()) {
            Some(compacted) => {
                self.record.emit(Body::Session(SessionEvent::Compacted(compacted)));
            }
            None => {
                let text = "there is nothing in the conversation that could be left out";
                self.record.notice(NoticeLevel::Info, text, None);
            }
        }
    }

    fn start_turn(&mut self, prompt: String) {
        let id = TurnId(self.record.with_state(|state| state.turn.0) + 1);
        let settings = self.record.settings();
        self.record.set_turn(Some(id));
        self.record.emit(Body::Turn(TurnEvent::Started { turn: id, budget: settings.budget }));
        if let Err(error) = self.shells.revive() {
            self.record.notice(NoticeLevel::Error, error, None);
        }
        if !std::mem::replace(&mut self.told, true) {
            for item in self.first_items(settings.mode) {
                self.record.emit(Body::Item(item));
            }
        }
        for text in self.record.notes() {
            self.record.emit(Body::Item(Item::Note { text }));
        }
        let user = Item::User { text: prompt.clone(), kind: UserKind::Prompt };
        self.record.emit(Body::Item(user));
        let started = Instant::now();
        let route = self.routes.chosen();
        let mut turn = Turn {
            prompt,
            conversation: self.record.with_state(conversation),
            mode_told: settings.mode,
            step: 0,
            usage: Usage::default(),
            cost: route.model.price.map(|_| 0.0),
            last: None,
            fallback: None,
            refused: false,
        };
        let mut world = World {
            client: Arc::clone(&self.client),
            routes: Arc::clone(&self.routes) as Arc<dyn agent::Routes>,
            service: route.service,
            model: route.model,
            estimator: route.estimator,
            depth: settings.depth,
            workspace: Arc::clone(&self.workspace),
            terminals: Arc::clone(&self.shells) as Arc<dyn Terminals>,
            draft: Arc::clone(&self.review) as Arc<dyn Draft>,
            attended: self.attended,
            readable: vec![self.outputs.clone()],
            cache_key: format!("brisk-{}", self.id),
        };
        let record = Arc::clone(&self.record);
        let seconds = settings.budget.seconds;
        self.record.withdraw_review();
        self.gating.cancel();
        let (review, said) = (Arc::clone(&self.review), turn.prompt.clone());
        // An interrupt ends the turn, but nothing of this half-way: what comes next waits for it.
        let (readied, is_ready) = oneshot::channel::<()>();
        let ready = tokio::spawn(async move {
            review.freshen().await;
            review.before_turn(id, &said).await;
            drop(readied);
        });
        let task = tokio::spawn(async move {
            // It ends with its task; a session that ends first needs no turn.
            let _ = is_ready.await;
            let run = agent::run(&mut turn, &mut world, &*record);
            match seconds {
                None => run.await,
                Some(seconds) => tokio::time::timeout(Duration::from_secs(seconds), run)
                    .await
                    .unwrap_or(End::Limit(Limit::Time { seconds })),
            }
        });
        self.running = Some(RunningTurn { id, started, ready, task });
    }

    fn first_items(&self, mode: Mode) -> Vec<Item> {
        let Some(facts) = &self.facts else { return Vec::new() };
        let folder = self.workspace.shell_folder().display().to_string();
        let shell = self.shells.shell_name();
        let around = Surroundings {
            folder: &folder,
            shell: &shell,
            system: std::env::consts::OS,
            mode,
            tree: self.workspace.kind(),
            facts,
        };
        agent::first_items(&around, &self.workspace.rules())
    }

    /// The first one stops the model; with no turn running it interrupts what runs in the shell.
    async fn interrupt(&mut self) {
        match self.running.take() {
            Some(running) => {
                running.task.abort();
                joined(running.ready).await;
                let end = match running.task.await {
                    Ok(end) => end,
                    Err(error) if error.is_cancelled() => End::Interrupted,
                    Err(_) => crashed(),
                };
                self.close_turn(running.id, running.started, end).await;
            }
            None => {
                if let Some(terminal) = self.shells.current().1
                    && terminal.busy()
                {
                    terminal.interrupt();
                }
            }
        }
    }

    async fn end_turn(&mut self, end: End) {
        if let Some(running) = self.running.take() {
            self.close_turn(running.id, running.started, end).await;
        }
    }

    /// Repairs what the turn left open, says how it ended, and goes on with what waits.
    async fn close_turn(&mut self, id: TurnId, started: Instant, end: End) {
        self.record.withdraw_asks();
        let repairs = self.record.with_state(|state| repairs(state, &end));
        for item in repairs {
            self.record.emit(Body::Item(item));
        }
        self.review.refresh(None).await;
        self.routes.keep();
        let (usage, cost, steps) = self.record.with_state(|state| {
            let running = state.running.as_ref();
            running.map_or_else(Default::default, |running| {
                (running.usage, running.cost, running.step)
            })
        });
        let duration_ms = started.elapsed().as_millis() as u64;
        let end = match self.record.broken() {
            Some(message) => End::Failed(Failure {
                kind: FailureKind::Local,
                message,
                hint: Some("free some space; nothing that cannot be logged is done".to_owned()),
            }),
            None => end,
        };
        let ended = TurnEvent::Ended { turn: id, end, usage, cost, steps, duration_ms };
        self.record.emit(Body::Turn(ended));
        self.record.set_turn(None);
        if self.attended {
            self.order(Order::Settle);
        }
        self.look();
    }

    /// What the user's own command did to the files is looked at, too.
    fn review_later(&self, author: Author) {
        let review = Arc::clone(&self.review);
        tokio::spawn(async move { review.touched(author).await });
    }

    /// Looks at the workspace, which may take its time in a large one: the user's keys do not wait.
    fn look(&mut self) {
        let (workspace, record) = (Arc::clone(&self.workspace), Arc::clone(&self.record));
        self.looking = Some(tokio::spawn(async move {
            // A journal that cannot be synced is said by the next side effect.
            let _ = record.sync().await;
            let facts = tokio::task::spawn_blocking(move || workspace.facts()).await;
            facts.expect("looking at the workspace does not panic")
        }));
    }

    /// The workspace was looked at: what waits can start.
    fn go_on(&mut self, facts: Facts) {
        self.looking = None;
        self.show_tree(&facts);
        self.facts = Some(facts);
        self.start_held();
    }

    /// Goes on with what waits, once nothing stands in its way.
    fn start_held(&mut self) {
        if self.looking.is_some() || self.choosing.is_some() || self.running.is_some() {
            return;
        }
        let mut held = std::mem::take(&mut self.held).into_iter();
        let next = self.record.next_prompt().or_else(|| held.next());
        for text in held {
            self.record.queue(text, false);
        }
        if let Some(next) = next {
            self.start_turn(next);
        }
    }

    fn show_tree(&self, facts: &Facts) {
        let git = facts.git.as_ref();
        let branch = git.and_then(|git| git.head.as_ref()).map(|head| match head {
            Head::Branch(name) | Head::Detached(name) => name.clone(),
        });
        let dirty = git.and_then(|git| git.dirty).unwrap_or(0);
        let same = |state: &State| state.branch == branch && state.dirty == dirty;
        if !self.record.with_state(same) {
            self.record.emit(Body::Draft(DraftEvent::Tree { branch, dirty }));
        }
    }

    async fn shut_down(mut self) {
        while self.record.next_prompt().is_some() {}
        if self.running.is_some() {
            self.interrupt().await;
        }
        self.gating.close().await;
        self.shells.close().await;
        self.review.close(&self.folder).await;
        self.record.emit(Body::Session(SessionEvent::Ended));
        // Nothing is left to be told of a journal that cannot be synced now.
        let _ = self.record.sync().await;
        self.record.fanout.close();
        drop(self.lock);
        drop(self.temporary.take());
    }
}

/// The end of the turn that runs; never, if none does.
async fn ended(running: &mut Option<RunningTurn>) -> End {
    match running {
        Some(running) => (&mut running.task).await.unwrap_or_else(|_| crashed()),
        None => std::future::pending().await,
    }
}

/// What a model's name means; never, if none is looked up.
async fn found(choosing: &mut Option<Choosing>) -> (OpId, Result<Route, Failure>) {
    match choosing {
        Some(Choosing { op, task }) => (*op, joined(task).await),
        None => std::future::pending().await,
    }
}

/// What a look at the workspace found; never, if nobody looks.
async fn looked(looking: &mut Option<JoinHandle<Facts>>) -> Facts {
    match looking {
        Some(looking) => joined(looking).await,
        None => std::future::pending().await,
    }
}

fn crashed() -> End {
    End::Failed(Failure {
        kind: FailureKind::Local,
        message: "the turn ended by an error of brisk's own".to_owned(),
        hint: Some("the conversation is kept: ask again".to_owned()),
    })
}
