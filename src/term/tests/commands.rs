//! Commands of the agent: exit codes, output, folders, delivery.

use super::*;
use crate::protocol::TermState;

const SHELLS: [&str; 4] = ["bash", "zsh", "fish", "dash"];

#[tokio::test]
async fn exit_codes_are_right_in_every_shell() {
    for shell in SHELLS {
        let Some(room) = open(shell) else { continue };
        let cases = [
            ("true", 0),
            ("false", 1),
            ("sh -c 'exit 42'", 42),
            ("no-such-program-here", 127),
            ("sh -c 'kill -INT $$'", 130),
            ("sh -c 'kill -KILL $$'", 137),
            ("true | sh -c 'exit 3'", 3),
        ];
        for (command, exit) in cases {
            let ran = room.run(command).await;
            assert_eq!((ran.state, ran.exit), (TermState::Done, Some(exit)), "{shell}: {command}");
        }
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn output_is_the_commands_and_nothing_else() {
    for shell in SHELLS {
        let Some(room) = open(shell) else { continue };
        assert_eq!(room.run("echo hello").await.output.text, "hello", "{shell}");
        assert_eq!(room.run("true").await.output.text, "", "{shell}");
        assert_eq!(room.run("printf no-newline").await.output.text, "no-newline", "{shell}");
        assert_eq!(room.run("printf '\\tx\\n'").await.output.text, "\tx", "{shell}");
        assert!(room.screen().contains("echo hello"), "{shell}: {}", room.screen());
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn several_lines_quotes_and_history_signs_arrive_as_they_are() {
    for shell in SHELLS {
        let Some(room) = open(shell) else { continue };
        let ran =
            room.run("echo 'one!two' \"a!b\"\n# a note\necho \"three  ü漢 \\$x\"\nfalse").await;
        assert_eq!(ran.output.text, "one!two a!b\nthree  ü漢 $x", "{shell}");
        assert_eq!(ran.exit, Some(1), "{shell}");
        assert_eq!(room.run("cat <<'E' 2>/dev/null || true\nx\nE\n").await.state, TermState::Done);
        let body = "for i in 1 2; do\n\techo $i\ndone";
        let fish = "for i in 1 2\n\techo $i\nend";
        let ran = room.run(if shell == "fish" { fish } else { body }).await;
        assert_eq!(ran.output.text, "1\n2", "{shell}");
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn what_the_user_had_half_typed_does_not_run() {
    for shell in SHELLS {
        let Some(room) = open(shell) else { continue };
        room.run("true").await;
        room.keys("touch danger; ", Wait::Idle).await;
        assert_eq!(room.run("echo safe").await.output.text, "safe", "{shell}");
        assert!(!room.home.path().join("danger").exists(), "{shell}");
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn control_bytes_and_empty_commands_are_refused() {
    let Some(room) = open("bash") else { return };
    for command in ["echo \u{15}x", "\u{1b}[201~", "a\rb", "\u{7f}"] {
        let refused = room.terminal.run(command, LONG).await;
        assert!(matches!(refused, Err(TermError::ControlByte { .. })), "{command:?}");
    }
    assert!(matches!(room.terminal.run(" \n", LONG).await, Err(TermError::Empty)));
    room.terminal.close().await;
}

#[tokio::test]
async fn a_changed_folder_is_told_once() {
    for shell in SHELLS {
        let Some(room) = open(shell) else { continue };
        let folder = room.home.path().join("ä b%c");
        std::fs::create_dir(&folder).expect("the home is writable");
        assert_eq!(room.run("true").await.folder, None, "{shell}");
        assert_eq!(room.run("cd 'ä b%c'").await.folder, Some(folder), "{shell}");
        assert_eq!(room.run("pwd").await.folder, None, "{shell}");
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn a_forged_mark_completes_nothing() {
    let Some(room) = open("bash") else { return };
    let forge = r"printf '\e]133;D;0\a\e]133;A\a\e]133;B\a\e]633;D;0\a\e]133;D;brisk=x;0\a\e]133;B;brisk=x\a'";
    let ran = room.run(&format!("{forge}; printf '\\e]7;file:///forged\\a'; sh -c 'exit 9'")).await;
    assert_eq!((ran.exit, ran.folder), (Some(9), None));
    let ran = room.run(&format!("env; {forge}")).await;
    assert!(
        !ran.output.text.contains("brisk") && !ran.output.text.contains("TMUX"),
        "{}",
        ran.output.text
    );
    room.terminal.close().await;
}

#[tokio::test]
async fn syntax_errors_end_with_their_message() {
    for shell in SHELLS {
        let Some(room) = open(shell) else { continue };
        let broken = if shell == "fish" { "echo (" } else { "echo )" };
        let ran = room.terminal.run(broken, LONG).await;
        let ran = ran.unwrap_or_else(|error| panic!("{shell}: {error}"));
        assert_eq!(ran.state, TermState::Done, "{shell}");
        assert!(ran.exit.is_some_and(|exit| exit != 0), "{shell}: {ran:?}");
        assert!(!ran.output.text.is_empty() && ran.output.lines < 6, "{shell}: {ran:?}");
        assert!(!ran.output.text.starts_with("echo"), "{shell}: {ran:?}");
        assert!(!ran.output.text.contains("brisk"), "{shell}: {ran:?}");
        assert_eq!(room.run("echo next").await.output.text, "next", "{shell}");
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn an_unfinished_command_is_an_error_and_leaves_the_prompt() {
    for shell in ["bash", "zsh"] {
        let Some(room) = open(shell) else { continue };
        let error = room.terminal.run("echo 'open", LONG).await.expect_err("it is unfinished");
        assert_eq!(error, TermError::Unfinished, "{shell}");
        assert_eq!(room.run("echo next").await.output.text, "next", "{shell}");
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn a_command_line_that_the_user_has_begun_is_left_alone() {
    for shell in ["bash", "zsh"] {
        let Some(room) = open(shell) else { continue };
        room.run("true").await;
        room.keys("if true\n", Wait::Idle).await;
        let busy = room.terminal.run("true", LONG).await;
        assert!(matches!(busy, Err(TermError::Busy { .. })), "{shell}: {busy:?}");
        room.keys("<C-c>", Wait::Idle).await;
        assert_eq!(room.run("echo next").await.output.text, "next", "{shell}");
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn a_shell_without_integration_has_unknown_exit_codes() {
    // A name that says nothing, and shells that read ENV but expand prompts in their own ways.
    for (name, shell) in [("plain", "dash"), ("sh", "bash"), ("sh", "zsh")] {
        let Some(room) = open_as(name, shell) else { continue };
        for command in ["true", "false", "sleep 0.2; false", "cd /"] {
            let ran = room.run(command).await;
            assert_eq!((ran.state, ran.exit), (TermState::Done, None), "{shell}: {command}");
        }
        assert_eq!(room.run("echo hello").await.output.text, "hello", "{shell}");
        assert_eq!(room.run("echo a\necho b").await.output.text, "a\nb", "{shell}");
        let error =
            room.terminal.run("sleep 30", Duration::from_millis(50)).await.expect("it starts");
        assert_eq!(error.state, TermState::Running, "{shell}");
        assert!(room.terminal.busy(), "{shell}");
        assert_eq!(room.keys("<C-c>", Wait::Exit).await.state, TermState::Done, "{shell}");
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn long_output_is_head_tail_counts_and_a_file() {
    let Some(room) = open("bash") else { return };
    let output = room.run("seq 1 200000").await.output;
    assert_eq!(output.lines, 200_000);
    assert!(output.text.starts_with("1\n2\n3\n") && output.text.ends_with("\n199999\n200000"));
    let whole =
        std::fs::read_to_string(output.file.expect("there is a file")).expect("it can be read");
    assert_eq!(whole.lines().count(), 200_000);
    assert_eq!(room.run("echo short").await.output.text, "short");
    room.terminal.close().await;
}

#[tokio::test]
async fn progress_bars_collapse() {
    let Some(room) = open("bash") else { return };
    let bar = r#"for i in 1 50 100; do printf '\r%3d%% [%-90s]' $i "$(printf '#%.0s' $(seq 1 $((i*9/10))))"; done; echo"#;
    let output = room.run("printf 'a\\rb\\n'; printf 'x\\ny\\n\\e[2Az\\e[K\\n\\e[B'").await.output;
    assert_eq!(output.text, "b\nz\ny");
    // Wider than the pane, so each one leaves a wrapped row behind, as on the screen.
    assert!(room.run(bar).await.output.text.contains("100% ["));
    room.terminal.close().await;
}

#[tokio::test]
async fn a_background_job_does_not_delay_the_end() {
    for shell in SHELLS {
        let Some(room) = open(shell) else { continue };
        let ran = room.run("sleep 30 &").await;
        assert_eq!((ran.state, ran.exit), (TermState::Done, Some(0)), "{shell}");
        assert!(ran.duration < Duration::from_secs(5), "{shell}");
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn the_users_own_commands_do_not_confuse() {
    for shell in SHELLS {
        let Some(room) = open(shell) else { continue };
        room.run("true").await;
        room.types("echo mine; false\n");
        until("the user's output", || room.screen().contains("\nmine")).await;
        room.terminal.hand_back();
        let ran = room.run("echo theirs").await;
        assert_eq!((ran.output.text.as_str(), ran.exit), ("theirs", Some(0)), "{shell}");
        let typed = room.keys("echo keys; false\n", Wait::Prompt).await;
        assert_eq!((typed.output.text.as_str(), typed.exit), ("keys", Some(1)), "{shell}");
        assert_eq!(typed.state, TermState::Done, "{shell}");
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn a_prompt_that_is_made_anew_each_time_keeps_its_marks() {
    let rc = "__mine() { PS1=\"$? > \"; PS0=; }\nPROMPT_COMMAND=__mine\n";
    let Some(room) = open_with("bash", rc) else { return };
    assert_eq!(room.run("false").await.exit, Some(1));
    assert_eq!(room.run("echo a\necho b").await.output.text, "a\nb");
    assert!(room.screen().contains("1 > "), "{}", room.screen());
    room.terminal.close().await;
}

#[tokio::test]
async fn odd_bash_settings_change_nothing() {
    let settings = [
        "set -o vi",
        "set -u",
        "set -o posix",
        "PROMPT_COMMAND=(true false)",
        "PROMPT_COMMAND='false;'",
        "trap true DEBUG",
        "shopt -u promptvars",
        "set +H; PS1='\\u \\w\\n$ '; PS0=' '",
        "stty -ixon; bind 'set enable-bracketed-paste off'",
    ];
    for setting in settings {
        let Some(room) = open_with("bash", setting) else { return };
        let ran = room.run("echo 'a!b'\nsh -c 'exit 4'").await;
        assert_eq!((ran.exit, ran.output.text.trim()), (Some(4), "a!b"), "{setting}");
        assert_eq!(room.run("true").await.exit, Some(0), "{setting}");
        room.terminal.close().await;
    }
}

#[tokio::test]
async fn no_program_inherits_the_nonce() {
    for shell in SHELLS {
        let Some(shell_path) = program(shell) else { continue };
        let home = tempfile::tempdir().expect("a temporary folder can be made");
        let exports = "set -a; export PS1='mine> ' PS2='more> '\n";
        std::fs::write(home.path().join(".bashrc"), exports).expect("the home is writable");
        std::fs::write(home.path().join(".zshrc"), exports).expect("the home is writable");
        let mut launch = launch(shell_path, home.path());
        launch.env.push(("PS1".into(), "outer> ".into()));
        let terminal = Terminal::open(&launch, SIZE, |_| {}).expect("it starts");
        for command in ["true", "env"] {
            let ran = terminal.run(command, LONG).await.expect("it runs");
            assert!(!ran.output.text.contains("brisk="), "{shell}: {}", ran.output.text);
            assert_eq!(ran.exit, Some(0), "{shell}");
        }
        let nested = terminal.run("bash --norc", LONG).await.expect("it runs");
        assert_eq!(nested.state, TermState::WaitsForLine, "{shell}: {nested:?}");
        terminal.close().await;
    }
}

#[tokio::test]
async fn redirecting_the_shell_itself_does_not_lose_the_end() {
    let Some(room) = open("bash") else { return };
    assert_eq!(room.run("exec >log").await.exit, Some(0));
    assert_eq!(room.run("echo logged; false").await.exit, Some(1));
    assert_eq!(room.run("unset PROMPT_COMMAND").await.state, TermState::Done);
    assert_eq!(room.run("true").await.state, TermState::Done);
    room.terminal.close().await;
}

#[tokio::test]
async fn the_shells_own_end_is_told() {
    for shell in SHELLS {
        let Some(room) = open(shell) else { continue };
        let ran = room.run("exit 7").await;
        assert_eq!((ran.state, ran.exit), (TermState::Exited, Some(7)), "{shell}");
        assert_eq!(room.terminal.ended(), Some(Some(7)), "{shell}");
        let error = room.terminal.run("true", LONG).await.expect_err("it has ended");
        assert_eq!(error, TermError::Exited { exit: Some(7) }, "{shell}");
    }
}

#[test]
fn what_cannot_start_says_so() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let error =
        |launch: &Launch| Terminal::open(launch, SIZE, |_| {}).err().expect("it cannot start");
    let shell = launch("/no/such/shell".into(), home.path());
    assert_eq!(error(&shell), TermError::ShellMissing { shell: "/no/such/shell".into() });
    let bare = launch("no-such-shell".into(), home.path());
    assert!(matches!(error(&bare), TermError::Start { .. }));
    let mut folder = launch("/bin/sh".into(), home.path());
    folder.folder = "/no/such/folder".into();
    assert_eq!(error(&folder), TermError::FolderMissing { folder: "/no/such/folder".into() });
}

#[tokio::test]
async fn the_rc_files_are_gone_once_read_and_the_folder_with_the_terminal() {
    let Some(room) = open("bash") else { return };
    room.run("true").await;
    let scratch = room.home.path().join("scratch");
    let left = |folder: &Path| std::fs::read_dir(folder).map_or(0, Iterator::count);
    let folder = std::fs::read_dir(&scratch).expect("it exists").next();
    let folder = folder.expect("one is there").expect("it can be read").path();
    assert_eq!(left(&folder), 0);
    room.terminal.close().await;
    drop(room.terminal);
    until("the shell's folder is removed", || left(&scratch) == 0).await;
}

#[tokio::test]
async fn other_shells_inside_the_shell_degrade_to_unknown() {
    let Some(room) = open("bash") else { return };
    // A nested shell is a program that waits for lines; it is typed to.
    let nested = room.run("sh").await;
    assert_eq!((nested.state, nested.exit), (TermState::WaitsForLine, None));
    let typed = room.keys("echo in; false\n", Wait::Prompt).await;
    assert_eq!((typed.state, typed.exit), (TermState::WaitsForLine, None));
    assert!(typed.output.text.contains("\nin"), "{typed:?}");
    assert_eq!(room.keys("exit 5\n", Wait::Exit).await.exit, Some(5));
    let replaced = room.run("exec bash --norc").await;
    assert_eq!((replaced.state, replaced.exit), (TermState::WaitsForLine, None));
    let typed = room.keys("true\n", Wait::Prompt).await;
    assert_eq!((typed.state, typed.exit), (TermState::WaitsForLine, None));
    room.terminal.close().await;
}

#[tokio::test]
async fn a_prefix_comes_before_the_shell() {
    let (Some(shell), Some(prefix)) = (program("bash"), program("env")) else { return };
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let mut launch = launch(shell, home.path());
    launch.prefix = vec![prefix.into(), "INSIDE=yes".into()];
    let terminal = Terminal::open(&launch, SIZE, |_| {}).expect("it starts");
    let ran = terminal.run("echo $INSIDE", LONG).await.expect("it runs");
    assert_eq!((ran.output.text.as_str(), ran.exit), ("yes", Some(0)));
    terminal.close().await;
}

#[tokio::test]
#[ignore = "a measurement, for a quiet machine: cargo test --lib term:: -- --ignored --nocapture"]
async fn how_long_it_takes() {
    for shell in SHELLS {
        let begin = Instant::now();
        let Some(room) = open(shell) else { continue };
        room.run("true").await;
        let first = begin.elapsed();
        let mut times: Vec<Duration> = Vec::new();
        for _ in 0..200 {
            let begin = Instant::now();
            room.run("true").await;
            times.push(begin.elapsed());
        }
        times.sort_unstable();
        println!(
            "{shell}: open and first {first:?}, then p50 {:?}, p99 {:?}",
            times[100], times[198]
        );
        room.terminal.close().await;
    }
    let Some(room) = open("bash") else { return };
    let ran = room.run("head -c 200000000 /dev/zero | tr '\\0' x | fold -w 70").await;
    println!("200 MB: {:?}, {} lines", ran.duration, ran.output.lines);
    room.terminal.close().await;
}

#[tokio::test]
async fn busybox_tells_as_much_as_dash() {
    let Some(room) = open_as("sh", "busybox") else { return };
    for (command, exit) in [("true", 0), ("sh -c 'exit 42'", 42), ("no-such-program-here", 127)] {
        let ran = room.run(command).await;
        assert_eq!((ran.state, ran.exit), (TermState::Done, Some(exit)), "{command}");
    }
    let ran = room.run("echo 'a\\b'\necho \"it's $?\"; false").await;
    assert_eq!((ran.output.text.as_str(), ran.exit), ("a\\b\nit's 0", Some(1)));
    assert!(room.screen().contains("echo 'a\\b'\necho \"it's"), "{}", room.screen());
    assert!(!room.screen().contains("brisk"), "{}", room.screen());
    room.terminal.close().await;
}

#[tokio::test]
async fn sh_shows_the_command_in_place_of_what_was_typed() {
    let Some(room) = open("dash") else { return };
    // From the first row to the last, where each newline scrolls; also where the line wraps.
    for columns in [80, 12] {
        room.terminal.resize(Size { columns, rows: 8 });
        for round in 0..12 {
            let command = format!("echo {round}");
            assert_eq!(room.run(&command).await.output.text, round.to_string());
            let screen = room.screen();
            assert!(screen.contains(&format!(" {command}\n{round}\n")), "{columns}: {screen}");
            assert!(!screen.contains("brisk"), "{columns}: {screen}");
        }
    }
    room.terminal.close().await;
}

#[tokio::test]
async fn sh_reads_its_users_own_file_and_hands_ours_to_nobody() {
    let Some(shell) = program("dash") else { return };
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::write(home.path().join("own"), "OWN=yes; PS1='mine> '; set -a -u\n")
        .expect("the home is writable");
    let mut launch = launch(shell, home.path());
    launch.env.push(("ENV".into(), "$HOME/own".into()));
    launch.env.push(("PS1".into(), "outer> ".into()));
    let room = start(&launch, home);
    assert_eq!(room.run("echo $OWN $ENV").await.output.text, "yes $HOME/own");
    assert!(room.screen().contains("mine> echo"), "{}", room.screen());
    let env = room.run("NEW=1; env; set -- a b").await;
    assert!(!env.output.text.contains("brisk=") && env.output.text.contains("NEW=1"), "{env:?}");
    let ran = room.run("false").await;
    assert_eq!(ran.exit, Some(1));
    assert_eq!(room.run("echo $? $2").await.output.text, "1 b");
    assert_eq!(room.run("exec 2>log >log").await.exit, None);
    room.terminal.close().await;
}

#[tokio::test]
async fn a_shell_in_sh_prints_none_of_our_marks() {
    let Some(room) = open("dash") else { return };
    let nested = room.run("sh").await;
    assert_eq!((nested.state, nested.exit), (TermState::WaitsForLine, None));
    let typed = room.keys("set; false\n", Wait::Prompt).await;
    assert_eq!((typed.state, typed.exit), (TermState::WaitsForLine, None));
    assert!(!typed.output.text.contains("brisk"), "{typed:?}");
    assert_eq!(room.keys("exit 5\n", Wait::Exit).await.exit, Some(5));
    assert_eq!(room.run("false").await.exit, Some(1));
    room.terminal.close().await;
}

#[tokio::test]
async fn sh_survives_its_own_strict_settings() {
    let Some(room) = open("dash") else { return };
    room.run("false").await;
    for setting in ["set -e", "set -u", "set -f", "IFS=xbs", "unset PWD; cd ."] {
        let ran = room.run(setting).await;
        assert_eq!((ran.state, ran.exit), (TermState::Done, Some(0)), "{setting}");
        assert_eq!(room.run("sh -c 'exit 0'").await.exit, Some(0), "{setting}");
    }
    assert_eq!(room.run("sh -c 'exit 3' || true").await.exit, Some(0));
    room.terminal.close().await;
}

#[tokio::test]
async fn a_folder_that_was_made_anew_is_entered_by_its_name() {
    for shell in SHELLS {
        let Some(room) = open(shell) else { continue };
        let folder = room.terminal.folder().join("place");
        let name = folder.display().to_string();
        std::fs::create_dir(&folder).unwrap();
        std::fs::create_dir(folder.with_extension("first")).unwrap();
        room.run(&format!("cd {name}.first; cd {name}")).await;
        let renew = |mark: &str| {
            std::fs::remove_dir_all(&folder).unwrap();
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join(mark), "").unwrap();
        };
        renew("new");
        assert_eq!(room.run("ls").await.output.text, "new", "{shell}: the agent's command");
        let ran = room.run("cd - >/dev/null; pwd; cd - >/dev/null").await;
        assert_eq!(ran.output.text, format!("{name}.first"), "{shell}: the folder before");
        if shell != "dash" {
            renew("newer");
            room.terminal.reenter();
            room.types("ls > ../seen; echo > ../done\n");
            until("the user's command ends", || folder.with_file_name("done").exists()).await;
            let seen = std::fs::read_to_string(folder.with_file_name("seen")).unwrap();
            assert_eq!(seen, "newer\n", "{shell}: what the user typed");
        }
        room.terminal.close().await;
    }
}
