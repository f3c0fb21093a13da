//! The changed lines with what is code in them, and the imports of both sides.

use super::definitions::{self, Definition};
use super::language::{Language, field, is_string, line, text, walk};
use super::{Half, plain, sections};
use crate::protocol::{Import, LineKind, Side, Spot, Touched};
use crate::text;
use std::collections::BTreeMap;
use std::ops::Range;
use tree_sitter::Node;

/// Of what is changed beyond that, nothing is said but how much it is.
const LINES_MAX: usize = 5_000;
const STRING_BYTES_MAX: usize = 200;

/// In the order of the diff.
pub(super) fn lines(path: &str, before: &Half<'_>, after: &Half<'_>) -> Vec<Touched> {
    let (old, new) = (Reader::of(path, before), Reader::of(path, after));
    let mut found = Vec::new();
    for hunk in text::hunks(before.text, after.text, 0) {
        // Of an empty side the start is the line before, and then it is not counted on.
        let (mut old_line, mut new_line) = (hunk.old_start, hunk.new_start);
        for line in &hunk.lines {
            let (side, at, reader) = match line.kind {
                LineKind::Removed => (Side::Old, &mut old_line, &old),
                LineKind::Added => (Side::New, &mut new_line, &new),
                LineKind::Same => continue,
            };
            if found.len() == LINES_MAX {
                return found;
            }
            found.push(reader.touched(Spot { side, line: *at }));
            *at += 1;
        }
    }
    found
}

/// One side, ready to be asked about its lines.
struct Reader<'a> {
    text: &'a [u8],
    /// Where each line starts.
    starts: Vec<usize>,
    /// Not code, in order.
    comments: Vec<Range<usize>>,
    /// What stands in quotes, in order.
    strings: Vec<Range<usize>>,
    definitions: Vec<Definition>,
    /// Of files that are not parsed: what encloses each line.
    sections: Vec<Vec<String>>,
    path: &'a str,
    parsed: bool,
}

impl<'a> Reader<'a> {
    fn of(path: &'a str, half: &Half<'a>) -> Reader<'a> {
        let newlines = half.text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let starts = std::iter::once(0).chain(newlines.map(|(at, _)| at + 1)).collect();
        let mut reader = Reader {
            text: half.text,
            starts,
            comments: Vec::new(),
            strings: Vec::new(),
            definitions: Vec::new(),
            sections: Vec::new(),
            path,
            parsed: half.tree.is_some(),
        };
        match &half.tree {
            Some((language, tree)) => {
                reader.mark(tree.root_node());
                reader.definitions = definitions::of(*language, tree, half.text);
            }
            None => reader.sections = sections::of(path, half.text),
        }
        reader
    }

    fn mark(&mut self, root: Node<'_>) {
        walk(root, &mut |node| {
            let kind = node.kind();
            if kind.contains("comment") || is_docstring(node) {
                self.comments.push(node.byte_range());
                return false;
            }
            if kind.ends_with("_content") || kind.ends_with("_fragment") {
                self.strings.push(node.byte_range());
                return false;
            }
            true
        });
    }

    fn touched(&self, spot: Spot) -> Touched {
        let at = spot.line as usize - 1;
        let start = self.starts.get(at).copied().unwrap_or(self.text.len());
        let end = self.starts.get(at + 1).copied().unwrap_or(self.text.len());
        let (code, strings) = if self.parsed {
            self.parts(start..end)
        } else {
            plain::parts(self.path, &String::from_utf8_lossy(&self.text[start..end]))
        };
        let around = definitions::around(&self.definitions, spot.line);
        let within = around.iter().map(|definition| definition.name.clone());
        let sections = self.sections.get(at).into_iter().flatten().cloned();
        Touched {
            spot,
            code: code.trim().to_owned(),
            strings,
            within: within.chain(sections).collect(),
            in_test: around.iter().any(|definition| definition.is_test),
        }
    }

    /// Of a range of a parsed text: what is code, and what stands in quotes.
    fn parts(&self, line: Range<usize>) -> (String, Vec<String>) {
        let mut code = Vec::new();
        let mut strings = Vec::new();
        let (comments, quoted) =
            (overlapping(&self.comments, &line), overlapping(&self.strings, &line));
        let mut gone: Vec<_> = comments.iter().chain(quoted).cloned().collect();
        gone.sort_by_key(|range| range.start);
        for range in quoted {
            let range = range.start.max(line.start)..range.end.min(line.end);
            let string = String::from_utf8_lossy(&self.text[range]);
            strings.push(string.chars().take(STRING_BYTES_MAX).collect());
        }
        let mut next = line.start;
        for range in gone {
            code.extend_from_slice(self.text.get(next..range.start).unwrap_or_default());
            next = range.end.max(next);
        }
        code.extend_from_slice(self.text.get(next..line.end).unwrap_or_default());
        (String::from_utf8_lossy(&code).into_owned(), strings)
    }
}

