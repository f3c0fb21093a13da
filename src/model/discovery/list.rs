//! Lists of models, in the shapes that services give them. What they say beyond the id differs:
//! OpenRouter, Groq, Mistral, vLLM, Copilot, GitHub Models, Gemini and Anthropic each name limits in
//! their own way.

use crate::protocol::{Api, Effort, Found, Price};
use serde_json::Value;

/// Parts of the ids of models that do not chat.
const NOT_CHAT: [&str; 5] = ["embed", "rerank", "whisper", "moderation", "-tts"];

/// The models that can chat and call tools, as far as that is said; None if it is no list of models.
pub(super) fn read(value: &Value) -> Option<Vec<Found>> {
    let models = [&value["data"], &value["models"], value].into_iter().find_map(Value::as_array)?;
    let ids = models.iter().filter_map(id);
    if ids.count() != models.len() {
        return None;
    }
    Some(models.iter().filter(|model| can_chat(model)).filter_map(model).collect())
}

/// Gemini says `models/NAME`, as a path.
fn id(model: &Value) -> Option<&str> {
    let id = model["id"].as_str().or_else(|| model["name"].as_str()?.strip_prefix("models/"));
    id.filter(|id| !id.is_empty())
}

fn can_chat(model: &Value) -> bool {
    let named = |list: &Value, wanted: &str| {
        list.as_array().is_none_or(|names| names.iter().any(|name| name == wanted))
    };
    let kind = model["type"].as_str().or(model["capabilities"]["type"].as_str());
    let id = id(model).unwrap_or_default().to_lowercase();
    named(&model["supportedGenerationMethods"], "generateContent")
        && named(&model["supported_parameters"], "tools")
        && model["capabilities"]["supports"]["tool_calls"] != false
        && model["capabilities"]["completion_chat"] != false
        && model["policy"]["state"] != "disabled"
        && model["active"] != false
        && !matches!(kind, Some("embeddings" | "embedding"))
        && !NOT_CHAT.iter().any(|part| id.contains(part))
}

fn model(model: &Value) -> Option<Found> {
    let limits = &model["capabilities"]["limits"];
    // What a model could be loaded with says nothing of how it will be.
    let is_loaded = model["state"].as_str().is_none_or(|state| state == "loaded");
    let most = if is_loaded { &model["max_context_length"] } else { &Value::Null };
    let context = first(&[
        &model["loaded_context_length"],
        &model["max_model_len"],
        &model["meta"]["n_ctx"],
        &model["top_provider"]["context_length"],
        &model["context_length"],
        &model["context_window"],
        most,
        &limits["max_context_window_tokens"],
    ]);
    let output = first(&[
        &model["top_provider"]["max_completion_tokens"],
        &model["max_completion_tokens"],
        &model["outputTokenLimit"],
        &model["max_output_tokens"],
        &limits["max_output_tokens"],
        &model["limits"]["max_output_tokens"],
        &model["max_tokens"],
    ]);
    let prompt = first(&[
        &model["inputTokenLimit"],
        &limits["max_prompt_tokens"],
        &model["limits"]["max_input_tokens"],
    ]);
    // Anthropic's word for the window that prompt and answer share.
    let context = context.or_else(|| first(&[&model["max_input_tokens"]]));
    let context = context.or_else(|| Some(prompt? + output?));
    Some(Found {
        id: id(model)?.to_owned(),
        // An answer that may be as long as the window leaves nothing to ask with.
        output: output.filter(|output| context.is_none_or(|context| *output < context)),
        context,
        prompt,
        efforts: efforts(model),
        price: price(&model["pricing"]),
        api: api(&model["supported_endpoints"]),
        truncates: false,
    })
}

/// The first that is a count, and not zero.
fn first(values: &[&Value]) -> Option<u64> {
    values.iter().find_map(|value| value.as_u64().filter(|count| *count > 0))
}

/// In rising order; None where nothing is said.
fn efforts(model: &Value) -> Option<Vec<Effort>> {
    let named = |list: &Value| -> Option<Vec<Effort>> {
        Some(list.as_array()?.iter().filter_map(effort).collect())
    };
    let levels = |table: &Value| -> Option<Vec<Effort>> {
        let levels = table.as_object()?.iter().filter(|(_, level)| level["supported"] == true);
        Some(levels.filter_map(|(name, _)| effort(&Value::String(name.clone()))).collect())
    };
    let capabilities = &model["capabilities"];
    let mut efforts = named(&model["reasoning"]["supported_efforts"])
        .or_else(|| named(&capabilities["supports"]["reasoning_effort"]))
        .or_else(|| levels(&capabilities["effort"]))?;
    efforts.sort_unstable();
    Some(efforts).filter(|efforts| !efforts.is_empty())
}

