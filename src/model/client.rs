//! Makes requests, again where that helps, until there is a reply or a failure to show.

use super::attempt::{self, Broken};
use super::failure::Teller;
use super::listen::{Heard, Listen};
use super::roads::Roads;
use super::timing::{Network, Timing};
use super::trouble::Trouble;
use super::{Progress, Reply, Request, dialect, retry};
use crate::protocol::{Failure, Service};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{RequestBuilder, Url};
use tokio::time::Instant;

/// One for a process: it keeps the connections. To make one costs nothing; what it needs of TLS is
/// loaded with the first request that needs it.
pub struct Client {
    timing: Timing,
    roads: Roads,
}

impl Client {
    pub fn new(network: impl Into<Network>) -> Self {
        let Network { timing, ca_file } = network.into();
        Self { timing, roads: Roads::new(timing.connect, ca_file) }
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

    fn prepare(&self, service: &Service, request: &Request<'_>) -> Result<RequestBuilder, Trouble> {
        let dialect = dialect::of(service.api);
        let path = dialect.path(service, request);
        let address = format!("{}/{path}", service.base_url.trim_end_matches('/'));
        let address =
            Url::parse(&address).map_err(|error| Trouble::Unsendable(error.to_string()))?;
        let http = self.http(&address).map_err(Trouble::NoCertificates)?;
        let mut headers = common_headers();
        dialect.headers(service, request, &mut headers)?;
        let body = super::body(service, request).to_string();
        Ok(http.post(address).headers(headers).body(body))
    }

    pub(super) fn http(&self, address: &Url) -> Result<reqwest::Client, String> {
        self.roads.to(address)
    }
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
    use crate::model::sample::{prompt, request, service};
    use crate::protocol::Api;

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
