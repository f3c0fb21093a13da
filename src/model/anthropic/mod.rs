//! Anthropic Messages: `POST {base}/messages`.

mod block;
mod counts;
mod reply;
mod request;

use super::Request;
use super::decoder::count;
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

    fn count(&self, _: &Service, request: &Request<'_>) -> Option<(String, Value)> {
        Some(("messages/count_tokens".to_owned(), request::counting(request)))
    }

    fn counted(&self, value: &Value) -> Option<u64> {
        count(value.get("input_tokens"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample::{prompt, request, service};
    use crate::protocol::Api;
    use serde_json::json;

    #[test]
    fn what_is_counted_is_the_prompt_and_nothing_of_the_reply() {
        let items = [prompt("p")];
        let (request, service) = (request(&items), service(Api::Anthropic, ""));
        let (path, counted) = Anthropic.count(&service, &request).expect("the service counts");
        assert_eq!(path, "messages/count_tokens");
        let mut sent = Anthropic.body(&service, &request);
        let sent = sent.as_object_mut().expect("an object");
        assert!(sent.shift_remove("max_tokens").is_some() && sent.shift_remove("stream").is_some());
        assert_eq!(counted.as_object(), Some(&*sent));
        assert_eq!(Anthropic.counted(&json!({ "input_tokens": 2095 })), Some(2095));
        assert_eq!(Anthropic.counted(&json!({ "error": "no" })), None);
    }
}
