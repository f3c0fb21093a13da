//! Tests of what is seen of a change; what is made of it is held against the labelled set.

use super::{enclosing, facts};
use crate::protocol::{InterfaceKind, Side, Spot, TestKind};
use proptest::prelude::*;

fn of(path: &str, old: &str, new: &str) -> crate::protocol::Facts {
    facts(path, Some(old.as_bytes()), Some(new.as_bytes()))
}

/// Kind and name of each change of the interface.
fn interface(path: &str, old: &str, new: &str) -> Vec<(InterfaceKind, String)> {
    let changes = of(path, old, new).interface.into_iter();
    changes.map(|change| (change.kind, change.what)).collect()
}

fn tests(path: &str, old: &str, new: &str) -> Vec<(TestKind, String)> {
    let changes = of(path, old, new).tests.into_iter();
    changes.map(|change| (change.kind, change.test)).collect()
}

#[test]
fn the_same_interface_in_another_layout_is_no_change() {
    let same = [
        (
            "a.rs",
            "pub fn f(a: u8, b: &str) -> u8 { 1 }",
            "pub fn f(\n  x: u8,\n  y: &str,\n) -> u8 {\n 2 }",
        ),
        ("a.py", "def f(a, b='x'): pass", "def f(\n    a,\n    b=\"x\",\n):\n    return 1\n"),
        (
            "a.ts",
            "export function f(a: A, b?: B): C { x() }",
            "export function f(\n  c: A,\n  d?: B,\n): C\n{ y() }",
        ),
        ("a.js", "exports.f = function (a) {};", "exports.f = function (b) { return b };"),
        (
            "a.go",
            "package a\nfunc F(a, b int) error { return nil }",
            "package a\n\nfunc F(x int, y int) error {\n\treturn g()\n}",
        ),
        (
            "A.java",
            "public class A { public int f(final int a) { return 1; } }",
            "public class A {\n  @Deprecated\n  public int f(int b)\n  { return 2; }\n}",
        ),
    ];
    for (path, old, new) in same {
        assert_eq!(interface(path, old, new), [], "{path}");
    }
}

#[test]
fn what_is_only_moved_or_added_breaks_nobody() {
    let old = "pub fn a() {}\npub fn b() {}\n";
    let new = "pub fn b() {}\npub fn c() {}\npub fn a() {}\n";
    assert_eq!(interface("a.rs", old, new), [(InterfaceKind::Added, "function c".to_owned())]);
}

#[test]
fn an_overload_that_goes_is_seen_among_those_that_stay() {
    let old = "public class A { public void f(int a) {} public void f(String a) {} }";
    let new = "public class A { public void f(String a) {} }";
    let found = interface("A.java", old, new);
    assert!(
        matches!(&found[..], [(InterfaceKind::Removed | InterfaceKind::Hidden, _)]),
        "{found:?}"
    );
}

#[test]
fn a_program_and_a_test_have_no_callers() {
    for path in
        ["src/main.rs", "src/bin/tool.rs", "tests/common/mod.rs", "benches/a.rs", "build.rs"]
    {
        assert_eq!(interface(path, "pub fn f() {}", "fn f() {}"), [], "{path}");
    }
    assert_eq!(interface("src/lib.rs", "pub fn f() {}", "fn f() {}").len(), 1);
}

#[test]
fn broken_code_gives_what_of_it_parses() {
    let old = "pub fn kept() {}\npub fn gone() {}\n";
    let new = "pub fn kept() {}\n\npub fn (((\n";
    let found = interface("a.rs", old, new);
    assert!(found.contains(&(InterfaceKind::Removed, "function gone".to_owned())), "{found:?}");
    assert!(!found.iter().any(|(_, what)| what == "function kept"), "{found:?}");
}

