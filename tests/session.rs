//! A session through its ops and events, with a scripted model over real HTTP, a real shell, real files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]

mod common;
#[path = "common/stage.rs"]
mod stage;

use brisk::protocol::{
    Answer, AskEvent, Body, Budget, Delta, DraftEvent, End, Event, HunkRef, Item, Mode, Op,
    Question, Setting, TurnEvent,
};
use brisk::session;
use common::snapshot;
use stage::{Stage, with};

const MAIN: (&str, &str) =
    ("main.py", "a = 1\nb = 2\nc = 3\nd = 4\ne = 5\nf = 6\ng = 7\nh = 8\ni = 9\n");
const EDIT: &str = r#"
[[reply]]
calls = [{ tool = "edit", arguments = { path = "main.py", old = "a = 1\nb = 2\nc = 3\nd = 4\ne = 5\nf = 6\ng = 7\nh = 8\ni = 9\n", new = "a = 10\nb = 2\nc = 3\nd = 4\ne = 5\nf = 6\ng = 7\nh = 8\ni = 90\n" } }]
[[reply]]
text = "That is it."
"#;

#[test]
fn some_hunks_are_written_and_the_replayed_journal_gives_the_same_state() {
    with("openai-chat", EDIT, &[MAIN], |place| async move {
        let mut stage = Stage::open(&place, Mode::Confirm, 100_000).await;
        stage.prompt("change it").await;
        let (ask, question) = stage.asked().await;
        let Question::Apply { changes, again: false, .. } = &question else {
            panic!("{question:?}")
        };
        assert_eq!(changes[0].hunks.len(), 2);
        assert_eq!(place.read("main.py"), MAIN.1, "nothing is written before the answer");
        let accepted = vec![HunkRef { change: 0, hunk: 1 }];
        stage.answer(ask, Answer::Hunks { accepted, comment: Some("not the first".into()) }).await;
        assert_eq!(stage.end().await, End::Done);
        assert_eq!(place.read("main.py"), MAIN.1.replace("i = 9", "i = 90"));
        let told = place.server().requests()[1].body.to_string();
        assert!(told.contains("accepted 1 of 2 hunks") && told.contains("not the first"), "{told}");
        let (mut live, replayed) = stage.close().await;
        live.live = session::Live::default();
        assert_eq!(live, replayed);
    });
}

#[test]
fn a_file_that_changed_while_the_question_was_open_is_asked_about_again() {
    with("anthropic", EDIT, &[MAIN], |place| async move {
        let mut stage = Stage::open(&place, Mode::Confirm, 100_000).await;
        stage.prompt("change it").await;
        let (ask, _) = stage.asked().await;
        place.write("main.py", format!("# mine\n{}", MAIN.1));
        stage.answer(ask, Answer::Yes).await;
        let (ask, question) = stage.asked().await;
        assert!(matches!(question, Question::Apply { again: true, .. }), "{question:?}");
        assert_eq!(place.read("main.py"), format!("# mine\n{}", MAIN.1));
        stage.answer(ask, Answer::Yes).await;
        assert_eq!(stage.end().await, End::Done);
        assert!(place.read("main.py").starts_with("# mine\na = 10\n"));
    });
}

#[test]
fn modes_decide_what_is_asked() {
    for (mode, script, written) in [
        (Mode::AutoEdit, EDIT.to_owned(), true),
        (Mode::Plan, EDIT.replace("text = ", "expect = [\"refused\"]\ntext = "), false),
    ] {
        with("openai-chat", &script, &[MAIN], |place| async move {
            let mut stage = Stage::open(&place, mode, 100_000).await;
            stage.prompt("change it").await;
            assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
            assert_eq!(place.read("main.py") != MAIN.1, written, "{mode}");
            let asked = stage.events.iter().any(|event| matches!(event.body, Body::Ask(_)));
            assert!(!asked, "{mode}");
        });
    }
}

#[test]
fn always_makes_a_rule_for_the_rest_of_the_session() {
    let script = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "touch one" } }]
