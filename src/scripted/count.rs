//! Tokens by the vocabulary o200k.

use bpe_openai::o200k_base;

/// How many tokens a text has. The first call of a process loads the vocabulary.
pub fn count_tokens(text: &str) -> u64 {
    o200k_base().count(text) as u64
}

/// Loads the vocabulary in a thread of its own, so that no request waits for all of it.
pub(super) fn load_ahead() {
    // Where no thread can be had, the first request loads it.
    _ = std::thread::Builder::new().name("vocabulary".into()).spawn(|| count_tokens(""));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_o200k() {
        assert_eq!(count_tokens(""), 0);
        assert_eq!(count_tokens("hello world"), 2);
    }
}
