//! One request and its reply: sends, reads, keeps the deadlines. Whether another one follows is for
//! `retry` to say. Dropping the future closes the connection.

use super::clock::Clock;
use super::decoder::{Decoded, Decoder, On, Phase, SHOWN_CHARS_MAX};
use super::listen::{Heard, Lost};
use super::sse::Parser;
use super::timing::Timing;
use super::trouble::{Refusal, ServiceError, Trouble, retry_delay};
use super::{Progress, Request, retry, sending};
use crate::protocol::Service;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::Value;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Bytes of an error's body that are read.
const ERROR_BYTES_MAX: usize = 64 << 10;
/// Bytes that a whole stream may have.
const STREAM_BYTES_MAX: usize = 256 << 20;
/// Bytes of a reply that comes as one JSON value.
const WHOLE_BYTES_MAX: usize = 16 << 20;
/// Bytes of an answer that is no reply.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// How long the body of a refusal, whose status is known already, may keep silent.
const ERROR_WAIT: Duration = Duration::from_secs(5);
/// How long the figures may come after the reply's last word.
const FIGURES_WAIT: Duration = Duration::from_secs(5);
/// How long the connection's end is waited for after the service said that nothing follows; only a
/// stream that was read to its end leaves a connection that can be used again.
const END_WAIT: Duration = Duration::from_millis(100);

/// How a request ended without a reply, and what was lost with it if it may have to be paid.
#[derive(Debug)]
pub(super) struct Broken {
    pub trouble: Trouble,
    pub lost: Option<Lost>,
}

impl From<Trouble> for Broken {
    fn from(trouble: Trouble) -> Self {
        Self { trouble, lost: None }
    }
}

/// `until`: the deadlines, and when the whole reply must have come.
pub(super) async fn run(
    sending: RequestBuilder,
    service: &Service,
    request: &Request<'_>,
    until: (&Timing, Instant),
    on: &mut On<'_>,
) -> Result<Decoded, Broken> {
    let mut clock = Clock::new(until.0, until.1);
    let response = match clock.wait(sending.send(), until.0.first_byte, on).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(sending::trouble(&error).into()),
        // Somebody took the request, and has worked on it for all that is known.
        Err(trouble) => return Err(Broken { trouble, lost: Some(Lost::default()) }),
    };
    if !response.status().is_success() {
        return Err(refused(response, &mut clock, on).await.into());
    }
    let mut heard = Heard::default();
    let mut noted = |progress: Progress<'_>| {
        heard.hear(&progress);
        on(progress);
    };
    let decoder = Decoder::new(service, request);
    let mut reading = Reading { response, decoder, clock, bytes: 0 };
    let read = reading.read(&mut noted).await;
    let decoded = reading.decoder.finish(request);
    read.map_err(|trouble| {
        let lost = Lost { usage: decoded.usage, bytes: heard.bytes() };
        let begun = lost != Lost::default();
        let free = matches!(trouble, Trouble::Status(_) | Trouble::NotStream(_)) && !begun;
        Broken { trouble, lost: (!free).then_some(lost) }
    })?;
    Ok(decoded)
}

/// What a service answers to a question that is no request for a reply: null, if it refused or said
/// something else. None: no answer came.
pub(super) async fn ask(sending: RequestBuilder) -> Option<Value> {
    let mut response = sending.send().await.ok()?;
    let mut body = Vec::new();
    while let Some(bytes) = response.chunk().await.ok()? {
        body.extend_from_slice(&bytes);
        if body.len() > ANSWER_BYTES_MAX {
            return Some(Value::Null);
        }
    }
    match response.status() {
        status if status.is_success() => Some(serde_json::from_slice(&body).unwrap_or_default()),
        // It may do better another time.
        StatusCode::TOO_MANY_REQUESTS => None,
        status if status.is_server_error() => None,
        _ => Some(Value::Null),
    }
}

struct Reading<'a> {
    response: Response,
    decoder: Decoder,
    clock: Clock<'a>,
    bytes: usize,
}

impl Reading<'_> {
    async fn read(&mut self, on: &mut On<'_>) -> Result<(), Trouble> {
        let Some(first) = self.next(on).await? else {
            return Err(Trouble::Cut("the reply was empty".to_owned()));
        };
        match form(&self.response, &first) {
            Form::Events => self.read_events(first, on).await,
            Form::Json => self.read_whole(first, on).await,
            Form::Other => {
                let start = String::from_utf8_lossy(&first);
                Err(Trouble::NotStream(start.chars().take(4 * SHOWN_CHARS_MAX).collect()))
            }
        }
    }

    async fn read_events(&mut self, first: Vec<u8>, on: &mut On<'_>) -> Result<(), Trouble> {
        let mut parser = Parser::default();
        let mut next = Some(first);
        while let Some(bytes) = next {
            let mut spoke = false;
            let mut words = |progress: Progress<'_>| {
                spoke = true;
                on(progress);
            };
            for event in parser.feed(&bytes)? {
                self.decoder.event(&event, &mut words)?;
            }
            if spoke {
                self.clock.word();
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
        let timing = self.clock.timing;
        let limit = match phase {
            Phase::Coming if self.bytes == 0 => timing.first_byte,
            Phase::Coming => timing.idle,
            Phase::Stopped => FIGURES_WAIT.min(timing.idle),
            Phase::Over => END_WAIT,
        };
        let came = self.clock.wait(self.response.chunk(), limit, on).await;
        let bytes = match (came, phase) {
            (Ok(Ok(bytes)), _) => bytes.map(Vec::from),
            (_, Phase::Stopped | Phase::Over) => None,
            (Ok(Err(error)), Phase::Coming) => return Err(Trouble::Cut(sending::cause(&error))),
            (Err(trouble), Phase::Coming) => return Err(trouble),
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

async fn refused(mut response: Response, clock: &mut Clock<'_>, on: &mut On<'_>) -> Trouble {
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let retry_after =
        retry::read_retry_after(header("retry-after-ms"), header("retry-after"), SystemTime::now());
    let should_retry = match header("x-should-retry") {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => None,
    };
    // A query may hold what is secret.
    let elsewhere = header("location").and_then(|to| to.split('?').next()).map(str::to_owned);
    let mut body = Vec::new();
    while body.len() < ERROR_BYTES_MAX {
        // What is known already is worth more than the trouble of reading the rest.
        match clock.wait(response.chunk(), ERROR_WAIT, on).await {
            Ok(Ok(Some(bytes))) => body.extend_from_slice(&bytes),
            _ => break,
        }
    }
    let beside = || serde_json::from_slice(&body).ok().as_ref().and_then(retry_delay);
    let retry_after = retry_after.or_else(beside);
    let mut error = read_error(&body);
    if let Some(elsewhere) = elsewhere.filter(|_| (300..400).contains(&status)) {
        error.message = elsewhere;
    }
    Refusal { status, error, retry_after, should_retry }.into()
}

fn read_error(body: &[u8]) -> ServiceError {
    let value = serde_json::from_slice::<Value>(body).ok();
    value.as_ref().and_then(ServiceError::read).unwrap_or_else(|| {
        let text = String::from_utf8_lossy(body);
        let message = text.chars().take(4 * SHOWN_CHARS_MAX).collect();
        ServiceError { message, ..ServiceError::default() }
    })
}
