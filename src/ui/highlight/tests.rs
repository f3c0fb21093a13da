use super::super::theme::ColorDepth;
use super::*;
use proptest::prelude::*;
use std::time::{Duration, Instant};

fn theme() -> Theme {
    Theme::load("brisk-dark", ColorDepth::True).expect("the theme is built in")
}

fn roles(language: &str, line: &str) -> Vec<(Role, String)> {
    let mut code = Highlighter::loaded().begin(language);
    code.roles(line).into_iter().map(|(role, text)| (role, text.trim().to_owned())).collect()
}

#[test]
fn words_of_a_language_get_their_roles() {
    let rust = roles("rust", "let name: u32 = run(\"x\"); // why");
    for (role, text) in [
        (Role::Keyword, "let"),
        (Role::Keyword, "u32"),
        (Role::Function, "run"),
        (Role::String, "\"x\""),
        (Role::Comment, "// why"),
    ] {
        assert!(rust.contains(&(role, text.to_owned())), "{role:?} {text}: {rust:?}");
    }
}

#[test]
fn a_language_is_found_by_name_info_string_extension_and_path() {
    let set = two_face::syntax::extra_newlines();
    for (name, language) in [
        ("rust", "Rust"),
        ("rust,ignore", "Rust"),
        ("rs title=\"a\"", "Rust"),
        ("py", "Python"),
        ("src/main.py", "Python"),
        ("a/Makefile", "Makefile"),
        ("Dockerfile", "Dockerfile"),
        ("docker", "Dockerfile"),
        ("deploy/x.toml", "TOML"),
        ("ts", "TypeScript"),
        ("console", "Bourne Again Shell (bash)"),
    ] {
        assert_eq!(find(&set, name).map(|syntax| syntax.name.as_str()), Some(language), "{name}");
    }
    for name in ["text", "nonsense", "a/LICENSE", "notes.txt"] {
        assert_eq!(find(&set, name).map(|syntax| syntax.name.as_str()), None, "{name}");
    }
}

#[test]
fn until_the_grammars_are_there_code_is_plain_and_asking_for_it_brings_them() {
    let highlighter = Highlighter::new();
    assert!(!highlighter.ready());
    let plain = highlighter.block("rust", "let a = 1;\n\nb", &theme());
    assert_eq!(plain.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 1]);
    let end = Instant::now() + Duration::from_secs(30);
    while !highlighter.ready() {
        assert!(Instant::now() < end, "the grammars did not come");
        std::thread::yield_now();
    }
    assert!(highlighter.block("rust", "let a = 1;", &theme())[0].len() > 1);
}

#[test]
fn what_is_beyond_the_limits_is_plain() {
    let highlighter = Highlighter::loaded();
    let long = format!("let a = 1;\n{}\nlet b = 2;", "x ".repeat(LINE_BYTES_MAX));
    let lines = highlighter.block("rust", &long, &theme());
    assert!(lines[0].len() > 1);
    assert_eq!((lines[1].len(), lines[2].len()), (1, 1));
    let many = "a\n".repeat(BLOCK_LINES_MAX) + "let a = 1;";
    let lines = highlighter.block("rust", &many, &theme());
    assert_eq!(lines.last().map(Vec::len), Some(1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn spans_hold_exactly_the_text(text in "[a-z\"'/*{}() \n日é#<>]{0,80}", language in "rs|py|md|html|toml|c|sh") {
        let lines = Highlighter::loaded().block(&language, &text, &theme());
        let joined: Vec<String> = lines
            .iter()
            .map(|spans| spans.iter().map(|span| span.content.as_ref()).collect())
            .collect();
        prop_assert_eq!(joined, text.lines().map(str::to_owned).collect::<Vec<_>>());
    }
}
