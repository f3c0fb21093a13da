//! From a request to the body of a Chat Completions call.

use super::DIALECT;
use crate::model::Request;
use crate::model::conversation::{self, Answered, Group, Loop};
use crate::model::dialect::host;
use crate::protocol::{Item, Service, Tool};
use serde_json::{Map, Value, json};

pub(super) fn body(service: &Service, request: &Request<'_>) -> Value {
    let host = host(&service.base_url);
    let of_openai = host == "api.openai.com" || host.ends_with(".openai.azure.com");
    let limit = if of_openai { "max_completion_tokens" } else { "max_tokens" };
    let mut body = json!({
        "model": request.model.id,
        limit: request.output_tokens_max,
        "stream": true,
        "stream_options": { "include_usage": true },
    });
    if let Some(effort) = request.effort {
        body["reasoning_effort"] = effort.name().into();
    }
    if host == "api.openai.com" && !request.cache_key.is_empty() {
        body["prompt_cache_key"] = request.cache_key.into();
    }
    if !request.tools.is_empty() {
        body["parallel_tool_calls"] = true.into();
        body["tools"] = request.tools.iter().map(tool).collect();
    }
    body["messages"] = messages(request).into();
    body
}

fn tool(tool: &Tool) -> Value {
    json!({ "type": "function", "function": {
        "name": tool.name, "description": tool.description, "parameters": tool.parameters,
    } })
}

fn messages(request: &Request<'_>) -> Vec<Value> {
    let mut messages = Vec::new();
    if !request.system.is_empty() {
        messages.push(json!({ "role": "system", "content": request.system }));
    }
    // Texts wait here: where a reply between two of them comes to nothing, they are one message.
    let mut texts = Vec::new();
    for group in conversation::groups(request.items) {
        match group {
            Group::User(more) => texts.extend(more),
            Group::Assistant { items, loops } => {
                if let Some(message) = assistant(&items, loops, &request.model.id) {
                    messages.extend(user(&mut texts));
                    messages.push(message);
                }
            }
            Group::Results(results) => messages.extend(results.iter().map(result)),
        }
    }
    messages.extend(user(&mut texts));
    messages
}

fn user(texts: &mut Vec<std::borrow::Cow<'_, str>>) -> Option<Value> {
    if texts.is_empty() {
        return None;
    }
    Some(json!({ "role": "user", "content": std::mem::take(texts).join("\n\n") }))
}

fn result(result: &Answered<'_>) -> Value {
    json!({ "role": "tool", "tool_call_id": result.call.0, "content": result.text })
}

/// None where there is nothing that this wire could carry: services refuse an empty message.
fn assistant(items: &[&Item], loops: Loop, model: &str) -> Option<Value> {
    let mut texts = Vec::new();
    let mut calls = Vec::new();
    let mut kept = Map::new();
    for item in items {
        match item {
            Item::Assistant { text, .. } if !text.is_empty() => texts.push(text.as_str()),
            Item::Call { call, tool, arguments, .. } => calls.push(json!({
                "id": call.0,
                "type": "function",
                "function": { "name": tool, "arguments": sent_arguments(arguments) },
            })),
            Item::Thought { opaque, .. } => {
                if let Some(Value::Object(fields)) = conversation::kept(opaque, DIALECT, model) {
                    kept.extend(fields.clone());
                }
            }
            _ => {}
        }
    }
    if texts.is_empty() && calls.is_empty() {
        return None;
    }
    // DeepSeek refuses a running tool loop without its reasoning, and older models of it refuse
    // the reasoning of earlier turns.
    if loops == Loop::Past {
        kept.shift_remove("reasoning_content");
    }
    let content = if texts.is_empty() { Value::Null } else { texts.join("\n\n").into() };
    let mut message = json!({ "role": "assistant", "content": content });
    if let Value::Object(fields) = &mut message {
        fields.extend(kept);
    }
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    Some(message)
}

/// As the model sent them, if they are an object; many servers' templates parse them.
fn sent_arguments(arguments: &str) -> String {
    match serde_json::from_str(arguments) {
        Ok(Value::Object(_)) => arguments.to_owned(),
        Ok(_) | Err(_) => Value::Object(conversation::arguments(arguments)).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample::{assistant, call, prompt, request, result, service};
    use crate::protocol::{Api, Effort, Opaque};

    fn sent(items: &[Item]) -> Value {
        let service = service(Api::OpenaiChat, "http://localhost:8080/v1");
        body(&service, &request(items))["messages"].take()
    }

    fn thought(value: Value, model: &str) -> Item {
        let opaque = Opaque { dialect: DIALECT.into(), model: model.into(), value };
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

    #[test]
    fn hosts_differ_in_what_they_take() {
        let mut request = request(&[]);
        request.effort = Some(Effort::Low);
        let openai = body(&service(Api::OpenaiChat, "https://api.openai.com/v1"), &request);
        assert_eq!(openai["max_completion_tokens"], 1000);
        assert_eq!(openai["prompt_cache_key"], "s1");
        assert_eq!(openai["reasoning_effort"], "low");
        assert_eq!(openai.get("max_tokens"), None);
        request.effort = None;
        request.tools = &[];
        let other = body(&service(Api::OpenaiChat, "http://localhost:8080/v1"), &request);
        assert_eq!(other["max_tokens"], 1000);
        let absent = ["max_completion_tokens", "prompt_cache_key", "reasoning_effort", "tools"];
        for name in absent.iter().chain(&["parallel_tool_calls"]) {
            assert_eq!(other.get(name), None, "{name}");
        }
    }

    #[test]
    fn reasoning_goes_back_to_its_own_model_within_the_loop() {
        let reasoning = || thought(json!({ "reasoning_content": "hm" }), "tiny");
        let loops = [prompt("p"), reasoning(), call("a", "{}"), result("a", "r")];
        assert_eq!(sent(&loops)[2]["reasoning_content"], "hm");
        let next_turn = [prompt("p"), reasoning(), call("a", "{}"), result("a", "r"), prompt("q")];
        assert_eq!(sent(&next_turn)[2].get("reasoning_content"), None);
        let other =
            [prompt("p"), thought(json!({ "reasoning_content": "hm" }), "big"), assistant("a")];
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
        assert_eq!(sent(&items)[2]["reasoning_details"].to_string(), details.to_string());
    }

    #[test]
    fn a_reply_of_nothing_is_no_message() {
        let items = [prompt("p"), Item::Thought { text: "hm".into(), opaque: None }, prompt("q")];
        assert_eq!(sent(&items)[1], json!({ "role": "user", "content": "p\n\nq" }));
    }
}
