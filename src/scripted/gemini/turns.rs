//! Whether the contents of a request follow one another as Gemini wants it, signatures included.

use super::check::{Checked, only, refusal};
use super::stream::{call_key, is_tail};
use crate::scripted::given::{Asked, Given};
use serde_json::{Map, Value};

/// The signature that a call of another model may have.
const FOREIGN_SIGNATURE: &str = "skip_thought_signature_validator";

pub(super) struct Rules<'a> {
    pub given: &'a Given,
    /// The model thinks by levels: it wants each step of the running turn signed.
    pub levels: bool,
}

impl Rules<'_> {
    /// Whether the first call of a step must be signed: where its signature was given, and by
    /// levels in the turn that still runs.
    fn wants(&self, key: &str, running: bool) -> bool {
        self.given.before(key).is_some() || (self.levels && running)
    }
}

#[derive(Default)]
struct Held<'a> {
    texts: Vec<String>,
    /// Name and id.
    calls: Vec<(&'a str, Option<&'a str>)>,
    responses: Vec<(&'a str, Option<&'a str>)>,
}

pub(super) fn check_contents(
    contents: &[Value],
    rules: &Rules<'_>,
    asked: &mut Asked,
) -> Checked<()> {
    let turn = turn_start(contents);
    let mut open: Vec<(&str, Option<&str>)> = Vec::new();
    let mut last = "";
    for (number, content) in contents.iter().enumerate() {
        let at = format!("contents[{number}]");
        let Value::Object(fields) = content else {
            return Err(refusal(format!("Invalid value at '{at}'")));
        };
        only(fields, &["role", "parts"], &at)?;
        let role = fields.get("role").and_then(Value::as_str).unwrap_or_default();
        turn_of(role, last)?;
        last = role;
        let parts = fields.get("parts").and_then(Value::as_array);
        let parts = parts.filter(|parts| !parts.is_empty()).ok_or_else(|| {
            refusal(format!("* GenerateContentRequest.{at}.parts: parts must not be empty.\n"))
        })?;
        let held = hold(parts, role, &at)?;
        answers(&held.responses, &open)?;
        if role == "model" {
            signatures(parts, rules, number >= turn)?;
        }
        open = held.calls;
        asked.add(content, held.texts);
        if role == "model" {
            asked.said = asked.parts.len();
        }
    }
    answers(&[], &open)?;
    if last == "user" { Ok(()) } else { Err(refusal("the last content must be the user's")) }
}

/// Where the turn that still runs begins: behind the last thing that the user said.
fn turn_start(contents: &[Value]) -> usize {
    let said = |content: &Value| {
        let parts = content["parts"].as_array().map(Vec::as_slice).unwrap_or_default();
        content["role"] == "user" && !parts.iter().any(|part| part["functionResponse"].is_object())
    };
    contents.iter().rposition(said).map_or(0, |at| at + 1)
}

fn turn_of(role: &str, last: &str) -> Checked<()> {
    match (role, last) {
        ("model", "") => Err(refusal("the first content must be the user's")),
        ("user" | "model", last) if last != role => Ok(()),
        ("user" | "model", _) => {
            Err(refusal("Please ensure that multiturn requests alternate between user and model."))
        }
        _ => Err(refusal("Please use a valid role: user, model.")),
    }
}

fn answers(responses: &[(&str, Option<&str>)], open: &[(&str, Option<&str>)]) -> Checked<()> {
    if open.is_empty() && !responses.is_empty() {
        return Err(refusal(
            "Please ensure that function response turn comes immediately after a function call turn.",
        ));
    }
    if open.len() != responses.len() {
        return Err(refusal(
            "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.",
        ));
    }
    if open != responses {
        return Err(refusal("the function responses must match their calls, in their order"));
    }
    Ok(())
}

fn hold<'a>(parts: &'a [Value], role: &str, at: &str) -> Checked<Held<'a>> {
    let mut held = Held::default();
    for (number, part) in parts.iter().enumerate() {
        let at = format!("{at}.parts[{number}]");
        let Value::Object(part) = part else {
            return Err(refusal(format!("Invalid value at '{at}'")));
        };
        let known = ["text", "functionCall", "functionResponse", "thought", "thoughtSignature"];
        only(part, &known, &at)?;
        let data = known[..3].iter().filter(|name| part.contains_key(**name)).count();
        let empty =
            part.get("text") == Some(&Value::from("")) && !part.contains_key("thoughtSignature");
        if data != 1 || empty {
            return Err(refusal(format!(
                "* GenerateContentRequest.{at}.data: required oneof field 'data' must have one initialized field\n"
            )));
        }
        match (part.get("functionCall"), part.get("functionResponse"), role) {
            (Some(Value::Object(call)), _, "model") => {
                only(call, &["id", "name", "args"], &format!("{at}.function_call"))?;
                let args = object(call.get("args"), &format!("{at}.function_call.args"))?;
                held.calls.push((word(call, "name"), id(call)));
                held.texts.extend([word(call, "name").to_owned(), args.to_string()]);
            }
            (_, Some(Value::Object(response)), "user") => {
                let at = format!("{at}.function_response");
                only(response, &["id", "name", "response"], &at)?;
                let said = object(response.get("response"), &format!("{at}.response"))?;
                held.responses.push((word(response, "name"), id(response)));
                held.texts.push(word(response, "name").to_owned());
                let said = said.as_object().into_iter().flat_map(Map::values);
                held.texts.extend(said.map(|value| match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                }));
            }
            (None, None, _) => held.texts.push(word(part, "text").to_owned()),
            _ => return Err(refusal(format!("Invalid value at '{at}' in a turn of the {role}"))),
        }
    }
    held.texts.retain(|text| !text.is_empty());
    Ok(held)
}

fn word<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn id(fields: &Map<String, Value>) -> Option<&str> {
    fields.get("id").and_then(Value::as_str)
}

fn object<'a>(value: Option<&'a Value>, at: &str) -> Checked<&'a Value> {
    value.filter(|value| value.is_object()).ok_or_else(|| {
        refusal(format!("Invalid value at '{at}' (type.googleapis.com/google.protobuf.Struct)"))
    })
}

/// Each signature is the one that was given, and for what it was given; the first call of a step
/// has one.
fn signatures(parts: &[Value], rules: &Rules<'_>, running: bool) -> Checked<()> {
    let mut calls = 0;
    for part in parts {
        let call = &part["functionCall"];
        let key = call_key(call["name"].as_str().unwrap_or_default(), &call["args"]);
        let is_call = call.is_object();
        match part["thoughtSignature"].as_str() {
            Some(FOREIGN_SIGNATURE) => {}
            Some(signature) => {
                let for_what = rules.given.signed(signature);
                let fits = |text: &str| if is_call { text == key } else { is_tail(text) };
                if !for_what.is_some_and(fits) {
                    return Err(refusal("Thought signature is not valid."));
                }
            }
            None if is_call && calls == 0 && rules.wants(&key, running) => {
                return Err(refusal(format!(
                    "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call `default_api:{}`.",
                    call["name"].as_str().unwrap_or_default()
                )));
            }
            None => {}
        }
        calls += usize::from(is_call);
    }
    Ok(())
}
