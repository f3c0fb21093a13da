//! read: a range of a file's lines.

use super::{BadArguments, Call, Said, arguments};
use crate::agent::World;
use crate::protocol::{Detail, Tool};
use serde::Deserialize;
use serde_json::json;

pub(super) const NAME: &str = "read";

#[derive(Deserialize)]
struct Arguments {
    path: String,
    #[serde(default)]
    from: Option<u64>,
    #[serde(default)]
    to: Option<u64>,
}

pub(super) fn tool() -> Tool {
    Tool {
        name: NAME,
        description: "Read a text file, with line numbers.".to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {
                "path": {"type": "string"},
                "from": {"type": "integer", "description": "first line, from 1"},
                "to": {"type": "integer", "description": "last line"},
            },
            "required": ["path"],
        }),
    }
}

pub(super) async fn run(call: &Call, world: &World) -> Result<Said, BadArguments> {
    let Arguments { path, from, to } = arguments(call, &tool())?;
    Ok(match world.workspace.read(&path, from, to) {
        Ok(excerpt) => {
            let (from, to, lines) = (excerpt.from, excerpt.to, excerpt.lines);
            Said::done(excerpt.text, Detail::Read { path, from, to, lines })
        }
        Err(error) => Said::failed(error.to_string()),
    })
}
