//! Keys: how they are stored and used, and that nobody but their service ever sees them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]

mod common;
#[path = "common/screen.rs"]
mod screen;

use common::{BRISK, Place, Ran};
use portable_pty::CommandBuilder;
use screen::Screen;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const KEY: &str = "sk-canary-0123456789abcdef";
const ANSWER: &str = "key = \"sk-canary-0123456789abcdef\"\n[[reply]]\ntext = \"Hello, friend.\"\n";
const ASK: [&str; 3] = ["-p", "hello", "--no-stdin"];

/// The model's service wants a key, and no variable has it; `head` goes before all else.
fn keyless(place: &Place, head: &str) {
    let file = place.home().join("config.toml");
    let text = fs::read_to_string(&file).unwrap();
    let text = text.replace("model = \"mock\"\n", head).replace("MOCK_KEY", "UNSET_KEY");
    fs::write(file, text).unwrap();
}

fn place(script: &str) -> Place {
    let place = Place::scripted("openai-chat", script);
    keyless(&place, "model = \"mock\"\n");
    place
}

fn keys(place: &Place) -> PathBuf {
    place.home().join("state/keys/keys.toml")
}

fn log_in(place: &Place) -> Ran {
    let ran = place.run_with_stdin(&["auth", "login", "mock"], format!("{KEY}\n").as_bytes());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran
}

/// The files below a folder that hold the key, but for the one that keeps it.
fn leaks(place: &Place) -> Vec<PathBuf> {
    fn look(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                look(&entry.path(), found);
            } else if kind.is_file() {
                let bytes = fs::read(entry.path()).unwrap_or_default();
                found.extend(holds(&bytes).then(|| entry.path()));
            }
        }
    }
    let mut found = Vec::new();
    look(place.home(), &mut found);
    found.retain(|path| *path != keys(place));
    found
}

fn holds(bytes: &[u8]) -> bool {
    bytes.windows("sk-canary".len()).any(|window| window == b"sk-canary")
}

fn status(place: &Place, provider: &str) -> serde_json::Value {
    let ran = place.run(&["auth", "status", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let status: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let rows = status["providers"].as_array().unwrap();
    rows.iter().find(|row| row["provider"] == provider).unwrap().clone()
}

#[test]
fn a_key_from_stdin_is_stored_for_its_owner_alone_and_used() {
    let place = place(ANSWER);
    let ran = place.run(&ASK);
    assert_eq!(ran.code, Some(3));
    assert!(ran.stderr.contains("brisk auth login mock"), "{ran:?}");
    let ran = log_in(&place);
    assert!(ran.stderr.contains("it was not checked") && !holds(ran.stderr.as_bytes()), "{ran:?}");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&keys(&place)), 0o600);
    assert_eq!(mode(keys(&place).parent().unwrap()), 0o700);
    let ran = place.run(&ASK);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "Hello, friend.\n"), "{ran:?}");
    assert_eq!(leaks(&place), Vec::<PathBuf>::new());
}

#[test]
fn status_says_where_a_key_comes_from_and_logout_forgets_it() {
    let place = place(ANSWER);
    assert_eq!(status(&place, "mock")["source"], "none");
    assert_eq!(status(&place, "mock")["variable"], "UNSET_KEY");
    assert_eq!(status(&place, "ollama")["source"], "unneeded");
    log_in(&place);
    assert_eq!(status(&place, "mock")["source"], "stored");
    let mut command = place.brisk(&["auth", "status"]);
    let ran = common::ran(command.env("UNSET_KEY", "sk-canary-in-a-variable"));
    assert!(ran.stdout.contains("variable UNSET_KEY; a stored one is there, too"), "{ran:?}");
    assert!(!holds(ran.stdout.as_bytes()) && !holds(ran.stderr.as_bytes()), "{ran:?}");
    assert_eq!(place.run(&["auth", "logout"]).code, Some(2), "of whom?");
    let ran = place.run(&["auth", "logout", "mock"]);
    assert!(ran.code == Some(0) && ran.stderr.contains("forgotten: mock"), "{ran:?}");
    assert_eq!(status(&place, "mock")["source"], "none");
    log_in(&place);
    assert_eq!(place.run(&["auth", "logout", "--all"]).code, Some(0));
    assert!(!holds(&fs::read(keys(&place)).unwrap()));
}

