//! What the rows make of streams.

use super::*;
use crate::term::capture::{Text, text_of};
use crate::term::scan::Scanner;
use proptest::prelude::*;

fn render_at(columns: u16, chunks: &[&[u8]]) -> String {
    text_of(Size { columns, rows: 6 }, chunks)
}

fn render(text: &str) -> String {
    render_at(40, &[text.as_bytes()])
}

#[test]
fn progress_collapses_to_its_last_state() {
    assert_eq!(render("10%\r50%\r100%\r\ndone\r\n"), "100%\ndone");
    assert_eq!(render("[=>   ] 1\r\x1b[K[===] 22\r\n"), "[===] 22");
    assert_eq!(render("spin |\x08/\x08-\x08\\\r\n"), "spin \\");
}

#[test]
fn redrawn_rows_collapse() {
    let redraw = "a 1\r\nb 1\r\n\x1b[2Aa 2\r\nb 2\r\n\x1b[2A\x1b[Ja 3\r\nb 3\r\nend\r\n";
    assert_eq!(render(redraw), "a 3\nb 3\nend");
}

#[test]
fn colours_and_controls_are_gone_and_blanks_are_cut() {
    assert_eq!(render("\x1b[1;31mred\x1b[0m\x07 \x1b]0;t\x07x   \r\n"), "red x");
}

#[test]
fn tabs_stay_tabs() {
    assert_eq!(render("\tif x:\r\n\t\ty\r\n"), "\tif x:\n\t\ty");
    assert_eq!(render("a\tb\r\x1b[3C!\r\n"), "a  !    b");
}

#[test]
fn long_lines_are_joined_again_and_wide_ones_too() {
    let line = "x".repeat(1000);
    assert_eq!(render(&format!("{line}\r\nz\r\n")), format!("{line}\nz"));
    let wide = "漢字e\u{301}".repeat(99);
    assert_eq!(render_at(7, &[wide.as_bytes()]), wide);
}

#[test]
fn a_cleared_screen_keeps_what_was_said_before() {
    assert_eq!(render("before\r\n\x1b[H\x1b[2J\x1b[3Jafter\r\n"), "before\nafter");
}

#[test]
fn the_alternate_screen_leaves_no_text() {
    assert_eq!(render("a\r\n\x1b[?1049h\x1b[Hvim\x1b[?1049lb\r\n"), "a\nb");
}

#[test]
fn a_status_line_below_a_scrolling_region_is_drawn_over_and_gone_at_the_end() {
    let begin = "\n\x1b7\x1b[0;5r\x1b8\x1b[1A";
    let bar = |percent: usize| format!("\x1b7\x1b[6;0fProgress: {percent}%\x1b8");
    let steps: String = (1..=9).map(|step| format!("{}unpacking {step}\r\n", bar(step))).collect();
    let end = "\x1b7\x1b[0;6r\x1b[6;0f\x1b[K\x1b8done\r\n";
    let lines: String = (1..=9).map(|step| format!("unpacking {step}\n")).collect();
    assert_eq!(render(&format!("{begin}{steps}{end}")), format!("{lines}done"));
    // In the middle of it the bar is the last line, whatever is blank above it.
    assert_eq!(render(&format!("{begin}{}one\r\n", bar(7))), "one\nProgress: 7%");
    assert_eq!(render(&format!("{begin}{steps}")), format!("{lines}Progress: 9%"));
}

#[test]
fn rows_that_are_put_in_and_taken_out_move_the_others() {
    assert_eq!(render("a\r\nb\r\nc\x1b[2;1H\x1b[Lnew"), "a\nnew\nb\nc");
    assert_eq!(render("a\r\nb\r\nc\x1b[1;1H\x1b[2M"), "c");
    assert_eq!(render("a\r\nb\x1b[S"), "a\nb");
    let full = "1\r\n2\r\n3\r\n4\r\n5\r\n6";
    assert_eq!(render(&format!("{full}\x1b[2;1H\x1b[2Lx")), "1\nx\n\n2\n3\n4");
    assert_eq!(render(&format!("{full}\x1b[2;4r\x1b[2;1H\x1b[M\x1b[r")), "1\n3\n4\n\n5\n6");
    assert_eq!(render(&format!("{full}\x1b[3;4r\x1b[3;1H\x1bMx")), "1\n2\nx\n3\n5\n6");
}

