//! Which models the session can go to, and what it has learnt of each.

use super::calibration::{Calibration, Figure};
use super::record::Record;
use crate::agent::{self, Out, Route, Wait};
use crate::model::Estimator;
use crate::protocol::{Api, Body, Failure, ModelSpec, NoticeLevel, Service, SessionEvent, Setting};
use crate::session::joined::joined;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a model's name means, and where it is served, with the key. May block for seconds: a command
/// may have to be asked for the key, or a service for what it serves.
pub type Resolve = Arc<dyn Fn(&str) -> Result<Resolved, Failure> + Send + Sync>;

/// A model that can be used.
pub struct Resolved {
    pub model: ModelSpec,
    pub service: Service,
    /// What people should know of it, one sentence each.
    pub notes: Vec<String>,
}

pub(super) struct Routes {
    resolve: Resolve,
    record: Arc<Record>,
    calibration: Calibration,
    inner: Mutex<Inner>,
}

struct Inner {
    chosen: Route,
    /// By the model's name.
    learnt: HashMap<String, Learnt>,
}

struct Learnt {
    service: String,
    /// The service's own name of the model.
    id: String,
    estimator: Arc<Mutex<Estimator>>,
    /// Tokens of prompt and answer that the service has named as its limit.
    window: Option<u64>,
}

impl Learnt {
    /// From earlier sessions.
    fn before(calibration: &Calibration, service: &Service, model: &ModelSpec) -> Learnt {
        let estimator = calibration.estimator(&service.name, &model.id);
        Learnt {
            service: service.name.clone(),
            id: model.id.clone(),
            estimator: Arc::new(Mutex::new(estimator)),
            window: None,
        }
    }

    /// None: the service has said no figure.
    fn figure(&self) -> Option<Figure> {
        let estimator = self.estimator.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes_per_token = estimator.bytes_per_token()?;
        Some(Figure { service: self.service.clone(), model: self.id.clone(), bytes_per_token })
    }
}

impl Routes {
    pub(super) fn new(
        resolve: Resolve,
        record: Arc<Record>,
        calibration: Calibration,
        model: ModelSpec,
        service: Service,
    ) -> Routes {
        record.set_service(&model.name, &service.name);
        let learnt = Learnt::before(&calibration, &service, &model);
        let estimator = Arc::clone(&learnt.estimator);
        let learnt = HashMap::from([(model.name.clone(), learnt)]);
        let chosen = Route { service: speaking(service, &model), model, estimator };
        Routes { resolve, record, calibration, inner: Mutex::new(Inner { chosen, learnt }) }
    }

    /// A model by its name. What the session has learnt of it holds.
    pub(super) async fn find(&self, name: &str) -> Result<Route, Failure> {
        let (resolve, name) = (Arc::clone(&self.resolve), name.to_owned());
        let found = tokio::task::spawn_blocking(move || resolve(&name));
        let found = joined(found).await?;
        let Resolved { mut model, service, notes } = found;
        for note in notes {
            self.record.notice(NoticeLevel::Warning, note, None);
        }
        self.record.set_service(&model.name, &service.name);
        let mut inner = self.lock();
        let learnt = inner.learnt.entry(model.name.clone());
        let learnt = learnt.or_insert_with(|| Learnt::before(&self.calibration, &service, &model));
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

    /// Keeps what was learnt of tokens for later sessions.
    pub(super) fn keep(&self) {
        let figures = self.lock().learnt.values().filter_map(Learnt::figure).collect();
        // Without it a later session learns it anew.
        let _ = self.calibration.keep(figures);
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
        if let Some(learnt) = inner.learnt.get_mut(model) {
            learnt.window = Some(window);
        }
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
