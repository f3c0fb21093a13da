use super::*;
use crate::protocol::ChangeKind;
use std::os::unix::fs::{MetadataExt, symlink};

fn names(workspace: &Workspace) -> Vec<(String, ChangeKind, Option<String>)> {
    let changes = workspace.changes().unwrap().into_iter();
    changes.map(|change| (change.path, change.kind, change.note)).collect()
}

#[test]
fn a_copy_has_what_counts_with_modes_times_and_links() {
    let fixture = Fixture::with_git();
    let tree = fixture.tree();
    fixture.write("a b\n\"c\"", "odd");
    fixture.write(Path::new(OsStr::from_bytes(b"\xff\xfe")), "bytes");
    fixture.write(".hidden/run.sh", "#!/bin/sh\n");
    fs::set_permissions(tree.join(".hidden/run.sh"), fs::Permissions::from_mode(0o750)).unwrap();
    fixture.write(".gitignore", "target\nkept.log\n");
    fixture.write("target/big", "x");
    fixture.write("kept.log", "tracked all the same");
    symlink("a b\n\"c\"", tree.join("link")).unwrap();
    symlink(tree.join(".hidden"), tree.join("absolute")).unwrap();
    git(&tree, &["add", "-f", "kept.log"]);
    fixture.commit();
    let copy = fixture.open(TreeKind::Copy);
    let (root, folder) = (copy.work_root().to_owned(), copy.shell_folder());
    assert_eq!((copy.kind(), root.as_path()), (TreeKind::Copy, folder));
    assert_eq!(root.file_name(), tree.file_name());
    let mut expected = snapshot(&tree);
    expected.retain(|path, _| !path.starts_with("target"));
    expected.get_mut(Path::new("absolute")).unwrap().1 =
        root.join(".hidden").as_os_str().as_bytes().to_vec();
    assert_eq!(snapshot(&root), expected);
    for path in expected.keys() {
        let time = |root: &Path| {
            let metadata = root.join(path).symlink_metadata().unwrap();
            (metadata.mtime(), metadata.mtime_nsec())
        };
        assert_eq!(time(&root), time(&tree), "{path:?}");
    }
    assert!(copy.left_out().is_empty());
    assert!(copy.changes().unwrap().is_empty() && copy.patch().unwrap().is_empty());
    drop(copy);
    assert!(snapshot(&fixture.scratch()).is_empty());
}

#[test]
fn git_works_in_the_copy_and_reaches_nothing_of_the_tree() {
    let fixture = Fixture::with_git();
    fixture.write("a", "1\n");
    fixture.commit();
    fixture.write("a", "2\n");
    let tree = fixture.tree();
    let state = || {
        let log = git(&tree, &["log", "--all", "--format=%H %D"]);
        (
            log,
            fs::read(tree.join(".git/index")).unwrap(),
            fs::read(tree.join(".git/config")).unwrap(),
        )
    };
    let before = state();
    let copy = fixture.open(TreeKind::Copy);
    let root = copy.work_root();
    assert_eq!(git(root, &["status", "--porcelain"]), " M a\n");
    git(root, &["commit", "-q", "-a", "-m", "in the copy"]);
    git(root, &["checkout", "-q", "-b", "other"]);
    assert_eq!(git(root, &["log", "--oneline"]).lines().count(), 2);
    git(root, &["stash", "list"]);
    git(root, &["gc", "-q", "--prune=now"]);
    assert_eq!(state(), before);
    git(&tree, &["fsck"]);
    assert!(copy.changes().unwrap().is_empty(), "what git does in its folder is no change");
}

