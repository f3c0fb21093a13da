//! The settings that exist, and what their values may be. `*` stands for a name that the user chose.

use super::error::{ConfigError, Trouble, nearest};
use super::{guard, value};
use std::path::{Component, Path};
use toml::Value;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Text,
    Flag,
    Tokens,
    Count,
    Dollars,
    Duration,
    OneOf(&'static [&'static str]),
    Texts,
    /// For `sh -c`; or false.
    Command,
    /// A relative path that does not climb.
    Inside,
    SomeOf(&'static [&'static str]),
    /// `[[guard]]`: each table is checked by itself.
    Guards,
}

const EFFORTS: &[&str] = &["minimal", "low", "medium", "high", "xhigh", "max"];
pub(super) const APIS: &[&str] =
    &["openai-responses", "openai-chat", "anthropic", "gemini", "copilot"];

pub(super) const SETTINGS: &[(&str, Kind)] = &[
    ("model", Kind::Text),
    ("mode", Kind::OneOf(&["plan", "confirm", "auto-edit", "autopilot"])),
    ("depth", Kind::OneOf(&["auto", "brief", "normal", "deep"])),
    ("shell", Kind::Text),
    ("auto.fast", Kind::Text),
    ("auto.strong", Kind::Text),
    ("auto.local", Kind::Flag),
    ("budget.turn", Kind::Tokens),
    ("budget.session", Kind::Tokens),
    ("budget.day", Kind::Tokens),
    ("budget.cost", Kind::Dollars),
    ("budget.steps", Kind::Count),
    ("budget.time", Kind::Duration),
    ("network.connect", Kind::Duration),
    ("network.first_byte", Kind::Duration),
    ("network.idle", Kind::Duration),
    ("network.total", Kind::Duration),
    ("network.silence", Kind::Duration),
    ("network.ca_file", Kind::Text),
    ("ui.theme", Kind::Text),
    ("ui.ascii", Kind::Flag),
    ("ui.mouse", Kind::Flag),
    ("terminal.leader", Kind::Text),
    ("terminal.clipboard", Kind::OneOf(&["off", "write"])),
    ("draft.caches", Kind::Texts),
    ("draft.through", Kind::Texts),
    ("rules.allow", Kind::Texts),
    ("rules.ask", Kind::Texts),
    ("rules.deny", Kind::Texts),
    ("providers.*.api", Kind::OneOf(APIS)),
    ("providers.*.base_url", Kind::Text),
    ("providers.*.base_url_env", Kind::Text),
    ("providers.*.base_url_path", Kind::Text),
    ("providers.*.key_env", Kind::Text),
    ("providers.*.key_command", Kind::Text),
    ("providers.*.client_id", Kind::Text),
    ("providers.*.auto", Kind::Flag),
    ("providers.*.host", Kind::Text),
    ("models.*.provider", Kind::Text),
    ("models.*.id", Kind::Text),
    ("models.*.api", Kind::OneOf(APIS)),
    ("models.*.context", Kind::Tokens),
    ("models.*.prompt", Kind::Tokens),
    ("models.*.output", Kind::Tokens),
    ("models.*.efforts", Kind::SomeOf(EFFORTS)),
    ("models.*.thinking", Kind::OneOf(&["effort", "adaptive", "budget", "level"])),
    ("models.*.verbosity", Kind::Flag),
    ("models.*.fallback", Kind::Text),
    ("models.*.edits", Kind::OneOf(&["replace", "apply-patch", "whole"])),
    ("models.*.price.input", Kind::Dollars),
    ("models.*.price.cached", Kind::Dollars),
    ("models.*.price.cache_write", Kind::Dollars),
    ("models.*.price.output", Kind::Dollars),
    ("gates.find", Kind::Flag),
    ("gates.*", Kind::Command),
    ("gates.*.run", Kind::Command),
    ("gates.*.when", Kind::OneOf(&["edit", "turn", "apply"])),
    ("gates.*.timeout", Kind::Duration),
    ("gates.*.sarif", Kind::Inside),
    ("guard", Kind::Guards),
];

/// Though it stands among names that the user chose, it is none.
const RESERVED: &str = "gates.find";

/// The variables that set one setting each.
pub(super) const VARIABLES: &[(&str, &str)] = &[
    ("BRISK_MODEL", "model"),
    ("BRISK_MODE", "mode"),
    ("BRISK_DEPTH", "depth"),
    ("BRISK_BUDGET", "budget.turn"),
    ("BRISK_MAX_COST", "budget.cost"),
    ("BRISK_MAX_STEPS", "budget.steps"),
    ("BRISK_MAX_TIME", "budget.time"),
    ("BRISK_SHELL", "shell"),
    ("BRISK_THEME", "ui.theme"),
    ("BRISK_ASCII", "ui.ascii"),
    ("BRISK_AUTO_LOCAL", "auto.local"),
    ("BRISK_COPILOT_CLIENT_ID", "providers.copilot.client_id"),
];

/// A key's parts; a part that the user named may hold dots.
pub(super) type Key = Vec<String>;

fn fits(pattern: &str, key: &[String]) -> bool {
    starts(pattern, key) && pattern.split('.').count() == key.len()
}

/// Whether the key is the pattern's beginning, or all of it.
fn starts(pattern: &str, key: &[String]) -> bool {
    let mut parts = pattern.split('.');
    key.iter().all(|part| parts.next().is_some_and(|known| known == "*" || known == part))
}

