//! What goes over OpenAI's wires is what OpenAI publishes of them: bodies and streams against the
//! published schema.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]

mod common;

use brisk::model::{Request, body};
use brisk::protocol::{
    Api, CallId, Detail, Effort, Item, ModelSpec, Opaque, Outcome, Service, Tool, UserKind,
    Verbosity,
};
use brisk::scripted::{Script, Server};
use common::Place;
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::LazyLock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The published document; None, and said so, where the conformance data is not there. Under CI it
/// must be.
static DOCUMENT: LazyLock<Option<Value>> = LazyLock::new(|| {
    #[expect(clippy::disallowed_methods, reason = "tests find the conformance data by it")]
    let (folder, ci) = (std::env::var("BRISK_CONFORMANCE"), std::env::var("CI"));
    let Ok(folder) = folder else {
        assert!(ci.is_err(), "BRISK_CONFORMANCE is not set");
        println!("skipped: BRISK_CONFORMANCE is not set");
        return None;
    };
    let path = std::path::Path::new(&folder).join("openai/schema.json");
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
});

/// One schema of the document.
struct Schema {
    name: &'static str,
    validator: Validator,
    /// The fields that it knows at its top.
    fields: BTreeSet<String>,
}

fn compiled(name: &'static str) -> Option<Schema> {
    let document = DOCUMENT.as_ref()?;
    let schema = json!({
        "$ref": format!("#/components/schemas/{name}"), "components": document["components"],
    });
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
    let validator = options.build(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    Some(Schema {
        name,
        validator,
        fields: fields_of(document, &document["components"]["schemas"][name]),
    })
}

fn fields_of(document: &Value, schema: &Value) -> BTreeSet<String> {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return fields_of(document, &document["components"]["schemas"][name]);
    }
    let own =
        schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys().cloned());
    let all = schema["allOf"].as_array().into_iter().flatten();
    own.chain(all.flat_map(|part| fields_of(document, part))).collect()
}

impl Schema {
    fn wrong(&self, value: &Value) -> Option<String> {
        let error = self.validator.iter_errors(value).next();
        let error = error.map(|error| error.to_string().chars().take(2_000).collect());
        error.or_else(|| {
            let unknown = |name: &&String| !self.fields.is_empty() && !self.fields.contains(*name);
            let unknown = value.as_object().and_then(|fields| fields.keys().find(unknown));
            unknown.map(|name| format!("an unknown field: {name}"))
        })
    }

    #[track_caller]
    fn fits(&self, value: &Value) {
        if let Some(wrong) = self.wrong(value) {
            panic!("no {}: {wrong}\n{value}", self.name);
        }
    }
}

static RESPONSE: LazyLock<Option<Schema>> = LazyLock::new(|| compiled("CreateResponse"));
static COMPLETION: LazyLock<Option<Schema>> =
    LazyLock::new(|| compiled("CreateChatCompletionRequest"));
static EVENT: LazyLock<Option<Schema>> = LazyLock::new(|| compiled("ResponseStreamEvent"));

fn schema_of(api: Api) -> Option<&'static Schema> {
    let schema = if api == Api::OpenaiResponses { &RESPONSE } else { &COMPLETION };
    schema.as_ref()
}

const WIRES: [Api; 2] = [Api::OpenaiResponses, Api::OpenaiChat];
const HOSTS: [&str; 3] = [
    "http://localhost:8080/v1",
    "https://api.openai.com/v1",
    "https://acme.openai.azure.com/openai/v1",
];

fn prompt(text: &str) -> Item {
    Item::User { text: text.into(), kind: UserKind::Prompt }
}

fn kept(dialect: &str, value: Value) -> Option<Opaque> {
    Some(Opaque { service: None, dialect: dialect.into(), model: "tiny".into(), value })
}

fn reasoning(fields: &Value) -> Item {
    let mut item = json!({ "type": "reasoning", "id": "rs_1", "summary": [
        { "type": "summary_text", "text": "hm" }] });
    item.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    Item::Thought { text: "hm".into(), opaque: kept("openai-responses", item) }
}

fn call(id: String, tool: &str, arguments: &str) -> Item {
    Item::Call { call: CallId(id), tool: tool.into(), arguments: arguments.into(), opaque: None }
}

fn result(id: String, text: &str) -> Item {
    let (outcome, text) = (Outcome::Done, text.into());
    Item::Result { call: CallId(id), outcome, text, detail: Detail::None }
}

