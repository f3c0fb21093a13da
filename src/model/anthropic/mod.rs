//! Anthropic Messages: `POST {base}/messages`.
//!
//! What must go back (thoughts with their signatures, blocks that brisk does not know) goes back with
//! every string as it was, character for character, every field in its place, and every number of
//! the same value; only how JSON spells a character or a number may be another. It is spelled in the
//! same way each time.

mod block;
#[cfg(test)]
mod conformance;
mod counts;
mod reply;
mod request;
mod thinking;

use super::Request;
use super::decoder::count;
use super::dialect::{Decode, Dialect, secret};
use super::trouble::Trouble;
use crate::protocol::{Service, Thinking};
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
        request: &Request<'_>,
        headers: &mut HeaderMap,
    ) -> Result<(), Trouble> {
        headers.insert("anthropic-version", HeaderValue::from_static(VERSION));
        if request.model.thinking == Thinking::Budget && request.effort.is_some() {
            headers.insert("anthropic-beta", HeaderValue::from_static(thinking::INTERLEAVED));
        }
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
    use crate::protocol::{Api, Effort, ModelSpec};
    use serde_json::json;

    #[test]
    fn only_a_model_with_a_budget_is_asked_to_think_between_its_calls() {
        let beta = |thinking, effort| {
            let model = ModelSpec { thinking, ..crate::model::sample::MODEL.clone() };
            let request = Request { model: &model, effort, ..request(&[]) };
            let mut headers = HeaderMap::new();
            Anthropic.headers(&service(Api::Anthropic, ""), &request, &mut headers).expect("a key");
            headers.get("anthropic-beta").map(|value| value.to_str().expect("text").to_owned())
        };
        let expected = Some("interleaved-thinking-2025-05-14".to_owned());
        assert_eq!(beta(Thinking::Budget, Some(Effort::Low)), expected);
        assert_eq!(beta(Thinking::Budget, None), None);
        assert_eq!(beta(Thinking::Adaptive, Some(Effort::Low)), None);
    }

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
