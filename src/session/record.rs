//! The record of a session as it happens: journaled, folded, shown, in this order. It is also the
//! agent's way out: its events, its questions, what the user says to it.

use super::fanout::Fanout;
use super::journal::Journal;
use super::ledger;
use super::{EntryBody, State};
use crate::agent::{Out, Settings, Standing, Wait};
use crate::policy::{Rule, Rules};
use crate::protocol::{
    Answer, Ask, AskEvent, AskId, Body, Event, Item, Notice, NoticeLevel, OpId, Pen, Question,
    Queued, Setting, TermEvent, TermId, TurnEvent, TurnId, UsageEvent,
};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::{Notify, oneshot};

pub(super) struct Record {
    inner: Mutex<Inner>,
    pub(super) fanout: Fanout,
    /// Woken when a pen changes hands.
    pens: Notify,
}

struct Inner {
    state: State,
    journal: Journal,
    /// Why the journal cannot be written; nothing is done from then on.
    broken: Option<String>,
    ledger: Ledger,
    /// The turn that runs, and the op that is being answered.
    turn: Option<TurnId>,
    op: Option<OpId>,
    rules: Rules,
    asks: HashMap<AskId, oneshot::Sender<Answer>>,
    ask_count: u64,
    queue: Vec<Queued>,
    /// What the model is to be told of the terminals.
    notes: Vec<String>,
}

pub(super) struct Ledger {
    /// None: an ephemeral session keeps none.
    pub(super) path: Option<PathBuf>,
    /// Which service each model is served by.
    pub(super) services: HashMap<String, String>,
}

impl Record {
    pub(super) fn new(journal: Journal, ledger: Ledger, rules: Rules) -> Record {
        let inner = Inner {
            state: State::default(),
            journal,
            broken: None,
            ledger,
            turn: None,
            op: None,
            rules,
            asks: HashMap::new(),
            ask_count: 0,
            queue: Vec::new(),
            notes: Vec::new(),
        };
        Record { inner: Mutex::new(inner), fanout: Fanout::default(), pens: Notify::new() }
    }

    /// A look at the state; nothing else happens meanwhile, so keep it short.
    pub(super) fn with_state<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock().state)
    }

    pub(super) fn broken(&self) -> Option<String> {
        self.lock().broken.clone()
    }

    pub(super) fn set_op(&self, op: Option<OpId>) {
        self.lock().op = op;
    }

    pub(super) fn set_turn(&self, turn: Option<TurnId>) {
        self.lock().turn = turn;
    }

    /// Calls of this model are this service's in the ledger.
    pub(super) fn set_service(&self, model: &str, service: &str) {
        self.lock().ledger.services.insert(model.to_owned(), service.to_owned());
    }

    pub(super) fn notice(&self, level: NoticeLevel, text: impl Into<String>, hint: Option<&str>) {
        let hint = hint.map(str::to_owned);
        self.emit(Body::Notice(Notice { level, text: text.into(), hint }));
    }

    /// Gives an answer to whoever asked; false if nobody waits for it any more.
    pub(super) fn answer(&self, ask: AskId, answer: Answer) -> bool {
        let Some(waiting) = self.lock().asks.remove(&ask) else { return false };
        let rule = match &answer {
            Answer::Always => self.rule_of(ask),
            _ => None,
        };
        self.emit(Body::Ask(AskEvent::Answered { ask, answer: answer.clone() }));
        if let Some(words) = rule
            && let Ok(rule) = Rule::new(words.clone())
        {
            self.lock().rules.allow.push(rule);
            self.emit(Body::Setting(Setting::Allow(words)));
        }
        waiting.send(answer).is_ok()
    }

    fn rule_of(&self, ask: AskId) -> Option<Vec<String>> {
        let inner = self.lock();
        let open = inner.state.asks.iter().find(|open| open.id == ask)?;
        match &open.question {
            Question::Run { rule, .. } => rule.clone(),
            Question::Apply { .. }
            | Question::Review { .. }
            | Question::Plan { .. }
            | Question::Gates { .. }
            | Question::Choose { .. } => None,
        }
    }

    /// Opens a question. None: it was withdrawn.
    pub(super) fn open(&self, question: Question) -> impl Future<Output = Option<Answer>> + use<> {
        let (sender, receiver) = oneshot::channel();
        let mut inner = self.lock();
        inner.ask_count += 1;
        let id = AskId(inner.ask_count);
        inner.asks.insert(id, sender);
        inner.emit(Body::Ask(AskEvent::Opened(Ask { id, question })), &self.fanout);
        async { receiver.await.ok() }
    }

    /// Withdraws every open question: the turn that asked is gone.
    pub(super) fn withdraw_asks(&self) {
        self.withdraw(|_| true);
    }

    /// Nobody needs to decide on the draft as it was any more.
    pub(super) fn withdraw_review(&self) {
        self.withdraw(|question| {
            matches!(question, Question::Review { .. } | Question::Gates { .. })
        });
    }

    fn withdraw(&self, is: impl Fn(&Question) -> bool) {
        let open = self.with_state(|state| {
            let open = state.asks.iter().filter(|ask| is(&ask.question));
            open.map(|ask| ask.id).collect::<Vec<_>>()
        });
        for ask in open {
            self.lock().asks.remove(&ask);
            self.emit(Body::Ask(AskEvent::Withdrawn { ask }));
        }
    }

    pub(super) fn queue(&self, text: String, steer: bool) {
        let mut inner = self.lock();
        inner.queue.push(Queued { text, steer });
        inner.show_queue(&self.fanout);
    }

    /// Takes the last queued prompt out again, for the user to change.
    pub(super) fn unqueue(&self) {
        let mut inner = self.lock();
        let Some(last) = inner.queue.pop() else { return };
        inner.emit(Body::Turn(TurnEvent::Unqueued { text: last.text }), &self.fanout);
        inner.show_queue(&self.fanout);
    }

    /// The next prompt of those that wait, once no turn runs.
    pub(super) fn next_prompt(&self) -> Option<String> {
        let mut inner = self.lock();
        if inner.queue.is_empty() {
            return None;
        }
        let next = inner.queue.remove(0);
        inner.show_queue(&self.fanout);
        Some(next.text)
    }

    /// Told to the model with its next request.
    pub(super) fn tell(&self, note: String) {
        self.lock().notes.push(note);
    }

    /// Gives the pen of a terminal to somebody; whether it changed hands.
    pub(super) fn give_pen(&self, term: TermId, pen: Pen) -> bool {
        let mut inner = self.lock();
        let held = inner.state.terms.iter().any(|info| info.term == term && info.pen != pen);
        if held {
            inner.emit(Body::Term(TermEvent::Pen { term, pen }), &self.fanout);
            self.pens.notify_waiters();
        }
        held
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Journals (what is durable), folds, shows: in this order.
    fn emit(&mut self, body: Body, fanout: &Fanout) {
        let durable = body.is_durable();
        let seq = if durable { self.state.seq + 1 } else { 0 };
        let at = now_ms();
        let event = Event { seq, at, turn: self.turn, op: self.op, body };
        if durable && self.broken.is_none() {
            if let Err(error) = self.journal.append(&event) {
                self.broken = Some(format!("the journal cannot be written: {error}"));
            }
            self.count(&event);
        }
        self.state.apply(&event);
        fanout.send(&event);
    }

    fn count(&mut self, event: &Event) {
        let Body::Usage(UsageEvent::Counted { usage, cost, model, duration_ms }) = &event.body
        else {
            return;
        };
        let (Some(path), Some(header)) = (&self.ledger.path, &self.state.header) else { return };
        let call = ledger::Call {
            v: 1,
            at: event.at,
            session: &header.session,
            turn: event.turn,
            folder: &header.folder,
            model,
            service: self.ledger.services.get(model).map_or("", String::as_str),
            usage: *usage,
            cost: *cost,
            duration_ms: *duration_ms,
        };
        if let Err(error) = ledger::append(path, &call) {
            self.broken = Some(format!("the ledger {} cannot be written: {error}", path.display()));
        }
    }

    fn show_queue(&mut self, fanout: &Fanout) {
        self.emit(Body::Turn(TurnEvent::Queue(self.queue.clone())), fanout);
    }
}

