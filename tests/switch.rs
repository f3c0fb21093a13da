//! What becomes of a conversation when its model changes, fails, or is too small for it: over real
//! HTTP, with two services that speak two wires and keep to them strictly.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]

mod common;
#[path = "common/stage.rs"]
mod stage;

use brisk::protocol::{
    AskEvent, Body, Depth, Effort, End, Event, FailureKind, Item, Mode, Notice, Op, SessionEvent,
    Setting, Shortened,
};
use brisk::scripted::{Script, Server};
use brisk::session::{EntryBody, Live};
use common::Place;
use serde_json::Value;
use stage::Stage;
use tokio::runtime::Runtime;

/// Requests that a failing service gets before it is given up.
const REQUESTS_MAX: usize = 6;

/// Two services, a model at each: `fast` speaks Chat Completions, `strong` Messages.
struct Two {
    place: Place,
    chat: Server,
    messages: Server,
}

impl Two {
    async fn new(chat: &str, messages: &str, fast: &str, strong: &str) -> Two {
        let place = Place::bare();
        let chat = Server::start(Script::parse(chat).unwrap()).await.unwrap();
        let messages = Server::start(Script::parse(messages).unwrap()).await.unwrap();
        let config = format!(
            "model = \"fast\"\n\
             [providers.here]\napi = \"openai-chat\"\nbase_url = \"{}\"\nkey_env = \"MOCK_KEY\"\n\
             [providers.there]\napi = \"anthropic\"\nbase_url = \"{}\"\nkey_env = \"MOCK_KEY\"\n\
             [providers.locked]\napi = \"anthropic\"\nbase_url = \"http://127.0.0.1:9\"\n\
             key_env = \"NO_SUCH_KEY\"\n\
             [models.fast]\nprovider = \"here\"\nid = \"fast-1\"\n\
             price = {{ input = 1.0, cached = 1.0, cache_write = 1.0, output = 1.0 }}\n{fast}\n\
             [models.strong]\nprovider = \"there\"\nid = \"strong-1\"\n\
             price = {{ input = 9.0, cached = 9.0, cache_write = 9.0, output = 9.0 }}\n{strong}\n\
             [models.closed]\nprovider = \"locked\"\nid = \"closed-1\"\n",
            chat.base_url(),
            messages.base_url(),
        );
        std::fs::write(place.home().join("config.toml"), config).unwrap();
        Two { place, chat, messages }
    }

    async fn open(&self) -> Stage {
        Stage::open(&self.place, Mode::Confirm, 1_000_000).await
    }

    fn ok(&self) {
        assert_eq!((self.chat.mismatch(), self.messages.mismatch()), (None, None));
    }
}

fn block_on(test: impl Future<Output = ()>) {
    Runtime::new().unwrap().block_on(test);
}

const LARGE: &str = "context = 128000\noutput = 16000";

async fn choose(stage: &mut Stage, model: &str) {
    stage.send(Op::Set(Setting::Model(model.into()))).await;
    stage.until(|body| matches!(body, Body::Session(SessionEvent::Window { .. }))).await;
}

fn notices(stage: &Stage) -> Vec<&Notice> {
    let notices = stage.events.iter().filter_map(|event| match &event.body {
        Body::Notice(notice) => Some(notice),
        _ => None,
    });
    notices.collect()
}

fn compactions(events: &[Event]) -> Vec<(u64, u64)> {
    let compacted = events.iter().filter_map(|event| match &event.body {
        Body::Session(SessionEvent::Compacted(compacted)) => {
            Some((compacted.before, compacted.after))
        }
        _ => None,
    });
    compacted.collect()
}

/// The tools by name, with what the edit tool takes.
fn edit_tool(body: &Value) -> String {
    let tools = body["tools"].as_array().unwrap().iter();
    let mut edit = tools.map(Value::to_string).filter(|tool| tool.contains("\"edit\""));
    edit.next().unwrap()
}

