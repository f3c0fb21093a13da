//! Two pairs of hands in one session: the pen, passwords, commands in the background, a terminal of
//! the user's own; what the model is told of it all, and what nobody is told.

use crate::common::Place;
use crate::screen::Screen;
use crate::stage::{Stage, with};
use brisk::protocol::{
    Body, End, Input, Item, Key, KeyCode, Mode, Op, Owner, Pen, TermEvent, TermId, TurnEvent,
};
use std::path::Path;
use std::time::Duration;

const FIRST: TermId = TermId(1);

impl Stage {
    /// As the user: a newline is Enter.
    async fn types(&self, term: TermId, text: &str) {
        for char in text.chars() {
            let code = if char == '\n' { KeyCode::Enter } else { KeyCode::Char(char) };
            let input = Input::Key(Key::plain(code));
            self.send(Op::Input { term, input }).await;
        }
    }

    /// Until a terminal's screen is such.
    async fn until_shown(&self, term: TermId, what: &str, is: impl Fn(&str) -> bool) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        loop {
            let shown = self.shown(term);
            if is(&shown) {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "never came: {what}\n{shown}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn shown(&self, term: TermId) -> String {
        let Some(screen) = self.session.handle.screen(term) else { return String::new() };
        (0..screen.size.rows).map(|row| screen.text(row) + "\n").collect()
    }
}

fn is_pen(body: &Body, wanted: Pen) -> bool {
    matches!(body, Body::Term(TermEvent::Pen { pen, .. }) if *pen == wanted)
}

fn is_opened(body: &Body) -> bool {
    matches!(body, Body::Term(TermEvent::Opened { .. }))
}

/// Every file below a folder that contains the text.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            found.extend(files_with(&path, text));
        } else if kind.is_file() {
            let bytes = std::fs::read(&path).unwrap_or_default();
            if String::from_utf8_lossy(&bytes).contains(text) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

const TWO_COMMANDS: &str = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "echo first" } }]
[[reply]]
calls = [{ tool = "run", arguments = { command = "echo second" } }]
[[reply]]
expect = ["second"]
text = "Both ran."
[[reply]]
text = "I know."
"#;

#[test]
fn the_agent_waits_for_the_pen_and_is_told_what_it_missed() {
    with("openai-chat", TWO_COMMANDS, &[], |place| async move {
        let mut stage = Stage::open(&place, Mode::Autopilot, 100_000).await;
        stage.until_shown(FIRST, "the prompt", |screen| !screen.trim().is_empty()).await;
        stage.types(FIRST, "echo by-the-user\n").await;
        stage.until(|body| is_pen(body, Pen::User)).await;
        stage.until_shown(FIRST, "its output", |screen| screen.contains("\nby-the-user")).await;
        stage.prompt("run both").await;
        let waits = |body: &Body| matches!(body, Body::Notice(notice) if notice.text.contains("waits for the pen"));
        stage.until(waits).await;
        assert!(!stage.shown(FIRST).contains("first"), "nothing was typed");
        stage.send(Op::Pen { term: FIRST, pen: Pen::Agent }).await;
        assert_eq!(stage.end().await, End::Done);
        let requests = place.server().requests();
        let told = requests.iter().position(|request| {
            request.body.to_string().contains("echo by-the-user\\\\nby-the-user")
                || request.body.to_string().contains("echo by-the-user\\nby-the-user")
        });
        assert_eq!(told, Some(1), "with the request after it had the pen again");
        stage.close().await;
    });
}

#[test]
fn what_the_user_did_between_two_turns_is_told_in_front_of_the_prompt() {
    let script = "[[reply]]\nexpect = [\"had the pen\", \"\\nby-the-user\"]\ntext = \"I see.\"\n";
    with("openai-chat", script, &[], |place| async move {
        let mut stage = Stage::open(&place, Mode::Confirm, 100_000).await;
        stage.until_shown(FIRST, "the prompt", |screen| !screen.trim().is_empty()).await;
        stage.types(FIRST, "echo by-the-user\n").await;
        stage.until_shown(FIRST, "its output", |screen| screen.contains("\nby-the-user")).await;
        stage.send(Op::Pen { term: FIRST, pen: Pen::Agent }).await;
        stage.prompt("what did I do?").await;
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        let items = stage.events.iter().filter_map(|event| match &event.body {
            Body::Item(item) => Some(item),
            _ => None,
        });
        let items: Vec<_> = items.collect();
        let note = items.iter().position(|item| matches!(item, Item::Note { .. }));
        let prompt = items.iter().position(|item| matches!(item, Item::User { .. }));
        assert!(note.is_some() && note < prompt, "{items:?}");
        stage.close().await;
    });
}

const PASSWORD: &str = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "read -r -s -p 'Password: ' x; echo; echo \"length ${#x}\"" } }]
[[reply]]
expect = ["length 9"]
text = "You typed it."
[[reply]]
text = "Nothing more."
"#;

