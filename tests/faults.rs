//! What goes wrong between brisk and a service, as a user meets it: the real binary and real sessions
//! against servers that refuse, break off, keep silent, or stand behind a proxy.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]

mod common;
#[path = "faults/server.rs"]
mod server;
#[path = "common/stage.rs"]
mod stage;

use brisk::protocol::{Body, Budget, Delta, End, Item, Limit, Mode, Op, Setting, UsageEvent};
use brisk::session::{self, EntryBody};
use common::{Place, Ran, snapshot};
use server::{Answer, Server, events, refusal};
use stage::{Stage, with};
use std::path::Path;
use std::process::Command;

const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/ca.pem");

/// What brisk says of an answer: its exit code, its error, its hint.
fn said(place: &Place, ran: &Ran) -> String {
    let from = ran.stderr.find("error:").unwrap_or_default();
    let words = ran.stderr[from..].lines().filter(|line| !line.is_empty());
    let words: Vec<_> = words.filter(|line| line.contains(": ")).collect();
    let text = format!("exit {}\n{}\n", ran.code.unwrap_or(-1), words.join("\n"));
    place.masked(&text)
}

fn ask(place: &Place) -> Command {
    place.brisk(&["-p", "hello", "--no-stdin", "-q", "--tree", "in-place"])
}

#[test]
fn every_refusal_has_its_sentence_its_hint_and_its_exit_code() {
    let openai = |message: &str, kind: &str, code: &str| {
        format!(r#"{{"error":{{"message":"{message}","type":"{kind}","code":"{code}"}}}}"#)
    };
    let anthropic = |kind: &str, message: &str| {
        format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}}}}"#)
    };
    let invalid = "invalid_request_error";
    let rows = [
        ("301 Moved", String::new()),
        ("400 a plain one", openai("Unknown parameter: 'x'.", invalid, "unknown_parameter")),
        ("400 Anthropic's credit", anthropic(invalid, "Your credit balance is too low to access the Anthropic API.")),
        ("400 Azure's filter", openai("The response was filtered.", "", "content_filter")),
        ("400 OpenAI's filter", openai("Invalid prompt: limited access.", invalid, "invalid_prompt")),
        ("400 Gemini's key", r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]"#.to_owned()),
        ("400 Gemini's place", r#"{"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}}"#.to_owned()),
        ("400 Copilot's other API", openai("model x is not accessible via the /chat/completions endpoint", invalid, "unsupported_api_for_model")),
        ("400 OpenAI's overflow", openai("This model's maximum context length is 8192 tokens. However, your messages resulted in 44055 tokens.", invalid, "context_length_exceeded")),
        ("400 Anthropic's overflow", anthropic(invalid, "prompt is too long: 204800 tokens > 200000 maximum")),
        ("401 Unauthorized", openai("Incorrect API key provided: sk-canary-7f3a.", invalid, "invalid_api_key")),
        ("402 Payment Required", openai("Insufficient Balance", "", "")),
        ("403 Forbidden", openai("Your project does not have access.", "", "")),
        ("404 of a model", openai("The model `mock` does not exist.", invalid, "model_not_found")),
        ("404 of a path", "<html><title>404: no model of a page</title></html>".to_owned()),
        ("407 Proxy Authentication Required", String::new()),
        ("408 Request Timeout", String::new()),
        ("413 Request Entity Too Large", "<html>413</html>".to_owned()),
        ("422 Unprocessable Entity", r#"{"detail":[{"loc":["body","tools"],"msg":"field required"}]}"#.to_owned()),
        ("429 of the rate", openai("Rate limit reached for requests.", "requests", "rate_limit_exceeded")),
        ("429 of the quota", openai("You exceeded your current quota.", "insufficient_quota", "insufficient_quota")),
        ("429 of one request", openai("Request too large for gpt-x on tokens per min (TPM): Limit 10000, Requested 20000.", "tokens", "rate_limit_exceeded")),
        ("500 Internal Server Error", openai("The server had an error.", "server_error", "")),
        ("502 Bad Gateway", "<html><h1>502 Bad Gateway</h1></html>".to_owned()),
        ("503 Service Unavailable", openai("Loading model", "unavailable_error", "")),
        ("504 Gateway Timeout", String::new()),
        ("529 Overloaded", anthropic("overloaded_error", "Overloaded")),
    ];
    let place = Place::bare();
    let mut table = String::new();
    for (name, body) in rows {
        let server = Server::start(Answer::Bytes(refusal(name, &body)));
        place.configure("openai-chat", &server.url("http"));
        let ran = ask(&place).output().unwrap();
        let ran = Ran {
            code: ran.status.code(),
            stdout: String::new(),
            stderr: String::from_utf8_lossy(&ran.stderr).into_owned(),
        };
        assert!(!ran.stderr.contains("sk-canary"), "{ran:?}");
        table.push_str(&format!("== {name}\n{}\n", said(&place, &ran)));
        assert_eq!(server.served(), 1, "{name}: a refusal that says so is not asked again");
    }
    snapshot("refusals", &table);
}

fn run(place: &Place, url: &str, env: &[(&str, &str)], more: &str) -> Ran {
    place.configure("openai-chat", url);
    let file = place.home().join("config.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{config}{more}")).unwrap();
    common::ran(ask(place).envs(env.iter().copied()))
}

