//! Shells inside the shell, and what rc files do: the end of a command is told, its exit code is
//! right or unknown.

use super::room::{LONG, Room, SHELLS, open, program, until};
use brisk::protocol::{Quality, TermState};
use brisk::term::{TermError, Wait};
use std::time::Duration;

/// Enters the shell by `enter`, runs commands in it, leaves it, and all is as before.
async fn visit(room: &Room, enter: &str) {
    assert_eq!(room.run("sh -c 'exit 4'").await.exit, Some(4), "{enter}");
    assert_eq!(room.terminal.quality(), Quality::Rich, "{enter}");
    let inside = room.run(enter).await;
    assert_eq!((inside.state, inside.exit), (TermState::WaitsForLine, None), "{enter}: {inside:?}");
    assert_eq!(room.terminal.quality(), Quality::Basic, "{enter}: {}", room.screen());
    for (command, output) in [
        ("false", ""),
        ("echo in; sh -c 'exit 3'", "in"),
        ("cd /", ""),
        ("pwd", "/"),
        ("echo one\necho two", "two"),
        ("sleep 0.5; echo late", "late"),
    ] {
        let ran = room.run(command).await;
        assert_eq!((ran.state, ran.exit), (TermState::Done, None), "{enter}: {command}: {ran:?}");
        let text = &ran.output.text;
        assert!(text.ends_with(output), "{enter}: {command}: {text:?}\n{}", room.screen());
        if !command.contains('\n') {
            assert_eq!(text, output, "{enter}: {command}:\n{}", room.screen());
        }
    }
    let left = room.run("exit 5").await;
    assert_eq!((left.state, left.exit), (TermState::Done, Some(5)), "{enter}: {left:?}");
    assert_eq!(room.terminal.quality(), Quality::Rich, "{enter}");
    assert_eq!(room.run("sh -c 'exit 6'").await.exit, Some(6), "{enter}");
}

