//! From the events of a Responses stream to a reply, whatever the server leaves out.

use super::item::{Kind, word};
use super::open::{Open, OpenItems, Place};
use super::usage::read_usage;
use crate::model::decoder::{Decoded, On, Phase, count, drop_truncated};
use crate::model::dialect::Decode;
use crate::model::trouble::{Refusal, ServiceError, Trouble};
use crate::model::{Request, Stop};
use crate::protocol::{Item, Usage};
use serde_json::{Value, json};

/// Parts of the words for what may pass by itself. Of an error that is named otherwise, and has no
/// status of its own, another try would come to the same.
const PASSING: [&str; 6] =
    ["server_error", "rate_limit", "overloaded", "internal", "unavailable", "slow_down"];

#[derive(Default)]
pub(super) struct Decoder {
    phase: Phase,
    items: OpenItems,
    /// Why the reply is incomplete; None where it is not.
    reason: Option<String>,
    usage: Option<Usage>,
}

impl Decode for Decoder {
    fn event(&mut self, name: &str, value: &Value, on: &mut On<'_>) -> Result<(), Trouble> {
        let kind = match word(value, "type") {
            "" => name,
            kind => kind,
        };
        match kind {
            "response.output_item.added" => self.begin(value),
            "response.output_item.done" => self.end(value, on),
            "response.completed" => {
                let response = value.get("response").unwrap_or(&Value::Null);
                return self.ended(word(response, "status"), response, on);
            }
            "response.incomplete" | "response.failed" => {
                let response = value.get("response").unwrap_or(&Value::Null);
                return self.ended(kind.trim_start_matches("response."), response, on);
            }
            "error" => return Err(failed(value)),
            _ if word(value, "type").is_empty() && is_error(value) => return Err(failed(value)),
            _ => self.piece(kind, value, on),
        }
        Ok(())
    }

    fn whole(&mut self, value: &Value, on: &mut On<'_>) -> Result<(), Trouble> {
        let is_response = value.get("output").is_some_and(Value::is_array);
        if !is_response && ServiceError::read(value).is_some() {
            return Err(failed(value));
        }
        match word(value, "status") {
            "queued" | "in_progress" => Ok(()),
            status if is_response || word(value, "object") == "response" => {
                self.ended(status, value, on)
            }
            _ => Ok(()),
        }
    }

    /// Some servers end with it, and a few with nothing else.
    fn done(&mut self) {
        if self.items.are_done() {
            self.phase = Phase::Over;
        }
    }

    fn phase(&self) -> Phase {
        self.phase
    }

    fn finish(self: Box<Self>, request: &Request<'_>) -> Decoded {
        self.decoded(request)
    }
}

impl Decoder {
    fn begin(&mut self, value: &Value) {
        if let Some(item) = value.get("item") {
            self.items.begin(&Place::of_item(item, count(value.get("output_index"))), item);
        }
    }

    fn end(&mut self, value: &Value, on: &mut On<'_>) {
        if let Some(item) = value.get("item") {
            self.items.end(&Place::of_item(item, count(value.get("output_index"))), item, on);
        }
    }

    fn open(&mut self, piece: &Value, kind: Kind) -> &mut Open {
        self.items.piece(&Place::of_piece(piece, kind))
    }

    /// A piece of an item, or what is not known and is passed over.
    fn piece(&mut self, kind: &str, value: &Value, on: &mut On<'_>) {
        let delta = word(value, "delta");
        match kind {
            "response.output_text.delta" => self.open(value, Kind::Message).say(delta, on),
            "response.output_text.done" => {
                let message = self.open(value, Kind::Message);
                if message.text.is_empty() {
                    message.say(word(value, "text"), on);
                }
            }
            "response.refusal.delta" => self.open(value, Kind::Message).refusal.push_str(delta),
            "response.reasoning_summary_part.added" => {
                self.open(value, Kind::Reasoning).paragraph(on)
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.open(value, Kind::Reasoning).think(delta, on);
            }
            "response.function_call_arguments.delta" => {
                let call = self.open(value, Kind::Call);
                call.text.push_str(delta);
                call.arguments(on);
            }
            "response.function_call_arguments.done" => {
                let call = self.open(value, Kind::Call);
                call.begin(&json!({ "name": value["name"] }));
                if !word(value, "arguments").is_empty() {
                    word(value, "arguments").clone_into(&mut call.text);
                }
                call.arguments(on);
            }
            "response.custom_tool_call_input.delta" => {
                let call = self.open(value, Kind::Custom);
                call.text.push_str(delta);
                call.arguments(on);
            }
            _ => {}
        }
    }

    fn ended(&mut self, status: &str, response: &Value, on: &mut On<'_>) -> Result<(), Trouble> {
        if let Some(usage) = response.get("usage").and_then(read_usage) {
            self.usage = Some(usage);
        }
        match status {
            "failed" => return Err(failed(response)),
            "cancelled" => return Err(Trouble::Cut("the service cancelled it".to_owned())),
            "incomplete" => {
                let reason = response.pointer("/incomplete_details/reason").and_then(Value::as_str);
                self.reason = Some(reason.unwrap_or("incomplete").to_owned());
            }
            _ => {}
        }
        if let Some(Value::Array(list)) = response.get("output") {
            self.items.fill(list, on);
        }
        self.phase = Phase::Over;
        Ok(())
    }

    fn decoded(self, request: &Request<'_>) -> Decoded {
        let refusal = self.items.refusal();
        let (mut items, broken) = self.items.items(&request.model.id);
        let reason = self.reason.as_deref();
        let length = reason == Some("max_output_tokens") || (broken && reason.is_none());
        // Some servers call a reply completed that the limit cut off.
        let full = self.usage.is_some_and(|usage| usage.output >= request.output_tokens_max);
        let dropped = (length || full || reason.is_some()) && drop_truncated(&mut items);
        let calls = items.iter().any(|item| matches!(item, Item::Call { .. }));
        let stop = match reason {
            _ if !refusal.is_empty() => Stop::Refused(Some(refusal)),
            Some("content_filter") => Stop::Filtered,
            _ if length || (dropped && reason.is_none()) => Stop::Length,
            _ if calls => Stop::Calls,
            None => Stop::Done,
            Some(other) => Stop::Other(other.to_owned()),
        };
        Decoded { items, usage: self.usage, stop }
    }
}

fn is_error(value: &Value) -> bool {
    value.get("error").is_some_and(|error| !error.is_null())
}

/// An error event, flat or with the error in it, or a response that failed.
fn failed(value: &Value) -> Trouble {
    let error = ServiceError::read(value).unwrap_or_default();
    let mut refusal = Refusal::of_stream(error);
    let error = &refusal.error;
    let word = if error.code.is_empty() { &error.kind } else { &error.code };
    let unnamed = word.is_empty() || word == "error" || word.parse::<u16>().is_ok();
    if refusal.status == 500 && !unnamed && !PASSING.iter().any(|part| word.contains(part)) {
        refusal.status = 400;
    }
    Trouble::Status(refusal)
}
