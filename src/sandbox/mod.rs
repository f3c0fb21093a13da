//! Walls around what runs: on Linux a draft, a copy-on-write view of the tree at the tree's own path,
//! with everything else read-only. It knows nothing of what runs inside.
//!
//! A draft lives in a user and mount namespace of its own, which a small process holds: the
//! *holder*, this program again behind a hidden word. Whoever is to see the draft is started
//! through [`Mount::prefix`], which enters the namespaces, drops every capability, and becomes the
//! program that follows; this process reaches the same view below [`Mount::merged`]. The holder
//! ends with this process, however that ends, and takes what still runs inside along; then the
//! kernel takes the mounts down.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
mod error;
#[cfg(target_os = "linux")]
mod linux;
mod probe;

#[cfg(not(target_os = "linux"))]
pub use elsewhere::{Mount, hidden_entry, open};
pub use error::MountError;
#[cfg(target_os = "linux")]
pub use linux::{Mount, hidden_entry, open};
pub use probe::{Report, probe};

use std::path::PathBuf;

/// The size that an upper layer in memory may grow to.
pub const MEMORY_UPPER_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// What a draft is made of. Paths are absolute; what is no longer there when the draft is opened is
/// left out, but for the root and the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spec {
    /// The tree, without links in the path.
    pub root: PathBuf,
    /// A folder of the session, 0700: `upper` and `work` of the draft, the private `/tmp`. It is made
    /// if it is missing, and must lie outside of the root. Inside the draft it is hidden.
    pub state: PathBuf,
    /// The brisk binary.
    pub entry: PathBuf,
    /// Folders that can be written inside, but what is written stays in the state.
    pub caches: Vec<PathBuf>,
    /// Folders and files that are the real ones inside, and can be written.
    pub writable: Vec<PathBuf>,
    /// What is to be seen, though it lies where a private folder hides it (as `/tmp/home` does).
    pub readable: Vec<PathBuf>,
    /// Folders that are empty inside, and files that are.
    pub hidden: Vec<PathBuf>,
}
