//! The path that an artifact's location means.

use super::{Artifact, Bases};

/// Bases that stand on bases.
const BASES_MAX: usize = 8;

/// A path, absolute or from where the scanner ran; None for what is no file of this machine.
pub(super) fn path(artifact: &Artifact, bases: &Bases) -> Option<String> {
    let mut uri = artifact.uri.clone()?;
    let mut base = artifact.uri_base_id.as_ref();
    for _ in 0..BASES_MAX {
        if is_absolute(&uri) {
            break;
        }
        // A base that nobody explains is where the scanner ran.
        let Some(above) = base.and_then(|name| bases.get(name)) else { break };
        if let Some(prefix) = above.uri.as_ref().filter(|prefix| !prefix.is_empty()) {
            uri = format!("{}/{uri}", prefix.trim_end_matches('/'));
        }
        base = above.uri_base_id.as_ref();
    }
    let path = match uri.split_once("://") {
        Some(("file", rest)) => &rest[rest.find('/')?..],
        Some(_) => return None,
        None => uri.strip_prefix("file:").unwrap_or(&uri),
    };
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let path = unescaped(path)?;
    (!path.is_empty() && !path.contains('\0')).then_some(path)
}

fn is_absolute(uri: &str) -> bool {
    uri.starts_with('/') || uri.starts_with("file:") || uri.contains("://")
}

/// `%20` is a blank; None if that gives no text.
fn unescaped(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let [first, rest @ ..] = bytes {
        let escaped = || {
            let digits = rest.get(..2).filter(|_| *first == b'%')?;
            let digit = |at: usize| char::from(digits[at]).to_digit(16);
            u8::try_from(digit(0)? * 16 + digit(1)?).ok()
        };
        match escaped() {
            Some(byte) => {
                out.push(byte);
                bytes = &rest[2..];
            }
            None => {
                out.push(*first);
                bytes = rest;
            }
        }
    }
    String::from_utf8(out).ok()
}
