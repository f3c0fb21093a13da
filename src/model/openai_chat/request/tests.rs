//! What each server is sent.

use super::*;
use crate::model::sample::{assistant, call, prompt, request, result, service};
use crate::protocol::{Api, ModelSpec, Opaque, Verbosity};

fn sent(items: &[Item]) -> Value {
    let service = service(Api::OpenaiChat, "http://localhost:8080/v1");
    body(&service, &request(items))["messages"].take()
}

fn thought(value: Value, model: &str) -> Item {
    let opaque = Opaque { service: None, dialect: DIALECT.into(), model: model.into(), value };
    Item::Thought { text: "hm".into(), opaque: Some(opaque) }
}

#[test]
fn a_tool_loop_becomes_messages() {
    let items = [
        prompt("p"),
        assistant("I look."),
        call("a", "{\"command\":\"ls\"}"),
        call("b", "{\"command\":"),
        result("b", "no"),
        result("a", "yes"),
        Item::Note { text: "n".into() },
    ];
    let function = |arguments: &str| json!({ "name": "run", "arguments": arguments });
    let expected = json!([
        { "role": "system", "content": "Be short." },
        { "role": "user", "content": "p" },
        { "role": "assistant", "content": "I look.", "tool_calls": [
            { "id": "a", "type": "function", "function": function("{\"command\":\"ls\"}") },
            { "id": "b", "type": "function", "function": function("{\"_raw\":\"{\\\"command\\\":\"}") },
        ] },
        { "role": "tool", "tool_call_id": "a", "content": "yes" },
        { "role": "tool", "tool_call_id": "b", "content": "no" },
        { "role": "user", "content": "n" },
    ]);
    assert_eq!(sent(&items), expected);
}

/// The names of what is sent, without what every server gets.
fn fields(base_url: &str, id: &str, efforts: &[Effort]) -> (Vec<String>, Value) {
    let mut model = ModelSpec::plain("m", id, "acme", 8192, 1000);
    model.efforts = efforts.to_vec();
    let effort = efforts.first().copied();
    let verbosity = Some(Verbosity::Low);
    let request = Request { model: &model, effort, verbosity, ..request(&[]) };
    let body = body(&service(Api::OpenaiChat, base_url), &request);
    let common = ["model", "stream", "messages", "tools"];
    let names = body.as_object().expect("an object").keys().map(String::as_str);
    let mut names: Vec<_> =
        names.filter(|name| !common.contains(name)).map(str::to_owned).collect();
    names.sort();
    (names, body)
}

#[test]
fn each_server_gets_what_it_takes_and_nothing_else() {
    let names = |url: &str, id: &str, efforts: &[Effort]| fields(url, id, efforts).0.join(" ");
    let (none, some): (&[Effort], &[Effort]) = (&[], &[Effort::High]);
    let openai = "max_completion_tokens prompt_cache_key";
    let cases = [
        (
            "https://api.openai.com/v1",
            "gpt-4.1",
            none,
            format!("{openai} stream_options verbosity"),
        ),
        (
            "https://api.openai.com/v1",
            "gpt-5.1",
            some,
            format!("{openai} reasoning_effort stream_options verbosity"),
        ),
        (
            "https://acme.openai.azure.com/openai/v1",
            "my-deployment",
            some,
            "max_completion_tokens reasoning_effort stream_options verbosity".into(),
        ),
        (
            "https://openrouter.ai/api/v1",
            "anthropic/claude-sonnet-5",
            none,
            "cache_control max_tokens session_id stream_options usage verbosity".into(),
        ),
        (
            "https://openrouter.ai/api/v1",
            "qwen/qwen3-coder",
            some,
            "max_tokens reasoning session_id stream_options usage verbosity".into(),
        ),
        (
            "https://api.groq.com/openai/v1",
            "openai/gpt-oss-120b",
            some,
            "max_completion_tokens reasoning_effort stream_options".into(),
        ),
        (
            "https://api.groq.com/openai/v1",
            "qwen/qwen3-32b",
            none,
            "max_completion_tokens reasoning_format stream_options".into(),
        ),
        ("https://api.deepseek.com", "deepseek-chat", none, "max_tokens stream_options".into()),
        ("https://api.mistral.ai/v1", "devstral-2512", none, "max_tokens".into()),
        (
            "https://api.mistral.ai/v1",
            "mistral-small-latest",
            some,
            "max_tokens reasoning_effort".into(),
        ),
        (
            "https://models.github.ai/inference",
            "openai/gpt-4.1",
            none,
            "max_tokens stream_options".into(),
        ),
        (
            "https://models.github.ai/inference",
            "openai/o4-mini",
            some,
            "max_completion_tokens reasoning_effort stream_options".into(),
        ),
        (
            "https://generativelanguage.googleapis.com/v1beta/openai",
            "gemini-3-flash",
            some,
            "max_tokens reasoning_effort stream_options".into(),
        ),
        ("http://localhost:11434/v1", "qwen3", none, "max_tokens stream_options".into()),
        (
            "http://localhost:8080/v1",
            "gpt-oss",
            some,
            "chat_template_kwargs max_tokens parallel_tool_calls stream_options".into(),
        ),
        ("http://localhost:8000/v1", "qwen3", none, "max_tokens stream_options".into()),
        (
            "http://localhost:4000/v1",
            "qwen3",
            none,
            "max_tokens parallel_tool_calls stream_options verbosity".into(),
        ),
    ];
    for (base_url, id, efforts, expected) in cases {
        assert_eq!(names(base_url, id, efforts), expected, "{base_url} {id}");
    }
}

