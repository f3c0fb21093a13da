//! Settings, from wherever they are said, merged into one value; and where brisk's files live.
//! Nothing else reads the environment or the home folder.
//!
//! The layers, the weaker first: built-in (`defaults.toml` and the catalog of models, in the format that
//! the user writes), the machine's file, the user's file, the profile, `BRISK_*`, flags. A
//! repository's `.brisk/config.toml` is not read until folders can be trusted; `notices` says so.
//!
//! Keys are looked up when a provider is used, never before, and never kept.

mod child;
mod draft;
mod error;
mod gates;
mod guard;
mod inputs;
mod key;
mod keys;
mod layers;
mod models;
mod paths;
mod schema;
mod server;
mod services;
mod shell;
mod value;

pub use draft::DraftSettings;
pub use error::{ConfigError, Place, Trouble};
pub use inputs::Inputs;
pub use keys::{KeySource, StoredKeys, giver_of, read_key};
pub use layers::{Said, Source};
pub use paths::Paths;
pub use server::NewServer;
pub use value::{seconds, tokens};

use crate::protocol::{Budget, Depth, GuardPaths, Mode};
use layers::Layers;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use toml::Value;

/// The settings with their defaults, as a user would write them.
pub const DEFAULTS: &str = include_str!("defaults.toml");
const MODELS: &str = include_str!("../model/catalog.toml");

#[derive(Clone, Debug)]
pub struct Config {
    /// As it was said; `chosen` says what it means.
    pub model: String,
    pub mode: Mode,
    pub depth: Depth,
    pub budget: Budget,
    /// Whether a person named the budget: autopilot needs that.
    pub budget_named: bool,
    /// The agent's shell.
    pub shell: PathBuf,
    /// A command line: `$VISUAL`, else `$EDITOR`.
    pub editor: Option<String>,
    pub ui: Ui,
    pub rules: RuleTexts,
    /// Of all layers: a weaker one's guards are not taken away by a stronger one.
    pub guards: Vec<GuardPaths>,
    pub paths: Paths,
    pub terminal: Terminal,
    /// Programs in brisk's terminal may write the user's clipboard.
    pub programs_copy: bool,
    /// The terminal pane's own key, as the user spells it.
    pub leader: String,
    /// What was passed over, for people: one sentence each.
    pub notices: Vec<String>,
    layers: Layers,
    inputs: Inputs,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ui {
    pub theme: String,
    /// Draw with ASCII alone: set so, or the locale can do no more.
    pub ascii: bool,
}

/// Rules as they were written; the room `policy` reads them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleTexts {
    pub allow: Vec<String>,
    pub ask: Vec<String>,
    pub deny: Vec<String>,
}

/// What the environment says of the user's terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// `$TERM`, empty if it is not set.
    pub term: String,
    /// At the far end of an SSH line.
    pub ssh: bool,
    pub color: Color,
    pub utf8: bool,
    pub multiplexer: Multiplexer,
}

/// What stands between brisk and the outer terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Multiplexer {
    None,
    Tmux,
    Screen,
}

/// What the environment wants of colours; a flag may want otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// `NO_COLOR` is set, or the terminal is dumb.
    Never,
    /// `CLICOLOR_FORCE` or `FORCE_COLOR` is set.
    Always,
    /// Where a terminal shows it.
    Auto,
    /// As `Auto`, and the terminal knows all colours: `COLORTERM`.
    AutoTrue,
}

/// Who said what of a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    pub key: String,
    /// The strongest first: it holds.
    pub said: Vec<Said>,
    /// What else is to be known: `said in FILE, which is not trusted`.
    pub note: Option<String>,
}

/// # Errors
/// If a layer says what cannot be.
pub fn load(inputs: &Inputs) -> Result<Config, ConfigError> {
    let paths = Paths::find(inputs)?;
    let mut layers = Layers::default();
    let built_in = |_| Source::BuiltIn;
    for (text, name) in [(DEFAULTS, "defaults.toml"), (MODELS, "catalog.toml")] {
        layers.text(text, Path::new(name), &built_in)?;
    }
    let mut profiles = layers.file(&inputs.system)?;
    profiles.extend(layers.file(&paths.config_file())?);
    if let Some(wanted) = &inputs.profile {
        apply_profile(&mut layers, wanted, profiles)?;
    }
    for (variable, key) in schema::VARIABLES {
        if let Some(text) = inputs.var(variable) {
            let (key, value) = layers::spoken(key, text).map_err(|mut error| {
                error.message = format!("{variable}: {}", error.message);
                error
            })?;
            layers.say(&key, Said { source: Source::Variable((*variable).to_owned()), value });
        }
    }
    for (key, text) in &inputs.overrides {
        let (key, value) = layers::spoken(key, text)?;
        layers.say(&key, Said { source: Source::Flag, value });
    }
    Ok(Config::new(inputs, paths, layers))
}

