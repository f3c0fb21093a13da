//! Claude models that think by a budget, over real HTTP against the strict scripted server.

use brisk::model::{Client, Progress, Reply, Request, Timing};
use brisk::protocol::{
    Api, CallId, Detail, Effort, Failure, Item, ModelSpec, Outcome, Service, Thinking, Tool,
    UserKind,
};
use brisk::scripted::{Script, Server};
use serde_json::{Value, json};

const SCRIPT: &str = r#"
    [[reply]]
    thought = "I look first. 🦀"
    calls = [{ tool = "run", arguments_raw = '{"z": 1, "a": 2}' }]
    [[reply]]
    text = "Yes."
    repeat = true
"#;

async fn server() -> Server {
    Server::start(Script::parse(SCRIPT).expect("a script")).await.expect("a server")
}

async fn ask(server: &Server, items: &[Item]) -> Result<Reply, Failure> {
    let service = Service {
        name: "acme".into(),
        api: Api::Anthropic,
        base_url: server.base_url(),
        key: None,
        key_source: None,
    };
    let mut model = ModelSpec::plain("m", "tiny", "acme", 8192, 16_000);
    model.thinking = Thinking::Budget;
    model.efforts = vec![Effort::Low];
    let tools = [Tool {
        name: "run",
        description: "Runs a command.".into(),
        parameters: json!({ "type": "object", "properties": {} }),
    }];
    let request = Request {
        model: &model,
        system: "",
        tools: &tools,
        items,
        output_tokens_max: 16_000,
        effort: Some(Effort::Low),
        verbosity: None,
        cache_key: "s",
    };
    Client::new(Timing::default()).stream(&service, &request, &mut |_: Progress<'_>| {}).await
}

fn prompt() -> Item {
    Item::User { text: "p".into(), kind: UserKind::Prompt }
}

fn answered(call: &CallId) -> Item {
    Item::Result {
        call: call.clone(),
        outcome: Outcome::Done,
        text: "r".into(),
        detail: Detail::None,
    }
}

#[tokio::test]
async fn a_turn_with_a_budget_keeps_its_thoughts_and_may_think_between_its_calls() {
    let server = server().await;
    let mut items = vec![prompt()];
    items.extend(ask(&server, &items).await.expect("a reply").items);
    let Some(Item::Call { call, .. }) = items.last() else { panic!("no call: {items:?}") };
    let result = answered(call);
    items.push(result);
    ask(&server, &items).await.expect("a reply");
    assert_eq!(server.mismatch(), None);
    let asked = &server.requests()[1];
    let beta = ("anthropic-beta".to_owned(), "interleaved-thinking-2025-05-14".to_owned());
    assert!(asked.headers.contains(&beta), "{:?}", asked.headers);
    assert_eq!(asked.body["thinking"], json!({ "type": "enabled", "budget_tokens": 4096 }));
    let expected = json!([
        { "type": "thinking", "thinking": "I look first. 🦀", "signature": "signed-1" },
        { "type": "tool_use", "id": "toolu_1_1", "name": "run", "input": { "z": 1, "a": 2 } },
    ]);
    assert_eq!(asked.body["messages"][1]["content"].to_string(), expected.to_string());
}

#[tokio::test]
async fn a_turn_that_another_model_began_is_taken_over_without_thinking() {
    let server = server().await;
    let call = CallId("call_1".into());
    let made =
        Item::Call { call: call.clone(), tool: "run".into(), arguments: "{}".into(), opaque: None };
    ask(&server, &[prompt(), made, answered(&call)]).await.expect("a reply");
    assert_eq!(server.mismatch(), None);
    assert_eq!(server.requests()[0].body.get("thinking"), None::<&Value>);
}