#[test]
fn a_server_of_one_s_own_authority_is_reached_with_its_certificate_and_over_http2_if_it_speaks_it()
{
    let place = Place::bare();
    let server = Server::tls(Answer::Bytes(events("Hello.")), &[b"http/1.1"]);
    let unknown = run(&place, &server.url("https"), &[], "");
    assert_eq!(unknown.code, Some(3), "{unknown:?}");
    assert!(unknown.stderr.contains("signed by nobody whom this machine trusts"), "{unknown:?}");
    assert!(unknown.stderr.contains("network.ca_file"), "{unknown:?}");

    let trusted = format!("[network]\nca_file = \"{AUTHORITY}\"\n");
    let known = run(&place, &server.url("https"), &[], &trusted);
    assert_eq!((known.code, known.stdout.as_str()), (Some(0), "Hello.\n"), "{known:?}");
    let usual = run(&place, &server.url("https"), &[("SSL_CERT_FILE", AUTHORITY)], "");
    assert_eq!(usual.code, Some(0), "{usual:?}");

    let nowhere = run(&place, &server.url("https"), &[], "[network]\nca_file = \"/nowhere.pem\"\n");
    assert_eq!(nowhere.code, Some(3), "{nowhere:?}");
    assert!(nowhere.stderr.contains("/nowhere.pem cannot be read"), "{nowhere:?}");

    let http2 = Server::tls(Answer::AtOnce(String::new()), &[b"h2", b"http/1.1"]);
    run(&place, &http2.url("https"), &[], &trusted);
    assert!(http2.first().starts_with(b"PRI * HTTP/2.0\r\n"), "{:?}", http2.first());
}

#[test]
fn who_does_not_speak_tls_is_told_from_who_does() {
    let place = Place::bare();
    let server = Server::start(Answer::AtOnce(refusal("400 Bad Request", "")));
    let ran = run(&place, &server.url("https"), &[], "");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.stderr.contains("does not speak TLS"), "{ran:?}");
}

#[test]
fn the_environment_s_proxy_is_taken_for_others_and_never_for_this_machine() {
    let place = Place::bare();
    let trusted = format!("[network]\nca_file = \"{AUTHORITY}\"\n");
    let far = Server::tls(Answer::Bytes(events("From afar.")), &[b"http/1.1"]);
    let proxy = Server::start(Answer::Tunnel(far.port()));
    let proxied = [("HTTPS_PROXY", proxy.url_without_path())];
    let env: Vec<_> = proxied.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let ran = run(&place, "https://models.test/v1", &env, &trusted);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "From afar.\n"), "{ran:?}");
    assert!(proxy.first().starts_with(b"CONNECT models.test:443 "), "{:?}", proxy.first());

    let near = Server::tls(Answer::Bytes(events("From here.")), &[b"http/1.1"]);
    let served = proxy.served();
    let ran = run(&place, &near.url("https"), &env, &trusted);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "From here.\n"), "{ran:?}");
    assert_eq!(proxy.served(), served, "this machine is not behind a proxy");

    let strict = Server::start(Answer::Bytes(refusal("407 Proxy Authentication Required", "")));
    let strict = strict.url_without_path();
    let ran = run(&place, "https://models.test/v1", &[("ALL_PROXY", strict.as_str())], &trusted);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.stderr.contains("the proxy wants a name and a password (407)"), "{ran:?}");
    let env = [("HTTPS_PROXY", strict.as_str()), ("NO_PROXY", "models.test")];
    let ran = run(&place, "https://models.test/v1", &env, &trusted);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.stderr.contains("the name in https://models.test/v1 is not known"), "{ran:?}");
}