/// The item with this number, of this kind; results belong to what came two before.
fn item(number: usize, kind: u8) -> Item {
    let id = |number: usize| format!("call_{number}");
    match kind {
        0 => prompt("q"),
        1 => Item::User { text: "steer".into(), kind: UserKind::Steer },
        2 => Item::Note { text: "note".into() },
        3 => Item::Context { name: "c".into(), text: "c".into() },
        4 => Item::Assistant { text: "a".into(), opaque: None },
        5 => Item::Assistant {
            text: "a".into(),
            opaque: kept("openai-responses", json!({ "phase": "commentary" })),
        },
        6 => reasoning(&json!({ "encrypted_content": "gA", "status": null, "content": null })),
        7 => reasoning(&json!({ "encrypted_content": null })),
        8 => reasoning(&json!({ "content": [{ "type": "reasoning_text", "text": "hm" }] })),
        9 => Item::Thought {
            text: "hm".into(),
            opaque: kept("openai-chat", json!({ "reasoning_content": "hm" })),
        },
        10 => call(id(number), "run", "{\"command\":\"ls\"}"),
        11 => call(id(number), "functions.run 🦀", "{\"comm"),
        12 => call("x".repeat(100 + number), "run", ""),
        13 => Item::Call {
            call: CallId(id(number)),
            tool: "run".into(),
            arguments: "{\"input\":\"ls\"}".into(),
            opaque: kept(
                "openai-responses",
                json!({ "type": "custom_tool_call", "id": "ctc_1", "call_id": id(number),
                    "name": "run", "input": "ls", "status": "completed" }),
            ),
        },
        14 => result("x".repeat(100 + number.saturating_sub(2)), ""),
        _ => result(id(number.saturating_sub(2)), "r"),
    }
}

fn tools() -> Vec<Tool> {
    let open = json!({ "type": "object", "properties": { "command": { "type": "string" } } });
    let closed = json!({ "type": "object", "properties": {}, "additionalProperties": false });
    let tool = |name, parameters| Tool { name, description: "Does it.".into(), parameters };
    vec![tool("run", open), tool("screen", closed)]
}

/// Holds what both wires make of a conversation against their schemas, for every host.
fn check(items: &[Item], model: &ModelSpec, effort: Option<Effort>, verbosity: Option<Verbosity>) {
    let tools = tools();
    for (api, base_url) in WIRES.into_iter().flat_map(|api| HOSTS.map(|host| (api, host))) {
        let Some(schema) = schema_of(api) else { return };
        let service = Service {
            name: "acme".into(),
            api,
            base_url: base_url.into(),
            key: None,
            key_source: None,
        };
        for tools in [&tools[..], &[]] {
            let request = Request {
                model,
                system: "Be short.",
                tools,
                items,
                output_tokens_max: 1,
                effort,
                verbosity,
                cache_key: "s",
            };
            let mut sent = body(&service, &request);
            // What only a local server knows goes to no other.
            if base_url.starts_with("http://localhost") {
                sent.as_object_mut().unwrap().remove("chat_template_kwargs");
            }
            schema.fits(&sent);
        }
    }
}

fn model() -> ModelSpec {
    let mut model = ModelSpec::plain("m", "tiny", "acme", 8192, 1000);
    model.efforts = vec![Effort::Minimal, Effort::Low, Effort::Xhigh, Effort::Max];
    model.verbosity = true;
    model
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_was_said_the_body_is_one_that_openai_publishes(
        kinds in proptest::collection::vec(0u8..16, 0..24),
    ) {
        let mut items = vec![prompt("p")];
        items.extend(kinds.iter().enumerate().map(|(at, kind)| item(at, *kind)));
        check(&items, &model(), Some(Effort::Low), None);
    }
}

#[test]
fn a_whole_turn_with_every_effort_and_verbosity_is_a_body_that_openai_publishes() {
    let items = [
        item(0, 3),
        prompt("p"),
        item(2, 6),
        item(3, 5),
        item(4, 10),
        item(5, 10),
        item(6, 1),
        result("call_5".into(), "r"),
        result("call_4".into(), ""),
        item(9, 2),
        item(10, 6),
        item(11, 4),
    ];
    let efforts =
        [Effort::Minimal, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max];
    for effort in efforts.map(Some).into_iter().chain([None]) {
        check(&items, &model(), effort, None);
    }
    for verbosity in [Verbosity::Low, Verbosity::Medium, Verbosity::High] {
        check(&items, &model(), None, Some(verbosity));
    }
    check(&items, &ModelSpec::plain("m", "tiny", "acme", 8192, 1000), None, None);
}

#[test]
fn a_body_that_is_not_as_published_is_found() {
    let good = [
        json!({ "model": "m", "input": [{ "type": "message", "role": "user", "content": "p" }] }),
        json!({ "model": "m", "messages": [{ "role": "user", "content": "p" }] }),
    ];
    for (api, good) in WIRES.into_iter().zip(good) {
        let Some(schema) = schema_of(api) else { return };
        schema.fits(&good);
        let list = if api == Api::OpenaiChat { "messages" } else { "input" };
        for (at, value) in [
            ("/odd", json!(1)),
            ("/parallel_tool_calls", json!("yes")),
            ("/tools", json!([{ "type": "function" }])),
            (&format!("/{list}/0/role"), json!("robot")),
        ] {
            let mut bad = good.clone();
            let (parent, name) = at.rsplit_once('/').unwrap();
            bad.pointer_mut(parent).unwrap()[name] = value;
            assert!(schema.wrong(&bad).is_some(), "{api:?} {at}");
        }
    }
}

