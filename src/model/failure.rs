//! Trouble as a sentence with a hint. Foreign text in it has no control characters and no key.

use super::Request;
use super::decoder::SHOWN_CHARS_MAX;
use super::trouble::{Refusal, ServiceError, Trouble};
use crate::protocol::{Excess, Failure, FailureKind, Secret, Service};

/// Characters of a service's own message that are shown.
const MESSAGE_CHARS_MAX: usize = 400;
/// A word that begins like the key, with as many characters, is taken for a part of it.
const KEY_PREFIX_CHARS: usize = 6;
/// What is shorter is no secret but a word that a local server is content with.
const KEY_CHARS_MIN: usize = 12;

pub(super) struct Teller<'a> {
    pub service: &'a Service,
    pub request: &'a Request<'a>,
}

impl Teller<'_> {
    /// `requests` is how many were made; 0 or 1 is not worth a word.
    pub(super) fn failure(&self, trouble: &Trouble, requests: u32) -> Failure {
        let mut failure = self.sentence(trouble);
        if requests > 1 {
            failure.message.push_str(&format!(" ({requests} requests were made)"));
        }
        failure
    }

    fn sentence(&self, trouble: &Trouble) -> Failure {
        let name = &self.service.name;
        let url = self.clean(&self.service.base_url);
        let provider = |message, hint: &str| failure(FailureKind::Provider, message, hint);
        match trouble {
            Trouble::Unsendable(why) => failure(
                FailureKind::Config,
                format!("no request can be made to {name}: {}", self.clean(why)),
                &format!("check the service's base_url ({url}) and {}", self.key_source()),
            ),
            Trouble::Refused => {
                provider(format!("nothing answers at {url}"), "is the server running?")
            }
            Trouble::Unreachable(why) => provider(
                format!("no connection to {url}: {}", self.clean(why)),
                "check the network and the service's base_url",
            ),
            Trouble::Silent(after) => provider(
                format!("{name} sent nothing for {} s", after.as_secs_f64().ceil()),
                "the service may be overloaded; try again, or choose another model",
            ),
            Trouble::Cut(why) => {
                provider(format!("the reply of {name} broke off: {}", self.clean(why)), "try again")
            }
            Trouble::NotStream(start) => provider(
                format!("{name} sent what is no reply of a model: {}", self.clip(start)),
                &format!("check the service's base_url ({url}) and api"),
            ),
            Trouble::BadJson(start) => provider(
                format!("the stream of {name} holds what is no JSON: {}", self.clip(start)),
                &format!("check the service's api, and what stands between here and {url}"),
            ),
            Trouble::BadCall(why) => provider(
                format!("the model of {name} made a call that cannot be read: {}", self.clip(why)),
                "try again, or choose another model",
            ),
            Trouble::TooLarge => {
                provider(format!("the reply of {name} is larger than any reply may be"), "")
            }
            Trouble::Status(refusal) => self.refused(refusal),
        }
    }

    fn refused(&self, refusal: &Refusal) -> Failure {
        let (name, status) = (&self.service.name, refusal.status);
        let said = self.said(&refusal.error);
        let url = self.clean(&self.service.base_url);
        let provider = |message, hint: &str| failure(FailureKind::Provider, message, hint);
        match status {
            400 | 413 | 422 | 500 if status == 413 || is_overflow(&refusal.error) => {
                self.overflow(&refusal.error)
            }
            401 | 403 => self.credentials(status, &said),
            400 if refusal.error.says("API_KEY_INVALID") => self.credentials(status, &said),
            402 => provider(
                format!("{name} wants to be paid first (402){said}"),
                "see its billing page",
            ),
            404 if speaks_of_model(&refusal.error) => failure(
                FailureKind::Config,
                format!("{name} knows no model {}{said}", self.clean(&self.request.model.id)),
                "check the model's id in the configuration",
            ),
            404 | 405 => failure(
                FailureKind::Config,
                format!("{url} serves no models ({status}){said}"),
                "check the service's base_url and api",
            ),
            429 if refusal.error.says("insufficient_quota") => {
                provider(format!("the quota of {name} is used up{said}"), "see its billing page")
            }
            429 => {
                provider(format!("{name} limits the rate of requests (429){said}"), &later(refusal))
            }
            529 => provider(format!("{name} is overloaded (529){said}"), &later(refusal)),
            300..=399 => failure(
                FailureKind::Config,
                format!("{url} redirects elsewhere ({status})"),
                "set the service's base_url to where it redirects to",
            ),
            500..=599 => provider(format!("{name} failed ({status}){said}"), &later(refusal)),
            _ => provider(format!("{name} refused the request ({status}){said}"), ""),
        }
    }

    fn credentials(&self, status: u16, said: &str) -> Failure {
        let name = &self.service.name;
        let message = match (status, &self.service.key) {
            (_, None) => format!("{name} wants a key, and none is set{said}"),
            (400 | 401, Some(_)) => format!("{name} refused the key ({status}){said}"),
            _ => format!("{name} does not allow this ({status}){said}"),
        };
        let hint = match &self.service.key {
            None => format!("set {}", self.key_source()),
            Some(_) => format!("check {}", self.key_source()),
        };
        failure(FailureKind::Credentials, message, &hint)
    }

    fn key_source(&self) -> String {
        self.service.key_source.clone().unwrap_or_else(|| "the service's key".to_owned())
    }

    fn overflow(&self, error: &ServiceError) -> Failure {
        let model = self.clean(&self.request.model.id);
        let excess = error.overflow.or_else(|| overflow_in(&error.message));
        let message = match excess {
            Some(Excess { tokens, window }) => format!(
                "the conversation no longer fits the window of {model}: {tokens} tokens, {window} fit"
            ),
            None => {
                format!("the conversation no longer fits the window of {model}{}", self.said(error))
            }
        };
        failure(
            FailureKind::Overflow { excess },
            message,
            "start a new session, or choose a model with a larger window",
        )
    }

    /// `: what the service said`, or nothing.
    fn said(&self, error: &ServiceError) -> String {
        let message = error.message.trim_start();
        let text = match message {
            "" if error.code.is_empty() => self.clean(&error.kind),
            "" => self.clean(&error.code),
            // A page for browsers: its beginning is enough to know whose it is.
            page if page.starts_with('<') => self.clip(page),
            text => self.clean(text),
        };
        if text.is_empty() { String::new() } else { format!(": {text}") }
    }

    fn clean(&self, text: &str) -> String {
        clean(&self.without_key(text), MESSAGE_CHARS_MAX)
    }

    fn clip(&self, text: &str) -> String {
        clean(&self.without_key(text), SHOWN_CHARS_MAX)
    }

    /// Some services repeat the key that they refuse, or its beginning.
    fn without_key(&self, text: &str) -> String {
        let Some(key) = self.service.key.as_ref().map(Secret::reveal) else { return text.into() };
        if key.chars().count() < KEY_CHARS_MIN {
            return text.to_owned();
        }
        let start: String = key.chars().take(KEY_PREFIX_CHARS).collect();
        let text = text.replace(key, "(the key)");
        let words =
            text.split(' ').map(|word| if word.contains(&start) { "(the key)" } else { word });
        words.collect::<Vec<_>>().join(" ")
    }
}

