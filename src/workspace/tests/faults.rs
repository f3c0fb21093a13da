//! A decision that is hit by something at each of its system calls, or ended at any moment: what is
//! in the tree is old or new, and the next start makes it whole.

use super::landing::{Field, of_each_kind, reversed};
use super::proof::{count, is_full};
use super::*;
use crate::workspace::apply_landing::{Ground, Landing, land};
use crate::workspace::apply_take_back::recover;
use crate::workspace::store::Store;
use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

/// Where the child finds its tree; set by its parent.
const FOLDER: &str = "BRISK_TEST_FOLDER";
const CHILD: &str = "workspace::tests::faults::the_child_lands_one_decision";
const RESTLESS: &str = "workspace::tests::faults::the_child_lands_until_it_is_ended";
const FULL: &str = "workspace::tests::faults::the_child_lands_on_a_full_disk";
/// Looked for by the child right before and after its decision: so its calls are found.
const BEGIN: &str = "/brisk-begins-here";
const END: &str = "/brisk-ends-here";
/// Calls that have to do with files.
const CALLS: [&str; 25] = [
    "openat",
    "read",
    "write",
    "close",
    "statx",
    "newfstatat",
    "fstat",
    "lseek",
    "readlinkat",
    "symlinkat",
    "linkat",
    "unlinkat",
    "unlink",
    "mkdir",
    "mkdirat",
    "rename",
    "renameat",
    "renameat2",
    "fchmod",
    "fsync",
    "ioctl",
    "getdents64",
    "fgetxattr",
    "flistxattr",
    "fcntl",
];

type View = BTreeMap<PathBuf, (u32, Vec<u8>)>;

/// A tree and a decision, to be copied for each trial.
struct Template {
    field: Field,
    before: View,
    after: View,
}

impl Template {
    fn new() -> Template {
        let field = Field::new();
        let decision = of_each_kind(&field);
        let landings = decision.into_iter().map(|(path, old, new)| Landing {
            path: PathBuf::from(path),
            old,
            new,
        });
        let landings: Vec<Landing> = landings.collect();
        let list = serde_json::to_vec(&landings).unwrap();
        fs::write(field.fixture.holder.path().join("decision"), list).unwrap();
        let before = snapshot(&field.fixture.tree());
        let template = Template { field, before, after: View::new() };
        let trial = template.trial();
        trial.land(&mut |_| Ok(())).unwrap();
        Template { after: trial.view(), ..template }
    }

    fn trial(&self) -> Trial {
        let holder = tempfile::tempdir().unwrap();
        let from = format!("{}/.", self.field.fixture.holder.path().display());
        let status = Command::new("cp").args(["-a", &from]).arg(holder.path()).status().unwrap();
        assert!(status.success());
        Trial { holder }
    }

    /// The tree of a trial whose process has ended, before and after the next start.
    fn check(&self, trial: &Trial, said: &str, what: &str) {
        let torn = trial.view();
        for (path, (_, content)) in torn.iter().filter(|(path, _)| !is_beside(path)) {
            let is_one = |view: &View| view.get(path).is_some_and(|it| it.1 == *content);
            assert!(is_one(&self.before) || is_one(&self.after), "{what}: {path:?} is torn");
        }
        let told = trial.recover();
        let whole = trial.view();
        let odd = |view: &View| {
            let paths: BTreeSet<_> = view.keys().chain(whole.keys()).collect();
            let odd = paths.into_iter().filter(|path| view.get(*path) != whole.get(*path));
            odd.cloned().collect::<Vec<_>>()
        };
        let is_whole = whole == self.before || whole == self.after;
        assert!(is_whole, "{what}: {said} {told:?} {:?} {:?}", odd(&self.before), odd(&self.after));
        assert_eq!(trial.open_records(), 0, "{what}");
        match said {
            "applied" => assert!(whole == self.after, "{what}: it said that it was applied"),
            "refused" => assert!(whole == self.before, "{what}: it said that it was refused"),
            _ => {}
        }
    }
}

fn is_beside(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".brisk-"))
}

struct Trial {
    holder: tempfile::TempDir,
}

impl Trial {
    fn at(folder: &Path) -> (PathBuf, Store, PathBuf) {
        let folder = fs::canonicalize(folder).unwrap();
        let store = Store::open(&folder.join("scratch/store")).unwrap();
        (folder.join("tree"), store, folder.join("scratch/landing"))
    }

    fn land(
        &self,
        log: &mut dyn FnMut(&Step) -> std::io::Result<()>,
    ) -> Result<Vec<Landing>, ApplyError> {
        let (tree, store, state) = Self::at(self.holder.path());
        let list = fs::read(self.holder.path().join("decision")).unwrap();
        let landings = serde_json::from_slice(&list).unwrap();
        land(Ground { tree: &tree, store: &store, state: &state }, landings, &|_| false, log)
    }

