//! What one message of a Messages request holds, block by block.

use super::check::{Checked, missing, only, refusal, string};
use crate::scripted::given::Given;
use serde_json::{Map, Value};

/// What one message holds.
#[derive(Default)]
pub(super) struct Held<'a> {
    pub texts: Vec<String>,
    pub calls: Vec<&'a str>,
    pub results: Vec<&'a str>,
    pub signatures: Vec<&'a str>,
    /// The first block's type.
    pub first: &'a str,
    /// The last block's type.
    last: &'a str,
}

pub(super) fn hold<'a>(
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
        if number == 0 {
            held.first = kind;
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

pub(super) fn text(block: &Value, at: &str) -> Checked<String> {
    let text = block["text"].as_str().ok_or_else(|| missing(&format!("{at}.text")))?;
    if text.is_empty() {
        return Err(refusal(format!("{at}: text content blocks must be non-empty")));
    }
    if text.trim().is_empty() {
        return Err(refusal(format!("{at}: text content blocks must contain non-whitespace text")));
    }
    Ok(text.to_owned())
}
