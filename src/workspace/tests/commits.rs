//! Commits of what was accepted, with real git.

use super::*;

fn configured() -> Fixture {
    let fixture = Fixture::with_git();
    git(&fixture.tree(), &["config", "user.name", "T"]);
    git(&fixture.tree(), &["config", "user.email", "t@example.com"]);
    fixture.write("a", "1\n");
    fixture.write("b", "1\n");
    fixture.commit();
    fixture
}

fn log(fixture: &Fixture) -> String {
    git_ok(&fixture.tree(), &["log", "--name-status", "--format=%s"]).1
}

fn strings(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

#[test]
fn a_commit_holds_the_given_paths_and_leaves_the_rest_staged() {
    let fixture = configured();
    fixture.write("a", "2\n");
    fixture.write("b", "2\n");
    fixture.write("n*w\n", "new\n");
    git(&fixture.tree(), &["add", "b"]);
    let workspace = fixture.open(TreeKind::InPlace);
    let made = workspace.commit(&strings(&["a", "n*w\n"]), "two\n\nbody", Hooks::Skip).unwrap();
    assert_eq!(made.subject, "two");
    let shown = git_ok(&fixture.tree(), &["show", "--name-status", "--format=%h"]).1;
    assert!(shown.starts_with(&made.id), "{shown}");
    assert!(shown.contains("M\ta") && shown.contains("A\t\"n*w\\n\""), "{shown}");
    assert!(!shown.contains("\tb"), "{shown}");
    let staged = git_ok(&fixture.tree(), &["diff", "--cached", "--name-only"]).1;
    assert_eq!(staged.trim(), "b");
}

#[test]
fn a_deleted_path_is_committed_as_deleted() {
    let fixture = configured();
    fs::remove_file(fixture.tree().join("a")).unwrap();
    fixture.open(TreeKind::InPlace).commit(&strings(&["a"]), "gone", Hooks::Skip).unwrap();
    assert!(log(&fixture).contains("D\ta"));
}

#[test]
fn hooks_run_only_when_they_are_meant_to() {
    let fixture = configured();
    fixture.write("a", "2\n");
    let hook = fixture.tree().join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\necho no thanks >&2\nexit 1\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    fixture.write("new", "x\n");
    let workspace = fixture.open(TreeKind::InPlace);
    assert_eq!(workspace.commit_hooks(), ["pre-commit"]);
    let paths = strings(&["a", "new"]);
    let error = workspace.commit(&paths, "x", Hooks::Run).unwrap_err().to_string();
    assert!(error.contains("no thanks"), "{error}");
    let status = git_ok(&fixture.tree(), &["status", "--porcelain"]).1;
    assert!(status.contains("?? new"), "nothing is left in the index: {status}");
    workspace.commit(&paths, "x", Hooks::Skip).unwrap();
    assert!(log(&fixture).contains("A\tnew"));
}

#[test]
fn without_a_repository_nothing_is_committed() {
    let fixture = Fixture::new();
    fixture.write("a", "1\n");
    let error = fixture.open(TreeKind::InPlace).commit(&strings(&["a"]), "x", Hooks::Skip);
    assert!(matches!(error, Err(CommitError::NoRepository)));
}