[[reply]]
calls = [{ tool = "run", arguments = { command = "touch two" } }]
[[reply]]
text = "Both."
"#;
    with("openai-chat", script, &[], |place| async move {
        let mut stage = Stage::open(&place, Mode::Confirm, 100_000).await;
        stage.prompt("touch them").await;
        let (ask, question) = stage.asked().await;
        let Question::Run { rule: Some(rule), .. } = question else { panic!("{question:?}") };
        assert_eq!(rule[0], "touch");
        stage.answer(ask, Answer::Always).await;
        let mut asks = 1;
        loop {
            let body = stage
                .until(|body| {
                    matches!(
                        body,
                        Body::Ask(AskEvent::Opened(_)) | Body::Turn(TurnEvent::Ended { .. })
                    )
                })
                .await;
            let Body::Ask(AskEvent::Opened(ask)) = body else { break };
            asks += 1;
            stage.answer(ask.id, Answer::Yes).await;
        }
        assert!(place.project.join("one").exists() && place.project.join("two").exists());
        // A rule as narrow as `touch one` asks again; one as wide as `touch` does not.
        assert_eq!(asks, if rule.len() == 1 { 1 } else { 2 });
    });
}

#[test]
fn steering_reaches_the_next_request_and_the_queue_the_next_turn() {
    let script = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "touch one" } }]
[[reply]]
expect = ["only in the docs"]
text = "First."
[[reply]]
expect_new = ["and then this"]
text = "Second."
"#;
    with("openai-chat", script, &[], |place| async move {
        let mut stage = Stage::open(&place, Mode::Confirm, 100_000).await;
        stage.prompt("begin").await;
        let (ask, _) = stage.asked().await;
        stage.send(Op::Steer { text: "only in the docs".into() }).await;
        stage.send(Op::Queue { text: "and then this".into() }).await;
        stage.send(Op::Queue { text: "no, not that".into() }).await;
        stage.send(Op::Unqueue).await;
        let back = stage.until(|body| matches!(body, Body::Turn(TurnEvent::Unqueued { .. }))).await;
        assert_eq!(back, Body::Turn(TurnEvent::Unqueued { text: "no, not that".into() }));
        stage.answer(ask, Answer::No { comment: None }).await;
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        assert_eq!(place.server().requests().len(), 3);
    });
}

#[test]
fn an_interrupted_turn_is_repaired_and_the_next_request_is_valid() {
    let script = r#"
[[reply]]
text = "I run it."
calls = [{ tool = "run", arguments = { command = "touch one" } }]
[[reply]]
expect = ["interrupted"]
text = "Never mind."
"#;
    for api in ["openai-chat", "anthropic"] {
        with(api, script, &[], |place| async move {
            let mut stage = Stage::open(&place, Mode::Confirm, 100_000).await;
            stage.prompt("begin").await;
            stage.asked().await;
            stage.send(Op::Interrupt).await;
            assert_eq!(stage.end().await, End::Interrupted);
            assert!(stage.state.asks.is_empty(), "the question is withdrawn");
            stage.prompt("go on").await;
            assert_eq!(stage.end().await, End::Done, "{api} {:?}", place.server().mismatch());
            assert!(!place.project.join("one").exists());
        });
    }
}

#[test]
fn a_cut_stream_is_made_again_and_no_text_is_there_twice() {
    let script = r#"
[[reply]]
fault = "cut"
after_chunks = 2
text = "One sentence that is cut in the middle of it all."
[[reply]]
fault = "429"
retry_after = 0
[[reply]]
text = "One sentence that is cut in the middle of it all."
"#;
    with("anthropic", script, &[], |place| async move {
        let mut stage = Stage::open(&place, Mode::Confirm, 100_000).await;
        stage.prompt("say it").await;
        assert_eq!(stage.end().await, End::Done);
        let said = stage.state.entries.iter().filter_map(|entry| match &entry.body {
            session::EntryBody::Item(Item::Assistant { text, .. }) => Some(text.as_str()),
            _ => None,
        });
        assert_eq!(said.collect::<Vec<_>>(), ["One sentence that is cut in the middle of it all."]);
        let restarted = |event: &Event| matches!(event.body, Body::Delta(Delta::Restart));
        assert!(stage.events.iter().any(restarted));
        let told = |event: &Event| matches!(event.body, Body::Notice(_));
        assert!(stage.events.iter().any(told), "a retry is said");
    });
}

