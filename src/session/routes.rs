//! Which models the session can go to, and what it has learnt of each.

use super::record::Record;
use crate::agent::{self, Out, Route, Wait};
use crate::config::{Config, ConfigError};
use crate::model::Estimator;
use crate::protocol::{Body, Failure, FailureKind, ModelSpec, Service, SessionEvent, Setting};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) struct Routes {
    config: Arc<Config>,
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
        config: Arc<Config>,
        record: Arc<Record>,
        model: ModelSpec,
        service: Service,
    ) -> Routes {
        record.set_service(&model.name, &service.name);
        let learnt = Learnt::default();
        let estimator = Arc::clone(&learnt.estimator);
        let learnt = HashMap::from([(model.name.clone(), learnt)]);
        let chosen = Route { service, model, estimator };
        Routes { config, record, inner: Mutex::new(Inner { chosen, learnt }) }
    }

    /// A model by its name in the configuration. What the session has learnt of it holds.
    pub(super) async fn find(&self, name: &str) -> Result<Route, ConfigError> {
        let (config, name) = (Arc::clone(&self.config), name.to_owned());
        // A command may have to be asked for the key.
        let found = tokio::task::spawn_blocking(move || {
            let model = config.resolve(&name)?;
            Ok((config.service(&model.service)?, model))
        });
        let (service, mut model) = found.await.expect("looking up a model does not panic")?;
        self.record.set_service(&model.name, &service.name);
        let mut inner = self.lock();
        let learnt = inner.learnt.entry(model.name.clone()).or_default();
        if let Some(window) = learnt.window {
            agent::narrow(&mut model, window);
        }
        Ok(Route { service, model, estimator: Arc::clone(&learnt.estimator) })
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
        Box::pin(async move {
            self.find(model).await.map_err(|error| Failure {
                kind: FailureKind::Config,
                message: error.to_string(),
                hint: error.hint,
            })
        })
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
