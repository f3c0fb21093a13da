//! What keys and events do.

use super::stage::{self, Stage, TERM};
use crate::protocol::{
    Answer, AskEvent, AskId, Body, Budget, Class, HunkRef, Input, Key, KeyCode, Mode, Op, Pen,
    Question, Queued, Setting, TermEvent, TurnEvent,
};
use crate::ui::pane::{Focus, Pane};
use crate::ui::update::{Effect, Msg};

fn prompt(text: &str) -> Op {
    Op::Prompt { text: text.into() }
}

fn answer(id: u64, answer: Answer) -> Vec<Op> {
    vec![Op::Answer { ask: AskId(id), answer }]
}

#[test]
fn enter_prompts_when_idle_and_steers_while_a_turn_runs() {
    let mut stage = Stage::new(80, 24);
    assert_eq!(stage.press("Enter"), []);
    stage.type_text("fix it");
    assert_eq!(stage.press("Enter"), [prompt("fix it")]);
    stage.event(stage::turn_started(1));
    stage.type_text("faster");
    assert_eq!(stage.press("Enter"), [Op::Steer { text: "faster".into() }]);
    stage.type_text("then docs");
    assert_eq!(stage.press("Tab"), [Op::Queue { text: "then docs".into() }]);
    assert!(stage.app.composer.is_empty());
}

#[test]
fn up_on_empty_takes_back_what_is_queued() {
    let mut stage = Stage::new(80, 24);
    stage.event(stage::turn_started(1));
    let queued = Queued { text: "then docs".into(), steer: false };
    stage.event(Body::Turn(TurnEvent::Queue(vec![queued])));
    assert_eq!(stage.press("Up"), [Op::Unqueue]);
    stage.event(Body::Turn(TurnEvent::Unqueued { text: "then docs".into() }));
    assert_eq!(stage.app.composer.text(), "then docs");
}

#[test]
fn new_lines_are_written_in_four_ways() {
    let mut stage = Stage::new(80, 24);
    for newline in ["Ctrl+J", "Alt+Enter", "Shift+Enter"] {
        stage.type_text("a");
        stage.press(newline);
    }
    stage.type_text("b\\");
    assert_eq!(stage.press("Enter"), []);
    assert_eq!(stage.app.composer.text(), "a\na\na\nb\n");
}

#[test]
fn a_paste_sends_nothing_and_answers_nothing() {
    let mut stage = Stage::new(80, 24);
    stage::edit_asked(&mut stage);
    assert_eq!(stage.app.focus, Focus::Approval);
    assert_eq!(stage.msg(Msg::Paste("y\ny\r\n".into())), []);
    assert_eq!(stage.app.composer.text(), "y\ny\n");
}

#[test]
fn history_is_walked_and_the_draft_comes_back() {
    let mut stage = Stage::new(80, 24);
    for text in ["one", "two"] {
        stage.type_text(text);
        stage.press("Enter");
    }
    stage.type_text("draft");
    stage.press("Up");
    stage.press("Up");
    assert_eq!(stage.app.composer.text(), "one");
    stage.press("Down");
    stage.press("Down");
    assert_eq!(stage.app.composer.text(), "draft");
}

#[test]
fn escape_interrupts_and_control_c_clears_interrupts_and_quits() {
    let mut stage = Stage::new(80, 24);
    stage.event(stage::turn_started(1));
    stage.type_text("never mind");
    assert_eq!(stage.press("Ctrl+C"), []);
    assert!(stage.app.composer.is_empty());
    assert_eq!(stage.press("Esc"), [Op::Interrupt]);
    assert_eq!(stage.press("Ctrl+C"), [Op::Interrupt]);
    assert_eq!(stage.msg(Msg::Key(Key::ctrl('c'))), [Effect::Quit]);
}

#[test]
fn a_second_control_c_that_comes_late_does_not_quit() {
    let mut stage = Stage::new(80, 24);
    stage.press("Ctrl+C");
    stage.wait(2_500);
    assert_eq!(stage.msg(Msg::Key(Key::ctrl('c'))), []);
    assert_eq!(stage.msg(Msg::Key(Key::ctrl('c'))), [Effect::Quit]);
}

#[test]
fn control_d_quits_only_on_empty() {
    let mut stage = Stage::new(80, 24);
    stage.type_text("a");
    assert_eq!(stage.msg(Msg::Key(Key::ctrl('d'))), []);
    stage.press("Backspace");
    assert_eq!(stage.msg(Msg::Key(Key::ctrl('d'))), [Effect::Quit]);
}

