//! The review of a draft: what keys choose, what is sent, what is never done by accident.

use super::stage::{self, Stage};
use crate::protocol::{
    Answer, AskEvent, AskId, Body, CallId, Change, ChangeId, ChangeKind, Decision, Detail,
    DraftEvent, EditState, HunkPick, Item, Keep, LineComment, Op, Outcome, Pick, Question, TurnId,
};
use crate::ui::pane::{Focus, Pane};
use crate::ui::update::Effect;
use std::sync::Arc;

fn whole(number: usize) -> Pick {
    Pick { id: ChangeId(format!("change-{number}")), hunks: None }
}

fn hunks(number: usize, picks: &[(usize, Option<&[usize]>)]) -> Pick {
    let pick = |(hunk, lines): &(usize, Option<&[usize]>)| HunkPick {
        hunk: *hunk,
        lines: lines.map(<[usize]>::to_vec),
    };
    Pick { hunks: Some(picks.iter().map(pick).collect()), ..whole(number) }
}

fn decided(decision: Decision) -> Vec<Op> {
    vec![Op::Answer { ask: AskId(1), answer: Answer::Decision(decision) }]
}

fn accept(accept: Vec<Pick>) -> Decision {
    Decision { accept, ..Decision::default() }
}

/// The first two changes of the draft, without anything that needs a word.
fn plain(columns: u16, rows: u16) -> Stage {
    let mut stage = Stage::new(columns, rows);
    stage::review_asked(&mut stage, stage::draft()[..2].to_vec(), Vec::new());
    stage.frame();
    stage
}

/// Time passes; the parts that gates are asked to run on.
fn gates_after(stage: &mut Stage, milliseconds: u64) -> Option<Vec<Pick>> {
    stage.wait(milliseconds).into_iter().find_map(|effect| match effect {
        Effect::Send(Op::Gate { picks }) => Some(picks),
        _ => None,
    })
}

fn said(stage: &Stage) -> &str {
    stage.app.said.as_ref().map_or("", |(text, _)| text)
}

#[test]
fn a_yes_applies_what_is_selected_and_the_rest_stays_pending() {
    let mut stage = plain(120, 40);
    assert_eq!(stage.app.focus, Focus::Approval);
    assert_eq!(stage.press("Enter"), [], "Enter confirms nothing");
    stage.press("d");
    stage.press("Space");
    stage.press("Enter");
    let rest = accept(vec![hunks(0, &[(1, None)]), whole(1)]);
    assert_eq!(stage.press("y"), decided(rest));
    assert_eq!(stage.press("y"), [], "nothing is answered twice");
}

#[test]
fn what_is_rejected_is_taken_back_with_the_same_decision() {
    let mut stage = plain(120, 40);
    stage.press("d");
    stage.press("n");
    stage.frame();
    stage.press("R");
    stage.press("Enter");
    let decision =
        Decision { accept: vec![whole(1)], reject: vec![whole(0)], ..Decision::default() };
    assert_eq!(stage.press("y"), decided(decision));
}

#[test]
fn guarded_changes_are_not_selected_and_need_the_whole_word() {
    let mut stage = Stage::new(120, 40);
    stage::review_asked(&mut stage, stage::draft()[..2].to_vec(), stage::guards());
    assert_eq!(stage.app.diff.review.summary.accepted, 2);
    assert!(stage.show().contains("DEPENDENCIES: decide"));
    assert_eq!(stage.press("Y"), [], "all of it needs the word");
    assert_eq!(stage.type_text("y"), []);
    assert_eq!(stage.press("Enter"), []);
    assert_eq!(stage.type_text("es"), []);
    let all = Decision { typed: true, ..accept(vec![whole(0), whole(1)]) };
    assert_eq!(stage.press("Enter"), decided(all));
    stage.wait(500);
    assert_eq!(stage.press("y"), decided(accept(vec![whole(0)])), "without it no word is needed");
}

#[test]
fn a_guard_that_speaks_later_takes_the_hunk_out_again() {
    let mut stage = plain(120, 40);
    stage.event(Body::Draft(DraftEvent::Guarded { guards: stage::guards() }));
    assert_eq!(stage.app.diff.review.summary.accepted, 2);
    assert_eq!(stage.press("y"), [], "it has changed this very moment");
    stage.wait(500);
    assert_eq!(stage.press("y"), decided(accept(vec![whole(0)])));
}

