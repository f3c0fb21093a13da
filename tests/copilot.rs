//! GitHub Copilot over real HTTP: its wires against the strict server of `scripted`, the login
//! against a server that says what GitHub says.

use brisk::model::{Client, DeviceAnswer, DeviceLogin, Progress, Reply, Request, Timing};
use brisk::protocol::{
    Api, CallId, Detail, FailureKind, Item, ModelSpec, Outcome, Secret, Service, Tool, UserKind,
};
use brisk::scripted::{Recorded, Script, Server};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const KEY: &str = "gho_very-secret-token";

async fn ask(server: &Server, api: Api, items: &[Item]) -> Reply {
    // Messages alone has its version in the path.
    let base_url = server.base_url();
    let base_url = match api {
        Api::Anthropic => base_url.trim_end_matches("/v1").to_owned(),
        _ => base_url,
    };
    let service = Service {
        name: "copilot".into(),
        api: Api::Copilot,
        base_url,
        key: Some(Secret::new(KEY.into())),
        key_source: Some("GH_COPILOT_TOKEN".into()),
    };
    let mut model = ModelSpec::plain("m", "tiny", "copilot", 8192, 1000);
    model.api = Some(api);
    let tools = [Tool {
        name: "run",
        description: "Runs a command.".into(),
        parameters: json!({ "type": "object", "properties": {} }),
    }];
    let request = Request {
        model: &model,
        system: "Be short.",
        tools: &tools,
        items,
        output_tokens_max: 1000,
        effort: None,
        verbosity: None,
        cache_key: "s",
    };
    let client = Client::new(Timing::default());
    client.stream(&service, &request, &mut |_: Progress<'_>| {}).await.expect("a reply")
}

fn prompt(text: &str) -> Item {
    Item::User { text: text.into(), kind: UserKind::Prompt }
}

fn result(reply: &Reply) -> Item {
    let call = reply.items.iter().find_map(|item| match item {
        Item::Call { call, .. } => Some(call.clone()),
        _ => None,
    });
    let call: CallId = call.expect("a call");
    Item::Result { call, outcome: Outcome::Done, text: "a.rs".into(), detail: Detail::None }
}

fn header<'a>(recorded: &'a Recorded, name: &str) -> Option<&'a str> {
    let found = recorded.headers.iter().find(|(header, _)| header == name)?;
    Some(&found.1)
}

const LOOP: &str = r#"
    models = ["tiny"]
    [[reply]]
    thought = "Let me see."
    calls = [{ tool = "run" }]
    [[reply]]
    text = "Done."
    [[reply]]
    text = "Again."
"#;

#[tokio::test]
async fn a_tool_loop_goes_over_the_wire_of_the_model_and_says_whose_turn_it_is() {
    let keyed = format!("key = \"{KEY}\"\n{LOOP}");
    for (api, script, path) in [
        (Api::OpenaiChat, keyed.as_str(), "/v1/chat/completions"),
        (Api::Anthropic, LOOP, "/v1/messages"),
    ] {
        let script = Script::parse(script).expect("a script");
        let server = Server::start(script).await.expect("a server");
        let mut items = vec![prompt("fix it")];
        let first = ask(&server, api, &items).await;
        items.extend(first.items.clone());
        items.push(result(&first));
        items.extend(ask(&server, api, &items).await.items);
        items.push(prompt("and now?"));
        ask(&server, api, &items).await;
        assert_eq!((server.mismatch(), server.left()), (None, 0), "{api:?}");

        let requests = server.requests();
        let turns: Vec<_> = requests.iter().map(|one| header(one, "x-initiator")).collect();
        assert_eq!(turns, [Some("user"), Some("agent"), Some("user")], "{api:?}");
        for request in &requests {
            assert_eq!(request.path, path);
            assert_eq!(header(request, "openai-intent"), Some("conversation-edits"));
            let agent = header(request, "user-agent").expect("an agent");
            assert!(agent.starts_with("brisk/"), "{agent}");
            for name in ["editor-version", "copilot-integration-id", "x-api-key"] {
                assert_eq!(header(request, name), None, "{name}");
            }
        }
        assert!(!format!("{requests:?}").contains("secret"), "a key was recorded");
    }
}

