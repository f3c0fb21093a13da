//! Whether a Chat Completions request is one that the real services would take.

use super::said::check_messages;
use crate::scripted::given::{Asked, Figures, Given, is_name};
use crate::scripted::refusal::Refusal;
use serde_json::{Map, Value};
use std::collections::HashSet;

const FIELDS: &[&str] = &[
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "model",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];
const EFFORTS: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

pub(super) type Checked<T> = Result<T, Refusal>;

pub(in crate::scripted) fn check(body: &Value, given: &Given) -> Checked<Asked> {
    let Value::Object(fields) = body else {
        return Err(Refusal::new(400, "We could not parse the JSON body of your request."));
    };
    if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        let message = format!("Unknown parameter: '{unknown}'.");
        return Err(Refusal::invalid(unknown, message).coded("unknown_parameter"));
    }
    let model = string(fields, "model", "model")?.to_owned();
    if fields.get("stream") != Some(&Value::Bool(true)) {
        return Err(Refusal::invalid("stream", "This server streams: 'stream' must be true."));
    }
    limits(fields)?;
    let mut asked = Asked { model, figures: figures(fields)?, ..Asked::default() };
    if let Some(tools) = fields.get("tools") {
        asked.add(tools, vec![check_tools(tools)?]);
    } else if fields.contains_key("parallel_tool_calls") {
        let message = "'parallel_tool_calls' is only allowed when 'tools' are specified.";
        return Err(Refusal::invalid("parallel_tool_calls", message));
    }
    let messages = fields.get("messages").ok_or_else(|| missing("messages"))?;
    let messages = messages.as_array().filter(|messages| !messages.is_empty());
    let messages = messages.ok_or_else(|| {
        Refusal::invalid("messages", "Invalid 'messages': expected a non-empty array.")
    })?;
    check_messages(messages, given, &mut asked)?;
    Ok(asked)
}

pub(super) fn missing(name: &str) -> Refusal {
    let message = format!("Missing required parameter: '{name}'.");
    Refusal::invalid(name, message).coded("missing_required_parameter")
}

pub(super) fn wrong_type(at: &str, expected: &str) -> Refusal {
    Refusal::invalid(at, format!("Invalid type for '{at}': expected {expected}."))
        .coded("invalid_type")
}

pub(super) fn string<'a>(fields: &'a Map<String, Value>, name: &str, at: &str) -> Checked<&'a str> {
    let value = fields.get(name).ok_or_else(|| missing(at))?;
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| wrong_type(at, "a non-empty string"))
}

fn limits(fields: &Map<String, Value>) -> Checked<()> {
    for name in ["max_tokens", "max_completion_tokens"] {
        if fields.get(name).is_some_and(|value| value.as_u64().is_none_or(|limit| limit == 0)) {
            return Err(wrong_type(name, "an integer of 1 or more"));
        }
    }
    if fields.contains_key("max_tokens") && fields.contains_key("max_completion_tokens") {
        let message =
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
        return Err(Refusal::invalid("max_tokens", message));
    }
    match fields.get("reasoning_effort") {
        None => Ok(()),
        Some(Value::String(effort)) if EFFORTS.contains(&effort.as_str()) => Ok(()),
        Some(_) => {
            Err(Refusal::invalid("reasoning_effort", "Unsupported value: 'reasoning_effort'."))
        }
    }
}

fn figures(fields: &Map<String, Value>) -> Checked<Figures> {
    match fields.get("stream_options") {
        None => Ok(Figures::NotAsked),
        Some(Value::Object(options)) => match options.get("include_usage") {
            Some(Value::Bool(true)) => Ok(Figures::Wanted),
            _ => Ok(Figures::NotAsked),
        },
        Some(_) => Err(wrong_type("stream_options", "an object")),
    }
}

