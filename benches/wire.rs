//! What the wire costs, as medians: `cargo bench --bench wire`.
//!
//! Streams as they are taken apart, the words that brisk itself adds before the first one is shown,
//! writing a long conversation down, and how fast an interrupt reaches the service. Nothing here is
//! a test: the machine may be busy.

use brisk::model::sse::Parser;
use brisk::model::{Client, Progress, Request, Timing, body};
use brisk::protocol::{Api, CallId, Detail, Item, ModelSpec, Outcome, Service, UserKind};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

const RUNS: usize = 21;
const ROUNDS: usize = 201;
const STREAM_BYTES: usize = 32 << 20;
/// What a network hands over at a time, and what a TLS record may hold.
const CHUNKS: [usize; 2] = [1_400, 16 << 10];
const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
const FINISH: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

fn main() {
    println!("medians of {RUNS} runs, release build, {}", std::env::consts::ARCH);
    let stream = stream();
    for chunk in CHUNKS {
        let name = format!("events, {chunk} bytes at a time");
        row(&name, rate(stream.len(), median(RUNS, || taken_apart(&stream, chunk))), "≥ 200 MB/s");
    }
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("threads");
    let whole = median(RUNS.min(7), || over_loopback(&runtime, &stream));
    row("events to a reply, over HTTP", rate(stream.len(), whole), "");
    for megabytes in [1, 2, 4] {
        let line = format!("data: \"{}\"\n\n", "x".repeat(megabytes << 20));
        let time = median(RUNS, || taken_apart(line.as_bytes(), 1_400));
        row(&format!("one line of {megabytes} MB"), ms(time), "linear");
    }
    let (raw, brisk) = first_words(&runtime);
    row("first word, a raw socket", ms(raw), "");
    row("first word, brisk", ms(brisk), "≤ 1 ms more");
    let items = conversation(1 << 20);
    for api in [Api::OpenaiChat, Api::OpenaiResponses, Api::Anthropic, Api::Gemini] {
        let (service, model) = (service(api, 9), model());
        let request = request(&model, &items);
        let time = median(RUNS, || timed(|| body(&service, &request).to_string()));
        row(&format!("1 MB written, {}", api.name()), ms(time), "once a step");
    }
    row("a client made", ms(median(RUNS, || timed(|| Client::new(Timing::default())))), "≈ 0");
    let (first, later) = with_certificates(&runtime);
    row("first request over TLS", ms(first), "5 to 12 ms");
    row("a later one", ms(later), "");
    let mut closed = interrupts(&runtime);
    closed.sort();
    row("interrupt to closed, p50", ms(closed[closed.len() / 2]), "≤ 50 ms");
    row("interrupt to closed, p99", ms(closed[closed.len() * 99 / 100]), "≤ 50 ms");
}

fn row(name: &str, figure: impl std::fmt::Display, bar: &str) {
    println!("{name:<36} {figure:>14}   {bar}");
}

fn ms(duration: Duration) -> String {
    format!("{:.3} ms", duration.as_secs_f64() * 1e3)
}

fn rate(bytes: usize, time: Duration) -> String {
    format!("{:.0} MB/s", bytes as f64 / 1e6 / time.as_secs_f64())
}

fn median(runs: usize, mut run: impl FnMut() -> Duration) -> Duration {
    run();
    let mut times: Vec<_> = (0..runs).map(|_| run()).collect();
    times.sort();
    times[runs / 2]
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let begun = Instant::now();
    std::hint::black_box(work());
    begun.elapsed()
}

/// Words as Chat Completions streams them, some 230 bytes for each.
fn stream() -> Vec<u8> {
    let mut stream = Vec::with_capacity(STREAM_BYTES + 1024);
    let words = ["fn ", "the ", "\\n    ", "Result", " = ", "\\\"quoted\\\" ", "größer "];
    for word in words.iter().cycle() {
        if stream.len() > STREAM_BYTES {
            break;
        }
        let event = format!(
            "data: {{\"id\":\"chatcmpl-C1a2b3c4d5e6f7g8h9\",\"object\":\"chat.completion.chunk\",\
             \"created\":1763740800,\"model\":\"m-2026-08-07\",\"system_fingerprint\":\"fp_1a2b3c\",\
             \"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{word}\"}},\"logprobs\":null,\
             \"finish_reason\":null}}]}}\n\n"
        );
        stream.extend_from_slice(event.as_bytes());
    }
    stream
}

fn taken_apart(stream: &[u8], chunk: usize) -> Duration {
    timed(|| {
        let mut parser = Parser::default();
        let events = stream.chunks(chunk).map(|chunk| parser.feed(chunk).expect("small events"));
        events.flatten().map(|event| event.data.len()).sum::<usize>()
    })
}

fn service(api: Api, port: u16) -> Service {
    let base_url = format!("http://127.0.0.1:{port}/v1");
    Service { name: "bench".into(), api, base_url, key: None, key_source: None }
}

fn model() -> ModelSpec {
    ModelSpec::plain("m", "m", "bench", 1_000_000, 16_000)
}

fn request<'a>(model: &'a ModelSpec, items: &'a [Item]) -> Request<'a> {
    Request {
        model,
        system: "Be short.",
        tools: &[],
        items,
        output_tokens_max: 1_000,
        effort: None,
        verbosity: None,
        cache_key: "bench",
    }
}

