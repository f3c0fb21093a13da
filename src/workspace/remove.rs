//! Removing a folder that programs were free to write in.

use ignore::WalkBuilder;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Removes a folder with all that is in it, as far as it can be done. It takes in folders that
/// nobody may write in: module caches make such, and so does overlayfs.
pub fn remove_all(folder: &Path) {
    if fs::remove_dir_all(folder).is_ok() {
        return;
    }
    let walk = WalkBuilder::new(folder).standard_filters(false).build();
    for entry in walk.flatten().filter(|entry| entry.file_type().is_some_and(|it| it.is_dir())) {
        let _ = fs::set_permissions(entry.path(), Permissions::from_mode(0o700));
    }
    let _ = fs::remove_dir_all(folder);
}
