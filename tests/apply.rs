//! `brisk apply`: what a session left, and any patch, through the real program.

#![allow(clippy::disallowed_methods, reason = "a test passes the environment on")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]

mod common;
#[path = "common/screen.rs"]
mod screen;

use common::{Place, Ran};
use screen::Screen;
use std::fs;
use std::path::{Path, PathBuf};

const LINES: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n";
const PATCH: &str = "\
--- a/f
+++ b/f
@@ -1,4 +1,4 @@
 1
-2
+two
 3
 4
@@ -9,4 +9,5 @@
 9
 10
 11
+more
 12
--- /dev/null
+++ b/new/g
@@ -0,0 +1 @@
+made
";
const NEW: &str = "1\ntwo\n3\n4\n5\n6\n7\n8\n9\n10\n11\nmore\n12\n";
const GUARDED: &str =
    "--- a/Cargo.toml\n+++ b/Cargo.toml\n@@ -1 +1,2 @@\n [dependencies]\n+rand = \"1\"\n";

fn place() -> Place {
    let place = Place::bare();
    place.write("f", LINES);
    place.write("Cargo.toml", "[dependencies]\n");
    fs::write(place.home().join("a.patch"), PATCH).unwrap();
    fs::write(place.home().join("guarded.patch"), GUARDED).unwrap();
    place
}

fn sessions(place: &Place) -> Vec<PathBuf> {
    let folders = fs::read_dir(place.home().join("state/sessions")).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.path()).collect();
    folders.sort();
    folders
}

fn id(session: &Path) -> String {
    session.file_name().unwrap().to_str().unwrap().to_owned()
}

fn is_done(ran: &Ran) -> bool {
    ran.code == Some(0)
}

#[test]
fn a_patch_is_shown_applied_found_to_be_there_and_taken_back() {
    let place = place();
    let patch = place.home().join("a.patch").display().to_string();
    let ran = place.run(&["apply", &patch]);
    assert_eq!(ran.code, Some(5), "nobody can say yes: {ran:?}");
    assert_eq!((place.read("f").as_str(), sessions(&place).len()), (LINES, 0));
    let expected = ["1-2  M f", "+2 -1", "3  A new/g", "+1 -0"];
    assert!(expected.iter().all(|it| ran.stdout.contains(it)), "{ran:?}");
    let ran = place.run(&["apply", &patch, "--yes", "--hunks", "2-3"]);
    assert!(is_done(&ran), "{ran:?}");
    assert_eq!(place.read("f"), LINES.replace("11\n", "11\nmore\n"));
    assert_eq!(place.read("new/g"), "made\n");
    // The rest, from stdin.
    let ran = place.run_with_stdin(&["apply", "-", "-y"], PATCH.as_bytes());
    assert!(is_done(&ran) && ran.stdout.contains("in the tree already: 2"), "{ran:?}");
    assert_eq!(place.read("f"), NEW);
    let ran = place.run(&["apply", &patch]);
    assert!(is_done(&ran) && ran.stderr.contains("has all of it already"), "{ran:?}");
    let [first, second] = &sessions(&place)[..] else { panic!("{:?}", sessions(&place)) };
    for session in [second, first] {
        let ran = place.run(&["apply", &id(session), "--yes"]);
        assert!(is_done(&ran), "{ran:?}");
    }
    assert_eq!(place.read("f"), LINES);
    assert!(!place.project.join("new").exists());
    let ran = place.run(&["apply", "--last", "--yes"]);
    assert_eq!(ran.code, Some(1), "what takes back is not what was left: {ran:?}");
}

