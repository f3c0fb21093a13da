//! The figures of a response.

use crate::model::decoder::count;
use crate::protocol::Usage;
use serde_json::Value;

/// None where the server counts nothing. Cached and written input are part of `input_tokens`.
pub(super) fn read_usage(usage: &Value) -> Option<Usage> {
    let at = |path: &str| count(usage.pointer(path));
    let input = at("/input_tokens").or_else(|| at("/prompt_tokens"))?;
    let output = at("/output_tokens").or_else(|| at("/completion_tokens")).unwrap_or(0);
    let cached = at("/input_tokens_details/cached_tokens").unwrap_or(0).min(input);
    let cache_write =
        at("/input_tokens_details/cache_write_tokens").unwrap_or(0).min(input - cached);
    let reasoning = at("/output_tokens_details/reasoning_tokens").unwrap_or(0).min(output);
    Some(Usage {
        input: input - cached - cache_write,
        cached,
        cache_write,
        output,
        reasoning,
        estimated: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn usage_is_read_without_overlap() {
        let read = |value| {
            let usage = read_usage(&value).expect("usage");
            (usage.input, usage.cached, usage.cache_write, usage.output, usage.reasoning)
        };
        let whole = json!({ "input_tokens": 100, "output_tokens": 9, "total_tokens": 109,
            "input_tokens_details": { "cached_tokens": 60, "cache_write_tokens": 10 },
            "output_tokens_details": { "reasoning_tokens": 4 } });
        assert_eq!(read(whole), (30, 60, 10, 9, 4));
        let little = json!({ "input_tokens": 5, "input_tokens_details": { "cached_tokens": 9 } });
        assert_eq!(read(little), (0, 5, 0, 0, 0));
        assert_eq!(read_usage(&Value::Null), None);
    }
}
