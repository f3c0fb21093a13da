//! Which limit a turn has reached, and what the next request may take. Pure.
//!
//! Before a request an upper bound is reserved: all new input by estimate, the output limit, and
//! the prefix as cached only if the last answer showed it cached and the provider's cache is young.
//! The output limit shrinks to the room that is left; a request that does not fit is not sent.

use super::{Turn, World, context};
use crate::protocol::{Budget, Item, Limit, ModelSpec, Price, Tool, Usage};
use std::time::{Duration, Instant};

/// Held back from a turn's budget for its last words; a quarter of a small budget.
const WRAP_UP_TOKENS: u64 = 1_600;
/// What the last words may be.
const WRAP_UP_OUTPUT_TOKENS_MAX: u64 = 400;
/// An answer that may not even have this many tokens is not asked for.
const OUTPUT_TOKENS_MIN: u64 = 256;
/// The most that one reply may have, even if the model could say more.
const OUTPUT_TOKENS_MAX: u64 = 16_000;
/// How long a provider's cache is taken to live.
const CACHE_AGE_MAX: Duration = Duration::from_secs(300);

/// A request that may be sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Admitted {
    pub(super) system: String,
    pub(super) tools: Vec<Tool>,
    /// None: the turn's whole conversation.
    pub(super) items: Option<Vec<Item>>,
    pub(super) output_tokens_max: u64,
    /// Tokens by estimate: the whole input.
    pub(super) input: u64,
    /// The part of it that the provider will likely read from its cache.
    pub(super) cached: u64,
    /// Of the budget, what is kept for what comes after.
    pub(super) held_back: u64,
    /// Of the budget, at the most.
    pub(super) reserved: u64,
}

/// Admits the turn's next request, or names the limit that forbids it.
pub(super) fn admit(turn: &Turn, world: &World, budget: &Budget) -> Result<Admitted, Limit> {
    if let Some(limit) = used_up(turn, budget) {
        return Err(limit);
    }
    let system = context::system();
    let tools = super::tools(world.model.edits);
    let estimator = world.estimator.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let request = context::request(world, &system, &tools, &turn.conversation, 0);
    let input = estimator.request(&request);
    drop(estimator);
    let room = Room::new(turn, budget, input);
    let output_tokens_max = room.granted(&world.model, budget, turn.cost)?;
    Ok(Admitted {
        system,
        tools,
        items: None,
        output_tokens_max,
        input,
        cached: room.cached,
        held_back: room.held_back,
        reserved: room.fresh() + output_tokens_max,
    })
}

/// Whether a request with so many tokens of input would be admitted.
pub(super) fn fits(turn: &Turn, model: &ModelSpec, budget: &Budget, input: u64) -> bool {
    used_up(turn, budget).is_none()
        && Room::new(turn, budget, input).granted(model, budget, turn.cost).is_ok()
}

/// Admits the same request once more, after what the last attempt has cost: `spent` are the turn's
/// tokens and dollars. Returns how long the answer may be, at most as long as it might have been.
pub(super) fn readmit(
    admitted: &Admitted,
    output_tokens_max: u64,
    spent: (u64, Option<f64>),
    world: &World,
    budget: &Budget,
) -> Result<u64, Limit> {
    let room = Room {
        input: admitted.input,
        cached: admitted.cached,
        spent: spent.0,
        limit: budget.tokens,
        held_back: admitted.held_back,
    };
    Ok(room.granted(&world.model, budget, spent.1)?.min(output_tokens_max))
}

/// Admits the last words, if what was held back pays them.
pub(super) fn admit_wrap_up(
    turn: &Turn,
    limit: Limit,
    world: &World,
    budget: &Budget,
) -> Option<Admitted> {
    if matches!(limit, Limit::Cost { .. } | Limit::Time { .. }) {
        return None;
    }
    let items = context::wrap_up_items(turn, limit);
    let system = context::system();
    let estimator = world.estimator.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let input = estimator.request(&context::request(world, &system, &[], &items, 0));
    drop(estimator);
    let left = budget.tokens.saturating_sub(turn.usage.spent() + input);
    let output_tokens_max = left.min(WRAP_UP_OUTPUT_TOKENS_MAX).min(world.model.output);
    if output_tokens_max < WRAP_UP_OUTPUT_TOKENS_MAX / 4 {
        return None;
    }
    Some(Admitted {
        system,
        tools: Vec::new(),
        items: Some(items),
        output_tokens_max,
        input,
        cached: 0,
        held_back: 0,
        reserved: input + output_tokens_max,
    })
}

/// A limit that no request, however small, could keep any more.
fn used_up(turn: &Turn, budget: &Budget) -> Option<Limit> {
    if let Some(limit) = budget.steps
        && turn.step >= limit
    {
        return Some(Limit::Steps { limit });
    }
    if let (Some(limit), Some(cost)) = (budget.cost, turn.cost)
        && cost >= limit
    {
        return Some(Limit::Cost { limit });
    }
    None
}

