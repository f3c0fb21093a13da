//! GitHub Copilot: one service that speaks three wires, each model its own, under one key.

mod device;

use super::Request;
use super::dialect::{self, Decode, Dialect, secret};
use super::trouble::Trouble;
use crate::protocol::{Api, Item, Service, UserKind};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::Value;

pub use device::{DeviceAnswer, DeviceCode, DeviceLogin, copilot_address};

/// What Copilot refuses in a body, unless it is false.
const REFUSED: [&str; 3] = ["service_tier", "previous_response_id", "store"];

pub(super) struct Copilot;

impl Dialect for Copilot {
    fn path(&self, service: &Service, request: &Request<'_>) -> String {
        let path = wire(request).path(service, request);
        // Of the three this one alone has a version.
        if api(request) == Api::Anthropic { format!("v1/{path}") } else { path }
    }

    fn headers(
        &self,
        service: &Service,
        request: &Request<'_>,
        headers: &mut HeaderMap,
    ) -> Result<(), Trouble> {
        wire(request).headers(&Service { key: None, ..service.clone() }, request, headers)?;
        if let Some(key) = &service.key {
            headers.insert(AUTHORIZATION, secret(key, "Bearer ")?);
        }
        headers.insert("openai-intent", HeaderValue::from_static("conversation-edits"));
        headers.insert("x-initiator", HeaderValue::from_static(initiator(request.items)));
        Ok(())
    }

    fn body(&self, service: &Service, request: &Request<'_>) -> Value {
        let effort = request.effort.and_then(|effort| request.model.effort(effort));
        let mut body = wire(request).body(service, &Request { effort, ..*request });
        strip(&mut body);
        body
    }

    fn decoder(&self, service: &Service, request: &Request<'_>) -> Box<dyn Decode> {
        wire(request).decoder(service, request)
    }
}

/// The wire of this model, which is never Copilot itself.
fn api(request: &Request<'_>) -> Api {
    request.model.api.filter(|api| *api != Api::Copilot).unwrap_or(Api::OpenaiChat)
}

fn wire(request: &Request<'_>) -> &'static dyn Dialect {
    dialect::of(api(request))
}

fn strip(body: &mut Value) {
    if let Value::Object(fields) = body {
        fields.retain(|name, value| !REFUSED.contains(&name.as_str()) || *value == false);
    }
    if let Some(tools) = body.get_mut("tools").and_then(Value::as_array_mut) {
        tools.retain(|tool| tool.get("type").is_none_or(|kind| kind != "image_generation"));
    }
}

/// Whose turn it is, by which Copilot bills: `user` for the first request after a prompt, `agent`
/// for what follows from it.
fn initiator(items: &[Item]) -> &'static str {
    let prompt = |item: &Item| matches!(item, Item::User { kind: UserKind::Prompt, .. });
    let turn = items.iter().rposition(prompt).map_or(items, |at| &items[at..]);
    let worked = |item: &Item| {
        matches!(item, Item::Call { .. } | Item::Result { .. } | Item::Assistant { .. })
    };
    if turn.iter().any(worked) { "agent" } else { "user" }
}

#[cfg(test)]
mod tests;
