//! Which models there are, as people and scripts meet it: the real binary, a scripted model, servers
//! of this machine that answer as the known ones do.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]

mod common;

use common::{Place, Ran, ran, snapshot};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

const CALL: &str = r#"
[[reply]]
text = "I add."
calls = [{ tool = "add", arguments = { a = 17, b = 25 } }]
repeat = true
"#;
const HELLO: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Hello.\"},\"finish_reason\":\"stop\"}]}\n\n\
                     data: [DONE]\n\n";

/// Answers by path, until it is dropped; what is not among them is not found.
struct Near {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Near {
    fn start(answers: &[(&'static str, &'static str)]) -> Near {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/v1", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answers, seen) = (answers.to_vec(), Arc::clone(&asked));
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (answers, seen) = (answers.clone(), Arc::clone(&seen));
                std::thread::spawn(move || converse(socket, &answers, &seen));
            }
        });
        Near { address, asked }
    }

    fn asked(&self, path: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == path).count()
    }
}

fn converse(mut socket: TcpStream, answers: &[(&str, &str)], seen: &Mutex<Vec<String>>) {
    let Some(path) = path_of(&mut socket) else { return };
    let answer = answers.iter().find(|(known, _)| *known == path);
    let (status, body) = answer.map_or(("404 Not Found", "{}"), |(_, body)| ("200 OK", *body));
    let kind = if body.starts_with("data:") { "text/event-stream" } else { "application/json" };
    seen.lock().unwrap().push(path);
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // Whoever asked may have gone.
    let _ = socket.write_all(format!("{head}{body}").as_bytes());
}

/// The path of a request that was read to its end.
fn path_of(socket: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).ok()?;
        request.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&request).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.map_or(0, |length| length.trim().parse().unwrap_or(0));
    let mut body = vec![0; length];
    socket.read_exact(&mut body).ok()?;
    head.split(' ').nth(1).map(str::to_owned)
}

/// An address where nothing listens.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/v1", listener.local_addr().unwrap())
}

fn provider(name: &str, url: &str, more: &str) -> String {
    format!("[providers.{name}]\napi = \"openai-chat\"\nbase_url = \"{url}\"\n{more}\n")
}

fn place(config: &str) -> Place {
    let place = Place::bare();
    std::fs::write(place.home().join("config.toml"), config).unwrap();
    place
}

