use super::*;
use crate::protocol::{GateSource, GateWhen, Severity};
use serde_json::json;
use std::cell::RefCell;
use std::fs;
use std::future::pending;
use std::path::Path;

struct Stage {
    folder: tempfile::TempDir,
    place: Place,
}

impl Stage {
    fn new() -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap().join("project");
        fs::create_dir(&root).unwrap();
        let path = "/usr/local/bin:/usr/bin:/bin".into();
        let place = Place {
            folder: root.clone(),
            reach: root,
            prefix: Vec::new(),
            env: vec![("PATH".into(), path)],
            outputs: folder.path().join("outputs"),
        };
        Stage { folder, place }
    }

    fn root(&self) -> &Path {
        &self.place.folder
    }

    async fn run(&self, gates: &[Gate]) -> Vec<GateVerdict> {
        run(gates, &self.place, pending(), |_| {}).await
    }

    async fn one(&self, kind: GateKind, command: &str) -> GateVerdict {
        self.run(&[gate(kind, command)]).await.remove(0)
    }
}

fn gate(kind: GateKind, command: &str) -> Gate {
    Gate {
        name: format!("{kind:?}").to_lowercase(),
        kind,
        command: command.to_owned(),
        folder: String::new(),
        script: None,
        when: GateWhen::Turn,
        // A run that is broken is to fail, not to hang.
        timeout_seconds: 120,
        source: GateSource::Config,
        sarif: None,
    }
}

/// Returns once the condition holds.
async fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn pids(file: &Path) -> Vec<i32> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// Runs no more: gone, or waiting to be reaped by whoever is its parent now.
fn is_over(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_none_or(|rest| rest.is_empty() || rest.starts_with(['Z', 'X']))
}

/// Leaves processes in its group, in a session of their own, and adopted by others; writes their ids.
const LITTER: &str = "sleep 1000 & echo $! >> pids
    setsid sh -c 'echo $$ >> pids; sleep 1000' &
    (setsid sh -c '(sleep 1000 & echo $! >> pids) & wait' &)
    while [ $(wc -l < pids) -lt 3 ]; do sleep 0.01; done; touch littered; ";

#[tokio::test]
async fn a_gate_passes_by_its_exit_code_and_fails_with_its_reasons() {
    let stage = Stage::new();
    let passed = stage.one(GateKind::Test, "echo 'test result: ok. 41 passed; 0 failed'").await;
    assert_eq!((&passed.state, passed.summary.as_deref()), (&GateState::Passed, Some("41/41")));
    assert!(passed.lines.is_empty() && passed.diagnostics.is_empty());
    let output = fs::read_to_string(passed.output.unwrap()).unwrap();
    assert_eq!(output, "test result: ok. 41 passed; 0 failed\n");
    let failed = stage
        .one(GateKind::Types, "echo 'a.c:3:1: warning: odd'; echo 'a.c:4:1: error: no' >&2; exit 3")
        .await;
    assert_eq!(failed.state, GateState::Failed { exit: Some(3) });
    assert_eq!(failed.lines, ["a.c:4:1: no"]);
    assert_eq!(failed.summary.as_deref(), Some("1 error, 1 warning"));
    assert_eq!(failed.diagnostics.len(), 2);
    let killed = stage.one(GateKind::Test, "kill -SEGV $$").await;
    assert_eq!(killed.state, GateState::Failed { exit: None });
    assert_eq!(killed.lines, ["ended by signal 11"]);
    let odd =
        stage.one(GateKind::Test, "echo 'a.c:4:1: error: no'; echo 'b.c:1:1: warning: w'").await;
    let severities: Vec<_> = odd.diagnostics.iter().map(|said| said.severity).collect();
    assert_eq!((odd.state, severities), (GateState::Passed, vec![Severity::Warning]));
}

#[tokio::test]
async fn what_is_missing_is_said() {
    let mut stage = Stage::new();
    let missing = stage.one(GateKind::Lint, "no-such-linter --strict").await;
    assert_eq!(missing.state, GateState::Failed { exit: Some(127) });
    assert!(missing.lines[0].contains("no-such-linter"), "{missing:?}");
    let mut elsewhere = gate(GateKind::Lint, "true");
    elsewhere.folder = "gone".to_owned();
    let elsewhere = stage.run(&[elsewhere]).await.remove(0);
    assert_eq!(elsewhere.state, GateState::Failed { exit: Some(126) });
    stage.place.prefix = vec!["/no/such/entry".into()];
    let walled = stage.one(GateKind::Lint, "true").await;
    assert_eq!(walled.state, GateState::Failed { exit: None });
    assert!(walled.lines[0].contains("/no/such/entry cannot be started"), "{walled:?}");
}

