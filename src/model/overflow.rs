//! How services say that a prompt does not fit the window.

use super::trouble::ServiceError;
use crate::protocol::Excess;

/// As `type` or `code`.
const WORDS: [&str; 6] = [
    "context_length_exceeded",
    "exceed_context_size_error",
    "request_too_large",
    "model_max_prompt_tokens_exceeded",
    "string_above_max_length",
    "tokens_limit_reached",
];
/// In a message, in lower case. Whose they are stands beside those of the test below.
const PHRASES: [&str; 16] = [
    "prompt is too long",
    "prompt too long",
    "maximum context length",
    "maximum prompt length",
    "exceed context limit",
    "exceeds the available context",
    "context window",
    "context size",
    "context length",
    "input is too long",
    "too many tokens",
    "too large for model",
    "request too large for",
    "exceeds the maximum number of tokens allowed",
    "prompt token count of",
    "reduce the length of the messages",
];
/// A smaller number in a message is none of a window.
const WINDOW_MIN: u64 = 256;

/// None: the error is another one. Some: it is an overflow, by so much where the service said so.
pub(super) fn read(error: &ServiceError) -> Option<Option<Excess>> {
    let message = error.message.to_lowercase();
    let is = error.overflow.is_some()
        || WORDS.iter().any(|word| error.says(word))
        || PHRASES.iter().any(|phrase| message.contains(phrase));
    is.then(|| error.overflow.or_else(|| excess(&message)))
}

/// Where a message names exactly two numbers that could be prompt and window, the larger one is
/// the prompt. Of four the largest is, if two others are its parts: the last one is the window.
fn excess(message: &str) -> Option<Excess> {
    // The digits of a model's name or of a date are none.
    let of_word = |char: char| char.is_alphanumeric() || matches!(char, ',' | '.' | '-' | '_');
    let words = message.split(|char| !of_word(char)).map(|word| word.trim_end_matches([',', '.']));
    let numbers = words.filter_map(|word| word.replace(',', "").parse().ok());
    let mut numbers: Vec<u64> = numbers.filter(|number| *number >= WINDOW_MIN).collect();
    numbers.sort_unstable();
    numbers.dedup();
    match numbers[..] {
        [window, tokens] => Some(Excess { tokens, window }),
        [a, b, c, tokens] if a + b == tokens => Some(Excess { tokens, window: c }),
        [a, window, c, tokens] if a + c == tokens => Some(Excess { tokens, window }),
        [window, b, c, tokens] if b + c == tokens => Some(Excess { tokens, window }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_message(message: &str) -> Option<Option<(u64, u64)>> {
        let error = ServiceError { message: message.to_owned(), ..ServiceError::default() };
        read(&error).map(|excess| excess.map(|excess| (excess.tokens, excess.window)))
    }

    #[test]
    fn every_service_s_spelling_is_read_with_its_numbers() {
        let numbers = |message| read_message(message).expect("an overflow").expect("numbers");
        // Anthropic.
        assert_eq!(
            numbers("prompt is too long: 204800 tokens > 200000 maximum"),
            (204_800, 200_000)
        );
        let both = "input length and `max_tokens` exceed context limit: 190000 + 16000 > 200000, \
                    decrease input length or `max_tokens` and try again";
        assert_eq!(read_message(both), Some(None), "three numbers, none of which is the prompt");
        // OpenAI, Azure, DeepSeek, OpenRouter.
        let openai = "This model's maximum context length is 8,192 tokens. However, your messages \
                      resulted in 44055 tokens. Please reduce the length of the messages.";
        assert_eq!(numbers(openai), (44_055, 8192));
        let parts = "This endpoint's maximum context length is 131072 tokens. However, you requested \
                     about 140000 tokens (124000 of text input, 16000 in the output).";
        assert_eq!(numbers(parts), (140_000, 131_072));
        // OpenAI's Responses, without numbers.
        let responses = "Your input exceeds the context window of this model. Please adjust your \
                         input and try again.";
        assert_eq!(read_message(responses), Some(None));
        // Gemini.
        let gemini = "The input token count (1200000) exceeds the maximum number of tokens allowed \
                      (1048576).";
        assert_eq!(numbers(gemini), (1_200_000, 1_048_576));
        // GitHub Copilot, GitHub Models.
        assert_eq!(
            numbers("prompt token count of 130000 exceeds the limit of 128000"),
            (130_000, 128_000)
        );
        let github = "Request body too large for model. Max size: 8000 tokens.";
        assert_eq!(read_message(github), Some(None));
        // Mistral.
        let mistral = "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 \
                       maximum context length";
        assert_eq!(numbers(mistral), (40_000, 32_768));
        // Groq.
        let groq = "Please reduce the length of the messages or completion.";
        assert_eq!(read_message(groq), Some(None));
        // llama.cpp, LM Studio, Ollama, vLLM.
        let llama = "request (44055 tokens) exceeds the available context size (8192 tokens), try \
                     increasing it";
        assert_eq!(numbers(llama), (44_055, 8192));
        let studio = "Trying to keep the first 9000 tokens when context the overflows. However, the \
                      model is loaded with context length of only 4096 tokens";
        assert_eq!(numbers(studio), (9000, 4096));
        assert_eq!(read_message("prompt too long; exceeded max context length"), Some(None));
        // A limit of tokens per minute that the request alone exceeds.
        let minute = "Request too large for gpt-4-0613 in organization org-1 on tokens per min (TPM): \
                      Limit 10000, Requested 20000. The input or output tokens must be reduced.";
        assert_eq!(numbers(minute), (20_000, 10_000));
        // xAI.
        let xai =
            "This model's maximum prompt length is 131072 but the request contains 140000 tokens.";
        assert_eq!(numbers(xai), (140_000, 131_072));
    }

    #[test]
    fn other_refusals_are_none() {
        for message in [
            "Rate limit reached for requests",
            "max_tokens: 64000 > 32000, which is the maximum allowed number of output tokens",
            "Invalid 'tools': expected at most 128",
            "The model is overloaded",
        ] {
            assert_eq!(read_message(message), None, "{message}");
        }
    }
}
