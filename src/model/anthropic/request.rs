//! From a request to the body of a Messages call.

use super::{DIALECT, thinking};
use crate::model::Request;
use crate::model::conversation::{self, Answered, Group};
use crate::protocol::{CallId, Item, Outcome, Tool};
use serde_json::{Value, json};

pub(super) fn body(request: &Request<'_>) -> Value {
    let mut body = json!({
        "model": request.model.id,
        "max_tokens": request.output_tokens_max,
        "stream": true,
    });
    thinking::tell(request, &mut body);
    if !request.tools.is_empty() {
        let mut tools: Vec<Value> = request.tools.iter().map(tool).collect();
        tools.last_mut().into_iter().for_each(mark);
        body["tools"] = tools.into();
    }
    if !request.system.is_empty() {
        let mut system = json!({ "type": "text", "text": request.system });
        mark(&mut system);
        body["system"] = json!([system]);
    }
    let mut messages = messages(request);
    mark_messages(&mut messages);
    body["messages"] = messages.into_iter().map(Message::value).collect();
    body
}

/// The body with which the service is asked to count the prompt.
pub(super) fn counting(request: &Request<'_>) -> Value {
    let mut body = body(request);
    if let Value::Object(fields) = &mut body {
        fields.retain(|name, _| !matches!(name.as_str(), "max_tokens" | "stream"));
    }
    body
}

