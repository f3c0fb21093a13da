//! From a request to the body of a Chat Completions call.

use super::DIALECT;
use super::call_id::CallIds;
use super::server::{
    self, EffortAs, FiguresAs, Limit, Manners, REASONING, REASONING_CONTENT, Server,
};
use crate::model::Request;
use crate::model::conversation::{self, Answered, Group, Loop};
use crate::protocol::{Effort, Item, Service, Tool};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// Between results and what the user says next, where a model must have spoken in between.
const BRIDGE: &str = "(noted)";

pub(super) fn body(service: &Service, request: &Request<'_>) -> Value {
    let server = Server::of(service);
    let manners = server.manners();
    let mut body = json!({
        "model": request.model.id,
        limit(&manners, request): request.output_tokens_max,
        "stream": true,
    });
    for figures in manners.figures {
        match figures {
            FiguresAs::StreamOptions => body["stream_options"] = json!({ "include_usage": true }),
            FiguresAs::Usage => body["usage"] = json!({ "include": true }),
        }
    }
    if let Some(effort) = request.effort {
        say_effort(&mut body, manners.effort, effort);
    }
    if let Some(verbosity) = request.verbosity.filter(|_| manners.verbosity) {
        body["verbosity"] = verbosity.name().into();
    }
    if server::is_told_to_part(server, request.model) {
        body["reasoning_format"] = "parsed".into();
    }
    if let Some(field) = manners.cache_key.filter(|_| !request.cache_key.is_empty()) {
        body[field] = request.cache_key.into();
    }
    if server::is_asked_to_cache(server, request.model) {
        body["cache_control"] = json!({ "type": "ephemeral" });
    }
    if !request.tools.is_empty() {
        if manners.parallel {
            body["parallel_tool_calls"] = true.into();
        }
        body["tools"] = request.tools.iter().map(tool).collect();
    }
    body["messages"] = Messages::new(server, manners, request).all().into();
    body
}

fn limit(manners: &Manners, request: &Request<'_>) -> &'static str {
    match manners.limit {
        Limit::Completion => "max_completion_tokens",
        Limit::ByModel if server::thinks_as_openai(request.model) => "max_completion_tokens",
        Limit::Tokens | Limit::ByModel => "max_tokens",
    }
}

fn say_effort(body: &mut Value, how: EffortAs, effort: Effort) {
    match how {
        EffortAs::Field => body["reasoning_effort"] = effort.name().into(),
        // OpenRouter's most is one below.
        EffortAs::Object => {
            body["reasoning"] = json!({ "effort": effort.min(Effort::Xhigh).name() });
        }
        EffortAs::Template => {
            body["chat_template_kwargs"] = json!({ "reasoning_effort": effort.name() });
        }
    }
}

fn tool(tool: &Tool) -> Value {
    json!({ "type": "function", "function": {
        "name": tool.name, "description": tool.description, "parameters": tool.parameters,
    } })
}

struct Messages<'a> {
    request: &'a Request<'a>,
    server: Server,
    manners: Manners,
    ids: CallIds,
    /// Whether the user may not speak directly after a result.
    bridged: bool,
    messages: Vec<Value>,
    /// Texts wait here: where a reply between two of them comes to nothing, they are one message.
    texts: Vec<Cow<'a, str>>,
}

impl<'a> Messages<'a> {
    fn new(server: Server, manners: Manners, request: &'a Request<'a>) -> Self {
        let of_mistral = server::is_of_mistral(server, request.model);
        let ids = if of_mistral { CallIds::Nine } else { CallIds::Any };
        let (messages, texts) = (Vec::new(), Vec::new());
        Self { request, server, manners, ids, bridged: of_mistral, messages, texts }
    }

    fn all(mut self) -> Vec<Value> {
        if !self.request.system.is_empty() {
            let developer = self.manners.developer && !self.request.model.efforts.is_empty();
            let role = if developer { "developer" } else { "system" };
            self.messages.push(json!({ "role": role, "content": self.request.system }));
        }
        for group in conversation::groups(self.request.items) {
            match group {
                Group::User(more) => self.texts.extend(more),
                Group::Assistant { items, loops } => {
                    if let Some(message) = self.assistant(&items, loops) {
                        self.user();
                        self.messages.push(message);
                    }
                }
                Group::Results(results) => {
                    let results = results.iter().map(|one| self.result(one)).collect::<Vec<_>>();
                    self.messages.extend(results);
                }
            }
        }
        self.user();
        self.messages
    }

    fn user(&mut self) {
        if self.texts.is_empty() {
            return;
        }
        let after_result = self.messages.last().is_some_and(|last| last["role"] == "tool");
        if self.bridged && after_result {
            self.messages.push(json!({ "role": "assistant", "content": BRIDGE }));
        }
        let text = std::mem::take(&mut self.texts).join("\n\n");
        self.messages.push(json!({ "role": "user", "content": text }));
    }

    fn result(&self, result: &Answered<'_>) -> Value {
        let id = self.ids.sent(&result.call.0);
        json!({ "role": "tool", "tool_call_id": id, "content": result.text })
    }

    /// None where there is nothing that this wire could carry: services refuse an empty message.
    fn assistant(&self, items: &[&Item], loops: Loop) -> Option<Value> {
        let mut texts = Vec::new();
        let mut calls = Vec::new();
        let mut kept = Map::new();
        for item in items {
            match item {
                Item::Assistant { text, .. } if !text.is_empty() => texts.push(text.as_str()),
                Item::Call { .. } => calls.extend(self.call(item)),
                Item::Thought { opaque, .. } => {
                    let model = &self.request.model.id;
                    if let Some(Value::Object(fields)) = conversation::kept(opaque, DIALECT, model)
                    {
                        kept.extend(fields.clone());
                    }
                }
                _ => {}
            }
        }
        if texts.is_empty() && calls.is_empty() {
            return None;
        }
        kept.retain(|name, _| self.goes_back(name, loops));
        // DeepSeek wants the field with every call, of another model's calls, too.
        if self.server == Server::DeepSeek
            && !calls.is_empty()
            && self.goes_back(REASONING_CONTENT, loops)
        {
            kept.entry(REASONING_CONTENT).or_insert_with(|| "".into());
        }
        let content = if texts.is_empty() { Value::Null } else { texts.join("\n\n").into() };
        let mut message = json!({ "role": "assistant", "content": content });
        if let Value::Object(fields) = &mut message {
            fields.extend(kept);
        }
        if !calls.is_empty() {
            message["tool_calls"] = calls.into();
        }
        Some(message)
    }

    fn goes_back(&self, field: &str, loops: Loop) -> bool {
        let is_text = field == REASONING_CONTENT || field == REASONING;
        let past = loops == Loop::Past && is_text;
        self.manners.back.contains(&field)
            && (!past || server::keeps_past_reasoning(self.request.model))
    }

    fn call(&self, item: &Item) -> Option<Value> {
        let Item::Call { call, tool, arguments, opaque } = item else { return None };
        let mut sent = json!({
            "id": self.ids.sent(&call.0),
            "type": "function",
            "function": { "name": tool, "arguments": conversation::arguments_text(arguments) },
        });
        // Gemini's signature of the thought that led to the call.
        if let Some(extra) = conversation::kept(opaque, DIALECT, &self.request.model.id) {
            sent["extra_content"] = extra.clone();
        }
        Some(sent)
    }
}

#[cfg(test)]
mod tests;
