//! A reply as the events of a Messages stream.

use crate::scripted::script::ScriptedStop;
use crate::scripted::stream::{Event, EventKind, Say};
use serde_json::{Value, json};

pub(in crate::scripted) fn events(say: &Say<'_>) -> Vec<Event> {
    let mut events = vec![start(say), frame(json!({ "type": "ping" }))];
    let mut index = 0;
    let mut block = |begin: Value, pieces: Vec<Value>| {
        let begin =
            json!({ "type": "content_block_start", "index": index, "content_block": begin });
        events.push(frame(begin));
        events.extend(pieces.into_iter().map(|delta| {
            let kind = match delta["type"].as_str() {
                Some("signature_delta") => EventKind::Frame,
                _ => EventKind::Piece,
            };
            event(json!({ "type": "content_block_delta", "index": index, "delta": delta }), kind)
        }));
        events.push(frame(json!({ "type": "content_block_stop", "index": index })));
        index += 1;
    };
    if !say.reply.thought.is_empty() {
        let texts = say.pieces(&say.reply.thought);
        let mut pieces: Vec<_> =
            texts.map(|text| json!({ "type": "thinking_delta", "thinking": text })).collect();
        pieces.push(json!({ "type": "signature_delta", "signature": say.thought.signature }));
        block(json!({ "type": "thinking", "thinking": "", "signature": "" }), pieces);
    }
    if !say.reply.text.is_empty() {
        let texts = say.pieces(&say.reply.text);
        let pieces = texts.map(|text| json!({ "type": "text_delta", "text": text })).collect();
        block(json!({ "type": "text", "text": "" }), pieces);
    }
    for (call, id) in say.reply.calls.iter().zip(say.call_ids) {
        let arguments = call.arguments();
        let texts = say.pieces(&arguments);
        let pieces =
            texts.map(|text| json!({ "type": "input_json_delta", "partial_json": text })).collect();
        block(json!({ "type": "tool_use", "id": id, "name": call.tool, "input": {} }), pieces);
    }
    events.push(end(say));
    events.push(frame(json!({ "type": "message_stop" })));
    events
}

pub(in crate::scripted) fn error(error: &Value) -> String {
    format!("event: error\ndata: {error}\n\n")
}

fn frame(data: Value) -> Event {
    event(data, EventKind::Frame)
}

#[expect(clippy::needless_pass_by_value, reason = "its callers make the value for it")]
fn event(data: Value, kind: EventKind) -> Event {
    let name = data["type"].as_str().unwrap_or_default();
    Event { wire: format!("event: {name}\ndata: {data}\n\n"), kind }
}

fn start(say: &Say<'_>) -> Event {
    let usage = json!({
        "input_tokens": say.usage.input,
        "cache_creation_input_tokens": say.usage.cache_write,
        "cache_read_input_tokens": say.usage.cached,
        "output_tokens": 1,
    });
    frame(json!({ "type": "message_start", "message": {
        "id": format!("msg_{}", say.number), "type": "message", "role": "assistant",
        "model": say.model, "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": usage,
    } }))
}

fn end(say: &Say<'_>) -> Event {
    let (reason, details) = match say.stop {
        ScriptedStop::Done => ("end_turn", Value::Null),
        ScriptedStop::Calls => ("tool_use", Value::Null),
        ScriptedStop::Length => ("max_tokens", Value::Null),
        ScriptedStop::Paused => ("pause_turn", Value::Null),
        ScriptedStop::Refused | ScriptedStop::Filtered => {
            let explanation = say.reply.message.as_deref();
            ("refusal", json!({ "type": "refusal", "category": null, "explanation": explanation }))
        }
    };
    let mut delta = json!({ "stop_reason": reason, "stop_sequence": null });
    if !details.is_null() {
        delta["stop_details"] = details;
    }
    let usage = json!({
        "output_tokens": say.usage.output,
        "output_tokens_details": { "thinking_tokens": say.usage.reasoning },
    });
    frame(json!({ "type": "message_delta", "delta": delta, "usage": usage }))
}
