//! How a draft begins and ends, for whom, and that nobody gets out by an old or a forged word.

use crate::stage::{ENTRY, Stage, entry, is_root, skip, text_of, until};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

/// The holder's id, and the draft's namespace.
fn ids(prefix: &str) -> (u32, u64) {
    let mut parts = prefix.split('.').map(|part| part.parse::<u64>().unwrap());
    (u32::try_from(parts.next().unwrap()).unwrap(), parts.nth(1).unwrap())
}

fn is_anybody_in(namespace: u64) -> bool {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let mut namespaces = entries.map(|entry| fs::metadata(entry.path().join("ns/mnt")));
    namespaces.any(|meta| meta.is_ok_and(|meta| meta.ino() == namespace))
}

#[test]
fn guests_are_known_and_end_with_the_draft() {
    let stage = Stage::new();
    let Some(mount) = stage.open() else { return };
    assert_eq!(mount.guests(), Vec::<u32>::new());
    // One that has left its session and its parent.
    stage.says(&mount, "(setsid sleep 1000 >/dev/null 2>&1 &)");
    assert_eq!(mount.guests().len(), 1);
    let (holder, namespace) = ids(mount.prefix()[2].to_str().unwrap());
    drop(mount);
    // The kernel takes a moment to bury the last of them.
    until("all have ended", || !is_anybody_in(namespace));
    until("the holder has ended", || !Path::new(&format!("/proc/{holder}")).exists());
    // What is left of the state is no trouble to remove.
    fs::remove_dir_all(&stage.spec.state).unwrap();
}