#[test]
fn a_guard_speaks_for_as_long_as_the_change_is_there() {
    let mut stage = Stage::new(120, 40);
    stage::review_asked(&mut stage, stage::draft()[..2].to_vec(), stage::guards());
    let answered = AskEvent::Answered { ask: AskId(1), answer: Answer::Later };
    stage.event(Body::Ask(answered));
    let mut changes = stage::draft()[..2].to_vec();
    changes[0].id = ChangeId("change-7".into());
    stage::drafted(&mut stage, 2, changes);
    stage.press("Alt+a");
    stage.wait(500);
    assert_eq!(stage.press("Y"), []);
    assert!(stage.show().contains("type yes in full"));
    let mut changes = stage::draft()[..2].to_vec();
    changes[1].id = ChangeId("change-8".into());
    stage::drafted(&mut stage, 3, changes);
    assert!(!stage.show().contains("type yes in full"), "it is typed for what was seen");
}

#[test]
fn escape_leaves_the_draft_pending_and_a_comment_decides_nothing() {
    let mut stage = plain(120, 40);
    let later = Op::Answer { ask: AskId(1), answer: Answer::Later };
    assert_eq!(stage.press("Esc"), [later]);
    stage.wait(500);
    stage.press("c");
    stage.type_text("the cap comes from the config");
    let comment = Some("the cap comes from the config".to_owned());
    assert_eq!(stage.press("Enter"), decided(Decision { comment, ..Decision::default() }));
}

#[test]
fn without_a_question_the_pane_decides_by_itself() {
    let mut stage = Stage::new(120, 40);
    stage::drafted(&mut stage, 1, stage::draft());
    stage.frame();
    stage.press("Alt+2");
    stage.press("}");
    stage.press("Enter");
    assert!(stage.show().contains("Apply 4 of 5 hunks in 3 files?"));
    let ops = stage.press("y");
    assert_eq!(ops, [Op::Decide(accept(vec![whole(0), whole(1), whole(3)]))]);
    assert!(stage.app.sheet.is_none());
    stage.press("Alt+a");
    assert_eq!(stage.press("Esc"), []);
    assert!(stage.app.sheet.is_none(), "nothing was asked, so nothing is answered");
}

#[test]
fn in_place_what_commands_changed_is_kept_or_taken_back_and_no_draft_is_spoken_of() {
    let mut stage = Stage::new(120, 40);
    stage::drafted(&mut stage, 1, stage::draft());
    stage.app.state.header.as_mut().unwrap().tree = crate::protocol::TreeKind::InPlace;
    stage.frame();
    stage.press("Alt+2");
    stage.press("}");
    stage.press("Enter");
    let shown = stage.show();
    for words in ["Keep 4 of 5 hunks in 3 files?", "take all back", "/undo takes it back (#1)"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!shown.contains("draft") && !shown.contains("gates"), "{shown}");
    stage.press("Esc");
    for key in ["e", "E", "g"] {
        assert_eq!(stage.press(key), [], "{key}");
    }
}

#[test]
fn the_sessions_question_takes_the_place_of_the_users_own() {
    let mut stage = Stage::new(120, 40);
    stage::drafted(&mut stage, 1, stage::draft());
    stage.press("Alt+a");
    stage.event(stage::ask_run(3));
    assert_eq!(stage.press("y"), [], "it has just come");
    stage.wait(500);
    assert_eq!(stage.press("y"), [Op::Answer { ask: AskId(3), answer: Answer::Yes }]);
}

#[test]
fn a_conflict_is_never_accepted_and_is_settled_by_a_side() {
    let mut stage = Stage::new(120, 40);
    stage::drafted(&mut stage, 1, stage::draft());
    stage.frame();
    stage.press("Alt+2");
    stage.press("}");
    stage.press("}");
    assert_eq!(stage.press("y"), []);
    assert!(said(&stage).contains("conflict"), "{}", said(&stage));
    let change = ChangeId("change-2".into());
    let keep = |keep| [Op::Resolve { change: change.clone(), keep }];
    assert_eq!(stage.press("D"), keep(Keep::Draft));
    assert_eq!(stage.press("T"), keep(Keep::Tree));
    stage.press("}");
    assert_eq!(stage.press("T"), []);
}