/// Input tokens that the provider will likely read from its cache.
fn expected_cached(last: Option<(Usage, Instant)>, input: u64) -> u64 {
    match last {
        Some((usage, at)) if at.elapsed() < CACHE_AGE_MAX && usage.cached > 0 => {
            (usage.cached + usage.cache_write).min(input)
        }
        _ => 0,
    }
}

/// How long an answer so many dollars pay, after the request's own input.
fn affordable(dollars: f64, price: &Price, room: &Room) -> u64 {
    let input = Usage { input: room.fresh(), cached: room.cached, ..Usage::default() };
    let left = dollars - price.cost(&input);
    if left <= 0.0 {
        return 0;
    }
    // A price of nothing pays for any length.
    if price.output <= 0.0 { u64::MAX } else { (left / price.output * 1e6) as u64 }
}

/// What a request would take, and what there is. Tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Room {
    input: u64,
    cached: u64,
    spent: u64,
    limit: u64,
    /// For what comes after the request.
    held_back: u64,
}

impl Room {
    fn new(turn: &Turn, budget: &Budget, input: u64) -> Room {
        Room {
            input,
            cached: expected_cached(turn.last, input),
            spent: turn.usage.spent(),
            limit: budget.tokens,
            held_back: WRAP_UP_TOKENS.min(budget.tokens / 4),
        }
    }

    const fn fresh(&self) -> u64 {
        self.input - self.cached
    }

    /// How long the answer may be, by tokens and by dollars; `cost` are those of the turn so far.
    fn granted(&self, model: &ModelSpec, budget: &Budget, cost: Option<f64>) -> Result<u64, Limit> {
        let output = self.output(model)?;
        let (Some(limit), Some(price), Some(cost)) = (budget.cost, model.price, cost) else {
            return Ok(output);
        };
        let paid = affordable(limit - cost, &price, self);
        if paid < OUTPUT_TOKENS_MIN {
            return Err(Limit::Cost { limit });
        }
        Ok(output.min(paid))
    }

    fn output(&self, model: &ModelSpec) -> Result<u64, Limit> {
        let left = self.limit.saturating_sub(self.spent);
        let room = left.saturating_sub(self.held_back + self.fresh());
        if room < OUTPUT_TOKENS_MIN {
            let needed = self.fresh() + OUTPUT_TOKENS_MIN + self.held_back;
            return Err(Limit::Tokens { needed, left, limit: self.limit });
        }
        Ok(room.min(OUTPUT_TOKENS_MAX).min(model.output.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn room(input: u64, cached: u64, limit: u64) -> Room {
        Room { input, cached, spent: 0, limit, held_back: WRAP_UP_TOKENS.min(limit / 4) }
    }

    fn model(output: u64) -> ModelSpec {
        ModelSpec::plain("m", "m", "s", 100_000, output)
    }

    proptest! {
        #[test]
        fn whatever_is_admitted_fits_the_budget_with_the_last_words_held_back(
            input in 0_u64..200_000, cached in 0_u64..200_000, spent in 0_u64..200_000,
            limit in 0_u64..200_000, output in 1_u64..64_000,
        ) {
            let held_back = WRAP_UP_TOKENS.min(limit / 4);
            let room = Room { input, cached: cached.min(input), spent, limit, held_back };
            if let Ok(allowed) = room.output(&model(output)) {
                prop_assert!(spent + room.fresh() + allowed + held_back <= limit);
                prop_assert!(allowed <= output);
            }
        }
    }

    #[test]
    fn a_request_that_does_not_fit_names_what_it_needs_and_what_is_left() {
        let room = Room { spent: 18_600, ..room(6_000, 0, 20_000) };
        let limit = room.output(&model(8_000));
        assert_eq!(limit, Err(Limit::Tokens { needed: 7_856, left: 1_400, limit: 20_000 }));
    }

    #[test]
    fn the_answer_shrinks_to_the_room_that_is_left() {
        let room = room(1_000, 0, 5_000);
        assert_eq!(room.output(&model(8_000)), Ok(5_000 - 1_000 - 1_250));
    }

    #[test]
    fn an_answer_is_as_long_as_the_dollars_that_are_left_pay() {
        let price = Price { input: 1.0, cached: 0.1, cache_write: 1.25, output: 5.0 };
        let room = room(2_000, 1_000, 100_000);
        // 1,000 fresh cost 0.001, 1,000 cached 0.0001; 0.0089 are left, at 5 per million.
        assert_eq!(affordable(0.01, &price, &room), 1_780);
        assert_eq!(affordable(0.001, &price, &room), 0);
    }

    #[test]
    fn a_prefix_counts_as_cached_only_if_the_last_answer_showed_it_cached() {
        let usage = Usage { input: 10, cached: 900, cache_write: 90, ..Usage::default() };
        assert_eq!(expected_cached(Some((usage, Instant::now())), 5_000), 990);
        let cold = Usage { input: 1_000, ..Usage::default() };
        assert_eq!(expected_cached(Some((cold, Instant::now())), 5_000), 0);
        assert_eq!(expected_cached(None, 5_000), 0);
    }
}
