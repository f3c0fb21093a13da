//! From a request to the body of a Responses call.

use super::DIALECT;
use super::item::{Kind, returnable};
use super::strict::is_strict;
use crate::model::Request;
use crate::model::conversation::{self, Answered, Group};
use crate::model::dialect::{host, is_azure};
use crate::protocol::{CallId, Item, Service, Tool};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The service refuses a smaller limit for its answer.
const OUTPUT_TOKENS_MIN: u64 = 16;
/// Characters that the id of a call, or the name of a tool, may have.
const NAME_CHARS_MAX: usize = 64;
/// What the service takes of a body that it is to count.
const COUNTED_FIELDS: [&str; 8] = [
    "input",
    "instructions",
    "model",
    "parallel_tool_calls",
    "reasoning",
    "text",
    "tool_choice",
    "tools",
];

pub(super) fn body(service: &Service, request: &Request<'_>) -> Value {
    let host = host(&service.base_url);
    let of_openai = host == "api.openai.com" || is_azure(&host);
    let mut body = json!({
        "model": request.model.id,
        "max_output_tokens": request.output_tokens_max.max(OUTPUT_TOKENS_MIN),
        "store": false,
        "stream": true,
    });
    if !request.system.is_empty() {
        body["instructions"] = request.system.into();
    }
    if of_openai {
        body["stream_options"] = json!({ "include_obfuscation": false });
    }
    let efforts = &request.model.efforts;
    if !efforts.is_empty() {
        body["reasoning"] = json!({ "summary": "auto" });
        if let Some(effort) = request.effort.and_then(|wish| request.model.effort(wish)) {
            body["reasoning"]["effort"] = effort.name().into();
        }
    }
    // OpenAI refuses it for its models that do not think.
    if !(of_openai && efforts.is_empty()) {
        body["include"] = json!(["reasoning.encrypted_content"]);
    }
    if let (true, Some(verbosity)) = (request.model.verbosity, request.verbosity) {
        body["text"] = json!({ "verbosity": verbosity.name() });
    }
    if !request.cache_key.is_empty() {
        body["prompt_cache_key"] = request.cache_key.into();
    }
    if !request.tools.is_empty() {
        body["tools"] = request.tools.iter().map(tool).collect();
        body["tool_choice"] = "auto".into();
        body["parallel_tool_calls"] = true.into();
    }
    body["input"] = Input::new(request, of_openai).items(request.items).into();
    body
}

/// The body with which the service is asked to count the prompt.
pub(super) fn counting(service: &Service, request: &Request<'_>) -> Value {
    let mut body = body(service, request);
    if let Value::Object(fields) = &mut body {
        fields.retain(|name, _| COUNTED_FIELDS.contains(&name.as_str()));
    }
    body
}

fn tool(tool: &Tool) -> Value {
    json!({
        "type": "function", "name": tool.name, "description": tool.description,
        "parameters": tool.parameters, "strict": is_strict(&tool.parameters),
    })
}

/// The conversation as the service's list of items.
struct Input<'a> {
    model: &'a str,
    of_openai: bool,
    items: Vec<Value>,
    /// Calls of custom tools, whose results have a type of their own.
    custom: HashSet<&'a CallId>,
}

impl<'a> Input<'a> {
    fn new(request: &Request<'a>, of_openai: bool) -> Self {
        Self { model: &request.model.id, of_openai, items: Vec::new(), custom: HashSet::new() }
    }

    fn items(mut self, items: &'a [Item]) -> Vec<Value> {
        for group in conversation::groups(items) {
            match group {
                Group::User(texts) => self.items.push(
                    json!({ "type": "message", "role": "user", "content": texts.join("\n\n") }),
                ),
                Group::Assistant { items, .. } => self.reply(&items),
                Group::Results(results) => {
                    let outputs: Vec<_> = results.iter().map(|one| self.output(one)).collect();
                    self.items.extend(outputs);
                }
            }
        }
        self.items
    }

    fn reply(&mut self, items: &[&'a Item]) {
        let begin = self.items.len();
        for item in items {
            let sent = match item {
                Item::Thought { opaque, .. } => {
                    let kept = conversation::kept(opaque, DIALECT, self.model);
                    kept.and_then(|item| returnable(item, self.of_openai))
                }
                Item::Assistant { text, .. } if text.trim().is_empty() => None,
                Item::Assistant { text, opaque } => {
                    let kept = conversation::kept(opaque, DIALECT, self.model);
                    Some(self.message(text, kept))
                }
                Item::Call { call, tool, arguments, opaque } => {
                    match conversation::kept(opaque, DIALECT, self.model) {
                        Some(raw) => Some(self.custom(call, raw)),
                        None => Some(json!({
                            "type": "function_call", "call_id": call_id(call),
                            "name": tool_name(tool),
                            "arguments": conversation::arguments_text(arguments),
                        })),
                    }
                }
                _ => None,
            };
            self.items.extend(sent);
        }
        // Reasoning that led to nothing is refused.
        let led = self.items[begin..].iter().rposition(|item| Kind::of(item) != Kind::Reasoning);
        self.items.truncate(led.map_or(begin, |at| begin + at + 1));
    }

    /// OpenAI takes a text without an id, and looks for ids that it is given. Servers like
    /// llama.cpp's know what a model said only in its full form, and look for nothing.
    fn message(&self, text: &str, kept: Option<&Value>) -> Value {
        let mut message = if self.of_openai {
            json!({ "type": "message", "role": "assistant", "content": text })
        } else {
            json!({
                "type": "message", "id": format!("msg_{}", self.items.len()), "role": "assistant",
                "status": "completed", "content": [
                    { "type": "output_text", "text": text, "annotations": [], "logprobs": [] },
                ],
            })
        };
        if let Some(phase) = kept.and_then(|kept| kept.get("phase")) {
            message["phase"] = phase.clone();
        }
        message
    }

    fn custom(&mut self, call: &'a CallId, raw: &Value) -> Value {
        self.custom.insert(call);
        let mut sent = raw.clone();
        if let Value::Object(fields) = &mut sent {
            fields.shift_remove("id");
            fields.shift_remove("status");
        }
        sent["call_id"] = call_id(call).into();
        sent
    }

    fn output(&self, result: &Answered<'_>) -> Value {
        let kind = match self.custom.contains(result.call) {
            true => "custom_tool_call_output",
            false => "function_call_output",
        };
        json!({ "type": kind, "call_id": call_id(result.call), "output": result.text })
    }
}

/// The call's own id, or a short one for it where another service gave it too long a one.
fn call_id(call: &CallId) -> String {
    if call.0.chars().count() <= NAME_CHARS_MAX {
        return call.0.clone();
    }
    let mut hasher = DefaultHasher::new();
    call.hash(&mut hasher);
    format!("call_{:016x}", hasher.finish())
}

/// A name that the service takes, for a tool that the model may have made up.
fn tool_name(tool: &str) -> String {
    let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
    let tool = if tool.is_empty() { "_" } else { tool };
    let name = tool.chars().take(NAME_CHARS_MAX);
    name.map(|char| if fits(char) { char } else { '_' }).collect()
}
