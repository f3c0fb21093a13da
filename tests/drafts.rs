//! A session in a draft, through its ops and events: a scripted model over real HTTP, a real shell in
//! a real mount, real files.

#![allow(clippy::disallowed_methods, reason = "a test passes the environment on")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]
#![cfg(target_os = "linux")]

mod common;
#[path = "common/stage.rs"]
mod stage;

use brisk::protocol::{
    Answer, AskId, Author, Body, Change, ChangeKind, Decision, DraftEvent, End, FailureKind,
    GateState, GateVerdict, HunkPick, Keep, Mode, NoticeLevel, Op, Pick, Question, Setting,
    TreeKind, TurnEvent, TurnId,
};
use brisk::session::{self, Session, State, Tree};
use common::Place;
use stage::{Stage, options, with};

const MAIN: (&str, &str) = ("main.py", "a = 1\nb = 2\nc = 3\n");

/// None, and a word, where the machine allows no drafts; under CI that is a failure.
async fn open(place: &Place, mode: Mode) -> Option<Stage> {
    open_as(place, mode, true).await
}

async fn open_as(place: &Place, mode: Mode, attended: bool) -> Option<Stage> {
    let tree = Tree::Only(TreeKind::Draft);
    started(session::Options { attended, tree, ..options(place, mode, 100_000) }).await
}

async fn started(options: session::Options) -> Option<Stage> {
    match session::start(options).await {
        Ok(session) => Some(stage(session)),
        Err(failure) if failure.kind == FailureKind::Draft && std::env::var_os("CI").is_none() => {
            println!("skipped: {failure}");
            None
        }
        Err(failure) => panic!("{failure}"),
    }
}

fn stage(session: Session) -> Stage {
    Stage { session, state: State::default(), events: Vec::new() }
}

const WORK: &str = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "sed -i s/1/10/ main.py; echo new > made.txt; pwd" } }]
[[reply]]
expect = ["PROJECT"]
calls = [{ tool = "edit", arguments = { path = "main.py", old = "c = 3", new = "c = 30" } }]
[[reply]]
calls = [{ tool = "run", arguments = { command = "cat main.py" } }]
[[reply]]
expect = ["a = 10", "c = 30"]
text = "That is it."
"#;

#[test]
fn what_commands_and_edits_write_is_in_the_draft_and_not_in_the_tree() {
    with("openai-chat", &WORK.replace("PROJECT", "project"), &[MAIN], |place| async move {
        // Nobody is there who could decide.
        let Some(mut stage) = open_as(&place, Mode::Autopilot, false).await else { return };
        stage.prompt("change it").await;
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        assert_eq!(place.read("main.py"), MAIN.1);
        assert!(!place.project.join("made.txt").exists());
        let (_, changes) = stage.session.handle.changes();
        let shown: Vec<_> =
            changes.iter().map(|change| (change.path.as_str(), change.kind)).collect();
        assert_eq!(shown, [("made.txt", ChangeKind::Created), ("main.py", ChangeKind::Modified)]);
        let by = &changes[1].by;
        assert!(by.contains(&Author::Edit), "{by:?}");
        assert!(by.iter().any(|by| matches!(by, Author::Command(line) if line.starts_with("sed"))));
        assert_eq!(stage.state.draft.files.len(), 2);
        let (live, replayed) = stage.close().await;
        assert_eq!(live.draft, replayed.draft);
        assert_eq!(place.read("main.py"), MAIN.1);
    });
}

fn picked(changes: &[Change], path: &str, hunks: Option<Vec<usize>>) -> Pick {
    let change = changes.iter().find(|change| change.path == path).unwrap();
    let hunks = hunks.map(|hunks| {
        hunks.into_iter().map(|hunk| HunkPick { hunk, lines: None }).collect::<Vec<_>>()
    });
    Pick { id: change.id.clone(), hunks }
}

async fn reviewed(stage: &mut Stage) -> AskId {
    loop {
        let (ask, question) = stage.asked().await;
        if matches!(question, Question::Review { .. }) {
            return ask;
        }
    }
}

const LONG: (&str, &str) =
    ("main.py", "a = 1\nb = 2\nc = 3\nd = 4\ne = 5\nf = 6\ng = 7\nh = 8\ni = 9\n");
const TWO_HUNKS: &str = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "sed -i -e 's/= 1/= 10/' -e 's/= 9/= 90/' main.py; echo x > notes.txt" } }]
[[reply]]
text = "That is it."
[[reply]]
expect = ["accepted main.py (1 of 2 hunks)", "rejected notes.txt", "not these notes"]
text = "So be it."
"#;

