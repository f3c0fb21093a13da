//! The response object, and the items in it, as they are at their end.

use crate::protocol::Usage;
use crate::scripted::script::ScriptedStop;
use crate::scripted::stream::Say;
use serde_json::{Value, json};

/// Without usage: it is known at the end.
pub(super) fn response(say: &Say<'_>, status: &str, output: &[Value]) -> Value {
    json!({
        "id": format!("resp_{}", say.number), "object": "response", "created_at": 1,
        "status": status, "background": false, "error": null, "incomplete_details": null,
        "instructions": null, "max_output_tokens": null, "model": say.model, "output": output,
        "parallel_tool_calls": true, "previous_response_id": null, "store": false,
        "temperature": 1.0, "text": { "format": { "type": "text" } }, "tool_choice": "auto",
        "tools": [], "top_p": 1.0, "truncation": "disabled", "metadata": {},
    })
}

pub(super) fn message_id(say: &Say<'_>) -> String {
    format!("msg_{}", say.number)
}

/// A message with these parts, as it is at its begin or at its end.
pub(super) fn message(say: &Say<'_>, status: &str, content: &[Value]) -> Value {
    let phase = if say.reply.calls.is_empty() { "final_answer" } else { "commentary" };
    json!({
        "id": message_id(say), "type": "message", "status": status, "role": "assistant",
        "content": content, "phase": phase,
    })
}

/// The part that a text is, or a refusal.
pub(super) fn part(say: &Say<'_>, text: &str) -> Value {
    if say.stop == ScriptedStop::Refused {
        return json!({ "type": "refusal", "refusal": text });
    }
    json!({ "type": "output_text", "annotations": [], "logprobs": [], "text": text })
}

pub(super) fn call_item_id(say: &Say<'_>, at: usize) -> String {
    format!("fc_{}_{}", say.number, at + 1)
}

/// The call with this number, from 0, with its arguments so far.
pub(super) fn call(say: &Say<'_>, at: usize, status: &str, arguments: &str) -> Value {
    json!({
        "id": call_item_id(say, at), "type": "function_call", "status": status,
        "arguments": arguments, "call_id": say.call_ids[at], "name": say.reply.calls[at].tool,
    })
}

pub(super) fn figures(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.prompt(),
        "input_tokens_details": {
            "cached_tokens": usage.cached, "cache_write_tokens": usage.cache_write,
        },
        "output_tokens": usage.output,
        "output_tokens_details": { "reasoning_tokens": usage.reasoning },
        "total_tokens": usage.prompt() + usage.output,
    })
}
