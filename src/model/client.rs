//! Makes requests, again where that helps, until there is a reply or a failure to show.

use super::attempt::Broken;
use super::failure::Teller;
use super::listen::{Heard, Listen};
use super::roads::Roads;
use super::timing::{Network, Timing};
use super::trouble::Trouble;
use super::{Progress, Reply, Request, attempt, conversation, dialect, retry};
use crate::protocol::{Failure, Service};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{RequestBuilder, Url};
use serde_json::Value;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a service may take to count a prompt.
const COUNT_WAIT: Duration = Duration::from_secs(2);

/// One for a process: it keeps the connections. To make one costs nothing; what it needs of TLS is
/// loaded with the first request that needs it.
pub struct Client {
    timing: Timing,
    roads: Roads,
    /// Addresses that do not count tokens.
    uncounting: Mutex<HashSet<Url>>,
}

impl Client {
    pub fn new(network: impl Into<Network>) -> Self {
        let Network { timing, ca_file } = network.into();
        let roads = Roads::new(timing.connect, ca_file);
        Self { timing, roads, uncounting: Mutex::default() }
    }

    /// Makes the request and says what comes as it comes. At most six requests are made, fewer
    /// where nobody listens or where `listener` does not let them. The body is written once, and
    /// again only if the listener grants a shorter answer. Dropping the future closes the
    /// connection.
    ///
    /// # Errors
    ///
    /// What came before a failure is void. The failure is a sentence for people, without control
    /// characters, without the key, with the number of requests if it was more than one.
    pub async fn stream(
        &self,
        service: &Service,
        request: &Request<'_>,
        listener: &mut dyn Listen,
    ) -> Result<Reply, Failure> {
        let teller = Teller { service, request };
        let mut request = *request;
        let mut sending = self.prepare(service, &request).map_err(|why| teller.failure(&why, 0))?;
        let end = Instant::now() + self.timing.total;
        let mut requests = 0;
        loop {
            requests += 1;
            let again = sending.try_clone().expect("the body is in memory");
            let mut heard = Heard::default();
            let mut on = |progress: Progress<'_>| {
                heard.hear(&progress);
                listener.hear(progress);
            };
            let attempt = attempt::run(again, service, &request, (&self.timing, end), &mut on);
            let Broken { trouble, lost } = match attempt.await {
                Ok(decoded) => {
                    let (items, usage, stop) = (decoded.items, decoded.usage, decoded.stop);
                    return Ok(Reply { items, usage, stop, requests });
                }
                Err(broken) => broken,
            };
            if let Some(lost) = lost {
                listener.lose(lost);
            }
            let failed = || teller.failure(&trouble, requests);
            let wait = retry::wait(&trouble, requests, &self.timing);
            let wait = wait.filter(|wait| Instant::now() + *wait < end).ok_or_else(failed)?;
            listener.again(request.output_tokens_max).ok_or_else(failed)?;
            if heard.bytes() > 0 {
                listener.hear(Progress::Restart);
            }
            let (attempt, of) = (requests + 1, retry::requests_max(&trouble));
            let why = &teller.failure(&trouble, 0).message;
            listener.hear(Progress::Retry { attempt, of, wait, why });
            tokio::time::sleep(wait).await;
            let granted = listener.again(request.output_tokens_max).ok_or_else(failed)?;
            if granted != request.output_tokens_max {
                request.output_tokens_max = granted;
                sending = self.prepare(service, &request).map_err(|why| teller.failure(&why, 0))?;
            }
        }
    }

    /// The tokens of the prompt as the service itself counts them, where it does, which costs nothing.
    /// It is asked once, and waited for two seconds at the most; a service that refuses, or is too
    /// slow, is not asked again by this client.
    pub async fn count(&self, service: &Service, request: &Request<'_>) -> Option<u64> {
        let dialect = dialect::of(service.api);
        let items = conversation::of_service(request.items, &service.name);
        let (path, body) = dialect.count(service, &Request { items: &items, ..*request })?;
        let address = address(service, &path).ok()?;
        if self.uncounting.lock().unwrap_or_else(PoisonError::into_inner).contains(&address) {
            return None;
        }
        let sending = self.post(service, request, &address, &body).ok()?;
        let json = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        let asking = attempt::ask(sending.headers(json));
        let counted = match tokio::time::timeout(COUNT_WAIT, asking).await {
            Ok(Some(answer)) => dialect.counted(&answer).filter(|tokens| *tokens > 0),
            // The service may do better another time.
            Ok(None) => return None,
            Err(_) => None,
        };
        if counted.is_none() {
            self.uncounting.lock().unwrap_or_else(PoisonError::into_inner).insert(address);
        }
        counted
    }

    fn prepare(&self, service: &Service, request: &Request<'_>) -> Result<RequestBuilder, Trouble> {
        let dialect = dialect::of(service.api);
        let address = address(service, &dialect.path(service, request))?;
        self.post(service, request, &address, &super::body(service, request))
    }

    fn post(
        &self,
        service: &Service,
        request: &Request<'_>,
        address: &Url,
        body: &Value,
    ) -> Result<RequestBuilder, Trouble> {
        let http = self.http(address).map_err(Trouble::NoCertificates)?;
        let mut headers = common_headers();
        dialect::of(service.api).headers(service, request, &mut headers)?;
        Ok(http.post(address.clone()).headers(headers).body(body.to_string()))
    }

    pub(super) fn http(&self, address: &Url) -> Result<reqwest::Client, String> {
        self.roads.to(address)
    }
}

