//! What each server's habits come to.

use super::*;
use crate::model::sample::{assistant, decode, decode_chunks, stream};
use crate::model::sse::tests::conformance;
use crate::protocol::Api;

fn delta(delta: &Value) -> Value {
    json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] })
}

fn finish(reason: &str) -> Value {
    json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] })
}

fn decoded(data: &[Value]) -> Decoded {
    decode(Api::OpenaiChat, &stream(data), 7).expect("a reply").0
}

/// The calls as `name(arguments)`.
fn calls(decoded: &Decoded) -> Vec<String> {
    let short = |item: &Item| match item {
        Item::Call { tool, arguments, .. } => Some(format!("{tool}({arguments})")),
        _ => None,
    };
    decoded.items.iter().filter_map(short).collect()
}

fn piece(index: Option<u64>, id: &str, name: &str, arguments: &str) -> Value {
    let mut call = json!({ "function": { "arguments": arguments } });
    if let Some(index) = index {
        call["index"] = index.into();
    }
    if !id.is_empty() {
        call["id"] = id.into();
    }
    if !name.is_empty() {
        call["function"]["name"] = name.into();
    }
    delta(&json!({ "tool_calls": [call] }))
}

#[test]
fn calls_are_told_apart_however_they_are_numbered() {
    let two = ["run({\"a\":1})", "read({})"];
    let streams = [
        vec![
            piece(Some(0), "x", "run", ""),
            piece(Some(1), "y", "read", "{"),
            piece(Some(0), "", "", "{\"a\":1}"),
            piece(Some(1), "", "", "}"),
        ],
        vec![piece(None, "x", "run", "{\"a\":1}"), piece(None, "y", "read", "{}")],
        vec![piece(Some(0), "x", "run", "{\"a\":1}"), piece(Some(0), "y", "read", "{}")],
        vec![piece(None, "", "run", "{\"a\":1}"), piece(None, "", "read", "{}")],
        vec![piece(Some(0), "", "run", "{\"a\":1}"), piece(Some(0), "", "read", "{}")],
        vec![
            piece(Some(0), "x", "run", "{\"a\""),
            piece(Some(0), "x", "run", ":1}"),
            piece(Some(1), "y", "read", "{}"),
        ],
        // An id of its own for every piece, and a name for the first one alone.
        vec![
            piece(Some(0), "x", "run", ""),
            piece(Some(0), "x1", "", "{\"a\""),
            piece(Some(0), "x2", "", ":1}"),
            piece(Some(1), "y", "read", "{}"),
        ],
        vec![
            piece(None, "x", "run", "{\"a\""),
            piece(None, "x1", "", ":1}"),
            piece(None, "y", "read", "{}"),
        ],
    ];
    for (at, mut data) in streams.into_iter().enumerate() {
        // Some servers say `stop` all the same.
        data.push(finish("stop"));
        let decoded = decoded(&data);
        assert_eq!(calls(&decoded), two, "stream {at}");
        assert_eq!(decoded.stop, Stop::Calls, "stream {at}");
    }
}

#[test]
fn a_call_that_the_limit_cut_off_is_dropped() {
    let data = [
        piece(Some(0), "x", "run", "{\"a\":1}"),
        piece(Some(1), "y", "run", "{\"a\":"),
        finish("length"),
    ];
    let decoded = decoded(&data);
    assert_eq!((calls(&decoded), decoded.stop), (vec!["run({\"a\":1})".into()], Stop::Length));
}

#[test]
fn a_limit_that_the_server_does_not_admit_is_seen() {
    let usage =
        json!({ "choices": [], "usage": { "prompt_tokens": 5, "completion_tokens": 1000 } });
    let decoded = decoded(&[piece(Some(0), "y", "run", "{\"a\":"), finish("tool_calls"), usage]);
    assert_eq!((calls(&decoded), decoded.stop), (vec![], Stop::Length));
}

#[test]
fn reasoning_is_found_in_every_field_and_kept_where_it_goes_back() {
    for field in REASONING_FIELDS {
        let data =
            [delta(&json!({ field: "hm" })), delta(&json!({ "content": "a" })), finish("stop")];
        let decoded = decoded(&data);
        let Item::Thought { text, opaque } = &decoded.items[0] else { panic!("{decoded:?}") };
        assert_eq!(text, "hm");
        let kept = opaque.as_ref().map(|opaque| opaque.value.to_string());
        let goes_back = field != "reasoning_text";
        assert_eq!(kept, goes_back.then(|| format!("{{\"{field}\":\"hm\"}}")), "{field}");
    }
}

