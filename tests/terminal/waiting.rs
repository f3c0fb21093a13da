//! What a program is doing, told by looking at it: waiting for input or working, and a full-screen
//! program's screen as soon as it is drawn.

use brisk::protocol::{Launch, Size, TermState};
use brisk::term::{Ran, Terminal, Wait};
use std::path::Path;
use std::time::{Duration, Instant};

/// Nothing here may take as long: an answer after this is one of the timeout's.
const LONG: Duration = Duration::from_secs(60);
/// Long enough that a program which waits would have been seen waiting.
const WHILE: Duration = Duration::from_secs(2);
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

struct Room {
    terminal: Terminal,
    home: tempfile::TempDir,
}

fn missing(program: &str) -> bool {
    let found = PATH.split(':').any(|folder| Path::new(folder).join(program).is_file());
    if !found {
        println!("skipped: {program} is not installed");
    }
    !found
}

fn open() -> Room {
    let home = tempfile::tempdir().unwrap();
    let launch = Launch {
        shell: "/bin/bash".into(),
        prefix: Vec::new(),
        folder: home.path().into(),
        env: vec![
            ("HOME".into(), home.path().into()),
            ("PATH".into(), PATH.into()),
            ("LANG".into(), "C.UTF-8".into()),
        ],
        scratch: home.path().join("scratch"),
    };
    let terminal = Terminal::open(&launch, Size { columns: 80, rows: 24 }, |_| {}).unwrap();
    Room { terminal, home }
}

impl Room {
    async fn run(&self, command: &str) -> Ran {
        let begun = Instant::now();
        let ran = self.terminal.run(command, LONG).await.unwrap();
        assert!(begun.elapsed() < LONG, "{command} answered by its timeout: {ran:?}");
        ran
    }

    async fn interrupt(&self) {
        let ran = self.terminal.keys("<C-c>", Wait::Exit, LONG).await.unwrap();
        assert_eq!(ran.state, TermState::Done, "{ran:?}");
    }
}

#[tokio::test]
async fn who_reads_the_terminal_waits_for_input() {
    let room = open();
    // A line; keys, off the alternate screen; the first of a pipeline; a line editor.
    for (command, end) in [
        ("cat", "<C-d>"),
        ("cat | cat", "<C-d>"),
        ("bash -c 'stty raw; head -c 1; stty sane'", "x"),
        ("read -n 1 key", "x"),
        ("sh", "exit<Enter>"),
    ] {
        let ran = room.run(command).await;
        assert_eq!(ran.state, TermState::WaitsForLine, "{command}: {ran:?}");
        let ran = room.terminal.keys(end, Wait::Exit, LONG).await.unwrap();
        assert_eq!(ran.state, TermState::Done, "{command}: {ran:?}");
    }
    if !missing("python3") {
        let ran = room.run("python3 -c 'print(len(input(\"Name: \")))'").await;
        assert_eq!((ran.state, ran.output.text.as_str()), (TermState::WaitsForLine, "Name:"));
        let ran = room.terminal.keys("four<Enter>", Wait::Exit, LONG).await.unwrap();
        assert_eq!((ran.state, ran.output.text.as_str()), (TermState::Done, "four\n4"));
    }
    room.terminal.close().await;
}

#[tokio::test]
async fn who_is_quiet_and_works_runs() {
    let room = open();
    // Asleep; waiting for a pipe; waiting for children, as builds and tests do; computing.
    for command in [
        "sleep 300",
        "sleep 300 | cat",
        "bash -c 'echo running 1 test; sleep 300; echo ok'",
        "bash -c 'sleep 300 & wait'",
        "while :; do :; done",
    ] {
        let ran = room.terminal.run(command, WHILE).await.unwrap();
        assert_eq!(ran.state, TermState::Running, "{command}: {ran:?}");
        assert!(ran.duration >= WHILE, "{command}: {ran:?}");
        room.interrupt().await;
    }
    room.terminal.close().await;
}

#[tokio::test]
async fn a_full_screen_program_answers_with_its_screen_long_before_its_timeout() {
    let room = open();
    // One that redraws without a pause, too.
    let splash =
        "printf '\\033[?1049h'; while :; do printf '\\033[Hsplash %s' $RANDOM; sleep 0.02; done";
    std::fs::write(room.home.path().join("splash.sh"), splash).unwrap();
    std::fs::write(room.home.path().join("text"), "a line\n".repeat(99)).unwrap();
    for (program, command, text, end) in [
        ("less", "less text", "a line", "q"),
        ("vim", "vim -u NONE text", "a line", ":q!<Enter>"),
        ("watch", "watch -n 0.1 date", "Every 0.1s", "<C-c>"),
        ("htop", "htop -d 1", "PID", "q"),
        ("bash", "bash splash.sh", "splash", "<C-c>"),
    ] {
        if missing(program) {
            continue;
        }
        let ran = room.run(command).await;
        assert_eq!(ran.state, TermState::FullScreen, "{command}: {ran:?}");
        let screen = ran.screen.unwrap().join("\n");
        assert!(screen.contains(text), "{command}: {screen}");
        assert_eq!(ran.changed, None, "{command}");
        let ran = room.terminal.keys(end, Wait::Exit, LONG).await.unwrap();
        assert_eq!(ran.state, TermState::Done, "{command}: {ran:?}");
    }
    room.terminal.close().await;
}

#[tokio::test]
async fn a_second_look_knows_the_rows_that_changed_and_another_program_begins_anew() {
    let room = open();
    let draws = "stty -echo; printf '\\033[?1049h\\033[Hone\\r\\ntwo\\r\\nthree'; read x; \
                 printf '\\033[2;1HTWO\\033[5;1Hfive'; read x; printf '\\033[?1049l'; stty echo";
    std::fs::write(room.home.path().join("draws.sh"), draws).unwrap();
    for _ in 0..2 {
        let ran = room.run("bash draws.sh").await;
        assert_eq!((ran.state, ran.changed), (TermState::FullScreen, None));
        let look = || room.terminal.keys("", Wait::Idle, LONG);
        assert_eq!(look().await.unwrap().changed, Some(Vec::new()));
        let ran = room.terminal.keys("<Enter>", Wait::Text("five".into()), LONG).await.unwrap();
        assert_eq!(ran.changed, Some(vec![1, 4]), "{ran:?}");
        let ran = room.terminal.keys("<Enter>", Wait::Exit, LONG).await.unwrap();
        assert_eq!((ran.state, ran.screen, ran.ended), (TermState::Done, None, true));
        assert!(!look().await.unwrap().ended);
    }
    room.terminal.close().await;
}
