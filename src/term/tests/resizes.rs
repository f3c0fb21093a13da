//! Any size is survived, and nothing that was said is lost by it.

use super::super::emulator::Emulator;
use crate::protocol::Size;
use proptest::prelude::*;

const WIDE: Size = Size { columns: 200, rows: 1000 };

fn text(emulator: &Emulator) -> Vec<String> {
    let screen = emulator.screen(1);
    let rows = (0..screen.size.rows).map(|row| screen.text(row));
    rows.filter(|row| !row.is_empty()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_chunk_costs_a_character(
        text in "[a-z漢é👍]{1,2000}",
        chunks in proptest::collection::vec(1usize..1500, 1..20)) {
        let mut emulator = Emulator::new(Size { columns: 20, rows: 1000 });
        let mut rest = text.as_bytes();
        for chunk in chunks.into_iter().cycle() {
            let (now, later) = rest.split_at(chunk.min(rest.len()));
            emulator.feed(now);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        let screen = emulator.screen(1);
        let shown: String = (0..screen.size.rows).map(|row| screen.text(row)).collect();
        prop_assert_eq!(shown, text);
    }

    #[test]
    fn rows_are_the_same_after_any_sizes(
        lines in proptest::collection::vec("[a-z漢é]{1,60}", 1..30),
        sizes in proptest::collection::vec((4u16..250, 1u16..60), 1..10)) {
        let mut emulator = Emulator::new(Size { columns: 200, rows: 50 });
        emulator.feed((lines.join("\r\n") + "\r\n").as_bytes());
        for (columns, rows) in sizes {
            emulator.resize(Size { columns, rows });
        }
        emulator.resize(WIDE);
        prop_assert_eq!(text(&emulator), lines);
    }

    #[test]
    fn no_size_and_no_bytes_are_a_panic(
        steps in proptest::collection::vec((0u16..40, 0u16..12, any::<Vec<u8>>()), 1..20)) {
        let mut emulator = Emulator::new(Size { columns: 1, rows: 1 });
        for (columns, rows, bytes) in steps {
            emulator.feed("漢👨\u{200d}👩x\t\r\n\x1b[3;9r\x1b[?1049h".as_bytes());
            emulator.resize(Size { columns, rows });
            emulator.feed(&bytes);
            let screen = emulator.screen(1);
            let cells = usize::from(screen.size.columns) * usize::from(screen.size.rows);
            prop_assert_eq!(screen.cells.len(), cells);
            emulator.feed(b"\x1b[?1049l");
        }
    }
}
