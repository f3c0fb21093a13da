//! The full screen, as a person meets it: the real binary on a real PTY.

mod common;
#[path = "common/screen.rs"]
mod screen;

use alacritty_terminal::term::TermMode;
use common::{Place, snapshot};
use screen::Screen;

const EDIT: &str = r#"
[[reply]]
text = "I look first."
calls = [{ tool = "read", arguments = { path = "main.py" } }]
[[reply]]
expect = ["print('hello')"]
calls = [{ tool = "edit", arguments = { path = "main.py", old = "print('hello')\n", new = "print('goodbye')\n" } }]
[[reply]]
text = "That is all."
"#;

fn place(script: &str) -> Place {
    let place = Place::scripted("openai-chat", script);
    place.write("main.py", "print('hello')\n");
    place.commit();
    place
}

/// Answers the question on the screen. A sheet ignores keys for its first 400 ms, and shows nothing of
/// it: that time has to pass.
#[track_caller]
fn answer(screen: &Screen, key: &str, shows: &str) {
    screen.wait_for("Enter does nothing here");
    std::thread::sleep(std::time::Duration::from_millis(500));
    screen.keys(key);
    screen.wait_for(shows);
}

#[test]
fn an_edit_is_shown_and_written_only_after_a_yes() {
    let place = place(EDIT);
    let screen = Screen::open(&place, &["say goodbye"], 120, 40);
    screen.wait_for("APPROVAL");
    screen.wait_for("goodbye')");
    assert_eq!(place.read("main.py"), "print('hello')\n", "nothing is written before the answer");
    screen.keys("\r\r");
    screen.wait_for("APPROVAL");
    assert_eq!(place.read("main.py"), "print('hello')\n", "Enter never confirms");
    assert!(screen.text().contains("That is all."), "the draft is asked about at the turn's end");
    answer(&screen, "y", "applied to main.py");
    assert_eq!(place.read("main.py"), "print('goodbye')\n");
}

#[test]
fn a_rejected_edit_leaves_the_file_and_the_model_reads_the_comment() {
    let place = place(EDIT);
    let screen = Screen::open(&place, &["--tree", "in-place", "say goodbye"], 80, 24);
    screen.wait_for("APPROVAL");
    answer(&screen, "c", "comment:");
    screen.keys("say ciao instead\r");
    screen.wait_for("That is all.");
    assert_eq!(place.read("main.py"), "print('hello')\n");
    let requests = place.server().requests();
    assert!(requests[2].body.to_string().contains("say ciao instead"));
}

#[test]
fn a_key_typed_ahead_approves_nothing() {
    let place = place(EDIT);
    let screen = Screen::open(&place, &["say goodbye"], 120, 40);
    // Typing goes on while the question comes up: it belongs to the composer.
    while !screen.text().contains("APPROVAL") {
        screen.keys("y");
        std::thread::sleep(std::time::Duration::from_millis(30));
    }
    screen.keys("yyy");
    screen.wait_for("yyy");
    assert_eq!(place.read("main.py"), "print('hello')\n");
}

#[test]
fn vim_shows_in_the_pane_and_the_user_types_into_it() {
    if std::process::Command::new("vim").arg("--version").output().is_err() {
        println!("skipped: vim is not installed");
        return;
    }
    let place = place("[[reply]]\ntext = \"hello\"\n");
    let screen = Screen::open(&place, &[], 120, 40);
    screen.wait_for("3 Term");
    screen.keys("\x1b3");
    screen.wait_for("$");
    screen.keys("vim -u NONE -N main.py\r");
    screen.wait_for("print('hello')");
    screen.keys("ocheerio\x1b:wq\r");
    // What the user writes in the shared terminal is in the draft, too.
    screen.wait_for("2 Diff  1 file");
    screen.wait_for("cheerio");
    assert_eq!(place.read("main.py"), "print('hello')\n");
}

#[test]
fn every_way_out_leaves_a_clean_terminal() {
    for way in ["quit", "TERM", "HUP"] {
        let place = place("[[reply]]\ntext = \"hello\"\n");
        let mut screen = Screen::open(&place, &[], 100, 30);
        screen.wait_for("3 Term");
        assert!(screen.mode().contains(TermMode::ALT_SCREEN));
        match way {
            "quit" => screen.keys("\x04"),
            signal => screen.signal(signal),
        }
        let code = screen.wait_for_end();
        assert_eq!(code, if way == "quit" { 0 } else { 143 }, "{way}");
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
}

#[test]
fn escape_interrupts_at_once_and_the_words_that_came_are_kept() {
    let script = "[[reply]]\nfault = \"stall\"\nafter_chunks = 2\ntext = \"A beginning without an end in sight, ever.\"\n[[reply]]\ntext = \"Second answer.\"\n";
    let place = place(script);
    let screen = Screen::open(&place, &["go on"], 120, 40);
    screen.wait_for("A beginning");
    screen.keys("\x1b");
    screen.wait_for("interrupted");
    screen.keys("and now?\r");
    screen.wait_for("Second answer.");
}

#[test]
fn a_tiny_terminal_is_survived_and_grows_back() {
    let place = place("[[reply]]\ntext = \"hello\"\n");
    let screen = Screen::open(&place, &[], 20, 5);
    screen.wait_until("something", |text| !text.trim().is_empty());
    for (columns, rows) in [(1, 1), (10, 3), (200, 50), (80, 24)] {
        screen.resize(columns, rows);
    }
    screen.wait_for("2 Diff");
}

#[test]
fn an_idle_screen_draws_nothing() {
    let place = place("[[reply]]\ntext = \"hello\"\n");
    let screen = Screen::open(&place, &["hi"], 120, 40);
    screen.wait_for("hello");
    let mut drawn = 0;
    while screen.drawn() != drawn {
        drawn = screen.drawn();
        std::thread::sleep(std::time::Duration::from_millis(800));
    }
    let before = screen.drawn();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(screen.drawn(), before);
}

#[test]
fn the_first_screen_is_as_it_should_be() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 50)] {
        let place = place("[[reply]]\ntext = \"hello\"\n");
        let screen = Screen::open(&place, &[], columns, rows);
        screen.wait_for("main");
        let head = screen.text().lines().next().unwrap_or_default().to_owned();
        snapshot(&format!("screen__header@{columns}x{rows}"), &place.masked(&head));
    }
}

#[test]
fn the_demo_on_a_screen_claims_nothing_after_a_no() {
    let place = Place::bare();
    let screen = Screen::open(&place, &["demo"], 120, 40);
    screen.wait_for("a script plays the model");
    answer(&screen, "y", "plan    1 of 3 done");
    answer(&screen, "n", "so it stops");
    assert!(!screen.text().contains("Fixed in"), "{}", screen.text());
}
