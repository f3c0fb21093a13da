//! What is replied to a request: the script as it goes on, and what the requests were. No I/O.

use super::given::{Asked, Given, Thought};
use super::prompts::Prompts;
use super::refusal::{Purpose, Refusal, Wire};
use super::script::{Fault, RetryAfter, Script, Scripted};
use super::stream::{Say, Stream, play};
use super::{chat, gemini, messages, responses};
use crate::protocol::Usage;
use serde_json::{Value, json};

/// Requests that are remembered.
const RECORDED_MAX: usize = 10_000;
const PAGE: &str = "<!doctype html>\n<html><head><title>Welcome</title></head>\n\
                    <body><h1>It works!</h1></body></html>\n";

/// A request as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// With the query.
    pub path: String,
    /// Without those that carry a key.
    pub headers: Vec<(String, String)>,
    /// Null where it was no JSON.
    pub body: Value,
    /// Of the response.
    pub status: u16,
    /// What the response reported; nothing where it was no reply.
    pub usage: Usage,
}

pub(super) struct Incoming {
    pub wire: Wire,
    pub purpose: Purpose,
    pub path: String,
    pub headers: Vec<(String, String)>,
    /// From whichever header the wire has it in.
    pub key: Option<String>,
    pub body: Vec<u8>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Outgoing {
    Refused { refusal: Refusal, retry_after: Option<String> },
    Page { status: u16, text: &'static str },
    Counted(Value),
    Stream(Stream),
}

impl Outgoing {
    fn status(&self) -> u16 {
        match self {
            Outgoing::Refused { refusal, .. } => refusal.status,
            Outgoing::Page { status, .. } => *status,
            Outgoing::Counted(_) | Outgoing::Stream(_) => 200,
        }
    }
}

pub(super) struct Play {
    script: Script,
    /// The reply that comes next, from 0.
    next: usize,
    /// Replies that were begun.
    replies: u64,
    given: Given,
    prompts: Prompts,
    recorded: Vec<Recorded>,
    /// Requests to count.
    counted: Vec<Recorded>,
    mismatch: Option<String>,
}

impl Play {
    pub(super) fn new(script: Script) -> Self {
        Self {
            script,
            next: 0,
            replies: 0,
            given: Given::default(),
            prompts: Prompts::default(),
            recorded: Vec::new(),
            counted: Vec::new(),
            mismatch: None,
        }
    }

    pub(super) fn recorded(&self) -> Vec<Recorded> {
        self.recorded.clone()
    }

    pub(super) fn counted(&self) -> Vec<Recorded> {
        self.counted.clone()
    }

    pub(super) fn mismatch(&self) -> Option<String> {
        self.mismatch.clone()
    }

    pub(super) fn models(&self) -> Vec<String> {
        self.script.models.clone().unwrap_or_default()
    }

    /// Replies that were not played, a repeated one aside.
    pub(super) fn left(&self) -> usize {
        let left = self.script.replies.iter().skip(self.next);
        left.filter(|reply| !reply.repeat).count()
    }

    pub(super) fn answer(&mut self, incoming: Incoming) -> Outgoing {
        let body = serde_json::from_slice(&incoming.body).unwrap_or(Value::Null);
        let (outgoing, usage) = match self.admit(&incoming, &body) {
            Ok(asked) if incoming.purpose == Purpose::Count => counted(incoming.wire, &asked),
            Ok(asked) => self.reply(incoming.wire, &asked),
            Err(refusal) => (Outgoing::Refused { refusal, retry_after: None }, Usage::default()),
        };
        let recorded = match incoming.purpose {
            Purpose::Reply => &mut self.recorded,
            Purpose::Count => &mut self.counted,
        };
        if recorded.len() < RECORDED_MAX {
            let status = outgoing.status();
            let (path, headers) = (incoming.path, incoming.headers);
            recorded.push(Recorded { path, headers, body, status, usage });
        }
        outgoing
    }

    fn admit(&mut self, incoming: &Incoming, body: &Value) -> Result<Asked, Refusal> {
        if self.script.key.is_some() && incoming.key != self.script.key {
            let refused = |message: &str| Refusal::new(401, message);
            return Err(match incoming.wire {
                Wire::Responses | Wire::Chat => {
                    refused("Incorrect API key provided.").coded("invalid_api_key")
                }
                Wire::Messages => refused("invalid x-api-key"),
                Wire::Gemini => gemini::invalid_key(incoming.key.as_deref()),
            });
        }
        let checked = self.check(incoming, body);
        let asked = checked.map_err(|refusal| self.mismatched(refusal))?;
        match &self.script.models {
            Some(models) if !models.contains(&asked.model) => {
                Err(unknown_model(incoming.wire, &asked.model))
            }
            _ => Ok(asked),
        }
    }

    fn check(&self, incoming: &Incoming, body: &Value) -> Result<Asked, Refusal> {
        let (given, efforts) = (&self.given, self.script.efforts.as_deref());
        let version = |header: &(String, String)| header.0 == "anthropic-version";
        match (incoming.wire, incoming.purpose) {
            (Wire::Messages, _) if !incoming.headers.iter().any(version) => {
                Err(Refusal::new(400, "anthropic-version: header is required"))
            }
            (Wire::Responses, Purpose::Reply) => responses::check(body, given, efforts),
            (Wire::Responses, Purpose::Count) => responses::check_count(body, given, efforts),
            (Wire::Chat, _) => chat::check(body, given),
            (Wire::Messages, Purpose::Reply) => messages::check(body, given),
            (Wire::Messages, Purpose::Count) => messages::check_count(body, given),
            (Wire::Gemini, Purpose::Reply) => gemini::check(&incoming.path, body, given),
            (Wire::Gemini, Purpose::Count) => gemini::check_count(&incoming.path, body, given),
        }
    }

    fn mismatched(&mut self, refusal: Refusal) -> Refusal {
        let number = self.recorded.len() + 1;
        self.mismatch.get_or_insert_with(|| format!("request {number}: {}", refusal.message));
        refusal
    }

    fn reply(&mut self, wire: Wire, asked: &Asked) -> (Outgoing, Usage) {
        let refused =
            |refusal| (Outgoing::Refused { refusal, retry_after: None }, Usage::default());
        self.skip(asked);
        let played = self.next;
        let Some(reply) = self.script.replies.get(played).cloned() else {
            let why = format!("the script has no reply left: all {played} were played");
            return refused(self.mismatched(Refusal::new(400, why)));
        };
        if let Some(why) = unmet(&reply, asked) {
            let why = format!("reply {} of the script: {why}", played + 1);
            return refused(self.mismatched(Refusal::new(400, why)));
        }
        if !reply.repeat {
            self.next += 1;
        }
        match reply.fault {
            Some(Fault::Status(status)) => {
                let message = reply.message.clone().unwrap_or_else(|| said_by(status).to_owned());
                let refusal = Refusal { code: reply.code.clone(), ..Refusal::new(status, message) };
                let retry_after = reply.retry_after.as_ref().map(RetryAfter::text);
                (Outgoing::Refused { refusal, retry_after }, Usage::default())
            }
            Some(Fault::Overflow) => refused(overflow(wire)),
            Some(Fault::Html) => (Outgoing::Page { status: 200, text: PAGE }, Usage::default()),
            _ => {
                let (stream, usage) = self.stream(wire, asked, &reply);
                (Outgoing::Stream(stream), usage)
            }
        }
    }

    /// Passes over replies that are for another course of things.
    fn skip(&mut self, asked: &Asked) {
        let new = asked.text(asked.said);
        let fits = |reply: &Scripted| reply.when.iter().all(|text| new.contains(text));
        while self.script.replies.get(self.next).is_some_and(|reply| !fits(reply)) {
            self.next += 1;
        }
    }

    fn stream(&mut self, wire: Wire, asked: &Asked, reply: &Scripted) -> (Stream, Usage) {
        self.replies += 1;
        let number = self.replies;
        let prefix = match wire {
            Wire::Responses | Wire::Chat => "call",
            Wire::Messages => "toolu",
            Wire::Gemini => "gemini",
        };
        let call_ids: Vec<_> =
            (1..=reply.calls.len()).map(|call| format!("{prefix}_{number}_{call}")).collect();
        let thought =
            Thought { text: reply.thought.clone(), signature: format!("signed-{number}") };
        let usage = reply.usage.map_or_else(|| self.prompts.usage(asked, reply), Usage::from);
        let say = Say {
            number,
            model: &asked.model,
            reply,
            thought: &thought,
            call_ids: &call_ids,
            stop: reply.stop(),
            usage,
        };
        let error = Refusal::new(529, "Overloaded").coded(match wire {
            Wire::Responses | Wire::Chat => "server_error",
            Wire::Messages => "overloaded_error",
            Wire::Gemini => "SERVICE_OVERLOADED",
        });
        let error = error.body(wire);
        let stream = match wire {
            Wire::Responses => {
                let events = responses::events(&say, asked.wants);
                let error = responses::error(&say, events.len());
                play(reply, events, error)
            }
            Wire::Chat => {
                let events = chat::events(&say, asked.figures);
                play(reply, events, chat::error(&error))
            }
            Wire::Messages => play(reply, messages::events(&say), messages::error(&error)),
            Wire::Gemini => play(reply, gemini::events(&say), gemini::error(&error)),
        };
        match wire {
            Wire::Responses | Wire::Chat | Wire::Messages => self.given.note(&thought, &call_ids),
            Wire::Gemini => gemini::signed(&say, &mut self.given),
        }
        (stream, usage)
    }
}

/// The answer to a request to count.
fn counted(wire: Wire, asked: &Asked) -> (Outgoing, Usage) {
    let tokens = Prompts::tokens(asked);
    let answer = match wire {
        Wire::Responses | Wire::Chat => {
            json!({ "object": "response.input_tokens", "input_tokens": tokens })
        }
        Wire::Messages => json!({ "input_tokens": tokens }),
        Wire::Gemini => json!({ "totalTokens": tokens }),
    };
    (Outgoing::Counted(answer), Usage { input: tokens, ..Usage::default() })
}

/// What the reply expects of the request and does not find.
fn unmet(reply: &Scripted, asked: &Asked) -> Option<String> {
    let all = asked.text(0);
    let new = asked.text(asked.said);
    let missing = reply.expect.iter().find(|text| !all.contains(*text));
    let missing_new = reply.expect_new.iter().find(|text| !new.contains(*text));
    let present = reply.expect_not.iter().find(|text| all.contains(*text));
    missing
        .map(|text| format!("the request does not hold {text:?}"))
        .or(missing_new
            .map(|text| format!("the request does not hold {text:?} after the model's last word")))
        .or(present.map(|text| format!("the request holds {text:?}")))
}

fn unknown_model(wire: Wire, model: &str) -> Refusal {
    match wire {
        Wire::Responses | Wire::Chat => {
            let message =
                format!("The model `{model}` does not exist or you do not have access to it.");
            Refusal::new(404, message).coded("model_not_found")
        }
        Wire::Messages => Refusal::new(404, format!("model: {model}")),
        Wire::Gemini => {
            let message = format!(
                "models/{model} is not found for API version v1beta, or is not supported for \
                 generateContent. Call ListModels to see the list of available models."
            );
            Refusal::new(404, message)
        }
    }
}

fn overflow(wire: Wire) -> Refusal {
    match wire {
        Wire::Responses => Refusal::invalid(
            "input",
            "Your input exceeds the context window of this model. Please adjust your input and try \
             again.",
        )
        .coded("context_length_exceeded"),
        Wire::Chat => Refusal::invalid(
            "messages",
            "This model's maximum context length is 8192 tokens. However, your messages resulted in \
             44055 tokens. Please reduce the length of the messages.",
        )
        .coded("context_length_exceeded"),
        Wire::Messages => Refusal::new(400, "prompt is too long: 44055 tokens > 8192 maximum"),
        Wire::Gemini => Refusal::new(
            400,
            "The input token count (44055) exceeds the maximum number of tokens allowed (8192).",
        ),
    }
}

fn said_by(status: u16) -> &'static str {
    match status {
        429 => "Rate limit reached. Please try again later.",
        529 => "Overloaded",
        500..=599 => "The server had an error while processing your request.",
        _ => "The request was refused.",
    }
}