#[test]
fn pieces_of_reasoning_details_are_joined() {
    let detail = |value| delta(&json!({ "reasoning_details": [value] }));
    let data = [
        detail(json!({ "type": "reasoning.text", "text": "a", "index": 0, "format": "f" })),
        detail(json!({ "type": "reasoning.text", "text": "b", "index": 0 })),
        detail(json!({ "type": "reasoning.text", "signature": "s", "index": 0 })),
        detail(json!({ "type": "reasoning.encrypted", "data": "x", "index": 1 })),
        finish("stop"),
    ];
    let decoded = decoded(&data);
    let Item::Thought { text, opaque: Some(opaque) } = &decoded.items[0] else {
        panic!("{decoded:?}")
    };
    let expected = json!({ "reasoning_details": [
        { "type": "reasoning.text", "text": "ab", "index": 0, "format": "f", "signature": "s" },
        { "type": "reasoning.encrypted", "data": "x", "index": 1 },
    ] });
    assert_eq!((text.as_str(), &opaque.value), ("ab", &expected));
}

#[test]
fn ends_are_told_apart() {
    let stop = |delta_value, reason| decoded(&[delta(&delta_value), finish(reason)]).stop;
    assert_eq!(stop(json!({ "content": "a" }), "stop"), Stop::Done);
    assert_eq!(stop(json!({ "refusal": "no" }), "stop"), Stop::Refused(Some("no".into())));
    assert_eq!(stop(json!({ "content": "a" }), "content_filter"), Stop::Filtered);
    assert_eq!(stop(json!({ "content": "a" }), "odd"), Stop::Other("odd".into()));
}

#[test]
fn errors_in_the_stream_are_errors() {
    let data = [
        delta(&json!({ "content": "a" })),
        json!({ "error": { "message": "m", "code": 502 }, "choices": [] }),
    ];
    let trouble = decode(Api::OpenaiChat, &stream(&data), 9).expect_err("an error");
    let Trouble::Status(refusal) = trouble else { panic!("{trouble:?}") };
    assert_eq!((refusal.status, refusal.error.message.as_str()), (502, "m"));
}

#[test]
fn a_role_in_every_chunk_and_empty_chunks_say_nothing() {
    let chunk =
        |delta: Value| json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": "" }] });
    let data = [
        json!({ "choices": [], "prompt_filter_results": [{ "prompt_index": 0 }] }),
        chunk(json!({ "role": "assistant", "content": "" })),
        chunk(json!({ "role": "assistant", "content": "a", "tool_calls": null })),
        json!({ "choices": [] }),
        chunk(json!({ "role": "assistant", "content": "b" })),
        json!({ "choices": [{ "index": 0, "delta": null, "message": { "content": "c" } }] }),
        finish("stop"),
    ];
    let decoded = decoded(&data);
    assert_eq!((decoded.items, decoded.stop), (vec![assistant("abc")], Stop::Done));
}

#[test]
fn a_finish_of_nothing_is_no_end() {
    let mut decoder = Decoder::default();
    for finish in [Value::Null, json!(""), json!("stop")] {
        assert_eq!(decoder.phase(), Phase::Coming, "before {finish}");
        let chunk =
            json!({ "choices": [{ "delta": { "content": "a" }, "finish_reason": finish }] });
        decoder.chunk(&chunk, &mut |_| {}).expect("in order");
    }
    assert_eq!(decoder.phase(), Phase::Stopped);
}

#[test]
fn figures_are_found_wherever_they_stand() {
    let usage = json!({ "prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12,
        "cost": 0.0012, "cost_details": { "upstream_inference_cost": null } });
    let mut last = finish("stop");
    last["usage"] = usage.clone();
    let with_last = vec![delta(&json!({ "content": "a" })), last];
    let groq =
        vec![finish("stop"), json!({ "choices": [], "x_groq": { "id": "r", "usage": usage } })];
    let mut counting = delta(&json!({ "content": "a" }));
    counting["usage"] = json!({ "prompt_tokens": 10, "completion_tokens": 1 });
    let of_each = vec![counting, finish("stop"), json!({ "choices": [], "usage": usage })];
    for data in [with_last, groq, of_each] {
        let figures = decoded(&data).usage.expect("usage");
        assert_eq!((figures.input, figures.output), (10, 2));
    }
    let never = decoded(&[delta(&json!({ "content": "a" })), finish("stop")]);
    assert_eq!(never.usage, None);
}

