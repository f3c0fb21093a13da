//! What decisions cost: `cargo bench --bench decisions`. Medians of a few runs, in milliseconds.
//!
//! A hundred hunks in thirty files accepted and undone, a checkpoint of a draft with two thousand
//! files, and the looks at a tree of ten thousand files that is worked on in place. Nothing here is
//! a test: the machine may be busy.

use brisk::protocol::{Author, Pick};
use brisk::workspace::{Backing, Layer, Workspace};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const RUNS: usize = 7;
const FILES: usize = 30;
const LINES: usize = 400;
const DRAFT_FILES: usize = 2_000;
const TREE_FILES: usize = 10_000;

fn main() {
    accept();
    checkpoint();
    in_place();
}

fn timed<T>(task: impl FnOnce() -> T) -> (f64, T) {
    let begun = Instant::now();
    let done = task();
    (begun.elapsed().as_secs_f64() * 1e3, done)
}

fn say(what: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    println!("{what:<58} {:>8.1} ms", times[times.len() / 2]);
}

/// A draft that is not mounted: what was written is what is shown.
fn drafted(holder: &Path) -> Workspace {
    for name in ["tree", "upper", "state"] {
        fs::create_dir_all(holder.join(name)).expect("a folder");
    }
    let upper = holder.join("upper");
    let layer = Layer { merged: upper.clone(), upper, state: holder.join("state") };
    Workspace::open(&holder.join("tree"), Backing::Draft(layer), holder).expect("a workspace")
}

fn text(file: usize, changed: bool) -> String {
    let every = LINES * FILES / 100;
    let line = |line: usize| match changed && (file * LINES + line) % every == every / 2 {
        true => format!("changed {line}\n"),
        false => format!("let line_{line} = {file};\n"),
    };
    (0..LINES).map(line).collect()
}

fn accept() {
    let (mut accepted, mut undone) = (Vec::new(), Vec::new());
    let mut hunks = 0;
    for _ in 0..RUNS {
        let holder = tempfile::tempdir().expect("a folder");
        let write = |folder: &str, file: usize, changed| {
            let folder = holder.path().join(folder);
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(folder.join(format!("file{file}.rs")), text(file, changed)).expect("a file");
        };
        (0..FILES).for_each(|file| write("tree", file, false));
        std::thread::sleep(std::time::Duration::from_millis(100));
        let workspace = drafted(holder.path());
        (0..FILES).for_each(|file| write("upper", file, true));
        let changes = workspace.changes().expect("changes");
        hunks = changes.iter().map(|change| change.hunks.len()).sum();
        let picks: Vec<Pick> =
            changes.iter().map(|it| Pick { id: it.id.clone(), hunks: None }).collect();
        workspace.checkpoint("decision").expect("a checkpoint");
        let (time, applied) = timed(|| workspace.accept(&picks, &mut |_| Ok(())));
        assert_eq!(applied.expect("it lands").paths.len(), FILES);
        accepted.push(time);
        let (time, back) = timed(|| workspace.undo(&mut || Ok(())));
        assert_eq!(back.expect("an undo").paths.len(), FILES);
        undone.push(time);
    }
    say(&format!("{hunks} hunks in {FILES} files accepted"), accepted);
    say("the same undone", undone);
}

fn checkpoint() {
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let holder = tempfile::tempdir().expect("a folder");
        let workspace = drafted(holder.path());
        fill(&holder.path().join("upper"), DRAFT_FILES);
        std::thread::sleep(std::time::Duration::from_millis(100));
        first.push(timed(|| workspace.checkpoint("first").expect("a checkpoint")).0);
        again.push(timed(|| workspace.checkpoint("again").expect("a checkpoint")).0);
    }
    say(&format!("a first checkpoint of a draft with {DRAFT_FILES} files"), first);
    say("the next one, where nothing changed", again);
}

fn fill(folder: &Path, files: usize) {
    for file in 0..files {
        let folder = folder.join(format!("folder{}", file / 100));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(format!("file{file}")), text(file, false)).expect("a file");
    }
}

fn in_place() {
    let holder = tempfile::tempdir().expect("a folder");
    let (tree, scratch) = (holder.path().join("tree"), holder.path().join("scratch"));
    fs::create_dir_all(&tree).expect("a folder");
    fill(&tree, TREE_FILES);
    for args in [&["init", "-q"][..], &["add", "-A"]] {
        let status = Command::new("git").args(args).current_dir(&tree).status().expect("git");
        assert!(status.success());
    }
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let (mut first, mut before, mut one, mut many) = (vec![], vec![], vec![], vec![]);
    for run in 0..RUNS {
        let workspace = Workspace::open(&tree, Backing::InPlace, &scratch).expect("a workspace");
        let by = Author::Command("make".to_owned());
        first.push(timed(|| workspace.watch().expect("a look")).0);
        before.push(timed(|| workspace.watch().expect("a look")).0);
        let change = |file: usize| {
            let path = tree.join(format!("folder{}/file{file}", file / 100));
            fs::write(path, format!("{run} {}", text(file, true))).expect("a file");
        };
        change(1);
        let (time, found) = timed(|| workspace.scan(&by).expect("a scan"));
        assert_eq!(found.len(), 1);
        one.push(time);
        (100..200).for_each(change);
        let (time, found) = timed(|| workspace.scan(&by).expect("a scan"));
        assert_eq!(found.len(), 100);
        many.push(time);
    }
    say(&format!("in place, {TREE_FILES} files: the first look"), first);
    say("the look before a command", before);
    say("the scan after one that changed 1 file", one);
    say("the scan after one that changed 100", many);
}
