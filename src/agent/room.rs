//! Whether a prompt fits the model's window, and what becomes of one that does not.

use super::compact::{self, Standing};
use super::{Out, Route, Turn, World, context, tools};
use crate::model::{Estimator, Request};
use crate::protocol::{
    Body, Compacted, Excess, Failure, FailureKind, Item, ModelSpec, SessionEvent, Usage,
};
use std::sync::{Mutex, PoisonError};

/// How full the window is after room was made; the rest is for what comes.
const FULL_AFTER: f64 = 0.6;
/// The part of a window that is kept for the answer, where the service names only the whole.
const ANSWER_SHARE: u64 = 4;

/// The most tokens that a prompt may have.
pub(crate) fn window(model: &ModelSpec) -> u64 {
    let beside_answer = model.context.saturating_sub(model.output);
    // A window without room for a whole answer has room for a shorter one.
    model.prompt.min(beside_answer.max(model.context / 2))
}

/// The service says that prompt and answer together may have no more than this.
pub(crate) fn narrow(model: &mut ModelSpec, window: u64) {
    model.context = model.context.min(window);
    model.output = model.output.min((window / ANSWER_SHARE).max(1));
    model.prompt = model.prompt.min(window.saturating_sub(model.output)).max(1);
}

/// Tokens of a whole prompt with these items, by estimate.
pub(crate) fn tokens(model: &ModelSpec, estimator: &Mutex<Estimator>, items: &[Item]) -> u64 {
    let estimator = *estimator.lock().unwrap_or_else(PoisonError::into_inner);
    let (system, tools) = (context::system(), tools(model.edits));
    estimator.request(&asking(model, &system, &tools, items))
}

fn asking<'a>(
    model: &'a ModelSpec,
    system: &'a str,
    tools: &'a [crate::protocol::Tool],
    items: &'a [Item],
) -> Request<'a> {
    Request {
        model,
        system,
        tools,
        items,
        output_tokens_max: 0,
        effort: None,
        verbosity: None,
        cache_key: "",
    }
}

/// Makes the conversation about half as long, because the user wants it. None: nothing can be left
/// out.
pub(crate) fn compact(route: &Route, items: &[Item], standing: &Standing) -> Option<Compacted> {
    let tokens = |items: &[Item]| tokens(&route.model, &route.estimator, items);
    compact::plan(items, tokens(items) / 2, standing, &tokens)
}

/// Before a request: what does not fit is made shorter.
pub(super) fn make(turn: &mut Turn, world: &World, out: &dyn Out) -> Result<(), Failure> {
    let needed = tokens(&world.model, &world.estimator, &turn.conversation);
    let window = window(&world.model);
    if needed <= window { Ok(()) } else { shorten(turn, world, window, out) }
}

/// The service has refused the prompt as too long: learns from that, and makes room, once for each
/// reply.
pub(super) fn make_after(
    turn: &mut Turn,
    world: &mut World,
    failure: Failure,
    out: &dyn Out,
) -> Result<(), Failure> {
    if std::mem::replace(&mut turn.refused, true) {
        return Err(failure);
    }
    let needed = tokens(&world.model, &world.estimator, &turn.conversation);
    let FailureKind::Overflow { excess: Some(Excess { tokens, window: said }) } = failure.kind
    else {
        // How much would fit is not known, and less may.
        let shortened = shorten(turn, world, needed.saturating_sub(1), out);
        return shortened.map_err(|why| Failure { hint: why.hint, ..failure });
    };
    let (system, tools) = (context::system(), tools(world.model.edits));
    let bytes = Estimator::bytes(&asking(&world.model, &system, &tools, &turn.conversation));
    let usage = Usage { input: tokens, ..Usage::default() };
    world.estimator.lock().unwrap_or_else(PoisonError::into_inner).calibrate(bytes, &usage);
    narrow(&mut world.model, said);
    if let Some(fallback) = &mut turn.fallback {
        narrow(&mut fallback.route.model, said);
    }
    world.routes.narrow(&world.model.name, said);
    let shortened = shorten(turn, world, window(&world.model), out);
    // The service has counted; here it is estimated.
    shortened.map_err(|why| Failure { hint: why.hint, ..failure })
}

fn shorten(turn: &mut Turn, world: &World, window: u64, out: &dyn Out) -> Result<(), Failure> {
    let tokens = |items: &[Item]| tokens(&world.model, &world.estimator, items);
    let target = (window as f64 * FULL_AFTER) as u64;
    let planned = compact::plan(&turn.conversation, target, &out.standing(), &tokens);
    match planned {
        Some(compacted) if compacted.after <= window => {
            compacted.apply(&mut turn.conversation);
            // The provider's cache holds another beginning.
            turn.last = None;
            out.emit(Body::Session(SessionEvent::Compacted(compacted)));
            Ok(())
        }
        planned => {
            let least = planned.map_or_else(|| tokens(&turn.conversation), |least| least.after);
            Err(too_long(&world.model, least, window))
        }
    }
}

fn too_long(model: &ModelSpec, tokens: u64, window: u64) -> Failure {
    Failure {
        kind: FailureKind::Overflow { excess: Some(Excess { tokens, window }) },
        message: format!(
            "the conversation does not fit the window of {}: about {tokens} tokens at the least, \
             {window} fit",
            model.name
        ),
        hint: Some(
            "choose a model with a larger window with /model, go back with /rewind, or start a \
             new session"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrower_window_leaves_room_for_an_answer() {
        let mut model = ModelSpec::plain("m", "m", "s", 112_000, 16_000);
        assert_eq!(window(&model), 112_000);
        narrow(&mut model, 8_192);
        assert_eq!((model.context, model.output, model.prompt), (8_192, 2_048, 6_144));
        assert_eq!(window(&model), 6_144);
        narrow(&mut model, 100_000);
        assert_eq!(model.context, 8_192, "a window only shrinks");
    }

    #[test]
    fn a_window_as_large_as_its_answer_still_has_room_for_a_prompt() {
        let model = ModelSpec { context: 8_192, ..ModelSpec::plain("m", "m", "s", 8_192, 8_192) };
        assert_eq!(window(&model), 4_096);
    }
}
