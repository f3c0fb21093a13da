//! What a service says when it says no, in the shape of each.

use super::gemini;
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Responses,
    Chat,
    Messages,
    Gemini,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Reply,
    /// Only the prompt's tokens.
    Count,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub status: u16,
    /// OpenAI's `code`, Google's `reason`, and Anthropic's `type` where a script sets it.
    pub code: Option<String>,
    /// OpenAI's `param`: what is wrong.
    pub param: Option<String>,
    pub message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, code: None, param: None, message: message.into() }
    }

    pub(super) fn invalid(param: &str, message: impl Into<String>) -> Self {
        Self { param: Some(param.to_owned()), ..Self::new(400, message) }
    }

    pub(super) fn coded(self, code: &str) -> Self {
        Self { code: Some(code.to_owned()), ..self }
    }

    pub(super) fn body(&self, wire: Wire) -> Value {
        match wire {
            Wire::Responses | Wire::Chat => json!({ "error": {
                "message": self.message,
                "type": self.code.as_deref().filter(|code| *code == "insufficient_quota")
                    .unwrap_or_else(|| chat_type(self.status)),
                "param": self.param,
                "code": self.code,
            } }),
            Wire::Messages => json!({
                "type": "error",
                "error": {
                    "type": self.code.as_deref().unwrap_or_else(|| messages_type(self.status)),
                    "message": self.message,
                },
                "request_id": "req_scripted",
            }),
            Wire::Gemini => gemini::refused(self, None),
        }
    }
}

fn chat_type(status: u16) -> &'static str {
    match status {
        429 => "requests",
        500..=599 => "server_error",
        _ => "invalid_request_error",
    }
}

fn messages_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        500..=599 => "api_error",
        _ => "invalid_request_error",
    }
}
