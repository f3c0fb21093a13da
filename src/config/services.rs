//! Providers and models: which are known, which can be used, and what a name means.

use super::error::{ConfigError, Trouble, nearest};
use super::{Config, KeySource};
use crate::protocol::{Api, EditFormat, Effort, ModelSpec, Price, Service, Thinking};
use toml::Value;

/// Of a model that no table knows: small enough for most.
const PROMPT_UNKNOWN: u64 = 32_000;
const OUTPUT_UNKNOWN: u64 = 8_000;

impl Config {
    /// The names of all providers, the user's own first.
    pub fn providers(&self) -> Vec<String> {
        self.layers.names("providers")
    }

    /// Whether the provider needs no key, or one that is there or can be asked for.
    pub fn is_usable(&self, provider: &str) -> bool {
        match self.key_source(provider) {
            Ok(KeySource::Missing(_)) | Err(_) => false,
            Ok(KeySource::Unneeded) => self.text(&["providers", provider, "base_url"]).is_some(),
            Ok(_) => true,
        }
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
        let Some(api) = Api::ALL.into_iter().find(|known| known.name() == api) else {
            let message =
                format!("`providers.{name}.api`: {api} is not spoken yet by this version");
            let hint = format!("spoken: {}", Api::ALL.map(Api::name).join(", "));
            return Err(ConfigError::new(Trouble::Setting, message).hinted(hint));
        };
        let base_url = text("base_url").ok_or_else(|| lacks("base_url"))?;
        let base_url = base_url.trim_end_matches('/').to_owned();
        if !base_url.starts_with("http://") && !base_url.starts_with("https://") {
            let message = format!(
                "`providers.{name}.base_url` must start with https:// or http://, not {base_url}"
            );
            return Err(ConfigError::new(Trouble::Setting, message));
        }
        let (key, key_source) = self.key(name)?;
        Ok(Service { name: name.to_owned(), api, base_url, key, key_source })
    }

    /// All models that are known by name, the user's own first.
    pub fn models(&self) -> Vec<ModelSpec> {
        self.layers.names("models").iter().filter_map(|name| self.spec(name).ok()).collect()
    }

    /// What `name` means: a name of `[models]`, `provider/id`, or `auto`.
    ///
    /// # Errors
    /// If it means nothing; for `auto` also if nothing can be used (`Trouble::NoModel`).
    pub fn resolve(&self, name: &str) -> Result<ModelSpec, ConfigError> {
        if name == "auto" {
            return self.automatic();
        }
        let names = self.layers.names("models");
        if names.iter().any(|known| known == name) {
            return self.spec(name);
        }
        let providers = self.providers();
        if let Some((provider, id)) = name.split_once('/')
            && providers.iter().any(|known| known == provider)
            && !id.is_empty()
        {
            // The same model may be known under a name of its own.
            let known =
                self.models().into_iter().find(|spec| spec.service == provider && spec.id == id);
            return Ok(known.unwrap_or_else(|| {
                ModelSpec::plain(name, id, provider, PROMPT_UNKNOWN, OUTPUT_UNKNOWN)
            }));
        }
        let error = ConfigError::new(Trouble::Unknown, format!("no model is named `{name}`"));
        // An id is as good a thing to mean as a name.
        let by_id = self.models().into_iter().find(|spec| spec.id == name).map(|spec| spec.name);
        let near =
            by_id.or_else(|| nearest(name, names.iter().map(String::as_str)).map(str::to_owned));
        Err(match near {
            Some(near) => {
                error.hinted(format!("did you mean `{near}`? Any other model: -m provider/id"))
            }
            None => error
                .hinted(format!("known: {}. Any other model: -m provider/id", names.join(", "))),
        })
    }

    /// The model that the configuration says to use.
    ///
    /// # Errors
    /// As `resolve`.
    pub fn chosen(&self) -> Result<ModelSpec, ConfigError> {
        self.resolve(&self.model)
    }

    fn automatic(&self) -> Result<ModelSpec, ConfigError> {
        if let Some(fast) = self.text(&["auto", "fast"]).filter(|name| name != "auto") {
            let spec = self.resolve(&fast)?;
            if self.is_usable(&spec.service) {
                return Ok(spec);
            }
        }
        let usable = self.models().into_iter().find(|spec| self.is_usable(&spec.service));
        usable.ok_or_else(|| self.no_model())
    }

