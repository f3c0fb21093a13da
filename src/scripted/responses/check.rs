//! Whether a Responses request is one that the real service would take.

use super::said::check_items;
use crate::scripted::given::{Asked, Given, Wants, is_name};
use crate::scripted::refusal::Refusal;
use serde_json::{Map, Value};
use std::collections::HashSet;

const FIELDS: &[&str] = &[
    "background",
    "context_management",
    "conversation",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "moderation",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
];
const COUNT_FIELDS: &[&str] = &[
    "conversation",
    "input",
    "instructions",
    "model",
    "parallel_tool_calls",
    "personality",
    "previous_response_id",
    "reasoning",
    "text",
    "tool_choice",
    "tools",
    "truncation",
];
const EFFORTS: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];
const SUMMARIES: [&str; 3] = ["auto", "concise", "detailed"];
const VERBOSITIES: [&str; 3] = ["low", "medium", "high"];
const TOOL_CHOICES: [&str; 3] = ["none", "auto", "required"];
const ENCRYPTED: &str = "reasoning.encrypted_content";
const OUTPUT_TOKENS_MIN: u64 = 16;

pub(super) type Checked<T> = Result<T, Refusal>;

/// `efforts` are those that the model has; None: all of them.
pub(in crate::scripted) fn check(
    body: &Value,
    given: &Given,
    efforts: Option<&[String]>,
) -> Checked<Asked> {
    let Value::Object(fields) = body else {
        return Err(Refusal::new(400, "We could not parse the JSON body of your request."));
    };
    only(fields, FIELDS, "")?;
    let model = string(fields, "model", "")?.to_owned();
    let is = |name: &str, value: bool| fields.get(name) == Some(&Value::Bool(value));
    if !is("stream", true) {
        return Err(Refusal::invalid("stream", "This server streams: 'stream' must be true."));
    }
    if !is("store", false) {
        return Err(Refusal::invalid(
            "store",
            "This server stores nothing: 'store' must be false.",
        ));
    }
    plain(fields)?;
    reasoning(fields, efforts)?;
    let wants = Wants { encrypted: encrypted(fields)?, obfuscated: obfuscated(fields)? };
    let mut asked = Asked { model, wants, ..Asked::default() };
    if let Some(tools) = fields.get("tools") {
        asked.add(tools, vec![check_tools(tools)?]);
    } else if fields.contains_key("tool_choice") {
        let message = "Tool choice 'auto' must be specified with 'tools' parameter.";
        return Err(Refusal::invalid("tool_choice", message));
    }
    if let Some(text) = fields.get("instructions") {
        asked.add(text, vec![string(fields, "instructions", "")?.to_owned()]);
    }
    let input = fields.get("input").ok_or_else(|| missing("input"))?;
    let items = input.as_array().filter(|items| !items.is_empty());
    let items = items.ok_or_else(|| wrong_type("input", "a non-empty array"))?;
    check_items(items, given, &mut asked)?;
    Ok(asked)
}

/// Whether it is a request to count that the real service would take.
pub(in crate::scripted) fn check_count(
    body: &Value,
    given: &Given,
    efforts: Option<&[String]>,
) -> Checked<Asked> {
    let mut body = body.clone();
    if let Value::Object(fields) = &mut body {
        only(fields, COUNT_FIELDS, "")?;
        fields.insert("stream".to_owned(), true.into());
        fields.insert("store".to_owned(), false.into());
    }
    check(&body, given, efforts)
}

pub(super) fn missing(at: &str) -> Refusal {
    let message = format!("Missing required parameter: '{at}'.");
    Refusal::invalid(at, message).coded("missing_required_parameter")
}

pub(super) fn wrong_type(at: &str, expected: &str) -> Refusal {
    Refusal::invalid(at, format!("Invalid type for '{at}': expected {expected}."))
        .coded("invalid_type")
}

pub(super) fn wrong_value(at: &str, value: &Value, known: &[&str]) -> Refusal {
    let known = known.iter().map(|one| format!("'{one}'")).collect::<Vec<_>>().join(", ");
    let shown = value.as_str().map_or_else(|| value.to_string(), |text| format!("'{text}'"));
    let message = format!("Invalid value: {shown}. Supported values are: {known}.");
    Refusal::invalid(at, message).coded("invalid_value")
}

/// `tools[0]` and `name`: `tools[0].name`.
pub(super) fn below(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

pub(super) fn only(fields: &Map<String, Value>, known: &[&str], at: &str) -> Checked<()> {
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let at = below(at, name);
            Err(Refusal::invalid(&at, format!("Unknown parameter: '{at}'."))
                .coded("unknown_parameter"))
        }
    }
}

/// A text that is there and is not empty.
pub(super) fn string<'a>(fields: &'a Map<String, Value>, name: &str, at: &str) -> Checked<&'a str> {
    let at = below(at, name);
    let value = fields.get(name).ok_or_else(|| missing(&at))?;
    let text = value.as_str().filter(|text| !text.is_empty());
    text.ok_or_else(|| wrong_type(&at, "a non-empty string"))
}