#[test]
fn parts_of_the_draft_go_into_the_tree_and_the_rest_stays_or_is_taken_back() {
    with("openai-chat", TWO_HUNKS, &[LONG], |place| async move {
        let Some(mut stage) = open(&place, Mode::Confirm).await else { return };
        stage.prompt("change it").await;
        let (ask, _) = stage.asked().await;
        stage.answer(ask, Answer::Yes).await;
        let ask = reviewed(&mut stage).await;
        let (_, changes) = stage.session.handle.changes();
        let decision = Decision {
            accept: vec![picked(&changes, "main.py", Some(vec![1]))],
            reject: vec![picked(&changes, "notes.txt", None)],
            comment: Some("not these notes".into()),
            typed: false,
        };
        stage.answer(ask, Answer::Decision(decision)).await;
        stage.until(|body| matches!(body, Body::Draft(DraftEvent::Decided(_)))).await;
        assert_eq!(place.read("main.py"), LONG.1.replace("= 9", "= 90"));
        assert!(!place.project.join("notes.txt").exists());
        // The comment is a prompt of its own.
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        let (_, changes) = stage.session.handle.changes();
        assert_eq!(changes.len(), 1, "what was not decided is pending");
        assert_eq!(changes[0].hunks.len(), 1);
        stage.send(Op::Undo).await;
        stage.until(|body| matches!(body, Body::Draft(DraftEvent::Undone { .. }))).await;
        assert_eq!(place.read("main.py"), LONG.1, "the decision is taken back");
        stage.send(Op::Redo).await;
        stage
            .until(|body| matches!(body, Body::Draft(DraftEvent::Undone { redo: true, .. })))
            .await;
        assert_eq!(place.read("main.py"), LONG.1.replace("= 9", "= 90"));
        let folder = stage.session.folder.clone();
        stage.close().await;
        let patch = std::fs::read_to_string(folder.join("changes.patch")).unwrap();
        assert!(patch.contains("+a = 10"), "{patch}");
        assert!(!folder.join("draft").exists(), "the draft goes with the session");
    });
}

#[test]
fn what_is_guarded_needs_a_typed_yes() {
    let script = r#"
[[reply]]
calls = [{ tool = "edit", arguments = { path = "Cargo.toml", old = "[dependencies]\n", new = "[dependencies]\nfastrand = \"2\"\n" } }]
[[reply]]
text = "Added."
"#;
    let cargo = ("Cargo.toml", "[package]\nname = \"x\"\n\n[dependencies]\n");
    with("anthropic", script, &[cargo], |place| async move {
        let Some(mut stage) = open(&place, Mode::AutoEdit).await else { return };
        stage.prompt("add it").await;
        let ask = reviewed(&mut stage).await;
        assert_eq!(place.read("Cargo.toml"), cargo.1, "auto-edit does not apply it by itself");
        let guards = &stage.state.draft.guards;
        assert_eq!(guards.first().map(|it| it.guard.as_str()), Some("dependencies"), "{guards:?}");
        stage.answer(ask, Answer::Yes).await;
        stage
            .until(|body| matches!(body, Body::Notice(notice) if notice.text.contains("typed yes")))
            .await;
        assert_eq!(place.read("Cargo.toml"), cargo.1);
        let (_, changes) = stage.session.handle.changes();
        let accept = vec![picked(&changes, "Cargo.toml", None)];
        stage.send(Op::Decide(Decision { accept, typed: true, ..Decision::default() })).await;
        stage.until(|body| matches!(body, Body::Draft(DraftEvent::Applied { .. }))).await;
        assert!(place.read("Cargo.toml").contains("fastrand"));
    });
}

const TWO_TURNS: &str = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "echo one > one.txt" } }]
[[reply]]
text = "One."
[[reply]]
calls = [{ tool = "run", arguments = { command = "echo two > two.txt; cat mine.txt" } }]
[[reply]]
expect = ["the user's own"]
text = "Two."
"#;

