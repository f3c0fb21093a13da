//! A tree, a state folder, and a draft of them.

use brisk::sandbox::{Mount, MountError, Spec, open};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The program itself.
pub(crate) const BRISK: &str = env!("CARGO_BIN_EXE_brisk");

/// A folder with `tree` and `state` in it, which goes when the test ends.
pub(crate) struct Stage {
    pub(crate) folder: TempDir,
    pub(crate) spec: Spec,
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
        let spec = Spec {
            root,
            state: folder.path().join("state"),
            entry: PathBuf::from(BRISK),
            ..Spec::default()
        };
        Stage { folder, spec }
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

    /// None, and a word, where the machine allows no drafts; under CI that is a failure.
    pub(crate) fn open(&self) -> Option<Mount> {
        match open(&self.spec) {
            Ok(mount) => Some(mount),
            Err(error @ (MountError::Namespaces(_) | MountError::Overlay(_)))
                if std::env::var_os("CI").is_none() =>
            {
                println!("skipped: {error}");
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
