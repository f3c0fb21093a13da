//! Looking back in the real binary: found again, copied to the outer terminal, and nothing else of the
//! program's reaches it.

use crate::common::Place;
use crate::screen::Screen;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portable_pty::CommandBuilder;
use std::path::{Path, PathBuf};
use std::process::Command;

const NOTHING: &str = "[[reply]]\ntext = \"ok\"\n";
const LINES: &str =
    "for n in $(seq 3000); do echo \"line $n of three thousand\"; done; echo the-$((40+2))th\r";

fn place() -> Place {
    let place = Place::scripted("openai-chat", NOTHING);
    place.write("main.py", "");
    place.commit();
    place
}

/// brisk with the keys in its terminal, at the shell's prompt.
fn at_the_prompt(screen: &Screen) {
    screen.wait_for("F1 help");
    screen.keys("\x1b3");
    screen.wait_for("every key goes to the program");
    screen.wait_until("a prompt", |text| text.contains('$'));
}

fn osc52(text: &str) -> Vec<u8> {
    format!("\x1b]52;c;{}\x07", STANDARD.encode(text)).into_bytes()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn three_thousand_lines_back_a_line_is_found_and_copied_to_the_outer_terminal() {
    let place = place();
    let screen = Screen::open(&place, &[], 120, 40);
    at_the_prompt(&screen);
    screen.keys(LINES);
    screen.wait_for("the-42th");
    screen.keys("\x1c[");
    screen.wait_for("COPY");
    // The program goes on, and what is looked at stays.
    screen.keys("?LINE 1234 of");
    screen.wait_for("not found");
    screen.keys("\x15line 1234 of\r");
    screen.wait_for("1 hit");
    screen.wait_for("line 1234 of three thousand");
    screen.keys("Vj");
    screen.keys("y");
    screen.wait_for("copied 2 lines");
    let copied = osc52("line 1234 of three thousand\nline 1235 of three thousand\n");
    assert!(contains(&screen.bytes(), &copied));
    screen.wait_for("every key goes to the program");
}

#[test]
fn what_is_selected_is_quoted_into_the_message() {
    let place = place();
    let screen = Screen::open(&place, &[], 80, 24);
    at_the_prompt(&screen);
    screen.keys("echo 'some thing'\r");
    screen.wait_until("the output", |text| text.contains("\u{2503}some thing"));
    screen.keys("\x1c[?^some\x15some thing\r!");
    screen.wait_for("> some thing");
}

/// What the program prints, as a shell's printf would.
fn print(screen: &Screen, text: &str) {
    screen.keys(&format!("printf '{text}'; echo; echo 'do''ne'\r"));
    screen.wait_until("done", |text| text.contains("\u{2503}done"));
}

#[test]
fn a_programs_title_clipboard_and_links_never_reach_the_outer_terminal() {
    let place = place();
    let screen = Screen::open(&place, &[], 80, 24);
    at_the_prompt(&screen);
    let odd = r"\033]0;a-title\007\033]52;c;aGVsbG8=\007\033]52;c;?\007\033]8;;http://x.example\007link\033]8;;\007\033]9;note\007\033]1337;x\007";
    print(&screen, odd);
    let bytes = screen.bytes();
    for part in ["\x1b]0;", "\x1b]2;", "\x1b]52;", "\x1b]8;", "\x1b]9;", "\x1b]1337;"] {
        assert!(!contains(&bytes, part.as_bytes()), "{part:?} got out");
    }
}

#[test]
fn a_program_writes_the_clipboard_only_where_the_setting_says_so() {
    let place = place();
    let file = place.home().join("config.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{config}\n[terminal]\nclipboard = \"write\"\n")).unwrap();
    let screen = Screen::open(&place, &[], 80, 24);
    at_the_prompt(&screen);
    print(&screen, r"\033]52;c;aGVsbG8=\007\033]52;c;?\007");
    screen.wait_for("the program in the terminal: copied 1 line, 5 bytes");
    let bytes = screen.bytes();
    assert!(contains(&bytes, &osc52("hello")));
    assert!(!contains(&bytes, b"\x1b]52;c;?"), "reading is never asked for");
}

fn program(name: &str) -> Option<PathBuf> {
    let found = ["/usr/local/bin", "/usr/bin", "/bin"];
    let found = found.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.is_file());
    if found.is_none() {
        println!("skipped: {name} is not installed");
    }
    found
}

/// A tmux server of the test's own, ended with it.
struct Tmux<'a> {
    place: &'a Place,
    program: PathBuf,
    socket: PathBuf,
}

impl Tmux<'_> {
    fn run(&self, args: &[&str]) -> String {
        let mut command = Command::new(&self.program);
        command.arg("-S").arg(&self.socket).args(args).env_clear().envs(self.place.env());
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

#[test]
fn in_tmux_with_its_own_settings_the_copy_arrives_in_its_buffer_and_outside() {
    let Some(program) = program("tmux") else { return };
    let place = place();
    let socket = place.home().join("tmux");
    let tmux = Tmux { place: &place, program, socket };
    let mut command = CommandBuilder::new(&tmux.program);
    command.args(["-f", "/dev/null", "-S"]);
    command.arg(&tmux.socket);
    command.args(["new-session", crate::common::BRISK]);
    command.cwd(&place.project);
    command.env_clear();
    for (name, value) in place.env() {
        command.env(name, value);
    }
    let screen = Screen::spawn(command, 100, 30);
    at_the_prompt(&screen);
    screen.keys("echo find-me-$((20+3))\r");
    screen.wait_for("find-me-23");
    screen.keys("\x1c[?find-me-23\rvey");
    screen.wait_for("copied 1 line");
    let begun = std::time::Instant::now();
    while tmux.run(&["show-buffer"]) != "find" {
        assert!(begun.elapsed().as_secs() < 30, "{:?}", tmux.run(&["list-buffers"]));
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    // tmux hands it on to the terminal around it, in its own words.
    let encoded = STANDARD.encode("find");
    screen.wait_until("the outer clipboard", |_| contains(&screen.bytes(), encoded.as_bytes()));
}