#[test]
fn the_users_own_changes_reach_the_draft_and_a_way_back_leads_before_a_turn() {
    with("openai-chat", TWO_TURNS, &[MAIN], |place| async move {
        let Some(mut stage) = open(&place, Mode::Autopilot).await else { return };
        stage.session.handle.send(Op::Set(Setting::Mode(Mode::Autopilot))).await;
        stage.prompt("one").await;
        stage.end().await;
        stage.until(|body| matches!(body, Body::Draft(DraftEvent::Applied { .. }))).await;
        assert_eq!(place.read("one.txt"), "one\n", "autopilot applies what no guard holds");
        place.write("mine.txt", "the user's own\n");
        stage.prompt("two").await;
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        stage.until(|body| matches!(body, Body::Draft(DraftEvent::Applied { .. }))).await;
        assert_eq!(place.read("two.txt"), "two\n");
        let said = stage.state.entries.len();
        stage.send(Op::Rewind { turn: TurnId(2) }).await;
        stage.until(|body| matches!(body, Body::Draft(DraftEvent::Rewound { .. }))).await;
        assert!(!place.project.join("two.txt").exists());
        assert_eq!(place.read("one.txt"), "one\n");
        assert_eq!(place.read("mine.txt"), "the user's own\n", "the user's file is left alone");
        assert!(stage.state.entries.len() < said);
        stage.send(Op::Undo).await;
        stage.until(|body| matches!(body, Body::Draft(DraftEvent::Undone { .. }))).await;
        assert_eq!(place.read("two.txt"), "two\n", "the way back is taken back");
        let back = stage.state.entries.len();
        assert!(back >= said, "and so is the chat");
        stage.send(Op::Redo).await;
        stage.until(|body| matches!(body, Body::Draft(DraftEvent::Undone { .. }))).await;
        assert!(!place.project.join("two.txt").exists());
        assert!(stage.state.entries.len() < back, "a redo takes chat and files along");
        stage.send(Op::Undo).await;
        stage.until(|body| matches!(body, Body::Draft(DraftEvent::Undone { .. }))).await;
        let back = stage.state.entries.len();
        stage.send(Op::Undo).await;
        stage.until(|body| matches!(body, Body::Draft(DraftEvent::Undone { .. }))).await;
        assert!(!place.project.join("two.txt").exists());
        assert!(stage.state.entries.len() > back, "what was no way back leaves the chat alone");
    });
}

#[test]
fn the_same_lines_changed_on_both_sides_are_a_conflict_and_never_overwritten() {
    let script = r#"
[[reply]]
calls = [{ tool = "edit", arguments = { path = "main.py", old = "b = 2", new = "b = 20" } }]
[[reply]]
text = "Changed."
[[reply]]
text = "Again."
"#;
    with("openai-chat", script, &[MAIN], |place| async move {
        let Some(mut stage) = open(&place, Mode::Confirm).await else { return };
        stage.prompt("change it").await;
        let ask = reviewed(&mut stage).await;
        place.write("main.py", MAIN.1.replace("b = 2", "b = 22"));
        // The tree moved after it was shown: what was shown is what is decided, or nothing.
        let (_, changes) = stage.session.handle.changes();
        let accept = vec![picked(&changes, "main.py", None)];
        let decision = Decision { accept, ..Decision::default() };
        stage.answer(ask, Answer::Decision(decision)).await;
        stage
            .until(
                |body| matches!(body, Body::Notice(notice) if notice.level == NoticeLevel::Error),
            )
            .await;
        assert_eq!(place.read("main.py"), MAIN.1.replace("b = 2", "b = 22"));
        assert!(stage.state.draft.files[0].conflict, "{:?}", stage.state.draft.files);
        stage.prompt("go on").await;
        stage.end().await;
        assert_eq!(place.read("main.py"), MAIN.1.replace("b = 2", "b = 22"));
        let (_, changes) = stage.session.handle.changes();
        let keep = Op::Resolve { change: changes[0].id.clone(), keep: Keep::Tree };
        stage.send(keep).await;
        stage.until(|body| matches!(body, Body::Draft(DraftEvent::Changed { files, .. }) if files.is_empty())).await;
        assert_eq!(place.read("main.py"), MAIN.1.replace("b = 2", "b = 22"));
    });
}

