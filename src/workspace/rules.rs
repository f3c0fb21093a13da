//! The rules file that a project gives to agents.

use super::folder::{Entry, Folder};
use super::place::{Found, Root, resolve};
use std::fs;
use std::io;
use std::path::Path;

/// Bytes of a rules file that are told to the model.
pub const RULES_BYTES_MAX: usize = 32 * 1024;
/// A file larger than this is not even opened.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// In the order in which they are looked for; only the first that exists counts.
const NAMES: [&str; 3] = ["AGENTS.md", "CLAUDE.md", ".github/copilot-instructions.md"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesFile {
    /// From the root.
    pub path: String,
    pub text: String,
    /// Said where the text is not all of the file.
    pub note: Option<String>,
}

/// The rules file nearest to `folder`, on the way up to `root`; a link out of it does not count.
pub(super) fn rules(root: &Path, folder: &Path) -> Vec<RulesFile> {
    let near = |name: &str| folder.ancestors().find_map(|folder| load(root, &folder.join(name)));
    NAMES.iter().find_map(|name| near(name)).into_iter().collect()
}

fn load(root: &Path, path: &Path) -> Option<RulesFile> {
    // Most folders have none: asked cheaply.
    fs::symlink_metadata(root.join(path)).ok()?;
    let shown = path.to_string_lossy().into_owned();
    let place = resolve(Root { reach: root, named: root }, path, &shown)
        .ok()
        .filter(|place| place.found == Found::File)?;
    let folder = Folder::open(root, place.parent()).ok()?;
    let bytes = match folder.read(place.name(), FILE_BYTES_MAX) {
        Ok(Entry::File(content)) => content.bytes,
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            let note = Some(format!("left out: larger than {FILE_BYTES_MAX} bytes"));
            return Some(RulesFile { path: shown, text: String::new(), note });
        }
        Ok(_) | Err(_) => return None,
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if text.len() <= RULES_BYTES_MAX {
        return Some(RulesFile { path: shown, text: text.to_owned(), note: None });
    }
    let cut = (0..=RULES_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let note = Some(format!("cut: the first {cut} of {} bytes", text.len()));
    Some(RulesFile { path: shown, text: text[..cut].to_owned(), note })
}
