//! The client of `model` against the strict server of `scripted`, over real HTTP, on every wire.

use brisk::model::{Client, Progress, Reply, Request, Stop, Timing};
use brisk::protocol::{
    Api, CallId, Detail, Effort, Excess, Failure, FailureKind, Item, ModelSpec, Outcome, Secret,
    Service, Thinking, Tool, UserKind,
};
use brisk::scripted::{Script, Server, count_tokens};
use serde_json::json;
use std::time::Duration;

/// Those that the scripted server speaks.
const WIRES: [Api; 3] = [Api::OpenaiResponses, Api::OpenaiChat, Api::Anthropic];

fn quick() -> Timing {
    Timing {
        backoff: Duration::from_millis(1),
        backoff_max: Duration::from_millis(2),
        ..Timing::default()
    }
}

/// A conversation with a scripted server.
struct World {
    server: Server,
    service: Service,
    model: ModelSpec,
    tools: Vec<Tool>,
    client: Client,
    effort: Option<Effort>,
    /// What was said while replies came, in order.
    log: Vec<String>,
    text: String,
}

impl World {
    async fn new(api: Api, script: &str) -> World {
        World::timed(api, script, quick()).await
    }

    async fn timed(api: Api, script: &str, timing: Timing) -> World {
        let script = Script::parse(script).expect("a script");
        let server = Server::start(script).await.expect("a server");
        let service = Service {
            name: "acme".into(),
            api,
            base_url: server.base_url(),
            key: Some(Secret::new("sk-very-secret-key".into())),
            key_source: Some("ACME_API_KEY".into()),
        };
        let model = ModelSpec::plain("m", "tiny", "acme", 8192, 1000);
        let tools = vec![Tool {
            name: "run",
            description: "Runs a command.".into(),
            parameters: json!({ "type": "object", "properties": { "command": { "type": "string" } } }),
        }];
        let client = Client::new(timing);
        let (log, text) = (Vec::new(), String::new());
        World { server, service, model, tools, client, effort: None, log, text }
    }

    async fn ask(&mut self, items: &[Item]) -> Result<Reply, Failure> {
        let request = Request {
            model: &self.model,
            system: "Be short.",
            tools: &self.tools,
            items,
            output_tokens_max: 1000,
            effort: self.effort,
            verbosity: None,
            cache_key: "s",
        };
        let (log, all) = (&mut self.log, &mut self.text);
        let mut on = |progress: Progress<'_>| {
            let line = match progress {
                Progress::Text(text) => {
                    all.push_str(text);
                    "text".to_owned()
                }
                Progress::Thought(_) => "thought".to_owned(),
                Progress::Arguments { tool, .. } => format!("arguments of {tool}"),
                Progress::Restart => {
                    all.clear();
                    "restart".to_owned()
                }
                Progress::Retry { attempt, of, .. } => format!("retry {attempt} of {of}"),
                Progress::Silent(_) => "silent".to_owned(),
                Progress::Thinking(_) => "thinking".to_owned(),
            };
            if log.last() != Some(&line) {
                log.push(line);
            }
        };
        self.client.stream(&self.service, &request, &mut on).await
    }

    /// Asks, and the failure is the answer.
    async fn fail(&mut self) -> (FailureKind, String) {
        let failure = self.ask(&[prompt("p")]).await.expect_err("a failure");
        assert!(!failure.to_string().contains("secret"), "{failure}");
        assert!(!failure.message.chars().any(char::is_control), "{failure}");
        (failure.kind, format!("{} [{}]", failure.message, failure.hint.unwrap_or_default()))
    }

    fn requests(&self) -> usize {
        self.server.requests().len()
    }
}

fn prompt(text: &str) -> Item {
    Item::User { text: text.into(), kind: UserKind::Prompt }
}

fn result(call: &CallId, text: &str) -> Item {
    Item::Result {
        call: call.clone(),
        outcome: Outcome::Done,
        text: text.into(),
        detail: Detail::None,
    }
}

