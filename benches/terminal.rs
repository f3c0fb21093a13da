//! The terminal's figures: `cargo bench --bench terminal [-- --long] [-- --brisk PATH]`.
//!
//! What it costs to `cat` a lot in the pane, against tmux; how fast keys come back; how many bytes
//! go out. Nothing here is a test: the machine may be busy. `--long` adds a gigabyte; `--brisk`
//! takes another binary, to compare with.

#[path = "../tests/common/mod.rs"]
mod common;

use common::Place;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const RUNS: usize = 3;
const KEYS: usize = 100;
/// Between two keys: quicker than a person.
const KEY_GAP: Duration = Duration::from_millis(45);
const REST: Duration = Duration::from_millis(300);
const WAIT_MAX: Duration = Duration::from_secs(600);
/// The kernel's clock ticks in a second, on every Linux that brisk runs on.
const TICKS_A_SECOND: f64 = 100.0;
const SIZE: (u16, u16) = (120, 40);
/// A model that talks for about twenty seconds.
const TALK: &str = "[[reply]]\nchunk_bytes = 12\nchunk_ms = 10\ntext = \"WORDS\"\nrepeat = true\n";

/// Asks a terminal, and writes how long its answers took.
const ASK: &str = r#"
import os, sys, termios, time, tty
mode = termios.tcgetattr(0)
tty.setraw(0)
times = []
for _ in range(40):
    for query, end in ((b"[c", b"c"), (b"[>c", b"c"), (b"[5n", b"n"), (b"[6n", b"R"), (b"[?2026$p", b"y")):
        begun = time.perf_counter()
        os.write(1, b"\x1b" + query)
        answer = b""
        while not answer.endswith(end):
            answer += os.read(0, 100)
        times.append((time.perf_counter() - begun) * 1e3)