/// The data of each event that the scripted server streams, with what a request has at least.
async fn streamed(script: &str, include: &Value) -> Vec<Value> {
    let server = Server::start(Script::parse(script).unwrap()).await.unwrap();
    let body = json!({
        "model": "m", "stream": true, "store": false, "include": include,
        "input": [{ "type": "message", "role": "user", "content": "p" }],
    });
    let body = body.to_string();
    let base_url = server.base_url();
    let address = base_url.trim_start_matches("http://").trim_end_matches("/v1");
    let mut socket = TcpStream::connect(address).await.unwrap();
    // The older protocol has no chunks: the body is what comes until the end.
    let head = format!("POST /v1/responses HTTP/1.0\r\ncontent-length: {}\r\n\r\n", body.len());
    socket.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains(" 200 OK"), "{answer}");
    let (_, stream) = answer.split_once("\r\n\r\n").unwrap();
    let mut events = Vec::new();
    for event in stream.split_terminator("\n\n") {
        let (name, data) = event.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(name.strip_prefix("event: "), data["type"].as_str());
        events.push(data);
    }
    events
}

#[tokio::test]
async fn every_event_of_the_scripted_server_is_one_that_openai_publishes() {
    let Some(schema) = EVENT.as_ref() else { return };
    let whole = "thought = \"One.\\n\\nTwo, which is longer than a piece of it may be.\"\n\
                 text = \"I look at all of it, in more than one piece.\"\n\
                 calls = [{ tool = \"run\", arguments = { command = \"ls\" } }, { tool = \"run\" }]";
    let included = json!(["reasoning.encrypted_content"]);
    let cases = [
        (String::new(), "response.completed"),
        ("stop = \"length\"".into(), "response.incomplete"),
        ("stop = \"filtered\"".into(), "response.incomplete"),
        ("stop = \"refused\"".into(), "response.completed"),
        ("fault = \"error\"".into(), "response.failed"),
        ("fault = \"error\"\nafter_chunks = 0".into(), "error"),
    ];
    for (more, last) in cases {
        for include in [&included, &json!([])] {
            let events = streamed(&format!("[[reply]]\n{whole}\n{more}"), include).await;
            events.iter().for_each(|event| schema.fits(event));
            assert_eq!(events.last().unwrap()["type"], last, "{more}");
            let numbers = events.iter().map(|event| event["sequence_number"].as_u64().unwrap());
            assert!(numbers.is_sorted(), "{more}");
        }
    }
    let events = streamed(&format!("[[reply]]\n{whole}"), &included).await;
    let done = |event: &&Value| event["type"] == "response.output_item.done";
    let kinds: Vec<_> =
        events.iter().filter(done).map(|event| event["item"]["type"].clone()).collect();
    assert_eq!(kinds, ["reasoning", "message", "function_call", "function_call"]);
}

const FIVE_STEPS: &str = r#"
[[reply]]
thought = "Let me look.\n\nAll of it."
text = "I look."
calls = [{ tool = "read", arguments = { path = "main.py" } }, { tool = "run", arguments = { command = "ls" } }]
[[reply]]
thought = "Now the tests."
calls = [{ tool = "run", arguments = { command = "wc -l main.py" } }]
[[reply]]
calls = [{ tool = "edit", arguments = { path = "main.py", old = "a = 1", new = "a = 2" } }]
[[reply]]
calls = [{ tool = "odd", arguments_raw = '{"path": "x' }]
[[reply]]
thought = "That is it."
text = "It is changed."
"#;

#[test]
fn every_body_of_a_session_of_five_steps_is_one_that_openai_publishes() {
    for api in WIRES {
        let Some(schema) = schema_of(api) else { return };
        let place = Place::scripted(api.name(), FIVE_STEPS);
        let config = place.home().join("config.toml");
        let more = "efforts = [\"low\", \"high\"]\n";
        std::fs::write(&config, std::fs::read_to_string(&config).unwrap() + more).unwrap();
        place.write("main.py", "a = 1\n");
        place.commit();
        let ran = place.run(&["-p", "change a", "--mode", "auto-edit"]);
        assert_eq!(ran.code, Some(0), "{api:?}: {ran:?}");
        let requests = place.server().requests();
        assert_eq!(requests.len(), 5, "{api:?}: {ran:?}");
        let list = if api == Api::OpenaiChat { "messages" } else { "input" };
        let mut before: Vec<Value> = Vec::new();
        for request in &requests {
            assert_eq!(request.status, 200, "{api:?}");
            schema.fits(&request.body);
            let now = request.body[list].as_array().unwrap().clone();
            assert!(now.len() > before.len() && now.starts_with(&before), "{api:?}");
            before = now;
        }
        assert_eq!((place.server().mismatch(), place.server().left()), (None, 0));
    }
}