fn texts(reply: &Reply) -> String {
    let text = |item: &Item| match item {
        Item::Assistant { text, .. } => Some(text.clone()),
        _ => None,
    };
    reply.items.iter().filter_map(text).collect()
}

fn calls(reply: &Reply) -> Vec<(CallId, String)> {
    let call = |item: &Item| match item {
        Item::Call { call, arguments, .. } => Some((call.clone(), arguments.clone())),
        _ => None,
    };
    reply.items.iter().filter_map(call).collect()
}

#[tokio::test]
async fn a_tool_loop_with_thoughts_and_parallel_calls_goes_through() {
    let script = r#"
        key = "sk-very-secret-key"
        models = ["tiny"]
        [[reply]]
        expect = ["Be short.", "fix it", "Runs a command."]
        thought = "Let me see what there is, before anything else is done. 🦀"
        text = "I look, and I look again."
        calls = [{ tool = "run", arguments = { command = "ls" } }, { tool = "run", arguments_raw = '{"command": "pwd"}' }]
        [[reply]]
        expect_new = ["a.rs", "/home"]
        expect_not = ["nowhere"]
        calls = [{ tool = "run" }]
        [[reply]]
        text = "Done."
    "#;
    for api in WIRES {
        let mut world = World::new(api, script).await;
        world.effort = Some(Effort::Low);
        world.model.thinking = Thinking::Adaptive;
        let mut items = vec![prompt("fix it")];

        let first = world.ask(&items).await.expect("a reply");
        assert_eq!((first.stop.clone(), first.requests), (Stop::Calls, 1), "{api:?}");
        assert_eq!(world.text, "I look, and I look again.");
        assert_eq!(world.log, ["thought", "text", "arguments of run"]);
        let Item::Thought { text, .. } = &first.items[0] else { panic!("{first:?}") };
        assert_eq!(text, "Let me see what there is, before anything else is done. 🦀");
        assert_eq!(texts(&first), world.text);
        let made = calls(&first);
        let arguments: Vec<_> = made.iter().map(|(_, arguments)| arguments.as_str()).collect();
        assert_eq!(arguments, ["{\"command\":\"ls\"}", "{\"command\": \"pwd\"}"]);
        let usage = first.usage.expect("usage");
        let tools = match api {
            Api::OpenaiResponses | Api::OpenaiChat | Api::Gemini => {
                world.server.requests()[0].body["tools"].to_string()
            }
            _ => {
                let mut tools = world.server.requests()[0].body["tools"].clone();
                tools[0].as_object_mut().expect("a tool").shift_remove("cache_control");
                tools.to_string()
            }
        };
        let prompt_tokens =
            count_tokens(&tools) + count_tokens("Be short.") + count_tokens("fix it");
        assert_eq!((usage.input, usage.cached), (prompt_tokens, 0), "{api:?}");
        assert!(usage.reasoning > 5 && usage.output > usage.reasoning, "{usage:?}");

        items.extend(first.items.clone());
        items.extend([result(&made[0].0, "a.rs"), result(&made[1].0, "/home")]);
        let second = world.ask(&items).await.expect("a reply");
        let again = second.usage.expect("usage");
        assert_eq!(again.cached, usage.input, "{api:?}: the first prompt is the start of this one");
        items.extend(second.items.clone());
        items.push(result(&calls(&second)[0].0, ""));
        let third = world.ask(&items).await.expect("a reply");
        assert_eq!((third.stop.clone(), texts(&third)), (Stop::Done, "Done.".into()));
        assert_eq!((world.server.mismatch(), world.server.left()), (None, 0));

        let requests = world.server.requests();
        assert_eq!(requests.iter().map(|one| one.status).collect::<Vec<_>>(), [200; 3]);
        assert_eq!(Some(requests[1].usage), second.usage);
        assert!(!format!("{requests:?}").contains("secret"), "a key was recorded");
    }
}

