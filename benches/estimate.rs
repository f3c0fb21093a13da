//! How far estimates of tokens are off: `cargo bench --bench estimate`.
//!
//! Each kind of text against its count in the vocabulary o200k: before the first figure of a service,
//! and after the figures of one conversation that holds a little of everything. Below that the
//! conversation itself, request by request, where each figure corrects the next estimate. It times
//! nothing: `--profile dev` says the same. The margin of 5 % is part of every estimate.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use brisk::model::{Estimator, Request, body};
use brisk::protocol::{Api, CallId, Detail, Item, ModelSpec, Outcome, Service, Usage, UserKind};
use brisk::scripted::count_tokens;
use std::path::Path;

const README: &str = include_str!("../README.md");
const TURN: &str = include_str!("../src/agent/turn.rs");
const CHINESE: &str = "终端里的结对程序员:左边是对话,右边是一个真正的共享终端。模型提出修改之后,\
    用户逐块查看差异,接受其中一部分,或者写下意见让它重做。每个请求发出之前都会估算令牌数量,\
    超出预算的请求不会发送。如果服务给出了准确的数字,下一次估算就会更接近实际情况。\
    这段文字只是为了测量估算的误差,没有别的用途。";
const JAPANESE: &str = "端末の中で動くペアプログラマーです。左側で会話し、右側には本物の共有ターミナルが\
    あります。モデルが提案した変更は差分として表示され、ひとつずつ受け入れたり、コメントを付けて\
    断ったりできます。リクエストを送る前にトークン数を見積もり、予算を超えるものは送信しません。\
    サービスが正確な値を返すと、次の見積もりはそれに合わせて直されます。";
/// Characters of each text that go into the conversation.
const PIECE_CHARS: usize = 3_000;
/// How many of the texts a conversation usually holds.
const IN_CONVERSATION: usize = 4;
/// Bytes of noise that are written in base64.
const NOISE_BYTES: usize = 6_000;

fn main() {
    let sources = sources();
    let rust: String = sources.iter().map(|(_, text)| text.as_str()).collect();
    let shell = shell(&sources);
    let texts = [
        ("Rust, this repository's", rust),
        ("prose, the README", README.to_owned()),
        ("JSON, a request's body", json()),
        ("a shell session with paths", shell),
        ("base64", STANDARD.encode(noise())),
        ("digits", noise().iter().map(|byte| format!("{byte:03}")).collect()),
        ("Chinese", CHINESE.to_owned()),
        ("Japanese", JAPANESE.to_owned()),
    ];
    let first = Estimator::new();
    let (learnt, steps) = converse(&texts[..IN_CONVERSATION]);
    println!(
        "{:<28} {:>9} {:>8} {:>8} {:>8} {:>8}",
        "", "bytes", "tokens", "b/token", "before", "after"
    );
    for (name, text) in &texts {
        let tokens = count_tokens(text);
        println!(
            "{name:<28} {:>9} {tokens:>8} {:>8.2} {:>8} {:>8}",
            text.len(),
            text.len() as f64 / tokens as f64,
            error(first.text(text), tokens),
            error(learnt.text(text), tokens),
        );
    }
    println!("\nthe conversation, request by request (its first estimate is before any figure)");
    for (number, (estimate, tokens)) in steps.iter().enumerate() {
        println!("{:>4} {tokens:>8} tokens {:>8}", number + 1, error(*estimate, *tokens));
    }
}

/// `+12 %`: so much too large.
fn error(estimate: u64, tokens: u64) -> String {
    format!("{:+.0} %", (estimate as f64 / tokens as f64 - 1.0) * 100.0)
}

/// What is learnt of a conversation, and each request's estimate beside its count.
fn converse(texts: &[(&str, String)]) -> (Estimator, Vec<(u64, u64)>) {
    let model = model();
    let (mut estimator, mut items, mut steps) = (Estimator::new(), Vec::new(), Vec::new());
    let mut tokens = count_tokens(TURN);
    for round in 0..3 {
        for (_, text) in texts {
            let piece = piece(text, round * PIECE_CHARS);
            tokens += count_tokens(&piece);
            items.push(Item::User { text: piece, kind: UserKind::Prompt });
            let request = Request { system: TURN, ..request(&model, &items) };
            steps.push((estimator.request(&request), tokens));
            let usage = Usage { input: tokens, ..Usage::default() };
            estimator.calibrate(Estimator::bytes(&request), &usage);
        }
    }
    (estimator, steps)
}

/// Some characters of a text, from about here on.
fn piece(text: &str, from: usize) -> String {
    text.chars()
        .skip(from % text.len().saturating_sub(PIECE_CHARS).max(1))
        .take(PIECE_CHARS)
        .collect()
}

fn model() -> ModelSpec {
    ModelSpec::plain("m", "m", "s", 1_000_000, 16_000)
}

fn request<'a>(model: &'a ModelSpec, items: &'a [Item]) -> Request<'a> {
    Request {
        model,
        system: "",
        tools: &[],
        items,
        output_tokens_max: 16_000,
        effort: None,
        verbosity: None,
        cache_key: "bench",
    }
}

/// This repository's sources with their paths, in order.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("src")];
    let mut sources = Vec::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).expect("a folder");
            files.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).expect("it is below").display().to_string();
            sources.push((name, std::fs::read_to_string(&path).expect("a source")));
        }
    }
    sources.sort();
    sources
}

/// What a search and a listing would show.
fn shell(sources: &[(String, String)]) -> String {
    let mut out = "~/code/brisk$ grep -rn 'fn new' src\n".to_owned();
    for (path, text) in sources {
        for (number, line) in text.lines().enumerate().filter(|(_, line)| line.contains("fn new")) {
            out += &format!("{path}:{}:{line}\n", number + 1);
        }
    }
    out += "~/code/brisk$ find src -name '*.rs' | xargs ls -l\n";
    for (path, text) in sources {
        out += &format!("-rw-r--r-- 1 dev dev {:>6} Nov 21 14:03 {path}\n", text.len());
    }
    out
}

/// The body of a conversation in which files were read.
fn json() -> String {
    let mut items = vec![Item::User { text: "fix the turn".into(), kind: UserKind::Prompt }];
    for number in 0..6 {
        let call = CallId(format!("call_{number}"));
        items.push(Item::Call {
            call: call.clone(),
            tool: "run".into(),
            arguments: format!("{{\"command\":\"sed -n {number}00,+60p src/agent/turn.rs\"}}"),
            opaque: None,
        });
        items.push(Item::Result {
            call,
            text: piece(TURN, number * 1_000),
            detail: Detail::None,
            outcome: Outcome::Done,
        });
    }
    let service = Service {
        name: "s".into(),
        api: Api::OpenaiChat,
        base_url: "http://127.0.0.1:9/v1".into(),
        key: None,
        key_source: None,
    };
    body(&service, &request(&model(), &items)).to_string()
}

/// The same bytes each time, without any order that a vocabulary knows.
fn noise() -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    (0..NOISE_BYTES).map(|_| random.u8(..)).collect()
}
