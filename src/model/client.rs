//! Makes requests, again where that helps, until there is a reply or a failure to show.

use super::decoder::On;
use super::failure::Teller;
use super::timing::Timing;
use super::trouble::Trouble;
use super::{Progress, Reply, Request, attempt, dialect, retry};
use crate::protocol::{Failure, Service};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{RequestBuilder, Url};
use std::sync::OnceLock;

/// One for a process: it keeps the connections. To make one costs nothing; what it needs of TLS is
/// loaded with the first request that needs it.
pub struct Client {
    timing: Timing,
    /// For plain HTTP on this machine: no proxy, no certificates.
    near: OnceLock<Result<reqwest::Client, String>>,
    far: OnceLock<Result<reqwest::Client, String>>,
}

impl Client {
    pub fn new(timing: Timing) -> Self {
        Self { timing, near: OnceLock::new(), far: OnceLock::new() }
    }

    /// Makes the request and says what comes as it comes. At most six requests are made, fewer
    /// where nobody listens. Dropping the future closes the connection.
    ///
    /// # Errors
    ///
    /// What came before a failure is void. The failure is a sentence for people, without control characters, without the key, with the number of
    /// requests if it was more than one.
    pub async fn stream(
        &self,
        service: &Service,
        request: &Request<'_>,
        on: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> Result<Reply, Failure> {
        let teller = Teller { service, request };
        let sending = self.prepare(service, request);
        let sending = sending.map_err(|trouble| teller.failure(&trouble, 0))?;
        let mut requests = 0;
        loop {
            requests += 1;
            let again = sending.try_clone().expect("the body is in memory");
            let mut shown = false;
            let noted: &mut On<'_> = &mut |progress: Progress<'_>| {
                shown |= !matches!(progress, Progress::Silent(_));
                on(progress);
            };
            let trouble = match attempt::run(again, service, request, &self.timing, noted).await {
                Ok(decoded) => {
                    let (items, usage, stop) = (decoded.items, decoded.usage, decoded.stop);
                    return Ok(Reply { items, usage, stop, requests });
                }
                Err(trouble) => trouble,
            };
            let Some(wait) = retry::wait(&trouble, requests, &self.timing) else {
                return Err(teller.failure(&trouble, requests));
            };
            if shown {
                on(Progress::Restart);
            }
            let (attempt, of) = (requests + 1, retry::requests_max(&trouble));
            on(Progress::Retry { attempt, of, wait, why: &teller.failure(&trouble, 0).message });
            tokio::time::sleep(wait).await;
        }
    }

    fn prepare(&self, service: &Service, request: &Request<'_>) -> Result<RequestBuilder, Trouble> {
        let dialect = dialect::of(service.api);
        let path = dialect.path(service, request);
        let address = format!("{}/{path}", service.base_url.trim_end_matches('/'));
        let address =
            Url::parse(&address).map_err(|error| Trouble::Unsendable(error.to_string()))?;
        let http = self.http(&address).map_err(Trouble::Unsendable)?;
        let mut headers = common_headers();
        dialect.headers(service, request, &mut headers)?;
        let body = dialect.body(service, request).to_string();
        Ok(http.post(address).headers(headers).body(body))
    }

    pub(super) fn http(&self, address: &Url) -> Result<reqwest::Client, String> {
        let near = address.scheme() == "http" && is_loopback(address);
        let client = if near { &self.near } else { &self.far };
        client
            .get_or_init(|| {
                // The result says only whether another one was installed before: as good.
                _ = rustls::crypto::ring::default_provider().install_default();
                let builder = reqwest::Client::builder()
                    .connect_timeout(self.timing.connect)
                    // A redirect would carry the key to another host.
                    .redirect(reqwest::redirect::Policy::none());
                if near {
                    // Small servers close a connection right behind a reply: one that is kept
                    // would break under the next request, and a new one costs next to nothing.
                    let builder = builder.no_proxy().tls_certs_only([]).pool_max_idle_per_host(0);
                    return builder.build().map_err(|error| error.to_string());
                }
                builder.build().map_err(|error| error.to_string())
            })
            .clone()
    }
}

pub(super) fn is_loopback(address: &Url) -> bool {
    let host = address.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let by_number = bare.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    by_number || host == "localhost" || host.ends_with(".localhost")
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

    #[test]
    fn this_machine_is_told_from_others() {
        let near = |address| is_loopback(&Url::parse(address).expect("an address"));
        assert!(near("http://localhost:11434/v1"));
        assert!(near("http://127.0.0.1:8080/v1"));
        assert!(near("http://[::1]:8080/v1"));
        assert!(!near("http://10.0.0.7/v1"));
        assert!(!near("https://localhost.example.com/v1"));
    }
}