termios.tcsetattr(0, termios.TCSADRAIN, mode)
times.sort()
with open(sys.argv[1] + ".new", "w") as file:
    file.write("p50 %.2f ms  max %.2f ms" % (times[len(times) // 2], times[-1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
"#;

fn main() {
    let args: Vec<_> = std::env::args().collect();
    let other = args.iter().position(|arg| arg == "--brisk").and_then(|at| args.get(at + 1));
    let bench = Bench { brisk: other.map_or(common::BRISK, String::as_str).into() };
    println!("{}, medians of {RUNS} runs, {}x{}", bench.brisk.display(), SIZE.0, SIZE.1);
    // Not in /tmp: a draft has one of its own.
    let files = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    bench.keys();
    bench.floods();
    bench.resizes(files.path());
    bench.queries(files.path());
    bench.cats(files.path());
    if args.iter().any(|arg| arg == "--long") {
        bench.gigabyte(files.path());
    }
}

struct Bench {
    brisk: PathBuf,
}

fn row(name: &str, figure: impl std::fmt::Display, bar: &str) {
    println!("{name:<44} {figure:>24}   {bar}");
}

fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}

/// A program on a PTY of its own, and all that it wrote, with the times at which it came.
struct Outer {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    drawn: Arc<Mutex<Drawn>>,
}

#[derive(Default)]
struct Drawn {
    bytes: Vec<u8>,
    /// Up to which byte there was something at which time.
    times: Vec<(usize, Instant)>,
}

impl Outer {
    fn spawn(command: CommandBuilder, (columns, rows): (u16, u16)) -> Outer {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a PTY");
        let child = pair.slave.spawn_command(command).expect("it runs");
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let drawn = Arc::<Mutex<Drawn>>::default();
        let sink = Arc::clone(&drawn);
        std::thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                let now = Instant::now();
                let mut drawn = sink.lock().expect("no panic");
                drawn.bytes.extend_from_slice(&buffer[..count]);
                let end = drawn.bytes.len();
                drawn.times.push((end, now));
            }
        });
        Outer { child, master: pair.master, writer, drawn }
    }

    fn keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).expect("it listens");
        self.writer.flush().expect("it listens");
    }

    fn bytes(&self) -> usize {
        self.drawn.lock().expect("no panic").bytes.len()
    }

    /// Waits for a text after that byte; when it came, and where it ends.
    fn wait_for(&self, text: &str, mut from: usize) -> (Instant, usize) {
        let begun = Instant::now();
        let text = text.as_bytes();
        loop {
            {
                let drawn = self.drawn.lock().expect("no panic");
                let new = drawn.bytes.get(from..).unwrap_or(&[]);
                if let Some(at) = new.windows(text.len()).position(|window| window == text) {
                    let end = from + at + text.len();
                    let time = drawn.times.iter().find(|(until, _)| *until >= end);
                    return (time.expect("it came").1, end);
                }
                from += new.len().saturating_sub(text.len());
            }
            if begun.elapsed() > WAIT_MAX {
                let drawn = self.drawn.lock().expect("no panic");
                let tail = drawn.bytes.len().saturating_sub(3000);
                panic!("never came: {}", String::from_utf8_lossy(&drawn.bytes[tail..]));
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    fn rest(&self) -> usize {
        loop {
            let before = self.bytes();
            std::thread::sleep(REST);
            if self.bytes() == before {
                return before;
            }
        }
    }

    fn pid(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Seconds of CPU of a process, without its children.
fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<f64>().expect("ticks");
    (ticks(11) + ticks(12)) / TICKS_A_SECOND
}

/// Megabytes that a process has in memory.
fn memory(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    rss.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
}

fn place(script: &str) -> Place {
    let place = Place::scripted("openai-chat", script);
    std::fs::write(place.home().join(".bashrc"), "PS1='prompt> '\n").expect("a home");
    place
}

impl Bench {
    fn open(&self, place: &Place, args: &[&str], size: (u16, u16)) -> Outer {
        let mut command = CommandBuilder::new(&self.brisk);
        command.args(args);
        command.cwd(&place.project);
        command.env_clear();
        for (name, value) in place.env() {
            command.env(name, value);
        }
        let outer = Outer::spawn(command, size);
        outer.wait_for("Term", 0);
        outer.rest();
        outer
    }

    /// The keys are in the terminal's pane, which fills the screen.
    fn zoomed(&self, place: &Place, size: (u16, u16)) -> Outer {
        let mut outer = self.open(place, &[], size);
        outer.keys("\x1b3");
        outer.rest();
        outer.keys("\x1cz");
        outer.rest();
        outer
    }

    fn keys(&self) {
        let quiet = place("[[reply]]\ntext = \"hello\"\n");
        let mut outer = self.open(&quiet, &[], SIZE);
        echo("key to byte, message, idle", &mut outer);
        let mut outer = self.zoomed(&quiet, SIZE);
        echo("key to byte, terminal, idle", &mut outer);
        bytes_a_key(&mut outer);
        let mut outer = self.zoomed(&quiet, SIZE);
        outer.keys("yes\r");
        std::thread::sleep(REST);
        outer.keys("\x1cq");
        std::thread::sleep(REST);
        echo("key to byte, message, while yes runs", &mut outer);
        let talk = place(&TALK.replace("WORDS", &"some words that stream in. ".repeat(900)));
        let mut outer = self.open(&talk, &["talk to me"], SIZE);
        outer.wait_for("some", 0);
        echo("key to byte, message, while a model talks", &mut outer);
    }

    fn floods(&self) {
        let place = place("[[reply]]\ntext = \"hello\"\n");
        for flood in ["yes", "seq 1000000000"] {
            let mut outer = self.zoomed(&place, SIZE);
            outer.keys(&format!("{flood}\r"));
            std::thread::sleep(REST);
            let (bytes, ticks, begun) = (outer.bytes(), cpu(outer.pid()), Instant::now());
            std::thread::sleep(Duration::from_secs(4));
            let seconds = begun.elapsed().as_secs_f64();
            let speed = (outer.bytes() - bytes) as f64 / 1e6 / seconds;
            row(&format!("{flood}, out"), format!("{speed:.3} MB/s"), "< 0.5 MB/s");
            let share = (cpu(outer.pid()) - ticks) / seconds * 100.0;
            row(&format!("{flood}, CPU"), format!("{share:.0} %"), "");
            row(&format!("{flood}, memory"), format!("{:.0} MB", memory(outer.pid())), "bounded");
            let (from, begun) = (outer.bytes(), Instant::now());
            outer.keys("\x03");
            let (at, _) = outer.wait_for("prompt>", from);
            row(&format!("^C during {flood}, prompt"), ms(at - begun), "≤ 100 ms");
        }
        let mut outer = self.zoomed(&place, SIZE);
        outer.keys("stty -echo; clear; n=100; while read -r x; do n=$((n+1)); ");
        outer.keys("printf 'line %d of %070d\\n' $n $((n*7919)); done\r");
        outer.rest();
        outer.keys(&"\r".repeat(60));
        outer.rest();
        let mut costs: Vec<_> = (0..9)
            .map(|_| {
                let before = outer.bytes();
                outer.keys("\r");
                outer.rest() - before
            })
            .collect();
        costs.sort_unstable();
        row("a line that scrolls", format!("{} bytes", costs[4]), "≤ 1 KB");
    }

    fn resizes(&self, files: &Path) {
        let file = files.join("rows");
        let rows: String = (0..20_000).fold(String::new(), |mut text, row| {
            let _ = writeln!(text, "{row} {}", "words and words ".repeat(8));
            text
        });
        std::fs::write(&file, rows).expect("a file");
        let place = place("[[reply]]\ntext = \"hello\"\n");
        let mut outer = self.zoomed(&place, (200, 50));
        outer.keys(&format!("cat {}\r", file.display()));
        outer.rest();
        let ticks = cpu(outer.pid());
        let count = 10;
        for step in 0..count {
            let columns = if step % 2 == 0 { 120 } else { 200 };
            let size = PtySize { rows: 50, cols: columns, pixel_width: 0, pixel_height: 0 };
            outer.master.resize(size).expect("it can be resized");
            outer.rest();
        }
        let each = (cpu(outer.pid()) - ticks) / f64::from(count);
        row("resize 200 to 120, full history, CPU", format!("{:.0} ms", each * 1e3), "");
    }

    /// From a program's question to the answer that it reads.
    fn queries(&self, files: &Path) {
        let (script, answers) = (files.join("ask.py"), files.join("answers"));
        std::fs::write(&script, ASK).expect("a file");
        let place = place("[[reply]]\ntext = \"hello\"\n");
        let mut outer = self.zoomed(&place, SIZE);
        outer.keys(&format!("python3 {} {}\r", script.display(), answers.display()));
        let begun = Instant::now();
        while !answers.exists() {
            if begun.elapsed() > Duration::from_secs(30) {
                return println!("skipped: the queries: python3 does not answer");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let times = std::fs::read_to_string(&answers).expect("the answers");
        row("DA1 DA2 DSR CPR DECRQM, answered", times.trim(), "≤ 5 ms");
    }

    fn cats(&self, files: &Path) {
        println!();
        println!("{:<12} {:>26} {:>10} {:>10}   tmux: the same", "cat", "MB/CPU s", "wall", "out");
        for (name, text) in [("seq", seq()), ("ls -R", listing()), ("vim", vim())] {
            let Some(text) = text else {
                println!("skipped: {name}: BRISK_CONFORMANCE is not set");
                continue;
            };
            let file = files.join("file");
            std::fs::write(&file, &text).expect("a file");
            let megabytes = text.len() as f64 / 1e6;
            let brisk = Cost::median((0..RUNS).map(|_| self.cat(&file)).collect());
            let tmux = Cost::median((0..RUNS).map(|_| tmux_cat(&file)).collect());
            println!("{name:<12} {} {}", brisk.show(megabytes), tmux.show(megabytes));
        }
    }

    fn cat(&self, file: &Path) -> Cost {
        let place = place("[[reply]]\ntext = \"hello\"\n");
        let mut outer = self.zoomed(&place, SIZE);
        let pid = outer.pid();
        cat(&mut outer, file, &[pid])
    }

    fn gigabyte(&self, files: &Path) {
        let file = files.join("gigabyte");
        let text = seq().expect("it is made here");
        let mut out = std::fs::File::create(&file).expect("a file");
        for _ in 0..10 {
            out.write_all(&text).expect("room for a gigabyte");
        }
        let place = place("[[reply]]\ntext = \"hello\"\n");
        let mut outer = self.zoomed(&place, SIZE);
        let (pid, before) = (outer.pid(), memory(outer.pid()));
        let cost = cat(&mut outer, &file, &[pid]);
        row("cat of 1 GB, CPU", format!("{:.1} s", cost.cpu), "≤ 25 s");
        row("cat of 1 GB, memory", format!("+{:.0} MB", memory(pid) - before), "≤ +60 MB");
    }
}

/// Types letters; how long each takes to come out again.
fn echo(name: &str, outer: &mut Outer) {
    // The first key changes hints, or who has the pen.
    outer.keys("J");
    std::thread::sleep(REST);
    let mut times: Vec<_> = (0..KEYS)
        .map(|key| {
            // Not in any flood, nor in a sequence that the screen is drawn with.
            let letter = ["Q", "Z", "W", "V"][key % 4];
            let (from, begun) = (outer.bytes(), Instant::now());
            outer.keys(letter);
            let (at, _) = outer.wait_for(letter, from);
            std::thread::sleep(KEY_GAP);
            at - begun
        })
        .collect();
    times.sort();
    let figure = format!("p50 {}  p99 {}", ms(times[KEYS / 2]), ms(times[KEYS * 99 / 100]));
    row(name, figure, "≤ 2 ms, ≤ 10 ms");
}

fn bytes_a_key(outer: &mut Outer) {
    let before = outer.rest();
    outer.keys("B");
    let bytes = outer.rest() - before;
    row("bytes of an echoed key", bytes, "≤ 60");
}

struct Cost {
    cpu: f64,
    wall: Duration,
    bytes: usize,
}

impl Cost {
    fn median(mut costs: Vec<Cost>) -> Cost {
        costs.sort_by(|one, other| one.cpu.total_cmp(&other.cpu));
        costs.swap_remove(costs.len() / 2)
    }

    fn show(&self, megabytes: f64) -> String {
        let speed = megabytes / self.cpu;
        let cpu = format!("{:.0} ({:.2} s)", speed, self.cpu);
        let out = format!("{:.2} MB", self.bytes as f64 / 1e6);
        format!("{cpu:>26} {:>10} {out:>10}", ms(self.wall))
    }
}

/// The end is told by a mark on a screen that was cleared, so that it is drawn in one piece.
fn cat(outer: &mut Outer, file: &Path, pids: &[u32]) -> Cost {
    let pause = Duration::from_millis(200);
    let (before, begun) = (outer.rest(), Instant::now());
    let cpu_before: f64 = pids.iter().map(|pid| cpu(*pid)).sum();
    outer.keys(&format!(
        "cat {}; printf '\\ec'; sleep 0.2; printf 'E%sD-OF-IT' N\r",
        file.display()
    ));
    let (at, _) = outer.wait_for("END-OF-IT", before);
    let cpu_after: f64 = pids.iter().map(|pid| cpu(*pid)).sum();
    Cost {
        cpu: cpu_after - cpu_before,
        wall: (at - begun).saturating_sub(pause),
        bytes: outer.bytes() - before,
    }
}

fn tmux_cat(file: &Path) -> Cost {
    let place = Place::bare();
    let socket = place.home().join("socket").display().to_string();
    let mut command = CommandBuilder::new("tmux");
    command.args(["-S", &socket, "-f", "/dev/null", "new-session", "env", "PS1=$ "]);
    command.args(["bash", "--norc", "--noprofile"]);
    command.cwd(&place.project);
    command.env_clear();
    for (name, value) in place.env() {
        command.env(name, value);
    }
    let mut outer = Outer::spawn(command, SIZE);
    outer.wait_for("$ ", 0);
    outer.rest();
    let ask = |args: &[&str]| {
        let output = std::process::Command::new("tmux").args(["-S", &socket]).args(args).output();
        String::from_utf8(output.expect("tmux answers").stdout).expect("text")
    };
    let server: u32 = ask(&["display", "-p", "#{pid}"]).trim().parse().expect("a pid");
    let pids = [server, outer.pid()];
    let cost = cat(&mut outer, file, &pids);
    ask(&["kill-server"]);
    cost
}

/// 100 MB.
fn seq() -> Option<Vec<u8>> {
    let mut text = String::with_capacity(100_000_000);
    let mut number = 0;
    while text.len() < 100_000_000 {
        number += 1;
        let _ = writeln!(text, "{number}");
    }
    Some(text.into_bytes())
}

/// 30 MB, as `ls -lR --color` would say them.
fn listing() -> Option<Vec<u8>> {
    let mut rng = fastrand::Rng::with_seed(1);
    let mut text = String::with_capacity(30_000_000);
    let colors = ["0", "01;34", "01;36", "01;32", "01;31", "40;33;01"];
    while text.len() < 30_000_000 {
        let _ = writeln!(text, "\r\n./folder{}/src/part{}:", rng.u16(..), rng.u8(..));
        for _ in 0..rng.usize(5..60) {
            let name: String = (0..rng.usize(3..24)).map(|_| rng.lowercase()).collect();
            let (color, bytes) = (colors[rng.usize(..colors.len())], rng.u32(..9_999_999));
            let _ = writeln!(
                text,
                "-rw-r--r-- 1 user user {bytes:>8} Nov 21 13:{:02} \x1b[0m\x1b[{color}m{name}\x1b[0m",
                rng.u8(..60)
            );
        }
    }
    Some(text.into_bytes())
}

/// 20 MB of a recorded vim, over and over.
#[expect(clippy::disallowed_methods, reason = "the conformance data is found by it")]
fn vim() -> Option<Vec<u8>> {
    let root = std::env::var("BRISK_CONFORMANCE").ok()?;
    let recording = Path::new(&root).join("vt/vim_24bitcolors_bce/recording");
    let recording = std::fs::read(recording).expect("the data is there");
    let times = 20_000_000 / recording.len();
    Some(recording.repeat(times))
}
