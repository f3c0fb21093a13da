//! What goes to the outer terminal, byte by byte, while programs run in the pane.

use crate::common::{BRISK, Place};
use crate::screen::Screen;
use alacritty_terminal::term::TermMode;
use portable_pty::CommandBuilder;
use std::time::{Duration, Instant};

/// Nothing was drawn for so long: the screen has come to rest.
const REST: Duration = Duration::from_millis(400);
const LONG: Duration = Duration::from_secs(60);
const KEY_BYTES_MAX: usize = 60;
const LINE_BYTES_MAX: usize = 1024;
/// Half a megabyte a second, at 60 frames.
const FLOOD_FRAME_BYTES_MAX: usize = 500_000 / 60;

fn place() -> Place {
    let place = Place::scripted("openai-chat", "[[reply]]\ntext = \"hello\"\n");
    place.write("main.py", "print('hello')\n");
    std::fs::write(place.home().join(".bashrc"), "PS1='$ '\n").unwrap();
    place
}

/// Waits until nothing more is drawn; how much was, since the start.
fn rest(screen: &Screen) -> usize {
    let begun = Instant::now();
    loop {
        let drawn = screen.drawn();
        std::thread::sleep(REST);
        if screen.drawn() == drawn {
            return drawn;
        }
        assert!(begun.elapsed() < LONG, "it draws for ever:\n{}", screen.text());
    }
}

/// What one key costs, all that follows from it included.
fn cost(screen: &Screen, key: &str) -> usize {
    let before = rest(screen);
    screen.keys(key);
    let begun = Instant::now();
    while screen.drawn() == before {
        assert!(begun.elapsed() < LONG, "nothing comes of {key:?}:\n{}", screen.text());
        std::thread::sleep(Duration::from_millis(1));
    }
    rest(screen) - before
}

/// With the keys in the terminal pane, which has the whole width.
fn zoomed(place: &Place, columns: u16, rows: u16) -> Screen {
    let screen = Screen::open(place, &[], columns, rows);
    screen.wait_for("3 Term");
    screen.keys("\x1b3");
    screen.wait_for("$ ");
    if columns >= 100 {
        screen.keys("\x1cz");
    }
    rest(&screen);
    screen
}

/// The pane is full of what `yes` or `seq` say.
fn floods(text: &str) -> bool {
    let says = |row: &&str| {
        let row = row.trim_matches(['│', '┃', ' ']);
        row == "y" || row.len() > 2 && row.bytes().all(|byte| byte.is_ascii_digit())
    };
    text.lines().filter(says).count() > 20
}

fn frames(bytes: &[u8]) -> usize {
    let begin = b"\x1b[?2026h";
    bytes.windows(begin.len()).filter(|window| window == begin).count()
}

#[test]
fn an_echoed_key_costs_at_most_60_bytes_in_the_message_and_in_the_terminal() {
    let place = place();
    let screen = Screen::open(&place, &[], 120, 40);
    screen.wait_for("3 Term");
    // The first one changes the hints, too.
    cost(&screen, "a");
    for key in ["b", "c", "é", "\x7f"] {
        let bytes = cost(&screen, key);
        assert!(bytes <= KEY_BYTES_MAX, "{bytes} bytes for {key:?} in the message");
    }
    let screen = zoomed(&place, 120, 40);
    // With the first one the pen is the user's.
    cost(&screen, "e");
    for key in ["e", "c", "h", "o", " ", "\x7f"] {
        let bytes = cost(&screen, key);
        assert!(bytes <= KEY_BYTES_MAX, "{bytes} bytes for {key:?} in the terminal");
    }
}

#[test]
fn a_line_that_scrolls_costs_at_most_a_kilobyte() {
    for (columns, rows) in [(120, 40), (90, 30)] {
        let place = place();
        let line = "printf '\\e[3%dm%d\\e[m %s\\n' $((n%7)) $n \"$(printf '%070d' $((n*7919)))\"";
        let script = format!(
            "n=100\nstty -echo -icanon\nfor n in $(seq 100 180); do {line}; done\n\
             while read -r x; do n=$((n+1)); {line}; done\n"
        );
        place.write("lines.sh", script);
        let screen = zoomed(&place, columns, rows);
        screen.keys("bash lines.sh\r");
        screen.wait_for("180 0");
        for line in ["181 0", "182 0", "183 0"] {
            let bytes = cost(&screen, "\r");
            assert!(screen.text().contains(line), "{}", screen.text());
            assert!(bytes <= LINE_BYTES_MAX, "{bytes} bytes at {columns}x{rows}");
        }
    }
}

