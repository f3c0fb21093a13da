//! The figures that brisk promises, as medians over whole processes: `cargo bench --bench figures`.
//!
//! Start, first frame, the five-step one-shot run against the scripted model (wall, peak memory,
//! input tokens), size, idle bytes and CPU. Nothing here is a test: the machine may be busy.

use brisk::scripted::{Script, Server};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const BRISK: &str = env!("CARGO_BIN_EXE_brisk");
const SERVE: &str = "--serve-the-script";
const RUNS: usize = 21;
const IDLE: Duration = Duration::from_secs(5);
/// The kernel's clock ticks in a second, on every Linux that brisk runs on.
const TICKS_A_SECOND: f64 = 100.0;

const FIVE_STEPS: &str = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "ls" } }]
[[reply]]
expect = ["calc.sh"]
calls = [{ tool = "run", arguments = { command = "cat calc.sh" } }]
[[reply]]
expect = ["echo $(($1 - $2))"]
calls = [{ tool = "run", arguments = { command = "sh test.sh" } }]
[[reply]]
expect = ["exit 1", "expected 5"]
calls = [{ tool = "run", arguments = { command = "sed -i 's/-/+/' calc.sh && sh test.sh" } }]
[[reply]]
expect = ["exit 0", "ok"]
text = "calc.sh subtracted; it adds now, and test.sh passes."
"#;

fn main() {
    if std::env::args().any(|arg| arg == SERVE) {
        let runtime = tokio::runtime::Runtime::new().expect("threads");
        return runtime.block_on(serve());
    }
    println!("medians of {RUNS} runs, release build, {}", std::env::consts::ARCH);
    let size = std::fs::metadata(BRISK).expect("the binary").len() as f64 / 1e6;
    row("binary", format!("{size:.1} MB"), "≤ 20 MB");
    row("--version", ms(median(version)), "≤ 5 ms");
    five_steps();
    let home = home("http://127.0.0.1:9/v1");
    row("first full frame", ms(median(|| first_frame(home.path()))), "≤ 30 ms");
    let (bytes, cpu) = idle(home.path());
    row("idle, drawn", format!("{bytes} bytes in {} s", IDLE.as_secs()), "0 bytes");
    row("idle, CPU", format!("{:.2} %", cpu * 100.0), "≈ 0");
    row("idle, memory", format!("{:.1} MB", memory(home.path())), "≤ 25 MB");
}

fn row(name: &str, figure: impl std::fmt::Display, bar: &str) {
    println!("{name:<28} {figure:>22}   {bar}");
}

fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}

fn median(mut run: impl FnMut() -> Duration) -> Duration {
    run();
    let mut times: Vec<_> = (0..RUNS).map(|_| run()).collect();
    times.sort();
    times[RUNS / 2]
}

fn version() -> Duration {
    let begun = Instant::now();
    let status = Command::new(BRISK).arg("--version").stdout(Stdio::null()).status();
    assert!(status.expect("brisk runs").success());
    begun.elapsed()
}

/// A folder that stands for a user's whole home, with a model at `url`.
fn home(url: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = format!(
        "model = \"mock\"\n[providers.mock]\napi = \"openai-chat\"\nbase_url = \"{url}\"\n\
         [models.mock]\nprovider = \"mock\"\nid = \"mock\"\ncontext = 128000\noutput = 16000\n"
    );
    std::fs::write(folder.path().join("config.toml"), config).expect("the config is written");
    let project = folder.path().join("project");
    std::fs::create_dir(&project).expect("a project");
    std::fs::write(project.join("calc.sh"), "echo $(($1 - $2))\n").expect("a file");
    let test = "got=$(sh calc.sh 2 3)\n[ \"$got\" = 5 ] || { echo \"expected 5, got $got\"; exit 1; }\necho ok\n";
    std::fs::write(project.join("test.sh"), test).expect("a file");
    folder
}

/// The scripted model, in a process of its own: a parent's memory counts as its children's until
/// they exec, and the tokenizer's would drown the figure. It prints where it listens, and for each
/// line that it is sent the input tokens so far.
async fn serve() {
    let script = Script::parse(FIVE_STEPS).expect("the script");
    let server = Server::start(script).await.expect("a server on loopback");
    // The model's own start is not what is measured.
    brisk::scripted::count_tokens("");
    println!("{}", server.base_url());
    for _ in std::io::stdin().lines() {
        let input: u64 = server.requests().iter().map(|request| request.usage.prompt()).sum();
        println!("{input} {}", server.mismatch().unwrap_or_default());
    }
}

struct Model {
    child: Child,
    said: BufReader<ChildStdout>,
    url: String,
}

