//! Copy mode and the view of what the model saw, as parts of the whole screen.

use super::stage::{self, Stage, TERM};
use crate::protocol::{
    CellStyle, Color, Detail, Input, Key, LineAt, Op, Outcome, Scrollback, TermState, TextBlock,
};
use crate::ui::pane::{Focus, Pane};
use crate::ui::snapshot;
use crate::ui::update::{Effect, Msg};
use std::path::PathBuf;
use std::sync::Arc;

fn past() -> Scrollback {
    let mut block = TextBlock::default();
    let red = CellStyle { foreground: Color::Indexed(1), ..CellStyle::default() };
    for line in 1..=400 {
        let text = format!("   Compiling crate_{line} v1.{line}.0");
        if line % 40 == 0 {
            block.set_style(red);
            "error[E0432]".chars().for_each(|char| block.push(char));
            block.set_style(CellStyle::default());
            format!(
                ": unresolved import `fastrand` 漢字 in crate_{line}, which is needed by the others"
            )
            .chars()
            .for_each(|char| block.push(char));
        } else {
            text.chars().for_each(|char| block.push(char));
        }
        block.end_line();
    }
    "$ ".chars().for_each(|char| block.push(char));
    let cursor = LineAt { line: 400, byte: 2 };
    Scrollback::new(vec![Arc::new(block)], cursor, LineAt { line: 390, byte: 0 })
}

/// In the terminal's pane, looking back.
fn looking(columns: u16, rows: u16) -> Stage {
    let mut stage = Stage::new(columns, rows);
    stage::working(&mut stage);
    stage.press("Alt+3");
    stage.frame();
    stage.press("Ctrl+\\");
    let asked = stage.msg(Msg::Key(Key::char('[')));
    assert_eq!(asked, [Effect::LookBack { term: TERM, page: false }]);
    stage.msg(Msg::LookBack { term: TERM, page: false, back: past() });
    stage
}

fn press_all(stage: &mut Stage, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in keys.split(' ') {
        effects = stage.msg(Msg::Key(crate::ui::keys::parse(key).unwrap()[0]));
    }
    effects
}

#[test]
fn copy_mode_shows_where_it_is_what_is_found_and_what_is_selected() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut stage = looking(columns, rows);
        snapshot(&format!("copy_begin@{columns}x{rows}"), &stage.show());
        press_all(&mut stage, "? e r r o r");
        snapshot(&format!("copy_search@{columns}x{rows}"), &stage.show());
        press_all(&mut stage, "Enter 3 k V 2 j");
        snapshot(&format!("copy_select@{columns}x{rows}"), &stage.show());
    }
}

#[test]
fn hits_and_the_selection_are_seen_and_the_programs_colours_stay() {
    let mut stage = looking(80, 24);
    press_all(&mut stage, "? e r r o r Enter j v $");
    let styles = |stage: &mut Stage, text: &str| {
        stage.frame();
        let mut cells = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, 80, 24));
        crate::ui::view::view(&stage.app, &mut cells);
        let row = (0..24).find(|y| {
            let row: String = (0..80).map(|x| cells[(x, *y)].symbol().to_string()).collect();
            row.contains(text)
        });
        cells[(1, row.unwrap())].style()
    };
    let hit = styles(&mut stage, "error[E0432]: unresolved");
    assert!(hit.add_modifier.contains(ratatui::style::Modifier::REVERSED));
    press_all(&mut stage, "0 k V");
    let selected = styles(&mut stage, "crate_399 ");
    let selection = stage.app.theme.style(crate::ui::theme::Role::Selection);
    assert_eq!((selected.fg, selected.bg), (selection.fg, selection.bg));
    let mut stage = looking(80, 24);
    press_all(&mut stage, "4 0 0 G");
    let own = styles(&mut stage, "error[E0432]: unresolved");
    assert_eq!(own.fg, Some(ratatui::style::Color::Indexed(1)));
}

#[test]
fn the_program_gets_no_key_meanwhile_and_the_pane_can_be_left() {
    let mut stage = looking(120, 40);
    assert_eq!(stage.type_text("jjkk5hG"), []);
    stage.press("Alt+1");
    assert_eq!(stage.app.focus, Focus::Pane(Pane::Chat));
    stage.press("Alt+3");
    assert!(stage.show().contains("COPY  line 401/401"));
    stage.press("q");
    assert!(!stage.show().contains("COPY"));
    assert_eq!(
        stage.press("j"),
        [Op::Input { term: TERM, input: Input::Key(Key::char('j')) }],
        "after it the program has the keys again"
    );
}