#[test]
fn a_killed_brisk_leaves_no_process_and_no_mount() {
    let stage = Stage::new();
    let Some(mount) = stage.open() else { return };
    drop(mount);
    let exe = std::env::current_exe().unwrap();
    let mut command = Command::new(exe);
    command.args(["--exact", "life::a_draft_is_held_open", "--ignored", "--nocapture"]);
    command.env("TMPDIR", stage.folder.path()).stdout(Stdio::piped());
    let mut brisk = command.spawn().unwrap();
    let lines = BufReader::new(brisk.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut lines = lines.skip_while(|line| !line.contains("entered:"));
    let line = lines.next().unwrap();
    let (holder, namespace) = ids(line.split_once("entered:").unwrap().1.trim());
    assert!(is_anybody_in(namespace));
    brisk.kill().unwrap();
    brisk.wait().unwrap();
    until("all have ended", || !is_anybody_in(namespace));
    until("the holder has ended", || !Path::new(&format!("/proc/{holder}/ns")).exists());
}

#[test]
#[ignore = "it waits to be killed"]
fn a_draft_is_held_open() {
    let stage = Stage::new();
    let Some(mount) = stage.open() else { panic!("no draft") };
    stage.says(&mount, "(setsid sleep 1000 >/dev/null 2>&1 &)");
    println!("entered: {}", mount.prefix()[2].to_str().unwrap());
    std::io::stdout().flush().unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn an_old_or_a_forged_prefix_runs_nothing() {
    let stage = Stage::new();
    let Some(mount) = stage.open() else { return };
    let prefix = mount.prefix();
    let token = prefix[2].to_str().unwrap().to_owned();
    let (holder, namespace) = ids(&token);
    let parts: Vec<&str> = token.split('.').collect();
    let own = fs::metadata("/proc/self/ns/mnt").unwrap().ino();
    let own_pid = std::process::id();
    let forged = [
        String::new(),
        format!("{holder}.{}1.{namespace}", parts[1]),
        format!("{holder}.{}.{own}", parts[1]),
        format!("{own_pid}.{}.{namespace}", parts[1]),
        format!("{own_pid}.{}.{own}", started(own_pid)),
        format!("1.{}.{own}", started(1)),
    ];
    let witness = stage.folder.path().join("witness");
    let refused = |token: &str| {
        let mut command = Command::new(&prefix[0]);
        command.arg(&prefix[1]).args([token, "--", "touch"]).arg(&witness);
        let output = command.current_dir(stage.root()).output().unwrap();
        assert_eq!(output.status.code(), Some(126), "{token}");
        assert!(text_of(&output.stderr).starts_with("brisk: "), "{token}");
        assert!(!witness.exists(), "{token}");
    };
    forged.iter().for_each(|token| refused(token));
    drop(mount);
    refused(&token);
}

fn started(pid: u32) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.split(' ').nth(19).unwrap().to_owned()
}

#[test]
fn a_draft_whose_holder_was_killed_says_so() {
    let stage = Stage::new();
    stage.file("file", "old");
    let Some(mount) = stage.open() else { return };
    let (holder, _) = ids(mount.prefix()[2].to_str().unwrap());
    assert!(Command::new("kill").args(["-9", &holder.to_string()]).status().unwrap().success());
    until("it is noticed", || mount.remount().is_err());
    assert_eq!(mount.remount().unwrap_err(), brisk::sandbox::MountError::Gone);
}

#[test]
fn what_was_written_is_there_when_the_draft_is_opened_again() {
    let stage = Stage::new();
    stage.file("file", "old");
    let Some(mount) = stage.open() else { return };
    stage.says(&mount, "echo new > file");
    drop(mount);
    assert_eq!(fs::read_to_string(stage.spec.state.join("upper/file")).unwrap(), "new\n");
    let Some(mount) = stage.open() else { return };
    assert_eq!(stage.says(&mount, "cat file"), "new");
}

#[test]
fn two_drafts_of_one_tree_do_not_see_each_other() {
    let stage = Stage::new();
    stage.file("file", "old");
    let Some(one) = stage.open() else { return };
    let mut second = Stage::new();
    second.spec.root = stage.root().to_owned();
    let Some(other) = second.open() else { return };
    stage.says(&one, "echo one > file");
    second.says(&other, "echo other > file");
    assert_eq!(
        (stage.says(&one, "cat file"), second.says(&other, "cat file")),
        ("one".into(), "other".into())
    );
    assert_eq!(stage.text("file"), "old");
}

#[test]
fn a_probe_leaves_nothing_in_the_tree_and_nothing_in_the_draft() {
    let stage = Stage::new();
    stage.file("file", "old");
    if stage.open().is_none() {
        return;
    }
    let report = brisk::sandbox::probe(&stage.spec).unwrap();
    assert_eq!(report.notes, Vec::<String>::new());
    let names = |path: &Path| fs::read_dir(path).unwrap().count();
    assert_eq!((names(stage.root()), names(&stage.spec.state.join("upper"))), (1, 0));
}

/// Every test of these files once more, as somebody who is not root.
#[test]
fn an_ordinary_user_gets_the_same() {
    if !is_root() {
        return println!("skipped: this is an ordinary user");
    }
    if Command::new("setpriv").arg("--version").output().is_err() {
        return skip("setpriv is not installed");
    }
    let folder = tempfile::Builder::new().prefix("brisk-ordinary").tempdir().unwrap();
    let everybody = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.path(), everybody).unwrap();
    let (tests, brisk, temporary) =
        (folder.path().join("tests"), folder.path().join("brisk"), folder.path().join("tmp"));
    for (from, to) in [(std::env::current_exe().unwrap(), &tests), (entry(), &brisk)] {
        fs::copy(from, to).unwrap();
    }
    fs::create_dir(&temporary).unwrap();
    std::os::unix::fs::chown(&temporary, Some(65534), Some(65534)).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&tests);
    command.args(["mount::", "walls::", "layers::", "life::", "doctor::"]);
    command.env(ENTRY, &brisk).env("TMPDIR", &temporary).env("HOME", &temporary);
    let output = command.current_dir(folder.path()).output().unwrap();
    let said = text_of(&output.stdout) + &text_of(&output.stderr);
    assert!(output.status.success(), "{said}");
}
