//! What a draft costs: `cargo bench --bench draft [FILES]`.
//!
//! Medians of opening the draft of a repository of 100,000 files, of seeing what changed in the tree
//! meanwhile, of entering it, and of a cargo build inside against the same outside, in turns.

use brisk::sandbox::{Mount, Spec, open};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const FILES: usize = 100_000;
const FILES_PER_FOLDER: usize = 100;
const OPENED: usize = 21;
const BUILDS: usize = 7;
/// Of the crate that is built.
const MODULES: usize = 40;
const FUNCTIONS_PER_MODULE: usize = 15;

fn main() {
    let files = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(FILES);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let spec = |root: PathBuf| Spec {
        root,
        state: folder.path().join("state"),
        entry: env!("CARGO_BIN_EXE_brisk").into(),
        ..Spec::default()
    };
    opening(&spec(repository(folder.path(), files)), files);
    building(&spec(crate_of_many_modules(folder.path())));
}

fn row(name: &str, figure: &str) {
    println!("{name:<52} {figure:>24}");
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn milliseconds(times: &mut [Duration]) -> String {
    let (middle, worst) = (median(times), times[times.len() - 1]);
    format!("{:.1} ms (worst {:.1})", middle.as_secs_f64() * 1e3, worst.as_secs_f64() * 1e3)
}

fn timed(act: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    act();
    begun.elapsed()
}

/// Committed, as a real one is.
fn repository(folder: &Path, files: usize) -> PathBuf {
    let root = folder.join("repository");
    for at in 0..files {
        let below = root.join(format!("folder{}", at / FILES_PER_FOLDER));
        if at % FILES_PER_FOLDER == 0 {
            fs::create_dir_all(&below).expect("a folder can be made");
        }
        fs::write(below.join(format!("file{at}.rs")), format!("fn of_{at}() {{}}\n"))
            .expect("a file can be written");
    }
    for line in ["init -q", "add .", "-c user.name=x -c user.email=x@x commit -q -m all"] {
        let status = Command::new("git").args(line.split(' ')).current_dir(&root).status();
        assert!(status.is_ok_and(|status| status.success()), "git {line}");
    }
    root
}

fn opening(spec: &Spec, files: usize) {
    let mut opened = Vec::new();
    for _ in 0..OPENED {
        let begun = Instant::now();
        let mount = open(spec).expect("a draft can be had here");
        black_box(fs::read_dir(mount.merged()).expect("it can be read").count());
        opened.push(begun.elapsed());
    }
    row(&format!("opening the draft of {files} files"), &milliseconds(&mut opened));
    let mount = open(spec).expect("a draft can be had here");
    let mut entered: Vec<_> =
        (0..OPENED).map(|_| timed(|| run(&mount, &spec.root, &["true"]))).collect();
    row("entering it", &milliseconds(&mut entered));
    let mut outside: Vec<_> = (0..OPENED)
        .map(|_| {
            timed(|| {
                let status = Command::new("true").status();
                assert!(status.is_ok_and(|status| status.success()));
            })
        })
        .collect();
    row("the same program outside", &milliseconds(&mut outside));
    let mut refreshed = Vec::new();
    for _ in 0..5 {
        run(&mount, &spec.root, &["git", "status", "--short"]);
        refreshed.push(timed(|| mount.remount().expect("the draft is there")));
    }
    row("a remount after git looked at every file", &milliseconds(&mut refreshed));
}

fn run(mount: &Mount, folder: &Path, line: &[&str]) {
    let prefix = mount.prefix();
    let mut command = Command::new(&prefix[0]);
    command.args(&prefix[1..]).args(line).current_dir(folder);
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()), "{line:?}");
}

/// Enough for some seconds of work, and no dependency.
fn crate_of_many_modules(folder: &Path) -> PathBuf {
    let root = folder.join("built");
    fs::create_dir_all(root.join("src")).expect("a folder can be made");
    let mut main = String::new();
    for module in 0..MODULES {
        let mut text = String::new();
        for at in 0..FUNCTIONS_PER_MODULE {
            let _ = writeln!(
                text,
                "pub fn f{at}(x: u64) -> String {{ let v: Vec<u64> = (0..x).map(|y| y * {at}).collect(); format!(\"{{v:?}}\") }}"
            );
        }
        fs::write(root.join(format!("src/m{module}.rs")), text).expect("a file can be written");
        let _ = writeln!(main, "mod m{module};");
    }
    main.push_str("fn main() {\n");
    for module in 0..MODULES {
        for at in 0..FUNCTIONS_PER_MODULE {
            let _ = writeln!(main, "    println!(\"{{}}\", m{module}::f{at}(3));");
        }
    }
    main.push_str("}\n");
    fs::write(root.join("src/main.rs"), main).expect("a file can be written");
    let manifest =
        "[package]\nname = \"built\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(root.join("Cargo.toml"), manifest).expect("a file can be written");
    root
}

/// Whole builds in turns, so that what else the machine does hits both.
fn building(spec: &Spec) {
    let mount = open(spec).expect("a draft can be had here");
    let (mut inside, mut outside) = (Costs::default(), Costs::default());
    let build = "rm -rf target && exec cargo build --offline --quiet";
    let run_outside = || {
        let mut command = Command::new("sh");
        let status = command.args(["-c", build]).current_dir(&spec.root).status();
        assert!(status.is_ok_and(|status| status.success()));
    };
    for _ in 0..BUILDS {
        outside.add(run_outside);
        let _ = fs::remove_dir_all(spec.root.join("target"));
        mount.remount().expect("the draft is there");
        inside.add(|| run(&mount, &spec.root, &["sh", "-c", build]));
    }
    row("a cargo build outside", &milliseconds(&mut outside.wall));
    row("the same build in the draft", &milliseconds(&mut inside.wall));
    row("ratio of the medians", &ratio(&mut inside.wall, &mut outside.wall));
    row("ratio of the medians, CPU time alone", &ratio(&mut inside.cpu, &mut outside.cpu));
}

fn ratio(one: &mut [Duration], other: &mut [Duration]) -> String {
    format!("{:.3}", median(one).as_secs_f64() / median(other).as_secs_f64())
}

/// Of builds; what else the machine does weighs less in the CPU time.
#[derive(Default)]
struct Costs {
    wall: Vec<Duration>,
    cpu: Vec<Duration>,
}

impl Costs {
    fn add(&mut self, build: impl FnOnce()) {
        let before = cpu_of_children();
        self.wall.push(timed(build));
        self.cpu.push(cpu_of_children() - before);
    }
}

fn cpu_of_children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel counts");
    let seconds = |time: TimeVal| Duration::new(time.tv_sec() as u64, time.tv_usec() as u32 * 1000);
    seconds(usage.user_time()) + seconds(usage.system_time())
}
