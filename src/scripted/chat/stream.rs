//! A reply as the chunks of a Chat Completions stream.

use crate::protocol::Usage;
use crate::scripted::given::Figures;
use crate::scripted::script::ScriptedStop;
use crate::scripted::stream::{Event, EventKind, Say};
use serde_json::{Value, json};

pub(in crate::scripted) fn events(say: &Say<'_>, figures: Figures) -> Vec<Event> {
    let mut events =
        vec![delta(say, EventKind::Frame, &json!({ "role": "assistant", "content": "" }))];
    let piece = |value: Value| delta(say, EventKind::Piece, &value);
    let thoughts = say.pieces(&say.reply.thought);
    events.extend(thoughts.map(|text| piece(json!({ "reasoning_content": text }))));
    let field = if say.stop == ScriptedStop::Refused { "refusal" } else { "content" };
    events.extend(say.pieces(&say.reply.text).map(|text| piece(json!({ field: text }))));
    for (index, (call, id)) in say.reply.calls.iter().zip(say.call_ids).enumerate() {
        let start = json!({ "tool_calls": [{ "index": index, "id": id, "type": "function",
            "function": { "name": call.tool, "arguments": "" } }] });
        events.push(delta(say, EventKind::Frame, &start));
        let arguments = call.arguments();
        events.extend(say.pieces(&arguments).map(|text| {
            piece(json!({ "tool_calls": [{ "index": index, "function": { "arguments": text } }] }))
        }));
    }
    let finish = json!([{ "index": 0, "delta": {}, "finish_reason": reason(say.stop) }]);
    events.push(chunk(say, EventKind::Frame, &finish, None));
    if figures == Figures::Wanted {
        events.push(chunk(say, EventKind::Frame, &json!([]), Some(&say.usage)));
    }
    events.push(Event { wire: "data: [DONE]\n\n".to_owned(), kind: EventKind::Frame });
    events
}

pub(in crate::scripted) fn error(error: &Value) -> String {
    format!("data: {error}\n\n")
}

fn delta(say: &Say<'_>, kind: EventKind, delta: &Value) -> Event {
    chunk(say, kind, &json!([{ "index": 0, "delta": delta, "finish_reason": null }]), None)
}

fn chunk(say: &Say<'_>, kind: EventKind, choices: &Value, usage: Option<&Usage>) -> Event {
    let mut chunk = json!({
        "id": format!("chatcmpl-{}", say.number), "object": "chat.completion.chunk", "created": 1,
        "model": say.model, "choices": choices,
    });
    if let Some(usage) = usage {
        chunk["usage"] = figures_of(usage);
    }
    Event { wire: format!("data: {chunk}\n\n"), kind }
}

fn reason(stop: ScriptedStop) -> &'static str {
    match stop {
        ScriptedStop::Done | ScriptedStop::Refused | ScriptedStop::Paused => "stop",
        ScriptedStop::Calls => "tool_calls",
        ScriptedStop::Length => "length",
        ScriptedStop::Filtered => "content_filter",
    }
}

fn figures_of(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt(),
        "completion_tokens": usage.output,
        "total_tokens": usage.prompt() + usage.output,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached, "cache_write_tokens": usage.cache_write,
        },
        "completion_tokens_details": { "reasoning_tokens": usage.reasoning },
    })
}
