//! Finds the tests of a file, by what each language marks them with.

use super::asked;
use super::{Test, Tests, marks_tests};
use crate::code::definitions::Attributes;
use crate::code::language::{Language, Shown, children, field, line, text, walk, words};
use tree_sitter::Node;

/// Suites within suites, at most.
const NESTING_MAX: usize = 16;

pub(super) fn read(language: Language, root: Node<'_>, source: &[u8], test_file: bool) -> Tests {
    let mut reader = Reader { language, source, out: Tests::default() };
    if !test_file && !marks_tests(language) {
        return reader.out;
    }
    let marked = module_mark(language, root, source);
    let above =
        Above { ignored: marked.ignored, never: marked.never, alone: false, name: String::new() };
    reader.container(root, &above, test_file, 0);
    reader.out
}

/// What marks all tests of a file: `pytestmark` of Python's.
fn module_mark(language: Language, root: Node<'_>, source: &[u8]) -> Mark {
    let mut mark = Mark::default();
    let statements = if language == Language::Python { children(root) } else { Vec::new() };
    for statement in statements {
        let Some(assignment) = statement.named_child(0) else { continue };
        if field(assignment, "left", source) == Some("pytestmark") {
            mark.skip(text(assignment, source));
        }
    }
    mark
}

/// What a suite says of all its tests.
#[derive(Clone)]
struct Above {
    ignored: bool,
    never: bool,
    alone: bool,
    name: String,
}

struct Reader<'a> {
    language: Language,
    source: &'a [u8],
    out: Tests,
}

/// What marks a piece of code.
#[derive(Default)]
struct Mark {
    is_test: bool,
    /// Under some condition, or always.
    ignored: bool,
    /// Always.
    never: bool,
    alone: bool,
    may_fail: bool,
}

impl Mark {
    /// By a marker of Python's.
    fn skip(&mut self, text: &str) {
        let skips = ["skip", "xfail", "expectedFailure"].iter().any(|word| text.contains(word));
        let condition = ["skipif", "skipIf", "skipUnless", "xfail("];
        self.ignored |= skips;
        self.never |= skips && !condition.iter().any(|word| text.contains(word));
    }
}