#[test]
fn the_users_other_lines_are_merged_into_the_draft() {
    let script = r#"
[[reply]]
calls = [{ tool = "edit", arguments = { path = "main.py", old = "a = 1\n", new = "a = 10\n" } }]
[[reply]]
text = "Changed."
[[reply]]
calls = [{ tool = "read", arguments = { path = "main.py" } }]
[[reply]]
expect = ["a = 10", "i = 99"]
text = "Seen."
"#;
    with("anthropic", script, &[LONG], |place| async move {
        let Some(mut stage) = open(&place, Mode::Confirm).await else { return };
        stage.prompt("change it").await;
        reviewed(&mut stage).await;
        place.write("main.py", LONG.1.replace("i = 9", "i = 99"));
        stage.prompt("look").await;
        let carried =
            stage.until(|body| matches!(body, Body::Draft(DraftEvent::Carried { .. }))).await;
        assert!(
            matches!(&carried, Body::Draft(DraftEvent::Carried { merged, .. }) if merged == &["main.py"]),
            "{carried:?}"
        );
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        let ask = reviewed(&mut stage).await;
        stage.answer(ask, Answer::Yes).await;
        stage.until(|body| matches!(body, Body::Draft(DraftEvent::Applied { .. }))).await;
        assert_eq!(
            place.read("main.py"),
            LONG.1.replace("a = 1", "a = 10").replace("i = 9", "i = 99")
        );
    });
}

#[test]
fn what_a_killed_session_had_pending_is_a_patch_that_the_next_one_names() {
    with("openai-chat", WORK, &[MAIN], |place| async move {
        let mut command =
            place.brisk(&["-p", "change it", "--mode", "autopilot", "--budget", "50k"]);
        command.stdin(std::process::Stdio::null());
        // The last reply never comes: the session is killed while it waits.
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        let sessions = place.home().join("state/sessions");
        let written = || {
            let mut folders = std::fs::read_dir(&sessions).into_iter().flatten().flatten();
            folders.find(|it| it.path().join("draft/upper/made.txt").exists()).map(|it| it.path())
        };
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        let folder = loop {
            if let Some(folder) = written() {
                break folder;
            }
            assert!(std::time::Instant::now() < deadline, "nothing was written");
            if child.try_wait().unwrap().is_some() {
                println!("skipped: there is no draft here");
                assert!(std::env::var_os("CI").is_none());
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        };
        child.kill().unwrap();
        child.wait().unwrap();
        let Some(mut stage) = open(&place, Mode::Confirm).await else { return };
        stage
            .until(|body| matches!(body, Body::Notice(it) if it.text.contains("was killed")))
            .await;
        let patch = std::fs::read_to_string(folder.join("changes.patch")).unwrap();
        assert!(patch.contains("made.txt"), "{patch}");
        assert!(!folder.join("draft").exists());
        assert_eq!(place.read("main.py"), MAIN.1);
    });
}

#[test]
fn in_place_what_a_command_changed_is_shown_and_taken_back_with_one_decision() {
    let script = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "sed -i s/2/20/ main.py" } }]
[[reply]]
text = "Changed."
"#;
    with("openai-chat", script, &[MAIN], |place| async move {
        let mut stage = Stage::open(&place, Mode::Autopilot, 100_000).await;
        stage.prompt("change it").await;
        stage.until(|body| matches!(body, Body::Draft(DraftEvent::Changed { .. }))).await;
        assert_eq!(place.read("main.py"), MAIN.1.replace("2", "20"));
        stage.end().await;
        let (_, changes) = stage.session.handle.changes();
        assert!(matches!(&changes[0].by[..], [Author::Command(line)] if line.starts_with("sed")));
        let reject = vec![picked(&changes, "main.py", None)];
        stage.send(Op::Decide(Decision { reject, ..Decision::default() })).await;
        stage.until(|body| matches!(body, Body::Draft(DraftEvent::Decided(_)))).await;
        assert_eq!(place.read("main.py"), MAIN.1);
    });
}

#[test]
fn what_auto_edit_applies_was_gated_without_what_needs_a_human() {
    let script = r#"
[[reply]]
calls = [{ tool = "edit", arguments = { path = "Cargo.toml", old = "[dependencies]\n", new = "[dependencies]\nfastrand = \"2\"\n" } }, { tool = "edit", arguments = { path = "main.py", old = "b = 2", new = "b = 20" } }]
[[reply]]
text = "Both."
"#;
    let cargo = ("Cargo.toml", "[package]\nname = \"x\"\n\n[dependencies]\n");
    with("openai-chat", script, &[MAIN, cargo], |place| async move {
        let path = place.home().join("config.toml");
        let config = std::fs::read_to_string(&path).unwrap();
        // Green only where the dependency is not.
        let gate = "test = \"! grep -q fastrand Cargo.toml\"";
        std::fs::write(path, format!("{config}\n[gates]\nfind = false\n{gate}\n")).unwrap();
        let tree = Tree::Only(TreeKind::Draft);
        let options = options(&place, Mode::AutoEdit, 100_000);
        let options = session::Options { gates: true, tree, ..options };
        let mut stage = match session::start(options).await {
            Ok(session) => stage(session),
            Err(failure) if std::env::var_os("CI").is_none() => {
                return println!("skipped: {failure}");
            }
            Err(failure) => panic!("{failure}"),
        };
        stage.prompt("change both").await;
        let (ask, question) = stage.asked().await;
        assert!(matches!(question, Question::Gates { .. }), "{question:?}");
        stage.answer(ask, Answer::Yes).await;
        stage.until(|body| matches!(body, Body::Draft(DraftEvent::Applied { .. }))).await;
        reviewed(&mut stage).await;
        assert_eq!(place.read("main.py"), MAIN.1.replace("b = 2", "b = 20"));
        assert_eq!(place.read("Cargo.toml"), cargo.1);
    });
}