#[tokio::test]
async fn a_call_that_was_never_answered_does_not_stop_the_conversation() {
    let script = r#"
        [[reply]]
        calls = [{ tool = "run", arguments_raw = '{"command": "l' }, { tool = "run" }]
        [[reply]]
        expect_new = ["interrupted", "go on"]
        text = "Yes."
    "#;
    for api in WIRES {
        let mut world = World::new(api, script).await;
        let mut items = vec![prompt("p")];
        let first = world.ask(&items).await.expect("a reply");
        assert_eq!(calls(&first).len(), 2, "broken arguments are the agent's to answer");
        items.extend(first.items);
        items.push(prompt("go on"));
        let second = world.ask(&items).await.expect("a reply");
        assert_eq!(texts(&second), "Yes.", "{api:?}");
    }
}

#[tokio::test]
async fn a_truncated_call_is_dropped() {
    let script = r#"
        [[reply]]
        text = "I write."
        calls = [{ tool = "run" , arguments = { a = 1 }}, { tool = "run", arguments_raw = '{"command": "l' }]
        stop = "length"
    "#;
    for api in WIRES {
        let mut world = World::new(api, script).await;
        let reply = world.ask(&[prompt("p")]).await.expect("a reply");
        assert_eq!((calls(&reply).len(), reply.stop), (1, Stop::Length), "{api:?}");
    }
}

#[tokio::test]
async fn ends_are_told_apart() {
    for api in WIRES {
        for (stop, expected) in [
            ("refused", Stop::Refused(Some("I will not.".into()))),
            ("length", Stop::Length),
            ("done", Stop::Done),
        ] {
            let script = format!(
                "[[reply]]\ntext = \"I will not.\"\nmessage = \"I will not.\"\nstop = \"{stop}\""
            );
            let mut world = World::new(api, &script).await;
            let reply = world.ask(&[prompt("p")]).await.expect("a reply");
            assert_eq!(reply.stop, expected, "{api:?}");
        }
    }
}

#[tokio::test]
async fn passing_trouble_is_ridden_out() {
    for api in WIRES {
        for status in ["408", "429", "500", "503", "529"] {
            let fault = format!("[[reply]]\nfault = \"{status}\"\n");
            let script = format!("{}[[reply]]\ntext = \"Yes.\"", fault.repeat(5));
            let mut world = World::new(api, &script).await;
            let reply = world.ask(&[prompt("p")]).await.expect("a reply");
            assert_eq!((texts(&reply).as_str(), reply.requests), ("Yes.", 6), "{api:?} {status}");
            let mut expected: Vec<_> = (2..=6).map(|at| format!("retry {at} of 6")).collect();
            expected.push("text".into());
            assert_eq!(world.log, expected);
        }
    }
}

#[tokio::test]
async fn a_permanent_500_ends_after_six_requests_and_says_so() {
    for api in WIRES {
        let mut world = World::new(api, "[[reply]]\nfault = \"500\"\nrepeat = true").await;
        let (kind, said) = world.fail().await;
        assert_eq!((kind, world.requests()), (FailureKind::Provider, 6), "{api:?}");
        assert!(said.contains("failed (500)") && said.contains("6 requests were made"), "{said}");
    }
}

#[tokio::test]
async fn the_wait_that_a_service_asks_for_is_kept() {
    for api in WIRES {
        let script = "[[reply]]\nfault = \"429\"\nretry_after = 0.2\n[[reply]]\ntext = \"Yes.\"";
        let mut world = World::new(api, script).await;
        let start = std::time::Instant::now();
        world.ask(&[prompt("p")]).await.expect("a reply");
        assert!(start.elapsed() >= Duration::from_millis(200), "{api:?}");

        let script = "[[reply]]\nfault = \"429\"\nretry_after = 3600\nrepeat = true";
        let mut world = World::new(api, script).await;
        let (_, said) = world.fail().await;
        assert_eq!(world.requests(), 1);
        assert!(said.contains("it asks to wait 3600 s"), "{said}");
    }
}

