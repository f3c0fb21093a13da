//! The emulator against the rules of others: esctest2, which is run from outside, inside a terminal.

use brisk::protocol::{Input, Key, KeyCode, Launch, Size};
use brisk::term::Terminal;
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

/// What esctest2 counted when this was last changed. It only rises.
const ESCTEST_PASSES: usize = 241;
const LONG: Duration = Duration::from_secs(60);
const ESCTEST_MAX: Duration = Duration::from_secs(900);

fn outer(name: &str) -> Option<OsString> {
    #[expect(clippy::disallowed_methods, reason = "tests find programs and data by it")]
    std::env::var_os(name)
}

/// With bash at its prompt.
pub(crate) fn terminal(home: &Path, size: Size) -> Terminal {
    std::fs::write(home.join(".bashrc"), "PS1='ready$ '\n").unwrap();
    let path = outer("PATH").unwrap_or_default();
    let env = [("PATH", path), ("HOME", home.into()), ("LANG", "C.UTF-8".into())];
    let launch = Launch {
        shell: "/bin/bash".into(),
        prefix: Vec::new(),
        folder: home.to_path_buf(),
        env: env.into_iter().map(|(name, value)| (name.into(), value)).collect(),
        scratch: home.join("scratch"),
    };
    let terminal = Terminal::open(&launch, size, |_| {}).unwrap();
    wait_for(&terminal, "ready$");
    terminal
}

#[track_caller]
pub(crate) fn wait_for(terminal: &Terminal, what: &str) {
    let begun = Instant::now();
    loop {
        let screen = terminal.screen();
        let rows: Vec<_> = (0..screen.size.rows).map(|row| screen.text(row)).collect();
        if rows.iter().any(|row| row.contains(what)) {
            return;
        }
        assert!(begun.elapsed() < LONG, "never came: {what}\n{}", rows.join("\n"));
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Each test's full name, as the sources have it.
fn names(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder.join("esctest/tests")).unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap_or_default();
        let mut class = String::new();
        for line in source.lines() {
            let word = |prefix: &str| {
                let rest = line.strip_prefix(prefix)?;
                rest.split(['(', ':']).next().map(str::to_owned)
            };
            if let Some(name) = word("class ") {
                class = name;
            } else if let Some(test) = word("  def test_") {
                names.push(format!("{class}.test_{test}"));
            }
        }
    }
    names.sort();
    names
}

/// `BRISK_ESCTEST=FOLDER cargo test --test terminal esctest -- --ignored --nocapture`
///
/// Each test in a process of its own, since an answer too many would fail all that come after.
#[test]
#[ignore = "it needs esctest2, and minutes"]
fn esctest_passes_as_many_as_ever() {
    let Some(folder) = outer("BRISK_ESCTEST") else {
        println!("skipped: BRISK_ESCTEST is not set");
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("log");
    let names = names(Path::new(&folder));
    let path = "import sys; print(sys.executable)";
    let python = std::process::Command::new("python3").args(["-c", path]).output().unwrap();
    let script = format!(
        "while read -r name <&3; do\n\
         echo \"== $name\" >> {log}\n\
         {python} esctest.py --expected-terminal xterm --max-vt-level 4 --timeout 1 \
         --no-print-logs --include \"^$name\\$\" --logfile one\n\
         grep -v '^Run test' one >> {log}\n\
         printf '\\ec'; while read -rsn 1 -t 0.02; do :; done; stty sane\n\
         done 3< {names}\n\
         echo END >> {log}\n",
        python = String::from_utf8(python.stdout).unwrap().trim(),
        log = log.display(),
        names = home.path().join("names").display(),
    );
    std::fs::write(home.path().join("names"), names.join("\n") + "\n").unwrap();
    std::fs::write(home.path().join("run.sh"), script).unwrap();
    let terminal = terminal(home.path(), Size { columns: 80, rows: 25 });
    terminal.answer_checksums();
    let source = Path::new(&folder).join("esctest");
    let command = format!("cp -r {} esctest && cd esctest && bash ../run.sh", source.display());
    terminal.input(&Input::Paste(command));
    terminal.input(&Input::Key(Key::plain(KeyCode::Enter)));
    let begun = Instant::now();
    let text = loop {
        let text = std::fs::read(&log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        if text.ends_with("END\n") {
            break text;
        }
        assert!(begun.elapsed() < ESCTEST_MAX, "it does not end: {text}");
        std::thread::sleep(Duration::from_millis(200));
    };
    println!("{text}");
    let passes = text.lines().filter(|line| *line == "Passed.").count();
    println!("{passes} of {} pass", names.len());
    assert!(passes >= ESCTEST_PASSES, "only {passes} of {} pass", names.len());
}
