//! One-shot, as a script meets it: the real binary, a scripted model over real HTTP, exit codes.

mod common;

use common::{Place, Ran, snapshot};
use std::fs;
use std::time::{Duration, Instant};

const ANSWER: &str = "[[reply]]\ntext = \"It prints hello.\"\n";

fn asked(api: &str, script: &str, args: &[&str]) -> (Place, Ran) {
    let place = Place::scripted(api, script);
    place.write("main.py", "print('hello')\n");
    let ran = place.run(args);
    (place, ran)
}

#[test]
fn the_answer_is_on_stdout_and_everything_else_on_stderr() {
    for api in ["openai-chat", "anthropic", "gemini"] {
        let (_place, ran) = asked(api, ANSWER, &["-p", "what does main.py do?"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "It prints hello.\n"), "{ran:?}");
        assert!(ran.stderr.contains("new (up "), "{ran:?}");
    }
}

#[test]
fn exec_and_p_are_the_same() {
    let (_place, ran) = asked("openai-chat", ANSWER, &["exec", "what does main.py do?"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "It prints hello.\n"), "{ran:?}");
}

#[test]
fn a_prompt_of_a_dash_is_read_from_stdin() {
    let script = format!("{ANSWER}expect = [\"from a pipe\"]\n");
    let place = Place::scripted("openai-chat", &script);
    let ran = place.run_with_stdin(&["-p", "-"], b"from a pipe");
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn a_pipe_is_added_to_the_prompt() {
    let script = format!("{ANSWER}expect = [\"explain this\", \"line of a log\"]\n");
    let place = Place::scripted("openai-chat", &script);
    let ran = place.run_with_stdin(&["-p", "explain this"], b"line of a log\n");
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn a_silent_pipe_does_not_hang() {
    let place = Place::scripted("openai-chat", ANSWER);
    let begun = Instant::now();
    let mut command = place.brisk(&["-p", "hello"]);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let silent = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(silent);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.contains("silent for 3 s"), "{stderr}");
    assert!(begun.elapsed() < Duration::from_secs(30));
}

const EDIT: &str = r#"
[[reply]]
calls = [{ tool = "read", arguments = { path = "main.py" } }]
[[reply]]
expect = ["print('hello')"]
calls = [{ tool = "edit", arguments = { path = "main.py", old = "hello", new = "goodbye" } }]
[[reply]]
expect = ["main.py +1 -1"]
text = "It says goodbye now."
"#;

#[test]
fn the_tree_is_not_touched_unless_asked_to() {
    let (place, ran) = asked("openai-chat", EDIT, &["-p", "say goodbye"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(place.read("main.py"), "print('hello')\n");
    assert!(ran.stderr.contains("brisk apply 2"), "the patch is kept, and said: {ran:?}");
}

#[test]
fn the_patch_is_one_that_git_takes() {
    let place = Place::scripted("anthropic", EDIT);
    place.write("main.py", "print('hello')\n");
    place.commit();
    let ran = place.run(&["-p", "say goodbye", "--patch-out", "out.patch", "-q"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    assert!(place.git(&["apply", "out.patch"]).status().unwrap().success());
    assert_eq!(place.read("main.py"), "print('goodbye')\n");
}

#[test]
fn apply_all_writes_the_tree() {
    let (place, ran) = asked("openai-chat", EDIT, &["-p", "say goodbye", "--apply", "all"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(place.read("main.py"), "print('goodbye')\n");
}

const WRITES: &str = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "touch made" } }]
[[reply]]
text = "Done."
"#;

#[test]
fn an_ask_is_a_denial_and_the_exit_code_says_so() {
    let (place, ran) = asked("openai-chat", WRITES, &["-p", "make a file"]);
    assert_eq!(ran.code, Some(5), "{ran:?}");
    assert!(ran.stderr.contains("denied    run touch made"), "{ran:?}");
    let told = serde_json::to_string(&place.server().requests()[1].body).unwrap();
    assert!(told.contains("nobody can say yes"), "{told}");
}

#[test]
fn an_allowed_command_runs_and_a_denied_one_never_does() {
    let allowed = ["-p", "make a file", "--allow", "touch", "--apply", "all"];
    let (place, ran) = asked("openai-chat", WRITES, &allowed);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(place.project.join("made").exists());
    let both = ["-p", "make a file", "--allow", "touch", "--deny", "touch", "--apply", "all"];
    let (place, ran) = asked("openai-chat", WRITES, &both);
    assert!(!place.project.join("made").exists(), "{ran:?}");
}

#[test]
fn plan_mode_changes_nothing() {
    let script = EDIT.replace("expect = [\"main.py +1 -1\"]\n", "expect = [\"refused\"]\n");
    let (place, ran) =
        asked("openai-chat", &script, &["-p", "say goodbye", "--mode", "plan", "--apply", "all"]);
    assert_eq!(place.read("main.py"), "print('hello')\n", "{ran:?}");
}

#[test]
fn the_json_object_has_the_names_of_the_contract() {
    let (_place, ran) = asked("openai-chat", EDIT, &["-p", "say goodbye", "-o", "json", "-q"]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).expect(&ran.stdout);
    let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let names =
        ["status", "reason", "message", "patch", "session", "usage", "models", "steps", "gates"];
    assert_eq!(keys, names);
    assert_eq!(json["status"], "done");
    assert_eq!(json["steps"], 3);
    assert!(json["patch"].as_str().unwrap().contains("+print('goodbye')"));
    let usage: Vec<_> = json["usage"].as_object().unwrap().keys().map(String::as_str).collect();
    let names = ["input", "cached", "cache_write", "output", "reasoning", "cost", "estimated"];
    assert_eq!(usage, names);
    assert!(json["usage"]["cost"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_run_that_never_began_is_an_object_too() {
    let ran = Place::bare().run(&["-p", "hello", "-o", "json", "--no-stdin"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&json["status"], &json["reason"]),
        (&"config".into(), &"no model is configured".into())
    );
    assert!(ran.stderr.contains("hint:"), "{ran:?}");
}

#[test]
fn the_json_stream_is_the_journal() {
    let args = ["-p", "say goodbye", "-o", "stream-json", "-q"];
    let (place, ran) = asked("openai-chat", EDIT, &args);
    let mut last = 0;
    for line in ran.stdout.lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect(line);
        assert_eq!(event["v"], 1);
        assert!(event["at"].is_u64() && event["session"].is_string());
        match event["seq"].as_u64().unwrap() {
            0 => {}
            seq => {
                assert_eq!(seq, last + 1, "no gap among the durable events");
                last = seq;
            }
        }
    }
    assert!(last > 10);
    let sessions = fs::read_dir(place.home().join("state/sessions")).unwrap();
    let folder = sessions.into_iter().next().unwrap().unwrap().path();
    let journal = brisk::session::read_journal(&folder.join("journal.jsonl")).unwrap();
    assert_eq!(journal.torn_bytes, 0);
    assert!(journal.events.len() as u64 >= last);
}

#[test]
fn a_budget_stops_before_the_request_that_would_break_it() {
    let script = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "seq 1 1500" } }]
[[reply]]
expect = ["budget"]
text = "Counted; not summed."
"#;
    let args = ["-p", "count", "--budget", "2k", "-o", "json"];
    let (place, ran) = asked("openai-chat", script, &args);
    assert_eq!(ran.code, Some(6), "{ran:?} {:?}", place.server().mismatch());
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["status"], "budget");
    let usage = &json["usage"];
    let spent = ["input", "cache_write", "output"].map(|name| usage[name].as_u64().unwrap());
    assert!(spent.iter().sum::<u64>() <= 2_000, "{usage}");
    assert_eq!(json["message"], "Counted; not summed.");
    assert_eq!(place.server().requests().len(), 2, "the last words, and nothing else");
}

#[test]
fn steps_are_limited() {
    let script = "[[reply]]\nrepeat = true\ncalls = [{ tool = \"run\", arguments = { command = \"true\" } }]\n";
    let args = ["-p", "go on", "--max-steps", "3", "-o", "json"];
    let (place, ran) = asked("openai-chat", script, &args);
    assert_eq!(ran.code, Some(6), "{ran:?}");
    assert!(place.server().requests().len() <= 4, "three steps and the last words");
}

#[test]
fn the_last_words_know_the_plan_of_the_turn() {
    let script = r#"
[[reply]]
calls = [{ tool = "tell", arguments = { kind = "plan", text = "[x] look around\n[ ] mend the lock" } }]
[[reply]]
expect = ["[x] look around\n[ ] mend the lock"]
text = "The lock is left."
"#;
    let (place, ran) = asked("openai-chat", script, &["-p", "mend it", "--max-steps", "1"]);
    assert_eq!(place.server().mismatch(), None);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(6), "The lock is left.\n"), "{ran:?}");
}

