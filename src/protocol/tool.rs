//! A tool as a model is told of it.

use serde::Serialize;
use serde_json::Value;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tool {
    pub name: &'static str,
    pub description: String,
    /// JSON Schema of the arguments: an object.
    pub parameters: Value,
}
