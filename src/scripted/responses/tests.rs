//! What the service would refuse is refused, each for its own reason.

use super::check::{check, check_count};
use super::reasoning;
use crate::scripted::given::{Asked, Given, Thought};
use crate::scripted::refusal::Refusal;
use serde_json::{Value, json};

fn given() -> Given {
    let mut given = Given::default();
    let thought = Thought { text: "hm\n\nha".into(), signature: "signed-1".into() };
    given.note(&thought, &["a".into()]);
    given
}

fn valid() -> Value {
    let call = |id| json!({ "type": "function_call", "call_id": id, "name": "run", "arguments": "{\"x\": 1}" });
    let output =
        |id, text| json!({ "type": "function_call_output", "call_id": id, "output": text });
    json!({
        "model": "m", "store": false, "stream": true, "instructions": "s",
        "include": ["reasoning.encrypted_content"], "max_output_tokens": 16,
        "reasoning": { "effort": "low", "summary": "auto" }, "text": { "verbosity": "low" },
        "stream_options": { "include_obfuscation": false }, "prompt_cache_key": "k",
        "tools": [{ "type": "function", "name": "run", "parameters": { "type": "object" }, "strict": false }],
        "tool_choice": "auto", "parallel_tool_calls": true,
        "input": [
            { "type": "message", "role": "user", "content": "p" },
            reasoning("hm\n\nha", "signed-1"),
            { "type": "message", "role": "assistant", "content": "I look.", "phase": "commentary" },
            call("a"),
            call("b"),
            output("b", ""),
            output("a", "r"),
        ],
    })
}

fn checked(body: &Value) -> Result<Asked, Refusal> {
    check(body, &given(), Some(&["low".to_owned()]))
}

fn changed(at: &str, value: Value) -> Value {
    let mut body = valid();
    let (parent, name) = at.rsplit_once('/').expect("a pointer");
    match body.pointer_mut(parent).expect(parent) {
        Value::Array(items) => items[name.parse::<usize>().expect("a number")] = value,
        other => other[name] = value,
    }
    body
}

#[test]
fn what_is_to_be_counted_says_nothing_of_a_reply() {
    let count = |body: &Value| check_count(body, &given(), None);
    let refusal = count(&valid()).expect_err("a request for a reply");
    assert!(refusal.message.starts_with("Unknown parameter"), "{}", refusal.message);
    let mut body = valid();
    let of_reply = ["store", "stream", "stream_options", "include", "max_output_tokens"];
    let fields = body.as_object_mut().expect("a body");
    fields.retain(|name, _| name != "prompt_cache_key" && !of_reply.contains(&name.as_str()));
    assert_eq!(count(&body).map(|asked| asked.parts.len()), Ok(9));
    body["input"] = json!([]);
    assert!(count(&body).is_err(), "as strict as for a reply");
}

#[test]
fn what_is_in_order_is_taken_with_all_its_texts() {
    let asked = checked(&valid()).expect("in order");
    assert!(asked.wants.encrypted && !asked.wants.obfuscated);
    let texts: Vec<_> = asked.parts.iter().flat_map(|part| part.texts.clone()).collect();
    let tools = valid()["tools"].to_string();
    let arguments = "{\"x\":1}";
    let expected =
        [&tools, "s", "p", "hm\nha", "I look.", "run", arguments, "run", arguments, "", "r"];
    assert_eq!(texts, expected);
    assert_eq!(asked.text(asked.said), "\nr");
}