#[test]
fn text_over_tabs_and_wide_characters_leaves_no_half_of_them() {
    assert_eq!(render("a\tb\rxy"), "xy      b");
    assert_eq!(render("漢字\rx"), "x 字");
    assert_eq!(render("abc\x1b[2D漢"), "a漢");
    assert_eq!(render("abc\tq\x1b[3G\x1b[K漢"), "ab漢");
    assert_eq!(render("abcdef\x1b[2G\x1b[2P\x1b[@x"), "axdef");
}

#[test]
fn what_is_no_text_is_counted() {
    let mut rows = Rows::new(Size { columns: 40, rows: 6 }, Text::default());
    let mut scanner = Scanner::new();
    scanner.feed(b"a\0\x01b\x07\t\xff\xe2\x82", &mut rows);
    scanner.feed(b"c \xe2\x82\n\xac\x1b[1m", &mut rows);
    assert_eq!(rows.odd, Odd { controls: 2, invalid: 4 });
    rows.flush();
    assert_eq!(rows.lines.0, "ab\t\u{fffd}\u{fffd}c \u{fffd}\n             \u{fffd}");
}

proptest! {
    #[test]
    fn plain_lines_come_back_whatever_the_width_and_the_chunks(
        lines in proptest::collection::vec("[a-z漢é]{1,30}( [a-z]{1,9})?", 1..20),
        columns in 2u16..50, cut in 0usize..600) {
        let text = lines.join("\n");
        let bytes = text.replace('\n', "\r\n").into_bytes();
        let cut = cut.min(bytes.len());
        prop_assert_eq!(render_at(columns, &[&bytes[..cut], &bytes[cut..]]), text);
    }

    #[test]
    fn a_flood_gives_the_same_text_as_its_single_bytes(
        lines in proptest::collection::vec(
            prop_oneof![6 => "[ -~]{0,9}\r\n", 1 => "[a-c \t漢]{0,15}\r?\n", 1 => "\x1b\\[[0-7]?[ABCDHJKLMPSTr]"], 0..80),
        end in "[a-c]{0,3}", columns in 2u16..12) {
        let bytes = (lines.concat() + &end).into_bytes();
        let single: Vec<_> = bytes.chunks(1).collect();
        prop_assert_eq!(render_at(columns, &[&bytes]), render_at(columns, &single));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(
        prop_oneof![3 => Just(0x1bu8), 3 => Just(b'['), 2 => b'0'..=b'9', 2 => b'@'..=b'Z', 2 => Just(b'\t'),
            3 => any::<u8>()], 0..400), columns in 1u16..20) {
        render_at(columns, &[&bytes, "漢\x1b[2D漢x".as_bytes(), &bytes]);
    }

    #[test]
    fn any_bytes_give_the_same_text_in_any_chunks(bytes in proptest::collection::vec(
        prop_oneof![3 => Just(0x1bu8), 3 => Just(b'['), 2 => b'0'..=b'9', 2 => b'@'..=b'z', 1 => Just(b'\t'),
            1 => Just(b'\r'), 2 => Just(b'\n'), 1 => Just(b';'), 2 => 0xc0..=0xf4u8, 3 => 0x80..=0xbfu8, 3 => any::<u8>()],
        0..400), cuts in proptest::collection::vec(0usize..400, 0..5), columns in 1u16..20) {
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let chunks: Vec<_> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(render_at(columns, &chunks), render_at(columns, &[&bytes]));
    }
}
