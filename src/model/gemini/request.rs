//! From a request to the body of a GenerateContent call.

use super::{part, thinking};
use crate::model::Request;
use crate::model::conversation::{self, Answered, Group};
use crate::protocol::{CallId, Item, Outcome, Thinking, Tool};
use serde_json::{Value, json};
use std::collections::HashMap;

/// What the service takes for the signature of a call that is not its own.
const FOREIGN_SIGNATURE: &str = "skip_thought_signature_validator";

pub(super) fn body(request: &Request<'_>) -> Value {
    let mut body = json!({});
    if !request.system.is_empty() {
        body["systemInstruction"] = json!({ "parts": [{ "text": request.system }] });
    }
    if !request.tools.is_empty() {
        let declarations: Vec<Value> = request.tools.iter().map(declaration).collect();
        body["tools"] = json!([{ "functionDeclarations": declarations }]);
        body["toolConfig"] = json!({ "functionCallingConfig": { "mode": "AUTO" } });
    }
    let mut generation = json!({ "maxOutputTokens": request.output_tokens_max });
    if let Some(config) = thinking::config(request) {
        generation["thinkingConfig"] = config;
    }
    body["generationConfig"] = generation;
    body["contents"] = contents(request).into_iter().map(Content::value).collect();
    body
}

fn declaration(tool: &Tool) -> Value {
    json!({
        "name": tool.name,
        "description": tool.description,
        "parametersJsonSchema": tool.parameters,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    User,
    Model,
}

struct Content {
    role: Role,
    /// Never empty.
    parts: Vec<Value>,
}

impl Content {
    fn value(self) -> Value {
        let role = match self.role {
            Role::User => "user",
            Role::Model => "model",
        };
        json!({ "role": role, "parts": self.parts })
    }
}

/// User and model take turns, and the user begins.
fn contents(request: &Request<'_>) -> Vec<Content> {
    let model = &request.model.id;
    let mut contents: Vec<Content> = Vec::new();
    let mut push = |role, parts: Vec<Value>| match contents.last_mut() {
        _ if parts.is_empty() => {}
        Some(last) if last.role == role => last.parts.extend(parts),
        None if role == Role::Model => {
            contents.push(Content { role: Role::User, parts: vec![text("(continued)")] });
            contents.push(Content { role, parts });
        }
        Some(_) | None => contents.push(Content { role, parts }),
    };
    let mut made = HashMap::new();
    for group in conversation::groups(request.items) {
        match group {
            Group::User(texts) => push(Role::User, texts.iter().map(|one| text(one)).collect()),
            Group::Assistant { items, .. } => {
                made.extend(items.iter().filter_map(|item| call_of(item, model)));
                push(Role::Model, step(&items, request));
            }
            Group::Results(results) => {
                push(Role::User, results.iter().map(|one| response(one, &made)).collect());
            }
        }
    }
    contents
}

fn text(text: &str) -> Value {
    json!({ "text": text })
}

/// What a response repeats of its call.
struct Made<'a> {
    tool: &'a str,
    /// Where the service gave one: it matches the others by their order.
    id: Option<&'a Value>,
}

fn call_of<'a>(item: &'a Item, model: &str) -> Option<(&'a CallId, Made<'a>)> {
    let Item::Call { call, tool, opaque, .. } = item else { return None };
    Some((call, Made { tool, id: part::given_id(opaque, model) }))
}

fn response(answer: &Answered<'_>, made: &HashMap<&CallId, Made<'_>>) -> Value {
    let mut response = json!({});
    if let Some(made) = made.get(answer.call) {
        if let Some(id) = made.id {
            response["id"] = id.clone();
        }
        response["name"] = made.tool.into();
    }
    let field = if answer.outcome == Outcome::Done { "output" } else { "error" };
    response["response"] = json!({ field: answer.text });
    json!({ "functionResponse": response })
}

