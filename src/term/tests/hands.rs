//! Two pairs of hands: the pen, secrets, commands in the background.

use super::{LONG, open, program, until};
use crate::protocol::{Input, Pen, TermState};
use crate::term::{TermError, Wait};
use std::time::Duration;

/// The shells whose own `read` can hide what is typed.
const SHELLS: [&str; 2] = ["bash", "zsh"];

#[tokio::test]
async fn a_users_key_takes_the_pen_and_the_agents_keys_are_dropped() {
    let Some(room) = open("bash") else { return };
    // It reads nothing, so that the keys stay where they are.
    let command = "stty -icanon -echo; sleep 1000";
    let ran = room.terminal.run(command, Duration::from_millis(200)).await.unwrap();
    assert_eq!(ran.state, TermState::Running);
    let keys = "x".repeat(1_000_000);
    let agents = {
        let terminal = room.terminal.clone();
        tokio::spawn(async move { terminal.keys(&keys, Wait::Exit, LONG).await })
    };
    until("the agent types", || room.terminal.shared().live().hands.agent_types).await;
    room.types("u");
    assert_eq!(room.terminal.pen(), Pen::User);
    let ran = agents.await.unwrap().unwrap();
    assert!(ran.pen_taken, "{ran:?}");
    assert_eq!(ran.state, TermState::Running);
    assert_eq!(room.terminal.shared().queue.drop_agents(), 0, "they were dropped already");
    let refused = room.terminal.keys("more", Wait::Idle, LONG).await;
    assert_eq!(refused.unwrap_err(), TermError::PenTaken);
    room.terminal.interrupt();
    room.types("\n");
    room.terminal.close().await;
}

#[tokio::test]
async fn keys_that_no_program_has_read_yet_are_dropped_too() {
    let Some(room) = open("bash") else { return };
    let command = "sleep 1; read -t 20 line; echo \"got <$line>\"";
    let ran = room.terminal.run(command, Duration::from_millis(200)).await.unwrap();
    assert_eq!(ran.state, TermState::Running);
    let agents = {
        let terminal = room.terminal.clone();
        tokio::spawn(async move { terminal.keys("agent<Enter>", Wait::Exit, LONG).await })
    };
    until("the keys arrive", || room.screen().contains("agent")).await;
    room.terminal.take_pen();
    agents.await.unwrap().unwrap();
    room.types("user\n");
    until("the line is read", || room.screen().contains("\ngot <")).await;
    assert!(room.screen().contains("\ngot <user>"), "{}", room.screen());
    room.terminal.close().await;
}

