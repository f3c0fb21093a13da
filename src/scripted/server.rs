//! HTTP on loopback around a [`Play`].

use super::count::load_ahead;
use super::gemini;
use super::play::{Incoming, Outgoing, Play, Recorded};
use super::refusal::{Purpose, Refusal, Wire};
use super::script::Script;
use super::stream::{Stream, StreamEnd};
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame, Incoming as Body};
use hyper::header::{HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// Bytes that the body of a request may have.
const REQUEST_BYTES_MAX: usize = 32 << 20;
/// Connections that are served at the same time.
const CONNECTIONS_MAX: usize = 256;
/// Headers that carry a key, and are not recorded.
const SECRET_HEADERS: [&str; 5] =
    ["authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"];

type ResponseBody = UnsyncBoxBody<Bytes, io::Error>;

/// Serves until it is dropped; then every connection breaks.
pub struct Server {
    play: Arc<Mutex<Play>>,
    address: SocketAddr,
    serving: AbortHandle,
}

impl Server {
    /// Listens on a free port of 127.0.0.1. To be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// There is no port to be had.
    pub async fn start(script: Script) -> io::Result<Server> {
        load_ahead();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let play = Arc::new(Mutex::new(Play::new(script)));
        let serving = tokio::spawn(serve(listener, Arc::clone(&play))).abort_handle();
        Ok(Server { play, address, serving })
    }

    /// For every wire: `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The requests for replies so far, in order; refused ones too.
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.play).recorded()
    }

    /// The requests to count a prompt so far, in order; refused ones too.
    pub fn counted(&self) -> Vec<Recorded> {
        lock(&self.play).counted()
    }

    /// The first request that was not as the script or the service wants it, and why.
    pub fn mismatch(&self) -> Option<String> {
        lock(&self.play).mismatch()
    }

    /// How many replies of the script were not played; a repeated one does not count.
    pub fn left(&self) -> usize {
        lock(&self.play).left()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Each change is made in one go, so that what a panic left behind is whole.
fn lock(play: &Mutex<Play>) -> MutexGuard<'_, Play> {
    play.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, play: Arc<Mutex<Play>>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => {
                // An accept fails for the sake of one client; the next one may fare better.
                let Ok((socket, _)) = accepted else { continue };
                connections.spawn(converse(socket, Arc::clone(&play)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(socket: TcpStream, play: Arc<Mutex<Play>>) {
    // Small events go out at once; where that cannot be had they go out a little later.
    _ = socket.set_nodelay(true);
    let service = service_fn(move |request| {
        let play = Arc::clone(&play);
        async move { Ok::<_, Infallible>(respond(request, play).await) }
    });
    // A connection that breaks is the client's wish, or the script's.
    _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(socket), service)
        .await;
}

async fn respond(request: Request<Body>, play: Arc<Mutex<Play>>) -> Response<ResponseBody> {
    let (wire, purpose) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/v1/models") => return models(&lock(&play).models()),
        (&Method::POST, "/v1/responses") => (Wire::Responses, Purpose::Reply),
        (&Method::POST, "/v1/responses/input_tokens") => (Wire::Responses, Purpose::Count),
        (&Method::POST, "/v1/chat/completions") => (Wire::Chat, Purpose::Reply),
        (&Method::POST, "/v1/messages") => (Wire::Messages, Purpose::Reply),
        (&Method::POST, "/v1/messages/count_tokens") => (Wire::Messages, Purpose::Count),
        (&Method::POST, path) if gemini::model_in(path).is_some() => (Wire::Gemini, Purpose::Reply),
        (&Method::POST, path) if gemini::counted_in(path).is_some() => {
            (Wire::Gemini, Purpose::Count)
        }
        (method, path) => {
            let message = format!("Invalid URL ({method} {path})");
            return json_response(404, &Refusal::new(404, message).body(Wire::Chat));
        }
    };
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, REQUEST_BYTES_MAX).collect().await else {
        return json_response(413, &Refusal::new(413, "Request too large").body(wire));
    };
    let incoming = Incoming {
        wire,
        purpose,
        path: head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        headers: recorded_headers(&head.headers),
        key: key(wire, &head.headers),
        body: body.to_bytes().to_vec(),
    };
    // Counting, and waiting for the vocabulary, would hold up everyone else on this thread.
    let answering = tokio::task::spawn_blocking(move || lock(&play).answer(incoming));
    match answering.await {
        Ok(outgoing) => outgoing_response(wire, outgoing).await,
        Err(_) => json_response(500, &Refusal::new(500, "the server broke").body(wire)),
    }
}

fn recorded_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let open = headers.iter().filter(|(name, _)| !SECRET_HEADERS.contains(&name.as_str()));
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    open.map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

fn key(wire: Wire, headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    match wire {
        Wire::Responses | Wire::Chat => {
            text("authorization")?.strip_prefix("Bearer ").map(str::to_owned)
        }
        Wire::Messages => text("x-api-key").map(str::to_owned),
        Wire::Gemini => text("x-goog-api-key").map(str::to_owned),
    }
}

async fn outgoing_response(wire: Wire, outgoing: Outgoing) -> Response<ResponseBody> {
    match outgoing {
        Outgoing::Refused { refusal, retry_after } if wire == Wire::Gemini => {
            json_response(refusal.status, &gemini::refused(&refusal, retry_after.as_deref()))
        }
        Outgoing::Refused { refusal, retry_after } => {
            let mut response = json_response(refusal.status, &refusal.body(wire));
            if let Some(value) = retry_after.and_then(|text| HeaderValue::try_from(text).ok()) {
                response.headers_mut().insert("retry-after", value);
            }
            response
        }
        Outgoing::Page { status, text } => response(status, "text/html", whole(text)),
        Outgoing::Counted(answer) => json_response(200, &answer),
        Outgoing::Stream(stream) => {
            if stream.end == StreamEnd::Stall && stream.events.is_empty() {
                return std::future::pending().await;
            }
            response(200, "text/event-stream; charset=utf-8", streamed(stream))
        }
    }
}

fn streamed(played: Stream) -> ResponseBody {
    let pause = played.pause;
    let events = stream::iter(played.events).then(move |event| async move {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Ok(Frame::data(Bytes::from(event)))
    });
    let end = stream::iter([played.end]).filter_map(|end| async move {
        match end {
            StreamEnd::Whole => None,
            StreamEnd::Cut => {
                // What was said before the break gets out before it.
                tokio::task::yield_now().await;
                Some(Err(io::Error::other("the script cuts the connection")))
            }
            StreamEnd::Stall => std::future::pending().await,
        }
    });
    BodyExt::boxed_unsync(StreamBody::new(events.chain(end)))
}

fn models(models: &[String]) -> Response<ResponseBody> {
    let models: Vec<Value> = models
        .iter()
        .map(|id| json!({ "id": id, "object": "model", "created": 1, "owned_by": "script" }))
        .collect();
    json_response(200, &json!({ "object": "list", "data": models }))
}

fn json_response(status: u16, body: &Value) -> Response<ResponseBody> {
    response(status, "application/json", whole(&body.to_string()))
}

fn whole(text: &str) -> ResponseBody {
    let body = http_body_util::Full::new(Bytes::from(text.to_owned()));
    BodyExt::boxed_unsync(body.map_err(|never| match never {}))
}

fn response(status: u16, kind: &'static str, body: ResponseBody) -> Response<ResponseBody> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    response.headers_mut().insert("content-type", HeaderValue::from_static(kind));
    response
}
