//! Whether a Messages request is one that Anthropic would take.

use super::held::{Held, hold, text};
use crate::scripted::given::{Asked, Cache, Given, is_name};
use crate::scripted::refusal::Refusal;
use serde_json::{Map, Value};
use std::collections::HashSet;

const FIELDS: &[&str] = &[
    "cache_control",
    "container",
    "context_management",
    "inference_geo",
    "max_tokens",
    "mcp_servers",
    "messages",
    "metadata",
    "model",
    "output_config",
    "service_tier",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
];
/// What only a request for a reply has.
const COUNT_WITHOUT: [&str; 9] = [
    "container",
    "inference_geo",
    "max_tokens",
    "metadata",
    "service_tier",
    "stop_sequences",
    "stream",
    "temperature",
    "top_p",
];
const EFFORTS: [&str; 5] = ["low", "medium", "high", "xhigh", "max"];
const MARKERS_MAX: usize = 4;
const BUDGET_MIN: u64 = 1024;

pub(super) type Checked<T> = Result<T, Refusal>;

pub(in crate::scripted) fn check(body: &Value, given: &Given) -> Checked<Asked> {
    let Value::Object(fields) = body else {
        return Err(refusal("The request body is not valid JSON."));
    };
    only(fields, FIELDS, "")?;
    let model = string(fields, "model", "model")?.to_owned();
    let limit = fields.get("max_tokens").ok_or_else(|| missing("max_tokens"))?;
    if limit.as_u64().is_none_or(|limit| limit == 0) {
        return Err(refusal("max_tokens: Input should be greater than or equal to 1"));
    }
    if fields.get("stream") != Some(&Value::Bool(true)) {
        return Err(refusal("stream: this server streams, it must be true"));
    }
    thinking(fields)?;
    let markers = markers(body)?;
    let cache = if markers == 0 { Cache::NotAsked } else { Cache::Used };
    let mut asked = Asked { model, cache, ..Asked::default() };
    if let Some(tools) = fields.get("tools") {
        asked.add(tools, vec![check_tools(tools)?]);
    }
    if let Some(system) = fields.get("system") {
        asked.add(system, system_texts(system)?);
    }
    let messages = fields.get("messages").ok_or_else(|| missing("messages"))?;
    let messages =
        messages.as_array().ok_or_else(|| refusal("messages: Input should be a valid list"))?;
    if messages.is_empty() {
        return Err(refusal("messages: at least one message is required"));
    }
    let thinks = fields.get("thinking").map(|thinking| &thinking["type"]);
    check_messages(messages, given, thinks, &mut asked)?;
    Ok(asked)
}

/// Whether it is a request to count that Anthropic would take: it says nothing of a reply.
pub(in crate::scripted) fn check_count(body: &Value, given: &Given) -> Checked<Asked> {
    let mut body = body.clone();
    if let Value::Object(fields) = &mut body {
        if let Some(name) = COUNT_WITHOUT.iter().find(|name| fields.contains_key(**name)) {
            return Err(refusal(format!("{name}: Extra inputs are not permitted")));
        }
        fields.insert("max_tokens".to_owned(), u64::MAX.into());
        fields.insert("stream".to_owned(), true.into());
    }
    check(&body, given)
}

pub(super) fn refusal(message: impl Into<String>) -> Refusal {
    Refusal::new(400, message)
}

pub(super) fn missing(at: &str) -> Refusal {
    refusal(format!("{at}: Field required"))
}

pub(super) fn only(fields: &Map<String, Value>, known: &[&str], at: &str) -> Checked<()> {
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(refusal(format!("{at}{name}: Extra inputs are not permitted"))),
    }
}

pub(super) fn string<'a>(fields: &'a Map<String, Value>, name: &str, at: &str) -> Checked<&'a str> {
    let value = fields.get(name).ok_or_else(|| missing(at))?;
    value.as_str().ok_or_else(|| refusal(format!("{at}: Input should be a valid string")))
}

fn thinking(fields: &Map<String, Value>) -> Checked<()> {
    let known = ["adaptive", "enabled", "disabled"];
    let one_of =
        |value: &Value, known: &[&str]| value.as_str().is_some_and(|word| known.contains(&word));
    match fields.get("thinking") {
        Some(thinking) if !one_of(&thinking["type"], &known) => {
            return Err(refusal(
                "thinking.type: Input should be 'adaptive', 'enabled' or 'disabled'",
            ));
        }
        Some(thinking) if thinking["type"] == "enabled" => budget(thinking, fields)?,
        _ => {}
    }
    match fields.get("output_config").and_then(|config| config.get("effort")) {
        Some(effort) if !one_of(effort, &EFFORTS) => {
            Err(refusal(format!("output_config.effort: {effort} is not supported")))
        }
        _ => Ok(()),
    }
}