fn failure(kind: FailureKind, message: String, hint: &str) -> Failure {
    Failure { kind, message, hint: (!hint.is_empty()).then(|| hint.to_owned()) }
}

fn later(refusal: &Refusal) -> String {
    match refusal.retry_after {
        Some(wait) if wait.as_secs() > 0 => {
            format!("it asks to wait {} s; or choose another model", wait.as_secs())
        }
        _ => "try again later, or choose another model".to_owned(),
    }
}

/// One line without control and direction characters, of at most so many characters.
fn clean(text: &str, chars_max: usize) -> String {
    let hidden = |char: char| matches!(char, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let spaced: String = text
        .chars()
        .map(|char| if char.is_control() || char.is_whitespace() { ' ' } else { char })
        .filter(|char| !hidden(*char))
        .collect();
    let line = spaced.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if line.chars().count() <= chars_max {
        return line;
    }
    line.chars().take(chars_max).chain(['…']).collect()
}

fn speaks_of_model(error: &ServiceError) -> bool {
    error.says("model_not_found")
        || error.says("not_found_error")
        || error.message.to_lowercase().contains("model")
}

fn is_overflow(error: &ServiceError) -> bool {
    let message = error.message.to_lowercase();
    let phrases = [
        "prompt is too long",
        "maximum context length",
        "exceed context limit",
        "exceeds the available context",
        "context window",
        "context size",
        "context length",
        "input is too long",
        "input token count",
        "too many tokens",
    ];
    error.overflow.is_some()
        || error.says("context_length_exceeded")
        || error.says("exceed_context_size_error")
        || error.says("request_too_large")
        || phrases.iter().any(|phrase| message.contains(phrase))
}

/// Tokens and window, where a message names exactly two numbers that could be them.
fn overflow_in(message: &str) -> Option<Excess> {
    const WINDOW_MIN: u64 = 256;
    let digits = |char: char| !char.is_ascii_digit() && char != ',';
    let numbers = message.split(digits).filter_map(|word| word.replace(',', "").parse().ok());
    let mut numbers: Vec<u64> = numbers.filter(|number| *number >= WINDOW_MIN).collect();
    numbers.sort_unstable();
    numbers.dedup();
    match numbers[..] {
        [window, tokens] => Some(Excess { tokens, window }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Api, ModelSpec};
    use serde_json::{Value, json};

    fn tell(trouble: &Trouble, requests: u32) -> String {
        let service = Service {
            name: "acme".into(),
            api: Api::OpenaiChat,
            base_url: "http://127.0.0.1:9/v1".into(),
            key: Some(Secret::new("sk-abcdef123456".into())),
            key_source: Some("ACME_API_KEY".into()),
        };
        let model = ModelSpec::plain("m", "acme-1", "acme", 8192, 100);
        let request = Request {
            model: &model,
            system: "",
            tools: &[],
            items: &[],
            output_tokens_max: 100,
            effort: None,
            verbosity: None,
            cache_key: "",
        };
        let told = Teller { service: &service, request: &request }.failure(trouble, requests);
        format!("{:?}: {} [{}]", told.kind, told.message, told.hint.unwrap_or_default())
    }

    fn status(status: u16, error: &Value) -> Trouble {
        let error = ServiceError::read(&json!({ "error": error })).expect("an error");
        Trouble::Status(Refusal { status, error, ..Refusal::default() })
    }

    #[test]
    fn a_refused_key_is_named_by_its_source_and_never_shown() {
        let error =
            json!({"message": "Incorrect API key: sk-abcdef123456. See sk-abc********3456"});
        let told = tell(&status(401, &error), 1);
        assert_eq!(
            told,
            "Credentials: acme refused the key (401): Incorrect API key: (the key). See (the key) \
             [check ACME_API_KEY]"
        );
        assert!(!told.contains("sk-abcdef"), "{told}");
    }

    #[test]
    fn overflow_names_the_numbers_where_they_are_given() {
        let expected = "Overflow { excess: Some(Excess { tokens: 44055, window: 8192 }) }: the \
                        conversation no longer fits the window of acme-1: 44055 tokens, 8192 fit";
        let fields = json!({"type": "exceed_context_size_error", "n_prompt_tokens": 44055,
            "n_ctx": 8192, "message": "x"});
        assert!(tell(&status(400, &fields), 1).starts_with(expected));
        let prose = json!({"message": "This model's maximum context length is 8,192 tokens. \
            However, your messages resulted in 44055 tokens."});
        assert!(tell(&status(400, &prose), 1).starts_with(expected));
        let none = json!({"code": "context_length_exceeded", "message": "too much"});
        assert!(tell(&status(400, &none), 1).contains("window of acme-1: too much"));
    }

    #[test]
    fn foreign_text_comes_without_control_characters() {
        let told = tell(&status(400, &json!({"message": "a\u{1b}[31m\r\n\u{9b}b \u{202e}c"})), 1);
        assert_eq!(told, "Provider: acme refused the request (400): a [31m b c []");
        let page = format!("<html>\u{7}{}", "x".repeat(500));
        let told = tell(&Trouble::NotStream(page), 1);
        assert!(told.contains("<html> xxx") && told.chars().count() < 250, "{told}");
    }

    #[test]
    fn each_trouble_has_its_sentence() {
        let lines = [
            tell(&Trouble::Refused, 3),
            tell(&Trouble::Silent(std::time::Duration::from_secs(300)), 2),
            tell(&Trouble::Cut("connection reset by peer".into()), 6),
            tell(&Trouble::BadJson("{\"choices".into()), 3),
            tell(&status(404, &json!({"message": "model \"acme-1\" not found"})), 1),
            tell(&status(404, &json!({"message": "Not Found"})), 1),
            tell(&status(429, &json!({"code": "insufficient_quota", "message": "pay"})), 1),
            tell(&status(529, &json!({"type": "overloaded_error", "message": "Overloaded"})), 6),
            tell(&status(500, &json!("oops")), 6),
        ];
        let expected = [
            "Provider: nothing answers at http://127.0.0.1:9/v1 (3 requests were made) [is the server running?]",
            "Provider: acme sent nothing for 300 s (2 requests were made) [the service may be overloaded; try again, or choose another model]",
            "Provider: the reply of acme broke off: connection reset by peer (6 requests were made) [try again]",
            "Provider: the stream of acme holds what is no JSON: {\"choices (3 requests were made) [check the service's api, and what stands between here and http://127.0.0.1:9/v1]",
            "Config: acme knows no model acme-1: model \"acme-1\" not found [check the model's id in the configuration]",
            "Config: http://127.0.0.1:9/v1 serves no models (404): Not Found [check the service's base_url and api]",
            "Provider: the quota of acme is used up: pay [see its billing page]",
            "Provider: acme is overloaded (529): Overloaded (6 requests were made) [try again later, or choose another model]",
            "Provider: acme failed (500): oops (6 requests were made) [try again later, or choose another model]",
        ];
        assert_eq!(lines, expected);
    }
}