#[test]
fn time_is_limited() {
    let script = "[[reply]]\nfault = \"stall\"\n";
    let (_place, ran) = asked("openai-chat", script, &["-p", "hello", "--max-time", "1s"]);
    assert_eq!(ran.code, Some(124), "{ran:?}");
}

#[test]
fn an_infeasible_task_ends_with_its_evidence() {
    let script = r#"
[[reply]]
calls = [{ tool = "tell", arguments = { kind = "infeasible", text = "there is no network", evidence = "no route" } }]
"#;
    let (_place, ran) = asked("openai-chat", script, &["-p", "download it"]);
    assert_eq!(ran.code, Some(7), "{ran:?}");
    assert!(ran.stderr.contains("no route"), "{ran:?}");
}

/// Trouble of every kind: a sentence, a hint, the right exit code.
#[test]
fn trouble_is_said_with_a_hint_and_the_right_exit_code() {
    let mut transcripts = String::new();
    let mut add = |name: &str, text: String| {
        transcripts.push_str(&format!("# {name}\n{}\n\n", text.trim_end()));
    };
    let ask = ["-p", "hello", "--no-stdin"];

    add("nothing is configured", Place::bare().transcript(&ask));

    let place = Place::scripted("openai-chat", &format!("key = \"right\"\n{ANSWER}"));
    add("a wrong key", place.transcript(&ask));

    let place = Place::scripted("anthropic", &format!("models = [\"other\"]\n{ANSWER}"));
    add("a model that the service does not know", place.transcript(&ask));

    let place = Place::scripted("openai-chat", ANSWER);
    add("a model that the config does not know", place.transcript(&["-p", "hello", "-m", "mokc"]));

    let place = Place::bare();
    place.configure("openai-chat", "http://127.0.0.1:9/v1");
    add("a server that is down", place.transcript(&ask));

    let place = Place::scripted("openai-chat", "[[reply]]\nfault = \"html\"\nrepeat = true\n");
    add("a reply that is no JSON", place.transcript(&ask));

    let place = Place::bare();
    fs::write(place.home().join("config.toml"), "[budget]\nturns = \"20k\"\n").unwrap();
    add("an unknown key", place.transcript(&ask));

    let place = Place::scripted("openai-chat", ANSWER);
    add("a bad budget", place.transcript(&["-p", "hello", "--budget", "lots"]));
    add("a flag without effect", place.transcript(&["--patch-out", "x", "hello"]));
    add("autopilot without a budget", place.transcript(&["-p", "x", "--mode", "autopilot"]));
    add("no terminal", place.transcript(&["hello"]));
    add("no such folder", place.transcript(&["-C", "nowhere", "-p", "hello"]));
    add("a shell that does not exist", place.transcript(&["-p", "x", "-c", "shell=/no/shell"]));
    add("an empty prompt", place.transcript(&["-p", " ", "--no-stdin"]));
    snapshot("cli__trouble", &transcripts);
}

