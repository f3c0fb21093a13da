use super::draft_fixture::Drafted;
use super::proof::{count, differing, edited, odd_text, seeds};
use super::*;
use crate::workspace::{FitError, Fitted, GitPatch};
use std::collections::BTreeSet;
use std::os::unix::fs::symlink;

fn fit(fixture: &Fixture, patch: &[u8], parts: Option<&[usize]>) -> Result<Fitted, FitError> {
    let patch = GitPatch::parse(patch).unwrap();
    let chosen: Option<BTreeSet<usize>> = parts.map(|parts| parts.iter().copied().collect());
    fixture.open(TreeKind::InPlace).fit(&patch, chosen.as_ref())
}

fn land(fixture: &Fixture, patch: &[u8], parts: Option<&[usize]>) -> Fitted {
    let fitted = fit(fixture, patch, parts).unwrap();
    fixture.open(TreeKind::InPlace).land(&fitted.selected, &mut |_| Ok(())).unwrap();
    fitted
}

fn unfit(fixture: &Fixture, patch: &[u8]) -> Vec<(String, usize, String)> {
    match fit(fixture, patch, None) {
        Err(FitError::Unfit(unfit)) => {
            unfit.into_iter().map(|one| (one.path, one.part, one.why)).collect()
        }
        other => panic!("{other:?}"),
    }
}

/// The patch of a text's change.
fn patch_of(path: &str, old: &str, new: &str) -> Vec<u8> {
    let fixture = Fixture::with_git();
    fixture.write(path, old);
    let drafted = Drafted::by_hand(fixture);
    drafted.put(path, new);
    drafted.open().patch().unwrap()
}

fn numbers(lines: std::ops::RangeInclusive<usize>) -> String {
    lines.map(|line| format!("line {line}\n")).collect()
}

/// A draft of many kinds of changes, at random.
fn random_draft() -> Drafted {
    let fixture = Fixture::with_git();
    let mut written: Vec<(String, Vec<u8>)> = Vec::new();
    for file in 0..fastrand::usize(2..8) {
        let text = odd_text();
        fixture.write(file.to_string(), &text);
        written.push((file.to_string(), text));
    }
    fixture.write("long", numbers(1..=60));
    fixture.write("binary", b"\0\x01\x02".repeat(100));
    fixture.write("moved from", numbers(100..=140));
    symlink("long", fixture.tree().join("link")).unwrap();
    let drafted = Drafted::by_hand(fixture);
    for (name, text) in &written {
        match fastrand::u8(..6) {
            0 => drafted.whiteout(name),
            1 => {}
            _ => drafted.put(name, edited(text)),
        }
        if fastrand::u8(..4) == 0
            && drafted.upper().join(name).metadata().is_ok_and(|it| it.len() > 0)
        {
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(drafted.upper().join(name), mode).unwrap();
        }
    }
    let every_tenth = |line: usize| if line.is_multiple_of(10) { "changed" } else { "line" };
    let long: String = (1..=60).map(|line| format!("{} {line}\n", every_tenth(line))).collect();
    drafted.put("long", long);
    if fastrand::bool() {
        drafted.put("binary", b"\0\x01\x03".repeat(fastrand::usize(..200) + 1));
        drafted.put("new/binary", [0, 1, 2]);
    }
    if fastrand::bool() {
        drafted.whiteout("moved from");
        drafted.put("d/moved \u{e9}\n\"to\"", numbers(100..=140).replace("line 120", "other"));
    }
    if fastrand::bool() {
        drafted.put("new text", odd_text());
        drafted.put("new empty", "");
    }
    if fastrand::bool() {
        symlink("elsewhere", drafted.upper().join("link")).unwrap();
    }
    if fastrand::bool() {
        drafted.whiteout("binary");
    }
    drafted
}

/// The changes with the numbers of their parts.
fn numbered(changes: &[Change]) -> Vec<(&Change, Vec<usize>)> {
    let mut next = 1;
    let parts = changes.iter().map(|change| {
        let parts = match change.kind {
            crate::protocol::ChangeKind::Created | crate::protocol::ChangeKind::Deleted => 1,
            _ => change.hunks.len().max(1),
        };
        let numbers = (next..next + parts).collect();
        next += parts;
        (change, numbers)
    });
    parts.collect()
}

