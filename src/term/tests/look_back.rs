//! The lines above the screen: all that was printed comes back, in bounded memory.

use super::super::emulator::Emulator;
use super::super::history::{BYTES_MAX, LINES_MAX};
use crate::protocol::{CellStyle, Color, LineAt, Scrollback, Size};
use proptest::prelude::*;

fn emulator(columns: u16, rows: u16) -> Emulator {
    Emulator::new(Size { columns, rows })
}

fn texts(back: &Scrollback) -> Vec<String> {
    let mut lines: Vec<_> =
        (0..back.lines()).map(|line| back.text(line).trim_end().to_owned()).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

#[test]
fn every_line_is_kept_across_screen_core_and_history() {
    let mut emulator = emulator(40, 10);
    let lines: Vec<String> = (0..5000).map(|number| format!("line {number}")).collect();
    emulator.feed(lines.join("\r\n").as_bytes());
    let back = emulator.look_back();
    assert_eq!(texts(&back), lines);
    assert_eq!(back.cursor, LineAt { line: 4999, byte: 9 });
    assert_eq!(back.top, LineAt { line: 4990, byte: 0 });
}

#[test]
fn wrapped_rows_are_one_line_with_its_colours() {
    let mut emulator = emulator(10, 4);
    let print = format!("\x1b[32m{}\x1b[1m{}\x1b[0m tail\r\n", "a".repeat(25), "b".repeat(25));
    for _ in 0..300 {
        emulator.feed(print.as_bytes());
    }
    let back = emulator.look_back();
    assert_eq!(texts(&back).len(), 300);
    for line in [0, 150, 299] {
        assert_eq!(back.text(line), format!("{}{} tail", "a".repeat(25), "b".repeat(25)));
        let styles = back.styles(line);
        let ranges: Vec<_> = styles.iter().map(|(range, _)| range.clone()).collect();
        assert_eq!(ranges, [0..25, 25..50, 50..55]);
        assert_eq!(styles[0].1.foreground, Color::Indexed(2));
        assert!(styles[1].1.attributes.bold && !styles[0].1.attributes.bold);
        assert_eq!(styles[2].1, CellStyle::default());
    }
}

#[test]
fn tabs_stay_tabs_and_the_cursor_is_found_among_wide_characters() {
    let mut emulator = emulator(40, 4);
    emulator.feed("\tif:\r\na\tb\r\n漢字e\u{301}x\x1b[6D".as_bytes());
    let back = emulator.look_back();
    assert_eq!(texts(&back), ["\tif:", "a\tb", "漢字e\u{301}x"]);
    assert_eq!(back.cursor, LineAt { line: 2, byte: 0 });
    emulator.feed(b"\x1b[2C");
    assert_eq!(emulator.look_back().cursor, LineAt { line: 2, byte: 3 });
}

#[test]
fn what_stands_far_to_the_right_of_short_lines_is_kept() {
    let mut emulator = emulator(80, 10);
    for number in 0..3000 {
        let far = if number % 700 == 650 { "\x1b[70Gfar" } else { "" };
        emulator.feed(format!("{number}{far}\r\n").as_bytes());
    }
    let back = emulator.look_back();
    let far: Vec<_> = (0..3000).filter(|line| back.text(*line).ends_with(" far")).collect();
    assert_eq!(far, [650, 1350, 2050, 2750]);
    // With a background, a new row has it from end to end.
    emulator.feed(b"\x1b[41m");
    for _ in 0..30 {
        emulator.feed("red\r\n".repeat(100).as_bytes());
    }
    let back = emulator.look_back();
    assert_eq!(back.text(4500).len(), 80);
    assert_eq!(back.styles(4500)[0].1.background, Color::Indexed(1));
}

#[test]
fn the_other_screen_leaves_nothing_and_hides_nothing() {
    let mut emulator = emulator(20, 5);
    let lines: Vec<String> = (0..50).map(|number| format!("line {number}")).collect();
    emulator.feed((lines.join("\r\n") + "\r\n$ vim\r\n").as_bytes());
    // Cut within the sequence.
    emulator.feed(b"\x1b[?10");
    emulator.feed(b"49h\x1b[2J\x1b[Hfull screen");
    let meanwhile = texts(&emulator.look_back());
    assert_eq!(meanwhile[..50], lines);
    assert_eq!(meanwhile[50..], ["$ vim", "", "full screen"]);
    emulator.feed("\x1b[?1049l$ ".as_bytes());
    let after = texts(&emulator.look_back());
    assert_eq!(after[50..], ["$ vim", "$"]);
}

#[test]
fn clear_forgets_the_past_too() {
    let mut emulator = emulator(20, 5);
    emulator.feed("x\r\n".repeat(2000).as_bytes());
    emulator.feed(b"\x1b[H\x1b[2J\x1b[3Jafter");
    assert_eq!(texts(&emulator.look_back()), ["after"]);
}

#[test]
fn lines_and_bytes_are_bounded_and_the_oldest_go() {
    let mut all = emulator(100, 24);
    let pad = "x".repeat(60);
    for number in 0..LINES_MAX + 2_000 {
        all.feed(format!("{number:06} {pad}\r\n").as_bytes());
    }
    let (lines, bytes) = all.history_size();
    assert!((LINES_MAX - 1_000..=LINES_MAX + 600).contains(&lines), "{lines}");
    assert!(bytes < 10 << 20, "{bytes}");
    let back = all.look_back();
    let last = format!("{:06} {pad}", LINES_MAX + 1_999);
    assert_eq!(back.text(back.lines() - 2), last);

    let mut dense = emulator(200, 24);
    let row: String = (0..200).map(|at| format!("\x1b[38;2;{at};9;9mx")).collect();
    for _ in 0..10_000 {
        dense.feed(row.as_bytes());
        dense.feed(b"\r\n");
    }
    let (_, bytes) = dense.history_size();
    assert!(bytes < BYTES_MAX + (1 << 20), "{bytes}");
}

#[test]
fn a_line_without_an_end_is_cut_and_stays_whole_otherwise() {
    let mut emulator = emulator(80, 24);
    for _ in 0..40 {
        emulator.feed(&[b'y'; 5000]);
    }
    let back = emulator.look_back();
    assert!(back.lines() > 1 && back.lines() < 10);
    let all: usize = (0..back.lines()).map(|line| back.text(line).len()).sum();
    assert_eq!(all, 200_000);
}

#[test]
fn the_smallest_screen_has_a_past_too() {
    let mut emulator = emulator(1, 1);
    emulator.feed("漢字\r\nabc\r\n".repeat(700).as_bytes());
    emulator.resize(Size { columns: 1000, rows: 1000 });
    emulator.resize(Size { columns: 1, rows: 1 });
    emulator.feed(b"\x1b[?1049h\x1b[3J\x1b[999S\x1bc");
    assert!(emulator.look_back().lines() < 10);
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z]{0,30}( [a-z]{1,9}){0,4}",
        2 => "([a-z]|漢|字|é|e\u{301}){1,120}",
        1 => Just(String::new()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn what_was_printed_comes_back_whatever_the_widths(
        parts in proptest::collection::vec(
            (proptest::collection::vec(line(), 1..150), 2u16..200, 2u16..30), 1..5)) {
        let mut emulator = emulator(80, 24);
        let mut printed = Vec::new();
        for (lines, columns, rows) in parts {
            for line in lines {
                emulator.feed(line.as_bytes());
                emulator.feed(b"\r\n");
                printed.push(line.trim_end().to_owned());
            }
            emulator.resize(Size { columns, rows });
        }
        while printed.last().is_some_and(String::is_empty) {
            printed.pop();
        }
        prop_assert_eq!(texts(&emulator.look_back()), printed);
    }

    #[test]
    fn whatever_comes_the_places_are_places_of_the_text(
        bytes in proptest::collection::vec(prop_oneof![
            4 => Just(b"\x1b[".to_vec()), 2 => Just("漢e\u{301}\t".as_bytes().to_vec()),
            2 => Just(b"\r\n".to_vec()), 1 => Just(b"\x1b[?1049h".to_vec()),
            1 => Just(b"\x1b[?1049l".to_vec()), 1 => Just(b"\x1b[3J".to_vec()),
            4 => "[0-9;]{0,3}[@-~]".prop_map(String::into_bytes),
            3 => proptest::collection::vec(any::<u8>(), 0..20)], 0..200),
        columns in 1u16..30, rows in 1u16..9, wider in 1u16..60) {
        let mut emulator = emulator(columns, rows);
        emulator.feed(&bytes.concat());
        emulator.resize(Size { columns: wider, rows });
        emulator.feed(&bytes.concat());
        let back = emulator.look_back();
        for at in [back.cursor, back.top] {
            prop_assert!(at.line < back.lines().max(1));
            prop_assert!(back.text(at.line).is_char_boundary(at.byte), "{at:?}");
        }
        for line in 0..back.lines() {
            let text = back.text(line);
            prop_assert!(!text.contains('\n'));
            let mut end = 0;
            for (range, _) in back.styles(line) {
                prop_assert_eq!(range.start, end);
                prop_assert!(text.is_char_boundary(range.end));
                end = range.end;
            }
            prop_assert_eq!(end, text.len());
        }
    }
}
