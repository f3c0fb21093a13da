//! What the user decides of the draft, one thing after the other, beside the turns: the question at a
//! turn's end, its answer, undo and redo, comments, gates.

use super::commits;
use super::gating::{Gating, is_green};
use super::record::Record;
use super::review::{Review, is_picked};
use crate::agent::Out;
use crate::protocol::{
    Answer, Change, Decision, GateWhen, LineComment, Mode, NoticeLevel, Op, OpId, Pick, Question,
    Request, TreeKind,
};
use std::sync::Arc;
use tokio::sync::mpsc;

/// What waits for the desk.
pub(super) const ORDERS_MAX: usize = 64;

/// What is to be done.
pub(super) enum Order {
    /// One of the ops that are about the draft.
    Op(Op),
    /// A turn has ended: what is pending is asked about, or applied, as the mode says.
    Settle,
    /// What is pending is asked about.
    Ask,
    /// The question at a turn's end was answered.
    Answered(Answer),
    /// The gates have spoken, where the mode applies what is green: these parts.
    Gated { picks: Vec<Pick> },
}

pub(super) struct Desk {
    pub(super) review: Arc<Review>,
    pub(super) gating: Arc<Gating>,
    pub(super) record: Arc<Record>,
    /// Weak, so that the desk ends with the session.
    pub(super) orders: mpsc::WeakSender<Order>,
    /// Where what the user says goes.
    pub(super) ops: mpsc::WeakSender<Request>,
}

impl Desk {
    pub(super) async fn run(self, mut orders: mpsc::Receiver<Order>) {
        while let Some(order) = orders.recv().await {
            if let Err(why) = self.order(order).await {
                self.record.notice(NoticeLevel::Error, why, None);
            }
        }
    }

    async fn order(&self, order: Order) -> Result<(), String> {
        match order {
            Order::Op(op) => self.op(op).await,
            Order::Settle => {
                self.settle().await;
                Ok(())
            }
            Order::Ask => {
                if !self.review.files().is_empty() {
                    self.ask();
                }
                Ok(())
            }
            Order::Answered(answer) => self.answered(answer).await,
            Order::Gated { picks } => self.apply_green(picks).await,
        }
    }

