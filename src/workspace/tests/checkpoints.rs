use super::draft_fixture::Drafted;
use super::*;
use crate::workspace::apply_landing::Step;
use std::os::unix::fs::symlink;

fn accept(workspace: &Workspace, paths: &[&str]) -> Result<Applied, ApplyError> {
    let changes = workspace.changes().unwrap().into_iter();
    let picked = changes.filter(|change| paths.is_empty() || paths.contains(&change.path.as_str()));
    let picks: Vec<Pick> = picked.map(|change| Pick { id: change.id, hunks: None }).collect();
    workspace.accept(&picks, &mut |_: &Step| Ok(()))
}

fn pending(workspace: &Workspace) -> Vec<String> {
    workspace.changes().unwrap().into_iter().map(|change| change.path).collect()
}

/// A repository with work of the user's in index, stash and tree.
fn repository() -> Fixture {
    let fixture = Fixture::with_git();
    fixture.write(".gitignore", "target\n*.log\n");
    fixture.write("a", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    fixture.write("b", "1\n");
    fixture.write("deep/er/c", "c\n");
    fixture.write("deep/er/d", "d\n");
    fixture.write("tool", "#!/bin/sh\n");
    symlink("a", fixture.tree().join("link")).unwrap();
    fixture.commit();
    fixture.write("b", "stashed\n");
    git(&fixture.tree(), &["stash", "-q"]);
    fixture.write("staged", "staged\n");
    git(&fixture.tree(), &["add", "staged"]);
    fixture
}

fn of_git(fixture: &Fixture) -> (Vec<u8>, String, String) {
    let tree = fixture.tree();
    let index = fs::read(tree.join(".git/index")).unwrap();
    (index, git(&tree, &["stash", "list"]), git(&tree, &["reflog"]))
}

#[test]
fn what_was_accepted_is_undone_and_pending_again_and_git_is_not_touched() {
    let fixture = repository();
    let Some(draft) = Drafted::mounted(fixture) else { return };
    let (fixture, workspace) = (&draft.fixture, draft.open());
    let (tree, own) = (snapshot(&fixture.tree()), of_git(fixture));
    assert!(matches!(workspace.undo(), Err(CheckpointError::NothingToUndo)));
    workspace.checkpoint("turn 1").unwrap();
    fs::write(draft.merged().join("a"), "1\ntwo\n3\n4\n5\n6\n7\n8\nnine\n").unwrap();
    fs::write(draft.merged().join("new"), "new\n").unwrap();
    fs::remove_file(draft.merged().join("b")).unwrap();
    assert_eq!(pending(&workspace), ["a", "b", "new"]);
    let view = snapshot(draft.merged());

    workspace.checkpoint("accept").unwrap();
    let applied = accept(&workspace, &["a", "b"]).unwrap();
    assert_eq!(applied.paths, [Path::new("a"), Path::new("b")]);
    assert_eq!(pending(&workspace), ["new"]);
    assert!(!fixture.tree().join("b").exists());
    let accepted = snapshot(&fixture.tree());

    let undone = workspace.undo().unwrap();
    assert_eq!((undone.what.as_str(), undone.paths.len()), ("accept", 2));
    assert_eq!(snapshot(&fixture.tree()), tree);
    assert_eq!(snapshot(draft.merged()), view);
    assert_eq!(pending(&workspace), ["a", "b", "new"]);

    assert_eq!(workspace.undo().unwrap().what, "turn 1");
    assert_eq!(snapshot(draft.merged()), tree);
    assert_eq!(pending(&workspace), [""; 0]);
    assert!(matches!(workspace.undo(), Err(CheckpointError::NothingToUndo)));

    assert_eq!(workspace.redo().unwrap().what, "turn 1");
    assert_eq!(pending(&workspace), ["a", "b", "new"]);
    assert_eq!(workspace.redo().unwrap().what, "accept");
    assert_eq!((snapshot(&fixture.tree()), pending(&workspace)), (accepted, vec!["new".into()]));
    assert!(matches!(workspace.redo(), Err(CheckpointError::NothingToRedo)));
    assert_eq!(of_git(fixture), own);
}

#[test]
fn one_hunk_of_a_file_is_accepted_and_taken_back() {
    let Some(draft) = Drafted::mounted(repository()) else { return };
    let workspace = draft.open();
    fs::write(draft.merged().join("a"), "one\n2\n3\n4\n5\n6\n7\n8\nnine\n").unwrap();
    workspace.checkpoint("accept").unwrap();
    let id = workspace.changes().unwrap()[0].id.clone();
    let hunks = Some(vec![HunkPick { hunk: 1, lines: None }]);
    workspace.accept(&[Pick { id: id.clone(), hunks }], &mut |_| Ok(())).unwrap();
    assert_eq!(draft.fixture.read("a"), "1\n2\n3\n4\n5\n6\n7\n8\nnine\n");
    let rest = workspace.changes().unwrap();
    assert_eq!((rest.len(), rest[0].hunks.len()), (1, 1));
    workspace.undo().unwrap();
    assert_eq!(draft.fixture.read("a"), "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    assert_eq!(workspace.changes().unwrap()[0].id, id);
}

#[test]
fn undo_is_refused_where_the_user_has_gone_on() {
    let Some(draft) = Drafted::mounted(repository()) else { return };
    let workspace = draft.open();
    fs::write(draft.merged().join("a"), "ours\n").unwrap();
    fs::write(draft.merged().join("tool"), "ours\n").unwrap();
    workspace.checkpoint("accept").unwrap();
    accept(&workspace, &[]).unwrap();
    draft.fixture.write("tool", "the user's\n");
    draft.fixture.write("another", "the user's\n");
    let (tree, view) = (snapshot(&draft.fixture.tree()), snapshot(draft.merged()));
    let error = workspace.undo().unwrap_err();
    assert!(matches!(&error, CheckpointError::Changed { paths } if paths == &["tool"]), "{error}");
    assert_eq!((snapshot(&draft.fixture.tree()), snapshot(draft.merged())), (tree, view));
    draft.fixture.write("tool", "ours\n");
    workspace.undo().unwrap();
    assert_eq!(draft.fixture.read("tool"), "#!/bin/sh\n");
    assert_eq!(draft.fixture.read("another"), "the user's\n", "it was not brisk's");
}

/// Everything that overlayfs knows: each is done to the view in turn, and each is taken back.
#[test]
fn a_rewind_brings_back_whatever_the_draft_showed_and_can_be_undone() {
    let fixture = repository();
    fixture.write("target/old", "built\n");
    fixture.write("gone/with/all", "x\n");
    let Some(draft) = Drafted::mounted(fixture) else { return };
    let workspace = draft.open();
    let at = |path: &str| draft.merged().join(path);
    let mode = |path: &str, mode| {
        fs::set_permissions(at(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    type Step<'a> = (&'a str, Box<dyn Fn() + 'a>);
    let steps: Vec<Step<'_>> = vec![
        ("edit", Box::new(|| fs::write(at("a"), "other\n").unwrap())),
        ("again", Box::new(|| fs::write(at("a"), "another\n").unwrap())),
        ("mode", Box::new(|| mode("tool", 0o755))),
        ("folder's mode", Box::new(|| mode("deep", 0o700))),
        ("ignored", Box::new(|| fs::write(at("x.log"), "log\n").unwrap())),
        ("ignored, of the tree", Box::new(|| fs::write(at("target/old"), "again\n").unwrap())),
        ("removed", Box::new(|| fs::remove_file(at("deep/er/c")).unwrap())),
        ("whole folder", Box::new(|| fs::remove_dir_all(at("gone")).unwrap())),
        ("opaque", Box::new(|| fs::create_dir_all(at("gone/with")).unwrap())),
        ("filled", Box::new(|| fs::write(at("gone/with/other"), "y\n").unwrap())),
        (
            "file for folder",
            Box::new(|| {
                fs::remove_dir_all(at("deep/er")).unwrap();
                fs::write(at("deep/er"), "a file\n").unwrap();
            }),
        ),
        (
            "folder for file",
            Box::new(|| {
                fs::remove_file(at("b")).unwrap();
                fs::create_dir(at("b")).unwrap();
                fs::write(at("b/in"), "in\n").unwrap();
            }),
        ),
        (
            "link",
            Box::new(|| {
                fs::remove_file(at("link")).unwrap();
                symlink("tool", at("link")).unwrap();
            }),
        ),
        (
            "link for file",
            Box::new(|| {
                fs::remove_file(at("tool")).unwrap();
                symlink("/etc/passwd", at("tool")).unwrap();
            }),
        ),
        ("moved", Box::new(|| fs::rename(at("gone/with/other"), at("moved")).unwrap())),
        (
            "attribute",
            Box::new(|| {
                let flags = rustix::fs::XattrFlags::empty();
                let _ = rustix::fs::setxattr(at("moved"), "user.note", b"x", flags);
            }),
        ),
        ("large", Box::new(|| fs::write(at("large"), vec![7; 3_000_000]).unwrap())),
        ("empty folder", Box::new(|| fs::create_dir(at("empty")).unwrap())),
        (
            "all gone",
            Box::new(|| {
                for name in ["a", "deep", "target", "empty"] {
                    let _ = fs::remove_file(at(name)).or_else(|_| fs::remove_dir_all(at(name)));
                }
            }),
        ),
    ];
    let mut points = Vec::new();
    for (label, step) in &steps {
        points.push((workspace.checkpoint(label).unwrap(), snapshot(draft.merged())));
        step();
    }
    let last = snapshot(draft.merged());
    let before = snapshot(&draft.fixture.tree());
    for (_, view) in points.iter().rev() {
        workspace.undo().unwrap();
        assert_eq!(snapshot(draft.merged()), *view);
    }
    for (index, (_, view)) in points.iter().enumerate().skip(1) {
        assert_eq!(workspace.redo().unwrap().what, steps[index - 1].0);
        assert_eq!(snapshot(draft.merged()), *view);
    }
    workspace.redo().unwrap();
    assert_eq!(snapshot(draft.merged()), last);
    for (point, view) in &points {
        let (label, _) = steps[point.id.0 as usize - 1];
        assert_eq!(workspace.restore(point.id).unwrap().what, label);
        assert_eq!(snapshot(draft.merged()), *view, "{label}");
        if point.id != points[0].0.id {
            workspace.undo().unwrap();
            workspace.redo().unwrap();
            assert_eq!(snapshot(draft.merged()), *view, "{label}, again");
        }
    }
    assert_eq!(snapshot(&draft.fixture.tree()), before);
}

#[test]
fn a_large_build_folder_is_left_and_said_and_a_small_one_is_exact() {
    let Some(draft) = Drafted::mounted(repository()) else { return };
    let workspace = draft.open();
    let at = |path: &str| draft.merged().join(path);
    fs::create_dir_all(at("target/debug")).unwrap();
    fs::write(at("target/debug/small"), "1\n").unwrap();
    let small = workspace.checkpoint("small").unwrap();
    assert!(small.left.is_empty());
    fs::write(at("target/debug/small"), "2\n").unwrap();
    fs::write(at("big.bin"), vec![1; 100_000]).unwrap();
    workspace.restore(small.id).unwrap();
    assert_eq!(draft.read("target/debug/small"), "1\n");
    assert!(!at("big.bin").exists());

    let large = fs::File::create(at("target/debug/large")).unwrap();
    large.set_len(IGNORED_FOLDER_BYTES_MAX + 1).unwrap();
    fs::write(at("a"), "changed\n").unwrap();
    let left = workspace.checkpoint("large").unwrap();
    assert_eq!(left.left, ["target"]);
    fs::write(at("target/debug/small"), "3\n").unwrap();
    fs::write(at("a"), "changed again\n").unwrap();
    let undone = workspace.undo().unwrap();
    assert_eq!(undone.left, ["target"]);
    assert_eq!(
        (draft.read("a").as_str(), draft.read("target/debug/small").as_str()),
        ("changed\n", "3\n")
    );
}

#[test]
fn checkpoints_outlive_the_process_that_made_them() {
    let Some(draft) = Drafted::mounted(repository()) else { return };
    let tree = snapshot(&draft.fixture.tree());
    let workspace = draft.open();
    workspace.checkpoint("turn").unwrap();
    fs::write(draft.merged().join("a"), "ours\n").unwrap();
    accept(&workspace, &[]).unwrap();
    drop(workspace);
    let workspace = draft.open();
    assert_eq!(workspace.recover().unwrap(), [""; 0]);
    workspace.undo().unwrap();
    assert_eq!((snapshot(&draft.fixture.tree()), snapshot(draft.merged())), (tree.clone(), tree));
    drop(workspace);
    draft.open().redo().unwrap();
    assert_eq!(draft.fixture.read("a"), "ours\n");
}

#[test]
fn what_an_edit_left_behind_is_swept_from_the_draft() {
    let draft = Drafted::by_hand(repository());
    draft.put("deep/.brisk-0123456789ab.tmp", "half");
    draft.put("deep/mine.tmp", "whole");
    draft.open().recover().unwrap();
    assert!(!draft.upper().join("deep/.brisk-0123456789ab.tmp").exists());
    assert!(draft.upper().join("deep/mine.tmp").exists());
}
