//! How many bytes go to the terminal.

use super::stage::{self, Stage};
use crate::protocol::{Body, Delta};
use crate::ui::update::Msg;

#[test]
fn an_unchanged_screen_writes_nothing() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 50), (20, 5)] {
        let mut stage = Stage::new(columns, rows);
        stage::ended(&mut stage);
        assert!(!stage.frame().is_empty());
        assert_eq!(stage.frame(), b"");
        stage.wait(60_000);
        assert_eq!(stage.frame(), b"", "{columns}x{rows}: time passes, nothing happens");
    }
}

#[test]
fn an_idle_session_wakes_nobody() {
    let mut stage = Stage::new(120, 40);
    stage::ended(&mut stage);
    stage.frame();
    stage.wait(10_000);
    stage.frame();
    assert_eq!(stage.app.wake_at(), None);
    assert!(!stage.app.dirty);
}

#[test]
fn a_spinner_is_at_most_ten_frames_a_second_of_a_few_cells() {
    let mut stage = Stage::new(120, 40);
    stage::working(&mut stage);
    stage.frame();
    stage.wait(200);
    stage.frame();
    let (mut frames, mut bytes) = (0, 0);
    let end = stage.app.now + 1_000;
    while let Some(at) = stage.app.wake_at().filter(|at| *at <= end) {
        stage.app.now = at;
        stage.msg(Msg::Tick);
        let frame = stage.frame();
        frames += usize::from(!frame.is_empty());
        bytes += frame.len();
    }
    assert!((1..=10).contains(&frames), "{frames} frames");
    assert!(bytes / frames <= 120, "{} bytes a frame", bytes / frames);
}

#[test]
fn streamed_text_costs_little_more_than_itself() {
    let mut stage = Stage::new(120, 40);
    stage::streaming(&mut stage);
    stage.frame();
    let mut bytes = 0;
    for _ in 0..8 {
        stage.event(Body::Delta(Delta::Text("and again ".into())));
        bytes += stage.frame().len();
    }
    assert!(bytes < 8 * 160, "{bytes} bytes");
}

#[test]
fn text_that_scrolls_while_it_streams_moves_the_rows_seldom() {
    let mut stage = Stage::new(120, 40);
    stage::streaming(&mut stage);
    stage.frame();
    let mut bytes = 0;
    for number in 0..200 {
        let text = format!("line {number} of a long answer with some words in it\n\n");
        stage.event(Body::Delta(Delta::Text(text)));
        bytes += stage.frame().len();
        assert!(stage.show().contains(&format!("line {number} of")));
    }
    // Rows that moved with each line cost about 1,500 bytes a line.
    assert!(bytes < 200 * 700, "{bytes} bytes");
}

#[test]
fn a_long_session_is_laid_out_only_where_it_is_seen() {
    let mut stage = Stage::new(120, 40);
    for number in 0..10_000 {
        stage.item(stage::user(&format!("prompt number {number}")));
    }
    let started = std::time::Instant::now();
    stage.frame();
    for _ in 0..50 {
        stage.press("PgUp");
        stage.frame();
    }
    stage.msg(Msg::Resize(100, 40));
    stage.frame();
    // Generous: a debug build on a machine that does other things. Laying out all of it each time
    // would take minutes.
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}
