//! A reply as the chunks of a GenerateContent stream.

use crate::scripted::given::{Given, Thought};
use crate::scripted::script::{ScriptedCall, ScriptedStop};
use crate::scripted::stream::{Event, EventKind, Say};
use serde_json::{Value, json};

/// What the signature of a reply without calls is given for.
const TAIL: &str = "the end of a reply";

pub(in crate::scripted) fn events(say: &Say<'_>) -> Vec<Event> {
    if say.stop == ScriptedStop::Refused {
        let why = say.reply.message.as_deref().unwrap_or("it is not allowed");
        let feedback = json!({ "blockReason": "OTHER", "blockReasonMessage": why });
        let mut chunk = chunk(say, &Value::Null, None);
        chunk["promptFeedback"] = feedback;
        return vec![event(&chunk, EventKind::Frame)];
    }
    let piece = |part: Value| event(&chunk(say, &json!([part]), None), EventKind::Piece);
    let thoughts = say.pieces(&say.reply.thought);
    let mut events: Vec<_> =
        thoughts.map(|text| piece(json!({ "text": text, "thought": true }))).collect();
    events.extend(say.pieces(&say.reply.text).map(|text| piece(json!({ "text": text }))));
    for (at, (call, id)) in say.reply.calls.iter().zip(say.call_ids).enumerate() {
        let Some(arguments) = arguments(call) else {
            let mut last = chunk(say, &Value::Null, Some("MALFORMED_FUNCTION_CALL"));
            let why = format!("Malformed function call: {}({})", call.tool, call.arguments());
            last["candidates"][0]["finishMessage"] = why.into();
            events.push(event(&last, EventKind::Frame));
            return events;
        };
        let mut part =
            json!({ "functionCall": { "id": id, "name": call.tool, "args": arguments } });
        // Services and models differ in whether they name their calls.
        if say.number.is_multiple_of(2) {
            _ = part["functionCall"].as_object_mut().and_then(|call| call.shift_remove("id"));
        }
        if at == 0 {
            part["thoughtSignature"] = say.thought.signature.clone().into();
        }
        events.push(piece(part));
    }
    let mut tail = Value::Null;
    if say.reply.calls.is_empty() && !say.reply.thought.is_empty() {
        tail = json!([{ "text": "", "thoughtSignature": say.thought.signature }]);
    }
    events.push(event(&chunk(say, &tail, Some(reason(say.stop))), EventKind::Frame));
    events
}

/// Notes what the signature was given for: the first call, or the end of a reply without calls.
pub(in crate::scripted) fn signed(say: &Say<'_>, given: &mut Given) {
    let signature = say.thought.signature.clone();
    match say.reply.calls.first() {
        Some(call) => {
            let args = arguments(call).unwrap_or_default();
            let text = call_key(&call.tool, &args);
            given.note(&Thought { text: text.clone(), signature }, &[text]);
        }
        None => given.note(&Thought { text: TAIL.to_owned(), signature }, &[]),
    }
}

/// A call as what a signature is given for.
pub(super) fn call_key(name: &str, args: &Value) -> String {
    format!("{name}({args})")
}

pub(super) fn is_tail(text: &str) -> bool {
    text == TAIL
}

/// None: the model's own service cannot read them.
fn arguments(call: &ScriptedCall) -> Option<Value> {
    serde_json::from_str(&call.arguments()).ok().filter(Value::is_object)
}

pub(in crate::scripted) fn error(error: &Value) -> String {
    format!("data: {error}\n\n")
}

fn event(chunk: &Value, kind: EventKind) -> Event {
    Event { wire: format!("data: {chunk}\n\n"), kind }
}

/// Null for no parts.
fn chunk(say: &Say<'_>, parts: &Value, reason: Option<&str>) -> Value {
    let mut candidate = json!({ "index": 0 });
    if !parts.is_null() {
        candidate["content"] = json!({ "role": "model", "parts": parts });
    }
    let mut usage =
        json!({ "promptTokenCount": say.usage.prompt(), "totalTokenCount": say.usage.prompt() });
    if let Some(reason) = reason {
        candidate["finishReason"] = reason.into();
        usage = json!({
            "promptTokenCount": say.usage.prompt(),
            "cachedContentTokenCount": say.usage.cached,
            "candidatesTokenCount": say.usage.output.saturating_sub(say.usage.reasoning),
            "thoughtsTokenCount": say.usage.reasoning,
            "totalTokenCount": say.usage.prompt() + say.usage.output,
        });
    }
    let mut chunk = json!({});
    if candidate.as_object().is_some_and(|fields| fields.len() > 1) {
        chunk["candidates"] = json!([candidate]);
    }
    chunk["usageMetadata"] = usage;
    chunk["modelVersion"] = say.model.into();
    chunk["responseId"] = format!("reply-{}", say.number).into();
    chunk
}

fn reason(stop: ScriptedStop) -> &'static str {
    match stop {
        ScriptedStop::Done | ScriptedStop::Calls | ScriptedStop::Paused => "STOP",
        ScriptedStop::Length => "MAX_TOKENS",
        ScriptedStop::Filtered | ScriptedStop::Refused => "SAFETY",
    }
}