#[test]
fn a_budget_that_is_raised_while_the_turn_runs_is_in_force_at_once() {
    let script = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "seq 1 1000" } }, { tool = "run", arguments = { command = "touch x" } }]
[[reply]]
text = "Done."
"#;
    with("openai-chat", script, &[], |place| async move {
        let mut stage = Stage::open(&place, Mode::Confirm, 2_000).await;
        stage.prompt("count").await;
        let (ask, _) = stage.asked().await;
        let budget = Budget { tokens: 50_000, cost: None, steps: None, seconds: None };
        stage.send(Op::Set(Setting::Budget(budget))).await;
        stage.answer(ask, Answer::No { comment: None }).await;
        assert_eq!(stage.end().await, End::Done);
        let ledger = std::fs::read_to_string(place.home().join("state/ledger.jsonl")).unwrap();
        let lines: Vec<serde_json::Value> =
            ledger.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "one line for every call");
        let input: u64 = lines
            .iter()
            .map(|line| line["input"].as_u64().unwrap() + line["cached"].as_u64().unwrap())
            .sum();
        let counted: u64 = place.server().requests().iter().map(|one| one.usage.prompt()).sum();
        assert_eq!(input, counted);
    });
}

/// What the model sees first, whole, and what it costs: the lean prefix is a promise.
#[test]
fn the_first_request_is_small_and_the_next_ones_only_append() {
    let script = r#"
[[reply]]
calls = [{ tool = "read", arguments = { path = "main.py" } }]
[[reply]]
calls = [{ tool = "run", arguments = { command = "ls" } }, { tool = "run", arguments = { command = "wc -l main.py" } }]
[[reply]]
text = "It assigns nine names."
"#;
    let files = [MAIN, ("README.md", "# nine\n"), ("test.py", "import main\n")];
    for api in ["openai-chat", "anthropic"] {
        with(api, script, &files, |place| async move {
            place.commit();
            let mut stage = Stage::open(&place, Mode::Confirm, 100_000).await;
            stage.prompt("What does main.py do?").await;
            assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
            let requests = place.server().requests();
            let tokens = requests[0].usage.prompt();
            assert!(tokens <= 1_000, "{api}: {tokens}");
            let body = serde_json::to_string_pretty(&requests[0].body).unwrap();
            snapshot(&format!("agent__first_request_{api}"), &place.masked(&body));
            let messages = |index: usize| {
                let mut body = requests[index].body.clone();
                strip_markers(&mut body);
                body["messages"].as_array().unwrap().clone()
            };
            for step in 1..requests.len() {
                let (before, after) = (messages(step - 1), messages(step));
                assert_eq!(before[..], after[..before.len()], "{api}, request {}", step + 1);
            }
        });
    }
}

/// The cache markers move on; everything else of a prefix stays.
fn strip_markers(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(map) => {
            map.remove("cache_control");
            map.values_mut().for_each(strip_markers);
        }
        serde_json::Value::Array(values) => values.iter_mut().for_each(strip_markers),
        _ => {}
    }
}

/// In the form that the config gives the model.
fn set_edits(place: &common::Place, format: &str) {
    let path = place.home().join("config.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, format!("{config}edits = \"{format}\"\n")).unwrap();
}

#[test]
fn the_first_request_is_small_in_every_edit_format() {
    for (format, property) in [("replace", "old"), ("apply-patch", "patch"), ("whole", "content")] {
        with("openai-chat", "[[reply]]\ntext = \"Hi.\"\n", &[MAIN], |place| async move {
            set_edits(&place, format);
            place.commit();
            let mut stage = Stage::open(&place, Mode::Confirm, 100_000).await;
            stage.prompt("What does main.py do?").await;
            assert_eq!(stage.end().await, End::Done);
            let requests = place.server().requests();
            let tokens = requests[0].usage.prompt();
            println!("{format}: {tokens} tokens");
            assert!(tokens <= 1_000, "{format}: {tokens}");
            let tools = requests[0].body["tools"].as_array().unwrap();
            let edit = tools.iter().find(|tool| tool["function"]["name"] == "edit").unwrap();
            let properties = &edit["function"]["parameters"]["properties"];
            assert!(properties.get(property).is_some(), "{format}: {properties}");
        });
    }
}

