//! What lies outside of the tree: it cannot be written, and most of it can be read.

use crate::stage::{Stage, is_root, skip};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Whether a line of shell fails inside.
fn fails(stage: &Stage, mount: &brisk::sandbox::Mount, line: &str) -> bool {
    !stage.run(mount, line).status.success()
}

#[test]
fn outside_nothing_can_be_written() {
    let mut stage = Stage::new();
    let home = stage.beside("home");
    fs::write(home.join("rc"), "mine").unwrap();
    stage.spec.readable = vec![home.clone()];
    let Some(mount) = stage.open() else { return };
    for folder in ["/", "/etc", "/usr", "/var", "/dev", "/run", "/sys", home.to_str().unwrap()] {
        if Path::new(folder).is_dir() {
            let output = stage.run(&mount, &format!("echo x > {folder}/brisk-was-here"));
            assert!(!output.status.success(), "{folder}");
            assert!(!Path::new(folder).join("brisk-was-here").exists(), "{folder}");
        }
    }
    assert_eq!(stage.says(&mount, &format!("cat {}/rc", home.display())), "mine");
    assert!(fails(&stage, &mount, &format!("echo x > {}/rc", home.display())));
    assert!(fails(&stage, &mount, &format!("chmod 777 {}/rc", home.display())));
    // The same value again does no harm, should it get through.
    assert!(fails(&stage, &mount, "cat /proc/sys/vm/swappiness > /proc/sys/vm/swappiness"));
    assert!(stage.says(&mount, "echo x > /dev/null; echo fine") == "fine");
    stage.says(&mount, "echo 500 > /proc/self/oom_score_adj");
}

#[test]
fn the_temporary_folders_are_private_and_the_tree_in_one_is_there() {
    let stage = Stage::new();
    let beside = stage.beside("beside");
    fs::write(beside.join("file"), "").unwrap();
    stage.file("file", "here");
    let Some(mount) = stage.open() else { return };
    let name = format!("brisk-private-{}", std::process::id());
    for folder in ["/tmp", "/var/tmp", "/dev/shm"] {
        if !Path::new(folder).is_dir() {
            continue;
        }
        let line = format!("echo x > {folder}/{name} && cat {folder}/{name}");
        assert_eq!(stage.says(&mount, &line), "x", "{folder}");
        assert!(!Path::new(folder).join(&name).exists(), "{folder}");
    }
    assert_eq!(stage.says(&mount, "cat file"), "here");
    if std::env::temp_dir().starts_with("/tmp") {
        assert!(fails(&stage, &mount, &format!("ls {}", beside.display())));
    }
}

#[test]
fn caches_are_written_on_copies_that_the_session_keeps() {
    let mut stage = Stage::new();
    let cache = stage.beside("cache");
    fs::write(cache.join("old"), "old").unwrap();
    fs::create_dir(cache.join("inner")).unwrap();
    // Nested ones, missing ones, and those around the tree make no trouble.
    let missing = stage.folder.path().join("missing");
    let around = stage.folder.path().to_owned();
    stage.spec.caches = vec![cache.join("inner"), cache.clone(), missing, around];
    let at = cache.display().to_string();
    let Some(mount) = stage.open() else { return };
    stage.says(&mount, &format!("echo new > {at}/old; echo x > {at}/made; echo y > {at}/inner/z"));
    assert_eq!(fs::read_to_string(cache.join("old")).unwrap(), "old");
    assert!(!cache.join("made").exists() && !cache.join("inner/z").exists());
    drop(mount);
    let Some(mount) = stage.open() else { return };
    assert_eq!(stage.says(&mount, &format!("cat {at}/old {at}/made {at}/inner/z")), "new\nx\ny");
}

#[test]
fn what_is_to_be_writable_is_and_what_is_hidden_is_empty() {
    let mut stage = Stage::new();
    let (scratch, secret) = (stage.beside("scratch"), stage.beside("secret"));
    fs::write(secret.join("key"), "secret").unwrap();
    fs::create_dir(stage.root().join("target")).unwrap();
    let token = stage.folder.path().join("token");
    fs::write(&token, "secret").unwrap();
    stage.spec.writable = vec![scratch.clone(), stage.root().join("target")];
    stage.spec.readable = vec![stage.folder.path().to_owned()];
    stage.spec.hidden = vec![secret.clone(), token.clone(), "/nowhere/at/all".into()];
    let Some(mount) = stage.open() else { return };
    stage.says(&mount, &format!("echo x > {}/file; echo y > target/file", scratch.display()));
    assert_eq!(fs::read_to_string(scratch.join("file")).unwrap(), "x\n");
    assert_eq!(stage.text("target/file"), "y\n");
    let look = format!("ls {}; cat {}", secret.display(), token.display());
    assert_eq!(stage.says(&mount, &look), "");
    assert!(fails(&stage, &mount, &format!("echo x > {}/new", secret.display())));
    let state = stage.spec.state.display().to_string();
    assert_eq!(stage.says(&mount, &format!("ls -A {state}")), "");
    assert!(fails(&stage, &mount, &format!("echo x > {state}/upper/file")));
}

