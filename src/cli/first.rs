//! The first start, when there is no model: the user chooses how to begin, and it is done.

use super::args::RunArgs;
use super::exit::{Exit, Trouble};
use super::{auth, copilot, demo, interactive, setup};
use crate::config::{Config, Trouble as Wrong};
use crate::ui::{self, Chosen};
use std::sync::Arc;

/// What came of it.
pub(super) enum Start {
    /// There is a model now, in this configuration.
    Ready(Arc<Config>),
    Ended(Exit),
}

/// Whether there is nothing to work with, so that choices are better than an error.
pub(super) fn is_first(config: &Config) -> bool {
    config.chosen().is_err_and(|error| error.kind == Wrong::NoModel)
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
            Chosen::Copilot => copilot_login(&config),
        };
        // If there is a model now, nobody reads this.
        said = Some(done.unwrap_or_else(|trouble| trouble.paragraph()));
        config = setup::config(args)?;
    }
    Ok(Start::Ready(config))
}

/// On the plain screen, where the code can be copied.
fn copilot_login(config: &Config) -> Result<String, Trouble> {
    let mut providers = config.providers().into_iter();
    let Some(provider) = providers.find(|name| auth::is_copilot(config, name)) else {
        return Err(Trouble::new(Exit::Config, "no provider's api is copilot"));
    };
    Ok(match copilot::login(config, &provider)? {
        Exit::Done => format!("You are logged in; {}", no_model_of(&provider)),
        _ => "The login was stopped.".to_owned(),
    })
}

fn no_model_of(provider: &str) -> String {
    format!("but no model of it is known by name. Name one: brisk -m {provider}/ID")
}
