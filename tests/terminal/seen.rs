//! Exactly what the model reads of real programs in the shared terminal, and what it costs: the tool
//! results as they stand in the requests that a scripted model received.

use crate::common::{Place, snapshot};
use crate::stage;
use brisk::protocol::{Answer, AskEvent, Body, Mode, Op, Size, TurnEvent};
use brisk::scripted::count_tokens;
use brisk::session::{self, Session};
use std::time::Duration;

const SIZE: Size = Size { columns: 80, rows: 24 };
/// Of one scenario on a loaded machine.
const LONG: Duration = Duration::from_secs(240);
const ATTEMPTS: usize = 3;

/// One call of the model's.
enum Step {
    Run(&'static str),
    /// What is typed, and what is waited for.
    Keys(&'static str, &'static str),
}
use Step::{Keys, Run};

/// What the model read of each step.
struct Seen {
    place: Place,
    texts: Vec<String>,
}

impl Seen {
    /// Compares with the snapshot, and says what each step costs: tokens, and tokens of the bytes that
    /// the same command sends to a terminal, where those can be had.
    fn snapshot(&self, name: &str, steps: &[Step]) {
        for (step, text) in steps.iter().zip(&self.texts) {
            let (what, raw) = match step {
                Run(command) => (*command, self.raw(command)),
                Keys(keys, _) => (*keys, None),
            };
            let naive = raw.map_or("-".to_owned(), |raw| {
                format!("{} of {} bytes", count_tokens(&String::from_utf8_lossy(&raw)), raw.len())
            });
            let what: String = what.chars().take(50).collect();
            println!("{name:<10} {:>6} tokens, naive {naive:<26} {what}", count_tokens(text));
        }
        let texts: Vec<String> = self.texts.iter().map(|text| masked(&self.place, text)).collect();
        snapshot(&format!("seen__{name}"), &texts.join("\n----\n"));
    }

