//! The narrow rule that "always" may offer: a table of the commands whose first words say enough
//! of what they do. What is not in it is asked about each time.

use super::danger;
use super::understand;
use super::{Ground, characters};
use crate::protocol::{TreeKind, Walls};
use std::path::PathBuf;

/// The program and the subcommands after which a rule may end. Not those that publish, install,
/// delete or fetch code; not interpreters, shells, wrappers.
const OFFERS: &[(&str, &str)] = &[
    ("cargo", "build check test run clippy fmt doc bench tree metadata nextest"),
    ("git", "add commit fetch"),
    ("npm", "test"),
    ("pnpm", "test"),
    ("yarn", "test"),
    ("bun", "test"),
    ("deno", "test check lint fmt"),
    ("go", "build test vet fmt list"),
    ("mvn", "test compile verify"),
    ("gradle", "test build check"),
    ("dotnet", "build test"),
    ("swift", "build test"),
    ("zig", "build test fmt"),
    ("mix", "test compile format"),
    ("bundle", ""),
    ("rustup", "show"),
];

/// Take the name of a target or script: one word more belongs to the rule.
const TARGETS: &[(&str, &str)] = &[
    ("make", ""),
    ("just", ""),
    ("task", ""),
    ("ninja", ""),
    ("npm", "run"),
    ("pnpm", "run"),
    ("yarn", "run"),
    ("bun", "run"),
    ("rake", ""),
];

/// Do one thing: their name is enough.
const ALONE: &[&str] = &[
    "pytest",
    "tox",
    "nox",
    "mypy",
    "pyright",
    "ruff",
    "black",
    "flake8",
    "pylint",
    "isort",
    "tsc",
    "eslint",
    "prettier",
    "vitest",
    "jest",
    "biome",
    "rustfmt",
    "gofmt",
    "golangci-lint",
    "clang-format",
    "shellcheck",
    "shfmt",
    "ctest",
    "rspec",
    "rubocop",
    "phpunit",
    "stylelint",
    "mkdir",
    "touch",
];

/// The first words of the command, if it is one simple and wholly literal command that is safe to
/// allow by them; none for anything compound, dangerous, or able to run what its words say.
pub fn rule_for(command: &str) -> Option<Vec<String>> {
    let nowhere = PathBuf::from("/workspace");
    let ground = Ground {
        tree: TreeKind::InPlace,
        walls: Walls::None,
        root: nowhere.clone(),
        folder: nowhere.clone(),
        readable: Vec::new(),
    };
    if characters::control(command).is_some() || danger::danger(command, &ground).is_some() {
        return None;
    }
    let understood = understand::understand(command, &nowhere).ok()?;
    let [simple] = &understood.commands[..] else { return None };
    if !understood.opened.is_empty() || simple.words.iter().any(|word| word.glob) {
        return None;
    }
    let words: Vec<&str> = simple.words.iter().map(|word| word.text.as_str()).collect();
    let own = |count: usize| Some(words[..count].iter().map(|word| (*word).to_owned()).collect());
    let is_name = |word: &&&str| {
        word.starts_with(|char: char| char.is_ascii_alphanumeric())
            && word.chars().all(|char| char.is_ascii_alphanumeric() || "-_:.".contains(char))
    };
    let program = *words.first()?;
    if ALONE.contains(&program) {
        return own(1);
    }
    let known = |sub: &str| {
        OFFERS
            .iter()
            .any(|(name, subs)| *name == program && subs.split(' ').any(|known| known == sub))
    };
    if words.get(1).filter(is_name).is_some_and(|sub| known(sub)) {
        return own(2);
    }
    for (_, run) in TARGETS.iter().filter(|(name, _)| *name == program) {
        let at = if run.is_empty() { 1 } else { 2 };
        if (run.is_empty() || words.get(1) == Some(run)) && words.get(at).filter(is_name).is_some()
        {
            return own(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_offered_for_one_plain_command_and_ends_at_what_it_does() {
        let offered = |line: &str| rule_for(line).map(|words| words.join(" "));
        for (line, rule) in [
            ("cargo test --lib policy", "cargo test"),
            ("git commit -m 'a b'", "git commit"),
            ("npm run build -- --watch", "npm run build"),
            ("make test", "make test"),
            ("pytest -q tests", "pytest"),
        ] {
            assert_eq!(offered(line).as_deref(), Some(rule), "{line}");
        }
        for line in [
            "cargo test && ls",
            "cargo test > x",
            "cargo test $X",
            "cargo install x",
            "git push",
            "git -c a=b commit",
            "sudo cargo test",
            "env cargo test",
            "xargs cargo test",
            "bash x.sh",
            "python3 -c 'x'",
            "node -e x",
            "rm a",
            "curl x",
            "A=b cargo test",
            "npx eslint",
            "make",
            "find . -exec x",
            "",
            "cargo test *",
            "eval ls",
            "npm run",
            "cargo test\u{200b}",
            "cargo +nightly test",
            "git commit -m \"$(ls)\"",
            "time make test",
            "./run.sh",
        ] {
            assert_eq!(offered(line), None, "{line}");
        }
    }
}
