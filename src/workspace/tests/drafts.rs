use super::draft_fixture::{Drafted, change, shown, whole};
use super::*;
use crate::protocol::{Author, HunkPick};
use std::os::unix::fs::symlink;

fn file(bytes: &str) -> Wanted {
    Wanted::File { bytes: bytes.into(), executable: false }
}

#[test]
fn every_kind_of_change_in_what_was_written_is_found() {
    let fixture = Fixture::with_git();
    let tree = fixture.tree();
    for path in ["edited", "gone", "mode", "retyped", "swapped/a", "swapped/b/c", "rm/a", "rm/b/c"]
    {
        fixture.write(path, format!("{path}\n"));
    }
    fixture.write("emptied/a", "old\n");
    fixture.write("emptied/kept", "kept\n");
    fixture.write("folded", "a file\n");
    fixture.write("same", "same\n");
    fixture.write("image", b"\0\x01");
    symlink("same", tree.join("link")).unwrap();
    fixture.commit();
    let drafted = Drafted::by_hand(fixture);
    drafted.put("edited", "edited\nmore");
    drafted.put("new/deep/file", "new\n");
    drafted.put(Path::new(OsStr::from_bytes(b"odd\n\xff")), "odd\n");
    drafted.put("same", "same\n");
    drafted.put("image", b"\0\x02\x03");
    drafted.put("mode", "mode\n");
    fs::set_permissions(drafted.upper().join("mode"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("elsewhere", drafted.upper().join("link")).unwrap();
    symlink("same", drafted.upper().join("retyped")).unwrap();
    drafted.whiteout("gone");
    drafted.whiteout("rm");
    drafted.whiteout("never there");
    drafted.put("swapped", "a file now\n");
    drafted.opaque("folded");
    drafted.put("folded/in", "in a folder now\n");
    drafted.opaque("emptied");
    drafted.put("emptied/kept", "kept\n");
    drafted.put(".git/index", "the draft's own");
    drafted.put("new/.git/HEAD", "a repository in it");
    make_pipe(&drafted.upper().join("pipe"));
    let workspace = drafted.open();
    assert_eq!(
        shown(&workspace),
        [
            "Modified edited +1 -0",
            "Deleted emptied/a +0 -1",
            "Deleted folded +0 -1",
            "Created folded/in +1 -0",
            "Deleted gone +0 -1",
            "Modified image +0 -0 (binary, 3 bytes)",
            "Modified link +0 -0 (links to elsewhere)",
            "Modified mode +0 -0 (mode 644 to 755)",
            "Created new/deep/file +1 -0",
            "Created odd\n\u{fffd} +1 -0",
            "Modified retyped +0 -1 (links to same)",
            "Deleted rm/a +0 -1",
            "Deleted rm/b/c +0 -1",
            "Created swapped +1 -0",
            "Deleted swapped/a +0 -1",
            "Deleted swapped/b/c +0 -1",
        ]
    );
    let ids: std::collections::BTreeSet<_> =
        workspace.changes().unwrap().into_iter().map(|change| change.id).collect();
    assert_eq!(ids.len(), 16);
    assert!(ids.iter().all(|id| id.0.len() == 20), "{ids:?}");
    // Another process sees the same, by the same ids.
    let again: std::collections::BTreeSet<_> =
        drafted.open().changes().unwrap().into_iter().map(|change| change.id).collect();
    assert_eq!(again, ids);
}

#[test]
fn what_git_leaves_out_is_no_change_unless_it_is_tracked() {
    let fixture = Fixture::with_git();
    fixture.write(".gitignore", "target/\n*.log\n!kept.log\nbuilt\n");
    fixture.write("target/tracked", "1\n");
    fixture.write("target/deep/tracked", "1\n");
    fixture.write("a.log", "1\n");
    fixture.write("sub/.gitignore", "*.o\n");
    fixture.write("sub/a.o", "1\n");
    fixture.write("sub/a.c", "1\n");
    git(&fixture.tree(), &["add", "-f", "target", "a.log"]);
    fixture.commit();
    fixture.write("target/left/out", "1\n");
    let drafted = Drafted::by_hand(fixture);
    drafted.put("target/tracked", "2\n");
    drafted.put("target/build/output", "x");
    drafted.whiteout("target/deep");
    drafted.put("built/x", "x");
    drafted.put("a.log", "2\n");
    drafted.put("b.log", "x");
    drafted.put("kept.log", "x\n");
    drafted.whiteout("sub");
    drafted.put("own/.gitignore", "*\n");
    drafted.put("own/file", "left out by the draft's own rules\n");
    let workspace = drafted.open();
    let expected = [
        "Modified a.log +1 -1",
        "Created kept.log +1 -0",
        "Deleted sub/.gitignore +0 -1",
        "Deleted sub/a.c +0 -1",
        "Deleted target/deep/tracked +0 -1",
        "Modified target/tracked +1 -1",
    ];
    assert_eq!(shown(&workspace), expected);
    // A rule of the draft's own hides nothing that git tracks.
    drafted.put(".gitignore", "*\n");
    let names = |shown: Vec<String>| shown.into_iter().map(|line| line.replace(" +", "\t+"));
    let hidden: Vec<_> = names(shown(&workspace)).filter(|line| line.contains("a.log")).collect();
    assert_eq!(hidden, ["Modified a.log\t+1 -1"]);
    // Rules may change, and what they leave out with them.
    drafted.put(".gitignore", "");
    let is_shown = || shown(&workspace).contains(&"Created b.log +1 -0".to_owned());
    assert!(is_shown());
    let exclude = drafted.fixture.tree().join(".git/info/exclude");
    fs::create_dir_all(exclude.parent().unwrap()).unwrap();
    fs::write(exclude, "b.log\n").unwrap();
    assert!(!is_shown());
}

#[test]
fn a_file_that_moved_is_one_change() {
    let fixture = Fixture::with_git();
    let text: String = (0..20).map(|line| format!("line {line}\n")).collect();
    fixture.write("src/old.rs", &text);
    fixture.write("a/mod.rs", "the same\n");
    fixture.write("b/mod.rs", "the same\n");
    fixture.write("other", "nothing like it\n");
    fixture.commit();
    let drafted = Drafted::by_hand(fixture);
    drafted.whiteout("src/old.rs");
    drafted.put("src/new.rs", text.replace("line 3\n", "line three\n"));
    drafted.whiteout("a");
    drafted.whiteout("b");
    drafted.put("c/mod.rs", "the same\n");
    drafted.whiteout("other");
    drafted.put("another", "not at all\n");
    let workspace = drafted.open();
    let expected = [
        "Created another +1 -0",
        "Deleted b/mod.rs +0 -1",
        "Renamed c/mod.rs from a/mod.rs +0 -0",
        "Deleted other +0 -1",
        "Renamed src/new.rs from src/old.rs +1 -1",
    ];
    assert_eq!(shown(&workspace), expected);
    assert_eq!(shown(&workspace), expected, "and again, from what is known");
    let moved = change(&workspace, "src/new.rs");
    let selected = workspace.selected(&[whole(&workspace, "src/new.rs")]).unwrap();
    let paths: Vec<_> = selected.iter().map(|one| one.path.to_str().unwrap()).collect();
    assert_eq!(paths, ["src/new.rs", "src/old.rs"]);
    assert_eq!((&selected[1].old, &selected[1].new), (&file(&text), &Wanted::Absent));
    let (old, new) = workspace.sides(&moved.id).unwrap();
    assert_eq!(old.unwrap(), text.as_bytes());
    assert!(new.unwrap().starts_with(b"line 0\n"));
}

#[test]
fn parts_are_chosen_by_hunk_and_by_line_and_only_as_they_were_shown() {
    let fixture = Fixture::new();
    fixture.write("file", "1\r\n2\n3\n4\n5\n6\n7\n8\n9\n10");
    let drafted = Drafted::by_hand(fixture);
    drafted.put("file", "one\r\n2\n3\n4\n5\n6\n7\n8\nnine\n10\n");
    fs::set_permissions(drafted.upper().join("file"), fs::Permissions::from_mode(0o755)).unwrap();
    let workspace = drafted.open();
    let id = change(&workspace, "file").id;
    let of = |hunks: Vec<HunkPick>| {
        let picks = [Pick { id: id.clone(), hunks: Some(hunks) }];
        let mut selected = workspace.selected(&picks)?;
        assert!(selected.len() < 2);
        Ok::<_, PickError>(selected.pop().map(|one| one.new))
    };
    let hunk = |hunk, lines: Option<&[usize]>| HunkPick { hunk, lines: lines.map(<[_]>::to_vec) };
    assert_eq!(of(vec![]).unwrap(), None);
    let first = of(vec![hunk(0, None)]).unwrap().unwrap();
    assert_eq!(first, file("one\r\n2\n3\n4\n5\n6\n7\n8\n9\n10"), "the mode stays out");
    // Only what was added, only what was removed.
    let added = of(vec![hunk(0, Some(&[1]))]).unwrap().unwrap();
    assert_eq!(added, file("1\r\none\r\n2\n3\n4\n5\n6\n7\n8\n9\n10"));
    let removed = of(vec![hunk(0, Some(&[0]))]).unwrap().unwrap();
    assert_eq!(removed, file("2\n3\n4\n5\n6\n7\n8\n9\n10"));
    // `10` without a newline cannot come before `nine`.
    let added = change(&workspace, "file").hunks[1].lines.len() - 1;
    assert!(matches!(of(vec![hunk(1, Some(&[added]))]), Err(PickError::Unended { .. })));
    assert!(matches!(of(vec![hunk(2, None)]), Err(PickError::Hunk { hunk: 2, .. })));
    let all = workspace.selected(&[Pick { id: id.clone(), hunks: None }]).unwrap();
    let bytes = b"one\r\n2\n3\n4\n5\n6\n7\n8\nnine\n10\n".to_vec();
    assert_eq!(all[0].new, Wanted::File { bytes, executable: true });
    drafted.put("file", "written meanwhile\n");
    assert!(matches!(of(vec![hunk(0, None)]), Err(PickError::Moved { .. })));
    assert!(workspace.sides(&id).is_none());
}

#[test]
fn who_made_a_change_is_remembered() {
    let fixture = Fixture::new();
    fixture.write("a", "1\n");
    fixture.write("b", "1\n");
    let drafted = Drafted::by_hand(fixture);
    let command = Author::Command("sed -i s/1/2/ a b".to_owned());
    let workspace = drafted.open();
    drafted.put("a", "two\n");
    workspace.authored(&Author::Edit).unwrap();
    drafted.put("a", "three\n");
    drafted.put("b", "two\n");
    assert_eq!(change(&workspace, "a").by, [Author::Edit]);
    workspace.authored(&command).unwrap();
    workspace.authored(&Author::User).unwrap();
    let workspace = drafted.open();
    assert_eq!(change(&workspace, "a").by, [Author::Edit, command.clone()]);
    assert_eq!(change(&workspace, "b").by, [command]);
    // What was taken back has no author any more.
    drafted.put("b", "1\n");
    workspace.authored(&Author::User).unwrap();
    drafted.put("b", "2\n2\n");
    workspace.authored(&Author::User).unwrap();
    assert_eq!(change(&workspace, "b").by, [Author::User]);
}

#[test]
fn a_submodule_and_what_is_too_large_are_shown_and_never_taken() {
    let fixture = Fixture::with_git();
    fixture.write("sub/.git", "gitdir: ../.git/modules/sub\n");
    fixture.write("sub/inner", "1\n");
    fixture.write("sub/same", "1\n");
    let drafted = Drafted::by_hand(fixture);
    drafted.put("sub/same", "1\n");
    let workspace = drafted.open();
    assert!(shown(&workspace).is_empty());
    drafted.put("sub/inner", "2\n");
    let large = fs::File::create(drafted.upper().join("large")).unwrap();
    large.set_len(PATCH_FILE_BYTES_MAX + 1).unwrap();
    assert_eq!(
        shown(&workspace),
        [
            "Created large +0 -0 (67.1 MB, too large to compare)",
            "Modified sub +0 -0 (submodule: 1 changed in it, never applied from here)"
        ]
    );
    let refused = |path: &str| workspace.selected(&[whole(&workspace, path)]).unwrap_err();
    assert!(matches!(refused("sub"), PickError::Submodule { .. }));
    let told = refused("large").to_string();
    let copy = format!("cp -P '{}'", drafted.upper().join("large").display());
    assert!(told.contains(&copy), "{told}");
    // The rest of the draft is a patch all the same.
    drafted.put("small", "1\n");
    assert!(String::from_utf8(workspace.patch().unwrap()).unwrap().contains("+1"));
    assert_eq!(workspace.too_large().unwrap(), [Path::new("large")]);
}

#[test]
fn the_patch_of_a_draft_makes_the_tree_what_the_draft_is() {
    let fixture = Fixture::with_git();
    let text: String = (0..20).map(|line| format!("line {line}\n")).collect();
    fixture.write("old name", &text);
    fixture.write("moved as it is", "1\n2\n");
    fixture.write("moved.bin", b"\0\x01\x02");
    fixture.write("crlf", "1\r\n2\r\n3");
    fixture.write("run.sh", "#!/bin/sh\n");
    fixture.write("gone", "1\n");
    fixture.write("becomes a link", "1\n");
    fixture.commit();
    let drafted = Drafted::by_hand(fixture);
    drafted.whiteout("old name");
    drafted.put("new \"name\"", text.replace("line 3\n", ""));
    drafted.whiteout("moved as it is");
    drafted.put("deep/moved", "1\n2\n");
    drafted.whiteout("moved.bin");
    drafted.put("deep/moved.bin", b"\0\x01\x02");
    fs::set_permissions(drafted.upper().join("deep/moved.bin"), fs::Permissions::from_mode(0o755))
        .unwrap();
    drafted.put("crlf", "1\r\ntwo\r\n3");
    drafted.put("run.sh", "#!/bin/sh\n");
    fs::set_permissions(drafted.upper().join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    drafted.whiteout("gone");
    symlink("crlf", drafted.upper().join("becomes a link")).unwrap();
    let workspace = drafted.open();
    let patch = drafted.fixture.scratch().join("patch");
    fs::write(&patch, workspace.patch().unwrap()).unwrap();
    let tree = drafted.fixture.tree();
    git(&tree, &["apply", "--check", patch.to_str().unwrap()]);
    git(&tree, &["apply", patch.to_str().unwrap()]);
    assert!(shown(&workspace).is_empty(), "{:?}", shown(&workspace));
    assert!(tree.join("becomes a link").is_symlink() && !tree.join("old name").exists());
}

#[test]
fn what_nobody_may_read_keeps_nothing_else_from_being_shown() {
    if rustix::process::geteuid().is_root() {
        println!("skipped: root may read everything");
        return;
    }
    let drafted = Drafted::by_hand(Fixture::new());
    drafted.put("closed/file", "x\n");
    drafted.put("file", "x\n");
    drafted.put("open", "x\n");
    let close = |path: &str, mode| {
        fs::set_permissions(drafted.upper().join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    close("closed", 0);
    close("file", 0);
    let lines = shown(&drafted.open());
    close("closed", 0o700);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("Created closed +0 -0 (cannot be read: "), "{lines:?}");
    assert!(lines[1].starts_with("Created file +0 -0 (cannot be read: "), "{lines:?}");
    assert_eq!(lines[2], "Created open +1 -0");
}
