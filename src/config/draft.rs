//! What the settings say of the draft: which folders of tools can be written in it.

use super::{Config, Inputs};
use std::path::PathBuf;
use toml::Value;

/// Variables by which tools say where their cache is.
const VARIABLES: [&str; 9] = [
    "CARGO_HOME",
    "RUSTUP_HOME",
    "GOPATH",
    "GOMODCACHE",
    "GOCACHE",
    "GRADLE_USER_HOME",
    "npm_config_cache",
    "PIP_CACHE_DIR",
    "XDG_CACHE_HOME",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftSettings {
    /// Absolute; what is written there in a draft stays in it. They need not exist.
    pub caches: Vec<PathBuf>,
    /// From the workspace's root: what is written there is written for real.
    pub through: Vec<String>,
}

impl Config {
    pub fn draft(&self) -> DraftSettings {
        let texts = |name: &str| {
            let values = self.layers.get(&["draft", name]).and_then(Value::as_array);
            let texts = values.into_iter().flatten().filter_map(Value::as_str);
            texts.map(str::to_owned).collect::<Vec<_>>()
        };
        let home = self.paths.home.as_deref();
        let named = texts("caches").into_iter().filter_map(|text| match text.strip_prefix("~/") {
            Some(below) => home.map(|home| home.join(below)),
            None => Some(PathBuf::from(text)),
        });
        let mut caches: Vec<PathBuf> = named.collect();
        caches.extend(said(&self.inputs));
        caches.retain(|path| path.is_absolute());
        caches.sort();
        caches.dedup();
        DraftSettings { caches, through: texts("through") }
    }
}

fn said(inputs: &Inputs) -> impl Iterator<Item = PathBuf> {
    VARIABLES.iter().filter_map(|name| inputs.var(name)).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use crate::config::tests::House;
    use std::path::PathBuf;

    #[test]
    fn caches_are_below_the_home_folder_or_where_tools_say() {
        let house = House::new().user("[draft]\ncaches = [\"~/.cargo\", \"/opt/cache\", \"x\"]\n");
        let settings = house.load().draft();
        let home = house.load().paths.home.unwrap_or_default();
        assert_eq!(settings.caches, {
            let mut caches = vec![home.join(".cargo"), PathBuf::from("/opt/cache")];
            caches.sort();
            caches
        });
        assert!(settings.through.is_empty());
    }
}
