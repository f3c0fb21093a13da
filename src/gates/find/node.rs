//! JavaScript and TypeScript: the scripts of package.json, by the package manager that wrote the
//! lock file.

use super::{Check, Look};
use crate::protocol::GateKind;
use crate::text::clip;
use serde_json::Value;

const FILE: &str = "package.json";
/// Of a script, where it is shown.
const SCRIPT_COLUMNS_MAX: usize = 400;

/// The names that scripts have; of each kind the first that is there.
const SCRIPTS: [(GateKind, &[&str]); 4] = [
    (
        GateKind::Format,
        &[
            "format:check",
            "check:format",
            "format-check",
            "fmt:check",
            "check-format",
            "prettier:check",
        ],
    ),
    (GateKind::Lint, &["lint", "lint:check", "eslint"]),
    (GateKind::Types, &["typecheck", "type-check", "check-types", "types:check", "types", "tsc"]),
    (GateKind::Test, &["test"]),
];
/// What `npm init` writes.
const NO_TEST: &str = "no test specified";

const MANAGERS: [(&str, &str); 6] = [
    ("pnpm-lock.yaml", "pnpm"),
    ("yarn.lock", "yarn"),
    ("bun.lock", "bun"),
    ("bun.lockb", "bun"),
    ("package-lock.json", "npm"),
    ("npm-shrinkwrap.json", "npm"),
];

pub(super) fn checks(look: &Look<'_>, notes: &mut Vec<String>) -> Vec<Check> {
    let Some(package) = package(look) else { return Vec::new() };
    let manager = manager(look, &package);
    let scripts = package.get("scripts");
    let script = |name: &str| scripts?.get(name)?.as_str().filter(|text| !text.contains(NO_TEST));
    let mut checks = Vec::new();
    for (kind, names) in SCRIPTS {
        let Some((name, text)) = names.iter().find_map(|name| Some((name, script(name)?))) else {
            continue;
        };
        // Test runners watch for changes unless they are told that nobody is there.
        let calm = if kind == GateKind::Test { "CI=true " } else { "" };
        let command = format!("{calm}{manager} run {name}");
        let mut check = Check::new(manager, kind, &command, FILE);
        check.script = Some(clip(text, SCRIPT_COLUMNS_MAX).into_owned());
        checks.push(check);
    }
    let typed = checks.iter().any(|check| check.kind == GateKind::Types);
    if !typed && look.has("tsconfig.json") && look.runs("node_modules/.bin/tsc") {
        let command = "node_modules/.bin/tsc --noEmit";
        checks.push(Check::new(manager, GateKind::Types, command, "tsconfig.json"));
    }
    if checks.is_empty() || !look.wants(manager, FILE, notes) {
        return Vec::new();
    }
    if needs_install(look, &package) {
        let file = look.path(FILE);
        notes.push(format!("{file}: its packages are not installed ({manager} install): no gates"));
        return Vec::new();
    }
    checks
}

fn package(look: &Look<'_>) -> Option<Value> {
    serde_json::from_str(&look.text(FILE)?).ok()
}

/// What `packageManager` names, else whose lock file is the nearest.
fn manager(look: &Look<'_>, package: &Value) -> &'static str {
    let named = package.get("packageManager").and_then(Value::as_str).unwrap_or_default();
    let known = |name: &str| MANAGERS.iter().find(|(_, known)| *known == name);
    let locked = |look: &Look<'_>| MANAGERS.iter().find(|(file, _)| look.has(file));
    known(named.split('@').next().unwrap_or_default())
        .or_else(|| locked(look))
        .or_else(|| look.above().find_map(|above| locked(&above)))
        .map_or("npm", |(_, manager)| manager)
}

fn needs_install(look: &Look<'_>, package: &Value) -> bool {
    let any = |field: &str| {
        package.get(field).and_then(Value::as_object).is_some_and(|table| !table.is_empty())
    };
    let installed = |look: &Look<'_>| look.has("node_modules") || look.has(".pnp.cjs");
    (any("dependencies") || any("devDependencies"))
        && !installed(look)
        && !look.above().any(|above| installed(&above))
}
