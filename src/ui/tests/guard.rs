//! A panic, on a real PTY: the terminal is given back before its message is printed.

use crate::ui::guard::{Guard, Keys};
use alacritty_terminal::Term;
use alacritty_terminal::event::VoidListener;
use alacritty_terminal::term::test::TermSize;
use alacritty_terminal::term::{Config, TermMode};
use alacritty_terminal::vte::ansi::Processor;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::Read as _;

#[test]
#[ignore = "the test below starts it on a PTY"]
fn panics_with_the_terminal_taken() {
    let _guard = Guard::take(Keys::Extended).expect("a PTY is a terminal");
    panic!("a planted panic");
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_read_afterwards() {
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a PTY");
    let before = pair.master.get_termios();
    assert!(before.is_some());
    let mut command = CommandBuilder::new(std::env::current_exe().expect("this test"));
    command.args(["--exact", "ui::tests::guard::panics_with_the_terminal_taken"]);
    command.args(["--ignored", "--nocapture", "--test-threads=1"]);
    command.env("RUST_BACKTRACE", "0");
    let mut child = pair.slave.spawn_command(command).expect("it starts");
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    let reading = std::thread::spawn(move || {
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
        // The end of a PTY is an error on Linux.
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            bytes.extend_from_slice(&buffer[..count]);
        }
        bytes
    });
    assert!(!child.wait().expect("it ends").success());
    assert_eq!(format!("{:?}", pair.master.get_termios()), format!("{before:?}"));
    drop(pair);
    let bytes = reading.join().expect("the reader ends");
    let mut term = Term::new(Config::default(), &TermSize::new(80, 24), VoidListener);
    Processor::<alacritty_terminal::vte::ansi::StdSyncHandler>::new().advance(&mut term, &bytes);
    let modes =
        TermMode::ALT_SCREEN | TermMode::BRACKETED_PASTE | TermMode::KITTY_KEYBOARD_PROTOCOL;
    assert!(!term.mode().intersects(modes), "{:?}", term.mode());
    assert!(term.mode().contains(TermMode::SHOW_CURSOR));
    let text = String::from_utf8_lossy(&bytes);
    let (left, said) = (text.find("\x1b[?1049l"), text.find("a planted panic"));
    assert!(left.is_some() && left < said, "{text}");
}