#[test]
fn done_ends_a_stream_however_often_it_is_said() {
    let mut bytes = stream(&[delta(&json!({ "content": "a" }))]);
    bytes.extend_from_slice(b": OPENROUTER PROCESSING\n\n: keep-alive\n\ndata: [DONE]\n\n");
    bytes.extend_from_slice(
        b"data: [DONE]\n\ndata: {\"choices\": [{\"delta\": {\"content\": \"x\"}}]}\n\n",
    );
    let (decoded, text, _) = decode(Api::OpenaiChat, &bytes, 5).expect("a reply");
    assert_eq!(
        (decoded.items, text.as_str(), decoded.stop),
        (vec![assistant("a")], "a", Stop::Done)
    );
}

#[test]
fn a_legacy_call_is_a_call() {
    let data = [
        delta(&json!({ "function_call": { "name": "run", "arguments": "" } })),
        delta(&json!({ "function_call": { "arguments": "{\"a\"" } })),
        delta(&json!({ "function_call": { "arguments": ":1}" } })),
        finish("function_call"),
    ];
    let decoded = decoded(&data);
    assert_eq!((calls(&decoded), decoded.stop), (vec!["run({\"a\":1})".into()], Stop::Calls));
}

#[test]
fn arguments_that_are_no_json_stay_as_they_came() {
    let data = [
        piece(Some(0), "x", "run", "{\"a\": tru"),
        piece(Some(0), "", "", "e,}"),
        finish("tool_calls"),
    ];
    let decoded = decoded(&data);
    assert_eq!((calls(&decoded), decoded.stop), (vec!["run({\"a\": true,})".into()], Stop::Calls));
    let object = delta(&json!({ "tool_calls": [{ "id": "x", "function": {
        "name": "run", "arguments": { "z": 1, "a": 2 } } }] }));
    assert_eq!(calls(&self::decoded(&[object, finish("stop")])), ["run({\"z\":1,\"a\":2})"]);
}

#[test]
fn a_thought_in_parts_is_a_thought() {
    let part = |parts: Value| delta(&json!({ "content": parts }));
    let thinking =
        |text: &str| json!({ "type": "thinking", "thinking": [{ "type": "text", "text": text }] });
    let data = [
        part(json!([thinking("h")])),
        part(json!([thinking("m"), { "type": "text", "text": "a" }])),
        part(json!([{ "type": "reference", "reference_ids": [1] }])),
        part(json!("b")),
        finish("stop"),
    ];
    let items = decoded(&data).items;
    assert_eq!(items, [Item::Thought { text: "hm".into(), opaque: None }, assistant("ab")]);
}

#[test]
fn what_only_the_service_understands_is_kept_for_it() {
    let copilot = [
        delta(&json!({ "reasoning_text": "h" })),
        delta(&json!({ "reasoning_text": "m" })),
        delta(&json!({ "reasoning_opaque": "AAAA" })),
        delta(&json!({ "content": "a" })),
        finish("stop"),
    ];
    let Item::Thought { text, opaque: Some(opaque) } = &decoded(&copilot).items[0] else {
        panic!()
    };
    let expected = json!({ "reasoning_text": "hm", "reasoning_opaque": "AAAA" });
    assert_eq!((text.as_str(), &opaque.value), ("hm", &expected));

    let extra = json!({ "google": { "thought_signature": "sig" } });
    let gemini = [
        delta(&json!({ "tool_calls": [{ "id": "x", "index": 0, "extra_content": extra,
            "function": { "name": "run", "arguments": "{}" } }] })),
        finish("stop"),
    ];
    let Item::Call { opaque: Some(opaque), .. } = &decoded(&gemini).items[0] else { panic!() };
    assert_eq!(opaque.value, extra);
}

#[test]
fn details_go_back_without_the_text_that_they_hold() {
    let data = [
        delta(
            &json!({ "reasoning": "hm", "reasoning_details": [{ "type": "reasoning.text", "text": "hm" }] }),
        ),
        finish("stop"),
    ];
    let Item::Thought { text, opaque: Some(opaque) } = &decoded(&data).items[0] else { panic!() };
    let expected = json!({ "reasoning_details": [{ "type": "reasoning.text", "text": "hm" }] });
    assert_eq!((text.as_str(), &opaque.value), ("hm", &expected));
}

