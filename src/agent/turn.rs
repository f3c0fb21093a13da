//! The loop: one turn from the user's prompt to the agent's last word on it.
//!
//! Read top to bottom. Retries live in `model`, questions in [`Out`], what a limit is in `budget`, what
//! becomes of a prompt that is too long in `room`, of a service that fails in `fallback`.
//! Dropping the future at any await interrupts the turn; whoever drops it repairs the conversation,
//! so that every call has a result.

use super::stream::{Unanswered, stream};
use super::tools::{Call, Told};
use super::{Out, Turn, World, budget, context, count, fallback, room, tools};
use crate::model::Stop;
use crate::protocol::{Body, Depth, End, Failure, FailureKind, Item, Limit, TurnEvent, UserKind};

/// A reply that asks for more calls than this is answered with a refusal of the rest.
const CALLS_A_REPLY_MAX: usize = 32;

pub(crate) async fn run(turn: &mut Turn, world: &mut World, out: &dyn Out) -> End {
    loop {
        turn.listen(out);
        let settings = out.settings();
        turn.follow(world, settings.depth);
        count::near_limit(turn, world, &settings.budget).await;
        if let Err(failure) = room::make(turn, world, out) {
            return End::Failed(failure);
        }
        let request = match budget::admit(turn, world, &settings.budget) {
            Ok(admitted) => admitted,
            Err(limit) => return wrap_up(turn, limit, world, out).await,
        };
        turn.step += 1;
        out.emit(Body::Turn(TurnEvent::Step { step: turn.step }));
        let reply = match stream(turn, world, request, out).await {
            Ok(reply) => reply,
            Err(Unanswered::Limit(limit)) => return wrap_up(turn, limit, world, out).await,
            Err(Unanswered::Failed(failure)) => {
                match fallback::recover(turn, world, failure, out).await {
                    Ok(()) => continue,
                    Err(failure) => return End::Failed(failure),
                }
            }
        };
        turn.refused = false;
        let calls = turn.record(reply.items, out);
        if calls.is_empty() {
            match reply.stop {
                Stop::Length => {
                    turn.say(Item::Note { text: context::CUT_SHORT.to_owned() }, out);
                    continue;
                }
                Stop::Paused => continue,
                stop => match ended_badly(stop) {
                    Some(failure) => return End::Failed(failure),
                    None if turn.listen(out) => continue,
                    None => return End::Done,
                },
            }
        }
        let mut infeasible = None;
        for (number, call) in calls.into_iter().enumerate() {
            let answer = if number < CALLS_A_REPLY_MAX {
                tools::run(&call, world, out).await
            } else {
                tools::Answered::refused(&call, "too many calls in one reply")
            };
            match answer.told {
                Some(Told::Plan(plan)) => turn.conversation.push(plan),
                Some(Told::Infeasible { why, evidence }) => {
                    infeasible.get_or_insert(End::Infeasible { why, evidence });
                }
                None => {}
            }
            turn.say(answer.result, out);
        }
        if let Some(end) = infeasible {
            return end;
        }
    }
}

/// At a limit: one small request, paid from what was held back, that says where things stand.
async fn wrap_up(turn: &mut Turn, limit: Limit, world: &World, out: &dyn Out) -> End {
    let settings = out.settings();
    if let Some(request) = budget::admit_wrap_up(turn, limit, world, &settings.budget) {
        // The turn ends with the limit whatever becomes of its last words.
        if let Ok(reply) = stream(turn, world, request, out).await {
            let words = reply.items.into_iter();
            let words = words.filter(|item| matches!(item, Item::Assistant { .. })).collect();
            turn.record(words, out);
        }
    }
    End::Limit(limit)
}

impl Turn {
    /// Adds to the conversation, and shows it.
    pub(super) fn say(&mut self, item: Item, out: &dyn Out) {
        out.emit(Body::Item(item.clone()));
        self.conversation.push(item);
    }

    /// The next request goes to the chosen model, or to the one that stands in for it.
    fn follow(&mut self, world: &mut World, depth: Depth) {
        let chosen = world.routes.chosen();
        let fallback = self.fallback.take();
        self.fallback = fallback.filter(|fallback| fallback.is_for(&chosen.model.name));
        let route = self.fallback.as_ref().map_or(chosen, |fallback| fallback.route.clone());
        if route.model.name != world.model.name {
            // Its provider's cache knows nothing of this conversation.
            self.last = None;
        }
        (world.service, world.model, world.estimator) =
            (route.service, route.model, route.estimator);
        world.model.output = context::output(depth, world.model.output);
        world.depth = depth;
    }

    /// Takes in what the user said meanwhile; whether there was anything.
    fn listen(&mut self, out: &dyn Out) -> bool {
        let mode = out.settings().mode;
        if mode != self.mode_told {
            self.mode_told = mode;
            self.say(Item::Note { text: context::mode_note(mode) }, out);
        }
        for text in out.notes() {
            self.say(Item::Note { text }, out);
        }
        let said = out.steering();
        let any = !said.is_empty();
        for text in said {
            self.say(Item::User { text, kind: UserKind::Steer }, out);
        }
        any
    }

    /// Takes in a reply; its calls.
    fn record(&mut self, items: Vec<Item>, out: &dyn Out) -> Vec<Call> {
        let mut calls = Vec::new();
        for item in items {
            if let Item::Call { call, tool, arguments, .. } = &item {
                calls.push(Call {
                    id: call.clone(),
                    tool: tool.clone(),
                    arguments: arguments.clone(),
                });
            }
            self.say(item, out);
        }
        calls
    }
}

/// What a reply without calls says of itself, if that is trouble.
fn ended_badly(stop: Stop) -> Option<Failure> {
    let failure = |message: String| {
        let hint = Some("rephrase the request, or take another model with /model".to_owned());
        Some(Failure { kind: FailureKind::Provider, message, hint })
    };
    match stop {
        Stop::Refused(why) => failure(match why {
            Some(why) => format!("the model refused: {why}"),
            None => "the model refused".to_owned(),
        }),
        Stop::Filtered => failure("the service's content filter stopped the reply".to_owned()),
        Stop::Done | Stop::Calls | Stop::Length | Stop::Paused | Stop::Other(_) => None,
    }
}
