//! Several changes in one step.

use super::draft_fixture::Drafted;
use super::*;

fn patch(text: &str) -> Vec<Alteration> {
    let text = format!("*** Begin Patch\n{text}*** End Patch");
    parse_patch(&text).unwrap().into_iter().map(Alteration::Patch).collect()
}

const THREE: &str = "*** Update File: a\n@@\n-a\n+A\n*** Add File: deep/er/new\n+new\n\
                     *** Update File: b\n*** Move to: moved/b\n@@\n-b\n+B\n*** Delete File: c\n";

fn three() -> Fixture {
    let fixture = Fixture::new();
    ["a", "b", "c"].iter().for_each(|name| fixture.write(name, format!("{name}\n")));
    fs::set_permissions(fixture.tree().join("b"), fs::Permissions::from_mode(0o750)).unwrap();
    fixture
}

const KINDS: [TreeKind; 2] = [TreeKind::InPlace, TreeKind::Copy];

fn assert_three_are_written(workspace: &Workspace) {
    let root = workspace.work_root();
    let before = snapshot(root);
    let proposals = workspace.propose_all(&patch(THREE)).unwrap();
    assert_eq!(snapshot(root), before, "nothing is written by it");
    let shown: Vec<_> = proposals
        .iter()
        .map(|proposal| {
            (proposal.change.path.as_str(), proposal.change.kind, proposal.change.counts())
        })
        .collect();
    use crate::protocol::ChangeKind::{Created, Deleted, Modified, Renamed};
    assert_eq!(
        shown,
        [
            ("a", Modified, (1, 1)),
            ("deep/er/new", Created, (1, 0)),
            ("moved/b", Renamed, (1, 1)),
            ("c", Deleted, (0, 1)),
        ]
    );
    assert_eq!(proposals[2].change.from.as_deref(), Some("b"));
    let written = workspace.write_all(&proposals, &vec![Accepted::All; 4]).unwrap();
    assert_eq!(written.len(), 4);
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    assert_eq!((read("a"), read("deep/er/new")), ("A\n".into(), "new\n".into()));
    assert_eq!(read("moved/b"), "B\n");
    let mode = fs::metadata(root.join("moved/b")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o750, "a file that moves keeps its mode");
    assert!(!root.join("b").exists() && !root.join("c").exists());
}

#[test]
fn all_files_of_a_patch_are_proposed_and_then_written() {
    for kind in KINDS {
        assert_three_are_written(&three().open(kind));
    }
}

#[test]
fn a_patch_of_several_files_is_written_into_a_draft() {
    let Some(drafted) = Drafted::mounted(three()) else { return };
    let before = snapshot(&drafted.fixture.tree());
    let workspace = drafted.open();
    assert_three_are_written(&workspace);
    assert_eq!(snapshot(&drafted.fixture.tree()), before);
    let changes = workspace.changes().unwrap();
    let paths: Vec<_> = changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["a", "b", "c", "deep/er/new", "moved/b"]);
}

#[test]
fn in_place_a_patch_of_several_files_is_undone_as_one() {
    let fixture = three();
    let workspace = fixture.open(TreeKind::InPlace);
    workspace.watch().unwrap();
    let before = snapshot(&fixture.tree());
    workspace.checkpoint("patch").unwrap();
    assert_three_are_written(&workspace);
    let after = snapshot(&fixture.tree());
    let seen = workspace.scan(&crate::protocol::Author::Command("make".into())).unwrap();
    assert_eq!(seen, [], "what brisk wrote is no command's doing");
    assert_eq!(workspace.undo(&mut || Ok(())).unwrap().what, "patch");
    assert_eq!(snapshot(&fixture.tree()), before);
    workspace.redo(&mut || Ok(())).unwrap();
    assert_eq!(snapshot(&fixture.tree()), after);
}

#[test]
fn if_one_file_cannot_be_written_the_others_are_as_they_were() {
    for kind in KINDS {
        for moved in ["a", "b", "c", "deep/er/new", "moved/b"] {
            let fixture = three();
            let workspace = fixture.open(kind);
            let root = workspace.work_root();
            let proposals = workspace.propose_all(&patch(THREE)).unwrap();
            fs::create_dir_all(root.join(moved).parent().unwrap()).unwrap();
            fs::write(root.join(moved), "theirs\n").unwrap();
            let before = snapshot(root);
            let error = workspace.write_all(&proposals, &vec![Accepted::All; 4]).unwrap_err();
            let is_moved = matches!(error, WriteError::Moved(_) | WriteError::Gone(_));
            assert!(is_moved, "{kind:?} {moved}: {error}");
            assert!(error.to_string().contains(moved), "{kind:?} {moved}: {error}");
            assert_eq!(snapshot(root), before, "{kind:?} {moved}");
        }
    }
}

