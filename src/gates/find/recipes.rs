//! Make and just: recipes that are called as checks are.

use super::{Check, Look};
use crate::protocol::GateKind;
use crate::text::clip;

const MAKEFILES: [&str; 3] = ["GNUmakefile", "makefile", "Makefile"];
const JUSTFILES: [&str; 3] = ["justfile", "Justfile", ".justfile"];
/// Of a recipe, where it is shown.
const RECIPE_LINES_MAX: usize = 5;
const RECIPE_COLUMNS_MAX: usize = 400;

/// The names that recipes have; of each kind the first that is there.
const RECIPES: [(GateKind, &[&str]); 4] = [
    (GateKind::Format, &["fmt-check", "check-fmt", "format-check", "check-format"]),
    (GateKind::Lint, &["lint"]),
    (GateKind::Types, &["typecheck", "type-check", "types"]),
    (GateKind::Test, &["test", "tests", "check"]),
];

pub(super) fn checks(look: &Look<'_>, notes: &mut Vec<String>) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    for (program, files) in [("just", JUSTFILES), ("make", MAKEFILES)] {
        let Some(file) = files.into_iter().find(|file| look.has(file)) else { continue };
        let text = look.text(file).unwrap_or_default();
        let mut wanted = Vec::new();
        for (kind, names) in RECIPES {
            let found = names.iter().find_map(|name| Some((name, recipe(&text, name)?)));
            if let Some((name, body)) = found {
                let mut check = Check::new(program, kind, &format!("{program} {name}"), file);
                check.script = (!body.is_empty()).then_some(body);
                wanted.push(check);
            }
        }
        if !wanted.is_empty() && look.wants(program, file, notes) {
            wanted.retain(|new| checks.iter().all(|check| check.kind != new.kind));
            checks.append(&mut wanted);
        }
    }
    checks
}

/// The commands of a recipe; None if there is none of that name. Both programs write `name …:` at a
/// line's start, and the commands indented below it.
fn recipe(text: &str, name: &str) -> Option<String> {
    let mut lines = text.lines();
    let header = lines.find(|line| is_header(line, name))?;
    let prerequisites = header.split_once(':').map(|(_, rest)| rest.trim());
    let body = lines
        .take_while(|line| line.starts_with([' ', '\t']) || line.is_empty())
        .filter(|line| !line.is_empty())
        .take(RECIPE_LINES_MAX)
        .map(str::trim);
    let parts: Vec<&str> =
        prerequisites.into_iter().filter(|rest| !rest.is_empty()).chain(body).collect();
    Some(clip(&parts.join("; "), RECIPE_COLUMNS_MAX).into_owned())
}

fn is_header(line: &str, name: &str) -> bool {
    let Some((names, rest)) = line.split_once(':') else { return false };
    // `name := value` is a variable, `name = "a:b"` likewise; a recipe of just's may have parameters.
    let is_recipe =
        !rest.starts_with('=') && !names.contains('=') && !line.starts_with([' ', '\t', '#']);
    let mut words = names.split_whitespace().map(|word| word.trim_start_matches('@'));
    is_recipe && words.any(|word| word == name)
}
