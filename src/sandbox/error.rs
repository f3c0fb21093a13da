//! Why there is no draft, in sentences, each with what can be done about it.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use thiserror::Error;

/// In every case nothing is left behind, and working in place is still possible.
#[derive(Clone, Debug, Error, PartialEq, Eq, Serialize, Deserialize)]
pub enum MountError {
    #[error("drafts need Linux")]
    Unsupported,
    #[error("user namespaces are not allowed here: {0}")]
    Namespaces(String),
    #[error("an overlay cannot be mounted here: {0}")]
    Overlay(String),
    #[error("an overlay is mounted, but does not work: {0}")]
    Broken(String),
    #[error("`{}` belongs to another user or group: you can write it, but not inside a draft", path.display())]
    Foreign { path: PathBuf },
    #[error("another file system is mounted inside the workspace, at `{}`", path.display())]
    MountInside { path: PathBuf },
    #[error("brisk's own folder `{}` is inside the workspace", path.display())]
    StateInside { path: PathBuf },
    #[error("the workspace `{}` is inside brisk's own folder, or is the whole machine", path.display())]
    Root { path: PathBuf },
    #[error("`{}` cannot be used: {reason}", path.display())]
    Path { path: PathBuf, reason: String },
    #[error("what lies outside the workspace cannot be protected: {0}")]
    Unprotected(String),
    #[error("the process that holds the draft failed: {0}")]
    Holder(String),
    #[error("the draft is gone: the process that held it has ended")]
    Gone,
}

impl MountError {
    /// What can be done, as one sentence; `None` where nothing can.
    pub const fn hint(&self) -> Option<&'static str> {
        Some(match self {
            MountError::Unsupported => return None,
            MountError::Namespaces(_) => {
                "a sysctl, AppArmor or a container's seccomp profile forbids them; \
                 see user.max_user_namespaces, kernel.unprivileged_userns_clone and \
                 kernel.apparmor_restrict_unprivileged_userns"
            }
            MountError::Overlay(_) | MountError::Broken(_) => {
                "it needs Linux 5.11 or newer with overlayfs, and a state folder on a local disk"
            }
            MountError::Foreign { .. } => "make the files your own with chown, or work in place",
            MountError::MountInside { .. } => "unmount it, or work in place",
            MountError::StateInside { .. } | MountError::Root { .. } => {
                "set XDG_STATE_HOME or BRISK_HOME to a folder outside, or work in a subfolder's repository"
            }
            MountError::Path { .. } => "check that it is there and is yours",
            MountError::Unprotected(_) => "work in place",
            MountError::Holder(_) | MountError::Gone => "start the session again",
        })
    }
}
