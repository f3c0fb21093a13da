//! Several changes in one step.

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

#[test]
fn all_files_of_a_patch_are_proposed_and_then_written() {
    let fixture = three();
    let workspace = fixture.open(TreeKind::InPlace);
    let before = snapshot(&fixture.tree());
    let proposals = workspace.propose_all(&patch(THREE)).unwrap();
    assert_eq!(snapshot(&fixture.tree()), before, "nothing is written by it");
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
    assert_eq!((fixture.read("a"), fixture.read("deep/er/new")), ("A\n".into(), "new\n".into()));
    assert_eq!(fixture.read("moved/b"), "B\n");
    let mode = fs::metadata(fixture.tree().join("moved/b")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o750, "a file that moves keeps its mode");
    assert!(!fixture.tree().join("b").exists() && !fixture.tree().join("c").exists());
}

#[test]
fn if_one_file_cannot_be_written_the_others_are_as_they_were() {
    for moved in ["a", "b", "c", "deep/er/new", "moved/b"] {
        let fixture = three();
        let workspace = fixture.open(TreeKind::InPlace);
        let proposals = workspace.propose_all(&patch(THREE)).unwrap();
        fixture.write(moved, "theirs\n");
        let before = snapshot(&fixture.tree());
        let error = workspace.write_all(&proposals, &vec![Accepted::All; 4]).unwrap_err();
        assert!(matches!(error, WriteError::Moved(_) | WriteError::Gone(_)), "{moved}: {error}");
        assert_eq!(snapshot(&fixture.tree()), before, "{moved}");
    }
}

#[test]
fn a_file_that_went_comes_back_with_its_mode() {
    let fixture = three();
    fixture.write("run", "x\n");
    fs::set_permissions(fixture.tree().join("run"), fs::Permissions::from_mode(0o755)).unwrap();
    let workspace = fixture.open(TreeKind::InPlace);
    let proposals =
        workspace.propose_all(&patch("*** Delete File: run\n*** Delete File: c\n")).unwrap();
    fixture.write("c", "theirs\n");
    let before = snapshot(&fixture.tree());
    workspace.write_all(&proposals, &vec![Accepted::All; 2]).unwrap_err();
    assert_eq!(snapshot(&fixture.tree()), before);
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
