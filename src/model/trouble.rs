//! What can go wrong with one request, as values that `retry` and `failure` branch on.

use super::sse::TooLarge;
use crate::protocol::Excess;
use serde_json::Value;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Trouble {
    /// It could not even be sent: an address or a key that no request can carry.
    Unsendable(String),
    /// The certificates that the user names cannot be had: a sentence.
    NoCertificates(String),
    /// Nobody listens there.
    Refused,
    /// The service's name is not known.
    Nameless(String),
    /// No connection because of the service's certificate.
    Certificate(Certificate),
    /// No connection through the proxy.
    Proxy(String),
    /// The proxy wants a name and a password.
    ProxyLogin,
    /// No connection for another reason: route, TLS, timeout.
    Unreachable(String),
    /// Nothing came for as long as this.
    Silent(Duration),
    /// The reply was not whole after as long as this, though it kept coming.
    Endless(Duration),
    /// The service said no: by its HTTP status, or in the stream by an error that means the same.
    Status(Refusal),
    /// The stream broke off before its end.
    Cut(String),
    /// A reply that is neither an event stream nor JSON; how it begins.
    NotStream(String),
    /// An event in the stream that is no JSON; how it begins.
    BadJson(String),
    /// The model made a call that its service itself could not read; what the service says of it.
    BadCall(String),
    TooLarge,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Certificate {
    /// Nobody whom this machine trusts has signed it.
    Unknown,
    /// It has expired, or is another host's.
    Invalid(String),
    /// There is none: what listens there does not speak TLS.
    NoTls,
}

impl From<TooLarge> for Trouble {
    fn from(TooLarge: TooLarge) -> Self {
        Trouble::TooLarge
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Refusal {
    pub status: u16,
    pub error: ServiceError,
    /// What the service asks to wait.
    pub retry_after: Option<Duration>,
    /// What the service itself says of another try.
    pub should_retry: Option<bool>,
}

impl Refusal {
    pub(super) fn of_stream(error: ServiceError) -> Self {
        Self { status: error.status(), error, ..Self::default() }
    }
}

/// The error object of a service, in any of its spellings. Foreign text: not cleaned yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ServiceError {
    /// The service's `type`, at Google the reason or the status in a word, or empty.
    pub kind: String,
    /// The service's `code`: a word or a number, as text, or empty.
    pub code: String,
    pub message: String,
    /// Where the service gives the numbers of an overflow as such.
    pub overflow: Option<Excess>,
}

impl ServiceError {
    /// Reads `{"error": {…}}`, `{"error": "…"}`, `{"message": …}`, `{"detail": …}`, or one of these
    /// alone in an array. None: the value speaks of no error.
    pub(super) fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Array(items) => items.first().and_then(Self::read),
            Value::Object(object) => match object.get("error") {
                Some(Value::Null) | None => {
                    let text = object.get("message").or(object.get("detail"))?;
                    Some(Self { message: plain(text), ..Self::object(value) })
                }
                Some(error @ Value::Object(_)) => Some(Self::object(error)),
                Some(text) => Some(Self { message: plain(text), ..Self::object(value) }),
            },
            _ => None,
        }
    }

    fn object(error: &Value) -> Self {
        let word = |name: &str| error.get(name).map(plain).unwrap_or_default();
        let number = |name: &str| error.get(name).and_then(Value::as_u64);
        let known = |name| Some(word(name)).filter(|word: &String| !word.is_empty());
        let details = error.get("details").and_then(Value::as_array);
        let details = details.map(Vec::as_slice).unwrap_or_default();
        let status = || error.get("status").and_then(Value::as_str).map(str::to_owned);
        Self {
            kind: known("type").or_else(|| reason(details)).or_else(status).unwrap_or_default(),
            code: word("code"),
            message: word("message"),
            overflow: number("n_prompt_tokens")
                .zip(number("n_ctx"))
                .map(|(tokens, window)| Excess { tokens, window }),
        }
    }

    pub(super) fn says(&self, word: &str) -> bool {
        self.kind == word || self.code == word
    }

    /// The HTTP status that an error in a stream would have had.
    pub(super) fn status(&self) -> u16 {
        if let Ok(code @ 400..=599) = self.code.parse() {
            return code;
        }
        let meanings = [
            ("invalid_request_error", 400),
            ("context_length_exceeded", 400),
            ("invalid_prompt", 400),
            ("authentication_error", 401),
            ("billing_error", 402),
            ("permission_error", 403),
            ("not_found_error", 404),
            ("request_too_large", 413),
            ("rate_limit_error", 429),
            ("rate_limit_exceeded", 429),
            ("insufficient_quota", 429),
            ("timeout_error", 504),
            ("overloaded_error", 529),
            ("content_filter", 400),
        ];
        meanings.iter().find(|(word, _)| self.says(word)).map_or(500, |(_, status)| *status)
    }
}

