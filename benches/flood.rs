//! What floods cost: `cargo bench --bench flood`, or only those that are named: `-- seq gigabyte`.
//!
//! `cat` of large files in a real [`Terminal`] that nobody draws: MB of output for each second of
//! this process's CPU time, beside the emulator's core alone on the same bytes; then 1 GB, its CPU
//! seconds and how far memory rises. Nothing here is a test: the machine may be busy.

use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::term::{Config, Term};
use alacritty_terminal::vte::ansi::{Processor, StdSyncHandler};
use brisk::protocol::{Launch, Size};
use brisk::term::Terminal;
use nix::sys::resource::{UsageWho, getrusage};
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

const BYTES: usize = 100_000_000;
const BYTES_LARGE: usize = 1_000_000_000;
const RUNS: usize = 3;
const SIZE: Size = Size { columns: 200, rows: 50 };
const LONG: Duration = Duration::from_secs(3_600);
/// What the reader hands over at a time, at most.
const READ_BYTES: usize = 64 * 1024;

/// The line with this number.
type Line = fn(usize) -> Vec<u8>;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    println!("medians of {RUNS} runs, {} MB each, {}", BYTES / 1_000_000, std::env::consts::ARCH);
    println!("{:<16}{:>16}{:>16}{:>16}", "MB / CPU s", "terminal", "core alone", "memory, MB");
    let streams: [(&str, Line); 6] = [
        ("seq", |number| format!("{number}\n").into_bytes()),
        ("ls -R, coloured", listing),
        ("dense SGR", dense),
        ("long lines", |number| format!("{number}{}\n", "x".repeat(3_000)).into_bytes()),
        ("CJK", |number| format!("{number} 漢字かな交じり文と絵文字🙂の行\n").into_bytes()),
        ("equal lines", |_| b"y\n".to_vec()),
    ];
    let path = folder.path().join("stream");
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(word));
    for (name, line) in streams.into_iter().filter(|(name, _)| is_wanted(name)) {
        write(&path, BYTES, line);
        let mut costs: Vec<_> = (0..RUNS).map(|_| runtime.block_on(cat(&path))).collect();
        costs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        let cost = &costs[RUNS / 2];
        let speed = |seconds: f64| format!("{:.0}", BYTES as f64 / 1e6 / seconds);
        let alone = core(&std::fs::read(&path).expect("the stream"));
        println!("{name:<16}{:>16}{:>16}{:>16.0}", speed(cost.seconds), speed(alone), cost.memory);
    }
    if !is_wanted("gigabyte") {
        return;
    }
    write(&path, BYTES_LARGE, |number| format!("{number}\n").into_bytes());
    let cost = runtime.block_on(cat(&path));
    println!("cat of a gigabyte: {:.1} s of CPU, memory +{:.0} MB", cost.seconds, cost.memory);
}

/// So many bytes of lines, all of them whole.
fn write(path: &Path, bytes: usize, line: impl Fn(usize) -> Vec<u8>) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).expect("a file"));
    let (mut written, mut number) = (0, 0);
    while written < bytes {
        number += 1;
        let line = line(number);
        written += line.len();
        file.write_all(&line).expect("room on the disk");
    }
    file.flush().expect("room on the disk");
}

fn listing(number: usize) -> Vec<u8> {
    if number.is_multiple_of(20) {
        return format!("\n./folder-{number}:\ntotal 48\n").into_bytes();
    }
    format!(
        "-rw-r--r-- 1 root root {:>8} Nov 21 13:5{} \x1b[0m\x1b[01;3{}mfile-{number}.rs\x1b[0m\n",
        number * 37 % 100_000,
        number % 10,
        number % 8
    )
    .into_bytes()
}

fn dense(number: usize) -> Vec<u8> {
    let mut line = Vec::new();
    for column in 0..40 {
        let colour = (number + column) % 256;
        line.extend(format!("\x1b[38;5;{colour};48;5;{}m#{}", 255 - colour, column % 10).bytes());
    }
    line.extend(b"\x1b[0m\n");
    line
}

struct Cost {
    seconds: f64,
    /// What the peak rose by, in MB.
    memory: f64,
}

async fn cat(path: &Path) -> Cost {
    let home = tempfile::tempdir().expect("a temporary folder");
    let pair = |name: &str, value: &str| (OsString::from(name), OsString::from(value));
    let launch = Launch {
        shell: "/bin/bash".into(),
        prefix: Vec::new(),
        folder: home.path().into(),
        env: vec![pair("PATH", "/usr/bin:/bin"), pair("LANG", "C.UTF-8")],
        scratch: home.path().join("scratch"),
    };
    let terminal = Terminal::open(&launch, SIZE, |_| {}).expect("bash");
    terminal.run("true", LONG).await.expect("a prompt");
    // The peak begins anew here.
    std::fs::write("/proc/self/clear_refs", "5").ok();
    let (seconds, memory) = (cpu(), peak());
    let ran = terminal.run(&format!("cat {}", path.display()), LONG).await.expect("cat");
    assert_eq!(ran.exit, Some(0));
    let cost = Cost { seconds: cpu() - seconds, memory: peak() - memory };
    terminal.close().await;
    cost
}

fn cpu() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the kernel counts");
    let seconds =
        |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    seconds(usage.user_time()) + seconds(usage.system_time())
}

/// In MB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1e3
}

struct Grid;

impl Dimensions for Grid {
    fn total_lines(&self) -> usize {
        usize::from(SIZE.rows)
    }

    fn screen_lines(&self) -> usize {
        usize::from(SIZE.rows)
    }

    fn columns(&self) -> usize {
        usize::from(SIZE.columns)
    }
}

/// CPU seconds of the emulator's core alone, on the same bytes as a terminal would send them.
fn core(stream: &[u8]) -> f64 {
    let mut bytes = Vec::with_capacity(stream.len() * 5 / 4);
    for byte in stream {
        if *byte == b'\n' {
            bytes.push(b'\r');
        }
        bytes.push(*byte);
    }
    let config = Config { scrolling_history: 10_000, ..Config::default() };
    let mut term = Term::new(config, &Grid, VoidListener);
    let mut parser: Processor<StdSyncHandler> = Processor::new();
    let before = cpu();
    for chunk in bytes.chunks(READ_BYTES) {
        parser.advance(&mut term, chunk);
    }
    cpu() - before
}
