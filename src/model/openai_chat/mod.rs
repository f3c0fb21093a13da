//! Chat Completions: `POST {base}/chat/completions`, as OpenAI and everyone after it speak it.

mod call_id;
mod reply;
mod request;
mod server;
mod usage;

use super::Request;
use super::dialect::{Decode, Dialect, secret};
use super::trouble::Trouble;
use crate::protocol::Service;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, REFERER};
use serde_json::Value;
use server::Server;

/// Marks what goes back to this dialect alone.
const DIALECT: &str = "openai-chat";

/// Where brisk is at home, for OpenRouter's list of who uses it; empty: nowhere yet.
const SITE: &str = env!("CARGO_PKG_HOMEPAGE");
/// How a token of Entra begins, which Azure takes as others take a key.
const TOKEN_START: &str = "eyJ";

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
        let server = Server::of(service);
        if server == Server::OpenRouter {
            headers.insert("x-title", HeaderValue::from_static("brisk"));
            if !SITE.is_empty() {
                headers.insert(REFERER, HeaderValue::from_static(SITE));
            }
        }
        let Some(key) = &service.key else { return Ok(()) };
        if server == Server::Azure && !key.reveal().trim_start().starts_with(TOKEN_START) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample::{request, service};
    use crate::protocol::{Api, Secret};

    fn headers(base_url: &str, key: &str) -> HeaderMap {
        let key = Some(Secret::new(key.into()));
        let service = Service { key, ..service(Api::OpenaiChat, base_url) };
        let mut headers = HeaderMap::new();
        OpenaiChat.headers(&service, &request(&[]), &mut headers).expect("headers");
        headers
    }

    #[test]
    fn a_key_goes_where_the_server_looks_for_it() {
        let openai = headers("https://api.openai.com/v1", "sk-1");
        assert_eq!(
            (&openai[AUTHORIZATION], openai.len()),
            (&HeaderValue::from_static("Bearer sk-1"), 1)
        );
        let azure = "https://acme.openai.azure.com/openai/v1";
        let keyed = headers(azure, "0123abcd");
        assert_eq!(
            (&keyed["api-key"], keyed.get(AUTHORIZATION)),
            (&HeaderValue::from_static("0123abcd"), None)
        );
        assert!(keyed["api-key"].is_sensitive());
        let of_entra = headers(azure, "eyJ0eXAi.x.y");
        assert_eq!(
            (&of_entra[AUTHORIZATION], of_entra.len()),
            (&HeaderValue::from_static("Bearer eyJ0eXAi.x.y"), 1)
        );
    }

    #[test]
    fn openrouter_is_told_who_asks() {
        assert_eq!(headers("https://openrouter.ai/api/v1", "sk-1")["x-title"], "brisk");
    }
}
