//! A session in a draft, through its ops and events: a scripted model over real HTTP, a real shell in
//! a real mount, real files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]
#![cfg(target_os = "linux")]

mod common;
#[path = "common/stage.rs"]
mod stage;

use brisk::protocol::{Author, ChangeKind, End, FailureKind, Mode, TreeKind};
use brisk::session::{self, Session, State, Tree};
use common::Place;
use stage::{Stage, options, with};

const MAIN: (&str, &str) = ("main.py", "a = 1\nb = 2\nc = 3\n");

/// None, and a word, where the machine allows no drafts; under CI that is a failure.
async fn open(place: &Place, mode: Mode) -> Option<Stage> {
    let options =
        session::Options { tree: Tree::Only(TreeKind::Draft), ..options(place, mode, 100_000) };
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
        let Some(mut stage) = open(&place, Mode::Autopilot).await else { return };
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
