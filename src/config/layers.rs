//! Who said what: each layer's settings, one above the other, with the place of each.

use super::error::{ConfigError, Place, Trouble};
use super::guard;
use super::schema::{self, Key, Kind};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use toml::Value;
use toml::de::{DeTable, DeValue};

const FILE_BYTES_MAX: u64 = 1 << 20;

/// Where a value was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    BuiltIn,
    File { path: PathBuf, line: usize },
    Variable(String),
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::BuiltIn => out.write_str("built-in"),
            Source::File { path, line } => write!(out, "{}:{line}", path.display()),
            Source::Variable(name) => write!(out, "${name}"),
            Source::Flag => out.write_str("a flag"),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub source: Source,
    pub value: Value,
}

/// All layers; of each key what was said, the strongest last.
#[derive(Clone, Debug, Default)]
pub(super) struct Layers {
    said: BTreeMap<Key, Vec<Said>>,
    /// Keys in the order in which they were first said.
    order: Vec<Key>,
}

impl Layers {
    pub(super) fn say(&mut self, key: &[String], said: Said) {
        let key = schema::canonical(key);
        if !self.said.contains_key(&key) {
            self.order.push(key.clone());
        }
        self.said.entry(key).or_default().push(said);
    }

    pub(super) fn get(&self, key: &[&str]) -> Option<&Value> {
        let key: Key = key.iter().map(|part| (*part).to_owned()).collect();
        self.all(&key).last().map(|said| &said.value)
    }

    pub(super) fn all(&self, key: &[String]) -> &[Said] {
        self.said.get(&schema::canonical(key)).map_or(&[], Vec::as_slice)
    }

    /// Whether a layer above the built-in one says it.
    pub(super) fn is_said(&self, key: &[String]) -> bool {
        self.all(key).last().is_some_and(|said| said.source != Source::BuiltIn)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.order.iter()
    }

    /// The names that the user or the built-in tables gave below `table`, the user's first, else in the order
    /// in which they were written.
    pub(super) fn names(&self, table: &str) -> Vec<String> {
        let mut own = Vec::new();
        let mut built_in = Vec::new();
        let mut last = None;
        for key in self.order.iter().filter(|key| key.len() > 2 && key[0] == table) {
            let name = &key[1];
            // Its fields stand one after another.
            if last.replace(name) == Some(name) {
                continue;
            }
            let first = self.said[key].first().is_some_and(|said| said.source == Source::BuiltIn);
            let list = if first { &mut built_in } else { &mut own };
            if !list.contains(name) {
                list.push(name.clone());
            }
        }
        own.retain(|name| !built_in.contains(name));
        own.extend(built_in);
        own
    }

    /// A file that may be absent. Settings below `[profiles.NAME]` come back for their own layer.
    ///
    /// # Errors
    /// If it cannot be read, is no TOML, or says what cannot be.
    pub(super) fn file(&mut self, path: &Path) -> Result<Vec<(Key, Said)>, ConfigError> {
        let unreadable = |why: String| {
            ConfigError::new(Trouble::Setting, format!("cannot read {}: {why}", path.display()))
        };
        let size = match std::fs::metadata(path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error.to_string())),
        };
        if size > FILE_BYTES_MAX {
            return Err(unreadable(format!("it has more than {FILE_BYTES_MAX} bytes")));
        }
        let content =
            std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        let line = |line| Source::File { path: path.to_owned(), line };
        self.text(&content, path, &line)
    }

    /// # Errors
    /// As `file`.
    pub(super) fn text(
        &mut self,
        content: &str,
        path: &Path,
        source: &dyn Fn(usize) -> Source,
    ) -> Result<Vec<(Key, Said)>, ConfigError> {
        let content = content.strip_prefix('\u{feff}').unwrap_or(content);
        let table = DeTable::parse(content).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let mut trouble =
                ConfigError::new(Trouble::Setting, error.message().trim_end().replace('\n', ", "));
            trouble.place = Some(Place::of(path, content, at));
            trouble
        })?;
        let mut leaves = Leaves { content, path, source, out: Vec::new() };
        leaves.table(&Vec::new(), table.get_ref())?;
        let (profiles, settings): (Vec<_>, Vec<_>) =
            leaves.out.into_iter().partition(|(key, _)| key[0] == "profiles");
        for (key, said) in settings {
            self.say(&key, said);
        }
        Ok(profiles)
    }
}

/// Collects the settings of one text.
struct Leaves<'a> {
    content: &'a str,
    path: &'a Path,
    source: &'a dyn Fn(usize) -> Source,
    out: Vec<(Key, Said)>,
}

