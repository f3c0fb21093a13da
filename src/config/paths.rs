//! Where brisk keeps its files.

use super::error::{ConfigError, Trouble};
use super::inputs::Inputs;
use std::path::{Path, PathBuf};

/// Folders; none of them needs to exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    pub config: PathBuf,
    pub state: PathBuf,
    pub cache: PathBuf,
    /// For sockets; whoever makes it makes it 0700.
    pub runtime: PathBuf,
    pub home: Option<PathBuf>,
}

impl Paths {
    /// The user's config file.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// Where stored keys are, and nothing else: hidden in drafts.
    pub fn keys(&self) -> PathBuf {
        self.state.join("keys")
    }

    /// # Errors
    /// If neither `BRISK_HOME` nor `HOME` is set.
    pub(super) fn find(inputs: &Inputs) -> Result<Paths, ConfigError> {
        // A relative path would move with the folder: the base directory rules say to ignore it.
        let folder =
            |name: &str| inputs.var(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = folder("HOME");
        if let Some(own) = inputs.var("BRISK_HOME") {
            let own = inputs.folder.join(own);
            return Ok(Paths {
                config: own.clone(),
                state: own.join("state"),
                cache: own.join("cache"),
                runtime: own.join("run"),
                home,
            });
        }
        let below = |variable: &str, usual: &str| {
            let base = folder(variable).or_else(|| Some(home.as_deref()?.join(usual)));
            base.map(|base: PathBuf| base.join("brisk"))
        };
        let homeless = || {
            ConfigError::new(
                Trouble::Setting,
                "cannot find the home folder: HOME is not set".to_owned(),
            )
            .hinted("set HOME, or BRISK_HOME to a folder of brisk's own")
        };
        let state = below("XDG_STATE_HOME", ".local/state").ok_or_else(homeless)?;
        Ok(Paths {
            config: below("XDG_CONFIG_HOME", ".config").ok_or_else(homeless)?,
            cache: below("XDG_CACHE_HOME", ".cache").ok_or_else(homeless)?,
            runtime: folder("XDG_RUNTIME_DIR")
                .map_or_else(|| state.join("run"), |base| Path::join(&base, "brisk")),
            state,
            home,
        })
    }
}
