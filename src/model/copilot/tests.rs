//! What Copilot is sent, and whose turn it is told.

use super::*;
use crate::model::sample::{assistant, call, prompt, request, result, service};
use crate::protocol::{Effort, ModelSpec, Secret};
use serde_json::json;

const COPILOT: &str = "https://api.githubcopilot.com";

fn model(id: &str, api: Api, efforts: &[Effort]) -> ModelSpec {
    let mut model = ModelSpec::plain("m", id, "copilot", 128_000, 128_000);
    model.api = Some(api);
    model.efforts = efforts.to_vec();
    model
}

fn sent(model: &ModelSpec, effort: Option<Effort>) -> Value {
    let items = [prompt("p")];
    let request = Request { model, effort, ..request(&items) };
    Copilot.body(&service(Api::Copilot, COPILOT), &request)
}

fn headers(model: &ModelSpec, items: &[Item], key: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let service = Service { key: Some(Secret::new(key.into())), ..service(Api::Copilot, COPILOT) };
    let request = Request { model, ..request(items) };
    Copilot.headers(&service, &request, &mut headers).expect("headers");
    headers
}

#[test]
fn each_model_has_its_own_path_and_body() {
    let service = service(Api::Copilot, COPILOT);
    for api in Api::ALL {
        let model = model("x", api, &[]);
        let request = Request { model: &model, ..request(&[]) };
        let expected = match api.name() {
            "openai-responses" => "responses",
            "anthropic" => "v1/messages",
            "gemini" => continue,
            _ => "chat/completions",
        };
        assert_eq!(Copilot.path(&service, &request), expected, "{api:?}");
    }
    assert!(sent(&model("x", Api::Anthropic, &[]), None).get("max_tokens").is_some());
    // A model that is of Copilot and says no more, or says just that, speaks what most do.
    let mut plain = model("x", Api::Copilot, &[]);
    assert!(sent(&plain, None).get("stream_options").is_some());
    plain.api = None;
    assert!(sent(&plain, None).get("stream_options").is_some());
}

#[test]
fn the_key_is_a_bearer_on_every_wire() {
    for api in [Api::OpenaiResponses, Api::OpenaiChat, Api::Anthropic] {
        let headers = headers(&model("x", api, &[]), &[prompt("p")], "gho_1");
        assert_eq!(headers[AUTHORIZATION], "Bearer gho_1", "{api:?}");
        assert!(headers[AUTHORIZATION].is_sensitive());
        assert_eq!(headers.get("x-api-key"), None, "{api:?}");
        assert_eq!(headers["openai-intent"], "conversation-edits");
    }
}

#[test]
fn nobody_is_impersonated() {
    let headers = headers(&model("x", Api::OpenaiChat, &[]), &[prompt("p")], "gho_1");
    for name in ["editor-version", "editor-plugin-version", "copilot-integration-id", "user-agent"]
    {
        assert_eq!(headers.get(name), None, "{name}");
    }
}

#[test]
fn a_prompt_is_the_users_and_what_follows_from_it_the_agents() {
    let steer = Item::User { text: "s".into(), kind: UserKind::Steer };
    let context = Item::Context { name: "c".into(), text: "c".into() };
    let note = Item::Note { text: "n".into() };
    let (asked, answered) = (call("a", "{}"), result("a", "r"));
    let first = vec![context, prompt("p")];
    let with =
        |more: &[&Item]| first.iter().chain(more.iter().copied()).cloned().collect::<Vec<_>>();
    let next = prompt("q");
    let done = assistant("done");
    let cases = [
        (first.clone(), "user"),
        (with(&[&asked, &answered]), "agent"),
        (with(&[&asked, &answered, &steer]), "agent"),
        (with(&[&asked, &answered, &note]), "agent"),
        (with(&[&done, &note]), "agent"),
        (with(&[&asked, &answered, &done, &next]), "user"),
        // An interrupted call of the turn before, and a word before the first answer.
        (with(&[&asked, &next]), "user"),
        (with(&[&steer]), "user"),
        (with(&[&note]), "user"),
        (Vec::new(), "user"),
    ];
    for (items, expected) in cases {
        let headers = headers(&model("x", Api::OpenaiChat, &[]), &items, "gho_1");
        assert_eq!(headers["x-initiator"], expected, "{items:?}");
    }
}

#[test]
fn mai_code_is_never_asked_for_an_effort_that_it_refuses() {
    let efforts = [Effort::Low, Effort::Medium, Effort::High];
    let all =
        [Effort::Minimal, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max];
    for api in Api::ALL {
        let mai = model("mai-code-1-flash-picker", api, &efforts);
        for wish in all {
            let body = sent(&mai, Some(wish)).to_string();
            for refused in ["none", "minimal", "xhigh", "max"] {
                assert!(!body.contains(&format!("\"effort\":\"{refused}\"")), "{api:?} {wish:?}");
                assert!(!body.contains(&format!("_effort\":\"{refused}\"")), "{api:?} {wish:?}");
            }
        }
        let none = sent(&model("x", api, &[]), Some(Effort::High));
        assert!(!none.to_string().contains("effort"), "{api:?}: a model without the dial");
    }
    let mai = model("mai-code-1-flash-picker", Api::OpenaiResponses, &efforts);
    assert_eq!(sent(&mai, Some(Effort::Xhigh))["reasoning"]["effort"], "high");
    assert_eq!(sent(&mai, Some(Effort::Minimal))["reasoning"]["effort"], "low");
}

#[test]
fn what_copilot_refuses_does_not_go_out() {
    let mut body = json!({ "model": "x", "store": true, "service_tier": "flex", "input": [],
        "previous_response_id": "resp_1",
        "tools": [{ "type": "function", "name": "run" }, { "type": "image_generation" }] });
    strip(&mut body);
    let expected =
        json!({ "model": "x", "input": [], "tools": [{ "type": "function", "name": "run" }] });
    assert_eq!(body, expected);
    let mut stateless = json!({ "store": false, "stream_options": { "include_usage": true } });
    let as_it_was = stateless.clone();
    strip(&mut stateless);
    assert_eq!(stateless, as_it_was);
    let responses = sent(&model("x", Api::OpenaiResponses, &[]), None);
    assert_eq!((&responses["store"], responses.get("stream_options")), (&json!(false), None));
}
