//! The traps of copy-on-write: what can be a tree, what can be an upper layer, what moves.

use crate::stage::{ENTRY, Stage, entry, is_root, skip};
use brisk::sandbox::{MountError, open};
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;

/// For files that are not root's.
const NOBODY: u32 = 65534;

#[test]
fn the_name_of_a_tree_may_be_anything() {
    for name in ["a,b", "a:b", "a\\b", "a\nb", "a b", "a=b,upperdir=x", "\\040", "ü", "-x"] {
        let stage = Stage::named(name);
        stage.file("file", "old");
        let Some(mount) = stage.open() else { return };
        stage.says(&mount, "echo new > file; mkdir folder");
        assert_eq!(stage.text("file"), "old", "{name:?}");
        assert_eq!(fs::read_to_string(mount.merged().join("file")).unwrap(), "new\n", "{name:?}");
    }
}

#[test]
fn a_folder_of_the_tree_is_not_renamed_by_the_call_but_moved_by_mv() {
    let stage = Stage::new();
    stage.file("folder/file", "moved");
    let Some(mount) = stage.open() else { return };
    let (from, to) = (mount.merged().join("folder"), mount.merged().join("other"));
    let error = fs::rename(&from, &to).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::CrossesDevices);
    assert_eq!(stage.says(&mount, "mv folder other && cat other/file"), "moved");
    // One that was made in the draft is renamed like any.
    fs::rename(&to, &from).unwrap();
    assert_eq!(stage.says(&mount, "cat folder/file"), "moved");
}

#[test]
fn files_of_other_people_that_can_be_written_are_a_reason_for_no_draft() {
    if !is_root() {
        return println!("skipped: only root can give files away");
    }
    for foreign in [".", "theirs"] {
        let stage = Stage::new();
        stage.file("theirs", "");
        let path = stage.root().join(foreign).canonicalize().unwrap();
        chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        let error = open(&stage.spec).unwrap_err();
        assert_eq!(error, MountError::Foreign { path });
        assert!(error.hint().unwrap().contains("chown"));
    }
}

#[test]
fn the_state_in_the_tree_the_tree_in_the_state_and_the_whole_machine_are_refused() {
    let mut stage = Stage::new();
    stage.spec.state = stage.root().join("state");
    assert!(matches!(open(&stage.spec), Err(MountError::StateInside { .. })));
    stage.spec.state = stage.folder.path().to_owned();
    assert!(matches!(open(&stage.spec), Err(MountError::Root { .. })));
    stage.spec.root = "/".into();
    assert!(matches!(open(&stage.spec), Err(MountError::Root { .. })));
    stage.spec.root = stage.folder.path().join("missing");
    assert!(matches!(open(&stage.spec), Err(MountError::Path { .. })));
}

#[test]
fn the_root_of_the_view_has_the_trees_mode() {
    let stage = Stage::new();
    fs::set_permissions(stage.root(), fs::Permissions::from_mode(0o750)).unwrap();
    let Some(mount) = stage.open() else { return };
    assert_eq!(stage.says(&mount, "stat -c %a ."), "750");
}

#[test]
fn a_branch_switch_of_thousands_of_files_meanwhile_is_seen() {
    const FILES: usize = 5_000;
    // Deleting is slow on some disks; memory is shared memory, which the draft has made private.
    let memory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let mut stage = Stage::new();
    stage.spec.root = memory.path().to_owned();
    let write = |text: &str| {
        for at in 0..FILES {
            stage.file(&format!("folder{}/file{at}", at % 50), text);
        }
    };
    let git = |line: &str| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=x", "-c", "user.email=x@example.com"]);
        let status = command.args(line.split(' ')).current_dir(stage.root()).status().unwrap();
        assert!(status.success(), "{line}");
    };
    git("init -q -b one");
    write("one");
    git("add .");
    git("commit -q -m one");
    git("checkout -q -b two");
    write("two!");
    git("commit -q -a -m two");
    git("checkout -q one");
    let Some(mount) = stage.open() else { return };
    let count = |text: &str| stage.says(&mount, &format!("grep -rl '{text}' folder* | wc -l"));
    stage.says(&mount, "echo mine > folder1/mine");
    assert_eq!(count("^one$"), FILES.to_string());
    git("checkout -q two");
    mount.remount().unwrap();
    assert_eq!(count("^two!$"), FILES.to_string());
    assert_eq!(stage.says(&mount, "cat folder1/mine; git branch --show-current"), "mine\ntwo");
}

/// Runs a test of this binary in a mount namespace that a line of shell has prepared.
fn run_prepared(prepare: &str, test: &str) {
    let exe = std::env::current_exe().unwrap();
    let line =
        format!("set -e; {prepare}; exec {} --exact {test} --ignored --nocapture", exe.display());
    let mut command = Command::new("unshare");
    let output = command.args(["-Urm", "sh", "-c", &line]).env(ENTRY, entry()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    if said.contains("unshare: ") || said.contains("mount: ") {
        return skip(&said);
    }
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn an_upper_layer_on_an_overlay_is_in_memory_instead() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().display();
    let prepare = format!(
        "cd {at}; mkdir lower upper work view; \
         mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work,userxattr view; \
         export TMPDIR={at}/view"
    );
    run_prepared(&prepare, "layers::everything_is_on_an_overlay");
}

#[test]
#[ignore = "it is run where the temporary folder is on an overlay"]
fn everything_is_on_an_overlay() {
    let stage = Stage::new();
    stage.file("file", "old");
    stage.file("folder/file", "old");
    let Some(mount) = stage.open() else { panic!("no draft") };
    assert!(mount.notes()[0].contains("in memory"), "{:?}", mount.notes());
    stage.says(&mount, "echo new > file; rm -r folder; mkdir folder; echo x > folder/made");
    assert_eq!(stage.says(&mount, "ls folder; cat file"), "made\nnew");
    assert_eq!(fs::read_to_string(mount.upper().join("file")).unwrap(), "new\n");
    assert_eq!(fs::read_to_string(mount.merged().join("file")).unwrap(), "new\n");
    assert_eq!(stage.text("file"), "old");
    mount.remount().unwrap();
    assert_eq!(stage.says(&mount, "cat file"), "new");
}

#[test]
fn a_file_system_mounted_in_the_tree_is_a_reason_for_no_draft() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().display();
    let prepare = format!(
        "export TMPDIR={at}; mkdir {at}/tree {at}/tree/mounted; mount -t tmpfs tmpfs {at}/tree/mounted; cd {at}/tree"
    );
    run_prepared(&prepare, "layers::the_current_folder_has_a_mount_in_it");
}

#[test]
#[ignore = "it is run where something is mounted in the current folder"]
fn the_current_folder_has_a_mount_in_it() {
    let mut stage = Stage::new();
    stage.spec.root = std::env::current_dir().unwrap();
    let path = stage.root().join("mounted");
    assert_eq!(open(&stage.spec).unwrap_err(), MountError::MountInside { path });
}