#[test]
fn single_lines_and_ranges_are_chosen() {
    let mut stage = plain(120, 40);
    stage.press("d");
    stage.press("]");
    for key in ["a", "j", "j", "Space", "j", "v", "j", "j", "n", "Enter"] {
        stage.press(key);
    }
    let lines: &[usize] = &[5, 6, 7, 8, 9];
    let decision = Decision {
        accept: vec![hunks(0, &[(0, None), (1, Some(lines))]), whole(1)],
        reject: vec![hunks(0, &[(1, Some(&[2, 4]))])],
        ..Decision::default()
    };
    assert_eq!(stage.press("y"), decided(decision), "the first of its lines stays pending");
}

#[test]
fn a_split_hunk_is_decided_part_by_part() {
    let mut stage = plain(120, 40);
    stage.press("d");
    stage.press("]");
    stage.press("s");
    assert!(stage.show().contains("hunk 2/4"));
    stage.press("n");
    stage.press("Enter");
    let mut decision =
        accept(vec![hunks(0, &[(0, None), (1, Some(&[4, 5, 6, 7, 8, 9]))]), whole(1)]);
    decision.reject = vec![hunks(0, &[(1, Some(&[1, 2]))])];
    assert_eq!(stage.press("y"), decided(decision));
}

#[test]
fn u_takes_a_choice_back_and_then_a_decision() {
    let mut stage = plain(120, 40);
    stage.press("d");
    stage.press("R");
    assert_eq!(stage.press("u"), []);
    assert_eq!(stage.app.diff.review.summary.accepted, 3);
    assert_eq!(stage.press("U"), []);
    assert_eq!(stage.app.diff.review.summary.accepted, 1);
    assert_eq!(stage.press("U"), [Op::Redo]);
    stage.press("u");
    assert_eq!(stage.press("u"), [Op::Undo]);
}

#[test]
fn a_change_that_became_another_one_is_not_accepted_by_what_was_chosen_before() {
    let mut stage = plain(120, 40);
    stage.press("d");
    stage.press("n");
    let mut changes = stage::draft()[..2].to_vec();
    changes[0].id = ChangeId("change-9".into());
    changes[0].hunks[1].lines[2].text.push_str(" // more");
    stage::drafted(&mut stage, 2, changes);
    stage.press("Enter");
    assert_eq!(stage.press("y"), [], "nobody has seen yet what it is about now");
    stage.wait(500);
    let decision = Decision {
        accept: vec![Pick { id: ChangeId("change-9".into()), ..hunks(0, &[(1, None)]) }, whole(1)],
        reject: vec![Pick { id: ChangeId("change-9".into()), ..hunks(0, &[(0, None)]) }],
        ..Decision::default()
    };
    assert_eq!(stage.press("y"), decided(decision), "what was kept out stays out");
}

#[test]
fn gates_run_again_when_the_selection_rests_and_only_if_they_ever_ran() {
    let mut stage = plain(120, 40);
    stage.press("d");
    stage.press("Space");
    assert_eq!(stage.app.gate_at, None, "gates were never asked for");
    assert_eq!(gates_after(&mut stage, 5_000), None);
    assert_eq!(stage.press("g"), [Op::Gate { picks: vec![hunks(0, &[(1, None)]), whole(1)] }]);
    stage.press("Space");
    stage.event(stage::gated(Vec::new()));
    stage.press("Space");
    assert_eq!(gates_after(&mut stage, 300), None);
    stage.press("]");
    stage.press("Space");
    assert!(stage.app.wake_at().is_some());
    assert_eq!(gates_after(&mut stage, 500), None, "the selection has just changed again");
    let picks = vec![whole(1)];
    assert_eq!(gates_after(&mut stage, 500), Some(picks.clone()));
    stage.event(stage::gated(picks));
    assert_eq!(gates_after(&mut stage, 5_000), None);
    stage.press("Enter");
    assert!(stage.show().contains("check FAILS, exit 101"));
}

