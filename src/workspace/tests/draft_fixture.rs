//! Drafts made by hand, as overlayfs would keep them, and over a real overlay where one can be had.

use super::*;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

/// A tree, what was written over it, and its view.
pub(super) struct Drafted {
    pub(super) fixture: Fixture,
    layer: Layer,
    holder: Option<Child>,
}

impl Drafted {
    /// Nothing is mounted: `upper` is written by the test.
    pub(super) fn by_hand(fixture: Fixture) -> Self {
        let folder = |name: &str| {
            let path = fs::canonicalize(fixture.scratch()).unwrap().join(name);
            fs::create_dir_all(&path).unwrap();
            path
        };
        let layer =
            Layer { merged: folder("merged"), upper: folder("upper"), state: folder("state") };
        folder("work");
        Self { fixture, layer, holder: None }
    }

    /// None, said so, where the system gives no overlay to an ordinary user.
    pub(super) fn mounted(fixture: Fixture) -> Option<Self> {
        let mut drafted = Self::by_hand(fixture);
        let script = "mount -t overlay overlay -o \"$1\" \"$2\" && echo mounted && exec cat";
        let (tree, work) = (drafted.fixture.tree(), drafted.layer.merged.with_file_name("work"));
        let options = format!(
            "userxattr,lowerdir={},upperdir={},workdir={}",
            tree.display(),
            drafted.layer.upper.display(),
            work.display()
        );
        let started = Command::new("unshare")
            .args(["-Urm", "sh", "-c", script, "sh", &options])
            .arg(&drafted.layer.merged)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut said = String::new();
        if let Ok(mut child) = started {
            let _ = BufReader::new(child.stdout.take().unwrap()).read_line(&mut said);
            let inside = drafted.layer.merged.strip_prefix("/").unwrap();
            drafted.layer.merged = PathBuf::from(format!("/proc/{}/root", child.id())).join(inside);
            drafted.holder = Some(child);
        }
        if said.is_empty() {
            println!("skipped: an overlay in a user namespace is not to be had here");
            return None;
        }
        Some(drafted)
    }

    pub(super) fn open(&self) -> Workspace {
        self.open_at(self.layer.merged.clone())
    }

    /// The same, with the view reached in another way.
    pub(super) fn open_at(&self, merged: PathBuf) -> Workspace {
        let backing = Backing::Draft(Layer { merged, ..self.layer.clone() });
        Workspace::open(&self.fixture.tree(), backing, &self.fixture.scratch()).unwrap()
    }

    pub(super) fn upper(&self) -> &Path {
        &self.layer.upper
    }

    /// The view, as the agent has it.
    pub(super) fn merged(&self) -> &Path {
        &self.layer.merged
    }

    /// A file of the upper layer.
    pub(super) fn put(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.layer.upper.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(super) fn whiteout(&self, path: &str) {
        self.put(path, "");
        mark(&self.layer.upper.join(path), "user.overlay.whiteout", b"y");
    }

    pub(super) fn opaque(&self, path: &str) {
        fs::create_dir_all(self.layer.upper.join(path)).unwrap();
        mark(&self.layer.upper.join(path), "user.overlay.opaque", b"y");
    }

    /// A file as the agent sees it.
    pub(super) fn read(&self, path: &str) -> String {
        String::from_utf8(fs::read(self.merged().join(path)).unwrap()).unwrap()
    }
}

impl Drop for Drafted {
    fn drop(&mut self) {
        if let Some(mut child) = self.holder.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn mark(path: &Path, name: &str, value: &[u8]) {
    rustix::fs::setxattr(path, name, value, rustix::fs::XattrFlags::empty()).unwrap();
}

/// Kind, path, where it was, how many lines came and went, note.
pub(super) fn shown(workspace: &Workspace) -> Vec<String> {
    let changes = workspace.changes().unwrap();
    let shown = changes.iter().map(|change| {
        let (added, removed) = change.counts();
        let from = change.from.as_ref().map(|from| format!(" from {from}")).unwrap_or_default();
        let note = change.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
        let conflict = if change.conflict { " CONFLICT" } else { "" };
        format!("{:?} {}{from} +{added} -{removed}{note}{conflict}", change.kind, change.path)
    });
    shown.collect()
}

pub(super) fn change(workspace: &Workspace, path: &str) -> Change {
    let changes = workspace.changes().unwrap();
    changes.into_iter().find(|change| change.path == path).unwrap_or_else(|| panic!("{path}"))
}

pub(super) fn whole(workspace: &Workspace, path: &str) -> Pick {
    Pick { id: change(workspace, path).id, hunks: None }
}
