//! From the chunks of a Chat Completions stream to a reply, whatever the server's habits.

use super::DIALECT;
use super::usage::read_usage;
use crate::model::decoder::{Decoded, On, Phase, are_whole, count, drop_truncated};
use crate::model::dialect::Decode;
use crate::model::trouble::{Refusal, ServiceError, Trouble};
use crate::model::{Progress, Request, Stop};
use crate::protocol::{CallId, Item, Opaque, Usage};
use serde_json::{Map, Value, json};

/// Where servers put what the model thinks, and whether it goes back: only `reasoning_content` does.
const REASONING_FIELDS: [&str; 3] = ["reasoning_content", "reasoning", "reasoning_text"];

#[derive(Default)]
pub(super) struct Decoder {
    phase: Phase,
    text: String,
    thought: String,
    /// The field that the thought came in.
    reasoning_field: &'static str,
    /// OpenRouter's own record of the reasoning, which it wants back as it was.
    reasoning_details: Vec<Value>,
    refusal: String,
    calls: Vec<Call>,
    finish: String,
    usage: Option<Usage>,
}

#[derive(Default)]
struct Call {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

impl Decode for Decoder {
    fn event(&mut self, _: &str, value: &Value, on: &mut On<'_>) -> Result<(), Trouble> {
        self.chunk(value, on)
    }

    fn whole(&mut self, value: &Value, on: &mut On<'_>) -> Result<(), Trouble> {
        self.chunk(value, on)
    }

    fn done(&mut self) {
        self.phase = Phase::Over;
    }

    fn phase(&self) -> Phase {
        self.phase
    }

    fn finish(self: Box<Self>, request: &Request<'_>) -> Decoded {
        self.decoded(request)
    }
}

impl Decoder {
    fn chunk(&mut self, chunk: &Value, on: &mut On<'_>) -> Result<(), Trouble> {
        let failed = chunk.get("choices").is_none() || chunk.get("error").is_some();
        if let (true, Some(error)) = (failed, ServiceError::read(chunk)) {
            return Err(Trouble::Status(Refusal::of_stream(error)));
        }
        let usage = chunk.get("usage").or_else(|| chunk.pointer("/x_groq/usage"));
        if let Some(usage) = usage.and_then(read_usage) {
            self.usage = Some(usage);
        }
        let Some(choice) = chunk.pointer("/choices/0") else { return Ok(()) };
        // A server that does not stream says `message`.
        if let Some(delta) = choice.get("delta").or_else(|| choice.get("message")) {
            self.delta(delta, on);
        }
        if let Some(finish) = choice.get("finish_reason").and_then(Value::as_str) {
            finish.clone_into(&mut self.finish);
            self.phase = self.phase.max(Phase::Stopped);
        }
        Ok(())
    }

    fn delta(&mut self, delta: &Value, on: &mut On<'_>) {
        self.reasoning(delta, on);
        match delta.get("content") {
            Some(Value::String(text)) => self.say(text, on),
            Some(Value::Array(parts)) => {
                for text in parts.iter().filter_map(|part| part.get("text")?.as_str()) {
                    self.say(text, on);
                }
            }
            _ => {}
        }
        if let Some(text) = delta.get("refusal").and_then(Value::as_str) {
            self.refusal.push_str(text);
        }
        if let Some(calls) = delta.get("tool_calls").and_then(Value::as_array) {
            for call in calls {
                self.call(call, on);
            }
        }
        if let Some(function @ Value::Object(_)) = delta.get("function_call") {
            self.call(&json!({ "index": 0, "function": function }), on);
        }
    }

    fn say(&mut self, text: &str, on: &mut On<'_>) {
        if !text.is_empty() {
            self.text.push_str(text);
            on(Progress::Text(text));
        }
    }

    fn think(&mut self, text: &str, on: &mut On<'_>) {
        if !text.is_empty() {
            self.thought.push_str(text);
            on(Progress::Thought(text));
        }
    }

    fn reasoning(&mut self, delta: &Value, on: &mut On<'_>) {
        let text = |field| delta.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        let found = REASONING_FIELDS.iter().find_map(|field| Some((*field, text(field)?)));
        if let Some((field, text)) = found {
            self.reasoning_field = field;
            self.think(text, on);
        }
        let details = delta.get("reasoning_details").and_then(Value::as_array);
        for detail in details.into_iter().flatten() {
            let said = detail.get("text").or_else(|| detail.get("summary")).and_then(Value::as_str);
            if let (None, Some(said)) = (found, said) {
                self.think(said, on);
            }
            join_detail(&mut self.reasoning_details, detail);
        }
    }

    fn call(&mut self, delta: &Value, on: &mut On<'_>) {
        let word =
            |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let index = count(delta.get("index"));
        let id = word(delta.get("id"));
        let name = word(delta.pointer("/function/name"));
        let at = self.slot(index, &id, &name);
        let call = &mut self.calls[at];
        if call.id.is_empty() {
            call.id = id;
        }
        if call.name.is_empty() {
            call.name = name;
        }
        match delta.pointer("/function/arguments") {
            Some(Value::String(text)) => call.arguments.push_str(text),
            Some(object @ Value::Object(_)) => call.arguments = object.to_string(),
            _ => {}
        }
        on(Progress::Arguments { tool: &call.name, bytes: call.arguments.len() as u64 });
    }