#[test]
fn page_up_enters_a_page_above() {
    let mut stage = Stage::new(80, 24);
    stage::working(&mut stage);
    stage.press("Alt+3");
    stage.frame();
    stage.press("Ctrl+\\");
    let asked = stage.msg(Msg::Key(crate::ui::keys::parse("PgUp").unwrap()[0]));
    assert_eq!(asked, [Effect::LookBack { term: TERM, page: true }]);
    stage.msg(Msg::LookBack { term: TERM, page: true, back: past() });
    assert!(stage.show().contains("crate_374 "));
}

#[test]
fn what_is_copied_goes_to_the_clipboard_and_what_is_quoted_into_the_message() {
    let mut stage = looking(80, 24);
    let effects = press_all(&mut stage, "4 1 G 2 Y");
    let lines = "   Compiling crate_41 v1.41.0\n   Compiling crate_42 v1.42.0\n";
    assert_eq!(effects, [Effect::Copy(lines.into())]);
    let mut stage = looking(80, 24);
    stage.app.composer.set("look at this:");
    press_all(&mut stage, "4 1 G V j !");
    assert_eq!(stage.app.focus, Focus::Message);
    let quoted = ">    Compiling crate_41 v1.41.0\n>    Compiling crate_42 v1.42.0\n";
    assert_eq!(stage.app.composer.text(), format!("look at this:\n{quoted}"));
}

#[test]
fn a_paste_reaches_the_search_and_never_the_program() {
    let mut stage = looking(80, 24);
    assert_eq!(stage.msg(Msg::Paste("rm -rf /\n".into())), []);
    press_all(&mut stage, "?");
    assert_eq!(stage.msg(Msg::Paste("crate_77 \n".into())), []);
    assert!(stage.show().contains("line 77/401"));
}

/// A command whose output the model got a part of.
fn seen(columns: u16, rows: u16) -> Stage {
    let mut stage = Stage::new(columns, rows);
    stage::working(&mut stage);
    let detail = Detail::Run {
        command: "seq 1 300".into(),
        state: TermState::Done,
        exit: Some(0),
        duration_ms: 100,
        lines: 300,
        file: Some("/tmp/out/1.txt".into()),
    };
    let line = |line: u32| format!("{line}\n");
    let head: String = (1..=4).map(line).collect();
    let tail: String = (297..=300).map(line).collect();
    let text = format!(
        "exit 0, all 300 lines in /tmp/out/1.txt\n{head}… 292 of 300 lines left out …\n{}",
        tail.trim_end()
    );
    stage.item(stage::result("c3", Outcome::Done, &text, detail));
    stage.press("Alt+3");
    stage.frame();
    stage.press("Ctrl+\\");
    let file = PathBuf::from("/tmp/out/1.txt");
    let asked = stage.msg(Msg::Key(Key::char('s')));
    assert_eq!(asked, [Effect::ReadOutput(file.clone())]);
    stage.msg(Msg::Output { file, text: Ok((1..=300).map(line).collect()) });
    stage
}

#[test]
fn what_the_model_saw_stands_beside_the_whole_output() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut stage = seen(columns, rows);
        snapshot(&format!("seen@{columns}x{rows}"), &stage.show());
        press_all(&mut stage, "x Tab");
        snapshot(&format!("seen_model@{columns}x{rows}"), &stage.show());
    }
}

#[test]
fn other_commands_are_a_key_away_and_it_closes() {
    let mut stage = seen(120, 40);
    press_all(&mut stage, "p");
    assert!(stage.show().contains("1/2  cargo test -p retry"));
    press_all(&mut stage, "p");
    assert!(stage.show().contains("no more commands that way"));
    assert_eq!(press_all(&mut stage, "n"), [Effect::ReadOutput("/tmp/out/1.txt".into())]);
    let trouble = "/tmp/out/1.txt cannot be read: gone".to_string();
    stage.msg(Msg::Output { file: "/tmp/out/1.txt".into(), text: Err(trouble) });
    assert!(stage.show().contains("cannot be read: gone"));
    assert_eq!(press_all(&mut stage, "Esc"), []);
    assert!(!stage.show().contains("What the model read"));
}
