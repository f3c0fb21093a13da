//! A request failed: whether the turn can go on, with less to say or with another model.

use super::{Out, Route, Turn, World, room};
use crate::protocol::{Body, Delta, Failure, FailureKind, Notice, NoticeLevel};

/// Other models that one turn may go to: a fallback, and that one's.
const FALLBACKS_MAX: usize = 2;

/// The models that this turn went to because others failed.
#[derive(Clone)]
pub(crate) struct Fallback {
    /// The user's choice, which failed first.
    chosen: String,
    /// Those that failed, and the one that it goes on with.
    tried: Vec<String>,
    pub(super) route: Route,
}

impl Fallback {
    /// Whether it stands in for this model.
    pub(super) fn is_for(&self, chosen: &str) -> bool {
        self.chosen == chosen
    }
}

/// Ok: the next request may do better. What came of the failed one is void.
pub(super) async fn recover(
    turn: &mut Turn,
    world: &mut World,
    failure: Failure,
    out: &dyn Out,
) -> Result<(), Failure> {
    match failure.kind {
        FailureKind::Overflow { .. } => room::make_after(turn, world, failure, out)?,
        FailureKind::Provider => go_elsewhere(turn, world, failure, out).await?,
        // The user's to set right, or this machine's trouble: another model would hide it.
        FailureKind::Credentials
        | FailureKind::Config
        | FailureKind::Draft
        | FailureKind::Local => return Err(failure),
    }
    out.emit(Body::Delta(Delta::Restart));
    Ok(())
}

/// From here on and to its end the turn's requests go to the model's fallback.
async fn go_elsewhere(
    turn: &mut Turn,
    world: &World,
    failure: Failure,
    out: &dyn Out,
) -> Result<(), Failure> {
    let failed = &world.model.name;
    let mut tried = turn.fallback.as_ref().map_or_else(Vec::new, |fallback| fallback.tried.clone());
    if tried.is_empty() {
        tried.push(failed.clone());
    }
    let Some(name) = &world.model.fallback else { return Err(failure) };
    if tried.len() > FALLBACKS_MAX || tried.contains(name) {
        return Err(failure);
    }
    let warn = |text, hint| {
        out.emit(Body::Notice(Notice { level: NoticeLevel::Warning, text, hint }));
    };
    let said = &failure.message;
    let route = match world.routes.to(name).await {
        Ok(route) => route,
        Err(why) => {
            warn(format!("{failed} failed, and {name} cannot stand in: {why}"), why.hint);
            return Err(failure);
        }
    };
    if out.settings().budget.cost.is_some() && route.model.price.is_none() {
        warn(
            format!(
                "{failed} failed, and {name} cannot stand in: its price is not known, and the turn has a limit of dollars"
            ),
            Some(format!("set models.{name}.price in the config")),
        );
        return Err(failure);
    }
    if tried.contains(&route.model.name) {
        return Err(failure);
    }
    warn(format!("{failed} failed: {said}; going on with {name} for this turn"), None);
    tried.push(route.model.name.clone());
    let chosen = tried[0].clone();
    turn.fallback = Some(Fallback { chosen, tried, route });
    Ok(())
}
