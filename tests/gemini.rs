//! The Gemini wire, over real HTTP: against the strict scripted server, and against raw bytes for
//! the habits that no script has.

use brisk::model::{Client, Progress, Reply, Request, Stop, Timing};
use brisk::protocol::{
    Api, CallId, Detail, Effort, Excess, Failure, FailureKind, Item, ModelSpec, Opaque, Outcome,
    Secret, Service, Thinking, Tool, UserKind,
};
use brisk::scripted::{Script, Server};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn quick() -> Timing {
    Timing {
        backoff: Duration::from_millis(1),
        backoff_max: Duration::from_millis(2),
        ..Timing::default()
    }
}

/// Who asks, and what was said while the replies came, in order.
struct Asker {
    service: Service,
    model: ModelSpec,
    tools: Vec<Tool>,
    effort: Option<Effort>,
    client: Client,
    log: Vec<String>,
    text: String,
}

impl Asker {
    fn of(base_url: String) -> Asker {
        let service = Service {
            name: "acme".into(),
            api: Api::Gemini,
            base_url,
            key: Some(Secret::new("AIza-very-secret-key".into())),
            key_source: Some("GEMINI_API_KEY".into()),
        };
        let mut model = ModelSpec::plain("m", "tiny", "acme", 8192, 1000);
        model.thinking = Thinking::Level;
        model.efforts = vec![Effort::Low, Effort::High];
        let tools = vec![Tool {
            name: "run",
            description: "Runs a command.".into(),
            parameters: json!({ "type": "object", "properties": { "command": { "type": "string" } } }),
        }];
        let (log, text) = (Vec::new(), String::new());
        let client = Client::new(quick());
        Asker { service, model, tools, effort: Some(Effort::Low), client, log, text }
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
                Progress::Arguments { tool, bytes } => format!("{bytes} bytes for {tool}"),
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
        (failure.kind, format!("{} [{}]", failure.message, failure.hint.unwrap_or_default()))
    }
}

async fn scripted(script: &str) -> (Server, Asker) {
    let script = Script::parse(script).expect("a script");
    let server = Server::start(script).await.expect("a server");
    // The real service's base address ends so.
    let base_url = server.base_url().replace("/v1", "/v1beta");
    (server, Asker::of(base_url))
}

fn prompt(text: &str) -> Item {
    Item::User { text: text.into(), kind: UserKind::Prompt }
}