#[tokio::test]
async fn the_agent_is_told_what_the_terminal_showed_meanwhile() {
    for shell in ["bash", "zsh", "fish", "dash"] {
        let Some(room) = open(shell) else { continue };
        room.run("true").await;
        assert_eq!(room.terminal.hand_back(), None);
        room.types("echo wrote-this\n");
        until("its output", || room.screen().contains("\nwrote-this")).await;
        until("the prompt", || !room.terminal.busy()).await;
        let refused = room.terminal.run("true", LONG).await;
        assert_eq!(refused.unwrap_err(), TermError::PenTaken, "{shell}");
        let showed = room.terminal.hand_back().expect("the user had the pen");
        assert!(showed.contains("echo wrote-this\nwrote-this"), "{shell}: {showed:?}");
        assert_eq!(room.run("echo again").await.output.text, "again", "{shell}");
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn what_the_user_ran_is_told_once_and_what_it_says_later_can_be_looked_at() {
    let Some(room) = open("bash") else { return };
    let ran = room.terminal.run("sleep 0.2; echo of-the-agent", Duration::from_millis(1)).await;
    assert_eq!(ran.unwrap().state, TermState::Running);
    room.types("echo of-the-user; read -r x; echo later-$x\n");
    until("it asks", || room.screen().contains("\nof-the-user")).await;
    let showed = room.terminal.hand_back().expect("the user had the pen");
    assert!(showed.contains("\nof-the-user"), "{showed}");
    let ran = room.keys("on<Enter>", Wait::Exit).await;
    assert_eq!(ran.state, TermState::Done);
    assert!(ran.output.text.contains("later-on"), "{ran:?}");
    assert!(!ran.output.text.contains("of-the-user"), "{ran:?}");
    room.terminal.close().await;
}

#[tokio::test]
async fn a_command_goes_on_while_the_user_answers_for_it() {
    let Some(room) = open("bash") else { return };
    let agents = {
        let terminal = room.terminal.clone();
        let command = "for i in 1 2; do read -p \"q$i \" a; echo \"a$i=$a\"; done; exit_with() { return 7; }; exit_with";
        tokio::spawn(async move { terminal.run(command, LONG).await })
    };
    until("the question", || room.screen().contains("\nq1")).await;
    room.types("one\n");
    until("the second", || room.screen().contains("\nq2")).await;
    room.types("two\n");
    // It waited for the end, not for a line: the user was there to give it.
    let ran = agents.await.unwrap().unwrap();
    assert_eq!((ran.state, ran.exit), (TermState::Done, Some(7)));
    assert!(ran.pen_taken && ran.output.text.ends_with("a2=two"), "{ran:?}");
    room.terminal.close().await;
}

#[tokio::test]
async fn a_password_is_the_users_alone_and_the_pen_stays_where_it_is() {
    for shell in SHELLS {
        let Some(room) = open(shell) else { continue };
        let hide =
            if shell == "zsh" { "read -s 'x?Password: '" } else { "read -s -p 'Password: ' x" };
        let ran = room.run(&format!("{hide}; echo; echo ${{#x}}")).await;
        assert_eq!(ran.state, TermState::Password, "{shell}");
        assert!(room.terminal.secret());
        for keys in ["hunter2\n", "y", ""] {
            let answer = room.terminal.keys(keys, Wait::Idle, LONG).await;
            match keys {
                "" => assert_eq!(answer.unwrap().state, TermState::Password, "{shell}"),
                _ => assert_eq!(answer.unwrap_err(), TermError::Secret, "{shell}"),
            }
        }
        let end = room.terminal.command_end();
        room.types("tr0ub4dor\n");
        assert_eq!(end.await, Some(0));
        assert!(!room.terminal.secret());
        assert_eq!(room.terminal.pen(), Pen::Agent, "{shell}");
        let ran = room.keys("", Wait::Prompt).await;
        assert!(ran.output.text.ends_with('9'), "{shell}: {ran:?}");
        assert!(!room.screen().contains("tr0ub4dor"));
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn with_a_user_at_hand_a_password_is_no_answer() {
    let Some(room) = open("bash") else { return };
    let agents = {
        let terminal = room.terminal.clone();
        tokio::spawn(async move {
            terminal.run_attended("read -s -p 'Password: ' x; echo; echo ${#x}", LONG).await
        })
    };
    until("the question", || room.terminal.secret()).await;
    room.types("1234\n");
    let ran = agents.await.unwrap().unwrap();
    assert_eq!((ran.state, ran.exit), (TermState::Done, Some(0)));
    assert_eq!(ran.output.text, "Password:\n4");
    room.terminal.close().await;
}

#[tokio::test]
async fn a_secret_in_raw_mode_is_known_by_its_question() {
    let Some(room) = open("bash") else { return };
    let command = "stty -icanon -echo; printf '[sudo] password for dev: '; IFS= read -r -n 3 x; stty sane; echo";
    let ran = room.terminal.run(command, Duration::from_millis(500)).await;
    assert!(matches!(ran, Ok(ran) if ran.state != TermState::Done));
    until("the secret", || room.terminal.secret()).await;
    let refused = room.terminal.keys("abc", Wait::Idle, LONG).await;
    assert_eq!(refused.unwrap_err(), TermError::Secret);
    let end = room.terminal.command_end();
    room.types("abc");
    assert_eq!(end.await, Some(0));
    assert!(!room.terminal.secret());
    room.terminal.close().await;
}

#[tokio::test]
async fn a_command_in_the_background_is_waited_for_by_nobody_and_its_end_is_told() {
    let Some(room) = open("bash") else { return };
    let agents = {
        let terminal = room.terminal.clone();
        tokio::spawn(async move {
            terminal.run("read -r x; exit_with() { return 5; }; exit_with", LONG).await
        })
    };
    until("it runs", || room.terminal.busy()).await;
    room.terminal.set_aside();
    let ran = agents.await.unwrap().unwrap();
    assert!(ran.aside && ran.state == TermState::Running, "{ran:?}");
    let end = room.terminal.command_end();
    room.types("go\n");
    assert_eq!(end.await, Some(5));
    // What ended before anybody asked is told, too.
    assert_eq!(room.terminal.command_end().await, Some(5));
    room.terminal.close().await;
}

#[tokio::test]
async fn sudo_that_asks_locks_the_agent_out() {
    if program("sudo").is_none() || !rustix::process::getuid().is_root() {
        println!("skipped: needs sudo and root, to become a user who must give a password");
        return;
    }
    let Some(room) = open("bash") else { return };
    let command = "setpriv --reuid=65534 --regid=65534 --clear-groups sudo -k -p 'Password: ' true";
    let ran = room.run(command).await;
    if ran.state == TermState::Done {
        println!("skipped: sudo does not ask here: {}", ran.output.text);
        return room.terminal.close().await;
    }
    assert_eq!(ran.state, TermState::Password, "{ran:?}");
    assert_eq!(room.terminal.keys("x\n", Wait::Idle, LONG).await.unwrap_err(), TermError::Secret);
    // To give up is allowed.
    let ran = room.keys("<C-c>", Wait::Exit).await;
    assert_eq!(ran.state, TermState::Done);
    room.terminal.close().await;
}

#[tokio::test]
async fn a_paste_takes_the_pen_like_a_key() {
    let Some(room) = open("bash") else { return };
    room.run("true").await;
    room.terminal.input(&Input::Paste("echo pasted".to_owned()));
    assert_eq!(room.terminal.pen(), Pen::User);
    room.terminal.close().await;
}
