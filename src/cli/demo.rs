//! `brisk demo`: a small real crate with a failing test, in a temporary folder, and a script that
//! plays the model. Everything else is the real thing: the loop, the terminal, the tests, the edit.

use super::args::{Place, RunArgs};
use super::exit::{Exit, Trouble};
use super::landing::{self, Wants};
use super::oneshot::{Answers, Watch};
use super::progress::Progress;
use super::report::Report;
use super::{interactive, output, setup};
use crate::protocol::{Api, End, ModelSpec, Op, Service, TreeKind};
use crate::scripted::{Script, Server};
use crate::session;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::{Command, Stdio};

const FILES: [(&str, &str); 4] = [
    ("Cargo.toml", include_str!("demo/files/Cargo.toml.txt")),
    ("README.md", include_str!("demo/files/README.md.txt")),
    ("src/lib.rs", include_str!("demo/files/lib.rs.txt")),
    ("tests/spans.rs", include_str!("demo/files/spans.rs.txt")),
];
const SCRIPT: &str = include_str!("demo/script.toml");
const PROMPT: &str = "Two tests fail. Find out why, fix it with the smallest change, and prove it.";
const SAYS: &str = "A script plays the model in this demo. The loop, the terminal, the tests and \
                    the edit are real.";

pub(super) fn run(args: &RunArgs) -> Result<Exit, Trouble> {
    args.check(Place::Demo)?;
    let folder = tempfile::Builder::new()
        .prefix("brisk-demo-")
        .tempdir()
        .map_err(|error| Trouble::new(Exit::Failed, format!("no temporary folder: {error}")))?;
    let root = folder.path().join("spans");
    unpack(&root)
        .map_err(|error| Trouble::new(Exit::Failed, format!("{}: {error}", root.display())))?;
    let on_screen = io::stdout().is_terminal() && io::stdin().is_terminal();
    let config = setup::config(args)?;
    setup::runtime()?.block_on(async {
        let script = Script::parse(SCRIPT).expect("a test parses the demo's script");
        let server = Server::start(script).await.map_err(|error| {
            Trouble::new(Exit::Failed, format!("no server on loopback: {error}"))
        })?;
        let (model, service) = model(&server);
        let mut options = setup::options_with(args, &config, TreeKind::InPlace, model, service)?;
        options.folder = root.clone();
        options.ephemeral = true;
        options.attended = on_screen;
        let session = session::start(options).await?;
        if on_screen {
            let notice = "demo: a script plays the model; all else is real".to_owned();
            return interactive::show(session, &config, Some(PROMPT.to_owned()), Some(notice))
                .await;
        }
        watch(session, args, &root).await
    })
}

/// Without a screen: one-shot, saying what it accepts, and 0 only if the tests pass.
async fn watch(session: session::Session, args: &RunArgs, root: &Path) -> Result<Exit, Trouble> {
    output::progress(SAYS);
    output::progress(&format!("folder    {}", root.display()));
    output::progress(&format!("prompt    {PROMPT}"));
    let mut done = Watch::new(args, Answers::Accept).follow(session, PROMPT.to_owned()).await?;
    let mut exit = done.signal.unwrap_or_else(|| Exit::of_end(&done.end));
    let progress = Progress::new(false);
    if exit == Exit::Done {
        let (session, state) = (&mut done.session, &mut done.state);
        progress.say("accepted  all of it, into the demo's own folder");
        exit = landing::land(session, state, Wants::ALL, exit, &progress).await.unwrap_or(exit);
    }
    let report =
        Report { state: &done.state, end: &done.end, exit, denied: &done.denied, patch: &[] };
    output::line(report.message())?;
    progress.end(&report);
    done.session.handle.send(Op::Shutdown).await;
    // A task that panicked has nothing to add: the tests below decide.
    let _ = done.session.ended.await;
    if done.end != End::Done {
        return Ok(if exit == Exit::Done { Exit::Failed } else { exit });
    }
    prove(root)
}

/// The proof does not take the agent's word: the tests run once more, outside the session.
fn prove(root: &Path) -> Result<Exit, Trouble> {
    let run = Command::new("cargo")
        .args(["test", "--quiet", "--offline"])
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            Trouble::new(Exit::Failed, format!("cargo cannot be run: {error}"))
                .with_hint("the demo's repository is a Rust crate: install Rust")
        })?;
    if run.status.success() {
        output::progress("proof     cargo test passes");
        return Ok(Exit::Done);
    }
    output::progress("proof     cargo test fails");
    output::progress(&crate::text::clean(&String::from_utf8_lossy(&run.stderr)));
    Ok(Exit::Failed)
}

fn model(server: &Server) -> (ModelSpec, Service) {
    let service = Service {
        name: "script".to_owned(),
        api: Api::OpenaiChat,
        base_url: server.base_url(),
        key: None,
        key_source: None,
    };
    let model = ModelSpec::plain("script", "script", &service.name, 128_000, 16_000);
    (model, service)
}

/// Writes the crate, and makes it a repository where git is to be had.
fn unpack(root: &Path) -> io::Result<()> {
    for (path, text) in FILES {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap_or(root))?;
        fs::write(path, text)?;
    }
    fs::write(root.join(".gitignore"), "/target\nCargo.lock\n")?;
    let git = |args: &[&str]| {
        let identity = ["-c", "user.name=brisk demo", "-c", "user.email=demo@localhost"];
        let plain = ["-c", "commit.gpgSign=false", "-c", "core.hooksPath=/dev/null"];
        let mut command = Command::new("git");
        command.args(identity).args(plain).args(args).current_dir(root);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()
    };
    // Without git the demo runs in a plain folder.
    let _ = git(&["init", "-q", "-b", "main"])
        .and_then(|_| git(&["add", "."]))
        .and_then(|_| git(&["commit", "-q", "-m", "spans: read and write time spans"]));
    Ok(())
}
