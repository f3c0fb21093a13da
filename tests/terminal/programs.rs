//! Programs that take the terminal over: they start, follow its size, end, and leave it as it was.

use super::room::{Room, open, program, until};
use brisk::protocol::{Size, TermState};
use brisk::term::Wait;

/// Whether the text is on the last row of a screen of so many rows, or above it.
fn row_of(room: &Room, text: &str) -> Option<u16> {
    let screen = room.terminal.screen();
    (0..screen.size.rows).rev().find(|row| screen.text(*row).contains(text))
}

/// Starts a full-screen program, resizes it twice, ends it; the screen before it comes back, with
/// the cursor behind the prompt. `mark` stands on its last row.
async fn full_screen(room: &Room, command: &str, mark: &str, leave: &str) {
    room.run("clear; echo before; echo still").await;
    let cursor = |room: &Room| room.terminal.screen().cursor.map(|at| (at.column, at.row));
    let started = room.run(command).await;
    assert_eq!(started.state, TermState::FullScreen, "{command}: {started:?}");
    assert!(room.terminal.screen().modes.alternate_screen, "{command}");
    for (columns, rows) in [(100, 30), (60, 16), (80, 24)] {
        room.terminal.resize(Size { columns, rows });
        let placed = || row_of(room, mark) == Some(rows - 1);
        until(&format!("{command} at {columns}x{rows}: {}", room.screen()), placed).await;
    }
    let left = room.keys(leave, Wait::Exit).await;
    assert_eq!((left.state, left.exit), (TermState::Done, Some(0)), "{command}: {left:?}");
    until("the prompt", || cursor(room).is_some_and(|(_, row)| row == 3)).await;
    let screen = room.screen();
    assert!(screen.contains("before\nstill\n"), "{command}: {screen}");
    let modes = room.terminal.screen().modes;
    assert!(!modes.alternate_screen && !modes.mouse && !modes.application_cursor, "{command}");
    assert_eq!(room.run("echo after").await.output.text, "after", "{command}");
}

#[tokio::test]
async fn editors_pagers_and_monitors_come_and_go() {
    let rc = "PS1='> '; unset PROMPT_COMMAND\n";
    for (tool, command, mark, leave) in [
        ("vim", "vim -u NONE -N -c startinsert text", "-- INSERT --", "<Esc>:q!<Enter>"),
        ("less", "less text", ":", "q"),
        ("htop", "htop", "F1Help", "q"),
    ] {
        if program(tool).is_none() {
            continue;
        }
        let Some(room) = open("bash", rc) else { return };
        room.run("seq 1 300 >text").await;
        full_screen(&room, command, mark, leave).await;
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn a_debugger_is_a_program_that_waits_for_lines() {
    let Some(room) = open("bash", "") else { return };
    if program("gdb").is_none() {
        return;
    }
    let started = room.run("gdb -q -nx").await;
    assert_eq!(started.state, TermState::WaitsForLine, "{started:?}");
    room.terminal.resize(Size { columns: 100, rows: 30 });
    let said = room.keys("print 6*7\n", Wait::Prompt).await;
    assert_eq!(said.state, TermState::WaitsForLine, "{said:?}");
    assert!(said.output.text.contains("$1 = 42"), "{said:?}");
    let left = room.keys("quit\n", Wait::Exit).await;
    assert_eq!((left.state, left.exit), (TermState::Done, Some(0)), "{left:?}");
    assert_eq!(room.run("stty size").await.output.text, "30 100");
    room.terminal.close().await;
}

#[tokio::test]
async fn a_multiplexer_in_the_terminal_knows_nothing_of_one_outside() {
    let Some(room) = open("bash", "PS1='> '\n") else { return };
    if program("tmux").is_none() {
        return;
    }
    assert_eq!(room.run("echo ${TMUX-unset}").await.output.text, "unset");
    room.run("clear; echo before").await;
    let socket = room.home.path().join("tmux").display().to_string();
    let tmux = format!("tmux -S {socket} -f /dev/null");
    let started = room.run(&format!("{tmux} new-session 'PS1=in: exec bash --norc'")).await;
    assert_eq!(started.state, TermState::FullScreen, "{started:?}");
    let typed = room.keys("echo $((6*7))${TMUX:+set}\n", Wait::Text("42set".into())).await;
    assert_eq!(typed.state, TermState::FullScreen, "{typed:?}");
    room.terminal.resize(Size { columns: 60, rows: 16 });
    until("its status line moves", || row_of(&room, "[0]") == Some(15)).await;
    let left = room.keys("exit\n", Wait::Exit).await;
    assert_eq!((left.state, left.exit), (TermState::Done, Some(0)), "{left:?}");
    assert!(room.screen().contains("before\n"), "{}", room.screen());
    assert!(!room.terminal.screen().modes.alternate_screen);
    assert_eq!(room.run("echo ${TMUX-unset}").await.output.text, "unset");
    room.terminal.close().await;
}