/// Git knows there who commits.
fn named(place: &Place, folder: &std::path::Path) {
    for (key, value) in [("user.name", "t"), ("user.email", "t@example.com")] {
        let mut command = place.git(&["config", key, value]);
        assert!(command.current_dir(folder).status().unwrap().success());
    }
}

#[test]
fn a_commit_in_the_draft_stays_there_and_is_answered_once() {
    let script = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "echo x > made.txt; git add made.txt; git commit -qm inside" } }]
[[reply]]
expect = ["Your commit \"inside\" is in the draft alone"]
calls = [{ tool = "run", arguments = { command = "git commit -q --allow-empty -m again" } }]
[[reply]]
text = "So be it."
"#;
    with("openai-chat", script, &[MAIN], |place| async move {
        place.commit();
        named(&place, &place.project);
        let head = |place: &Place| {
            String::from_utf8(place.git(&["rev-parse", "HEAD"]).output().unwrap().stdout).unwrap()
        };
        let before = head(&place);
        let Some(mut stage) = open_as(&place, Mode::Autopilot, false).await else { return };
        stage.prompt("commit it").await;
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        let told = stage.events.iter().filter(|event| {
            matches!(&event.body, Body::Notice(notice) if notice.text.contains("a commit was made in the draft"))
        });
        assert_eq!(told.count(), 1);
        let (_, changes) = stage.session.handle.changes();
        let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["made.txt"], "what was committed there is still pending");
        assert_eq!(head(&place), before);
    });
}

#[test]
fn an_interrupt_leaves_no_carrying_of_changes_running_unseen() {
    with("openai-chat", "[[reply]]\ntext = \"Hello.\"\n", &[MAIN], |place| async move {
        let Some(mut stage) = open(&place, Mode::Confirm).await else { return };
        for file in 0..300 {
            place.write(&format!("mine/{file}.txt"), "the user's own\n");
        }
        place.write("main.py", "a = 100\n");
        stage.send(Op::Prompt { text: "go on".into() }).await;
        stage.send(Op::Interrupt).await;
        stage.until(|body| matches!(body, Body::Turn(TurnEvent::Ended { .. }))).await;
        let ended = stage.events.len();
        // What was on its way was seen to its end before the turn ended.
        assert!(stage.state.draft.checkpoint > 0, "{:?}", stage.events);
        stage.send(Op::Undo).await;
        stage
            .until(|body| matches!(body, Body::Draft(DraftEvent::Undone { .. }) | Body::Notice(_)))
            .await;
        let late = stage.events[ended..].iter().filter(|event| {
            matches!(
                event.body,
                Body::Draft(DraftEvent::Carried { .. } | DraftEvent::Checkpoint { .. })
            )
        });
        // The settling of a turn that has ended makes no checkpoint, and has nothing left to carry.
        assert_eq!(late.count(), 0);
    });
}

#[test]
fn what_is_written_through_is_in_the_tree_and_no_part_of_the_draft() {
    let script = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "mkdir -p target/sub && echo built > target/sub/out && echo y > dist/new && echo x > made.txt && cat target/old" } }]
