//! Before a request whose size decides something, the service is asked how large it is.

use super::{Turn, World, budget, context, room, tools};
use crate::model::Estimator;
use crate::protocol::Budget;
use std::sync::PoisonError;

/// An estimate may be too small by so much, in percent of itself.
const TOO_SMALL_PERCENT: u64 = 10;
/// An estimate may be so many times too large: prose, before the first figure came.
const TOO_LARGE: u64 = 2;

/// What the service counts is exact from here on, and corrects later estimates. Where the estimate is
/// good enough for the decision, or the service does not count, nothing happens.
pub(super) async fn near_limit(turn: &Turn, world: &World, limits: &Budget) {
    let (system, tools) = (context::system(), tools(world.model.edits));
    let items = &turn.conversation;
    let request = context::request(world, &system, &tools, items, world.model.output);
    let bytes = Estimator::bytes(&request);
    let estimator = *world.estimator.lock().unwrap_or_else(PoisonError::into_inner);
    let input = estimator.request(&request);
    let window = room::window(&world.model);
    let decides = is_decisive(input, |input| input <= window)
        || is_decisive(input, |input| budget::fits(turn, &world.model, limits, input));
    if !decides || estimator.has_counted(bytes) {
        return;
    }
    if let Some(tokens) = world.client.count(&world.service, &request).await {
        world.estimator.lock().unwrap_or_else(PoisonError::into_inner).count(bytes, tokens);
    }
}

/// Whether it depends on the estimate's error if the prompt fits.
fn is_decisive(input: u64, fits: impl Fn(u64) -> bool) -> bool {
    fits(input / TOO_LARGE) && !fits(input + input * TOO_SMALL_PERCENT / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_a_limit_is_decided_by_the_error_of_an_estimate() {
        let decisive = |input| is_decisive(input, |input| input <= 10_000);
        for (input, expected) in
            [(100, false), (9_090, false), (9_100, true), (10_000, true), (20_000, true)]
        {
            assert_eq!(decisive(input), expected, "{input}");
        }
        assert!(!decisive(20_100), "whatever it is exactly, it does not fit");
    }
}
