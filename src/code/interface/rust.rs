//! What callers see of a file of Rust: `pub`, and what belongs to it.

use super::{Interface, NESTING_MAX};
use crate::code::definitions::Attributes;
use crate::code::language::{Shown, all_words, children, field, line, text, words};
use tree_sitter::Node;

pub(super) fn read(root: Node<'_>, source: &[u8]) -> Interface {
    let mut reader = Reader {
        source,
        out: Interface { between: "::", ..Interface::default() },
        hidden: Vec::new(),
    };
    // Types that this file keeps for itself: their methods are nobody's.
    for item in children(root) {
        let is_type = matches!(item.kind(), "struct_item" | "enum_item" | "trait_item");
        if is_type && !reader.is_public(item) {
            reader.hidden.extend(field(item, "name", source).map(str::to_owned));
        }
    }
    reader.items(root, "", 0);
    reader.out
}

struct Reader<'a> {
    source: &'a [u8],
    out: Interface,
    hidden: Vec<String>,
}

impl Reader<'_> {
    fn is_public(&self, node: Node<'_>) -> bool {
        let mut inner = children(node).into_iter();
        inner.any(|node| node.kind() == "visibility_modifier" && text(node, self.source) == "pub")
    }

    fn items(&mut self, container: Node<'_>, above: &str, depth: usize) {
        let mut attributes = Attributes::default();
        for node in children(container) {
            if attributes.keep(node, self.source) {
                continue;
            }
            if !attributes.mark_test() {
                self.item(node, above, &attributes.0, depth);
            }
            attributes = Attributes::default();
        }
    }

    fn item(&mut self, node: Node<'_>, above: &str, attributes: &[String], depth: usize) {
        let name = field(node, "name", self.source).unwrap_or_default();
        let path = self.out.path(above, name);
        self.out.declare(&path);
        let public = self.is_public(node);
        let at = line(node);
        match node.kind() {
            "impl_item" => self.implementation(node, above),
            "macro_definition"
                if attributes.iter().any(|text| text.starts_with("macro_export")) =>
            {
                self.out.add("macro", path, String::new(), at);
            }
            _ if !public => {}
            "function_item" => {
                let what = if above.is_empty() { "function" } else { "method" };
                let what = if depth > 0 { "function" } else { what };
                self.out.add(what, path, self.heading(node), at);
            }
            "struct_item" | "union_item" => self.structure(node, &path, attributes),
            "enum_item" => self.enumeration(node, &path, attributes),
            "trait_item" => self.demands(node, &path),
            "const_item" | "static_item" => {
                let signature = self.part(node, "type");
                self.out.add("constant", path, signature, at);
            }
            "type_item" => {
                let signature = self.heading(node);
                self.out.add("type", path, signature, at);
            }
            "mod_item" => {
                self.out.add("module", path.clone(), String::new(), at);
                if let Some(body) = node.child_by_field_name("body").filter(|_| depth < NESTING_MAX)
                {
                    self.items(body, &path, depth + 1);
                }
            }
            "use_declaration" => {
                let argument = self.part(node, "argument");
                for name in brought(&argument) {
                    let path = self.out.path(above, &name);
                    self.out.add("re-export", path, String::new(), at);
                }
            }
            _ => {}
        }
    }

    /// All of an item but visibility, body, value and the names of its parameters.
    fn heading(&self, node: Node<'_>) -> String {
        let mut gone: Vec<usize> = Vec::new();
        let mut unnamed: Vec<usize> = Vec::new();
        for name in ["body", "name"] {
            gone.extend(node.child_by_field_name(name).map(|node| node.id()));
        }
        if let Some(parameters) = node.child_by_field_name("parameters") {
            let patterns = children(parameters).into_iter();
            unnamed.extend(
                patterns.filter_map(|node| node.child_by_field_name("pattern")).map(|at| at.id()),
            );
        }
        words(node, self.source, &|at| {
            if gone.contains(&at.id()) || at.kind() == "visibility_modifier" {
                Shown::Not
            } else if unnamed.contains(&at.id()) {
                Shown::As("_")
            } else {
                Shown::Whole
            }
        })
    }

    fn part(&self, node: Node<'_>, name: &str) -> String {
        node.child_by_field_name(name).map(|at| all_words(at, self.source)).unwrap_or_default()
    }

    fn derives(&mut self, node: Node<'_>, path: &str, attributes: &[String]) {
        let lists = attributes.iter().filter_map(|attribute| attribute.strip_prefix("derive("));
        let names = lists.flat_map(|list| list.trim_end_matches(')').split(','));
        for name in names.filter(|name| !name.is_empty()) {
            let name = format!("{name} for {path}");
            self.out.add("derived trait", name, String::new(), line(node));
        }
    }

    fn structure(&mut self, node: Node<'_>, path: &str, attributes: &[String]) {
        self.derives(node, path, attributes);
        let body = node.child_by_field_name("body");
        let fields = body.map(children).unwrap_or_default();
        let positional = body.is_some_and(|body| body.kind() == "ordered_field_declaration_list");
        let any_public = fields.iter().any(|field| self.is_public(*field))
            || fields.iter().any(|field| field.kind() == "visibility_modifier");
        let mut signature = self.heading(node);
        if positional && any_public {
            signature.push_str(&body.map(|at| all_words(at, self.source)).unwrap_or_default());
        }
        self.out.add("struct", path.to_owned(), signature, line(node));
        let declared = || fields.iter().filter(|field| field.kind() == "field_declaration");
        // A struct that anybody can build.
        let open = declared().all(|field| self.is_public(*field))
            && !attributes.iter().any(|text| text == "non_exhaustive");
        for node in declared() {
            let path = self.out.path(path, field(*node, "name", self.source).unwrap_or_default());
            self.out.declare(&path);
            if self.is_public(*node) {
                let signature = self.part(*node, "type");
                self.out.add("field", path, signature, line(*node));
                self.out.demand(open);
            }
        }
    }

    fn enumeration(&mut self, node: Node<'_>, path: &str, attributes: &[String]) {
        self.derives(node, path, attributes);
        self.out.add("enum", path.to_owned(), self.heading(node), line(node));
        let open = !attributes.iter().any(|text| text == "non_exhaustive");
        let variants = node.child_by_field_name("body").map(children).unwrap_or_default();
        for variant in variants.iter().filter(|variant| variant.kind() == "enum_variant") {
            let name = field(*variant, "name", self.source).unwrap_or_default();
            let path = self.out.path(path, name);
            self.out.add("variant", path, self.part(*variant, "body"), line(*variant));
            self.out.demand(open);
        }
    }

    fn demands(&mut self, node: Node<'_>, path: &str) {
        self.out.add("trait", path.to_owned(), self.heading(node), line(node));
        for member in node.child_by_field_name("body").map(children).unwrap_or_default() {
            let Some(name) = field(member, "name", self.source) else { continue };
            let what = match member.kind() {
                "function_item" | "function_signature_item" => "method",
                "associated_type" => "type",
                "const_item" => "constant",
                _ => continue,
            };
            let filled = ["body", "value", "default_type"]
                .iter()
                .any(|part| member.child_by_field_name(part).is_some());
            let path = self.out.path(path, name);
            self.out.add(what, path, self.heading(member), line(member));
            self.out.demand(!filled);
        }
    }

    fn implementation(&mut self, node: Node<'_>, above: &str) {
        let named = |part: &str| -> String {
            let name = self.part(node, part);
            name.split('<').next().unwrap_or_default().replace(' ', "")
        };
        let (of, to) = (named("trait"), named("type"));
        if self.hidden.contains(&to) || self.hidden.contains(&of) {
            return;
        }
        if !of.is_empty() {
            let name = format!("{} for {}", self.part(node, "trait"), self.part(node, "type"));
            self.out.add("implementation", name, String::new(), line(node));
            return;
        }
        let path = self.out.path(above, &to);
        if let Some(body) = node.child_by_field_name("body") {
            self.items(body, &path, 0);
        }
    }
}

/// The names that a `use` brings: of `a::{b, c as d, e::*}` it is `b`, `d` and `e::*`.
fn brought(argument: &str) -> Vec<String> {
    let Some((_, rest)) = argument.split_once('{') else {
        let name = argument.rsplit(" as ").next().unwrap_or(argument);
        let name = name.trim();
        let last = name.rsplit(":: ").next().unwrap_or(name);
        let name = if last == "*" { name } else { last };
        return vec![name.replace(' ', "")].into_iter().filter(|name| !name.is_empty()).collect();
    };
    let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
    let mut depth = 0_usize;
    let parts = inner.split(|char: char| {
        match char {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        char == ',' && depth == 0
    });
    parts.flat_map(brought_part).collect()
}

/// One level more; deeper ones are read as one name.
fn brought_part(part: &str) -> Vec<String> {
    const PART_BYTES_MAX: usize = 10_000;
    if part.len() > PART_BYTES_MAX { Vec::new() } else { brought(part.trim()) }
}
