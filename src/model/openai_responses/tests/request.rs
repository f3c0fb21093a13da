//! What goes over the wire.

use crate::model::sample::{MODEL, assistant, call, prompt, request, result, service};
use crate::model::{body, dialect};
use crate::protocol::{Api, Effort, Item, Opaque, Verbosity};
use serde_json::{Value, json};

const LOCAL: &str = "http://localhost:8080/v1";
const OPENAI: &str = "https://api.openai.com/v1";

fn sent_to(base_url: &str, items: &[Item]) -> Value {
    body(&service(Api::OpenaiResponses, base_url), &request(items))["input"].take()
}

fn opaque(value: Value, model: &str) -> Option<Opaque> {
    Some(Opaque { service: None, dialect: "openai-responses".into(), model: model.into(), value })
}

fn thought(value: Value) -> Item {
    Item::Thought { text: "hm".into(), opaque: opaque(value, "tiny") }
}

fn reasoning(fields: &Value) -> Value {
    let mut item = json!({ "id": "rs_1", "type": "reasoning", "summary": [] });
    let fields = fields.as_object().expect("fields").clone();
    item.as_object_mut().expect("an object").extend(fields);
    item
}

#[test]
fn a_tool_loop_becomes_items_in_its_order() {
    let encrypted = reasoning(&json!({ "encrypted_content": "gAAA" }));
    let items = [
        prompt("p"),
        thought(encrypted.clone()),
        assistant("I look."),
        call("a", "{\"command\":\"ls\"}"),
        call("b", "{\"command\":"),
        result("b", "no"),
        result("a", "yes"),
        Item::Note { text: "n".into() },
    ];
    let made = |id: &str, arguments: &str| json!({ "type": "function_call", "call_id": id, "name": "run", "arguments": arguments });
    let output = |id: &str, text: &str| json!({ "type": "function_call_output", "call_id": id, "output": text });
    let user = |text: &str| json!({ "type": "message", "role": "user", "content": text });
    let expected = json!([
        user("p"),
        encrypted,
        { "type": "message", "role": "assistant", "content": "I look." },
        made("a", "{\"command\":\"ls\"}"),
        made("b", "{\"_raw\":\"{\\\"command\\\":\"}"),
        output("a", "yes"),
        output("b", "no"),
        user("n"),
    ]);
    assert_eq!(sent_to(OPENAI, &items), expected);
    let local = sent_to(LOCAL, &items);
    assert_eq!(local[2]["content"][0]["text"], "I look.");
    assert_eq!(local[2]["id"], "msg_2");
}

#[test]
fn reasoning_goes_back_as_it_came_with_its_keys_in_order() {
    let raw = "{\"id\":\"rs_1\",\"zeta\":1.50,\"type\":\"reasoning\",\
               \"encrypted_content\":\"gAAA+/=\",\"summary\":[],\"alpha\":{\"b\":1,\"a\":2}}";
    let value: Value = serde_json::from_str(raw).expect("JSON");
    let sent = sent_to(OPENAI, &[prompt("p"), thought(value.clone()), assistant("a")]);
    assert_eq!(sent[1].to_string(), value.to_string());
    let keys: Vec<_> = sent[1].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["id", "zeta", "type", "encrypted_content", "summary", "alpha"]);
}

#[test]
fn reasoning_that_the_service_would_have_to_look_up_is_left_out() {
    let count = |base_url, value: Value| {
        sent_to(base_url, &[prompt("p"), thought(value), assistant("a")]).as_array().map(Vec::len)
    };
    let words = json!({ "content": [{ "type": "reasoning_text", "text": "hm" }] });
    for (fields, openai, local) in [
        (json!({}), 2, 2),
        (json!({ "encrypted_content": null }), 2, 2),
        (json!({ "encrypted_content": "" }), 2, 2),
        (words, 2, 3),
        (json!({ "encrypted_content": "gA" }), 3, 3),
    ] {
        assert_eq!(count(OPENAI, reasoning(&fields)), Some(openai), "{fields}");
        assert_eq!(count(LOCAL, reasoning(&fields)), Some(local), "{fields}");
    }
    let null = reasoning(&json!({ "status": null, "content": null, "encrypted_content": "gA" }));
    let sent = sent_to(OPENAI, &[prompt("p"), thought(null), assistant("a")]);
    assert_eq!((sent[1].get("status"), sent[1].get("content")), (None, None));
}

