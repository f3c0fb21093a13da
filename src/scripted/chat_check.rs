//! Whether a Chat Completions request is one that the real services would take.

use super::given::{Asked, Figures, Given, is_name};
use super::refusal::Refusal;
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

type Checked<T> = Result<T, Refusal>;

pub(super) fn check(body: &Value, given: &Given) -> Checked<Asked> {
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

fn missing(name: &str) -> Refusal {
    let message = format!("Missing required parameter: '{name}'.");
    Refusal::invalid(name, message).coded("missing_required_parameter")
}

fn wrong_type(at: &str, expected: &str) -> Refusal {
    Refusal::invalid(at, format!("Invalid type for '{at}': expected {expected}."))
        .coded("invalid_type")
}

fn string<'a>(fields: &'a Map<String, Value>, name: &str, at: &str) -> Checked<&'a str> {
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

fn check_messages(messages: &[Value], given: &Given, asked: &mut Asked) -> Checked<()> {
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
