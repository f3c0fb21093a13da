use super::super::theme::{ColorDepth, Role};
use super::super::{annotated, snapshot};
use super::*;
use crate::protocol::{ChangeKind, Hunk, Line as DiffLine, LineKind};
use proptest::prelude::*;

fn theme(depth: ColorDepth) -> Theme {
    Theme::load("brisk-dark", depth).expect("the theme is built in")
}

/// Lines as in a patch: ` same`, `-removed`, `+added`; a `\` line ends the one above.
fn hunk(start: u32, section: Option<&str>, text: &str) -> Hunk {
    let mut lines: Vec<DiffLine> = Vec::new();
    for line in text.split_terminator('\n') {
        let kind = match line.chars().next() {
            Some('-') => LineKind::Removed,
            Some('+') => LineKind::Added,
            Some('\\') => {
                lines.last_mut().expect("a line stands above").ended = false;
                continue;
            }
            _ => LineKind::Same,
        };
        lines.push(DiffLine { kind, text: line[1..].to_owned(), ended: true });
    }
    let count = |not: LineKind| lines.iter().filter(|line| line.kind != not).count();
    let number = |count: usize| u32::try_from(count).expect("it is small");
    Hunk {
        old_start: start,
        old_lines: number(count(LineKind::Added)),
        new_start: start,
        new_lines: number(count(LineKind::Removed)),
        section: section.map(str::to_owned),
        lines,
    }
}

fn change(path: &str, kind: ChangeKind, hunks: Vec<Hunk>) -> Change {
    Change::new(path, kind, hunks)
}