#[test]
fn a_conversation_goes_on_with_another_model_and_back_and_each_gets_its_own_thoughts_back() {
    let chat = r#"
[[reply]]
thought = "Fast is thinking."
calls = [{ tool = "run", arguments = { command = "touch one" } }]
[[reply]]
expect = ["fix it", "touch one", "touch two"]
expect_not = ["Strong is thinking."]
thought = "Fast thinks again."
text = "All three."
[[reply]]
text = "Still here."
"#;
    let messages = r#"
[[reply]]
expect = ["fix it", "touch one"]
expect_not = ["Fast is thinking."]
thought = "Strong is thinking."
text = "I go on."
calls = [{ tool = "run", arguments = { command = "touch two" } }]
"#;
    block_on(async {
        let strong = "context = 64000\noutput = 8000\nedits = \"whole\"\nefforts = [\"low\"]";
        let two = Two::new(chat, messages, LARGE, strong).await;
        let mut stage = two.open().await;
        stage.send(Op::Set(Setting::Depth(Depth::Brief))).await;
        stage.prompt("fix it").await;
        for model in ["strong", "fast"] {
            let (ask, _) = stage.asked().await;
            choose(&mut stage, model).await;
            let header = stage.state.header.as_ref().unwrap();
            let window = if model == "strong" { 56_000 } else { 112_000 };
            assert_eq!((header.model.as_str(), header.window), (model, window));
            stage.answer(ask, brisk::protocol::Answer::Yes).await;
        }
        assert_eq!(stage.end().await, End::Done);
        two.ok();
        stage.prompt("and now?").await;
        assert_eq!(stage.end().await, End::Done);
        two.ok();
        assert!(two.place.project.join("one").exists() && two.place.project.join("two").exists());
        let (fast, strong) = (two.chat.requests(), two.messages.requests());
        assert_eq!((fast.len(), strong.len()), (3, 1));
        assert!(fast[1].body.to_string().contains("Fast is thinking."));
        assert!(strong[0].body["thinking"].is_object(), "it thinks: {}", strong[0].body);
        assert_ne!(edit_tool(&fast[0].body), edit_tool(&strong[0].body));
        assert_eq!(edit_tool(&fast[0].body), edit_tool(&fast[1].body));
        let counted: Vec<_> = stage
            .events
            .iter()
            .filter_map(|event| match &event.body {
                Body::Usage(brisk::protocol::UsageEvent::Counted {
                    model, cost, usage, ..
                }) => {
                    let price = if model == "strong" { 9.0 } else { 1.0 };
                    let tokens = usage.prompt() + usage.output;
                    assert!((cost.unwrap() - tokens as f64 * price / 1e6).abs() < 1e-9);
                    Some(model.as_str())
                }
                _ => None,
            })
            .collect();
        assert_eq!(counted, ["fast", "strong", "fast", "fast"]);
        let ledger = std::fs::read_to_string(two.place.home().join("state/ledger.jsonl"));
        let ledger =
            ledger.or_else(|_| std::fs::read_to_string(two.place.home().join("ledger.jsonl")));
        let served: Vec<_> = ledger
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|call| format!("{} {}", call["model"], call["service"]))
            .collect();
        let fast = r#""fast" "here""#;
        assert_eq!(served, [fast, r#""strong" "there""#, fast, fast]);
        let (mut live, replayed) = stage.close().await;
        live.live = Live::default();
        assert_eq!(live, replayed);
    });
}

#[test]
fn a_model_that_cannot_be_used_is_said_and_changes_nothing() {
    let chat = "[[reply]]\ntext = \"Here.\"\n";
    block_on(async {
        let two = Two::new(chat, "", LARGE, LARGE).await;
        let mut stage = two.open().await;
        for (model, hint) in [("strnog", "did you mean `strong`?"), ("closed", "NO_SUCH_KEY")] {
            stage.send(Op::Set(Setting::Model(model.into()))).await;
            let said = stage.until(|body| matches!(body, Body::Notice(_))).await;
            let Body::Notice(notice) = said else { panic!("{said:?}") };
            assert!(notice.hint.as_ref().is_some_and(|said| said.contains(hint)), "{notice:?}");
        }
        let limited = brisk::protocol::Budget {
            cost: Some(1.0),
            ..stage.state.header.as_ref().unwrap().budget
        };
        stage.send(Op::Set(Setting::Budget(limited))).await;
        stage.send(Op::Set(Setting::Model("here/another".into()))).await;
        let said = stage.until(|body| matches!(body, Body::Notice(_))).await;
        assert!(format!("{said:?}").contains("a limit of dollars cannot be kept"), "{said:?}");
        assert_eq!(stage.state.header.as_ref().unwrap().model, "fast");
        stage.prompt("are you there?").await;
        assert_eq!(stage.end().await, End::Done);
        assert_eq!(two.chat.requests()[0].body["model"], "fast-1");
    });
}

#[test]
fn a_prompt_that_comes_with_the_choice_goes_to_the_chosen_model() {
    block_on(async {
        let two = Two::new("", "[[reply]]\ntext = \"Here.\"\n", LARGE, LARGE).await;
        let mut stage = two.open().await;
        stage.send(Op::Set(Setting::Model("strong".into()))).await;
        stage.prompt("who is there?").await;
        assert_eq!(stage.end().await, End::Done);
        assert_eq!(two.messages.requests().len(), 1);
    });
}

fn faults(fault: &str, count: usize) -> String {
    format!("[[reply]]\nfault = \"{fault}\"\nretry_after = 0\n").repeat(count)
}

#[test]
fn a_turn_goes_on_with_the_fallback_and_the_next_turn_begins_with_the_chosen_model() {
    let chat = format!(
        "[[reply]]\ntext = \"I look.\"\ncalls = [{{ tool = \"run\", arguments = {{ command = \"ls\" }} }}]\n\
         {}[[reply]]\nexpect = [\"I am the stand-in.\"]\ntext = \"Back.\"\n",
        faults("503", REQUESTS_MAX)
    );
    let messages = r#"
[[reply]]
expect = ["I look.", "exit 0"]
calls = [{ tool = "run", arguments = { command = "ls" } }]
[[reply]]
text = "I am the stand-in."
"#;
    block_on(async {
        let fast = format!("{LARGE}\nfallback = \"strong\"");
        let two = Two::new(&chat, messages, &fast, LARGE).await;
        let mut stage = two.open().await;
        stage.prompt("look around").await;
        assert_eq!(stage.end().await, End::Done);
        two.ok();
        let said = notices(&stage);
        let told =
            said.iter().find(|notice| notice.text.starts_with("fast failed: here failed (503)"));
        assert!(
            told.is_some_and(|notice| notice.text.ends_with("going on with strong for this turn")),
            "{said:?}"
        );
        assert_eq!(two.messages.requests().len(), 2, "the rest of the turn stays with it");
        assert_eq!(stage.state.header.as_ref().unwrap().model, "fast");
        stage.prompt("and now?").await;
        assert_eq!(stage.end().await, End::Done);
        two.ok();
        assert_eq!(two.chat.requests().len(), 1 + REQUESTS_MAX + 1);
        let dollars = |server: &Server, price: f64| -> f64 {
            let requests = server.requests();
            let tokens = requests.iter().map(|one| one.usage.prompt() + one.usage.output);
            tokens.sum::<u64>() as f64 * price / 1e6
        };
        let expected = dollars(&two.chat, 1.0) + dollars(&two.messages, 9.0);
        assert!((stage.state.cost.unwrap() - expected).abs() < 1e-9, "each at its own price");
    });
}

#[test]
fn fallbacks_that_point_at_each_other_end_after_each_was_tried() {
    block_on(async {
        let (fast, strong) =
            (format!("{LARGE}\nfallback = \"strong\""), format!("{LARGE}\nfallback = \"fast\""));
        let down = format!("{}repeat = true\n", faults("529", 1));
        let two = Two::new(&down, &down, &fast, &strong).await;
        let mut stage = two.open().await;
        stage.prompt("look around").await;
        let End::Failed(failure) = stage.end().await else { panic!("it cannot end well") };
        assert_eq!(failure.kind, FailureKind::Provider);
        assert!(failure.message.contains("there is overloaded"), "{failure}");
        assert_eq!(
            (two.chat.requests().len(), two.messages.requests().len()),
            (REQUESTS_MAX, REQUESTS_MAX)
        );
    });
}

#[test]
fn a_refused_key_is_the_users_to_set_right_and_no_reason_to_go_elsewhere() {
    block_on(async {
        let fast = format!("{LARGE}\nfallback = \"strong\"");
        let chat = "key = \"another\"\n[[reply]]\ntext = \"No.\"\n";
        let two = Two::new(chat, "[[reply]]\ntext = \"No.\"\n", &fast, LARGE).await;
        let mut stage = two.open().await;
        stage.prompt("look around").await;
        let End::Failed(failure) = stage.end().await else { panic!("it cannot end well") };
        assert_eq!(failure.kind, FailureKind::Credentials);
        assert!(two.messages.requests().is_empty());
    });
}

/// So many commands, each with some two kilobytes of output.
fn commands(count: usize) -> String {
    let reply = |number: usize| {
        let (from, to) = (1_000 * number, 1_000 * number + 400);
        format!(
            "[[reply]]\ntext = \"I look.\"\n\
             calls = [{{ tool = \"run\", arguments = {{ command = \"seq {from} {to}\" }} }}]\n"
        )
    };
    (1..=count).map(reply).collect()
}

fn place(api: &str, script: &str, limits: &str) -> Place {
    let place = Place::scripted(api, script);
    let file = place.home().join("config.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let config = config.replace("context = 128000\noutput = 16000", limits);
    std::fs::write(file, config).unwrap();
    place
}

#[test]
fn a_refused_prompt_is_made_shorter_and_sent_again_and_nothing_runs_twice() {
    let script = format!(
        "{}[[reply]]\nfault = \"overflow\"\n\
         [[reply]]\nexpect = [\"count them all\", \"seq 12000 12400\"]\nexpect_not = [\"3357\"]\ntext = \"Done.\"\n\
         [[reply]]\nexpect = [\"count them all\"]\nexpect_not = [\"3357\"]\ntext = \"Still.\"\n",
        commands(12)
    );
    for api in ["openai-chat", "anthropic"] {
        let place = place(api, &script, LARGE);
        place.runtime().block_on(async {
            let mut stage = Stage::open(&place, Mode::Confirm, 1_000_000).await;
            stage.prompt("count them all").await;
            assert_eq!(stage.end().await, End::Done, "{api} {:?}", place.server().mismatch());
            let compacted = compactions(&stage.events);
            assert!(matches!(compacted[..], [(before, after)] if after < before), "{compacted:?}");
            let header = stage.state.header.as_ref().unwrap();
            assert_eq!(header.window, 6_144, "three quarters of what the service named");
            let requests = place.server().requests();
            assert_eq!(requests.len(), 14);
            assert!(requests[13].usage.prompt() < header.window);
            assert!(requests[13].body["max_tokens"].as_u64().unwrap() <= 2_048);
            let ran = |entry: &brisk::session::Entry| {
                matches!(entry.body, EntryBody::Item(Item::Result { .. }))
            };
            assert_eq!(stage.state.entries.iter().filter(|entry| ran(entry)).count(), 12);
            stage.prompt("and now?").await;
            assert_eq!(stage.end().await, End::Done, "{api} {:?}", place.server().mismatch());
            let requests = place.server().requests();
            let (before, now) = (&requests[13].body["messages"], &requests[14].body["messages"]);
            let text = |messages: &Value| {
                messages[1].to_string().replace(r#","cache_control":{"type":"ephemeral"}"#, "")
            };
            assert_eq!(text(before), text(now), "{api}: the next turn goes on from the cut");
            let (mut live, replayed) = stage.close().await;
            live.live = Live::default();
            assert_eq!(live, replayed);
        });
    }
}

#[test]
fn a_prompt_that_is_refused_again_ends_the_turn_with_the_figures() {
    let script = format!("{}[[reply]]\nfault = \"overflow\"\nrepeat = true\n", commands(6));
    for api in ["openai-chat", "anthropic"] {
        let place = place(api, &script, LARGE);
        place.runtime().block_on(async {
            let mut stage = Stage::open(&place, Mode::Confirm, 1_000_000).await;
            stage.prompt("count them all").await;
            let End::Failed(failure) = stage.end().await else { panic!("it cannot end well") };
            assert!(matches!(failure.kind, FailureKind::Overflow { .. }), "{failure:?}");
            assert!(failure.message.contains("44055 tokens, 8192 fit"), "{failure}");
            assert_eq!(compactions(&stage.events).len(), 1);
            assert_eq!(place.server().requests().len(), 8);
        });
    }
}

#[test]
fn no_prompt_is_sent_that_is_larger_than_the_window() {
    let script = format!("{}[[reply]]\ntext = \"Done.\"\n", commands(30));
    let place = place("openai-chat", &script, "context = 7000\noutput = 1000");
    place.runtime().block_on(async {
        let mut stage = Stage::open(&place, Mode::Confirm, 1_000_000).await;
        stage.prompt("count them all").await;
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        let requests = place.server().requests();
        let messages = |at: usize| requests[at].body["messages"].as_array().unwrap();
        let extends = |at: &usize| messages(*at).starts_with(messages(at - 1));
        let cuts = (1..requests.len()).filter(|at| !extends(at)).count();
        let largest = place.server().requests().iter().map(|request| request.usage.prompt()).max();
        assert!(largest.is_some_and(|largest| largest <= 6_000), "{largest:?}");
        let compacted = compactions(&stage.events);
        assert!((1..=8).contains(&compacted.len()), "not at every step: {compacted:?}");
        assert_eq!(cuts, compacted.len(), "each request begins with the one before, save at a cut");
        for (before, after) in compacted {
            assert!(before > 6_000 && after <= 3_600, "headroom is kept: {before} {after}");
        }
    });
}

#[test]
fn a_prompt_that_cannot_be_made_short_enough_is_not_sent() {
    let place =
        place("openai-chat", "[[reply]]\ntext = \"No.\"\n", "context = 7000\noutput = 1000");
    place.runtime().block_on(async {
        let mut stage = Stage::open(&place, Mode::Confirm, 1_000_000).await;
        stage.prompt(&"a long tale ".repeat(4_000)).await;
        let End::Failed(failure) = stage.end().await else { panic!("it cannot end well") };
        assert!(matches!(failure.kind, FailureKind::Overflow { .. }), "{failure:?}");
        assert!(failure.message.contains("6000 fit"), "{failure}");
        assert!(place.server().requests().is_empty());
    });
}

#[test]
fn a_smaller_window_is_said_at_once_and_room_is_made_before_the_next_request() {
    let chat = format!("{}[[reply]]\ntext = \"Counted.\"\n", commands(12));
    block_on(async {
        let small = "context = 6000\noutput = 1000";
        let two =
            Two::new(&chat, "[[reply]]\nexpect = [\"go on\"]\ntext = \"Yes.\"\n", LARGE, small)
                .await;
        let mut stage = two.open().await;
        stage.prompt("count them all").await;
        assert_eq!(stage.end().await, End::Done);
        stage.send(Op::Set(Setting::Model("strong".into()))).await;
        let said = stage.until(|body| matches!(body, Body::Notice(_))).await;
        assert!(format!("{said:?}").contains("strong takes 5000"), "{said:?}");
        assert_eq!(compactions(&stage.events), [], "not before it must be");
        stage.prompt("go on").await;
        assert_eq!(stage.end().await, End::Done);
        two.ok();
        assert_eq!(compactions(&stage.events).len(), 1);
    });
}

#[test]
fn the_user_can_have_the_conversation_made_shorter_between_turns() {
    let script =
        format!("{}[[reply]]\ntext = \"Counted.\"\n[[reply]]\ntext = \"Yes.\"\n", commands(12));
    let place = place("anthropic", &script, LARGE);
    place.runtime().block_on(async {
        let mut stage = Stage::open(&place, Mode::Confirm, 1_000_000).await;
        stage.send(Op::Compact).await;
        let said = stage.until(|body| matches!(body, Body::Notice(_))).await;
        assert!(format!("{said:?}").contains("nothing in the conversation"), "{said:?}");
        stage.prompt("count them all").await;
        assert_eq!(stage.end().await, End::Done);
        stage.send(Op::Compact).await;
        let body =
            stage.until(|body| matches!(body, Body::Session(SessionEvent::Compacted(_)))).await;
        let Body::Session(SessionEvent::Compacted(compacted)) = body else { panic!("{body:?}") };
        assert!(
            compacted.after <= compacted.before / 2,
            "{} {}",
            compacted.before,
            compacted.after
        );
        assert!(matches!(compacted.shortened, Shortened::Rewritten(_)));
        stage.prompt("are you there?").await;
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        let requests = place.server().requests();
        assert!(requests[13].usage.prompt() < requests[12].usage.prompt() * 2 / 3);
    });
}

#[test]
fn depth_is_the_effort_and_the_verbosity_that_the_model_has_from_the_next_request_on() {
    let replies = "[[reply]]\ntext = \"Here.\"\n".repeat(4);
    block_on(async {
        let fast = format!("{LARGE}\nefforts = [\"minimal\", \"medium\"]");
        let two = Two::new(&replies, "[[reply]]\ntext = \"Here.\"\n", &fast, LARGE).await;
        let mut stage = two.open().await;
        let mut efforts = Vec::new();
        for depth in [Depth::Auto, Depth::Brief, Depth::Normal, Depth::Deep] {
            stage.send(Op::Set(Setting::Depth(depth))).await;
            stage.prompt("are you there?").await;
            assert_eq!(stage.end().await, End::Done);
            assert_eq!(stage.state.header.as_ref().unwrap().depth, depth);
            let sent = two.chat.requests().pop().unwrap().body;
            efforts.push(sent["reasoning_effort"].as_str().unwrap_or("none").to_owned());
            let longest = if depth == Depth::Brief { 8_000 } else { 16_000 };
            assert_eq!(sent["max_tokens"], longest);
        }
        let medium = Effort::Medium.name();
        assert_eq!(efforts, ["none", Effort::Minimal.name(), medium, medium]);
        choose(&mut stage, "strong").await;
        stage.prompt("are you there?").await;
        assert_eq!(stage.end().await, End::Done);
        assert!(two.messages.requests()[0].body["thinking"].is_null(), "it has no such dial");
        two.ok();
    });
}

#[test]
fn a_choice_during_a_question_leaves_the_question_open() {
    let chat = "[[reply]]\ncalls = [{ tool = \"run\", arguments = { command = \"touch one\" } }]\n";
    block_on(async {
        let two = Two::new(chat, "[[reply]]\ntext = \"Done.\"\n", LARGE, LARGE).await;
        let mut stage = two.open().await;
        stage.prompt("touch it").await;
        let (ask, _) = stage.asked().await;
        choose(&mut stage, "strong").await;
        let withdrawn = |event: &Event| matches!(event.body, Body::Ask(AskEvent::Withdrawn { .. }));
        assert!(!stage.events.iter().any(withdrawn));
        stage.answer(ask, brisk::protocol::Answer::No { comment: None }).await;
        assert_eq!(stage.end().await, End::Done);
        two.ok();
    });
}
