//! The languages that are parsed, and a parse that ends.

use std::ops::ControlFlow;
use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree};

/// What is larger is read line by line: nobody wrote it by hand.
pub(super) const FILE_BYTES_MAX: usize = 2 << 20;
/// Of some hundred steps each; a file of the greatest size that parses needs a fifth of it.
const PARSE_ROUNDS_MAX: usize = 200_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Rust,
    Python,
    /// And JavaScript: the grammar of TSX reads them all, but for casts such as `<T>x`. One grammar
    /// for each would make the program larger by 2 MB.
    TypeScript,
    Go,
    Java,
}

impl Language {
    pub(super) fn of(path: &str) -> Option<Language> {
        Some(match path.rsplit_once('.')?.1 {
            "rs" => Language::Rust,
            "py" | "pyi" => Language::Python,
            "ts" | "mts" | "cts" | "tsx" | "js" | "jsx" | "mjs" | "cjs" => Language::TypeScript,
            "go" => Language::Go,
            "java" => Language::Java,
            _ => return None,
        })
    }
}

/// The tree of a text, errors in it included; None if there is no grammar for the path, the text
/// is too large, or it takes the grammar too long, as only hostile text does.
pub(super) fn parse(path: &str, text: &[u8]) -> Option<(Language, Tree)> {
    let language = Language::of(path)?;
    if text.len() > FILE_BYTES_MAX {
        return None;
    }
    let grammar = match language {
        Language::Rust => tree_sitter_rust::LANGUAGE,
        Language::Python => tree_sitter_python::LANGUAGE,
        Language::TypeScript => tree_sitter_typescript::LANGUAGE_TSX,
        Language::Go => tree_sitter_go::LANGUAGE,
        Language::Java => tree_sitter_java::LANGUAGE,
    };
    let mut parser = Parser::new();
    parser.set_language(&grammar.into()).ok()?;
    // Counted, not timed, so that the same text always gives the same facts.
    let mut rounds = 0;
    let mut progress = |_: &ParseState| {
        rounds += 1;
        if rounds > PARSE_ROUNDS_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let mut rest = |at: usize, _| text.get(at..).unwrap_or_default();
    let tree = parser.parse_with_options(&mut rest, None, Some(options))?;
    Some((language, tree))
}

/// Every node below and with `root`, parents first; `enter` says whether to look inside. Without
/// recursion: hostile text nests deeper than a stack.
pub(super) fn walk<'t>(root: Node<'t>, enter: &mut dyn FnMut(Node<'t>) -> bool) {
    let mut cursor = root.walk();
    loop {
        if enter(cursor.node()) && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// The text of a node; empty for bytes that are no UTF-8.
pub(super) fn text<'a>(node: Node<'_>, source: &'a [u8]) -> &'a str {
    node.utf8_text(source).unwrap_or_default()
}

pub(super) fn field<'a>(node: Node<'_>, name: &str, source: &'a [u8]) -> Option<&'a str> {
    Some(text(node.child_by_field_name(name)?, source)).filter(|text| !text.is_empty())
}

/// Children with a name in the grammar.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).collect()
}

/// From 1.
pub(super) fn line(node: Node<'_>) -> u32 {
    u32::try_from(node.start_position().row).unwrap_or(u32::MAX - 1) + 1
}

/// What `words` makes of a node.
pub(super) enum Shown {
    Whole,
    Not,
    As(&'static str),
}

/// The words of a node with one space between them: without comments, without a comma that
/// nothing follows, all quotes alike. Two texts that differ in layout alone are equal.
pub(super) fn words(node: Node<'_>, source: &[u8], shown: &dyn Fn(Node<'_>) -> Shown) -> String {
    let mut out = String::new();
    walk(node, &mut |at| {
        let word = match shown(at) {
            Shown::Not => return false,
            Shown::As(word) => word,
            Shown::Whole if at.kind().contains("comment") => return false,
            Shown::Whole if at.child_count() > 0 && !is_string(at) => return true,
            Shown::Whole => text(at, source),
        };
        if matches!(word, ")" | "]" | "}" | ">") && out.ends_with(" ,") {
            out.truncate(out.len() - 2);
        }
        if word.is_empty() || word == ";" {
            return false;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        match word.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            Some(inner) if is_string(at) && !inner.contains('"') => {
                out.push('"');
                out.push_str(inner);
                out.push('"');
            }
            _ => out.push_str(word),
        }
        false
    });
    out
}

pub(super) fn all_words(node: Node<'_>, source: &[u8]) -> String {
    words(node, source, &|_| Shown::Whole)
}

pub(super) fn is_string(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "string" | "string_literal" | "raw_string_literal" | "interpreted_string_literal"
    )
}
