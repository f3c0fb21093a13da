//! The figures of a reply in the spellings of many servers.

use crate::model::decoder::count;
use crate::protocol::Usage;
use serde_json::Value;

/// The spellings: OpenAI's, DeepSeek's cache hits, and those that say input and output.
pub(super) fn read_usage(usage: &Value) -> Option<Usage> {
    let at = |path: &str| count(usage.pointer(path));
    let prompt = at("/prompt_tokens").or_else(|| at("/input_tokens"))?;
    let completion = at("/completion_tokens").or_else(|| at("/output_tokens")).unwrap_or(0);
    let cached = at("/prompt_tokens_details/cached_tokens")
        .or_else(|| at("/prompt_cache_hit_tokens"))
        .or_else(|| at("/input_tokens_details/cached_tokens"))
        .or_else(|| at("/cached_tokens"))
        .unwrap_or(0)
        .min(prompt);
    let cache_write =
        at("/prompt_tokens_details/cache_write_tokens").unwrap_or(0).min(prompt - cached);
    let reasoning = at("/completion_tokens_details/reasoning_tokens")
        .or_else(|| at("/output_tokens_details/reasoning_tokens"))
        .unwrap_or(0);
    // A few services count reasoning beside the completion; the total gives them away.
    let beside = reasoning > 0 && at("/total_tokens") == Some(prompt + completion + reasoning);
    let output = if beside { completion + reasoning } else { completion };
    Some(Usage {
        input: prompt - cached - cache_write,
        cached,
        cache_write,
        output,
        reasoning: reasoning.min(output),
        estimated: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn usage_is_read_in_its_spellings_without_overlap() {
        let read = |value| {
            let usage = read_usage(&value).expect("usage");
            (usage.input, usage.cached, usage.cache_write, usage.output, usage.reasoning)
        };
        let openai = json!({ "prompt_tokens": 100, "completion_tokens": 9,
            "prompt_tokens_details": { "cached_tokens": 60, "cache_write_tokens": 10 },
            "completion_tokens_details": { "reasoning_tokens": 4 } });
        assert_eq!(read(openai), (30, 60, 10, 9, 4));
        let deepseek = json!({ "prompt_tokens": 100, "completion_tokens": 9,
            "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36 });
        assert_eq!(read(deepseek), (36, 64, 0, 9, 0));
        let beside = json!({ "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 22,
            "completion_tokens_details": { "reasoning_tokens": 7 } });
        assert_eq!(read(beside), (10, 0, 0, 12, 7));
        assert_eq!(read_usage(&Value::Null), None);
    }
}
