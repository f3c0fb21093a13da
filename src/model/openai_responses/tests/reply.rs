//! Replies, from servers that keep to the letter and from those that do not.

use crate::model::Stop;
use crate::model::decoder::{Decoded, Decoder};
use crate::model::retry::requests_max;
use crate::model::sample::{decode, request, service, stream};
use crate::model::trouble::Trouble;
use crate::protocol::{Api, Item};
use serde_json::{Value, json};

fn decoded(data: &[Value]) -> (Decoded, String, String) {
    decode(Api::OpenaiResponses, &stream(data), 7).expect("a reply")
}

fn trouble(data: &[Value]) -> Trouble {
    decode(Api::OpenaiResponses, &stream(data), 9).expect_err("trouble")
}

/// The items in short: `thought`, `text`, `name(arguments)`.
fn short(decoded: &Decoded) -> Vec<String> {
    let short = |item: &Item| match item {
        Item::Thought { text, .. } => format!("thought {text}"),
        Item::Assistant { text, .. } => format!("text {text}"),
        Item::Call { call, tool, arguments, .. } => format!("{} {tool}({arguments})", call.0),
        other => panic!("{other:?}"),
    };
    decoded.items.iter().map(short).collect()
}

fn event(kind: &str, mut fields: Value) -> Value {
    fields["type"] = format!("response.{kind}").into();
    fields
}

fn call(id: &str, call: &str, arguments: &str) -> Value {
    json!({ "type": "function_call", "id": id, "call_id": call, "name": "run",
        "arguments": arguments })
}

fn completed() -> Value {
    event("completed", json!({ "response": { "status": "completed" } }))
}

fn added(index: Option<u64>, item: Value) -> Value {
    let mut event = event("output_item.added", json!({ "item": item }));
    if let Some(index) = index {
        event["output_index"] = index.into();
    }
    event
}

fn done(index: Option<u64>, item: Value) -> Value {
    let mut event = added(index, item);
    event["type"] = "response.output_item.done".into();
    event
}

fn piece(index: Option<u64>, id: &str, arguments: &str) -> Value {
    let mut event = event("function_call_arguments.delta", json!({ "delta": arguments }));
    if let Some(index) = index {
        event["output_index"] = index.into();
    }
    if !id.is_empty() {
        event["item_id"] = id.into();
    }
    event
}

#[test]
fn calls_are_told_apart_however_the_server_names_them() {
    let (zero, one) = (Some(0), Some(1));
    let streams = [
        // As OpenAI has it.
        vec![
            added(zero, call("x", "a", "")),
            piece(zero, "x", "{\"n\":1}"),
            done(zero, call("x", "a", "{\"n\":1}")),
            added(one, call("y", "b", "")),
            piece(one, "y", "{}"),
            done(one, call("y", "b", "{}")),
        ],
        // Both open at once, without numbers, done at the end.
        vec![
            added(None, call("x", "a", "")),
            added(None, call("y", "b", "")),
            piece(None, "x", "{\"n\""),
            piece(None, "y", "{}"),
            piece(None, "x", ":1}"),
            done(None, call("x", "a", "{\"n\":1}")),
            done(None, call("y", "b", "{}")),
        ],
        // Ids that change on the way.
        vec![
            added(zero, call("x1", "a", "")),
            added(one, call("y1", "b", "")),
            piece(zero, "x2", "{\"n\":1}"),
            piece(one, "y2", "{}"),
            done(one, call("y3", "b", "{}")),
            done(zero, call("x3", "a", "{\"n\":1}")),
        ],
        // One number for all.
        vec![
            added(zero, call("x", "a", "")),
            piece(zero, "x", "{\"n\":1}"),
            done(zero, call("x", "a", "{\"n\":1}")),
            added(zero, call("y", "b", "")),
            piece(zero, "y", "{}"),
            done(zero, call("y", "b", "{}")),
        ],
        // Ids that change, and no numbers: the call's own id tells.
        vec![
            added(None, call("x1", "a", "")),
            added(None, call("y1", "b", "")),
            done(None, call("x2", "a", "{\"n\":1}")),
            done(None, call("y2", "b", "{}")),
        ],
        // Nothing but the deltas.
        vec![
            added(zero, call("x", "a", "")),
            piece(zero, "", "{\"n\":1}"),
            added(one, call("y", "b", "")),
            piece(one, "", "{}"),
        ],
        // Nothing but the ends, in another order than their numbers.
        vec![done(one, call("y", "b", "{}")), done(zero, call("x", "a", "{\"n\":1}"))],
    ];
    for (at, mut data) in streams.into_iter().enumerate() {
        data.push(completed());
        let (decoded, ..) = decoded(&data);
        assert_eq!(short(&decoded), ["a run({\"n\":1})", "b run({})"], "stream {at}");
        assert_eq!(decoded.stop, Stop::Calls, "stream {at}");
    }
}

