//! What the server gave and must get back unchanged, and what a checked request says.

use serde_json::Value;
use std::collections::HashMap;

/// Thoughts that were given, so that an altered one is noticed.
#[derive(Debug, Default)]
pub(super) struct Given {
    by_signature: HashMap<String, String>,
    by_call: HashMap<String, Thought>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Thought {
    pub text: String,
    pub signature: String,
}

impl Given {
    pub(super) fn note(&mut self, thought: &Thought, calls: &[String]) {
        if thought.text.is_empty() {
            return;
        }
        self.by_signature.insert(thought.signature.clone(), thought.text.clone());
        for call in calls {
            self.by_call.insert(call.clone(), thought.clone());
        }
    }

    /// The thought that this signature was given for.
    pub(super) fn signed(&self, signature: &str) -> Option<&str> {
        self.by_signature.get(signature).map(String::as_str)
    }

    /// The thought that led to this call.
    pub(super) fn before(&self, call: &str) -> Option<&Thought> {
        self.by_call.get(call)
    }
}

/// A request that was found in order.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub model: String,
    /// Tools and system text, then each message.
    pub parts: Vec<Part>,
    /// How many of `parts` there are up to the model's last word.
    pub said: usize,
    pub cache: Cache,
    pub figures: Figures,
    pub wants: Wants,
}

#[derive(Debug, Default)]
pub(super) struct Part {
    /// Equal parts have equal keys.
    pub key: String,
    /// What is counted and searched.
    pub texts: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Cache {
    #[default]
    Used,
    NotAsked,
}

/// What a Responses request wants of its stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wants {
    /// Reasoning that can come back.
    pub encrypted: bool,
    /// Pieces whose length is hidden.
    pub obfuscated: bool,
}

/// Whether the stream is to end with its usage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Figures {
    #[default]
    Wanted,
    NotAsked,
}

impl Asked {
    pub(super) fn add(&mut self, value: &Value, texts: Vec<String>) {
        self.parts.push(Part { key: without_markers(value).to_string(), texts });
    }

    /// From the part with this number on, one text below the other.
    pub(super) fn text(&self, from: usize) -> String {
        let parts = self.parts.get(from..).unwrap_or(&[]);
        parts.iter().flat_map(|part| &part.texts).cloned().collect::<Vec<_>>().join("\n")
    }
}

fn without_markers(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(without_markers).collect(),
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, _)| *name != "cache_control");
            Value::Object(
                kept.map(|(name, value)| (name.clone(), without_markers(value))).collect(),
            )
        }
        other => other.clone(),
    }
}

/// A name that both services take for a tool, and for a call.
pub(super) fn is_name(text: &str) -> bool {
    let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
    (1..=64).contains(&text.len()) && text.chars().all(fits)
}
