//! A conversation made shorter, so that it fits the model's window.

use super::{CallId, Item};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compacted {
    pub shortened: Shortened,
    /// Tokens of the whole prompt before and after, by estimate.
    pub before: u64,
    pub after: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shortened {
    /// These results have another text now.
    Masked(Vec<Masked>),
    /// The conversation is this now.
    Rewritten(Vec<Item>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Masked {
    pub call: CallId,
    pub text: String,
}

impl Compacted {
    /// Makes the conversation what the model is told from here on.
    pub fn apply(&self, conversation: &mut Vec<Item>) {
        match &self.shortened {
            Shortened::Rewritten(items) => conversation.clone_from(items),
            Shortened::Masked(masked) => {
                for item in conversation {
                    if let Item::Result { call, text, .. } = item
                        && let Some(mask) = masked.iter().find(|mask| mask.call == *call)
                    {
                        text.clone_from(&mask.text);
                    }
                }
            }
        }
    }
}