#[test]
fn a_reply_that_came_only_with_its_last_event_is_a_reply() {
    let output = json!([
        { "type": "reasoning", "id": "rs_1", "encrypted_content": "gA", "summary": [
            { "type": "summary_text", "text": "one" }, { "type": "summary_text", "text": "two" }] },
        { "type": "message", "id": "m", "content": [
            { "type": "output_text", "text": "Hi" }, { "type": "output_text", "text": "!" }] },
        call("x", "a", "{}"),
    ]);
    let response = json!({ "object": "response", "status": "completed", "output": output,
        "usage": { "input_tokens": 9, "output_tokens": 3 } });
    let end = event("completed", json!({ "response": response }));
    let (streamed, text, thought) = decoded(&[end]);
    assert_eq!(short(&streamed), ["thought one\n\ntwo", "text Hi!", "a run({})"]);
    assert_eq!((text.as_str(), thought.as_str()), ("Hi!", "one\n\ntwo"));
    assert_eq!(streamed.usage.map(|usage| (usage.input, usage.output)), Some((9, 3)));

    let mut decoder =
        Decoder::new(&service(Api::OpenaiResponses, "http://localhost/v1"), &request(&[]));
    decoder.whole(&response, &mut |_| {}).expect("a whole reply");
    assert_eq!(decoder.finish(&request(&[])), streamed);
}

#[test]
fn what_was_left_open_is_filled_in_at_the_end_and_nothing_is_doubled() {
    let data = [
        added(Some(0), call("x", "a", "")),
        piece(Some(0), "x", "{\"n\":"),
        added(Some(1), call("y", "b", "")),
        done(Some(1), call("y", "b", "{}")),
        event(
            "completed",
            json!({ "response": { "status": "completed",
            "output": [call("x9", "a", "{\"n\":1}"), call("y9", "b", "{}")] } }),
        ),
    ];
    assert_eq!(short(&decoded(&data).0), ["a run({\"n\":1})", "b run({})"]);
}

#[test]
fn text_that_was_shown_is_not_shown_again() {
    let text = |text: &str| json!({ "type": "message", "id": "m", "content": [{ "type": "output_text", "text": text }] });
    let delta = |text: &str| event("output_text.delta", json!({ "item_id": "m", "delta": text }));
    let end = event("completed", json!({ "response": { "output": [text("Hi!")] } }));
    let (reply, shown, _) = decoded(&[delta("Hi"), delta("!"), end]);
    assert_eq!((short(&reply), shown.as_str()), (vec!["text Hi!".to_owned()], "Hi!"));
    let (reply, shown, _) =
        decoded(&[delta("Hi"), delta("!"), done(None, text("Hi!")), completed()]);
    assert_eq!((short(&reply), shown.as_str()), (vec!["text Hi!".to_owned()], "Hi!"));
}

