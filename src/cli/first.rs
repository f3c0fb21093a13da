//! The first start, when there is no model: the user chooses how to begin, and it is done.

use super::args::RunArgs;
use super::exit::{Exit, Trouble};
use super::{auth, copilot, demo, interactive, served, setup};
use crate::config::{Config, Trouble as Wrong};
use crate::ui::{self, Chosen};
use std::sync::Arc;

/// What came of it.
pub(super) enum Start {
    /// There is a model now, in this configuration; and what the user should know of it.
    Ready {
        config: Arc<Config>,
        said: Option<String>,
    },
    Ended(Exit),
}

/// Whether there is nothing to work with, no server of this machine either, so that choices are
/// better than an error.
fn is_first(config: &Config) -> bool {
    config.chosen().is_err_and(|error| error.kind == Wrong::NoModel)
        && served::choose(config, &config.model).is_err()
}

/// Asks until there is a model, or the user leaves.
pub(super) fn start(args: &RunArgs, mut config: Arc<Config>) -> Result<Start, Trouble> {
    let mut said = None;
    while is_first(&config) {
        let options = interactive::screen(&config, None, None)?;
        let providers = auth::wanting(&config);
        let first = ui::first_start(Arc::clone(&config), providers, said.take(), &options);
        let chosen = setup::runtime()?.block_on(first);
        let chosen = chosen.map_err(|error| Trouble::new(Exit::Failed, format!("{error:#}")))?;
        let done = match chosen {
            Chosen::Leave => return Ok(Start::Ended(Exit::Done)),
            Chosen::Signal(number) => return Ok(Start::Ended(Exit::of_signal(number))),
            Chosen::Demo => {
                let plain = RunArgs { set: args.set.clone(), ..RunArgs::default() };
                return demo::run(&plain).map(Start::Ended);
            }
            Chosen::Key { provider, key } => config
                .stored_keys()
                .store(&provider, &key)
                .map(|()| format!("The key of {provider} is stored; {}", no_model_of(&provider)))
                .map_err(Trouble::from),
            Chosen::Server(server) => config
                .add_server(&server)
                .map(|()| {
                    "The lines are written, but the settings choose another model.".to_owned()
                })
                .map_err(Trouble::from),
            Chosen::Copilot => match copilot_login(&config) {
                Ok(Login::Done { model }) => return with_model(args, model),
                Ok(Login::Stopped(said)) => Ok(said),
                Err(trouble) => Err(trouble),
            },
        };
        // If there is a model now, nobody reads this.
        said = Some(done.unwrap_or_else(|trouble| trouble.paragraph()));
        config = setup::config(args)?;
    }
    Ok(Start::Ready { config, said: None })
}

enum Login {
    /// This model can be used now.
    Done {
        model: String,
    },
    Stopped(String),
}

/// On the plain screen, where the code can be copied.
fn copilot_login(config: &Config) -> Result<Login, Trouble> {
    let mut providers = config.providers().into_iter();
    let Some(provider) = providers.find(|name| auth::is_copilot(config, name)) else {
        return Err(Trouble::new(Exit::Config, "no provider's api is copilot"));
    };
    if copilot::login(config, &provider)? != Exit::Done {
        return Ok(Login::Stopped("The login was stopped.".to_owned()));
    }
    let model = config.models().into_iter().find(|spec| spec.service == provider);
    Ok(match model {
        Some(spec) => Login::Done { model: spec.name },
        None => Login::Stopped(format!("You are logged in; {}", no_model_of(&provider))),
    })
}

/// A model that `auto` would not take.
fn with_model(args: &RunArgs, model: String) -> Result<Start, Trouble> {
    let said = format!("next time: brisk -m {model}, or set model = \"{model}\"");
    let args = RunArgs { model: Some(model), ..args.clone() };
    Ok(Start::Ready { config: setup::config(&args)?, said: Some(said) })
}

fn no_model_of(provider: &str) -> String {
    format!("but no model of it is known by name. Name one: brisk -m {provider}/ID")
}
