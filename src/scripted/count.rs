//! Tokens as the real models count them: in OpenAI's vocabulary o200k, which is kept deflated
//! (`o200k.bin`: the length of each token in a byte, then all tokens' bytes, both by rank).

use flate2::read::DeflateDecoder;
use std::io::Read;
use std::sync::LazyLock;
use tiktoken_rs::{CoreBPE, O200K_BASE_PAT_STR, Rank};

const VOCABULARY: &[u8] = include_bytes!("o200k.bin");
/// Tokens in it.
const TOKENS: usize = 199_998;

static O200K: LazyLock<CoreBPE> = LazyLock::new(o200k);

/// The tokens of a text. The first call loads the vocabulary, which takes a moment.
pub fn count_tokens(text: &str) -> u64 {
    O200K.count_ordinary(text) as u64
}

/// Loads the vocabulary in a thread of its own, so that no request waits for it.
pub(super) fn load_ahead() {
    // Where no thread can be had, the first request loads it.
    let _ = std::thread::Builder::new().name("vocabulary".into()).spawn(|| count_tokens(""));
}

fn o200k() -> CoreBPE {
    let mut all = Vec::new();
    let read = DeflateDecoder::new(VOCABULARY).read_to_end(&mut all);
    read.expect("a test inflates the vocabulary");
    let (lengths, mut bytes) = all.split_at(TOKENS);
    let tokens = lengths.iter().enumerate().map(|(rank, length)| {
        let (token, rest) = bytes.split_at(usize::from(*length));
        bytes = rest;
        (token.to_vec(), rank as Rank)
    });
    CoreBPE::new(tokens.collect(), Default::default(), O200K_BASE_PAT_STR)
        .expect("a test makes an encoder of the vocabulary")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn theirs(text: &str) -> u64 {
        tiktoken_rs::o200k_base_singleton().count_ordinary(text) as u64
    }

    #[test]
    fn texts_are_counted_as_the_published_vocabulary_counts_them() {
        for text in [
            "",
            "fn main() {\n    println!(\"Hello, {name}!\");\n}\n",
            "Grüße, 世界 🌍 ñandú   \t\t x",
            include_str!("count.rs"),
            include_str!("../../README.md"),
        ] {
            assert_eq!(count_tokens(text), theirs(text));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_counted_alike(text in ".{0,200}") {
            prop_assert_eq!(count_tokens(&text), theirs(&text));
        }
    }
}
