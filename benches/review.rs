//! What a look at a draft costs in a large repository: `cargo bench --bench review`.
//!
//! 100,000 tracked files in the tree; in the draft 30 changed ones beside 20,000 of an ignored
//! build. Nothing is mounted: what was written is read as overlayfs keeps it. Nothing here is a
//! test: the machine may be busy.

use brisk::workspace::{Backing, Freshness, Layer, Workspace};
use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

const FOLDERS: usize = 1_000;
const FILES_IN_EACH: usize = 100;
const CHANGED: usize = 30;
const BUILT: usize = 20_000;
const LONG_LINES: usize = 50_000;
const RUNS: usize = 21;

fn main() {
    let holder = tempfile::tempdir().expect("a temporary folder");
    let holder = fs::canonicalize(holder.path()).expect("it exists");
    let (tree, upper) = (holder.join("tree"), holder.join("upper"));
    make_tree(&tree);
    for name in ["upper", "state", "merged", "scratch"] {
        fs::create_dir(holder.join(name)).expect("a fresh folder");
    }
    for index in 0..BUILT {
        write(&upper.join(format!("target/{}/{index}.o", index % 100)), "x");
    }
    let layer =
        Layer { merged: holder.join("merged"), upper: upper.clone(), state: holder.join("state") };
    let open = || {
        let backing = Backing::Draft(layer.clone());
        Workspace::open(&tree, backing, &holder.join("scratch")).expect("it opens")
    };
    println!("medians of {RUNS} runs, {}", std::env::consts::ARCH);
    row("open", ms(median(|| drop(open()))), "");
    let workspace = open();
    change(&upper, 0);
    let first = time(|| looked(&workspace, CHANGED));
    row("first look (lists what git tracks)", ms(first), "");
    let mut round = 0;
    let after = median_after(
        || {
            round += 1;
            change(&upper, round);
        },
        || looked(&workspace, CHANGED),
    );
    row("30 files changed again", ms(after), "≤ 100 ms");
    std::thread::sleep(Duration::from_millis(60));
    row("nothing changed", ms(median(|| looked(&workspace, CHANGED))), "≤ 100 ms");
    let since = SystemTime::now();
    let sync = || workspace.sync(Freshness::Stale { since }).map(drop).expect("it syncs");
    row("sync, nothing in the tree changed", ms(median(sync)), "");
    long(&tree, &upper, &workspace);
}

fn long(tree: &Path, upper: &Path, workspace: &Workspace) {
    let lines = |end: &str| (0..LONG_LINES).map(|line| format!("line {line}{end}\n")).collect();
    let (old, new): (String, String) = (lines(""), lines(" more"));
    write(&tree.join("long"), &old);
    write(&upper.join("long"), &new);
    workspace.sync(Freshness::Remounted).expect("it syncs");
    row("with a 50,000-line diff", ms(time(|| looked(workspace, CHANGED + 1))), "");
    std::thread::sleep(Duration::from_millis(60));
    looked(workspace, CHANGED + 1);
    row("again", ms(median(|| looked(workspace, CHANGED + 1))), "");
}

fn make_tree(tree: &Path) {
    for folder in 0..FOLDERS {
        for file in 0..FILES_IN_EACH {
            write(&tree.join(format!("{folder}/{file}.rs")), &text(file, ""));
        }
    }
    write(&tree.join(".gitignore"), "target/\n");
    for args in [&["init", "-q"][..], &["add", "-A"]] {
        let status = Command::new("git").args(args).current_dir(tree).status();
        assert!(status.expect("git is installed").success());
    }
}

fn text(file: usize, more: &str) -> String {
    (0..100)
        .map(|line| format!("{file} {line}{}\n", if line % 30 == 0 { more } else { "" }))
        .collect()
}

fn change(upper: &Path, round: usize) {
    for index in 0..CHANGED {
        write(&upper.join(format!("{}/7.rs", index * 31)), &text(7, &format!(" round {round}")));
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn looked(workspace: &Workspace, expected: usize) {
    assert_eq!(workspace.changes().expect("it compares").len(), expected);
}

fn time(run: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    run();
    begun.elapsed()
}

fn median(mut run: impl FnMut()) -> Duration {
    median_after(|| {}, &mut run)
}

fn median_after(mut before: impl FnMut(), mut run: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..RUNS)
        .map(|_| {
            before();
            time(&mut run)
        })
        .collect();
    times.sort();
    times[RUNS / 2]
}

fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}

fn row(name: &str, figure: impl Display, bar: &str) {
    println!("{name:<36} {figure:>12}   {bar}");
}
