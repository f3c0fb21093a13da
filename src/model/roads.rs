//! The HTTP clients, made when they are first needed: what they load of TLS takes milliseconds.

use reqwest::Url;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Which way a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Road {
    /// Plain HTTP on this machine: no proxy, no certificates.
    Plain,
    /// TLS on this machine: no proxy.
    Near,
    /// Elsewhere, through the environment's proxies.
    Far,
}

impl Road {
    const COUNT: usize = 3;

    fn to(address: &Url) -> Road {
        match (is_loopback(address), address.scheme()) {
            (true, "http") => Road::Plain,
            (true, _) => Road::Near,
            (false, _) => Road::Far,
        }
    }
}

pub(super) struct Roads {
    connect: Duration,
    ca_file: Option<PathBuf>,
    built: Mutex<[Option<reqwest::Client>; Road::COUNT]>,
}

impl Roads {
    pub(super) fn new(connect: Duration, ca_file: Option<PathBuf>) -> Self {
        Self { connect, ca_file, built: Mutex::default() }
    }

    /// The client for this address. It keeps its connections.
    ///
    /// # Errors
    ///
    /// A sentence, if the certificates cannot be read.
    pub(super) fn to(&self, address: &Url) -> Result<reqwest::Client, String> {
        let road = Road::to(address);
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &built[road as usize] {
            return Ok(client.clone());
        }
        let client = self.build(road)?;
        built[road as usize] = Some(client.clone());
        Ok(client)
    }

    fn build(&self, road: Road) -> Result<reqwest::Client, String> {
        // The result says only whether another one was installed before: as good.
        _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .connect_timeout(self.connect)
            // A redirect would carry the key to another host.
            .redirect(reqwest::redirect::Policy::none());
        let builder = match road {
            // Small servers close a connection right behind a reply: one that is kept would break
            // under the next request, and a new one costs next to nothing.
            Road::Plain => builder.no_proxy().tls_certs_only([]).pool_max_idle_per_host(0),
            Road::Near => builder.no_proxy().tls_certs_merge(self.certificates()?),
            Road::Far => builder.tls_certs_merge(self.certificates()?),
        };
        builder.build().map_err(|error| error.to_string())
    }

    fn certificates(&self) -> Result<Vec<reqwest::Certificate>, String> {
        self.ca_file.as_deref().map_or(Ok(Vec::new()), read_certificates)
    }
}

fn read_certificates(path: &Path) -> Result<Vec<reqwest::Certificate>, String> {
    let shown = path.display();
    let pem = std::fs::read(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let certificates = reqwest::Certificate::from_pem_bundle(&pem).unwrap_or_default();
    if certificates.is_empty() {
        return Err(format!("{shown} holds no certificate in PEM"));
    }
    Ok(certificates)
}

pub(super) fn is_loopback(address: &Url) -> bool {
    let host = address.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let by_number = bare.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    by_number || host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_told_from_others() {
        let road = |address| Road::to(&Url::parse(address).expect("an address"));
        assert_eq!(road("http://localhost:11434/v1"), Road::Plain);
        assert_eq!(road("http://127.0.0.1:8080/v1"), Road::Plain);
        assert_eq!(road("http://[::1]:8080/v1"), Road::Plain);
        assert_eq!(road("https://[::1]:8443/v1"), Road::Near);
        assert_eq!(road("https://models.localhost/v1"), Road::Near);
        assert_eq!(road("http://10.0.0.7/v1"), Road::Far);
        assert_eq!(road("https://localhost.example.com/v1"), Road::Far);
    }

    #[test]
    fn a_file_without_certificates_is_an_error_only_where_they_are_needed() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let roads = Roads::new(Duration::from_secs(1), Some(file.path().into()));
        let to = |address| roads.to(&Url::parse(address).expect("an address"));
        assert!(to("http://127.0.0.1:1/v1").is_ok());
        let error = to("https://127.0.0.1:1/v1").expect_err("no certificate");
        assert!(error.ends_with("holds no certificate in PEM"), "{error}");
    }
}