#[tokio::test]
async fn a_used_up_quota_is_not_asked_again() {
    let script = "[[reply]]\nfault = \"429\"\ncode = \"insufficient_quota\"\nrepeat = true";
    let mut world = World::new(Api::OpenaiChat, script).await;
    let (_, said) = world.fail().await;
    assert_eq!(world.requests(), 1);
    assert!(said.starts_with("the quota or the credit at acme is used up"), "{said}");
}

#[tokio::test]
async fn a_stream_that_is_cut_starts_again_and_nothing_is_doubled() {
    let text = "One two three four five six seven eight nine ten eleven twelve.";
    for api in WIRES {
        for fault in ["cut", "error"] {
            let broken =
                format!("[[reply]]\ntext = \"{text}\"\nfault = \"{fault}\"\nafter_chunks = 2\n");
            let script = format!("{broken}{broken}[[reply]]\ntext = \"{text}\"");
            let mut world = World::new(api, &script).await;
            let reply = world.ask(&[prompt("p")]).await.expect("a reply");
            assert_eq!((texts(&reply).as_str(), world.text.as_str()), (text, text), "{api:?}");
            assert_eq!(reply.requests, 3);
            let expected =
                ["text", "restart", "retry 2 of 6", "text", "restart", "retry 3 of 6", "text"];
            assert_eq!(world.log, expected, "{api:?} {fault}");
        }
    }
}

#[tokio::test]
async fn a_cut_before_anything_was_shown_restarts_nothing() {
    for api in WIRES {
        let script =
            "[[reply]]\ntext = \"a\"\nfault = \"cut\"\nafter_chunks = 0\n[[reply]]\ntext = \"b\"";
        let mut world = World::new(api, script).await;
        world.ask(&[prompt("p")]).await.expect("a reply");
        assert_eq!(world.log, ["retry 2 of 6", "text"], "{api:?}");
    }
}

#[tokio::test]
async fn bad_json_in_a_stream_is_shown_after_three_requests() {
    for api in WIRES {
        let script = "[[reply]]\ntext = \"a\"\nfault = \"bad-json\"\nrepeat = true";
        let mut world = World::new(api, script).await;
        let (_, said) = world.fail().await;
        assert_eq!(world.requests(), 3, "{api:?}");
        assert!(said.contains("no JSON: {\"choices\": [{\"delta"), "{said}");
    }
}

#[tokio::test]
async fn a_page_for_browsers_is_named_as_what_it_is() {
    for api in WIRES {
        let mut world = World::new(api, "[[reply]]\nfault = \"html\"\nrepeat = true").await;
        let (_, said) = world.fail().await;
        assert_eq!(world.requests(), 1, "{api:?}");
        assert!(said.contains("no reply of a model: <!doctype html> <html>"), "{said}");
        assert!(said.contains("base_url"), "{said}");
    }
}

#[tokio::test]
async fn silence_is_said_and_ends() {
    let timing = Timing {
        silence: Duration::from_millis(30),
        first_byte: Duration::from_millis(100),
        idle: Duration::from_millis(100),
        ..quick()
    };
    for api in WIRES {
        for after in [0, 1] {
            let script = format!(
                "[[reply]]\ntext = \"a\"\nfault = \"stall\"\nafter_chunks = {after}\nrepeat = true"
            );
            let mut world = World::timed(api, &script, timing).await;
            let (_, said) = world.fail().await;
            assert!(said.starts_with("acme sent nothing for 1 s (2 requests were made)"), "{said}");
            assert!(world.log.contains(&"silent".to_owned()), "{:?}", world.log);
        }
    }
}

#[tokio::test]
async fn a_slow_reply_is_waited_for() {
    let timing = Timing { idle: Duration::from_secs(5), ..quick() };
    for api in WIRES {
        let script =
            "[[reply]]\ntext = \"slow but sure\"\nfault = \"slow\"\nchunk_ms = 5\nchunk_bytes = 2";
        let mut world = World::timed(api, script, timing).await;
        let reply = world.ask(&[prompt("p")]).await.expect("a reply");
        assert_eq!((texts(&reply).as_str(), reply.requests), ("slow but sure", 1), "{api:?}");
    }
}