#[tokio::test]
async fn a_gate_runs_in_its_folder_behind_the_prefix_with_no_other_environment() {
    let mut stage = Stage::new();
    stage.place.prefix = vec!["/usr/bin/env".into(), "ENTERED=yes".into()];
    stage.place.env.push(("FORCE_COLOR".into(), "1".into()));
    fs::create_dir(stage.root().join("it's")).unwrap();
    let command = "cat; pwd; echo \"$ENTERED $NO_COLOR $TERM $FORCE_COLOR $HOME.\" > said";
    let mut inner = gate(GateKind::Lint, command);
    inner.folder = "it's".to_owned();
    let verdict = stage.run(&[inner]).await.remove(0);
    assert_eq!(verdict.state, GateState::Passed, "{verdict:?}");
    let said = fs::read_to_string(stage.root().join("it's/said")).unwrap();
    assert_eq!(said, "yes 1 dumb  .\n");
}

#[tokio::test]
async fn the_cheap_ones_run_first_and_only_those_beside_each_other() {
    let stage = Stage::new();
    let meet = |own: &str, other: &str| {
        format!("touch {own}; while [ ! -e {other} ]; do sleep 0.01; done; echo {own} >> order")
    };
    let alone =
        |name: &str| format!("mkdir lock && echo {name} >> order && sleep 0.05; rmdir lock");
    let gates = [
        gate(GateKind::Test, &alone("test")),
        gate(GateKind::Format, &meet("format", "lint")),
        gate(GateKind::Types, &alone("types")),
        gate(GateKind::Lint, &meet("lint", "format")),
        gate(GateKind::Scan, &alone("scan")),
    ];
    let seen = RefCell::new(Vec::new());
    let verdicts = run(&gates, &stage.place, pending(), |verdicts| {
        let running = |verdict: &&GateVerdict| verdict.state == GateState::Running;
        let names = verdicts.iter().filter(running).map(|verdict| verdict.gate.clone());
        seen.borrow_mut().push(names.collect::<Vec<_>>());
    })
    .await;
    assert!(verdicts.iter().all(|verdict| verdict.state == GateState::Passed), "{verdicts:#?}");
    let names: Vec<_> = verdicts.iter().map(|verdict| verdict.gate.as_str()).collect();
    assert_eq!(names, ["test", "format", "types", "lint", "scan"]);
    let order = fs::read_to_string(stage.root().join("order")).unwrap();
    assert!(order.ends_with("types\ntest\nscan\n"), "{order}");
    let seen = seen.into_inner();
    assert!(seen[0].is_empty() && seen[1] == ["format", "lint"], "{seen:?}");
    assert!(seen[2..].iter().all(|names| names.len() <= 1), "{seen:?}");
}

#[tokio::test]
async fn a_cancelled_gate_is_killed_with_all_that_it_started() {
    let stage = Stage::new();
    let gates =
        [gate(GateKind::Test, &format!("{LITTER} sleep 1000")), gate(GateKind::Scan, "true")];
    let littered = stage.root().join("littered");
    let verdicts = run(&gates, &stage.place, until(|| littered.exists()), |_| {}).await;
    assert!(verdicts.iter().all(|verdict| verdict.state == GateState::Cancelled), "{verdicts:?}");
    let pids = pids(&stage.root().join("pids"));
    assert_eq!(pids.len(), 3);
    until(|| pids.iter().all(|pid| is_over(*pid))).await;
}

#[tokio::test]
async fn dropping_the_run_kills_as_cancelling_does() {
    let stage = Stage::new();
    let gates = [gate(GateKind::Test, &format!("{LITTER} sleep 1000"))];
    let littered = stage.root().join("littered");
    tokio::select! {
        _ = run(&gates, &stage.place, pending(), |_| {}) => panic!("it does not end"),
        () = until(|| littered.exists()) => {}
    }
    let pids = pids(&stage.root().join("pids"));
    until(|| pids.iter().all(|pid| is_over(*pid))).await;
}

#[tokio::test]
async fn a_gate_that_leaves_processes_behind_ends_without_them() {
    let stage = Stage::new();
    let verdict = stage.one(GateKind::Test, &format!("{LITTER} echo done")).await;
    assert_eq!(verdict.state, GateState::Passed);
    assert_eq!(fs::read_to_string(verdict.output.unwrap()).unwrap(), "done\n");
    let pids = pids(&stage.root().join("pids"));
    assert_eq!(pids.len(), 3);
    until(|| pids.iter().all(|pid| is_over(*pid))).await;
}