#[test]
fn gates_never_run_on_the_whole_because_nothing_is_selected() {
    let mut stage = plain(120, 40);
    stage.event(stage::gated(Vec::new()));
    stage.press("d");
    stage.press("R");
    stage.press("}");
    stage.press("R");
    assert_eq!(stage.press("g"), []);
    assert_eq!(gates_after(&mut stage, 5_000), None);
    stage.press("Enter");
    assert_eq!(stage.press("y").len(), 1, "what is rejected is a decision, too");
}

#[test]
fn comments_on_lines_are_kept_shown_and_sent_at_once() {
    let mut stage = plain(120, 40);
    stage.press("d");
    stage.press("]");
    for key in ["j", "j", "j", "c"] {
        stage.press(key);
    }
    stage.type_text("no: y and n are text here");
    assert_eq!(stage.press("Enter"), []);
    assert!(stage.show().contains("you  \"no: y and n are text here\""));
    stage.press("j");
    stage.press("c");
    stage.type_text("second");
    stage.press("Enter");
    stage.press("C");
    assert!(stage.show().contains("src/retry.rs:42"));
    let comment = |quoted: &str, line, text: &str| LineComment {
        path: "src/retry.rs".into(),
        line,
        quoted: quoted.into(),
        text: text.into(),
    };
    let comments = vec![
        comment("    for attempt in 0..cfg.max_attempts {", 42, "no: y and n are text here"),
        comment("        match send(&req).await {", 43, "second"),
    ];
    assert_eq!(stage.press("Enter"), [Op::Comment(comments)]);
    assert!(stage.app.diff.review.comments.is_empty());
}

#[test]
fn a_search_finds_goes_on_and_gives_up() {
    let mut stage = plain(120, 40);
    stage.press("d");
    stage.press("/");
    stage.type_text("err(e)");
    let first = stage.app.diff.cursor;
    stage.press("Enter");
    stage.press("Ctrl+N");
    assert!(stage.app.diff.cursor > first);
    stage.press("Ctrl+P");
    assert_eq!(stage.app.diff.cursor, first);
    stage.press("/");
    stage.type_text("tokio");
    assert_ne!(stage.app.diff.cursor, first);
    stage.press("Esc");
    assert_eq!(stage.app.diff.cursor, first);
    assert_eq!(stage.app.focus, Focus::Pane(Pane::Diff));
}

#[test]
fn a_hunk_goes_to_the_editor_as_its_new_side() {
    let mut stage = plain(120, 40);
    stage.press("d");
    let effects = stage.msg(crate::ui::update::Msg::Key(crate::protocol::Key::char('e')));
    let edit = Effect::EditHunk {
        change: ChangeId("change-0".into()),
        hunk: 0,
        path: "src/retry.rs".into(),
        text: "use std::time::Duration;\nuse fastrand::Rng;\n\n".into(),
    };
    assert_eq!(effects, [edit]);
    let effects = stage.msg(crate::ui::update::Msg::Key(crate::protocol::Key::char('E')));
    let (change, path) = (ChangeId("change-0".into()), "src/retry.rs".into());
    assert_eq!(effects, [Effect::EditFile { change, path }]);
}

#[test]
fn a_plan_is_answered_like_a_command() {
    let mut stage = Stage::new(120, 40);
    stage::working(&mut stage);
    let plan = |again| Question::Plan {
        call: crate::protocol::CallId("c7".into()),
        steps: vec!["move the parser into its own module".into(), "add serde".into()],
        why: "it adds a dependency".into(),
        again,
    };
    stage.event(stage::ask(1, plan(false)));
    stage.wait(500);
    let text = stage.show();
    assert!(text.contains("asked because it adds a dependency"), "{text}");
    assert_eq!(stage.press("y"), [Op::Answer { ask: AskId(1), answer: Answer::Yes }]);
    stage.event(Body::Ask(AskEvent::Answered { ask: AskId(1), answer: Answer::Yes }));
    stage.event(stage::ask(2, plan(true)));
    stage.wait(500);
    assert!(stage.show().contains("the plan has changed"));
    stage.press("c");
    stage.type_text("no serde");
    let answer = Answer::No { comment: Some("no serde".into()) };
    assert_eq!(stage.press("Enter"), [Op::Answer { ask: AskId(2), answer }]);
}