#[test]
fn what_is_no_key_or_no_provider_is_a_mistake_of_usage_with_a_hint() {
    let place = place(ANSWER);
    let refused = |args: &[&str], stdin: &str, says: &str| {
        let ran = place.run_with_stdin(args, stdin.as_bytes());
        assert!(ran.code == Some(2) && ran.stderr.contains(says), "{says}: {ran:?}");
        assert!(!keys(&place).exists());
        assert!(!holds(ran.stderr.as_bytes()), "{ran:?}");
    };
    refused(&["auth", "login", "mock"], "", "no key was given");
    refused(&["auth", "login", "mock"], "", "brisk auth login mock < keyfile");
    refused(&["auth", "login", "mock"], "sk-canary two words", "this is no key");
    refused(&["auth", "login", "mokc"], KEY, "known: mock");
    refused(&["auth", "login"], KEY, "name it: brisk auth login openai < keyfile");
}

#[test]
fn keys_that_others_can_read_are_not_used() {
    let place = place(ANSWER);
    log_in(&place);
    fs::set_permissions(keys(&place), fs::Permissions::from_mode(0o644)).unwrap();
    for args in [&ASK[..], &["auth", "status"], &["auth", "logout", "--all"]] {
        let ran = place.run(args);
        assert_eq!(ran.code, Some(3), "{ran:?}");
        assert!(ran.stderr.contains("hint: chmod 600 "), "{ran:?}");
    }
}

/// Answers each request with what `reply` makes of it: a status and a JSON body.
fn serve(reply: impl Fn(&str) -> (u16, String) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            answer(stream, &reply);
        }
    });
    url
}

fn answer(mut stream: TcpStream, reply: &dyn Fn(&str) -> (u16, String)) {
    let mut request = String::new();
    let mut buffer = [0; 4096];
    let is_whole = |request: &str| {
        let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        body.len() >= length.map_or(0, |length| length.parse().unwrap())
    };
    while !is_whole(&request) {
        match stream.read(&mut buffer) {
            Ok(count @ 1..) => request.push_str(&String::from_utf8_lossy(&buffer[..count])),
            _ => return,
        }
    }
    let (status, body) = reply(&request);
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    // A client that has gone is no failure of the server's.
    let _ = stream.write_all(format!("{head}{body}").as_bytes());
}

#[test]
fn a_service_that_repeats_the_key_leaks_it_nowhere() {
    for status in [401, 400, 500] {
        let url = serve(move |request| {
            let key = request.lines().find_map(|line| line.split_once("Bearer ")).unwrap().1.trim();
            assert_eq!(key, KEY);
            let body = format!(
                "{{\"error\":{{\"message\":\"Incorrect API key provided: {key}. (key={key})\",\
                 \"code\":\"{key}\",\"type\":\"invalid {key}\"}}}}"
            );
            (status, body)
        });
        let place = Place::bare();
        place.configure("openai-chat", &format!("{url}/v1"));
        keyless(&place, "model = \"mock\"\n");
        log_in(&place);
        for output in ["text", "json", "stream-json"] {
            let ran = place.run(&["-p", "hello", "--no-stdin", "-o", output]);
            assert!(matches!(ran.code, Some(1..=4)), "{ran:?}");
            assert!(!holds(ran.stdout.as_bytes()) && !holds(ran.stderr.as_bytes()), "{ran:?}");
            if status == 401 && output == "text" {
                assert!(ran.stderr.contains("`brisk auth login mock` stored"), "{ran:?}");
            }
        }
        assert!(place.home().join("state/sessions").exists(), "there is a journal");
        assert_eq!(leaks(&place), Vec::<PathBuf>::new());
    }
}

#[test]
fn a_key_command_that_fails_shows_nothing_of_what_it_printed() {
    let place = place(ANSWER);
    let file = place.home().join("config.toml");
    let text = fs::read_to_string(&file).unwrap();
    let command = "key_command = \"printf sk-; echo canary; exit 3\"";
    fs::write(&file, text.replace("key_env = \"UNSET_KEY\"", command)).unwrap();
    let ran = place.run(&ASK);
    assert!(ran.code == Some(3) && ran.stderr.contains("key_command"), "{ran:?}");
    assert!(!holds(ran.stderr.as_bytes()) && !holds(ran.stdout.as_bytes()), "{ran:?}");
    assert_eq!(status(&place, "mock")["source"], "key_command");
}

