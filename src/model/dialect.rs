//! What a wire format says of itself. One for each [`Api`], in a folder of its own.

use super::Request;
use super::decoder::{Decoded, On, Phase};
use super::trouble::Trouble;
use super::{anthropic, copilot, gemini, openai_chat, openai_responses};
use crate::protocol::{Api, Secret, Service};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;

pub(super) trait Dialect: Sync {
    /// Where the request is posted to, below the service's base address: `chat/completions`.
    fn path(&self, service: &Service, request: &Request<'_>) -> String;

    /// Adds the headers that only this dialect has, the one with the key among them.
    ///
    /// # Errors
    ///
    /// If the key is none that a header can carry.
    fn headers(
        &self,
        service: &Service,
        request: &Request<'_>,
        headers: &mut HeaderMap,
    ) -> Result<(), Trouble>;

    /// What is posted.
    fn body(&self, service: &Service, request: &Request<'_>) -> Value;

    /// For one reply to this request.
    fn decoder(&self, service: &Service, request: &Request<'_>) -> Box<dyn Decode>;

    /// Where a service that counts tokens is asked to count this prompt, below its base address, and
    /// what is posted there; the headers are those of the request. None: it does not count.
    fn count(&self, _: &Service, _: &Request<'_>) -> Option<(String, Value)> {
        None
    }

    /// The tokens of the prompt, from the answer to [`Dialect::count`].
    fn counted(&self, _: &Value) -> Option<u64> {
        None
    }
}

/// Takes one reply in.
pub(super) trait Decode: Send {
    /// One event of the stream, by its name (`message` where it has none).
    fn event(&mut self, name: &str, value: &Value, on: &mut On<'_>) -> Result<(), Trouble>;

    /// A reply that came as one value, from a server that does not stream.
    fn whole(&mut self, value: &Value, on: &mut On<'_>) -> Result<(), Trouble>;

    /// `data: [DONE]` came. On most wires it says nothing that was not said.
    fn done(&mut self) {}

    fn phase(&self) -> Phase;

    fn finish(self: Box<Self>, request: &Request<'_>) -> Decoded;
}

pub(super) fn of(api: Api) -> &'static dyn Dialect {
    match api {
        Api::OpenaiChat => &openai_chat::OpenaiChat,
        Api::OpenaiResponses => &openai_responses::OpenaiResponses,
        Api::Anthropic => &anthropic::Anthropic,
        Api::Copilot => &copilot::Copilot,
        Api::Gemini => &gemini::Gemini,
    }
}

/// A key as the value of a header, which no log shows.
pub(super) fn secret(key: &Secret, scheme: &str) -> Result<HeaderValue, Trouble> {
    let value = HeaderValue::from_str(&format!("{scheme}{}", key.reveal().trim()));
    let mut value = value.map_err(|_| {
        Trouble::Unsendable("the key holds characters that no header can carry".to_owned())
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The host of an address, in lower case, without its port.
pub(super) fn host(base_url: &str) -> String {
    let rest = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default().to_ascii_lowercase()
}

/// Whether Azure serves there, which has its keys in a header of its own.
pub(super) fn is_azure(host: &str) -> bool {
    const DOMAINS: [&str; 3] =
        [".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"];
    DOMAINS.iter().any(|domain| host.ends_with(domain))
}
