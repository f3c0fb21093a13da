//! A block of a reply as it comes, and the item that it becomes.

use super::DIALECT;
use crate::protocol::{CallId, Item, Opaque};
use serde_json::{Map, Value, json};

pub(super) struct Block {
    pub index: Option<u64>,
    /// As it began, with the pieces that came since; but for a call's input.
    pub raw: Map<String, Value>,
    /// A call's input as it came.
    pub input: String,
    pub state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Closed,
}

impl Block {
    pub(super) fn new(index: Option<u64>, raw: Map<String, Value>) -> Self {
        Self { index, raw, input: String::new(), state: State::Open }
    }

    pub(super) fn kind(&self) -> &str {
        self.word("type")
    }

    pub(super) fn name(&self) -> &str {
        self.word("name")
    }

    fn word(&self, name: &str) -> &str {
        self.raw.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn add_citation(&mut self, citation: Option<&Value>) {
        let citations = self.raw.entry("citations").or_insert(Value::Null);
        match (citations, citation) {
            (Value::Array(all), Some(one)) => all.push(one.clone()),
            (empty, Some(one)) => *empty = json!([one]),
            (_, None) => {}
        }
    }

    /// Text goes behind text; what was not there yet is set.
    pub(super) fn merge(&mut self, delta: &Map<String, Value>) {
        for (name, value) in delta.iter().filter(|(name, _)| *name != "type") {
            match (self.raw.get_mut(name), value) {
                (Some(Value::String(old)), Value::String(new)) => old.push_str(new),
                _ => _ = self.raw.insert(name.clone(), value.clone()),
            }
        }
    }

    /// None for a text that is empty.
    pub(super) fn item(mut self, model: &str) -> Option<Item> {
        match self.kind() {
            "text" => {
                let text = self.word("text").to_owned();
                let cited = self.raw.get("citations").is_some_and(Value::is_array);
                let opaque = cited.then(|| opaque(model, self.raw));
                (!text.is_empty()).then_some(Item::Assistant { text, opaque })
            }
            "tool_use" => Some(self.call(model)),
            "thinking" => {
                let text = self.word("thinking").to_owned();
                // Cut off in the middle it has no valid signature.
                let opaque = (self.state == State::Closed).then(|| opaque(model, self.raw));
                (!text.is_empty() || opaque.is_some()).then_some(Item::Thought { text, opaque })
            }
            _ => {
                if let Ok(input @ Value::Object(_)) = serde_json::from_str(&self.input) {
                    self.raw.insert("input".to_owned(), input);
                }
                Some(Item::Thought { text: String::new(), opaque: Some(opaque(model, self.raw)) })
            }
        }
    }

    fn call(mut self, model: &str) -> Item {
        let call = CallId(self.word("id").to_owned());
        let tool = self.name().to_owned();
        let begun_with = self.raw.shift_remove("input");
        for known in ["type", "id", "name"] {
            self.raw.shift_remove(known);
        }
        let arguments = match begun_with {
            _ if !self.input.is_empty() => self.input,
            Some(Value::Object(input)) if !input.is_empty() => Value::Object(input).to_string(),
            // No input at all is that of a tool that takes none; unless it never came.
            _ if self.state == State::Closed => "{}".to_owned(),
            _ => String::new(),
        };
        let opaque = (!self.raw.is_empty()).then(|| opaque(model, self.raw));
        Item::Call { call, tool, arguments, opaque }
    }
}

fn opaque(model: &str, raw: Map<String, Value>) -> Opaque {
    Opaque { service: None, dialect: DIALECT.into(), model: model.into(), value: raw.into() }
}
