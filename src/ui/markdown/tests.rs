use super::super::snapshot;
use super::super::theme::ColorDepth;
use super::*;
use proptest::prelude::*;

fn theme(depth: ColorDepth) -> Theme {
    Theme::load("brisk-dark", depth).expect("the theme is built in")
}

fn drawn(text: &str, width: u16) -> Vec<String> {
    let theme = theme(ColorDepth::None);
    let mut markdown = Markdown::new();
    let rows = markdown.lines(text, width, &theme, &Highlighter::loaded());
    rows.iter().map(ToString::to_string).collect()
}

const SAMPLE: &str = "\
# Backoff with jitter

The loop was **unbounded** and retried *permanent* errors, see `send_with_retry` in
[the docs](https://example.org/retry) or <https://example.org>. ~~Gone.~~

1. Bounded loop
2. Full jitter, which needs a longer sentence than fits into one row
   - only transient errors
   - `fastrand` is new
3. Docs
- [x] find the loop
- [ ] docs note

> A quote that goes on for longer than one row of this narrow page.

```rust
fn main() {
\tlet delay = cfg.base_delay; // a line that is too long for the page
}
```

| file | lines | note |
|:-----|------:|:----:|
| src/retry.rs | 14 | `jitter` |
| Cargo.toml | 1 | a dependency that needs a word |

---
![logo](logo.png) <b>html</b>
";

#[test]
fn a_page_looks_like_this() {
    snapshot("markdown@60", &drawn(SAMPLE, 60).join("\n"));
    snapshot("markdown@24", &drawn(SAMPLE, 24).join("\n"));
}

#[test]
fn a_page_is_styled_like_this() {
    let theme = theme(ColorDepth::Ansi16);
    let mut markdown = Markdown::new();
    let rows = markdown.lines(SAMPLE, 60, &theme, &Highlighter::loaded());
    snapshot("markdown_styles@60", &super::super::annotated(rows));
}

#[test]
fn foreign_controls_are_made_visible_before_anything_else() {
    assert_eq!(drawn("a\x1b]52;c;x\x07 \u{202e}b\rc", 60), ["a␛]52;c;x␇ <U+202E>b␍c"]);
    assert_eq!(drawn("```\x1b[2J\n\x1b[1Ga\n```", 60), ["  ␛[1Ga"]);
}

#[test]
fn a_gap_stands_between_blocks_but_not_within_a_tight_list() {
    assert_eq!(
        drawn("a\n\n\n\nb\n- c\n- d\n\n- e", 20),
        ["a", "", "b", "", "• c", "• d", "", "• e"]
    );
}

#[test]
fn code_that_is_too_long_goes_on_behind_a_mark() {
    assert_eq!(drawn("```\nabcdefghij\n```", 6), ["abcdef", "↪ ghij"]);
    let ascii = theme(ColorDepth::None).with_ascii();
    let mut markdown = Markdown::new();
    let rows = markdown.lines("```\nabcdefghij\n```", 6, &ascii, &Highlighter::loaded());
    assert_eq!(rows[1].to_string(), "\\ ghij");
}

#[test]
fn what_was_drawn_is_kept_and_another_width_or_theme_draws_anew() {
    let (first, second) = (theme(ColorDepth::None), theme(ColorDepth::True));
    let highlighter = Highlighter::loaded();
    let mut markdown = Markdown::new();
    let rows = markdown.lines("one two", 80, &first, &highlighter).as_ptr();
    assert_eq!(markdown.lines("one two", 80, &first, &highlighter).as_ptr(), rows);
    assert_eq!(markdown.lines("one two", 3, &first, &highlighter).len(), 2);
    assert_eq!(
        markdown.lines("# x", 3, &second, &highlighter)[0].spans[0].style,
        second.style(super::super::theme::Role::Heading)
    );
    assert_eq!(markdown.lines("shorter", 80, &second, &highlighter)[0].to_string(), "shorter");
}

#[test]
fn code_drawn_before_the_grammars_came_gets_its_colours() {
    let theme = theme(ColorDepth::True);
    let highlighter = Highlighter::new();
    let mut markdown = Markdown::new();
    let text = "```rust\nlet a = 1;\n```\nx";
    assert_eq!(markdown.lines(text, 80, &theme, &highlighter)[0].spans.len(), 2);
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !highlighter.ready() {
        assert!(std::time::Instant::now() < end, "the grammars did not come");
        std::thread::yield_now();
    }
    assert!(markdown.lines(text, 80, &theme, &highlighter)[0].spans.len() > 2);
}

fn some_markdown() -> impl Strategy<Value = String> {
    proptest::string::string_regex(
        "(# a|\\*\\*b\\*\\*|`c`|\\[d\\]\\(e\\)|```rs\n|```\n|- |1\\. |  |    |> |\\|f\\|g\\|\n\\|-\\|-\\|\n|\n\n|\n|日本|👩|---|<b>|\t|\r|\u{1b}\\[m|word |é){0,40}",
    )
    .expect("it is a regular expression")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_growth_ends_in_the_same_rows(
        text in some_markdown(),
        cuts in proptest::collection::vec(0_usize..120, 0..10),
        width in 1_u16..40,
    ) {
        let (theme, highlighter) = (theme(ColorDepth::True), Highlighter::loaded());
        let mut cuts: Vec<_> = cuts.into_iter().filter(|at| text.is_char_boundary(*at)).collect();
        cuts.sort_unstable();
        let mut grown = Markdown::new();
        for at in cuts {
            grown.lines(&text[..at], width, &theme, &highlighter);
        }
        let mut whole = Markdown::new();
        prop_assert_eq!(
            grown.lines(&text, width, &theme, &highlighter),
            whole.lines(&text, width, &theme, &highlighter)
        );
    }

    #[test]
    fn no_row_is_wider_than_the_page_and_nothing_foreign_is_left(
        text in prop_oneof![some_markdown(), any::<String>()],
        width in 1_u16..24,
    ) {
        let theme = theme(ColorDepth::True);
        let mut markdown = Markdown::new();
        for row in markdown.lines(&text, width, &theme, &Highlighter::loaded()) {
            let row = row.to_string();
            prop_assert!(text::width(&row) <= usize::from(width), "{row:?}");
            prop_assert!(!row.contains(char::is_control), "{row:?}");
        }
    }
}

/// About 17,000 tokens with prose, lists, code and tables; run by hand with
/// `cargo test --release --lib markdown -- --ignored --nocapture`.
#[test]
#[ignore = "a figure, not a check"]
fn streaming_a_long_answer_costs_little() {
    let (theme, highlighter) = (theme(ColorDepth::True), Highlighter::loaded());
    let code = "```rust\n".to_owned()
        + &"    let delay = cfg.base_delay.min(cap); // why\n".repeat(120)
        + "```\n";
    let text = format!("{}{code}", SAMPLE.repeat(8)).repeat(6);
    let tokens = tiktoken_rs::o200k_base_singleton().count_ordinary(&text);
    let start = std::time::Instant::now();
    let mut markdown = Markdown::new();
    let (mut at, mut calls, mut rows) = (0, 0, 0);
    while at < text.len() {
        at = (at + 4..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        rows = markdown.lines(&text[..at], 100, &theme, &highlighter).len();
        calls += 1;
    }
    println!(
        "{tokens} tokens, {} bytes, {calls} calls, {rows} rows: {:?}",
        text.len(),
        start.elapsed()
    );
    let start = std::time::Instant::now();
    Markdown::new().lines(&text, 100, &theme, &highlighter);
    println!("at once: {:?}", start.elapsed());
}
