//! The client of `model` against servers with habits that no script has: raw bytes over loopback.

use brisk::model::{Client, Progress, Reply, Request, Stop, Timing};
use brisk::protocol::{Api, Failure, FailureKind, Item, ModelSpec, Service, UserKind};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const CHUNK: &str =
    "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}]}\n\n";
const FINISH: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

/// What the server does after what it has to say.
#[derive(Clone, Copy)]
enum After {
    Close,
    Hold,
}

/// Answers each connection with the next of these, and what it asked with is dropped.
async fn ask(
    api: Api,
    answers: &[String],
    after: After,
    timing: Timing,
) -> (Result<Reply, Failure>, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base_url = format!("http://{}/v1", listener.local_addr().expect("its address"));
    let mut served = 0;
    let serving = async {
        let mut held = Vec::new();
        loop {
            let (mut socket, _) = listener.accept().await.expect("a connection");
            let mut request = Vec::new();
            // The body ends with the bracket of its messages.
            while !request.ends_with(b"}]}") {
                let read = socket.read_buf(&mut request).await.expect("a request");
                assert!(read > 0, "the request broke off");
            }
            let answer = &answers[served.min(answers.len() - 1)];
            served += 1;
            socket.write_all(answer.as_bytes()).await.expect("the answer");
            match after {
                After::Close => drop(socket),
                After::Hold => held.push(socket),
            }
        }
    };
    let service = Service { name: "acme".into(), api, base_url, key: None, key_source: None };
    let reply = tokio::select! {
        () = serving => panic!("the server ended"),
        reply = talk(&service, timing) => reply,
    };
    (reply, served)
}