#[test]
fn under_a_flood_the_outer_output_is_bounded_and_the_message_answers() {
    for flood in ["yes", "seq 1000000000"] {
        let place = place();
        let screen = zoomed(&place, 120, 40);
        let (begun, before) = (Instant::now(), screen.bytes().len());
        screen.keys(&format!("{flood}\r"));
        screen.wait_until("the flood", floods);
        screen.keys("\x1cq");
        // Focus is on the message again: what is typed stands there, the flood goes on.
        for word in ["still ", "here ", "and ", "quick "] {
            screen.keys(word);
        }
        screen.wait_for("still here and quick");
        std::thread::sleep(Duration::from_millis(1500));
        let drawn = screen.bytes()[before..].to_vec();
        let (frames, seconds) = (frames(&drawn), begun.elapsed().as_secs_f64());
        let each = drawn.len() / frames.max(1);
        assert!(each <= FLOOD_FRAME_BYTES_MAX, "{flood}: {each} bytes a frame");
        let keys = 40.0;
        assert!(frames as f64 <= 63.0 * seconds + keys, "{flood}: {frames} in {seconds} s");
    }
}

#[test]
fn control_c_ends_a_flood_and_the_prompt_is_back() {
    let place = place();
    let screen = zoomed(&place, 120, 40);
    screen.keys("yes\r");
    screen.wait_until("the flood", floods);
    screen.keys("\x03");
    screen.wait_for("^C");
    screen.keys("echo $((40+2))nd street\r");
    screen.wait_for("42nd street");
}

#[test]
fn a_burst_of_resizes_is_one_for_the_program_and_the_last_size_is_right() {
    let place = place();
    let script = "trap 'n=$((n+1))' WINCH\nn=0\nwhile :; do sleep 0.05\n\
        printf '\\rwinch=%s size=%s. ' \"$n\" \"$(stty size)\"\ndone\n";
    place.write("watch.sh", script);
    let screen = zoomed(&place, 120, 40);
    screen.keys("bash watch.sh\r");
    screen.wait_for("winch=0 size=");
    let size = |text: &str| -> Option<(i32, i32)> {
        let after = text.rsplit("size=").next()?.split('.').next()?;
        let (rows, columns) = after.split_once(' ')?;
        Some((rows.parse().ok()?, columns.parse().ok()?))
    };
    let first = size(&screen.text()).expect("it says its size");
    for step in 0..100 {
        screen.resize(101 + step % 19, 30 + step % 9);
    }
    screen.resize(111, 37);
    screen.wait_until("the last size", |text| size(text) == Some((first.0 - 3, first.1 - 9)));
    rest(&screen);
    let text = screen.text();
    let count = text.rsplit("winch=").next().and_then(|after| after.split(' ').next());
    let count: u32 = count.and_then(|count| count.parse().ok()).expect("it counts");
    // One, unless a loaded machine makes pauses.
    assert!((1..=10).contains(&count), "{count} signals for 101 resizes");
}

#[track_caller]
fn check_left(screen: &Screen, way: &str) {
    let left = screen.mode();
    let modes = [
        TermMode::ALT_SCREEN,
        TermMode::BRACKETED_PASTE,
        TermMode::MOUSE_MODE,
        TermMode::DISAMBIGUATE_ESC_CODES,
    ];
    for mode in modes {
        assert!(!left.intersects(mode), "{way} leaves {mode:?}");
    }
    assert!(left.contains(TermMode::SHOW_CURSOR), "{way} leaves the cursor hidden");
}

#[test]
fn every_way_out_is_clean_while_a_flood_runs_in_the_focused_pane() {
    for (way, code) in [("TERM", 143), ("HUP", 143), ("quit", 0)] {
        let place = place();
        let mut screen = zoomed(&place, 120, 40);
        screen.keys("yes\r");
        screen.wait_until("the flood", floods);
        if way == "quit" {
            screen.keys("\x1cq");
            screen.keys("\x04");
        } else {
            screen.signal(way);
        }
        assert_eq!(screen.wait_for_end(), code, "{way}");
        check_left(&screen, way);
    }
}

#[test]
fn a_stop_gives_the_terminal_back_and_going_on_draws_everything_again() {
    let place = place();
    let mut command = CommandBuilder::new("/bin/bash");
    // Its own line editor would turn the bracketed paste on.
    command.args(["--norc", "--noprofile", "--noediting", "-i"]);
    command.cwd(&place.project);
    command.env_clear();
    for (name, value) in place.env() {
        command.env(name, value);
    }
    command.env("PS1", "outer> ");
    let screen = Screen::spawn(command, 120, 40);
    screen.wait_for("outer>");
    screen.keys(&format!("{BRISK}\r"));
    screen.wait_for("3 Term");
    screen.keys("\x1b3\x1cz");
    screen.wait_for("$ ");
    screen.keys("yes\r");
    screen.wait_until("the flood", floods);
    let outer = screen.pid().to_string();
    let children = std::process::Command::new("pgrep").args(["-P", &outer, "brisk"]).output();
    let children = String::from_utf8(children.unwrap().stdout).unwrap();
    for round in ["first", "second"] {
        let status =
            std::process::Command::new("kill").args(["-s", "TSTP", children.trim()]).status();
        assert!(status.unwrap().success());
        screen.wait_for("Stopped");
        screen.wait_until("the outer prompt", |text| text.trim_end().ends_with("outer>"));
        check_left(&screen, "a stop");
        screen.keys("clear; fg\r");
        screen.wait_until(round, |text| text.contains("pen: YOU") && floods(text));
        assert!(screen.mode().contains(TermMode::ALT_SCREEN | TermMode::BRACKETED_PASTE));
    }
}
