//! Where a workspace keeps what its decisions need: contents, records, checkpoints. Made when it is
//! used first: a session that only looks leaves nothing behind.

use super::apply_landing::Ground;
use super::checkpoint_upper::Known;
use super::snapshot_take_back::Watch;
use super::store::Store;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

const STORE: &str = "store";
const RECORDS: &str = "landing";

#[derive(Debug)]
pub(super) struct Desk {
    records: PathBuf,
    folder: PathBuf,
    store: OnceLock<Store>,
    pub(super) known: Mutex<Known>,
    watch: Mutex<Watch>,
}

impl Desk {
    pub(super) fn new(folder: &Path) -> Desk {
        let records = folder.join(RECORDS);
        Desk {
            records,
            folder: folder.to_owned(),
            store: OnceLock::new(),
            known: Mutex::default(),
            watch: Mutex::default(),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn store(&self) -> io::Result<&Store> {
        if let Some(store) = self.store.get() {
            return Ok(store);
        }
        let opened = Store::open(&self.folder.join(STORE))?;
        Ok(self.store.get_or_init(|| opened))
    }

    pub(super) fn ground<'a>(&'a self, tree: &'a Path) -> io::Result<Ground<'a>> {
        Ok(Ground { tree, store: self.store()?, state: &self.records })
    }

    /// Whether anything was ever recorded.
    pub(super) fn has_records(&self) -> bool {
        self.records.exists()
    }
}