#[test]
fn what_is_sent_has_the_values_that_the_servers_know() {
    let (_, openai) = fields("https://api.openai.com/v1", "gpt-5.1", &[Effort::High]);
    assert_eq!(openai["messages"][0]["role"], "developer");
    assert_eq!(openai["reasoning_effort"], "high");
    assert_eq!(openai["verbosity"], "low");
    assert_eq!(
        (&openai["max_completion_tokens"], &openai["prompt_cache_key"]),
        (&json!(1000), &json!("s1"))
    );
    let (_, openai) = fields("https://api.openai.com/v1", "gpt-4.1", &[]);
    assert_eq!(openai["messages"][0]["role"], "system");
    let (_, router) = fields("https://openrouter.ai/api/v1", "x", &[Effort::Max]);
    assert_eq!(router["reasoning"], json!({ "effort": "xhigh" }));
    assert_eq!(router["usage"], json!({ "include": true }));
    let (_, llama) = fields("http://localhost:8080/v1", "gpt-oss", &[Effort::Low]);
    assert_eq!(llama["chat_template_kwargs"], json!({ "reasoning_effort": "low" }));
}

#[test]
fn without_tools_nothing_is_said_of_calls() {
    let request = Request { tools: &[], ..request(&[]) };
    let sent = body(&service(Api::OpenaiChat, "http://localhost:8080/v1"), &request);
    assert_eq!((sent.get("tools"), sent.get("parallel_tool_calls")), (None, None));
}

/// The messages for this model at this server, without the system text.
fn sent_to(base_url: &str, id: &str, items: &[Item]) -> Vec<Value> {
    let model = ModelSpec::plain("m", id, "acme", 8192, 1000);
    let request = Request { model: &model, ..request(items) };
    let body = body(&service(Api::OpenaiChat, base_url), &request);
    body["messages"].as_array().expect("messages")[1..].to_vec()
}

#[test]
fn mistral_gets_names_that_it_takes_and_an_answer_before_each_prompt() {
    let mut items = vec![
        prompt("p"),
        call("call_a", "{}"),
        call("D681PevKs", "{}"),
        result("call_a", "yes"),
        result("D681PevKs", "no"),
    ];
    for (base_url, id) in [
        ("https://api.mistral.ai/v1", "labs-1"),
        ("http://localhost:8080/v1", "Ministral-8B-Instruct-2410"),
    ] {
        items.truncate(5);
        let before = sent_to(base_url, id, &items);
        let names = [&before[1]["tool_calls"][0]["id"], &before[1]["tool_calls"][1]["id"]];
        assert_eq!(names, ["hDmXBslrt", "D681PevKs"]);
        assert_eq!([&before[2]["tool_call_id"], &before[3]["tool_call_id"]], names);
        items.push(Item::Note { text: "n".into() });
        let after = sent_to(base_url, id, &items);
        assert_eq!(after[..before.len()], before, "what was sent stays as it was");
        let roles: Vec<_> = after[before.len()..].iter().map(|one| one["role"].clone()).collect();
        assert_eq!(roles, ["assistant", "user"]);
    }
    let others = sent_to("https://api.openai.com/v1", "gpt-4.1", &items);
    assert_eq!(others[1]["tool_calls"][0]["id"], "call_a");
    assert_eq!(others.last().expect("a message")["content"], "n");
    assert_eq!(others.len(), 5);
}

