//! Which models the session can go to, and what it has learnt of each.

use super::record::Record;
use crate::agent::{self, Out, Route, Wait};
use crate::config::Config;
use crate::model::Estimator;
use crate::protocol::{Api, Body, Failure, FailureKind, ModelSpec, Service, SessionEvent, Setting};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a model's name means, and where it is served, with the key. May block for seconds: a command
/// may have to be asked for the key, or a service for what it serves.
pub type Resolve = Arc<dyn Fn(&str) -> Result<(ModelSpec, Service), Failure> + Send + Sync>;

/// As the configuration alone says it.
pub fn by_config(config: Arc<Config>) -> Resolve {
    Arc::new(move |name| {
        let resolved =
            config.resolve(name).and_then(|model| Ok((config.service(&model.service)?, model)));
        let (service, model) = resolved.map_err(|error| Failure {
            kind: FailureKind::Config,
            message: error.to_string(),
            hint: error.hint,
        })?;
        Ok((model, service))
    })
}

pub(super) struct Routes {
    resolve: Resolve,
    record: Arc<Record>,
    inner: Mutex<Inner>,
}

struct Inner {
    chosen: Route,
    /// By the model's name.
    learnt: HashMap<String, Learnt>,
}

#[derive(Default)]
struct Learnt {
    estimator: Arc<Mutex<Estimator>>,
    /// Tokens of prompt and answer that the service has named as its limit.
    window: Option<u64>,
}

impl Routes {
    pub(super) fn new(
        resolve: Resolve,
        record: Arc<Record>,
        model: ModelSpec,
        service: Service,
    ) -> Routes {
        record.set_service(&model.name, &service.name);
        let learnt = Learnt::default();
        let estimator = Arc::clone(&learnt.estimator);
        let learnt = HashMap::from([(model.name.clone(), learnt)]);
        let chosen = Route { service: speaking(service, &model), model, estimator };
        Routes { resolve, record, inner: Mutex::new(Inner { chosen, learnt }) }
    }

    /// A model by its name. What the session has learnt of it holds.
    pub(super) async fn find(&self, name: &str) -> Result<Route, Failure> {
        let (resolve, name) = (Arc::clone(&self.resolve), name.to_owned());
        let found = tokio::task::spawn_blocking(move || resolve(&name));
        let (mut model, service) = found.await.expect("looking up a model does not panic")?;
        self.record.set_service(&model.name, &service.name);
        let mut inner = self.lock();
        let learnt = inner.learnt.entry(model.name.clone()).or_default();
        if let Some(window) = learnt.window {
            agent::narrow(&mut model, window);
        }
        let estimator = Arc::clone(&learnt.estimator);
        Ok(Route { service: speaking(service, &model), model, estimator })
    }

    /// From the next request on.
    pub(super) fn choose(&self, route: Route) {
        let (name, tokens) = (route.model.name.clone(), route.model.prompt);
        self.lock().chosen = route;
        self.record.emit(Body::Setting(Setting::Model(name)));
        self.record.emit(Body::Session(SessionEvent::Window { tokens }));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl agent::Routes for Routes {
    fn chosen(&self) -> Route {
        self.lock().chosen.clone()
    }

    fn to<'a>(&'a self, model: &'a str) -> Wait<'a, Result<Route, Failure>> {
        Box::pin(self.find(model))
    }

    fn narrow(&self, model: &str, window: u64) {
        let mut inner = self.lock();
        inner.learnt.entry(model.to_owned()).or_default().window = Some(window);
        if inner.chosen.model.name == model {
            agent::narrow(&mut inner.chosen.model, window);
            let tokens = inner.chosen.model.prompt;
            drop(inner);
            self.record.emit(Body::Session(SessionEvent::Window { tokens }));
        }
    }
}

/// A model may have a wire of its own. Copilot's says itself which one that is.
fn speaking(mut service: Service, model: &ModelSpec) -> Service {
    if service.api != Api::Copilot {
        service.api = model.api.unwrap_or(service.api);
    }
    service
}