#[test]
fn bad_arguments_and_bad_files_are_answers_to_the_model() {
    let script = r#"
[[reply]]
calls = [
  { tool = "run", arguments_raw = "{\"command\": " },
  { tool = "run", arguments = {} },
  { tool = "fly", arguments = {} },
  { tool = "edit", arguments = { path = "missing.py", old = "a", new = "b" } },
  { tool = "edit", arguments = { path = "../outside.py", new = "b" } },
  { tool = "edit", arguments = { path = "link.py", old = "secret", new = "b" } },
  { tool = "edit", arguments = { path = "image.bin", old = "a", new = "b" } },
  { tool = "edit", arguments = { path = "main.py", old = "helo", new = "b" } },
  { tool = "edit", arguments = { path = "locked.py", old = "x", new = "b" } },
  { tool = "read", arguments = { path = "missing.py" } },
]
[[reply]]
text = "None of that worked."
"#;
    let place = Place::scripted("openai-chat", script);
    place.write("main.py", "print('hello')\n");
    place.write("image.bin", b"a\0b");
    place.write("locked.py", "x\n");
    let outside = place.home().join("secret.py");
    fs::write(&outside, "secret\n").unwrap();
    std::os::unix::fs::symlink(&outside, place.project.join("link.py")).unwrap();
    let mut locked = fs::metadata(place.project.join("locked.py")).unwrap().permissions();
    locked.set_readonly(true);
    fs::set_permissions(place.project.join("locked.py"), locked).unwrap();
    let ran = place.run(&["-p", "break things", "--apply", "all"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(fs::read_to_string(outside).unwrap(), "secret\n");
    let requests = place.server().requests();
    let results = requests[1].body["messages"].as_array().unwrap().iter();
    let results = results.filter(|message| message["role"] == "tool");
    let told: Vec<_> = results.map(|message| message["content"].as_str().unwrap()).collect();
    snapshot("agent__bad_calls", &place.masked(&told.join("\n---\n")));
}

#[test]
fn the_key_is_in_no_file_and_on_no_screen() {
    let script = r#"
[[reply]]
calls = [{ tool = "run", arguments = { command = "env" } }]
[[reply]]
text = "Looked."
"#;
    let (place, ran) =
        asked("openai-chat", script, &["-p", "look", "--allow", "env", "-o", "stream-json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!ran.stdout.contains("sk-canary") && !ran.stderr.contains("sk-canary"));
    for request in place.server().requests() {
        assert!(!request.body.to_string().contains("sk-canary"));
    }
    let mut grep = std::process::Command::new("grep");
    let found = common::ran(grep.args(["-r", "sk-canary"]).arg(place.home()));
    assert_eq!(found.stdout, "");
}

#[test]
fn an_empty_folder_and_a_closed_stdin_are_fine() {
    let place = Place::scripted("anthropic", ANSWER);
    let ran = common::ran(
        std::process::Command::new("sh")
            .args(["-c", "exec \"$0\" -p hello <&-", common::BRISK])
            .current_dir(&place.project)
            .env_clear()
            .envs(place.env()),
    );
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "It prints hello.\n"), "{ran:?}");
}

#[test]
fn a_signal_ends_the_run_with_its_own_code() {
    let place = Place::scripted("openai-chat", "[[reply]]\nfault = \"stall\"\nrepeat = true\n");
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut child = place.brisk(&["-p", "hello", "--no-stdin", "-q"]).spawn().unwrap();
        let before = place.server().requests().len();
        while place.server().requests().len() == before {
            std::thread::yield_now();
        }
        let pid = child.id().to_string();
        std::process::Command::new("kill").args(["-s", signal, &pid]).status().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
    }
}

#[test]
fn the_nearest_rules_file_is_part_of_what_the_model_is_told() {
    let script = r#"
[[reply]]
expect = ["Rules of this project, from AGENTS.md", "Use tabs."]
expect_not = ["Ignore me."]
text = "Tabs it is."
"#;
    let place = Place::scripted("anthropic", script);
    place.write("AGENTS.md", "Use tabs.\n");
    place.write("CLAUDE.md", "Ignore me.\n");
    let ran = place.run(&["-p", "tabs or spaces?"]);
    assert_eq!(ran.code, Some(0), "{ran:?} {:?}", place.server().mismatch());
}

fn gated(test: &str, args: &[&str]) -> (Place, Ran) {
    let place = Place::scripted("openai-chat", EDIT);
    place.write("main.py", "print('hello')\n");
    let path = place.home().join("config.toml");
    let config = fs::read_to_string(&path).expect("the place has a config");
    let gates = format!("{config}\n[gates]\nfind = false\ntest = \"{test}\"\n");
    fs::write(path, gates).expect("the config can be written");
    let ran = place.run(&[&["-p", "say goodbye"], args].concat());
    (place, ran)
}

#[test]
fn what_is_green_is_applied_and_what_is_red_is_exit_code_8() {
    // The gate sees the draft, not the tree.
    let (place, ran) = gated("grep -q goodbye main.py", &["--apply", "gated"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(place.read("main.py").contains("goodbye"), "{ran:?}");
    assert!(ran.stderr.contains("grep -q goodbye main.py"), "what runs is said: {ran:?}");
    let (place, ran) = gated("grep -q hello main.py", &["--apply", "gated"]);
    assert_eq!(ran.code, Some(8), "{ran:?}");
    assert!(place.read("main.py").contains("hello"), "{ran:?}");
    let (place, ran) = gated("false", &["--gates", "require"]);
    assert_eq!(ran.code, Some(8), "{ran:?}");
    assert!(place.read("main.py").contains("hello"), "{ran:?}");
    let (place, ran) = gated("false", &["--gates", "require", "--apply", "all"]);
    assert_eq!(ran.code, Some(8), "{ran:?}");
    assert!(place.read("main.py").contains("hello"), "what is required and red stops it: {ran:?}");
    let (place, ran) = gated("false", &["--gates", "on", "--apply", "all"]);
    assert_eq!(ran.code, Some(0), "a red gate that is not required: {ran:?}");
    assert!(place.read("main.py").contains("goodbye"), "{ran:?}");
}

#[test]
fn a_guarded_change_is_not_applied_without_a_human() {
    let script = EDIT.replace("main.py", "requirements.txt").replace("print('hello')", "left==1");
    let script = script.replace("\"hello\"", "\"==1\"").replace("\"goodbye\"", "\"==2\"");
    let place = Place::scripted("openai-chat", &script);
    place.write("requirements.txt", "left==1\n");
    let ran = place.run(&["-p", "say goodbye", "--apply", "all"]);
    assert_eq!(ran.code, Some(5), "{ran:?}");
    assert_eq!(place.read("requirements.txt"), "left==1\n");
    assert!(ran.stderr.contains("dependencies"), "{ran:?}");
}

#[test]
fn a_tree_that_is_chosen_is_had_or_said_to_be_missing() {
    let (place, ran) =
        asked("openai-chat", EDIT, &["-p", "x", "--tree", "in-place", "--mode", "auto-edit"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(place.read("main.py").contains("goodbye"), "in place, auto-edit writes");
    let script = EDIT.replace("main.py +1 -1", "nobody can say yes");
    let (place, ran) = asked("openai-chat", &script, &["-p", "x", "--tree", "in-place"]);
    assert_eq!(ran.code, Some(5), "nobody can say yes: {ran:?}");
    assert!(place.read("main.py").contains("hello"));
}
