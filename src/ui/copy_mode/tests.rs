//! Copy mode by its keys, without a screen.

use super::*;
use crate::protocol::TextBlock;
use crate::ui::keys;
use std::sync::Arc;

/// Lines as a terminal would have kept them, in small blocks.
pub(super) fn back(text: &str) -> Scrollback {
    let lines: Vec<_> = text.split('\n').collect();
    let blocks = lines.chunks(512).map(|lines| {
        let mut block = TextBlock::default();
        for line in lines {
            line.chars().for_each(|char| block.push(char));
            block.end_line();
        }
        Arc::new(block)
    });
    let blocks: Vec<_> = blocks.collect();
    let last = blocks.last().map_or(0, |block| block.lines() - 1);
    let cursor = LineAt { line: last, byte: 0 };
    Scrollback::new(blocks, cursor, LineAt { line: last.saturating_sub(9), byte: 0 })
}

fn copy(text: &str) -> CopyMode {
    let mut copy = CopyMode::new(TermId(1), back(text));
    copy.fit(20, 10);
    copy
}

fn press(copy: &mut CopyMode, text: &str) -> Reply {
    let mut last = Reply::Stay;
    for key in text.split(' ') {
        last = copy.key(keys::parse(key).unwrap()[0]);
    }
    last
}

fn numbers(count: usize) -> String {
    (0..count).map(|line| format!("line {line}")).collect::<Vec<_>>().join("\n")
}

#[test]
fn it_begins_at_the_programs_cursor_with_its_screen_in_view() {
    let copy = copy(&numbers(100));
    assert_eq!((copy.cursor.line, copy.top), (99, RowAt { line: 90, row: 0 }));
    assert_eq!(title(&copy), "COPY  line 100/100");
}

#[test]
fn counts_and_ends_move_the_cursor_and_the_view_follows() {
    let mut copy = copy(&numbers(100));
    press(&mut copy, "5 k");
    assert_eq!((copy.cursor.line, copy.top.line), (94, 90));
    press(&mut copy, "1 0 k");
    assert_eq!((copy.cursor.line, copy.top.line), (84, 84));
    press(&mut copy, "g");
    assert_eq!((copy.cursor.line, copy.top.line), (0, 0));
    press(&mut copy, "4 2 G");
    assert_eq!((copy.cursor.line, copy.top.line), (41, 36));
    press(&mut copy, "H");
    assert_eq!(copy.cursor.line, 36);
    press(&mut copy, "L");
    assert_eq!(copy.cursor.line, 45);
    press(&mut copy, "M");
    assert_eq!(copy.cursor.line, 40);
    press(&mut copy, "Ctrl+B");
    assert_eq!((copy.cursor.line, copy.top.line), (32, 28));
    press(&mut copy, "Ctrl+D");
    assert_eq!((copy.cursor.line, copy.top.line), (37, 33));
    press(&mut copy, "G");
    assert_eq!((copy.cursor.line, copy.top.line), (99, 90));
}

#[test]
fn up_and_down_keep_to_their_column_over_short_lines() {
    let mut copy = copy("a long line\nx\nanother one");
    press(&mut copy, "$");
    press(&mut copy, "k");
    assert_eq!(copy.cursor, LineAt { line: 1, byte: 0 });
    press(&mut copy, "k");
    assert_eq!(copy.cursor, LineAt { line: 0, byte: 10 });
}

#[test]
fn what_is_selected_is_copied_and_that_ends_it() {
    let mut copy = copy("one two\nthree");
    press(&mut copy, "g w v j");
    assert_eq!(press(&mut copy, "y"), Reply::Copy("two\nthree".into()));
    press(&mut copy, "o");
    assert_eq!(copy.cursor, LineAt { line: 0, byte: 4 });
    press(&mut copy, "V");
    assert_eq!(press(&mut copy, "y"), Reply::Copy("one two\nthree\n".into()));
    press(&mut copy, "Esc");
    assert_eq!(copy.selection, None);
    assert_eq!(press(&mut copy, "y y"), Reply::Copy("one two\n".into()));
    assert_eq!(press(&mut copy, "2 Y"), Reply::Copy("one two\nthree\n".into()));
    assert_eq!(press(&mut copy, "Esc"), Reply::Leave);
}

#[test]
fn the_text_of_a_wrapped_line_is_whole() {
    let line = "0123456789".repeat(5);
    let mut copy = copy(&format!("{line}\nend"));
    press(&mut copy, "g V");
    assert_eq!(press(&mut copy, "y"), Reply::Copy(format!("{line}\n")));
    press(&mut copy, "Esc g v j");
    assert_eq!(copy.cursor, LineAt { line: 0, byte: 20 }, "down is a row");
    assert_eq!(press(&mut copy, "y"), Reply::Copy(line[..21].into()));
}

#[test]
fn a_search_shows_hits_while_it_is_typed_and_escape_takes_it_back() {
    let mut copy = copy(&numbers(100));
    press(&mut copy, "g / 7");
    assert_eq!(copy.cursor, LineAt { line: 7, byte: 5 });
    press(&mut copy, "2");
    assert_eq!(copy.cursor.line, 72);
    press(&mut copy, "x");
    assert_eq!((copy.cursor.line, footer(&copy)), (0, "/72x▏  (not found)".into()));
    press(&mut copy, "Backspace Backspace Enter");
    assert_eq!((copy.cursor.line, title(&copy)), (7, "COPY  line 8/100  20 hits".into()));
    press(&mut copy, "n");
    assert_eq!(copy.cursor.line, 17);
    press(&mut copy, "N N");
    assert_eq!(copy.cursor, LineAt { line: 97, byte: 6 });
    press(&mut copy, "? 3 Esc");
    assert_eq!((copy.cursor.line, copy.hits), (97, 20));
    assert_eq!(press(&mut copy, "? z z Enter"), Reply::Say("nothing is found"));
}

#[test]
fn nothing_to_look_back_at_is_no_trouble() {
    let mut copy = CopyMode::new(TermId(1), Scrollback::default());
    copy.fit(0, 0);
    let keys =
        "j k h l w b e { } g G H M L $ 0 ^ Ctrl+U Ctrl+D v y Esc V o y Ctrl+V y ! / x Enter n N";
    for key in keys.split(' ') {
        press(&mut copy, key);
    }
    let theme = crate::ui::theme::Theme::load("brisk-dark", crate::ui::theme::ColorDepth::True);
    let mut buffer = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, 3, 3));
    draw(&copy, &theme.unwrap(), &mut buffer, ratatui::layout::Rect::new(0, 0, 3, 3));
}
