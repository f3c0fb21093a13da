//! `brisk models`: which models can be used, at what price, and whether one really works.

mod list;
mod table;
mod test;

use super::args::{ModelsArgs, ModelsCommand, Place, RunArgs};
use super::exit::{Exit, Trouble};
use super::setup;

pub(super) fn run(args: &ModelsArgs, run: &RunArgs) -> Result<Exit, Trouble> {
    run.check(Place::Models)?;
    let config = setup::config(run)?;
    match &args.command {
        None => list::run(&config, &args.list),
        Some(ModelsCommand::List(args)) => list::run(&config, args),
        Some(ModelsCommand::Test { name }) => test::run(&config, name),
    }
}
