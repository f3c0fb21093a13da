//! Programs that want something, that run on, that fill the screen; sizes; ends.

use super::*;
use crate::protocol::{Input, TermState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[tokio::test]
async fn a_password_and_a_line_are_told_apart() {
    let Some(room) = open("bash") else { return };
    let ran = room.run("read -s -p 'Password: ' x; echo; echo ${#x}").await;
    assert_eq!((ran.state, ran.output.text.as_str()), (TermState::Password, "Password:"));
    let end = room.terminal.command_end();
    room.types("secret\n");
    assert_eq!(end.await, Some(0));
    let ran = room.keys("", Wait::Prompt).await;
    assert!(ran.output.text.ends_with('6') && !ran.output.text.contains("secret"), "{ran:?}");

    let ran = room.run("read -p 'Name: ' x; echo hello $x").await;
    assert_eq!((ran.state, ran.output.text.as_str()), (TermState::WaitsForLine, "Name:"));
    assert!(matches!(room.terminal.run("true", LONG).await, Err(TermError::Busy { .. })));
    let ran = room.keys("bob\n", Wait::Prompt).await;
    assert_eq!((ran.state, ran.output.text.as_str()), (TermState::Done, "bob\nhello bob"));

    assert_eq!(room.run("cat").await.state, TermState::WaitsForLine);
    assert_eq!(room.keys("<C-d>", Wait::Exit).await.exit, Some(0));
    room.terminal.close().await;
}

#[tokio::test]
async fn other_shells_tell_passwords_and_lines_apart_too() {
    for shell in ["zsh", "fish"] {
        let Some(room) = open(shell) else { continue };
        let ran = room.run("sh -c 'stty -echo; read x; stty echo; echo $x'").await;
        assert_eq!(ran.state, TermState::Password, "{shell}");
        let end = room.terminal.command_end();
        room.types("a\n");
        assert_eq!(end.await, Some(0), "{shell}");
        assert_eq!(room.keys("", Wait::Prompt).await.output.text, "a", "{shell}");
        assert_eq!(room.run("read x").await.state, TermState::WaitsForLine, "{shell}");
        assert_eq!(room.keys("a\n", Wait::Prompt).await.state, TermState::Done, "{shell}");
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn a_full_screen_program_answers_with_its_screen() {
    let Some(room) = open("bash") else { return };
    if program("vim").is_none() {
        return;
    }
    std::fs::write(room.home.path().join("f"), "hello vim\n").expect("the home is writable");
    let ran = room.run("vim -u NONE f").await;
    assert_eq!(ran.state, TermState::FullScreen);
    let rows = ran.screen.expect("there is a screen");
    assert_eq!(rows[0], "hello vim");
    assert_eq!(ran.cursor, Some((0, 0)));
    let ran = room.keys("A there<Esc>", Wait::Idle).await;
    assert_eq!(ran.screen.expect("there is a screen")[0], "hello vim there");
    let ran = room.keys(":q!<Enter>", Wait::Prompt).await;
    assert_eq!((ran.state, ran.exit, ran.screen), (TermState::Done, Some(0), None));
    assert!(
        room.screen().contains("vim -u NONE f"),
        "the primary screen is back: {}",
        room.screen()
    );
    room.terminal.close().await;
}

#[tokio::test]
async fn a_pager_can_be_searched_by_its_text() {
    let Some(room) = open("bash") else { return };
    if program("less").is_none() {
        return;
    }
    room.run("seq 1 500 > n").await;
    assert_eq!(room.run("less n").await.state, TermState::FullScreen);
    let ran = room.keys("/250<Enter>", Wait::Text("\u{32}50".into())).await;
    assert_eq!(ran.state, TermState::FullScreen);
    assert_eq!(room.keys("q", Wait::Exit).await.state, TermState::Done);
    room.terminal.close().await;
}

#[tokio::test]
async fn a_timeout_leaves_it_alive_and_an_interrupt_ends_it() {
    for shell in ["bash", "zsh", "fish"] {
        let Some(room) = open(shell) else { continue };
        room.run("true").await;
        let ran = room.terminal.run("echo begin; sleep 60", Duration::from_millis(200)).await;
        let ran = ran.expect("it starts");
        assert_eq!((ran.state, ran.exit), (TermState::Running, None), "{shell}");
        assert_eq!(ran.output.text, "begin", "{shell}");
        assert!(room.terminal.busy(), "{shell}");
        match room.terminal.run("true", LONG).await {
            Err(TermError::Busy { what }) => assert_eq!(what, "sleep 60", "{shell}"),
            other => panic!("{shell}: {other:?}"),
        }
        room.terminal.interrupt();
        let ran = room.keys("", Wait::Exit).await;
        assert_eq!((ran.state, ran.exit), (TermState::Done, Some(130)), "{shell}");
        assert!(!room.terminal.busy(), "{shell}");
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn dropping_the_wait_leaves_the_command_running() {
    let Some(room) = open("bash") else { return };
    room.run("true").await;
    let cut =
        tokio::time::timeout(Duration::from_millis(100), room.run("sleep 0.5; echo end")).await;
    assert!(cut.is_err());
    let ran = room.keys("", Wait::Exit).await;
    assert_eq!((ran.output.text.as_str(), ran.exit), ("end", Some(0)));
    room.terminal.close().await;
}

#[tokio::test]
async fn an_endless_flood_is_interrupted_at_once() {
    let Some(room) = open("bash") else { return };
    let ran = room.terminal.run("yes", Duration::from_millis(300)).await.expect("it starts");
    assert_eq!(ran.state, TermState::Running);
    let ran = room.keys("<C-c>", Wait::Exit).await;
    assert_eq!((ran.state, ran.exit), (TermState::Done, Some(130)));
    room.terminal.close().await;
}

#[tokio::test]
async fn text_that_comes_ends_the_wait_for_it() {
    let Some(room) = open("bash") else { return };
    let ran = room.terminal.run("sleep 0.3; echo ready; sleep 60", Duration::from_millis(1)).await;
    assert_eq!(ran.expect("it starts").state, TermState::Running);
    let ran = room.keys("", Wait::Text("ready".into())).await;
    assert_eq!((ran.state, ran.output.text.as_str()), (TermState::Running, "ready"));
    room.terminal.close().await;
}

#[tokio::test]
async fn the_last_of_many_sizes_is_the_one() {
    for shell in ["bash", "zsh", "fish"] {
        let Some(room) = open(shell) else { continue };
        for columns in (20..200).rev() {
            room.terminal.resize(Size { columns, rows: 30 });
        }
        room.terminal.resize(Size { columns: 101, rows: 41 });
        assert_eq!(room.run("stty size").await.output.text, "41 101", "{shell}");
        room.terminal.resize(Size { columns: 0, rows: 0 });
        assert_eq!(room.terminal.screen().cells.len(), 1);
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn closing_leaves_no_process() {
    for shell in ["bash", "zsh", "fish", "dash"] {
        let Some(room) = open(shell) else { continue };
        room.terminal.run("sleep 61 &", LONG).await.expect("it starts");
        let stubborn = "sh -c 'trap \"\" HUP TERM INT; while :; do sleep 62; done'";
        room.terminal.run(stubborn, Duration::from_millis(300)).await.expect("it starts");
        let session = i32::try_from(room.terminal.pid()).expect("it is a pid");
        assert!(super::super::foreground::session_members(session).len() >= 3, "{shell}");
        room.terminal.close().await;
        assert!(super::super::foreground::session_members(session).is_empty(), "{shell}");
        assert!(!Path::new(&format!("/proc/{session}")).exists(), "{shell}: no zombie");
        assert!(room.terminal.ended().is_some(), "{shell}");
    }
}

#[tokio::test]
async fn changes_are_told_once_until_somebody_looks() {
    let Some(shell) = program("bash") else { return };
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let calls = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&calls);
    let changed = move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
    };
    let terminal = Terminal::open(&launch(shell, home.path()), SIZE, changed).expect("it starts");
    terminal.run("seq 1 1000", LONG).await.expect("it runs");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    terminal.screen();
    terminal.run("seq 1 1000", LONG).await.expect("it runs");
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    let same = || Arc::ptr_eq(&terminal.screen(), &terminal.screen());
    until("two looks at the same screen", same).await;
    terminal.close().await;
}

#[tokio::test]
async fn a_paste_that_nobody_reads_blocks_nobody() {
    let Some(room) = open("bash") else { return };
    let ran = room.terminal.run("sleep 60", Duration::from_millis(50)).await.expect("it starts");
    assert_eq!(ran.state, TermState::Running);
    room.terminal.input(&Input::Paste("x\n".repeat(500_000)));
    room.terminal.interrupt();
    // What the kernel had taken of it already may still reach the shell.
    assert_eq!(room.keys("", Wait::Exit).await.state, TermState::Done);
    room.terminal.close().await;
}

#[tokio::test]
async fn a_program_that_freezes_the_screen_is_shown_all_the_same() {
    let Some(room) = open("bash") else { return };
    room.terminal
        .run(r"printf '\e[?2026hfrozen'; sleep 60", Duration::from_millis(50))
        .await
        .expect("it starts");
    until("the frozen text", || room.screen().contains("\nfrozen")).await;
    room.terminal.close().await;
}