    /// Which call a piece belongs to. Some servers number no call, or number all of them 0; a new
    /// id, or a name after complete arguments, is a new call then.
    fn slot(&mut self, index: Option<u64>, id: &str, name: &str) -> usize {
        let found = match (index, id) {
            (Some(_), _) => self.calls.iter().rposition(|call| call.index == index),
            (None, "") => self.calls.len().checked_sub(1),
            (None, _) => self.calls.iter().rposition(|call| call.id == id),
        };
        let found = found.filter(|at| {
            let call = &self.calls[*at];
            let other_id = !id.is_empty() && !call.id.is_empty() && call.id != id;
            let same_id = !id.is_empty() && call.id == id;
            let next = !same_id && !name.is_empty() && are_whole(&call.arguments);
            !other_id && !next
        });
        found.unwrap_or_else(|| {
            self.calls.push(Call { index, ..Call::default() });
            self.calls.len() - 1
        })
    }

    fn decoded(self, request: &Request<'_>) -> Decoded {
        let opaque = self.opaque(&request.model.id);
        let mut items = Vec::new();
        if !self.thought.is_empty() || opaque.is_some() {
            items.push(Item::Thought { text: self.thought, opaque });
        }
        if !self.text.is_empty() {
            items.push(Item::Assistant { text: self.text, opaque: None });
        }
        let calls = self.calls.into_iter().filter(|call| !call.name.is_empty());
        items.extend(calls.map(|call| Item::Call {
            call: CallId(call.id),
            tool: call.name,
            arguments: call.arguments,
            opaque: None,
        }));
        // Some servers name a limit that was reached `stop` or `tool_calls`.
        let full = self.usage.is_some_and(|usage| usage.output >= request.output_tokens_max);
        let length = matches!(self.finish.as_str(), "length" | "max_tokens" | "model_length");
        let dropped = (length || full) && drop_truncated(&mut items);
        let calls = items.iter().any(|item| matches!(item, Item::Call { .. }));
        let stop = match self.finish.as_str() {
            _ if !self.refusal.is_empty() => Stop::Refused(Some(self.refusal)),
            _ if length || dropped => Stop::Length,
            "content_filter" => Stop::Filtered,
            "refusal" => Stop::Refused(None),
            _ if calls => Stop::Calls,
            "stop" | "tool_calls" | "function_call" | "eos" | "end_turn" | "" => Stop::Done,
            other => Stop::Other(other.to_owned()),
        };
        Decoded { items, usage: self.usage, stop }
    }

    fn opaque(&self, model: &str) -> Option<Opaque> {
        let mut value = Map::new();
        if self.reasoning_field == "reasoning_content" {
            value.insert("reasoning_content".into(), self.thought.clone().into());
        }
        if !self.reasoning_details.is_empty() {
            value.insert("reasoning_details".into(), self.reasoning_details.clone().into());
        }
        if value.is_empty() {
            return None;
        }
        Some(Opaque { dialect: DIALECT.into(), model: model.into(), value: value.into() })
    }
}

/// The pieces of one detail come one after another, with the same number and type.
fn join_detail(details: &mut Vec<Value>, piece: &Value) {
    let same = |name: &str, last: &Value| last.get(name) == piece.get(name);
    let (Some(last), Value::Object(fields)) = (details.last_mut(), piece) else {
        return details.push(piece.clone());
    };
    if piece.get("index").is_none() || !same("index", last) || !same("type", last) {
        return details.push(piece.clone());
    }
    for (name, value) in fields {
        match (last.get_mut(name), value) {
            (Some(Value::String(old)), Value::String(new))
                if matches!(name.as_str(), "text" | "summary" | "data") =>
            {
                old.push_str(new);
            }
            (_, Value::Null) => {}
            _ => last[name.as_str()] = value.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample::{decode, stream};
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
        let decoded =
            decoded(&[piece(Some(0), "y", "run", "{\"a\":"), finish("tool_calls"), usage]);
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
            assert_eq!(opaque.is_some(), field == "reasoning_content", "{field}");
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
    fn recorded_streams_decode_the_same_at_every_chunking() {
        let Some(folder) = conformance() else { return };
        let expected = [
            ("llama_chat_text.sse", 0, Stop::Length, (21, 0, 12)),
            ("llama_chat_tool_auto.sse", 3, Stop::Calls, (1, 748, 222)),
            ("litellm_chat.sse", 1, Stop::Calls, (184, 282, 41)),
        ];
        for (name, count, stop, figures) in expected {
            let bytes = std::fs::read(folder.join("sse/servers").join(name)).expect(name);
            let (whole, text, _) = decode(Api::OpenaiChat, &bytes, bytes.len()).expect(name);
            assert_eq!(calls(&whole).len(), count, "{name}: {whole:?}");
            assert_eq!(whole.stop, stop, "{name}");
            let usage = whole.usage.expect("usage");
            assert_eq!((usage.input, usage.cached, usage.output), figures, "{name}");
            for item in &whole.items {
                if let Item::Call { arguments, call, .. } = item {
                    assert!(are_whole(arguments) && !call.0.is_empty(), "{name}: {item:?}");
                }
            }
            for size in [1, 2, 3, 7, 64, 1000] {
                let pieces = decode(Api::OpenaiChat, &bytes, size).expect(name);
                assert_eq!((&pieces.0, &pieces.1), (&whole, &text), "{name} by {size}");
            }
        }
    }
}
