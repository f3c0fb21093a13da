//! The parts of a reply as they come, the items that they become, and the parts that these become
//! again: what came goes back as it came, signatures and all.

use super::DIALECT;
use crate::model::conversation;
use crate::protocol::{CallId, Item, Opaque};
use serde_json::{Map, Value, json};

type Part = Map<String, Value>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Thought,
    Call,
    /// What is not invented yet, or what brisk never asks for.
    Other,
}

pub(super) fn kind(part: &Part) -> Kind {
    let is_text = part.get("text").is_some_and(Value::is_string);
    match part.get("functionCall") {
        Some(Value::Object(_)) => Kind::Call,
        _ if !is_text => Kind::Other,
        _ if part.get("thought") == Some(&Value::Bool(true)) => Kind::Thought,
        _ => Kind::Text,
    }
}

pub(super) fn text(part: &Part) -> &str {
    part.get("text").and_then(Value::as_str).unwrap_or_default()
}

/// Parts that are one item: a call, or pieces of one text.
pub(super) struct Piece {
    pub kind: Kind,
    parts: Vec<Part>,
}

impl Piece {
    pub(super) fn new(kind: Kind, part: Part) -> Self {
        Self { kind, parts: vec![part] }
    }

    /// Text goes behind text, unless either is signed: then it stays a part of its own.
    pub(super) fn add(&mut self, part: Part) {
        match self.parts.last_mut() {
            Some(last) if is_plain(last) && is_plain(&part) => {
                if let Some(Value::String(all)) = last.get_mut("text") {
                    all.push_str(text(&part));
                }
            }
            _ => self.parts.push(part),
        }
    }

    pub(super) fn item(self, model: &str) -> Item {
        let said: String = self.parts.iter().map(text).collect();
        let opaque = |value: Value| Opaque {
            service: None,
            dialect: DIALECT.into(),
            model: model.into(),
            value,
        };
        match self.kind {
            Kind::Call => {
                let part = self.parts.into_iter().next().unwrap_or_default();
                let (call, tool, arguments, rest) = taken_apart(part);
                let opaque = (!rest.is_empty()).then(|| opaque(rest.into()));
                Item::Call { call, tool, arguments, opaque }
            }
            Kind::Text if self.parts.iter().all(is_plain) => {
                Item::Assistant { text: said, opaque: None }
            }
            Kind::Text if !said.is_empty() => {
                Item::Assistant { text: said, opaque: Some(opaque(self.parts.into())) }
            }
            Kind::Text | Kind::Thought | Kind::Other => {
                Item::Thought { text: said, opaque: Some(opaque(self.parts.into())) }
            }
        }
    }
}

/// Nothing but a text.
fn is_plain(part: &Part) -> bool {
    part.keys().all(|name| matches!(name.as_str(), "text" | "thought"))
}

/// A call's id, tool and arguments, and the part without tool and arguments.
fn taken_apart(mut part: Part) -> (CallId, String, String, Part) {
    let mut function = match part.shift_remove("functionCall") {
        Some(Value::Object(function)) => function,
        _ => Map::new(),
    };
    let word = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let tool = word(function.shift_remove("name").as_ref());
    let id = word(function.get("id"));
    let arguments = match function.shift_remove("args") {
        None | Some(Value::Null) => "{}".to_owned(),
        Some(arguments) => arguments.to_string(),
    };
    if !function.is_empty() {
        part.insert("functionCall".to_owned(), function.into());
    }
    (CallId(id), tool, arguments, part)
}

/// What a kept item becomes on the wire; nothing for a thought of another model.
pub(super) fn of(item: &Item, model: &str) -> Vec<Value> {
    match item {
        Item::Assistant { text, opaque } => match conversation::kept(opaque, DIALECT, model) {
            Some(Value::Array(parts)) => parts.clone(),
            _ if text.trim().is_empty() => Vec::new(),
            _ => vec![json!({ "text": text })],
        },
        Item::Thought { opaque, .. } => match conversation::kept(opaque, DIALECT, model) {
            Some(Value::Array(parts)) => parts.clone(),
            _ => Vec::new(),
        },
        Item::Call { tool, arguments, opaque, .. } => {
            let mut part = match conversation::kept(opaque, DIALECT, model) {
                Some(Value::Object(rest)) => rest.clone(),
                _ => Map::new(),
            };
            let mut function = match part.shift_remove("functionCall") {
                Some(Value::Object(function)) => function,
                _ => Map::new(),
            };
            function.insert("name".to_owned(), tool.clone().into());
            function.insert("args".to_owned(), conversation::arguments(arguments).into());
            let mut whole = Map::new();
            whole.insert("functionCall".to_owned(), function.into());
            whole.extend(part);
            vec![whole.into()]
        }
        _ => Vec::new(),
    }
}

/// The id that the service itself gave a call, if it did.
pub(super) fn given_id<'a>(opaque: &'a Option<Opaque>, model: &str) -> Option<&'a Value> {
    conversation::kept(opaque, DIALECT, model)?.pointer("/functionCall/id")
}