const LLAMA: [(&str, &str); 3] = [
    (
        "/v1/models",
        r#"{"object":"list","data":[{"id":"tiny.gguf","owned_by":"llamacpp","meta":{"n_ctx_train":131072}}]}"#,
    ),
    ("/props", r#"{"default_generation_settings":{"n_ctx":8192},"total_slots":1}"#),
    ("/v1/chat/completions", HELLO),
];

#[test]
fn the_list_says_what_can_be_used_and_what_is_down() {
    let llama = Near::start(&LLAMA);
    let mock = Near::start(&[(
        "/v1/models",
        r#"{"data":[{"id":"small-coder"},{"id":"another","context_length":32000}]}"#,
    )]);
    let config = provider("llamacpp", &llama.address, "")
        + &provider("gone", &nowhere(), "")
        + &provider("mock", &mock.address, "key_env = \"MOCK_KEY\"")
        + &provider("keyless", &nowhere(), "key_env = \"NO_SUCH_KEY\"")
        + "[models.mine]\nprovider = \"mock\"\nid = \"small-coder\"\ncontext = \"256k\"\n\
           prompt = \"128k\"\noutput = 32000\nefforts = [\"low\", \"high\"]\n\
           price = { input = 0.3, cached = 0.03, output = 1.5 }\n\
           [models.away]\nprovider = \"gone\"\nid = \"x\"\n\
           [models.locked]\nprovider = \"keyless\"\nid = \"y\"\nfallback = \"mine\"\n\
           [models.broken]\nprovider = \"mock\"\nid = \"z\"\nfallback = \"mien\"\n";
    let place = place(&config);
    let digits =
        |text: &str| text.trim_start_matches(|char: char| char.is_ascii_digit()).to_owned();
    let listed = place.transcript(&["models"]);
    // The catalog's own models come and go.
    let listed: Vec<String> =
        listed
            .lines()
            .map(|line| {
                if line.ends_with("--all") { format!("N{}", digits(line)) } else { line.to_owned() }
            })
            .collect();
    let rest = ["mock", "keyless", "gone", "llamacpp"]
        .map(|name| place.transcript(&["models", "list", name]))
        .concat();
    snapshot("models__list", &format!("{}\n{rest}", listed.join("\n")));
}

#[test]
fn scripts_get_an_object_for_each_model() {
    let llama = Near::start(&LLAMA);
    let place = place(&provider("llamacpp", &llama.address, ""));
    let ran = place.run(&["models", "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    let rows: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows[0]["name"], "llamacpp/tiny.gguf", "what can be used comes first");
    assert_eq!((&rows[0]["context"], &rows[0]["state"]), (&8192.into(), &"reachable".into()));
    let sonnet = rows.iter().find(|row| row["name"] == "sonnet").unwrap();
    assert_eq!((&sonnet["state"], &sonnet["why"]), (&"no-key".into(), &"ANTHROPIC_API_KEY".into()));
    assert!(sonnet["price"]["input"].as_f64().unwrap() > 0.0);
    assert!(!ran.stdout.contains('\u{1b}'));
}

#[test]
fn a_server_of_this_machine_is_enough_to_begin_with() {
    let llama = Near::start(&LLAMA);
    let place = place(&provider("llamacpp", &llama.address, ""));
    let ran = place.run(&["-p", "hi", "--no-stdin"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "Hello.\n"), "{ran:?}");
    assert!(!ran.stderr.contains("OLLAMA"), "{ran:?}");
}

#[test]
fn what_listens_there_and_serves_no_models_is_no_hit() {
    for answer in [r#"{"status":"ok"}"#, "<html>It works!</html>", r#"{"data":[]}"#] {
        let other = Near::start(&[("/v1/models", answer), ("/v1/chat/completions", HELLO)]);
        let place = place(&provider("llamacpp", &other.address, ""));
        let ran = place.run(&["-p", "hi", "--no-stdin"]);
        assert_eq!(ran.code, Some(3), "{ran:?}");
        assert!(ran.stderr.contains("no model is configured"), "{ran:?}");
        assert_eq!((other.asked("/v1/models"), other.asked("/v1/chat/completions")), (1, 0));
    }
}

#[test]
fn a_key_goes_before_a_server_of_this_machine() {
    let llama = Near::start(&LLAMA);
    let keyed = Near::start(&[("/v1/chat/completions", HELLO)]);
    let config = provider("llamacpp", &llama.address, "")
        + &provider("keyed", &keyed.address, "key_env = \"MOCK_KEY\"")
        + "[models.a]\nprovider = \"keyed\"\nid = \"a\"\ncontext = 64000\n";
    let ran = place(&config).run(&["-p", "hi", "--no-stdin"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!((llama.asked("/v1/models"), keyed.asked("/v1/chat/completions")), (0, 1));
}

#[test]
fn a_server_that_cuts_prompts_off_is_told_of() {
    let list = r#"{"object":"list","data":[{"id":"qwen3:8b","owned_by":"library"}]}"#;
    let running = |window: &'static str| {
        let near = Near::start(&[
            ("/v1/models", list),
            ("/api/ps", window),
            ("/api/show", r#"{"parameters":"top_k 20"}"#),
            ("/v1/chat/completions", HELLO),
        ]);
        let place = place(&provider("ollama", &near.address, ""));
        place.run(&["-p", "hi", "-m", "ollama/qwen3:8b", "--no-stdin"])
    };
    let small = running(r#"{"models":[{"name":"qwen3:8b","context_length":12000}]}"#);
    assert_eq!(small.code, Some(0), "{small:?}");
    let told = "ollama cuts prompts off at 12000 tokens";
    assert!(small.stderr.contains(told), "{small:?}");
    assert!(small.stderr.contains("OLLAMA_CONTEXT_LENGTH"), "{small:?}");
    let large = running(r#"{"models":[{"name":"qwen3:8b","context_length":64000}]}"#);
    assert!(large.code == Some(0) && !large.stderr.contains("OLLAMA"), "{large:?}");
    let unknown = running(r#"{"models":[]}"#);
    assert!(unknown.stderr.contains("ollama may cut prompts off"), "{unknown:?}");
}

#[test]
fn a_far_service_is_asked_for_a_window_once_a_day() {
    let list = r#"{"data":[{"id":"big","context_length":64000}]}"#;
    let far = Near::start(&[("/v1/models", list), ("/v1/chat/completions", HELLO)]);
    let place = place(&provider("far", &far.address, "key_env = \"MOCK_KEY\""));
    for _ in 0..2 {
        let ran = place.run(&["-p", "hi", "-m", "far/big", "--no-stdin"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    assert_eq!((far.asked("/v1/models"), far.asked("/v1/chat/completions")), (1, 2));
    let kept = std::fs::read_to_string(place.home().join("cache/models.json")).unwrap();
    assert!(kept.contains("64000") && !kept.contains("sk-canary"), "{kept}");
}

#[test]
fn a_model_is_tested_by_a_real_call_and_once_more_for_its_cache() {
    for api in ["openai-chat", "anthropic"] {
        let place = Place::scripted(api, CALL);
        let ran = place.run(&["models", "test", "mock"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
        assert_eq!(place.server().mismatch(), None);
        assert_eq!(place.server().requests().len(), 2);
        let line = |name: &str| {
            let line = ran.stdout.lines().find(|line| line.starts_with(name));
            line.unwrap_or_else(|| panic!("no {name}: {ran:?}"))
        };
        assert!(line("dialect").contains(api) && line("dialect").contains("http://127.0.0.1:"));
        assert!(line("before").contains("2 requests") && line("before").contains(" at most"));
        assert!(line("first").ends_with("s to the first token"));
        assert!(line("tool").ends_with(": right"), "{ran:?}");
        let cached = line("cache").split_whitespace().nth(1).unwrap().parse::<u64>();
        assert!(cached.is_ok_and(|cached| cached > 1000), "{ran:?}");
        assert!(line("cost").contains("$0.00"), "{ran:?}");
        assert!(!ran.stdout.contains("sk-canary"));
    }
}

#[test]
fn a_call_that_is_wrong_or_missing_is_a_failure() {
    let wrong = CALL.replace("25", "26");
    for (script, told) in
        [(wrong.as_str(), "wrong"), ("[[reply]]\ntext = \"42\"\nrepeat = true\n", "was not called")]
    {
        let ran = Place::scripted("openai-chat", script).run(&["models", "test", "mock"]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stdout.contains(told), "{ran:?}");
        assert!(ran.stderr.contains("did not call the tool"), "{ran:?}");
    }
}

#[test]
fn what_is_wrong_with_a_model_has_its_exit_code() {
    let told = |ran: &Ran, code: i32, text: &str| {
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert!(ran.stderr.contains(text), "{ran:?}");
        assert!(!ran.stderr.contains("sk-canary"), "{ran:?}");
    };
    let refused = Place::scripted("openai-chat", &format!("key = \"another\"\n{CALL}"));
    told(&refused.run(&["models", "test", "mock"]), 3, "mock refused the key (401)");
    let down = Place::bare();
    down.configure("openai-chat", &nowhere());
    told(&down.run(&["models", "test", "mock"]), 4, "nothing answers at");
    told(&Place::bare().run(&["models", "test", "auto"]), 3, "no model is configured");
    told(&Place::bare().run(&["models", "test", "sonnet"]), 3, "ANTHROPIC_API_KEY is not set");
    told(&Place::bare().run(&["models", "test", "sonet"]), 3, "no model is named `sonet`");
    told(&Place::bare().run(&["models", "list", "opnai"]), 3, "no provider is named `opnai`");
}

#[test]
fn with_nothing_configured_the_list_says_what_to_do() {
    let ran = Place::bare().run(&["models"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    assert!(ran.stdout.starts_with("no model can be used yet; brisk models --all"), "{ran:?}");
    assert!(ran.stdout.contains("ANTHROPIC_API_KEY"), "{ran:?}");
    let all = Place::bare().run(&["models", "--all"]);
    assert!(all.code == Some(0) && all.stdout.lines().count() > 40, "{all:?}");
}

#[test]
fn flags_of_a_turn_mean_nothing_to_a_list() {
    for args in [
        &["models", "--budget", "1k"][..],
        &["models", "list", "-m", "sonnet"],
        &["models", "test", "x", "--mode", "plan"],
        &["models", "--all", "--json"],
        &["models", "test"],
    ] {
        let ran = Place::bare().run(args);
        assert_eq!(ran.code, Some(2), "{args:?} {ran:?}");
    }
}

#[test]
fn a_table_of_settings_is_explained_key_by_key() {
    let explained = Place::bare().run(&["config", "explain", "models.sonnet.price"]);
    assert_eq!((explained.code, explained.stdout.lines().count()), (Some(0), 4), "{explained:?}");
    assert!(explained.stdout.contains("models.sonnet.price.output = "), "{explained:?}");
    let unknown = Place::bare().run(&["config", "explain", "models.sonnet.prize"]);
    assert_eq!(unknown.code, Some(3), "{unknown:?}");
}

#[test]
fn a_proxy_is_never_asked_for_a_server_of_this_machine() {
    let llama = Near::start(&LLAMA);
    let proxy = Near::start(&[]);
    let place = place(&provider("llamacpp", &llama.address, ""));
    let mut command = place.brisk(&["-p", "hi", "--no-stdin"]);
    command.env("http_proxy", &proxy.address).env("HTTP_PROXY", &proxy.address);
    let ran = ran(&mut command);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(proxy.asked.lock().unwrap().is_empty());
}
