//! Anthropic Messages: `POST {base}/messages`.

mod block;
mod counts;
mod reply;
mod request;

use super::Request;
use super::dialect::{Decode, Dialect, secret};
use super::trouble::Trouble;
use crate::protocol::Service;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;

/// Marks what goes back to this dialect alone.
const DIALECT: &str = "anthropic";
/// The value of the header `anthropic-version`.
const VERSION: &str = "2023-06-01";

pub(super) struct Anthropic;

impl Dialect for Anthropic {
    fn path(&self, _: &Service, _: &Request<'_>) -> String {
        "messages".to_owned()
    }

    fn headers(
        &self,
        service: &Service,
        _: &Request<'_>,
        headers: &mut HeaderMap,
    ) -> Result<(), Trouble> {
        headers.insert("anthropic-version", HeaderValue::from_static(VERSION));
        if let Some(key) = &service.key {
            headers.insert("x-api-key", secret(key, "")?);
        }
        Ok(())
    }

    fn body(&self, _: &Service, request: &Request<'_>) -> Value {
        request::body(request)
    }

    fn decoder(&self, _: &Service, _: &Request<'_>) -> Box<dyn Decode> {
        Box::<reply::Decoder>::default()
    }
}
