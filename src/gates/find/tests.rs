use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// A project, and the programs that are installed.
struct Stage {
    folder: tempfile::TempDir,
    env: Vec<(OsString, OsString)>,
}

impl Stage {
    fn new(programs: &[&str]) -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        let env = vec![("PATH".into(), bin.clone().into_os_string())];
        let stage = Stage { folder, env };
        fs::create_dir_all(stage.root()).unwrap();
        programs.iter().for_each(|program| install(&bin.join(program)));
        stage
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    fn file(self, path: &str, text: &str) -> Stage {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn program(self, path: &str) -> Stage {
        install(&self.root().join(path));
        self
    }

    fn find(&self, changed: &[&str]) -> Found {
        let changed: Vec<PathBuf> = changed.iter().map(PathBuf::from).collect();
        find(&Project { root: &self.root(), changed: &changed, env: &self.env })
    }

    /// `name: command`
    fn gates(&self, changed: &[&str]) -> Vec<String> {
        let gates = self.find(changed).gates;
        gates.iter().map(|gate| format!("{}: {}", gate.name, gate.command)).collect()
    }
}

fn install(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "#!/bin/sh\n").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

const RUST: [&str; 3] = ["cargo", "cargo-fmt", "cargo-clippy"];

#[test]
fn a_folder_without_a_project_has_no_gates() {
    let stage = Stage::new(&RUST).file("notes.txt", "");
    assert_eq!(stage.find(&["notes.txt", "gone/x", "/etc/passwd", "../x"]), Found::default());
}

#[test]
fn a_crate_is_formatted_linted_and_tested_as_far_as_that_is_installed() {
    let package = "[package]\nname = \"a\"\n";
    let whole = Stage::new(&RUST).file("Cargo.toml", package);
    assert_eq!(
        whole.gates(&["src/lib.rs"]),
        [
            "format: cargo fmt --check",
            "lint: cargo clippy --all-targets --quiet",
            "test: cargo test --no-fail-fast",
        ]
    );
    let gate = whole.find(&[]).gates.remove(2);
    assert_eq!((gate.source.to_string(), gate.when), ("found: Cargo.toml".into(), GateWhen::Turn));
    assert_eq!(gate.timeout_seconds, 600);
    let bare = Stage::new(&["cargo"]).file("Cargo.toml", package);
    assert_eq!(
        bare.gates(&[]),
        ["check: cargo check --all-targets --quiet", "test: cargo test --no-fail-fast"]
    );
    let without = Stage::new(&[]).file("Cargo.toml", package).find(&[]);
    assert!(without.gates.is_empty());
    assert!(without.notes[0].contains("Cargo.toml asks for cargo"), "{:?}", without.notes);
}

#[test]
fn a_stand_in_of_rustups_is_no_component() {
    let mut stage = Stage::new(&["cargo", "cargo-fmt", "cargo-clippy", "rustup"])
        .file("Cargo.toml", "[package]\n")
        .program("rustup-home/toolchains/stable/bin/cargo-fmt");
    stage.env.push(("RUSTUP_HOME".into(), stage.root().join("rustup-home").into()));
    let names: Vec<_> = stage.find(&[]).gates.into_iter().map(|gate| gate.name).collect();
    assert_eq!(names, ["format", "check", "test"]);
}

#[test]
fn the_members_of_a_workspace_are_checked_by_its_root() {
    let stage = Stage::new(&RUST)
        .file("Cargo.toml", "[workspace]\nmembers = [\"a\"]\nexclude = [\"fuzz\"]\n")
        .file("a/Cargo.toml", "[package]\n")
        .file("fuzz/Cargo.toml", "[package]\n")
        .file("own/Cargo.toml", "[package]\n[workspace]\n");
    let gates = stage.gates(&["a/src/lib.rs", "fuzz/src/x.rs", "own/x/y/z.rs"]);
    assert_eq!(
        gates,
        [
            "format: cargo fmt --all --check",
            "lint: cargo clippy --workspace --all-targets --quiet",
            "test: cargo test --workspace --no-fail-fast",
            "fuzz/format: cargo fmt --check",
            "fuzz/lint: cargo clippy --all-targets --quiet",
            "fuzz/test: cargo test --no-fail-fast",
            "own/format: cargo fmt --all --check",
            "own/lint: cargo clippy --workspace --all-targets --quiet",
            "own/test: cargo test --workspace --no-fail-fast",
        ]
    );
}

const SCRIPTS: &str = r#"{"scripts": {"lint": "eslint .", "type-check": "tsc --noEmit", "test": "vitest",
    "format:check": "prettier --check .", "build": "x"}}"#;

