//! What the tests of this room talk about: a model, a service, a tool, and streams read in pieces.

use super::decoder::{Decoded, Decoder};
use super::sse::Parser;
use super::trouble::Trouble;
use super::{Progress, Request};
use crate::protocol::{Api, CallId, Detail, Item, ModelSpec, Outcome, Service, Tool, UserKind};
use serde_json::json;
use std::sync::LazyLock;

pub(super) static MODEL: LazyLock<ModelSpec> =
    LazyLock::new(|| ModelSpec::plain("m", "tiny", "acme", 8192, 1000));

pub(super) static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(|| {
    vec![Tool {
        name: "run",
        description: "Runs a command.".into(),
        parameters: json!({ "type": "object", "properties": { "command": { "type": "string" } } }),
    }]
});

pub(super) fn service(api: Api, base_url: &str) -> Service {
    Service { name: "acme".into(), api, base_url: base_url.into(), key: None, key_source: None }
}

pub(super) fn request(items: &[Item]) -> Request<'_> {
    Request {
        model: &MODEL,
        system: "Be short.",
        tools: &TOOLS,
        items,
        output_tokens_max: 1000,
        effort: None,
        verbosity: None,
        cache_key: "s1",
    }
}

pub(super) fn prompt(text: &str) -> Item {
    Item::User { text: text.into(), kind: UserKind::Prompt }
}

pub(super) fn assistant(text: &str) -> Item {
    Item::Assistant { text: text.into(), opaque: None }
}

pub(super) fn call(id: &str, arguments: &str) -> Item {
    Item::Call {
        call: CallId(id.into()),
        tool: "run".into(),
        arguments: arguments.into(),
        opaque: None,
    }
}

pub(super) fn result(id: &str, text: &str) -> Item {
    Item::Result {
        call: CallId(id.into()),
        outcome: Outcome::Done,
        text: text.into(),
        detail: Detail::None,
    }
}

/// What a stream decodes to, and the text and thought that were said while it came.
pub(super) fn decode(
    api: Api,
    stream: &[u8],
    chunk_bytes: usize,
) -> Result<(Decoded, String, String), Trouble> {
    decode_chunks(api, stream.chunks(chunk_bytes))
}

/// The same of a stream in these chunks.
pub(super) fn decode_chunks<'a>(
    api: Api,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(Decoded, String, String), Trouble> {
    let (mut text, mut thought) = (String::new(), String::new());
    let mut decoder = Decoder::new(&service(api, "http://127.0.0.1:9/v1"), &request(&[]));
    let mut parser = Parser::default();
    for chunk in chunks {
        for event in parser.feed(chunk)? {
            decoder.event(&event, &mut |progress| match progress {
                Progress::Text(more) => text.push_str(more),
                Progress::Thought(more) => thought.push_str(more),
                _ => {}
            })?;
        }
    }
    Ok((decoder.finish(&request(&[])), text, thought))
}

/// The bytes in chunks of these sizes, over and over.
pub(super) fn cut<'a>(mut rest: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut sizes = sizes.iter().cycle();
    std::iter::from_fn(|| {
        let (chunk, more) = rest.split_at((*sizes.next()?).min(rest.len()));
        rest = more;
        (!chunk.is_empty()).then_some(chunk)
    })
    .collect()
}

/// A stream with these data lines.
pub(super) fn stream(data: &[serde_json::Value]) -> Vec<u8> {
    data.iter().flat_map(|data| format!("data: {data}\n\n").into_bytes()).collect()
}
