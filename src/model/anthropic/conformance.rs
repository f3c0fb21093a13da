//! Streams that were recorded from services and servers: what they say, at every chunking, and what
//! of it goes back.

use crate::model::decoder::Decoded;
use crate::model::sample::{cut, decode, decode_chunks, prompt, request, service};
use crate::model::sse::tests::conformance;
use crate::model::{Stop, body};
use crate::protocol::{Api, Item};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Chunks of each size up to this are tried.
const CHUNK_BYTES_MAX: usize = 64;

struct Recorded {
    name: &'static str,
    /// `text:…`, `thought:…`, `raw:type`, `name#id(arguments)`.
    items: &'static [&'static str],
    stop: Stop,
    /// Input, cached, written to the cache, output, reasoning.
    usage: (u64, u64, u64, u64, u64),
}

fn recorded() -> Vec<Recorded> {
    let refused = |why: &str| Stop::Refused(Some(why.to_owned()));
    let one = |name, items, stop, usage| Recorded { name, items, stop, usage };
    vec![
        one("anthropic/basic_response.txt", &["text:Hello there!"], Stop::Done, (11, 0, 0, 6, 0)),
        one(
            "anthropic/tool_use_response.txt",
            &[
                "text:I'll check the current weather in Paris for you.",
                "get_weather#toolu_01NRLabsLyVHZPKxbKvkfSMn({\"location\": \"Paris\"})",
            ],
            Stop::Calls,
            (377, 0, 0, 65, 0),
        ),
        one(
            "anthropic/incomplete_partial_json_response.txt",
            &["text:I'll create a comprehensive tax guide for someone with multiple W2s and save \
                 it in a file called taxes.txt. Let me do that for you now."],
            Stop::Length,
            (450, 0, 0, 124, 0),
        ),
        one(
            "anthropic/refusal_response.txt",
            &[],
            refused("This request was refused due to policy."),
            (20, 0, 0, 0, 0),
        ),
        one(
            "anthropic/compaction_response.txt",
            &["raw:compaction", "text:Hello there!"],
            Stop::Done,
            (30, 0, 0, 8, 0),
        ),
        one(
            "anthropic/fallback_response.txt",
            &["raw:fallback", "text:Hello there!"],
            Stop::Done,
            (25, 0, 0, 8, 0),
        ),
        one(
            "anthropic/fallback_credit_response.txt",
            &["text:Hello there!"],
            Stop::Done,
            (25, 0, 0, 8, 0),
        ),
        one(
            "anthropic/stream-a-refusal.sse",
            &[
                "thought:Simple educational question about what a solar eclipse is. This is benign \
                 general knowledge — definitions are fine. Also the user called me \"claudius\" — \
                 I'm Claude. Minor correction or just roll with it politely.",
                "text:Hi",
            ],
            Stop::Refused(None),
            (28, 0, 0, 106, 67),
        ),
        one(
            "anthropic/stream-a-toolrefusal.sse",
            &[
                "raw:server_tool_use",
                "raw:web_search_tool_result",
                "text:Here's a summary of this year's solar eclipses and how",
            ],
            Stop::Refused(None),
            (28, 0, 0, 106, 67),
        ),
        one(
            "servers/llama_msg_tool.sse",
            &[
                "read_file#OrS9yQdimyVLwcTg9pSlj97kiF9manmA({\"path\" :\"src/main.rs\" })",
                "read_file#q7dlv2laLs0nfqf8OE0X3NUCrlvbnf8s({\"path\":\"src/main.rs\" })",
            ],
            Stop::Calls,
            (1, 525, 0, 99, 0),
        ),
    ]
}

fn short(item: &Item) -> String {
    match item {
        Item::Thought { text, opaque: Some(opaque) } if text.is_empty() => {
            format!("raw:{}", opaque.value["type"].as_str().unwrap_or_default())
        }
        Item::Thought { text, .. } => format!("thought:{text}"),
        Item::Assistant { text, .. } => format!("text:{text}"),
        Item::Call { call, tool, arguments, .. } => format!("{tool}#{}({arguments})", call.0),
        other => format!("{other:?}"),
    }
}

fn whole(bytes: &[u8]) -> (Decoded, String, String) {
    decode(Api::Anthropic, bytes, bytes.len()).expect("a reply")
}

#[test]
fn recorded_streams_say_the_same_at_every_chunking() {
    let Some(folder) = conformance() else { return };
    for Recorded { name, items, stop, usage } in recorded() {
        let bytes = std::fs::read(folder.join("sse").join(name)).expect(name);
        let all = whole(&bytes);
        let shorts: Vec<_> = all.0.items.iter().map(short).collect();
        assert_eq!(
            (shorts, &all.0.stop),
            (items.iter().map(|item| (*item).to_owned()).collect(), &stop),
            "{name}"
        );
        let counted = all.0.usage.expect(name);
        let figures =
            (counted.input, counted.cached, counted.cache_write, counted.output, counted.reasoning);
        assert_eq!(figures, usage, "{name}");
        let said = |kind: &str| -> String {
            items.iter().filter_map(|item| item.strip_prefix(kind)).collect()
        };
        assert_eq!((&all.1, &all.2), (&said("text:"), &said("thought:")), "{name}");
        for size in 1..=CHUNK_BYTES_MAX {
            let pieces = decode(Api::Anthropic, &bytes, size).expect(name);
            assert_eq!(pieces, all, "{name} by {size}");
        }
    }
}