#[test]
fn scripts_run_by_the_manager_that_wrote_the_lock_file() {
    for (lock, manager) in [
        ("package-lock.json", "npm"),
        ("pnpm-lock.yaml", "pnpm"),
        ("yarn.lock", "yarn"),
        ("bun.lockb", "bun"),
        ("none", "npm"),
    ] {
        let stage = Stage::new(&[manager]).file("package.json", SCRIPTS).file(lock, "");
        let wanted = [
            "format: M run format:check",
            "lint: M run lint",
            "types: M run type-check",
            "test: CI=true M run test",
        ]
        .map(|gate| gate.replace('M', manager));
        assert_eq!(stage.gates(&[]), wanted);
        assert_eq!(stage.find(&[]).gates[1].script.as_deref(), Some("eslint ."));
    }
    let named = SCRIPTS.replacen('{', "{\"packageManager\": \"pnpm@9.1.0\", ", 1);
    let stage = Stage::new(&["pnpm"]).file("package.json", &named).file("yarn.lock", "");
    assert!(stage.gates(&[])[0].contains("pnpm"));
    let unfit =
        r#"{"scripts": {"test": "echo \"Error: no test specified\" && exit 1", "lint": 7}}"#;
    assert!(Stage::new(&["npm"]).file("package.json", unfit).gates(&[]).is_empty());
    assert!(Stage::new(&["npm"]).file("package.json", "{").gates(&[]).is_empty());
    let typed = Stage::new(&["npm"])
        .file("package.json", "{}")
        .file("tsconfig.json", "{}")
        .program("node_modules/.bin/tsc");
    assert_eq!(typed.gates(&[]), ["types: node_modules/.bin/tsc --noEmit"]);
}

#[test]
fn packages_that_are_not_installed_have_no_gates_and_it_is_said() {
    let needy = SCRIPTS.replacen('{', "{\"devDependencies\": {\"vitest\": \"1\"}, ", 1);
    let stage = Stage::new(&["npm"])
        .file("package.json", "{\"workspaces\": [\"web\"]}")
        .file("pnpm-lock.yaml", "")
        .file("web/package.json", &needy);
    let found = stage.find(&["web/src/a.ts"]);
    assert!(found.gates.is_empty() && found.notes[0].contains("pnpm"), "{found:?}");
    let stage = Stage::new(&["pnpm"])
        .file("package.json", "{}")
        .file("pnpm-lock.yaml", "")
        .file("web/package.json", &needy);
    let found = stage.find(&["web/src/a.ts"]);
    assert!(
        found.notes[0].contains("web/package.json: its packages are not installed"),
        "{found:?}"
    );
    let hoisted = stage.file("node_modules/x", "");
    assert_eq!(hoisted.gates(&["web/src/a.ts"])[1], "web/lint: pnpm run lint");
}

#[test]
fn python_runs_what_is_configured_from_the_virtual_environment_first() {
    let configured =
        "[tool.ruff.format]\n[tool.mypy]\nfiles = [\"src\"]\n[tool.pytest.ini_options]\n";
    let stage = Stage::new(&["ruff", "mypy"])
        .file("pyproject.toml", configured)
        .program(".venv/bin/pytest")
        .program(".venv/bin/ruff");
    assert_eq!(
        stage.gates(&[]),
        [
            "format: .venv/bin/ruff format --check .",
            "lint: .venv/bin/ruff check .",
            "types: mypy",
            "test: .venv/bin/pytest -q",
        ]
    );
    let sections = Stage::new(&["flake8", "pytest", "black", "pyright"])
        .file("setup.cfg", "[metadata]\n[flake8]\n[tool:pytest]\n")
        .file("pyproject.toml", "[tool.black]\n")
        .file("pyrightconfig.json", "{}");
    assert_eq!(
        sections.gates(&[]),
        ["format: black --check .", "lint: flake8", "types: pyright", "test: pytest -q"]
    );
    let absent = Stage::new(&[]).file("mypy.ini", "[mypy]\n").find(&[]);
    assert!(absent.gates.is_empty() && absent.notes[0].contains("mypy.ini asks for mypy"));
    let nothing =
        Stage::new(&["ruff", "black", "mypy", "pytest"]).file("pyproject.toml", "[project]\n");
    assert_eq!(nothing.find(&[]), Found::default());
}

