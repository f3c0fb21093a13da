//! A reply as the events of a Responses stream.

use super::response::{call, call_item_id, figures, message, message_id, part, response};
use super::{PARAGRAPH, reasoning};
use crate::scripted::given::Wants;
use crate::scripted::script::ScriptedStop;
use crate::scripted::stream::{Event, EventKind, Say};
use serde_json::{Map, Value, json};

/// What hides the length of a piece, where the request does not forbid it.
const OBFUSCATION: &str = "aZ3kQ9xT";

pub(in crate::scripted) fn events(say: &Say<'_>, wants: Wants) -> Vec<Event> {
    let mut writer = Writer { say, wants, events: Vec::new(), output: Vec::new() };
    for kind in ["response.created", "response.in_progress"] {
        writer.frame(kind, json!({ "response": response(say, "in_progress", &[]) }));
    }
    if !say.reply.thought.is_empty() {
        writer.thought();
    }
    if !say.reply.text.is_empty() {
        writer.text();
    }
    for at in 0..say.reply.calls.len() {
        writer.call(at);
    }
    writer.end();
    writer.events
}

/// An error in the stream: the response has failed, or where it has not begun, an event of its own.
pub(in crate::scripted) fn error(say: &Say<'_>, sequence_number: usize) -> String {
    let code = say.reply.code.as_deref().unwrap_or("server_error");
    let message = say.reply.message.as_deref().unwrap_or("The server had an error.");
    let event = if say.reply.after_chunks == Some(0) {
        json!({ "type": "error", "code": code, "message": message, "param": null,
            "sequence_number": sequence_number })
    } else {
        let mut failed = response(say, "failed", &[]);
        failed["error"] = json!({ "code": code, "message": message });
        json!({ "type": "response.failed", "sequence_number": sequence_number, "response": failed })
    };
    wire(&event)
}

fn wire(event: &Value) -> String {
    format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default())
}

struct Writer<'a> {
    say: &'a Say<'a>,
    wants: Wants,
    events: Vec<Event>,
    /// The items that are done.
    output: Vec<Value>,
}

impl Writer<'_> {
    fn frame(&mut self, kind: &str, fields: Value) {
        self.event(kind, fields, EventKind::Frame);
    }

    /// A piece of the item that is open.
    fn piece(&mut self, kind: &str, mut fields: Value, text: &str) {
        fields["delta"] = text.into();
        if self.wants.obfuscated {
            fields["obfuscation"] = OBFUSCATION.into();
        }
        self.event(kind, self.of_item(fields), EventKind::Piece);
    }

    /// Something of the item that is open.
    fn part(&mut self, kind: &str, fields: Value) {
        self.frame(kind, self.of_item(fields));
    }

    fn of_item(&self, mut fields: Value) -> Value {
        fields["output_index"] = self.output.len().into();
        fields
    }

    fn event(&mut self, kind: &str, fields: Value, event: EventKind) {
        let mut data = Map::new();
        data.insert("type".into(), kind.into());
        data.insert("sequence_number".into(), self.events.len().into());
        if let Value::Object(fields) = fields {
            data.extend(fields);
        }
        self.events.push(Event { wire: wire(&data.into()), kind: event });
    }

    fn begin(&mut self, item: Value) {
        self.part("response.output_item.added", json!({ "item": item }));
    }

    fn done(&mut self, item: Value) {
        self.part("response.output_item.done", json!({ "item": item }));
        self.output.push(item);
    }

    fn thought(&mut self) {
        let thought = self.say.thought;
        let mut whole = reasoning(&thought.text, &thought.signature);
        let id = whole["id"].clone();
        let mut begun = whole.clone();
        begun["summary"] = json!([]);
        // What comes at the begin is not what is to come back.
        begun["encrypted_content"] = "signed".into();
        if !self.wants.encrypted {
            for item in [&mut whole, &mut begun] {
                item["encrypted_content"] = Value::Null;
            }
        }
        self.begin(begun);
        for (at, text) in thought.text.split(PARAGRAPH).enumerate() {
            let place = json!({ "item_id": id, "summary_index": at });
            let with = |name: &str, value: Value| {
                let mut fields = place.clone();
                fields[name] = value;
                fields
            };
            let part = |text: &str| json!({ "type": "summary_text", "text": text });
            self.part("response.reasoning_summary_part.added", with("part", part("")));
            for piece in self.say.pieces(text) {
                self.piece("response.reasoning_summary_text.delta", place.clone(), piece);
            }
            self.part("response.reasoning_summary_text.done", with("text", text.into()));
            self.part("response.reasoning_summary_part.done", with("part", part(text)));
        }
        self.done(whole);
    }

    fn text(&mut self) {
        let (say, text) = (self.say, self.say.reply.text.as_str());
        let refused = say.stop == ScriptedStop::Refused;
        let kind = if refused { "refusal" } else { "output_text" };
        let place = || json!({ "item_id": message_id(say), "content_index": 0 });
        let with = |name: &str, value: Value| {
            let mut fields = place();
            fields[name] = value;
            if kind == "output_text" && name != "part" {
                fields["logprobs"] = json!([]);
            }
            fields
        };
        self.begin(message(say, "in_progress", &[]));
        self.part("response.content_part.added", with("part", part(say, "")));
        for piece in say.pieces(text) {
            self.piece(&format!("response.{kind}.delta"), with("delta", piece.into()), piece);
        }
        let name = if refused { "refusal" } else { "text" };
        self.part(&format!("response.{kind}.done"), with(name, text.into()));
        self.part("response.content_part.done", with("part", part(say, text)));
        let status = self.status(say.reply.calls.is_empty());
        self.done(message(say, status, &[part(say, text)]));
    }

    fn call(&mut self, at: usize) {
        let say = self.say;
        let arguments = say.reply.calls[at].arguments();
        let id = call_item_id(say, at);
        self.begin(call(say, at, "in_progress", ""));
        for piece in say.pieces(&arguments) {
            let place = json!({ "item_id": id });
            self.piece("response.function_call_arguments.delta", place, piece);
        }
        let last = at + 1 == say.reply.calls.len();
        let whole = serde_json::from_str::<Value>(&arguments).is_ok_and(|value| value.is_object());
        let status = self.status(last && !whole);
        if status == "completed" {
            let name = &say.reply.calls[at].tool;
            let done = json!({ "item_id": id, "name": name, "arguments": arguments });
            self.part("response.function_call_arguments.done", done);
        }
        self.done(call(say, at, status, &arguments));
    }

    /// Of an item: the one that the end of the reply cut off is incomplete.
    fn status(&self, cut_off: bool) -> &'static str {
        let cut_off = cut_off && reason(self.say.stop).is_some();
        if cut_off { "incomplete" } else { "completed" }
    }

    fn end(&mut self) {
        let reason = reason(self.say.stop);
        let status = if reason.is_some() { "incomplete" } else { "completed" };
        let mut response = response(self.say, status, &self.output);
        if let Some(reason) = reason {
            response["incomplete_details"] = json!({ "reason": reason });
        }
        response["usage"] = figures(&self.say.usage);
        self.frame(&format!("response.{status}"), json!({ "response": response }));
    }
}

/// Why a reply is incomplete; None where it is not.
fn reason(stop: ScriptedStop) -> Option<&'static str> {
    match stop {
        ScriptedStop::Length => Some("max_output_tokens"),
        ScriptedStop::Filtered => Some("content_filter"),
        ScriptedStop::Done | ScriptedStop::Calls | ScriptedStop::Refused | ScriptedStop::Paused => {
            None
        }
    }
}
