use super::draft_fixture::{Drafted, change, shown, whole};
use super::*;
use crate::protocol::{Author, HunkPick, Keep};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, symlink};

fn part(workspace: &Workspace, path: &str, hunk: usize, lines: Option<&[usize]>) -> Pick {
    let lines = lines.map(<[_]>::to_vec);
    Pick { id: change(workspace, path).id, hunks: Some(vec![HunkPick { hunk, lines }]) }
}

#[test]
fn what_is_taken_back_is_as_in_the_tree() {
    let fixture = Fixture::with_git();
    let tree = fixture.tree();
    for path in ["edited", "folder/gone", "folder/deep/gone", "renamed", "swapped", "link"] {
        fixture.write(path, format!("{path}\n1\n2\n"));
    }
    fs::set_permissions(tree.join("folder/gone"), fs::Permissions::from_mode(0o750)).unwrap();
    fs::set_permissions(tree.join("edited"), fs::Permissions::from_mode(0o640)).unwrap();
    fixture.commit();
    let Some(drafted) = Drafted::mounted(fixture) else { return };
    let (workspace, view) = (drafted.open(), drafted.merged());
    fs::write(view.join("edited"), "other\n").unwrap();
    fs::set_permissions(view.join("edited"), fs::Permissions::from_mode(0o444)).unwrap();
    fs::remove_dir_all(view.join("folder")).unwrap();
    fs::create_dir_all(view.join("new/deep")).unwrap();
    fs::write(view.join("new/deep/file"), "x\n").unwrap();
    fs::rename(view.join("renamed"), view.join("moved")).unwrap();
    fs::remove_file(view.join("swapped")).unwrap();
    fs::create_dir(view.join("swapped")).unwrap();
    fs::write(view.join("swapped/in"), "x\n").unwrap();
    fs::remove_file(view.join("link")).unwrap();
    symlink("edited", view.join("link")).unwrap();
    fs::File::create(view.join("large")).unwrap().set_len(PATCH_FILE_BYTES_MAX + 1).unwrap();
    assert_eq!(workspace.changes().unwrap().len(), 9);
    let picks: Vec<_> = workspace.changes().unwrap();
    let picks: Vec<_> = picks.into_iter().map(|it| Pick { id: it.id, hunks: None }).collect();
    workspace.reject(&picks).unwrap();
    assert_eq!(shown(&workspace), Vec::<String>::new());
    assert_eq!(snapshot(view), snapshot(&tree));
    let time = |root: &Path| root.join("folder/gone").metadata().unwrap().mtime_nsec();
    assert_eq!(time(view), time(&tree), "build tools go by it");
}

