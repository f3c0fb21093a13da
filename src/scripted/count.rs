//! Tokens as the real models count them: in the vocabulary o200k.

/// The tokens of a text. The first call loads the vocabulary, which takes a moment.
pub fn count_tokens(text: &str) -> u64 {
    tiktoken_rs::o200k_base_singleton().count_ordinary(text) as u64
}

/// Loads the vocabulary in a thread of its own, so that no request waits for it.
pub(super) fn load_ahead() {
    // Where no thread can be had, the first request loads it.
    let _ = std::thread::Builder::new().name("vocabulary".into()).spawn(|| count_tokens(""));
}