#[test]
fn a_patch_that_no_longer_fits_names_its_hunks_and_changes_nothing() {
    let place = place();
    let theirs = LINES.replace("10\n", "ten\n");
    place.write("f", &theirs);
    let patch = place.home().join("a.patch").display().to_string();
    let ran = place.run(&["apply", &patch, "--yes"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("f, hunk 2") && ran.stderr.contains("10\tten"), "{ran:?}");
    assert!(place.read("f") == theirs && !place.project.join("new").exists());
    assert_eq!(sessions(&place).len(), 0);
    let ran = place.run(&["apply", &patch, "--yes", "--hunks", "1,9"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("no hunk 9"), "{ran:?}");
    for (args, code) in [
        (&["apply", "20990101"][..], 1),
        (&["apply"], 2),
        (&["apply", &patch, "--hunks", "x"], 2),
        (&["apply", &patch, "--patch-out", "x"], 2),
    ] {
        assert_eq!(place.run(args).code, Some(code), "{args:?}");
    }
}

#[test]
fn on_a_terminal_it_asks_and_what_is_guarded_needs_the_whole_word() {
    let place = place();
    let open = |patch: &str| {
        let patch = place.home().join(patch).display().to_string();
        Screen::open(&place, &["apply", &patch], 100, 30)
    };
    let mut screen = open("a.patch");
    screen.wait_for("apply this to 2 files? [y/N]");
    screen.keys("\r");
    assert_eq!(screen.wait_for_end(), 5, "Enter is no yes");
    assert_eq!(place.read("f"), LINES);
    let mut screen = open("a.patch");
    screen.wait_for("[y/N]");
    screen.keys("y\r");
    assert_eq!(screen.wait_for_end(), 0);
    assert_eq!(place.read("f"), NEW);
    let mut screen = open("guarded.patch");
    screen.wait_for("type yes in full");
    assert!(screen.text().contains("dependencies"), "{}", screen.text());
    screen.keys("y\r");
    assert_eq!(screen.wait_for_end(), 5);
    assert_eq!(place.read("Cargo.toml"), "[dependencies]\n");
    let mut screen = open("guarded.patch");
    screen.wait_for("type yes in full");
    screen.keys("yes\r");
    assert_eq!(screen.wait_for_end(), 0);
    assert!(place.read("Cargo.toml").contains("rand"));
}

#[test]
fn gates_run_on_the_tree_as_it_would_be() {
    let place = place();
    let config = "[gates]\nfind = false\nfirst = { run = \"grep -q two f && test -e new/g && ! grep -q more f\" }\n";
    fs::write(place.home().join("config.toml"), config).unwrap();
    let patch = place.home().join("a.patch").display().to_string();
    let ran = place.run(&["apply", &patch, "--yes", "--gates", "require"]);
    if ran.code == Some(9) && std::env::var_os("CI").is_none() {
        return println!("skipped: no draft can be had");
    }
    assert_eq!(ran.code, Some(8), "{ran:?}");
    assert_eq!((place.read("f").as_str(), sessions(&place).len()), (LINES, 0));
    let ran = place.run(&["apply", &patch, "--yes", "--gates", "require", "--hunks", "1,3"]);
    assert!(is_done(&ran) && ran.stderr.contains("gate      first  ok"), "{ran:?}");
    assert_eq!(place.read("f"), LINES.replace("2\n3", "two\n3"));
    let ran = place.run(&["apply", &patch, "--yes", "--gates", "on"]);
    assert!(is_done(&ran) && ran.stderr.contains("first  FAILS"), "{ran:?}");
    assert_eq!(place.read("f"), NEW);
}

const EDIT: &str = r#"
[[reply]]
calls = [{ tool = "edit", arguments = { path = "f", old = "2\n3", new = "two\n3" } }]
[[reply]]
text = "Done."
"#;

#[test]
fn what_a_session_left_is_applied_by_its_id_and_in_its_own_tree() {
    let place = Place::scripted("openai-chat", EDIT);
    place.write("f", LINES);
    assert!(is_done(&place.run(&["-p", "edit"])));
    assert_eq!(place.read("f"), LINES);
    let session = sessions(&place).remove(0);
    let other = place.home().join("other");
    fs::create_dir(&other).unwrap();
    let ran = place.run(&["apply", "--yes", &id(&session), "-C", other.to_str().unwrap()]);
    assert!(ran.code == Some(1) && ran.stderr.contains("worked in"), "{ran:?}");
    let lock = fs::File::open(session.join("lock")).unwrap();
    lock.lock().unwrap();
    let ran = place.run(&["apply", "--yes", &id(&session)]);
    assert!(ran.code == Some(1) && ran.stderr.contains("still runs"), "{ran:?}");
    drop(lock);
    let ran = place.run(&["apply", "--yes", &id(&session)[..17]]);
    assert!(is_done(&ran), "{ran:?}");
    assert_eq!(place.read("f"), LINES.replace("2\n3", "two\n3"));
    let ran = place.run(&["apply", "--last"]);
    assert!(is_done(&ran) && ran.stderr.contains("already"), "{ran:?}");
}

/// At any moment, each file is old or new; the next start makes the whole so, and says it.
#[test]
fn a_kill_in_the_middle_leaves_old_or_new_and_the_next_start_ends_it() {
    const FILES: usize = 300;
    let trials = if std::env::var_os("BRISK_PROOF").is_some() { 200 } else { 12 };
    let place = Place::bare();
    let mut patch = String::new();
    for file in 0..FILES {
        patch += &format!("--- a/{file}\n+++ b/{file}\n@@ -1 +1 @@\n-old\n+new\n");
    }
    fs::write(place.home().join("many.patch"), &patch).unwrap();
    fs::write(place.home().join("none.patch"), "--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+n\n")
        .unwrap();
    let many = place.home().join("many.patch").display().to_string();
    let none = place.home().join("none.patch").display().to_string();
    let state = || {
        let texts: Vec<String> = (0..FILES).map(|file| place.read(&file.to_string())).collect();
        assert!(texts.iter().all(|text| text == "old\n" || text == "new\n"));
        let new = texts.iter().filter(|text| *text == "new\n").count();
        (new, fs::read_dir(&place.project).unwrap().count())
    };
    let mut seen = [0; 3];
    for trial in 0..trials {
        for file in 0..FILES {
            place.write(&file.to_string(), "old\n");
        }
        let mut child = place.brisk(&["apply", &many, "--yes"]);
        let mut child = child
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // Killed as soon as so many are there: at another moment each time.
        let wanted = trial * FILES / trials;
        let reached = || {
            let last = |file: usize| place.read(&file.to_string()) == "new\n";
            (0..FILES).filter(|file| last(*file)).count() >= wanted.max(1)
        };
        let kills = trial % 6 != 0;
        while !reached() && child.try_wait().unwrap().is_none() {}
        if kills {
            child.kill().unwrap();
        }
        child.wait().unwrap();
        let torn = state().0;
        // Any next start of brisk in this tree: one that would change nothing of it.
        let ran = place.run(&["apply", &none]);
        assert_eq!(ran.code, Some(5), "{ran:?}");
        let (new, files) = state();
        assert!(new == 0 || new == FILES, "{new} of {torn}: {ran:?}");
        assert_eq!(files, FILES, "nothing else is left in the tree");
        seen[usize::from(torn == FILES) + usize::from(torn > 0)] += 1;
    }
    println!("{trials} runs: {seen:?} had none, some, all when they ended");
    assert!(seen[1] > 0 || trials < 50, "none was killed in the middle");
}