/// The tools as compact JSON.
fn check_tools(tools: &Value) -> Checked<String> {
    let list = tools.as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| wrong_type("tools", "a non-empty array"))?;
    let mut names = HashSet::new();
    for (at, tool) in list.iter().enumerate() {
        let at = format!("tools[{at}]");
        if tool["type"] != "function" {
            return Err(wrong_type(&format!("{at}.type"), "'function'"));
        }
        let Some(Value::Object(function)) = tool.get("function") else {
            return Err(missing(&format!("{at}.function")));
        };
        let name = string(function, "name", &format!("{at}.function.name"))?;
        if !is_name(name) || !names.insert(name) {
            let message =
                format!("Invalid '{at}.function.name': {name:?} is no name, or not unique.");
            return Err(Refusal::invalid(&at, message));
        }
        if function.get("parameters").is_none_or(|schema| schema["type"] != "object") {
            let message = format!(
                "Invalid schema for function '{name}': schema must be a JSON Schema of 'type: \"object\"'."
            );
            return Err(Refusal::invalid(&at, message).coded("invalid_function_parameters"));
        }
    }
    Ok(tools.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::given::Thought;
    use serde_json::json;

    fn given() -> Given {
        let mut given = Given::default();
        let thought = Thought { text: "hm".into(), signature: String::new() };
        given.note(&thought, &["a".into()]);
        given
    }

    fn valid() -> Value {
        let call = |id| json!({ "id": id, "type": "function", "function": { "name": "run", "arguments": "{\"x\": 1}" } });
        json!({
            "model": "m", "max_tokens": 9, "stream": true,
            "stream_options": { "include_usage": true }, "parallel_tool_calls": true,
            "tools": [{ "type": "function", "function": { "name": "run", "parameters": { "type": "object" } } }],
            "messages": [
                { "role": "system", "content": "s" },
                { "role": "user", "content": "p" },
                { "role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [call("a"), call("b")] },
                { "role": "tool", "tool_call_id": "b", "content": "" },
                { "role": "tool", "tool_call_id": "a", "content": "r" },
            ],
        })
    }

    #[test]
    fn what_is_in_order_is_taken_with_all_its_texts() {
        let asked = check(&valid(), &given()).expect("in order");
        let texts: Vec<_> = asked.parts.iter().flat_map(|part| part.texts.clone()).collect();
        let tools =
            r#"[{"type":"function","function":{"name":"run","parameters":{"type":"object"}}}]"#;
        let arguments = "{\"x\":1}";
        assert_eq!(texts, [tools, "s", "p", "run", arguments, "run", arguments, "", "r"]);
        assert_eq!(asked.text(asked.said), "\nr");
    }

    #[test]
    fn what_the_services_would_refuse_is_refused() {
        let call = "/messages/2/tool_calls/0";
        let cases = [
            ("/extra", json!(1), "Unknown parameter: 'extra'."),
            ("/model", json!(1), "Invalid type for 'model'"),
            ("/max_tokens", json!(0), "Invalid type for 'max_tokens'"),
            ("/max_completion_tokens", json!(9), "at the same time"),
            ("/reasoning_effort", json!("huge"), "Unsupported value: 'reasoning_effort'"),
            ("/stream_options", json!(true), "Invalid type for 'stream_options'"),
            ("/tools", json!([]), "Invalid type for 'tools'"),
            ("/tools/0/function/parameters", json!({}), "Invalid schema for function 'run'"),
            ("/tools/0/function/name", json!("a b"), "is no name, or not unique"),
            ("/messages", json!([]), "expected a non-empty array"),
            ("/messages/0/role", json!("robot"), "Invalid value: 'robot'"),
            ("/messages/1/content", json!(""), "Invalid type for 'messages[1].content'"),
            ("/messages/1/content", json!([{ "type": "text", "text": "" }]), "messages[1].content"),
            ("/messages/1/extra", json!(1), "Unknown parameter: 'messages[1].extra'."),
            ("/messages/2/reasoning_content", json!("ham"), "it is not what was given"),
            ("/messages/3/tool_call_id", json!("z"), "must be a response to a preceding message"),
            ("/messages/4/tool_call_id", json!("b"), "must be a response to a preceding message"),
            (
                "/messages/4",
                json!({ "role": "user", "content": "q" }),
                "did not have response messages: a",
            ),
            (&format!("{call}/function/arguments"), json!("{"), "the text of a JSON object"),
            (&format!("{call}/function/arguments"), json!({}), "Invalid type"),
            (&format!("{call}/id"), json!("b"), "Duplicate value for 'tool_call_id'"),
            (&format!("{call}/type"), json!("odd"), "Invalid type"),
        ];
        for (at, value, expected) in cases {
            let mut body = valid();
            let (parent, name) = at.rsplit_once('/').expect("a pointer");
            match body.pointer_mut(parent).expect(parent) {
                Value::Array(items) => items[name.parse::<usize>().expect("a number")] = value,
                other => other[name] = value,
            }
            let refusal = check(&body, &given()).expect_err(at);
            assert!(refusal.message.contains(expected), "{at}: {}", refusal.message);
        }
        for name in ["model", "messages"] {
            let mut body = valid();
            body.as_object_mut().expect("an object").shift_remove(name);
            let refusal = check(&body, &given()).expect_err(name);
            assert_eq!(refusal.message, format!("Missing required parameter: '{name}'."));
        }
    }

    #[test]
    fn reasoning_is_missed_within_the_loop_and_not_after_it() {
        let mut body = valid();
        body["messages"][2].as_object_mut().expect("an object").shift_remove("reasoning_content");
        let refusal = check(&body, &given()).expect_err("missing");
        assert!(refusal.message.contains("must be sent back"), "{}", refusal.message);
        let messages = body["messages"].as_array_mut().expect("messages");
        messages.push(json!({ "role": "user", "content": "q" }));
        assert!(check(&body, &given()).is_ok());
    }

    #[test]
    fn parallel_calls_without_tools_are_refused() {
        let mut body = valid();
        body.as_object_mut().expect("an object").shift_remove("tools");
        let refusal = check(&body, &given()).expect_err("no tools");
        assert!(refusal.message.contains("only allowed when 'tools'"), "{}", refusal.message);
    }
}
