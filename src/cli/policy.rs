//! `brisk policy explain`: what the policy says of a command line, and why. It runs nothing.

use super::args::{Place, PolicyArgs, PolicyCommand, RunArgs};
use super::exit::{Exit, Trouble};
use super::{output, setup};
use crate::policy::{Ground, Policy};
use crate::protocol::{Judgement, TreeKind, Walls};
use serde::Serialize;
use std::io::{self, BufRead};

pub(super) fn run(args: &PolicyArgs, run: &RunArgs) -> Result<Exit, Trouble> {
    run.check(Place::Query)?;
    let PolicyCommand::Explain { command, json } = &args.command;
    let config = setup::config(run)?;
    let ground = Ground {
        tree: TreeKind::InPlace,
        walls: Walls::None,
        root: config.folder().to_path_buf(),
        folder: config.folder().to_path_buf(),
        readable: Vec::new(),
    };
    let policy = Policy { mode: config.mode, ground, rules: setup::rules(run, &config)? };
    if command != "-" {
        return explain(command, &policy, *json);
    }
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| Trouble::usage(format!("stdin: {error}")))?;
        explain(&line, &policy, *json)?;
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Explained<'a> {
    command: &'a str,
    #[serde(flatten)]
    judgement: &'a Judgement,
}

fn explain(command: &str, policy: &Policy, json: bool) -> Result<Exit, Trouble> {
    let judgement = policy.command(command);
    let text = if json {
        let explained = Explained { command, judgement: &judgement };
        serde_json::to_string(&explained).expect("strings and plain enums are JSON")
    } else {
        let (verdict, class) = (judgement.verdict.name(), judgement.class.name());
        format!("{verdict:<6} {class:<14} {}  ({})", crate::text::clean(command), judgement.why)
    };
    output::line(&text)?;
    Ok(Exit::Done)
}
