//! Whether a GenerateContent request is one that Gemini would take.

use super::turns::{Rules, check_contents};
use crate::scripted::given::{Asked, Given, is_name};
use crate::scripted::refusal::Refusal;
use serde_json::{Map, Value};
use std::collections::HashSet;

const FIELDS: &[&str] = &[
    "cachedContent",
    "contents",
    "generationConfig",
    "safetySettings",
    "systemInstruction",
    "toolConfig",
    "tools",
];
const GENERATION_FIELDS: &[&str] = &[
    "candidateCount",
    "maxOutputTokens",
    "responseMimeType",
    "responseJsonSchema",
    "seed",
    "stopSequences",
    "temperature",
    "thinkingConfig",
    "topK",
    "topP",
];
const LEVELS: [&str; 4] = ["minimal", "low", "medium", "high"];
const MODES: [&str; 4] = ["AUTO", "ANY", "NONE", "VALIDATED"];
const BUDGET_MAX: i64 = 32_768;

pub(super) type Checked<T> = Result<T, Refusal>;

/// `path` is the whole one, with the model and the query.
pub(in crate::scripted) fn check(path: &str, body: &Value, given: &Given) -> Checked<Asked> {
    let model = super::model_in(path).unwrap_or_default().to_owned();
    if path.split_once('?').is_none_or(|(_, query)| !query.split('&').any(|one| one == "alt=sse")) {
        return Err(refusal("this server streams events: the address must say alt=sse"));
    }
    let Value::Object(fields) = body else {
        return Err(refusal("Invalid JSON payload received."));
    };
    only(fields, FIELDS, "")?;
    let levels = generation(fields)?;
    let mut asked = Asked { model, ..Asked::default() };
    if let Some(tools) = fields.get("tools") {
        check_tools(tools)?;
        asked.add(tools, vec![tools.to_string()]);
    }
    tool_config(fields)?;
    if let Some(system) = fields.get("systemInstruction") {
        let text = system.pointer("/parts/0/text").and_then(Value::as_str);
        let text = text.filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| refusal("system_instruction.parts must not be empty."))?;
        asked.add(system, vec![text.to_owned()]);
    }
    let contents = fields.get("contents").and_then(Value::as_array);
    let contents = contents
        .filter(|contents| !contents.is_empty())
        .ok_or_else(|| refusal("* GenerateContentRequest.contents: contents is not specified\n"))?;
    check_contents(contents, &Rules { given, levels }, &mut asked)?;
    Ok(asked)
}

/// Whether it is a request to count that Gemini would take: a whole request, with its model.
pub(in crate::scripted) fn check_count(path: &str, body: &Value, given: &Given) -> Checked<Asked> {
    let model = super::counted_in(path).unwrap_or_default();
    let Value::Object(fields) = body else {
        return Err(refusal("Invalid JSON payload received."));
    };
    only(fields, &["generateContentRequest"], "")?;
    let mut counted = body["generateContentRequest"].clone();
    let named = counted.as_object_mut().and_then(|fields| fields.shift_remove("model"));
    if named != Some(format!("models/{model}").into()) {
        return Err(refusal("The model in the request does not match the model in the path."));
    }
    check(&format!("/v1beta/models/{model}:streamGenerateContent?alt=sse"), &counted, given)
}

pub(super) fn refusal(message: impl Into<String>) -> Refusal {
    Refusal::new(400, message)
}

pub(super) fn only(fields: &Map<String, Value>, known: &[&str], at: &str) -> Checked<()> {
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(refusal(format!(
            "Invalid JSON payload received. Unknown name \"{name}\" at '{at}': Cannot find field."
        ))),
    }
}

/// Whether the model is one that is told to think by a level.
fn generation(fields: &Map<String, Value>) -> Checked<bool> {
    let Some(config) = fields.get("generationConfig") else { return Ok(false) };
    let at = "generation_config";
    let Value::Object(config) = config else {
        return Err(refusal(format!("Invalid value at '{at}'")));
    };
    only(config, GENERATION_FIELDS, at)?;
    let limit = config.get("maxOutputTokens");
    if limit.is_some_and(|limit| limit.as_u64().is_none_or(|limit| limit == 0)) {
        return Err(refusal("max_output_tokens must be positive."));
    }
    let Some(thinking) = config.get("thinkingConfig") else { return Ok(false) };
    let at = "generation_config.thinking_config";
    let Value::Object(thinking) = thinking else {
        return Err(refusal(format!("Invalid value at '{at}'")));
    };
    only(thinking, &["includeThoughts", "thinkingBudget", "thinkingLevel"], at)?;
    let level = thinking.get("thinkingLevel");
    let budget = thinking.get("thinkingBudget");
    if level.is_some() && budget.is_some() {
        return Err(refusal("You can only set only one of thinking budget and thinking level."));
    }
    let is_level = |level: &Value| level.as_str().is_some_and(|level| LEVELS.contains(&level));
    if level.is_some_and(|level| !is_level(level)) {
        return Err(refusal(format!("Invalid value at '{at}.thinking_level'")));
    }
    let is_budget =
        |budget: &Value| budget.as_i64().is_some_and(|n| (-1..=BUDGET_MAX).contains(&n));
    if budget.is_some_and(|budget| !is_budget(budget)) {
        return Err(refusal(
            "The thinking budget is invalid. Please choose a value between 0 and 32768.",
        ));
    }
    let shows = thinking.get("includeThoughts") == Some(&Value::Bool(true));
    if shows && budget == Some(&Value::from(0)) {
        let why = "Thinking_config.include_thoughts is only enabled when thinking is enabled.";
        return Err(refusal(why));
    }
    Ok(level.is_some())
}