const PATCH: &str = r#"
[[reply]]
calls = [{ tool = "edit", arguments = { patch = "*** Begin Patch\n*** Update File: main.py\n@@\n-a = 1\n+a = 10\n b = 2\n*** Update File: other.py\n@@\n-x = 1\n+x = 2\n*** Add File: new.py\n+n = 1\n*** End Patch" } }]
[[reply]]
text = "That is it."
"#;

#[test]
fn a_patch_of_several_files_is_one_question_and_its_hunks_are_chosen_by_file() {
    with("openai-chat", PATCH, &[MAIN, ("other.py", "x = 1\n")], |place| async move {
        set_edits(&place, "apply-patch");
        let mut stage = Stage::open(&place, Mode::Confirm, 100_000).await;
        stage.prompt("change it").await;
        let (ask, question) = stage.asked().await;
        let Question::Apply { changes, again: false, .. } = &question else {
            panic!("{question:?}")
        };
        let paths: Vec<_> = changes.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["main.py", "other.py", "new.py"]);
        place.write("main.py", format!("# mine\n{}", MAIN.1));
        let some = || vec![HunkRef { change: 0, hunk: 0 }, HunkRef { change: 1, hunk: 0 }];
        stage.answer(ask, Answer::Hunks { accepted: some(), comment: None }).await;
        // One of the files moved: all of them are asked about again, and none was written.
        let (ask, question) = stage.asked().await;
        assert!(matches!(question, Question::Apply { again: true, .. }), "{question:?}");
        assert_eq!(place.read("other.py"), "x = 1\n");
        let accepted = vec![HunkRef { change: 1, hunk: 0 }];
        stage.answer(ask, Answer::Hunks { accepted, comment: None }).await;
        assert_eq!(stage.end().await, End::Done);
        assert_eq!(place.read("other.py"), "x = 2\n");
        assert_eq!(place.read("main.py"), format!("# mine\n{}", MAIN.1));
        assert!(!place.project.join("new.py").exists());
        let told = place.server().requests()[1].body.to_string();
        assert!(told.contains("main.py: the user rejected it"), "{told}");
        assert!(told.contains("other.py +1 -1"), "{told}");
    });
}

#[test]
fn a_patch_with_a_hunk_that_fits_nowhere_writes_nothing_and_says_what_is_near() {
    let script = PATCH.replace("-x = 1", "-x = 10");
    with("openai-chat", &script, &[MAIN, ("other.py", "x = 1\n")], |place| async move {
        set_edits(&place, "apply-patch");
        let mut stage = Stage::open(&place, Mode::AutoEdit, 100_000).await;
        stage.prompt("change it").await;
        assert_eq!(stage.end().await, End::Done);
        let told = place.server().requests()[1].body.to_string();
        let said = "nothing of the patch was done: hunk 1 of 1 for other.py is not in the file; nearest text";
        assert!(told.contains(said) && told.contains("1\\tx = 1"), "{told}");
        assert_eq!(
            (place.read("main.py"), place.read("other.py")),
            (MAIN.1.into(), "x = 1\n".into())
        );
        assert!(!place.project.join("new.py").exists());
    });
}

const PLANS: &str = r#"
[[reply]]
calls = [{ tool = "tell", arguments = { kind = "plan", text = "[ ] add fastrand to Cargo.toml\n[ ] use it" } }]
[[reply]]
expect = ["no new dependency"]
calls = [{ tool = "tell", arguments = { kind = "plan", text = "[ ] write jitter by hand, as Cargo.toml stays\n[ ] use it" } }]
[[reply]]
expect = ["the user agrees to the plan"]
calls = [{ tool = "tell", arguments = { kind = "plan", text = "[x] write jitter by hand, as Cargo.toml stays\n[>] use it" } }]
[[reply]]
expect = ["shown: 1 of 2 done"]
text = "Done."
"#;

