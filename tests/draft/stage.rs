//! A tree, a state folder, and a draft of them.

use brisk::sandbox::{Mount, MountError, Spec, open};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// For what must happen: long enough for a loaded machine.
const LONG: Duration = Duration::from_secs(30);
/// Names the binary where another user can run it.
pub(crate) const ENTRY: &str = "BRISK_TEST_ENTRY";

/// The program itself.
pub(crate) fn entry() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "it comes from a test that runs this one")]
    let given = std::env::var_os(ENTRY).map(PathBuf::from);
    given.unwrap_or_else(|| env!("CARGO_BIN_EXE_brisk").into())
}

/// Says that a test cannot be made here, which is a failure where everything is there.
pub(crate) fn skip(reason: &str) {
    #[expect(clippy::disallowed_methods, reason = "CI says that everything is there")]
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!ci, "{reason}");
    println!("skipped: {reason}");
}

pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Waits for what must happen.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < LONG, "it never happened: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A folder with `tree` and `state` in it, which goes when the test ends.
pub(crate) struct Stage {
    pub(crate) spec: Spec,
    pub(crate) folder: TempDir,
}

impl Stage {
    pub(crate) fn new() -> Stage {
        Stage::named("tree")
    }

    /// With a tree of that name.
    pub(crate) fn named(tree: &str) -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join(tree);
        fs::create_dir(&root).unwrap();
        let spec =
            Spec { root, state: folder.path().join("state"), entry: entry(), ..Spec::default() };
        Stage { spec, folder }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.spec.root
    }

    /// Writes a file of the tree.
    pub(crate) fn file(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The text of a file of the tree.
    pub(crate) fn text(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    /// Makes a folder beside the tree.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// None, and a word, where the machine allows no drafts; under CI that is a failure.
    pub(crate) fn open(&self) -> Option<Mount> {
        match open(&self.spec) {
            Ok(mount) => Some(mount),
            Err(error @ (MountError::Namespaces(_) | MountError::Overlay(_))) => {
                skip(&error.to_string());
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Runs a line of shell inside, in the root.
    pub(crate) fn run(&self, mount: &Mount, line: &str) -> Output {
        inside(mount, self.root(), &["sh", "-c", line])
    }

    /// The same, for its output without the last line end; it must succeed.
    pub(crate) fn says(&self, mount: &Mount, line: &str) -> String {
        let output = self.run(mount, line);
        let (out, error) = (text_of(&output.stdout), text_of(&output.stderr));
        assert!(output.status.success(), "{line}: {out}{error}");
        out.trim_end_matches('\n').to_owned()
    }
}

pub(crate) fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn inside(mount: &Mount, folder: &Path, line: &[&str]) -> Output {
    let prefix = mount.prefix();
    let mut command = Command::new(&prefix[0]);
    command.args(&prefix[1..]).args(line).current_dir(folder).stdin(Stdio::null());
    command.output().unwrap()
}
