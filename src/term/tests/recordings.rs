//! Recorded streams of real programs, cut into random chunks, must show the screens they are known
//! to show.

use super::super::live::Live;
use crate::protocol::{Cell, Color, Screen, Size};
use serde_json::Value;
use std::path::Path;

/// How often each recording is cut anew.
const CUTS: usize = 8;

/// What the pane shows in the end, if it reads as many bytes at a time.
fn shown(size: Size, bytes: &[u8], mut chunk: impl FnMut() -> usize) -> Screen {
    let mut live = Live::new(size, "/".into(), std::env::temp_dir(), true);
    let mut rest = bytes;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(chunk().clamp(1, rest.len()));
        live.feed(now, "nonce");
        rest = later;
    }
    Screen { revision: 0, ..Screen::clone(&live.screen()) }
}

const NAMES: [&str; 16] = [
    "Black",
    "Red",
    "Green",
    "Yellow",
    "Blue",
    "Magenta",
    "Cyan",
    "White",
    "BrightBlack",
    "BrightRed",
    "BrightGreen",
    "BrightYellow",
    "BrightBlue",
    "BrightMagenta",
    "BrightCyan",
    "BrightWhite",
];

fn color(name: &str) -> Option<Color> {
    if let Some(index) = NAMES.iter().position(|known| *known == name) {
        return Some(Color::Indexed(u8::try_from(index).expect("there are sixteen")));
    }
    if let Some(hex) = name.strip_prefix('#') {
        let number = u32::from_str_radix(hex, 16).expect("it is a colour");
        let [_, red, green, blue] = number.to_be_bytes();
        return Some(Color::Rgb(red, green, blue));
    }
    matches!(name, "Foreground" | "Background").then_some(Color::Default)
}

fn check_run(name: &str, at: (u16, usize), run: &Value, cells: &mut std::slice::Iter<'_, Cell>) {
    let field = |index: usize| run[index].as_str().expect("runs are strings");
    let (foreground, background, flags) = (color(field(1)), color(field(2)), field(3));
    let mut marks = Vec::new();
    for char in field(0).chars() {
        if let Some(mark) = marks.pop() {
            assert_eq!(mark, char, "{name} {at:?}");
            continue;
        }
        let Some(cell) = cells.by_ref().find(|cell| cell.width > 0) else {
            panic!("{name} {at:?}: the row is shorter than expected")
        };
        // The core that made the recordings keeps a tab in its cell; a screen shows a blank.
        let char = if char == '\t' { ' ' } else { char };
        assert_eq!(cell.char, char, "{name} {at:?}");
        marks = cell.marks.chars().rev().collect();
        if let Some(color) = foreground {
            assert_eq!(cell.foreground, color, "{name} {at:?} foreground of {char:?}");
        }
        if let Some(color) = background {
            assert_eq!(cell.background, color, "{name} {at:?} background of {char:?}");
        }
        let has = |flag: &str| flags.split(&['|', ' ', ','][..]).any(|known| known.ends_with(flag));
        assert_eq!(cell.attributes.bold, has("BOLD"), "{name} {at:?} bold of {char:?}");
        assert_eq!(cell.attributes.inverse, has("INVERSE"), "{name} {at:?} inverse of {char:?}");
        let underline = has("UNDERLINE") || has("UNDERCURL");
        assert_eq!(cell.attributes.underline, underline, "{name} {at:?} underline of {char:?}");
    }
}

fn check(folder: &Path) {
    let name = folder.file_name().expect("it has a name").to_string_lossy().into_owned();
    let json = |file: &str| -> Value {
        let text = std::fs::read_to_string(folder.join(file)).expect("the recording is complete");
        serde_json::from_str(&text).expect("it is JSON")
    };
    let size = json("size.json");
    let side =
        |key: &str| u16::try_from(size[key].as_u64().expect("a number")).expect("it is small");
    let size = Size { columns: side("columns"), rows: side("screen_lines") };
    let bytes = std::fs::read(folder.join("recording")).expect("the recording is complete");
    let screen = shown(size, &bytes, || usize::MAX);
    for cut in 0..CUTS {
        let longest = [1, 3, 17, 300, 4096][cut % 5];
        let other = shown(size, &bytes, || fastrand::usize(1..=longest));
        assert!(other == screen, "{name}: chunks of {longest} bytes show another screen");
    }
    let expected = json("screen.json");
    let rows = expected.as_array().expect("rows");
    // Some of the expected screens leave out the first row.
    let first = size.rows - u16::try_from(rows.len()).expect("it is small");
    assert!(first <= 1, "{name} has {} rows", rows.len());
    for (row, runs) in (first..size.rows).zip(rows) {
        let mut cells = screen.row(row).iter();
        for (index, run) in runs.as_array().expect("runs").iter().enumerate() {
            check_run(&name, (row, index), run, &mut cells);
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests find the conformance data by it")]
fn recorded_streams_show_the_expected_screens() {
    let Ok(root) = std::env::var("BRISK_CONFORMANCE") else {
        println!("skipped: BRISK_CONFORMANCE is not set");
        return;
    };
    let folders = std::fs::read_dir(Path::new(&root).join("vt")).expect("the data is there");
    let mut count = 0;
    for folder in folders {
        check(&folder.expect("it can be listed").path());
        count += 1;
    }
    assert!(count >= 20, "only {count} recordings");
}
