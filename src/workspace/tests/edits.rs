use super::*;
use proptest::prelude::*;
use std::os::unix::fs::{MetadataExt, symlink};

#[test]
fn an_edit_is_shown_first_and_written_only_then() {
    let fixture = Fixture::new();
    fixture.write("a.txt", "one\ntwo\nthree\n");
    fs::set_permissions(fixture.tree().join("a.txt"), fs::Permissions::from_mode(0o751)).unwrap();
    let workspace = fixture.open(TreeKind::InPlace);
    let proposal = workspace.propose(&edit("a.txt", "two\n", "2\n")).unwrap();
    assert_eq!(proposal.change.counts(), (1, 1));
    assert_eq!(fixture.read("a.txt"), "one\ntwo\nthree\n");
    let written = workspace.write(&proposal, &Accepted::All).unwrap();
    assert_eq!(written.extent, Extent::All);
    assert_eq!(fixture.read("a.txt"), "one\n2\nthree\n");
    let all = snapshot(&fixture.tree());
    assert_eq!(all.len(), 1, "no other file is left");
    assert_eq!(all[Path::new("a.txt")].0 & 0o7777, 0o751);
    assert!(workspace.changes().unwrap().is_empty() && workspace.patch().unwrap().is_empty());
}

#[test]
fn extended_attributes_stay() {
    let fixture = Fixture::new();
    fixture.write("a", "one");
    let path = fixture.tree().join("a");
    let flags = rustix::fs::XattrFlags::empty();
    if rustix::fs::setxattr(&path, "user.brisk", b"kept", flags).is_err() {
        println!("skipped: this file system has no extended attributes");
        return;
    }
    let workspace = fixture.open(TreeKind::InPlace);
    let proposal = workspace.propose(&edit("a", "one", "two")).unwrap();
    workspace.write(&proposal, &Accepted::All).unwrap();
    let mut value = [0; 16];
    let length = rustix::fs::getxattr(&path, "user.brisk", &mut value[..]).unwrap();
    assert_eq!((&value[..length], fixture.read("a").as_str()), (&b"kept"[..], "two"));
}

#[test]
fn a_new_file_comes_with_its_folders() {
    let fixture = Fixture::new();
    let workspace = fixture.open(TreeKind::InPlace);
    let new = Edit { path: "a/b/c.txt".to_owned(), old: None, new: "x\n".to_owned() };
    let proposal = workspace.propose(&new).unwrap();
    assert_eq!(proposal.change.kind, crate::protocol::ChangeKind::Created);
    assert!(!fixture.tree().join("a").exists());
    workspace.write(&proposal, &Accepted::All).unwrap();
    assert_eq!(fixture.read("a/b/c.txt"), "x\n");
    assert!(matches!(workspace.propose(&new), Err(EditError::Exists { lines: 1, .. })));
    fixture.write("empty", "");
    let proposal = workspace.propose(&edit("empty", "", "y")).unwrap();
    workspace.write(&proposal, &Accepted::All).unwrap();
    assert_eq!(fixture.read("empty"), "y");
}

#[test]
fn folders_that_were_made_for_a_file_that_failed_go_again() {
    let fixture = Fixture::new();
    let workspace = fixture.open(TreeKind::InPlace);
    let path = format!("a/b/{}", "n".repeat(300));
    // The system tells of a name that is too long before or when it is written.
    match workspace.propose(&edit(&path, "", "x")) {
        Err(error) => assert!(matches!(error, EditError::File(FileError::Io { .. })), "{error}"),
        Ok(proposal) => {
            let error = workspace.write(&proposal, &Accepted::All).unwrap_err();
            assert!(matches!(error, WriteError::File(FileError::Io { .. })), "{error}");
        }
    }
    assert!(snapshot(&fixture.tree()).is_empty());
}

#[test]
fn a_file_that_changed_meanwhile_is_not_overwritten_but_proposed_again() {
    let fixture = Fixture::new();
    fixture.write("a", "one\ntwo\n");
    let workspace = fixture.open(TreeKind::InPlace);
    let proposal = workspace.propose(&edit("a", "two", "2")).unwrap();
    fixture.write("a", "zero\none\ntwo\n");
    let Err(WriteError::Moved(fresh)) = workspace.write(&proposal, &Accepted::All) else {
        panic!("it was written")
    };
    assert_eq!(fixture.read("a"), "zero\none\ntwo\n");
    assert_eq!(fresh.change.hunks[0].old_lines, 3);
    workspace.write(&fresh, &Accepted::All).unwrap();
    assert_eq!(fixture.read("a"), "zero\none\n2\n");

    let proposal = workspace.propose(&edit("a", "2", "3")).unwrap();
    fixture.write("a", "other\n");
    let error = workspace.write(&proposal, &Accepted::All).unwrap_err();
    assert!(matches!(error, WriteError::Gone(EditError::NotFound { .. })), "{error}");
    let proposal = workspace.propose(&edit("new", "", "mine")).unwrap();
    fixture.write("new", "theirs");
    let error = workspace.write(&proposal, &Accepted::All).unwrap_err();
    assert!(matches!(error, WriteError::Gone(EditError::Exists { .. })), "{error}");
    let proposal = workspace.propose(&edit("a", "other", "mine")).unwrap();
    fs::remove_file(fixture.tree().join("a")).unwrap();
    let error = workspace.write(&proposal, &Accepted::All).unwrap_err();
    assert!(matches!(error, WriteError::Gone(EditError::File(FileError::Missing { .. }))));
    assert_eq!(snapshot(&fixture.tree()).len(), 1, "only `new` is left");
}

