//! Where a session works: in a draft where one can be had, else in place or in a copy.

use super::gating::SECOND;
use super::{Options, sweep};
use crate::config::{Config, DraftSettings};
use crate::protocol::{Failure, FailureKind, TreeKind};
use crate::sandbox::{self, Mount, MountError, Spec};
use crate::session::joined::joined;
use crate::workspace::{Backing, Layer, Workspace, WorkspaceError, remove_all, root_of};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// In the session's folder: what the sandbox keeps of a draft, and what the workspace does.
const DRAFT: &str = "draft";
const WORK: &str = "work";
/// What an ended session had pending.
const PATCH: &str = "changes.patch";
/// In a draft's folder: what was written into it.
const UPPER: &str = "upper";
/// What a patch could not hold.
const LARGE: &str = "large";
/// The one folder of the session that can be written inside a draft.
const TERM: &str = "term";

/// Where the user wants the agent to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    /// There, or not at all.
    Only(TreeKind),
    /// In a draft; where none can be had, there.
    DraftElse(TreeKind),
}

/// What a session works on.
pub(super) struct Ground {
    pub(super) workspace: Arc<Workspace>,
    /// Of a draft.
    pub(super) mount: Option<Mount>,
    /// What the user should know of it, each a sentence with perhaps a hint.
    pub(super) notes: Vec<(String, Option<String>)>,
}

impl Ground {
    /// What goes in front of the agent's shells.
    pub(super) fn prefix(&self) -> Vec<OsString> {
        self.mount.as_ref().map(Mount::prefix).unwrap_or_default()
    }
}

/// Where terminals keep their files.
pub(super) fn scratch(session: &Path) -> PathBuf {
    session.join(TERM)
}

pub(super) async fn open(options: &Options, session: &Path) -> Result<Ground, Failure> {
    let Options { config, folder, entry, tree, .. } = options;
    let (tree, place) = (*tree, DraftPlace::new(config, folder, entry, session));
    let opened = tokio::task::spawn_blocking(move || match tree {
        Tree::Only(TreeKind::Draft) => place.first().map_err(|error| no_draft(&error)),
        Tree::Only(kind) => place.without(kind),
        Tree::DraftElse(kind) => place.first().or_else(|error| {
            let mut ground = place.without(kind)?;
            let text = format!("no draft can be had: {error}; working {}", words(kind));
            ground.notes.push((text, error.hint()));
            Ok(ground)
        }),
    });
    joined(opened).await
}

/// Whether a draft's own folder for temporary files would hide it.
fn is_covered(path: &Path) -> bool {
    ["/tmp", "/var/tmp"].iter().any(|folder| path.starts_with(folder) && path != Path::new(folder))
}

const fn words(kind: TreeKind) -> &'static str {
    match kind {
        TreeKind::InPlace | TreeKind::Draft => "in place",
        TreeKind::Copy => "in a temporary copy",
    }
}

/// What a session's drafts are made of.
#[derive(Clone)]
pub(super) struct DraftPlace {
    folder: PathBuf,
    pub(super) session: PathBuf,
    entry: PathBuf,
    settings: DraftSettings,
    /// What drafts show though their own temporary folder would hide it.
    readable: Vec<PathBuf>,
    /// Where stored keys are, or will be: never seen in a draft.
    keys: PathBuf,
}

/// What a session leaves: its pending changes, as a patch that `brisk apply` and `git apply` take.
/// What no patch can hold is moved beside it: a sentence for each.
pub(super) fn keep_pending(
    workspace: &Workspace,
    session: &Path,
) -> Result<Vec<String>, WorkspaceError> {
    let path = session.join(PATCH);
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| WorkspaceError::Io { path, source }
    };
    let patch = workspace.patch()?;
    if !patch.is_empty() {
        fs::write(&path, patch).map_err(failed(&path))?;
    }
    let mut told = Vec::new();
    for large in workspace.too_large()? {
        let (from, to) =
            (session.join(DRAFT).join(UPPER).join(&large), session.join(LARGE).join(&large));
        // One that went from the draft, or is large in the tree alone, leaves nothing to keep.
        if !from.symlink_metadata().is_ok_and(|found| found.is_file()) {
            continue;
        }
        let folder = to.parent().unwrap_or(session);
        fs::create_dir_all(folder).map_err(failed(folder))?;
        fs::rename(&from, &to).map_err(failed(&from))?;
        told.push(format!(
            "{} is too large for a patch; it is at {}",
            large.display(),
            to.display()
        ));
    }
    Ok(told)
}

/// Whether a session that has ended has left more than its journal.
pub(super) fn is_unfinished(session: &Path) -> bool {
    session.join(DRAFT).exists() || session.join(sweep::COPY).exists()
}

/// Ends what a killed session has left, with its lock held: a sentence for each thing.
pub(super) fn finish(session: &Path, root: &Path, tree: TreeKind) -> Vec<String> {
    let backing = match tree {
        TreeKind::Draft => Backing::Draft(Layer {
            merged: session.join(DRAFT).join("gone"),
            upper: session.join(DRAFT).join(UPPER),
            state: session.join(format!("{DRAFT}-{WORK}")),
        }),
        // Of a copy only what was on its way into the tree matters now.
        TreeKind::InPlace | TreeKind::Copy => Backing::InPlace,
    };
    let name = session.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let opened = Workspace::open(root, backing, &session.join(sweep::COPY));
    let finished = opened.map_err(|error| error.to_string()).and_then(|workspace| {
        let mut told = workspace.recover().map_err(|error| error.to_string())?;
        if tree == TreeKind::Draft {
            told.extend(keep_pending(&workspace, session).map_err(|error| error.to_string())?);
            if session.join(PATCH).exists() {
                told.push(format!(
                    "session {name} was killed; take what it had pending with: brisk apply {name}"
                ));
            }
        }
        Ok(told)
    });
    match finished {
        Ok(told) => {
            remove_drafts(session);
            remove_all(&session.join(sweep::COPY));
            told
        }
        Err(error) => vec![format!("session {name} was killed, and is not cleaned up: {error}")],
    }
}