#[test]
fn a_reply_that_never_ends_is_given_up_at_the_total() {
    let place = Place::bare();
    let server = Server::start(Answer::Endless);
    let ran = run(&place, &server.url("http"), &[], "[network]\ntotal = \"1s\"\n");
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.stderr.contains("was not whole after 1 s"), "{ran:?}");
    assert_eq!(server.served(), 1);
}

const TEXT: &str = "One sentence that is cut in the middle of it all, long before its end.";

/// The ledger's lines: whether each is an estimate, and its tokens.
fn ledger(home: &Path) -> Vec<(bool, u64)> {
    let text = std::fs::read_to_string(home.join("ledger.jsonl"))
        .or_else(|_| std::fs::read_to_string(home.join("state/ledger.jsonl")));
    let lines = text.unwrap();
    let line = |line: &str| {
        let call: serde_json::Value = serde_json::from_str(line).unwrap();
        let tokens = ["input", "cached", "output"].map(|name| call[name].as_u64().unwrap());
        let tokens = tokens.iter().sum();
        (call["estimated"].as_bool().unwrap(), tokens)
    };
    lines.lines().map(line).collect()
}

#[test]
fn what_broke_off_is_counted_as_an_estimate_and_what_was_refused_is_not() {
    for api in ["openai-chat", "anthropic"] {
        let script = format!(
            "[[reply]]\nfault = \"cut\"\nafter_chunks = 2\ntext = \"{TEXT}\"\n\
             [[reply]]\nfault = \"529\"\n[[reply]]\ntext = \"{TEXT}\"\n"
        );
        with(api, &script, &[], |place| async move {
            let mut stage = Stage::open(&place, Mode::Confirm, 100_000).await;
            stage.prompt("say it").await;
            assert_eq!(stage.end().await, End::Done, "{api}");
            let calls = ledger(place.home());
            assert_eq!(calls.iter().map(|call| call.0).collect::<Vec<_>>(), [true, false], "{api}");
            // The input of both is the same; of the output only a part came.
            assert!(calls[0].1 > 0 && calls[0].1 < 2 * calls[1].1, "{api}: {calls:?}");
            assert!(stage.state.usage.estimated && stage.state.cost.unwrap() > 0.0);
            let usage = stage.state.usage;
            assert_eq!(usage.prompt() + usage.output, calls[0].1 + calls[1].1);
        });
    }
}

#[test]
fn at_the_budget_no_further_request_is_made_for_a_stream_that_breaks() {
    let script =
        format!("[[reply]]\nfault = \"cut\"\nafter_chunks = 2\ntext = \"{TEXT}\"\nrepeat = true\n");
    // This wire says its figures at the end: what broke off is counted by estimate.
    with("openai-chat", &script, &[], |place| async move {
        // Enough for one request, and not for its input twice.
        let mut stage = Stage::open(&place, Mode::Confirm, 2_600).await;
        stage.prompt("say it").await;
        let end = stage.end().await;
        assert!(matches!(end, End::Limit(Limit::Tokens { limit: 2_600, .. })), "{end:?}");
        let requests = place.server().requests();
        let full = requests.iter().filter(|request| request.body["tools"].is_array()).count();
        assert_eq!(full, 1, "the others are the last words: {}", requests.len());
        assert!(stage.state.usage.spent() <= 2_600, "{:?}", stage.state.usage);
    });
}

