//! Why no answer came to a request, out of what the HTTP library says.

use super::trouble::{Certificate, Trouble};
use rustls::CertificateError;
use std::error::Error;
use std::io;

pub(super) fn trouble(error: &reqwest::Error) -> Trouble {
    if error.is_builder() {
        return Trouble::Unsendable(cause(error));
    }
    if let Some(proxy) = causes(error).map(ToString::to_string).find(|text| is_of_proxy(text)) {
        let refused = causes(error).any(is_refused);
        return match proxy {
            text if text.contains("authorization required") => Trouble::ProxyLogin,
            _ if refused => Trouble::Proxy("nothing answers there".to_owned()),
            text => Trouble::Proxy(text),
        };
    }
    if causes(error).any(is_refused) {
        return Trouble::Refused;
    }
    if let Some(tls) = causes(error).find_map(of_tls) {
        return of_handshake(tls);
    }
    if causes(error).any(|cause| cause.to_string() == "dns error") {
        return Trouble::Nameless(cause(error));
    }
    if error.is_connect() { Trouble::Unreachable(cause(error)) } else { Trouble::Cut(cause(error)) }
}

/// The innermost cause: the outer ones say no more than that a request failed.
pub(super) fn cause(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

/// The library's errors of a proxy have no type that could be asked.
fn is_of_proxy(text: &str) -> bool {
    text.starts_with("tunnel error") || text.to_ascii_lowercase().starts_with("socks")
}

fn is_refused(cause: &(dyn Error + 'static)) -> bool {
    let cause = cause.downcast_ref::<io::Error>();
    cause.is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// What wraps an error of TLS, once or twice, does not name it as its source.
fn of_tls<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut cause = cause;
    loop {
        if let Some(tls) = cause.downcast_ref() {
            return Some(tls);
        }
        cause = cause.downcast_ref::<io::Error>()?.get_ref()?;
    }
}

fn of_handshake(error: &rustls::Error) -> Trouble {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            Trouble::Certificate(Certificate::Unknown)
        }
        rustls::Error::InvalidCertificate(why) => {
            Trouble::Certificate(Certificate::Invalid(why.to_string()))
        }
        rustls::Error::InvalidMessage(_) => Trouble::Certificate(Certificate::NoTls),
        other => Trouble::Unreachable(other.to_string()),
    }
}
