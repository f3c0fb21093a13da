//! Gates of real projects, by the tools that are installed here.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]
#![allow(clippy::disallowed_methods, reason = "a test passes the environment on")]

use brisk::gates::{Known, Place, Project, plan, run};
use brisk::protocol::{GateSettings, GateState, GateVerdict, Severity};
use std::ffi::OsString;
use std::fs;
use std::future::pending;
use std::path::{Path, PathBuf};

struct Stage {
    folder: tempfile::TempDir,
    env: Vec<(OsString, OsString)>,
}

impl Stage {
    fn new() -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let kept = ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "PYENV_ROOT"];
        let kept = kept.iter().filter_map(|name| Some((name.into(), std::env::var_os(name)?)));
        let mut env: Vec<(OsString, OsString)> = kept.collect();
        env.push(("CARGO_NET_OFFLINE".into(), "true".into()));
        Stage { folder, env }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("project")
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// What is found, run to its end.
    async fn run(&self) -> Vec<GateVerdict> {
        let root = self.root();
        let project = Project { root: &root, changed: &[], env: &self.env };
        let settings = GateSettings { find: true, gates: Vec::new() };
        let mut known = Known::open(&self.folder.path().join("state"), &root);
        let plan = plan(&project, &settings, &known);
        assert_eq!(plan.notes, [""; 0]);
        known.remember(&plan.gates).unwrap();
        let place = Place {
            folder: root.clone(),
            reach: root,
            prefix: Vec::new(),
            env: self.env.clone(),
            outputs: self.folder.path().join("outputs"),
        };
        run(&plan.gates, &place, pending(), |_| {}).await
    }
}

fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !there {
        assert!(std::env::var_os("CI").is_none(), "{program} is not installed");
        println!("skipped: {program} is not installed");
    }
    there
}

fn named<'a>(verdicts: &'a [GateVerdict], name: &str) -> &'a GateVerdict {
    verdicts.iter().find(|verdict| verdict.gate == name).unwrap()
}

/// `path:line` of all errors.
fn errors(verdict: &GateVerdict) -> Vec<String> {
    let errors = verdict.diagnostics.iter().filter(|said| said.severity == Severity::Error);
    errors.map(|said| format!("{}:{}", said.path, said.line)).collect()
}

const GOOD: &str = "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n\n#[cfg(test)]\nmod tests {\n    \
                    #[test]\n    fn adds() {\n        assert_eq!(super::add(2, 2), 4);\n    }\n\n    \
                    #[test]\n    fn holds() {}\n}\n";

#[tokio::test]
async fn a_real_crate_passes_fails_and_does_not_compile() {
    if !installed("cargo-clippy") || !installed("cargo-fmt") {
        return;
    }
    let stage = Stage::new();
    stage.file(
        "Cargo.toml",
        "[package]\nname = \"small\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
    );
    stage.file("src/lib.rs", GOOD);
    let good = stage.run().await;
    let names: Vec<&str> = good.iter().map(|verdict| verdict.gate.as_str()).collect();
    assert_eq!(names, ["format", "lint", "test"]);
    assert!(good.iter().all(|verdict| verdict.state == GateState::Passed), "{good:#?}");
    assert_eq!(named(&good, "test").summary.as_deref(), Some("2/2"));

    stage.file("src/lib.rs", &GOOD.replace("2), 4)", "2),  5, \"sum is off\")"));
    let failing = stage.run().await;
    assert_eq!(named(&failing, "lint").state, GateState::Passed);
    let format = named(&failing, "format");
    assert_eq!(format.state, GateState::Failed { exit: Some(1) });
    assert_eq!(format.diagnostics[0].path, "src/lib.rs");
    let test = named(&failing, "test");
    assert_eq!(test.state, GateState::Failed { exit: Some(101) });
    assert_eq!(test.summary.as_deref(), Some("1/2"));
    assert_eq!(errors(test), ["src/lib.rs:9"]);
    assert!(test.lines[0].contains("sum is off, left: 4, right: 5"), "{test:#?}");
    assert!(test.lines.contains(&"test tests::adds ... FAILED".to_owned()), "{test:#?}");

    stage.file("src/lib.rs", &GOOD.replace("a + b", "a + b + c"));
    let broken = stage.run().await;
    for name in ["lint", "test"] {
        let verdict = named(&broken, name);
        assert_eq!(verdict.state, GateState::Failed { exit: Some(101) });
        assert_eq!(errors(verdict), ["src/lib.rs:2"], "{verdict:#?}");
        assert!(verdict.lines[0].starts_with("src/lib.rs:2:13: error[E0425]"), "{verdict:#?}");
        assert_eq!(verdict.lines.len(), 1, "{verdict:#?}");
    }
}

#[tokio::test]
async fn real_python_tests_pass_and_fail() {
    if !installed("python3") {
        return;
    }
    let stage = Stage::new();
    let test = "import unittest\n\nclass Sums(unittest.TestCase):\n    def test_adds(self):\n        \
                self.assertEqual(1 + 1, 2)\n    def test_holds(self):\n        pass\n";
    stage.file("test_sums.py", test);
    let good = stage.run().await;
    assert_eq!((&good[0].state, good[0].summary.as_deref()), (&GateState::Passed, Some("2/2")));
    // Of another length: Python goes by size and second.
    stage.file("test_sums.py", &test.replace("+ 1, 2", "+ 1, 33"));
    let bad = stage.run().await;
    assert_eq!(errors(&bad[0]), ["test_sums.py:5"], "{bad:#?}");
    assert_eq!(bad[0].summary.as_deref(), Some("1/2"));
    assert_eq!(bad[0].lines[0], "test_sums.py:5: AssertionError: 2 != 33");
}

#[tokio::test]
async fn a_real_compiler_behind_make_stands_at_its_line() {
    if !installed("make") || !installed("cc") {
        return;
    }
    let stage = Stage::new();
    stage.file("Makefile", "test: a.o\n\techo fine\na.o: a.c\n\tcc -Wall -c a.c\n");
    stage.file("a.c", "int add(int a, int b) {\n  int spare;\n  return a + c;\n}\n");
    let bad = stage.run().await;
    assert_eq!(errors(&bad[0]), ["a.c:3"], "{bad:#?}");
    assert_eq!(bad[0].summary.as_deref().map(|text| &text[..7]), Some("1 error"));
    stage.file("a.c", "int add(int a, int b) {\n  return a + b;\n}\n");
    let good = stage.run().await;
    assert_eq!(good[0].state, GateState::Passed);
    let output = fs::read_to_string(Path::new(good[0].output.as_deref().unwrap())).unwrap();
    assert!(output.ends_with("fine\n"), "{output}");
}
