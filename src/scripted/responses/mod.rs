//! The Responses wire: what it takes, and how a reply goes over it.

mod check;
mod response;
mod said;
mod stream;
#[cfg(test)]
mod tests;

pub(super) use check::{check, check_count};
pub(super) use stream::{error, events};

use serde_json::{Value, json};

/// Between the parts of a summary.
const PARAGRAPH: &str = "\n\n";

/// The reasoning item of a thought, as it is given and as it must come back.
fn reasoning(text: &str, signature: &str) -> Value {
    let summary: Vec<_> =
        text.split(PARAGRAPH).map(|part| json!({ "type": "summary_text", "text": part })).collect();
    json!({
        "id": reasoning_id(signature), "type": "reasoning", "encrypted_content": signature,
        "summary": summary,
    })
}

fn reasoning_id(signature: &str) -> String {
    format!("rs_{signature}")
}