impl Leaves<'_> {
    fn table(&mut self, above: &Key, table: &DeTable<'_>) -> Result<(), ConfigError> {
        // A map sorts by name; people read by place, and the first model is the one written first.
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in entries {
            let mut key = above.clone();
            key.push(name.get_ref().to_string());
            let at = |start: usize, mut error: ConfigError| {
                error.place = Some(Place::of(self.path, self.content, start));
                error
            };
            // A profile holds any setting.
            let bare: &[String] =
                if key[0] == "profiles" { key.get(2..).unwrap_or_default() } else { &key };
            let kind = schema::kind(bare);
            match (value.get_ref(), kind) {
                (DeValue::Table(inner), _) if bare.is_empty() || schema::is_table(bare) => {
                    self.table(&key, inner)?;
                }
                (other, Some(kind)) => {
                    let value_at = value.span().start;
                    if let (Kind::Guards, DeValue::Array(tables)) = (kind, other) {
                        for table in tables {
                            let one = plain(table.get_ref()).unwrap_or(Value::Boolean(false));
                            guard::check(&one).map_err(|error| at(table.span().start, error))?;
                        }
                    }
                    let value = plain(other).ok_or_else(|| {
                        let message =
                            format!("`{}` has a value that is not understood", key.join("."));
                        at(value_at, ConfigError::new(Trouble::Setting, message))
                    })?;
                    schema::check(bare, kind, &value).map_err(|error| at(value_at, error))?;
                    let line = self.content[..name.span().start].matches('\n').count() + 1;
                    self.out.push((key, Said { source: (self.source)(line), value }));
                }
                (_, None) if schema::is_table(bare) || bare.is_empty() => {
                    let message =
                        format!("`{}` must be a table: [{}]", key.join("."), key.join("."));
                    return Err(at(
                        value.span().start,
                        ConfigError::new(Trouble::Setting, message),
                    ));
                }
                (_, None) => return Err(at(name.span().start, schema::unknown(bare))),
            }
        }
        Ok(())
    }
}

/// The value without its places; None for a number that is out of range.
fn plain(value: &DeValue<'_>) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => Value::Integer(
            i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()?,
        ),
        DeValue::Float(number) => Value::Float(number.as_str().replace('_', "").parse().ok()?),
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Datetime(time) => Value::Datetime(*time),
        DeValue::Array(values) => {
            Value::Array(values.iter().map(|value| plain(value.get_ref())).collect::<Option<_>>()?)
        }
        DeValue::Table(table) => {
            let entries = table
                .iter()
                .map(|(key, value)| Some((key.get_ref().to_string(), plain(value.get_ref())?)));
            Value::Table(entries.collect::<Option<_>>()?)
        }
    })
}

/// A value as a flag or a variable gives it: TOML, or bare text where a text is wanted.
///
/// # Errors
/// If the key does not exist, or the value does not fit it.
pub(super) fn spoken(key: &str, text: &str) -> Result<(Key, Value), ConfigError> {
    let key = split(key)?;
    let kind = schema::kind(&key).ok_or_else(|| schema::unknown(&key))?;
    let parsed = DeValue::parse(text).ok().and_then(|value| plain(value.get_ref()));
    let bare = || Value::String(text.to_owned());
    let value = match (kind, parsed) {
        (Kind::Command, Some(Value::Boolean(false))) => Value::Boolean(false),
        (Kind::Text | Kind::OneOf(_) | Kind::Command, Some(value)) if !value.is_str() => bare(),
        (Kind::Flag, None | Some(Value::Integer(_))) if matches!(text, "1" | "yes") => {
            Value::Boolean(true)
        }
        (Kind::Flag, None | Some(Value::Integer(_))) if matches!(text, "0" | "no" | "") => {
            Value::Boolean(false)
        }
        (Kind::Texts | Kind::SomeOf(_), None) => Value::Array(vec![bare()]),
        (_, Some(value)) => value,
        (_, None) => bare(),
    };
    schema::check(&key, kind, &value)?;
    Ok((key, value))
}

/// The parts of a dotted key as TOML writes it: `models."gpt-5.1".id`.
///
/// # Errors
/// If it is no key.
pub(super) fn split(key: &str) -> Result<Key, ConfigError> {
    let bad =
        || ConfigError::new(Trouble::Setting, format!("`{key}` is not a key such as budget.turn"));
    let line = format!("{key} = 0");
    let table = DeTable::parse(&line).map_err(|_| bad())?;
    let mut parts = Key::new();
    let mut table = table.get_ref();
    loop {
        let (name, value) = table.iter().next().filter(|_| table.len() == 1).ok_or_else(bad)?;
        parts.push(name.get_ref().to_string());
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => return Ok(parts),
        }
    }
}
