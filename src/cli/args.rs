//! The command line, as clap reads it. A flag that has no effect where it is given is an error,
//! which `check` finds.

use super::exit::Trouble;
use crate::protocol::{Depth, Mode};
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A pair programmer that lives in the terminal: chat, diff and a real shared terminal.
#[derive(Debug, Parser)]
#[command(
    name = "brisk",
    version,
    override_usage = "brisk [OPTIONS] [PROMPT]\n       brisk [OPTIONS] -p PROMPT\n       brisk [OPTIONS] <COMMAND>",
    after_help = "With no command brisk opens full screen. Exit codes: 0 done, 1 the task failed, \
                  2 usage, 3 configuration or credentials, 4 provider or network, 5 something was \
                  denied, 6 budget or steps used up, 7 infeasible, 8 a gate is red, 9 no \
                  draft can be had, 124 --max-time ran out."
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Command>,

    /// Opens full screen and sends this at once.
    pub(super) prompt: Option<String>,

    /// One-shot: the answer goes to stdout, everything else to stderr; `-` reads it from stdin.
    #[arg(short = 'p', long = "print", value_name = "PROMPT", num_args = 0..=1)]
    pub(super) print: Option<Option<String>>,

    #[command(flatten)]
    pub(super) run: RunArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The built-in tour: no key, no network, a real repository in a temporary folder.
    Demo,
    /// One-shot, like -p; `-` reads the whole prompt from stdin.
    Exec { prompt: String },
    /// Keys that brisk keeps for you, and where each provider's key comes from.
    Auth(AuthArgs),
    /// Applies what a session left pending, or a patch of git.
    Apply(ApplyArgs),
    /// What is configured, where, and which layer won.
    Config(ConfigArgs),
    /// Which models can be used, with their windows and prices; and whether one works.
    Models(ModelsArgs),
    /// What the policy says of a command line, and why.
    Policy(PolicyArgs),
    /// What brisk finds on this machine: draft or in place, shell, git, terminal, paths, model.
    Doctor(DoctorArgs),
    /// Prints the version.
    Version,
}

