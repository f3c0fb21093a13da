//! Whether the schema of a tool's arguments is one that the service can hold a model to.

use serde_json::{Map, Value};

/// What a strict schema may say.
const KEYWORDS: [&str; 10] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "anyOf",
    "description",
    "title",
];

/// True: every property of every object is required, and no other is allowed. A schema that says
/// more than the service knows is none.
pub(super) fn is_strict(parameters: &Value) -> bool {
    parameters["type"] == "object" && parameters.get("anyOf").is_none() && fits(parameters)
}

fn fits(schema: &Value) -> bool {
    let Value::Object(fields) = schema else { return false };
    let inner = |name: &str| fields.get(name).is_none_or(fits);
    let any_of = fields
        .get("anyOf")
        .is_none_or(|schemas| schemas.as_array().is_some_and(|schemas| schemas.iter().all(fits)));
    let is_object = fields.get("type").is_some_and(|kind| {
        kind == "object"
            || kind.as_array().is_some_and(|kinds| kinds.iter().any(|one| one == "object"))
    });
    fields.keys().all(|name| KEYWORDS.contains(&name.as_str()))
        && (!is_object || is_closed(fields))
        && inner("items")
        && any_of
}

fn is_closed(object: &Map<String, Value>) -> bool {
    let empty = Map::new();
    let properties = object.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let required = object.get("required").and_then(Value::as_array);
    let is_required = |name: &String| {
        required.is_some_and(|required| required.iter().any(|one| one == name.as_str()))
    };
    object.get("additionalProperties") == Some(&Value::Bool(false))
        && properties.iter().all(|(name, schema)| is_required(name) && fits(schema))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_schema_that_leaves_nothing_open_is_strict() {
        let closed = json!({ "type": "object", "properties": {
            "path": { "type": "string", "description": "where" },
            "edits": { "type": "array", "items": { "type": "object", "properties": {
                "old": { "type": ["string", "null"] },
            }, "required": ["old"], "additionalProperties": false } },
        }, "required": ["path", "edits"], "additionalProperties": false });
        assert!(is_strict(&closed));
        let changes = [
            ("/additionalProperties", json!(true)),
            ("/required", json!(["path"])),
            ("/properties/path/format", json!("uri")),
            ("/properties/edits/items/required", json!([])),
            ("/properties/edits/items/additionalProperties", Value::Null),
            ("/type", json!("string")),
            ("/anyOf", json!([])),
        ];
        for (at, value) in changes {
            let mut open = closed.clone();
            let (parent, name) = at.rsplit_once('/').expect("a pointer");
            open.pointer_mut(parent).expect(at)[name] = value;
            assert!(!is_strict(&open), "{at}");
        }
        assert!(!is_strict(&json!({ "type": "object" })));
    }
}