#[tokio::test]
async fn a_wrong_key_is_a_matter_of_credentials() {
    for api in WIRES {
        let mut world = World::new(api, "key = \"another\"\n[[reply]]\ntext = \"a\"").await;
        let (kind, said) = world.fail().await;
        assert_eq!((kind, world.requests()), (FailureKind::Credentials, 1), "{api:?}");
        assert!(said.contains("refused the key (401)") && said.contains("ACME_API_KEY"), "{said}");
        world.service.key = None;
        let (_, said) = world.fail().await;
        assert!(said.contains("wants a key") && said.contains("set ACME_API_KEY"), "{said}");
    }
}

#[tokio::test]
async fn an_unknown_model_is_a_matter_of_the_configuration() {
    for api in WIRES {
        let mut world = World::new(api, "models = [\"big\"]\n[[reply]]\ntext = \"a\"").await;
        let (kind, said) = world.fail().await;
        assert_eq!((kind, world.requests()), (FailureKind::Config, 1), "{api:?}");
        assert!(said.starts_with("acme knows no model tiny"), "{said}");
        world.service.base_url.push_str("/deeper");
        let (kind, said) = world.fail().await;
        assert_eq!(kind, FailureKind::Config);
        assert!(said.contains("serves no models (404)"), "{said}");
    }
}

#[tokio::test]
async fn an_overflow_is_told_with_the_numbers_that_are_given() {
    for api in WIRES {
        let mut world = World::new(api, "[[reply]]\nfault = \"overflow\"").await;
        let (kind, said) = world.fail().await;
        // OpenAI's newer wire gives no numbers.
        let numbers = api != Api::OpenaiResponses;
        let excess = numbers.then_some(Excess { tokens: 44_055, window: 8192 });
        assert_eq!(kind, FailureKind::Overflow { excess }, "{api:?}");
        assert_eq!(said.contains("44055 tokens, 8192 fit"), numbers, "{said}");
    }
}

#[tokio::test]
async fn where_nobody_listens_three_tries_are_enough() {
    for api in WIRES {
        let mut world = World::new(api, "").await;
        // A port that was free a moment ago, and that nobody listens at.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        drop(listener);
        world.service.base_url = format!("http://{address}/v1");
        let (_, said) = world.fail().await;
        let expected = format!(
            "nothing answers at http://{address}/v1 (3 requests were made) [is the server running?]"
        );
        assert_eq!(said, expected);
        assert_eq!(world.log, ["retry 2 of 3", "retry 3 of 3"]);
    }
}

#[tokio::test]
async fn a_request_that_is_not_as_the_script_wants_it_is_refused_with_the_reason() {
    for api in WIRES {
        let mut world = World::new(api, "[[reply]]\nexpect = [\"cargo\"]\ntext = \"a\"").await;
        let (_, said) = world.fail().await;
        let why = "reply 1 of the script: the request does not hold \"cargo\"";
        assert!(said.contains(why), "{said}");
        assert_eq!(world.server.mismatch(), Some(format!("request 1: {why}")));
        assert_eq!(world.server.left(), 1);
    }
}

#[tokio::test]
async fn dropping_the_request_closes_the_connection() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    for api in WIRES {
        let mut world = World::new(api, "").await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        world.service.base_url = format!("http://{address}/v1");
        let items = [prompt("p")];
        let serving = async {
            let (mut socket, _) = listener.accept().await.expect("a connection");
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: hello\n\n";
            socket.write_all(head.as_bytes()).await.expect("the head");
            socket
        };
        let mut socket = tokio::select! {
            reply = world.ask(&items) => panic!("{api:?}: {reply:?}"),
            socket = serving => socket,
        };
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(5), socket.read_to_end(&mut rest));
        assert!(closed.await.is_ok(), "{api:?}: the connection stays open");
    }
}
