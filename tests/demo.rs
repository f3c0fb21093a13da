//! The demo, without a screen: a real crate, a real failing test, a real edit, and a proof.

mod common;

use common::Place;

#[test]
fn the_demo_fixes_a_real_crate_and_says_that_a_script_plays_the_model() {
    let place = Place::bare();
    let ran = place.run(&["demo"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for said in [
        "A script plays the model",
        "accepted  run cargo test",
        "cargo test  exit 101",
        "edit      src/lib.rs +3 -3",
        "cargo test  exit 0",
        "accepted  all of it, into the demo's own folder",
        "applied   src/lib.rs",
        "proof     cargo test passes",
    ] {
        assert!(ran.stderr.contains(said), "{said:?} is missing: {ran:?}");
    }
    assert!(ran.stdout.contains("Fixed in `src/lib.rs:15`"), "{ran:?}");
    let folder = ran.stderr.lines().find_map(|line| line.strip_prefix("folder    ")).unwrap();
    assert!(!std::path::Path::new(folder).exists(), "the demo cleans up after itself");
}

#[test]
fn the_demo_fails_where_the_crate_cannot_be_tested() {
    let place = Place::bare();
    let mut command = place.brisk(&["demo"]);
    // Nothing but the shell's own tools: no cargo.
    let bin = place.home().join("bin");
    std::fs::create_dir(&bin).unwrap();
    for program in ["bash", "sh", "ls", "cat"] {
        let found = ["/bin", "/usr/bin"].map(|folder| std::path::Path::new(folder).join(program));
        let found = found.into_iter().find(|path| path.exists()).unwrap();
        std::os::unix::fs::symlink(found, bin.join(program)).unwrap();
    }
    let ran = common::ran(command.env("PATH", &bin));
    assert_ne!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("cargo cannot be run"), "{ran:?}");
}

#[test]
fn the_demo_works_whatever_the_shell_is() {
    let cases: [(Option<&str>, &[&str]); 4] =
        [(None, &[]), (Some(""), &[]), (Some("/bin/sh"), &[]), (None, &["-c", "shell=/bin/sh"])];
    for (shell, flags) in cases {
        let place = Place::bare();
        let mut command = place.brisk(&["demo"]);
        command.args(flags);
        match shell {
            Some(shell) => command.env("SHELL", shell),
            None => command.env_remove("SHELL"),
        };
        let ran = common::ran(&mut command);
        assert_eq!(ran.code, Some(0), "{shell:?} {flags:?}: {ran:?}");
        assert!(ran.stderr.contains("cargo test  exit 101"), "{shell:?} {flags:?}: {ran:?}");
    }
}
