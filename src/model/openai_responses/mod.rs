//! Responses: `POST {base}/responses`, as OpenAI, Azure and the servers after them speak it. Nothing
//! is stored at the service: each request holds the whole conversation.

mod item;
mod open;
mod reply;
mod request;
mod strict;
#[cfg(test)]
mod tests;
mod usage;

use super::Request;
use super::decoder::count;
use super::dialect::{Decode, Dialect, host, is_azure, secret};
use super::trouble::Trouble;
use crate::protocol::Service;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::Value;

/// Marks what goes back to this dialect alone.
const DIALECT: &str = "openai-responses";

pub(super) struct OpenaiResponses;

impl Dialect for OpenaiResponses {
    fn path(&self, _: &Service, _: &Request<'_>) -> String {
        "responses".to_owned()
    }

    fn headers(
        &self,
        service: &Service,
        _: &Request<'_>,
        headers: &mut HeaderMap,
    ) -> Result<(), Trouble> {
        let Some(key) = &service.key else { return Ok(()) };
        if is_azure(&host(&service.base_url)) {
            headers.insert("api-key", secret(key, "")?);
        } else {
            headers.insert(AUTHORIZATION, secret(key, "Bearer ")?);
        }
        Ok(())
    }

    fn body(&self, service: &Service, request: &Request<'_>) -> Value {
        request::body(service, request)
    }

    fn decoder(&self, _: &Service, _: &Request<'_>) -> Box<dyn Decode> {
        Box::<reply::Decoder>::default()
    }

    fn count(&self, service: &Service, request: &Request<'_>) -> Option<(String, Value)> {
        Some(("responses/input_tokens".to_owned(), request::counting(service, request)))
    }

    fn counted(&self, value: &Value) -> Option<u64> {
        count(value.get("input_tokens"))
    }
}
