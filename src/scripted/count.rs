//! How tokens are counted: by a function that whoever starts a server may choose.
//!
//! The vocabulary of real models is not a part of this crate: it would add 32 MB to the binary and
//! 67 MB to the memory of whoever counts once. Tests that want exact figures bring it along.

/// The tokens of a text.
pub type Count = fn(&str) -> u64;

/// A token for every four bytes that were begun: of prose and of code close to what models count.
pub const fn rough_tokens(text: &str) -> u64 {
    text.len().div_ceil(4) as u64
}

/// Counts once in a thread of its own, so that no request waits for a vocabulary to load.
pub(super) fn load_ahead(count: Count) {
    // Where no thread can be had, the first request loads it.
    _ = std::thread::Builder::new().name("vocabulary".into()).spawn(move || count(""));
}