    fn recover(&self) -> Vec<String> {
        let (tree, store, state) = Self::at(self.holder.path());
        recover(Ground { tree: &tree, store: &store, state: &state }).unwrap()
    }

    fn view(&self) -> View {
        snapshot(&self.holder.path().join("tree"))
    }

    fn open_records(&self) -> usize {
        let all = fs::read_dir(self.holder.path().join("scratch/landing")).into_iter().flatten();
        all.flatten().filter(|it| it.path().extension().is_none_or(|it| it != "deed")).count()
    }

    fn child(&self, wrapper: &[String], test: &str) -> Command {
        let own = std::env::current_exe().unwrap();
        let mut words: Vec<std::ffi::OsString> = wrapper.iter().map(Into::into).collect();
        words.push(own.into());
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
            .env(FOLDER, self.holder.path())
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// What the child said of its decision; empty if it was ended.
    fn run(&self, wrapper: &[String]) -> String {
        let output = self.child(wrapper, CHILD).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = ["applied", "refused"].into_iter().find(|word| text.contains(word));
        said.unwrap_or_default().to_owned()
    }
}

#[expect(clippy::disallowed_methods, reason = "a child is told by it")]
fn folder_of_child() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

#[test]
#[ignore = "it is started by the tests beside it"]
fn the_child_lands_one_decision() {
    let Some(folder) = folder_of_child() else { return };
    let (tree, store, state) = Trial::at(&folder);
    let landings = serde_json::from_slice(&fs::read(folder.join("decision")).unwrap()).unwrap();
    let ground = Ground { tree: &tree, store: &store, state: &state };
    let _ = fs::metadata(BEGIN);
    let landed = land(ground, landings, &|_| false, &mut |_| Ok(()));
    let _ = fs::metadata(END);
    println!("{}", if landed.is_ok() { "applied" } else { "refused" });
}

#[test]
#[ignore = "it is started by the tests beside it"]
fn the_child_lands_until_it_is_ended() {
    let Some(folder) = folder_of_child() else { return };
    let (tree, store, state) = Trial::at(&folder);
    let ground = Ground { tree: &tree, store: &store, state: &state };
    let mut landings: Vec<Landing> =
        serde_json::from_slice(&fs::read(folder.join("decision")).unwrap()).unwrap();
    println!("begins");
    for turn in 0_u64.. {
        let landed = land(ground, landings, &|_| turn % 2 == 1, &mut |_| Ok(())).unwrap();
        landings = reversed(&landed);
    }
}

#[derive(Debug)]
struct Call {
    name: String,
    /// Of the calls of this name in the thread, from 1.
    nth: usize,
}

/// The calls of a decision in their order, by a run that nothing hits.
fn calls(template: &Template) -> Vec<Call> {
    let trial = template.trial();
    let log = trial.holder.path().join("log");
    let wrapper = ["strace", "-f", "-o", log.to_str().unwrap()].map(str::to_owned);
    assert_eq!(trial.run(&wrapper), "applied");
    let log = String::from_utf8_lossy(&fs::read(log).unwrap()).into_owned();
    let thread = log.lines().find(|line| line.contains(BEGIN)).unwrap();
    let thread = thread.split_whitespace().next().unwrap();
    let (mut counts, mut calls, mut is_inside) = (BTreeMap::new(), Vec::new(), false);
    for line in log.lines().filter(|line| line.split_whitespace().next() == Some(thread)) {
        let rest = line[thread.len()..].trim_start();
        let Some((name, _)) = rest.split_once('(') else { continue };
        if name.contains(' ') || name.starts_with('<') {
            continue;
        }
        let nth = counts.entry(name.to_owned()).or_insert(0);
        *nth += 1;
        if line.contains(END) {
            break;
        }
        if is_inside && CALLS.contains(&name) {
            calls.push(Call { name: name.to_owned(), nth: *nth });
        }
        is_inside |= line.contains(BEGIN);
    }
    calls
}

fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).status();
    let is_there = found.is_ok_and(|status| status.success());
    if !is_there {
        println!("skipped: {program} is not installed");
    }
    is_there
}

