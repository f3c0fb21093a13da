//! What looking back costs: `cargo bench --bench look_back`.
//!
//! A real shell prints files into a terminal of 200x50; CPU is this process's own, not the program's.
//! Then: the memory of 100,000 lines, the time of a snapshot, and of searches over all of them.

use brisk::protocol::{Input, Key, KeyCode, Launch, Scrollback, Size};
use brisk::term::Terminal;
use brisk::text::Needle;
use nix::sys::resource::{UsageWho, getrusage};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

const SIZE: Size = Size { columns: 200, rows: 50 };
const FILE_BYTES: usize = 50_000_000;
const LINES: usize = 100_000;
const WAIT_MAX: Duration = Duration::from_secs(300);

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    println!(
        "{} MB each, {}x{}, {}",
        FILE_BYTES / 1_000_000,
        SIZE.columns,
        SIZE.rows,
        std::env::consts::ARCH
    );
    // First, while nothing else has been allocated.
    memory_and_search(folder.path());
    throughput(folder.path(), "seq", &|line| format!("{line}\n"));
    throughput(folder.path(), "coloured ls", &|line| {
        let entry = format!(
            "\x1b[01;34mfolder{line}\x1b[0m  \x1b[01;32mscript{line}.sh\x1b[0m  plain{line}.txt  "
        );
        entry.repeat(3) + "\n"
    });
    throughput(folder.path(), "dense SGR", &|line| {
        let cells = (0..60).map(|at| format!("\x1b[38;5;{}m{}", (line + at) % 256, at % 10));
        cells.collect::<String>() + "\x1b[0m\n"
    });
}

fn row(name: &str, figure: &str) {
    println!("{name:<40} {figure:>24}");
}

fn cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the kernel counts");
    let seconds = |time: nix::sys::time::TimeVal| {
        Duration::new(time.tv_sec() as u64, time.tv_usec() as u32 * 1000)
    };
    seconds(usage.user_time()) + seconds(usage.system_time())
}

/// Megabytes that this process takes.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    let kib: f64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0.0);
    kib / 1024.0
}

fn open(folder: &Path) -> Terminal {
    let launch = Launch {
        shell: "/bin/sh".into(),
        prefix: Vec::new(),
        folder: folder.to_owned(),
        env: vec![("PATH".into(), "/usr/bin:/bin".into()), ("PS1".into(), "$ ".into())],
        scratch: folder.join("scratch"),
    };
    Terminal::open(&launch, SIZE, |_| {}).expect("a shell starts")
}

/// Prints a file, and waits until the last of it is there.
fn print(terminal: &Terminal, file: &Path) {
    let line = format!("cat {}; echo the-end-$((40+2))", file.display());
    terminal.input(&Input::Paste(line));
    terminal.input(&Input::Key(Key::plain(KeyCode::Enter)));
    let begun = Instant::now();
    let shows = |terminal: &Terminal| {
        let screen = terminal.screen();
        (0..SIZE.rows).any(|row| screen.text(row) == "the-end-42")
    };
    while !shows(terminal) {
        assert!(begun.elapsed() < WAIT_MAX, "the program never ended");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn write(
    folder: &Path,
    line: &dyn Fn(usize) -> String,
    is_enough: impl Fn(usize, usize) -> bool,
) -> std::path::PathBuf {
    let mut text = String::new();
    let mut count = 0;
    while !is_enough(count, text.len()) {
        text.push_str(&line(count));
        count += 1;
    }
    let file = folder.join("printed");
    std::fs::write(&file, text).expect("a file");
    file
}

fn throughput(folder: &Path, name: &str, line: &dyn Fn(usize) -> String) {
    let file = write(folder, line, |_, bytes| bytes >= FILE_BYTES);
    let terminal = open(folder);
    let before = cpu();
    print(&terminal, &file);
    let spent = (cpu() - before).as_secs_f64();
    row(name, &format!("{:.0} MB per CPU second", FILE_BYTES as f64 / 1e6 / spent));
}

fn memory_and_search(folder: &Path) {
    let file = write(
        folder,
        &|line| {
            let mut text = format!("line {line} ");
            while text.len() < 80 + line % 121 {
                let _ = write!(text, "word{} ", text.len() % 17);
            }
            text.truncate(80 + line % 121);
            text + "\n"
        },
        |lines, _| lines >= LINES + 5_000,
    );
    let before = resident();
    let terminal = open(folder);
    print(&terminal, &file);
    let after = resident();
    let begun = Instant::now();
    let back = terminal.look_back();
    row("a snapshot", &format!("{:.2} ms", begun.elapsed().as_secs_f64() * 1e3));
    row("lines that are kept", &back.lines().to_string());
    row("memory for them", &format!("{:.1} MB", after - before));
    for query in ["zebra", "word9 word99", "Zebra", "größe", "e", "line 104999 "] {
        let needle = Needle::new(query).expect("a text");
        let begun = Instant::now();
        let count = count(&back, &needle);
        let took = begun.elapsed().as_secs_f64() * 1e3;
        row(&format!("all of {query:?}"), &format!("{count} in {took:.1} ms"));
    }
}

fn count(back: &Scrollback, needle: &Needle) -> usize {
    let mut count = 0;
    for (_, block) in back.blocks_from(0) {
        let mut from = 0;
        while let Some(found) = needle.find(block.text(), from) {
            count += 1;
            from = found.end;
        }
    }
    count
}
