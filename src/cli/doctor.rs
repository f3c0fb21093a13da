//! `brisk doctor`: what brisk finds on this machine, and what it makes of it. It changes nothing,
//! sends nothing, and shows no secrets.

use super::args::{DoctorArgs, Place, RunArgs};
use super::exit::{Exit, Trouble};
use super::{output, setup};
use crate::config::{Color, Config, Multiplexer};
use crate::sandbox::{self, MountError, Report, Spec};
use crate::workspace;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(super) fn run(args: &DoctorArgs, run: &RunArgs) -> Result<Exit, Trouble> {
    run.check(Place::Query)?;
    let config = setup::config(run)?;
    let found = look(&config);
    if args.json {
        let text = serde_json::to_string(&found).expect("strings and plain structs are JSON");
        output::line(&text)?;
        return Ok(Exit::Done);
    }
    for (name, text, notes) in found.rows() {
        output::line(&crate::text::clean(&format!("{name:<9} {text}")))?;
        for note in notes {
            output::line(&crate::text::clean(&format!("{:<9} {note}", "")))?;
        }
    }
    Ok(Exit::Done)
}

/// What is printed, as JSON has it.
#[derive(Debug, Serialize)]
struct Found {
    version: &'static str,
    workspace: PathBuf,
    tree: Tree,
    shell: PathBuf,
    git: Option<String>,
    terminal: String,
    paths: Vec<(&'static str, PathBuf)>,
    model: Model,
}

/// Which way changes are made, and why.
#[derive(Debug, Serialize)]
struct Tree {
    /// `draft` or `in-place`.
    way: &'static str,
    why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Model {
    name: Option<String>,
    provider: Option<String>,
    /// Whether the provider's key is there, or none is needed.
    key: bool,
    problem: Option<String>,
}

fn look(config: &Config) -> Found {
    let workspace = workspace::root_of(config.folder());
    let workspace = workspace.unwrap_or_else(|_| config.folder().to_owned());
    let paths = &config.paths;
    Found {
        version: env!("CARGO_PKG_VERSION"),
        tree: tree(&workspace, &paths.state),
        workspace,
        shell: config.shell.clone(),
        git: git(),
        terminal: terminal(config),
        paths: vec![
            ("config", paths.config_file()),
            ("state", paths.state.clone()),
            ("cache", paths.cache.clone()),
            ("runtime", paths.runtime.clone()),
        ],
        model: model(config),
    }
}

/// By opening a draft as a session would, and closing it again.
fn tree(root: &Path, state: &Path) -> Tree {
    match probe(root, state) {
        Ok(report) => Tree {
            way: "draft",
            why: format!(
                "opened in {} ms; writing and running in it work",
                report.opened.as_millis()
            ),
            hint: None,
            notes: report.notes,
        },
        Err(error) => Tree {
            way: "in-place",
            why: error.to_string(),
            hint: error.hint().map(str::to_owned),
            notes: Vec::new(),
        },
    }
}

fn probe(root: &Path, state: &Path) -> Result<Report, MountError> {
    let unusable =
        |error: std::io::Error| MountError::Path { path: state.into(), reason: error.to_string() };
    let is_new = !state.exists();
    fs::create_dir_all(state).map_err(unusable)?;
    let own = tempfile::Builder::new().prefix("doctor-").tempdir_in(state).map_err(unusable)?;
    let entry = std::env::current_exe().map_err(|error| MountError::Holder(error.to_string()))?;
    let spec =
        Spec { root: root.to_owned(), state: own.path().to_owned(), entry, ..Spec::default() };
    let report = sandbox::probe(&spec);
    drop(own);
    if is_new {
        // It stays if something else has come into it.
        let _ = fs::remove_dir(state);
    }
    report
}

fn git() -> Option<String> {
    let output = Command::new("git").arg("--version").output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then(|| said.trim_start_matches("git version ").to_owned())
}

fn terminal(config: &Config) -> String {
    let terminal = &config.terminal;
    let name = if terminal.term.is_empty() { "TERM is not set" } else { &terminal.term };
    let colors = match terminal.color {
        Color::Never => "no colours",
        Color::Always => "colours always",
        Color::Auto => "colours",
        Color::AutoTrue => "all colours",
    };
    let encoding = if terminal.utf8 { "UTF-8" } else { "ASCII" };
    let around = match terminal.multiplexer {
        Multiplexer::None => None,
        Multiplexer::Tmux => Some("tmux"),
        Multiplexer::Screen => Some("screen"),
    };
    let line = terminal.ssh.then_some("over SSH");
    let facts = [Some(name), Some(colors), Some(encoding), around, line];
    facts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn model(config: &Config) -> Model {
    match config.chosen() {
        Ok(spec) => {
            let key = config.is_usable(&spec.service);
            let problem = (!key).then(|| format!("there is no key for {}", spec.service));
            Model { name: Some(spec.name), provider: Some(spec.service), key, problem }
        }
        Err(error) => {
            Model { name: None, provider: None, key: false, problem: Some(error.to_string()) }
        }
    }
}

impl Found {
    /// Name, text, and what stands below.
    fn rows(&self) -> Vec<(&'static str, String, Vec<String>)> {
        let row = |name, text| (name, text, Vec::new());
        let shown = |path: &Path| {
            let missing = if path.exists() { "" } else { "  (not there yet)" };
            format!("{}{missing}", path.display())
        };
        let hint = self.tree.hint.as_ref().map(|hint| format!("hint: {hint}"));
        let below = self.tree.notes.iter().cloned().chain(hint).collect();
        let mut rows = vec![
            row("brisk", self.version.to_owned()),
            row("workspace", self.workspace.display().to_string()),
            ("changes", format!("{}: {}", self.tree.way, self.tree.why), below),
            row("shell", self.shell.display().to_string()),
            row("git", self.git.clone().unwrap_or_else(|| "not found on PATH".to_owned())),
            row("terminal", self.terminal.clone()),
        ];
        rows.extend(self.paths.iter().map(|(name, path)| row(name, shown(path))));
        let Model { name, provider, problem, .. } = &self.model;
        let model = match (name, provider, problem) {
            (Some(name), Some(provider), None) => format!("{name} of {provider}, its key is there"),
            (Some(name), _, Some(problem)) => format!("{name}: {problem}"),
            (_, _, problem) => problem.clone().unwrap_or_default(),
        };
        rows.push(row("model", model));
        rows
    }
}