/// The patch of what a session had pending when it ended.
pub fn pending_patch(session: &Path) -> PathBuf {
    session.join(PATCH)
}

/// Removes a session's drafts; what cannot be removed now is swept away by a later session.
pub(super) fn remove_drafts(session: &Path) {
    remove_all(&session.join(sweep::COPY));
    for name in [DRAFT, SECOND] {
        for folder in [session.join(name), session.join(format!("{name}-{WORK}"))] {
            remove_all(&folder);
        }
    }
}

/// Why there is no draft.
pub(super) enum NoDraft {
    Mount(MountError),
    Workspace(WorkspaceError),
}

impl std::fmt::Display for NoDraft {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NoDraft::Mount(error) => error.fmt(out),
            NoDraft::Workspace(error) => error.fmt(out),
        }
    }
}

impl NoDraft {
    fn hint(&self) -> Option<String> {
        match self {
            NoDraft::Mount(error) => error.hint().map(str::to_owned),
            NoDraft::Workspace(_) => None,
        }
    }
}

impl DraftPlace {
    /// `entry`: the brisk program.
    pub(super) fn new(config: &Config, folder: &Path, entry: &Path, session: &Path) -> DraftPlace {
        let paths = &config.paths;
        let mut readable = vec![paths.config.clone(), session.to_owned(), entry.to_owned()];
        readable.extend(paths.home.clone());
        readable.retain(|path| is_covered(path));
        DraftPlace {
            folder: folder.to_owned(),
            session: session.to_owned(),
            entry: entry.to_owned(),
            settings: config.draft(),
            readable,
            keys: paths.keys(),
        }
    }

    fn first(&self) -> Result<Ground, NoDraft> {
        let (workspace, mount) = self.open(DRAFT)?;
        let notes = mount.notes().iter().map(|note| (note.clone(), None)).collect();
        Ok(Ground { workspace, mount: Some(mount), notes })
    }

    /// A draft of that name in the session's folder.
    pub(super) fn open(&self, name: &str) -> Result<(Arc<Workspace>, Mount), NoDraft> {
        let root = root_of(&self.folder).map_err(NoDraft::Workspace)?;
        let scratch = scratch(&self.session);
        let work = self.session.join(format!("{name}-{WORK}"));
        for folder in [&scratch, &work, &self.keys] {
            fs::create_dir_all(folder).map_err(|source| {
                NoDraft::Workspace(WorkspaceError::Io { path: folder.clone(), source })
            })?;
        }
        let through: Vec<_> =
            self.settings.through.iter().map(|inside| root.join(inside)).collect();
        for folder in &through {
            // What is not there cannot be opened to the shells, and a first build makes it later. A
            // file of that name, or a tree that cannot be written, shows in what the shells say.
            _ = fs::create_dir_all(folder);
        }
        let mut writable = vec![scratch];
        writable.extend(through);
        let spec = Spec {
            root,
            state: self.session.join(name),
            entry: self.entry.clone(),
            caches: self.settings.caches.clone(),
            writable,
            readable: self.readable.clone(),
            hidden: vec![self.keys.clone()],
        };
        let mount = sandbox::open(&spec).map_err(NoDraft::Mount)?;
        let layer = Layer {
            merged: mount.merged().to_owned(),
            upper: mount.upper().to_owned(),
            state: work,
        };
        let workspace = Workspace::open(&self.folder, Backing::Draft(layer), &self.session);
        Ok((Arc::new(workspace.map_err(NoDraft::Workspace)?), mount))
    }

    fn without(&self, kind: TreeKind) -> Result<Ground, Failure> {
        let scratch = self.session.join(sweep::COPY);
        let backing = match kind {
            TreeKind::InPlace | TreeKind::Draft => Backing::InPlace,
            TreeKind::Copy => Backing::Copy { scratch: scratch.clone() },
        };
        let made = match kind {
            TreeKind::Copy => fs::create_dir_all(&scratch),
            TreeKind::InPlace | TreeKind::Draft => Ok(()),
        };
        let opened = made
            .map_err(|source| WorkspaceError::Io { path: scratch.clone(), source })
            .and_then(|()| Workspace::open(&self.folder, backing, &scratch));
        let workspace = opened.map(Arc::new).map_err(|error| without(kind, &error))?;
        Ok(Ground { workspace, mount: None, notes: Vec::new() })
    }
}

fn no_draft(error: &NoDraft) -> Failure {
    let hint = error.hint();
    Failure {
        kind: FailureKind::Draft,
        message: format!("no draft can be had: {error}"),
        hint: Some(hint.unwrap_or_else(|| "work in place: --tree in-place".to_owned())),
    }
}

fn without(kind: TreeKind, error: &WorkspaceError) -> Failure {
    match kind {
        TreeKind::InPlace | TreeKind::Draft => Failure {
            kind: FailureKind::Local,
            message: error.to_string(),
            hint: Some("start brisk in a folder that exists and can be read".to_owned()),
        },
        TreeKind::Copy => Failure {
            kind: FailureKind::Draft,
            message: format!("no copy to work in can be made: {error}"),
            hint: Some("full screen brisk works in place, and asks before each edit".to_owned()),
        },
    }
}