#[test]
fn any_parts_of_a_patch_land_as_the_draft_would_land_them() {
    for seed in seeds(30, 3_000) {
        fastrand::seed(seed);
        let drafted = random_draft();
        let draft = drafted.open();
        let changes = draft.changes().unwrap();
        let patch = GitPatch::parse(&draft.patch().unwrap()).unwrap();
        let numbered = numbered(&changes);
        let last = numbered.last().unwrap().1.last().copied().unwrap();
        assert_eq!(patch.parts(), last, "seed {seed}");
        let tree = drafted.fixture.open(TreeKind::InPlace);
        for trial in 0..6 {
            let chosen: BTreeSet<usize> =
                (1..=last).filter(|_| trial == 0 || fastrand::bool()).collect();
            let picks = numbered.iter().filter_map(|(change, parts)| {
                let hunks: Vec<HunkPick> = (0..parts.len())
                    .filter(|hunk| chosen.contains(&parts[*hunk]))
                    .map(|hunk| HunkPick { hunk, lines: None })
                    .collect();
                let is_all = hunks.len() == parts.len();
                let hunks = (!is_all).then_some(hunks);
                let is_none = hunks.as_ref().is_some_and(Vec::is_empty);
                (!is_none).then(|| Pick { id: change.id.clone(), hunks })
            });
            let picks: Vec<Pick> = picks.collect();
            let fitted = tree.fit(&patch, Some(&chosen));
            match draft.selected(&picks) {
                Ok(selected) => {
                    let fitted = fitted.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
                    assert_eq!(fitted.selected, selected, "seed {seed}: {chosen:?}");
                }
                // A line without a newline before others: only a choice of hunks can do that.
                Err(error) => {
                    assert!(matches!(error, PickError::Unended { .. }), "{seed}: {error}");
                }
            }
        }
        // In two goes, and each a second time; then all of it back.
        let before = snapshot(&drafted.fixture.tree());
        let all: Vec<usize> = (1..=last).collect();
        let some: Vec<usize> = all.iter().copied().filter(|_| fastrand::bool()).collect();
        let text = draft.patch().unwrap();
        let mut undo = Vec::new();
        for parts in [&some, &some, &all, &all] {
            let fitted = land(&drafted.fixture, &text, Some(parts));
            undo.push(fitted.undo.clone());
            let again = fit(&drafted.fixture, &text, Some(parts)).unwrap();
            assert_eq!(again.selected, [], "seed {seed}: it is there");
        }
        assert_eq!(undo[1].len() + undo[3].len(), 0, "seed {seed}");
        let after = snapshot(&drafted.fixture.tree());
        assert!(drafted.open().changes().unwrap().is_empty(), "seed {seed}");
        for undo in [&undo[2], &undo[0]].into_iter().filter(|undo| !undo.is_empty()) {
            land(&drafted.fixture, undo, None);
        }
        assert_ne!(after, before);
        assert_eq!(
            differing(&snapshot(&drafted.fixture.tree()), &before),
            Vec::<String>::new(),
            "seed {seed}"
        );
    }
    println!("{} drafts", count(30, 3_000));
}

