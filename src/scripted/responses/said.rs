//! Whether the items of a Responses request are in order: texts, calls with their outputs,
//! reasoning that is what was given.

use super::check::{Checked, below, missing, only, string, wrong_type, wrong_value};
use super::{PARAGRAPH, reasoning, reasoning_id};
use crate::scripted::given::{Asked, Given, is_name};
use crate::scripted::refusal::Refusal;
use serde_json::{Map, Value};
use std::collections::HashMap;

const CALL_CHARS_MAX: usize = 64;
const TYPES: [&str; 6] = [
    "message",
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
];

type Fields = Map<String, Value>;

pub(super) fn check_items(items: &[Value], given: &Given, asked: &mut Asked) -> Checked<()> {
    // Each call, with the type of its output, and whether that has come.
    let mut calls: HashMap<&str, (&str, bool)> = HashMap::new();
    for (number, item) in items.iter().enumerate() {
        let at = format!("input[{number}]");
        let Value::Object(fields) = item else { return Err(wrong_type(&at, "an object")) };
        let kind = match fields.get("type") {
            None => "message",
            Some(kind) => kind.as_str().unwrap_or_default(),
        };
        let texts = match kind {
            "message" => vec![message(fields, &at)?],
            "reasoning" => {
                let next = items.get(number + 1);
                vec![thought(item, fields, next, given, &at)?]
            }
            "function_call" | "custom_tool_call" => {
                let (call, texts) = call(fields, kind, &at)?;
                let output = match kind {
                    "function_call" => "function_call_output",
                    _ => "custom_tool_call_output",
                };
                if calls.insert(call, (output, false)).is_some() {
                    let message = format!("Duplicate value for 'call_id' of '{call}'.");
                    return Err(Refusal::invalid(&at, message));
                }
                texts
            }
            "function_call_output" | "custom_tool_call_output" => {
                vec![output(fields, kind, &mut calls, &at)?]
            }
            _ => return Err(wrong_value(&below(&at, "type"), &item["type"], &TYPES)),
        };
        asked.add(item, texts);
        if is_models(item) {
            asked.said = asked.parts.len();
        }
    }
    match calls.iter().find(|(_, (_, answered))| !answered) {
        None => Ok(()),
        Some((call, _)) => {
            let message = format!("No tool output found for function call {call}.");
            Err(Refusal::invalid("input", message))
        }
    }
}

/// Whether the model said it.
fn is_models(item: &Value) -> bool {
    match item["type"].as_str() {
        Some("reasoning" | "function_call" | "custom_tool_call") => true,
        _ => item["role"] == "assistant",
    }
}

fn id(fields: &Fields, begin: &str, at: &str) -> Checked<()> {
    match fields.get("id") {
        None => Ok(()),
        Some(Value::String(id)) if id.starts_with(begin) => Ok(()),
        Some(other) => {
            let at = below(at, "id");
            let message =
                format!("Invalid '{at}': {other}. Expected an ID that begins with '{begin}'.");
            Err(Refusal::invalid(&at, message).coded("invalid_value"))
        }
    }
}

fn message(fields: &Fields, at: &str) -> Checked<String> {
    only(fields, &["type", "role", "content", "id", "status", "phase"], at)?;
    id(fields, "msg", at)?;
    let role = string(fields, "role", at)?;
    let part = match role {
        "user" | "system" | "developer" => "input_text",
        "assistant" => "output_text",
        _ => {
            let known = ["assistant", "system", "developer", "user"];
            return Err(wrong_value(&below(at, "role"), &fields["role"], &known));
        }
    };
    if let Some(phase) = fields.get("phase") {
        if role != "assistant" || (phase != "commentary" && phase != "final_answer") {
            let known = ["commentary", "final_answer"];
            return Err(wrong_value(&below(at, "phase"), phase, &known));
        }
    }
    texts(fields, "content", part, at)
}