/// The fields that have no more to them than their type.
fn plain(fields: &Map<String, Value>) -> Checked<()> {
    let small = |limit: &Value| limit.as_u64().is_none_or(|limit| limit < OUTPUT_TOKENS_MIN);
    if fields.get("max_output_tokens").is_some_and(small) {
        let message = format!(
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= {OUTPUT_TOKENS_MIN}."
        );
        return Err(Refusal::invalid("max_output_tokens", message));
    }
    if fields.get("parallel_tool_calls").is_some_and(|value| !value.is_boolean()) {
        return Err(wrong_type("parallel_tool_calls", "a boolean"));
    }
    if fields.contains_key("prompt_cache_key") {
        string(fields, "prompt_cache_key", "")?;
    }
    one_of(fields.get("tool_choice"), &TOOL_CHOICES, "tool_choice")?;
    match fields.get("text") {
        None => Ok(()),
        Some(Value::Object(text)) => {
            only(text, &["format", "verbosity"], "text")?;
            one_of(text.get("verbosity"), &VERBOSITIES, "text.verbosity")
        }
        Some(_) => Err(wrong_type("text", "an object")),
    }
}

fn one_of(value: Option<&Value>, known: &[&str], at: &str) -> Checked<()> {
    match value {
        None => Ok(()),
        Some(Value::String(text)) if known.contains(&text.as_str()) => Ok(()),
        Some(other) => Err(wrong_value(at, other, known)),
    }
}

fn reasoning(fields: &Map<String, Value>, efforts: Option<&[String]>) -> Checked<()> {
    let Some(reasoning) = fields.get("reasoning") else { return Ok(()) };
    let Value::Object(reasoning) = reasoning else {
        return Err(wrong_type("reasoning", "an object"));
    };
    only(reasoning, &["effort", "summary", "context", "mode"], "reasoning")?;
    one_of(reasoning.get("summary"), &SUMMARIES, "reasoning.summary")?;
    one_of(reasoning.get("effort"), &EFFORTS, "reasoning.effort")?;
    let unsupported =
        |at: &str, message: String| Err(Refusal::invalid(at, message).coded("unsupported_value"));
    match (efforts, reasoning.get("effort").and_then(Value::as_str)) {
        (Some([]), _) => {
            let message = "Unsupported parameter: 'reasoning' is not supported with this model.";
            unsupported("reasoning", message.to_owned())
        }
        (Some(efforts), Some(effort)) if !efforts.iter().any(|one| one == effort) => unsupported(
            "reasoning.effort",
            format!(
                "Unsupported value: '{effort}' is not supported with this model. Supported values are: {}.",
                efforts.iter().map(|one| format!("'{one}'")).collect::<Vec<_>>().join(", ")
            ),
        ),
        _ => Ok(()),
    }
}

/// Whether reasoning is to be given so that it can come back.
fn encrypted(fields: &Map<String, Value>) -> Checked<bool> {
    let Some(include) = fields.get("include") else { return Ok(false) };
    let include = include.as_array().ok_or_else(|| wrong_type("include", "an array"))?;
    match include.iter().find(|one| *one != ENCRYPTED) {
        Some(other) => Err(wrong_value("include", other, &[ENCRYPTED])),
        None => Ok(!include.is_empty()),
    }
}

/// Whether the pieces come with random characters, against those who measure them.
fn obfuscated(fields: &Map<String, Value>) -> Checked<bool> {
    let Some(options) = fields.get("stream_options") else { return Ok(true) };
    let options = options.as_object().ok_or_else(|| wrong_type("stream_options", "an object"))?;
    only(options, &["include_obfuscation"], "stream_options")?;
    Ok(options.get("include_obfuscation") != Some(&Value::Bool(false)))
}

/// The tools as compact JSON.
fn check_tools(tools: &Value) -> Checked<String> {
    let list = tools.as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| wrong_type("tools", "a non-empty array"))?;
    let mut names = HashSet::new();
    for (number, tool) in list.iter().enumerate() {
        let at = format!("tools[{number}]");
        let Value::Object(tool) = tool else { return Err(wrong_type(&at, "an object")) };
        one_of(tool.get("type"), &["function"], &below(&at, "type"))?;
        only(tool, &["type", "name", "description", "parameters", "strict"], &at)?;
        let name = string(tool, "name", &at)?;
        if !is_name(name) || !names.insert(name) {
            let message = format!("Invalid '{at}.name': {name:?} is no name, or not unique.");
            return Err(Refusal::invalid(&at, message));
        }
        let schema = tool.get("parameters").filter(|schema| schema["type"] == "object");
        let schema = schema.ok_or_else(|| {
            let message = format!(
                "Invalid schema for function '{name}': schema must be a JSON Schema of 'type: \"object\"'."
            );
            Refusal::invalid(&at, message).coded("invalid_function_parameters")
        })?;
        match tool.get("strict") {
            None => return Err(missing(&below(&at, "strict"))),
            Some(Value::Bool(false) | Value::Null) => {}
            Some(Value::Bool(true)) => strict(name, schema, &at)?,
            Some(_) => return Err(wrong_type(&below(&at, "strict"), "a boolean")),
        }
    }
    Ok(tools.to_string())
}

/// What a strict schema must say of every object in it.
fn strict(name: &str, schema: &Value, at: &str) -> Checked<()> {
    let wrong = |why: &str| {
        let message = format!("Invalid schema for function '{name}': {why}.");
        Err(Refusal::invalid(at, message).coded("invalid_function_parameters"))
    };
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    if schema["type"] == "object" {
        if schema["additionalProperties"] != false {
            return wrong("'additionalProperties' is required to be supplied and to be false");
        }
        let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
        if properties.keys().any(|name| !required.iter().any(|one| one == name.as_str())) {
            return wrong("'required' is required to include every key in properties");
        }
    }
    let inner = properties.values().chain(schema.get("items"));
    inner.into_iter().try_for_each(|inner| strict(name, inner, at))
}
