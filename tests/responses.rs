//! OpenAI's Responses over real HTTP, byte by byte: what a server says, and what it then hears.

use brisk::model::{Client, Progress, Reply, Request, Stop, Timing};
use brisk::protocol::{
    Api, CallId, Detail, Effort, Failure, Item, ModelSpec, Outcome, Secret, Service, Tool, UserKind,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// With keys in no order that anybody would choose, and one that nobody knows.
const REASONING: &str = "{\"summary\":[{\"text\":\"über \\\"x\\\" \\\\ 🦀\\n\",\"type\":\"summary_text\"}],\
                         \"zeta\":[1,{\"b\":null,\"a\":true}],\"encrypted_content\":\"gAAAA+/=_-\",\
                         \"type\":\"reasoning\",\"id\":\"rs_0\",\"status\":\"completed\"}";

/// A response that ends with its connection, and so, where nothing ends it before, is cut off.
fn stream(events: &[String]) -> String {
    let events: String = events.iter().map(|data| format!("data: {data}\n\n")).collect();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{events}"
    )
}

fn call(index: usize, id: &str, arguments: &str) -> [String; 3] {
    let item = |arguments: &str| {
        json!({ "id": format!("fc_{index}"), "type": "function_call", "name": "run",
            "call_id": id, "arguments": arguments })
    };
    let event = |kind: &str, fields: Value| {
        let mut fields = fields;
        fields["type"] = format!("response.{kind}").into();
        fields["output_index"] = index.into();
        fields.to_string()
    };
    [
        event("output_item.added", json!({ "item": item("") })),
        event("function_call_arguments.delta", json!({ "delta": arguments })),
        event("output_item.done", json!({ "item": item(arguments) })),
    ]
}

fn completed() -> String {
    json!({ "type": "response.completed", "response": { "status": "completed", "usage": {
        "input_tokens": 100, "input_tokens_details": { "cached_tokens": 64, "cache_write_tokens": 6 },
        "output_tokens": 20, "output_tokens_details": { "reasoning_tokens": 12 } } } })
    .to_string()
}

/// Answers one connection after another, and keeps what it was asked.
struct Scene {
    listener: TcpListener,
    answers: Vec<String>,
    asked: Vec<String>,
}

impl Scene {
    async fn new(answers: &[String]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let answers = answers.iter().rev().cloned().collect();
        Self { listener, answers, asked: Vec::new() }
    }

    async fn serve(&mut self) {
        loop {
            let (mut socket, _) = self.listener.accept().await.expect("a connection");
            let mut request = Vec::new();
            let body = loop {
                let read = socket.read_buf(&mut request).await.expect("a request");
                assert!(read > 0, "the request broke off");
                let text = String::from_utf8_lossy(&request);
                // The list of items stands last.
                let whole = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
                if let Some(body) = whole.filter(|body| serde_json::from_str::<Value>(body).is_ok())
                {
                    break body;
                }
            };
            self.asked.push(body);
            let answer = self.answers.pop().expect("an answer for each request");
            socket.write_all(answer.as_bytes()).await.expect("the answer");
        }
    }

    async fn ask(&mut self, items: &[Item], log: &mut Vec<String>) -> Result<Reply, Failure> {
        let service = Service {
            name: "acme".into(),
            api: Api::OpenaiResponses,
            base_url: format!("http://{}/v1", self.listener.local_addr().expect("an address")),
            key: Some(Secret::new("sk-very-secret-key".into())),
            key_source: None,
        };
        let mut model = ModelSpec::plain("m", "tiny", "acme", 8192, 1000);
        model.efforts = vec![Effort::Low, Effort::High];
        let tools = [Tool {
            name: "run",
            description: "Runs a command.".into(),
            parameters: json!({ "type": "object", "properties": { "command": { "type": "string" } } }),
        }];
        let request = Request {
            model: &model,
            system: "Be short.",
            tools: &tools,
            items,
            output_tokens_max: 1000,
            effort: Some(Effort::High),
            verbosity: None,
            cache_key: "s",
        };
        let timing = Timing { backoff: Duration::from_millis(1), ..Timing::default() };
        let client = Client::new(timing);
        let mut on = |progress: Progress<'_>| match progress {
            Progress::Restart => log.push("restart".into()),
            Progress::Retry { attempt, .. } => log.push(format!("retry {attempt}")),
            _ => {}
        };
        tokio::select! {
            () = self.serve() => panic!("the server ended"),
            reply = client.stream(&service, &request, &mut on) => reply,
        }
    }
}

fn prompt() -> Item {
    Item::User { text: "p".into(), kind: UserKind::Prompt }
}

fn result(call: &str, text: &str) -> Item {
    let (call, outcome, text) = (CallId(call.into()), Outcome::Done, text.into());
    Item::Result { call, outcome, text, detail: Detail::None }
}