fn result(call: &CallId, outcome: Outcome, text: &str) -> Item {
    Item::Result { call: call.clone(), outcome, text: text.into(), detail: Detail::None }
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
async fn a_tool_loop_with_thoughts_signatures_and_parallel_calls_goes_through() {
    let (server, mut asker) = scripted(
        r#"
        key = "AIza-very-secret-key"
        models = ["tiny"]
        [[reply]]
        expect = ["Be short.", "fix it", "Runs a command."]
        thought = "Let me see what there is, before anything else is done. 🦀"
        text = "I look, and I look again."
        calls = [{ tool = "run", arguments = { command = "ls" } }, { tool = "run", arguments_raw = '{"z": 1, "a": 2}' }]
        [[reply]]
        expect_new = ["a.rs", "no such thing"]
        calls = [{ tool = "run" }, { tool = "run" }]
        [[reply]]
        thought = "Fine."
        text = "Done."
        [[reply]]
        text = "Yes."
    "#,
    )
    .await;
    let mut items = vec![prompt("fix it")];
    let first = asker.ask(&items).await.expect("a reply");
    assert_eq!((first.stop.clone(), first.requests), (Stop::Calls, 1));
    assert_eq!(asker.log, ["thought", "text", "16 bytes for run", "13 bytes for run"]);
    let Item::Thought { text, .. } = &first.items[0] else { panic!("{first:?}") };
    assert_eq!(text, "Let me see what there is, before anything else is done. 🦀");
    assert_eq!(texts(&first), "I look, and I look again.");
    let made = calls(&first);
    let arguments: Vec<_> = made.iter().map(|(_, arguments)| arguments.as_str()).collect();
    assert_eq!(arguments, ["{\"command\":\"ls\"}", "{\"z\":1,\"a\":2}"]);
    let usage = first.usage.expect("usage");
    assert!(usage.cached == 0 && usage.reasoning > 5 && usage.output > usage.reasoning);

    items.extend(first.items.clone());
    items.extend([
        result(&made[1].0, Outcome::Failed, "no such thing"),
        result(&made[0].0, Outcome::Done, "a.rs"),
    ]);
    let second = asker.ask(&items).await.expect("a reply");
    assert_eq!(second.usage.expect("usage").cached, usage.input, "the first prompt is the start");
    let made = calls(&second);
    assert_ne!(made[0].0, made[1].0, "calls without an id get one");
    items.extend(second.items.clone());
    items.extend([
        result(&made[0].0, Outcome::Done, "one"),
        result(&made[1].0, Outcome::Done, "two"),
    ]);
    let third = asker.ask(&items).await.expect("a reply");
    assert_eq!((third.stop.clone(), texts(&third)), (Stop::Done, "Done.".into()));
    items.extend(third.items);
    items.push(prompt("sure?"));
    asker.ask(&items).await.expect("a reply");
    assert_eq!((server.mismatch(), server.left()), (None, 0));

    let requests = server.requests();
    assert!(!format!("{requests:?}").contains("secret"), "a key was recorded");
    assert_eq!(requests[0].path, "/v1beta/models/tiny:streamGenerateContent?alt=sse");
    let thinking = &requests[0].body["generationConfig"]["thinkingConfig"];
    assert_eq!(thinking, &json!({ "includeThoughts": true, "thinkingLevel": "low" }));
    let contents = &requests[3].body["contents"];
    let expected = json!([
        { "text": "Let me see what there is, before anything else is done. 🦀", "thought": true },
        { "text": "I look, and I look again." },
        { "functionCall": { "id": "gemini_1_1", "name": "run", "args": { "command": "ls" } },
          "thoughtSignature": "signed-1" },
        { "functionCall": { "id": "gemini_1_2", "name": "run", "args": { "z": 1, "a": 2 } } },
    ]);
    assert_eq!(contents[1]["parts"].to_string(), expected.to_string());
    let expected = json!([
        { "functionResponse": { "id": "gemini_1_1", "name": "run", "response": { "output": "a.rs" } } },
        { "functionResponse":
            { "id": "gemini_1_2", "name": "run", "response": { "error": "no such thing" } } },
    ]);
    assert_eq!(contents[2]["parts"], expected);
    assert_eq!(contents[4]["parts"][0]["functionResponse"].get("id"), None);
    let expected = json!([
        { "text": "Fine.", "thought": true },
        { "text": "Done." },
        { "text": "", "thoughtSignature": "signed-3" },
    ]);
    assert_eq!(contents[5]["parts"].to_string(), expected.to_string());
}

#[tokio::test]
async fn a_signature_that_is_lost_or_changed_is_noticed() {
    let script = "[[reply]]\ncalls = [{ tool = \"run\" }]\n[[reply]]\ntext = \"Yes.\"";
    for (change, expected) in
        [(None, "missing a thought_signature"), (Some("forged"), "signature is not valid")]
    {
        let (_server, mut asker) = scripted(script).await;
        asker.model.thinking = Thinking::Budget;
        let mut items = vec![prompt("p")];
        items.extend(asker.ask(&items).await.expect("a reply").items);
        let Some(Item::Call { call, opaque, .. }) = items.last_mut() else { panic!("{items:?}") };
        let answer = result(call, Outcome::Done, "");
        match change {
            None => *opaque = None,
            Some(forged) => {
                opaque.as_mut().expect("kept").value["thoughtSignature"] = forged.into();
            }
        }
        items.push(answer);
        let failure = asker.ask(&items).await.expect_err("a refusal");
        assert!(failure.message.contains(expected), "{failure}");
    }
}

#[tokio::test]
async fn a_conversation_of_another_model_goes_on_with_this_one() {
    let (server, mut asker) = scripted("[[reply]]\ntext = \"Yes.\"").await;
    let foreign = |value: Value| {
        Some(Opaque { service: None, dialect: "anthropic".into(), model: "claude".into(), value })
    };
    let call = |id: &str| Item::Call {
        call: CallId(id.into()),
        tool: "run".into(),
        arguments: "{}".into(),
        opaque: None,
    };
    let thought = json!({ "type": "thinking", "thinking": "hm", "signature": "s" });
    let items = [
        prompt("p"),
        Item::Thought { text: "hm".into(), opaque: foreign(thought) },
        call("toolu_1"),
        call("toolu_2"),
        result(&CallId("toolu_2".into()), Outcome::Done, "two"),
        result(&CallId("toolu_1".into()), Outcome::Done, "one"),
    ];
    let reply = asker.ask(&items).await.expect("a reply");
    assert_eq!((texts(&reply).as_str(), server.mismatch()), ("Yes.", None));
    let sent = server.requests()[0].body["contents"].to_string();
    assert_eq!(sent.matches("skip_thought_signature_validator").count(), 1, "{sent}");
    assert!(!sent.contains("hm") && !sent.contains("toolu"), "{sent}");
}

#[tokio::test]
async fn a_stream_that_breaks_starts_again_and_nothing_is_doubled() {
    let text = "One two three four five six seven eight nine ten eleven twelve.";
    for fault in ["cut", "error", "bad-json"] {
        let broken =
            format!("[[reply]]\ntext = \"{text}\"\nfault = \"{fault}\"\nafter_chunks = 2\n");
        let (_server, mut asker) = scripted(&format!("{broken}[[reply]]\ntext = \"{text}\"")).await;
        let reply = asker.ask(&[prompt("p")]).await.expect("a reply");
        assert_eq!((texts(&reply).as_str(), asker.text.as_str()), (text, text), "{fault}");
        assert_eq!((reply.requests, asker.log[1].as_str()), (2, "restart"), "{fault}");
    }
}

#[tokio::test]
async fn passing_trouble_is_ridden_out_and_lasting_trouble_is_told() {
    for status in ["429", "500", "503"] {
        let fault = format!("[[reply]]\nfault = \"{status}\"\n");
        let (_server, mut asker) =
            scripted(&format!("{}[[reply]]\ntext = \"Yes.\"", fault.repeat(5))).await;
        let reply = asker.ask(&[prompt("p")]).await.expect("a reply");
        assert_eq!((texts(&reply).as_str(), reply.requests), ("Yes.", 6), "{status}");
    }
    let (_server, mut asker) = scripted("[[reply]]\nfault = \"overflow\"").await;
    let (kind, said) = asker.fail().await;
    let excess = Some(Excess { tokens: 44_055, window: 8192 });
    assert_eq!(kind, FailureKind::Overflow { excess });
    assert!(said.contains("44055 tokens, 8192 fit"), "{said}");
    let (_server, mut asker) = scripted("models = [\"big\"]").await;
    let (kind, said) = asker.fail().await;
    assert_eq!(kind, FailureKind::Config);
    assert!(said.starts_with("acme knows no model tiny"), "{said}");
}

#[tokio::test]
async fn the_wait_that_stands_beside_the_error_is_kept() {
    let script = "[[reply]]\nfault = \"429\"\nretry_after = 0.2\n[[reply]]\ntext = \"Yes.\"";
    let (_server, mut asker) = scripted(script).await;
    let start = Instant::now();
    asker.ask(&[prompt("p")]).await.expect("a reply");
    assert!(start.elapsed() >= Duration::from_millis(200));
    let (server, mut asker) =
        scripted("[[reply]]\nfault = \"429\"\nretry_after = 3600\nrepeat = true").await;
    let (_, said) = asker.fail().await;
    assert!(said.contains("it asks to wait 3600 s"), "{said}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_wrong_key_and_none_are_matters_of_credentials() {
    let (server, mut asker) = scripted("key = \"another\"\n[[reply]]\ntext = \"a\"").await;
    let (kind, said) = asker.fail().await;
    assert_eq!((kind, server.requests().len()), (FailureKind::Credentials, 1));
    assert!(said.contains("refused the key (400)") && said.contains("GEMINI_API_KEY"), "{said}");
    asker.service.key = None;
    let (kind, said) = asker.fail().await;
    assert_eq!(kind, FailureKind::Credentials);
    assert!(said.contains("wants a key") && said.contains("set GEMINI_API_KEY"), "{said}");
}

#[tokio::test]
async fn a_malformed_call_is_asked_for_once_more() {
    let broken = "[[reply]]\ntext = \"I \"\ncalls = [{ tool = \"run\", arguments_raw = \"{\" }]\n";
    let (_server, mut asker) = scripted(&format!("{broken}[[reply]]\ntext = \"Yes.\"")).await;
    let reply = asker.ask(&[prompt("p")]).await.expect("a reply");
    assert_eq!((texts(&reply).as_str(), asker.text.as_str()), ("Yes.", "Yes."));
    assert_eq!(asker.log, ["text", "restart", "retry 2 of 2", "text"]);
    let (_server, mut asker) = scripted(&broken.repeat(2)).await;
    let (_, said) = asker.fail().await;
    assert!(said.contains("a call that cannot be read: Malformed function call: run({)"), "{said}");
}

#[tokio::test]
async fn ends_are_told_apart() {
    for (stop, expected) in [
        ("refused", Stop::Refused(Some("the prompt was blocked: I will not.".into()))),
        ("filtered", Stop::Filtered),
        ("length", Stop::Length),
        ("done", Stop::Done),
    ] {
        let script =
            format!("[[reply]]\ntext = \"a\"\nmessage = \"I will not.\"\nstop = \"{stop}\"");
        let (_server, mut asker) = scripted(&script).await;
        let reply = asker.ask(&[prompt("p")]).await.expect("a reply");
        assert_eq!(reply.stop, expected);
    }
}

#[tokio::test]
async fn a_reply_that_comes_as_an_array_is_understood() {
    let chunk = |part: Value| json!({ "candidates": [{ "content": { "parts": [part] } }] });
    let mut last = chunk(json!({ "text": "i" }));
    last["candidates"][0]["finishReason"] = "STOP".into();
    last["usageMetadata"] = json!({ "promptTokenCount": 3, "candidatesTokenCount": 1 });
    let body = json!([chunk(json!({ "text": "H" })), last]).to_string();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let mut asker = Asker::of(format!("http://{address}/v1beta"));
    let serving = async {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut request = Vec::new();
        // The body ends with its contents.
        while !request.ends_with(b"}]}]}") {
            assert!(socket.read_buf(&mut request).await.expect("a request") > 0);
        }
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
        socket.write_all(format!("{head}{body}").as_bytes()).await.expect("the answer");
    };
    let items = [prompt("p")];
    let ((), reply) = tokio::join!(serving, asker.ask(&items));
    let reply = reply.expect("a reply");
    let usage = reply.usage.expect("usage");
    assert_eq!((texts(&reply).as_str(), usage.input, usage.output), ("Hi", 3, 1));
}
