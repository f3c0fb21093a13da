//! A megabyte is pasted into a program that reads it, and into one that does not.

use crate::conformance::{terminal, wait_for};
use brisk::protocol::{Input, Key, Size};
use brisk::term::Terminal;

const SIZE: Size = Size { columns: 80, rows: 24 };

fn type_line(terminal: &Terminal, line: &str) {
    terminal.input(&Input::Paste(line.to_owned()));
    terminal.input(&Input::Key(Key::plain(brisk::protocol::KeyCode::Enter)));
}

#[test]
fn a_program_that_reads_gets_every_byte_of_a_megabyte() {
    let home = tempfile::tempdir().unwrap();
    let terminal = terminal(home.path(), SIZE);
    let paste: String = (0..10_000).map(|line| format!("{line:099}\n")).collect();
    let got = home.path().join("got");
    let program = format!(
        "stty raw -echo; echo pre\"\"pared; head -c {} > {}; stty sane; echo th\"\"rough",
        paste.len(),
        got.display()
    );
    type_line(&terminal, &program);
    wait_for(&terminal, "prepared");
    terminal.input(&Input::Paste(paste.clone()));
    wait_for(&terminal, "through");
    let got = std::fs::read_to_string(got).unwrap();
    assert!(got == paste.replace('\n', "\r"), "{} bytes of {} came", got.len(), paste.len());
}

#[test]
fn a_program_that_does_not_read_is_interrupted_and_the_paste_is_gone() {
    let home = tempfile::tempdir().unwrap();
    let terminal = terminal(home.path(), SIZE);
    type_line(&terminal, "echo pre\"\"pared; sleep 1000");
    wait_for(&terminal, "prepared");
    for _ in 0..3 {
        terminal.input(&Input::Paste("touch pasted\n".repeat(80_000)));
    }
    terminal.input(&Input::Key(Key::ctrl('c')));
    wait_for(&terminal, "^C");
    type_line(&terminal, "echo $((40+2))nd");
    wait_for(&terminal, "42nd");
    assert!(!home.path().join("pasted").exists());
}
