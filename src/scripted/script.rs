//! The script: what will be replied, and what the requests must hold. The format is in the docs of
//! the room.

use crate::protocol::Usage;
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;

/// Bytes of a text that come in one piece, where the script does not say.
const CHUNK_BYTES: usize = 24;
/// Milliseconds between two pieces of a slow reply, where the script does not say.
const SLOW_CHUNK_MS: u64 = 50;

#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    #[error("the script cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("the script is not understood: {0}")]
    Syntax(#[from] toml::de::Error),
    /// Replies count from 1.
    #[error("reply {number} of the script: {why}")]
    Reply { number: usize, why: String },
}

/// Replies in their order, and who may ask for them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    pub(super) key: Option<String>,
    pub(super) models: Option<Vec<String>>,
    /// Those that the models have; None: all.
    pub(super) efforts: Option<Vec<String>>,
    #[serde(default, rename = "reply")]
    pub(super) replies: Vec<Scripted>,
}

impl Script {
    /// # Errors
    ///
    /// No TOML, an unknown field, or a reply that cannot be played.
    pub fn parse(toml: &str) -> Result<Script, ScriptError> {
        let script: Script = toml::from_str(toml)?;
        let last = script.replies.len();
        for (at, reply) in script.replies.iter().enumerate() {
            let number = at + 1;
            let wrong = reply.wrong().or_else(|| {
                (reply.repeat && number < last).then(|| "only the last may repeat".to_owned())
            });
            if let Some(why) = wrong {
                return Err(ScriptError::Reply { number, why });
            }
        }
        Ok(script)
    }

    /// # Errors
    ///
    /// As of [`Script::parse`], or the file cannot be read.
    pub fn load(path: &Path) -> Result<Script, ScriptError> {
        Self::parse(&std::fs::read_to_string(path)?)
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Scripted {
    pub when: Vec<String>,
    pub expect: Vec<String>,
    pub expect_new: Vec<String>,
    pub expect_not: Vec<String>,
    pub thought: String,
    pub text: String,
    pub calls: Vec<ScriptedCall>,
    pub stop: Option<ScriptedStop>,
    pub usage: Option<ScriptedUsage>,
    pub fault: Option<Fault>,
    pub retry_after: Option<RetryAfter>,
    pub message: Option<String>,
    pub code: Option<String>,
    pub after_chunks: Option<usize>,
    chunk_ms: Option<u64>,
    chunk_bytes: Option<usize>,
    pub repeat: bool,
}

impl Scripted {
    fn wrong(&self) -> Option<String> {
        let says_nothing = self.text.is_empty() && self.thought.is_empty() && self.calls.is_empty();
        if says_nothing && self.fault.is_none() && self.stop.is_none() {
            return Some("it says nothing: give text, thought, calls, a fault or a stop".into());
        }
        self.calls.iter().find_map(|call| match (&call.arguments, &call.arguments_raw) {
            (Some(_), Some(_)) => Some("arguments and arguments_raw exclude each other".into()),
            (Some(value), None) if !value.is_object() => Some("arguments must be a table".into()),
            _ => None,
        })
    }

    pub(super) fn chunk_bytes(&self) -> usize {
        self.chunk_bytes.unwrap_or(CHUNK_BYTES).max(1)
    }

    pub(super) fn chunk_ms(&self) -> u64 {
        let default = if self.fault == Some(Fault::Slow) { SLOW_CHUNK_MS } else { 0 };
        self.chunk_ms.unwrap_or(default)
    }

    pub(super) fn stop(&self) -> ScriptedStop {
        let fitting = if self.calls.is_empty() { ScriptedStop::Done } else { ScriptedStop::Calls };
        self.stop.unwrap_or(fitting)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScriptedCall {
    pub tool: String,
    arguments: Option<Value>,
    arguments_raw: Option<String>,
}

impl ScriptedCall {
    /// As they go over the wire.
    pub(super) fn arguments(&self) -> String {
        match (&self.arguments_raw, &self.arguments) {
            (Some(raw), _) => raw.clone(),
            (None, Some(value)) => value.to_string(),
            (None, None) => "{}".to_owned(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ScriptedStop {
    Done,
    Calls,
    Length,
    Refused,
    Filtered,
    Paused,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ScriptedUsage {
    input: u64,
    cached: u64,
    cache_write: u64,
    output: u64,
    reasoning: u64,
}

impl From<ScriptedUsage> for Usage {
    fn from(usage: ScriptedUsage) -> Usage {
        Usage {
            input: usage.input,
            cached: usage.cached,
            cache_write: usage.cache_write,
            output: usage.output,
            reasoning: usage.reasoning,
            estimated: false,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum RetryAfter {
    Seconds(f64),
    Text(String),
}

impl RetryAfter {
    /// As the header says it.
    pub(super) fn text(&self) -> String {
        match self {
            RetryAfter::Seconds(seconds) => seconds.to_string(),
            RetryAfter::Text(text) => text.clone(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum Fault {
    Status(u16),
    Overflow,
    Html,
    Cut,
    Stall,
    BadJson,
    Error,
    Slow,
}

impl TryFrom<String> for Fault {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Ok(match name.as_str() {
            "overflow" => Fault::Overflow,
            "html" => Fault::Html,
            "cut" => Fault::Cut,
            "stall" => Fault::Stall,
            "bad-json" => Fault::BadJson,
            "error" => Fault::Error,
            "slow" => Fault::Slow,
            other => match other.parse() {
                Ok(status @ 400..=599) => Fault::Status(status),
                _ => return Err(format!("no fault is called {other:?}")),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(toml: &str) -> String {
        Script::parse(toml).expect_err("no script").to_string()
    }

    #[test]
    fn a_script_that_cannot_be_played_is_refused_with_its_reason() {
        assert!(complaint("[[reply]]").contains("reply 1 of the script: it says nothing"));
        assert!(complaint("[[reply]]\nfault = \"200\"").contains("no fault is called \"200\""));
        assert!(complaint("[[reply]]\ntexst = \"a\"").contains("texst"));
        let early = "[[reply]]\ntext = \"a\"\nrepeat = true\n[[reply]]\ntext = \"b\"";
        assert!(complaint(early).contains("reply 1 of the script: only the last may repeat"));
        let list = "[[reply]]\ncalls = [{ tool = \"run\", arguments = [1] }]";
        assert!(complaint(list).contains("must be a table"));
    }

    #[test]
    fn every_fault_has_a_name() {
        let names = ["429", "529", "overflow", "html", "cut", "stall", "bad-json", "error", "slow"];
        for name in names {
            let script = Script::parse(&format!("[[reply]]\nfault = \"{name}\"\nretry_after = 2"));
            assert!(script.is_ok_and(|script| script.replies[0].fault.is_some()), "{name}");
        }
    }
}