#[test]
fn a_plan_that_reaches_far_is_asked_about_until_the_user_agrees() {
    with("openai-chat", PLANS, &[MAIN], |place| async move {
        let mut stage = Stage::open(&place, Mode::Confirm, 100_000).await;
        stage.prompt("add jitter").await;
        let (ask, question) = stage.asked().await;
        let Question::Plan { steps, why, again: false, .. } = question else {
            panic!("{question:?}")
        };
        assert_eq!(steps, ["add fastrand to Cargo.toml", "use it"]);
        assert!(why.contains("depends on"), "{why}");
        stage.answer(ask, Answer::No { comment: Some("no new dependency".into()) }).await;
        let (ask, question) = stage.asked().await;
        assert!(matches!(question, Question::Plan { .. }), "a changed plan is asked about again");
        stage.answer(ask, Answer::Yes).await;
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        let asks = stage
            .events
            .iter()
            .filter(|event| matches!(event.body, Body::Ask(AskEvent::Opened(_))));
        assert_eq!(asks.count(), 2, "progress alone is not asked about");
    });
}

#[test]
fn in_plan_mode_a_yes_to_the_plan_lets_the_work_begin() {
    let script = r#"
[[reply]]
calls = [{ tool = "tell", arguments = { kind = "plan", text = "[ ] change main.py" } }]
[[reply]]
expect = ["the mode is now confirm"]
text = "Now."
"#
    .replace("the mode", "The mode");
    with("anthropic", &script, &[MAIN], |place| async move {
        let mut stage = Stage::open(&place, Mode::Plan, 100_000).await;
        stage.prompt("change it").await;
        let (ask, question) = stage.asked().await;
        assert!(matches!(&question, Question::Plan { why, .. } if why == "plan mode"));
        stage.answer(ask, Answer::Yes).await;
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        assert_eq!(stage.state.mode(), Mode::Confirm);
    });
}

#[test]
fn a_commit_holds_what_was_accepted_and_asks_before_hooks_run() {
    with("openai-chat", EDIT, &[MAIN, ("other.txt", "1\n")], |place| async move {
        let git = |args: &[&str]| {
            let mut command = std::process::Command::new("git");
            let identity = ["-c", "user.name=T", "-c", "user.email=t@example.com"];
            let output = command.args(identity).args(args).current_dir(&place.project).output();
            String::from_utf8(output.unwrap().stdout).unwrap()
        };
        git(&["init", "-q", "-b", "main"]);
        git(&["config", "user.name", "T"]);
        git(&["config", "user.email", "t@example.com"]);
        git(&["add", "."]);
        git(&["commit", "-q", "-m", "first"]);
        place.write(".git/hooks/pre-commit", "#!/bin/sh\ntouch hooked\n");
        git(&["config", "core.fileMode", "true"]);
        let hook = place.project.join(".git/hooks/pre-commit");
        std::fs::set_permissions(hook, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
        place.write("other.txt", "the user's own\n");
        let mut stage = Stage::open(&place, Mode::AutoEdit, 100_000).await;
        stage.prompt("Raise a and i. Quickly.").await;
        assert_eq!(stage.end().await, End::Done);
        stage.send(Op::Commit { message: None }).await;
        let (ask, question) = stage.asked().await;
        let Question::Choose { text, options, .. } = question else { panic!("{question:?}") };
        assert!(text.contains("Raise a and i\n") && text.contains("main.py"), "{text}");
        assert!(!text.contains("other.txt"), "{text}");
        stage.answer(ask, Answer::Text("Raise both".into())).await;
        let (ask, _) = stage.asked().await;
        stage.answer(ask, Answer::Text(options[1].clone())).await;
        let made =
            stage.until(|body| matches!(body, Body::Draft(DraftEvent::Committed { .. }))).await;
        assert!(
            matches!(made, Body::Draft(DraftEvent::Committed { subject, .. }) if subject == "Raise both")
        );
        assert!(!place.project.join("hooked").exists(), "no hook ran");
        assert_eq!(git(&["show", "--name-only", "--format="]).trim(), "main.py");
        stage.send(Op::Commit { message: Some("again".into()) }).await;
        stage.until(|body| matches!(body, Body::Notice(notice) if notice.text.contains("nothing was accepted"))).await;
    });
}