fn budget(thinking: &Value, fields: &Map<String, Value>) -> Checked<()> {
    let tokens = thinking["budget_tokens"].as_u64().unwrap_or_default();
    if tokens < BUDGET_MIN {
        return Err(refusal(format!(
            "thinking.enabled.budget_tokens: Input should be greater than or equal to {BUDGET_MIN}"
        )));
    }
    if fields.get("max_tokens").and_then(Value::as_u64).is_some_and(|limit| limit <= tokens) {
        return Err(refusal("`max_tokens` must be greater than `thinking.budget_tokens`."));
    }
    Ok(())
}

/// How many blocks end what is to be cached.
fn markers(value: &Value) -> Checked<usize> {
    fn count(value: &Value, found: &mut usize) -> Checked<()> {
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| count(item, found)),
            Value::Object(fields) => fields.iter().try_for_each(|(name, field)| {
                // The arguments of a call are the model's own.
                if name == "input" || name == "input_schema" {
                    return Ok(());
                }
                if name != "cache_control" {
                    return count(field, found);
                }
                *found += 1;
                if field["type"] == "ephemeral" {
                    return Ok(());
                }
                Err(refusal("cache_control.type: Input should be 'ephemeral'"))
            }),
            _ => Ok(()),
        }
    }
    let mut found = 0;
    count(value, &mut found)?;
    if found > MARKERS_MAX {
        return Err(refusal(format!(
            "A maximum of {MARKERS_MAX} blocks with cache_control may be provided. Found {found}."
        )));
    }
    Ok(found)
}

/// The tools as compact JSON, without markers.
fn check_tools(tools: &Value) -> Checked<String> {
    let list = tools.as_array().ok_or_else(|| refusal("tools: Input should be a valid list"))?;
    let mut names = HashSet::new();
    for (at, tool) in list.iter().enumerate() {
        let at = format!("tools.{at}.");
        let Value::Object(tool) = tool else {
            return Err(refusal(format!("{at}: Input should be an object")));
        };
        only(
            tool,
            &["type", "name", "description", "input_schema", "cache_control", "strict"],
            &at,
        )?;
        let name = string(tool, "name", &format!("{at}name"))?;
        if !is_name(name) {
            return Err(refusal(format!(
                "{at}name: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'"
            )));
        }
        if !names.insert(name) {
            return Err(refusal("tools: Tool names must be unique."));
        }
        let schema =
            tool.get("input_schema").ok_or_else(|| missing(&format!("{at}input_schema")))?;
        if schema["type"] != "object" {
            return Err(refusal(format!("{at}input_schema.type: Input should be 'object'")));
        }
    }
    let mut bare = list.clone();
    for tool in bare.iter_mut().filter_map(Value::as_object_mut) {
        tool.shift_remove("cache_control");
    }
    Ok(Value::from(bare).to_string())
}

fn system_texts(system: &Value) -> Checked<Vec<String>> {
    match system {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Array(blocks) => blocks.iter().map(|block| text(block, "system")).collect(),
        _ => Err(refusal("system: Input should be a valid string or list")),
    }
}

fn check_messages(
    messages: &[Value],
    given: &Given,
    thinks: Option<&Value>,
    asked: &mut Asked,
) -> Checked<()> {
    let mut open: Vec<&str> = Vec::new();
    let mut calls = HashSet::new();
    let mut helds = Vec::new();
    for (number, message) in messages.iter().enumerate() {
        let at = format!("messages.{number}");
        let Value::Object(fields) = message else {
            return Err(refusal(format!("{at}: Input should be an object")));
        };
        only(fields, &["role", "content"], &format!("{at}."))?;
        let role = string(fields, "role", &format!("{at}.role"))?;
        let expected = if number % 2 == 0 { "user" } else { "assistant" };
        if role != expected {
            let what = if number == 0 {
                "first message must use the \"user\" role"
            } else {
                "roles must alternate between \"user\" and \"assistant\""
            };
            return Err(refusal(format!("{at}: {what}, but found {role:?}")));
        }
        let held = hold(fields, role, &at, given)?;
        pair(&held, &open, &at)?;
        if !held.calls.iter().all(|call| calls.insert(*call)) {
            return Err(refusal(format!("{at}: `tool_use` ids must be unique")));
        }
        open.clone_from(&held.calls);
        asked.add(message, held.texts.clone());
        if role == "assistant" {
            asked.said = asked.parts.len();
        }
        helds.push(held);
    }
    if !open.is_empty() {
        return Err(unanswered("messages", &open));
    }
    match thinks {
        Some(how) => keeps_thoughts(&helds, given, how == "enabled"),
        None => Ok(()),
    }
}

