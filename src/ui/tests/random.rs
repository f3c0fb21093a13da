//! Whatever comes, in whatever size: nothing panics, and nothing is drawn outside.

use super::stage::{self, Stage};
use crate::protocol::{
    Answer, AskEvent, AskId, Body, Delta, Key, KeyCode, Notice, NoticeLevel, Pen, Question,
};
use crate::ui::actions::ACTIONS;
use crate::ui::keys;
use crate::ui::update::Msg;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Act {
    Table(usize),
    Key(char, bool, bool),
    Code(usize),
    Paste(String),
    Resize(u16, u16),
    Event(usize, String),
    Wait(u64),
    Frame,
}

const CODES: [KeyCode; 10] = [
    KeyCode::Enter,
    KeyCode::Escape,
    KeyCode::Tab,
    KeyCode::Up,
    KeyCode::Down,
    KeyCode::PageUp,
    KeyCode::PageDown,
    KeyCode::Home,
    KeyCode::F(12),
    KeyCode::Insert,
];

fn act() -> impl Strategy<Value = Act> {
    let text = "[ -~\t\n日é\u{301}👩\u{200d}\u{1b}\u{202e}]{0,80}";
    prop_oneof![
        6 => (0..ACTIONS.len()).prop_map(Act::Table),
        3 => (any::<char>(), any::<bool>(), any::<bool>()).prop_map(|(c, a, b)| Act::Key(c, a, b)),
        3 => (0..CODES.len()).prop_map(Act::Code),
        1 => text.prop_map(Act::Paste),
        2 => (0u16..210, 0u16..60).prop_map(|(columns, rows)| Act::Resize(columns, rows)),
        1 => (0u16..24, 0u16..8).prop_map(|(columns, rows)| Act::Resize(columns, rows)),
        6 => (0usize..17, text).prop_map(|(kind, text)| Act::Event(kind, text)),
        2 => (0u64..900).prop_map(Act::Wait),
        4 => Just(Act::Frame),
    ]
}

fn event(stage: &mut Stage, kind: usize, text: String) {
    match kind {
        0 => stage::working(stage),
        1 => stage::edit_asked(stage),
        2 => stage::ended(stage),
        3 => stage.event(stage::ask_run(40)),
        4 => stage.event(stage::ask_apply(41)),
        5 => stage.event(Body::Delta(Delta::Text(text))),
        6 => stage.event(Body::Delta(Delta::Thought(text))),
        7 => stage.item(stage::said(&text)),
        8 => stage.item(stage::user(&text)),
        9 => stage.item(stage::call("x", &text, &text)),
        10 => stage.event(Body::Ask(AskEvent::Withdrawn { ask: AskId(40) })),
        11 => {
            let ask = stage.app.state.asks.first().map_or(AskId(1), |ask| ask.id);
            stage.event(Body::Ask(AskEvent::Answered { ask, answer: Answer::Yes }));
        }
        12 => {
            let hint = Some(text.clone());
            stage.event(Body::Notice(Notice { level: NoticeLevel::Error, text, hint }));
        }
        13 => stage.event(stage::pen(Pen::User)),
        14 => {
            let call = crate::protocol::CallId("q".into());
            let options = vec![text.clone(); 3];
            stage.event(stage::ask(42, Question::Choose { call, text, options }));
        }
        15 => stage.event(Body::Delta(Delta::Arguments { tool: text, bytes: 9 })),
        _ => {
            let rows: Vec<_> = text.lines().collect();
            stage.screen = Some(std::sync::Arc::new(stage::screen(30, 7, &rows)));
        }
    }
}

fn play(stage: &mut Stage, act: Act) {
    match act {
        Act::Table(index) => {
            for text in ACTIONS[index].keys.iter().take(1) {
                for key in keys::parse(text).unwrap() {
                    stage.key(key);
                }
            }
        }
        Act::Key(char, ctrl, alt) => {
            stage.key(Key { ctrl, alt, ..Key::char(char) });
        }
        Act::Code(index) => {
            stage.key(Key::plain(CODES[index]));
        }
        Act::Paste(text) => {
            stage.msg(Msg::Paste(text));
        }
        Act::Resize(columns, rows) => {
            stage.msg(Msg::Resize(columns, rows));
        }
        Act::Event(kind, text) => event(stage, kind, text),
        Act::Wait(milliseconds) => {
            stage.wait(milliseconds);
        }
        Act::Frame => {
            stage.frame();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn any_messages_in_any_size_are_survived(acts in proptest::collection::vec(act(), 1..60)) {
        let mut stage = Stage::new(80, 24);
        for act in acts {
            play(&mut stage, act);
        }
        stage.frame();
    }
}

#[test]
fn every_small_size_is_survived() {
    for columns in 0..26 {
        for rows in 0..10 {
            let mut stage = Stage::new(columns, rows);
            stage::edit_asked(&mut stage);
            stage.frame();
            stage.press("c");
            stage.type_text("日本");
            stage.frame();
        }
    }
}

#[test]
fn a_question_is_answered_in_the_smallest_screen() {
    let mut stage = Stage::new(20, 5);
    stage.event(stage::ask_run(1));
    stage.wait(500);
    let text = stage.show();
    assert!(text.contains("cargo add"), "{text}");
    assert!(!stage.press("y").is_empty());
}