#[test]
fn an_added_worktree_and_a_moved_git_folder_can_be_copied() {
    let fixture = Fixture::with_git();
    fixture.write("a", "1\n");
    fixture.commit();
    let added = fixture.holder.path().join("added");
    git(&fixture.tree(), &["worktree", "add", "-q", "-b", "side", added.to_str().unwrap()]);
    fs::write(added.join("a"), "2\n").unwrap();
    let copy =
        Workspace::open(&added, backing(TreeKind::Copy, &fixture.scratch()), &fixture.scratch())
            .unwrap();
    assert_eq!(copy.facts().git.unwrap().head, Some(Head::Branch("side".to_owned())));
    assert_eq!(git(copy.work_root(), &["status", "--porcelain", "-b"]), "## side\n M a\n");
    git(copy.work_root(), &["commit", "-q", "-a", "-m", "x"]);
    assert_eq!(git(&added, &["log", "--oneline"]).lines().count(), 1);

    let (apart, work) = (fixture.holder.path().join("apart"), fixture.holder.path().join("work"));
    git(
        fixture.holder.path(),
        &["init", "-q", "--separate-git-dir", apart.to_str().unwrap(), work.to_str().unwrap()],
    );
    git(&work, &["config", "core.worktree", work.to_str().unwrap()]);
    fs::write(work.join("x"), "1\n").unwrap();
    git(&work, &["add", "x"]);
    let copy =
        Workspace::open(&work, backing(TreeKind::Copy, &fixture.scratch()), &fixture.scratch())
            .unwrap();
    fs::write(copy.work_root().join("x"), "2\n").unwrap();
    assert_eq!(git(copy.work_root(), &["status", "--porcelain"]), "AM x\n");
    let top = git(copy.work_root(), &["rev-parse", "--show-toplevel"]);
    assert_eq!(Path::new(top.trim()), fs::canonicalize(copy.work_root()).unwrap());
}