#[test]
fn shift_tab_never_reaches_autopilot_which_wants_a_yes() {
    let mut stage = Stage::new(80, 24);
    for mode in [Mode::Plan, Mode::AutoEdit, Mode::Confirm] {
        assert_eq!(stage.press("Shift+Tab"), [Op::Set(Setting::Mode(mode))]);
        stage.event(Body::Setting(Setting::Mode(mode)));
    }
    assert_eq!(stage.press("Ctrl+X a"), []);
    assert_eq!(stage.press("Enter"), []);
    assert_eq!(stage.press("y"), [Op::Set(Setting::Mode(Mode::Autopilot))]);
}

#[test]
fn the_budget_moves_by_a_quarter_and_by_command() {
    let mut stage = Stage::new(80, 24);
    let set = |tokens| vec![Op::Set(Setting::Budget(stage::budget(tokens)))];
    assert_eq!(stage.press("Alt+="), set(25_000));
    assert_eq!(stage.press("Alt+-"), set(15_000));
    stage.type_text("/budget +5k");
    assert_eq!(stage.press("Enter"), set(25_000));
    stage.type_text("/bugdet 5k");
    assert_eq!(stage.press("Enter"), []);
    assert!(stage.app.said.as_ref().unwrap().0.contains("/budget"));
    assert_eq!(stage.app.composer.text(), "/bugdet 5k");
}

#[test]
fn a_budget_that_is_scaled_keeps_its_other_limits() {
    let mut stage = Stage::new(80, 24);
    let budget = Budget { cost: Some(0.5), steps: Some(9), ..stage::budget(20_000) };
    stage.event(Body::Setting(Setting::Budget(budget)));
    let want = Budget { tokens: 25_000, ..budget };
    assert_eq!(stage.press("Alt+="), [Op::Set(Setting::Budget(want))]);
}

#[test]
fn a_question_that_has_just_come_takes_no_key() {
    let mut stage = Stage::new(80, 24);
    stage::working(&mut stage);
    stage.event(stage::ask_run(1));
    assert_eq!(stage.app.focus, Focus::Approval);
    stage.wait(399);
    assert_eq!(stage.press("y"), []);
    stage.wait(1);
    assert_eq!(stage.press("y"), answer(1, Answer::Yes));
    // The next one takes its place, and is deaf again.
    stage.event(stage::ask_run(2));
    stage.event(Body::Ask(AskEvent::Answered { ask: AskId(1), answer: Answer::Yes }));
    assert_eq!(stage.press("y"), []);
    stage.wait(400);
    assert_eq!(stage.press("n"), answer(2, Answer::No { comment: None }));
}

#[test]
fn what_is_being_typed_goes_on_into_the_message() {
    let mut stage = Stage::new(80, 24);
    stage::working(&mut stage);
    stage.type_text("also t");
    stage.event(stage::ask_run(1));
    assert_eq!(stage.type_text("y it"), []);
    assert_eq!(stage.app.composer.text(), "also ty it");
    stage.press("Alt+a");
    stage.wait(500);
    assert_eq!(stage.press("y"), answer(1, Answer::Yes));
    assert_eq!(stage.app.composer.text(), "also ty it");
}

#[test]
fn enter_answers_nothing_and_escape_leaves_it_waiting() {
    let mut stage = Stage::new(80, 24);
    stage::edit_asked(&mut stage);
    assert_eq!(stage.press("Enter"), []);
    assert_eq!(stage.press("Esc"), []);
    assert_eq!(stage.app.focus, Focus::Message);
    assert_eq!(stage.app.state.asks.len(), 1);
    assert!(stage.show().contains("APPROVAL NEEDED"));
    assert_eq!(stage.press("Esc"), [Op::Interrupt]);
}

#[test]
fn always_is_offered_only_with_a_rule() {
    let mut stage = Stage::new(80, 24);
    stage.event(stage::ask_run(1));
    stage.wait(500);
    assert_eq!(stage.press("a"), answer(1, Answer::Always));
    let mut stage = Stage::new(80, 24);
    let question = Question::Run {
        call: crate::protocol::CallId("c".into()),
        command: "rm -rf target".into(),
        folder: "/".into(),
        class: Class::Dangerous,
        why: "deletes".into(),
        rule: None,
    };
    stage.event(stage::ask(1, question));
    stage.wait(500);
    assert_eq!(stage.press("a"), []);
    assert!(!stage.show().contains("always"));
}

#[test]
fn a_comment_goes_back_with_the_refusal() {
    let mut stage = Stage::new(80, 24);
    stage::edit_asked(&mut stage);
    stage.press("c");
    assert_eq!(stage.press("Enter"), []);
    stage.type_text("y not from config?");
    let comment = Some("y not from config?".to_string());
    assert_eq!(stage.press("Enter"), answer(1, Answer::No { comment }));
}

