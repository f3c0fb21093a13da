//! Where replies come from: a request goes to a service over HTTP and comes back as it streams.
//!
//! This room knows the vendors' wire formats, their quirks, their errors, when to try again, and
//! what a request takes by estimate. It leaves to others what a request says, what a tool does, and
//! what is shown. The conversation is the list of protocol [`Item`]s in order; [`body`] says what
//! becomes of it on the wire.
//!
//! - `client` makes a request, again where that helps; `attempt` is one of them, `retry` decides.
//! - `sse` takes the stream apart; `decoder` joins it with a dialect: `openai_chat`, `anthropic`.
//! - `conversation` is what the dialects have in common: who speaks when, calls with their results.
//! - `failure` turns trouble into a sentence with a hint.

mod anthropic;
mod attempt;
mod client;
mod conversation;
mod decoder;
mod estimate;
mod failure;
mod openai_chat;
mod retry;
#[cfg(test)]
mod sample;
mod sse;
mod timing;
mod trouble;

use crate::protocol::{Api, Effort, Item, ModelSpec, Service, Tool, Usage};
use serde_json::Value;
use std::time::Duration;

pub use client::Client;
pub use estimate::Estimator;
pub use timing::Timing;

/// What a model is asked. With the same system text, tools and items, and more items behind them,
/// the messages of the new body begin with those of the old one, byte for byte, apart from the
/// `cache_control` markers of Anthropic.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub model: &'a ModelSpec,
    pub system: &'a str,
    pub tools: &'a [Tool],
    /// `Edit` and `Plan` are not sent. A call without a result is sent with one that says that it
    /// was interrupted.
    pub items: &'a [Item],
    pub output_tokens_max: u64,
    /// None: the service's own default.
    pub effort: Option<Effort>,
    /// The same for all requests of a conversation.
    pub cache_key: &'a str,
}

/// What happens while a reply comes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress<'a> {
    Text(&'a str),
    Thought(&'a str),
    /// Bytes of a call's arguments so far.
    Arguments {
        tool: &'a str,
        bytes: u64,
    },
    /// What came so far is void: the whole request is made again.
    Restart,
    /// The request number `attempt` of at most `of` is made after `wait`.
    Retry {
        attempt: u32,
        of: u32,
        wait: Duration,
        why: &'a str,
    },
    /// Nothing has come for this long. Said again each time as much has passed.
    Silent(Duration),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// `Thought`, `Assistant` and `Call` in the order that they go back in. No call among them is
    /// truncated, and no call's name is used twice in the conversation. A `Thought` without text
    /// may carry what only the provider understands.
    pub items: Vec<Item>,
    /// The provider's own figures; None where it gave none.
    pub usage: Option<Usage>,
    pub stop: Stop,
    /// Requests that it took; 1 is the rule.
    pub requests: u32,
}

/// Why a reply ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    Done,
    /// There are calls to carry out.
    Calls,
    /// The output limit or the window was reached; a call that was under way is dropped.
    Length,
    /// The model will not; its reason, where it gave one.
    Refused(Option<String>),
    /// The service cut the reply for its content.
    Filtered,
    /// The service wants the conversation sent again as it is, to go on.
    Paused,
    Other(String),
}

/// What goes on the wire for this request.
pub fn body(service: &Service, request: &Request<'_>) -> Value {
    match service.api {
        Api::OpenaiChat => openai_chat::body(service, request),
        Api::Anthropic => anthropic::body(request),
    }
}