#[test]
fn reasoning_goes_to_no_other_model_and_not_without_what_it_led_to() {
    let value = reasoning(&json!({ "encrypted_content": "gA" }));
    let foreign = Item::Thought { text: "hm".into(), opaque: opaque(value.clone(), "big") };
    assert_eq!(sent_to(OPENAI, &[prompt("p"), foreign, assistant("a")])[1]["type"], "message");
    let alone = sent_to(OPENAI, &[prompt("p"), thought(value.clone()), prompt("q")]);
    let expected = json!([
        { "type": "message", "role": "user", "content": "p" },
        { "type": "message", "role": "user", "content": "q" },
    ]);
    assert_eq!(alone, expected);
    let trailing =
        [prompt("p"), thought(value.clone()), assistant("a"), thought(value), prompt("q")];
    assert_eq!(sent_to(OPENAI, &trailing).as_array().map(Vec::len), Some(4));
}

#[test]
fn hosts_differ_in_what_they_take() {
    let sent = |base_url| body(&service(Api::OpenaiResponses, base_url), &request(&[]));
    let quiet = json!({ "include_obfuscation": false });
    for base_url in [
        OPENAI,
        "https://acme.openai.azure.com/openai/v1",
        "https://acme.services.ai.azure.com/openai/v1",
    ] {
        assert_eq!(sent(base_url)["stream_options"], quiet, "{base_url}");
        assert_eq!(sent(base_url).get("include"), None, "{base_url}: a model that does not think");
    }
    for base_url in [LOCAL, "https://api.openai.com.example.org/v1"] {
        assert_eq!(sent(base_url).get("stream_options"), None, "{base_url}");
        assert_eq!(sent(base_url)["include"], json!(["reasoning.encrypted_content"]));
    }
    let local = sent(LOCAL);
    for (name, value) in [
        ("store", json!(false)),
        ("stream", json!(true)),
        ("instructions", json!("Be short.")),
        ("max_output_tokens", json!(1000)),
        ("prompt_cache_key", json!("s1")),
        ("tool_choice", json!("auto")),
        ("parallel_tool_calls", json!(true)),
    ] {
        assert_eq!(local[name], value, "{name}");
    }
}

