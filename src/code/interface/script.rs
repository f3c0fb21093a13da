//! What callers see of a file of TypeScript or JavaScript: what it exports, by either way.

use super::{Interface, NESTING_MAX};
use crate::code::language::{Shown, all_words, children, field, is_string, line, text, words};
use std::collections::BTreeMap;
use tree_sitter::Node;

pub(super) fn read(root: Node<'_>, source: &[u8]) -> Interface {
    let mut reader = Reader {
        source,
        out: Interface { between: ".", ..Interface::default() },
        declared: BTreeMap::new(),
    };
    for statement in children(root) {
        let inner = statement.child_by_field_name("declaration").unwrap_or(statement);
        for (name, node) in declarations(inner, source) {
            reader.out.declare(&name);
            reader.declared.insert(name, node);
        }
    }
    for statement in children(root) {
        match statement.kind() {
            "export_statement" => reader.export(statement),
            "expression_statement" => {
                if let Some(assignment) = statement.named_child(0) {
                    reader.assigned(assignment);
                }
            }
            _ => {}
        }
    }
    reader.out
}

/// What a statement declares: names with what they stand for.
fn declarations<'t>(node: Node<'t>, source: &[u8]) -> Vec<(String, Node<'t>)> {
    let variables = matches!(node.kind(), "lexical_declaration" | "variable_declaration");
    let named = if variables { children(node) } else { vec![node] };
    let named = named.into_iter();
    named.filter_map(|at| Some((field(at, "name", source)?.to_owned(), at))).collect()
}

struct Reader<'a, 't> {
    source: &'a [u8],
    out: Interface,
    declared: BTreeMap<String, Node<'t>>,
}

