//! `brisk doctor` says which way is used, and why.

use crate::stage::{Stage, entry, text_of};
use std::fs;
use std::path::Path;
use std::process::Command;

fn doctor(folder: &Path, home: &Path, args: &[&str]) -> String {
    let mut command = Command::new(entry());
    command.arg("doctor").args(args).current_dir(folder).env("BRISK_HOME", home);
    let output = command.env("OPENAI_API_KEY", "sk-canary").output().unwrap();
    assert!(output.status.success(), "{}", text_of(&output.stderr));
    text_of(&output.stdout)
}

#[test]
fn the_doctor_says_draft_where_one_can_be_had_and_leaves_nothing() {
    let stage = Stage::new();
    stage.file("file", "");
    if stage.open().is_none() {
        return;
    }
    let home = stage.folder.path().join("home");
    let said = doctor(stage.root(), &home, &[]);
    assert!(said.contains("\nchanges   draft: opened in "), "{said}");
    assert!(!said.contains("canary"), "{said}");
    assert_eq!(fs::read_dir(stage.root()).unwrap().count(), 1);
    assert!(!home.join("state").exists());
    let json: serde_json::Value =
        serde_json::from_str(&doctor(stage.root(), &home, &["--json"])).unwrap();
    assert_eq!(json["tree"]["way"], "draft");
}

#[test]
fn the_doctor_says_why_there_is_no_draft() {
    let stage = Stage::new();
    let home = stage.root().join("home");
    let said = doctor(stage.root(), &home, &[]);
    assert!(said.contains("\nchanges   in-place: brisk's own folder"), "{said}");
    assert!(said.contains("hint: set XDG_STATE_HOME or BRISK_HOME"), "{said}");
}