#[test]
fn the_agent_cannot_read_the_stored_keys_in_a_draft() {
    let script = format!(
        "{}[[reply]]\ncalls = [{{ tool = \"run\", arguments = {{ command = \"cat ../state/keys/*; echo said $?\" }} }}]\n\
         [[reply]]\nexpect = [\"said 1\"]\ntext = \"It is not there.\"\n",
        ANSWER.split("[[reply]]").next().unwrap()
    );
    let place = place(&script);
    log_in(&place);
    let doctor = place.run(&["doctor", "--json"]);
    if !doctor.stdout.contains("\"way\":\"draft\"") {
        println!("skipped: no draft can be had here");
        return;
    }
    let args = ["--mode", "autopilot", "--budget", "50k", "--allow", "cat", "--tree", "draft"];
    let ran = place.run(&[&ASK[..], &args].concat());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "It is not there.\n"), "{ran:?}");
    for request in place.server().requests() {
        assert!(!request.body.to_string().contains("sk-canary"));
    }
}

fn on_terminal(place: &Place, script: &str) -> Screen {
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", script]);
    command.cwd(&place.project);
    command.env_clear();
    for (name, value) in place.env() {
        command.env(name, value);
    }
    command.env("BRISK", BRISK);
    Screen::spawn(command, 100, 30)
}

#[test]
fn a_key_that_is_typed_is_not_shown_and_the_echo_comes_back() {
    let place = place(ANSWER);
    let mut screen = on_terminal(&place, "$BRISK auth login; stty -a; echo end");
    screen.wait_for("Whose key, by number or name?");
    assert!(screen.text().contains("1  mock           none (UNSET_KEY is not set)"));
    screen.keys("1\r");
    screen.wait_for("it is not shown");
    screen.keys(&format!("{KEY}\r"));
    screen.wait_for("end");
    let text = screen.text();
    assert!(text.contains("the key of mock is stored") && text.contains(" echo "), "{text}");
    screen.wait_for_end();
    assert!(!holds(&screen.bytes()));
    assert_eq!(place.run(&ASK).code, Some(0));
}

#[test]
fn control_c_at_the_prompt_stores_nothing_and_gives_the_terminal_back() {
    let place = place(ANSWER);
    let screen = on_terminal(&place, "$BRISK auth login mock; echo code $?; stty -a; echo end");
    screen.wait_for("it is not shown");
    screen.keys("sk-canary\x03");
    screen.wait_for("end");
    let text = screen.text();
    assert!(text.contains("code 130") && text.contains(" echo "), "{text}");
    assert!(!holds(&screen.bytes()) && !keys(&place).exists());
}

/// A service that hands out a code, lets a poll wait, and then says `last`.
fn device_service(last: &'static str) -> String {
    let polls = std::sync::atomic::AtomicUsize::new(0);
    serve(move |request| {
        let body = if request.starts_with("POST /login/device/code") {
            assert!(request.contains("client_id=Ov23test"), "{request}");
            "{\"device_code\":\"d\",\"user_code\":\"WDJB-MJHT\",\"expires_in\":900,\"interval\":1,\
             \"verification_uri\":\"https://github.com/login/device\"}"
        } else if polls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            "{\"error\":\"authorization_pending\"}"
        } else {
            last
        };
        (200, body.to_owned())
    })
}

fn with_app(place: &Place, url: &str) {
    let text = format!(
        "[providers.copilot]\nclient_id = \"Ov23test\"\nhost = \"{url}\"\nbase_url = \"{url}\"\n"
    );
    fs::write(place.home().join("config.toml"), text).unwrap();
}

#[test]
fn copilot_is_logged_in_to_with_a_code() {
    let place = Place::bare();
    with_app(&place, &device_service("{\"access_token\":\"gho_sk-canary\"}"));
    let mut screen = Screen::open(&place, &["auth", "login", "copilot"], 100, 30);
    screen.wait_for("type WDJB-MJHT");
    let text = screen.text();
    assert!(text.contains("undocumented") && text.contains("terms"), "{text}");
    assert!(text.contains("open https://github.com/login/device"), "{text}");
    assert_eq!(screen.wait_for_end(), 0);
    assert!(screen.text().contains("logged in"), "{}", screen.text());
    assert_eq!(status(&place, "copilot")["source"], "stored");
    assert!(holds(&fs::read(keys(&place)).unwrap()) && !holds(&screen.bytes()));
}

