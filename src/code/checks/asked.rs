//! Finds assertions, and writes each as the words that count: no layout, no message.

use super::{Asked, ON_CONDITION};
use crate::code::language::{Language, Shown, children, field, is_string, line, text, walk, words};
use std::collections::BTreeMap;
use tree_sitter::Node;

/// All in a piece of code, in its order.
pub(super) fn all(language: Language, code: Node<'_>, source: &[u8]) -> Vec<Asked> {
    let mut found = Vec::new();
    let locals = locals(code, source);
    // Up to where what is met is asked on a condition alone.
    let mut conditional = 0;
    walk(code, &mut |node| {
        if swallows(node, source) {
            return false;
        }
        let Some((words, whole)) = asked(language, node, source) else {
            if matches!(node.kind(), "if_expression" | "if_statement") {
                conditional = conditional.max(node.end_byte());
            }
            return true;
        };
        let on_condition = language != Language::Go && node.start_byte() < conditional;
        let words = if on_condition { format!("{ON_CONDITION}{words}") } else { words };
        let shape = shape(&words, &locals);
        found.push(Asked { words, shape, line: line(node) });
        !whole
    });
    found
}

/// A `try` that loses what fails in it.
fn swallows(node: Node<'_>, source: &[u8]) -> bool {
    let idle = |handler: Node<'_>| {
        let inner = children(handler).into_iter().rfind(|at| at.kind().contains("block"));
        inner.is_some_and(|block| {
            let mut statements = children(block).into_iter();
            statements.all(|at| {
                at.kind().contains("comment")
                    || matches!(text(at, source), "pass" | "..." | "return")
            })
        })
    };
    node.kind() == "try_statement"
        && children(node)
            .into_iter()
            .filter(|at| matches!(at.kind(), "except_clause" | "catch_clause"))
            .any(idle)
}

/// The words of an assertion, and whether nothing inside it can be another one.
fn asked(language: Language, node: Node<'_>, source: &[u8]) -> Option<(String, bool)> {
    match (language, node.kind()) {
        (Language::Rust, "macro_invocation") => {
            let name = field(node, "macro", source)?;
            let last = name.rsplit("::").next().unwrap_or(name);
            let bare = last.trim_start_matches("debug_").trim_start_matches("prop_");
            if !bare.starts_with("assert") {
                return None;
            }
            let arguments = children(node).into_iter().find(|at| at.kind() == "token_tree")?;
            let count = match bare {
                "assert" => 1,
                "assert_eq" | "assert_ne" | "assert_matches" => 2,
                _ => usize::MAX,
            };
            Some((format!("{bare} {}", arguments_of_macro(arguments, source, count)), true))
        }
        (Language::Python, "assert_statement") => {
            Some((format!("assert {}", all_words(node.named_child(0)?, source)), true))
        }
        (Language::Python | Language::Java, "call" | "method_invocation") => call(node, source),
        (Language::TypeScript, "expression_statement") => {
            let words = all_words(node, source);
            let bare = words.trim_start_matches("await ").trim_start_matches("return ");
            let head = bare.split([' ', '.', '(']).next().unwrap_or_default();
            let known = matches!(head, "expect" | "assert" | "should" | "t" | "chai" | "sinon");
            known.then(|| (words.clone(), true))
        }
        (Language::TypeScript, "return_statement") => {
            let words = all_words(node, source);
            words.starts_with("return expect").then_some((words, true))
        }
        (Language::Go, "if_statement") => {
            let body = node.child_by_field_name("consequence")?;
            fails(body, source).then(|| {
                let parts = ["initializer", "condition"].iter();
                let parts = parts.filter_map(|part| node.child_by_field_name(part));
                let parts: Vec<_> = parts.map(|part| all_words(part, source)).collect();
                (format!("if {}", parts.join(" ; ")), false)
            })
        }
        (Language::Go, "call_expression") => {
            let name = field(node, "function", source)?;
            let known = ["require.", "assert."].iter().any(|start| name.starts_with(start));
            known.then(|| (all_words(node, source), true))
        }
        _ => None,
    }
}

