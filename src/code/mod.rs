//! What a parser sees of a change: what callers see, what tests ask, what the changed lines
//! import, call and stand in. It judges nothing; `policy` does.
//!
//! Rust, Python, TypeScript, JavaScript, Go and Java are parsed; of other files the lines are
//! read, of configuration their sections, too. Broken code gives what of it parses.

mod checks;
mod definitions;
mod interface;
mod language;
mod paths;
mod plain;
mod sections;
mod touched;

use crate::protocol::Facts;
use language::parse;
use tree_sitter::Tree;

/// One side of a changed file.
struct Half<'a> {
    text: &'a [u8],
    tree: Option<(language::Language, Tree)>,
}

impl<'a> Half<'a> {
    fn of(path: &str, text: Option<&'a [u8]>) -> Half<'a> {
        let text = text.unwrap_or_default();
        Half { text, tree: parse(path, text) }
    }
}

/// What is to be known of the change of the file at `path`, from the workspace's root. `None` is a
/// side on which the file is not. For a renamed file: as if its path had always been this one.
pub fn facts(path: &str, old: Option<&[u8]>, new: Option<&[u8]>) -> Facts {
    if [old, new].into_iter().flatten().any(|text| text.contains(&0)) {
        return Facts { test_file: paths::is_test(path), ..Facts::default() };
    }
    let (before, after) = (Half::of(path, old), Half::of(path, new));
    let mut facts = Facts { test_file: paths::is_test(path), ..Facts::default() };
    facts.imports = touched::imports(&before, &after);
    facts.touched = touched::lines(path, &before, &after);
    if !facts.test_file && paths::has_callers(path) {
        facts.interface = interface::changes(path, &before, &after);
    }
    facts.tests = match (&before.tree, &after.tree) {
        (Some(_), Some(_)) => checks::changes(facts.test_file, &before, &after),
        _ if facts.test_file && plain::is_code(path) => plain::tests(&facts.touched),
        _ => Vec::new(),
    };
    facts
}

/// The name of the definition that encloses a line (from 1) of a text, with those around it:
/// `Store::flush`. None outside of any, or where the language is not parsed.
pub fn enclosing(path: &str, text: &[u8], line: u32) -> Option<String> {
    let (language, tree) = parse(path, text)?;
    let found = definitions::of(language, &tree, text);
    let names: Vec<&str> = definitions::around(&found, line)
        .into_iter()
        .filter(|definition| !definition.is_key)
        .map(|definition| definition.name.as_str())
        .collect();
    let between = if language == language::Language::Rust { "::" } else { "." };
    (!names.is_empty()).then(|| names.join(between))
}

#[cfg(test)]
mod tests;