/// The key under which a value is kept: a gate's command line is its `run`.
pub(super) fn canonical(key: &[String]) -> Key {
    let mut key = key.to_vec();
    if key.len() == 2 && kind(&key) == Some(Kind::Command) {
        key.push("run".to_owned());
    }
    key
}

/// What the value of this key may be; None if there is no such setting.
pub(super) fn kind(key: &[String]) -> Option<Kind> {
    let reserved = key.len() > 2 && starts(RESERVED, &key[..2]);
    SETTINGS.iter().find(|(pattern, _)| !reserved && fits(pattern, key)).map(|(_, kind)| *kind)
}

/// Whether settings lie below this key.
pub(super) fn is_table(key: &[String]) -> bool {
    SETTINGS.iter().any(|(pattern, _)| starts(pattern, key) && !fits(pattern, key))
}

pub(super) fn unknown(key: &[String]) -> ConfigError {
    let shown = key.join(".");
    // As deep as the user is right, the nearest name of that depth.
    let right =
        (0..key.len()).rev().find(|depth| is_table(&key[..*depth]) || *depth == 0).unwrap_or(0);
    let siblings = SETTINGS.iter().filter(|(pattern, _)| starts(pattern, &key[..right]));
    let names: Vec<&str> = siblings
        .filter_map(|(pattern, _)| pattern.split('.').nth(right))
        .filter(|name| *name != "*")
        .collect();
    let mut error = ConfigError::new(Trouble::Setting, format!("unknown key `{shown}`"));
    let near = nearest(&key[right], names.iter().copied()).map(|name| {
        let mut near = key[..right].to_vec();
        near.push(name.to_owned());
        near.join(".")
    });
    // The right name at another depth: `turn` for `budget.turn`.
    let elsewhere = || {
        let last = key.last()?;
        let ends =
            |pattern: &&str| !pattern.contains('*') && pattern.rsplit('.').next() == Some(last);
        SETTINGS
            .iter()
            .map(|(pattern, _)| *pattern)
            .find(|pattern| ends(pattern))
            .map(str::to_owned)
    };
    if let Some(near) = near.or_else(elsewhere) {
        error = error.hinted(format!("did you mean `{near}`?"));
    } else {
        let mut names = names;
        names.dedup();
        error = error.hinted(format!("known here: {}", names.join(", ")));
    }
    error
}

/// # Errors
/// If the value is not one that the key may have.
pub(super) fn check(key: &[String], kind: Kind, value: &Value) -> Result<(), ConfigError> {
    let fits = match (kind, value) {
        (Kind::Text, Value::String(_)) | (Kind::Flag, Value::Boolean(_)) => true,
        (Kind::Command, Value::String(text)) => !text.trim().is_empty(),
        (Kind::Command, Value::Boolean(wanted)) => !wanted,
        (Kind::Inside, Value::String(text)) => {
            let mut parts = Path::new(text).components();
            !text.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
        }
        (Kind::Tokens, Value::String(text)) => value::tokens(text).is_some(),
        (Kind::Tokens | Kind::Count, Value::Integer(count)) => *count >= 0,
        (Kind::Dollars, Value::Float(dollars)) => *dollars >= 0.0 && dollars.is_finite(),
        (Kind::Dollars, Value::Integer(dollars)) => *dollars >= 0,
        (Kind::Duration, Value::String(text)) => value::seconds(text).is_some(),
        (Kind::OneOf(names), Value::String(text)) => return one_of(key, names, text),
        (Kind::Texts, Value::Array(values)) => values.iter().all(Value::is_str),
        (Kind::SomeOf(names), Value::Array(values)) => {
            for value in values {
                one_of(key, names, value.as_str().unwrap_or_default())?;
            }
            true
        }
        (Kind::Guards, Value::Array(values)) => {
            values.iter().try_for_each(guard::check)?;
            true
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let wanted = match kind {
        Kind::Text => "a text such as \"name\"".to_owned(),
        Kind::Flag => "true or false".to_owned(),
        Kind::Command => "a command line such as \"cargo test\", or false".to_owned(),
        Kind::Inside => "a path inside the project such as \"scan.sarif\"".to_owned(),
        Kind::Tokens => "a token count such as \"100k\"".to_owned(),
        Kind::Count => "a whole number such as 20".to_owned(),
        Kind::Dollars => "dollars such as 0.5".to_owned(),
        Kind::Duration => "a duration such as \"10m\"".to_owned(),
        Kind::OneOf(names) => format!("one of {}", names.join(", ")),
        Kind::Texts => "a list of texts such as [\"cargo test\"]".to_owned(),
        Kind::SomeOf(names) => format!("a list out of {}", names.join(", ")),
        Kind::Guards => "tables: [[guard]]".to_owned(),
    };
    let message = format!("`{}` must be {wanted}, not {value}", key.join("."));
    Err(ConfigError::new(Trouble::Setting, message))
}

fn one_of(key: &[String], names: &[&str], text: &str) -> Result<(), ConfigError> {
    if names.contains(&text) {
        return Ok(());
    }
    let message =
        format!("`{}` must be one of {}, not \"{text}\"", key.join("."), names.join(", "));
    let error = ConfigError::new(Trouble::Setting, message);
    Err(match nearest(text, names.iter().copied()) {
        Some(name) => error.hinted(format!("did you mean \"{name}\"?")),
        None => error,
    })
}