impl<'t> Reader<'_, 't> {
    fn part(&self, node: Node<'_>, name: &str) -> String {
        node.child_by_field_name(name).map(|at| all_words(at, self.source)).unwrap_or_default()
    }

    fn export(&mut self, node: Node<'t>) {
        let is_default = node.children(&mut node.walk()).any(|child| child.kind() == "default");
        if let Some(declaration) = node.child_by_field_name("declaration") {
            for (name, node) in declarations(declaration, self.source) {
                let name = if is_default { "default".to_owned() } else { name };
                self.item(&name, node, 0);
            }
            return;
        }
        if let Some(value) = node.child_by_field_name("value") {
            self.value("default", value);
            return;
        }
        let from_elsewhere = node.child_by_field_name("source").is_some();
        let clause = children(node).into_iter().find(|child| child.kind() == "export_clause");
        let Some(clause) = clause else {
            // All of a module, under a name of its own or not.
            let mut signature = all_words(node, self.source);
            signature.retain(|char| char != ' ');
            self.out.add("export", signature, String::new(), line(node));
            return;
        };
        for specifier in children(clause) {
            let Some(name) = field(specifier, "name", self.source) else { continue };
            let shown = field(specifier, "alias", self.source).unwrap_or(name).to_owned();
            match self.declared.get(name).copied() {
                Some(declared) if !from_elsewhere => self.item(&shown, declared, 0),
                _ => self.out.add("export", shown, String::new(), line(specifier)),
            }
        }
    }

    /// `module.exports = …`, `exports.name = …`.
    fn assigned(&mut self, node: Node<'t>) {
        if node.kind() != "assignment_expression" {
            return;
        }
        let left = self.part(node, "left").replace(' ', "");
        let Some(right) = node.child_by_field_name("right") else { return };
        let name = left.strip_prefix("module.exports").or_else(|| left.strip_prefix("exports"));
        match name {
            Some("") if right.kind() == "object" => {
                for member in children(right) {
                    self.member_of_exports(member);
                }
            }
            Some("") => self.value("module.exports", right),
            Some(rest) => {
                if let Some(name) = rest.strip_prefix('.') {
                    self.value(name, right);
                }
            }
            None => {}
        }
    }

    fn member_of_exports(&mut self, member: Node<'t>) {
        match member.kind() {
            "shorthand_property_identifier" => {
                let name = text(member, self.source);
                self.value(name, member);
            }
            "pair" => {
                let key = field(member, "key", self.source).unwrap_or_default();
                if let Some(value) = member.child_by_field_name("value") {
                    self.value(key.trim_matches(['"', '\'']), value);
                }
            }
            "method_definition" => {
                let name = field(member, "name", self.source).unwrap_or_default();
                self.out.add("export", name.to_owned(), self.signature(member), line(member));
            }
            _ => {
                let name = all_words(member, self.source).replace(' ', "");
                self.out.add("export", name, String::new(), line(member));
            }
        }
    }

    /// An expression that is exported under a name.
    fn value(&mut self, name: &str, node: Node<'t>) {
        let is_name = matches!(node.kind(), "identifier" | "shorthand_property_identifier");
        let declared = self.declared.get(text(node, self.source)).copied();
        match declared.filter(|_| is_name) {
            Some(declared) => {
                self.item(name, declared, 0);
                if name == "default"
                    && let Some(item) = self.out.items.iter_mut().find(|item| item.name == name)
                {
                    item.signature.insert_str(0, text(node, self.source));
                }
            }
            None if is_name => {
                let signature = text(node, self.source).to_owned();
                self.out.add("export", name.to_owned(), signature, line(node));
            }
            None => self.item(name, node, 0),
        }
    }

    fn item(&mut self, name: &str, node: Node<'_>, depth: usize) {
        let at = line(node);
        let path = name.to_owned();
        match node.kind() {
            "variable_declarator" => {
                let typed = self.part(node, "type");
                match node.child_by_field_name("value") {
                    Some(value) if typed.is_empty() => {
                        let known = self.out.items.len();
                        self.item(name, value, depth);
                        if let Some(item) = self.out.items.get_mut(known) {
                            item.line = at;
                        }
                    }
                    _ => self.out.add("constant", path, typed, at),
                }
            }
            "class_declaration" | "abstract_class_declaration" | "class" => {
                self.class(node, &path, depth);
            }
            "interface_declaration" => {
                let body = node.child_by_field_name("body");
                self.out.add("interface", path.clone(), self.without_body(node), at);
                body.into_iter().flat_map(children).for_each(|member| self.member(member, &path));
            }
            "type_alias_declaration" => {
                let parameters = self.part(node, "type_parameters");
                match node.child_by_field_name("value") {
                    Some(value) if value.kind() == "object_type" => {
                        self.out.add("type", path.clone(), parameters, at);
                        children(value).into_iter().for_each(|at| self.member(at, &path));
                    }
                    _ => {
                        let signature = format!("{parameters} {}", self.part(node, "value"));
                        self.out.add("type", path, signature, at);
                    }
                }
            }
            "enum_declaration" => {
                self.out.add("enum", path.clone(), String::new(), at);
                let members = node.child_by_field_name("body").map(children).unwrap_or_default();
                for member in members {
                    let name = field(member, "name", self.source)
                        .unwrap_or_else(|| text(member, self.source));
                    let path = self.out.path(&path, name);
                    self.out.add("constant", path, self.part(member, "value"), line(member));
                }
            }
            "internal_module" | "module" if depth < NESTING_MAX => {
                self.out.add("namespace", path.clone(), String::new(), at);
                let inner = node.child_by_field_name("body").map(children).unwrap_or_default();
                for statement in inner {
                    let Some(declaration) = statement.child_by_field_name("declaration") else {
                        continue;
                    };
                    for (name, node) in declarations(declaration, self.source) {
                        self.item(&self.out.path(&path, &name), node, depth + 1);
                    }
                }
            }
            kind if kind.contains("function") => {
                self.out.add("function", path, self.signature(node), at);
            }
            // Of a value the kind: its type is what callers depend on.
            "string" | "number" | "true" | "false" | "template_string" | "array" | "object" => {
                let kind = node.kind().replace("template_string", "string");
                let kind = kind.replace("true", "boolean").replace("false", "boolean");
                self.out.add("constant", path, kind, at);
            }
            _ => self.out.add("export", path, String::new(), at),
        }
    }

    fn without_body(&self, node: Node<'_>) -> String {
        let gone: Vec<usize> = ["body", "name"]
            .iter()
            .filter_map(|part| node.child_by_field_name(part))
            .map(|node| node.id())
            .collect();
        words(node, self.source, &|at| {
            if gone.contains(&at.id()) || at.kind() == "decorator" {
                Shown::Not
            } else {
                Shown::Whole
            }
        })
    }

    /// Types of parameters and result; a plain name of a parameter is nobody's business.
    fn signature(&self, node: Node<'_>) -> String {
        let mut parameters: Vec<String> = Vec::new();
        if let Some(one) = node.child_by_field_name("parameter") {
            parameters.push(if one.kind() == "identifier" { "_".into() } else { String::new() });
        }
        let list = node.child_by_field_name("parameters").map(children).unwrap_or_default();
        for parameter in list.into_iter().filter(|at| !at.kind().contains("comment")) {
            let pattern = parameter.child_by_field_name("pattern");
            let name = pattern.filter(|at| at.kind() == "identifier").map(|at| at.id());
            parameters.push(words(parameter, self.source, &|at| {
                if Some(at.id()) == name { Shown::As("_") } else { Shown::Whole }
            }));
        }
        let result = self.part(node, "return_type");
        let waits = node.children(&mut node.walk()).any(|child| child.kind() == "async");
        // Where the result has a type, that says so already.
        let waits = if waits && result.is_empty() { "async" } else { "" };
        let generics = self.part(node, "type_parameters");
        format!("{waits} {generics} ( {} ) {result}", parameters.join(" , "))
    }

    fn class(&mut self, node: Node<'_>, path: &str, depth: usize) {
        self.out.add("class", path.to_owned(), self.without_body(node), line(node));
        if depth >= NESTING_MAX {
            return;
        }
        for member in node.child_by_field_name("body").map(children).unwrap_or_default() {
            let Some(name) = member.child_by_field_name("name") else { continue };
            let modifiers = self.modifiers(member);
            let shown = self.out.path(path, text(name, self.source));
            self.out.declare(&shown);
            if name.kind() == "private_property_identifier" || modifiers.contains("private") {
                continue;
            }
            let (what, signature) = match member.kind() {
                "public_field_definition" => {
                    let value = member.child_by_field_name("value");
                    match value.filter(|value| value.kind() == "arrow_function") {
                        Some(function) => ("method", self.signature(function)),
                        None => ("field", self.part(member, "type")),
                    }
                }
                _ => ("method", self.signature(member)),
            };
            self.out.add(what, shown, format!("{modifiers} {signature}"), line(member));
            self.out.demand(modifiers.contains("abstract"));
        }
    }

    /// `static`, `readonly`, `protected`, `get`…; `public` goes without saying.
    fn modifiers(&self, member: Node<'_>) -> String {
        const TELLING: [&str; 8] = [
            "static",
            "readonly",
            "abstract",
            "get",
            "set",
            "accessibility_modifier",
            "?",
            "override",
        ];
        let found: Vec<&str> = member
            .children(&mut member.walk())
            .filter(|child| TELLING.contains(&child.kind()))
            .map(|child| text(child, self.source))
            .filter(|word| !matches!(*word, "public" | "override"))
            .collect();
        found.join(" ")
    }

    /// Of an interface, or of a type of that form.
    fn member(&mut self, member: Node<'_>, above: &str) {
        if member.kind().contains("comment") {
            return;
        }
        let optional = member.children(&mut member.walk()).any(|child| child.kind() == "?");
        let name = match member.child_by_field_name("name") {
            Some(name) if is_string(name) => text(name, self.source).trim_matches(['"', '\'']),
            Some(name) => text(name, self.source),
            None => "",
        };
        let signature = match member.kind() {
            "method_signature" => format!("{optional} {}", self.signature(member)),
            "property_signature" => {
                format!("{optional} {} {}", self.modifiers(member), self.part(member, "type"))
            }
            _ => all_words(member, self.source),
        };
        let path = self.out.path(above, name);
        self.out.add("member", path, signature, line(member));
        self.out.demand(!optional);
    }
}
