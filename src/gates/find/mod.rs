//! Looking at a project for its checks: what is configured, or what everybody runs there, as far as
//! it is installed. Files are read, nothing is run.

mod build;
mod cargo;
mod go;
mod look;
mod node;
mod python;
mod recipes;

use look::Look;

use crate::protocol::{Gate, GateKind, GateSource, GateWhen};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Projects below the root that are looked at.
pub const PROJECTS_MAX: usize = 8;
const QUICK_SECONDS: u64 = 120;
const SLOW_SECONDS: u64 = 600;

/// Where to look.
#[derive(Clone, Copy, Debug)]
pub struct Project<'a> {
    /// The workspace's root as this process reaches it.
    pub root: &'a Path,
    /// Files that changed, from the root: the nearest project of each is checked, too.
    pub changed: &'a [PathBuf],
    /// The environment in which gates will run: its `PATH` says what is installed.
    pub env: &'a [(OsString, OsString)],
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The root's first; in each folder the cheap ones first.
    pub(super) gates: Vec<Gate>,
    /// What is configured and not installed, each a sentence.
    pub(super) notes: Vec<String>,
}

/// What is found in the root, and in the nearest project of each changed file.
pub(super) fn find(project: &Project<'_>) -> Found {
    let mut found = Found::default();
    let root = Look::new(project, "");
    folder(&root, &mut found);
    let folders: BTreeSet<String> =
        project.changed.iter().filter_map(|path| nearest(project, path)).collect();
    if folders.len() > PROJECTS_MAX {
        let more = folders.len() - PROJECTS_MAX;
        found.notes.push(format!("too many projects changed: the gates of {more} are not run"));
    }
    for name in folders.into_iter().take(PROJECTS_MAX) {
        folder(&Look::new(project, &name), &mut found);
    }
    found
}

/// The folder of the project that a file belongs to, if that is not the root.
fn nearest(project: &Project<'_>, changed: &Path) -> Option<String> {
    let is_plain = changed.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    let folders = changed.ancestors().skip(1).filter(|_| is_plain);
    for folder in folders.filter(|folder| !folder.as_os_str().is_empty()) {
        let name = folder.to_str()?;
        if MANIFESTS.iter().any(|manifest| project.root.join(folder).join(manifest).is_file()) {
            return Some(name.to_owned());
        }
    }
    None
}

/// A folder with one of these is a project.
const MANIFESTS: [&str; 8] = [
    "Cargo.toml",
    "package.json",
    "pyproject.toml",
    "setup.cfg",
    "tox.ini",
    "go.mod",
    "pom.xml",
    "CMakeLists.txt",
];

/// A check of one folder, before it has its full name.
struct Check {
    kind: GateKind,
    /// `test`; with `-` and its kind of project in front where two have the same.
    name: &'static str,
    /// `npm`, `cargo`.
    project: &'static str,
    command: String,
    script: Option<String>,
    /// The file that says so.
    file: String,
}

impl Check {
    fn new(project: &'static str, kind: GateKind, command: &str, file: &str) -> Check {
        let (command, file) = (command.to_owned(), file.to_owned());
        Check { kind, name: name(kind), project, command, script: None, file }
    }
}

/// What a gate is called where nothing else tells it from others.
pub(super) const fn name(kind: GateKind) -> &'static str {
    match kind {
        GateKind::Format => "format",
        GateKind::Lint => "lint",
        GateKind::Types => "types",
        GateKind::Test => "test",
        GateKind::Scan => "scan",
    }
}

fn folder(look: &Look<'_>, found: &mut Found) {
    let mut checks = Vec::new();
    for kind in [cargo::checks, node::checks, python::checks, go::checks, build::checks] {
        checks.extend(kind(look, &mut found.notes));
    }
    // A recipe often runs what was found: it serves where nothing else does.
    for recipe in recipes::checks(look, &mut found.notes) {
        if checks.iter().all(|check: &Check| check.kind != recipe.kind) {
            checks.push(recipe);
        }
    }
    checks.sort_by_key(|check| check.kind);
    let names: Vec<(&str, &str)> = checks.iter().map(|check| (check.name, check.project)).collect();
    for check in checks {
        let twice = names.iter().filter(|(name, _)| *name == check.name).count() > 1;
        let name =
            if twice { format!("{}-{}", check.project, check.name) } else { check.name.to_owned() };
        found.gates.push(Gate {
            name: look.path(&name),
            kind: check.kind,
            command: check.command,
            folder: look.folder.to_owned(),
            script: check.script,
            when: GateWhen::Turn,
            timeout_seconds: seconds(check.kind),
            source: GateSource::Found(look.path(&check.file)),
            sarif: None,
        });
    }
}

/// How long a gate may take where nothing else is said.
pub(super) const fn seconds(kind: GateKind) -> u64 {
    match kind {
        GateKind::Format => QUICK_SECONDS,
        GateKind::Lint | GateKind::Types | GateKind::Test | GateKind::Scan => SLOW_SECONDS,
    }
}

#[cfg(test)]
mod tests;