    async fn op(&self, op: Op) -> Result<(), String> {
        match op {
            Op::Decide(decision) => self.decide(decision).await,
            Op::Amend { change, hunk, text } => self.review.amend(change, hunk, text).await,
            Op::Rewrite { change, text } => self.review.rewrite(change, text).await,
            Op::Resolve { change, keep } => self.review.resolve(change, keep).await,
            Op::Comment(comments) => {
                self.say(in_words(&comments)).await;
                Ok(())
            }
            Op::Gate { picks } => {
                self.gating.start(picks, GateWhen::Apply);
                Ok(())
            }
            Op::Undo => self.review.undo().await,
            Op::Redo => self.review.redo().await,
            Op::Rewind { turn } => self.review.rewind(turn).await,
            Op::Commit { message } => {
                let (record, workspace) =
                    (Arc::clone(&self.record), Arc::clone(&self.review.workspace));
                // It asks, and hooks take their time.
                tokio::spawn(commits::commit(record, workspace, message));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn decide(&self, decision: Decision) -> Result<(), String> {
        let comment = decision.comment.clone();
        let is_talk = decision.accept.is_empty() && decision.reject.is_empty();
        self.gating.cancel();
        if !is_talk {
            self.review.decide(decision).await?;
        }
        if self.review.files().is_empty() {
            self.record.withdraw_review();
        }
        if let Some(comment) = comment {
            self.say(comment).await;
        }
        Ok(())
    }

    async fn answered(&self, answer: Answer) -> Result<(), String> {
        let changes = self.review.changes().1;
        let decision = match answer {
            Answer::Yes | Answer::Always => {
                Decision { accept: whole(&changes), ..Decision::default() }
            }
            Answer::No { comment } => {
                Decision { reject: whole(&changes), comment, ..Decision::default() }
            }
            Answer::Text(comment) => Decision { comment: Some(comment), ..Decision::default() },
            Answer::Decision(decision) => decision,
            Answer::Later | Answer::Hunks { .. } => return Ok(()),
        };
        self.decide(decision).await
    }

    async fn settle(&self) {
        if self.review.workspace.kind() != TreeKind::Draft {
            return;
        }
        self.review.freshen().await;
        if self.review.files().is_empty() {
            return;
        }
        match self.record.settings().mode {
            Mode::Plan => {}
            Mode::Confirm => self.gate_and_ask(),
            Mode::AutoEdit | Mode::Autopilot => self.gate_then_apply(),
        }
    }

    /// Asks what of the draft goes into the tree; the answer is an order.
    fn ask(&self) {
        self.record.withdraw_review();
        let (revision, changes) = self.review.changes();
        let files = changes.iter().map(Change::summary).collect();
        let question = Question::Review { revision, files, guards: self.review.guarded() };
        let (answer, orders) = (self.record.open(question), self.orders.clone());
        tokio::spawn(async move {
            if let (Some(answer), Some(orders)) = (answer.await, orders.upgrade()) {
                // The session may have ended.
                let _ = orders.send(Order::Answered(answer)).await;
            }
        });
    }

    /// What has to be known of the gates comes before the question; their verdicts come as it waits.
    fn gate_and_ask(&self) {
        let (gating, orders) = (Arc::clone(&self.gating), self.orders.clone());
        self.gating.start_with(async move {
            let gates = gating.wanted(GateWhen::Turn).await;
            let Some(orders) = orders.upgrade() else { return };
            // The session may have ended.
            let _ = orders.send(Order::Ask).await;
            drop(orders);
            if let Some(gates) = gates {
                gating.run_these(&gates, Vec::new()).await;
            }
        });
    }

    /// Gates what needs no human, as it would land.
    fn gate_then_apply(&self) {
        let (gating, orders) = (Arc::clone(&self.gating), self.orders.clone());
        let guarded = self.review.guarded();
        let (_, changes) = self.review.changes();
        let mut picks = whole(&changes);
        picks.retain(|pick| {
            !guarded.iter().any(|guarded| is_picked(guarded, std::slice::from_ref(pick)))
        });
        self.gating.start_with(async move {
            let green = !picks.is_empty()
                && gating.run(picks.clone(), GateWhen::Apply).await.is_some_and(|it| is_green(&it));
            if let Some(orders) = orders.upgrade() {
                let picks = if green { picks } else { Vec::new() };
                let _ = orders.send(Order::Gated { picks }).await;
            }
        });
    }

    /// What is green goes into the tree; the rest is asked about. A part that has changed since it
    /// was gated is another one, and is refused.
    async fn apply_green(&self, accept: Vec<Pick>) -> Result<(), String> {
        let applied = match accept.is_empty() {
            true => Ok(()),
            false => self.review.decide(Decision { accept, ..Decision::default() }).await,
        };
        if !self.review.files().is_empty() {
            self.ask();
        }
        applied
    }

    /// Said to the model: to the running turn, or as a turn of its own.
    async fn say(&self, text: String) {
        let Some(ops) = self.ops.upgrade() else { return };
        // The session may be about to end.
        let _ = ops.send(Request { id: OpId(0), op: Op::Steer { text } }).await;
    }
}

/// All that can be applied.
pub fn whole(changes: &[Change]) -> Vec<Pick> {
    let clean = changes.iter().filter(|change| !change.conflict);
    clean.map(|change| Pick { id: change.id.clone(), hunks: None }).collect()
}

fn in_words(comments: &[LineComment]) -> String {
    let mut text = "Comments on the draft:".to_owned();
    for LineComment { path, line, quoted, text: said } in comments {
        text.push_str(&format!("\n- {path}:{line} `{}`: {said}", quoted.trim()));
    }
    text
}
