//! What callers see of a file of Python: what `__all__` names, else what no underscore hides.

use super::{Interface, NESTING_MAX};
use crate::code::language::{Shown, all_words, children, field, line, text, walk, words};
use tree_sitter::Node;

pub(super) fn read(root: Node<'_>, source: &[u8]) -> Interface {
    let mut reader = Reader { source, out: Interface { between: ".", ..Interface::default() } };
    reader.members(root, "", false, 0);
    if let Some(named) = all(root, source) {
        reader.out.items.retain(|item| {
            let first = item.name.split('.').next().unwrap_or_default();
            named.iter().any(|(name, _)| name == first)
        });
        for (name, line) in named {
            if !reader.out.items.iter().any(|item| item.name == name) {
                reader.out.add("name", name, String::new(), line);
            }
        }
    }
    reader.out
}

/// Of a package's own file: what it imports from its modules is what callers see.
pub(super) fn exports(interface: &mut Interface, root: Node<'_>, source: &[u8]) {
    if all(root, source).is_some() {
        return;
    }
    for import in children(root).into_iter().filter(|at| at.kind() == "import_from_statement") {
        let module = import.child_by_field_name("module_name");
        let own = module.is_some_and(|module| text(module, source).starts_with('.'));
        for name in import.children_by_field_name("name", &mut import.walk()).filter(|_| own) {
            let name = field(name, "alias", source).unwrap_or_else(|| text(name, source));
            if !name.starts_with('_') {
                interface.add("name", name.to_owned(), String::new(), line(import));
            }
        }
    }
}

/// The names of `__all__` with their lines.
fn all(root: Node<'_>, source: &[u8]) -> Option<Vec<(String, u32)>> {
    let mut found = None;
    for statement in children(root) {
        let Some(assignment) = statement.named_child(0) else { continue };
        if field(assignment, "left", source) == Some("__all__") {
            let found = found.get_or_insert_with(Vec::new);
            walk(assignment, &mut |node| {
                if node.kind() == "string_content" {
                    found.push((text(node, source).to_owned(), line(node)));
                }
                true
            });
        }
    }
    found
}

struct Reader<'a> {
    source: &'a [u8],
    out: Interface,
}

impl Reader<'_> {
    fn members(&mut self, container: Node<'_>, above: &str, is_data: bool, depth: usize) {
        for node in children(container) {
            match node.kind() {
                "decorated_definition" => {
                    let mut decorators: Vec<String> = children(node)
                        .into_iter()
                        .filter(|child| child.kind() == "decorator")
                        .map(|child| all_words(child, self.source).replace(' ', ""))
                        .collect();
                    decorators.sort();
                    if let Some(inner) = node.child_by_field_name("definition") {
                        self.definition(inner, above, &decorators, depth);
                    }
                }
                "function_definition" | "class_definition" => {
                    self.definition(node, above, &[], depth);
                }
                "expression_statement" => self.assignment(node, above, is_data),
                // What is declared on a condition is declared.
                "if_statement" | "else_clause" | "elif_clause" | "try_statement"
                | "except_clause" | "finally_clause" | "block"
                    if depth < NESTING_MAX =>
                {
                    self.members(node, above, is_data, depth + 1);
                }
                _ => {}
            }
        }
    }

    fn definition(&mut self, node: Node<'_>, above: &str, decorators: &[String], depth: usize) {
        // Those that change how it is called.
        const TELLING: [&str; 7] = [
            "property",
            "staticmethod",
            "classmethod",
            "abstractmethod",
            "setter",
            "deleter",
            "contextmanager",
        ];
        let Some(name) = field(node, "name", self.source) else { return };
        let path = self.out.path(above, name);
        self.out.declare(&path);
        if is_hidden(name) {
            return;
        }
        let telling = decorators
            .iter()
            .filter(|text| TELLING.iter().any(|name| text.ends_with(name)))
            .cloned()
            .collect::<Vec<_>>()
            .join(" ");
        let body = node.child_by_field_name("body");
        let hidden = [body, node.child_by_field_name("name")];
        let hidden: Vec<usize> = hidden.into_iter().flatten().map(|node| node.id()).collect();
        let heading = words(node, self.source, &|at| {
            if hidden.contains(&at.id()) { Shown::Not } else { Shown::Whole }
        });
        if node.kind() == "function_definition" {
            let what = if above.is_empty() { "function" } else { "method" };
            self.out.add(what, path, format!("{telling} {heading}"), line(node));
            self.out.demand(telling.contains("abstractmethod"));
            return;
        }
        self.out.add("class", path.clone(), heading, line(node));
        let is_data = decorators.iter().any(|text| text.contains("dataclass"));
        if let Some(body) = body.filter(|_| depth < NESTING_MAX) {
            self.members(body, &path, is_data, depth + 1);
        }
    }

    fn assignment(&mut self, statement: Node<'_>, above: &str, is_data: bool) {
        let Some(node) = statement.named_child(0).filter(|node| node.kind() == "assignment") else {
            return;
        };
        let Some(left) = node.child_by_field_name("left") else { return };
        let name = text(left, self.source);
        if left.kind() != "identifier" || is_hidden(name) {
            return;
        }
        let signature = node.child_by_field_name("type");
        let signature = signature.map(|at| all_words(at, self.source)).unwrap_or_default();
        let path = self.out.path(above, name);
        self.out.declare(&path);
        let what = if above.is_empty() { "name" } else { "field" };
        self.out.add(what, path, signature, line(node));
        self.out.demand(is_data && node.child_by_field_name("right").is_none());
    }
}

fn is_hidden(name: &str) -> bool {
    name.starts_with('_') && !(name.starts_with("__") && name.ends_with("__"))
}