    /// What `script` records of a command that asks nothing.
    fn raw(&self, command: &str) -> Option<Vec<u8>> {
        const FLOOD: usize = 4_000_000;
        if self.place.server().left() > 0 || command.contains("read ") {
            return None;
        }
        let mut process = std::process::Command::new("timeout");
        process.args(["5", "script", "-qec", command, "/dev/null"]).env_clear();
        process.envs(self.place.env()).current_dir(&self.place.project);
        let mut raw = process.stdin(std::process::Stdio::null()).output().ok()?.stdout;
        raw.truncate(FLOOD);
        Some(raw)
    }
}

/// Paths and times of this run taken out.
fn masked(place: &Place, text: &str) -> String {
    let text = place.masked(text);
    let (head, body) = text.split_once('\n').unwrap_or((&text, ""));
    let parts: Vec<&str> = head
        .split(", ")
        .map(|part| {
            let seconds = part.strip_suffix(" s").is_some_and(|time| time.parse::<f32>().is_ok());
            if seconds { "N s" } else { part }
        })
        .collect();
    let newline = if text.contains('\n') { "\n" } else { "" };
    format!("{}{newline}{body}", parts.join(", "))
}

fn missing(programs: &[&str]) -> bool {
    #[expect(clippy::disallowed_methods, reason = "tests look where programs are")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        |name: &&&str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let gone: Vec<_> = programs.iter().filter(|name| !found(name)).collect();
    if !gone.is_empty() {
        println!("skipped: {gone:?} is not installed");
    }
    !gone.is_empty()
}

fn script(steps: &[Step]) -> String {
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let mut script = String::new();
    for step in steps {
        let call = match step {
            Run(command) => {
                format!("tool = \"run\", arguments = {{ command = {} }}", quoted(command))
            }
            Keys(keys, wait) => format!(
                "tool = \"keys\", arguments = {{ keys = {}, wait = {}, timeout = 60 }}",
                quoted(keys),
                quoted(wait)
            ),
        };
        script += &format!("[[reply]]\ncalls = [{{ {call} }}]\n");
    }
    script + "[[reply]]\ntext = \"Seen.\"\n"
}

/// Nobody is there to type a password.
async fn open(place: &Place) -> Session {
    let options = stage::options(place, Mode::Autopilot, 10_000_000);
    let options = session::Options { size: SIZE, attended: false, ..options };
    session::start(options).await.unwrap()
}

/// Plays the steps in a project with these files. A program that answers too late to be seen waiting,
/// on a loaded machine, gets another chance.
fn seen(files: &[(&str, &str)], steps: &[Step]) -> Seen {
    let play = || {
        let place = Place::scripted("openai-chat", &script(steps));
        for (path, text) in files {
            place.write(path, text);
        }
        seen_in(place, steps)
    };
    let in_time = |seen: &Seen| !seen.texts.iter().any(|text| text.starts_with("still running"));
    (1..ATTEMPTS).map(|_| play()).find(in_time).unwrap_or_else(play)
}

fn seen_in(place: Place, steps: &[Step]) -> Seen {
    place.runtime().block_on(async {
        let mut session = open(&place).await;
        session.handle.send(Op::Prompt { text: "look".to_owned() }).await;
        let ended = async {
            while let Some(event) = session.events.next().await {
                match event.body {
                    Body::Ask(AskEvent::Opened(ask)) => {
                        let answer = Op::Answer { ask: ask.id, answer: Answer::Yes };
                        session.handle.send(answer).await;
                    }
                    Body::Turn(TurnEvent::Ended { .. }) => return,
                    _ => {}
                }
            }
        };
        tokio::time::timeout(LONG, ended).await.expect("the turn ends");
        session.handle.send(Op::Shutdown).await;
        while session.events.next().await.is_some() {}
        session.ended.await.unwrap();
    });
    let requests = place.server().requests();
    let last = &requests.last().unwrap().body["messages"];
    let results = last.as_array().unwrap().iter().filter(|message| message["role"] == "tool");
    let texts: Vec<_> =
        results.map(|message| message["content"].as_str().unwrap().to_owned()).collect();
    assert_eq!(texts.len(), steps.len(), "{texts:#?}");
    Seen { place, texts }
}

fn check(name: &str, files: &[(&str, &str)], steps: &[Step]) {
    seen(files, steps).snapshot(name, steps);
}

/// What apt does: the last row is kept out of the scrolling, and holds the bar.
const APT: &str = r#"rows=24
printf '\n\0337\033[0;%dr\0338\033[1A' $((rows - 1))
for i in $(seq 20); do
  printf '\0337\033[%d;0f\033[42m\033[30mProgress: [%3d%%]\033[49m\033[39m [%-20.*s] \0338' $rows $((i * 5)) $i '####################'
  echo "Unpacking package-$i (1.0-$i) ..."
  echo "Setting up package-$i (1.0-$i) ..."
  [ $i = "$1" ] && read x
done
printf '\0337\033[0;%dr\033[%d;0f\033[K\0338' $rows $rows
echo "Processing triggers for libc-bin (2.36-9) ..."
"#;

#[test]
fn a_bar_below_a_scrolling_region_is_shown_while_it_lasts_and_then_gone() {
    let steps = [Run("sh apt.sh"), Run("sh apt.sh 3"), Keys("<Enter>", "exit")];
    check("apt", &[("apt.sh", APT)], &steps);
}

const BARS: &str = r#"for i in $(seq 0 2 100); do printf '\rDownloading model.bin %3d%%' $i; done; echo
printf 'layer-a: 0%%\nlayer-b: 0%%\nlayer-c: 0%%\n'
for i in $(seq 5 5 100); do
  printf '\033[3A\033[2Klayer-a: %d%%\n\033[2Klayer-b: %d%%\n\033[2Klayer-c: %d%%\n' $i $((i * 9 / 10)) $((i / 2))
done
echo ready
"#;

#[test]
fn bars_that_redraw_a_row_or_several_are_their_last_state() {
    check("bars", &[("bars.sh", BARS)], &[Run("sh bars.sh")]);
}

#[test]
fn a_build_is_its_messages_without_the_bar() {
    if missing(&["cargo"]) {
        return;
    }
    let package = |name: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n")
    };
    let (leaf, app) =
        (package("leaf"), package("app") + "[dependencies]\nleaf = { path = \"leaf\" }\n");
    let files = [
        ("Cargo.toml", app.as_str()),
        ("src/main.rs", "fn main() { println!(\"{}\", leaf::two()); }\n"),
        ("leaf/Cargo.toml", &leaf),
        ("leaf/src/lib.rs", "pub fn two() -> u8 { 2 }\n"),
    ];
    check("cargo", &files, &[Run("cargo build --offline"), Run("cargo run --offline")]);
}

fn numbers() -> String {
    (1..=500).map(|number| format!("row number {number}\n")).collect()
}

#[test]
fn a_pager_is_its_screen_and_then_what_is_new_of_it() {
    if missing(&["less"]) {
        return;
    }
    let steps = [
        Run("echo before; less numbers"),
        Keys("/250<Enter>", "row number 250"),
        Keys("", "idle"),
        Keys("=", "idle"),
        Keys("q", "exit"),
    ];
    check("less", &[("numbers", &numbers())], &steps);
}

#[test]
fn git_shows_its_log_without_a_pager() {
    if missing(&["git", "less"]) {
        return;
    }
    let setup = "git init -q -b main && for i in $(seq 40); do git -c user.name=t -c user.email=t@t \
                 commit -q --allow-empty -m \"change $i\"; done";
    check("git_log", &[], &[Run(setup), Run("git log --format=%s")]);
}

#[test]
fn an_editor_shows_its_screen_once_and_then_the_rows_that_changed() {
    if missing(&["vim"]) {
        return;
    }
    let steps = [
        Run("vim -u NONE --cmd 'set shortmess+=F' numbers"),
        Keys("A, the first<Esc>", "idle"),
        Keys("5G3x10G3x11G3x", "idle"),
        Keys("", "idle"),
        Keys(":q!<Enter>", "exit"),
    ];
    check("vim", &[("numbers", &numbers())], &steps);
}

