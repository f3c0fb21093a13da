//! What encloses a line: definitions, and the keys of an object.

use super::language::{Language, field, is_string, text, walk};
use tree_sitter::{Node, Tree};

pub(super) struct Definition {
    pub name: String,
    /// From 1, both included.
    pub first: u32,
    pub last: u32,
    /// Of an object, and no definition in itself.
    pub is_key: bool,
    pub is_test: bool,
    /// The nearest around it, by its place.
    parent: Option<usize>,
}

/// All of a file, the outer ones first.
pub(super) fn of(language: Language, tree: &Tree, source: &[u8]) -> Vec<Definition> {
    let mut found = Vec::new();
    // Told by the node around it, whose decorators belong to it.
    let mut told = None;
    let mut pending = Attributes::default();
    // Those around the node, with their ends in bytes.
    let mut open: Vec<(usize, usize)> = Vec::new();
    walk(tree.root_node(), &mut |node| {
        if language == Language::Rust && pending.keep(node, source) {
            return false;
        }
        let attributes = std::mem::take(&mut pending);
        let named = match node.child_by_field_name("definition") {
            Some(inner) if node.kind() == "decorated_definition" => {
                told = Some(inner.id());
                name(inner, source)
            }
            _ if told == Some(node.id()) => None,
            _ => name(node, source),
        };
        if let Some((name, is_key)) = named {
            let row = |row: usize| u32::try_from(row).unwrap_or(u32::MAX - 1) + 1;
            let first = row(node.start_position().row);
            while open.last().is_some_and(|(_, end)| *end <= node.start_byte()) {
                open.pop();
            }
            let parent = open.last().map(|(at, _)| *at);
            open.push((found.len(), node.end_byte()));
            found.push(Definition {
                name,
                first,
                last: row(node.end_position().row),
                is_key,
                is_test: attributes.mark_test(),
                parent,
            });
        }
        true
    });
    found
}

/// Those around a line, the outermost first.
pub(super) fn around(found: &[Definition], line: u32) -> Vec<&Definition> {
    let above = found.partition_point(|definition| definition.first < line);
    let mut around = Vec::new();
    // Those that open before the line lie in each other.
    let mut next = above.checked_sub(1);
    while let Some(definition) = next.and_then(|at| found.get(at)) {
        if definition.last >= line {
            around.push(definition);
        }
        next = definition.parent;
    }
    around.reverse();
    around.extend(found[above..].iter().take_while(|definition| definition.first == line));
    around
}

fn name(node: Node<'_>, source: &[u8]) -> Option<(String, bool)> {
    const NAMED: [&str; 26] = [
        "function_item",
        "function_signature_item",
        "struct_item",
        "enum_item",
        "trait_item",
        "mod_item",
        "macro_definition",
        "function_definition",
        "class_definition",
        "function_declaration",
        "generator_function_declaration",
        "method_definition",
        "class_declaration",
        "abstract_class_declaration",
        "interface_declaration",
        "type_alias_declaration",
        "enum_declaration",
        "method_declaration",
        "constructor_declaration",
        "record_declaration",
        "annotation_type_declaration",
        "type_spec",
        "internal_module",
        "union_item",
        "type_item",
        "function_signature",
    ];
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    match node.kind() {
        kind if NAMED.contains(&kind) => Some((plain(field(node, "name", source)?), false)),
        "impl_item" => Some((plain(field(node, "type", source)?), false)),
        "variable_declarator" => {
            let value = node.child_by_field_name("value")?;
            let is_function = matches!(
                value.kind(),
                "arrow_function" | "function_expression" | "function" | "class"
            );
            is_function.then(|| Some((plain(field(node, "name", source)?), false)))?
        }
        "pair" => {
            let key = node.child_by_field_name("key")?;
            let name = text(key, source);
            let name = if is_string(key) { name.trim_matches(['"', '\'']) } else { name };
            Some((name.to_owned(), true))
        }
        _ => None,
    }
}

/// `test`, `tokio::test`, `cfg(test)`, `rstest`.
fn is_test_attribute(inner: &str) -> bool {
    let name = inner.split('(').next().unwrap_or_default().trim();
    let last = name.rsplit("::").next().unwrap_or_default();
    matches!(last, "test" | "rstest" | "test_case" | "proptest" | "quickcheck")
        || (name == "cfg" && inner.starts_with("cfg(test)"))
}

/// What stands before an item of Rust's: `test`, `derive(Clone)`, without `#[` and blanks.
#[derive(Default)]
pub(super) struct Attributes(pub Vec<String>);

impl Attributes {
    /// Whether a node, met in the order of the text, belongs to the item that follows.
    pub(super) fn keep(&mut self, node: Node<'_>, source: &[u8]) -> bool {
        if node.kind() == "attribute_item" {
            let text: String = text(node, source).split_whitespace().collect();
            self.0.push(text.trim_start_matches("#[").trim_end_matches(']').to_owned());
            return true;
        }
        node.kind().contains("comment")
    }

    /// A test, or a module for tests alone.
    pub(super) fn mark_test(&self) -> bool {
        self.0.iter().any(|attribute| is_test_attribute(attribute))
    }
}
