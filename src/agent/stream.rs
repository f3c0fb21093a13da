//! One model request: deltas out, usage counted, silence and retries said. What an attempt that broke
//! off may have cost is counted, too, and the next one asked about anew.

use super::budget::{self, Admitted};
use super::{Out, Turn, World, context};
use crate::model::{Estimator, Listen, Lost, Progress, Reply, Request};
use crate::protocol::{Body, Delta, Failure, Item, Limit, Notice, NoticeLevel, Usage, UsageEvent};
use std::sync::{MutexGuard, PoisonError};
use std::time::Instant;

/// Why there is no reply.
pub(super) enum Unanswered {
    Failed(Failure),
    /// What was tried used up the budget.
    Limit(Limit),
}

pub(super) async fn stream(
    turn: &mut Turn,
    world: &World,
    admitted: Admitted,
    out: &dyn Out,
) -> Result<Reply, Unanswered> {
    let items = admitted.items.as_deref().unwrap_or(&turn.conversation);
    let (system, tools) = (&admitted.system, &admitted.tools);
    let request = context::request(world, system, tools, items, admitted.output_tokens_max);
    let mut told = Told {
        world,
        out,
        admitted: &admitted,
        usage: &mut turn.usage,
        cost: &mut turn.cost,
        begun: Instant::now(),
        limit: None,
    };
    told.project();
    let reply = match world.client.stream(&world.service, &request, &mut told).await {
        Ok(reply) => reply,
        Err(failure) => return Err(told.unanswered(failure)),
    };
    let usage = counted(&reply, &admitted, &request, world);
    let begun = told.begun;
    told.count(usage);
    turn.last = Some((usage, begun));
    Ok(reply)
}

/// The provider's figure, which teaches the estimator; without one, an estimate.
fn counted(reply: &Reply, admitted: &Admitted, request: &Request<'_>, world: &World) -> Usage {
    let mut estimator = estimator(world);
    if let Some(usage) = reply.usage {
        estimator.calibrate(Estimator::bytes(request), &usage);
        return usage;
    }
    let output = reply.items.iter().map(|item| said(item, &estimator)).sum();
    Usage { input: admitted.input, output, estimated: true, ..Usage::default() }
}

fn said(item: &Item, estimator: &Estimator) -> u64 {
    match item {
        Item::Assistant { text, .. } | Item::Thought { text, .. } => estimator.text(text),
        Item::Call { tool, arguments, .. } => estimator.text(tool) + estimator.text(arguments),
        _ => 0,
    }
}

fn estimator(world: &World) -> MutexGuard<'_, Estimator> {
    world.estimator.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hears one request with all its attempts.
struct Told<'a> {
    world: &'a World,
    out: &'a dyn Out,
    admitted: &'a Admitted,
    /// Of the turn.
    usage: &'a mut Usage,
    cost: &'a mut Option<f64>,
    /// When the present attempt began.
    begun: Instant,
    /// What forbade a further one.
    limit: Option<Limit>,
}

impl Told<'_> {
    fn project(&self) {
        let (input, reserved) = (self.admitted.input, self.admitted.reserved);
        self.out.emit(Body::Usage(UsageEvent::Projected { input, reserved }));
    }

    fn count(&mut self, usage: Usage) {
        let cost = self.world.model.price.map(|price| price.cost(&usage));
        *self.usage += usage;
        *self.cost = self.cost.zip(cost).map(|(sum, cost)| sum + cost);
        let duration_ms = self.begun.elapsed().as_millis() as u64;
        let model = self.world.model.name.clone();
        self.out.emit(Body::Usage(UsageEvent::Counted { usage, cost, model, duration_ms }));
        self.begun = Instant::now();
    }

    fn unanswered(&self, failure: Failure) -> Unanswered {
        match self.limit {
            None => Unanswered::Failed(failure),
            Some(limit) => {
                self.notice(NoticeLevel::Warning, failure.message, failure.hint);
                Unanswered::Limit(limit)
            }
        }
    }

    fn notice(&self, level: NoticeLevel, text: String, hint: Option<String>) {
        self.out.emit(Body::Notice(Notice { level, text, hint }));
    }

    fn delta(&self, delta: Delta) {
        self.out.emit(Body::Delta(delta));
    }
}

impl Listen for Told<'_> {
    fn hear(&mut self, progress: Progress<'_>) {
        let stops = Some("Esc stops it".to_owned());
        match progress {
            Progress::Text(text) => self.delta(Delta::Text(text.to_owned())),
            Progress::Thought(text) => self.delta(Delta::Thought(text.to_owned())),
            Progress::Arguments { tool, bytes } => {
                self.delta(Delta::Arguments { tool: tool.to_owned(), bytes });
            }
            Progress::Restart => self.delta(Delta::Restart),
            Progress::Retry { attempt, of, wait, why } => {
                let text =
                    format!("{why}; request {attempt} of {of} in {:.1} s", wait.as_secs_f32());
                self.notice(NoticeLevel::Warning, text, None);
                self.project();
            }
            Progress::Silent(silence) => {
                let text = format!("nothing from the model's service for {} s", silence.as_secs());
                self.notice(NoticeLevel::Warning, text, stops);
            }
            Progress::Thinking(silence) => {
                let text = format!(
                    "no word from the model for {} s; its service is there, so it thinks",
                    silence.as_secs()
                );
                self.notice(NoticeLevel::Info, text, stops);
            }
        }
    }

    fn lose(&mut self, lost: Lost) {
        let said = estimator(self.world).tokens_of(lost.bytes);
        let expected = Usage {
            input: self.admitted.input - self.admitted.cached,
            cached: self.admitted.cached,
            ..Usage::default()
        };
        let usage = lost.usage.unwrap_or(expected);
        self.count(Usage { output: usage.output.max(said), estimated: true, ..usage });
    }

    fn again(&mut self, output_tokens_max: u64) -> Option<u64> {
        let budget = self.out.settings().budget;
        let spent = (self.usage.spent(), *self.cost);
        match budget::readmit(self.admitted, output_tokens_max, spent, self.world, &budget) {
            Ok(granted) => Some(granted),
            Err(limit) => {
                self.limit = Some(limit);
                None
            }
        }
    }
}
