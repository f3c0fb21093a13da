//! Anthropic Messages: `POST {base}/messages`.

mod block;
mod counts;
mod reply;
mod request;

pub(super) use reply::Decoder;
pub(super) use request::body;

/// Marks what goes back to this dialect alone.
const DIALECT: &str = "anthropic";

/// The value of the header `anthropic-version`.
pub(super) const VERSION: &str = "2023-06-01";