#[test]
fn what_must_not_be_written_is_refused_and_nothing_is_touched() {
    let fixture = Fixture::with_git();
    fixture.write("binary", b"a\0b");
    fixture.write("folder/file", "text");
    fixture.write("locked", "text");
    fixture.write("shut/file", "text");
    fs::write(fixture.holder.path().join("outside"), "text").unwrap();
    let tree = fixture.tree();
    symlink("../outside", tree.join("out")).unwrap();
    symlink("..", tree.join("up")).unwrap();
    make_pipe(&tree.join("pipe"));
    fs::File::create(tree.join("large")).unwrap().set_len(FILE_BYTES_MAX + 1).unwrap();
    fs::set_permissions(tree.join("locked"), fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(tree.join("shut"), fs::Permissions::from_mode(0o555)).unwrap();
    let before = snapshot(&tree);
    let workspace = fixture.open(TreeKind::InPlace);
    let refused = |path: &str| match workspace.propose(&edit(path, "text", "new")) {
        Err(EditError::File(error)) => {
            let create = Edit { path: path.to_owned(), old: None, new: "new".to_owned() };
            assert!(workspace.propose(&create).is_err() || path == "missing", "{path}");
            error
        }
        other => panic!("{path}: {other:?}"),
    };
    use FileError as E;
    assert!(matches!(refused("binary"), E::Binary { bytes: 3, .. }));
    assert!(matches!(refused("folder"), E::Folder { .. }));
    assert!(matches!(refused("missing"), E::Missing { .. }));
    assert!(matches!(refused("../outside"), E::Outside { .. }));
    assert!(matches!(refused("folder/../../outside"), E::Outside { .. }));
    assert!(matches!(refused("/etc/passwd"), E::Outside { .. }));
    assert!(matches!(refused("~/.ssh/authorized_keys"), E::Outside { .. }));
    assert!(matches!(refused("out"), E::LinkOutside { .. }));
    assert!(matches!(refused("up/outside"), E::LinkOutside { .. }));
    for path in [".git/config", ".GIT/config", ".git\u{200c}/config", "folder/.git/hooks/x"] {
        assert!(matches!(refused(path), E::Protected { .. }), "{path}");
    }
    assert!(matches!(refused("pipe"), E::Special { .. }));
    assert!(matches!(refused("large"), E::Large { .. }));
    assert!(matches!(refused("locked"), E::ReadOnly { .. }));
    assert!(matches!(refused("shut/file"), E::ReadOnlyFolder { .. }));
    for path in ["", ".", "..", "folder/", "a\0b"] {
        assert!(matches!(refused(path), E::Name { .. }), "{path:?}");
    }
    assert_eq!(snapshot(&tree), before);
    fs::set_permissions(tree.join("shut"), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_link_inside_is_followed_and_stays_a_link() {
    let fixture = Fixture::new();
    fixture.write("real/a", "one\n");
    symlink("real/a", fixture.tree().join("link")).unwrap();
    let workspace = fixture.open(TreeKind::InPlace);
    let proposal = workspace.propose(&edit("link", "one", "two")).unwrap();
    assert_eq!(proposal.change.path, "real/a");
    assert_eq!(proposal.change.note.as_deref(), Some("link is a link to it"));
    workspace.write(&proposal, &Accepted::All).unwrap();
    assert_eq!(fixture.read("real/a"), "two\n");
    assert!(fixture.tree().join("link").is_symlink());
    let excerpt = workspace.read("link", None, None).unwrap();
    assert_eq!((excerpt.path.as_str(), excerpt.text.as_str()), ("real/a", "1\ttwo\n"));
}

#[test]
fn a_hard_link_gets_its_own_copy_and_that_is_said() {
    let fixture = Fixture::new();
    fixture.write("a", "one\n");
    fs::hard_link(fixture.tree().join("a"), fixture.tree().join("b")).unwrap();
    let workspace = fixture.open(TreeKind::InPlace);
    let proposal = workspace.propose(&edit("a", "one", "two")).unwrap();
    let note = proposal.change.note.as_deref();
    assert_eq!(note, Some("2 hard links: this path gets its own copy"));
    workspace.write(&proposal, &Accepted::All).unwrap();
    assert_eq!((fixture.read("a").as_str(), fixture.read("b").as_str()), ("two\n", "one\n"));
    assert_eq!(fixture.tree().join("b").metadata().unwrap().nlink(), 1);
}

#[test]
fn paths_count_from_where_the_user_started_and_else_from_the_root() {
    let fixture = Fixture::with_git();
    fixture.write("sub/a", "here\n");
    fixture.write("a", "above\n");
    fixture.write("only/above", "above\n");
    let workspace =
        Workspace::open(&fixture.tree().join("sub"), Backing::InPlace, &fixture.scratch()).unwrap();
    assert_eq!(workspace.root(), fixture.tree());
    assert_eq!(workspace.shell_folder(), fixture.tree().join("sub"));
    let path = |path: &str| workspace.read(path, None, None).map(|excerpt| excerpt.path);
    assert_eq!(path("a").unwrap(), "sub/a");
    assert_eq!(path("../a").unwrap(), "a");
    assert_eq!(path("sub/a").unwrap(), "sub/a");
    assert_eq!(path("only/above").unwrap(), "only/above");
    assert_eq!(path(fixture.tree().join("a").to_str().unwrap()).unwrap(), "a");
    let new = |path: &str| workspace.propose(&edit(path, "", "x")).unwrap().change.path;
    assert_eq!(new("new"), "sub/new");
    assert_eq!(new("only/new"), "only/new");
    assert_eq!(new("deep/new"), "sub/deep/new");
}

#[test]
fn errors_say_what_to_do_next() {
    let fixture = Fixture::new();
    fixture.write("a.rs", "fn main() {\n    run();\n}\nfn other() {\n    run();\n}\n");
    let workspace = fixture.open(TreeKind::InPlace);
    let said =
        |old: &str, new: &str| workspace.propose(&edit("a.rs", old, new)).unwrap_err().to_string();
    assert_eq!(
        said("run();", "stop();"),
        "the old text occurs 2 times in a.rs, at lines 2, 5; add lines around the one that is meant"
    );
    assert_eq!(
        said("fn main() {\nrun();", "x"),
        "the old text does not occur in a.rs; nearest text, which differs in blanks at the start \
         or end of lines only:\n1\tfn main() {\n2\t    run();"
    );
    assert_eq!(
        said("run", "run"),
        "the edit changes nothing in a.rs: old and new text are the same"
    );
    assert_eq!(
        said("", "x"),
        "a.rs exists and has 6 lines: read it, then change the lines that are meant"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_choice_of_hunks_is_written_as_it_was_shown(
        lines in proptest::collection::vec("[a-z]{1,4}", 20..60),
        marks in proptest::collection::btree_set(0_usize..60, 1..6),
        chosen in any::<u8>(),
    ) {
        let line = |index: usize, changed: bool| {
            let mark = if changed { "!" } else { "" };
            format!("{index} {}{mark}\r\n", lines[index])
        };
        let text = |is_changed: &dyn Fn(usize) -> bool| -> String {
            (0..lines.len()).map(|index| line(index, is_changed(index))).collect()
        };
        let old = text(&|_| false);
        let new = text(&|index| marks.contains(&index));
        prop_assume!(old != new);
        let fixture = Fixture::new();
        fixture.write("f", &old);
        let workspace = fixture.open(TreeKind::InPlace);
        let proposal = workspace.propose(&edit("f", &old, &new)).unwrap();
        let hunks: Vec<usize> =
            (0..proposal.change.hunks.len()).filter(|hunk| chosen >> hunk & 1 == 1).collect();
        let written = workspace.write(&proposal, &Accepted::Hunks(hunks.clone())).unwrap();
        let within = |index: usize| hunks.iter().any(|hunk| {
            let hunk = &proposal.change.hunks[*hunk];
            let number = u32::try_from(index).unwrap() + 1;
            (hunk.old_start..hunk.old_start + hunk.old_lines).contains(&number)
        });
        let expected = text(&|index| marks.contains(&index) && within(index));
        prop_assert_eq!(fixture.read("f"), expected);
        let all = proposal.change.hunks.len();
        let extent = match hunks.len() {
            0 => Extent::Nothing,
            count if count == all => Extent::All,
            _ => Extent::Partly,
        };
        prop_assert_eq!(written.extent, extent);
        prop_assert_eq!(written.change.hunks.len(), hunks.len());
    }
}
