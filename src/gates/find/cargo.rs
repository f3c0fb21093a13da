//! Rust.

use super::{Check, Look};
use crate::protocol::GateKind;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

const FILE: &str = "Cargo.toml";

pub(super) fn checks(look: &Look<'_>, notes: &mut Vec<String>) -> Vec<Check> {
    let Some(manifest) = look.toml(FILE) else { return Vec::new() };
    if is_member(look, &manifest) || !look.wants("cargo", FILE, notes) {
        return Vec::new();
    }
    // A workspace with a package of its own checks only that one, unless it is told.
    let all = if manifest.contains_key("workspace") { " --workspace" } else { "" };
    let check = |kind, command: String| Check::new("cargo", kind, &command, FILE);
    let mut checks = Vec::new();
    if has_component(look, "cargo-fmt") {
        let all = if all.is_empty() { "" } else { " --all" };
        checks.push(check(GateKind::Format, format!("cargo fmt{all} --check")));
    }
    if has_component(look, "cargo-clippy") {
        checks.push(check(GateKind::Lint, format!("cargo clippy{all} --all-targets --quiet")));
    } else {
        let command = format!("cargo check{all} --all-targets --quiet");
        checks.push(Check { name: "check", ..check(GateKind::Types, command) });
    }
    checks.push(check(GateKind::Test, format!("cargo test{all} --no-fail-fast")));
    checks
}

/// Whether the root of a workspace above checks this package, too.
fn is_member(look: &Look<'_>, manifest: &Table) -> bool {
    if look.folder.is_empty() || manifest.contains_key("workspace") {
        return false;
    }
    look.above().any(|above| {
        let Some(manifest) = above.toml(FILE) else { return false };
        let Some(workspace) = manifest.get("workspace") else { return false };
        let excluded = workspace.get("exclude").and_then(Value::as_array);
        let here = Path::new(look.folder).strip_prefix(above.folder).unwrap_or(Path::new(""));
        !excluded.into_iter().flatten().filter_map(Value::as_str).any(|name| here.starts_with(name))
    })
}

/// rustup puts a stand-in on `PATH` for each component, installed or not.
fn has_component(look: &Look<'_>, name: &str) -> bool {
    let Some(program) = look.program(name) else { return false };
    if !program.with_file_name("rustup").exists() {
        return true;
    }
    let own = look.variable("RUSTUP_HOME").map(PathBuf::from);
    let home = own.or_else(|| look.variable("HOME").map(|home| Path::new(home).join(".rustup")));
    let toolchains = home.map(|home| std::fs::read_dir(home.join("toolchains")));
    let Some(Ok(toolchains)) = toolchains else { return true };
    toolchains.flatten().any(|entry| entry.path().join("bin").join(name).exists())
}
