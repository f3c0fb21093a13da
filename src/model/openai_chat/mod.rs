//! Chat Completions: `POST {base}/chat/completions`, as OpenAI and everyone after it speak it.

mod reply;
mod request;
mod usage;

use super::Request;
use super::dialect::{Decode, Dialect, host, secret};
use super::trouble::Trouble;
use crate::protocol::Service;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::Value;

/// Marks what goes back to this dialect alone.
const DIALECT: &str = "openai-chat";

pub(super) struct OpenaiChat;

impl Dialect for OpenaiChat {
    fn path(&self, _: &Service, _: &Request<'_>) -> String {
        "chat/completions".to_owned()
    }

    fn headers(
        &self,
        service: &Service,
        _: &Request<'_>,
        headers: &mut HeaderMap,
    ) -> Result<(), Trouble> {
        let Some(key) = &service.key else { return Ok(()) };
        if host(&service.base_url).ends_with(".openai.azure.com") {
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
}
