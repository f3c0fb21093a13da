//! Trouble as a sentence with a hint. Foreign text in it has no control characters and no key.

use super::Request;
use super::decoder::SHOWN_CHARS_MAX;
use super::meaning::{self, Meaning};
use super::trouble::{Certificate, Refusal, ServiceError, Trouble};
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
        let config = |message, hint: &str| failure(FailureKind::Config, message, hint);
        match trouble {
            Trouble::Unsendable(why) => config(
                format!("no request can be made to {name}: {}", self.clean(why)),
                &format!("check the service's base_url ({url}) and {}", self.key_source()),
            ),
            Trouble::NoCertificates(why) => config(
                format!("the certificates to trust cannot be had: {}", self.clean(why)),
                "set network.ca_file to a file of certificates in PEM",
            ),
            Trouble::Refused => {
                provider(format!("nothing answers at {url}"), "is the server running?")
            }
            Trouble::Nameless(why) => provider(
                format!("the name in {url} is not known here: {}", self.clean(why)),
                "check the network and the service's base_url",
            ),
            Trouble::Certificate(why) => self.certificate(why, &url),
            Trouble::Proxy(why) => provider(
                format!("no connection to {url} through the proxy: {}", self.clean(why)),
                "check HTTPS_PROXY, ALL_PROXY and NO_PROXY",
            ),
            Trouble::ProxyLogin => proxy_login(),
            Trouble::Unreachable(why) => provider(
                format!("no connection to {url}: {}", self.clean(why)),
                "check the network and the service's base_url",
            ),
            Trouble::Silent(after) => provider(
                format!("{name} sent nothing for {} s", after.as_secs_f64().ceil()),
                "the service may be overloaded; try again, choose another model, or raise \
                 network.first_byte and network.idle",
            ),
            Trouble::Endless(after) => provider(
                format!("the reply of {name} was not whole after {} s", after.as_secs_f64().ceil()),
                "ask for less at a time, or raise network.total",
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
            Trouble::TooLarge => provider(
                format!("the reply of {name} is larger than any reply may be"),
                "ask for less at a time",
            ),
            Trouble::Status(refusal) => self.refused(refusal),
        }
    }

    fn certificate(&self, why: &Certificate, url: &str) -> Failure {
        match why {
            Certificate::Unknown => failure(
                FailureKind::Config,
                format!("the certificate of {url} is signed by nobody whom this machine trusts"),
                "if it is your own or your company's, set network.ca_file to the authority's \
                 certificate (PEM)",
            ),
            Certificate::Invalid(why) => failure(
                FailureKind::Provider,
                format!("the certificate of {url} is not valid: {}", self.clean(why)),
                "check the service's base_url and this machine's clock",
            ),
            Certificate::NoTls => failure(
                FailureKind::Config,
                format!("what listens at {url} does not speak TLS"),
                "check the service's base_url: is it http:// rather than https://?",
            ),
        }
    }

    fn refused(&self, refusal: &Refusal) -> Failure {
        let (name, status) = (&self.service.name, refusal.status);
        let said = self.said(&refusal.error);
        let url = self.clean(&self.service.base_url);
        let model = self.clean(&self.request.model.id);
        let later = later(refusal);
        let of = |kind, message, hint: &str| failure(kind, message, hint);
        use FailureKind::{Config, Provider};
        match meaning::of(refusal) {
            Meaning::Overflow(excess) => self.overflow(excess, &refusal.error),
            Meaning::Quota => of(
                Provider,
                format!("the quota or the credit at {name} is used up ({status}){said}"),
                "see its billing page, or choose a model of another service",
            ),
            Meaning::Key | Meaning::Forbidden => self.credentials(status, &said),
            Meaning::Place => of(
                Provider,
                format!("{name} is not offered where you are ({status}){said}"),
                "choose a model of another service",
            ),
            Meaning::Filtered => of(
                Provider,
                format!("the content filter of {name} refused the prompt ({status}){said}"),
                "rephrase the request, or choose another model",
            ),
            Meaning::Model => of(
                Config,
                format!("{name} knows no model {model} ({status}){said}"),
                "check the model's id in the configuration",
            ),
            Meaning::Wire => of(
                Config,
                format!("{name} serves {model} over another API ({status}){said}"),
                "set `api` of the model, such as api = \"openai-responses\"",
            ),
            Meaning::Path => of(
                Config,
                format!("{url} serves no models ({status}){said}"),
                "check the service's base_url and api",
            ),
            Meaning::Redirect => of(
                Config,
                format!("{url} redirects elsewhere ({status}){said}"),
                "set the service's base_url to where it redirects to",
            ),
            Meaning::ProxyLogin => proxy_login(),
            Meaning::Form => of(
                Provider,
                format!("{name} does not take the request ({status}){said}"),
                "check the service's api, and the model's output, efforts and thinking in the \
                 configuration",
            ),
            Meaning::Rate => {
                of(Provider, format!("{name} limits the rate of requests (429){said}"), &later)
            }
            Meaning::Overloaded => {
                of(Provider, format!("{name} is overloaded ({status}){said}"), &later)
            }
            Meaning::Unavailable => {
                of(Provider, format!("{name} is not available ({status}){said}"), &later)
            }
            Meaning::TimedOut => {
                of(Provider, format!("{name} took too long ({status}){said}"), &later)
            }
            Meaning::Broken => of(Provider, format!("{name} failed ({status}){said}"), &later),
            Meaning::Other => {
                of(Provider, format!("{name} refused the request ({status}){said}"), &later)
            }
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

    fn overflow(&self, excess: Option<Excess>, error: &ServiceError) -> Failure {
        let model = self.clean(&self.request.model.id);
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

fn proxy_login() -> Failure {
    failure(
        FailureKind::Config,
        "the proxy wants a name and a password (407)".to_owned(),
        "set HTTPS_PROXY (HTTP_PROXY for http://) to http://NAME:PASSWORD@HOST:PORT",
    )
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
        let told = tell(&status(418, &json!({"message": "a\u{1b}[31m\r\n\u{9b}b \u{202e}c"})), 1);
        assert_eq!(
            told,
            "Provider: acme refused the request (418): a [31m b c [try again later, or choose another model]"
        );
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
            "Provider: acme sent nothing for 300 s (2 requests were made) [the service may be overloaded; try again, choose another model, or raise network.first_byte and network.idle]",
            "Provider: the reply of acme broke off: connection reset by peer (6 requests were made) [try again]",
            "Provider: the stream of acme holds what is no JSON: {\"choices (3 requests were made) [check the service's api, and what stands between here and http://127.0.0.1:9/v1]",
            "Config: acme knows no model acme-1 (404): model \"acme-1\" not found [check the model's id in the configuration]",
            "Config: http://127.0.0.1:9/v1 serves no models (404): Not Found [check the service's base_url and api]",
            "Provider: the quota or the credit at acme is used up (429): pay [see its billing page, or choose a model of another service]",
            "Provider: acme is overloaded (529): Overloaded (6 requests were made) [try again later, or choose another model]",
            "Provider: acme failed (500): oops (6 requests were made) [try again later, or choose another model]",
        ];
        assert_eq!(lines, expected);
    }
}