/// A call that asks, by its name.
fn call(node: Node<'_>, source: &[u8]) -> Option<(String, bool)> {
    let name = field(node, "function", source).or_else(|| field(node, "name", source))?;
    let last = name.rsplit('.').next().unwrap_or(name);
    let known = last.starts_with("assert")
        || matches!(last, "raises" | "warns" | "fail" | "verify" | "expectThrows");
    if !known {
        return None;
    }
    let chained = node.parent().filter(|at| at.kind() == "method_invocation");
    if last == "assertThat" || last == "verify" {
        // What is asked comes behind it.
        let mut whole = node;
        let mut above = chained;
        while let Some(parent) = above.filter(|at| at.kind() == "method_invocation") {
            whole = parent;
            above = parent.parent();
        }
        return Some((all_words(whole, source), true));
    }
    // A text as the last of more arguments than the question needs is a message.
    let needed = match last {
        "assertTrue" | "assertFalse" | "assertNull" | "assertNotNull" | "assertIsNone"
        | "assertIsNotNone" => 1,
        _ => 2,
    };
    let arguments = node.child_by_field_name("arguments")?;
    let given = children(arguments);
    let message =
        given.last().filter(|last| given.len() > needed && is_string(**last)).map(Node::id);
    let words =
        words(node, source, &|at| if Some(at.id()) == message { Shown::Not } else { Shown::Whole });
    Some((words.replace(" , )", " )"), true))
}

fn all_words(node: Node<'_>, source: &[u8]) -> String {
    words(node, source, &|_| Shown::Whole)
}

/// The first `count` arguments of a macro.
fn arguments_of_macro(tree: Node<'_>, source: &[u8], count: usize) -> String {
    let mut seen = 0;
    let mut out = String::new();
    let inner: Vec<_> = tree.children(&mut tree.walk()).collect();
    for node in inner.get(1..inner.len().saturating_sub(1)).unwrap_or_default() {
        if text(*node, source) == "," {
            seen += 1;
            if seen == count {
                break;
            }
        }
        let words = all_words(*node, source);
        if !words.is_empty() {
            out.push(' ');
            out.push_str(&words);
        }
    }
    out.trim_end_matches(" ,").to_owned()
}

/// Whether a body of Go's makes the test fail.
fn fails(body: Node<'_>, source: &[u8]) -> bool {
    const CALLS: [&str; 6] = ["Error", "Errorf", "Fatal", "Fatalf", "Fail", "FailNow"];
    let mut found = false;
    walk(body, &mut |node| {
        if node.kind() == "call_expression" {
            let name = field(node, "function", source).unwrap_or_default();
            found |= name.split_once('.').is_some_and(|(_, last)| CALLS.contains(&last));
        }
        !found && node.kind() != "if_statement"
    });
    found
}

/// The names that a piece of code declares for itself.
fn locals(code: Node<'_>, source: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    walk(code, &mut |node| {
        let part = match node.kind() {
            "let_declaration" => "pattern",
            "assignment" | "short_var_declaration" => "left",
            "variable_declarator" => "name",
            _ => return true,
        };
        let name = field(node, part, source).unwrap_or_default();
        let plain = name.chars().all(|char| char.is_alphanumeric() || char == '_');
        if plain && !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
        true
    });
    found
}

/// The words with local names numbered by their place among the locals, so that another name for
/// the same value changes nothing.
fn shape(words: &str, locals: &[String]) -> String {
    let places: BTreeMap<&str, usize> =
        locals.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let shaped = words.split(' ').map(|word| match places.get(word) {
        Some(place) => format!("local {place}"),
        None => word.to_owned(),
    });
    shaped.collect::<Vec<_>>().join(" ")
}
