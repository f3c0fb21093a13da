//! Streams that were recorded from real servers, in whatever pieces they come.

use crate::model::Stop;
use crate::model::decoder::{Decoded, Decoder};
use crate::model::sample::{decode, request, service};
use crate::model::sse::Parser;
use crate::model::sse::tests::conformance;
use crate::protocol::{Api, Item};
use proptest::prelude::*;

const PLAIN: &str = "read_file({\"path\":\"src/main.rs\" })";
const SPACED: &str = "read_file({\"path\" :\"src/main.rs\" })";

/// Each with its calls and with its tokens: input, cached, output.
const RECORDED: [(&str, [&str; 4], (u64, u64, u64)); 2] = [
    ("llama_resp_tool.sse", [PLAIN; 4], (1, 525, 192)),
    ("litellm_resp.sse", [SPACED, PLAIN, PLAIN, PLAIN], (1, 525, 200)),
];

fn check(name: &str, decoded: &Decoded, calls: [&str; 4], tokens: (u64, u64, u64)) {
    let mut ids = std::collections::HashSet::new();
    let short = |item: &Item| match item {
        Item::Call { call, tool, arguments, .. } => {
            assert!(call.0.starts_with("call_") && ids.insert(call.clone()), "{name}: {call:?}");
            format!("{tool}({arguments})")
        }
        other => panic!("{name}: {other:?}"),
    };
    let made: Vec<_> = decoded.items.iter().map(short).collect();
    assert_eq!(made, calls, "{name}");
    assert_eq!(decoded.stop, Stop::Calls, "{name}");
    let usage = decoded.usage.expect("usage");
    assert_eq!((usage.input, usage.cached, usage.output), tokens, "{name}");
}

#[test]
fn they_say_the_same_in_pieces_of_every_size() {
    let Some(folder) = conformance() else { return };
    for (name, calls, tokens) in RECORDED {
        let bytes = std::fs::read(folder.join("sse/servers").join(name)).expect(name);
        for size in (1..=64).chain([1000, bytes.len()]) {
            let (decoded, text, thought) = decode(Api::OpenaiResponses, &bytes, size).expect(name);
            check(name, &decoded, calls, tokens);
            assert_eq!((text.as_str(), thought.as_str()), ("", ""), "{name} by {size}");
        }
    }
}

proptest! {
    #[test]
    fn they_say_the_same_however_they_are_cut(cuts in proptest::collection::vec(1usize..3000, 1..40)) {
        let Some(folder) = conformance() else { return Ok(()) };
        for (name, calls, tokens) in RECORDED {
            let bytes = std::fs::read(folder.join("sse/servers").join(name)).expect(name);
            let service = service(Api::OpenaiResponses, "http://localhost/v1");
            let mut decoder = Decoder::new(&service, &request(&[]));
            let mut parser = Parser::default();
            let mut rest = &bytes[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break }
                let (chunk, more) = rest.split_at((*cut).min(rest.len()));
                for event in parser.feed(chunk).expect("small") {
                    decoder.event(&event, &mut |_| {}).expect(name);
                }
                rest = more;
            }
            check(name, &decoder.finish(&request(&[])), calls, tokens);
        }
    }
}
