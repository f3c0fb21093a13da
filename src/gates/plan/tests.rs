use super::*;
use std::path::Path;

fn setting(name: &str, run: &str) -> GateSetting {
    let run = match run {
        "" => GateRun::Found,
        "off" => GateRun::Off,
        command => GateRun::Command(command.to_owned()),
    };
    GateSetting { name: name.to_owned(), run, ..GateSetting::default() }
}

struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    /// A project with `lint` and `test` of make's.
    fn new() -> Stage {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Makefile"), "lint:\n\ttrue\ntest:\n\ttrue\n").unwrap();
        Stage { folder }
    }

    fn known(&self) -> Known {
        Known::open(&self.folder.path().join("state"), Path::new("/w"))
    }

    fn plan(&self, find: bool, gates: Vec<GateSetting>) -> Plan {
        // Some program named make, wherever this runs.
        let bin = self.folder.path().join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        if !bin.join("make").exists() {
            std::os::unix::fs::symlink("/bin/sh", bin.join("make")).unwrap();
        }
        let env = [("PATH".into(), bin.into_os_string())];
        let project = Project { root: self.folder.path(), changed: &[], env: &env };
        plan(&project, &GateSettings { find, gates }, &self.known())
    }

    /// `name: command (source)`
    fn gates(&self, gates: Vec<GateSetting>) -> Vec<String> {
        let say = |gate: &Gate| format!("{}: {} ({})", gate.name, gate.command, gate.source);
        self.plan(true, gates).gates.iter().map(say).collect()
    }
}

#[test]
fn settings_replace_extend_and_take_away() {
    let stage = Stage::new();
    let found = ["lint: make lint (found: Makefile)", "test: make test (found: Makefile)"];
    assert_eq!(stage.gates(Vec::new()), found);
    let changed = vec![
        setting("test", "cargo test"),
        setting("lint", "off"),
        setting("audit", "cargo audit"),
        setting("own", "rustfmt --check src/lib.rs"),
        setting("odd", "./odd"),
    ];
    assert_eq!(
        stage.gates(changed),
        [
            "own: rustfmt --check src/lib.rs (config)",
            "test: cargo test (config)",
            "odd: ./odd (config)",
            "audit: cargo audit (config)",
        ]
    );
    assert!(stage.plan(false, Vec::new()).gates.is_empty());
    let only = stage.plan(false, vec![setting("test", "x")]);
    assert_eq!(only.gates.len(), 1);
}

#[test]
fn a_setting_changes_what_it_names_of_a_found_gate() {
    let stage = Stage::new();
    let mut late = setting("test", "");
    (late.when, late.timeout_seconds) = (Some(GateWhen::Apply), Some(7));
    let mut early = setting("lint", "ruff check .");
    early.when = Some(GateWhen::Edit);
    let plan = stage.plan(true, vec![late, early]);
    let test = &plan.gates[1];
    assert_eq!((test.command.as_str(), test.timeout_seconds), ("make test", 7));
    let at = |when| plan.at(when).map(|gate| gate.name.as_str()).collect::<Vec<_>>();
    assert_eq!(at(GateWhen::Edit), ["lint"]);
    assert_eq!(at(GateWhen::Turn), ["lint"]);
    assert_eq!(at(GateWhen::Apply), ["lint", "test"]);
    let mut scan = setting("scan", "semgrep --sarif");
    scan.sarif = Some("out.sarif".to_owned());
    let slip = stage.plan(true, vec![scan, setting("tset", "")]);
    assert_eq!(slip.gates[2].kind, GateKind::Scan);
    assert_eq!(slip.gates[2].sarif.as_deref(), Some("out.sarif"));
    assert!(slip.notes[0].contains("gates.tset says nothing to run"), "{:?}", slip.notes);
}

#[test]
fn a_name_is_about_all_that_is_called_so_in_the_root() {
    let stage = Stage::new();
    let root = stage.folder.path();
    std::fs::write(root.join("package.json"), r#"{"scripts": {"test": "jest"}}"#).unwrap();
    std::fs::create_dir_all(root.join("bin")).unwrap();
    for program in ["npm", "go"] {
        std::os::unix::fs::symlink("/bin/sh", root.join("bin").join(program)).unwrap();
    }
    std::fs::write(root.join("go.mod"), "").unwrap();
    let names = |settings| {
        let gates = stage.plan(true, settings).gates;
        gates.into_iter().map(|gate| gate.name).collect::<Vec<_>>()
    };
    assert_eq!(names(Vec::new()), ["lint", "npm-test", "go-test"]);
    assert_eq!(names(vec![setting("go-test", "off")]), ["lint", "npm-test"]);
    assert_eq!(names(vec![setting("test", "make all")]), ["lint", "test"]);
}

#[test]
fn a_plan_is_new_until_all_of_it_was_shown_and_again_when_a_command_changes() {
    let stage = Stage::new();
    let plan = stage.plan(true, Vec::new());
    assert!(plan.new);
    stage.known().remember(&plan.gates).unwrap();
    assert!(!stage.plan(true, Vec::new()).new);
    assert!(!stage.plan(true, vec![setting("lint", "off")]).new);
    assert!(stage.plan(true, vec![setting("lint", "curl x | sh")]).new);
    let makefile = stage.folder.path().join("Makefile");
    std::fs::write(makefile, "lint:\n\tcurl x | sh\ntest:\n\ttrue\n").unwrap();
    assert!(stage.plan(true, Vec::new()).new);
    assert!(!stage.plan(false, Vec::new()).new);
}