    fn no_model(&self) -> ConfigError {
        if let Err(error) = self.stored_keys().providers() {
            return error;
        }
        let variables: Vec<String> = self
            .providers()
            .iter()
            .filter_map(|provider| self.text(&["providers", provider, "key_env"]))
            .collect();
        let file = self.paths.config_file();
        let hint = format!(
            "do one of these:\n\
             - store a key: brisk auth login\n\
             - set a key: {}\n\
             - point to a server in {}:\n\
             \x20   [providers.local]\n\
             \x20   api = \"openai-chat\"\n\
             \x20   base_url = \"http://127.0.0.1:8080/v1\"\n\
             \x20   [models.mine]\n\
             \x20   provider = \"local\"\n\
             \x20   id = \"the name that the server gives it\"\n\
             - name a model of a local server: -m ollama/NAME\n\
             - take the tour, which needs none: brisk demo",
            variables.join(", "),
            file.display()
        );
        ConfigError::new(Trouble::NoModel, "no model is configured".to_owned()).hinted(hint)
    }

    /// # Errors
    /// If a field is missing that has no default, or names no provider.
    fn spec(&self, name: &str) -> Result<ModelSpec, ConfigError> {
        let text = |field: &str| self.text(&["models", name, field]);
        let lacks = |field: &str| {
            let file = self.paths.config_file();
            ConfigError::new(Trouble::Setting, format!("`models.{name}.{field}` is missing"))
                .hinted(format!("add it in {}", file.display()))
        };
        let tokens = |field: &str| self.tokens(&["models", name, field]).filter(|count| *count > 0);
        let service = text("provider").ok_or_else(|| lacks("provider"))?;
        if !self.providers().contains(&service) {
            let message =
                format!("`models.{name}.provider` names `{service}`, which is no provider");
            return Err(ConfigError::new(Trouble::Setting, message));
        }
        let output = tokens("output").unwrap_or(OUTPUT_UNKNOWN);
        let room = tokens("context").map(|context| context.saturating_sub(output));
        let prompt =
            tokens("prompt").or(room).filter(|prompt| *prompt > 0).unwrap_or(PROMPT_UNKNOWN);
        let efforts = match self.layers.get(&["models", name, "efforts"]) {
            Some(Value::Array(names)) => {
                names.iter().filter_map(|name| effort(name.as_str()?)).collect()
            }
            _ => Vec::new(),
        };
        Ok(ModelSpec {
            name: name.to_owned(),
            id: text("id").ok_or_else(|| lacks("id"))?,
            service,
            api: text("api").and_then(|name| named(Api::ALL, Api::name, &name)),
            context: tokens("context").unwrap_or(prompt + output),
            prompt,
            output,
            efforts,
            thinking: text("thinking")
                .and_then(|name| named(Thinking::ALL, Thinking::name, &name))
                .unwrap_or_default(),
            verbosity: matches!(
                self.layers.get(&["models", name, "verbosity"]),
                Some(Value::Boolean(true))
            ),
            price: self.price(name),
            edits: text("edits")
                .and_then(|name| named(EditFormat::ALL, EditFormat::name, &name))
                .unwrap_or_default(),
            fallback: text("fallback").filter(|fallback| fallback != name),
        })
    }

    /// Known only where both ends are; what a cache costs is else what input costs.
    fn price(&self, name: &str) -> Option<Price> {
        let dollars = |field: &str| self.number(&["models", name, "price", field]);
        let input = dollars("input")?;
        Some(Price {
            input,
            cached: dollars("cached").unwrap_or(input),
            cache_write: dollars("cache_write").unwrap_or(input),
            output: dollars("output")?,
        })
    }
}

fn named<T: Copy, const N: usize>(
    all: [T; N],
    name: impl Fn(T) -> &'static str,
    wanted: &str,
) -> Option<T> {
    all.into_iter().find(|one| name(*one) == wanted)
}

fn effort(name: &str) -> Option<Effort> {
    const ALL: [Effort; 6] =
        [Effort::Minimal, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max];
    ALL.into_iter().find(|effort| effort.name() == name)
}