async fn talk(service: &Service, timing: Timing) -> Result<Reply, Failure> {
    let model = ModelSpec::plain("m", "tiny", "acme", 8192, 1000);
    let request = Request {
        model: &model,
        system: "",
        tools: &[],
        items: &[Item::User { text: "p".into(), kind: UserKind::Prompt }],
        output_tokens_max: 1000,
        effort: None,
        verbosity: None,
        cache_key: "",
    };
    Client::new(timing).stream(service, &request, &mut |_: Progress<'_>| {}).await
}

fn quick() -> Timing {
    Timing {
        backoff: Duration::from_millis(1),
        idle: Duration::from_millis(100),
        ..Timing::default()
    }
}

/// A response that ends with the connection.
fn response(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n{body}")
}

fn text(reply: &Reply) -> String {
    let text = |item: &Item| match item {
        Item::Assistant { text, .. } => Some(text.clone()),
        _ => None,
    };
    reply.items.iter().filter_map(text).collect()
}

#[tokio::test]
async fn a_stream_needs_neither_its_header_nor_its_last_word() {
    let stream = format!(": hello\n\n{CHUNK}{FINISH}");
    for head in ["200 OK", "200 OK\r\ncontent-type: text/plain"] {
        let answer = response(head, &stream);
        let (reply, served) = ask(Api::OpenaiChat, &[answer], After::Close, quick()).await;
        let reply = reply.expect("a reply");
        assert_eq!((text(&reply).as_str(), reply.stop, served), ("Hi", Stop::Done, 1), "{head}");
    }
}

#[tokio::test]
async fn a_connection_that_stays_open_after_the_end_holds_nothing_up() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    for end in ["", "data: [DONE]\n\n"] {
        let answer = format!("{head}{CHUNK}{FINISH}{end}");
        let start = Instant::now();
        let (reply, _) = ask(Api::OpenaiChat, &[answer], After::Hold, quick()).await;
        assert_eq!(text(&reply.expect("a reply")), "Hi");
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_end_breaks_nothing() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9999\r\n\r\n";
    let answer = format!("{head}{CHUNK}{FINISH}");
    let (reply, served) = ask(Api::OpenaiChat, &[answer], After::Close, quick()).await;
    assert_eq!((text(&reply.expect("a reply")).as_str(), served), ("Hi", 1));
}

#[tokio::test]
async fn a_stream_that_ends_early_and_in_order_is_asked_for_again() {
    let head = "200 OK\r\ncontent-type: text/event-stream";
    let answers = [response(head, CHUNK), response(head, &format!("{CHUNK}{FINISH}"))];
    let (reply, served) = ask(Api::OpenaiChat, &answers, After::Close, quick()).await;
    assert_eq!((text(&reply.expect("a reply")).as_str(), served), ("Hi", 2));
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood() {
    let chat = r#"{"choices":[{"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#;
    let messages = r#"{"type":"message","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":1}}"#;
    for (api, body) in [(Api::OpenaiChat, chat), (Api::Anthropic, messages)] {
        let answer = response("200 OK\r\ncontent-type: application/json", body);
        let (reply, _) = ask(api, &[answer], After::Close, quick()).await;
        let reply = reply.expect("a reply");
        let usage = reply.usage.expect("usage");
        assert_eq!((text(&reply).as_str(), usage.input, usage.output), ("Hi", 3, 1), "{api:?}");
    }
}

#[tokio::test]
async fn an_error_under_a_good_status_is_an_error() {
    let body = r#"{"error":{"message":"No endpoints found","code":404}}"#;
    for api in [Api::OpenaiChat, Api::Anthropic] {
        let answer = response("200 OK\r\ncontent-type: application/json", body);
        let (reply, served) = ask(api, &[answer], After::Close, quick()).await;
        let failure = reply.expect_err("a failure");
        assert_eq!((failure.kind, served), (FailureKind::Config, 1));
        assert!(failure.message.contains("No endpoints found"), "{failure}");
    }
}

#[tokio::test]
async fn what_is_json_but_no_reply_is_shown() {
    let answer = response("200 OK\r\ncontent-type: application/json", "{\"hello\": 1}");
    for api in [Api::OpenaiChat, Api::Anthropic] {
        let (reply, _) = ask(api, std::slice::from_ref(&answer), After::Close, quick()).await;
        let failure = reply.expect_err("a failure");
        assert!(failure.message.contains("no reply of a model: {\"hello\":1}"), "{failure}");
    }
}

#[tokio::test]
async fn the_headers_of_a_refusal_are_obeyed() {
    let good = response("200 OK\r\ncontent-type: text/event-stream", &format!("{CHUNK}{FINISH}"));
    let again = response("400 Bad Request\r\nx-should-retry: true\r\nretry-after-ms: 150", "{}");
    let start = Instant::now();
    let (reply, served) = ask(Api::OpenaiChat, &[again, good], After::Close, quick()).await;
    assert_eq!((text(&reply.expect("a reply")).as_str(), served), ("Hi", 2));
    assert!(start.elapsed() >= Duration::from_millis(150));

    let never = response("500 Oops\r\nx-should-retry: false", "<html>\u{1b}[31mno</html>");
    let (reply, served) = ask(Api::OpenaiChat, &[never], After::Close, quick()).await;
    let failure = reply.expect_err("a failure");
    assert_eq!(served, 1);
    assert_eq!(failure.message, "acme failed (500): <html> [31mno</html>");
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_a_key() {
    let answer = response("307 Temporary Redirect\r\nlocation: http://127.0.0.1:9/v1", "");
    let (reply, served) = ask(Api::OpenaiChat, &[answer], After::Close, quick()).await;
    let failure = reply.expect_err("a failure");
    assert_eq!((failure.kind, served), (FailureKind::Config, 1));
    assert!(failure.message.contains("redirects elsewhere (307)"), "{failure}");
}

#[tokio::test]
async fn a_call_that_its_own_service_cannot_read_is_asked_for_once_more() {
    let body = r#"{"error":{"message":"Failed to call a function.","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"<function=run"}}"#;
    let bad = response("400 Bad Request\r\ncontent-type: application/json", body);
    let good = response("200 OK\r\ncontent-type: text/event-stream", &format!("{CHUNK}{FINISH}"));
    let (reply, served) = ask(Api::OpenaiChat, &[bad.clone(), good], After::Close, quick()).await;
    assert_eq!((text(&reply.expect("a reply")).as_str(), served), ("Hi", 2));
    let (reply, _) = ask(Api::OpenaiChat, &[bad], After::Close, quick()).await;
    let failure = reply.expect_err("a failure");
    let expected = "the model of acme made a call that cannot be read: Failed to call a function.";
    assert!(failure.message.starts_with(expected), "{failure}");
}