#[test]
fn a_login_to_copilot_can_be_stopped_and_refused() {
    let place = Place::bare();
    with_app(&place, &device_service("{\"error\":\"authorization_pending\"}"));
    let mut screen = Screen::open(&place, &["auth", "login", "copilot"], 100, 30);
    screen.wait_for("type WDJB-MJHT");
    screen.keys("\x03");
    assert_eq!(screen.wait_for_end(), 130);
    with_app(&place, &device_service("{\"error\":\"access_denied\"}"));
    let mut screen = Screen::open(&place, &["auth", "login", "copilot"], 100, 30);
    assert_eq!(screen.wait_for_end(), 3);
    fs::remove_file(place.home().join("config.toml")).unwrap();
    let mut screen = Screen::open(&place, &["auth", "login", "copilot"], 100, 30);
    assert_eq!(screen.wait_for_end(), 3);
    let text = screen.text();
    assert!(
        text.contains("Enable Device Flow") && text.contains("BRISK_COPILOT_CLIENT_ID"),
        "{text}"
    );
    assert!(!keys(&place).exists());
}

#[test]
fn the_first_start_takes_a_pasted_key_and_goes_on() {
    let place = Place::scripted("openai-chat", ANSWER);
    keyless(&place, "");
    let mut screen = Screen::open(&place, &["hello"], 80, 24);
    screen.wait_for("How shall it begin?");
    screen.keys(&format!("\x1b[200~{KEY}\x1b[201~"));
    screen.wait_for("26 characters: perhaps a key of openai");
    screen.keys("\r");
    screen.wait_for("Whose key is it?");
    screen.keys("\x1b[A\x1b[A\x1b[A\x1b[A");
    screen.wait_for("> mock");
    screen.keys("\r");
    screen.wait_for("Hello, friend.");
    assert!(!holds(&screen.bytes()));
    screen.keys("/model\r");
    screen.wait_for("Choose a model");
    screen.wait_for("ready");
    screen.keys("\x1b");
    screen.wait_until("the list is gone", |text| !text.contains("Choose a model"));
    screen.keys("\x04");
    assert_eq!(screen.wait_for_end(), 0);
    assert_eq!(leaks(&place), Vec::<PathBuf>::new());
}

#[test]
fn the_first_start_adds_a_server_to_the_config() {
    let script = "[[reply]]\ntext = \"Hello from here.\"\n";
    let place = Place::scripted("openai-chat", script);
    let file = place.home().join("config.toml");
    let own = "# my own words\nmode = \"plan\"";
    fs::write(&file, own).unwrap();
    let screen = Screen::open(&place, &[], 40, 10);
    screen.wait_for("Use a server of yours");
    screen.keys("3");
    screen.wait_for("Where is your server");
    screen.keys(&format!("\x15{}\r", place.server().base_url()));
    screen.keys("mock\r");
    screen.wait_for("[models.mine]");
    assert_eq!(fs::read_to_string(&file).unwrap(), own, "shown before it is written");
    screen.keys("\r");
    screen.wait_for("brisk: ask for something");
    screen.keys("hello\r");
    screen.wait_for("Hello from here.");
    assert!(
        fs::read_to_string(&file).unwrap().starts_with(&format!("{own}\n\n[providers.local]\n"))
    );
}

#[test]
fn the_first_start_logs_in_to_copilot_and_goes_on_with_a_model_of_it() {
    let place = Place::bare();
    with_app(&place, &device_service("{\"access_token\":\"gho_sk-canary\"}"));
    let screen = Screen::open(&place, &[], 120, 40);
    screen.wait_for("How shall it begin?");
    screen.keys("2");
    screen.wait_for("next time: brisk -m ");
    screen.wait_for("3 Term");
    assert!(!holds(&screen.bytes()));
}

#[test]
fn the_first_start_can_be_left() {
    let place = Place::bare();
    let mut screen = Screen::open(&place, &[], 120, 40);
    screen.wait_for("How shall it begin?");
    screen.keys("q");
    assert_eq!(screen.wait_for_end(), 0);
    let mut screen = Screen::open(&place, &[], 120, 40);
    screen.wait_for("How shall it begin?");
    screen.signal("TERM");
    assert_eq!(screen.wait_for_end(), 143);
}
