//! From events to a reply: what the dialects' decoders have in common.

use super::conversation;
use super::dialect::{self, Decode};
use super::sse::Event;
use super::trouble::Trouble;
use super::{Progress, Request, Stop};
use crate::protocol::{CallId, Item, Service, Usage};
use serde_json::Value;
use std::collections::HashSet;

/// Characters of foreign data that a message shows.
pub(super) const SHOWN_CHARS_MAX: usize = 80;

pub(super) type On<'a> = dyn FnMut(Progress<'_>) + Send + 'a;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    #[default]
    Coming,
    /// Why the reply ended is known; figures may still follow.
    Stopped,
    /// The service has said that nothing follows.
    Over,
}

/// A reply without the number of its requests.
#[derive(Debug, PartialEq)]
pub(super) struct Decoded {
    pub items: Vec<Item>,
    pub usage: Option<Usage>,
    pub stop: Stop,
}

/// Reads the events of one reply for its dialect.
pub(super) struct Decoder {
    dialect: Box<dyn Decode>,
    service: String,
}

impl Decoder {
    pub(super) fn new(service: &Service, request: &Request<'_>) -> Self {
        let dialect = dialect::of(service.api).decoder(service, request);
        Self { dialect, service: service.name.clone() }
    }

    pub(super) fn event(&mut self, event: &Event, on: &mut On<'_>) -> Result<(), Trouble> {
        let data = event.data.trim();
        if data.is_empty() || self.phase() == Phase::Over {
            return Ok(());
        }
        if data == "[DONE]" {
            self.dialect.done();
            return Ok(());
        }
        let Ok(value) = serde_json::from_str::<Value>(data) else {
            return Err(Trouble::BadJson(data.chars().take(SHOWN_CHARS_MAX).collect()));
        };
        self.dialect.event(&event.name, &value, on)
    }

    /// A reply that came as one JSON value, from a server that does not stream.
    pub(super) fn whole(&mut self, value: &Value, on: &mut On<'_>) -> Result<(), Trouble> {
        self.dialect.whole(value, on)?;
        if self.phase() == Phase::Coming {
            let start = value.to_string().chars().take(SHOWN_CHARS_MAX).collect();
            return Err(Trouble::NotStream(start));
        }
        Ok(())
    }

    pub(super) fn phase(&self) -> Phase {
        self.dialect.phase()
    }

    pub(super) fn finish(self, request: &Request<'_>) -> Decoded {
        let mut decoded = self.dialect.finish(request);
        name_calls(&mut decoded.items, request.items);
        for opaque in decoded.items.iter_mut().filter_map(conversation::opaque_of).flatten() {
            opaque.service = Some(self.service.clone());
        }
        decoded
    }
}

/// Gives a new name to each call that has none, or one that the conversation has already.
fn name_calls(new: &mut [Item], old: &[Item]) {
    let name = |item: &Item| match item {
        Item::Call { call, .. } => Some(call.clone()),
        _ => None,
    };
    let mut taken: HashSet<CallId> = old.iter().filter_map(name).collect();
    for item in new {
        let Item::Call { call, .. } = item else { continue };
        while call.0.is_empty() || taken.contains(call) {
            *call = CallId(format!("call_{:016x}", fastrand::u64(..)));
        }
        taken.insert(call.clone());
    }
}

/// Whether these are the arguments of a call: an object, or nothing for a tool that takes none.
pub(super) fn are_whole(arguments: &str) -> bool {
    matches!(serde_json::from_str(arguments), Ok(Value::Object(_)))
}

/// Drops the last item if it is a call that broke off. Returns whether one was dropped.
pub(super) fn drop_truncated(items: &mut Vec<Item>) -> bool {
    let truncated =
        matches!(items.last(), Some(Item::Call { arguments, .. }) if !are_whole(arguments));
    if truncated {
        items.pop();
    }
    truncated
}

/// A count in JSON, written as an integer or, by some servers, as a fraction.
pub(super) fn count(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    value.as_u64().or_else(|| value.as_f64().filter(|number| *number >= 0.0).map(|n| n as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample::{request, service};
    use crate::protocol::Api;
    use proptest::prelude::*;

    fn call(id: &str) -> Item {
        Item::Call {
            call: CallId(id.into()),
            tool: "run".into(),
            arguments: "{}".into(),
            opaque: None,
        }
    }

    #[test]
    fn calls_without_a_name_or_with_a_used_one_get_a_new_one() {
        let mut new = [call("a"), call(""), call("b"), call("b")];
        name_calls(&mut new, &[call("a")]);
        let names: Vec<_> = new
            .iter()
            .map(|item| match item {
                Item::Call { call, .. } => call.0.clone(),
                other => panic!("no call: {other:?}"),
            })
            .collect();
        assert_eq!(names[2], "b");
        let distinct: HashSet<_> = names.iter().chain([&"a".to_owned()]).cloned().collect();
        assert_eq!(distinct.len(), 5, "{names:?}");
        assert!(names.iter().all(|name| !name.is_empty()));
    }

    /// Odd values, as deep as a stream nests them.
    fn odd() -> impl Strategy<Value = Value> {
        let words = [
            "index",
            "id",
            "name",
            "type",
            "delta",
            "choices",
            "candidates",
            "parts",
            "functionCall",
            "args",
            "thought",
            "finishReason",
            "details",
            "message",
            "usage",
            "error",
            "text",
            "content",
            "content_block",
            "tool_calls",
            "function",
            "arguments",
            "finish_reason",
            "stop_reason",
            "thinking",
            "input",
            "partial_json",
            "reasoning_details",
            "citation",
            "item",
            "item_id",
            "call_id",
            "output_index",
            "output",
            "summary",
            "encrypted_content",
            "response",
            "status",
        ];
        let kinds = [
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "tool_use",
            "text",
            "text_delta",
            "input_json_delta",
            "citations_delta",
            "reasoning",
            "function_call",
            "custom_tool_call",
            "response.output_item.added",
            "response.output_item.done",
            "response.output_text.delta",
            "response.reasoning_summary_text.delta",
            "response.function_call_arguments.delta",
            "response.completed",
            "response.incomplete",
            "{",
            "",
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (0u64..3).prop_map(Value::from),
            proptest::sample::select(kinds.to_vec()).prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 6, move |inner| {
            let key = proptest::sample::select(words.to_vec());
            let fields = proptest::collection::vec((key, inner.clone()), 0..6);
            prop_oneof![
                proptest::collection::vec(inner, 0..3).prop_map(Value::from),
                fields.prop_map(|fields| {
                    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_stream_upsets_a_decoder(values in proptest::collection::vec(odd(), 0..12)) {
            for api in Api::ALL {
                let service = service(api, "http://127.0.0.1:9/v1");
                let mut decoder = Decoder::new(&service, &request(&[]));
                for value in &values {
                    let event = Event { name: "message".into(), data: value.to_string() };
                    if decoder.event(&event, &mut |_| {}).is_err() {
                        break;
                    }
                }
                let decoded = decoder.finish(&request(&[]));
                for item in &decoded.items {
                    if let Item::Call { call, .. } = item {
                        prop_assert!(!call.0.is_empty());
                    }
                }
            }
        }
    }
}
