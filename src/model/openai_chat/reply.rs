//! From the chunks of a Chat Completions stream to a reply, whatever the server's habits.

use super::DIALECT;
use super::server::{
    REASONING, REASONING_CONTENT, REASONING_DETAILS, REASONING_OPAQUE, REASONING_TEXT,
};
use super::usage::read_usage;
use crate::model::decoder::{Decoded, On, Phase, are_whole, count, drop_truncated};
use crate::model::dialect::Decode;
use crate::model::trouble::{Refusal, ServiceError, Trouble};
use crate::model::{Progress, Request, Stop};
use crate::protocol::{CallId, Item, Opaque, Usage};
use serde_json::{Map, Value, json};

/// Where servers put what the model thinks.
const REASONING_FIELDS: [&str; 3] = [REASONING_CONTENT, REASONING, REASONING_TEXT];

#[derive(Default)]
pub(super) struct Decoder {
    phase: Phase,
    text: String,
    thought: String,
    /// The field that the thought came in.
    reasoning_field: &'static str,
    /// OpenRouter's own record of the reasoning, which it wants back as it was.
    reasoning_details: Vec<Value>,
    /// What only Copilot understands of the reasoning.
    reasoning_opaque: String,
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
    /// Gemini's signature of the thought that led to the call.
    extra: Option<Value>,
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
            return Err(Refusal::of_stream(error).into());
        }
        if let Some(why) = chunk.pointer("/x_groq/error").and_then(Value::as_str) {
            let error = ServiceError { message: why.to_owned(), ..ServiceError::default() };
            return Err(Refusal::of_stream(error).into());
        }
        let usage = chunk.get("usage").or_else(|| chunk.pointer("/x_groq/usage"));
        if let Some(usage) = usage.and_then(read_usage) {
            self.usage = Some(usage);
        }
        let Some(choice) = chunk.pointer("/choices/0") else { return Ok(()) };
        if choice.get("error").is_some()
            && let Some(error) = ServiceError::read(choice)
        {
            return Err(Refusal::of_stream(error).into());
        }
        // A server that does not stream says `message`.
        let said = ["delta", "message"].iter().filter_map(|name| choice.get(*name));
        if let Some(delta) = said.into_iter().find(|said| said.is_object()) {
            self.delta(delta, on);
        }
        match choice.get("finish_reason").and_then(Value::as_str) {
            // Some servers say nothing with every chunk.
            None | Some("") => Ok(()),
            Some("error") => Err(Trouble::Cut("the service says no more than `error`".to_owned())),
            Some(finish) => {
                finish.clone_into(&mut self.finish);
                self.phase = self.phase.max(Phase::Stopped);
                Ok(())
            }
        }
    }

    fn delta(&mut self, delta: &Value, on: &mut On<'_>) {
        self.reasoning(delta, on);
        match delta.get("content") {
            Some(Value::String(text)) => self.say(text, on),
            Some(Value::Array(parts)) => {
                for part in parts {
                    self.part(part, on);
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

    /// Mistral's: a text, or a thought that is made of texts.
    fn part(&mut self, part: &Value, on: &mut On<'_>) {
        match part.get("thinking") {
            Some(Value::String(text)) => self.think(text, on),
            Some(Value::Array(texts)) => {
                for text in texts.iter().filter_map(|text| text.get("text")?.as_str()) {
                    self.think(text, on);
                }
            }
            _ => {
                if let Some(text) = part.get("text").and_then(Value::as_str) {
                    self.say(text, on);
                }
            }
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
        if let Some(opaque) = delta.get(REASONING_OPAQUE).and_then(Value::as_str) {
            self.reasoning_opaque.push_str(opaque);
        }
        let details = delta.get(REASONING_DETAILS).and_then(Value::as_array);
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
        if let Some(extra @ Value::Object(_)) = delta.get("extra_content") {
            call.extra = Some(extra.clone());
        }
        match delta.pointer("/function/arguments") {
            Some(Value::String(text)) => call.arguments.push_str(text),
            Some(object @ Value::Object(_)) => call.arguments = object.to_string(),
            _ => {}
        }
        on(Progress::Arguments { tool: &call.name, bytes: call.arguments.len() as u64 });
    }

    /// Which call a piece belongs to. Some servers number no call, or number all of them 0; a new
    /// id with a name, or a name after complete arguments, is a new call then. An id without a name
    /// begins nothing: some servers give every piece an id of its own.
    fn slot(&mut self, index: Option<u64>, id: &str, name: &str) -> usize {
        let by_id = || self.calls.iter().rposition(|call| !id.is_empty() && call.id == id);
        let found = match index {
            Some(_) => self.calls.iter().rposition(|call| call.index == index),
            None if id.is_empty() || name.is_empty() => {
                by_id().or_else(|| self.calls.len().checked_sub(1))
            }
            None => by_id(),
        };
        let found = found.filter(|at| {
            let call = &self.calls[*at];
            let other_id = !id.is_empty() && !call.id.is_empty() && call.id != id;
            let same_id = !id.is_empty() && call.id == id;
            let next = !same_id && are_whole(&call.arguments);
            name.is_empty() || !other_id && !next
        });
        found.unwrap_or_else(|| {
            self.calls.push(Call { index, ..Call::default() });
            self.calls.len() - 1
        })
    }

    fn decoded(self, request: &Request<'_>) -> Decoded {
        let model = request.model.id.as_str();
        let kept = self.kept_reasoning().map(|value| opaque(model, value));
        let mut items = Vec::new();
        if !self.thought.is_empty() || kept.is_some() {
            items.push(Item::Thought { text: self.thought, opaque: kept });
        }
        if !self.text.is_empty() {
            items.push(Item::Assistant { text: self.text, opaque: None });
        }
        let calls = self.calls.into_iter().filter(|call| !call.name.is_empty());
        items.extend(calls.map(|call| Item::Call {
            call: CallId(call.id),
            tool: call.name,
            arguments: call.arguments,
            opaque: call.extra.map(|extra| opaque(model, extra)),
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

    /// What goes back with the reply's message, by its field's name.
    fn kept_reasoning(&self) -> Option<Value> {
        let mut kept = Map::new();
        let field = self.reasoning_field;
        let details = !self.reasoning_details.is_empty();
        let goes_back = match field {
            REASONING_CONTENT => true,
            REASONING => !details,
            REASONING_TEXT => !self.reasoning_opaque.is_empty(),
            _ => false,
        };
        if goes_back {
            kept.insert(field.into(), self.thought.clone().into());
        }
        if !self.reasoning_opaque.is_empty() {
            kept.insert(REASONING_OPAQUE.into(), self.reasoning_opaque.clone().into());
        }
        if details {
            kept.insert(REASONING_DETAILS.into(), self.reasoning_details.clone().into());
        }
        (!kept.is_empty()).then(|| kept.into())
    }
}

fn opaque(model: &str, value: Value) -> Opaque {
    Opaque { service: None, dialect: DIALECT.into(), model: model.into(), value }
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
mod tests;