#[test]
fn an_interpreter_answers_line_by_line() {
    if missing(&["python3"]) {
        return;
    }
    let steps = [
        Run("PYTHON_BASIC_REPL=1 python3 -q"),
        Keys("for n in range(3):<Enter>    print(n)<Enter><Enter>", "idle"),
        Keys("1/0<Enter>", "idle"),
        Keys("exit()<Enter>", "exit"),
    ];
    check("python", &[], &steps);
}

#[test]
fn a_debugger_answers_line_by_line() {
    if missing(&["gdb", "gcc"]) {
        return;
    }
    let source =
        "int twice(int n) {\n  return 2 * n;\n}\nint main(void) {\n  return twice(21);\n}\n";
    let steps = [
        Run("gcc -g -O0 -o a a.c && gdb -q -nx ./a"),
        Keys("break twice<Enter>", "idle"),
        Keys("run<Enter>", "* n;"),
        Keys("print n<Enter>", "idle"),
        Keys("kill<Enter>y<Enter>quit<Enter>", "exit"),
    ];
    let seen = seen(&[("a.c", source)], &steps);
    let texts: Vec<_> = seen.texts.iter().map(String::as_str).collect();
    // What it says of libraries and processes differs from machine to machine.
    assert_eq!(texts[0], "running, waits for input\nReading symbols from ./a...\n(gdb)");
    assert!(texts[1].contains("file a.c, line 2.\n(gdb)"), "{texts:?}");
    assert!(texts[2].contains("twice (n=21) at a.c:2\n2\t  return 2 * n;"), "{texts:?}");
    assert!(texts[3].ends_with("print n\n$1 = 21\n(gdb)"), "{texts:?}");
    assert!(texts[4].starts_with("exit 0\n"), "{texts:?}");
}

#[test]
fn a_program_that_waits_says_so_and_a_secret_is_the_users() {
    let steps = [
        Run("read -p 'Overwrite? [y/n] ' x; echo \"got $x\""),
        Keys("y<Enter>", "idle"),
        Run("cat"),
        Keys("one<Enter>", "idle"),
        Keys("<C-d>", "exit"),
        Run("read -s -p 'Password: ' x; echo; echo ${#x}"),
        Keys("<C-c>", "exit"),
        Keys("", "idle"),
    ];
    check("questions", &[], &steps);
}

#[test]
fn an_end_is_told_with_what_is_known_of_it() {
    let steps = [
        Run("sh -c 'kill -SEGV $$'"),
        Run("sh -c 'kill -KILL $$'"),
        Run("sh -c 'exit 139'"),
        Run("nosuchcommand"),
        Run("false"),
        Run("cd /"),
    ];
    check("ends", &[], &steps);
}

#[test]
fn equal_lines_are_counted() {
    let steps = [
        Run("yes | head -100000"),
        Run("for i in $(seq 5000); do echo 'still waiting for the lock'; done; echo done"),
        Run("echo a; for i in $(seq 40); do echo; done; echo b"),
        Run("for i in 1 2 3; do echo warning: old; done"),
    ];
    check("repeats", &[], &steps);
}

#[test]
fn colours_links_titles_and_odd_bytes_leave_plain_text() {
    let odd = "printf '\\033]2;title\\007\\033[1;31mred\\033[0m \\033]8;;https://example.org/\\033\\\\link\\033]8;;\\033\\\\\\tTab\\0NUL 漢字 e\u{301} no newline'";
    check("odd", &[], &[Run(odd), Run("ls --color=always -d /")]);
}

#[test]
fn what_is_no_text_is_counted_and_kept_in_a_file() {
    let mut random = fastrand::Rng::with_seed(1);
    // Without what would set a title or switch the screen.
    let bytes: Vec<u8> = (0..100_000).map(|_| random.u8(..)).filter(|byte| *byte != 0x1b).collect();
    let steps = [Run("head -c 100000 garbage"), Run("head -c 3000 garbage; false")];
    let place = Place::scripted("openai-chat", &script(&steps));
    place.write("garbage", &bytes);
    seen_in(place, &steps).snapshot("binary", &steps);
}

#[test]
fn a_flood_is_its_beginning_its_end_and_a_file() {
    check("flood", &[], &[Run("seq -f '%0100.0f' 500000")]);
}

#[test]
#[ignore = "it takes minutes: cargo test --release --test terminal -- --ignored gigabyte"]
fn a_gigabyte_is_its_beginning_its_end_and_a_file_that_does_not_claim_to_be_whole() {
    let seen = seen(&[], &[Run("seq -f '%0100.0f' 10000000")]);
    let text = &seen.texts[0];
    assert!(text.contains(", the first 64 MiB and the last lines in "), "{text}");
    assert!(text.contains(" of 10,000,000 lines left out …\n"), "{text}");
    assert!(count_tokens(text) < 6_000, "{}", count_tokens(text));
}