/// Each call has its result in the next message, and each result its call in the last.
fn pair(held: &Held<'_>, open: &[&str], at: &str) -> Checked<()> {
    let left: Vec<&str> =
        open.iter().filter(|call| !held.results.contains(call)).copied().collect();
    if !left.is_empty() {
        return Err(unanswered(at, &left));
    }
    let mut seen = HashSet::new();
    match held.results.iter().find(|call| !open.contains(call) || !seen.insert(**call)) {
        None => Ok(()),
        Some(call) => Err(refusal(format!(
            "{at}: unexpected `tool_use_id` found in `tool_result` blocks: {call}. Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
        ))),
    }
}

fn unanswered(at: &str, open: &[&str]) -> Refusal {
    refusal(format!(
        "{at}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
        open.join(", ")
    ))
}

/// In the tool loop that still runs, a call comes with the thought that led to it; with a budget, a
/// thought is how the loop begins.
fn keeps_thoughts(helds: &[Held<'_>], given: &Given, with_budget: bool) -> Checked<()> {
    for (number, held) in helds.iter().enumerate().rev() {
        if number % 2 == 0 {
            let begun = helds.get(number + 1).filter(|next| next.first != "thinking");
            match (held.results.is_empty(), begun) {
                (true, Some(begun)) if with_budget => {
                    return Err(refusal(format!(
                        "messages.{}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{}`. When `thinking` is enabled, a final `assistant` message must start with a thinking block.",
                        number + 1,
                        begun.first
                    )));
                }
                (true, _) => return Ok(()),
                (false, _) => continue,
            }
        }
        let wanted = held.calls.iter().find_map(|call| given.before(call));
        if wanted.is_some_and(|thought| !held.signatures.contains(&thought.signature.as_str())) {
            return Err(refusal(format!(
                "messages.{number}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When `thinking` is enabled, a final `assistant` message must start with a thinking block."
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::given::Thought;
    use crate::scripted::prompts::Prompts;
    use serde_json::json;

    fn given() -> Given {
        let mut given = Given::default();
        let thought = Thought { text: "hm".into(), signature: "s1".into() };
        given.note(&thought, &["t1".into(), "t2".into()]);
        given
    }

    fn valid() -> Value {
        json!({
            "model": "m", "max_tokens": 9, "stream": true,
            "thinking": { "type": "adaptive" }, "output_config": { "effort": "low" },
            "system": [{ "type": "text", "text": "s", "cache_control": { "type": "ephemeral" } }],
            "tools": [{ "name": "run", "description": "d", "input_schema": { "type": "object" } }],
            "messages": [
                { "role": "user", "content": [{ "type": "text", "text": "p" }] },
                { "role": "assistant", "content": [
                    { "type": "thinking", "thinking": "hm", "signature": "s1" },
                    { "type": "text", "text": "a" },
                    { "type": "tool_use", "id": "t1", "name": "run", "input": {} },
                    { "type": "tool_use", "id": "t2", "name": "run", "input": { "cache_control": 1 } },
                ] },
                { "role": "user", "content": [
                    { "type": "tool_result", "tool_use_id": "t1", "content": "r" },
                    { "type": "tool_result", "tool_use_id": "t2", "content": "", "is_error": true },
                    { "type": "text", "text": "n" },
                ] },
            ],
        })
    }

    #[test]
    fn what_is_in_order_is_taken_with_all_its_texts() {
        let asked = check(&valid(), &given()).expect("in order");
        let texts: Vec<_> = asked.parts.iter().flat_map(|part| part.texts.clone()).collect();
        let tools = r#"[{"name":"run","description":"d","input_schema":{"type":"object"}}]"#;
        let call = r#"{"cache_control":1}"#;
        assert_eq!(texts, [tools, "s", "p", "hm", "a", "run", "{}", "run", call, "r", "", "n"]);
        assert_eq!(asked.text(asked.said), "r\n\nn");
    }

    #[test]
    fn what_is_to_be_counted_says_nothing_of_a_reply() {
        let refusal = check_count(&valid(), &given()).expect_err("a request for a reply");
        assert_eq!(refusal.message, "max_tokens: Extra inputs are not permitted");
        let mut body = valid();
        body.as_object_mut()
            .expect("a body")
            .retain(|name, _| name != "max_tokens" && name != "stream");
        let counted = check_count(&body, &given()).expect("in order");
        let replied = check(&valid(), &given()).expect("in order");
        assert_eq!(Prompts::tokens(&counted), Prompts::tokens(&replied));
        body["messages"] = json!([]);
        assert!(check_count(&body, &given()).is_err(), "as strict as for a reply");
    }

    #[test]
    fn what_the_service_would_refuse_is_refused() {
        let block = "/messages/1/content";
        let cases = [
            ("/extra", json!(1), "extra: Extra inputs are not permitted"),
            ("/max_tokens", json!(0), "max_tokens: Input should be greater"),
            ("/max_tokens", json!("9"), "max_tokens: Input should be greater"),
            ("/model", json!(1), "model: Input should be a valid string"),
            ("/output_config/effort", json!("minimal"), "output_config.effort"),
            ("/thinking/type", json!("on"), "thinking.type"),
            (
                "/thinking",
                json!({ "type": "enabled", "budget_tokens": 1023 }),
                "thinking.enabled.budget_tokens",
            ),
            (
                "/thinking",
                json!({ "type": "enabled", "budget_tokens": 1024 }),
                "`max_tokens` must be greater",
            ),
            ("/system/0/text", json!(""), "system: text content blocks must be non-empty"),
            ("/tools/0/input_schema", json!({}), "tools.0.input_schema.type"),
            ("/tools/0/name", json!("a b"), "tools.0.name: String should match"),
            ("/tools/0/extra", json!(1), "tools.0.extra: Extra inputs"),
            ("/messages", json!([]), "at least one message"),
            ("/messages/0/role", json!("assistant"), "first message must use"),
            ("/messages/0/content", json!(" "), "non-empty content"),
            ("/messages/0/content/0/text", json!(" "), "non-whitespace text"),
            ("/messages/0/content/0/extra", json!(1), "messages.0.content.0.extra"),
            ("/messages/2/role", json!("assistant"), "roles must alternate"),
            (
                "/messages/2/content/1/tool_use_id",
                json!("t9"),
                "ids were found without `tool_result` blocks immediately after: t2",
            ),
            (
                "/messages/2/content/2",
                json!({ "type": "tool_result", "tool_use_id": "t9" }),
                "unexpected `tool_use_id` found in `tool_result` blocks: t9",
            ),
            (
                "/messages/2/content/0",
                json!({ "type": "text", "text": "x" }),
                "must come before any other",
            ),
            (&format!("{block}/0/thinking"), json!("ham"), "Invalid `signature`"),
            (&format!("{block}/0/signature"), json!("s2"), "Invalid `signature`"),
            (&format!("{block}/0"), json!({ "type": "text", "text": "x" }), "Expected `thinking`"),
            (&format!("{block}/2/input"), json!("{}"), "Input should be a valid dictionary"),
            (&format!("{block}/3/id"), json!("t1"), "ids must be unique"),
            (&format!("{block}/3/id"), json!("a:b"), "String should match pattern"),
            (&format!("{block}/3"), json!({ "type": "novelty" }), "Input tag \"novelty\""),
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
        for name in ["model", "max_tokens", "messages"] {
            let mut body = valid();
            body.as_object_mut().expect("an object").shift_remove(name);
            let refusal = check(&body, &given()).expect_err(name);
            assert_eq!(refusal.message, format!("{name}: Field required"));
        }
    }

    #[test]
    fn with_a_budget_a_turn_begins_with_a_thought() {
        let mut body = valid();
        body["max_tokens"] = 2000.into();
        body["thinking"] = json!({ "type": "enabled", "budget_tokens": 1024 });
        assert!(check(&body, &given()).is_ok());
        let blocks = body["messages"][1]["content"].as_array_mut().expect("blocks");
        blocks.swap(0, 1);
        let refusal = check(&body, &given()).expect_err("a text first");
        assert!(refusal.message.contains("but found `text`"), "{}", refusal.message);
        body["thinking"] = json!({ "type": "adaptive" });
        assert!(check(&body, &given()).is_ok());
    }

    #[test]
    fn a_fifth_marker_is_one_too_many() {
        let mut body = valid();
        for at in ["/tools/0", "/messages/0/content/0", "/messages/1/content/1"] {
            body.pointer_mut(at).expect(at)["cache_control"] = json!({ "type": "ephemeral" });
        }
        assert!(check(&body, &given()).is_ok());
        body["messages"][2]["content"][2]["cache_control"] = json!({ "type": "ephemeral" });
        let refusal = check(&body, &given()).expect_err("five");
        assert!(refusal.message.contains("Found 5."), "{}", refusal.message);
    }

    #[test]
    fn a_call_without_any_answer_is_refused() {
        let mut body = valid();
        body["messages"].as_array_mut().expect("messages").pop();
        let refusal = check(&body, &given()).expect_err("unanswered");
        assert!(refusal.message.contains("immediately after: t1, t2"), "{}", refusal.message);
    }
}
