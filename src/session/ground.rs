//! Where a session works: in a draft where one can be had, else in place or in a copy.

use super::{Options, sweep};
use crate::protocol::{Failure, FailureKind, TreeKind};
use crate::workspace::{Backing, Workspace, WorkspaceError};
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Where the user wants the agent to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    /// There, or not at all.
    Only(TreeKind),
    /// In a draft; where none can be had, there.
    DraftElse(TreeKind),
}

pub(super) struct Ground {
    pub(super) workspace: Arc<Workspace>,
}

impl Ground {
    pub(super) fn prefix(&self) -> Vec<OsString> {
        Vec::new()
    }
}

pub(super) async fn open(options: &Options, session: &Path) -> Result<Ground, Failure> {
    let kind = match options.tree {
        Tree::Only(kind) | Tree::DraftElse(kind) => kind,
    };
    let folder = options.folder.clone();
    let scratch = session.join(sweep::COPY);
    let opened = tokio::task::spawn_blocking(move || -> Result<_, WorkspaceError> {
        if kind == TreeKind::Copy {
            fs::create_dir_all(&scratch)
                .map_err(|source| WorkspaceError::Io { path: scratch.clone(), source })?;
        }
        let backing = match kind {
            TreeKind::InPlace | TreeKind::Draft => Backing::InPlace,
            TreeKind::Copy => Backing::Copy { scratch: scratch.clone() },
        };
        Workspace::open(&folder, backing, &scratch)
    });
    let opened = opened.await.expect("opening a workspace does not panic");
    let workspace = opened.map(Arc::new).map_err(|error| match kind {
        TreeKind::InPlace => Failure {
            kind: FailureKind::Local,
            message: error.to_string(),
            hint: Some("start brisk in a folder that exists and can be read".to_owned()),
        },
        TreeKind::Draft | TreeKind::Copy => Failure {
            kind: FailureKind::Draft,
            message: format!("no copy to work in can be made: {error}"),
            hint: Some("full screen brisk works in place, and asks before each edit".to_owned()),
        },
    })?;
    Ok(Ground { workspace })
}
