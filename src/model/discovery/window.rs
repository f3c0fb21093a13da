//! What servers of one's own say of the window that a model is loaded with, beside their lists.

use crate::protocol::Found;
use serde_json::Value;

/// `GET /props` of llama.cpp: of the one model that it serves.
pub(super) fn of_props(found: &mut [Found], props: &Value) {
    let settings = &props["default_generation_settings"];
    let window = [&settings["n_ctx"], &props["n_ctx"]].into_iter().find_map(count);
    if let ([model], Some(window)) = (found, window) {
        model.context.get_or_insert(window);
    }
}

/// `GET /api/v0/models` of LM Studio: of the models that are loaded.
pub(super) fn of_studio(found: &mut [Found], list: &Value) {
    for entry in list["data"].as_array().into_iter().flatten() {
        let window = count(&entry["loaded_context_length"]);
        if let Some(model) = named(found, &entry["id"]) {
            model.context = model.context.or(window);
        }
    }
}

/// Whether this is the answer of Ollama to `GET /api/ps`.
pub(super) fn is_ollama(running: &Value) -> bool {
    running["models"].is_array()
}

/// `GET /api/ps` of Ollama: of the models that are loaded.
pub(super) fn of_running(found: &mut [Found], running: &Value) {
    for model in found.iter_mut() {
        model.truncates = true;
    }
    for entry in running["models"].as_array().into_iter().flatten() {
        let window = count(&entry["context_length"]);
        if let Some(model) = named(found, &entry["name"]) {
            model.context = model.context.or(window);
        }
    }
}

/// `POST /api/show` of Ollama: the window that the model's own file sets, if it does.
pub(super) fn of_shown(model: &mut Found, shown: &Value) {
    let parameters = shown["parameters"].as_str().unwrap_or_default();
    let window = parameters.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("num_ctx")).then(|| words.next()?.parse().ok()).flatten()
    });
    model.context = model.context.or(window.filter(|window| *window > 0));
}

fn named<'a>(found: &'a mut [Found], id: &Value) -> Option<&'a mut Found> {
    found.iter_mut().find(|model| *id == model.id.as_str())
}

fn count(value: &Value) -> Option<u64> {
    value.as_u64().filter(|count| *count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(ids: &[&str]) -> Vec<Found> {
        ids.iter().map(|id| Found { id: (*id).into(), ..Found::default() }).collect()
    }

    fn windows(found: &[Found]) -> Vec<Option<u64>> {
        found.iter().map(|model| model.context).collect()
    }

    #[test]
    fn llama_cpp_tells_the_window_of_its_one_model() {
        let props = json!({ "default_generation_settings": { "n_ctx": 8192 }, "total_slots": 1 });
        let mut one = found(&["a"]);
        of_props(&mut one, &props);
        assert_eq!(windows(&one), [Some(8192)]);
        let mut two = found(&["a", "b"]);
        of_props(&mut two, &props);
        assert_eq!(windows(&two), [None, None], "whose it would be is not said");
    }

    #[test]
    fn lm_studio_tells_it_of_what_is_loaded() {
        let mut models = found(&["a", "b"]);
        let list = json!({ "data": [
            { "id": "a", "state": "loaded", "max_context_length": 9, "loaded_context_length": 4096 },
            { "id": "b", "state": "not-loaded", "max_context_length": 262_144 },
        ] });
        of_studio(&mut models, &list);
        assert_eq!(windows(&models), [Some(4096), None]);
        assert!(!models[0].truncates);
    }

    #[test]
    fn ollama_tells_it_of_what_runs_or_of_what_sets_it() {
        let mut models = found(&["qwen3:8b", "glm:latest", "tiny:latest"]);
        let running = json!({ "models": [{ "name": "qwen3:8b", "context_length": 4096 }] });
        assert!(is_ollama(&running) && !is_ollama(&json!({ "error": "no such path" })));
        of_running(&mut models, &running);
        let parameters = "stop  \"<|end|>\"\nnum_ctx                        16384\ntop_k 20";
        of_shown(&mut models[1], &json!({ "parameters": parameters }));
        of_shown(&mut models[2], &json!({ "parameters": "num_ctx lots" }));
        assert_eq!(windows(&models), [Some(4096), Some(16_384), None]);
        assert!(models.iter().all(|model| model.truncates));
    }
}
