//! Where replies come from: a request goes to a service over HTTP and comes back as it streams.
//!
//! This room knows the vendors' wire formats, their quirks, their errors, when to try again, and
//! what a request takes by estimate. It leaves to others what a request says, what a tool does, and
//! what is shown. The conversation is the list of protocol [`Item`]s in order; [`body`] says what
//! becomes of it on the wire.
//!
//! - `client` makes a request, again where that helps; `attempt` is one of them, `retry` decides.
//! - `dialect` is what a wire format must say of itself; each has a folder: `openai_chat`,
//!   `openai_responses`, `anthropic`, `gemini`, and `copilot`, which is one of the others by each
//!   model. `sse` takes a stream apart, `decoder` hands its events to the dialect.
//! - `conversation` is what the dialects have in common: who speaks when, calls with their results.
//! - `discovery` asks services what they serve.
//! - `roads` are the HTTP clients, `clock` keeps the deadlines and notices silence, `sending` reads the
//!   HTTP library's errors, `listen` is whom a reply is told to.
//! - `failure` turns trouble into a sentence with a hint.

mod anthropic;
mod attempt;
mod client;
mod clock;
mod conversation;
mod copilot;
mod decoder;
mod dialect;
mod discovery;
mod estimate;
mod failure;
mod gemini;
mod listen;
mod meaning;
mod openai_chat;
mod openai_responses;
mod overflow;
mod retry;
mod roads;
#[cfg(test)]
mod sample;
mod sending;
pub mod sse;
mod timing;
mod trouble;

use crate::protocol::{Effort, Item, ModelSpec, Service, Tool, Usage, Verbosity};
use serde_json::Value;
use std::time::Duration;

pub use client::Client;
pub use copilot::{DeviceAnswer, DeviceCode, DeviceLogin, copilot_address};
pub use discovery::Cache;
pub use estimate::Estimator;
pub use listen::{Listen, Lost};
pub use timing::{Network, Timing};

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
    /// None: the service's own default.
    pub verbosity: Option<Verbosity>,
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
    /// Nothing has come for this long. Said again each time the silence has doubled.
    Silent(Duration),
    /// The model has said no word for this long, but the connection lives: bytes come that say
    /// nothing, as services send them while a model thinks.
    Thinking(Duration),
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
    let items = conversation::of_service(request.items, &service.name);
    dialect::of(service.api).body(service, &Request { items: &items, ..*request })
}

#[cfg(test)]
mod tests {
    use super::sample::{assistant, call, prompt, request, result, service};
    use super::*;
    use crate::protocol::{Api, Opaque, UserKind};
    use proptest::prelude::*;
    use serde_json::json;

    /// What one step adds to the conversation: a reply with so many calls, their results, and what
    /// is said meanwhile.
    fn step(number: usize, calls: usize, said: u8) -> Vec<Item> {
        let value = json!({ "type": "thinking", "thinking": "hm", "signature": "s" });
        let opaque = |dialect: &str, value| {
            Some(Opaque { service: None, dialect: dialect.into(), model: "tiny".into(), value })
        };
        let reasoning = json!({ "reasoning_content": "hm" });
        let encrypted = json!({ "type": "reasoning", "id": format!("rs_{number}"), "summary": [],
            "encrypted_content": "gA" });
        let signed = json!({ "text": "hm", "thought": true, "thoughtSignature": "s" });
        let mut items = vec![
            Item::Thought { text: "hm".into(), opaque: opaque("anthropic", value) },
            Item::Thought { text: "hm".into(), opaque: opaque("openai-responses", encrypted) },
            Item::Thought { text: "hm".into(), opaque: opaque("openai-chat", reasoning) },
            Item::Thought { text: "hm".into(), opaque: opaque("gemini", json!([signed])) },
            assistant("a"),
        ];
        let names: Vec<_> = (0..calls).map(|at| format!("c{number}_{at}")).collect();
        items.extend(names.iter().map(|name| call(name, "{\"z\": 1, \"a\": 2}")));
        if said & 1 == 1 {
            items.push(Item::User { text: "steer".into(), kind: UserKind::Steer });
        }
        items.extend(names.iter().rev().map(|name| result(name, "r")));
        if said & 2 == 2 {
            items.push(Item::Note { text: "note".into() });
        }
        items
    }

    /// The messages as they go over the wire, without the markers that move.
    fn sent(api: Api, items: &[Item]) -> Vec<String> {
        let body = body(&service(api, "http://localhost/v1"), &request(items));
        let list = match api {
            Api::OpenaiResponses => "input",
            Api::Gemini => "contents",
            Api::OpenaiChat | Api::Anthropic | Api::Copilot => "messages",
        };
        let messages = body[list].as_array().expect(list);
        let marker = ",\"cache_control\":{\"type\":\"ephemeral\"}";
        messages.iter().map(|message| message.to_string().replace(marker, "")).collect()
    }

    proptest! {
        #[test]
        fn the_messages_of_a_step_are_the_start_of_those_of_the_next(
            steps in proptest::collection::vec((1usize..4, 0u8..4), 1..20),
        ) {
            for api in Api::ALL {
                let mut items = vec![
                    Item::Context { name: "c".into(), text: "c".into() },
                    prompt("p"),
                ];
                let mut before = sent(api, &items);
                for (number, (calls, said)) in steps.iter().enumerate() {
                    items.extend(step(number, *calls, *said));
                    let now = sent(api, &items);
                    prop_assert!(now.len() > before.len() && now.starts_with(&before), "{api:?}");
                    before = now;
                }
            }
        }
    }

    #[test]
    fn an_estimate_grows_with_what_is_sent() {
        let estimator = Estimator::new();
        let few = [prompt("p")];
        let mut many = few.to_vec();
        many.extend(step(0, 2, 3));
        let small = estimator.request(&request(&few));
        let sent = body(&service(Api::OpenaiChat, ""), &request(&few)).to_string().len() as u64;
        assert!(small > 0 && small < sent, "{small} tokens of {sent} bytes");
        assert!(estimator.request(&request(&many)) > small);
    }
}
