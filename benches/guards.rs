//! What the guards cost: `cargo bench --bench guards`.
//!
//! Thirty files of this repository's size and kind change in a few places each; the time is that
//! of the facts and the guards of all of them, one after the other, the median of many rounds.

use brisk::code::facts;
use brisk::policy::guards;
use brisk::protocol::{Change, ChangeKind};
use brisk::text::hunks;
use std::time::{Duration, Instant};

const FILES: usize = 30;
const ROUNDS: usize = 31;
const CONTEXT_LINES: usize = 3;

/// A unit of code by its file's ending; `NAME` differs.
const UNITS: [(&str, &str); 5] = [
    (
        "rs",
        "/// Says NAME.\npub fn NAME(a: &str, b: usize) -> usize {\n    let c = a.len() + b;\n    other(c)\n}\n\n",
    ),
    (
        "py",
        "def NAME(a, b=1):\n    \"\"\"Says NAME.\"\"\"\n    c = len(a) + b\n    return other(c)\n\n\n",
    ),
    (
        "ts",
        "export function NAME(a: string, b: number): number {\n  const c = a.length + b;\n  return other(c);\n}\n\n",
    ),
    (
        "go",
        "// NAME says it.\nfunc NAME(a string, b int) int {\n\tc := len(a) + b\n\treturn other(c)\n}\n\n",
    ),
    (
        "java",
        "class NAME {\n  public int f(String a, int b) {\n    int c = a.length() + b;\n    return other(c);\n  }\n}\n\n",
    ),
];

struct File {
    path: String,
    old: Vec<u8>,
    new: Vec<u8>,
    change: Change,
}

/// About 300 lines, of which every tenth unit changes.
fn file(at: usize) -> File {
    const LINES: usize = 300;
    let (ending, unit) = UNITS[at % UNITS.len()];
    let units = LINES / unit.lines().count();
    let text = |changed: bool| -> String {
        let head = if ending == "go" { "package a\n\n" } else { "" };
        let units = (0..units).map(|at| {
            let unit = unit.replace("NAME", &format!("Name{at}"));
            if changed && at % 10 == 0 { unit.replace("other(c)", "another(c)") } else { unit }
        });
        head.chars().map(String::from).chain(units).collect()
    };
    let (old, new) = (text(false).into_bytes(), text(true).into_bytes());
    let path = format!("src/part{at}.{ending}");
    let change = Change::new(&path, ChangeKind::Modified, hunks(&old, &new, CONTEXT_LINES));
    File { path, old, new, change }
}

fn main() {
    let files: Vec<File> = (0..FILES).map(file).collect();
    let bytes: usize = files.iter().map(|file| file.new.len()).sum();
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for file in &files {
                let facts = facts(&file.path, Some(&file.old), Some(&file.new));
                std::hint::black_box(guards(&file.change, &facts, &[]));
            }
            start.elapsed()
        })
        .collect();
    rounds.sort();
    let name = format!("{FILES} changed files, {} kB", bytes / 1000);
    println!("{name:<40} {:>9.1} ms", rounds[ROUNDS / 2].as_secs_f64() * 1000.0);
}