#[test]
fn an_assertion_may_move_and_its_names_may_change() {
    let old = "#[test]\nfn a() {\n    let x = f();\n    assert_eq!(x, 1);\n}\n";
    let moved = "#[test]\nfn b() {\n    let x = f();\n    assert_eq!(x, 1, \"one\");\n}\n";
    let renamed = "#[test]\nfn a() {\n    let found = f();\n    assert_eq!(found, 1);\n}\n";
    let other = "#[test]\nfn a() {\n    let found = f();\n    assert_eq!(found, 2);\n}\n";
    assert_eq!(tests("src/a.rs", old, moved), []);
    assert_eq!(tests("src/a.rs", old, renamed), []);
    assert_eq!(tests("src/a.rs", old, other), [(TestKind::Weakened, "a".to_owned())]);
}

#[test]
fn a_condition_around_an_assertion_weakens_it_and_taking_it_away_does_not() {
    let always = "#[test]\nfn a() {\n    assert!(f());\n}\n";
    let sometimes = "#[test]\nfn a() {\n    if g() {\n        assert!(f());\n    }\n}\n";
    assert_eq!(tests("src/a.rs", always, sometimes), [(TestKind::Weakened, "a".to_owned())]);
    assert_eq!(tests("src/a.rs", sometimes, always), []);
}

#[test]
fn a_suite_that_is_skipped_skips_its_tests() {
    let suite = |name: &str| {
        format!("{name}('s', () => {{\n  it('t', () => {{ expect(f()).toBe(1); }});\n}});\n")
    };
    let found = tests("a.test.ts", &suite("describe"), &suite("describe.skip"));
    assert_eq!(found, [(TestKind::Ignored, "s t".to_owned())]);
}

#[test]
fn a_test_that_is_skipped_on_a_condition_is_still_watched() {
    let test = |mark: &str, wanted: u8| {
        format!(
            "{mark}def test_a():\n    assert f() == {wanted}\n\ndef help():\n    assert f() == 1\n"
        )
    };
    let (plain, skipif) = ("", "@pytest.mark.skipif(WIN)\n");
    let found = |old: String, new: String| {
        tests("test_a.py", &old, &new).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>()
    };
    assert_eq!(found(test(skipif, 3), test(skipif, 4)), [TestKind::Weakened]);
    assert_eq!(found(test(plain, 3), test(skipif, 3)), [TestKind::Ignored]);
    assert_eq!(found(test(skipif, 3), test("@pytest.mark.skip\n", 3)), [TestKind::Ignored]);
    assert_eq!(found(test(skipif, 3), test(plain, 3)), []);
    // What is skipped takes nothing from what others ask.
    assert_eq!(found(test("@skip\n", 1), test("@skip\n", 1)), []);
}

#[test]
fn what_is_declared_on_a_condition_is_declared() {
    let old = "T = 1\ndef f(): pass\n";
    let new = "if X:\n    T = 1\nelse:\n    T = 2\ntry:\n    def f(): pass\nexcept E:\n    pass\n";
    let found = interface("a.py", old, new);
    assert!(found.iter().all(|(kind, _)| *kind == InterfaceKind::Added), "{found:?}");
    assert_eq!(interface("a/_private.py", old, ""), []);
}

#[test]
fn code_is_told_from_comments_and_texts() {
    let new = "fn f() {\n    g(\"password\"); // login\n    /* a\n    b */ h();\n}\n";
    let found = of("a.rs", "fn f() {\n}\n", new).touched;
    let code: Vec<_> = found.iter().map(|line| line.code.as_str()).collect();
    assert_eq!(code, ["g(\"\");", "", "h();"]);
    assert_eq!(found[0].strings, ["password"]);
    assert_eq!(found[0].within, ["f"]);
    assert_eq!(found[0].spot, Spot { side: Side::New, line: 2 });
}

#[test]
fn sections_enclose_the_lines_of_a_configuration() {
    let within = |path: &str, old: &str, new: &str| of(path, old, new).touched[0].within.clone();
    let toml = "[a.b]\nlist = [\n  \"x\",\n]\n";
    assert_eq!(within("x.toml", toml, &toml.replace("\"x\"", "\"y\"")), ["a", "b", "list"]);
    let json = "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n";
    assert_eq!(within("x.json", json, &json.replace('1', "2")), ["a", "b"]);
    let yaml = "a:\n  - b:\n      c: 1\n";
    assert_eq!(within("x.yml", yaml, &yaml.replace('1', "2")), ["a", "b", "c"]);
    let xml = "<a>\n  <b>\n    <c>1</c>\n  </b>\n</a>\n";
    assert_eq!(within("x.xml", xml, &xml.replace('1', "2")), ["a", "b", "c"]);
}

