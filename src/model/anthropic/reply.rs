//! From the events of a Messages stream to a reply.

use super::block::{Block, State};
use super::counts::Counts;
use crate::model::decoder::{Decoded, On, Phase, count, drop_truncated};
use crate::model::dialect::Decode;
use crate::model::trouble::{Refusal, ServiceError, Trouble};
use crate::model::{Progress, Request, Stop};
use crate::protocol::Item;
use serde_json::{Map, Value, json};

#[derive(Default)]
pub(super) struct Decoder {
    phase: Phase,
    /// In the order in which they began. Several may be open at once.
    blocks: Vec<Block>,
    usage: Counts,
    reason: String,
    explanation: Option<String>,
}

impl Decode for Decoder {
    fn event(&mut self, name: &str, value: &Value, on: &mut On<'_>) -> Result<(), Trouble> {
        let index = count(value.get("index"));
        match value.get("type").and_then(Value::as_str).unwrap_or(name) {
            "message_start" => self.usage.add(value.pointer("/message/usage")),
            "content_block_start" => {
                if let Some(Value::Object(block)) = value.get("content_block") {
                    self.start(index, block.clone(), on);
                }
            }
            "content_block_delta" => {
                if let Some(Value::Object(delta)) = value.get("delta") {
                    self.delta(index, delta, on);
                }
            }
            "content_block_stop" => {
                if let Some(at) = self.find(index) {
                    self.blocks[at].state = State::Closed;
                }
            }
            "message_delta" => {
                self.usage.add(value.get("usage"));
                self.stop(value.get("delta").unwrap_or(&Value::Null));
            }
            "message_stop" => self.phase = Phase::Over,
            "error" => {
                let error = ServiceError::read(value).unwrap_or_default();
                return Err(Trouble::Status(Refusal::of_stream(error)));
            }
            // Pings, and what is not invented yet.
            _ => {}
        }
        Ok(())
    }

    fn whole(&mut self, message: &Value, on: &mut On<'_>) -> Result<(), Trouble> {
        if let (None, Some(error)) = (message.get("content"), ServiceError::read(message)) {
            return Err(Trouble::Status(Refusal::of_stream(error)));
        }
        let blocks = message.get("content").and_then(Value::as_array);
        for (at, block) in blocks.into_iter().flatten().enumerate() {
            if let Value::Object(block) = block {
                self.start(Some(at as u64), block.clone(), on);
                self.blocks.last_mut().expect("just begun").state = State::Closed;
            }
        }
        self.usage.add(message.get("usage"));
        self.stop(message);
        Ok(())
    }

    fn phase(&self) -> Phase {
        self.phase
    }

    fn finish(self: Box<Self>, request: &Request<'_>) -> Decoded {
        let model = &request.model.id;
        let mut items: Vec<Item> =
            self.blocks.into_iter().filter_map(|block| block.item(model)).collect();
        let usage = self.usage.total();
        let full = usage.is_some_and(|usage| usage.output >= request.output_tokens_max);
        let length = matches!(self.reason.as_str(), "max_tokens" | "model_context_window_exceeded");
        let dropped = (length || full) && drop_truncated(&mut items);
        let calls = items.iter().any(|item| matches!(item, Item::Call { .. }));
        let stop = match self.reason.as_str() {
            _ if length || dropped => Stop::Length,
            "refusal" => Stop::Refused(self.explanation),
            "pause_turn" => Stop::Paused,
            _ if calls => Stop::Calls,
            "end_turn" | "stop_sequence" | "tool_use" | "" => Stop::Done,
            other => Stop::Other(other.to_owned()),
        };
        Decoded { items, usage, stop }
    }
}

impl Decoder {
    /// A message that came in one piece.
    fn stop(&mut self, delta: &Value) {
        if let Some(reason) = delta.get("stop_reason").and_then(Value::as_str) {
            reason.clone_into(&mut self.reason);
            self.phase = self.phase.max(Phase::Stopped);
        }
        let detail = |name| delta.get("stop_details")?.get(name)?.as_str();
        if let Some(explanation) = detail("explanation").or_else(|| detail("category")) {
            self.explanation = Some(explanation.to_owned());
        }
    }

    fn find(&self, index: Option<u64>) -> Option<usize> {
        match index {
            Some(_) => self.blocks.iter().rposition(|block| block.index == index),
            None => self.blocks.len().checked_sub(1),
        }
    }

    fn start(&mut self, index: Option<u64>, raw: Map<String, Value>, on: &mut On<'_>) {
        let block = Block::new(index, raw);
        let text =
            |name| block.raw.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        match block.kind() {
            "text" => text("text").into_iter().for_each(|text| on(Progress::Text(text))),
            "thinking" => text("thinking").into_iter().for_each(|text| on(Progress::Thought(text))),
            "tool_use" => on(Progress::Arguments { tool: block.name(), bytes: 0 }),
            _ => {}
        }
        self.blocks.push(block);
    }

