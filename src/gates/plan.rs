//! Which gates run: what was found, as the user's settings change it.

use super::find::{self, Found, Project};
use super::known::Known;
use crate::protocol::{Gate, GateKind, GateRun, GateSetting, GateSettings, GateSource, GateWhen};

/// The gates of a workspace, before they run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order in which they run.
    pub gates: Vec<Gate>,
    /// Some command of it has not been shown in this workspace: show them, then [`Known::remember`].
    pub new: bool,
    /// What is asked for and cannot be run, each a sentence for people.
    pub notes: Vec<String>,
}

impl Plan {
    /// Those that run on this occasion.
    pub fn at(&self, when: GateWhen) -> impl Iterator<Item = &Gate> {
        self.gates.iter().filter(move |gate| gate.when <= when)
    }
}

/// Looks at the project. Blocks for as long as it takes to read some small files.
pub fn plan(project: &Project<'_>, settings: &GateSettings, known: &Known) -> Plan {
    let found = if settings.find { find::find(project) } else { Found::default() };
    let Found { mut gates, mut notes } = found;
    for setting in &settings.gates {
        apply(setting, &mut gates, &mut notes);
    }
    gates.sort_by_key(|gate| gate.kind);
    let new = gates.iter().any(|gate| !known.has(gate));
    Plan { gates, new, notes }
}

/// A setting is about the gate of its name, or about all of the root's that are called so with
/// their project in front: `test` about `cargo-test` and `npm-test`.
fn apply(setting: &GateSetting, gates: &mut Vec<Gate>, notes: &mut Vec<String>) {
    let about = |gate: &Gate| {
        let found = gate.folder.is_empty() && gate.source != GateSource::Config;
        gate.name == setting.name || (found && setting.name == find::name(gate.kind))
    };
    match &setting.run {
        GateRun::Off => gates.retain(|gate| !about(gate)),
        GateRun::Command(command) => {
            let first = gates.iter().find(|gate| about(gate)).cloned();
            gates.retain(|gate| !about(gate));
            let kind = first.as_ref().map_or_else(|| kind(setting, command), |gate| gate.kind);
            let mut gate = Gate {
                name: setting.name.clone(),
                kind,
                command: command.clone(),
                folder: first.map(|gate| gate.folder).unwrap_or_default(),
                script: None,
                when: GateWhen::default(),
                timeout_seconds: find::seconds(kind),
                source: GateSource::Config,
                sarif: None,
            };
            adjust(setting, &mut gate);
            gates.push(gate);
        }
        GateRun::Found => {
            let mut any = false;
            for gate in gates.iter_mut().filter(|gate| about(gate)) {
                adjust(setting, gate);
                any = true;
            }
            if !any {
                let name = &setting.name;
                notes.push(format!(
                    "gates.{name} says nothing to run, and no gate of that name was found: add \
                     run = \"…\""
                ));
            }
        }
    }
}

fn adjust(setting: &GateSetting, gate: &mut Gate) {
    gate.when = setting.when.unwrap_or(gate.when);
    gate.timeout_seconds = setting.timeout_seconds.unwrap_or(gate.timeout_seconds);
    if setting.sarif.is_some() {
        gate.sarif.clone_from(&setting.sarif);
        gate.kind = GateKind::Scan;
    }
}

/// What a gate of the user's is, by its name, else by the words of its command; unknown ones come
/// where tests do.
fn kind(setting: &GateSetting, command: &str) -> GateKind {
    const WORDS: [(GateKind, &[&str]); 5] = [
        (GateKind::Scan, &["scan", "semgrep", "sarif", "audit", "security", "trivy", "bandit"]),
        (GateKind::Test, &["test", "tests", "pytest", "jest", "vitest", "unittest", "ctest"]),
        (GateKind::Format, &["format", "fmt", "rustfmt", "gofmt", "prettier", "black"]),
        (GateKind::Lint, &["lint", "clippy", "eslint", "ruff", "vet", "flake8", "shellcheck"]),
        (GateKind::Types, &["types", "typecheck", "check", "tsc", "mypy", "pyright", "build"]),
    ];
    let of = |text: &str| {
        let words: Vec<&str> = text.split(|char: char| !char.is_alphanumeric()).collect();
        let has = |known: &&[&str]| known.iter().any(|word| words.contains(word));
        WORDS.iter().find(|(_, known)| has(known)).map(|(kind, _)| *kind)
    };
    of(&setting.name).or_else(|| of(command)).unwrap_or(GateKind::Test)
}

#[cfg(test)]
mod tests;
