//! What the screen looks like, through real terminal bytes.

use super::stage::{self, Stage};
use crate::protocol::{Body, CallId, DraftEvent, Pen, Question, TermState};
use std::sync::Arc;

pub(super) fn check(case: &str, columns: u16, rows: u16, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(format!("ui__{case}@{columns}x{rows}"), text));
}

/// The sizes that people have: tabs, two columns, three columns, and too small.
fn at_all_sizes(case: &str, act: impl Fn(&mut Stage)) {
    for (columns, rows) in [(80, 24), (120, 40), (200, 50), (20, 5)] {
        let mut stage = Stage::new(columns, rows);
        act(&mut stage);
        let text = stage.show();
        check(case, columns, rows, &text);
    }
}

#[test]
fn an_empty_session_says_what_to_do() {
    at_all_sizes("empty", |_| {});
}

#[test]
fn a_running_turn() {
    at_all_sizes("running", stage::streaming);
}

#[test]
fn the_approval_of_an_edit_with_one_hunk_left_out() {
    at_all_sizes("approve_edit", |stage| {
        stage::edit_asked(stage);
        stage.frame();
        stage.press("d");
        stage.press("Space");
        stage.press("Enter");
    });
}

#[test]
fn the_approval_of_a_command() {
    at_all_sizes("approve_command", |stage| {
        stage::working(stage);
        stage.item(stage::call("c9", "run", r#"{"command":"cargo add fastrand"}"#));
        stage.event(stage::ask_run(1));
        stage.wait(500);
    });
}

#[test]
fn an_approval_while_the_user_types_is_a_row() {
    at_all_sizes("approval_waits", |stage| {
        stage::working(stage);
        stage.type_text("also mention it in the changelog");
        stage.event(stage::ask_run(1));
    });
}

#[test]
fn an_ended_turn() {
    at_all_sizes("ended", stage::ended);
}

#[test]
fn vim_in_the_terminal_with_the_pen_in_the_users_hand() {
    at_all_sizes("vim", |stage| {
        stage::working(stage);
        let mut rows = vec!["fn main() {", "    println!(\"hi\");", "}"];
        rows.extend(["~"; 5]);
        rows.push("-- INSERT --");
        let mut screen = stage::screen(58, 9, &rows);
        screen.modes.alternate_screen = true;
        screen.cursor.as_mut().unwrap().row = 1;
        screen.cursor.as_mut().unwrap().column = 4;
        stage.screen = Some(Arc::new(screen));
        stage.event(stage::pen(Pen::User));
        stage.press("Alt+3");
    });
}

#[test]
fn several_terminals_and_a_program_that_asks_for_a_password() {
    at_all_sizes("terminals", |stage| {
        stage::working(stage);
        stage::more_terminals(stage);
        let mut screen =
            stage::screen(58, 9, &["$ sudo systemctl restart gateway", "[sudo] password for dev:"]);
        screen.cursor.as_mut().unwrap().row = 1;
        screen.cursor.as_mut().unwrap().column = 25;
        stage.screen = Some(Arc::new(screen));
        stage.press("Alt+3");
    });
}

#[test]
fn the_list_of_terminals() {
    let mut stage = Stage::new(80, 24);
    stage::working(&mut stage);
    stage::more_terminals(&mut stage);
    stage.press("Ctrl+X");
    stage.press("j");
    check("terminal_list", 80, 24, &stage.show());
}

#[test]
fn the_diff_pane_has_the_keys() {
    at_all_sizes("diff", |stage| {
        stage::edit_asked(stage);
        stage.frame();
        stage.press("d");
        stage.press("]");
        stage.press("n");
    });
}

#[test]
fn the_review_of_a_draft_with_all_there_is_to_know() {
    at_all_sizes("review", |stage| {
        stage::review_asked(stage, stage::draft(), stage::guards());
        let picks = stage.app.diff.review.gate_picks().unwrap().to_vec();
        stage.event(stage::gated(picks));
        stage.frame();
    });
}

#[test]
fn the_diff_of_a_draft_with_notes_at_its_lines() {
    at_all_sizes("draft", |stage| {
        stage::ended(stage);
        let mut changes = stage::draft();
        changes[0].hunks[1].lines[5].text.push_str(" // \u{202e}  ");
        stage::drafted(stage, 1, changes);
        stage.event(Body::Draft(DraftEvent::Guarded { guards: stage::guards() }));
        stage.event(stage::gated(Vec::new()));
        stage.frame();
        for key in ["Alt+2", "]", "a", "j", "j", "Space", "j", "c"] {
            stage.press(key);
        }
        stage.type_text("take the cap from the config");
        stage.press("Enter");
        stage.frame();
    });
}

#[test]
fn guarded_changes_wait_for_a_word() {
    let mut stage = Stage::new(80, 24);
    stage::review_asked(&mut stage, stage::draft(), stage::guards());
    stage.press("Y");
    stage.type_text("ye");
    check("review_word", 80, 24, &stage.show());
}

#[test]
fn a_plan_before_the_first_edit() {
    let mut stage = Stage::new(80, 24);
    stage::working(&mut stage);
    let question = Question::Plan {
        call: CallId("c7".into()),
        steps: vec!["bound the retry loop".into(), "add jitter with fastrand".into()],
        why: "it adds a dependency".into(),
        again: false,
    };
    stage.event(stage::ask(1, question));
    stage.wait(500);
    check("plan", 80, 24, &stage.show());
}

#[test]
fn the_turns_to_go_back_to() {
    let mut stage = Stage::new(80, 24);
    stage::ended(&mut stage);
    stage.press("Esc");
    stage.press("Esc");
    check("rewind", 80, 24, &stage.show());
}

#[test]
fn help_is_the_keymap() {
    let mut stage = Stage::new(120, 40);
    stage.press("F1");
    check("help", 120, 40, &stage.show());
}

#[test]
fn a_row_opens_to_what_the_model_saw() {
    let mut stage = Stage::new(120, 40);
    stage::working(&mut stage);
    stage.item(stage::call("c3", "keys", r#"{"keys":"dev<Enter>"}"#));
    let detail =
        crate::protocol::Detail::Keys { keys: "dev<Enter>".into(), state: TermState::Password };
    let text = "[sudo] password for dev:";
    stage.item(stage::result("c3", crate::protocol::Outcome::Done, text, detail));
    stage.frame();
    stage.press("Alt+1");
    stage.press("G");
    stage.press("Enter");
    check("opened", 120, 40, &stage.show());
}
