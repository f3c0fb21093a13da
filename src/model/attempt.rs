//! One request and its reply: sends, reads, keeps the deadlines. Whether another one follows is for
//! `retry` to say. Dropping the future closes the connection.

use super::decoder::{Decoded, Decoder, On, Phase, SHOWN_CHARS_MAX};
use super::sse::Parser;
use super::timing::Timing;
use super::trouble::{Refusal, ServiceError, Trouble, retry_delay};
use super::{Progress, Request, retry};
use crate::protocol::Service;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use std::error::Error;
use std::future::Future;
use std::pin::pin;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, timeout_at};

/// Bytes of an error's body that are read.
const ERROR_BYTES_MAX: usize = 64 << 10;
/// Bytes that a whole stream may have.
const STREAM_BYTES_MAX: usize = 256 << 20;
/// Bytes of a reply that comes as one JSON value.
const WHOLE_BYTES_MAX: usize = 16 << 20;
/// How long the figures may come after the reply's last word.
const FIGURES_WAIT: Duration = Duration::from_secs(5);
/// How long the connection's end is waited for after the service said that nothing follows; only a
/// stream that was read to its end leaves a connection that can be used again.
const END_WAIT: Duration = Duration::from_millis(100);

pub(super) async fn run(
    sending: RequestBuilder,
    service: &Service,
    request: &Request<'_>,
    timing: &Timing,
    on: &mut On<'_>,
) -> Result<Decoded, Trouble> {
    let response = watched(sending.send(), timing.first_byte, timing.silence, on)
        .await
        .map_err(Trouble::Silent)?
        .map_err(|error| of_sending(&error))?;
    if !response.status().is_success() {
        return Err(refused(response, timing, on).await);
    }
    let decoder = Decoder::new(service, request);
    let decoded = Reading { response, decoder, timing, bytes: 0 }.read(on).await?;
    Ok(decoded.finish(request))
}

struct Reading<'a> {
    response: Response,
    decoder: Decoder,
    timing: &'a Timing,
    bytes: usize,
}

impl Reading<'_> {
    async fn read(mut self, on: &mut On<'_>) -> Result<Decoder, Trouble> {
        let Some(first) = self.next(on).await? else {
            return Err(Trouble::Cut("the reply was empty".to_owned()));
        };
        match form(&self.response, &first) {
            Form::Events => self.read_events(first, on).await?,
            Form::Json => self.read_whole(first, on).await?,
            Form::Other => {
                let start = String::from_utf8_lossy(&first);
                return Err(Trouble::NotStream(start.chars().take(4 * SHOWN_CHARS_MAX).collect()));
            }
        }
        Ok(self.decoder)
    }

    async fn read_events(&mut self, first: Vec<u8>, on: &mut On<'_>) -> Result<(), Trouble> {
        let mut parser = Parser::default();
        let mut next = Some(first);
        while let Some(bytes) = next {
            for event in parser.feed(&bytes)? {
                self.decoder.event(&event, on)?;
            }
            next = self.next(on).await?;
        }
        match self.decoder.phase() {
            Phase::Coming => Err(Trouble::Cut("the stream ended too early".to_owned())),
            Phase::Stopped | Phase::Over => Ok(()),
        }
    }

    async fn read_whole(&mut self, first: Vec<u8>, on: &mut On<'_>) -> Result<(), Trouble> {
        let mut whole = first;
        while let Some(bytes) = self.next(on).await? {
            if whole.len() + bytes.len() > WHOLE_BYTES_MAX {
                return Err(Trouble::TooLarge);
            }
            whole.extend_from_slice(&bytes);
        }
        match serde_json::from_slice(&whole) {
            Ok(value) => self.decoder.whole(&value, on),
            Err(_) => {
                let start = String::from_utf8_lossy(&whole);
                Err(Trouble::NotStream(start.chars().take(4 * SHOWN_CHARS_MAX).collect()))
            }
        }
    }

    /// The next bytes; None at the end, which after the reply's last word may be a broken one.
    async fn next(&mut self, on: &mut On<'_>) -> Result<Option<Vec<u8>>, Trouble> {
        let phase = self.decoder.phase();
        let limit = match phase {
            Phase::Coming if self.bytes == 0 => self.timing.first_byte,
            Phase::Coming => self.timing.idle,
            Phase::Stopped => FIGURES_WAIT.min(self.timing.idle),
            Phase::Over => END_WAIT,
        };
        let came = watched(self.response.chunk(), limit, self.timing.silence, on).await;
        let bytes = match (came, phase) {
            (Ok(Ok(bytes)), _) => bytes.map(Vec::from),
            (_, Phase::Stopped | Phase::Over) => None,
            (Ok(Err(error)), Phase::Coming) => return Err(Trouble::Cut(cause(&error))),
            (Err(silent), Phase::Coming) => return Err(Trouble::Silent(silent)),
        };
        self.bytes += bytes.as_ref().map_or(0, Vec::len);
        if self.bytes > STREAM_BYTES_MAX {
            return Err(Trouble::TooLarge);
        }
        Ok(bytes)
    }
}

