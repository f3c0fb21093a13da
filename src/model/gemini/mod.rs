//! Gemini: `POST {base}/models/{id}:streamGenerateContent?alt=sse`.

mod counts;
mod part;
mod reply;
mod request;
mod thinking;

use super::Request;
use super::decoder::count;
use super::dialect::{Decode, Dialect, secret};
use super::trouble::Trouble;
use crate::protocol::Service;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

/// Marks what goes back to this dialect alone.
const DIALECT: &str = "gemini";

pub(super) struct Gemini;

impl Dialect for Gemini {
    fn path(&self, _: &Service, request: &Request<'_>) -> String {
        format!("{}:streamGenerateContent?alt=sse", resource(&request.model.id))
    }

    fn headers(
        &self,
        service: &Service,
        _: &Request<'_>,
        headers: &mut HeaderMap,
    ) -> Result<(), Trouble> {
        if let Some(key) = &service.key {
            headers.insert("x-goog-api-key", secret(key, "")?);
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
        let resource = resource(&request.model.id);
        let mut counted = request::body(request);
        counted["model"] = resource.clone().into();
        Some((format!("{resource}:countTokens"), json!({ "generateContentRequest": counted })))
    }

    fn counted(&self, value: &Value) -> Option<u64> {
        count(value.get("totalTokens"))
    }
}

/// `models/gemini-2.5-pro`, unless the id says itself what kind of thing it names.
fn resource(id: &str) -> String {
    if id.contains('/') { id.to_owned() } else { format!("models/{id}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample::{prompt, request, service};
    use crate::protocol::Api;

    #[test]
    fn a_model_is_a_part_of_the_path() {
        let service = service(Api::Gemini, "");
        let path = Gemini.path(&service, &request(&[]));
        assert_eq!(path, "models/tiny:streamGenerateContent?alt=sse");
        assert_eq!(resource("tunedModels/mine"), "tunedModels/mine");
    }

    #[test]
    fn what_is_counted_is_the_whole_prompt() {
        let items = [prompt("p")];
        let (request, service) = (request(&items), service(Api::Gemini, ""));
        let (path, mut body) = Gemini.count(&service, &request).expect("the service counts");
        assert_eq!(path, "models/tiny:countTokens");
        let counted = body["generateContentRequest"].as_object_mut().expect("an object");
        assert_eq!(counted.shift_remove("model"), Some("models/tiny".into()));
        assert_eq!(Value::Object(counted.clone()), Gemini.body(&service, &request));
        assert_eq!(Gemini.counted(&json!({ "totalTokens": 31 })), Some(31));
        assert_eq!(Gemini.counted(&json!({})), None);
    }
}