#[test]
fn an_import_that_only_moves_is_not_touched() {
    let found = of("a.py", "import os\nimport hmac\n", "import hmac\nimport os\n").imports;
    assert!(!found.is_empty() && found.iter().all(|import| !import.touched), "{found:?}");
    let found = of("a.py", "import os\n", "import hmac\nimport os\n").imports;
    let touched: Vec<_> = found.iter().filter(|import| import.touched).collect();
    assert!(matches!(&touched[..], [import] if import.module == "hmac"), "{found:?}");
}

#[test]
fn a_line_knows_what_encloses_it() {
    let text =
        b"mod m {\n    impl Store {\n        fn flush() {\n            x();\n        }\n    }\n}\n";
    assert_eq!(enclosing("a.rs", text, 4).as_deref(), Some("m::Store::flush"));
    assert_eq!(enclosing("a.rs", b"\nfn f() {}\n", 1), None);
    assert_eq!(
        enclosing("a.py", b"class A:\n    @x\n    def f(self):\n        pass\n", 2).as_deref(),
        Some("A.f")
    );
    assert_eq!(enclosing("a.txt", b"class A:\n", 1), None);
}

#[test]
fn deep_nesting_ends() {
    const DEPTH: usize = 20_000;
    for (path, open) in [
        ("a.rs", "mod a {"),
        ("a.ts", "export namespace a {"),
        ("a.py", "(["),
        ("a.go", "{"),
        ("A.java", "public class A {"),
        ("a.json", "{\"a\":["),
        ("a.xml", "<a>"),
    ] {
        let text = open.repeat(DEPTH);
        let _ = facts(path, Some(text.as_bytes()), Some(&text.as_bytes()[1..]));
    }
}

/// Pieces from which texts are made that parse here and there.
const PIECES: [&str; 32] = [
    "pub fn f(a: u8) {",
    "}",
    "#[test]\n",
    "#[cfg(test)]",
    "assert_eq!(",
    ")",
    "\n",
    "  ",
    "use a::{b,",
    "def test_x(",
    "class A",
    ":",
    "@pytest.mark.skip\n",
    "__all__ = [",
    "\"",
    "'",
    "/*",
    "//",
    "#",
    "export default ",
    "module.exports = {",
    "describe('a', () => {",
    "func T(t *testing.T) {",
    "package a\n",
    "public class A<T> {",
    "import x",
    "[dependencies]\n",
    "{\"a\":",
    "<a>",
    "é",
    "\u{202e}",
    "=>",
];

const PATHS: [&str; 14] = [
    "a.rs",
    "tests/a.rs",
    "a.py",
    "tests/test_a.py",
    "a.ts",
    "a.test.tsx",
    "a.js",
    "a.go",
    "a_test.go",
    "A.java",
    "src/test/ATest.java",
    "Cargo.toml",
    "package.json",
    "a_spec.rb",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_are_too_odd(
        path in proptest::sample::select(PATHS.to_vec()),
        old in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200)),
        new in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200)),
        line in 0_u32..50,
    ) {
        let _ = facts(path, old.as_deref(), new.as_deref());
        let _ = enclosing(path, &new.unwrap_or_default(), line);
    }

    #[test]
    fn no_pieces_are_too_odd(
        path in proptest::sample::select(PATHS.to_vec()),
        old in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..40),
        new in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..40),
    ) {
        let (old, new) = (old.concat(), new.concat());
        let found = facts(path, Some(old.as_bytes()), Some(new.as_bytes()));
        prop_assert!(facts(path, Some(new.as_bytes()), Some(new.as_bytes())).touched.is_empty());
        let same = facts(path, Some(old.as_bytes()), Some(old.as_bytes()));
        prop_assert!(same.interface.is_empty() && same.tests.is_empty(), "{same:?}");
        for line in found.touched {
            let text = if line.spot.side == Side::Old { &old } else { &new };
            prop_assert!(line.spot.line as usize <= text.lines().count());
        }
    }
}