#[test]
fn a_comment_whose_question_went_away_is_kept() {
    let mut stage = Stage::new(80, 24);
    stage::edit_asked(&mut stage);
    stage.press("c");
    stage.type_text("use the config");
    stage.event(Body::Ask(AskEvent::Withdrawn { ask: AskId(1) }));
    assert_eq!(stage.app.composer.text(), "use the config");
    assert_eq!(stage.app.focus, Focus::Message);
}

#[test]
fn hunks_are_chosen_in_the_diff_and_applied_as_chosen() {
    let mut stage = Stage::new(120, 40);
    stage::edit_asked(&mut stage);
    stage.frame();
    stage.press("d");
    assert_eq!(stage.app.focus, Focus::Pane(Pane::Diff));
    stage.press("n");
    stage.frame();
    stage.press("y");
    stage.frame();
    stage.press("Space");
    stage.frame();
    stage.press("Enter");
    let accepted = vec![HunkRef { change: 0, hunk: 1 }];
    assert_eq!(stage.press("y"), answer(1, Answer::Hunks { accepted, comment: None }));
    stage.wait(500);
    assert_eq!(stage.press("Y"), answer(1, Answer::Yes));
}

#[test]
fn decisions_in_the_diff_are_undone_one_by_one() {
    let mut stage = Stage::new(120, 40);
    stage::edit_asked(&mut stage);
    stage.frame();
    stage.press("d");
    stage.press("R");
    stage.frame();
    let chosen = |stage: &Stage| stage.app.diff.review.summary.accepted;
    assert_eq!(chosen(&stage), 1);
    stage.press("}");
    stage.press("R");
    assert_eq!(chosen(&stage), 0);
    assert_eq!(stage.press("Enter"), []);
    assert_eq!(stage.press("y"), [], "nothing is selected");
    stage.press("Alt+2");
    stage.press("u");
    stage.press("u");
    assert_eq!(chosen(&stage), 3);
}

#[test]
fn escape_in_the_diff_goes_back_to_the_question_and_ends_nothing() {
    let mut stage = Stage::new(120, 40);
    stage::edit_asked(&mut stage);
    stage.press("d");
    assert_eq!(stage.press("Esc"), []);
    assert_eq!(stage.app.focus, Focus::Approval);
}

#[test]
fn what_is_queued_is_seen_until_it_is_read() {
    let mut stage = Stage::new(80, 24);
    stage.event(stage::turn_started(1));
    let queue = vec![
        Queued { text: "use the config".into(), steer: true },
        Queued { text: "then the docs".into(), steer: false },
    ];
    stage.event(Body::Turn(TurnEvent::Queue(queue)));
    let text = stage.show();
    assert!(text.contains("use the config") && text.contains("then the docs"), "{text}");
    stage.event(Body::Turn(TurnEvent::Queue(Vec::new())));
    assert!(!stage.show().contains("then the docs"));
}

#[test]
fn an_option_is_chosen_by_its_digit_and_free_text_is_an_answer_too() {
    let mut stage = Stage::new(80, 24);
    let question = Question::Choose {
        call: crate::protocol::CallId("c".into()),
        text: "Which database?".into(),
        options: vec!["Postgres".into(), "SQLite".into()],
    };
    stage.event(stage::ask(1, question));
    stage.wait(500);
    assert_eq!(stage.press("3"), []);
    assert_eq!(stage.press("2"), answer(1, Answer::Text("SQLite".into())));
    stage.wait(500);
    stage.press("c");
    stage.type_text("2 of them");
    assert_eq!(stage.press("Enter"), answer(1, Answer::Text("2 of them".into())));
}

#[test]
fn in_the_terminal_every_key_goes_to_the_program_but_the_prefix() {
    let mut stage = Stage::new(120, 40);
    stage::working(&mut stage);
    stage.frame();
    stage.press("Alt+3");
    let input = |key| vec![Op::Input { term: TERM, input: Input::Key(key) }];
    for key in [Key::char('q'), Key::ctrl('c'), Key::plain(KeyCode::Escape), Key::alt('1')] {
        assert_eq!(stage.key(key), input(key));
    }
    let paste = Op::Input { term: TERM, input: Input::Paste("y".into()) };
    assert_eq!(stage.msg(Msg::Paste("y".into())), [Effect::Send(paste)]);
    let literal = Key::ctrl('\\');
    stage.key(literal);
    assert_eq!(stage.key(literal), input(literal));
    stage.event(stage::ask_run(1));
    assert_eq!(stage.app.focus, Focus::Pane(Pane::Term), "a question does not take the keys");
    stage.key(literal);
    assert_eq!(stage.press("h"), [Op::Pen { term: TERM, pen: Pen::Agent }]);
    assert_eq!(stage.app.focus, Focus::Message);
}