#[test]
fn the_key_goes_into_the_header_that_the_host_knows() {
    use crate::model::dialect;
    let header = |base_url| {
        let mut service = service(Api::OpenaiResponses, base_url);
        service.key = Some(crate::protocol::Secret::new("k".into()));
        let mut headers = reqwest::header::HeaderMap::new();
        let dialect = dialect::of(service.api);
        dialect.headers(&service, &request(&[]), &mut headers).expect("headers");
        assert_eq!(dialect.path(&service, &request(&[])), "responses");
        let named = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")));
        named.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(header(OPENAI), "authorization: Bearer k");
    assert_eq!(header("https://acme.openai.azure.com/openai/v1"), "api-key: k");
    assert_eq!(header("https://acme.services.ai.azure.com/openai/v1"), "api-key: k");
}

#[test]
fn effort_and_verbosity_go_only_to_models_that_have_them() {
    let mut model = MODEL.clone();
    let sent = |model: &_, effort, verbosity| {
        let request = crate::model::Request { model, effort, verbosity, ..request(&[]) };
        let body = body(&service(Api::OpenaiResponses, OPENAI), &request);
        let field = |name: &str| body.get(name).cloned().unwrap_or_default();
        (field("reasoning"), field("text"), field("include"))
    };
    let (low, high) = (Some(Effort::Low), Some(Verbosity::High));
    assert_eq!(sent(&model, low, high), (Value::Null, Value::Null, Value::Null));
    model.efforts = vec![Effort::Low, Effort::Medium];
    model.verbosity = true;
    let include = json!(["reasoning.encrypted_content"]);
    assert_eq!(
        sent(&model, None, None),
        (json!({ "summary": "auto" }), Value::Null, include.clone())
    );
    let expected =
        (json!({ "summary": "auto", "effort": "medium" }), json!({ "verbosity": "high" }), include);
    assert_eq!(sent(&model, Some(Effort::Max), high), expected);
}

#[test]
fn tools_say_whether_they_are_strict() {
    let mut request = request(&[]);
    let mut tools = request.tools.to_vec();
    tools.push(crate::protocol::Tool {
        name: "read",
        description: "Reads.".into(),
        parameters: json!({ "type": "object", "properties": {}, "additionalProperties": false }),
    });
    request.tools = &tools;
    let body_of = |request: &_| body(&service(Api::OpenaiResponses, LOCAL), request);
    let sent = body_of(&request);
    assert_eq!(
        (&sent["tools"][0]["strict"], &sent["tools"][1]["strict"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(sent["tools"][0]["name"], "run");
    request.tools = &[];
    let none = body_of(&request);
    for name in ["tools", "tool_choice", "parallel_tool_calls"] {
        assert_eq!(none.get(name), None, "{name}");
    }
}

#[test]
fn ids_and_names_of_other_services_are_made_to_fit() {
    let long = "x".repeat(200);
    let mut odd = call(&long, "{}");
    if let Item::Call { tool, .. } = &mut odd {
        *tool = "functions.run 🦀".into();
    }
    let sent = sent_to(OPENAI, &[prompt("p"), odd, result(&long, "r")]);
    let id = sent[1]["call_id"].as_str().expect("an id");
    assert!(id.starts_with("call_") && id.len() <= 64, "{id}");
    assert_eq!(sent[2]["call_id"], id);
    assert_eq!(sent[1]["name"], "functions_run__");
}

#[test]
fn a_custom_call_goes_back_raw_with_a_result_of_its_own_type() {
    let raw = json!({ "type": "custom_tool_call", "id": "ctc_1", "status": "completed",
        "call_id": "a", "name": "run", "input": "ls" });
    let mut made = call("a", "{\"input\":\"ls\"}");
    if let Item::Call { opaque: kept, .. } = &mut made {
        *kept = opaque(raw, "tiny");
    }
    let sent = sent_to(OPENAI, &[prompt("p"), made, result("a", "r")]);
    let expected = json!([
        { "type": "custom_tool_call", "call_id": "a", "name": "run", "input": "ls" },
        { "type": "custom_tool_call_output", "call_id": "a", "output": "r" },
    ]);
    assert_eq!(json!([sent[1], sent[2]]), expected);
}

#[test]
fn the_phase_of_a_text_goes_back_with_it() {
    let said = |model| Item::Assistant {
        text: "a".into(),
        opaque: opaque(json!({ "phase": "commentary" }), model),
    };
    for base_url in [OPENAI, LOCAL] {
        let sent = sent_to(base_url, &[prompt("p"), said("tiny"), prompt("q"), said("big")]);
        assert_eq!(sent[1]["phase"], "commentary");
        assert_eq!(sent[3].get("phase"), None);
    }
}

#[test]
fn what_is_counted_is_the_prompt_and_nothing_of_the_reply() {
    const OF_REPLY: [&str; 6] =
        ["include", "max_output_tokens", "prompt_cache_key", "store", "stream", "stream_options"];
    let items = [prompt("p"), thought(reasoning(&json!({ "encrypted_content": "gAAA" })))];
    let dialect = dialect::of(Api::OpenaiResponses);
    for base_url in [LOCAL, OPENAI] {
        let service = service(Api::OpenaiResponses, base_url);
        let counted = dialect.count(&service, &request(&items));
        let mut sent = body(&service, &request(&items));
        let fields = sent.as_object_mut().expect("an object");
        fields.retain(|name, _| !OF_REPLY.contains(&name.as_str()));
        assert_eq!(counted, Some(("responses/input_tokens".to_owned(), sent)));
    }
    let answer = json!({ "object": "response.input_tokens", "input_tokens": 11 });
    assert_eq!(dialect.counted(&answer), Some(11));
}
