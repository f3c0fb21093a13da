//! Flags, one-shot, messages, exit codes, the demo. A front end: it branches on what a session
//! says, never on how the agent works.

mod apply;
mod args;
mod auth;
mod config;
mod copilot;
mod demo;
mod doctor;
mod exit;
mod first;
mod hidden;
mod interactive;
mod landing;
mod models;
mod oneshot;
mod output;
mod policy;
mod progress;
mod report;
mod served;
mod setup;
mod stdin;

use args::{Args, Command};
use clap::Parser;
use exit::{Exit, Trouble};
use std::process::ExitCode;

/// The whole program: reads the command line, runs, and gives the exit code.
pub fn main() -> ExitCode {
    if let Some(code) = crate::sandbox::hidden_entry(std::env::args_os().skip(1)) {
        return code;
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return exit::of_clap(&error),
    };
    match run(args) {
        Ok(exit) => exit.into(),
        Err(trouble) => trouble.report(),
    }
}

fn run(args: Args) -> Result<Exit, Trouble> {
    let Args { command, prompt, print, run } = args;
    match command {
        Some(Command::Version) => {
            output::line(&format!("brisk {}", env!("CARGO_PKG_VERSION")))?;
            Ok(Exit::Done)
        }
        Some(Command::Auth(args)) => auth::run(&args, &run),
        Some(Command::Apply(args)) => apply::run(&args, &run),
        Some(Command::Config(args)) => config::run(&args, &run),
        Some(Command::Models(args)) => models::run(&args, &run),
        Some(Command::Policy(args)) => policy::run(&args, &run),
        Some(Command::Doctor(args)) => doctor::run(&args, &run),
        Some(Command::Demo) => demo::run(&run),
        Some(Command::Exec { prompt }) => oneshot::run(&prompt, &run),
        None => match (print, prompt) {
            (Some(print), None) => oneshot::run(&print.unwrap_or_else(|| "-".to_owned()), &run),
            (Some(None), Some(prompt)) => oneshot::run(&prompt, &run),
            (Some(Some(_)), Some(extra)) => {
                Err(Trouble::usage(format!("there are two prompts; the second is `{extra}`"))
                    .with_hint("quote the prompt: brisk -p 'fix the test'"))
            }
            (None, prompt) => interactive::run(prompt, &run),
        },
    }
}