/// What Google asks to wait, in a detail of its error and not in a header: `37s`.
pub(super) fn retry_delay(value: &Value) -> Option<Duration> {
    let value = value.get(0).unwrap_or(value);
    let mut details = value.pointer("/error/details")?.as_array()?.iter();
    let delay = details.find_map(|detail| detail.get("retryDelay")?.as_str())?;
    Duration::try_from_secs_f64(delay.strip_suffix('s')?.parse().ok()?).ok()
}

/// Of Google's details: that the quota of a day is used up, which no short wait helps, or the reason
/// in a word.
fn reason(details: &[Value]) -> Option<String> {
    let words = |name: &'static str| details.iter().filter_map(move |detail| detail.get(name));
    let violations = words("violations").filter_map(Value::as_array).flatten();
    let mut quotas = violations.filter_map(|one| one.get("quotaId")?.as_str());
    if quotas.any(|quota| quota.contains("PerDay")) {
        return Some("insufficient_quota".to_owned());
    }
    words("reason").find_map(Value::as_str).map(str::to_owned)
}

/// A string as it is, null as nothing, anything else as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_spelling_of_an_error_is_read() {
        let message = |value| ServiceError::read(&value).map(|error| error.message);
        assert_eq!(message(json!({"error": {"message": "m", "code": 400}})), Some("m".into()));
        assert_eq!(message(json!({"error": "m"})), Some("m".into()));
        assert_eq!(message(json!({"detail": "m"})), Some("m".into()));
        assert_eq!(message(json!([{"error": {"message": "m"}}])), Some("m".into()));
        assert_eq!(message(json!({"choices": [], "error": null})), None);
    }

    #[test]
    fn an_error_in_a_stream_has_the_status_it_would_have_had() {
        let status = |value| ServiceError::read(&value).expect("an error").status();
        assert_eq!(status(json!({"error": {"type": "overloaded_error"}})), 529);
        assert_eq!(status(json!({"error": {"code": 502}})), 502);
        assert_eq!(status(json!({"error": {"code": "rate_limit_exceeded"}})), 429);
        assert_eq!(status(json!({"error": "broken"})), 500);
    }

    #[test]
    fn google_says_beside_its_error_why_and_how_long_to_wait() {
        let quota = |id: &str| {
            let error = json!({"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED",
            "details": [
                {"@type": "type.googleapis.com/google.rpc.QuotaFailure",
                    "violations": [{"quotaId": id}]},
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37.5s"},
            ]}});
            (retry_delay(&error), ServiceError::read(&error).expect("an error"))
        };
        let (delay, error) = quota("GenerateRequestsPerMinutePerProjectPerModel");
        assert_eq!((error.kind.as_str(), error.status()), ("RESOURCE_EXHAUSTED", 429));
        assert_eq!(delay, Some(Duration::from_millis(37_500)));
        let (_, error) = quota("GenerateRequestsPerDayPerProjectPerModel");
        assert!(error.says("insufficient_quota"));
        let key = json!({"error": {"code": 400, "status": "INVALID_ARGUMENT",
            "details": [{"reason": "API_KEY_INVALID"}]}});
        assert!(ServiceError::read(&key).expect("an error").says("API_KEY_INVALID"));
    }

    #[test]
    fn llama_gives_the_numbers_of_an_overflow() {
        let error = json!({"error": {"code": 400, "type": "exceed_context_size_error",
            "n_prompt_tokens": 44055, "n_ctx": 8192, "message": "too long"}});
        let error = ServiceError::read(&error).expect("an error");
        assert_eq!(error.overflow, Some(Excess { tokens: 44_055, window: 8_192 }));
    }
}
