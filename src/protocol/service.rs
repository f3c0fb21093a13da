//! Where models are served, and what is known of them.

use super::Price;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The wire format that a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Api {
    OpenaiChat,
    Anthropic,
}

/// A key, which no debug print, log or journal shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// For the header that it belongs in, and nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// As the config names it.
    pub name: String,
    pub api: Api,
    /// With the version (`https://api.example.com/v1`), without a slash at the end; the dialect adds the path.
    pub base_url: String,
    /// None for a server that wants no key.
    pub key: Option<Secret>,
    /// Where the key was looked for, for the sentence that says it is wrong: `OPENAI_API_KEY`.
    pub key_source: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effort {
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

impl Effort {
    pub const fn name(self) -> &'static str {
        match self {
            Effort::Minimal => "minimal",
            Effort::Low => "low",
            Effort::Medium => "medium",
            Effort::High => "high",
            Effort::Xhigh => "xhigh",
            Effort::Max => "max",
        }
    }
}

/// The form in which a model says what is to change in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EditFormat {
    /// The old text, which occurs once, and the new one.
    #[default]
    Replace,
    /// Hunks of several files, in the apply-patch grammar.
    ApplyPatch,
    /// The file as it will be.
    Whole,
}

impl EditFormat {
    pub const ALL: [EditFormat; 3] =
        [EditFormat::Replace, EditFormat::ApplyPatch, EditFormat::Whole];

    /// As the config names it.
    pub const fn name(self) -> &'static str {
        match self {
            EditFormat::Replace => "replace",
            EditFormat::ApplyPatch => "apply-patch",
            EditFormat::Whole => "whole",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ModelSpec {
    /// As the config names it.
    pub name: String,
    /// As the service names it.
    pub id: String,
    /// The `Service` by name.
    pub service: String,
    /// Tokens that a prompt may have.
    pub prompt: u64,
    /// Tokens that an answer may have.
    pub output: u64,
    /// Empty: the model has no such dial.
    pub efforts: Vec<Effort>,
    /// None: not known, shown as `$—`.
    pub price: Option<Price>,
    pub edits: EditFormat,
}