#[test]
fn a_limit_that_the_user_lowers_meanwhile_holds_for_the_next_attempt() {
    let script = "[[reply]]\nfault = \"429\"\nrepeat = true\n";
    with("openai-chat", script, &[], |place| async move {
        let mut options = stage::options(&place, Mode::Confirm, 100_000);
        options.network.timing.backoff = std::time::Duration::from_millis(300);
        let session = session::start(options).await.unwrap();
        let state = session::State::default();
        let mut stage = Stage { session, state, events: Vec::new() };
        stage.prompt("say it").await;
        stage.until(|body| matches!(body, Body::Notice(_))).await;
        let budget = Budget { tokens: 100, cost: None, steps: None, seconds: None };
        stage.send(Op::Set(Setting::Budget(budget))).await;
        let end = stage.end().await;
        assert!(matches!(end, End::Limit(Limit::Tokens { limit: 100, .. })), "{end:?}");
        assert!(place.server().requests().len() < 6);
    });
}

#[test]
fn a_cut_reply_is_told_once_and_none_of_its_calls_is_run_twice() {
    let calls = r#"calls = [{ tool = "run", arguments = { command = "echo a >> ran" } }, { tool = "run", arguments = { command = "echo b >> ran" } }]"#;
    for api in ["openai-chat", "anthropic"] {
        // Within the text, after the first call, within the second one's arguments.
        for after in [1, 5, 6] {
            let script = format!(
                "[[reply]]\nfault = \"cut\"\nafter_chunks = {after}\ntext = \"{TEXT}\"\n{calls}\n\
                 [[reply]]\ntext = \"{TEXT}\"\n{calls}\n\
                 [[reply]]\ntext = \"Done.\"\n"
            );
            with(api, &script, &[], |place| async move {
                let mut stage = Stage::open(&place, Mode::Autopilot, 100_000).await;
                stage.prompt("do it").await;
                assert_eq!(stage.end().await, End::Done, "{api} {after}");
                assert_eq!(place.read("ran"), "a\nb\n", "{api} {after}");
                let items = |is: fn(&Item) -> bool| {
                    let entries = stage.state.entries.iter();
                    entries
                        .filter(|entry| matches!(&entry.body, EntryBody::Item(item) if is(item)))
                        .count()
                };
                assert_eq!(items(|item| matches!(item, Item::Assistant { .. })), 2);
                assert_eq!(items(|item| matches!(item, Item::Call { .. })), 2);
                let restarts =
                    stage.events.iter().filter(|event| event.body == Body::Delta(Delta::Restart));
                assert_eq!(restarts.count(), 1, "{api} {after}");
                assert_eq!(place.server().mismatch(), None);
            });
        }
    }
}

#[test]
fn an_interrupt_closes_the_connection_whatever_is_waited_for() {
    type Ready = fn(&Body) -> bool;
    let projected: Ready = |body| matches!(body, Body::Usage(UsageEvent::Projected { .. }));
    let text: Ready = |body| matches!(body, Body::Delta(Delta::Text(_)));
    let retry: Ready = |body| matches!(body, Body::Notice(_));
    let slow =
        refusal("503 Busy\r\nretry-after: 60", "").replacen("x-should-retry: false\r\n", "", 1);
    for (state, answer, scheme, ready) in [
        ("connecting", Answer::Hold(Vec::new()), "https", projected),
        ("before the first byte", Answer::Hold(Vec::new()), "http", projected),
        ("streaming", Answer::Hold(server::begun("Hel").into_bytes()), "http", text),
        ("streaming, compressed", Answer::Hold(server::begun_compressed("Hel")), "http", text),
        ("before another try", Answer::Bytes(slow), "http", retry),
    ] {
        let place = Place::scripted("openai-chat", "");
        let server = Server::start(answer);
        place.configure("openai-chat", &server.url(scheme));
        place.runtime().block_on(async {
            let mut stage = Stage::open(&place, Mode::Confirm, 100_000).await;
            stage.prompt("hello").await;
            stage.until(ready).await;
            server.wait_for_connections(1);
            stage.send(Op::Interrupt).await;
            assert_eq!(stage.end().await, End::Interrupted, "{state}");
            assert!(server.all_closed(), "{state}: a connection stays open");
            assert_eq!(server.served(), 1, "{state}");
        });
    }
}
