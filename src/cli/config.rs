//! `brisk config`: what is set, where, and by whom.

use super::args::{ConfigArgs, ConfigCommand, Place, RunArgs};
use super::exit::{Exit, Trouble};
use super::{output, setup};
use crate::config::Config;

pub(super) fn run(args: &ConfigArgs, run: &RunArgs) -> Result<Exit, Trouble> {
    run.check(Place::Query)?;
    let config = setup::config(run)?;
    match &args.command {
        ConfigCommand::Get { key } => match config.get(key) {
            Some(value) => output::line(&plain(&value))?,
            // Why there is none is what `explain` knows.
            None => {
                config.explain(key)?;
                return Err(Trouble::new(Exit::Config, format!("{key} is not set")));
            }
        },
        ConfigCommand::Explain { key: Some(key) } => {
            let below = config.keys_below(key);
            // Of a gate both the name and its parts are keys.
            if below.is_empty() || config.get(key).is_some() {
                explain(&config, key)?;
            } else {
                for key in below {
                    explain(&config, &key)?;
                }
            }
        }
        ConfigCommand::Explain { key: None } => {
            for key in config.keys() {
                explain(&config, &key)?;
            }
        }
        ConfigCommand::Path => {
            let paths = &config.paths;
            let rows = [
                ("config", paths.config_file()),
                ("state", paths.state.clone()),
                ("cache", paths.cache.clone()),
                ("runtime", paths.runtime.clone()),
            ];
            for (name, path) in rows {
                output::line(&format!("{name:<8} {}", path.display()))?;
            }
        }
    }
    Ok(Exit::Done)
}

/// The winner in front, then what the others said.
fn explain(config: &Config, key: &str) -> Result<(), Trouble> {
    let explanation = config.explain(key)?;
    let mut said = explanation.said.iter();
    let Some(winner) = said.next() else {
        output::line(&format!("{} is not set", explanation.key))?;
        return Ok(());
    };
    output::line(&format!("{} = {}  ({})", explanation.key, winner.value, winner.source))?;
    for other in said {
        output::line(&format!("  over {}  ({})", other.value, other.source))?;
    }
    if let Some(note) = explanation.note {
        output::line(&format!("  {note}"))?;
    }
    Ok(())
}

/// A text without its quotes, anything else as TOML.
fn plain(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
