//! What a program gets when it asks its terminal something, and what of it is seen: nothing.

use super::super::emulator::Emulator;
use crate::protocol::{Screen, Size};

const SIZE: Size = Size { columns: 80, rows: 24 };

fn ask(before: &str, query: &[u8]) -> (String, Screen) {
    let mut emulator = Emulator::new(SIZE);
    emulator.feed(before.as_bytes());
    emulator.take_reply();
    emulator.feed(query);
    let reply = String::from_utf8(emulator.take_reply()).expect("replies are ASCII");
    (reply, emulator.screen(1))
}

#[test]
fn queries_are_answered_and_print_nothing() {
    let version = format!("\x1bP>|brisk({})\x1b\\", env!("CARGO_PKG_VERSION"));
    let cases: [(&str, &str, &str); 26] = [
        ("", "\x1b[c", "\x1b[?6c"),
        ("", "\x1b[5n", "\x1b[0n"),
        ("\x1b[5;7H", "\x1b[6n", "\x1b[5;7R"),
        ("\x1b[5;7H", "\x1b[?6n", "\x1b[?5;7R"),
        ("", "\x1b[?15n", "\x1b[?13n"),
        ("", "\x1b[?75n", "\x1b[?70n"),
        ("", "\x1b[?2004$p", "\x1b[?2004;2$y"),
        ("\x1b[?2004h", "\x1b[?2004$p", "\x1b[?2004;1$y"),
        ("", "\x1b[?9999$p", "\x1b[?9999;0$y"),
        ("", "\x1b[4$p", "\x1b[4;2$y"),
        ("", "\x1b[18t", "\x1b[8;24;80t"),
        ("", "\x1b[>q", &version),
        ("", "\x1b[=c", "\x1bP!|00000000\x1b\\"),
        ("", "\x1bP+q436F\x1b\\", "\x1bP1+r436F=323536\x1b\\"),
        ("", "\x1bP+q6162;436F\x1b\\", "\x1bP0+r6162\x1b\\\x1bP1+r436F=323536\x1b\\"),
        ("", "\x1bP$qm\x1b\\", "\x1bP1$r0m\x1b\\"),
        ("\x1b[1;4;31;48;5;99m", "\x1bP$qm\x1b\\", "\x1bP1$r0;1;4;31;48;5;99m\x1b\\"),
        ("\x1b[95;48;2;1;2;3m", "\x1bP$qm\x1b\\", "\x1bP1$r0;95;48;2;1;2;3m\x1b\\"),
        ("\x1b[6 q", "\x1bP$q q\x1b\\", "\x1bP1$r6 q\x1b\\"),
        ("", "\x1bP$q\"z\x1b\\", "\x1bP0$r\x1b\\"),
        ("", "\x1b]11;?\x07", "\x1b]11;rgb:0000/0000/0000\x07"),
        ("\x1b]11;#123456\x07", "\x1b]11;?\x1b\\", "\x1b]11;rgb:1212/3434/5656\x1b\\"),
        ("", "\x1b]4;9;?\x07", "\x1b]4;9;rgb:ffff/0000/0000\x07"),
        ("", "\x1b]4;208;?\x07", "\x1b]4;208;rgb:ffff/8787/0000\x07"),
        ("", "\x1b]4;255;?\x07", "\x1b]4;255;rgb:eeee/eeee/eeee\x07"),
        ("", "\x1b[5n\x1b[>q\x1b[5n", &format!("\x1b[0n{version}\x1b[0n")),
    ];
    for (before, query, expected) in cases {
        let (reply, screen) = ask(before, query.as_bytes());
        assert_eq!(reply, expected, "{query:?}");
        let shown: String = (0..SIZE.rows).map(|row| screen.text(row)).collect();
        assert_eq!(shown, "", "{query:?} prints");
    }
    let (reply, _) = ask("", b"\x1b[>c");
    assert!(reply.starts_with("\x1b[>0;") && reply.ends_with('c'), "{reply:?}");
}

#[test]
fn what_nobody_knows_is_answered_by_silence_and_prints_nothing() {
    let long = format!("\x1bP+q{}\x1b\\", "41".repeat(5000));
    let unknown = [
        "\x1b[>99q",
        "\x1b[?996n",
        "\x1b[99n",
        "\x1b[=5c",
        "\x1bP+qXY\x1b\\",
        "\x1bPzz\x1b\\",
        "\x1b_Gi=31,a=q;AAAA\x1b\\",
        "\x1b^pm\x1b\\",
        "\x1bXsos\x1b\\",
        "\x1b]1337;ReportCellSize\x07",
        "\x1b]52;c;?\x07",
        "\x1b]9999;?\x1b\\",
        "\x1b[?1$w",
        "\x1b[1;1;1;1;2;2*y",
        &long,
    ];
    for query in unknown {
        let (reply, screen) = ask("", query.as_bytes());
        assert_eq!(reply, "", "{query:?}");
        let shown: String = (0..SIZE.rows).map(|row| screen.text(row)).collect();
        assert_eq!(shown, "", "{query:?} prints");
    }
}

#[test]
fn a_query_that_comes_in_pieces_is_answered_in_its_place() {
    let query = b"a\x1b[6n\x1bP+q436F\x1b\\b\x1b]4;0;?\x07\x1b[6n";
    let (whole, _) = ask("", query);
    assert_eq!(whole, "\x1b[1;2R\x1bP1+r436F=323536\x1b\\\x1b]4;0;rgb:0000/0000/0000\x07\x1b[1;3R");
    for cut in 1..query.len() {
        let mut emulator = Emulator::new(SIZE);
        emulator.feed(&query[..cut]);
        emulator.feed(&query[cut..]);
        assert_eq!(emulator.take_reply(), whole.as_bytes(), "cut at {cut}");
    }
}

#[test]
fn a_checksum_is_told_only_behind_its_switch() {
    let (mut emulator, query) = (Emulator::new(SIZE), b"\x1b[7;1;1;1;1;2*y");
    emulator.feed(b"AB");
    emulator.feed(query);
    assert_eq!(emulator.take_reply(), b"");
    emulator.queries.checksums = true;
    emulator.feed(query);
    assert_eq!(emulator.take_reply(), b"\x1bP7!~FF7D\x1b\\");
}
