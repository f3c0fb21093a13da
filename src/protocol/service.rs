//! Where models are served, and what is known of them.

use super::Price;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The wire format that a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Api {
    OpenaiResponses,
    OpenaiChat,
    Anthropic,
    Gemini,
    /// GitHub Copilot's, which is one of the others by each model.
    Copilot,
}

impl Api {
    pub const ALL: [Api; 5] =
        [Api::OpenaiResponses, Api::OpenaiChat, Api::Anthropic, Api::Gemini, Api::Copilot];

    /// As the config names it.
    pub const fn name(self) -> &'static str {
        match self {
            Api::OpenaiResponses => "openai-responses",
            Api::OpenaiChat => "openai-chat",
            Api::Anthropic => "anthropic",
            Api::Gemini => "gemini",
            Api::Copilot => "copilot",
        }
    }
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

/// How long the prose of an answer is to be, for models that take such a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verbosity {
    Low,
    Medium,
    High,
}

impl Verbosity {
    pub const fn name(self) -> &'static str {
        match self {
            Verbosity::Low => "low",
            Verbosity::Medium => "medium",
            Verbosity::High => "high",
        }
    }
}

/// How a model is told to think, where its wire has more than one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Thinking {
    /// By the effort alone; without efforts nothing is said.
    #[default]
    Effort,
    /// It decides by itself, within an effort: Claude 4.6 and later.
    Adaptive,
    /// By a budget in tokens: older Claude models, Gemini 2.5.
    Budget,
    /// By a level: Gemini 3 and later.
    Level,
}

impl Thinking {
    pub const ALL: [Thinking; 4] =
        [Thinking::Effort, Thinking::Adaptive, Thinking::Budget, Thinking::Level];

    /// As the config names it.
    pub const fn name(self) -> &'static str {
        match self {
            Thinking::Effort => "effort",
            Thinking::Adaptive => "adaptive",
            Thinking::Budget => "budget",
            Thinking::Level => "level",
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
    /// The wire format of this model, where its service speaks more than one; else the service's.
    pub api: Option<Api>,
    /// Tokens of the whole window: prompt and answer.
    pub context: u64,
    /// Tokens that a prompt may have.
    pub prompt: u64,
    /// Tokens that an answer may have.
    pub output: u64,
    /// Empty: the model has no such dial.
    pub efforts: Vec<Effort>,
    pub thinking: Thinking,
    /// Whether it takes a wish for its verbosity.
    pub verbosity: bool,
    /// None: not known, shown as `$—`.
    pub price: Option<Price>,
    pub edits: EditFormat,
    /// Another model, by name, that is taken for a request that this one's service cannot serve.
    pub fallback: Option<String>,
}

/// What a service says of a model that it serves: None where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// As the service names it.
    pub id: String,
    /// Tokens of the whole window, as it is served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub efforts: Option<Vec<Effort>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<Api>,
    /// The service cuts a prompt that is too long off without a word.
    #[serde(default)]
    pub truncates: bool,
}

impl ModelSpec {
    /// A model of which nothing more is known: `prompt` and `output` in tokens.
    pub fn plain(name: &str, id: &str, service: &str, prompt: u64, output: u64) -> Self {
        Self {
            name: name.to_owned(),
            id: id.to_owned(),
            service: service.to_owned(),
            api: None,
            context: prompt + output,
            prompt,
            output,
            efforts: Vec::new(),
            thinking: Thinking::default(),
            verbosity: false,
            price: None,
            edits: EditFormat::default(),
            fallback: None,
        }
    }

    /// The effort that the model has and that is nearest to the wish, the smaller of two; None for a
    /// model without the dial.
    pub fn effort(&self, wish: Effort) -> Option<Effort> {
        let distance = |effort: &Effort| (*effort as i8).abs_diff(wish as i8);
        self.efforts.iter().copied().min_by_key(|effort| (distance(effort), *effort))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_gets_the_nearest_effort_that_it_has() {
        let mut model = ModelSpec::plain("m", "m", "s", 1, 1);
        assert_eq!(model.effort(Effort::Low), None);
        model.efforts = vec![Effort::Low, Effort::High];
        assert_eq!(model.effort(Effort::Minimal), Some(Effort::Low));
        assert_eq!(model.effort(Effort::Medium), Some(Effort::Low));
        assert_eq!(model.effort(Effort::Max), Some(Effort::High));
    }
}
