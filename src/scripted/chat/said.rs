//! Whether the messages of a Chat Completions request are in order: roles, texts, calls with their
//! results.

use super::check::{Checked, missing, string, wrong_type};
use crate::scripted::given::{Asked, Given};
use crate::scripted::refusal::Refusal;
use serde_json::{Map, Value};
use std::collections::HashSet;

pub(super) fn check_messages(messages: &[Value], given: &Given, asked: &mut Asked) -> Checked<()> {
    let last_user = messages.iter().rposition(|message| message["role"] == "user").unwrap_or(0);
    let mut open: Vec<&str> = Vec::new();
    let mut calls = HashSet::new();
    for (number, message) in messages.iter().enumerate() {
        let at = format!("messages[{number}]");
        let Value::Object(fields) = message else { return Err(wrong_type(&at, "an object")) };
        let role = string(fields, "role", &format!("{at}.role"))?;
        if role != "tool" {
            unanswered(&at, &open)?;
        }
        let texts = match role {
            "system" | "developer" | "user" => {
                only(fields, &["role", "content", "name"], &at)?;
                vec![content(fields, &at)?]
            }
            "assistant" => {
                let (texts, new) = assistant(fields, &at)?;
                if let Some(again) = new.iter().find(|call| !calls.insert(**call)) {
                    let message = format!("Duplicate value for 'tool_call_id' of '{again}'.");
                    return Err(Refusal::invalid(&at, message));
                }
                reasoning(fields, &new, given, number > last_user, &at)?;
                open = new;
                texts
            }
            "tool" => {
                only(fields, &["role", "content", "tool_call_id", "name"], &at)?;
                let call = string(fields, "tool_call_id", &format!("{at}.tool_call_id"))?;
                let Some(place) = open.iter().position(|one| *one == call) else {
                    let message = "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.";
                    return Err(Refusal::invalid(&at, message));
                };
                open.remove(place);
                let Some(Value::String(text)) = fields.get("content") else {
                    return Err(wrong_type(&format!("{at}.content"), "a string"));
                };
                vec![text.clone()]
            }
            other => {
                let message = format!(
                    "Invalid value: '{other}'. Supported values are: 'system', 'assistant', 'user', 'tool', and 'developer'."
                );
                return Err(Refusal::invalid(&format!("{at}.role"), message).coded("invalid_value"));
            }
        };
        asked.add(message, texts);
        if role == "assistant" {
            asked.said = asked.parts.len();
        }
    }
    unanswered("messages", &open)
}

fn unanswered(at: &str, open: &[&str]) -> Checked<()> {
    if open.is_empty() {
        return Ok(());
    }
    let message = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: {}",
        open.join(", ")
    );
    Err(Refusal::invalid(at, message))
}

fn only(fields: &Map<String, Value>, known: &[&str], at: &str) -> Checked<()> {
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let at = format!("{at}.{name}");
            Err(Refusal::invalid(&at, format!("Unknown parameter: '{at}'."))
                .coded("unknown_parameter"))
        }
    }
}

fn content(fields: &Map<String, Value>, at: &str) -> Checked<String> {
    let at = format!("{at}.content");
    match fields.get("content") {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(Value::Array(parts)) if !parts.is_empty() => {
            let texts = parts.iter().map(|part| {
                let text = part["text"].as_str().filter(|text| !text.is_empty());
                text.filter(|_| part["type"] == "text").ok_or_else(|| wrong_type(&at, "text parts"))
            });
            Ok(texts.collect::<Checked<Vec<_>>>()?.join("\n"))
        }
        _ => Err(wrong_type(&at, "a non-empty string, or text parts")),
    }
}

/// Its texts, and its calls by id.
fn assistant<'a>(fields: &'a Map<String, Value>, at: &str) -> Checked<(Vec<String>, Vec<&'a str>)> {
    let known = ["role", "content", "tool_calls", "refusal", "name", "reasoning_content"];
    only(fields, &known, at)?;
    let mut texts = Vec::new();
    match fields.get("content") {
        Some(Value::Null) | None if fields.contains_key("tool_calls") => {}
        _ => texts.push(content(fields, at)?),
    }
    let Some(list) = fields.get("tool_calls") else { return Ok((texts, Vec::new())) };
    let at = format!("{at}.tool_calls");
    let list = list.as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| wrong_type(&at, "a non-empty array"))?;
    let mut calls = Vec::new();
    for (number, call) in list.iter().enumerate() {
        let at = format!("{at}[{number}]");
        let Value::Object(call) = call else { return Err(wrong_type(&at, "an object")) };
        if call.get("type").is_none_or(|kind| kind != "function") {
            return Err(wrong_type(&format!("{at}.type"), "'function'"));
        }
        calls.push(string(call, "id", &format!("{at}.id"))?);
        let Some(Value::Object(function)) = call.get("function") else {
            return Err(missing(&format!("{at}.function")));
        };
        let name = string(function, "name", &format!("{at}.function.name"))?;
        let arguments = string(function, "arguments", &format!("{at}.function.arguments"))?;
        let Ok(object @ Value::Object(_)) = serde_json::from_str(arguments) else {
            return Err(wrong_type(
                &format!("{at}.function.arguments"),
                "the text of a JSON object",
            ));
        };
        texts.extend([name.to_owned(), object.to_string()]);
    }
    Ok((texts, calls))
}

/// As DeepSeek has it: within a tool loop the reasoning comes back, and it comes back unchanged.
fn reasoning(
    fields: &Map<String, Value>,
    calls: &[&str],
    given: &Given,
    in_loop: bool,
    at: &str,
) -> Checked<()> {
    let Some(thought) = calls.iter().find_map(|call| given.before(call)) else { return Ok(()) };
    let at = format!("{at}.reasoning_content");
    match fields.get("reasoning_content") {
        Some(Value::String(text)) if *text == thought.text => Ok(()),
        None if !in_loop => Ok(()),
        None => Err(Refusal::invalid(
            &at,
            format!("Missing '{at}': within a tool loop it must be sent back."),
        )),
        Some(_) => Err(Refusal::invalid(&at, format!("Invalid '{at}': it is not what was given."))),
    }
}
