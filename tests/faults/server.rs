//! A server of raw bytes on loopback, plain or over TLS, which also is a proxy; in threads, so that
//! brisk's own runtime has no part in it.
#![allow(unreachable_pub, reason = "a part of a test")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Longer than any machine needs, so that a test which waits in vain ends.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub enum Answer {
    /// These bytes, and the end.
    Bytes(String),
    /// These bytes, and nothing more until the other side closes.
    Hold(Vec<u8>),
    /// A stream of comments that never ends.
    Endless,
    /// These bytes to whatever the client says first, and the end.
    AtOnce(String),
    /// A tunnel to this port, whatever the client names.
    Tunnel(u16),
}

#[derive(Default)]
struct Seen {
    /// The first bytes of each connection.
    first: Vec<Vec<u8>>,
    closed: usize,
}

pub struct Server {
    port: u16,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

impl Server {
    pub fn start(answer: Answer) -> Server {
        Server::listen(answer, None)
    }

    /// With a certificate of the authority in `ca.pem`, for `localhost`, 127.0.0.1 and `models.test`.
    pub fn tls(answer: Answer, protocols: &[&[u8]]) -> Server {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults");
        let certificate = CertificateDer::from_pem_file(format!("{folder}/server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(format!("{folder}/server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let mut config = config.with_single_cert(vec![certificate], key).unwrap();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Server::listen(answer, Some(Arc::new(config)))
    }

    fn listen(answer: Answer, tls: Option<Arc<ServerConfig>>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::<(Mutex<Seen>, Condvar)>::default();
        let watched = Arc::clone(&seen);
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (answer, tls, seen) = (answer.clone(), tls.clone(), Arc::clone(&watched));
                std::thread::spawn(move || {
                    let note = |first: &[u8]| {
                        seen.0.lock().unwrap().first.push(first.to_vec());
                        seen.1.notify_all();
                    };
                    match tls {
                        None => serve(socket, &answer, &note),
                        Some(config) => {
                            let connection = ServerConnection::new(config).unwrap();
                            serve(StreamOwned::new(connection, socket), &answer, &note);
                        }
                    }
                    seen.0.lock().unwrap().closed += 1;
                    seen.1.notify_all();
                });
            }
        });
        Server { port, seen }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}/v1", self.port)
    }

    pub fn url_without_path(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Connections that said something.
    pub fn served(&self) -> usize {
        self.seen.0.lock().unwrap().first.len()
    }

    /// What the first connection said first.
    pub fn first(&self) -> Vec<u8> {
        self.seen.0.lock().unwrap().first.first().cloned().unwrap_or_default()
    }

    pub fn wait_for_connections(&self, count: usize) {
        assert!(self.wait(|seen| seen.first.len() >= count), "no connection came");
    }

    /// Whether every connection ends.
    pub fn all_closed(&self) -> bool {
        self.wait(|seen| seen.closed == seen.first.len())
    }

    fn wait(&self, is: impl Fn(&Seen) -> bool) -> bool {
        let until = Instant::now() + PATIENCE;
        let mut seen = self.seen.0.lock().unwrap();
        while !is(&seen) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
        true
    }
}

fn serve(mut socket: impl Read + Write, answer: &Answer, note: &dyn Fn(&[u8])) {
    let mut request = Vec::new();
    let mut buffer = [0; 16 << 10];
    let mut noted = false;
    // Of a request that came whole, or of a beginning that is none.
    while !is_whole(&request) {
        let Ok(count @ 1..) = socket.read(&mut buffer) else { return };
        request.extend_from_slice(&buffer[..count]);
        if !std::mem::replace(&mut noted, true) {
            note(&request);
        }
        if matches!(answer, Answer::AtOnce(_)) {
            break;
        }
    }
    // A client that is gone is what some tests want.
    let _ = match answer {
        Answer::Bytes(bytes) | Answer::AtOnce(bytes) => socket.write_all(bytes.as_bytes()),
        Answer::Hold(bytes) => socket
            .write_all(bytes)
            .map(|()| while socket.read(&mut buffer).is_ok_and(|count| count > 0) {}),
        Answer::Endless => endless(&mut socket),
        Answer::Tunnel(port) => tunnel(&mut socket, *port),
    };
}

/// Whether a request is there with its body; what is no HTTP never is.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.to_lowercase().lines().find_map(|line| {
        line.strip_prefix("content-length: ").and_then(|length| length.parse::<usize>().ok())
    });
    body.len() >= length.unwrap_or(0)
}

fn endless(socket: &mut impl Write) -> std::io::Result<()> {
    socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")?;
    loop {
        socket.write_all(b": still here\n\n")?;
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// To the port, with TLS inside: the bytes as they are.
fn tunnel(socket: &mut (impl Read + Write), port: u16) -> std::io::Result<()> {
    let mut other = TcpStream::connect(("127.0.0.1", port))?;
    socket.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    // Each side speaks in its turn, or says nothing for a moment.
    let mut buffer = [0; 16 << 10];
    other.set_read_timeout(Some(Duration::from_millis(5)))?;
    loop {
        let count = socket.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        other.write_all(&buffer[..count])?;
        loop {
            match other.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => socket.write_all(&buffer[..count])?,
                Err(_) => break,
            }
        }
    }
}

/// A refusal that is not asked about again.
pub fn refusal(status: &str, body: &str) -> String {
    let kind = if body.starts_with('<') { "text/html" } else { "application/json" };
    let location =
        if status.starts_with('3') { "location: https://new.test/v1?key=x\r\n" } else { "" };
    format!(
        "HTTP/1.1 {status}\r\nx-should-retry: false\r\n{location}content-type: {kind}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn chunk(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

const FINISH: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n";

/// A whole reply.
pub fn events(text: &str) -> String {
    format!("{HEAD}\r\n{}{FINISH}", chunk(text))
}

/// A reply that has only begun.
pub fn begun(text: &str) -> String {
    format!("{HEAD}\r\n{}", chunk(text))
}

/// The same, compressed, as far as it has begun.
pub fn begun_compressed(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(chunk(text).as_bytes()).unwrap();
    encoder.flush().unwrap();
    let mut answer = format!("{HEAD}content-encoding: gzip\r\n\r\n").into_bytes();
    answer.extend_from_slice(encoder.get_ref());
    answer
}