impl Reader<'_> {
    fn container(&mut self, node: Node<'_>, above: &Above, collect: bool, depth: usize) {
        let mut attributes = Attributes::default();
        for child in children(node).into_iter().filter(|_| depth <= NESTING_MAX) {
            if !attributes.keep(child, self.source) {
                self.piece(child, &std::mem::take(&mut attributes), above, collect, depth);
            }
        }
    }

    fn piece(
        &mut self,
        node: Node<'_>,
        attributes: &Attributes,
        above: &Above,
        collect: bool,
        depth: usize,
    ) {
        let mut inner = above.clone();
        let definition = node.child_by_field_name("definition").unwrap_or(node);
        let mark = self.mark(node, attributes);
        inner.ignored |= mark.ignored;
        inner.never |= mark.never;
        inner.alone |= mark.alone;
        let title = self.title(definition);
        if !title.is_empty() {
            if !inner.name.is_empty() {
                inner.name.push(' ');
            }
            inner.name.push_str(&title);
        }
        if mark.is_test {
            self.test(node, &inner, &mark);
            return;
        }
        match definition.kind() {
            "mod_item" | "class_definition" | "class_declaration" => {
                let collect = collect || attributes.mark_test();
                if let Some(body) = definition.child_by_field_name("body") {
                    self.container(body, &inner, collect, depth + 1);
                }
            }
            "expression_statement" if self.suite(definition).is_some() => {
                if let Some(body) = self.suite(definition) {
                    self.container(body, &inner, collect, depth + 1);
                }
            }
            _ if collect => {
                let asked = asked::all(self.language, definition, self.source);
                self.out.shared.extend(asked);
            }
            _ => {}
        }
    }

    /// What a test or a suite is called.
    fn title(&self, node: Node<'_>) -> String {
        if let Some((_, arguments)) = self.called(node) {
            let title = arguments.named_child(0).map(|title| text(title, self.source));
            return title.unwrap_or_default().trim_matches(['"', '\'', '`']).to_owned();
        }
        field(node, "name", self.source).unwrap_or_default().to_owned()
    }

    /// A statement of JavaScript's that is a call: what is called, and with what.
    fn called<'t>(&self, node: Node<'t>) -> Option<(String, Node<'t>)> {
        if self.language != Language::TypeScript || node.kind() != "expression_statement" {
            return None;
        }
        let call = node.named_child(0).filter(|call| call.kind() == "call_expression")?;
        let name: String = field(call, "function", self.source)?.split_whitespace().collect();
        Some((name, call.child_by_field_name("arguments")?))
    }

    fn suite<'t>(&self, node: Node<'t>) -> Option<Node<'t>> {
        let (name, arguments) = self.called(node)?;
        let head = name.split(['.', '(']).next().unwrap_or_default();
        let is_suite = ["describe", "xdescribe", "fdescribe", "suite", "context"].contains(&head);
        let function = children(arguments).into_iter().rev().find(|at| {
            matches!(at.kind(), "arrow_function" | "function_expression" | "function")
        })?;
        function.child_by_field_name("body").filter(|_| is_suite)
    }

    fn mark(&self, node: Node<'_>, attributes: &Attributes) -> Mark {
        let mut mark = Mark::default();
        let definition = node.child_by_field_name("definition").unwrap_or(node);
        let name = field(definition, "name", self.source).unwrap_or_default();
        match self.language {
            Language::Rust => {
                mark.is_test = node.kind() == "function_item" && attributes.mark_test();
                for text in &attributes.0 {
                    mark.never |= text.starts_with("ignore") || text == "cfg(any())";
                    mark.ignored |= (text.starts_with("cfg_attr") && text.contains("ignore"))
                        || (text.starts_with("cfg(") && text != "cfg(test)");
                    mark.may_fail |= text.starts_with("should_panic");
                }
            }
            Language::Python => {
                mark.is_test =
                    definition.kind() == "function_definition" && name.starts_with("test");
                for decorator in children(node).iter().filter(|at| at.kind() == "decorator") {
                    mark.skip(text(*decorator, self.source));
                }
            }
            Language::Go => {
                mark.is_test = node.kind() == "function_declaration"
                    && ["Test", "Fuzz", "Example"].iter().any(|start| name.starts_with(start));
            }
            Language::Java => {
                let modifiers = children(node).into_iter().find(|at| at.kind() == "modifiers");
                for annotation in modifiers.into_iter().flat_map(children) {
                    let name = field(annotation, "name", self.source).unwrap_or_default();
                    mark.is_test |= node.kind() == "method_declaration"
                        && ["Test", "ParameterizedTest", "RepeatedTest", "Property"]
                            .contains(&name);
                    mark.never |= matches!(name, "Disabled" | "Ignore");
                    mark.ignored |=
                        name.starts_with("DisabledOn") || name.starts_with("DisabledIf");
                }
            }
            Language::TypeScript => {
                let Some((name, _)) = self.called(node) else { return mark };
                let head = name.split(['.', '(']).next().unwrap_or_default();
                mark.is_test =
                    ["it", "test", "xit", "xtest", "fit", "ftest", "specify"].contains(&head);
                mark.never = head.starts_with('x')
                    || [".skip", ".todo", ".failing", ".fails", ".fixme"]
                        .iter()
                        .any(|end| name.contains(end));
                mark.alone =
                    matches!(head, "fit" | "ftest" | "fdescribe") || name.contains(".only");
            }
        }
        mark
    }

    fn test(&mut self, node: Node<'_>, above: &Above, mark: &Mark) {
        let body = self.body(node);
        let code = body.unwrap_or(node);
        let never = above.never || self.skips(code);
        self.out.tests.push(Test {
            name: above.name.clone(),
            line: line(node),
            ignored: above.ignored || never,
            never,
            alone: above.alone,
            cut: self.is_cut(code),
            may_fail: mark.may_fail,
            asked: asked::all(self.language, code, self.source),
            cases: cases(node),
            body: words(code, self.source, &|_| Shown::Whole),
        });
    }

    fn body<'t>(&self, node: Node<'t>) -> Option<Node<'t>> {
        let definition = node.child_by_field_name("definition").unwrap_or(node);
        match self.called(definition) {
            Some((_, arguments)) => children(arguments)
                .into_iter()
                .rev()
                .find_map(|argument| argument.child_by_field_name("body")),
            None => definition.child_by_field_name("body"),
        }
    }

    /// A call in it that makes the test skip itself.
    fn skips(&self, body: Node<'_>) -> bool {
        const CALLS: [&str; 14] = [
            "t.Skip",
            "t.Skipf",
            "t.SkipNow",
            "b.Skip",
            "pytest.skip",
            "pytest.xfail",
            "self.skipTest",
            "this.skip",
            "test.skip",
            "assumeTrue",
            "assumeFalse",
            "Assumptions.assumeTrue",
            "t.skip",
            "unittest.skip",
        ];
        statements(body).iter().any(|statement| {
            let text: String =
                text(*statement, self.source).chars().take_while(|char| *char != '(').collect();
            CALLS.contains(&text.trim_start_matches("await ").trim())
        })
    }

    /// Whether it returns, or throws nothing away, before its last statement.
    fn is_cut(&self, body: Node<'_>) -> bool {
        let statements = statements(body);
        let last = statements.len().saturating_sub(1);
        statements.iter().take(last).any(|statement| {
            let text = text(*statement, self.source);
            text.starts_with("return") && statement.kind().contains("return")
                || (statement.kind() == "expression_statement" && text.starts_with("return"))
        })
    }
}

/// The statements of a body, whatever the grammar puts around them.
fn statements(body: Node<'_>) -> Vec<Node<'_>> {
    let found: Vec<_> =
        children(body).into_iter().filter(|at| !at.kind().contains("comment")).collect();
    match found[..] {
        [only] if only.kind() == "statement_list" => statements(only),
        _ => found,
    }
}

/// Elements of lists that are lists, or calls, themselves; and all elements of a list that a
/// decorator or an annotation holds.
fn cases(node: Node<'_>) -> usize {
    const LISTS: [&str; 5] =
        ["literal_value", "list", "array", "array_expression", "array_initializer"];
    const ROWS: [&str; 7] = [
        "literal_value",
        "literal_element",
        "list",
        "tuple",
        "array",
        "tuple_expression",
        "object",
    ];
    let mut count = 0;
    let mut marked: Vec<std::ops::Range<usize>> = Vec::new();
    walk(node, &mut |at| {
        if matches!(at.kind(), "decorator" | "annotation") {
            marked.push(at.byte_range());
        }
        if LISTS.contains(&at.kind()) {
            let all = marked.iter().any(|range| range.contains(&at.start_byte()));
            let rows = children(at)
                .into_iter()
                .filter(|row| all || (ROWS.contains(&row.kind()) && holds_row(*row, &ROWS)));
            count += rows.count();
        }
        true
    });
    count
}

/// Go wraps each element: what counts is what is inside.
fn holds_row(node: Node<'_>, rows: &[&str]) -> bool {
    node.kind() != "literal_element"
        || node.named_child(0).is_some_and(|inner| rows.contains(&inner.kind()))
}