fn calls(reply: &Reply) -> Vec<String> {
    let short = |item: &Item| match item {
        Item::Call { call, arguments, .. } => Some(format!("{}: {arguments}", call.0)),
        _ => None,
    };
    reply.items.iter().filter_map(short).collect()
}

#[tokio::test]
async fn a_turn_with_parallel_calls_goes_back_in_its_order_with_its_reasoning_to_the_byte() {
    let done = "{\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":";
    let mut first = vec![format!("{done}{REASONING}}}")];
    first.extend(call(1, "call_a", "{\"command\":\"ls\"}"));
    first.extend(call(2, "call_b", "{\"command\": \"pwd\"}"));
    first.push(completed());
    let mut scene = Scene::new(&[stream(&first), stream(&[completed()])]).await;
    let mut items = vec![prompt()];
    let reply = scene.ask(&items, &mut Vec::new()).await.expect("a reply");
    assert_eq!(reply.stop, Stop::Calls);
    assert_eq!(calls(&reply), ["call_a: {\"command\":\"ls\"}", "call_b: {\"command\": \"pwd\"}"]);
    let usage = reply.usage.expect("usage");
    assert_eq!((usage.input, usage.cached, usage.cache_write), (30, 64, 6));
    assert_eq!((usage.output, usage.reasoning), (20, 12));

    items.extend(reply.items);
    items.extend([result("call_b", "/home"), result("call_a", "a.rs")]);
    scene.ask(&items, &mut Vec::new()).await.expect("a reply");
    let again = &scene.asked[1];
    let expected = format!(
        "\"input\":[{{\"type\":\"message\",\"role\":\"user\",\"content\":\"p\"}},{REASONING},\
         {{\"type\":\"function_call\",\"call_id\":\"call_a\",\"name\":\"run\",\
         \"arguments\":\"{{\\\"command\\\":\\\"ls\\\"}}\"}},\
         {{\"type\":\"function_call\",\"call_id\":\"call_b\",\"name\":\"run\",\
         \"arguments\":\"{{\\\"command\\\": \\\"pwd\\\"}}\"}},\
         {{\"type\":\"function_call_output\",\"call_id\":\"call_a\",\"output\":\"a.rs\"}},\
         {{\"type\":\"function_call_output\",\"call_id\":\"call_b\",\"output\":\"/home\"}}]}}"
    );
    assert!(again.ends_with(&expected), "{again}\nis not\n{expected}");
    let (before, _) = scene.asked[0].split_at(scene.asked[0].len() - "]}".len());
    assert!(again.starts_with(before), "the first request is the start of the second");
    let sent: Value = serde_json::from_str(again).expect("JSON");
    assert_eq!(sent["reasoning"], json!({ "summary": "auto", "effort": "high" }));
    assert_eq!(sent["store"], false);
}

#[tokio::test]
async fn a_stream_that_is_cut_within_a_call_is_asked_for_again_and_runs_nothing_of_it() {
    let [begin, half, _] = call(0, "call_a", "{\"command\":\"rm -rf");
    let cut = stream(&[begin, half]);
    let mut whole: Vec<_> = call(0, "call_b", "{\"command\":\"ls\"}").into();
    // A finished call is none either, as long as the reply is not over.
    let unended = stream(&whole);
    whole.push(completed());
    let mut scene = Scene::new(&[cut, unended, stream(&whole)]).await;
    let mut log = Vec::new();
    let reply = scene.ask(&[prompt()], &mut log).await.expect("a reply");
    assert_eq!(calls(&reply), ["call_b: {\"command\":\"ls\"}"]);
    assert_eq!((reply.requests, reply.usage.map(|usage| usage.output)), (3, Some(20)));
    assert_eq!(log, ["restart", "retry 2", "restart", "retry 3"]);
    assert!(scene.asked.iter().all(|body| *body == scene.asked[0]));
}

#[tokio::test]
async fn a_response_that_failed_is_asked_for_again_where_that_may_help() {
    let failed = |code: &str| {
        let error = json!({ "code": code, "message": "It went wrong." });
        stream(&[json!({ "type": "response.failed", "response": { "error": error } }).to_string()])
    };
    let flat = json!({ "type": "error", "code": "rate_limit_exceeded", "message": "Slow down.",
        "param": null, "sequence_number": 0 });
    let good = stream(&[completed()]);
    let answers = [failed("server_error"), stream(&[flat.to_string()]), good];
    let mut scene = Scene::new(&answers).await;
    let reply = scene.ask(&[prompt()], &mut Vec::new()).await.expect("a reply");
    assert_eq!((reply.stop, reply.requests), (Stop::Done, 3));

    for code in ["invalid_prompt", "bio_policy"] {
        let mut scene = Scene::new(&[failed(code)]).await;
        let failure = scene.ask(&[prompt()], &mut Vec::new()).await.expect_err("a failure");
        assert_eq!(scene.asked.len(), 1, "{code}");
        assert!(failure.message.contains("It went wrong."), "{failure}");
    }
}