fn apply_profile(
    layers: &mut Layers,
    wanted: &str,
    said: Vec<(schema::Key, Said)>,
) -> Result<(), ConfigError> {
    let mut names: Vec<String> = said.iter().filter_map(|(key, _)| key.get(1).cloned()).collect();
    names.dedup();
    if !names.iter().any(|name| name == wanted) {
        let error = ConfigError::new(Trouble::Setting, format!("no profile is named `{wanted}`"));
        return Err(match error::nearest(wanted, names.iter().map(String::as_str)) {
            Some(near) => error.hinted(format!("did you mean `{near}`?")),
            None => error.hinted(format!("write [profiles.{wanted}] in your config.toml")),
        });
    }
    for (key, said) in said.into_iter().filter(|(key, _)| key[1] == wanted) {
        layers.say(&key[2..], said);
    }
    Ok(())
}

impl Config {
    fn new(inputs: &Inputs, paths: Paths, layers: Layers) -> Config {
        let terminal = Terminal::of(inputs);
        let mut config = Config {
            model: String::new(),
            mode: Mode::default(),
            depth: Depth::default(),
            budget: Budget { tokens: 0, cost: None, steps: None, seconds: None },
            budget_named: false,
            shell: PathBuf::new(),
            editor: inputs.var("VISUAL").or(inputs.var("EDITOR")).map(str::to_owned),
            ui: Ui { theme: String::new(), ascii: false },
            rules: RuleTexts::default(),
            guards: Vec::new(),
            paths,
            terminal,
            programs_copy: false,
            leader: String::new(),
            notices: notices(inputs),
            layers,
            inputs: inputs.clone(),
        };
        config.fill();
        config
    }