/// Steps of a call and a result of 4 KB.
fn conversation(bytes: usize) -> Vec<Item> {
    let mut items = vec![Item::User { text: "go".into(), kind: UserKind::Prompt }];
    let text = "error[E0308]: mismatched types\n  --> src/main.rs:1:1\n".repeat(76);
    for step in 0..bytes / text.len() {
        let call = CallId(format!("call_{step}"));
        let arguments = "{\"command\": \"cargo test\"}".to_owned();
        items.push(Item::Call { call: call.clone(), tool: "run".into(), arguments, opaque: None });
        let (outcome, detail) = (Outcome::Done, Detail::None);
        items.push(Item::Result { call, outcome, text: text.clone(), detail });
    }
    items
}

fn accept(listener: &TcpListener) -> TcpStream {
    let (mut socket, _) = listener.accept().expect("a connection");
    socket.set_nodelay(true).expect("a socket");
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    while !seen.ends_with(b"}") && !seen.ends_with(b"\r\n\r\n\n") {
        let count = socket.read(&mut buffer).expect("a request");
        seen.extend_from_slice(&buffer[..count]);
    }
    socket
}

fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    (listener, port)
}

fn over_loopback(runtime: &Runtime, stream: &[u8]) -> Duration {
    let (listener, port) = listen();
    let answer = [HEAD.as_bytes(), stream, FINISH.as_bytes()].concat();
    let serving = std::thread::spawn(move || {
        let mut socket = accept(&listener);
        socket.write_all(&answer).expect("it is read");
    });
    let client = Client::new(Timing::default());
    let time = timed(|| runtime.block_on(ask(&client, port, &mut |_: Progress<'_>| {})));
    serving.join().expect("it served");
    time
}

async fn ask(client: &Client, port: u16, on: &mut (impl FnMut(Progress<'_>) + Send)) {
    let (service, model) = (service(Api::OpenaiChat, port), model());
    let items = conversation(0);
    client.stream(&service, &request(&model, &items), on).await.expect("a reply");
}

/// From the server's first byte to the first word, by a socket that only reads, and by brisk.
fn first_words(runtime: &Runtime) -> (Duration, Duration) {
    let (listener, port) = listen();
    let (written, first): (Sender<Instant>, Receiver<Instant>) = channel();
    let word = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n";
    std::thread::spawn(move || {
        loop {
            let mut socket = accept(&listener);
            // Nobody waits for a client that has gone to sleep in the middle of a packet.
            std::thread::sleep(Duration::from_millis(2));
            if written.send(Instant::now()).is_err() {
                return;
            }
            let _ = socket.write_all(format!("{HEAD}{word}{FINISH}").as_bytes());
        }
    });
    let raw = median(ROUNDS, || {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        socket.write_all(b"POST / HTTP/1.1\r\n\r\n\n").expect("it listens");
        let read = socket.read(&mut [0; 4096]).expect("an answer");
        let came = Instant::now();
        assert!(read > 0);
        came - first.recv().expect("it was written")
    });
    let client = Client::new(Timing::default());
    let brisk = median(ROUNDS, || {
        let mut came = None;
        let mut on = |progress: Progress<'_>| {
            if matches!(progress, Progress::Text(_)) {
                came.get_or_insert_with(Instant::now);
            }
        };
        runtime.block_on(ask(&client, port, &mut on));
        came.expect("a word") - first.recv().expect("it was written")
    });
    (raw, brisk)
}

/// Requests over TLS to where nobody listens: what the first one loads, the later ones have.
fn with_certificates(runtime: &Runtime) -> (Duration, Duration) {
    let timing = Timing { backoff: Duration::ZERO, ..Timing::default() };
    let mut service = service(Api::OpenaiChat, 9);
    service.base_url = "https://127.0.0.1:1/v1".to_owned();
    let (model, items) = (model(), conversation(0));
    let refused = |client: &Client| {
        timed(|| {
            let request = request(&model, &items);
            let mut on = |_: Progress<'_>| {};
            runtime.block_on(client.stream(&service, &request, &mut on)).expect_err("nobody")
        })
    };
    let first = median(RUNS, || refused(&Client::new(timing)));
    let client = Client::new(timing);
    (first, median(RUNS, || refused(&client)))
}

/// From the end of the task that reads a reply to the end of its connection, as the server sees it.
fn interrupts(runtime: &Runtime) -> Vec<Duration> {
    let (listener, port) = listen();
    let (closed, ended): (Sender<Instant>, Receiver<Instant>) = channel();
    std::thread::spawn(move || {
        loop {
            let mut socket = accept(&listener);
            let word = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n";
            let _ = socket.write_all(format!("{HEAD}{word}").as_bytes());
            while socket.read(&mut [0; 64]).is_ok_and(|count| count > 0) {}
            if closed.send(Instant::now()).is_err() {
                return;
            }
        }
    });
    let client = std::sync::Arc::new(Client::new(Timing::default()));
    let interrupt = || {
        let (spoke, word) = channel();
        let client = std::sync::Arc::clone(&client);
        let task = runtime.spawn(async move {
            let mut on = |progress: Progress<'_>| {
                if matches!(progress, Progress::Text(_)) {
                    let _ = spoke.send(());
                }
            };
            ask(&client, port, &mut on).await;
        });
        word.recv().expect("a word");
        let at = Instant::now();
        task.abort();
        ended.recv().expect("an end").saturating_duration_since(at)
    };
    (0..ROUNDS).map(|_| interrupt()).collect()
}
