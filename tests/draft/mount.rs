//! What is seen and written inside a draft, and from outside through its handle.

use crate::stage::{Stage, inside, text_of};
use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::process::Command;

#[test]
fn what_commands_write_lands_in_the_upper_layer_and_not_in_the_tree() {
    let stage = Stage::new();
    stage.file("edited", "old\n");
    stage.file("removed", "here\n");
    stage.file("folder/deep/file", "moved\n");
    let Some(mount) = stage.open() else { return };
    assert_eq!(stage.says(&mount, "pwd"), stage.root().to_str().unwrap());
    stage.says(&mount, "sed -i s/old/new/ edited; rm removed; mv folder other; echo x > created");

    assert_eq!(stage.text("edited"), "old\n");
    assert_eq!(stage.text("removed"), "here\n");
    assert_eq!(stage.text("folder/deep/file"), "moved\n");
    assert!(!stage.root().join("created").exists());

    let upper = mount.upper();
    assert_eq!(fs::read_to_string(upper.join("edited")).unwrap(), "new\n");
    assert_eq!(fs::read_to_string(upper.join("other/deep/file")).unwrap(), "moved\n");
    assert_eq!(fs::read_to_string(upper.join("created")).unwrap(), "x\n");
    let whiteout =
        |name: &str| fs::symlink_metadata(upper.join(name)).unwrap().file_type().is_char_device();
    assert!(whiteout("removed") && whiteout("folder"));
    assert_eq!(stage.says(&mount, "cat edited; ls"), "new\ncreated\nedited\nother");
}

#[test]
fn no_capability_is_left_inside() {
    let stage = Stage::new();
    let Some(mount) = stage.open() else { return };
    let status = stage.says(&mount, "grep -E '^(Cap|NoNewPrivs)' /proc/self/status");
    let lines: Vec<_> = status.lines().map(|line| line.replace('\t', " ")).collect();
    let none = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]
        .map(|set| format!("{set}: 0000000000000000"));
    assert_eq!(lines, [none.as_slice(), &["NoNewPrivs: 1".to_owned()]].concat());
}

#[test]
fn the_handle_reads_creates_writes_renames_and_unlinks() {
    let stage = Stage::new();
    stage.file("file", "old");
    let Some(mount) = stage.open() else { return };
    let merged = mount.merged();
    assert_eq!(fs::read_to_string(merged.join("file")).unwrap(), "old");
    fs::write(merged.join("file"), "new").unwrap();
    fs::create_dir(merged.join("folder")).unwrap();
    fs::rename(merged.join("file"), merged.join("folder/renamed")).unwrap();
    assert_eq!(stage.says(&mount, "cat folder/renamed; ls"), "newfolder");
    fs::remove_file(merged.join("folder/renamed")).unwrap();
    assert_eq!(stage.says(&mount, "ls folder"), "");
    assert_eq!(stage.text("file"), "old");
    // What this process starts reaches it, too.
    let cat = Command::new("ls").arg(merged).output().unwrap();
    assert_eq!(text_of(&cat.stdout), "folder\n");
}

#[test]
fn what_the_tree_gets_meanwhile_is_visible_after_a_remount() {
    let stage = Stage::new();
    stage.file("saved", "old");
    stage.file("folder/file", "old");
    let Some(mount) = stage.open() else { return };
    let before = "cat saved folder/file; ls new folder/new; cat new 2>/dev/null";
    inside(&mount, stage.root(), &["sh", "-c", before]);
    stage.file("other", "new");
    fs::rename(stage.root().join("other"), stage.root().join("saved")).unwrap();
    fs::remove_dir_all(stage.root().join("folder")).unwrap();
    stage.file("folder/new", "new");
    stage.file("new", "new");
    mount.remount().unwrap();
    assert_eq!(stage.says(&mount, "cat saved new folder/new; ls folder"), "newnewnewnew");
    assert_eq!(fs::read_to_string(mount.merged().join("saved")).unwrap(), "new");
}