#[derive(Debug, clap::Args)]
pub(super) struct AuthArgs {
    #[command(subcommand)]
    pub(super) command: AuthCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum AuthCommand {
    /// Stores a key: asks for it without showing it, or reads it from stdin (`< keyfile`).
    Login {
        /// As the config names it; without it a list to choose from. copilot: by a code in a browser.
        provider: Option<String>,
    },
    /// Forgets a stored key.
    Logout {
        provider: Option<String>,
        /// Of all providers.
        #[arg(long, conflicts_with = "provider")]
        all: bool,
    },
    /// Says where each provider's key comes from: key_command, variable, stored. Shows no key.
    Status {
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct ApplyArgs {
    /// A session, by its id or how that begins; or a file with a patch; `-` is stdin.
    #[arg(value_name = "SESSION|PATCH", required_unless_present = "last")]
    pub(super) what: Option<String>,

    /// The newest session here that left something.
    #[arg(long, conflicts_with = "what")]
    pub(super) last: bool,

    /// Only these, by the numbers that are shown: 1,3 or 2-5.
    #[arg(long, value_name = "NUMBERS")]
    pub(super) hunks: Option<String>,

    /// Asks nothing: the answer is yes, also for what is guarded.
    #[arg(short, long)]
    pub(super) yes: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    pub(super) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Prints a value.
    Get { key: String },
    /// Says which layer won, and what the others said; without a key, of every setting.
    Explain { key: Option<String> },
    /// Prints the files that are read, and the folders that are used.
    Path,
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct ModelsArgs {
    #[command(subcommand)]
    pub(super) command: Option<ModelsCommand>,

    #[command(flatten)]
    pub(super) list: ListArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum ModelsCommand {
    /// What `brisk models` does by itself.
    List(ListArgs),
    /// Makes two small requests with a tool: does it answer, how fast, is the call right, is it cached?
    Test { name: String },
}

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// The models of this provider alone; it is asked for those that are not configured.
    pub(super) provider: Option<String>,

    /// Also the models whose keys are not there.
    #[arg(long)]
    pub(super) all: bool,

    /// One JSON object a line, of all models.
    #[arg(long, conflicts_with = "all")]
    pub(super) json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct PolicyArgs {
    #[command(subcommand)]
    pub(super) command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Judges a command line; `-`: one a line from stdin.
    Explain {
        command: String,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct DoctorArgs {
    /// One JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct RunArgs {
    /// A configured model, or PROVIDER/ID, or auto.
    #[arg(short, long, global = true)]
    pub(super) model: Option<String>,

    /// How much may happen without a question.
    #[arg(long, global = true, value_enum, value_name = "MODE")]
    pub(super) mode: Option<ModeArg>,

    /// How hard the model thinks, and how much it says.
    #[arg(long, global = true, value_enum, value_name = "DEPTH")]
    pub(super) depth: Option<DepthArg>,

    /// The most new tokens that a turn may use: 20k, 1.5M.
    #[arg(long, global = true, value_name = "TOKENS")]
    pub(super) budget: Option<String>,

    /// The most dollars that a turn may cost.
    #[arg(long, global = true, value_name = "USD")]
    pub(super) max_cost: Option<f64>,

    /// The most model requests that a turn may make.
    #[arg(long, global = true, value_name = "N")]
    pub(super) max_steps: Option<u32>,

    /// The longest that a turn may take: 90s, 10m.
    #[arg(long, global = true, value_name = "TIME")]
    pub(super) max_time: Option<String>,

    /// Commands that start with these words run without a question: --allow 'cargo test'.
    #[arg(long, global = true, value_name = "RULE")]
    pub(super) allow: Vec<String>,

    /// Commands that start with these words never run.
    #[arg(long, global = true, value_name = "RULE")]
    pub(super) deny: Vec<String>,

    /// Where the agent works (default: a draft; where none can be had, full screen in place,
    /// one-shot in a copy).
    #[arg(long, global = true, value_enum, value_name = "WHERE")]
    pub(super) tree: Option<TreeArg>,

    /// Whether the project's checks run on what changed; require: the exit code is 8 if one is red.
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    pub(super) gates: Option<GatesArg>,

    /// Works in this folder.
    #[arg(short = 'C', global = true, value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,

    /// Sets a configuration key: -c budget.turn=20k.
    #[arg(short = 'c', global = true, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,

    /// Keeps no journal and no ledger line.
    #[arg(long, global = true)]
    pub(super) ephemeral: bool,

    /// One-shot: how the answer is printed.
    #[arg(short, long, global = true, value_enum, value_name = "FORMAT")]
    pub(super) output: Option<OutputArg>,

    /// One-shot: writes the last message here too.
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) output_last_message: Option<PathBuf>,

    /// One-shot: writes what changed as a patch, which `brisk apply` and `git apply` take; `-` is
    /// stdout.
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) patch_out: Option<PathBuf>,

    /// One-shot: what becomes of the changes (default: none).
    #[arg(long, global = true, value_enum, value_name = "WHAT")]
    pub(super) apply: Option<ApplyArg>,

    /// One-shot: waits for stdin as long as it takes.
    #[arg(long, global = true, conflicts_with = "no_stdin")]
    pub(super) stdin: bool,

    /// One-shot: never reads stdin.
    #[arg(long, global = true)]
    pub(super) no_stdin: bool,

    /// One-shot: no progress on stderr.
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ModeArg {
    Confirm,
    Plan,
    AutoEdit,
    Autopilot,
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Mode {
        match mode {
            ModeArg::Confirm => Mode::Confirm,
            ModeArg::Plan => Mode::Plan,
            ModeArg::AutoEdit => Mode::AutoEdit,
            ModeArg::Autopilot => Mode::Autopilot,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum DepthArg {
    Auto,
    Brief,
    Normal,
    Deep,
}

impl From<DepthArg> for Depth {
    fn from(depth: DepthArg) -> Depth {
        match depth {
            DepthArg::Auto => Depth::Auto,
            DepthArg::Brief => Depth::Brief,
            DepthArg::Normal => Depth::Normal,
            DepthArg::Deep => Depth::Deep,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputArg {
    #[default]
    Text,
    Json,
    StreamJson,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ApplyArg {
    #[default]
    None,
    /// If all gates pass.
    Gated,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TreeArg {
    Draft,
    InPlace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GatesArg {
    On,
    Off,
    Require,
}

/// Where a command line leads; not every flag means something everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Interactive,
    OneShot,
    Demo,
    /// A patch by itself.
    Apply,
    /// A question about configuration or policy.
    Query,
    Models,
}

impl RunArgs {
    /// Refuses flags that would have no effect in this place.
    pub(super) fn check(&self, place: Place) -> Result<(), Trouble> {
        let one_shot = [
            ("--output", self.output.is_some()),
            ("--output-last-message", self.output_last_message.is_some()),
            ("--patch-out", self.patch_out.is_some()),
            ("--apply", self.apply.is_some()),
            ("--stdin", self.stdin),
            ("--no-stdin", self.no_stdin),
            ("--quiet", self.quiet),
        ];
        let session = [
            ("--depth", self.depth.is_some()),
            ("--budget", self.budget.is_some()),
            ("--max-cost", self.max_cost.is_some()),
            ("--max-steps", self.max_steps.is_some()),
            ("--max-time", self.max_time.is_some()),
            ("--ephemeral", self.ephemeral),
        ];
        let gates = [("--gates", self.gates.is_some())];
        let tree = [("--tree", self.tree.is_some())];
        let rules = [
            ("--mode", self.mode.is_some()),
            ("--allow", !self.allow.is_empty()),
            ("--deny", !self.deny.is_empty()),
        ];
        let model = [("--model", self.model.is_some())];
        let (refused, what): (&[&[(&str, bool)]], _) = match place {
            Place::OneShot => (&[], ""),
            Place::Interactive => (&[&one_shot], "without -p"),
            Place::Demo => (&[&one_shot, &session, &gates, &rules, &model], "with demo"),
            Place::Apply => (&[&one_shot, &session, &tree, &rules, &model], "with apply"),
            Place::Query => (&[&one_shot, &session, &gates, &tree], "with this command"),
            Place::Models => {
                (&[&one_shot, &session, &gates, &tree, &rules, &model], "with this command")
            }
        };
        let given = refused.iter().copied().flatten().find(|(_, given)| *given);
        match given {
            Some((flag, _)) => Err(Trouble::usage(format!("{flag} has no effect {what}"))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_flag_without_effect_is_an_error() {
        let args = Args::try_parse_from(["brisk", "--patch-out", "x", "hello"]).unwrap();
        assert!(args.run.check(Place::Interactive).is_err());
        assert!(args.run.check(Place::OneShot).is_ok());
        for (flag, is_ok) in [("--gates=on", true), ("--apply=all", false), ("--tree=draft", false)]
        {
            let args = Args::try_parse_from(["brisk", "apply", "x.patch", flag]).unwrap();
            assert_eq!(args.run.check(Place::Apply).is_ok(), is_ok, "{flag}");
        }
        let args = Args::try_parse_from(["brisk", "demo", "--budget", "1k"]).unwrap();
        assert!(args.run.check(Place::Demo).is_err());
    }

    #[test]
    fn a_prompt_is_no_command() {
        let args = Args::try_parse_from(["brisk", "-p", "what is this?"]).unwrap();
        assert_eq!(args.print, Some(Some("what is this?".into())));
        let args = Args::try_parse_from(["brisk", "explain demo"]).unwrap();
        assert_eq!((args.command.is_none(), args.prompt.as_deref()), (true, Some("explain demo")));
        let args = Args::try_parse_from(["brisk", "-p", "-"]).unwrap();
        assert_eq!(args.print, Some(Some("-".into())));
    }
}