fn effort(name: &Value) -> Option<Effort> {
    serde_json::from_value(name.clone()).ok()
}

/// From dollars per token, as text or as a number. A price below zero says that it depends.
fn price(pricing: &Value) -> Option<Price> {
    let dollars = |field: &str| {
        let value = &pricing[field];
        let per_token = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
        // To a millionth of a dollar, so that no digits of the conversion show.
        (per_token >= 0.0).then(|| (per_token * 1e12).round() / 1e6)
    };
    let (input, output) = (dollars("prompt")?, dollars("completion")?);
    Some(Price {
        input,
        cached: dollars("input_cache_read").unwrap_or(input),
        cache_write: dollars("input_cache_write").unwrap_or(input),
        output,
    })
}

/// The wire that carries most, of those that both sides speak.
fn api(endpoints: &Value) -> Option<Api> {
    const WIRES: [(&str, &str); 3] = [
        ("/responses", "openai-responses"),
        ("/v1/messages", "anthropic"),
        ("/chat/completions", "openai-chat"),
    ];
    let endpoints = endpoints.as_array()?;
    let offered = WIRES.iter().filter(|(path, _)| endpoints.iter().any(|one| one == path));
    offered.into_iter().find_map(|(_, name)| Api::ALL.into_iter().find(|api| api.name() == *name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(value: &Value) -> Found {
        read(value).expect("a list").into_iter().next().expect("a model")
    }

    #[test]
    fn ids_alone_are_a_list() {
        let value = json!({ "object": "list", "data": [
            { "id": "gpt-6-luna", "object": "model", "created": 1, "owned_by": "openai" },
            { "id": "text-embedding-3-small", "object": "model" },
            { "id": "whisper-1", "object": "model" },
        ] });
        let found = read(&value).expect("a list");
        assert_eq!(found, [Found { id: "gpt-6-luna".into(), ..Found::default() }]);
        assert_eq!(read(&json!({ "data": [] })), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_list_of_models_is_none() {
        for value in [
            json!({ "status": "ok" }),
            json!("hello"),
            json!({ "data": [{ "title": "x" }] }),
            json!([1, 2]),
            json!({ "data": [{ "id": 7 }] }),
            json!({ "models": [{ "name": "models/" }] }),
        ] {
            assert_eq!(read(&value), None, "{value}");
        }
    }

    #[test]
    fn openrouter_tells_windows_prices_and_efforts() {
        let found = read(&json!({ "data": [
            { "id": "anthropic/claude-fable-5.1", "context_length": 1_000_000,
              "pricing": { "prompt": "0.00001", "completion": "0.00005",
                           "input_cache_read": "0.00000025", "input_cache_write": "0.0000125" },
              "top_provider": { "context_length": 500_000, "max_completion_tokens": 128_000 },
              "supported_parameters": ["tools", "reasoning", "verbosity"],
              "reasoning": { "supported_efforts": ["max", "xhigh", "high", "medium", "low", "none"] } },
            { "id": "some/painter", "context_length": 8192, "supported_parameters": ["temperature"] },
            { "id": "openrouter/auto", "context_length": 2_000_000, "supported_parameters": ["tools"],
              "pricing": { "prompt": "-1", "completion": "-1" },
              "top_provider": { "context_length": null, "max_completion_tokens": null } },
        ] }));
        let found = found.expect("a list");
        assert_eq!(found.len(), 2, "one cannot call tools");
        let fable = &found[0];
        assert_eq!((fable.context, fable.output), (Some(500_000), Some(128_000)));
        let price = Price { input: 10.0, cached: 0.25, cache_write: 12.5, output: 50.0 };
        assert_eq!(fable.price, Some(price));
        let efforts = [Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max];
        assert_eq!(fable.efforts.as_deref(), Some(&efforts[..]));
        assert_eq!((found[1].context, found[1].price), (Some(2_000_000), None));
    }

    #[test]
    fn each_service_has_its_own_words_for_the_window() {
        let limits = |value: Value| {
            let found = one(&json!({ "data": [value] }));
            (found.context, found.prompt, found.output)
        };
        let vllm = json!({ "id": "q", "owned_by": "vllm", "max_model_len": 32_768 });
        assert_eq!(limits(vllm), (Some(32_768), None, None));
        let llama = json!({ "id": "q", "owned_by": "llamacpp",
            "meta": { "n_ctx": 8192, "n_ctx_train": 131_072 } });
        assert_eq!(limits(llama), (Some(8192), None, None));
        let groq = json!({ "id": "q", "active": true, "context_window": 131_072,
            "max_completion_tokens": 65_536 });
        assert_eq!(limits(groq), (Some(131_072), None, Some(65_536)));
        let mistral = json!({ "id": "q", "max_context_length": 262_144,
            "capabilities": { "completion_chat": true, "function_calling": true } });
        assert_eq!(limits(mistral), (Some(262_144), None, None));
        let anthropic = json!({ "id": "q", "type": "model", "max_input_tokens": 1_000_000,
            "max_tokens": 128_000 });
        assert_eq!(limits(anthropic), (Some(1_000_000), None, Some(128_000)));
        let studio = json!({ "id": "q", "state": "loaded", "max_context_length": 262_144,
            "loaded_context_length": 32_768 });
        assert_eq!(limits(studio), (Some(32_768), None, None));
        let unloaded = json!({ "id": "q", "state": "not-loaded", "max_context_length": 262_144 });
        assert_eq!(limits(unloaded), (None, None, None));
        let greedy =
            json!({ "id": "q", "max_context_length": 9000, "max_completion_tokens": 9000 });
        assert_eq!(
            limits(greedy),
            (Some(9000), None, None),
            "an answer leaves room for a question"
        );
        let zero = json!({ "id": "q", "context_length": 0 });
        assert_eq!(limits(zero), (None, None, None));
    }

    #[test]
    fn gemini_names_its_models_as_paths() {
        let found = read(&json!({ "models": [
            { "name": "models/gemini-3.8-flash", "inputTokenLimit": 1_048_576,
              "outputTokenLimit": 65_536, "thinking": true,
              "supportedGenerationMethods": ["generateContent", "countTokens"] },
            { "name": "models/veo", "supportedGenerationMethods": ["predictLongRunning"] },
        ] }));
        let found = found.expect("a list");
        assert_eq!(found.len(), 1);
        let Found { id, context, prompt, output, .. } = &found[0];
        assert_eq!(id, "gemini-3.8-flash");
        assert_eq!((*context, *prompt, *output), (Some(1_114_112), Some(1_048_576), Some(65_536)));
    }

    #[test]
    fn github_models_is_a_bare_list() {
        let found = one(&json!([{ "id": "openai/gpt-4.1", "name": "OpenAI GPT-4.1",
            "limits": { "max_input_tokens": 1_048_576, "max_output_tokens": 32_768 },
            "capabilities": ["streaming", "tool-calling"], "rate_limit_tier": "high" }]));
        assert_eq!(found.id, "openai/gpt-4.1");
        assert_eq!((found.prompt, found.output), (Some(1_048_576), Some(32_768)));
    }

    #[test]
    fn copilot_tells_limits_efforts_and_wires() {
        let entry = |id: &str, state: &str, endpoints: Value| {
            json!({ "id": id, "policy": { "state": state }, "supported_endpoints": endpoints,
                "capabilities": { "type": "chat",
                    "limits": { "max_context_window_tokens": 256_000,
                        "max_prompt_tokens": 128_000, "max_output_tokens": 128_000 },
                    "supports": { "reasoning_effort": ["low", "medium", "high"],
                        "tool_calls": true } } })
        };
        let value = json!({ "data": [
            entry("claude", "enabled", json!(["/chat/completions", "/v1/messages"])),
            entry("off", "disabled", json!(["/responses"])),
            entry("chat", "enabled", json!(["/chat/completions"])),
        ] });
        let found = read(&value).expect("a list");
        let wires: Vec<_> = found.iter().map(|found| (found.id.as_str(), found.api)).collect();
        assert_eq!(wires, [("claude", Some(Api::Anthropic)), ("chat", Some(Api::OpenaiChat))]);
        assert_eq!((found[0].context, found[0].prompt), (Some(256_000), Some(128_000)));
        assert_eq!(found[0].efforts.as_ref().map(Vec::len), Some(3));
    }

    #[test]
    fn anthropic_tells_each_effort_by_itself() {
        let found =
            one(&json!({ "data": [{ "id": "claude-sonnet-4-6", "max_input_tokens": 1_000_000,
            "capabilities": { "effort": { "supported": true, "max": { "supported": true },
                "low": { "supported": true }, "xhigh": { "supported": false } } } }] }));
        assert_eq!(found.efforts, Some(vec![Effort::Low, Effort::Max]));
    }
}
