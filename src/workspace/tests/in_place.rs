use super::*;
use crate::protocol::Author;
use std::os::unix::fs::symlink;

fn command() -> Author {
    Author::Command("make".to_owned())
}

fn all(changes: &[Change]) -> Vec<Pick> {
    changes.iter().map(|change| Pick { id: change.id.clone(), hunks: None }).collect()
}

fn paths(changes: &[Change]) -> Vec<&str> {
    changes.iter().map(|change| change.path.as_str()).collect()
}

/// A tree where git has some as they are, some not, and some not at all.
fn tree() -> Fixture {
    let fixture = Fixture::with_git();
    fixture.write(".gitignore", "target\n");
    fixture.write("clean", "clean\n");
    fixture.write("dirty", "as committed\n");
    fixture.write("deep/er/gone", "gone\n");
    fixture.write("mode", "x\n");
    symlink("clean", fixture.tree().join("link")).unwrap();
    fixture.commit();
    fixture.write("dirty", "the user's\n");
    fixture.write("untracked", "untracked\n");
    fixture
}

fn run(tree: &Path) {
    let at = |path: &str| tree.join(path);
    fs::write(at("clean"), "other\n").unwrap();
    fs::write(at("dirty"), "other\n").unwrap();
    fs::write(at("untracked"), "other\n").unwrap();
    fs::remove_dir_all(at("deep")).unwrap();
    fs::set_permissions(at("mode"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::remove_file(at("link")).unwrap();
    symlink("dirty", at("link")).unwrap();
    fs::create_dir_all(at("out/put")).unwrap();
    fs::write(at("out/put/new"), "new\n").unwrap();
    fs::create_dir_all(at("target")).unwrap();
    fs::write(at("target/built"), "ignored\n").unwrap();
}

#[test]
fn what_a_command_changed_is_seen_and_taken_back() {
    for has_git in [true, false] {
        let fixture = tree();
        if !has_git {
            fs::remove_dir_all(fixture.tree().join(".git")).unwrap();
        }
        let workspace = fixture.open(TreeKind::InPlace);
        assert!(workspace.scan(&command()).unwrap().is_empty(), "nothing is watched so far");
        workspace.watch().unwrap();
        assert!(workspace.scan(&command()).unwrap().is_empty());
        let before = snapshot(&fixture.tree());
        run(&fixture.tree());
        let changes = workspace.scan(&command()).unwrap();
        let expected =
            ["clean", "deep/er/gone", "dirty", "link", "mode", "out/put/new", "untracked"];
        assert_eq!(paths(&changes), expected);
        assert!(changes.iter().all(|change| change.by == [command()]));
        let mut steps = 0;
        let applied = workspace.take_back(&all(&changes), &mut |_| {
            steps += 1;
            Ok(())
        });
        assert_eq!((applied.unwrap().paths.len(), steps), (7, 2));
        let mut after = snapshot(&fixture.tree());
        after.retain(|path, _| !path.starts_with("target"));
        assert_eq!(after, before, "git: {has_git}");
        assert!(workspace.scan(&command()).unwrap().is_empty(), "brisk's own doing is none");
        assert!(workspace.take_back(&all(&changes), &mut |_| Ok(())).is_err(), "only once");
    }
}

#[test]
fn one_hunk_of_what_a_command_did_is_taken_back_and_the_users_later_edit_is_kept() {
    let fixture = tree();
    let text = |first: &str, last: &str| format!("{first}\n2\n3\n4\n5\n6\n7\n8\n9\n{last}\n");
    fixture.write("clean", text("1", "10"));
    let workspace = fixture.open(TreeKind::InPlace);
    workspace.watch().unwrap();
    fixture.write("clean", text("one", "ten"));
    fixture.write("dirty", "other\n");
    let changes = workspace.scan(&command()).unwrap();
    let hunks = Some(vec![crate::protocol::HunkPick { hunk: 0, lines: None }]);
    workspace.take_back(&[Pick { id: changes[0].id.clone(), hunks }], &mut |_| Ok(())).unwrap();
    assert_eq!(fixture.read("clean"), text("1", "ten"));
    fixture.write("dirty", "the user's again\n");
    let error = workspace.take_back(&all(&changes[1..]), &mut |_| Ok(())).unwrap_err();
    assert!(matches!(&error, ApplyError::Conflict { paths } if paths == &["dirty"]), "{error}");
    assert_eq!(fixture.read("dirty"), "the user's again\n");
}

#[test]
fn edits_and_commands_in_place_are_undone_one_by_one() {
    let fixture = tree();
    let workspace = fixture.open(TreeKind::InPlace);
    let git_has = |fixture: &Fixture| {
        let tree = fixture.tree();
        (fs::read(tree.join(".git/index")).unwrap(), git(&tree, &["reflog"]))
    };
    let own = git_has(&fixture);
    let mut states = vec![snapshot(&fixture.tree())];
    workspace.checkpoint("edit").unwrap();
    let proposal = workspace.propose(&edit("clean", "clean", "edited")).unwrap();
    workspace.write(&proposal, &Accepted::All).unwrap();
    states.push(snapshot(&fixture.tree()));
    workspace.checkpoint("create").unwrap();
    let proposal = workspace.propose(&edit("a/new/file", "", "new\n")).unwrap();
    workspace.write(&proposal, &Accepted::All).unwrap();
    states.push(snapshot(&fixture.tree()));
    workspace.checkpoint("command").unwrap();
    workspace.watch().unwrap();
    run(&fixture.tree());
    fs::remove_dir_all(fixture.tree().join("target")).unwrap();
    assert_eq!(workspace.scan(&command()).unwrap().len(), 7);
    let last = snapshot(&fixture.tree());
    for (label, state) in ["command", "create", "edit"].into_iter().zip(states.iter().rev()) {
        assert_eq!(workspace.undo().unwrap().what, label);
        assert_eq!(snapshot(&fixture.tree()), *state, "{label}");
    }
    for state in states.iter().skip(1).chain([&last]) {
        workspace.redo().unwrap();
        assert_eq!(snapshot(&fixture.tree()), *state);
    }
    assert_eq!(git_has(&fixture), own);
}

#[test]
fn what_was_too_large_to_be_kept_is_shown_and_said() {
    let fixture = Fixture::new();
    let large = fs::File::create(fixture.tree().join("large")).unwrap();
    large.set_len(SNAPSHOT_FILE_BYTES_MAX + 1).unwrap();
    let workspace = fixture.open(TreeKind::InPlace);
    workspace.watch().unwrap();
    fixture.write("large", "small\n");
    let changes = workspace.scan(&command()).unwrap();
    assert!(changes[0].note.as_ref().is_some_and(|note| note.contains("not kept")));
    let error = workspace.take_back(&all(&changes), &mut |_| Ok(())).unwrap_err();
    assert!(matches!(error, ApplyError::Pick(PickError::Unkept { .. })), "{error}");
}
