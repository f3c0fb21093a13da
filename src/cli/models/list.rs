//! `brisk models list`: what is configured, what servers of this machine serve, and what is lacking.

use super::table::{self, Look};
use crate::cli::args::ListArgs;
use crate::cli::exit::{Exit, Trouble};
use crate::cli::{output, served};
use crate::config::Config;
use crate::model::{Client, Timing};
use crate::protocol::{Api, Found, ModelSpec, Price, Service};
use serde::Serialize;
use std::time::Duration;

/// How long a service that was asked for by name may take.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// A model, as `--json` has it.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) provider: String,
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) limits: Option<Limits>,
    pub(super) state: State,
    /// What is lacking, or wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
}

/// What is known of a model that is understood. Tokens, and dollars per million of them.
#[derive(Debug, Serialize)]
pub(super) struct Limits {
    pub(super) api: Option<&'static str>,
    /// None, as the next two, where nothing says how large the window is.
    pub(super) context: Option<u64>,
    pub(super) prompt: Option<u64>,
    pub(super) output: Option<u64>,
    pub(super) efforts: Vec<&'static str>,
    pub(super) price: Option<Price>,
    pub(super) fallback: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// Its key is there.
    Ready,
    /// Its server answered just now.
    Reachable,
    /// Its server did not.
    Down,
    NoKey,
    /// What is said of it in the configuration cannot be.
    Wrong,
}

impl State {
    pub(super) const fn name(self) -> &'static str {
        match self {
            State::Ready => "ready",
            State::Reachable => "reachable",
            State::Down => "down",
            State::NoKey => "no key",
            State::Wrong => "wrong",
        }
    }
}

/// What the services that were asked said.
#[derive(Default)]
struct Asked {
    asked: Vec<String>,
    served: Vec<(Service, Vec<Found>)>,
}

impl Asked {
    fn of(&self, provider: &str) -> Option<&(Service, Vec<Found>)> {
        self.served.iter().find(|(service, _)| service.name == provider)
    }

    fn state(&self, provider: &str) -> State {
        match (self.of(provider), self.asked.iter().any(|asked| asked == provider)) {
            (Some(_), _) => State::Reachable,
            (None, true) => State::Down,
            (None, false) => State::Ready,
        }
    }
}

pub(super) fn run(config: &Config, args: &ListArgs) -> Result<Exit, Trouble> {
    let provider = args.provider.as_deref();
    if let Some(provider) = provider
        && !config.providers().iter().any(|known| known == provider)
    {
        // It says which one is near.
        config.service(provider)?;
    }
    let asked = ask(config, provider)?;
    let mut rows = rows(config, &asked);
    rows.retain(|row| provider.is_none_or(|provider| row.provider == provider));
    // What can be used comes first, each part in its order.
    rows.sort_by_key(|row| row.state == State::NoKey);
    if args.json {
        for row in &rows {
            let text = serde_json::to_string(row).expect("strings and numbers are JSON");
            output::line(&text)?;
        }
        return Ok(Exit::Done);
    }
    let shown = if args.all || provider.is_some() { rows.len() } else { usable(&rows) };
    let (shown, rest) = rows.split_at(shown);
    if !shown.is_empty() {
        for line in table::lines(shown, &Look::of(config)) {
            output::line(&line)?;
        }
    }
    match (shown.is_empty(), provider) {
        (true, Some(provider)) => output::line(&format!("{provider}: no models are known"))?,
        (true, None) => none(config)?,
        (false, _) if !rest.is_empty() => output::line(&more(rest))?,
        (false, _) => {}
    }
    Ok(Exit::Done)
}

/// Asks the servers of this machine, or the one service that was named.
fn ask(config: &Config, provider: Option<&str>) -> Result<Asked, Trouble> {
    let client = Client::new(Timing::default());
    let mut locals = config.locals();
    locals.retain(|local| provider.is_none_or(|provider| local == provider));
    let Some(far) = provider.filter(|provider| locals.is_empty() && config.is_usable(provider))
    else {
        let asking = served::served(config, &client, &locals);
        let served = served::runtime()?.block_on(asking);
        return Ok(Asked { asked: locals, served });
    };
    let service = config.service(far)?;
    let answer = served::runtime()?.block_on(client.models(&service, ANSWER_WAIT));
    let served = match answer {
        Ok(models) => vec![(service, models)],
        Err(failure) => {
            output::progress(&failure.message);
            Vec::new()
        }
    };
    Ok(Asked { asked: vec![far.to_owned()], served })
}