fn tool(tool: &Tool) -> Value {
    json!({
        "name": tool.name, "description": tool.description, "input_schema": tool.parameters,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    User,
    Assistant,
}

struct Message {
    role: Role,
    /// Never empty.
    blocks: Vec<Value>,
}

impl Message {
    fn value(self) -> Value {
        let role = match self.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        json!({ "role": role, "content": self.blocks })
    }
}

/// User and assistant take turns, and the user begins.
fn messages(request: &Request<'_>) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    let mut push = |role, blocks: Vec<Value>| match messages.last_mut() {
        _ if blocks.is_empty() => {}
        Some(last) if last.role == role => last.blocks.extend(blocks),
        None if role == Role::Assistant => {
            messages.push(Message { role: Role::User, blocks: vec![text("(continued)")] });
            messages.push(Message { role, blocks });
        }
        Some(_) | None => messages.push(Message { role, blocks }),
    };
    for group in conversation::groups(request.items) {
        match group {
            Group::User(texts) => {
                push(Role::User, texts.iter().map(|one| text(one)).collect());
            }
            Group::Assistant { items, .. } => {
                push(Role::Assistant, assistant(&items, &request.model.id));
            }
            Group::Results(results) => push(Role::User, results.iter().map(result).collect()),
        }
    }
    messages
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn result(result: &Answered<'_>) -> Value {
    let mut block = json!({
        "type": "tool_result", "tool_use_id": wire_id(result.call), "content": result.text,
    });
    if result.outcome != Outcome::Done {
        block["is_error"] = true.into();
    }
    block
}

/// Without thinking at its end: the service refuses a message that ends so.
pub(super) fn assistant(items: &[&Item], model: &str) -> Vec<Value> {
    let mut blocks: Vec<Value> = items.iter().filter_map(|item| block(item, model)).collect();
    let kept = blocks.iter().rposition(|block| !is_thinking(block)).map_or(0, |last| last + 1);
    blocks.truncate(kept);
    blocks
}

fn block(item: &Item, model: &str) -> Option<Value> {
    match item {
        Item::Assistant { text: said, opaque } => {
            match conversation::kept(opaque, DIALECT, model) {
                Some(raw) => Some(raw.clone()),
                None => (!said.trim().is_empty()).then(|| text(said)),
            }
        }
        // Without its signature a thought is nothing that the service would take back.
        Item::Thought { opaque, .. } => conversation::kept(opaque, DIALECT, model).cloned(),
        Item::Call { call, tool, arguments, opaque } => {
            let mut block = json!({ "type": "tool_use", "id": wire_id(call), "name": tool });
            if let Some(Value::Object(extra)) = conversation::kept(opaque, DIALECT, model) {
                for (name, value) in extra {
                    block[name.as_str()] = value.clone();
                }
            }
            block["input"] = Value::Object(conversation::arguments(arguments));
            Some(block)
        }
        _ => None,
    }
}

/// The service takes letters, digits, `_` and `-`; other providers give other names.
fn wire_id(call: &CallId) -> String {
    let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
    call.0.chars().map(|char| if fits(char) { char } else { '_' }).collect()
}

pub(super) fn is_thinking(block: &Value) -> bool {
    matches!(block["type"].as_str(), Some("thinking" | "redacted_thinking"))
}

/// What is known to take a marker.
fn is_markable(block: &Value) -> bool {
    matches!(block["type"].as_str(), Some("text" | "tool_use" | "tool_result"))
}

/// Ends what is to be cached.
fn mark(block: &mut Value) {
    if let Value::Object(block) = block {
        block.insert("cache_control".to_owned(), json!({ "type": "ephemeral" }));
    }
}

/// Of the four markers that a request may have, tools and system take two. One ends the
/// conversation. One stays where the last request ended, because the service looks back for an
/// earlier end over twenty blocks only, and a reply with many calls has more.
fn mark_messages(messages: &mut [Message]) {
    let mut ends = 0;
    for (from_end, message) in messages.iter_mut().rev().enumerate() {
        let is_end = from_end == 0 || message.role == Role::User;
        if is_end && ends < 2 {
            message.blocks.iter_mut().rfind(|block| is_markable(block)).into_iter().for_each(mark);
            ends += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample::{assistant, call, prompt, request, result};
    use crate::protocol::Opaque;

    fn sent(items: &[Item]) -> Value {
        body(&request(items))["messages"].take()
    }

    /// Without the markers of the cache.
    fn unmarked(mut value: Value) -> Value {
        match &mut value {
            Value::Array(items) => items.iter_mut().for_each(|item| *item = unmarked(item.take())),
            Value::Object(fields) => {
                fields.shift_remove("cache_control");
                fields.values_mut().for_each(|field| *field = unmarked(field.take()));
            }
            _ => {}
        }
        value
    }

    fn markers(value: &Value) -> usize {
        value.to_string().matches("\"cache_control\"").count()
    }

    fn thought(value: Value, model: &str) -> Item {
        let opaque = Opaque { service: None, dialect: DIALECT.into(), model: model.into(), value };
        Item::Thought { text: "hm".into(), opaque: Some(opaque) }
    }

    fn tool_loop() -> Vec<Item> {
        vec![
            prompt("p"),
            thought(json!({ "type": "thinking", "thinking": "hm", "signature": "s" }), "tiny"),
            assistant("I look."),
            call("a", "{\"command\":\"ls\"}"),
            call("functions.run:1", "[1"),
            Item::User { text: "steer".into(), kind: crate::protocol::UserKind::Steer },
            result("functions.run:1", "no"),
            result("a", "yes"),
        ]
    }

    #[test]
    fn a_tool_loop_becomes_messages_with_all_results_first() {
        let block = |text: &str| json!({ "type": "text", "text": text });
        let expected = json!([
            { "role": "user", "content": [block("p")] },
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": "hm", "signature": "s" },
                block("I look."),
                { "type": "tool_use", "id": "a", "name": "run", "input": { "command": "ls" } },
                { "type": "tool_use", "id": "functions_run_1", "name": "run", "input": { "_raw": "[1" } },
            ] },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "a", "content": "yes" },
                { "type": "tool_result", "tool_use_id": "functions_run_1", "content": "no" },
                block("steer"),
            ] },
        ]);
        assert_eq!(unmarked(sent(&tool_loop())), expected);
    }

    #[test]
    fn markers_are_four_and_only_they_move() {
        let items = tool_loop();
        let first = body(&request(&items[..1]));
        assert_eq!(markers(&first), 3);
        assert_eq!(first["tools"][0]["cache_control"], json!({ "type": "ephemeral" }));
        let second = body(&request(&items));
        assert_eq!(markers(&second), 4);
        assert!(second["messages"][2]["content"][2].get("cache_control").is_some());
        assert!(second["messages"][0]["content"][0].get("cache_control").is_some());
        let mut first = unmarked(first).to_string();
        first.truncate(first.len() - "]}".len());
        assert!(unmarked(second).to_string().starts_with(&first));
    }

    #[test]
    fn thinking_of_another_model_and_thinking_alone_stay_away() {
        let block = json!({ "type": "thinking", "thinking": "hm", "signature": "s" });
        let items = [prompt("p"), thought(block.clone(), "big"), assistant("a"), prompt("q")];
        assert_eq!(sent(&items)[1]["content"].as_array().map(Vec::len), Some(1));
        let alone = [prompt("p"), thought(block, "tiny"), prompt("q")];
        let expected = json!([{ "role": "user", "content": [
            { "type": "text", "text": "p" }, { "type": "text", "text": "q" },
        ] }]);
        assert_eq!(unmarked(sent(&alone)), expected);
    }

    #[test]
    fn thinking_at_the_end_of_a_message_stays_away() {
        let block = json!({ "type": "thinking", "thinking": "hm", "signature": "s" });
        let thought = thought(block.clone(), "tiny");
        let items = [prompt("p"), thought.clone(), assistant("a"), thought, prompt("q")];
        let expected = json!([block, { "type": "text", "text": "a" }]);
        assert_eq!(unmarked(sent(&items))[1]["content"], expected);
    }

    #[test]
    fn the_markers_of_any_conversation_are_at_most_four() {
        let mut items = Vec::new();
        for number in 0..30 {
            items.extend([prompt("p"), assistant("a")]);
            items.extend((0..number % 4).map(|at| call(&format!("c{number}_{at}"), "{}")));
            assert!(markers(&body(&request(&items))) <= 4, "{} items", items.len());
        }
    }
}