    /// The fields from the layers. Each key has a default, and each value was checked.
    fn fill(&mut self) {
        let texts = |config: &Config, key: &[&str]| match config.layers.get(key) {
            Some(Value::Array(values)) => {
                values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        self.model = self.text(&["model"]).unwrap_or_else(|| "auto".to_owned());
        let mode = self.text(&["mode"]).unwrap_or_default();
        self.mode = Mode::ALL.into_iter().find(|known| known.name() == mode).unwrap_or_default();
        let depth = self.text(&["depth"]).unwrap_or_default();
        self.depth = Depth::ALL.into_iter().find(|known| known.name() == depth).unwrap_or_default();
        self.budget = Budget {
            tokens: self.tokens(&["budget", "turn"]).unwrap_or_default(),
            cost: self.number(&["budget", "cost"]).filter(|cost| *cost > 0.0),
            steps: self
                .tokens(&["budget", "steps"])
                .and_then(|steps| steps.try_into().ok())
                .filter(|steps| *steps > 0),
            seconds: self
                .text(&["budget", "time"])
                .and_then(|time| seconds(&time))
                .filter(|time| *time > 0),
        };
        self.budget_named = ["turn", "cost"]
            .iter()
            .any(|name| self.layers.is_said(&["budget".to_owned(), (*name).to_owned()]));
        let shell = self.text(&["shell"]).map(PathBuf::from);
        self.shell = shell.unwrap_or_else(|| shell::choose(&self.inputs));
        self.ui = Ui {
            theme: self.text(&["ui", "theme"]).unwrap_or_else(|| "brisk-dark".to_owned()),
            ascii: self.flag(&["ui", "ascii"]) || !self.terminal.utf8,
        };
        self.leader = self.text(&["terminal", "leader"]).unwrap_or_default();
        let clipboard = self.text(&["terminal", "clipboard"]);
        self.programs_copy = clipboard.as_deref() == Some("write");
        self.rules = RuleTexts {
            allow: texts(self, &["rules", "allow"]),
            ask: texts(self, &["rules", "ask"]),
            deny: self.denied(),
        };
        let said = self.layers.all(&["guard".to_owned()]).iter();
        let tables = said.filter_map(|said| said.value.as_array()).flatten();
        self.guards = tables.filter_map(guard::read).collect();
    }

    /// What any layer denies stays denied: a weaker layer is not overruled by a stronger one.
    fn denied(&self) -> Vec<String> {
        let mut denied: Vec<String> = Vec::new();
        for said in self.layers.all(&["rules".to_owned(), "deny".to_owned()]) {
            for rule in said.value.as_array().into_iter().flatten().filter_map(Value::as_str) {
                if !denied.iter().any(|known| known == rule) {
                    denied.push(rule.to_owned());
                }
            }
        }
        denied
    }

    /// Where brisk was started, or what `-C` names.
    pub fn folder(&self) -> &Path {
        &self.inputs.folder
    }

    /// The environment of the agent's shell: without secrets, and with git kept from running what
    /// a repository's settings name.
    pub fn child_env(&self) -> Vec<(OsString, OsString)> {
        let providers = self.providers();
        let variables =
            providers.iter().filter_map(|name| self.text(&["providers", name, "key_env"]));
        child::environment(&self.inputs.env, &variables.collect())
    }

    /// The value of a dotted key: `budget.turn`, `models."gpt-5.1".id`.
    pub fn get(&self, key: &str) -> Option<Value> {
        let key = layers::split(key).ok()?;
        self.layers.all(&key).last().map(|said| said.value.clone())
    }

    /// All keys that have a value, as `get` takes them.
    pub fn keys(&self) -> Vec<String> {
        self.layers.keys().map(|key| written(key)).collect()
    }

    /// The keys below a table that have a value, as `get` takes them: those of `models.sonnet`.
    pub fn keys_below(&self, key: &str) -> Vec<String> {
        let Ok(table) = layers::split(key) else { return Vec::new() };
        let below = |key: &&Vec<String>| key.len() > table.len() && key.starts_with(&table);
        self.layers.keys().filter(below).map(|key| written(key)).collect()
    }

    /// # Errors
    /// If there is no such key.
    pub fn explain(&self, key: &str) -> Result<Explanation, ConfigError> {
        let parts = layers::split(key)?;
        if schema::kind(&parts).is_none() {
            return Err(schema::unknown(&parts));
        }
        let said = self.layers.all(&parts).iter().rev().cloned().collect();
        let note = untrusted(&self.inputs)
            .map(|file| format!("{} is not read: the folder is not trusted", file.display()));
        Ok(Explanation { key: written(&parts), said, note })
    }

    /// A text that is not empty.
    fn text(&self, key: &[&str]) -> Option<String> {
        let text = self.layers.get(key)?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn flag(&self, key: &[&str]) -> bool {
        self.layers.get(key).and_then(Value::as_bool).unwrap_or_default()
    }

    fn tokens(&self, key: &[&str]) -> Option<u64> {
        match self.layers.get(key)? {
            Value::String(text) => tokens(text),
            Value::Integer(count) => (*count).try_into().ok(),
            _ => None,
        }
    }

    fn number(&self, key: &[&str]) -> Option<f64> {
        match self.layers.get(key)? {
            Value::Float(number) => Some(*number),
            Value::Integer(number) => Some(*number as f64),
            _ => None,
        }
    }
}

impl Terminal {
    fn of(inputs: &Inputs) -> Terminal {
        let term = inputs.var("TERM").unwrap_or_default().to_owned();
        let forced = |name: &str| inputs.var(name).is_some_and(|value| value != "0");
        let color = if inputs.var("NO_COLOR").is_some() || term == "dumb" {
            Color::Never
        } else if forced("CLICOLOR_FORCE") || forced("FORCE_COLOR") {
            Color::Always
        } else if inputs
            .var("COLORTERM")
            .is_some_and(|value| matches!(value, "truecolor" | "24bit"))
        {
            Color::AutoTrue
        } else {
            Color::Auto
        };
        // The first that is set decides, as the C library has it.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| inputs.var(name))
            .unwrap_or_default();
        let locale = locale.to_uppercase();
        Terminal {
            ssh: inputs.var("SSH_CONNECTION").or(inputs.var("SSH_TTY")).is_some(),
            utf8: locale.contains("UTF-8") || locale.contains("UTF8"),
            multiplexer: match (inputs.var("TMUX"), inputs.var("STY")) {
                (Some(_), _) => Multiplexer::Tmux,
                (None, Some(_)) => Multiplexer::Screen,
                (None, None) => Multiplexer::None,
            },
            term,
            color,
        }
    }
}

/// The repository's own file, if there is one.
fn untrusted(inputs: &Inputs) -> Option<PathBuf> {
    let file = inputs.repository.as_deref()?.join(".brisk/config.toml");
    file.is_file().then_some(file)
}

fn notices(inputs: &Inputs) -> Vec<String> {
    let mut notices = Vec::new();
    if let Some(file) = untrusted(inputs) {
        notices.push(format!("{} is not read: the folder is not trusted", file.display()));
    }
    // Others of that name are set by tests and tools; only what looks like a slip is worth a word.
    let known: Vec<&str> = schema::VARIABLES.iter().map(|(name, _)| *name).collect();
    const SLIP_MAX: usize = 2;
    for name in inputs.env.keys().filter(|name| name.starts_with("BRISK_") && *name != "BRISK_HOME")
    {
        let near = known.iter().find(|known| strsim::damerau_levenshtein(known, name) <= SLIP_MAX);
        if let Some(near) = near.filter(|near| **near != name) {
            notices.push(format!("{name} is no setting; did you mean {near}?"));
        }
    }
    notices
}

/// The key as `split` takes it.
fn written(key: &[String]) -> String {
    let bare = |part: &String| {
        !part.is_empty()
            && part.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-'))
    };
    let parts: Vec<String> = key
        .iter()
        .map(|part| if bare(part) { part.clone() } else { Value::String(part.clone()).to_string() })
        .collect();
    parts.join(".")
}

#[cfg(test)]
mod tests;