/// Git's own patches: differences of binary files, renames, copies, names with anything in them.
#[test]
fn a_patch_of_git_lands_as_git_lands_it() {
    let fixture = Fixture::with_git();
    let tree = fixture.tree();
    git(&tree, &["config", "core.autocrlf", "false"]);
    let odd = Path::new(OsStr::from_bytes(b"\xff n\n\"\\\t\xc3\xa9"));
    let noise: Vec<u8> =
        (0..20_000_u32).flat_map(|it| it.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    for path in [Path::new("a b"), odd, Path::new("mode"), Path::new("x b/x y")] {
        fixture.write(path, numbers(1..=30));
    }
    fixture.write("binary", &noise);
    fixture.write("old/name with blank", numbers(50..=90));
    fixture.write("copied", numbers(200..=260));
    fixture.write("crlf", "1\r\n2\r\n3\n4");
    fixture.write("empty gone", "");
    fixture.write("to link", "1\n");
    symlink("crlf", tree.join("link")).unwrap();
    symlink("crlf", tree.join("to file")).unwrap();
    fixture.commit();
    let before = snapshot(&tree);
    for path in [Path::new("a b"), odd, Path::new("x b/x y")] {
        fixture.write(path, numbers(1..=30).replace("line 3\n", "3\n").replace("line 28\n", ""));
    }
    let mode = |path: &str| fs::set_permissions(tree.join(path), fs::Permissions::from_mode(0o755));
    mode("mode").unwrap();
    fixture
        .write("binary", [&noise[..30_000], b"other", &noise[30_100..], &noise[..70_000]].concat());
    fs::create_dir(tree.join("new")).unwrap();
    fs::rename(tree.join("old/name with blank"), tree.join("new/name")).unwrap();
    fs::remove_dir(tree.join("old")).unwrap();
    fixture.write("copy", numbers(200..=260).replace("line 230", "x"));
    fixture.write("copied", numbers(200..=260).replace("line 210", "y"));
    fixture.write("crlf", "1\r\ntwo\r\n3\n4\n");
    fixture.write("run", "#!/bin/sh");
    mode("run").unwrap();
    fixture.write("new binary", [0, 0, 1]);
    for path in ["empty gone", "to link", "to file", "link"] {
        fs::remove_file(tree.join(path)).unwrap();
    }
    symlink("a b", tree.join("link")).unwrap();
    symlink("a b", tree.join("to link")).unwrap();
    fixture.write("to file", "is one");
    git(&tree, &["add", "-A"]);
    let after = snapshot(&tree);
    for options in [
        &["-M", "-C"][..],
        &["--no-renames", "--full-index"],
        &["-U1", "--no-prefix", "--src-prefix=x/", "--dst-prefix=y/"],
    ] {
        let args = [&["diff", "--cached", "--binary"], options, &["--output=../patch"]].concat();
        git(&tree, &args);
        let patch = fs::read(fixture.holder.path().join("patch")).unwrap();
        git(&tree, &["stash", "-q"]);
        assert_eq!(differing(&snapshot(&tree), &before), Vec::<String>::new());
        let fitted = land(&fixture, &patch, None);
        assert_eq!(differing(&snapshot(&tree), &after), Vec::<String>::new(), "{options:?}");
        assert_eq!(fit(&fixture, &patch, None).unwrap().selected, [], "{options:?}: it is there");
        land(&fixture, &fitted.undo, None);
        assert_eq!(
            differing(&snapshot(&tree), &before),
            Vec::<String>::new(),
            "{options:?}: and back"
        );
        git(&tree, &["stash", "pop", "-q", "--index"]);
    }
}

#[test]
fn hunks_are_found_where_the_file_has_moved_them_and_told_where_it_has_not() {
    let (old, new) =
        (numbers(1..=40), numbers(1..=40).replace("line 5\n", "five\n").replace("line 30\n", ""));
    let patch = patch_of("f", &old, &new);
    let fixture = Fixture::new();
    fixture.write("f", format!("the user's own\n{old}"));
    land(&fixture, &patch, None);
    assert_eq!(fixture.read("f"), format!("the user's own\n{new}"));
    // One of the two does not fit: nothing does.
    let theirs = old.replace("line 29\n", "line twenty-nine\n");
    fixture.write("f", &theirs);
    let told = unfit(&fixture, &patch);
    assert_eq!((told.len(), told[0].0.as_str(), told[0].1), (1, "f", 2));
    assert!(told[0].2.contains("29\tline twenty-nine"), "{told:?}");
    assert_eq!(fixture.read("f"), theirs);
    // The other one by itself does.
    land(&fixture, &patch, Some(&[1]));
    assert_eq!(fixture.read("f"), theirs.replace("line 5\n", "five\n"));
    assert!(matches!(fit(&fixture, &patch, Some(&[3])), Err(FitError::Part { part: 3, parts: 2 })));
}

#[test]
fn a_hunk_that_could_stand_in_several_places_is_refused() {
    let block = "{\n  same\n  again\n  value\n  end\n  here\n}\n";
    let old = block.repeat(3);
    let new = format!("{block}{}{block}", block.replace("value", "other"));
    let patch = patch_of("f", &old, &new);
    let fixture = Fixture::new();
    // It is the very file: the line says which one is meant.
    fixture.write("f", &old);
    land(&fixture, &patch, None);
    assert_eq!(fixture.read("f"), new);
    let more = format!("more\n{old}");
    fixture.write("f", &more);
    let told = unfit(&fixture, &patch);
    assert!(told[0].2.contains("3 places, at lines 2, 9, 16"), "{told:?}");
    assert_eq!(fixture.read("f"), more);
}

#[test]
fn what_is_there_already_is_not_put_there_again() {
    let fixture = Fixture::new();
    let patch = patch_of("f", "a\na\na\na\n", "a\na\na\na\na\n");
    fixture.write("f", "a\na\na\na\na\n");
    assert_eq!(fit(&fixture, &patch, None).unwrap().selected, []);
    // Whether it is there cannot be told of another file.
    fixture.write("f", "a\na\na\na\na\na\n");
    assert_eq!(unfit(&fixture, &patch).len(), 1);
    let patch = patch_of("f", "1\n2\n3\n", "1\n2\n3\n4\n");
    for theirs in ["1\n2\n3\n4\n", "0\n1\n2\n3\n4\n"] {
        fixture.write("f", theirs);
        let fitted = fit(&fixture, &patch, None).unwrap();
        assert_eq!((fitted.selected.len(), fitted.files[0].already.len()), (0, 1), "{theirs}");
    }
}

#[test]
fn a_patch_that_leads_out_or_belongs_to_git_is_refused() {
    let fixture = Fixture::with_git();
    fs::create_dir(fixture.holder.path().join("out")).unwrap();
    symlink("../out", fixture.tree().join("way")).unwrap();
    for path in ["../x", "a/../../x", ".git/hooks/x", "sub/.GIT/config", "/etc/x", "a//b/./../c"] {
        let patch = format!("--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+x\n");
        let refused = fit(&fixture, patch.as_bytes(), None);
        assert!(matches!(refused, Err(FitError::Name(_))), "{path}: {refused:?}");
    }
    let through = b"--- /dev/null\n+++ b/way/x\n@@ -0,0 +1 @@\n+x\n";
    let fitted = fit(&fixture, through, None).unwrap();
    let landed = fixture.open(TreeKind::InPlace).land(&fitted.selected, &mut |_| Ok(()));
    assert!(landed.is_err(), "{landed:?}");
    assert_eq!(fs::read_dir(fixture.holder.path().join("out")).unwrap().count(), 0);
}

#[test]
fn what_is_no_patch_is_said_with_its_line() {
    for (text, line, said) in [
        ("nothing\n", 1, "no patch"),
        ("--- a/f\n+++ b/f\n", 3, "no hunk"),
        ("--- a/f\n+++ b/f\n@@ -1,2 +1 @@\n a\n", 5, "in the middle"),
        ("--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n@@ -x +1 @@\n", 6, "no line numbers"),
        ("--- a/f\n+++ b/f\n@@ -1 +1 @@\nwhat\n", 4, "no line of a hunk"),
        ("--- f\n+++ f\n@@ -1 +1 @@\n-a\n+b\n", 1, "no first folder"),
        ("@@ -1 +1 @@\n-a\n+b\n", 1, "without a file"),
        ("diff --git a/b b/b\nindex 1..2 160000\n", 2, "submodule"),
        ("diff --git a/b b/b\nindex 1..2\nBinary files a/b and b/b differ\n", 3, "--binary"),
        ("diff --git a/b b/b\nindex 1..2\nGIT binary patch\nliteral 3\nKzzz\n\n", 5, "binary data"),
        ("diff --cc f\n", 1, "merge"),
    ] {
        let error = GitPatch::parse(text.as_bytes()).unwrap_err();
        assert!(error.line == line && error.what.contains(said), "{text:?}: {error}");
    }
}

#[test]
fn no_bytes_upset_the_reader_of_patches() {
    let drafted = random_draft();
    let patch = drafted.open().patch().unwrap();
    let tree = drafted.fixture.open(TreeKind::InPlace);
    for seed in seeds(500, 50_000) {
        fastrand::seed(seed);
        let mut bytes = patch.clone();
        for _ in 0..fastrand::usize(1..4) {
            let at = fastrand::usize(..bytes.len());
            match fastrand::u8(..3) {
                0 => bytes[at] = fastrand::u8(..),
                1 => drop(bytes.drain(at..(at + fastrand::usize(..40)).min(bytes.len()))),
                _ => bytes.truncate(at.max(1)),
            }
            if bytes.is_empty() {
                bytes.push(b'\n');
            }
        }
        if let Ok(patch) = GitPatch::parse(&bytes) {
            // It fits or is refused.
            let _ = tree.fit(&patch, None);
        }
    }
}