#[test]
fn a_file_that_went_comes_back_with_its_mode() {
    for kind in KINDS {
        let fixture = three();
        fixture.write("run", "x\n");
        fs::set_permissions(fixture.tree().join("run"), fs::Permissions::from_mode(0o755)).unwrap();
        let workspace = fixture.open(kind);
        let root = workspace.work_root();
        let proposals =
            workspace.propose_all(&patch("*** Delete File: run\n*** Delete File: c\n")).unwrap();
        fs::write(root.join("c"), "theirs\n").unwrap();
        let before = snapshot(root);
        workspace.write_all(&proposals, &vec![Accepted::All; 2]).unwrap_err();
        assert_eq!(snapshot(root), before, "{kind:?}");
    }
}

#[test]
fn what_was_not_accepted_is_left_out() {
    let fixture = three();
    let workspace = fixture.open(TreeKind::InPlace);
    let proposals = workspace.propose_all(&patch(THREE)).unwrap();
    let none = || Accepted::Hunks(Vec::new());
    let written =
        workspace.write_all(&proposals, &[Accepted::All, none(), none(), none()]).unwrap();
    let extents: Vec<_> = written.iter().map(|one| one.extent).collect();
    assert_eq!(extents, [Extent::All, Extent::Nothing, Extent::Nothing, Extent::Nothing]);
    assert_eq!(
        (fixture.read("a"), fixture.read("b"), fixture.read("c")),
        ("A\n".into(), "b\n".into(), "c\n".into())
    );
    assert!(!fixture.tree().join("deep").exists() && !fixture.tree().join("moved").exists());
}

#[test]
fn one_file_that_does_not_fit_refuses_the_whole_patch() {
    let fixture = three();
    fs::create_dir(fixture.tree().join(".git")).unwrap();
    fixture.write("twice", "x\ny\nx\n");
    std::os::unix::fs::symlink("a", fixture.tree().join("link")).unwrap();
    let workspace = fixture.open(TreeKind::InPlace);
    let error = |text: &str| {
        workspace.propose_all(&patch(&format!("{THREE}{text}"))).unwrap_err().to_string()
    };
    for (text, said) in [
        (
            "*** Update File: twice\n@@\n y\n@@\n-z\n+zz\n",
            "hunk 2 of 2 for twice is not in the file",
        ),
        (
            "*** Update File: twice\n@@\n-x\n+z\n",
            "hunk 1 of 1 for twice fits in 2 places, at lines 1, 3",
        ),
        (
            "*** Update File: twice\n@@ q\n-x\n+z\n",
            "hunk 1 of 1 for twice comes after a line that is not in the file, `q`",
        ),
        ("*** Delete File: none\n", "none: no such file"),
        ("*** Delete File: link\n", "link is a link"),
        ("*** Add File: .git/hooks/x\n+x\n", "belongs to git"),
        ("*** Update File: twice\n*** Move to: .git/x\n", "belongs to git"),
        ("*** Update File: twice\n*** Move to: ../x\n", "outside of the workspace"),
        ("*** Update File: twice\n*** Move to: link\n", "exists: nothing is moved over it"),
        ("*** Update File: ./a\n@@\n-a\n+z\n", "./a is named twice"),
        ("*** Add File: moved/b\n+x\n", "moved/b is named twice"),
        ("*** Add File: twice\n+x\n", "twice exists and has 3 lines"),
    ] {
        let error = error(text);
        assert!(error.contains(said), "{text:?}: {error}");
    }
}

#[test]
fn a_file_is_moved_as_it_is() {
    let fixture = three();
    let workspace = fixture.open(TreeKind::InPlace);
    let proposals =
        workspace.propose_all(&patch("*** Update File: a\n*** Move to: x/a\n")).unwrap();
    assert_eq!(proposals[0].change.hunks, []);
    workspace.write_all(&proposals, &[Accepted::All]).unwrap();
    assert_eq!(fixture.read("x/a"), "a\n");
    assert!(!fixture.tree().join("a").exists());
}

#[test]
fn a_whole_file_keeps_its_ends_and_its_bom() {
    let fixture = Fixture::new();
    fixture.write("a", "\u{feff}one\r\ntwo\r\n");
    let workspace = fixture.open(TreeKind::InPlace);
    let whole = |path: &str, content: &str| {
        let whole = Alteration::Whole { path: path.into(), content: content.into() };
        let proposals = workspace.propose_all(&[whole])?;
        Ok::<_, EditError>(workspace.write_all(&proposals, &[Accepted::All]).unwrap())
    };
    whole("a", "one\n1.5\ntwo\n").unwrap();
    assert_eq!(fixture.read("a"), "\u{feff}one\r\n1.5\r\ntwo\r\n");
    whole("new/b", "x").unwrap();
    assert_eq!(fixture.read("new/b"), "x");
    assert!(matches!(whole("a", "one\n1.5\ntwo\n"), Err(EditError::Same { .. })));
}