/// Empty where only thoughts would be left: they lead to nothing.
fn step(items: &[&Item], request: &Request<'_>) -> Vec<Value> {
    let mut parts: Vec<Value> =
        items.iter().flat_map(|item| part::of(item, &request.model.id)).collect();
    if parts.iter().all(|part| part["thought"] == true) {
        return Vec::new();
    }
    // Models that think by levels want the first call of each step signed, whoever made it.
    if request.model.thinking == Thinking::Level {
        let first = parts.iter_mut().find(|part| part.get("functionCall").is_some());
        if let Some(first) = first.filter(|part| part.get("thoughtSignature").is_none()) {
            first["thoughtSignature"] = FOREIGN_SIGNATURE.into();
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::gemini::DIALECT;
    use crate::model::sample::{MODEL, assistant, call, prompt, request, result};
    use crate::protocol::{ModelSpec, Opaque, UserKind};

    fn sent(items: &[Item]) -> Value {
        body(&request(items))["contents"].take()
    }

    fn kept(value: Value) -> Option<Opaque> {
        Some(Opaque { service: None, dialect: DIALECT.into(), model: "tiny".into(), value })
    }

    fn signed_call(id: &str, value: Value) -> Item {
        let Item::Call { call, tool, arguments, .. } = call(id, "{\"command\":\"ls\"}") else {
            unreachable!("a call")
        };
        Item::Call { call, tool, arguments, opaque: kept(value) }
    }

    fn tool_loop() -> Vec<Item> {
        let thought = json!([{ "text": "hm", "thought": true }]);
        vec![
            prompt("p"),
            Item::Thought { text: "hm".into(), opaque: kept(thought) },
            assistant("I look."),
            signed_call("x1", json!({ "functionCall": { "id": "x1" }, "thoughtSignature": "s" })),
            call("made_up", "[1"),
            Item::User { text: "steer".into(), kind: UserKind::Steer },
            result("made_up", "no"),
            result("x1", "yes"),
        ]
    }

    #[test]
    fn a_tool_loop_becomes_contents_with_all_responses_in_their_order() {
        let expected = json!([
            { "role": "user", "parts": [{ "text": "p" }] },
            { "role": "model", "parts": [
                { "text": "hm", "thought": true },
                { "text": "I look." },
                { "functionCall": { "id": "x1", "name": "run", "args": { "command": "ls" } },
                  "thoughtSignature": "s" },
                { "functionCall": { "name": "run", "args": { "_raw": "[1" } } },
            ] },
            { "role": "user", "parts": [
                { "functionResponse": { "id": "x1", "name": "run", "response": { "output": "yes" } } },
                { "functionResponse": { "name": "run", "response": { "output": "no" } } },
                { "text": "steer" },
            ] },
        ]);
        assert_eq!(sent(&tool_loop()).to_string(), expected.to_string());
    }

    #[test]
    fn the_rest_of_the_body_is_as_the_service_wants_it() {
        let expected = json!({
            "systemInstruction": { "parts": [{ "text": "Be short." }] },
            "tools": [{ "functionDeclarations": [{
                "name": "run",
                "description": "Runs a command.",
                "parametersJsonSchema":
                    { "type": "object", "properties": { "command": { "type": "string" } } },
            }] }],
            "toolConfig": { "functionCallingConfig": { "mode": "AUTO" } },
            "generationConfig": { "maxOutputTokens": 1000 },
            "contents": [{ "role": "user", "parts": [{ "text": "p" }] }],
        });
        assert_eq!(body(&request(&[prompt("p")])), expected);
        let bare = [prompt("p")];
        let bare = body(&Request { tools: &[], system: "", ..request(&bare) });
        let names: Vec<_> = bare.as_object().expect("an object").keys().collect();
        assert_eq!(names, ["generationConfig", "contents"]);
    }

    #[test]
    fn a_call_that_failed_says_so() {
        let items = [prompt("p"), call("a", "{}"), prompt("q")];
        let response = &sent(&items)[2]["parts"][0]["functionResponse"]["response"];
        assert_eq!(response, &json!({ "error": "interrupted: this call was not carried out" }));
    }

    #[test]
    fn the_first_call_of_each_foreign_step_is_signed_for_models_that_want_it() {
        let model = ModelSpec { thinking: Thinking::Level, ..MODEL.clone() };
        let own = json!({ "thoughtSignature": "s" });
        let other = Opaque {
            service: None,
            dialect: "anthropic".into(),
            model: "tiny".into(),
            value: json!({}),
        };
        let items = [
            prompt("p"),
            Item::Thought { text: "hm".into(), opaque: Some(other) },
            call("a", "{}"),
            call("b", "{}"),
            result("a", ""),
            result("b", ""),
            signed_call("c", own),
            call("d", "{}"),
            result("c", ""),
            result("d", ""),
        ];
        let signatures = |model: &ModelSpec| {
            let body = body(&Request { model, ..request(&items) });
            let contents = body["contents"].as_array().expect("contents");
            let parts = contents.iter().flat_map(|one| one["parts"].as_array().expect("parts"));
            let calls = parts.filter(|part| part.get("functionCall").is_some());
            calls.map(|part| part["thoughtSignature"].as_str().unwrap_or("-").to_owned()).collect()
        };
        let all: Vec<String> = signatures(&model);
        assert_eq!(all, ["skip_thought_signature_validator", "-", "s", "-"]);
        let all: Vec<String> = signatures(&MODEL);
        assert_eq!(all, ["-", "-", "s", "-"]);
    }

    #[test]
    fn thoughts_alone_stay_away_and_the_user_begins() {
        let thought = json!([{ "text": "hm", "thought": true }]);
        let thought = Item::Thought { text: "hm".into(), opaque: kept(thought) };
        let expected = json!([{ "role": "user", "parts": [{ "text": "p" }, { "text": "q" }] }]);
        assert_eq!(sent(&[prompt("p"), thought, prompt("q")]), expected);
        let expected = json!([
            { "role": "user", "parts": [{ "text": "(continued)" }] },
            { "role": "model", "parts": [{ "text": "a" }] },
        ]);
        assert_eq!(sent(&[assistant("a")]), expected);
    }
}
