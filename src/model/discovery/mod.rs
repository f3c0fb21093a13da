//! What a service serves: its list of models, and for a server nearby the window of each as loaded.
//!
//! - `list` reads the list in any of its shapes, `window` what servers say beside it.
//! - `cache` keeps what far services said, in a file.

mod cache;
mod list;
mod window;

pub use cache::Cache;

use super::Request;
use super::client::Client;
use super::dialect;
use super::failure::Teller;
use super::sending;
use super::trouble::{Refusal, ServiceError, Trouble};
use crate::protocol::{Api, Failure, Found, ModelSpec, Service};
use futures_util::future::join_all;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::{RequestBuilder, Url};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Bytes of a list: the longest that is known has one million.
const LIST_BYTES_MAX: usize = 8 << 20;
/// Characters of an answer that is no list, for the failure.
const START_CHARS_MAX: usize = 320;
/// How long a port of this machine may take to be open.
const OPEN_WAIT: Duration = Duration::from_millis(200);
/// How many models a server is asked about one by one.
const ASKED_MAX: usize = 16;

impl Client {
    /// The models that a service serves, with what it says of each, in its own order. No second
    /// request is made where the first fails.
    ///
    /// # Errors
    ///
    /// As of [`Client::stream`]; also if `within` has passed.
    pub async fn models(&self, service: &Service, within: Duration) -> Result<Vec<Found>, Failure> {
        let model = ModelSpec::plain("", "", &service.name, 1, 1);
        let request = plain_request(&model);
        let asking = Asking { client: self, service, request: &request };
        let listed = match timeout(within, asking.list()).await {
            Ok(listed) => listed,
            Err(_) => Err(Trouble::Silent(within)),
        };
        listed.map_err(|trouble| Teller { service, request: &request }.failure(&trouble, 0))
    }

    /// The same of several services at once; without those that have no server, or one of another
    /// kind. A port of this machine that does not open at once has none.
    pub async fn served(
        &self,
        services: &[Service],
        within: Duration,
    ) -> Vec<(Service, Vec<Found>)> {
        let asked = services.iter().map(|service| async move {
            let open = timeout(OPEN_WAIT, connect(service)).await;
            if !matches!(open, Ok(true)) {
                return None;
            }
            let models = self.models(service, within).await.ok()?;
            Some((service.clone(), models))
        });
        join_all(asked).await.into_iter().flatten().collect()
    }
}

/// Whether a connection can be had at all.
async fn connect(service: &Service) -> bool {
    let Ok(address) = Url::parse(&service.base_url) else { return false };
    let Some((host, port)) = address.host_str().zip(address.port_or_known_default()) else {
        return false;
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    TcpStream::connect((host, port)).await.is_ok()
}

/// For what a dialect says of its headers.
fn plain_request(model: &ModelSpec) -> Request<'_> {
    Request {
        model,
        system: "",
        tools: &[],
        items: &[],
        output_tokens_max: 1,
        effort: None,
        verbosity: None,
        cache_key: "",
    }
}

struct Asking<'a> {
    client: &'a Client,
    service: &'a Service,
    request: &'a Request<'a>,
}

impl Asking<'_> {
    async fn list(&self) -> Result<Vec<Found>, Trouble> {
        let text = self.get(&address(self.service)).await?;
        let listed = serde_json::from_slice(&text).ok().and_then(|value| list::read(&value));
        let Some(mut found) = listed else {
            let start = String::from_utf8_lossy(&text).chars().take(START_CHARS_MAX).collect();
            return Err(Trouble::NotStream(start));
        };
        // Plain HTTP is a server of the user's own.
        if self.service.base_url.starts_with("http://") {
            self.windows(&mut found).await;
        }
        Ok(found)
    }

    /// What servers say of windows beside their list; one that does not know the question is none
    /// the worse.
    async fn windows(&self, found: &mut [Found]) {
        if found.iter().all(|model| model.context.is_some()) {
            return;
        }
        let root = root(&self.service.base_url);
        let at = |path: &str| format!("{root}/{path}");
        let (props, studio, running) = (at("props"), at("api/v0/models"), at("api/ps"));
        let (props, studio, running) =
            tokio::join!(self.value(&props), self.value(&studio), self.value(&running));
        if let Some(value) = running.filter(window::is_ollama) {
            window::of_running(found, &value);
            self.ask_each(found, &at("api/show")).await;
        } else if let Some(value) = studio {
            window::of_studio(found, &value);
        }
        if let Some(value) = props {
            window::of_props(found, &value);
        }
    }

    /// Ollama says of a model that is not loaded only when it is asked for that one.
    async fn ask_each(&self, found: &mut [Found], address: &str) {
        let unknown = found.iter_mut().filter(|model| model.context.is_none()).take(ASKED_MAX);
        let asked = unknown.map(|model| async move {
            let body = json!({ "model": model.id }).to_string();
            let request = self.request(address, |http, address| http.post(address).body(body));
            let value = match request {
                Ok(request) => answer(request).await.ok(),
                Err(_) => None,
            };
            if let Some(value) = value.and_then(|text| serde_json::from_slice(&text).ok()) {
                window::of_shown(model, &value);
            }
        });
        join_all(asked).await;
    }

    async fn value(&self, address: &str) -> Option<Value> {
        serde_json::from_slice(&self.get(address).await.ok()?).ok()
    }

    async fn get(&self, address: &str) -> Result<Vec<u8>, Trouble> {
        answer(self.request(address, |http, address| http.get(address))?).await
    }

    fn request(
        &self,
        address: &str,
        make: impl FnOnce(reqwest::Client, Url) -> RequestBuilder,
    ) -> Result<RequestBuilder, Trouble> {
        let address =
            Url::parse(address).map_err(|error| Trouble::Unsendable(error.to_string()))?;
        let http = self.client.http(&address).map_err(Trouble::Unsendable)?;
        let mut headers = HeaderMap::new();
        dialect::of(self.service.api).headers(self.service, self.request, &mut headers)?;
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let agent = concat!("brisk/", env!("CARGO_PKG_VERSION"));
        headers.insert(reqwest::header::USER_AGENT, HeaderValue::from_static(agent));
        Ok(make(http, address).headers(headers))
    }
}

async fn answer(request: RequestBuilder) -> Result<Vec<u8>, Trouble> {
    let mut response = request.send().await.map_err(|error| sending::trouble(&error))?;
    let status = response.status();
    let mut text = Vec::new();
    while let Some(bytes) =
        response.chunk().await.map_err(|error| Trouble::Cut(error.to_string()))?
    {
        if text.len() + bytes.len() > LIST_BYTES_MAX {
            return Err(Trouble::TooLarge);
        }
        text.extend_from_slice(&bytes);
    }
    if status.is_success() {
        return Ok(text);
    }
    let error = serde_json::from_slice::<Value>(&text).ok();
    let error = error.as_ref().and_then(ServiceError::read).unwrap_or_default();
    Err(Trouble::Status(Refusal { status: status.as_u16(), error, ..Refusal::default() }))
}

/// Where the list is, whole as far as services page.
fn address(service: &Service) -> String {
    let base = &service.base_url;
    if dialect::host(base) == "models.github.ai" {
        return format!("{}/catalog/models", base.trim_end_matches("/inference"));
    }
    match service.api.name() {
        "gemini" => format!("{base}/models?pageSize=1000"),
        _ if service.api == Api::Anthropic => format!("{base}/models?limit=1000"),
        _ => format!("{base}/models"),
    }
}

/// The server below the API's version.
fn root(base_url: &str) -> &str {
    base_url.strip_suffix("/v1").unwrap_or(base_url)
}
