use super::draft_fixture::{Drafted, change, shown, whole};
use super::*;
use crate::protocol::{Author, HunkPick};
use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

/// As if a second had passed: what was written before is older than any file system's clock tells.
fn since() -> Freshness {
    Freshness::Stale { since: SystemTime::now() - Duration::from_millis(1) }
}

fn numbers(count: usize) -> String {
    (1..=count).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_users_edits_are_merged_with_the_drafts() {
    let fixture = Fixture::with_git();
    fixture.write("both", numbers(20).replace("20\n", "20"));
    fixture.write("mode", numbers(20));
    fixture.write("same", "1\n");
    fixture.write("theirs", "1\n");
    fixture.commit();
    let Some(drafted) = Drafted::mounted(fixture) else { return };
    let (workspace, view, fixture) = (drafted.open(), drafted.merged(), &drafted.fixture);
    fs::write(
        view.join("both"),
        numbers(20).replace("\n5\n", "\r\nfive\r\n").replace("20\n", "20"),
    )
    .unwrap();
    fs::write(view.join("same"), "2\n").unwrap();
    fs::write(view.join("mode"), numbers(21)).unwrap();
    // Written again as it was.
    fs::write(view.join("theirs"), "1\n").unwrap();
    workspace.authored(&Author::Edit).unwrap();
    fixture.write("both", numbers(20).replace("17\n", "").replace("20\n", "20"));
    fixture.write("same", "2\n");
    fs::set_permissions(fixture.tree().join("mode"), fs::Permissions::from_mode(0o755)).unwrap();
    fixture.write("theirs", "2\n");
    let merged =
        numbers(20).replace("\n5\n", "\r\nfive\r\n").replace("17\n", "").replace("20\n", "20");
    // Even before it is carried, what would land in the tree has the user's edits in it.
    let expected = ["Modified both +2 -2", "Modified mode +1 -0"];
    assert_eq!(shown(&workspace), expected);
    let (_, new) = workspace.sides(&change(&workspace, "both").id).unwrap();
    assert_eq!(new.unwrap(), merged.as_bytes());
    let carried = workspace.sync(Freshness::Remounted).unwrap();
    assert_eq!(
        (carried.merged, carried.paths),
        (vec!["both".into(), "mode".into()], vec!["theirs".into()])
    );
    assert!(carried.conflicts.is_empty() && carried.failed.is_empty());
    assert_eq!((drafted.read("both"), drafted.read("theirs")), (merged, "2\n".to_owned()));
    assert!(view.join("mode").metadata().unwrap().permissions().mode() & 0o111 == 0o111);
    assert_eq!(shown(&workspace), expected);
    workspace.authored(&Author::User).unwrap();
    assert_eq!(change(&workspace, "both").by, [Author::Edit], "carrying makes no author");
    assert_eq!(workspace.sync(Freshness::Remounted).unwrap(), Carried::default());
}

#[test]
fn what_the_view_still_shows_as_it_was_is_renewed() {
    let fixture = Fixture::with_git();
    fixture.write(".gitignore", "*.log\n");
    for path in ["saved", "gone", "sub/gone", "rm/deep/file", "left.log", "own.log", "dir/old"] {
        fixture.write(path, "1\n");
    }
    fixture.commit();
    let Some(drafted) = Drafted::mounted(fixture) else { return };
    let (workspace, view, tree) = (drafted.open(), drafted.merged(), drafted.fixture.tree());
    // The draft has looked all of it up, the missing names, too.
    assert_eq!(snapshot(view), snapshot(&tree));
    for path in ["new", "sub/new", "fresh/deep/file"] {
        assert!(!view.join(path).exists());
    }
    fs::write(view.join("own.log"), "the draft's own\n").unwrap();
    fs::write(view.join("sub/agent"), "of the agent\n").unwrap();
    workspace.authored(&Author::Edit).unwrap();
    let save = |path: &str, text: &str| {
        fs::create_dir_all(tree.join(path).parent().unwrap()).unwrap();
        fs::write(tree.join("aside"), text).unwrap();
        fs::rename(tree.join("aside"), tree.join(path)).unwrap();
    };
    let stale = since();
    for path in ["saved", "new", "sub/new", "fresh/deep/file", "left.log", "own.log"] {
        save(path, "2\n");
    }
    fs::remove_file(tree.join("gone")).unwrap();
    fs::remove_file(tree.join("sub/gone")).unwrap();
    fs::remove_dir_all(tree.join("rm")).unwrap();
    symlink("saved", tree.join("link")).unwrap();
    fs::rename(tree.join("dir"), tree.join("moved away")).unwrap();
    fs::create_dir(tree.join("dir")).unwrap();
    fs::write(tree.join("dir/another"), "2\n").unwrap();
    let carried = workspace.sync(stale).unwrap();
    assert!(carried.failed.is_empty() && !carried.must_remount, "{carried:?}");
    let mut expected = snapshot(&tree);
    let agent = snapshot(view).remove(Path::new("sub/agent")).unwrap();
    expected.insert("sub/agent".into(), agent);
    expected.get_mut(Path::new("own.log")).unwrap().1 = b"the draft's own\n".to_vec();
    assert_eq!(snapshot(view), expected);
    assert_eq!(shown(&workspace), ["Created sub/agent +1 -0"], "the user's work is no change");
    // What was carried goes on following the tree.
    save("saved", "3\n");
    save("left.log", "3\n");
    save("gone", "again\n");
    fs::remove_file(tree.join("new")).unwrap();
    workspace.sync(stale).unwrap();
    expected = snapshot(&tree);
    expected.retain(|path, _| path != Path::new("own.log"));
    let mut seen = snapshot(view);
    seen.retain(|path, _| path != Path::new("own.log") && path != Path::new("sub/agent"));
    assert_eq!(seen, expected);
    assert_eq!(shown(&workspace), ["Created sub/agent +1 -0"]);
}

#[test]
fn a_new_file_of_the_users_in_a_folder_that_the_draft_removed_is_not_removed_with_it() {
    let fixture = Fixture::new();
    fixture.write("rm/old", "1\n");
    fixture.write("again/old", "1\n");
    let Some(drafted) = Drafted::mounted(fixture) else { return };
    let (workspace, view, tree) = (drafted.open(), drafted.merged(), drafted.fixture.tree());
    fs::remove_dir_all(view.join("rm")).unwrap();
    fs::remove_dir_all(view.join("again")).unwrap();
    fs::create_dir(view.join("again")).unwrap();
    fs::write(view.join("again/mine"), "mine\n").unwrap();
    workspace.authored(&Author::Edit).unwrap();
    drafted.fixture.write("rm/new", "user's\n");
    drafted.fixture.write("again/new", "user's\n");
    let pending = ["Created again/mine +1 -0", "Deleted again/old +0 -1", "Deleted rm/old +0 -1"];
    assert_eq!(shown(&workspace), pending);
    let carried = workspace.sync(since()).unwrap();
    assert_eq!(carried.paths, ["again/new", "rm/new"]);
    assert_eq!(
        (drafted.read("rm/new"), drafted.read("again/new")),
        ("user's\n".into(), "user's\n".into())
    );
    assert_eq!(shown(&workspace), pending);
    // What is taken back comes beside it.
    let picks: Vec<_> =
        ["again/mine", "again/old", "rm/old"].map(|path| whole(&workspace, path)).into();
    workspace.reject(&picks).unwrap();
    assert_eq!(snapshot(view), snapshot(&tree));
}

#[test]
fn above_a_number_of_paths_the_draft_is_to_be_mounted_anew() {
    let fixture = Fixture::new();
    fixture.write("file", "1\n");
    let drafted = Drafted::by_hand(fixture);
    let workspace = drafted.open();
    for index in 0..=CARRIED_MAX {
        drafted.fixture.write(format!("many/{index}"), "");
    }
    let carried = workspace.sync(Freshness::Stale { since: std::time::UNIX_EPOCH }).unwrap();
    assert!(carried.must_remount && carried.paths.is_empty());
    assert!(snapshot(drafted.merged()).is_empty(), "nothing was written");
}

#[test]
fn a_file_that_the_user_touched_before_anybody_looked_is_held_against_gits() {
    let fixture = Fixture::with_git();
    fixture.write("tracked", numbers(20));
    fixture.write("unknown", "1\n");
    git(&fixture.tree(), &["add", "tracked"]);
    let drafted = Drafted::by_hand(fixture);
    let workspace = drafted.open();
    // The draft's copies were made from what the tree had; then the user saved both.
    drafted.put("tracked", numbers(20).replace("\n3\n", "\nthree\n"));
    drafted.put("unknown", "draft\n");
    let synced = SystemTime::now();
    let (tracked, unknown) = (numbers(20).replace("\n15\n", "\n"), "tree\n");
    loop {
        drafted.fixture.write("tracked", &tracked);
        drafted.fixture.write("unknown", unknown);
        let changed =
            drafted.fixture.tree().join("tracked").metadata().unwrap().modified().unwrap();
        if changed > synced {
            break;
        }
    }
    assert_eq!(
        shown(&workspace),
        ["Modified tracked +1 -1", "Modified unknown +1 -1 (changed in the tree, too) CONFLICT"]
    );
}

#[test]
fn what_landed_is_no_change_any_more_and_the_rest_is() {
    let fixture = Fixture::new();
    fixture.write("lines", "1\n2\n3\n");
    fixture.write("merged", numbers(20));
    let drafted = Drafted::by_hand(fixture);
    let (workspace, fixture) = (drafted.open(), &drafted.fixture);
    drafted.put("lines", "one\ntwo\n3\n");
    drafted.put("merged", numbers(20).replace("\n5\n", "\nfive\n"));
    workspace.changes().unwrap();
    fixture.write("merged", numbers(20).replace("\n15\n", "\nfifteen\n"));
    let lines = Pick {
        id: change(&workspace, "lines").id,
        hunks: Some(vec![HunkPick { hunk: 0, lines: Some(vec![0, 2]) }]),
    };
    let parts = workspace.selected(&[lines, whole(&workspace, "merged")]).unwrap();
    for part in &parts {
        let Wanted::File { bytes, .. } = &part.new else { panic!("{part:?}") };
        fixture.write(&part.path, bytes);
    }
    assert_eq!(fixture.read("lines"), "2\none\n3\n");
    workspace.landed(&parts).unwrap();
    // The draft has not seen the user's `fifteen` so far: it is not taken for a change back.
    assert_eq!(shown(&workspace), ["Modified lines +1 -1"]);
    assert!(
        fixture.read("merged").contains("five\n") && fixture.read("merged").contains("fifteen\n")
    );
}

#[test]
fn a_folder_of_both_that_the_user_removed_needs_a_new_mount() {
    let fixture = Fixture::new();
    fixture.write("sub/deep/old", "1\n");
    fixture.write("sub/old", "1\n");
    let Some(drafted) = Drafted::mounted(fixture) else { return };
    let (workspace, view, tree) = (drafted.open(), drafted.merged(), drafted.fixture.tree());
    fs::write(view.join("sub/mine"), "1\n").unwrap();
    fs::create_dir(view.join("new")).unwrap();
    fs::write(view.join("new/mine"), "1\n").unwrap();
    assert_eq!(snapshot(view).len(), 7);
    let stale = since();
    fixture_touch(&tree);
    assert!(!workspace.sync(stale).unwrap().must_remount);
    fs::remove_dir_all(tree.join("sub")).unwrap();
    assert!(workspace.sync(stale).unwrap().must_remount);
    assert_eq!(shown(&workspace), ["Created new/mine +1 -0", "Created sub/mine +1 -0"]);
}

/// A name came and went: the folder itself was touched.
fn fixture_touch(folder: &Path) {
    fs::write(folder.join("touch"), "").unwrap();
    fs::remove_file(folder.join("touch")).unwrap();
}