fn address(service: &Service, path: &str) -> Result<Url, Trouble> {
    let address = format!("{}/{path}", service.base_url.trim_end_matches('/'));
    Url::parse(&address).map_err(|error| Trouble::Unsendable(error.to_string()))
}

pub(super) fn common_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let agent = concat!("brisk/", env!("CARGO_PKG_VERSION"));
    headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample::{call, prompt, request, result, service};
    use crate::protocol::{Api, Item, Opaque};
    use serde_json::json;
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// A service with one answer to everything, or with none; and what it was asked.
    async fn answering(answer: Option<String>) -> (Service, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::default();
        let heard: Arc<Mutex<Vec<String>>> = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut socket, _)) = listener.accept().await {
                let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
                while !seen.ends_with(b"}") {
                    let read = socket.read(&mut buffer).await.expect("a request");
                    seen.extend_from_slice(&buffer[..read]);
                }
                heard.lock().expect("whole").push(String::from_utf8_lossy(&seen).into_owned());
                if let Some(answer) = &answer {
                    socket.write_all(answer.as_bytes()).await.expect("a listener");
                }
                open.push(socket);
            }
        });
        (service(Api::Anthropic, &format!("http://{address}/v1")), asked)
    }

    fn answer(status: &str, body: &str) -> Option<String> {
        let length = body.len();
        Some(format!(
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        ))
    }

    #[tokio::test]
    async fn a_service_that_does_not_count_is_asked_once_and_one_in_trouble_another_time() {
        let counted = "{\"input_tokens\":2095}";
        for (answer, expected, times) in [
            (answer("200 OK", counted), Some(2095), 2),
            (answer("404 Not Found", "{}"), None, 1),
            (answer("401 Unauthorized", counted), None, 1),
            (answer("200 OK", "<html>"), None, 1),
            (answer("200 OK", "{\"input_tokens\":0}"), None, 1),
            (answer("503 Service Unavailable", "{}"), None, 2),
            (answer("429 Too Many Requests", "{}"), None, 2),
        ] {
            let (service, asked) = answering(answer.clone()).await;
            let (client, items) = (Client::new(Timing::default()), [prompt("p")]);
            for _ in 0..2 {
                assert_eq!(client.count(&service, &request(&items)).await, expected, "{answer:?}");
            }
            assert_eq!(asked.lock().expect("whole").len(), times, "{answer:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_count_that_does_not_come_is_waited_for_once_and_not_for_long() {
        let (service, _) = answering(None).await;
        let (client, items) = (Client::new(Timing::default()), [prompt("p")]);
        let begun = Instant::now();
        assert_eq!(client.count(&service, &request(&items)).await, None);
        assert_eq!(client.count(&service, &request(&items)).await, None);
        assert!((COUNT_WAIT..COUNT_WAIT * 2).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_wire_without_such_a_request_counts_nothing() {
        let (anthropic, asked) = answering(answer("200 OK", "{\"input_tokens\":9}")).await;
        let (client, items) = (Client::new(Timing::default()), [prompt("p")]);
        for api in [Api::OpenaiChat, Api::Copilot] {
            let service = Service { api, ..anthropic.clone() };
            assert_eq!(client.count(&service, &request(&items)).await, None);
        }
        assert_eq!(asked.lock().expect("whole").len(), 0);
    }

    #[tokio::test]
    async fn what_another_service_sealed_is_not_sent_to_be_counted() {
        let (service, asked) = answering(answer("200 OK", "{\"input_tokens\":9}")).await;
        let thought = |of: &str| Item::Thought {
            text: "hm".into(),
            opaque: Some(Opaque {
                service: Some(of.to_owned()),
                dialect: "anthropic".into(),
                model: "tiny".into(),
                value: json!({ "type": "thinking", "thinking": "hm", "signature": of }),
            }),
        };
        let items =
            [prompt("p"), thought("elsewhere"), thought("acme"), call("a", "{}"), result("a", "r")];
        let client = Client::new(Timing::default());
        assert_eq!(client.count(&service, &request(&items)).await, Some(9));
        let asked = asked.lock().expect("whole");
        assert!(asked[0].starts_with("POST /v1/messages/count_tokens HTTP/1.1"), "{asked:?}");
        assert_eq!(asked[0].matches("accept: ").count(), 1, "{asked:?}");
        assert!(asked[0].contains("acme") && !asked[0].contains("elsewhere"), "{asked:?}");
    }

    #[tokio::test]
    async fn every_attempt_sends_the_very_bytes_that_were_written_once() {
        let items = [prompt(&"x".repeat(1 << 20))];
        for api in Api::ALL {
            let service = service(api, "http://127.0.0.1:9/v1");
            let client = Client::new(Timing::default());
            let sending = client.prepare(&service, &request(&items)).expect("a request");
            let sent = |sending: &RequestBuilder| {
                let built = sending.try_clone().and_then(|again| again.build().ok());
                let built = built.expect("the body is in memory");
                let bytes = built.body().and_then(|body| body.as_bytes()).expect("bytes");
                (bytes.as_ptr() as usize, bytes.len())
            };
            assert!(sent(&sending).1 > 1 << 20);
            assert_eq!(sent(&sending), sent(&sending), "{api:?}: they were copied");
        }
    }
}
