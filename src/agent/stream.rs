//! One model request: deltas out, usage counted, silence and retries said.

use super::budget::Admitted;
use super::{Out, Turn, World, context};
use crate::model::{Estimator, Progress, Reply, Request};
use crate::protocol::{Body, Delta, Failure, Item, Notice, NoticeLevel, Usage, UsageEvent};
use std::time::Instant;

pub(super) async fn stream(
    turn: &mut Turn,
    world: &World,
    admitted: Admitted,
    out: &dyn Out,
) -> Result<Reply, Failure> {
    let items = admitted.items.as_deref().unwrap_or(&turn.conversation);
    let request = context::request(
        world,
        &admitted.system,
        &admitted.tools,
        items,
        admitted.output_tokens_max,
    );
    out.emit(Body::Usage(UsageEvent::Projected {
        input: admitted.input,
        reserved: admitted.reserved,
    }));
    let begun = Instant::now();
    let mut on = |progress: Progress<'_>| say(progress, out);
    let reply = world.client.stream(&world.service, &request, &mut on).await?;
    let usage = counted(&reply, admitted.input, &request, world);
    let cost = world.model.price.map(|price| price.cost(&usage));
    turn.usage += usage;
    turn.cost = turn.cost.zip(cost).map(|(sum, cost)| sum + cost);
    turn.last = Some((usage, begun));
    let duration_ms = begun.elapsed().as_millis() as u64;
    let model = world.model.name.clone();
    out.emit(Body::Usage(UsageEvent::Counted { usage, cost, model, duration_ms }));
    Ok(reply)
}

/// The provider's figure, which teaches the estimator; without one, an estimate.
fn counted(reply: &Reply, input: u64, request: &Request<'_>, world: &World) -> Usage {
    let mut estimator = world.estimator.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(usage) = reply.usage {
        estimator.calibrate(Estimator::bytes(request), &usage);
        return usage;
    }
    let output = reply.items.iter().map(|item| said(item, &estimator)).sum();
    Usage { input, output, estimated: true, ..Usage::default() }
}

fn said(item: &Item, estimator: &Estimator) -> u64 {
    match item {
        Item::Assistant { text, .. } | Item::Thought { text, .. } => estimator.text(text),
        Item::Call { tool, arguments, .. } => estimator.text(tool) + estimator.text(arguments),
        _ => 0,
    }
}

fn say(progress: Progress<'_>, out: &dyn Out) {
    let warn = |text: String, hint: Option<&str>| {
        let hint = hint.map(str::to_owned);
        out.emit(Body::Notice(Notice { level: NoticeLevel::Warning, text, hint }));
    };
    match progress {
        Progress::Text(text) => out.emit(Body::Delta(Delta::Text(text.to_owned()))),
        Progress::Thought(text) => out.emit(Body::Delta(Delta::Thought(text.to_owned()))),
        Progress::Arguments { tool, bytes } => {
            out.emit(Body::Delta(Delta::Arguments { tool: tool.to_owned(), bytes }));
        }
        Progress::Restart => out.emit(Body::Delta(Delta::Restart)),
        Progress::Retry { attempt, of, wait, why } => {
            let seconds = wait.as_secs_f32();
            warn(format!("{why}; request {attempt} of {of} in {seconds:.1} s"), None);
        }
        Progress::Silent(silence) => {
            let text = format!("no word from the model for {} s", silence.as_secs());
            warn(text, Some("Esc stops it"));
        }
    }
}
