//! What Gemini says when it says no.

use crate::scripted::refusal::Refusal;
use serde_json::{Value, json};

const TYPES: &str = "type.googleapis.com/google.rpc";

/// The wait stands beside the error, not in a header. Its text is in seconds, without a unit.
pub(in crate::scripted) fn refused(refusal: &Refusal, retry_after: Option<&str>) -> Value {
    let mut details = Vec::new();
    if let Some(reason) = &refusal.code {
        details.push(json!({ "@type": format!("{TYPES}.ErrorInfo"), "reason": reason,
            "domain": "googleapis.com" }));
    }
    if let Some(seconds) = retry_after {
        details.push(json!({ "@type": format!("{TYPES}.RetryInfo"),
            "retryDelay": format!("{seconds}s") }));
    }
    let mut error = json!({
        "code": refusal.status, "message": refusal.message, "status": word(refusal.status),
    });
    if !details.is_empty() {
        error["details"] = details.into();
    }
    json!({ "error": error })
}

pub(in crate::scripted) fn invalid_key(key: Option<&str>) -> Refusal {
    match key {
        Some(_) => Refusal::new(400, "API key not valid. Please pass a valid API key.")
            .coded("API_KEY_INVALID"),
        None => Refusal::new(
            403,
            "Method doesn't allow unregistered callers (callers without established identity). \
             Please use API Key or other form of API consumer identity to call this API.",
        ),
    }
}

fn word(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        503 | 529 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        400..=499 => "INVALID_ARGUMENT",
        _ => "UNKNOWN",
    }
}
