//! One item of the service's list, as it came and as it goes back.

use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    Reasoning,
    Call,
    /// A call with a text for its arguments.
    Custom,
    /// What the service did by itself, or what is not known.
    Other,
}

impl Kind {
    pub(super) fn of(item: &Value) -> Self {
        match word(item, "type") {
            "message" => Kind::Message,
            "reasoning" => Kind::Reasoning,
            "function_call" => Kind::Call,
            "custom_tool_call" => Kind::Custom,
            _ => Kind::Other,
        }
    }
}

/// A field's text; empty where there is none.
pub(super) fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The texts of an item's parts of this type, one below the other.
pub(super) fn parts(item: &Value, list: &str, kind: &str, field: &str, between: &str) -> String {
    let list = item.get(list).and_then(Value::as_array);
    let parts = list.into_iter().flatten().filter(|part| word(part, "type") == kind);
    parts.map(|part| word(part, field)).collect::<Vec<_>>().join(between)
}

/// Between the parts of a summary.
pub(super) const PARAGRAPH: &str = "\n\n";

/// A reasoning's summary, or where it has none its own words.
pub(super) fn thought(item: &Value) -> String {
    let summary = parts(item, "summary", "summary_text", "text", PARAGRAPH);
    match summary.is_empty() {
        true => parts(item, "content", "reasoning_text", "text", PARAGRAPH),
        false => summary,
    }
}

/// The item as it is sent back. None where it does not hold all that there is to it: the service
/// would look for it by its id, and it stores none. Its own words, unencrypted, are what other
/// servers than OpenAI's go by.
pub(super) fn returnable(item: &Value, of_openai: bool) -> Option<Value> {
    let filled = |name: &str| match item.get(name) {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(parts)) => !parts.is_empty(),
        _ => false,
    };
    let told = !of_openai && Kind::of(item) == Kind::Reasoning && filled("content");
    if !filled("encrypted_content") && !told {
        return None;
    }
    let mut item = item.clone();
    if let Value::Object(fields) = &mut item {
        // They may be absent, and may not be null.
        for name in ["status", "content"] {
            if fields.get(name).is_some_and(Value::is_null) {
                fields.shift_remove(name);
            }
        }
    }
    Some(item)
}
