//! What a refusal means, whatever the words and the status that a service chose for it.

use super::overflow;
use super::trouble::{Refusal, ServiceError};
use crate::protocol::Excess;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The conversation does not fit the window, or not into a request at all.
    Overflow(Option<Excess>),
    /// The money or the quota is gone: no wait helps.
    Quota,
    Key,
    Forbidden,
    /// The service is not offered where the user is.
    Place,
    /// The prompt was refused for its content.
    Filtered,
    /// There is no such model.
    Model,
    /// The model is there, behind another wire format.
    Wire,
    /// Nothing is served at this address.
    Path,
    Redirect,
    ProxyLogin,
    /// The request is not as the service wants it.
    Form,
    Rate,
    Overloaded,
    /// It has lost its way to the model, or none is up.
    Unavailable,
    TimedOut,
    Broken,
    Other,
}

const QUOTA_WORDS: [&str; 8] = [
    "insufficient_quota",
    "quota_exceeded",
    "billing_error",
    "billing_hard_limit_reached",
    "billing_not_active",
    "exceeded_current_quota_error",
    "insufficient_balance",
    "insufficient_credits",
];
const QUOTA_PHRASES: [&str; 4] = [
    "credit balance is too low",
    "insufficient balance",
    "insufficient credits",
    "requires more credits",
];
const FILTER_WORDS: [&str; 4] =
    ["content_filter", "content_policy_violation", "invalid_prompt", "bio_policy"];
const PLACE_PHRASES: [&str; 2] = ["location is not supported", "country, region, or territory"];

pub(super) fn of(refusal: &Refusal) -> Meaning {
    let error = &refusal.error;
    let message = error.message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| error.says(word));
    let holds = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    match refusal.status {
        300..=399 => return Meaning::Redirect,
        407 => return Meaning::ProxyLogin,
        _ => {}
    }
    if says(&QUOTA_WORDS) || holds(&QUOTA_PHRASES) || refusal.status == 402 {
        return Meaning::Quota;
    }
    let excess = overflow::read(error);
    match refusal.status {
        413 => Meaning::Overflow(excess.flatten()),
        400 | 422 | 429 | 500 if excess.is_some() => Meaning::Overflow(excess.flatten()),
        400..=499 if holds(&PLACE_PHRASES) => Meaning::Place,
        400 | 403 if says(&FILTER_WORDS) => Meaning::Filtered,
        400..=499 if says(&["unsupported_api_for_model"]) => Meaning::Wire,
        401 => Meaning::Key,
        400 if says(&["API_KEY_INVALID"]) || message.contains("api key not valid") => Meaning::Key,
        403 => Meaning::Forbidden,
        400 if says(&["model_not_found"]) => Meaning::Model,
        404 if is_of_model(error, &message) => Meaning::Model,
        404 | 405 => Meaning::Path,
        400 | 422 => Meaning::Form,
        429 => Meaning::Rate,
        529 => Meaning::Overloaded,
        408 | 504 => Meaning::TimedOut,
        502 | 503 => Meaning::Unavailable,
        500..=599 => Meaning::Broken,
        _ => Meaning::Other,
    }
}

fn is_of_model(error: &ServiceError, message: &str) -> bool {
    let words = ["model_not_found", "not_found_error", "DeploymentNotFound"];
    let is_page = message.trim_start().starts_with('<');
    words.iter().any(|word| error.says(word))
        || (!is_page && (message.contains("model") || message.contains("endpoints found")))
}
