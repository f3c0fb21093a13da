//! What a request is taken to be before the service says so: over real HTTP, with services that count
//! as strictly as the real ones.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]

mod common;
#[path = "common/stage.rs"]
mod stage;

use brisk::protocol::{
    Body, End, Excess, Failure, FailureKind, Limit, Mode, SessionEvent, UsageEvent,
};
use common::Place;
use stage::Stage;

/// The services that count, by their wires.
const COUNTING: [&str; 3] = ["anthropic", "gemini", "openai-responses"];
/// What the estimate leaves on top, and what the text of one request differs from the next.
const NEAR: f64 = 0.1;
/// With it a prompt of these words is taken for too long, and is not.
const SMALL: &str = "context = 7000\noutput = 1000";
const BUDGET: u64 = 1_000_000;

/// Some 3,900 tokens; by the first estimate 5,200.
fn tale() -> String {
    "It was a long tale, and nobody knew how it had begun. ".repeat(300)
}

fn place(api: &str, script: &str, limits: &str) -> Place {
    let place = Place::scripted(api, script);
    let file = place.home().join("config.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, config.replace("context = 128000\noutput = 16000", limits)).unwrap();
    place
}

/// A whole session with one prompt: the estimate of its first request, and what that one took.
async fn first_estimate(place: &Place) -> (u64, u64) {
    let mut stage = Stage::open(place, Mode::Confirm, BUDGET).await;
    stage.prompt(&tale()).await;
    assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
    let figures = figures(&stage);
    stage.close().await;
    figures[0]
}

/// Of each request.
fn figures(stage: &Stage) -> Vec<(u64, u64)> {
    let bodies = || stage.events.iter().map(|event| &event.body);
    let estimated = bodies().filter_map(|body| match body {
        Body::Usage(UsageEvent::Projected { input, .. }) => Some(*input),
        _ => None,
    });
    let counted = bodies().filter_map(|body| match body {
        Body::Usage(UsageEvent::Counted { usage, .. }) => Some(usage.prompt()),
        _ => None,
    });
    estimated.zip(counted).collect()
}

fn is_near((estimated, counted): (u64, u64)) -> bool {
    (estimated as f64 / counted as f64 - 1.0).abs() < NEAR
}

fn compactions(stage: &Stage) -> usize {
    let cut = |body: &Body| matches!(body, Body::Session(SessionEvent::Compacted(_)));
    stage.events.iter().filter(|event| cut(&event.body)).count()
}

#[test]
fn a_session_begins_with_what_an_earlier_one_has_learnt_of_its_model() {
    let place = Place::scripted("openai-chat", "[[reply]]\ntext = \"Yes.\"\nrepeat = true\n");
    place.runtime().block_on(async {
        let first = first_estimate(&place).await;
        assert!(!is_near(first), "it could not know: {first:?}");
        let second = first_estimate(&place).await;
        assert!(is_near(second), "{second:?}");
        let config = std::fs::read_to_string(place.home().join("config.toml")).unwrap();
        let other = config.replace("id = \"mock\"", "id = \"other\"");
        std::fs::write(place.home().join("config.toml"), other).unwrap();
        let other = first_estimate(&place).await;
        assert_eq!(other, first, "it is another model");
        std::fs::write(place.home().join("config.toml"), config).unwrap();
        std::fs::write(place.home().join("state/tokens.json"), "{ broken").unwrap();
        assert_eq!(first_estimate(&place).await, first, "and no reason to fail");
        let again = first_estimate(&place).await;
        assert!(is_near(again), "the file was replaced: {again:?}");
    });
}

#[test]
fn a_prompt_that_seems_too_long_is_counted_by_the_service_and_sent_whole() {
    for api in COUNTING {
        let place = place(api, "[[reply]]\ntext = \"Yes.\"\nrepeat = true\n", SMALL);
        place.runtime().block_on(async {
            let mut stage = Stage::open(&place, Mode::Confirm, BUDGET).await;
            stage.prompt(&tale()).await;
            assert_eq!(stage.end().await, End::Done, "{api} {:?}", place.server().mismatch());
            let counted = place.server().counted();
            assert_eq!(counted.len(), 1, "{api}: once");
            let (estimated, taken) = figures(&stage)[0];
            assert_eq!((estimated, counted[0].usage.input), (taken, taken), "{api}");
            assert!(taken < 6_000, "it fits: {taken}");
            stage.prompt("and now?").await;
            assert_eq!(stage.end().await, End::Done, "{api} {:?}", place.server().mismatch());
            assert!(is_near(figures(&stage)[1]), "{api}: it corrects estimates");
            assert_eq!(place.server().counted().len(), 1, "{api}: well below the window by now");
            assert_eq!(compactions(&stage), 0, "{api}");
        });
    }
}

#[test]
fn a_service_that_does_not_count_leaves_it_at_the_estimate() {
    let place = place("openai-chat", "[[reply]]\ntext = \"Yes.\"\n", SMALL);
    place.runtime().block_on(async {
        let mut stage = Stage::open(&place, Mode::Confirm, BUDGET).await;
        stage.prompt(&tale()).await;
        let End::Failed(Failure { kind, .. }) = stage.end().await else { panic!("too long") };
        assert!(matches!(kind, FailureKind::Overflow { .. }), "{kind:?}");
        assert!(place.server().requests().is_empty());
    });
}

#[test]
fn a_budget_refuses_no_request_that_only_seems_too_large_for_it() {
    let script = "[[reply]]\ntext = \"Yes.\"\nrepeat = true\n";
    for (api, is_sent) in [("anthropic", true), ("openai-chat", false)] {
        let place = Place::scripted(api, script);
        place.runtime().block_on(async {
            let mut stage = Stage::open(&place, Mode::Confirm, 7_200).await;
            stage.prompt(&tale()).await;
            let end = stage.end().await;
            let refused = matches!(end, End::Limit(Limit::Tokens { .. }));
            assert_eq!((end == End::Done, refused), (is_sent, !is_sent), "{api} {end:?}");
            assert_eq!(place.server().counted().len(), usize::from(is_sent), "{api}");
            assert!(stage.state.usage.spent() <= 7_200, "{api}");
        });
    }
}

#[test]
fn a_prompt_far_from_every_limit_is_not_counted() {
    let place = Place::scripted("anthropic", "[[reply]]\ntext = \"Yes.\"\n");
    place.runtime().block_on(async {
        first_estimate(&place).await;
        assert!(place.server().counted().is_empty());
    });
}

#[test]
fn an_overflow_of_what_cannot_be_made_shorter_is_told_with_the_services_own_figures() {
    for api in ["openai-chat", "anthropic", "gemini"] {
        let place = Place::scripted(api, "[[reply]]\nfault = \"overflow\"\n");
        place.runtime().block_on(async {
            let mut stage = Stage::open(&place, Mode::Confirm, BUDGET).await;
            stage.prompt("are you there?").await;
            let End::Failed(failure) = stage.end().await else { panic!("it cannot end well") };
            assert!(failure.message.contains("44055 tokens, 8192 fit"), "{api} {failure}");
            assert!(!failure.message.contains("at the least"), "{api} {failure}");
            let excess = Excess { tokens: 44_055, window: 8_192 };
            assert_eq!(failure.kind, FailureKind::Overflow { excess: Some(excess) }, "{api}");
            let hint = failure.hint.unwrap();
            assert!(hint.contains("/model") && hint.contains("/rewind"), "{api} {hint}");
        });
    }
}