#[test]
fn a_long_text_is_whole() {
    let Some(folder) = conformance() else { return };
    let bytes = std::fs::read(folder.join("sse/anthropic/stream-b-fallback.sse")).expect("it");
    let (decoded, text, _) = whole(&bytes);
    assert_eq!(text.chars().count(), 1312);
    assert!(text.starts_with(" there! Happy to explain.\n\n**Solar eclip"), "{text}");
    assert!(text.ends_with("t me know what's sparking your interest!"), "{text}");
    assert_eq!(decoded.items, [Item::Assistant { text, opaque: None }]);
    let usage = decoded.usage.expect("usage");
    assert_eq!((usage.input, usage.output, decoded.stop), (31, 547, Stop::Done));
}

proptest! {
    #[test]
    fn no_cut_changes_what_a_recorded_stream_says(
        which in 0usize..10,
        sizes in proptest::collection::vec(1usize..200, 1..40),
    ) {
        let Some(folder) = conformance() else { return Ok(()) };
        let name = recorded()[which].name;
        let bytes = std::fs::read(folder.join("sse").join(name)).expect(name);
        let cut = decode_chunks(Api::Anthropic, cut(&bytes, &sizes)).expect(name);
        prop_assert_eq!(cut, whole(&bytes), "{}", name);
    }
}

/// What of a reply goes back, as it stands in the body.
fn sent_back(decoded: Decoded) -> String {
    let mut items = vec![prompt("p")];
    items.extend(decoded.items);
    let body = body(&service(Api::Anthropic, ""), &request(&items));
    body["messages"][1]["content"]
        .to_string()
        .replace(",\"cache_control\":{\"type\":\"ephemeral\"}", "")
}

#[test]
fn recorded_blocks_go_back_as_they_came() {
    let Some(folder) = conformance() else { return };
    for name in ["anthropic/stream-a-toolrefusal.sse", "anthropic/compaction_response.txt"] {
        let bytes = std::fs::read(folder.join("sse").join(name)).expect(name);
        let text = String::from_utf8(bytes.clone()).expect("UTF-8");
        // Blocks that come whole, and in one piece: they can be read without a decoder.
        let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
        let events = data.map(|data| serde_json::from_str::<Value>(data).expect("JSON"));
        let begun: Vec<Value> =
            events.filter(|event| event["type"] == "content_block_start").collect();
        let sent: Value = serde_json::from_str(&sent_back(whole(&bytes).0)).expect("JSON");
        if name.contains("toolrefusal") {
            assert_eq!(sent[1].to_string(), begun[1]["content_block"].to_string());
            let query = json!({ "query": "solar eclipse viewing safety news 2026" });
            assert_eq!(sent[0]["input"], query);
        } else {
            let expected = json!({ "type": "compaction",
                "content": "Earlier conversation summarized.",
                "encrypted_content": "EpwBCioIDxgCEAEYASJALd_opaque_compaction_payload" });
            assert_eq!(sent[0].to_string(), expected.to_string());
        }
    }
}

#[test]
fn strings_go_back_character_for_character_however_they_were_spelled() {
    let stream = br#"data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"caf\u00e9 \/ \ud83e\udd80 \u2028","signature":""}}

data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"Eq\u0051\/+=\u000a\u0000"}}

data: {"type":"content_block_stop","index":0}

data: {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"\u0045mw\/"}}

data: {"type":"content_block_stop","index":1}

data: {"type":"content_block_start","index":2,"content_block":{"type":"novelty","z":1.0,"a":[1e2,-0.10,18446744073709551615,0.1234567890123456789],"b":{"y":null,"x":true}}}

data: {"type":"content_block_stop","index":2}

data: {"type":"content_block_start","index":3,"content_block":{"type":"text","text":"a"}}

data: {"type":"content_block_stop","index":3}

data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{}}

"#;
    let (decoded, ..) = whole(stream);
    let sent = sent_back(decoded);
    let value: Value = serde_json::from_str(&sent).expect("JSON");
    assert_eq!(value[0]["thinking"], "café / 🦀 \u{2028}");
    assert_eq!(value[0]["signature"], "EqQ/+=\n\0");
    assert_eq!(value[1], json!({ "type": "redacted_thinking", "data": "Emw/" }));
    // Fields in their order and numbers of the same value, in the one spelling that each has here.
    let expected = r#"{"type":"novelty","z":1.0,"a":[100.0,-0.1,18446744073709551615,0.12345678901234568],"b":{"y":null,"x":true}}"#;
    assert!(sent.contains(expected), "{sent}");
    assert_eq!(serde_json::from_str::<Value>(&sent).expect("JSON").to_string(), sent);
}