#[test]
fn reasoning_goes_back_to_whom_it_belongs_and_when_it_is_wanted() {
    const FIELDS: [&str; 4] =
        ["reasoning_content", "reasoning", "reasoning_details", "reasoning_opaque"];
    // With every field that there is: which of them go back now, and which in a later turn.
    let cases = [
        ("https://api.openai.com/v1", "gpt-5.1", "", ""),
        ("https://api.groq.com/openai/v1", "qwen/qwen3-32b", "", ""),
        ("https://api.mistral.ai/v1", "magistral", "", ""),
        ("https://openrouter.ai/api/v1", "x-ai/grok", "reasoning_details", "reasoning_details"),
        ("https://api.deepseek.com", "deepseek-chat", "reasoning_content", "reasoning_content"),
        ("http://localhost:8000/v1", "deepseek-r1", "reasoning_content reasoning", ""),
        (
            "http://localhost:8000/v1",
            "kimi-k2",
            "reasoning_content reasoning",
            "reasoning_content reasoning",
        ),
        ("http://localhost:11434/v1", "qwen3", "reasoning_content reasoning", ""),
        (
            "https://api.githubcopilot.com",
            "gemini-3",
            "reasoning_content reasoning_opaque",
            "reasoning_opaque",
        ),
    ];
    for (base_url, id, now, later) in cases {
        let all: Map<_, _> = FIELDS.iter().map(|name| ((*name).to_owned(), json!("hm"))).collect();
        let mut items =
            vec![prompt("p"), thought(all.into(), id), call("a", "{}"), result("a", "r")];
        let back = |items: &[Item]| {
            let message = sent_to(base_url, id, items)[1].clone();
            let names = FIELDS.iter().filter(|name| message.get(**name).is_some());
            names.copied().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(back(&items), now, "{base_url} {id}");
        items.push(prompt("q"));
        assert_eq!(back(&items), later, "{base_url} {id}, in the next turn");
    }
}

#[test]
fn a_call_of_another_model_has_an_empty_thought_for_deepseek() {
    let items = [prompt("p"), call("a", "{}"), result("a", "r"), assistant("done"), prompt("q")];
    let sent = sent_to("https://api.deepseek.com", "deepseek-v4-pro", &items);
    assert_eq!(sent[1]["reasoning_content"], "");
    assert_eq!(sent[3].get("reasoning_content"), None);
    let old = sent_to("https://api.deepseek.com", "deepseek-r1", &items);
    assert_eq!(old[1].get("reasoning_content"), None);
}

#[test]
fn a_signature_on_a_call_goes_back_on_it() {
    let extra = json!({ "google": { "thought_signature": "sig" } });
    let opaque = Opaque {
        service: None,
        dialect: DIALECT.into(),
        model: "gemini-3".into(),
        value: extra.clone(),
    };
    let mut signed = call("a", "{}");
    if let Item::Call { opaque: place, .. } = &mut signed {
        *place = Some(opaque);
    }
    let items = [prompt("p"), signed, result("a", "r")];
    let gemini = "https://generativelanguage.googleapis.com/v1beta/openai";
    assert_eq!(sent_to(gemini, "gemini-3", &items)[1]["tool_calls"][0]["extra_content"], extra);
    let other = &sent_to(gemini, "gemini-2.5", &items)[1]["tool_calls"][0];
    assert_eq!(other.get("extra_content"), None);
}

#[test]
fn reasoning_goes_back_to_its_own_model_within_the_loop() {
    let reasoning = || thought(json!({ "reasoning_content": "hm" }), "tiny");
    let loops = [prompt("p"), reasoning(), call("a", "{}"), result("a", "r")];
    assert_eq!(sent(&loops)[2]["reasoning_content"], "hm");
    let next_turn = [prompt("p"), reasoning(), call("a", "{}"), result("a", "r"), prompt("q")];
    assert_eq!(sent(&next_turn)[2].get("reasoning_content"), None);
    let other = [prompt("p"), thought(json!({ "reasoning_content": "hm" }), "big"), assistant("a")];
    assert_eq!(sent(&other)[2], json!({ "role": "assistant", "content": "a" }));
}

#[test]
fn reasoning_details_go_back_as_they_came() {
    let details = json!([{ "z": 1, "type": "reasoning.encrypted", "data": "x", "a": 2 }]);
    let items = [
        prompt("p"),
        thought(json!({ "reasoning_details": details }), "tiny"),
        assistant("a"),
        prompt("q"),
    ];
    let sent = sent_to("https://openrouter.ai/api/v1", "tiny", &items);
    assert_eq!(sent[1]["reasoning_details"].to_string(), details.to_string());
}

#[test]
fn a_reply_of_nothing_is_no_message() {
    let items = [prompt("p"), Item::Thought { text: "hm".into(), opaque: None }, prompt("q")];
    assert_eq!(sent(&items)[1], json!({ "role": "user", "content": "p\n\nq" }));
}