fn sample() -> Vec<Change> {
    let retry = "\
     \tlet mut delay = cfg.base_delay;
-\tloop {
+\tfor attempt in 0..cfg.max_attempts {
     \t\tmatch send(&req).await {
-\t\t\tErr(_) => sleep(delay).await,
+\t\t\tErr(e) if e.is_transient() => sleep(delay).await,
+\t\t\tErr(e) => return Err(e), // \u{202e}
 \t\t}";
    let retry = retry.replace("     \t", " \t");
    let mut binary = change("logo.png", ChangeKind::Created, vec![]);
    binary.note = Some("binary, 1.2 MB".to_owned());
    vec![
        change(
            "src/retry.rs",
            ChangeKind::Modified,
            vec![hunk(41, Some("fn send_with_retry"), &retry), hunk(95, None, " a\n-b\n\\\n+b\n")],
        ),
        change("Cargo.toml", ChangeKind::Deleted, vec![hunk(1, None, "-[package]")]),
        binary,
    ]
}

fn chosen(hunk: HunkRef) -> Choice {
    match (hunk.change, hunk.hunk) {
        (0, 0) => Choice::Accepted,
        (0, _) => Choice::Rejected,
        _ => Choice::Pending,
    }
}

fn view(changes: &[Change], layout: DiffLayout) -> DiffView {
    DiffView::new(changes, &Arrangement::of(layout))
}

fn drawn(width: u16, layout: DiffLayout, theme: &Theme) -> Vec<DiffRow> {
    rows(&sample(), &chosen, width, layout, theme, &Highlighter::loaded())
}

fn text(rows: &[DiffRow]) -> String {
    rows.iter().map(|row| row.line.to_string()).collect::<Vec<_>>().join("\n")
}

fn lines(rows: &[DiffRow]) -> Vec<Line<'static>> {
    rows.iter().map(|row| row.line.clone()).collect()
}

#[test]
fn a_diff_looks_like_this_without_any_colour() {
    let plain = theme(ColorDepth::None);
    snapshot("diff@80", &text(&drawn(80, DiffLayout::Unified, &plain)));
    snapshot("diff@28", &text(&drawn(28, DiffLayout::Unified, &plain.clone().with_ascii())));
    snapshot("diff_side_by_side@100", &text(&drawn(100, DiffLayout::SideBySide, &plain)));
}

#[test]
fn a_diff_is_styled_like_this() {
    let unified = drawn(60, DiffLayout::Unified, &theme(ColorDepth::Indexed256));
    snapshot("diff_styles_256@60", &annotated(&lines(&unified)));
    let unified = drawn(60, DiffLayout::Unified, &theme(ColorDepth::Ansi16));
    snapshot("diff_styles_16@60", &annotated(&lines(&unified)));
}

#[test]
fn rows_know_what_they_belong_to() {
    let rows = drawn(80, DiffLayout::Unified, &theme(ColorDepth::None));
    let kinds: Vec<_> = rows.iter().map(|row| (row.change, row.hunk, row.kind)).collect();
    assert_eq!(kinds[0], (0, None, RowKind::File));
    assert_eq!(kinds[1], (0, Some(0), RowKind::HunkHeader));
    assert_eq!(kinds[2], (0, Some(0), RowKind::Line));
    let view = view(&sample(), DiffLayout::Unified);
    let spots = (0..).map_while(|row| view.spot(row));
    let spots: Vec<_> = spots.map(|spot| (spot.change, spot.hunk, spot.kind)).collect();
    assert_eq!(spots, kinds);
    let header = |row| view.header_above(row).and_then(|row| view.spot(row)?.at());
    assert_eq!(header(0), None);
    assert_eq!(header(5), Some(HunkRef { change: 0, hunk: 0 }));
    assert_eq!(header(12), Some(HunkRef { change: 0, hunk: 1 }));
}

#[test]
fn a_window_is_the_same_as_that_part_of_the_whole() {
    let (theme, highlighter) = (theme(ColorDepth::True), Highlighter::loaded());
    let all = drawn(80, DiffLayout::SideBySide, &theme);
    let changes = sample();
    let mut view = view(&changes, DiffLayout::SideBySide);
    let chosen = |at| Mark::of(chosen(at));
    let look = Look::new(&chosen, 80, &theme, &highlighter);
    let mut window = |range| view.rows(&changes, range, &look);
    assert_eq!(window(4..9), all[4..9]);
    assert_eq!(window(0..usize::MAX), all);
    assert_eq!(window(90..99), []);
}

#[test]
fn only_the_words_that_changed_are_marked() {
    let theme = theme(ColorDepth::True);
    let rows = drawn(80, DiffLayout::Unified, &theme);
    let marked = |role: Role| -> Vec<String> {
        let bg = theme.style(role).bg;
        let spans = rows.iter().flat_map(|row| &row.line.spans);
        spans.filter(|span| span.style.bg == bg).map(|span| span.content.to_string()).collect()
    };
    assert_eq!(marked(Role::RemovedWord).concat(), "_");
    assert_eq!(marked(Role::AddedWord).concat(), "e) if e.is_transient(");
}

#[test]
fn hidden_characters_are_shown_and_counted() {
    let rows = drawn(80, DiffLayout::Unified, &theme(ColorDepth::None));
    assert!(rows[1].line.to_string().contains("1 hidden character  fn send_with_retry"));
    assert!(text(&rows).contains("// <U+202E>"));
}

#[test]
fn what_would_not_be_seen_is_in_the_warning_style() {
    let changes = [change(
        "a.rs",
        ChangeKind::Modified,
        vec![hunk(1, None, " kept  \n-let a = 1;\n+let a\u{200b} = 1;\r \t\n")],
    )];
    for depth in [ColorDepth::True, ColorDepth::Indexed256, ColorDepth::Ansi16] {
        let theme = theme(depth);
        for layout in [DiffLayout::Unified, DiffLayout::SideBySide] {
            let rows =
                rows(&changes, &|_| Choice::Pending, 100, layout, &theme, &Highlighter::loaded());
            let warning = theme.style(Role::Warning).fg;
            let spans = rows.iter().flat_map(|row| &row.line.spans);
            let warned = spans.filter(|span| span.style.fg == warning && span.content != "[ ]");
            let text: String = warned.map(|span| span.content.trim()).collect();
            assert!(text.contains("<U+200B>␍·→"), "{depth:?} {layout:?}: {text}");
            assert!(!text.contains("kept"), "{text}");
        }
    }
}

#[test]
fn a_change_that_no_text_shows_is_said_in_words() {
    let said = |text: &str| {
        let changes = [change("a", ChangeKind::Modified, vec![hunk(1, None, text)])];
        let theme = theme(ColorDepth::None);
        let rows = rows(
            &changes,
            &|_| Choice::Pending,
            90,
            DiffLayout::Unified,
            &theme,
            &Highlighter::loaded(),
        );
        rows[1].line.to_string()
    };
    assert!(said("-a\n-b\n+a\n+b\n").contains("only line endings change"));
    assert!(said("-a\n\\\n+a\n").contains("newline at the end of the file is added"));
    assert!(said("-a\n+a\n\\\n").contains("newline at the end of the file is removed"));
    assert!(!said("-a\n+b\n").contains("only"));
}

#[test]
fn a_long_line_goes_on_in_further_rows_that_say_the_same() {
    let text = format!("+{}\n", "word ".repeat(60));
    let changes = [change("a", ChangeKind::Modified, vec![hunk(1, None, &text)])];
    let (theme, highlighter) = (theme(ColorDepth::None), Highlighter::loaded());
    for layout in [DiffLayout::Unified, DiffLayout::SideBySide] {
        let mut view = view(&changes, layout);
        let chosen = |_| Mark::of(Choice::Pending);
        let look = Look { wraps: true, ..Look::new(&chosen, 80, &theme, &highlighter) };
        let rows = view.rows(&changes, 2..3, &look);
        assert!(rows.len() > 3 && rows.iter().all(|row| row.row == 2));
        let words: usize =
            rows.iter().map(|row| row.line.to_string().matches("word").count()).sum();
        assert!(words >= 55, "{layout:?}: {words}");
        assert!(rows.iter().all(|row| crate::text::width(&row.line.to_string()) <= 80));
    }
}

/// A hunk of many lines, as of a file that was created.
fn long(lines: usize) -> Vec<Change> {
    let line =
        |number| format!("+    let value_{number} = compute(\"{number}\", {number}); // note\n");
    let text: String = (0..lines).map(line).collect();
    vec![change("src/long.rs", ChangeKind::Created, vec![hunk(1, None, &text)])]
}

#[test]
fn colours_are_there_wherever_one_jumps_and_go_on_from_where_they_were() {
    let (theme, highlighter) = (theme(ColorDepth::True), Highlighter::loaded());
    let changes = long(5_000);
    let mut view = view(&changes, DiffLayout::Unified);
    let chosen = |at| Mark::of(chosen(at));
    let look = Look::new(&chosen, 80, &theme, &highlighter);
    let mut spans = |row| {
        let rows = view.rows(&changes, row..row + 1, &look);
        rows[0].line.spans.len()
    };
    for row in [1_000, 4_900, 10, 12, 60, 11].into_iter().chain((0..4_000).step_by(90)) {
        assert!(row < 2 || spans(row) > 5, "row {row}");
    }
}

#[test]
fn all_rows_at_once_are_in_colour_only_at_their_start() {
    let (theme, highlighter) = (theme(ColorDepth::True), Highlighter::loaded());
    let rows = rows(&long(3_000), &chosen, 80, DiffLayout::Unified, &theme, &highlighter);
    assert!(rows[900].line.spans.len() > 5);
    assert!(rows[2_900].line.spans.len() <= 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_row_is_wider_than_asked_and_nothing_foreign_is_left(
        text in "([-+ ]([a-c日👩\t\u{1b}\u{9b}\u{202e}\r(){}\"]|/\\*|fn ){0,20}\n){1,12}",
        width in 1_u16..50,
        ascii in any::<bool>(),
        wide in any::<bool>(),
    ) {
        let theme = theme(ColorDepth::True);
        let theme = if ascii { theme.with_ascii() } else { theme };
        let layout = if wide { DiffLayout::SideBySide } else { DiffLayout::Unified };
        let changes = [change("a\u{1b}/é.rs", ChangeKind::Modified, vec![hunk(7, Some("\u{9b}x"), &text)])];
        for row in rows(&changes, &chosen, width, layout, &theme, &Highlighter::loaded()) {
            let row = row.line.to_string();
            prop_assert!(crate::text::width(&row) <= usize::from(width), "{row:?}");
            prop_assert!(!row.contains(char::is_control), "{row:?}");
        }
    }
}

/// Run by hand with `cargo test --release --lib diff -- --ignored --nocapture`.
#[test]
#[ignore = "a figure, not a check"]
fn the_first_screen_of_a_long_diff_comes_at_once() {
    let (theme, highlighter) = (theme(ColorDepth::True), Highlighter::new());
    let start = std::time::Instant::now();
    highlighter.begin("rs");
    while !highlighter.ready() {
        std::thread::yield_now();
    }
    println!("grammars: {:?}", start.elapsed());
    for layout in [DiffLayout::Unified, DiffLayout::SideBySide] {
        let changes = long(50_000);
        let start = std::time::Instant::now();
        let mut view = view(&changes, layout);
        println!("plan of {} rows: {:?}", view.len(), start.elapsed());
        for first in [0, 40, 1_900, 25_000, 49_950] {
            let start = std::time::Instant::now();
            let chosen = |at| Mark::of(chosen(at));
            let look = Look::new(&chosen, 120, &theme, &highlighter);
            view.rows(&changes, first..first + 50, &look);
            println!("{layout:?} rows from {first}: {:?}", start.elapsed());
        }
        let start = std::time::Instant::now();
        rows(&changes, &chosen, 120, layout, &theme, &highlighter);
        println!("all rows: {:?}", start.elapsed());
    }
}