enum Form {
    Events,
    Json,
    Other,
}

/// By the header, and where it names no event stream, by how the body begins.
fn form(response: &Response, first: &[u8]) -> Form {
    let header = response.headers().get(reqwest::header::CONTENT_TYPE);
    let header = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header.trim().to_ascii_lowercase().starts_with("text/event-stream") {
        return Form::Events;
    }
    let start = first.trim_ascii_start();
    let fields: [&[u8]; 6] = [b"data", b"event", b"id:", b"retry:", b"error:", b":"];
    match start.first() {
        Some(b'{' | b'[') => Form::Json,
        _ if fields.iter().any(|field| start.starts_with(field)) => Form::Events,
        _ => Form::Other,
    }
}

async fn refused(mut response: Response, timing: &Timing, on: &mut On<'_>) -> Trouble {
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let retry_after =
        retry::read_retry_after(header("retry-after-ms"), header("retry-after"), SystemTime::now());
    let should_retry = match header("x-should-retry") {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => None,
    };
    let mut body = Vec::new();
    while body.len() < ERROR_BYTES_MAX {
        // What is known already is worth more than the trouble of reading the rest.
        match watched(response.chunk(), timing.idle, timing.silence, on).await {
            Ok(Ok(Some(bytes))) => body.extend_from_slice(&bytes),
            _ => break,
        }
    }
    let beside = || serde_json::from_slice(&body).ok().as_ref().and_then(retry_delay);
    let retry_after = retry_after.or_else(beside);
    Trouble::Status(Refusal { status, error: read_error(&body), retry_after, should_retry })
}

fn read_error(body: &[u8]) -> ServiceError {
    let value = serde_json::from_slice::<Value>(body).ok();
    value.as_ref().and_then(ServiceError::read).unwrap_or_else(|| {
        let text = String::from_utf8_lossy(body);
        let message = text.chars().take(4 * SHOWN_CHARS_MAX).collect();
        ServiceError { message, ..ServiceError::default() }
    })
}

pub(super) fn of_sending(error: &reqwest::Error) -> Trouble {
    if error.is_builder() {
        return Trouble::Unsendable(cause(error));
    }
    let refused = causes(error).any(|cause| {
        let cause = cause.downcast_ref::<std::io::Error>();
        cause.is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
    });
    match error {
        _ if refused => Trouble::Refused,
        _ if error.is_connect() => Trouble::Unreachable(cause(error)),
        _ => Trouble::Cut(cause(error)),
    }
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

/// The innermost cause: the outer ones say no more than that a request failed.
pub(super) fn cause(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

/// The future's output, or how long was waited in vain. Says `Silent` meanwhile.
async fn watched<F: Future>(
    future: F,
    limit: Duration,
    silence: Duration,
    on: &mut On<'_>,
) -> Result<F::Output, Duration> {
    let start = Instant::now();
    let mut future = pin!(future);
    let mut next = silence;
    loop {
        match timeout_at(start + next.min(limit), &mut future).await {
            Ok(output) => return Ok(output),
            Err(_) if next >= limit => return Err(limit),
            Err(_) => {
                on(Progress::Silent(start.elapsed()));
                next += silence.max(Duration::from_millis(1));
            }
        }
    }
}