impl Out for Record {
    fn emit(&self, body: Body) {
        self.lock().emit(body, &self.fanout);
    }

    fn ask(&self, question: Question) -> Wait<'_, Answer> {
        let answer = self.open(question);
        Box::pin(async { answer.await.unwrap_or(Answer::No { comment: None }) })
    }

    fn sync(&self) -> Wait<'_, Result<(), String>> {
        let (file, broken) = {
            let inner = self.lock();
            (inner.journal.file(), inner.broken.clone())
        };
        Box::pin(async move {
            if let Some(why) = broken {
                return Err(why);
            }
            let synced = tokio::task::spawn_blocking(move || file.sync_data()).await;
            match synced {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(format!("the journal cannot be written: {error}")),
                Err(_) => Err("the journal cannot be written: its thread has ended".to_owned()),
            }
        })
    }

    fn pen(&self, term: TermId) -> Wait<'_, ()> {
        Box::pin(async move {
            let mut told = false;
            loop {
                let changed = self.pens.notified();
                let is_users = |state: &State| {
                    let mut terms = state.terms.iter();
                    terms.any(|info| info.term == term && info.pen == Pen::User)
                };
                if !self.with_state(is_users) {
                    return;
                }
                if !told {
                    told = true;
                    let hint = Some("Ctrl+\\ h in the terminal hands it back");
                    self.notice(NoticeLevel::Info, "the agent waits for the pen", hint);
                }
                changed.await;
            }
        })
    }

    fn notes(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().notes)
    }

    fn steering(&self) -> Vec<String> {
        let mut inner = self.lock();
        let (steer, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut inner.queue).into_iter().partition(|queued| queued.steer);
        inner.queue = rest;
        if !steer.is_empty() {
            inner.show_queue(&self.fanout);
        }
        steer.into_iter().map(|queued| queued.text).collect()
    }

    fn settings(&self) -> Settings {
        let inner = self.lock();
        let header = inner.state.header.as_ref().expect("a turn runs in a session that started");
        Settings {
            mode: header.mode,
            budget: header.budget,
            depth: header.depth,
            rules: inner.rules.clone(),
            agreed: inner.state.agreed.clone(),
        }
    }

    fn standing(&self) -> Standing {
        self.with_state(|state| {
            let pending = state.draft.files.iter().map(|file| file.path.clone());
            let mut files: Vec<String> = state.applied.iter().cloned().chain(pending).collect();
            files.sort();
            files.dedup();
            Standing { plan: state.plan.clone(), files }
        })
    }
}

/// The conversation so far: what a model is sent.
pub(super) fn conversation(state: &State) -> Vec<Item> {
    let mut items = Vec::new();
    for entry in &state.entries {
        match &entry.body {
            EntryBody::Item(item) => items.push(item.clone()),
            EntryBody::Compacted(compacted) => compacted.apply(&mut items),
            EntryBody::Notice(_) | EntryBody::Draft(_) | EntryBody::Ended { .. } => {}
        }
    }
    items
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
