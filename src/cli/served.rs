//! The model to use: as the configuration says it, and with what its service says of it at run time.

use super::exit::{Exit, Trouble};
use super::setup;
use crate::config::{self, Config};
use crate::model::{Cache, Client};
use crate::protocol::{Found, ModelSpec, Service};
use std::time::{Duration, SystemTime};
use tokio::runtime::{Builder, Runtime};

/// How long a start waits to be told a window.
const WINDOW_WAIT: Duration = Duration::from_secs(1);
/// How long a server of this machine may take to say what it serves, once its port is open.
const SERVED_WAIT: Duration = Duration::from_secs(2);
/// Tokens of a window that is too small for much work.
const WINDOW_SMALL: u64 = 16_000;

/// A model that can be used.
pub(super) struct Chosen {
    pub(super) model: ModelSpec,
    pub(super) service: Service,
    /// What people should know of it, one sentence each.
    pub(super) notes: Vec<String>,
}

/// What `name` means. Where `auto` finds no key, the first model that a server of this machine
/// serves.
pub(super) fn choose(config: &Config, name: &str) -> Result<Chosen, Trouble> {
    let named = match config.resolve(name) {
        Ok(model) => model,
        Err(error) if error.kind == config::Trouble::NoModel => {
            return first_served(config)?.ok_or_else(|| error.into());
        }
        Err(error) => return Err(error.into()),
    };
    let service = config.service(&named.service)?;
    let Some(found) = found(config, &service, &named)? else {
        return Ok(Chosen { model: named, service, notes: Vec::new() });
    };
    let model = config.completed(named, &found);
    let notes = notes(config, &service, &model, &found);
    Ok(Chosen { model, service, notes })
}

/// What each of these servers serves; one that is not there, or serves no models, is left out.
pub(super) async fn served(
    config: &Config,
    client: &Client,
    providers: &[String],
) -> Vec<(Service, Vec<Found>)> {
    let services: Vec<Service> =
        providers.iter().filter_map(|provider| config.service(provider).ok()).collect();
    client.served(&services, SERVED_WAIT).await
}

/// What is known of a model that no table names.
pub(super) fn plain(config: &Config, service: &Service, found: &Found) -> Option<ModelSpec> {
    let named = config.resolve(&format!("{}/{}", service.name, found.id)).ok()?;
    Some(config.completed(named, found))
}

/// Of the first server that serves any, the first model that is loaded, else the first.
fn first_served(config: &Config) -> Result<Option<Chosen>, Trouble> {
    let locals = config.locals();
    if locals.is_empty() {
        return Ok(None);
    }
    let client = Client::new(setup::network(config));
    let served = runtime()?.block_on(served(config, &client, &locals));
    Ok(served.into_iter().find_map(|(service, models)| {
        let loaded = models.iter().find(|model| model.context.is_some());
        let found = loaded.or(models.first())?;
        let model = plain(config, &service, found)?;
        let notes = notes(config, &service, &model, found);
        Some(Chosen { model, service, notes })
    }))
}

/// What the service says of the model, where it is worth asking: a server of this machine always
/// is, for its window may differ with every start. A service that does not answer says nothing.
fn found(config: &Config, service: &Service, model: &ModelSpec) -> Result<Option<Found>, Trouble> {
    let is_near = config.locals().contains(&service.name);
    if config.knows_window(model) && !is_near {
        return Ok(None);
    }
    let mut cache = Cache::load(&config.paths.cache);
    let now = SystemTime::now();
    if !is_near && let Some(models) = cache.get(service, now) {
        return Ok(pick(models, model));
    }
    let client = Client::new(setup::network(config));
    let Ok(models) = runtime()?.block_on(client.models(service, WINDOW_WAIT)) else {
        return Ok(None);
    };
    let found = pick(&models, model);
    if !is_near {
        // Without the file the next start asks again.
        let _ = cache.put(service, models, now);
    }
    Ok(found)
}

/// Ollama serves `NAME:latest` under the bare name too.
fn pick(models: &[Found], model: &ModelSpec) -> Option<Found> {
    let latest = format!("{}:latest", model.id);
    let named = |id: &str| models.iter().find(|found| found.id == id);
    named(&model.id).or_else(|| named(&latest)).cloned()
}

/// A server that cuts prompts off is worth a word where that could happen.
fn notes(config: &Config, service: &Service, model: &ModelSpec, found: &Found) -> Vec<String> {
    if !found.truncates {
        return Vec::new();
    }
    let wanted = if config.knows_window(model) { model.context } else { WINDOW_SMALL };
    let name = &service.name;
    let said = match found.context {
        Some(window) if window >= wanted => return Vec::new(),
        Some(window) => format!("{name} cuts prompts off at {window} tokens"),
        None => format!("{name} may cut prompts off: it tells the window of what is loaded alone"),
    };
    vec![format!("{said}; start it with OLLAMA_CONTEXT_LENGTH=32768, or as much as fits")]
}

/// For a question or two: one thread.
pub(super) fn runtime() -> Result<Runtime, Trouble> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Trouble::new(Exit::Failed, format!("nothing can be asked: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_is_the_latest() {
        let found = |id: &str| Found { id: id.into(), ..Found::default() };
        let models = [found("glm:9b"), found("qwen:latest")];
        let picked =
            |id: &str| pick(&models, &ModelSpec::plain("x", id, "s", 1, 1)).map(|found| found.id);
        assert_eq!(picked("qwen").as_deref(), Some("qwen:latest"));
        assert_eq!(picked("glm:9b").as_deref(), Some("glm:9b"));
        assert_eq!(picked("glm"), None);
    }
}