#[test]
fn parts_are_taken_back_and_the_rest_stays() {
    let fixture = Fixture::new();
    fixture.write("file", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    fixture.write("gone", "a\nb\n");
    let Some(drafted) = Drafted::mounted(fixture) else { return };
    let (workspace, view) = (drafted.open(), drafted.merged());
    fs::write(view.join("file"), "one\n2\n3\n4\n5\n6\n7\n8\nnine\n").unwrap();
    fs::write(view.join("new"), "1\n2\n").unwrap();
    fs::remove_file(view.join("gone")).unwrap();
    workspace.authored(&Author::Edit).unwrap();
    assert_eq!(workspace.reject(&[part(&workspace, "file", 0, None)]).unwrap(), ["file"]);
    assert_eq!(drafted.read("file"), "1\n2\n3\n4\n5\n6\n7\n8\nnine\n");
    assert_eq!(change(&workspace, "file").by, [Author::Edit]);
    workspace.authored(&Author::User).unwrap();
    assert_eq!(change(&workspace, "file").by, [Author::Edit], "taking back makes no author");
    workspace.reject(&[part(&workspace, "new", 0, Some(&[0]))]).unwrap();
    assert_eq!(drafted.read("new"), "2\n");
    workspace.reject(&[part(&workspace, "gone", 0, Some(&[1]))]).unwrap();
    assert_eq!(drafted.read("gone"), "b\n");
    assert_eq!(
        shown(&workspace).join("; "),
        "Modified file +1 -1; Modified gone +0 -1; Created new +1 -0"
    );
    // A created file of which nothing is left is gone, with what was not picked again untouched.
    workspace.reject(&[part(&workspace, "new", 0, Some(&[0]))]).unwrap();
    assert!(!view.join("new").exists());
    assert_eq!(drafted.fixture.read("file"), "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
}

#[test]
fn a_change_that_is_not_what_was_shown_is_not_taken_back() {
    let fixture = Fixture::new();
    fixture.write("a", "1\n");
    fixture.write("b", "1\n");
    let Some(drafted) = Drafted::mounted(fixture) else { return };
    let (workspace, view) = (drafted.open(), drafted.merged());
    fs::write(view.join("a"), "2\n").unwrap();
    fs::write(view.join("b"), "2\n").unwrap();
    let picks = ["a", "b"].map(|path| whole(&workspace, path));
    fs::write(view.join("b"), "the agent goes on\n").unwrap();
    let error = workspace.reject(&picks).unwrap_err();
    assert_eq!(error.to_string(), "b changed since it was shown; look at it again");
    assert_eq!(drafted.read("a"), "2\n", "nothing was written");
    let unknown = Pick { id: ChangeId("0".repeat(20)), hunks: None };
    assert!(matches!(workspace.reject(&[unknown]), Err(PickError::Moved { path: None })));
}

#[test]
fn a_renamed_file_can_lose_a_hunk_and_keep_its_name() {
    let fixture = Fixture::new();
    let text: String = (0..20).map(|line| format!("{line}\n")).collect();
    fixture.write("old", &text);
    let Some(drafted) = Drafted::mounted(fixture) else { return };
    let (workspace, view) = (drafted.open(), drafted.merged());
    fs::remove_file(view.join("old")).unwrap();
    fs::write(view.join("new"), text.replace("\n5\n", "\nfive\n").replace("\n15\n", "\n")).unwrap();
    workspace.reject(&[part(&workspace, "new", 0, None)]).unwrap();
    assert_eq!(shown(&workspace), ["Renamed new from old +0 -1"]);
    workspace.reject(&[part(&workspace, "new", 0, None)]).unwrap();
    assert_eq!(shown(&workspace), ["Renamed new from old +0 -0"]);
    workspace.reject(&[whole(&workspace, "new")]).unwrap();
    assert_eq!(snapshot(view), snapshot(&drafted.fixture.tree()));
}

#[test]
fn an_amended_hunk_keeps_every_other_byte() {
    let fixture = Fixture::new();
    fixture.write("file", b"1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n6\r\n7\r\n8\r\n\xff\r\nlast");
    let Some(drafted) = Drafted::mounted(fixture) else { return };
    let (workspace, view) = (drafted.open(), drafted.merged());
    fs::write(view.join("file"), b"one\r\n2\r\n3\r\n4\r\n5\r\n6\r\n6\r\n7\r\n8\r\n\xff\r\nLAST")
        .unwrap();
    workspace.authored(&Author::Edit).unwrap();
    let id = change(&workspace, "file").id;
    workspace.amend(&id, 1, "7\n8 and a half\n\u{fffd}\nthe end\n").unwrap();
    assert_eq!(
        fs::read(view.join("file")).unwrap(),
        b"one\r\n2\r\n3\r\n4\r\n5\r\n6\r\n6\r\n7\r\n8 and a half\r\n\xff\r\nthe end"
    );
    let amended = change(&workspace, "file");
    assert_eq!(amended.by, [Author::Edit, Author::User]);
    workspace.amend(&amended.id, 0, "").unwrap();
    assert_eq!(
        fs::read(view.join("file")).unwrap(),
        b"5\r\n6\r\n6\r\n7\r\n8 and a half\r\n\xff\r\nthe end"
    );
    assert!(matches!(workspace.amend(&id, 0, ""), Err(PickError::Moved { .. })));
    let id = change(&workspace, "file").id;
    workspace.rewrite(&id, "x\r\ny").unwrap();
    assert_eq!(fs::read(view.join("file")).unwrap(), b"x\r\ny", "a whole file is taken as it is");
    assert_eq!(change(&workspace, "file").by, [Author::Edit, Author::User]);
    assert!(matches!(workspace.rewrite(&id, ""), Err(PickError::Moved { .. })));
}

#[test]
fn a_conflict_is_shown_refused_and_settled_either_way() {
    let fixture = Fixture::with_git();
    for path in ["a", "b", "gone"] {
        fixture.write(path, "1\n");
    }
    fixture.commit();
    let Some(drafted) = Drafted::mounted(fixture) else { return };
    let (workspace, view, fixture) = (drafted.open(), drafted.merged(), &drafted.fixture);
    fs::write(view.join("a"), "draft\n").unwrap();
    fs::write(view.join("b"), "draft\n").unwrap();
    fs::remove_file(view.join("gone")).unwrap();
    workspace.authored(&Author::Edit).unwrap();
    for path in ["a", "b", "gone"] {
        fixture.write(path, "tree\n");
    }
    let conflicts = ["a", "b", "gone"].map(str::to_owned);
    for freshness in [Freshness::Remounted, Freshness::Stale { since: std::time::UNIX_EPOCH }] {
        assert_eq!(workspace.sync(freshness).unwrap().conflicts, conflicts);
    }
    assert_eq!((drafted.read("a").as_str(), fixture.read("a").as_str()), ("draft\n", "tree\n"));
    let note = "changed in the tree, too) CONFLICT";
    let lines = shown(&workspace);
    assert!(lines.iter().all(|line| line.ends_with(note)) && lines.len() == 3, "{lines:?}");
    let refused = workspace.selected(&[whole(&workspace, "a")]).unwrap_err();
    assert!(matches!(refused, PickError::Conflict { .. }));
    for (path, keep) in [("a", Keep::Draft), ("b", Keep::Tree), ("gone", Keep::Tree)] {
        workspace.resolve(&change(&workspace, path).id, keep).unwrap();
    }
    assert_eq!(shown(&workspace), ["Modified a +1 -1"]);
    assert_eq!((drafted.read("b").as_str(), drafted.read("gone").as_str()), ("tree\n", "tree\n"));
    assert_eq!(workspace.selected(&[whole(&workspace, "a")]).unwrap().len(), 1);
    // A process that comes later knows how it was settled.
    assert_eq!(shown(&drafted.open()), ["Modified a +1 -1"]);
}

#[test]
fn the_agents_edits_go_through_the_view_and_not_into_the_tree() {
    let fixture = Fixture::new();
    let tree = fixture.tree();
    fixture.write("sub/file", "1\n2\n");
    symlink(tree.join("sub"), tree.join("absolute")).unwrap();
    symlink("/etc", tree.join("outside")).unwrap();
    let Some(drafted) = Drafted::mounted(fixture) else { return };
    let before = snapshot(&tree);
    // As a handle that another process gave: a link that only the system can follow.
    let handle = fs::File::open(drafted.merged()).unwrap();
    let workspace = drafted.open_at(format!("/proc/self/fd/{}", handle.as_raw_fd()).into());
    let full = tree.join("sub/file");
    assert_eq!(workspace.read("absolute/file", None, None).unwrap().path, "sub/file");
    assert!(matches!(
        workspace.read("outside/passwd", None, None),
        Err(FileError::LinkOutside { .. })
    ));
    for (path, old, new) in [
        ("absolute/file", "1\n", "one\n"),
        (full.to_str().unwrap(), "2\n", "two\n"),
        ("a/b", "", "x\n"),
    ] {
        let proposal = workspace.propose(&edit(path, old, new)).unwrap();
        workspace.write(&proposal, &Accepted::All).unwrap();
    }
    assert_eq!(drafted.read("sub/file"), "one\ntwo\n");
    assert_eq!(shown(&workspace), ["Created a/b +1 -0", "Modified sub/file +2 -2"]);
    assert_eq!(snapshot(&tree), before);
    workspace.reject(&[whole(&workspace, "sub/file")]).unwrap();
    assert_eq!(drafted.read("sub/file"), "1\n2\n");
}
