//! Models: which are known, what a name means, and what is known of each.

use super::error::{ConfigError, Trouble, nearest};
use super::services::{named, spoken};
use super::{Config, KeySource};
use crate::protocol::{EditFormat, Effort, Found, ModelSpec, Price, Thinking};
use toml::Value;

/// Of a model that no table knows: small enough for most.
const PROMPT_UNKNOWN: u64 = 32_000;
const OUTPUT_UNKNOWN: u64 = 8_000;
/// Of a small window, the answer gets one part in so many.
const OUTPUT_SHARE: u64 = 4;

impl Config {
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
        let usable =
            |spec: &ModelSpec| self.is_usable(&spec.service) && self.is_auto(&spec.service);
        self.models().into_iter().find(usable).ok_or_else(|| self.no_model())
    }

    /// Whether `auto` may take this provider's models: who logged in wants that.
    fn is_auto(&self, provider: &str) -> bool {
        let wanted = self.layers.get(&["providers", provider, "auto"]).and_then(Value::as_bool);
        wanted.unwrap_or(true) || self.key_source(provider) == Ok(KeySource::Stored)
    }

    fn no_model(&self) -> ConfigError {
        if let Err(error) = self.stored_keys().providers() {
            return error;
        }
        let variables: Vec<String> = self
            .providers()
            .iter()
            .filter(|provider| self.is_auto(provider))
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
             - start a local server (Ollama, llama.cpp, LM Studio, vLLM): it is found on its usual port\n\
             - take the tour, which needs none: brisk demo",
            variables.join(", "),
            file.display()
        );
        ConfigError::new(Trouble::NoModel, "no model is configured".to_owned()).hinted(hint)
    }

    /// The names in `[models]`, the user's own first; what one means may be an error.
    pub fn model_names(&self) -> Vec<String> {
        self.layers.names("models")
    }

    /// The model that takes over where this one's service cannot be had.
    ///
    /// # Errors
    /// As `resolve`.
    pub fn fallback(&self, spec: &ModelSpec) -> Result<Option<ModelSpec>, ConfigError> {
        spec.fallback.as_deref().map(|name| self.resolve(name)).transpose()
    }

    /// # Errors
    /// If a field is missing that has no default, names no provider or no model, or a wire that this
    /// version does not speak.
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
        let limits = Limits {
            context: tokens("context"),
            prompt: tokens("prompt"),
            output: tokens("output"),
        };
        let (context, prompt, output) = limits.filled();
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
            api: text("api").map(|api| spoken(&format!("models.{name}.api"), &api)).transpose()?,
            context,
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
            fallback: self.fallback_name(name)?,
        })
    }

    /// # Errors
    /// If it names no model.
    fn fallback_name(&self, name: &str) -> Result<Option<String>, ConfigError> {
        let fallback = self.text(&["models", name, "fallback"]).filter(|fallback| fallback != name);
        let Some(fallback) = fallback else { return Ok(None) };
        let names = self.model_names();
        let of_provider = fallback.split_once('/').is_some_and(|(provider, id)| {
            !id.is_empty() && self.providers().iter().any(|known| known == provider)
        });
        if of_provider || names.contains(&fallback) {
            return Ok(Some(fallback));
        }
        let message = format!("`models.{name}.fallback` names `{fallback}`, which is no model");
        let error = ConfigError::new(Trouble::Setting, message);
        Err(match nearest(&fallback, names.iter().map(String::as_str)) {
            Some(near) => error.hinted(format!("did you mean `{near}`?")),
            None => error.hinted("write a name of [models], or provider/id"),
        })
    }

    /// Whether anything is said of the model's window, so that its service need not be asked.
    pub fn knows_window(&self, spec: &ModelSpec) -> bool {
        ["context", "prompt"].iter().any(|field| {
            let said = self.tokens(&["models", &spec.name, field]);
            said.is_some_and(|tokens| tokens > 0)
        })
    }

    /// The model with what its service says of it: that wins over the catalog, and the user's own
    /// config over both.
    pub fn completed(&self, spec: ModelSpec, found: &Found) -> ModelSpec {
        let key = |field: &str| ["models".to_owned(), spec.name.clone(), field.to_owned()];
        let said = |field: &str| self.layers.is_said(&key(field));
        let tokens = |field: &str, found: Option<u64>| {
            let config = self.tokens(&["models", &spec.name, field]);
            if said(field) { config } else { found.or(config) }
        };
        let mut limits = Limits {
            context: tokens("context", found.context),
            prompt: tokens("prompt", found.prompt),
            output: tokens("output", found.output),
        };
        // A window that is smaller than the catalog's leaves less than the catalog says.
        let free = |field: &str, found: Option<u64>| !said(field) && found.is_none();
        let fits = |limits: Limits| {
            let parts = limits.prompt.unwrap_or(0) + limits.output.unwrap_or(0);
            limits.context.is_none_or(|context| parts <= context)
        };
        if !fits(limits) && free("prompt", found.prompt) {
            limits.prompt = None;
        }
        if !fits(limits) && free("output", found.output) {
            limits.output = None;
        }
        let (context, prompt, output) = limits.filled();
        let priced = ["input", "output"].iter().any(|field| {
            let mut key = key("price").to_vec();
            key.push((*field).to_owned());
            self.layers.is_said(&key)
        });
        ModelSpec {
            context,
            prompt,
            output,
            efforts: found.efforts.clone().filter(|_| !said("efforts")).unwrap_or(spec.efforts),
            api: found.api.filter(|_| !said("api")).or(spec.api),
            price: found.price.filter(|_| !priced).or(spec.price),
            ..spec
        }
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

/// Tokens, as far as they are known.
#[derive(Clone, Copy, Debug, Default)]
struct Limits {
    context: Option<u64>,
    prompt: Option<u64>,
    output: Option<u64>,
}

impl Limits {
    /// Context, prompt and output: what is not known is taken from what is.
    fn filled(self) -> (u64, u64, u64) {
        let known = |tokens: Option<u64>| tokens.filter(|tokens| *tokens > 0);
        let share = known(self.context).map_or(OUTPUT_UNKNOWN, |context| context / OUTPUT_SHARE);
        let output = known(self.output).unwrap_or_else(|| share.clamp(1, OUTPUT_UNKNOWN));
        let room = self.context.map(|context| context.saturating_sub(output));
        let prompt = known(self.prompt).or(known(room)).unwrap_or(PROMPT_UNKNOWN);
        (known(self.context).unwrap_or(prompt + output), prompt, output)
    }
}

fn effort(name: &str) -> Option<Effort> {
    const ALL: [Effort; 6] =
        [Effort::Minimal, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max];
    ALL.into_iter().find(|effort| effort.name() == name)
}
