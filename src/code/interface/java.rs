//! What callers see of a file of Java: `public` and `protected`, and the members of interfaces.

use super::{Interface, NESTING_MAX};
use crate::code::language::{all_words, children, field, line, text};
use tree_sitter::Node;

pub(super) fn read(root: Node<'_>, source: &[u8]) -> Interface {
    let mut reader = Reader { source, out: Interface { between: ".", ..Interface::default() } };
    reader.members(root, "", false, 0);
    reader.out
}

struct Reader<'a> {
    source: &'a [u8],
    out: Interface,
}

impl Reader<'_> {
    fn part(&self, node: Node<'_>, name: &str) -> String {
        node.child_by_field_name(name).map(|at| all_words(at, self.source)).unwrap_or_default()
    }

    /// Without annotations.
    fn modifiers(&self, node: Node<'_>) -> Vec<String> {
        let found = children(node).into_iter().find(|child| child.kind() == "modifiers");
        let Some(found) = found else { return Vec::new() };
        let mut words: Vec<String> = found
            .children(&mut found.walk())
            .filter(|word| !word.kind().contains("annotation") && !word.kind().contains("comment"))
            .map(|word| text(word, self.source).to_owned())
            // Of no concern to callers.
            .filter(|word| !["synchronized", "native", "strictfp", "transient"].contains(&&**word))
            .collect();
        words.sort();
        words
    }

    fn members(&mut self, container: Node<'_>, above: &str, in_interface: bool, depth: usize) {
        for node in children(container) {
            let modifiers = self.modifiers(node);
            let has = |word: &str| modifiers.iter().any(|modifier| modifier == word);
            let public = has("public") || has("protected") || (in_interface && !has("private"));
            match node.kind() {
                "class_declaration"
                | "interface_declaration"
                | "enum_declaration"
                | "record_declaration"
                | "annotation_type_declaration" => {
                    self.declaration(node, above, &modifiers.join(" "), public, depth);
                }
                "method_declaration"
                | "constructor_declaration"
                | "annotation_type_element_declaration" => {
                    let Some(name) = field(node, "name", self.source) else { continue };
                    let path = self.out.path(above, name);
                    self.out.declare(&path);
                    if public {
                        let signature = format!("{} {}", modifiers.join(" "), self.signature(node));
                        self.out.add("method", path, signature, line(node));
                        let body = node.child_by_field_name("body").is_some();
                        self.out.demand(has("abstract") || (in_interface && !body));
                    }
                }
                "field_declaration" | "constant_declaration" => {
                    let signature = format!("{} {}", modifiers.join(" "), self.part(node, "type"));
                    for declarator in node.children_by_field_name("declarator", &mut node.walk()) {
                        let name = field(declarator, "name", self.source).unwrap_or_default();
                        let path = self.out.path(above, name);
                        self.out.declare(&path);
                        if public {
                            self.out.add("field", path, signature.clone(), line(node));
                        }
                    }
                }
                "enum_constant" => {
                    let name = field(node, "name", self.source).unwrap_or_default();
                    let path = self.out.path(above, name);
                    self.out.add("constant", path, String::new(), line(node));
                }
                "enum_body_declarations" if depth < NESTING_MAX => {
                    self.members(node, above, in_interface, depth + 1);
                }
                _ => {}
            }
        }
    }

    fn declaration(
        &mut self,
        node: Node<'_>,
        above: &str,
        modifiers: &str,
        public: bool,
        depth: usize,
    ) {
        let Some(name) = field(node, "name", self.source) else { return };
        let path = self.out.path(above, name);
        self.out.declare(&path);
        if !public || depth >= NESTING_MAX {
            return;
        }
        let extends = children(node).into_iter().find(|at| at.kind() == "extends_interfaces");
        let parts = ["type_parameters", "parameters", "superclass", "interfaces", "permits"];
        let mut signature: Vec<String> = parts.iter().map(|part| self.part(node, part)).collect();
        signature.extend(extends.map(|at| all_words(at, self.source)));
        let signature = format!("{} {modifiers} {}", node.kind(), signature.join(" "));
        let is_interface = node.kind().starts_with(['i', 'a']);
        let what = if node.kind() == "interface_declaration" { "interface" } else { "class" };
        self.out.add(what, path.clone(), signature, line(node));
        if let Some(body) = node.child_by_field_name("body") {
            self.members(body, &path, is_interface, depth + 1);
        }
    }

    /// Types alone: names of parameters are nobody's business.
    fn signature(&self, node: Node<'_>) -> String {
        let parameters = node.child_by_field_name("parameters").map(children).unwrap_or_default();
        let types: Vec<String> = parameters
            .iter()
            .filter(|at| matches!(at.kind(), "formal_parameter" | "spread_parameter"))
            .map(|at| match at.child_by_field_name("type") {
                Some(kind) => {
                    format!("{}{}", all_words(kind, self.source), self.part(*at, "dimensions"))
                }
                None => all_words(*at, self.source),
            })
            .collect();
        let thrown = children(node).into_iter().find(|at| at.kind() == "throws");
        let thrown = thrown.map(|at| all_words(at, self.source)).unwrap_or_default();
        format!(
            "{} {} ( {} ) {thrown}",
            self.part(node, "type_parameters"),
            self.part(node, "type"),
            types.join(" , "),
        )
    }
}