#[test]
fn escape_twice_on_an_empty_message_goes_back_to_a_turn() {
    let mut stage = Stage::new(80, 24);
    stage::ended(&mut stage);
    stage.press("Esc");
    stage.wait(2_000);
    stage.press("Esc");
    assert!(stage.app.overlay.is_none(), "the second one came late");
    stage.press("Esc");
    assert!(stage.show().contains("Retries hammer the gateway"));
    assert_eq!(stage.press("Enter"), [Op::Rewind { turn: TurnId(7) }]);
    assert!(stage.app.composer.text().starts_with("Retries hammer"));
    stage.press("Esc");
    stage.press("Esc");
    assert!(stage.app.overlay.is_none(), "something is being written");
}

#[test]
fn typed_commands_do_what_keys_do() {
    let mut stage = Stage::new(120, 40);
    stage::drafted(&mut stage, 1, stage::draft()[..2].to_vec());
    let mut send = |text: &str| {
        stage.type_text(text);
        stage.press("Enter")
    };
    assert_eq!(send("/undo"), [Op::Undo]);
    assert_eq!(send("/redo"), [Op::Redo]);
    assert_eq!(send("/gates"), [Op::Gate { picks: Vec::new() }]);
    let message = Some("retry: back off".to_owned());
    assert_eq!(send("/commit retry: back off"), [Op::Commit { message }]);
    assert_eq!(send("/commit"), [Op::Commit { message: None }]);
    let all = vec![whole(0), whole(1)];
    let reject = Decision { reject: all.clone(), ..Decision::default() };
    assert_eq!(send("/reject"), [Op::Decide(reject)]);
    assert_eq!(send("/apply"), [Op::Decide(accept(all))]);
}

#[test]
fn what_became_of_the_draft_is_a_quiet_line() {
    let mut stage = Stage::new(120, 40);
    stage::ended(&mut stage);
    let paths = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
    for event in [
        DraftEvent::Decided(Decision { reject: vec![whole(1)], ..Decision::default() }),
        DraftEvent::Applied { paths: paths(&["src/retry.rs", "Cargo.toml"]) },
        DraftEvent::Carried { paths: paths(&["README.md"]), merged: paths(&["src/a.rs"]) },
        DraftEvent::Undone { what: "2 hunks in src/retry.rs".into(), redo: false },
        DraftEvent::Committed { commit: "3f2a91c".into(), subject: "retry: back off".into() },
    ] {
        stage.event(Body::Draft(event));
    }
    let text = stage.show();
    for line in [
        "rejected 1 file",
        "applied to src/retry.rs, Cargo.toml",
        "undone: 2 hunks in src/retry.rs",
        "committed 3f2a91c  retry: back off",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let flat: String = text.lines().filter_map(|line| line.split('│').nth(1)).collect();
    let flat = flat.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("merged with the agent's: src/a.rs"), "{flat}");
}

#[test]
fn more_context_comes_from_the_file_and_never_twice() {
    let mut stage = plain(120, 40);
    stage.app.new_side = Box::new(|change| {
        let line = |number: u32| format!("line {number} of the file");
        (*change == ChangeId("change-0".into())).then(|| (1..=60).map(line).collect())
    });
    stage.press("d");
    stage.press("Ctrl+X");
    stage.press("z");
    stage.press("]");
    stage.press("+");
    let around = |stage: &Stage| -> Vec<u32> {
        let view = &stage.app.diff.view;
        (0..view.len()).filter_map(|row| view.around(row)).collect()
    };
    assert_eq!(around(&stage), (4..=8).chain(36..=40).chain(51..=55).collect::<Vec<_>>());
    assert!(stage.show().contains("line 36 of the file"));
    for _ in 0..4 {
        stage.press("+");
    }
    let all: Vec<_> = (4..=40).chain(51..=60).collect();
    assert_eq!(around(&stage), all, "in order, each once, and no further than the file");
    for _ in 0..9 {
        stage.press("-");
    }
    assert_eq!(around(&stage), Vec::<u32>::new());
    stage.press("}");
    for _ in 0..4 {
        stage.press("+");
    }
    assert!(said(&stage).contains("all there is"), "{}", said(&stage));
}

#[test]
fn an_empty_diff_says_that_nothing_is_pending() {
    let mut stage = Stage::new(120, 40);
    assert!(stage.show().contains("Nothing is pending"));
}