#[test]
fn what_the_service_would_refuse_is_refused() {
    let cases = [
        ("/extra", json!(1), "Unknown parameter: 'extra'."),
        ("/model", json!(1), "Invalid type for 'model'"),
        ("/stream", json!(false), "'stream' must be true"),
        ("/store", json!(true), "'store' must be false"),
        ("/max_output_tokens", json!(15), "Expected a value >= 16"),
        ("/include", json!(["odd"]), "Invalid value: 'odd'"),
        ("/reasoning/effort", json!("huge"), "Invalid value: 'huge'"),
        ("/reasoning/effort", json!("high"), "'high' is not supported with this model"),
        ("/reasoning/summary", json!("long"), "Invalid value: 'long'"),
        ("/reasoning/extra", json!(1), "Unknown parameter: 'reasoning.extra'."),
        ("/text/verbosity", json!("loud"), "Invalid value: 'loud'"),
        ("/stream_options/include_usage", json!(true), "'stream_options.include_usage'"),
        ("/tool_choice", json!("any"), "Invalid value: 'any'"),
        ("/parallel_tool_calls", json!(1), "Invalid type for 'parallel_tool_calls'"),
        ("/prompt_cache_key", json!(""), "Invalid type for 'prompt_cache_key'"),
        ("/tools/0/strict", json!(true), "'additionalProperties' is required"),
        ("/tools/0/name", json!("a b"), "is no name, or not unique"),
        ("/tools/0/parameters", json!({}), "Invalid schema for function 'run'"),
        ("/tools/0/function", json!({}), "Unknown parameter: 'tools[0].function'."),
        ("/input", json!([]), "Invalid type for 'input'"),
        ("/input/0/role", json!("robot"), "Invalid value: 'robot'"),
        ("/input/0/type", json!("odd"), "Invalid value: 'odd'"),
        ("/input/0/content", json!(""), "Invalid type for 'input[0].content'"),
        ("/input/0/content", json!([{ "type": "output_text" }]), "'input_text'"),
        ("/input/0/phase", json!("commentary"), "'input[0].phase'"),
        ("/input/1/summary/0/text", json!("ham"), "it was altered"),
        ("/input/1/encrypted_content", json!("signed-2"), "it was altered"),
        ("/input/1/extra", json!(1), "it was altered"),
        ("/input/1/id", json!("rs_2"), "it was altered"),
        ("/input/1/encrypted_content", Value::Null, "Item with id 'rs_signed-1' not found."),
        ("/input/2/id", json!("fc_1"), "an ID that begins with 'msg'"),
        ("/input/3/name", json!("a b"), "does not match pattern"),
        ("/input/3/arguments", json!("{"), "the text of a JSON object"),
        ("/input/3/call_id", json!("x".repeat(65)), "string too long"),
        ("/input/3/call_id", json!("b"), "Duplicate value for 'call_id' of 'b'."),
        ("/input/5/call_id", json!("z"), "No tool call found for function call output"),
        ("/input/5/call_id", json!("a"), "No tool call found for function call output"),
        ("/input/5/type", json!("custom_tool_call_output"), "No tool call found"),
        (
            "/input/6",
            json!({ "role": "user", "content": "q" }),
            "No tool output found for function call a.",
        ),
    ];
    for (at, value, expected) in cases {
        let refusal = checked(&changed(at, value.clone())).expect_err(at);
        assert!(refusal.message.contains(expected), "{at} {value}: {}", refusal.message);
    }
    for name in ["/model", "/input", "/tools/0/strict", "/input/3/call_id", "/input/6/output"] {
        let mut body = valid();
        let (parent, field) = name.rsplit_once('/').expect("a pointer");
        let parent = body.pointer_mut(parent).and_then(Value::as_object_mut).expect(name);
        parent.shift_remove(field);
        let refusal = checked(&body).expect_err(name);
        assert!(refusal.message.starts_with("Missing required parameter"), "{name}: {refusal:?}");
    }
}

#[test]
fn reasoning_comes_back_before_what_it_led_to_and_with_its_keys_in_order() {
    let mut alone = valid();
    let last = alone["input"][1].clone();
    alone["input"].as_array_mut().expect("items").push(last);
    let refusal = checked(&alone).expect_err("alone");
    assert!(refusal.message.contains("without its required following item"), "{refusal:?}");

    let mut turned = valid();
    let item = turned["input"][1].as_object_mut().expect("an object");
    let id = item.shift_remove("id").expect("its id");
    item.insert("id".into(), id);
    let refusal = checked(&turned).expect_err("turned");
    assert!(refusal.message.contains("it was altered"), "{refusal:?}");
}

#[test]
fn a_model_without_efforts_takes_no_reasoning() {
    let refusal = check(&valid(), &given(), Some(&[])).expect_err("none");
    assert!(refusal.message.contains("'reasoning' is not supported"), "{refusal:?}");
    assert!(check(&valid(), &given(), None).is_ok());
}