fn rows(config: &Config, asked: &Asked) -> Vec<Row> {
    let mut rows = Vec::new();
    for name in config.model_names() {
        rows.push(match config.resolve(&name) {
            Ok(spec) => named(config, asked, spec),
            Err(error) => {
                let text = |field: &str| {
                    let value = config.get(&format!("models.{}.{field}", quoted(&name)));
                    value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
                };
                let (provider, id) = (text("provider"), text("id"));
                let missing = config.missing_variable(&provider);
                let state = if missing.is_some() { State::NoKey } else { State::Wrong };
                let why = missing.or(Some(error.message));
                Row { name, provider, id, limits: None, state, why }
            }
        });
    }
    for (service, models) in &asked.served {
        for found in models {
            let known = |row: &Row| row.provider == service.name && row.id == found.id;
            if !rows.iter().any(known)
                && let Some(spec) = served::plain(config, service, found)
            {
                rows.push(row(config, asked, spec, has_window(found)));
            }
        }
    }
    rows
}

fn named(config: &Config, asked: &Asked, spec: ModelSpec) -> Row {
    let found = asked.of(&spec.service);
    let found = found.and_then(|(_, models)| models.iter().find(|found| found.id == spec.id));
    let spec = match found {
        Some(found) => config.completed(spec, found),
        None => spec,
    };
    let is_known = config.knows_window(&spec) || found.is_some_and(has_window);
    row(config, asked, spec, is_known)
}

fn has_window(found: &Found) -> bool {
    found.context.is_some() || found.prompt.is_some()
}

/// `is_known`: its window, that is.
fn row(config: &Config, asked: &Asked, spec: ModelSpec, is_known: bool) -> Row {
    let missing = config.missing_variable(&spec.service);
    let api = config.get(&format!("providers.{}.api", quoted(&spec.service)));
    let spoken = |name: &str| Api::ALL.into_iter().map(Api::name).find(|api| *api == name);
    let api = spec.api.map(Api::name).or_else(|| spoken(api.as_ref()?.as_str()?));
    let state = match (&missing, api) {
        (Some(_), _) => State::NoKey,
        (None, None) => State::Wrong,
        (None, Some(_)) => asked.state(&spec.service),
    };
    let limits = Limits {
        api,
        context: Some(spec.context).filter(|_| is_known),
        prompt: Some(spec.prompt).filter(|_| is_known),
        output: Some(spec.output).filter(|_| is_known),
        efforts: spec.efforts.iter().map(|effort| effort.name()).collect(),
        price: spec.price,
        fallback: spec.fallback,
    };
    let wrong = || format!("the api of `{}` is not spoken by this version", spec.service);
    let why = missing.or_else(|| (state == State::Wrong).then(wrong));
    Row { name: spec.name, provider: spec.service, id: spec.id, limits: Some(limits), state, why }
}

fn quoted(name: &str) -> String {
    toml::Value::String(name.to_owned()).to_string()
}

/// Those whose keys are there; what is wrong with one is worth being seen.
fn usable(rows: &[Row]) -> usize {
    rows.iter().filter(|row| row.state != State::NoKey).count()
}

/// What the list leaves out, and how to have it.
fn more(rest: &[Row]) -> String {
    let mut variables: Vec<&str> = Vec::new();
    for variable in
        rest.iter().filter(|row| row.state == State::NoKey).filter_map(|row| row.why.as_deref())
    {
        if !variables.contains(&variable) {
            variables.push(variable);
        }
    }
    let keys = if variables.is_empty() {
        String::new()
    } else {
        format!(" with {}", variables.join(", "))
    };
    format!("{} more{keys}: brisk models --all", rest.len())
}

/// What to do where nothing can be used.
fn none(config: &Config) -> Result<(), Trouble> {
    output::line("no model can be used yet; brisk models --all lists those that are known")?;
    if let Some(hint) = config.resolve("auto").err().and_then(|error| error.hint) {
        output::line(&format!("\n{hint}"))?;
    }
    Ok(())
}
