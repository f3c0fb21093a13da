//! Chat Completions: `POST {base}/chat/completions`, as OpenAI and everyone after it speak it.

mod reply;
mod request;
mod usage;

pub(super) use reply::Decoder;
pub(super) use request::body;

/// Marks what goes back to this dialect alone.
const DIALECT: &str = "openai-chat";
