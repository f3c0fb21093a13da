//! What callers see of a file of Go: names with a capital, unless the package is a program.

use super::Interface;
use crate::code::language::{all_words, children, field, line, text};
use tree_sitter::Node;

pub(super) fn read(root: Node<'_>, source: &[u8]) -> Interface {
    let mut reader = Reader { source, out: Interface { between: ".", ..Interface::default() } };
    for node in children(root) {
        match node.kind() {
            "package_clause" if all_words(node, source) == "package main" => return reader.out,
            "function_declaration" => reader.function(node),
            "method_declaration" => reader.method(node),
            "type_declaration" => children(node).into_iter().for_each(|at| reader.named_type(at)),
            "const_declaration" | "var_declaration" => reader.values(node),
            _ => {}
        }
    }
    reader.out
}

fn is_public(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

struct Reader<'a> {
    source: &'a [u8],
    out: Interface,
}

impl Reader<'_> {
    fn part(&self, node: Node<'_>, name: &str) -> String {
        node.child_by_field_name(name).map(|at| all_words(at, self.source)).unwrap_or_default()
    }

    /// Types of parameters and results, without their names.
    fn signature(&self, node: Node<'_>) -> String {
        let list = |part: &str| match node.child_by_field_name(part) {
            Some(list) if list.kind() == "parameter_list" => self.types(list).join(" , "),
            Some(other) => all_words(other, self.source),
            None => String::new(),
        };
        format!(
            "{} ( {} ) {}",
            self.part(node, "type_parameters"),
            list("parameters"),
            list("result")
        )
    }

    /// One for each parameter: `a, b int` are two.
    fn types(&self, list: Node<'_>) -> Vec<String> {
        let mut types = Vec::new();
        for parameter in children(list) {
            let count = parameter.children_by_field_name("name", &mut parameter.walk()).count();
            let mut name = self.part(parameter, "type");
            if parameter.kind() == "variadic_parameter_declaration" {
                name.insert_str(0, "...");
            }
            types.extend(std::iter::repeat_n(name, count.max(1)));
        }
        types
    }

    fn public(&mut self, node: Node<'_>, above: &str) -> Option<String> {
        let name = field(node, "name", self.source)?;
        let path = self.out.path(above, name);
        self.out.declare(&path);
        is_public(name).then_some(path)
    }

    fn function(&mut self, node: Node<'_>) {
        if let Some(path) = self.public(node, "") {
            self.out.add("function", path, self.signature(node), line(node));
        }
    }

    fn method(&mut self, node: Node<'_>) {
        let receiver = node.child_by_field_name("receiver");
        let of = receiver.and_then(|list| self.types(list).pop()).unwrap_or_default();
        let bare = of.trim_start_matches(['*', ' ']);
        let bare = bare.split([' ', '[']).next().unwrap_or_default().to_owned();
        if let Some(path) = self.public(node, &bare).filter(|_| is_public(&bare)) {
            let signature = format!("{of} {}", self.signature(node));
            self.out.add("method", path, signature, line(node));
        }
    }

    fn named_type(&mut self, node: Node<'_>) {
        let Some(path) = self.public(node, "") else { return };
        let parameters = self.part(node, "type_parameters");
        let Some(inner) = node.child_by_field_name("type") else { return };
        match inner.kind() {
            "struct_type" => {
                self.out.add("type", path.clone(), format!("struct {parameters}"), line(node));
                for list in children(inner) {
                    children(list).into_iter().for_each(|at| self.fields(at, &path));
                }
            }
            "interface_type" => {
                self.out.add("interface", path.clone(), parameters, line(node));
                children(inner).into_iter().for_each(|at| self.element(at, &path));
            }
            _ => {
                let signature = format!("{parameters} {}", all_words(inner, self.source));
                self.out.add("type", path, signature, line(node));
            }
        }
    }

    fn fields(&mut self, node: Node<'_>, above: &str) {
        let signature = format!("{} {}", self.part(node, "type"), self.part(node, "tag"));
        let names: Vec<_> = node.children_by_field_name("name", &mut node.walk()).collect();
        for name in &names {
            let name = text(*name, self.source);
            let path = self.out.path(above, name);
            self.out.declare(&path);
            if is_public(name) {
                self.out.add("field", path, signature.clone(), line(node));
            }
        }
        if names.is_empty() && node.kind() == "field_declaration" {
            let path = self.out.path(above, &all_words(node, self.source));
            self.out.add("embedded type", path, String::new(), line(node));
        }
    }

    fn element(&mut self, node: Node<'_>, above: &str) {
        let (name, signature) = match field(node, "name", self.source) {
            Some(name) => (name.to_owned(), self.signature(node)),
            None if node.kind().contains("comment") => return,
            None => (all_words(node, self.source), String::new()),
        };
        let path = self.out.path(above, &name);
        self.out.add("method", path, signature, line(node));
        self.out.demand(true);
    }

    fn values(&mut self, node: Node<'_>) {
        for spec in children(node) {
            let inner = if spec.kind() == "var_spec_list" { children(spec) } else { vec![spec] };
            for spec in inner {
                let signature = self.part(spec, "type");
                for name in spec.children_by_field_name("name", &mut spec.walk()) {
                    let name = text(name, self.source);
                    self.out.declare(name);
                    if is_public(name) {
                        self.out.add("name", name.to_owned(), signature.clone(), line(spec));
                    }
                }
            }
        }
    }
}