#[test]
fn changes_show_whoever_made_them() {
    let fixture = Fixture::with_git();
    for path in ["edited", "command", "gone", "mode", "binary", "tolink", "touched"] {
        fixture.write(path, format!("{path}\n1\n2\n"));
    }
    fixture.write(".gitignore", "target\n");
    symlink("edited", fixture.tree().join("link")).unwrap();
    fixture.commit();
    let copy = fixture.open(TreeKind::Copy);
    let root = copy.work_root();
    let before = snapshot(&fixture.tree());
    let proposal = copy.propose(&edit("edited", "1\n", "one\n")).unwrap();
    copy.write(&proposal, &Accepted::All).unwrap();
    fs::write(root.join("command"), "other\n").unwrap();
    fs::remove_file(root.join("gone")).unwrap();
    fs::set_permissions(root.join("mode"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(root.join("binary"), b"\0\x01").unwrap();
    fs::remove_file(root.join("tolink")).unwrap();
    symlink("edited", root.join("tolink")).unwrap();
    fs::remove_file(root.join("link")).unwrap();
    symlink("mode", root.join("link")).unwrap();
    fs::write(root.join("touched"), "touched\n1\n2\n").unwrap();
    fs::create_dir_all(root.join("target/debug")).unwrap();
    fs::write(root.join("target/debug/out"), "ignored").unwrap();
    fs::create_dir(root.join("dir")).unwrap();
    fs::write(root.join("dir/new"), "new").unwrap();
    let note = |text: &str| Some(text.to_owned());
    use ChangeKind::{Created, Deleted, Modified};
    let expected = [
        ("binary", Modified, note("binary, 2 bytes")),
        ("command", Modified, None),
        ("dir/new", Created, None),
        ("edited", Modified, None),
        ("gone", Deleted, None),
        ("link", Modified, note("links to mode")),
        ("mode", Modified, note("mode 644 to 755")),
        ("tolink", Modified, note("links to edited")),
    ];
    let expected: Vec<_> =
        expected.map(|(path, kind, note)| (path.to_owned(), kind, note)).into_iter().collect();
    assert_eq!(names(&copy), expected);
    assert_eq!(snapshot(&fixture.tree()), before, "the tree is not touched");

    let applied = copy.apply_all().unwrap();
    let paths: Vec<String> = expected.into_iter().map(|(path, ..)| path).collect();
    assert_eq!(applied, paths);
    let mut in_copy = snapshot(root);
    in_copy.retain(|path, _| !path.starts_with("target"));
    assert_eq!(snapshot(&fixture.tree()), in_copy);
    assert!(copy.changes().unwrap().is_empty(), "what was applied is no change any more");
    fs::write(root.join("gone"), "back\n").unwrap();
    assert_eq!(copy.apply_all().unwrap(), ["gone"]);
    assert_eq!(fixture.read("gone"), "back\n");
}

#[test]
fn what_changed_on_both_sides_is_a_conflict_and_nothing_is_written() {
    let fixture = Fixture::new();
    fixture.write("a", "1\n");
    fixture.write("b", "1\n");
    fixture.write("same", "1\n");
    let copy = fixture.open(TreeKind::Copy);
    let root = copy.work_root();
    for path in ["a", "b", "same", "new"] {
        fs::write(root.join(path), "2\n").unwrap();
    }
    fixture.write("b", "3\n");
    fixture.write("new", "3\n");
    fixture.write("same", "2\n");
    fixture.write("theirs", "3\n");
    let before = snapshot(&fixture.tree());
    let Err(ApplyError::Conflict { paths }) = copy.apply_all() else { panic!("it was applied") };
    assert_eq!(paths, ["b", "new"]);
    assert_eq!(snapshot(&fixture.tree()), before);
    let notes: Vec<_> =
        names(&copy).into_iter().map(|(path, _, note)| (path, note.is_some())).collect();
    assert_eq!(notes, [("a".to_owned(), false), ("b".to_owned(), true), ("new".to_owned(), true)]);
    fs::write(root.join("b"), "3\n").unwrap();
    fs::remove_file(root.join("new")).unwrap();
    assert_eq!(copy.apply_all().unwrap(), ["a"]);
    assert_eq!(fixture.read("theirs"), "3\n");
}

#[test]
fn a_file_that_was_written_again_as_it_was_has_not_changed() {
    let fixture = Fixture::new();
    fixture.write("ours", "1\n");
    fixture.write("theirs", "1\n");
    let copy = fixture.open(TreeKind::Copy);
    let again = |path: &Path, bytes: &str| {
        fs::remove_file(path).unwrap();
        fs::write(path, bytes).unwrap();
    };
    // A formatter ran over both; the user changed one and saved the other again.
    again(&copy.work_root().join("ours"), "2\n");
    again(&copy.work_root().join("theirs"), "1\n");
    again(&fixture.tree().join("ours"), "1\n");
    again(&fixture.tree().join("theirs"), "3\n");
    assert_eq!(copy.apply_all().unwrap(), ["ours"]);
    assert_eq!((fixture.read("ours").as_str(), fixture.read("theirs").as_str()), ("2\n", "3\n"));
}

#[test]
fn a_folder_and_a_file_can_change_places() {
    let fixture = Fixture::new();
    fixture.write("folder/deep/a", "1\n");
    fixture.write("file", "1\n");
    fixture.write("left/over", "1\n");
    let copy = fixture.open(TreeKind::Copy);
    let root = copy.work_root();
    fs::remove_dir_all(root.join("folder")).unwrap();
    fs::write(root.join("folder"), "a file now\n").unwrap();
    fs::remove_file(root.join("file")).unwrap();
    fs::create_dir(root.join("file")).unwrap();
    fs::write(root.join("file/a"), "in a folder now\n").unwrap();
    fs::remove_dir_all(root.join("left")).unwrap();
    symlink("file", root.join("left")).unwrap();
    copy.apply_all().unwrap();
    assert_eq!(snapshot(&fixture.tree()), snapshot(root));
}

#[test]
fn a_tree_file_that_is_read_only_stops_everything_before_it_starts() {
    let fixture = Fixture::new();
    fixture.write("a", "1\n");
    fixture.write("b", "1\n");
    let copy = fixture.open(TreeKind::Copy);
    fs::write(copy.work_root().join("a"), "2\n").unwrap();
    fs::write(copy.work_root().join("b"), "2\n").unwrap();
    fs::set_permissions(fixture.tree().join("b"), fs::Permissions::from_mode(0o444)).unwrap();
    let error = copy.apply_all().unwrap_err();
    assert!(matches!(error, ApplyError::File(FileError::ReadOnly { .. })), "{error}");
    assert_eq!(fixture.read("a"), "1\n");
}

#[test]
fn a_copy_in_an_empty_folder_or_below_the_root_works() {
    let fixture = Fixture::new();
    let copy = fixture.open(TreeKind::Copy);
    let proposal = copy.propose(&edit("a", "", "x")).unwrap();
    copy.write(&proposal, &Accepted::All).unwrap();
    assert!(!fixture.tree().join("a").exists());
    let proposal =
        copy.propose(&edit(fixture.tree().join("b").to_str().unwrap(), "", "x")).unwrap();
    copy.write(&proposal, &Accepted::All).unwrap();
    assert!(!fixture.tree().join("b").exists(), "the tree's path means the copy's");
    assert_eq!(copy.apply_all().unwrap(), ["a", "b"]);

    let fixture = Fixture::with_git();
    fs::create_dir_all(fixture.tree().join("empty/sub")).unwrap();
    let folder = fixture.tree().join("empty/sub");
    let copy =
        Workspace::open(&folder, backing(TreeKind::Copy, &fixture.scratch()), &fixture.scratch())
            .unwrap();
    assert_eq!(copy.shell_folder(), copy.work_root().join("empty/sub"));
    assert!(copy.shell_folder().is_dir());
}

#[test]
fn the_scratch_folder_may_be_in_the_tree() {
    let fixture = Fixture::new();
    fixture.write("state/session/journal", "x");
    let scratch = fixture.tree().join("state/session");
    let copy =
        Workspace::open(&fixture.tree(), backing(TreeKind::Copy, &scratch), &scratch).unwrap();
    assert!(copy.work_root().join("state").is_dir());
    assert!(!copy.work_root().join("state/session").exists());
}

#[test]
fn what_cannot_be_copied_is_said() {
    let fixture = Fixture::new();
    fixture.write("a", "x");
    make_pipe(&fixture.tree().join("pipe"));
    let copy = fixture.open(TreeKind::Copy);
    assert_eq!(copy.left_out(), ["pipe: not a file"]);
    assert!(copy.changes().unwrap().is_empty());
    drop(copy);
    let large = fs::File::create(fixture.tree().join("large")).unwrap();
    large.set_len(COPY_BYTES_MAX + 1).unwrap();
    let error = Workspace::open(
        &fixture.tree(),
        backing(TreeKind::Copy, &fixture.scratch()),
        &fixture.scratch(),
    )
    .unwrap_err();
    assert!(matches!(error, WorkspaceError::Bytes { .. }), "{error}");
    assert!(snapshot(&fixture.scratch()).is_empty(), "nothing is left of it");
}

#[test]
fn a_submodule_comes_as_files_and_git_in_the_copy_still_works() {
    let fixture = Fixture::with_git();
    let other = fixture.holder.path().join("other");
    fs::create_dir(&other).unwrap();
    git(&other, &["init", "-q"]);
    fs::write(other.join("inner"), "1\n").unwrap();
    git(&other, &["add", "-A"]);
    git(&other, &["commit", "-q", "-m", "x"]);
    let allow = "protocol.file.allow=always";
    let url = other.to_str().unwrap();
    git(&fixture.tree(), &["-c", allow, "submodule", "--quiet", "add", url, "sub"]);
    fixture.write("a", "1\n");
    fixture.commit();
    let copy = fixture.open(TreeKind::Copy);
    let root = copy.work_root();
    assert!(root.join("sub/inner").exists() && !root.join("sub/.git").exists());
    assert_eq!(git(root, &["status", "--porcelain"]), "");
    fs::write(root.join("sub/inner"), "2\n").unwrap();
    fs::write(root.join("a"), "2\n").unwrap();
    assert_eq!(names(&copy).len(), 2);
    // The user may have started in the submodule: it is a repository of its own.
    let inner = Workspace::open(
        &fixture.tree().join("sub"),
        backing(TreeKind::Copy, &fixture.scratch()),
        &fixture.scratch(),
    );
    let inner = inner.unwrap();
    assert_eq!(inner.root(), fixture.tree().join("sub"));
    fs::write(inner.work_root().join("inner"), "3\n").unwrap();
    assert_eq!(git(inner.work_root(), &["status", "--porcelain"]), " M inner\n");
    assert_eq!(git(&fixture.tree(), &["status", "--porcelain"]), "");
}
