use super::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::os::unix::fs::symlink;

/// Applies the copy's patch to a clean checkout of the tree and compares the two.
fn check(fixture: &Fixture, copy: &Workspace) {
    let patch = copy.patch().unwrap();
    let file = fixture.holder.path().join("patch");
    fs::write(&file, &patch).unwrap();
    let tree = fixture.tree();
    let (is_ok, said) = git_ok(&tree, &["apply", "--whitespace=nowarn", file.to_str().unwrap()]);
    assert!(is_ok, "{said}\n{}", String::from_utf8_lossy(&patch));
    assert_eq!(snapshot(&tree), snapshot(copy.work_root()));
    // And back again.
    git(&tree, &["apply", "-R", "--whitespace=nowarn", file.to_str().unwrap()]);
    let status = git(&tree, &["status", "--porcelain"]);
    // Git 2.47 brings a removed link back as a file, from its own patches too.
    assert_eq!(status.lines().find(|line| !line.starts_with(" T ")), None);
    git(&tree, &["checkout", "-q", "."]);
}

#[test]
fn git_takes_the_patch_whatever_the_files_are_like() {
    let fixture = Fixture::with_git();
    let odd = Path::new(OsStr::from_bytes(b"\xff n\n\"\\\t\xc3\xa9"));
    git(&fixture.tree(), &["config", "core.autocrlf", "false"]);
    for path in
        [Path::new("a b"), odd, Path::new("plain"), Path::new("mode"), Path::new("mode and text")]
    {
        fixture.write(path, "1\n2\n3\n4\n5\n");
    }
    fixture.write("crlf", "1\r\n2\r\n3\n");
    fixture.write("no end", "1\n2");
    fixture.write("binary", b"\0\x01\x02".repeat(1_000));
    fixture.write("binary gone", b"\0\x01\x02");
    fixture.write("empty", "");
    fixture.write("empty gone", "");
    fixture.write("gone/deep/a", "1\n");
    fixture.write("to link", "1\n");
    fixture.write("to folder", "1\n");
    symlink("plain", fixture.tree().join("link")).unwrap();
    symlink("plain", fixture.tree().join("to file")).unwrap();
    symlink("plain", fixture.tree().join("link gone")).unwrap();
    fixture.commit();
    let copy = fixture.open(TreeKind::Copy);
    let root = copy.work_root();
    let write = |path: &Path, bytes: &[u8]| fs::write(root.join(path), bytes).unwrap();
    let executable = |path: &str| {
        fs::set_permissions(root.join(path), fs::Permissions::from_mode(0o755)).unwrap();
    };
    for path in [Path::new("a b"), odd, Path::new("mode and text")] {
        write(path, b"1\n2\nthree\n4\n5\nsix");
    }
    executable("mode");
    executable("mode and text");
    write(Path::new("crlf"), b"1\r\n2\n3\n");
    write(Path::new("no end"), b"1\n2\n");
    write(Path::new("binary"), &b"\0\x01\x03".repeat(999));
    write(Path::new("empty"), b"\0");
    write(Path::new("new empty"), b"");
    write(Path::new("new é text"), b"\xff\n");
    write(Path::new("new binary"), &(0..=255).collect::<Vec<u8>>());
    write(Path::new("new run"), b"#!/bin/sh\n");
    executable("new run");
    for path in
        ["binary gone", "empty gone", "to link", "to folder", "to file", "link", "link gone"]
    {
        fs::remove_file(root.join(path)).unwrap();
    }
    fs::remove_dir_all(root.join("gone")).unwrap();
    symlink("elsewhere", root.join("link")).unwrap();
    symlink("plain", root.join("to link")).unwrap();
    symlink("plain", root.join("new link")).unwrap();
    write(Path::new("to file"), b"1\n");
    fs::create_dir(root.join("to folder")).unwrap();
    write(Path::new("to folder/a"), b"1\n");
    check(&fixture, &copy);
    assert_eq!(copy.changes().unwrap().len(), 22);
    copy.apply_all().unwrap();
    assert_eq!(snapshot(&fixture.tree()), snapshot(root));
}

#[test]
fn git_takes_the_patch_of_random_files() {
    const PAIRS: usize = 400;
    let line = proptest::sample::select(vec![
        "a",
        "  b",
        "}",
        "",
        "\u{e9}",
        "--- a",
        "@@ -1 +1 @@",
        "\\ No",
        "c\rd",
    ]);
    let end = proptest::sample::select(vec!["\n", "\n", "\r\n"]);
    let text = (proptest::collection::vec((line, end), 0..25), any::<bool>());
    let text = text.prop_map(|(lines, is_ended)| {
        let text: String = lines.into_iter().map(|(line, end)| format!("{line}{end}")).collect();
        if is_ended { text } else { text.trim_end_matches('\n').to_owned() }
    });
    let pairs = proptest::collection::vec((text.clone(), text), PAIRS);
    let pairs = pairs.new_tree(&mut TestRunner::deterministic()).unwrap().current();
    let fixture = Fixture::with_git();
    git(&fixture.tree(), &["config", "core.autocrlf", "false"]);
    for (index, (old, _)) in pairs.iter().enumerate() {
        fixture.write(index.to_string(), old);
    }
    fixture.commit();
    let copy = fixture.open(TreeKind::Copy);
    for (index, (_, new)) in pairs.iter().enumerate() {
        fs::write(copy.work_root().join(index.to_string()), new).unwrap();
    }
    check(&fixture, &copy);
}