[[reply]]
expect = ["older"]
text = "Built."
"#;
    let config = "\n[draft]\nthrough = [\"target\", \"dist\"]\n[gates]\nfind = false\nsees = { run = \"grep -q built target/sub/out && echo gated > target/gated && grep -q x made.txt\" }\n";
    with("openai-chat", script, &[MAIN, (".gitignore", "target\ndist\n")], |place| async move {
        let file = place.home().join("config.toml");
        let before = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, before + config).unwrap();
        place.write("target/old", "older\n");
        let tree = Tree::Only(TreeKind::Draft);
        let options = options(&place, Mode::Autopilot, 100_000);
        let options = session::Options { attended: false, gates: true, tree, ..options };
        let Some(mut stage) = started(options).await else { return };
        stage.prompt("build").await;
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        assert_eq!(place.read("target/sub/out"), "built\n");
        assert_eq!(place.read("dist/new"), "y\n", "it is made where it is missing");
        assert!(!place.project.join("made.txt").exists());
        let (_, changes) = stage.session.handle.changes();
        let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["made.txt"]);
        let picks = vec![picked(&changes, "made.txt", None)];
        for picks in [Vec::new(), picks.clone()] {
            stage.send(Op::Gate { picks }).await;
            stage
                .until(|body| match body {
                    Body::Draft(DraftEvent::Gated { gates, .. }) => {
                        let passed = |gate: &GateVerdict| gate.state == GateState::Passed;
                        !gates.is_empty() && gates.iter().all(passed)
                    }
                    _ => false,
                })
                .await;
        }
        assert_eq!(place.read("target/gated"), "gated\n", "gates write through, too");
        stage.send(Op::Decide(Decision { accept: picks, ..Decision::default() })).await;
        stage.until(|body| matches!(body, Body::Draft(DraftEvent::Applied { .. }))).await;
        stage.send(Op::Undo).await;
        stage.until(|body| matches!(body, Body::Draft(DraftEvent::Undone { .. }))).await;
        assert!(!place.project.join("made.txt").exists());
        assert_eq!(place.read("target/sub/out"), "built\n", "an undo has nothing to do with it");
    });
}

#[test]
fn a_submodule_is_shown_and_its_git_folder_cannot_be_written() {
    let script = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "echo changed > sub/inner; cd sub && git commit -qam inside || echo REFUSED" } }]
[[reply]]
expect = ["Read-only file system", "REFUSED"]
text = "So it is."
"#;
    with("openai-chat", script, &[MAIN, ("sub/inner", "1\n")], |place| async move {
        // The git folder lies outside of the workspace, as that of an added worktree does.
        let outer = place.project.parent().unwrap().join("outer.git");
        let sub = place.project.join("sub");
        let git = |args: &[&str]| {
            let mut command = place.git(args);
            assert!(command.current_dir(&sub).status().unwrap().success(), "{args:?}");
        };
        let separate = format!("--separate-git-dir={}", outer.display());
        git(&["init", "-q", &separate]);
        git(&["add", "-A"]);
        git(&["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "start"]);
        named(&place, &sub);
        place.commit();
        let Some(mut stage) = open_as(&place, Mode::Autopilot, false).await else { return };
        stage.prompt("change it").await;
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        let (_, changes) = stage.session.handle.changes();
        let notes: Vec<_> = changes.iter().map(|it| (it.path.as_str(), it.note.clone())).collect();
        let note = Some("submodule: 1 changed in it, never applied from here".to_owned());
        assert_eq!(notes, [("sub", note)]);
        assert_eq!(place.read("sub/inner"), "1\n");
        let log = std::fs::read_to_string(outer.join("logs/HEAD")).unwrap();
        assert_eq!(log.lines().count(), 1, "{log}");
    });
}

#[test]
fn what_no_patch_can_hold_is_kept_when_the_session_ends() {
    let script = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "head -c 68157440 /dev/zero > huge.bin; echo small > small.txt" } }]
[[reply]]
text = "There."
"#;
    with("openai-chat", script, &[MAIN], |place| async move {
        let Some(mut stage) = open_as(&place, Mode::Autopilot, false).await else { return };
        stage.prompt("make it").await;
        assert_eq!(stage.end().await, End::Done, "{:?}", place.server().mismatch());
        let (_, changes) = stage.session.handle.changes();
        let accept = vec![picked(&changes, "huge.bin", None)];
        stage.send(Op::Decide(Decision { accept, ..Decision::default() })).await;
        stage
            .until(|body| matches!(body, Body::Notice(notice) if notice.text.contains("cp -P")))
            .await;
        assert!(!place.project.join("huge.bin").exists());
        let folder = stage.session.folder.clone();
        stage.close().await;
        assert_eq!(folder.join("large/huge.bin").metadata().unwrap().len(), 65 << 20);
        let patch = std::fs::read_to_string(folder.join("changes.patch")).unwrap();
        assert!(patch.contains("small.txt") && !patch.contains("huge.bin"), "{patch}");
        assert!(!folder.join("draft").exists());
    });
}