#[test]
fn reasoning_is_kept_as_it_was_when_it_was_done() {
    let begun =
        json!({ "type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "gA" });
    let whole = json!({ "zeta": 1, "id": "rs", "type": "reasoning", "alpha": 2,
        "summary": [{ "type": "summary_text", "text": "one" }, { "type": "summary_text", "text": "two" }],
        "encrypted_content": "gAAAA" });
    let part = |at: u64, text: &str| {
        event(
            "reasoning_summary_text.delta",
            json!({ "output_index": 0, "summary_index": at, "delta": text }),
        )
    };
    let next = || event("reasoning_summary_part.added", json!({ "output_index": 0 }));
    let data = [
        added(Some(0), begun),
        next(),
        part(0, "one"),
        next(),
        part(1, "two"),
        done(Some(0), whole.clone()),
        added(Some(1), call("x", "a", "{}")),
        completed(),
    ];
    let (reply, _, shown) = decoded(&data);
    assert_eq!(shown, "one\n\ntwo");
    let Item::Thought { text, opaque: Some(opaque) } = &reply.items[0] else { panic!("{reply:?}") };
    assert_eq!(text, "one\n\ntwo");
    assert_eq!(opaque.value.to_string(), whole.to_string());
    assert_eq!((opaque.dialect.as_str(), opaque.model.as_str()), ("openai-responses", "tiny"));

    let unfinished = [data[0].clone(), data[2].clone(), completed()];
    let (reply, ..) = decoded(&unfinished);
    assert!(matches!(&reply.items[0], Item::Thought { opaque: None, .. }), "{reply:?}");
}

#[test]
fn a_models_own_words_are_a_thought_too() {
    let words = json!({ "type": "reasoning", "id": "rs", "summary": [],
        "content": [{ "type": "reasoning_text", "text": "hm" }] });
    let delta = event("reasoning_text.delta", json!({ "item_id": "rs", "delta": "hm" }));
    let (reply, _, shown) = decoded(&[delta, done(None, words), completed()]);
    assert_eq!((short(&reply), shown.as_str()), (vec!["thought hm".to_owned()], "hm"));
}

#[test]
fn odd_items_are_kept_where_they_can_go_back_and_custom_calls_are_calls() {
    let compaction = json!({ "type": "compaction", "id": "cmp", "encrypted_content": "gA" });
    let search = json!({ "type": "web_search_call", "id": "ws", "status": "completed" });
    let custom = json!({ "type": "custom_tool_call", "id": "c", "call_id": "a", "name": "run", "input": "ls \"x\"" });
    let data = [
        done(Some(0), compaction.clone()),
        done(Some(1), search),
        done(Some(2), custom.clone()),
        event("unknown.thing", json!({ "delta": "?", "output_index": 3 })),
        completed(),
    ];
    let (reply, ..) = decoded(&data);
    assert_eq!(short(&reply), ["thought ", "a run({\"input\":\"ls \\\"x\\\"\"})"]);
    let kept = |item: &Item| match item {
        Item::Thought { opaque, .. } | Item::Call { opaque, .. } => {
            opaque.as_ref().map(|opaque| opaque.value.clone())
        }
        _ => None,
    };
    assert_eq!(kept(&reply.items[0]), Some(compaction));
    assert_eq!(kept(&reply.items[1]), Some(custom));
}

#[test]
fn ends_are_told_apart() {
    let text = event("output_text.delta", json!({ "delta": "a" }));
    let end = |kind: &str, response: Value| {
        decoded(&[text.clone(), event(kind, json!({ "response": response }))]).0.stop
    };
    let because = |reason: &str| json!({ "incomplete_details": { "reason": reason } });
    assert_eq!(end("completed", json!({})), Stop::Done);
    assert_eq!(end("completed", json!({ "status": "in_progress" })), Stop::Done);
    assert_eq!(end("incomplete", because("max_output_tokens")), Stop::Length);
    assert_eq!(end("incomplete", because("content_filter")), Stop::Filtered);
    assert_eq!(end("incomplete", because("odd")), Stop::Other("odd".into()));
    let mut silent = because("max_output_tokens");
    silent["status"] = "incomplete".into();
    assert_eq!(end("completed", silent), Stop::Length);
    let refusal = event("refusal.delta", json!({ "delta": "no" }));
    let (reply, shown, _) = decoded(&[refusal, completed()]);
    assert_eq!((reply.stop, shown.as_str()), (Stop::Refused(Some("no".into())), ""));
}

#[test]
fn a_call_that_the_limit_cut_off_is_dropped_whatever_the_server_calls_it() {
    let begin = [added(Some(0), call("x", "a", "")), piece(Some(0), "x", "{\"n\":")];
    let broken = |status: &str| {
        let mut item = call("x", "a", "{}");
        item["status"] = status.into();
        done(Some(0), item)
    };
    let reason = json!({ "incomplete_details": { "reason": "max_output_tokens" } });
    let incomplete = event("incomplete", json!({ "response": reason }));
    let full = json!({ "usage": { "input_tokens": 5, "output_tokens": 1000 } });
    let unadmitted = event("completed", json!({ "response": full }));
    for tail in [
        vec![incomplete.clone()],
        vec![broken("incomplete"), incomplete],
        vec![broken("incomplete"), completed()],
        vec![unadmitted],
    ] {
        let data: Vec<_> = begin.iter().cloned().chain(tail).collect();
        let (reply, ..) = decoded(&data);
        assert_eq!((short(&reply), reply.stop), (vec![], Stop::Length), "{data:?}");
    }
}

#[test]
fn errors_are_errors_in_every_spelling_and_only_those_that_pass_are_tried_again() {
    let failed = |code: &str| {
        event(
            "failed",
            json!({ "response": { "status": "failed",
            "error": { "code": code, "message": "m" } } }),
        )
    };
    let cases = [
        (failed("server_error"), 500, 6),
        (failed("rate_limit_exceeded"), 429, 6),
        (failed("invalid_prompt"), 400, 1),
        (failed("bio_policy"), 400, 1),
        (failed("context_length_exceeded"), 400, 1),
        (failed("insufficient_quota"), 429, 1),
        (json!({ "type": "error", "code": "server_error", "message": "m", "param": null }), 500, 6),
        (json!({ "type": "error", "code": null, "message": "m" }), 500, 6),
        (json!({ "type": "error", "code": "ERR_ODD", "message": "m" }), 400, 1),
        (
            json!({ "type": "error", "error": { "type": "rate_limit_error", "message": "m" } }),
            429,
            6,
        ),
        (json!({ "error": { "code": 503, "message": "m" } }), 503, 6),
    ];
    for (data, status, requests) in cases {
        let text = event("output_text.delta", json!({ "delta": "a" }));
        let trouble = trouble(&[text, data.clone()]);
        assert_eq!(requests_max(&trouble), requests, "{data}");
        let Trouble::Status(refusal) = trouble else { panic!("{trouble:?}") };
        assert_eq!((refusal.status, refusal.error.message.as_str()), (status, "m"), "{data}");
    }
}

#[test]
fn a_reply_without_an_end_is_none_unless_the_server_says_that_it_is_over() {
    use crate::model::decoder::Phase;
    use crate::model::sse::Event;
    let phase = |lines: &[String]| {
        let mut decoder =
            Decoder::new(&service(Api::OpenaiResponses, "http://localhost/v1"), &request(&[]));
        for data in lines {
            let event = Event { name: "message".into(), data: data.clone() };
            decoder.event(&event, &mut |_| {}).expect("no trouble");
        }
        decoder.phase()
    };
    let item = done(Some(0), call("x", "a", "{}")).to_string();
    let open = added(Some(0), call("x", "a", "")).to_string();
    assert_eq!(phase(std::slice::from_ref(&item)), Phase::Coming);
    assert_eq!(phase(&[open, "[DONE]".into()]), Phase::Coming);
    assert_eq!(phase(&[item, "[DONE]".into()]), Phase::Over);
    assert_eq!(phase(&[completed().to_string()]), Phase::Over);
}