#[test]
fn a_secret_reaches_neither_model_nor_journal_nor_any_file() {
    with("openai-chat", PASSWORD, &[], |place| async move {
        let mut stage = Stage::open(&place, Mode::Autopilot, 100_000).await;
        stage.prompt("log in").await;
        let asks = |body: &Body| matches!(body, Body::Term(TermEvent::Secret { on: true, .. }));
        stage.until(asks).await;
        assert!(stage.state.terms[0].secret);
        stage.types(FIRST, "tr0ub4dor\n").await;
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        assert_eq!(stage.state.terms[0].pen, Pen::Agent, "a password does not take the pen");
        assert!(!stage.state.terms[0].secret);
        let requests = place.server().requests();
        assert!(requests.iter().all(|request| !request.body.to_string().contains("tr0ub4dor")));
        assert!(!format!("{:?}", stage.events).contains("tr0ub4dor"));
        stage.close().await;
        assert_eq!(files_with(place.home(), "tr0ub4dor"), Vec::<String>::new());
    });
}

const LONG_COMMAND: &str = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "read -r x; echo \"served $x\"; (exit 3)" } }]
[[reply]]
expect = ["in the background as terminal 1"]
calls = [{ tool = "run", arguments = { command = "echo meanwhile" } }]
[[reply]]
expect = ["meanwhile"]
text = "It runs on."
[[reply]]
expect = ["terminal 1 has ended, exit 3"]
calls = [{ tool = "keys", arguments = { keys = "", terminal = 1 } }]
[[reply]]
expect = ["served now"]
text = "It has ended."
"#;

#[test]
fn a_command_that_is_sent_to_the_background_goes_on_there_and_its_end_is_told() {
    with("openai-chat", LONG_COMMAND, &[], |place| async move {
        let mut stage = Stage::open(&place, Mode::Autopilot, 100_000).await;
        stage.prompt("serve").await;
        stage.until_shown(FIRST, "it runs", |screen| screen.contains("served")).await;
        // It waits for a line; the user takes the pen, so that the agent goes on waiting for its end.
        stage.send(Op::Pen { term: FIRST, pen: Pen::User }).await;
        let running = |body: &Body| is_pen(body, Pen::User);
        stage.until(running).await;
        stage.send(Op::Background).await;
        let job = stage.until(|body| matches!(body, Body::Term(TermEvent::Job { .. }))).await;
        let Body::Term(TermEvent::Job { term, command }) = job else { panic!("{job:?}") };
        assert_eq!(term, FIRST);
        assert!(command.starts_with("read -r x"), "{command}");
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        assert_eq!(stage.state.agents_term, Some(TermId(2)));
        stage.types(FIRST, "now\n").await;
        let ended =
            stage.until(|body| matches!(body, Body::Term(TermEvent::JobEnded { .. }))).await;
        assert!(
            matches!(ended, Body::Term(TermEvent::JobEnded { exit: Some(3), .. })),
            "{ended:?}"
        );
        let notice =
            |body: &Body| matches!(body, Body::Notice(notice) if notice.text.contains("exit 3"));
        stage.until(notice).await;
        stage.send(Op::Pen { term: FIRST, pen: Pen::Agent }).await;
        stage.prompt("and?").await;
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        let (live, replayed) = stage.close().await;
        assert_eq!(live.terms, replayed.terms);
    });
}

const BACKGROUND: &str = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "pwd; sleep 1000", background = true } }]
[[reply]]
expect = ["in the background as terminal 2"]
calls = [
    { tool = "run", arguments = { command = "exit_with() { return 4; }; exit_with", background = true } },
    { tool = "keys", arguments = { keys = "<C-c>", terminal = 2, wait = "exit" } },
]
[[reply]]
expect = ["exit 4", "exit 130"]
text = "Stopped."
"#;

#[test]
fn the_agent_starts_a_server_in_the_background_and_stops_it() {
    with("openai-chat", BACKGROUND, &[], |place| async move {
        let mut stage = Stage::open(&place, Mode::Autopilot, 100_000).await;
        stage.prompt("serve").await;
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        let opened = stage.events.iter().filter(|event| is_opened(&event.body)).count();
        assert_eq!(opened, 3, "two in the background at once");
        assert_eq!(stage.state.agents_term, Some(FIRST), "its own stays where it is");
        stage.close().await;
    });
}

const REACH: &str = r#"
[[reply]]
calls = [
    { tool = "keys", arguments = { keys = "echo mine<Enter>", terminal = 2 } },
    { tool = "keys", arguments = { keys = "", terminal = 2 } },
    { tool = "run", arguments = { command = "echo theirs" } },
]
[[reply]]
expect = ["there is no terminal 2 of yours", "theirs"]
text = "Out of reach."
"#;

