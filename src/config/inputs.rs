//! What the configuration is made from. The one place that reads the process's environment.

use super::error::{ConfigError, Trouble};
use super::shell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// A snapshot: whoever has one needs neither the environment nor the home folder. It holds keys, so
/// a debug print shows no values of variables.
#[derive(Clone)]
pub struct Inputs {
    pub env: BTreeMap<String, OsString>,
    /// Where brisk was started, or what `-C` names; absolute.
    pub folder: PathBuf,
    /// The repository's root above `folder`, where its `.brisk/config.toml` would be.
    pub repository: Option<PathBuf>,
    /// The machine's config file.
    pub system: PathBuf,
    /// The user's shell as the machine's accounts have it.
    pub login_shell: Option<PathBuf>,
    /// Settings of flags, in order: a dotted key and a value as TOML or bare text.
    pub overrides: Vec<(String, String)>,
    /// Of `--profile`.
    pub profile: Option<String>,
}

impl Inputs {
    /// From the environment of this process, without flags.
    ///
    /// # Errors
    /// If the folder cannot be had, as when it was deleted.
    pub fn from_process() -> Result<Inputs, ConfigError> {
        let folder = std::env::current_dir().map_err(|error| {
            ConfigError::new(Trouble::Setting, format!("cannot find the current folder: {error}"))
        })?;
        let named = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
        let mut env: BTreeMap<String, OsString> = std::env::vars_os().filter_map(named).collect();
        if env.get("HOME").is_none_or(|home| home.is_empty())
            && let Some(base) = directories::BaseDirs::new()
        {
            env.insert("HOME".to_owned(), base.home_dir().as_os_str().to_owned());
        }
        let mut inputs = Inputs {
            env,
            repository: None,
            folder: PathBuf::new(),
            system: PathBuf::from("/etc/xdg/brisk/config.toml"),
            login_shell: shell::login(),
            overrides: Vec::new(),
            profile: None,
        };
        inputs.enter(folder);
        Ok(inputs)
    }

    /// As if brisk had been started in this folder; absolute.
    pub fn enter(&mut self, folder: PathBuf) {
        let repository = folder.ancestors().find(|above| above.join(".git").exists());
        self.repository = repository.map(PathBuf::from);
        self.folder = folder;
    }

    /// A variable that is set to something, as text.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.env.get(name)?.to_str().filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Inputs {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.env.keys().collect();
        out.debug_struct("Inputs")
            .field("env", &names)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}
