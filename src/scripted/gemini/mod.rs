//! The GenerateContent wire of Gemini: what it takes, and how a reply goes over it.

mod check;
mod refused;
mod stream;
mod turns;

pub(super) use check::{check, check_count};
pub(super) use refused::{invalid_key, refused};
pub(super) use stream::{error, events, signed};

/// The model that a path asks, if it is one of this wire: `/v1beta/models/tiny:streamGenerateContent`.
pub(super) fn model_in(path: &str) -> Option<&str> {
    before(path, ":streamGenerateContent")
}

/// The model whose tokens a path has counted: `/v1beta/models/tiny:countTokens`.
pub(super) fn counted_in(path: &str) -> Option<&str> {
    before(path, ":countTokens")
}

fn before<'a>(path: &'a str, method: &str) -> Option<&'a str> {
    let path = path.split('?').next().unwrap_or_default();
    let below = path.strip_prefix("/v1beta/models/").or(path.strip_prefix("/v1/models/"))?;
    below.strip_suffix(method).filter(|model| !model.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_stands_in_the_path() {
        let path = "/v1beta/models/tiny-3:streamGenerateContent";
        assert_eq!(model_in(path), Some("tiny-3"));
        assert_eq!(model_in(&format!("{path}?alt=sse")), Some("tiny-3"));
        assert_eq!(model_in("/v1/models/tiny:streamGenerateContent"), Some("tiny"));
        assert_eq!(model_in("/v1/models"), None);
        assert_eq!(model_in("/v1/models/tiny:generateContent"), None);
        assert_eq!(counted_in("/v1/models/tiny:countTokens"), Some("tiny"));
        assert_eq!(counted_in(path), None);
    }
}