/// A hunk of many lines, as of a file that was created.
fn long(lines: usize) -> Vec<Change> {
    let text: Vec<_> =
        (0..lines).map(|number| format!("+    let value_{number} = {number};")).collect();
    let text: Vec<_> = text.iter().map(String::as_str).collect();
    let mut change =
        Change::new("src/long.rs", ChangeKind::Created, vec![stage::hunk(1, "", &text)]);
    change.id = ChangeId("change-0".into());
    vec![change]
}

#[test]
fn a_frame_of_a_long_diff_makes_only_the_rows_in_sight() {
    let mut stage = Stage::new(120, 40);
    stage::drafted(&mut stage, 1, long(20_000));
    stage.press("Alt+2");
    stage.frame();
    stage.press("G");
    assert!(stage.show().contains("value_19999"));
    stage.press("W");
    stage.frame();
    assert!(stage.app.diff.view.drawn < 200, "{} rows", stage.app.diff.view.drawn);
    let before = Arc::clone(&stage.app.diff.review.changes);
    stage.item(stage::said("meanwhile"));
    stage.frame();
    assert!(Arc::ptr_eq(&before, &stage.app.diff.review.changes), "nothing is copied");
}

#[test]
fn wrapped_lines_keep_the_cursor_in_sight() {
    let mut stage = Stage::new(120, 40);
    let mut changes = long(60);
    for line in &mut changes[0].hunks[0].lines {
        line.text = line.text.repeat(12);
    }
    stage::drafted(&mut stage, 1, changes);
    stage.frame();
    stage.press("Alt+2");
    stage.press("W");
    for key in ["j"; 40].into_iter().chain(["k"; 40]) {
        stage.press(key);
        let text = stage.show();
        assert!(text.contains("┃>"), "{text}");
    }
}
/// Run by hand with `cargo test --release --lib first_screen_of_a_long_review -- --ignored --nocapture`.
#[test]
#[ignore = "a figure, not a check"]
fn the_first_screen_of_a_long_review() {
    const RUNS: u64 = 15;
    let mut stage = Stage::new(200, 50);
    stage.press("Alt+2");
    stage.frame();
    let mut least = std::time::Duration::MAX;
    for run in 1..=RUNS {
        let mut changes = long(50_000);
        changes[0].id = ChangeId(format!("run-{run}"));
        let start = std::time::Instant::now();
        stage::drafted(&mut stage, run, changes);
        stage.frame();
        least = least.min(start.elapsed());
    }
    println!("50,000 lines, from the event to the bytes: {least:?}, the least of {RUNS} runs");
    for key in ["j", "PgDn", "Space", "G", "W", "w", "t"] {
        let start = std::time::Instant::now();
        stage.press(key);
        stage.frame();
        println!("{key}: {:?}", start.elapsed());
    }
}

#[test]
fn all_files_of_one_call_are_shown_with_the_last_word_on_each() {
    let mut stage = Stage::new(120, 60);
    stage.event(stage::turn_started(7));
    stage.item(stage::call("c1", "edit", "{}"));
    for state in [EditState::Proposed, EditState::Written] {
        for change in stage::changes() {
            stage.item(Item::Edit { call: CallId("c1".into()), change, state });
        }
    }
    let detail = Detail::Edit { path: "both".into(), added: 0, removed: 0 };
    stage.item(stage::result("c1", Outcome::Done, "", detail));
    stage.frame();
    let shown: Vec<_> =
        stage.app.diff.review.changes.iter().map(|change| change.path.clone()).collect();
    let expected: Vec<_> = stage::changes().into_iter().map(|change| change.path).collect();
    assert!(expected.len() > 1);
    assert_eq!(shown, expected);
    let counts = stage::changes().iter().map(Change::counts).fold((0, 0), |all, one| {
        let (added, removed) = one;
        (all.0 + added, all.1 + removed)
    });
    stage.app.chat.blocks.toggle_all();
    let screen = stage.show();
    let facts = format!("+{} -{}  written", counts.0, counts.1);
    assert!(screen.contains(&facts), "{facts}: {screen}");
    assert!(expected.iter().all(|path| screen.contains(path.as_str())), "{screen}");
}