fn tool_config(fields: &Map<String, Value>) -> Checked<()> {
    let Some(config) = fields.get("toolConfig") else { return Ok(()) };
    if !fields.contains_key("tools") {
        return Err(refusal("Function calling config is set without function_declarations."));
    }
    let mode = config.pointer("/functionCallingConfig/mode").and_then(Value::as_str);
    if mode.is_some_and(|mode| !MODES.contains(&mode)) {
        return Err(refusal("Invalid value at 'tool_config.function_calling_config.mode'"));
    }
    Ok(())
}

fn check_tools(tools: &Value) -> Checked<()> {
    let list = tools.as_array().ok_or_else(|| refusal("Invalid value at 'tools'"))?;
    let mut names = HashSet::new();
    for tool in list {
        let declarations = tool.get("functionDeclarations").and_then(Value::as_array);
        for (number, declaration) in declarations.into_iter().flatten().enumerate() {
            let at = format!("tools[0].function_declarations[{number}]");
            let Value::Object(declaration) = declaration else {
                return Err(refusal(format!("Invalid value at '{at}'")));
            };
            only(declaration, &["name", "description", "parameters", "parametersJsonSchema"], &at)?;
            let name = declaration.get("name").and_then(Value::as_str).unwrap_or_default();
            if !is_name(name) {
                return Err(refusal(format!("{at}.name: Invalid function name.")));
            }
            if !names.insert(name) {
                return Err(refusal(format!("Duplicate function declaration found: {name}")));
            }
            let schema = declaration.get("parametersJsonSchema");
            if schema.is_some_and(|schema| schema["type"] != "object") {
                return Err(refusal(format!(
                    "{at}.parameters_json_schema: schema type should be OBJECT"
                )));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::given::Thought;
    use serde_json::json;

    const PATH: &str = "/v1beta/models/tiny:streamGenerateContent?alt=sse";

    fn given() -> Given {
        let mut given = Given::default();
        let text = "run({\"a\":1})".to_owned();
        given.note(&Thought { text: text.clone(), signature: "s1".into() }, &[text]);
        given
    }

    fn valid() -> Value {
        json!({
            "systemInstruction": { "parts": [{ "text": "s" }] },
            "tools": [{ "functionDeclarations": [{ "name": "run", "description": "d",
                "parametersJsonSchema": { "type": "object" } }] }],
            "toolConfig": { "functionCallingConfig": { "mode": "AUTO" } },
            "generationConfig": { "maxOutputTokens": 9,
                "thinkingConfig": { "includeThoughts": true, "thinkingLevel": "low" } },
            "contents": [
                { "role": "user", "parts": [{ "text": "p" }] },
                { "role": "model", "parts": [
                    { "text": "hm", "thought": true },
                    { "functionCall": { "id": "x1", "name": "run", "args": { "a": 1 } },
                      "thoughtSignature": "s1" },
                    { "functionCall": { "name": "read", "args": {} } },
                ] },
                { "role": "user", "parts": [
                    { "functionResponse": { "id": "x1", "name": "run", "response": { "output": "r" } } },
                    { "functionResponse": { "name": "read", "response": { "error": "e" } } },
                    { "text": "n" },
                ] },
            ],
        })
    }

    #[test]
    fn what_is_to_be_counted_is_a_request_with_the_paths_model() {
        let path = "/v1beta/models/tiny:countTokens";
        let counted = |model: &str| {
            let mut request = valid();
            request["model"] = model.into();
            check_count(path, &json!({ "generateContentRequest": request }), &given())
        };
        assert_eq!(counted("models/tiny").map(|asked| asked.model).as_deref(), Ok("tiny"));
        assert!(counted("models/other").is_err());
        assert!(check_count(path, &valid(), &given()).is_err());
    }

    #[test]
    fn what_is_in_order_is_taken_with_all_its_texts() {
        let asked = check(PATH, &valid(), &given()).expect("in order");
        let texts: Vec<_> = asked.parts.iter().flat_map(|part| part.texts.clone()).collect();
        let tools = valid()["tools"].to_string();
        let expected = [
            &tools,
            "s",
            "p",
            "hm",
            "run",
            "{\"a\":1}",
            "read",
            "{}",
            "run",
            "r",
            "read",
            "e",
            "n",
        ];
        assert_eq!(texts, expected);
        assert_eq!(
            (asked.model.as_str(), asked.text(asked.said)),
            ("tiny", "run\nr\nread\ne\nn".into())
        );
    }

    #[test]
    fn what_the_service_would_refuse_is_refused() {
        let call = "/contents/1/parts/1";
        let thinking = "/generationConfig/thinkingConfig";
        let cases = [
            ("/extra", json!(1), "Unknown name \"extra\""),
            ("/generationConfig/maxOutputTokens", json!(0), "must be positive"),
            (&format!("{thinking}/thinkingBudget"), json!(512), "only one of thinking budget and"),
            (&format!("{thinking}/thinkingLevel"), json!("max"), "thinking_level"),
            (
                thinking,
                json!({ "thinkingBudget": 0, "includeThoughts": true }),
                "only enabled when",
            ),
            (thinking, json!({ "thinkingBudget": 99_999 }), "budget is invalid"),
            ("/tools/0/functionDeclarations/0/name", json!("a b"), "Invalid function name"),
            ("/contents", json!([]), "contents is not specified"),
            ("/contents/0/role", json!("model"), "first content"),
            ("/contents/0/role", json!("system"), "valid role: user, model"),
            ("/contents/0/parts", json!([]), "parts must not be empty"),
            ("/contents/0/parts/0/text", json!(""), "must have one initialized field"),
            ("/contents/2/role", json!("model"), "alternate"),
            ("/contents/2/parts/0/functionResponse/response", json!("r"), "Struct"),
            ("/contents/2/parts/0", json!({ "text": "r" }), "number of function response parts"),
            ("/contents/2/parts/0/functionResponse/name", json!("read"), "in their order"),
            ("/contents/2/parts/0/functionResponse/id", json!("x9"), "in their order"),
            (
                "/contents/1/parts",
                json!([{ "text": "a" }]),
                "immediately after a function call turn",
            ),
            (&format!("{call}/functionCall/args"), json!("{}"), "Struct"),
            (
                &format!("{call}/functionCall/args"),
                json!({ "a": 2 }),
                "Thought signature is not valid",
            ),
            (&format!("{call}/thoughtSignature"), json!("s2"), "Thought signature is not valid"),
            (
                call,
                json!({ "functionCall": { "id": "x1", "name": "run", "args": { "a": 1 } } }),
                "Function call is missing a thought_signature in functionCall parts.",
            ),
            (
                call,
                json!({ "functionCall": { "id": "x1", "name": "run", "args": { "a": 7 } } }),
                "Function call is missing a thought_signature in functionCall parts.",
            ),
        ];
        for (at, value, expected) in cases {
            let mut body = valid();
            let (parent, name) = at.rsplit_once('/').expect("a pointer");
            match body.pointer_mut(parent).expect(parent) {
                Value::Array(items) => items[name.parse::<usize>().expect("a number")] = value,
                other => other[name] = value,
            }
            let refusal = check(PATH, &body, &given()).expect_err(at);
            assert!(refusal.message.contains(expected), "{at}: {}", refusal.message);
        }
        let refusal = check("/v1/models/t:streamGenerateContent", &valid(), &given());
        assert!(refusal.expect_err("no events").message.contains("alt=sse"));
    }

    #[test]
    fn a_foreign_call_passes_with_the_dummy_or_in_a_turn_that_is_over() {
        let mut body = valid();
        let foreign = json!({ "functionCall": { "id": "x1", "name": "run", "args": {} },
            "thoughtSignature": "skip_thought_signature_validator" });
        body["contents"][1]["parts"][1] = foreign;
        assert!(check(PATH, &body, &given()).is_ok());
        body["contents"][1]["parts"][1]
            .as_object_mut()
            .expect("a part")
            .shift_remove("thoughtSignature");
        assert!(check(PATH, &body, &given()).is_err());
        let contents = body["contents"].as_array_mut().expect("contents");
        contents.push(json!({ "role": "model", "parts": [{ "text": "a" }] }));
        contents.push(json!({ "role": "user", "parts": [{ "text": "q" }] }));
        assert!(check(PATH, &body, &given()).is_ok());
    }

    #[test]
    fn a_call_without_any_response_and_a_model_at_the_end_are_refused() {
        let mut body = valid();
        body["contents"].as_array_mut().expect("contents").pop();
        let refusal = check(PATH, &body, &given()).expect_err("unanswered");
        assert!(refusal.message.contains("number of function response"), "{}", refusal.message);
        body["contents"][1]["parts"] = json!([{ "text": "a" }]);
        let refusal = check(PATH, &body, &given()).expect_err("the model last");
        assert!(refusal.message.contains("the last content"), "{}", refusal.message);
    }
}