/// Of sorted ranges without overlaps those that share a byte with `with`.
fn overlapping<'r>(ranges: &'r [Range<usize>], with: &Range<usize>) -> &'r [Range<usize>] {
    let first = ranges.partition_point(|range| range.end <= with.start);
    let last = ranges.partition_point(|range| range.start < with.end);
    ranges.get(first..last).unwrap_or_default()
}

/// A statement of Python's that is a text and nothing else.
fn is_docstring(node: Node<'_>) -> bool {
    node.kind() == "expression_statement"
        && node.named_child_count() == 1
        && node.named_child(0).is_some_and(|child| child.kind() == "string")
}

/// The imports of both sides; those that both have are not touched, wherever they stand.
pub(super) fn imports(before: &Half<'_>, after: &Half<'_>) -> Vec<Import> {
    let read = |half: &Half<'_>, side| match &half.tree {
        Some((language, tree)) => parsed(*language, tree.root_node(), half.text, side),
        None => plain::imports(half.text, side),
    };
    let (mut old, mut new) = (read(before, Side::Old), read(after, Side::New));
    let key = |import: &Import| (import.module.clone(), import.names.clone());
    let mut counts: BTreeMap<_, (usize, usize)> = BTreeMap::new();
    for import in &old {
        counts.entry(key(import)).or_default().0 += 1;
    }
    for import in &new {
        counts.entry(key(import)).or_default().1 += 1;
    }
    for import in old.iter_mut().chain(&mut new) {
        let (olds, news) = counts.get(&key(import)).copied().unwrap_or_default();
        import.touched = olds == 0 || news == 0;
    }
    old.append(&mut new);
    old
}

fn parsed(language: Language, root: Node<'_>, source: &[u8], side: Side) -> Vec<Import> {
    let mut found = Vec::new();
    walk(root, &mut |node| {
        let module = match (language, node.kind()) {
            (Language::Rust, "use_declaration") => field(node, "argument", source),
            (Language::Rust, "extern_crate_declaration") => field(node, "name", source),
            (Language::Python, "import_from_statement") => field(node, "module_name", source),
            (Language::Python, "import_statement") => node
                .named_child(0)
                .map(|name| field(name, "name", source).unwrap_or_else(|| text(name, source))),
            (Language::TypeScript, "import_statement" | "export_statement") => {
                field(node, "source", source)
            }
            (Language::TypeScript, "variable_declarator" | "expression_statement") => {
                required(node, source)
            }
            (Language::Go, "import_spec") => field(node, "path", source),
            (Language::Java, "import_declaration") => {
                node.named_child(0).map(|name| text(name, source))
            }
            _ => return true,
        };
        let Some(module) = module else { return true };
        let module: String = module.split_whitespace().collect();
        let module = module.trim_matches(['"', '\'', '`']).to_owned();
        let mut names = names(node, source);
        if matches!(language, Language::Go | Language::Java) {
            names.extend(module.rsplit(['/', '.']).next().map(str::to_owned));
        }
        let spot = Spot { side, line: line(node) };
        found.push(Import { module, names, spot, touched: false });
        false
    });
    found
}

/// The module of `x = require("module")`, as a whole or with a call or a member behind it.
fn required<'a>(node: Node<'_>, source: &'a [u8]) -> Option<&'a str> {
    let mut at = node.child_by_field_name("value").or_else(|| node.named_child(0))?;
    loop {
        if field(at, "function", source) == Some("require") {
            let given = at.child_by_field_name("arguments")?.named_child(0)?;
            return is_string(given).then(|| text(given, source));
        }
        at = at.child_by_field_name("function").or_else(|| at.child_by_field_name("object"))?;
    }
}

fn names(node: Node<'_>, source: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    walk(node, &mut |at| {
        let is_name = at.child_count() == 0
            && (at.kind().ends_with("identifier") || at.kind().ends_with("_pattern"));
        if is_name {
            names.push(text(at, source).to_owned());
        }
        at.kind() != "arguments"
    });
    names
}
