//! Server-sent events, taken apart as the bytes come: after the WHATWG rules, in linear time,
//! whatever the chunking. What the events mean is the dialects' matter.

use std::borrow::Cow;

/// Bytes that a single event may have.
pub const EVENT_BYTES_MAX: usize = 8 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `message` where the stream names none.
    pub name: Cow<'static, str>,
    /// Bytes that are no UTF-8 are replaced.
    pub data: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event has more than {EVENT_BYTES_MAX} bytes")]
pub struct TooLarge;

/// What is still unfinished of a stream. An event that no blank line ended is none.
#[derive(Default)]
pub struct Parser {
    line: Vec<u8>,
    name: String,
    /// None: no `data` field yet, and thus no event.
    data: Option<String>,
    /// The last byte was a carriage return: a line feed right after it belongs to it.
    after_return: bool,
    /// A first line has been seen: a byte order mark may no longer come.
    begun: bool,
}

impl Parser {
    /// The events that these bytes complete.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<Vec<Event>, TooLarge> {
        let mut events = Vec::new();
        if self.after_return && !bytes.is_empty() {
            self.after_return = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = memchr::memchr2(b'\n', b'\r', bytes) {
            if self.line.is_empty() {
                self.admit(end)?;
                events.extend(self.take_first(&bytes[..end]));
            } else {
                self.keep(&bytes[..end])?;
                let mut line = std::mem::take(&mut self.line);
                events.extend(self.take_first(&line));
                line.clear();
                self.line = line;
            }
            let carriage_return = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            if carriage_return {
                match bytes.first() {
                    Some(b'\n') => bytes = &bytes[1..],
                    Some(_) => {}
                    None => self.after_return = true,
                }
            }
        }
        self.keep(bytes)?;
        Ok(events)
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), TooLarge> {
        self.admit(bytes.len())?;
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    /// Whether so many more bytes may be held.
    fn admit(&self, bytes: usize) -> Result<(), TooLarge> {
        let held = self.line.len() + self.data.as_ref().map_or(0, String::len);
        if held + bytes > EVENT_BYTES_MAX { Err(TooLarge) } else { Ok(()) }
    }

    /// A whole line, which may be the stream's first.
    fn take_first(&mut self, line: &[u8]) -> Option<Event> {
        let first = !std::mem::replace(&mut self.begun, true);
        let content = if first { line.strip_prefix(BYTE_ORDER_MARK) } else { None };
        self.take_line(content.unwrap_or(line))
    }

    fn take_line(&mut self, line: &[u8]) -> Option<Event> {
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            let data = self.data.take()?;
            let name = if name.is_empty() { "message".into() } else { name.into() };
            return Some(Event { name, data });
        }
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or(&[]);
        let value = String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value));
        match &line[..colon] {
            b"data" => self.add(value),
            b"event" => self.name = value.into_owned(),
            // Old builds of llama.cpp say `error: {…}`. The standard would have it ignored, and
            // the reason of the failure with it.
            b"error" => {
                "error".clone_into(&mut self.name);
                self.add(value);
            }
            _ => {}
        }
        None
    }

    fn add(&mut self, value: Cow<'_, str>) {
        match &mut self.data {
            Some(data) => {
                data.push('\n');
                data.push_str(&value);
            }
            None => self.data = Some(value.into_owned()),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use base64::Engine as _;
    use proptest::prelude::*;
    use serde_json::Value;
    use std::path::PathBuf;

    /// The folder of the conformance data; None, and said so, where there is none.
    #[expect(clippy::disallowed_methods, reason = "tests find the conformance data by it")]
    pub(in crate::model) fn conformance() -> Option<PathBuf> {
        let folder = std::env::var_os("BRISK_CONFORMANCE").map(PathBuf::from);
        if folder.is_none() {
            println!("skipped: BRISK_CONFORMANCE is not set");
        }
        folder
    }

    fn parse<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
        let mut parser = Parser::default();
        let events = chunks.into_iter().map(|chunk| parser.feed(chunk).expect("small"));
        events.flatten().collect()
    }

    #[test]
    fn the_vectors_give_their_events_at_every_chunking() {
        let Some(folder) = conformance() else { return };
        let vectors = std::fs::read(folder.join("sse/vectors.json")).expect("the vectors");
        let vectors: Vec<Value> = serde_json::from_slice(&vectors).expect("JSON");
        assert!(!vectors.is_empty());
        for vector in &vectors {
            let bytes = vector["bytes_base64"].as_str().expect("bytes");
            let bytes = base64::engine::general_purpose::STANDARD.decode(bytes).expect("base64");
            let text = |event: &Value, name: &str| event[name].as_str().expect("text").to_owned();
            let expected: Vec<Event> = vector["events"]
                .as_array()
                .expect("events")
                .iter()
                .map(|event| Event { name: text(event, "event").into(), data: text(event, "data") })
                .collect();
            for size in 1..=bytes.len().max(1) {
                assert_eq!(parse(bytes.chunks(size)), expected, "{} by {size}", vector["name"]);
            }
            for at in 0..=bytes.len() {
                let (one, two) = bytes.split_at(at);
                assert_eq!(parse([one, two]), expected, "{} split at {at}", vector["name"]);
            }
        }
    }

    proptest! {
        #[test]
        fn no_chunking_changes_what_a_stream_says(
            pieces in proptest::collection::vec(
                proptest::sample::select(vec![
                    &b"data: "[..], b"data", b"event: x", b": ", b"\n", b"\r", b"\r\n",
                    b"\xef\xbb\xbf", b"\xff", b"\xf0\x9f\xa6\x80", b"error: y",
                ]),
                0..40,
            ),
            cuts in proptest::collection::vec(1usize..7, 1..60),
        ) {
            let bytes = pieces.concat();
            let mut chunks = Vec::new();
            let mut rest = &bytes[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break }
                let (chunk, more) = rest.split_at((*cut).min(rest.len()));
                chunks.push(chunk);
                rest = more;
            }
            prop_assert_eq!(parse(chunks), parse([&bytes[..]]));
        }

        #[test]
        fn what_is_written_as_an_event_is_read_as_it(lines in proptest::collection::vec("[^\r\n]*", 1..5)) {
            let wire: String = lines.iter().map(|line| format!("data: {line}\n")).collect();
            let events = parse([format!("{wire}\n").as_bytes()]);
            prop_assert_eq!(events, vec![Event { name: "message".into(), data: lines.join("\n") }]);
        }
    }

    #[test]
    fn an_error_field_is_an_event_too() {
        let events = parse([&b"error: {\"code\":500}\n\n"[..]]);
        assert_eq!(events, [Event { name: "error".into(), data: "{\"code\":500}".into() }]);
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut parser = Parser::default();
        let chunk = vec![b'x'; 1 << 20];
        let fed: Result<Vec<_>, _> = (0..9).map(|_| parser.feed(&chunk)).collect();
        assert_eq!(fed, Err(TooLarge));
    }
}