/// A text, or a list of parts of this type.
fn texts(fields: &Fields, name: &str, kind: &str, at: &str) -> Checked<String> {
    let at = below(at, name);
    match fields.get(name) {
        None => Err(missing(&at)),
        Some(Value::String(text)) if !text.is_empty() || name == "output" => Ok(text.clone()),
        Some(Value::Array(parts)) if !parts.is_empty() => {
            let texts = parts.iter().enumerate().map(|(number, part)| {
                let at = format!("{at}[{number}]");
                if part["type"] != kind {
                    return Err(wrong_value(&below(&at, "type"), &part["type"], &[kind]));
                }
                let fields = part.as_object().ok_or_else(|| wrong_type(&at, "an object"))?;
                string(fields, "text", &at).map(str::to_owned)
            });
            Ok(texts.collect::<Checked<Vec<_>>>()?.join("\n"))
        }
        Some(_) => Err(wrong_type(&at, &format!("a non-empty string, or {kind} parts"))),
    }
}

fn call_id<'a>(fields: &'a Fields, at: &str) -> Checked<&'a str> {
    let call = string(fields, "call_id", at)?;
    if call.chars().count() <= CALL_CHARS_MAX {
        return Ok(call);
    }
    let at = below(at, "call_id");
    let message = format!(
        "Invalid '{at}': string too long. Expected a string with maximum length {CALL_CHARS_MAX}."
    );
    Err(Refusal::invalid(&at, message).coded("string_above_max_length"))
}

/// The call's id, and its texts.
fn call<'a>(fields: &'a Fields, kind: &str, at: &str) -> Checked<(&'a str, Vec<String>)> {
    let custom = kind == "custom_tool_call";
    let said = if custom { "input" } else { "arguments" };
    only(fields, &["type", "call_id", "name", said, "id", "status"], at)?;
    id(fields, if custom { "ctc" } else { "fc" }, at)?;
    let name = string(fields, "name", at)?;
    if !is_name(name) {
        let at = below(at, "name");
        let message = format!(
            "Invalid '{at}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        );
        return Err(Refusal::invalid(&at, message).coded("invalid_value"));
    }
    let call = call_id(fields, at)?;
    let text = string(fields, said, at)?;
    let text = match serde_json::from_str(text) {
        Ok(object @ Value::Object(_)) => object.to_string(),
        _ if custom => text.to_owned(),
        _ => return Err(wrong_type(&below(at, said), "the text of a JSON object")),
    };
    Ok((call, vec![name.to_owned(), text]))
}

fn output(
    fields: &Fields,
    kind: &str,
    calls: &mut HashMap<&str, (&str, bool)>,
    at: &str,
) -> Checked<String> {
    only(fields, &["type", "call_id", "output", "id", "status"], at)?;
    let call = call_id(fields, at)?;
    match calls.get_mut(call) {
        Some((expected, answered @ false)) if *expected == kind => *answered = true,
        _ => {
            let message =
                format!("No tool call found for function call output with call_id {call}.");
            return Err(Refusal::invalid("input", message));
        }
    }
    texts(fields, "output", "input_text", at)
}

fn thought(
    item: &Value,
    fields: &Fields,
    next: Option<&Value>,
    given: &Given,
    at: &str,
) -> Checked<String> {
    let name = string(fields, "id", at)?;
    let Some(encrypted) = fields.get("encrypted_content").filter(|value| !value.is_null()) else {
        let message = format!(
            "Item with id '{name}' not found. Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this item from your input."
        );
        return Err(Refusal { status: 404, ..Refusal::invalid("input", message) });
    };
    let encrypted = encrypted.as_str().unwrap_or_default();
    let text = given.signed(encrypted).filter(|_| name == reasoning_id(encrypted));
    let same = |text: &&str| reasoning(text, encrypted).to_string() == item.to_string();
    let Some(text) = text.filter(same) else {
        let message =
            format!("The encrypted content for item {name} could not be verified: it was altered.");
        return Err(Refusal::invalid(at, message).coded("invalid_encrypted_content"));
    };
    if !next.is_some_and(is_models) {
        let message = format!(
            "Item '{name}' of type 'reasoning' was provided without its required following item."
        );
        return Err(Refusal::invalid("input", message));
    }
    Ok(text.replace(PARAGRAPH, "\n"))
}