#[tokio::test]
async fn a_gate_that_takes_too_long_is_ended() {
    let stage = Stage::new();
    let mut slow = gate(GateKind::Test, &format!("echo 'error: it begins'; {LITTER} sleep 1000"));
    slow.timeout_seconds = 1;
    let verdict = stage.run(&[slow]).await.remove(0);
    assert_eq!(verdict.state, GateState::TimedOut);
    assert_eq!(verdict.lines, ["it did not end within 1 s", "error: it begins"]);
    let pids = pids(&stage.root().join("pids"));
    until(|| pids.iter().all(|pid| is_over(*pid))).await;
}

#[tokio::test]
async fn a_flood_is_read_to_its_end_and_little_of_it_is_kept() {
    let stage = Stage::new();
    let flood = "yes 'some words that say nothing' | head -c 4000000; echo; echo 'x failed: at the end'; exit 1";
    let verdict = stage.one(GateKind::Test, flood).await;
    assert_eq!(verdict.lines, ["x failed: at the end"]);
    assert_eq!(fs::metadata(verdict.output.unwrap()).unwrap().len(), 4_000_022);
}

const SARIF: &str = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "scan"}},
    "results": [{"ruleId": "r", "level": "LEVEL", "message": {"text": "No."}, "locations":
    [{"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 4}}}]}]}]}"#;

#[tokio::test]
async fn a_scan_fails_by_its_errors_even_if_its_command_does_not() {
    let stage = Stage::new();
    for (level, code, state) in [
        ("error", 0, GateState::Failed { exit: Some(0) }),
        ("warning", 0, GateState::Passed),
        ("warning", 1, GateState::Failed { exit: Some(1) }),
    ] {
        fs::write(stage.root().join("out"), SARIF.replace("LEVEL", level)).unwrap();
        let verdict = stage.one(GateKind::Scan, &format!("cat out; exit {code}")).await;
        assert_eq!(verdict.state, state, "{level} {code}");
        assert_eq!(verdict.summary, Some(format!("1 {level}")));
        let lines: &[&str] = if state == GateState::Passed { &[] } else { &["a.py:4: No."] };
        assert_eq!(verdict.lines, lines);
        assert_eq!((verdict.diagnostics[0].line, verdict.diagnostics.len()), (4, 1));
    }
    let broken = stage.one(GateKind::Scan, "echo '{ nothing'").await;
    assert_eq!(broken.state, GateState::Failed { exit: Some(0) });
    assert!(broken.lines[0].starts_with("its output: it is no SARIF"), "{broken:?}");
    let other = stage.one(GateKind::Test, "echo '{\"passed\": 3}'").await;
    assert_eq!(other.state, GateState::Passed);
}

#[tokio::test]
async fn a_scanners_file_must_be_of_this_run() {
    let stage = Stage::new();
    let mut scan = gate(GateKind::Scan, "cat ../written > scan.sarif");
    (scan.folder, scan.sarif) = ("web".to_owned(), Some("scan.sarif".to_owned()));
    fs::create_dir(stage.root().join("web")).unwrap();
    fs::write(stage.root().join("written"), SARIF.replace("LEVEL", "note")).unwrap();
    let verdict = stage.run(&[scan.clone()]).await.remove(0);
    assert_eq!(verdict.state, GateState::Passed);
    assert_eq!(verdict.diagnostics[0].path, "web/a.py");
    for (command, word) in [
        ("true", "of an earlier run"),
        ("rm -f scan.sarif", "cannot be read"),
        ("mkdir scan.sarif", "not a file"),
        ("rmdir scan.sarif; mkfifo scan.sarif", "not a file"),
        ("rm scan.sarif; ln -s ../written scan.sarif", "cannot be read"),
    ] {
        scan.command = command.to_owned();
        let verdict = stage.run(&[scan.clone()]).await.remove(0);
        assert_eq!(verdict.state, GateState::Failed { exit: Some(0) }, "{command}");
        assert!(verdict.lines[0].contains(word), "{command}: {:?}", verdict.lines);
    }
    assert!(json!(verdict).get("output").is_none());
}

#[tokio::test]
async fn without_a_place_for_outputs_a_gate_runs_all_the_same() {
    let mut stage = Stage::new();
    fs::write(stage.folder.path().join("file"), "").unwrap();
    stage.place.outputs = stage.folder.path().join("file/below");
    let verdict = stage.one(GateKind::Test, "echo error: no; exit 1").await;
    assert_eq!((verdict.lines, verdict.output), (vec!["error: no".to_owned()], None));
}