#[test]
fn a_terminal_of_the_users_own_is_out_of_the_agents_reach() {
    with("openai-chat", REACH, &[], |place| async move {
        let mut stage = Stage::open(&place, Mode::Autopilot, 100_000).await;
        stage.send(Op::OpenTerm).await;
        let opened =
            |body: &Body| matches!(body, Body::Term(TermEvent::Opened { owner: Owner::User, .. }));
        stage.until(opened).await;
        let own = TermId(2);
        stage.types(own, "echo very-private\n").await;
        stage.until_shown(own, "its output", |screen| screen.contains("\nvery-private")).await;
        stage.send(Op::Pen { term: own, pen: Pen::Agent }).await;
        stage.prompt("look at it").await;
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        let requests = place.server().requests();
        assert!(requests.iter().all(|request| !request.body.to_string().contains("very-private")));
        stage.types(own, "exit\n").await;
        let closed = |body: &Body| *body == Body::Term(TermEvent::Closed { term: own });
        stage.until(closed).await;
        assert_eq!(stage.state.terms.len(), 1);
        stage.close().await;
    });
}

#[test]
fn a_terminal_that_is_ended_goes_with_all_that_runs_in_it() {
    with("openai-chat", "[[reply]]\ntext = \"x\"\n", &[], |place| async move {
        let mut stage = Stage::open(&place, Mode::Confirm, 100_000).await;
        stage.until_shown(FIRST, "the prompt", |screen| !screen.trim().is_empty()).await;
        stage.types(FIRST, "echo started; sleep 1000\n").await;
        stage.until_shown(FIRST, "it runs", |screen| screen.contains("\nstarted")).await;
        stage.send(Op::CloseTerm { term: FIRST }).await;
        let closed = |body: &Body| *body == Body::Term(TermEvent::Closed { term: FIRST });
        stage.until(closed).await;
        let chosen = |body: &Body| matches!(body, Body::Term(TermEvent::Chosen { .. }));
        stage.until(chosen).await;
        assert_eq!(stage.state.agents_term, Some(TermId(2)), "the agent has a new one");
        stage.close().await;
    });
}

fn place(script: &str) -> Place {
    let place = Place::scripted("openai-chat", script);
    place.write("main.py", "print('hello')\n");
    place.commit();
    place
}

#[test]
fn the_banner_says_that_only_the_user_can_type_and_the_turn_goes_on_after_it() {
    let place = place(PASSWORD);
    let args = ["--mode", "autopilot", "--budget", "50k", "log in"];
    let screen = Screen::open(&place, &args, 80, 24);
    screen.wait_for("password !");
    screen.keys("\u{1b}3");
    screen.wait_for("echo is off: only you can type.");
    screen.wait_for("password: only you can type");
    screen.keys("tr0ub4dor\r");
    screen.wait_until("the banner goes", |text| !text.contains("echo is off"));
    screen.wait_for("pen: AGENT");
    assert!(!String::from_utf8_lossy(&screen.bytes()).contains("tr0ub4dor"));
}

#[test]
fn the_pen_changes_hands_in_front_of_the_user() {
    let place = place("[[reply]]\ntext = \"x\"\n");
    let screen = Screen::open(&place, &[], 120, 40);
    screen.wait_for("pen: AGENT");
    screen.keys("\u{1b}3");
    screen.keys("echo one two\r");
    screen.wait_for("\n");
    screen.wait_for("pen: YOU");
    screen.keys("\u{1c}h");
    screen.wait_for("pen: AGENT");
    screen.keys("\u{1b}3\u{1c}t");
    screen.wait_for("pen: YOU");
    // Twice sends it: the program gets the signal.
    screen.keys("printf 'g%s\\n' o; sleep 1000\r");
    screen.wait_for("┃go ");
    screen.keys("\u{1c}\u{1c}");
    screen.wait_for("Quit");
    screen.keys("\u{1c}n");
    screen.wait_for("TREE: yours alone");
    screen.wait_for("[2 ");
    screen.keys("\u{1c}1");
    screen.wait_for("[1 ");
    screen.keys("\u{1c}2\u{1c}ky");
    screen.wait_until("its tab goes", |text| !text.contains("[2 ") && !text.contains("TREE"));
}

/// A turn that runs is no reason to wait: the unit of the queue is an op.
#[test]
fn the_users_keys_and_the_turn_do_not_wait_for_each_other() {
    let script = "[[reply]]\ncalls = [{ tool = \"run\", arguments = { command = \"read -r x; echo got-$x\" } }]\n[[reply]]\nexpect = [\"got-it\"]\ntext = \"Good.\"\n";
    with("openai-chat", script, &[], |place| async move {
        let mut stage = Stage::open(&place, Mode::Autopilot, 100_000).await;
        stage.prompt("ask").await;
        let step = |body: &Body| matches!(body, Body::Turn(TurnEvent::Step { .. }));
        stage.until(step).await;
        stage.until_shown(FIRST, "it runs", |screen| screen.contains("got-")).await;
        stage.types(FIRST, "it\n").await;
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        stage.close().await;
    });
}
