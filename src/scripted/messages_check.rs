//! Whether a Messages request is one that Anthropic would take.

use super::given::{Asked, Cache, Given, is_name};
use super::refusal::Refusal;
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
const EFFORTS: [&str; 5] = ["low", "medium", "high", "xhigh", "max"];
const MARKERS_MAX: usize = 4;

type Checked<T> = Result<T, Refusal>;

pub(super) fn check(body: &Value, given: &Given) -> Checked<Asked> {
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
    let thinks = fields.contains_key("thinking");
    check_messages(messages, given, thinks, &mut asked)?;
    Ok(asked)
}

fn refusal(message: impl Into<String>) -> Refusal {
    Refusal::new(400, message)
}

fn missing(at: &str) -> Refusal {
    refusal(format!("{at}: Field required"))
}

fn only(fields: &Map<String, Value>, known: &[&str], at: &str) -> Checked<()> {
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(refusal(format!("{at}{name}: Extra inputs are not permitted"))),
    }
}

fn string<'a>(fields: &'a Map<String, Value>, name: &str, at: &str) -> Checked<&'a str> {
    let value = fields.get(name).ok_or_else(|| missing(at))?;
    value.as_str().ok_or_else(|| refusal(format!("{at}: Input should be a valid string")))
}

fn thinking(fields: &Map<String, Value>) -> Checked<()> {
    if let Some(thinking) = fields.get("thinking") {
        if !matches!(thinking["type"].as_str(), Some("adaptive" | "enabled" | "disabled")) {
            return Err(refusal(
                "thinking.type: Input should be 'adaptive', 'enabled' or 'disabled'",
            ));
        }
    }
    if let Some(effort) = fields.get("output_config").and_then(|config| config.get("effort")) {
        if !effort.as_str().is_some_and(|effort| EFFORTS.contains(&effort)) {
            return Err(refusal(format!("output_config.effort: {effort} is not supported")));
        }
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

fn text(block: &Value, at: &str) -> Checked<String> {
    let text = block["text"].as_str().ok_or_else(|| missing(&format!("{at}.text")))?;
    if text.is_empty() {
        return Err(refusal(format!("{at}: text content blocks must be non-empty")));
    }
    if text.trim().is_empty() {
        return Err(refusal(format!("{at}: text content blocks must contain non-whitespace text")));
    }
    Ok(text.to_owned())
}

/// What one message holds.
#[derive(Default)]
struct Held<'a> {
    texts: Vec<String>,
    calls: Vec<&'a str>,
    results: Vec<&'a str>,
    signatures: Vec<&'a str>,
    /// The last block's type.
    last: &'a str,
}

fn check_messages(
    messages: &[Value],
    given: &Given,
    thinks: bool,
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
    if thinks { keeps_thoughts(&helds, given) } else { Ok(()) }
}

fn hold<'a>(
    fields: &'a Map<String, Value>,
    role: &str,
    at: &str,
    given: &Given,
) -> Checked<Held<'a>> {
    let mut held = Held::default();
    let blocks = match fields.get("content") {
        Some(Value::String(text)) if !text.trim().is_empty() => {
            held.texts.push(text.clone());
            return Ok(held);
        }
        Some(Value::Array(blocks)) if !blocks.is_empty() => blocks,
        Some(Value::String(_) | Value::Array(_)) => {
            return Err(refusal(format!("{at}: all messages must have non-empty content")));
        }
        _ => return Err(missing(&format!("{at}.content"))),
    };
    for (number, block) in blocks.iter().enumerate() {
        let at = format!("{at}.content.{number}");
        let Value::Object(block) = block else {
            return Err(refusal(format!("{at}: Input should be an object")));
        };
        let kind = string(block, "type", &format!("{at}.type"))?;
        match (kind, role) {
            ("text", _) => {
                only(block, &["type", "text", "cache_control", "citations"], &format!("{at}."))?;
                held.texts.push(text(&Value::Object(block.clone()), &at)?);
            }
            ("tool_use", "assistant") => hold_call(block, &at, &mut held)?,
            ("tool_result", "user") => hold_result(block, &at, &mut held)?,
            ("thinking", "assistant") => hold_thought(block, &at, given, &mut held)?,
            _ => {
                return Err(refusal(format!(
                    "{at}: Input tag {kind:?} is not expected in a message of the {role}"
                )));
            }
        }
        held.last = kind;
    }
    if held.last == "thinking" {
        return Err(refusal(format!(
            "{at}: The final block in an assistant message cannot be `thinking`."
        )));
    }
    Ok(held)
}

fn hold_call<'a>(block: &'a Map<String, Value>, at: &str, held: &mut Held<'a>) -> Checked<()> {
    only(block, &["type", "id", "name", "input", "cache_control"], &format!("{at}.tool_use."))?;
    let id = string(block, "id", &format!("{at}.tool_use.id"))?;
    if id.is_empty()
        || !id.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-'))
    {
        return Err(refusal(format!(
            "{at}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
        )));
    }
    let name = string(block, "name", &format!("{at}.tool_use.name"))?;
    let input = block.get("input").ok_or_else(|| missing(&format!("{at}.tool_use.input")))?;
    if !input.is_object() {
        return Err(refusal(format!("{at}.tool_use.input: Input should be a valid dictionary")));
    }
    held.calls.push(id);
    held.texts.extend([name.to_owned(), input.to_string()]);
    Ok(())
}

fn hold_result<'a>(block: &'a Map<String, Value>, at: &str, held: &mut Held<'a>) -> Checked<()> {
    only(
        block,
        &["type", "tool_use_id", "content", "is_error", "cache_control"],
        &format!("{at}.tool_result."),
    )?;
    if !matches!(held.last, "" | "tool_result") {
        return Err(refusal(format!(
            "{at}: `tool_result` blocks must come before any other block of the message"
        )));
    }
    held.results.push(string(block, "tool_use_id", &format!("{at}.tool_result.tool_use_id"))?);
    match block.get("content") {
        None => {}
        Some(Value::String(text)) => held.texts.push(text.clone()),
        Some(Value::Array(blocks)) => {
            for block in blocks {
                held.texts.push(text(block, at)?);
            }
        }
        Some(_) => {
            return Err(refusal(format!(
                "{at}.tool_result.content: Input should be a valid string or list"
            )));
        }
    }
    Ok(())
}

fn hold_thought<'a>(
    block: &'a Map<String, Value>,
    at: &str,
    given: &Given,
    held: &mut Held<'a>,
) -> Checked<()> {
    only(block, &["type", "thinking", "signature"], &format!("{at}.thinking."))?;
    let thought = string(block, "thinking", &format!("{at}.thinking.thinking"))?;
    let signature = string(block, "signature", &format!("{at}.thinking.signature"))?;
    if given.signed(signature) != Some(thought) {
        return Err(refusal(format!("{at}: Invalid `signature` in `thinking` block")));
    }
    held.signatures.push(signature);
    held.texts.push(thought.to_owned());
    Ok(())
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

/// In the tool loop that still runs, a call comes with the thought that led to it.
fn keeps_thoughts(helds: &[Held<'_>], given: &Given) -> Checked<()> {
    for (number, held) in helds.iter().enumerate().rev() {
        if number % 2 == 0 {
            if held.results.is_empty() {
                return Ok(());
            }
            continue;
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