impl Model {
    fn start() -> Model {
        let own = std::env::current_exe().expect("this bench");
        let mut command = Command::new(own);
        command.arg(SERVE).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the model starts");
        let said = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut model = Model { child, said, url: String::new() };
        model.url = model.line();
        model
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("the model speaks");
        line.trim().to_owned()
    }

    /// Input tokens so far, and what went wrong.
    fn count(&mut self) -> (u64, String) {
        let mut stdin = self.child.stdin.as_ref().expect("it is piped");
        stdin.write_all(b"\n").expect("the model listens");
        let line = self.line();
        let (count, trouble) = line.split_once(' ').unwrap_or((&line, ""));
        (count.parse().expect("a count"), trouble.to_owned())
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn five_steps() {
    let (mut walls, mut models) = (Vec::new(), Vec::new());
    let mut input = 0;
    for _ in 0..=RUNS {
        let mut model = Model::start();
        let home = home(&model.url);
        let mut command = Command::new(BRISK);
        command.args(["-p", "test.sh fails; fix calc.sh", "--mode", "autopilot"]);
        command.args(["--budget", "100k", "--no-stdin", "-q"]);
        command.current_dir(home.path().join("project")).envs(env(home.path()));
        let begun = Instant::now();
        let output = command.output().expect("brisk runs");
        walls.push(begun.elapsed());
        let errors = String::from_utf8_lossy(&output.stderr);
        let trouble;
        (input, trouble) = model.count();
        assert!(output.status.success(), "{errors} {trouble}");
        // Ended, but not waited for: among the children's figures is only who was.
        let _ = model.child.kill();
        models.push(model);
    }
    walls.remove(0);
    walls.sort();
    let memory = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN);
    let memory = memory.expect("the children's usage").max_rss() as f64 / 1024.0;
    row("five steps, wall", ms(walls[RUNS / 2]), "≤ 200 ms");
    row("five steps, peak memory", format!("{memory:.1} MB"), "≤ 25 MB");
    row("five steps, input tokens", input, "≤ 5,500");
}

fn env(home: &Path) -> [(&'static str, String); 3] {
    let home = home.display().to_string();
    [("BRISK_HOME", home.clone()), ("HOME", home), ("SHELL", "/bin/bash".to_owned())]
}

struct Screen {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    _master: Box<dyn portable_pty::MasterPty + Send>,
    drawn: Arc<Mutex<Vec<u8>>>,
}

impl Screen {
    fn open(home: &Path) -> Screen {
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a PTY");
        let mut command = CommandBuilder::new(BRISK);
        for (name, value) in env(home) {
            command.env(name, value);
        }
        command.env("TERM", "xterm-256color");
        command.cwd(home.join("project"));
        let child = pair.slave.spawn_command(command).expect("brisk runs");
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let drawn = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&drawn);
        std::thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                sink.lock().expect("no panic").extend_from_slice(&buffer[..count]);
            }
        });
        Screen { child, _master: pair.master, drawn }
    }

    fn bytes(&self) -> usize {
        self.drawn.lock().expect("no panic").len()
    }

    fn wait_for_frame(&self) {
        let is_drawn = || {
            let drawn = self.drawn.lock().expect("no panic");
            let has = |what: &[u8]| drawn.windows(what.len()).any(|window| window == what);
            has(b"brisk") && has(b"\x1b[?2026l")
        };
        while !is_drawn() {
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    fn settle(&self) {
        self.wait_for_frame();
        let mut last = 0;
        while self.bytes() != last {
            last = self.bytes();
            std::thread::sleep(Duration::from_millis(700));
        }
    }

    fn ticks(&self) -> f64 {
        let pid = self.child.process_id().expect("it runs");
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        fields[11].parse::<f64>().expect("ticks") + fields[12].parse::<f64>().expect("ticks")
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn first_frame(home: &Path) -> Duration {
    let begun = Instant::now();
    let screen = Screen::open(home);
    screen.wait_for_frame();
    begun.elapsed()
}

fn idle(home: &Path) -> (usize, f64) {
    let screen = Screen::open(home);
    screen.settle();
    let (bytes, ticks) = (screen.bytes(), screen.ticks());
    std::thread::sleep(IDLE);
    let cpu = (screen.ticks() - ticks) / TICKS_A_SECOND / IDLE.as_secs_f64();
    (screen.bytes() - bytes, cpu)
}

fn memory(home: &Path) -> f64 {
    let screen = Screen::open(home);
    screen.settle();
    let pid = screen.child.process_id().expect("it runs");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    rss.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
}