#[test]
fn a_fault_at_each_system_call_leaves_the_tree_old_or_new() {
    if !has("strace") {
        return;
    }
    let template = Template::new();
    let calls = calls(&template);
    let names: BTreeSet<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    for name in ["openat", "renameat2", "fsync", "unlinkat", "mkdirat", "write"] {
        assert!(names.contains(name), "the decision makes no call of {name}: {names:?}");
    }
    let mut trials = Vec::new();
    for call in &calls {
        for fault in ["error=EIO", "error=ENOSPC", "signal=KILL"] {
            trials.push((call, fault));
        }
    }
    // Not a multiple of three: each fault has its turns.
    let step = if is_full() { 1 } else { calls.len() / 24 * 3 + 1 };
    let chosen: Vec<_> = trials.iter().skip(fastrand::usize(..step)).step_by(step).collect();
    let (mut applied, mut refused, mut ended) = (0, 0, 0);
    for (call, fault) in &chosen {
        let trial = template.trial();
        let inject = format!("inject={}:{fault}:when={}", call.name, call.nth);
        let trace = format!("trace={}", call.name);
        let wrapper = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
        let said = trial.run(&wrapper.map(str::to_owned));
        match said.as_str() {
            "applied" => applied += 1,
            "refused" => refused += 1,
            _ => ended += 1,
        }
        template.check(&trial, &said, &format!("{call:?} {fault}"));
    }
    println!(
        "{} calls, {} trials: {applied} applied, {refused} refused, {ended} ended",
        calls.len(),
        chosen.len()
    );
    assert!(refused > 0 && ended > 0);
}

#[test]
fn a_file_system_that_cannot_exchange_names_is_served_too() {
    if !has("strace") {
        return;
    }
    let template = Template::new();
    let trial = template.trial();
    let wrapper = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=renameat2",
        "-e",
        "inject=renameat2:error=EINVAL",
    ];
    assert_eq!(trial.run(&wrapper.map(str::to_owned)), "applied");
    template.check(&trial, "applied", "without renameat2");
    // And the last folder cannot be made durable… the last file cannot be written.
    let trial = template.trial();
    let mut wrapper = wrapper.map(str::to_owned).to_vec();
    wrapper[6] = "trace=renameat2,renameat".to_owned();
    wrapper.extend(["-e", "inject=renameat:error=EIO:when=3"].map(str::to_owned));
    assert_eq!(trial.run(&wrapper), "refused");
    template.check(&trial, "refused", "without renameat2, and a fault");
}

#[test]
fn a_process_that_is_killed_at_any_moment_leaves_the_tree_old_or_new() {
    let template = Template::new();
    let mut torn = 0;
    for turn in 0..count(12, 1_000) {
        let trial = template.trial();
        let mut child = trial.child(&[], RESTLESS).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = std::io::BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("begins") {
            line.clear();
            assert!(std::io::BufRead::read_line(&mut said, &mut line).unwrap() > 0);
        }
        std::thread::sleep(Duration::from_micros(fastrand::u64(..60_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        torn += usize::from(trial.open_records() > 0);
        template.check(&trial, "", &format!("turn {turn}"));
    }
    println!("{torn} were in the middle of a decision");
    assert!(torn > 0);
}

#[test]
#[ignore = "it is started by the tests beside it"]
fn the_child_lands_on_a_full_disk() {
    let Some(folder) = folder_of_child() else { return };
    let (tree, store, state) = Trial::at(&folder);
    let ground = Ground { tree: &tree, store: &store, state: &state };
    let landings: Vec<Landing> =
        serde_json::from_slice(&fs::read(folder.join("decision")).unwrap()).unwrap();
    let before = snapshot(&tree);
    let (mut refused, mut is_applied) = (0, false);
    for free in 0..200 {
        let filler = folder.join("filler");
        let mut file = fs::File::create(&filler).unwrap();
        while std::io::Write::write_all(&mut file, &[0; 1024]).is_ok() {}
        let length = file.metadata().unwrap().len();
        file.set_len(length.saturating_sub(free * 4096)).unwrap();
        let landed = land(ground, landings.clone(), &|_| false, &mut |_| Ok(()));
        drop(file);
        fs::remove_file(filler).unwrap();
        recover(ground).unwrap();
        if landed.is_ok() {
            is_applied = true;
            assert_ne!(snapshot(&tree), before);
            break;
        }
        refused += 1;
        assert_eq!(snapshot(&tree), before, "{free} blocks: {landed:?}");
    }
    println!("refused {refused} times, then {}", if is_applied { "applied" } else { "never" });
}

#[test]
fn a_full_disk_leaves_the_tree_as_it_is_and_says_so() {
    let template = Template::new();
    let trial = template.trial();
    let mount = trial.holder.path().join("mount");
    fs::create_dir(&mount).unwrap();
    let script = "mount -t tmpfs -o size=1m tmpfs \"$1\" && \
        cp -a \"$1\"/../tree \"$1\"/../scratch \"$1\"/../decision \"$1\" && shift && exec \"$@\"";
    let mut wrapper = ["unshare", "-Urm", "sh", "-c", script, "sh"].map(str::to_owned).to_vec();
    wrapper.push(mount.display().to_string());
    let output = trial.child(&wrapper, FULL).env(FOLDER, &mount).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !said.contains("running 1 test") {
        println!("skipped: no file system of one's own is to be had here");
        return;
    }
    assert!(said.contains("then applied") && !said.contains("refused 0 times"), "{said}");
    println!("{said}");
}