#[tokio::test]
async fn a_shell_in_the_shell_is_typed_to_and_leaves_it_as_it_was() {
    for (shell, enters) in [
        ("bash", &["sh", "bash --norc", "env -i sh", "zsh -f", "bash"][..]),
        ("zsh", &["bash --norc"]),
        ("fish", &["sh"]),
        ("dash", &["bash --norc", "dash"]),
    ] {
        let Some(room) = open(shell, "") else { continue };
        for enter in enters {
            if program(enter.split(' ').next().unwrap()).is_some() {
                visit(&room, enter).await;
            }
        }
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn fish_in_the_shell_is_typed_to() {
    let (Some(room), Some(_)) = (open("bash", ""), program("fish")) else { return };
    room.run("fish --private").await;
    assert_eq!(room.terminal.quality(), Quality::Basic);
    let ran = room.run("echo in; false").await;
    assert_eq!((ran.state, ran.exit), (TermState::Done, None), "{ran:?}");
    assert!(ran.output.text.contains("in"), "{ran:?}");
    assert_eq!(room.run("exit 5").await.exit, Some(5));
    room.terminal.close().await;
}

#[tokio::test]
async fn a_shell_of_another_user_or_namespace_is_typed_to() {
    let Some(room) = open("bash", "") else { return };
    for (enter, tool) in
        [("su -s /bin/sh nobody", "su"), ("unshare -r sh", "unshare"), ("sudo -n sh", "sudo")]
    {
        if program(tool).is_none() {
            continue;
        }
        if !allowed(enter).await {
            println!("skipped: `{enter}` is not allowed here");
            continue;
        }
        visit(&room, enter).await;
    }
    room.terminal.close().await;
}

/// Whether the machine lets us do it: `su` needs root, `unshare` a kernel that lets it.
async fn allowed(enter: &str) -> bool {
    let mut words = enter.split(' ');
    let mut command = std::process::Command::new(words.next().unwrap());
    command.args(words).arg("-c").arg("true").stdin(std::process::Stdio::null());
    command.output().is_ok_and(|output| output.status.success())
}

#[tokio::test]
async fn a_shell_that_became_another_one_is_unknown_from_then_on() {
    for (shell, other) in [
        ("bash", "zsh -f"),
        ("bash", "bash --norc"),
        ("zsh", "bash --norc"),
        ("fish", "sh"),
        ("dash", "bash --norc"),
        ("dash", "dash"),
    ] {
        let Some(room) = open(shell, "") else { continue };
        if program(other.split(' ').next().unwrap()).is_none() {
            continue;
        }
        let replaced = room.run(&format!("exec {other}")).await;
        assert_eq!((replaced.state, replaced.exit), (TermState::WaitsForLine, None), "{other}");
        assert_eq!(room.terminal.quality(), Quality::Basic, "{shell}, {other}");
        for command in ["false", "true", "echo x"] {
            let ran = room.run(command).await;
            assert_eq!((ran.state, ran.exit), (TermState::Done, None), "{shell}, {other}: {ran:?}");
        }
        assert_eq!(room.run("exit 5").await.state, TermState::Exited, "{shell}, {other}");
        assert_eq!(room.terminal.quality(), Quality::None);
    }
}

#[tokio::test]
async fn in_a_nested_shell_a_question_a_password_and_more_lines_are_no_end() {
    let Some(room) = open("bash", "") else { return };
    for enter in ["bash --norc", "sh"] {
        room.run(enter).await;
        let ran = room.run("printf 'Name: '; read x; echo hello $x").await;
        assert_eq!(ran.state, TermState::WaitsForLine, "{enter}: {ran:?}");
        assert!(matches!(room.try_run("true").await, Err(TermError::Busy { .. })), "{enter}");
        let ran = room.keys("bob\n", Wait::Exit).await;
        assert_eq!((ran.state, ran.exit), (TermState::Done, None), "{enter}: {ran:?}");
        assert!(ran.output.text.ends_with("hello bob"), "{enter}: {ran:?}");
        let ran = room.run("stty -echo; read x; stty echo").await;
        assert_eq!(ran.state, TermState::Password, "{enter}: {ran:?}");
        room.types("secret\n");
        room.keys("", Wait::Exit).await;
        assert_eq!(room.run("echo 'open").await.state, TermState::WaitsForLine, "{enter}");
        room.keys("<C-c>", Wait::Prompt).await;
        assert_eq!(room.run("echo next").await.output.text, "next", "{enter}: {}", room.screen());
        room.run("exit").await;
    }
    room.terminal.close().await;
}

#[tokio::test]
async fn a_timeout_in_a_nested_shell_leaves_the_command_and_its_end_is_told() {
    let Some(room) = open("bash", "") else { return };
    room.run("bash --norc").await;
    let command = "sh -c 'while [ ! -e go ]; do sleep 0.05; done; echo gone'";
    let ran = room.terminal.run(command, Duration::from_millis(600)).await.unwrap();
    assert_eq!((ran.state, ran.exit), (TermState::Running, None));
    assert!(matches!(room.try_run("true").await, Err(TermError::Busy { .. })));
    std::fs::write(room.home.path().join("go"), "").unwrap();
    let ran = room.keys("", Wait::Exit).await;
    assert_eq!((ran.state, ran.exit, ran.output.text.as_str()), (TermState::Done, None, "gone"));
    room.terminal.close().await;
}

#[tokio::test]
async fn a_program_that_is_no_shell_is_never_given_a_command() {
    let Some(room) = open("bash", "") else { return };
    let cases = [
        ("cat", "<C-d>"),
        ("read -p '$ ' x", "\n"),
        ("read -e -p '$ ' x", "\n"),
        ("python3 -q", "exit()\n"),
    ];
    for (command, leave) in cases {
        if command.starts_with("python3") && program("python3").is_none() {
            continue;
        }
        assert_eq!(room.run(command).await.state, TermState::WaitsForLine, "{command}");
        let busy = room.try_run("touch danger").await;
        assert!(matches!(busy, Err(TermError::Busy { .. })), "{command}: {busy:?}");
        room.keys(leave, Wait::Exit).await;
    }
    assert!(!room.home.path().join("danger").exists());
    room.terminal.close().await;
}

#[tokio::test]
async fn a_prompt_of_sh_that_lost_its_marks_is_unknown() {
    let Some(room) = open("dash", "") else { return };
    room.run("true").await;
    let ran = room.run("PS1='new$ '").await;
    assert_eq!((ran.state, ran.exit), (TermState::WaitsForLine, None));
    let ran = room.run("echo x; false").await;
    assert_eq!((ran.state, ran.exit, ran.output.text.as_str()), (TermState::Done, None, "x"));
    room.terminal.close().await;
}

#[tokio::test]
async fn forged_marks_complete_nothing_in_any_shell() {
    for shell in SHELLS {
        let Some(room) = open(shell, "") else { continue };
        room.run("true").await;
        let nonces =
            ["", "brisk=", "brisk=000000000000000000000000;", "brisk=x;", "brisk=@NONCE@;"];
        let mut forged = String::from("printf '");
        for nonce in nonces {
            for number in [133, 633] {
                for letter in ["D", "A", "B", "C", "E"] {
                    forged += &format!(r"\033]{number};{letter};{nonce}0\007");
                    forged += &format!(r"\033]{number};{letter};{nonce}0\033\\");
                }
            }
        }
        forged += "'";
        // In one piece, then byte by byte; the command ends only when it is let go.
        let path = room.home.path().join("forge");
        let split = "printf '\\033]1'; sleep 0.1; printf '33;D;br'; sleep 0.1; printf 'isk=;0\\007'; \
             printf '\\033]133;B\\007'";
        let wait = "while [ ! -e go ]; do sleep 0.05; done; exit 9";
        std::fs::write(&path, format!("{forged}\n{split}\necho forged\n{wait}\n")).unwrap();
        let ran = room.terminal.run("sh forge", Duration::from_millis(800)).await.unwrap();
        assert_eq!((ran.state, ran.exit), (TermState::Running, None), "{shell}: {ran:?}");
        until("all of the forged marks", || room.screen().contains("\nforged")).await;
        let ran = room.terminal.keys("", Wait::Exit, Duration::from_millis(400)).await.unwrap();
        assert_eq!((ran.state, ran.exit), (TermState::Running, None), "{shell}: {ran:?}");
        std::fs::write(room.home.path().join("go"), "").unwrap();
        let ran = room.keys("", Wait::Exit).await;
        assert_eq!((ran.state, ran.exit), (TermState::Done, Some(9)), "{shell}: {ran:?}");
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn the_nonce_of_another_terminal_completes_nothing() {
    let Some(old) = open("dash", "") else { return };
    // Only sh shows its nonce at all, to whoever looks into its prompt.
    let ran = old.run("printf '%s\\n' \"$PS1\" | tr -d '\\033\\007' >stolen").await;
    assert_eq!(ran.exit, Some(0));
    let stolen = std::fs::read_to_string(old.home.path().join("stolen")).unwrap();
    let nonce = stolen.split("brisk=").nth(1).unwrap();
    let nonce: String = nonce.chars().take_while(char::is_ascii_alphanumeric).collect();
    assert_eq!(nonce.len(), 24, "{stolen}");
    let Some(room) = open("bash", "") else { return };
    let forged =
        format!(r"printf '\e]133;D;brisk={nonce};0\a\e]133;B;brisk={nonce}\a'; sh -c 'exit 9'");
    assert_eq!(room.run(&forged).await.exit, Some(9));
    old.terminal.close().await;
    room.terminal.close().await;
}

#[tokio::test]
async fn an_interrupt_and_a_signal_have_their_codes_in_every_shell() {
    for shell in SHELLS {
        let Some(room) = open(shell, "") else { continue };
        room.run("true").await;
        let ran = room.terminal.run("sleep 60", Duration::from_millis(100)).await.unwrap();
        assert_eq!(ran.state, TermState::Running, "{shell}");
        let ran = room.keys("<C-c>", Wait::Exit).await;
        assert_eq!((ran.state, ran.exit), (TermState::Done, Some(130)), "{shell}");
        for (command, exit) in [("sh -c 'kill -KILL $$'", 137), ("sh -c 'kill -TERM $$'", 143)] {
            assert_eq!(room.run(command).await.exit, Some(exit), "{shell}: {command}");
        }
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn a_background_job_on_the_terminal_lives_on_after_the_end() {
    for shell in SHELLS {
        let Some(room) = open(shell, "") else { continue };
        let job = "while [ ! -e go ]; do echo tick; sleep 0.05; done; echo over >over";
        std::fs::write(room.home.path().join("job"), job).unwrap();
        let ran = room.run("sh job &").await;
        assert_eq!((ran.state, ran.exit), (TermState::Done, Some(0)), "{shell}");
        assert_eq!(room.run("sh -c 'exit 3'").await.exit, Some(3), "{shell}");
        assert!(!room.home.path().join("over").exists(), "{shell}: the job still lives");
        std::fs::write(room.home.path().join("go"), "").unwrap();
        until("the job's own end", || room.home.path().join("over").exists()).await;
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn after_a_timeout_closing_ends_the_whole_group() {
    for shell in SHELLS {
        let Some(room) = open(shell, "") else { continue };
        let script = "sleep 1000 & sleep 1000 & echo $$ $! >pids; wait";
        std::fs::write(room.home.path().join("group"), script).unwrap();
        let ran = room.terminal.run("sh group | cat", Duration::from_millis(50)).await.unwrap();
        assert_eq!(ran.state, TermState::Running, "{shell}");
        let pids = || std::fs::read_to_string(room.home.path().join("pids")).unwrap_or_default();
        until("the group", || pids().ends_with('\n')).await;
        let lives = |pid: &str| std::path::Path::new("/proc").join(pid).exists();
        assert!(pids().split_whitespace().all(lives), "{shell}: a timeout ends nothing");
        room.terminal.close().await;
        // Whoever adopts orphans reaps them in its own time; a zombie is no process of ours.
        let gone = |pid: &str| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z ")
        };
        until("the end of the group", || pids().split_whitespace().all(gone)).await;
        assert!(!lives(&room.terminal.pid().to_string()), "{shell}: no zombie");
    }
}

#[tokio::test]
async fn a_broken_rc_file_costs_nothing_but_itself() {
    for (shell, rc) in [
        ("bash", "if then\necho )\n"),
        ("zsh", "if then\necho )\n"),
        ("fish", "if\necho (\n"),
        ("dash", "echo 'before'\n"),
        ("bash", "seq 1 20000"),
        ("zsh", "seq 1 20000"),
        ("fish", "seq 1 20000"),
        ("dash", "seq 1 20000"),
        ("bash", "return 3"),
        ("zsh", "return 3"),
        ("dash", "return 3"),
    ] {
        let Some(room) = open(shell, rc) else { continue };
        let ran = room.run("echo x; sh -c 'exit 3'").await;
        assert_eq!((ran.output.text.as_str(), ran.exit), ("x", Some(3)), "{shell}: {rc}");
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn a_syntax_error_in_the_file_of_sh_degrades_to_unknown() {
    let Some(room) = open("dash", "if then\n") else { return };
    let ran = room.run("echo x; false").await;
    assert_eq!((ran.state, ran.output.text.as_str(), ran.exit), (TermState::Done, "x", None));
    assert_eq!(room.terminal.quality(), Quality::Basic);
    room.terminal.close().await;
}

#[tokio::test]
async fn an_rc_file_that_exits_is_told_with_its_code() {
    // fish reads on after the file, and lives.
    for shell in ["bash", "zsh", "dash"] {
        let Some(room) = open(shell, "exit 3") else { continue };
        let error = room.try_run("true").await.expect_err(shell);
        assert_eq!(error, TermError::Exited { exit: Some(3) }, "{shell}");
    }
}

#[tokio::test]
async fn an_rc_file_that_becomes_another_shell_degrades_to_unknown() {
    let Some(room) = open("bash", "exec sh") else { return };
    let ran = room.run("echo x; false").await;
    assert_eq!((ran.state, ran.output.text.as_str(), ran.exit), (TermState::Done, "x", None));
    assert_eq!(room.terminal.quality(), Quality::Basic);
    room.terminal.close().await;
}

#[tokio::test]
async fn a_slow_rc_file_delays_the_first_command_and_spoils_nothing() {
    for shell in SHELLS {
        let Some(room) = open(shell, "sleep 3; echo slow; touch read") else { continue };
        let ran = room.run("ls read; false").await;
        assert_eq!((ran.output.text.as_str(), ran.exit), ("read", Some(1)), "{shell}");
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn prompts_of_all_kinds_keep_their_marks() {
    let cases = [
        ("bash", "set -u"),
        (
            "bash",
            "set -u; set -o vi; HISTCONTROL=ignoreboth; PS1='\\[\\e[32m\\]\\w\\[\\e[0m\\]\\n❯ '",
        ),
        ("bash", "PROMPT_COMMAND='PS1=\"[$?] \"; history -a'"),
        (
            "bash",
            "starship_precmd() { PS1=$(printf '\\001\\033[1;32m\\002> \\001\\033[0m\\002'); }; PROMPT_COMMAND=starship_precmd; PS0='${X:+}'",
        ),
        ("zsh", "setopt no_unset prompt_subst; bindkey -v; RPROMPT='%T'; PS1='%~ %# '"),
        ("zsh", "precmd() { PROMPT=\"%F{green}$?%f > \"; RPROMPT=right }; preexec() { : }"),
        (
            "zsh",
            "zle-line-init() { zle reset-prompt }; zle -N zle-line-init; TRAPALRM() { zle reset-prompt }; TMOUT=1",
        ),
        (
            "zsh",
            "setopt correct_all share_history hist_verify prompt_cr prompt_sp transient_rprompt",
        ),
        ("fish", "fish_vi_key_bindings; function fish_right_prompt; date; end"),
        (
            "fish",
            "function fish_prompt; printf 'a\\nb> '; commandline -f repaint; end; function fish_greeting; end",
        ),
        ("dash", "set -u; PS1='$(echo x) ${PWD##*/} > '"),
        ("dash", "set -o vi; stty -ixon; trap 'true' INT"),
    ];
    for (shell, rc) in cases {
        let Some(room) = open(shell, rc) else { continue };
        for (command, output, exit) in [
            ("echo a", "a", 0),
            ("sh -c 'exit 4'", "", 4),
            ("true", "", 0),
            ("echo \"b  c\"; false", "b  c", 1),
        ] {
            let ran = room.run(command).await;
            let told = (ran.output.text.as_str(), ran.exit);
            assert_eq!(told, (output, Some(exit)), "{shell}: {rc}: {command}\n{}", room.screen());
        }
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn a_shell_that_exits_on_errors_outlives_our_hooks() {
    for shell in ["bash", "zsh", "dash"] {
        let Some(room) = open(shell, "set -e") else { continue };
        // Of sh the file ends with that code, which ends the shell.
        if shell != "dash" {
            assert_eq!(room.run("! true").await.exit, Some(1), "{shell}");
        }
        for command in ["true", "echo x", "cd /", "false || true", "set -u"] {
            let ran = room.run(command).await;
            assert_eq!((ran.state, ran.exit), (TermState::Done, Some(0)), "{shell}: {command}");
        }
        assert_eq!(room.run("sh -c 'exit 3'").await.state, TermState::Exited, "{shell}");
    }
}

#[tokio::test]
async fn a_line_that_fish_does_not_parse_spoils_nothing_after_it() {
    let Some(room) = open("fish", "") else { return };
    for broken in ["echo (", "end", "if true; echo x", "echo $$"] {
        let ran = room.run(broken).await;
        assert_eq!((ran.state, ran.exit), (TermState::Done, Some(127)), "{broken}: {ran:?}");
        let next = room.run("echo next; sh -c 'exit 3'").await;
        assert_eq!((next.output.text.as_str(), next.exit), ("next", Some(3)), "{broken}");
    }
    // Typed, it stays in the line; what comes next is not added to it.
    room.keys("echo (\n", Wait::Idle).await;
    assert_eq!(room.run("echo next").await.output.text, "next");
    room.terminal.close().await;
}

#[tokio::test]
async fn what_the_user_runs_in_sh_is_seen_and_its_end_told() {
    let Some(room) = open("dash", "") else { return };
    room.run("true").await;
    let ran = room.terminal.keys("sleep 60\n", Wait::Exit, Duration::from_millis(500)).await;
    assert_eq!(ran.unwrap().state, TermState::Running);
    assert!(room.terminal.busy());
    assert!(matches!(room.terminal.run("true", LONG).await, Err(TermError::Busy { .. })));
    assert_eq!(room.keys("<C-c>", Wait::Exit).await.exit, Some(130));
    assert!(!room.terminal.busy());
    room.terminal.close().await;
}
