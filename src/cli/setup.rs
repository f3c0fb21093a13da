//! From flags and configuration to a session: the one place where they meet.

use super::args::{GatesArg, RunArgs, TreeArg};
use super::exit::{Exit, Trouble};
use super::served::{self, Chosen};
use crate::config::{self, Config, Inputs};
use crate::model::Timing;
use crate::policy::{Rule, Rules};
use crate::protocol::{Depth, Mode, ModelSpec, Service, Size, TreeKind};
use crate::session::{self, Tree};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};

/// The size of a terminal that no pane shows.
pub(super) const UNSEEN: Size = Size { columns: 120, rows: 40 };
/// Threads that drive tasks; what blocks has threads of its own.
const WORKERS: usize = 2;

/// The merged configuration, flags included. A value that only a flag makes wrong is a mistake of
/// usage; any other is one of the configuration.
pub(super) fn config(args: &RunArgs) -> Result<Arc<Config>, Trouble> {
    let mut inputs = Inputs::from_process()?;
    if let Some(folder) = folder(args)? {
        inputs.enter(folder);
    }
    let without_flags = config::load(&inputs)?;
    inputs.overrides = overrides(args)?;
    if inputs.overrides.is_empty() {
        return Ok(Arc::new(without_flags));
    }
    config::load(&inputs).map(Arc::new).map_err(|error| Trouble::from(error).into_usage())
}

/// The flags that are settings, as keys and values.
fn overrides(args: &RunArgs) -> Result<Vec<(String, String)>, Trouble> {
    let mut overrides = Vec::new();
    for assignment in &args.set {
        let Some((key, value)) = assignment.split_once('=') else {
            return Err(Trouble::usage(format!("-c takes KEY=VALUE, not `{assignment}`"))
                .with_hint("for example: -c budget.turn=20k"));
        };
        overrides.push((key.trim().to_owned(), value.trim().to_owned()));
    }
    let flags = [
        ("model", args.model.clone()),
        ("mode", args.mode.map(|mode| Mode::from(mode).name().to_owned())),
        ("depth", args.depth.map(|depth| Depth::from(depth).name().to_owned())),
        ("budget.turn", args.budget.clone()),
        ("budget.cost", args.max_cost.map(|cost| format!("{cost:?}"))),
        ("budget.steps", args.max_steps.map(|steps| steps.to_string())),
        ("budget.time", args.max_time.clone()),
    ];
    let given = flags.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    overrides.extend(given);
    Ok(overrides)
}

fn folder(args: &RunArgs) -> Result<Option<PathBuf>, Trouble> {
    let Some(folder) = &args.folder else { return Ok(None) };
    if !folder.is_dir() {
        return Err(Trouble::usage(format!("-C {}: no such folder", folder.display())));
    }
    folder
        .canonicalize()
        .map(Some)
        .map_err(|error| Trouble::usage(format!("-C {}: {error}", folder.display())))
}

/// A session's options, and what people should know of its model. The model and its key are looked
/// up here, before anything is started.
pub(super) fn options(
    args: &RunArgs,
    config: &Arc<Config>,
    instead: TreeKind,
) -> Result<(session::Options, Vec<String>), Trouble> {
    if config.mode == Mode::Autopilot && !config.budget_named {
        return Err(
            Trouble::usage("autopilot needs a budget that you name").with_hint("add --budget 50k")
        );
    }
    let Chosen { model, service, notes } = served::choose(config, &config.model)?;
    if config.budget.cost.is_some() && model.price.is_none() {
        return Err(Trouble::usage(format!(
            "a limit of dollars cannot be kept: the price of {} is not known",
            model.name
        ))
        .with_hint(format!("set models.{}.price in the config, or limit tokens", model.name)));
    }
    Ok((options_with(args, config, instead, model, service)?, notes))
}

/// `instead`: where to work if no draft can be had and none was asked for by name.
pub(super) fn options_with(
    args: &RunArgs,
    config: &Arc<Config>,
    instead: TreeKind,
    model: ModelSpec,
    service: Service,
) -> Result<session::Options, Trouble> {
    let tree = match args.tree {
        None => Tree::DraftElse(instead),
        Some(TreeArg::Draft) => Tree::Only(TreeKind::Draft),
        Some(TreeArg::InPlace) => Tree::Only(TreeKind::InPlace),
    };
    Ok(session::Options {
        folder: config.folder().to_path_buf(),
        tree,
        entry: entry()?,
        mode: config.mode,
        model,
        service,
        resolve: session::by_config(Arc::clone(config)),
        budget: config.budget,
        rules: rules(args, config)?,
        size: UNSEEN,
        ephemeral: args.ephemeral,
        gates: args.gates != Some(GatesArg::Off),
        attended: false,
        timing: Timing::default(),
        config: Arc::clone(config),
    })
}

/// This very program, which the draft's shells start through.
pub(super) fn entry() -> Result<PathBuf, Trouble> {
    std::env::current_exe().map_err(|error| {
        Trouble::new(Exit::Failed, format!("brisk does not find its own program: {error}"))
    })
}

/// The rules of the configuration and of the flags. One that cannot be read fails closed: nothing
/// starts.
pub(super) fn rules(args: &RunArgs, config: &Config) -> Result<Rules, Trouble> {
    let texts = &config.rules;
    let mut rules = Rules::parse(&texts.allow, &texts.ask, &texts.deny)
        .map_err(|error| Trouble::new(Exit::Config, format!("[rules]: {error}")))?;
    let parse = |flag: &str, text: &String| {
        Rule::parse(text).map_err(|error| Trouble::usage(format!("{flag}: {error}")))
    };
    for text in &args.allow {
        rules.allow.push(parse("--allow", text)?);
    }
    for text in &args.deny {
        rules.deny.push(parse("--deny", text)?);
    }
    Ok(rules)
}

pub(super) fn runtime() -> Result<Runtime, Trouble> {
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build();
    runtime.map_err(|error| Trouble::new(Exit::Failed, format!("no threads can be had: {error}")))
}