#[test]
fn every_error_in_a_stream_ends_it() {
    let refused = |last: Value| {
        let data = [delta(&json!({ "content": "a" })), last];
        match decode(Api::OpenaiChat, &stream(&data), 9).expect_err("an error") {
            Trouble::Status(refusal) => (refusal.status, refusal.error.message),
            other => panic!("{other:?}"),
        }
    };
    let in_choice = json!({ "choices": [{ "index": 0, "finish_reason": "error",
        "error": { "code": 502, "message": "upstream" } }] });
    assert_eq!(refused(in_choice), (502, "upstream".into()));
    let groq = json!({ "choices": [], "x_groq": { "error": "over capacity" } });
    assert_eq!(refused(groq), (500, "over capacity".into()));
    let failed = json!({ "error": { "message": "Failed to call a function.", "type": "invalid_request_error",
        "code": "tool_use_failed", "failed_generation": "<function=run" } });
    assert_eq!(refused(failed), (400, "Failed to call a function.".into()));
    let vllm =
        json!({ "object": "error", "message": "boom", "type": "BadRequestError", "code": 400 });
    assert_eq!(refused(vllm), (400, "boom".into()));
    let data = [delta(&json!({ "content": "a" })), finish("error")];
    let trouble = decode(Api::OpenaiChat, &stream(&data), 9).expect_err("an error");
    assert!(matches!(trouble, Trouble::Cut(_)), "{trouble:?}");
}

/// What a recorded stream says: its file, the text, the calls as `id name(arguments)`, the stop,
/// and the figures of input, cached and output.
type Recorded = (&'static str, &'static str, &'static [&'static str], Stop, (u64, u64, u64));

const RECORDED: [Recorded; 3] = [
    (
        "llama_chat_text.sse",
        "N-\u{fffd}\u{fffd}\u{fffd}@\u{c}\u{7ad}vcallN",
        &[],
        Stop::Length,
        (21, 0, 12),
    ),
    (
        "llama_chat_tool_auto.sse",
        "",
        &[
            "oGgaXlwkgZwHP6Tv3Mul2vNjLsTVhX7J read_file({\"path\":\"src/main.rs\",\"limit\":8838888385838885 })",
            "eeA9XVM6NSBexyckmeWfi9fydjs04sb4 read_file({\"path\":\"src/main.rs\",\"limit\":5888368883888385 })",
            "GqxZKgTAhzgh4JmcmEDuezPC8juBKVrp read_file({\"path\":\"src/main.rs\",\"limit\":8888858888588588 })",
        ],
        Stop::Calls,
        (1, 748, 222),
    ),
    (
        "litellm_chat.sse",
        "",
        &["mrtdunudMCXiFM8akYyRy5mDZxU48P2X read_file({\"path\" :\"\" })"],
        Stop::Calls,
        (184, 282, 41),
    ),
];

fn recorded(name: &str) -> Option<Vec<u8>> {
    let folder = conformance()?.join("sse/servers");
    Some(std::fs::read(folder.join(name)).expect(name))
}

#[test]
fn recorded_streams_decode_to_what_they_say_in_pieces_of_every_size() {
    for (name, said, made, stop, figures) in RECORDED {
        let Some(bytes) = recorded(name) else { return };
        for size in (1..=64).chain([bytes.len()]) {
            let (decoded, text, thought) = decode(Api::OpenaiChat, &bytes, size).expect(name);
            assert_eq!((text.as_str(), thought.as_str()), (said, ""), "{name} by {size}");
            let texts = decoded.items.iter().filter_map(|item| match item {
                Item::Assistant { text, .. } => Some(text.as_str()),
                _ => None,
            });
            assert_eq!(texts.collect::<String>(), said, "{name} by {size}");
            let names = decoded.items.iter().filter_map(|item| match item {
                Item::Call { call, .. } => Some(call.0.as_str()),
                _ => None,
            });
            let calls = calls(&decoded);
            let calls: Vec<_> =
                names.zip(&calls).map(|(id, call)| format!("{id} {call}")).collect();
            assert_eq!(calls, made, "{name} by {size}");
            assert_eq!(decoded.stop, stop, "{name} by {size}");
            let usage = decoded.usage.expect("usage");
            assert_eq!((usage.input, usage.cached, usage.output), figures, "{name} by {size}");
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn recorded_streams_decode_the_same_however_they_are_cut(
        which in 0..RECORDED.len(),
        mut cuts in proptest::collection::vec(0usize..100_000, 0..40),
    ) {
        let Some(bytes) = recorded(RECORDED[which].0) else { return Ok(()) };
        cuts.iter_mut().for_each(|cut| *cut %= bytes.len());
        cuts.sort_unstable();
        let ends = cuts.iter().copied().chain([bytes.len()]);
        let starts = [0].into_iter().chain(cuts.iter().copied());
        let pieces = starts.zip(ends).map(|(start, end)| &bytes[start..end]);
        let whole = decode(Api::OpenaiChat, &bytes, bytes.len()).expect("a reply");
        proptest::prop_assert_eq!(decode_chunks(Api::OpenaiChat, pieces).expect("a reply"), whole);
    }
}
