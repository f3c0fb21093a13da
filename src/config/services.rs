//! Providers: which are known, which can be used, and what it takes.

use super::error::{ConfigError, Trouble, nearest};
use super::{Config, KeySource};
use crate::protocol::{Api, Service};

impl Config {
    /// The names of all providers, the user's own first.
    pub fn providers(&self) -> Vec<String> {
        self.layers.names("providers")
    }

    /// Whether the provider has an address, and needs no key, or one that is there or can be asked for.
    pub fn is_usable(&self, provider: &str) -> bool {
        self.key_source(provider).is_ok()
            && self.missing_variable(provider).is_none()
            && self.base_url(provider).is_some()
    }

    /// The variable that would have to be set before the provider can be used.
    pub fn missing_variable(&self, provider: &str) -> Option<String> {
        if let Ok(KeySource::Missing(variable)) = self.key_source(provider) {
            return Some(variable);
        }
        let text = |field: &str| self.text(&["providers", provider, field]);
        let address = if text("base_url").is_some() { None } else { text("base_url_env") };
        address.filter(|variable| self.variable(variable).is_none())
    }

    /// The providers that may be asked whether they are there: on this machine, without a key. The
    /// built-in ones only if `auto.local` allows it.
    pub fn locals(&self) -> Vec<String> {
        let built_in_too = self.flag(&["auto", "local"]);
        let mut providers = self.providers();
        providers.retain(|provider| {
            let key = self.layers.get(&["providers", provider, "key_env"]).is_some()
                || self.layers.get(&["providers", provider, "key_command"]).is_some();
            let near = self.base_url(provider).is_some_and(|address| is_this_machine(&address));
            near && !key && (built_in_too || self.is_named(provider))
        });
        providers
    }

    /// Whether a layer above the built-in one says something of the provider.
    fn is_named(&self, provider: &str) -> bool {
        let of_it =
            |key: &&Vec<String>| key.len() > 2 && key[0] == "providers" && key[1] == provider;
        self.layers.keys().filter(of_it).any(|key| self.layers.is_said(key))
    }

    /// With the version, without a slash at the end; None where nothing says it.
    fn base_url(&self, provider: &str) -> Option<String> {
        let text = |field: &str| self.text(&["providers", provider, field]);
        let Some(address) = text("base_url") else {
            let address = self.variable(&text("base_url_env")?)?.trim_end_matches('/').to_owned();
            let path = text("base_url_path").unwrap_or_default();
            let path = path.trim_end_matches('/');
            return Some(if address.ends_with(path) { address } else { address + path });
        };
        Some(address.trim_end_matches('/').to_owned())
    }

    /// A provider with its key. May run the provider's `key_command`, for at most ten seconds.
    ///
    /// # Errors
    /// If it is not known, not complete, speaks what this version does not, or its key cannot be had.
    pub fn service(&self, name: &str) -> Result<Service, ConfigError> {
        let providers = self.providers();
        if !providers.iter().any(|known| known == name) {
            let error =
                ConfigError::new(Trouble::Unknown, format!("no provider is named `{name}`"));
            let names = providers.iter().map(String::as_str);
            return Err(match nearest(name, names) {
                Some(near) => error.hinted(format!("did you mean `{near}`?")),
                None => error.hinted(format!("known: {}", providers.join(", "))),
            });
        }
        let text = |field: &str| self.text(&["providers", name, field]);
        let lacks = |field: &str| {
            let file = self.paths.config_file();
            ConfigError::new(Trouble::Setting, format!("`providers.{name}.{field}` is missing"))
                .hinted(format!("add it in {}", file.display()))
        };
        let api = text("api").ok_or_else(|| lacks("api"))?;
        let api = spoken(&format!("providers.{name}.api"), &api)?;
        let Some(base_url) = self.base_url(name) else {
            return Err(match text("base_url_env") {
                Some(variable) => unset(&variable, name, "the address of your endpoint"),
                None => lacks("base_url"),
            });
        };
        if !base_url.starts_with("http://") && !base_url.starts_with("https://") {
            let message = format!(
                "`providers.{name}.base_url` must start with https:// or http://, not {base_url}"
            );
            return Err(ConfigError::new(Trouble::Setting, message));
        }
        let (key, key_source) = self.key(name)?;
        Ok(Service { name: name.to_owned(), api, base_url, key, key_source })
    }
}

/// # Errors
/// If this version does not speak it.
pub(super) fn spoken(key: &str, api: &str) -> Result<Api, ConfigError> {
    named(Api::ALL, Api::name, api).ok_or_else(|| {
        let message = format!("`{key}`: {api} is not spoken yet by this version");
        let hint = format!("spoken: {}", Api::ALL.map(Api::name).join(", "));
        ConfigError::new(Trouble::Setting, message).hinted(hint)
    })
}

fn unset(variable: &str, provider: &str, what: &str) -> ConfigError {
    let message = format!("{variable} is not set, and `{provider}` needs it");
    ConfigError::new(Trouble::Key, message).hinted(format!("export {variable}=… with {what}"))
}

/// By the address alone: loopback, by number or by name.
fn is_this_machine(address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let by_number = host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    by_number || host == "localhost" || host.ends_with(".localhost")
}

pub(super) fn named<T: Copy, const N: usize>(
    all: [T; N],
    name: impl Fn(T) -> &'static str,
    wanted: &str,
) -> Option<T> {
    all.into_iter().find(|one| name(*one) == wanted)
}