    fn delta(&mut self, index: Option<u64>, delta: &Map<String, Value>, on: &mut On<'_>) {
        let kind = delta.get("type").and_then(Value::as_str).unwrap_or_default();
        let at = match (self.find(index), kind) {
            (Some(at), _) => at,
            (None, "text_delta") => self.open(index, json!({ "type": "text", "text": "" })),
            (None, "thinking_delta") => {
                self.open(index, json!({ "type": "thinking", "thinking": "" }))
            }
            (None, _) => return,
        };
        let block = &mut self.blocks[at];
        let piece = |name: &str| delta.get(name).and_then(Value::as_str).unwrap_or_default();
        match kind {
            "input_json_delta" => {
                block.input.push_str(piece("partial_json"));
                if block.kind() == "tool_use" {
                    let bytes = block.input.len() as u64;
                    on(Progress::Arguments { tool: block.name(), bytes });
                }
            }
            "citations_delta" => block.add_citation(delta.get("citation")),
            _ => {
                block.merge(delta);
                match kind {
                    "text_delta" if !piece("text").is_empty() => on(Progress::Text(piece("text"))),
                    "thinking_delta" if !piece("thinking").is_empty() => {
                        on(Progress::Thought(piece("thinking")));
                    }
                    _ => {}
                }
            }
        }
    }

    fn open(&mut self, index: Option<u64>, raw: Value) -> usize {
        let raw = if let Value::Object(raw) = raw { raw } else { Map::new() };
        self.blocks.push(Block::new(index, raw));
        self.blocks.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::body;
    use crate::model::sample::{decode, prompt, request, service, stream};
    use crate::protocol::{Api, Usage};

    fn start(index: u64, block: &Value) -> Value {
        json!({ "type": "content_block_start", "index": index, "content_block": block })
    }

    fn delta(index: u64, delta: &Value) -> Value {
        json!({ "type": "content_block_delta", "index": index, "delta": delta })
    }

    fn stop(index: u64) -> Value {
        json!({ "type": "content_block_stop", "index": index })
    }

    fn end(reason: &str) -> Value {
        json!({ "type": "message_delta", "delta": { "stop_reason": reason }, "usage": { "output_tokens": 9 } })
    }

    fn decoded(data: &[Value]) -> Decoded {
        decode(Api::Anthropic, &stream(data), 7).expect("a reply").0
    }

    #[test]
    fn what_must_go_back_goes_back_as_it_came() {
        let data = [
            start(0, &json!({ "type": "thinking", "thinking": "", "signature": "" })),
            delta(0, &json!({ "type": "thinking_delta", "thinking": "h" })),
            delta(0, &json!({ "type": "thinking_delta", "thinking": "m" })),
            delta(0, &json!({ "type": "signature_delta", "signature": "sig" })),
            stop(0),
            start(1, &json!({ "type": "redacted_thinking", "data": "xyz" })),
            stop(1),
            start(2, &json!({ "type": "novelty", "z": 1, "a": [2] })),
            stop(2),
            start(
                3,
                &json!({ "type": "tool_use", "id": "t", "name": "run", "input": {}, "caller": { "type": "direct" } }),
            ),
            stop(3),
            end("tool_use"),
        ];
        let decoded = decoded(&data);
        assert_eq!(decoded.stop, Stop::Calls);
        let mut items = vec![prompt("p")];
        items.extend(decoded.items);
        let mut body = body(&service(Api::Anthropic, "http://127.0.0.1:9/v1"), &request(&items));
        let expected = json!([
            { "type": "thinking", "thinking": "hm", "signature": "sig" },
            { "type": "redacted_thinking", "data": "xyz" },
            { "type": "novelty", "z": 1, "a": [2] },
            { "type": "tool_use", "id": "t", "name": "run", "caller": { "type": "direct" }, "input": {} },
        ]);
        assert_eq!(body["messages"][1]["content"].take().to_string(), expected.to_string());
    }

    #[test]
    fn a_thought_that_broke_off_does_not_go_back() {
        let data = [
            start(0, &json!({ "type": "thinking", "thinking": "", "signature": "" })),
            delta(0, &json!({ "type": "thinking_delta", "thinking": "hm" })),
            end("max_tokens"),
        ];
        let decoded = decoded(&data);
        assert_eq!(decoded.items, [Item::Thought { text: "hm".into(), opaque: None }]);
        assert_eq!(decoded.stop, Stop::Length);
    }

    #[test]
    fn figures_are_cumulative_and_do_not_overlap() {
        let data = [
            json!({ "type": "message_start", "message": { "usage": { "input_tokens": 12,
                "cache_creation_input_tokens": 30, "cache_read_input_tokens": 4096, "output_tokens": 1 } } }),
            json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": {
                "input_tokens": 0, "output_tokens": 89, "output_tokens_details": { "thinking_tokens": 60 } } }),
        ];
        let expected = Usage {
            input: 12,
            cached: 4096,
            cache_write: 30,
            output: 89,
            reasoning: 60,
            estimated: false,
        };
        assert_eq!(decoded(&data).usage, Some(expected));
    }

    #[test]
    fn ends_are_told_apart() {
        let reason = |reason| decoded(&[end(reason)]).stop;
        assert_eq!(reason("end_turn"), Stop::Done);
        assert_eq!(reason("pause_turn"), Stop::Paused);
        assert_eq!(reason("model_context_window_exceeded"), Stop::Length);
        assert_eq!(reason("refusal"), Stop::Refused(None));
        assert_eq!(reason("odd"), Stop::Other("odd".into()));
    }

    #[test]
    fn errors_in_the_stream_are_errors() {
        let error =
            json!({ "type": "error", "error": { "type": "overloaded_error", "message": "m" } });
        let trouble = decode(Api::Anthropic, &stream(&[error]), 9).expect_err("an error");
        let Trouble::Status(refusal) = trouble else { panic!("{trouble:?}") };
        assert_eq!((refusal.status, refusal.error.message.as_str()), (529, "m"));
    }
}