#[test]
fn the_program_is_told_the_final_size_of_its_pane() {
    let mut stage = Stage::new(120, 40);
    stage::working(&mut stage);
    stage.frame();
    stage.msg(Msg::Resize(130, 44));
    stage.frame();
    assert_eq!(stage.wait(20), []);
    let effects = stage.wait(200);
    let inside = crate::ui::app::inner(stage.app.layout.term);
    let size = crate::protocol::Size { columns: inside.width, rows: inside.height };
    assert_eq!(effects, [Effect::Send(Op::Resize { size })]);
    assert_eq!(stage.wait(200), []);
}

#[test]
fn a_question_does_not_make_the_program_draw_itself_anew() {
    let mut stage = Stage::new(120, 40);
    stage::working(&mut stage);
    stage.frame();
    assert_eq!(stage.wait(200).len(), 1);
    stage.event(stage::ask_apply(1));
    stage.frame();
    assert_eq!(stage.wait(1_000), []);
    stage.event(Body::Ask(AskEvent::Withdrawn { ask: AskId(1) }));
    stage.frame();
    assert_eq!(stage.wait(1_000), []);
}

#[test]
fn a_terminal_that_has_ended_leaves_the_keys_to_the_pane() {
    let mut stage = Stage::new(120, 40);
    stage::working(&mut stage);
    stage.frame();
    stage.press("Alt+3");
    stage.event(Body::Term(TermEvent::Exited { term: TERM, exit: Some(0) }));
    assert_eq!(stage.press("q"), []);
    assert_eq!(stage.app.focus, Focus::Message);
}

#[test]
fn the_chat_follows_what_comes_unless_it_was_scrolled() {
    let mut stage = Stage::new(80, 24);
    for number in 0..60 {
        stage.item(stage::user(&format!("prompt number {number}")));
    }
    assert!(stage.show().contains("prompt number 59"));
    stage.press("PgUp");
    stage.press("PgUp");
    let before = stage.show();
    assert!(!before.contains("prompt number 59"));
    stage.item(stage::user("a late one"));
    assert!(!stage.show().contains("a late one"));
    for _ in 0..3 {
        stage.press("PgDn");
        stage.frame();
    }
    assert!(stage.show().contains("a late one"));
}

#[test]
fn the_selection_walks_through_the_chat_and_stays_in_sight() {
    let mut stage = Stage::new(80, 24);
    for number in 0..60 {
        stage.item(stage::user(&format!("prompt number {number}")));
    }
    stage.frame();
    stage.press("Alt+1");
    for _ in 0..60 {
        stage.press("k");
        let text = stage.show();
        assert!(text.lines().any(|line| line.starts_with('>')), "{text}");
    }
    assert!(stage.show().contains("prompt number 0"));
    stage.press("G");
    assert!(stage.show().contains("prompt number 59"));
}

#[test]
fn the_palette_finds_and_does() {
    let mut stage = Stage::new(80, 24);
    stage.press("Ctrl+P");
    stage.type_text("zoom");
    stage.press("Enter");
    assert!(stage.app.overlay.is_none());
    assert!(stage.app.zoomed);
}

#[test]
fn the_leader_is_the_users_choice_and_twice_sends_it() {
    let mut stage = Stage::new(120, 40);
    stage::working(&mut stage);
    stage.app.leader = crate::ui::leader("Ctrl+]").unwrap();
    stage.frame();
    stage.press("Alt+3");
    let typed = |key: &str| {
        let key = crate::ui::keys::parse(key).unwrap()[0];
        [Op::Input { term: TERM, input: Input::Key(key) }]
    };
    assert_eq!(stage.press("Ctrl+\\"), typed("Ctrl+\\"));
    assert_eq!(stage.press("Ctrl+]"), []);
    assert_eq!(stage.press("Ctrl+]"), typed("Ctrl+]"));
    assert_eq!(stage.press("Ctrl+]"), []);
    assert_eq!(stage.press("h"), [Op::Pen { term: TERM, pen: Pen::Agent }]);
    for wrong in ["x", "Ctrl+X y", "Alt+x", "Ctrl+Enter", ""] {
        assert_eq!(crate::ui::leader(wrong), None, "{wrong}");
    }
}

#[test]
fn a_terminal_is_ended_only_after_a_yes() {
    let mut stage = Stage::new(120, 40);
    stage::working(&mut stage);
    stage.frame();
    stage.press("Alt+3");
    for (answer, ops) in [("n", vec![]), ("y", vec![Op::CloseTerm { term: TERM }])] {
        stage.press("Ctrl+\\");
        assert_eq!(stage.press("k"), []);
        assert_eq!(stage.press(answer), ops);
    }
    // What follows is the program's again.
    assert_eq!(stage.press("y").len(), 1);
}