#[test]
fn the_git_folder_of_a_worktree_is_read_only_outside_the_tree() {
    let mut stage = Stage::new();
    let main = stage.beside("main");
    let git = |folder: &Path, line: &str| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=x", "-c", "user.email=x@example.com"]);
        let output = command.args(line.split(' ')).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    };
    git(&main, "init -q");
    fs::write(main.join("file"), "one\n").unwrap();
    git(&main, "add file");
    git(&main, "commit -q -m first");
    fs::remove_dir(stage.root()).unwrap();
    git(&main, &format!("worktree add -q -b side {}", stage.root().display()));
    stage.spec.readable = vec![main.join(".git")];
    let Some(mount) = stage.open() else { return };
    assert_eq!(stage.says(&mount, "echo two > file; git status --short"), " M file");
    let commit = "git -c user.name=x -c user.email=x@example.com commit -qam second";
    let output = stage.run(&mount, commit);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("Read-only file system"), "{said}");
}

#[test]
fn processes_outside_are_no_way_out() {
    let stage = Stage::new();
    let Some(mount) = stage.open() else { return };
    let own = std::process::id();
    let holder = mount.prefix()[2].to_str().unwrap().split('.').next().unwrap().to_owned();
    for process in [own.to_string(), holder] {
        for link in ["root", "cwd", "exe", "mem", "environ", "fd/0", "fd/1"] {
            let path = format!("/proc/{process}/{link}");
            let line = format!("head -c1 {path} || ls {path}/");
            assert!(fails(&stage, &mount, &line), "{path}");
        }
    }
    assert!(fails(&stage, &mount, &format!("nsenter -t {own} -m true")));
}

#[test]
fn a_namespace_in_the_draft_gives_no_rights_over_its_mounts() {
    let stage = Stage::new();
    stage.file("file", "");
    let Some(mount) = stage.open() else { return };
    if fails(&stage, &mount, "unshare -Urm true") {
        // The kernel maps no root without a capability: an ordinary user gets further.
        if is_root() {
            return println!("skipped: root makes no namespace in a namespace");
        }
        return skip("there are no namespaces in a namespace");
    }
    let try_all = "mount -o remount,bind,rw / && echo rw; umount /tmp && echo umount; \
                   mount --bind / /mnt && echo bind; umount . && echo tree; true";
    let line = format!("cd /; unshare -Urm sh -c '{try_all}' 2>/dev/null");
    assert_eq!(stage.says(&mount, &line), "");
}

#[test]
fn disks_are_not_there_for_root() {
    if !is_root() {
        return println!("skipped: only root has disks");
    }
    let stage = Stage::new();
    let Some(mount) = stage.open() else { return };
    use std::os::unix::fs::FileTypeExt;
    let devices = fs::read_dir("/dev").unwrap().flatten();
    let Some(disk) = devices.into_iter().find(|one| one.file_type().unwrap().is_block_device())
    else {
        return println!("skipped: there is no disk");
    };
    let path = disk.path();
    assert_eq!(stage.says(&mount, &format!("test -c {0} && head -c1 {0}", path.display())), "");
}

#[test]
fn a_terminal_stays_a_controlling_one() {
    let Ok(found) = Command::new("script").arg("--version").output() else {
        return skip("script is not installed");
    };
    assert!(found.status.success());
    let stage = Stage::new();
    let Some(mount) = stage.open() else { return };
    let prefix: Vec<_> =
        mount.prefix().into_iter().map(|word| word.into_string().unwrap()).collect();
    let line = format!("{} sh -c 'echo to-the-tty > /dev/tty; tty'", prefix.join(" "));
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).current_dir(stage.root());
    let output = script.stdin(std::process::Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("to-the-tty") && said.contains("/dev/pts/"), "{said}");
    // And one that is made inside works as well.
    let said = stage.says(&mount, "script -qec 'echo made-inside > /dev/tty; tty' /dev/null");
    assert!(said.contains("made-inside") && said.contains("/dev/pts/"), "{said}");
}

#[test]
fn nobody_becomes_somebody_else() {
    let stage = Stage::new();
    let Some(mount) = stage.open() else { return };
    let own = stage.says(&mount, "id -u");
    assert_eq!(own == "0", is_root());
    if !Path::new("/usr/bin/sudo").is_file() {
        return skip("sudo is not installed");
    }
    let output = stage.run(&mount, "sudo -n id -u");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(is_root() || said.contains("no new privileges"), "{said}");
}
