//! `[[guard]]`: files that the user always wants to be asked about.

use super::error::{ConfigError, Trouble, nearest};
use crate::protocol::GuardPaths;
use toml::Value;

const FIELDS: [&str; 2] = ["name", "paths"];

/// # Errors
/// If the value is no guard: a table with a name and paths from the workspace's root.
pub(super) fn check(value: &Value) -> Result<(), ConfigError> {
    let trouble = |message: String| ConfigError::new(Trouble::Setting, message);
    let example = "write [[guard]] with name = \"auth\" and paths = [\"src/auth/**\"]";
    let Some(table) = value.as_table() else {
        return Err(trouble(format!("`guard` must be tables, not {value}")).hinted(example));
    };
    for key in table.keys() {
        if !FIELDS.contains(&key.as_str()) {
            let error = trouble(format!("unknown key `guard.{key}`"));
            let near = nearest(key, FIELDS.iter().copied());
            let hint = near.map(|name| format!("did you mean `{name}`?"));
            return Err(error.hinted(hint.unwrap_or_else(|| "known here: name, paths".to_owned())));
        }
    }
    let name = table.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.trim().is_empty() {
        return Err(trouble("a guard needs a name".to_owned()).hinted(example));
    }
    let paths = table.get("paths").and_then(Value::as_array).filter(|paths| !paths.is_empty());
    let Some(paths) = paths else {
        return Err(trouble(format!("the guard `{name}` needs paths")).hinted(example));
    };
    for path in paths {
        let bad = match path.as_str() {
            None => Some("is no text"),
            Some(text) if text.trim().is_empty() => Some("is empty"),
            Some(text)
                if text.starts_with(['/', '~']) || text.split('/').any(|part| part == "..") =>
            {
                Some("must be from the workspace's root, without ..")
            }
            Some(text) if text.contains(['[', '!', '\\']) => {
                Some("may have *, **, ? and {a,b} alone")
            }
            Some(text) if text.matches('{').count() != text.matches('}').count() => {
                Some("has a brace that is not closed")
            }
            Some(_) => None,
        };
        if let Some(why) = bad {
            return Err(trouble(format!("of the guard `{name}` the path {path} {why}")));
        }
    }
    Ok(())
}

/// None for a value that `check` refuses.
pub(super) fn read(value: &Value) -> Option<GuardPaths> {
    let table = value.as_table()?;
    let paths = table.get("paths")?.as_array()?.iter().filter_map(Value::as_str);
    Some(GuardPaths {
        name: table.get("name")?.as_str()?.to_owned(),
        paths: paths.map(str::to_owned).collect(),
    })
}