/// Answers each request with the next of these, and passes on what was asked: the path with the
/// method, and the fields of the form.
async fn github(answers: &[(u16, Value)]) -> (String, UnboundedReceiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("its address"));
    let answers = answers.to_vec();
    let (asked, requests) = unbounded_channel();
    tokio::spawn(async move {
        for (status, body) in answers {
            let (mut socket, _) = listener.accept().await.expect("a connection");
            let mut bytes = Vec::new();
            let (head, form) = loop {
                assert!(socket.read_buf(&mut bytes).await.expect("a request") > 0, "it broke off");
                let text = String::from_utf8(bytes.clone()).expect("text");
                let Some((head, form)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                if form.len() >= length.expect("a length").parse::<usize>().expect("a number") {
                    break (head.to_owned(), form.to_owned());
                }
            };
            assert!(head.contains("accept: application/json"), "{head}");
            assert!(head.contains("content-type: application/x-www-form-urlencoded"), "{head}");
            assert!(head.contains("user-agent: brisk/"), "{head}");
            let line = head.lines().next().expect("a line").to_owned();
            asked.send((line, form)).expect("someone listens");
            let body = body.to_string();
            let answer = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            socket.write_all(answer.as_bytes()).await.expect("an answer");
        }
    });
    (address, requests)
}

fn code() -> Value {
    json!({ "device_code": "dc-1", "user_code": "WDJB-MJHT", "expires_in": 900, "interval": 0,
        "verification_uri": "https://github.com/login/device" })
}

#[tokio::test]
async fn a_login_is_waited_for_until_there_is_a_token() {
    let pending = json!({ "error": "authorization_pending" });
    let token = json!({ "access_token": KEY, "token_type": "bearer", "scope": "read:user" });
    let answers = [(200, code()), (200, pending.clone()), (200, pending), (200, token)];
    let (address, mut requests) = github(&answers).await;
    let login = DeviceLogin::new(" client-1 ", &address);
    let code = login.begin().await.expect("a code");
    assert_eq!(code.user_code, "WDJB-MJHT");
    assert_eq!(code.verification_uri, "https://github.com/login/device");
    assert!(!format!("{code:?}").contains("dc-1"), "the device code is a secret");
    let token = login.wait(code).await.expect("a token");
    assert_eq!(token.reveal(), KEY);

    let begun = requests.recv().await.expect("a request");
    assert_eq!(begun.0, "POST /login/device/code HTTP/1.1");
    assert_eq!(begun.1, "client_id=client-1&scope=read%3Auser");
    for _ in 0..3 {
        let polled = requests.recv().await.expect("a request");
        assert_eq!(polled.0, "POST /login/oauth/access_token HTTP/1.1");
        let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code";
        assert_eq!(polled.1, format!("client_id=client-1&device_code=dc-1&grant_type={grant}"));
    }
}

#[tokio::test]
async fn each_end_of_a_login_is_told() {
    let error = |word: &str| (200, json!({ "error": word }));
    let ends = [
        ("access_denied", "GitHub was told not to allow it"),
        ("expired_token", "the code was not typed in time"),
        ("incorrect_device_code", "refused the login: incorrect_device_code"),
    ];
    for (word, expected) in ends {
        let (address, _requests) = github(&[(200, code()), error(word)]).await;
        let login = DeviceLogin::new("c", &address);
        let code = login.begin().await.expect("a code");
        let failure = login.wait(code).await.expect_err("no token");
        assert_eq!(failure.kind, FailureKind::Credentials);
        assert!(failure.message.contains(expected), "{failure}");
    }
    let disabled = (
        400,
        json!({ "error": "device_flow_disabled",
        "error_description": "Device Flow must be\u{1b}[31m explicitly enabled" }),
    );
    let (address, _requests) = github(&[disabled]).await;
    let failure = DeviceLogin::new("c", &address).begin().await.expect_err("no code");
    assert!(failure.message.contains("must be[31m explicitly enabled"), "{failure}");
    let (address, _requests) = github(&[(404, json!({ "error": "Not Found" }))]).await;
    let failure = DeviceLogin::new("c", &address).begin().await.expect_err("no code");
    assert!(failure.message.contains("refused the login: Not Found"), "{failure}");
    let (address, _requests) = github(&[(503, json!({}))]).await;
    let failure = DeviceLogin::new("c", &address).begin().await.expect_err("no code");
    assert_eq!(failure.kind, FailureKind::Provider);
}

#[tokio::test]
async fn a_poll_that_fails_is_made_again_and_later() {
    let (address, _requests) = github(&[(200, code()), (503, json!({}))]).await;
    let login = DeviceLogin::new("c", &address);
    let mut code = login.begin().await.expect("a code");
    let before = code.interval;
    let answer = login.poll(&mut code).await.expect("not yet");
    assert!(matches!(answer, DeviceAnswer::Pending { wait } if wait > before), "{answer:?}");
    // Nobody listens any more.
    let answer = login.poll(&mut code).await.expect("not yet");
    assert!(matches!(answer, DeviceAnswer::Pending { .. }), "{answer:?}");
}