#[test]
fn pythons_tests_run_where_they_are_and_something_runs_them() {
    let tests =
        |programs: &[&str]| Stage::new(programs).file("tests/test_a.py", "def test_x(): pass");
    assert!(tests(&["pytest", "python3"]).gates(&[]).is_empty());
    let own = tests(&[]).program("venv/bin/pytest");
    assert_eq!(own.gates(&[]), ["test: venv/bin/pytest -q"]);
    let unit = Stage::new(&["python3"])
        .file("tests/__init__.py", "")
        .file("tests/test_a.py", "import unittest");
    assert_eq!(unit.gates(&[]), ["test: python3 -m unittest"]);
    assert_eq!(unit.find(&[]).gates[0].source.to_string(), "found: tests/test_a.py");
    let here = Stage::new(&["python3"]).file("test_a.py", "from unittest import TestCase");
    assert_eq!(here.gates(&[]), ["test: python3 -m unittest"]);
}

#[test]
fn go_and_builds_are_found() {
    let go = Stage::new(&["go", "gofmt"]).file("go.mod", "module m\n");
    assert_eq!(
        go.gates(&[]),
        ["format: ! gofmt -l . | grep .", "lint: go vet ./...", "test: go test ./..."]
    );
    let vendored = go.file("vendor/x", "");
    assert!(vendored.gates(&[])[0].ends_with("grep -v '^vendor/'"));
    let cmake = Stage::new(&["cmake", "ctest"]).file("CMakeLists.txt", "");
    assert!(cmake.gates(&[]).is_empty());
    let built = cmake.file("build/CMakeCache.txt", "");
    assert_eq!(
        built.gates(&[]),
        ["types: cmake --build build", "test: ctest --test-dir build --output-on-failure"]
    );
    let gradle = Stage::new(&[]).file("build.gradle", "").program("gradlew");
    assert_eq!(gradle.gates(&[]), ["test: ./gradlew check --console=plain --no-daemon"]);
    let maven = Stage::new(&["mvn"]).file("pom.xml", "");
    assert_eq!(maven.gates(&[]), ["test: mvn -B test"]);
}

#[test]
fn recipes_serve_where_nothing_else_does() {
    let make = "PATHS := a\nlint := no\n.PHONY: lint test\nall: test\n\nlint: deps\n\t@ruff .\n\ncheck test: all\n\
                \tpytest\n\tmypy\n\nfmt-check:\n# end\n";
    let stage = Stage::new(&["make", "just"]).file("Makefile", make);
    assert_eq!(stage.gates(&[]), ["format: make fmt-check", "lint: make lint", "test: make test"]);
    let gates = stage.find(&[]).gates;
    assert_eq!(gates[1].script.as_deref(), Some("deps; @ruff ."));
    assert_eq!(gates[2].script.as_deref(), Some("all; pytest; mypy"));
    let both =
        stage.file("justfile", "set x := \"lint: a\"\n@test *args: build\n    vitest {{args}}\n");
    assert_eq!(both.gates(&[])[2], "test: just test");
    let cargo = Stage::new(&["make", "cargo"])
        .file("Cargo.toml", "[package]\n")
        .file("Makefile", "test:\n\tx\nlint:\n\ty\n");
    assert_eq!(
        cargo.gates(&[]),
        [
            "lint: make lint",
            "check: cargo check --all-targets --quiet",
            "test: cargo test --no-fail-fast"
        ]
    );
    let without = Stage::new(&[]).file("Makefile", "test:\n\tx\n").find(&[]);
    assert!(without.gates.is_empty() && without.notes[0].contains("asks for make"));
}

#[test]
fn gates_of_the_same_kind_are_told_by_their_project() {
    let stage = Stage::new(&["cargo", "npm"])
        .file("Cargo.toml", "[package]\n")
        .file("package.json", SCRIPTS);
    let names: Vec<_> = stage.find(&[]).gates.into_iter().map(|gate| gate.name).collect();
    assert_eq!(names, ["format", "lint", "check", "types", "cargo-test", "npm-test"]);
}

#[test]
fn of_many_projects_some_are_looked_at_and_it_is_said() {
    let mut stage = Stage::new(&["go"]);
    let mut changed = Vec::new();
    for number in 0..=PROJECTS_MAX {
        stage = stage.file(&format!("p{number}/go.mod"), "");
        changed.push(format!("p{number}/deep/er/a.go"));
    }
    let changed: Vec<&str> = changed.iter().map(String::as_str).collect();
    let found = stage.find(&changed);
    assert_eq!(found.gates.len(), 2 * PROJECTS_MAX);
    assert_eq!(found.notes, ["too many projects changed: the gates of 1 are not run"]);
    assert_eq!(found.gates[0].folder, "p0");
}
