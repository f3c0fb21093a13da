//! The client of `model` against servers that others wrote: llama.cpp's, and LiteLLM in front of it.
//!
//! Not part of the usual run; the command is in the README. `BRISK_LLAMA_SERVER` and `BRISK_LITELLM` name
//! the programs, else they are looked for on the PATH. The model is made here (`babbler`).

mod babbler;

use brisk::model::{Client, Progress, Reply, Request, Stop, Timing};
use brisk::protocol::{
    Api, Detail, Failure, Item, ModelSpec, Outcome, Secret, Service, Tool, Usage, UserKind,
};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Prompts of each kind, on each wire.
const TURNS: usize = 50;
/// Replies that a prompt may take: the babbler would call tools for ever.
const REPLIES_MAX: usize = 3;
const OUTPUT_TOKENS_MAX: u64 = 2000;
/// LiteLLM serves nobody without one; llama.cpp's server does not look at it.
const KEY: &str = "sk-of-this-test";
/// How long a server may take until it serves.
const START_MAX: Duration = Duration::from_secs(180);

/// A server's process, ended with the test.
struct Peer {
    child: Child,
    port: u16,
}

impl Peer {
    /// Starts it with `arguments`, in which PORT is a free one, and waits until `path` is served.
    fn start(program: &Path, arguments: &[&str], path: &str, log: &Path) -> Peer {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let log = std::fs::File::create(log).expect("a log");
        let arguments = arguments.iter().map(|text| text.replace("PORT", &port.to_string()));
        let child = Command::new(program)
            .args(arguments)
            // The wheel of llama.cpp keeps its libraries beside the program.
            .env("LD_LIBRARY_PATH", program.parent().expect("a folder"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("the server starts");
        let mut peer = Peer { child, port };
        let begun = Instant::now();
        while !serves(port, path) {
            let ended = peer.child.try_wait().expect("a child");
            assert!(ended.is_none(), "the server ended: {ended:?}");
            assert!(begun.elapsed() < START_MAX, "the server does not serve");
            std::thread::sleep(Duration::from_millis(50));
        }
        peer
    }

    fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn serves(port: u16, path: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    let mut answer = [0; 12];
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer.ends_with(b"200")
}

/// The program that the variable names, or the one on the PATH.
#[expect(clippy::disallowed_methods, reason = "whoever starts the test names the servers by it")]
fn program(variable: &str, name: &str) -> PathBuf {
    if let Some(path) = std::env::var_os(variable) {
        return path.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is not on the PATH; name it in {variable}"))
}

fn llama(folder: &Path, calls: f32) -> Peer {
    let model = folder.join(format!("babbler-{calls}.gguf"));
    babbler::write(&model, calls).expect("the model is written");
    let model = model.to_str().expect("a path in UTF-8");
    let arguments = [
        "-m",
        model,
        "--alias",
        "babbler",
        "--host",
        "127.0.0.1",
        "--port",
        "PORT",
        "-c",
        "131072",
        "-np",
        "1",
        "-t",
        "1",
        "--jinja",
        "--temp",
        "1",
        "--top-k",
        "0",
        "--top-p",
        "1",
        "--min-p",
        "0",
    ];
    let program = program("BRISK_LLAMA_SERVER", "llama-server");
    Peer::start(&program, &arguments, "/health", &folder.join("llama.log"))
}

/// LiteLLM in front of a server.
fn litellm(folder: &Path, behind: &Peer) -> Peer {
    let config = folder.join("litellm.yaml");
    let text = format!(
        "model_list:\n  - model_name: babbler\n    litellm_params:\n      model: openai/babbler\n      \
         api_base: {}\n      api_key: none\ngeneral_settings:\n  master_key: {KEY}\n",
        behind.base_url()
    );
    std::fs::write(&config, text).expect("a config");
    let config = config.to_str().expect("a path in UTF-8");
    let arguments =
        ["--config", config, "--host", "127.0.0.1", "--port", "PORT", "--telemetry", "False"];
    let program = program("BRISK_LITELLM", "litellm");
    Peer::start(&program, &arguments, "/health/liveliness", &folder.join("litellm.log"))
}

#[derive(Debug, Default)]
struct Tally {
    prompts: usize,
    replies: usize,
    calls: usize,
    texts: usize,
    /// Why requests were made again.
    again: Vec<String>,
    usage: Usage,
    without_usage: usize,
    failures: Vec<String>,
}

struct Talk {
    client: Client,
    service: Service,
    model: ModelSpec,
    tools: Vec<Tool>,
    items: Vec<Item>,
    tally: Tally,
}

impl Talk {
    fn new(api: Api, base_url: String, tools: Vec<Tool>) -> Self {
        let key = Some(Secret::new(KEY.into()));
        let service = Service { name: "peer".into(), api, base_url, key, key_source: None };
        Self {
            client: Client::new(Timing::default()),
            service,
            model: ModelSpec::plain("babbler", "babbler", "peer", 120_000, OUTPUT_TOKENS_MAX),
            tools,
            items: Vec::new(),
            tally: Tally::default(),
        }
    }

    async fn hold(mut self) -> Tally {
        for turn in 0..TURNS {
            self.tally.prompts += 1;
            let text = format!("prompt {turn}: say ‘something’ with \"quotes\"\nand two lines");
            self.items.push(Item::User { text, kind: UserKind::Prompt });
            for _ in 0..REPLIES_MAX {
                match self.ask().await {
                    Ok(reply) => {
                        if !self.take(reply) {
                            break;
                        }
                    }
                    Err(failure) => {
                        self.tally.failures.push(format!("turn {turn}: {failure}"));
                        break;
                    }
                }
            }
        }
        self.tally
    }

    async fn ask(&mut self) -> Result<Reply, Failure> {
        let request = Request {
            model: &self.model,
            system: "You babble.",
            tools: &self.tools,
            items: &self.items,
            output_tokens_max: OUTPUT_TOKENS_MAX,
            effort: None,
            verbosity: None,
            cache_key: "peers",
        };
        let mut said = String::new();
        let again = &mut self.tally.again;
        let mut on = |progress: Progress<'_>| match progress {
            Progress::Text(text) => said.push_str(text),
            Progress::Restart => said.clear(),
            Progress::Retry { why, .. } => again.push(why.to_owned()),
            _ => {}
        };
        let reply = self.client.stream(&self.service, &request, &mut on).await?;
        let text: String = reply
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Assistant { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(said, text, "what was shown is what was kept");
        Ok(reply)
    }

    /// Answers the calls; whether there were any.
    fn take(&mut self, reply: Reply) -> bool {
        let tally = &mut self.tally;
        tally.replies += 1;
        match reply.usage {
            Some(usage) => tally.usage += usage,
            None => tally.without_usage += 1,
        }
        let mut results = Vec::new();
        for item in &reply.items {
            match item {
                Item::Call { call, tool, arguments, .. } => {
                    tally.calls += 1;
                    let whole = serde_json::from_str::<Value>(arguments);
                    assert!(matches!(whole, Ok(Value::Object(_))), "{arguments}");
                    assert!(matches!(tool.as_str(), "run" | "read"), "{tool}");
                    results.push(Item::Result {
                        call: call.clone(),
                        outcome: Outcome::Done,
                        text: format!("{tool}: no such file ‘x’\n"),
                        detail: Detail::None,
                    });
                }
                Item::Assistant { .. } => tally.texts += 1,
                _ => {}
            }
        }
        let expected = if results.is_empty() { Stop::Done } else { Stop::Calls };
        if reply.stop != expected {
            tally.failures.push(format!(
                "a reply with {} calls ended {:?}",
                results.len(),
                reply.stop
            ));
        }
        self.items.extend(reply.items);
        self.items.extend(results);
        expected == Stop::Calls
    }
}

fn tools() -> Vec<Tool> {
    let tool = |name, field: &str| Tool {
        name,
        description: format!("Takes a {field}."),
        parameters: json!({
            "type": "object",
            "properties": { field: { "type": "string" } },
            "required": [field],
            "additionalProperties": false,
        }),
    };
    vec![tool("run", "command"), tool("read", "path")]
}

fn wires() -> impl Iterator<Item = Api> {
    Api::ALL
        .into_iter()
        .filter(|api| matches!(api.name(), "openai-chat" | "openai-responses" | "anthropic"))
}

async fn hold_all(peer: &Peer, name: &str, tools: &[Tool]) -> Vec<(String, Tally)> {
    let mut tallies = Vec::new();
    for api in wires() {
        let name = format!("{name}, {}, {} tools", api.name(), tools.len());
        let begun = Instant::now();
        let tally = Talk::new(api, peer.base_url(), tools.to_vec()).hold().await;
        println!(
            "{name}: {} prompts, {} replies, {} texts, {} calls, {} requests again, {} without usage, {} tokens in \
             ({} of them cached), {} out, {} failures, {:.1} s",
            tally.prompts,
            tally.replies,
            tally.texts,
            tally.calls,
            tally.again.len(),
            tally.without_usage,
            tally.usage.prompt(),
            tally.usage.cached,
            tally.usage.output,
            tally.failures.len(),
            begun.elapsed().as_secs_f32(),
        );
        tally
            .failures
            .iter()
            .chain(&tally.again)
            .take(3)
            .for_each(|failure| println!("  {failure}"));
        tallies.push((name, tally));
    }
    tallies
}

fn check(tallies: &[(String, Tally)]) {
    for (name, tally) in tallies {
        assert_eq!(tally.failures, Vec::<String>::new(), "{name}");
        assert_eq!(tally.again, Vec::<String>::new(), "{name}");
        assert_eq!(tally.prompts, TURNS, "{name}");
        assert!(tally.texts > 0, "{name}: {tally:?}");
    }
}

#[tokio::test]
#[ignore = "needs llama.cpp's server: see the README"]
async fn fifty_turns_of_text_and_of_calls_on_each_wire_of_llama_cpp() {
    let folder = tempfile::tempdir().expect("a folder");
    let peer = llama(folder.path(), 0.6);
    let mut tallies = hold_all(&peer, "llama.cpp", &[]).await;
    tallies.extend(hold_all(&peer, "llama.cpp", &tools()).await);
    check(&tallies);
    assert!(tallies.iter().skip(wires().count()).all(|(_, tally)| tally.calls >= TURNS / 4));
}

#[tokio::test]
#[ignore = "needs llama.cpp's server and LiteLLM: see the README"]
async fn fifty_turns_of_text_and_of_calls_on_each_wire_of_litellm() {
    let folder = tempfile::tempdir().expect("a folder");
    let behind = llama(folder.path(), 0.6);
    let peer = litellm(folder.path(), &behind);
    let mut tallies = hold_all(&peer, "LiteLLM", &[]).await;
    tallies.extend(hold_all(&peer, "LiteLLM", &tools()).await);
    check(&tallies);
    assert!(tallies.iter().skip(wires().count()).all(|(_, tally)| tally.calls >= TURNS / 4));
}
