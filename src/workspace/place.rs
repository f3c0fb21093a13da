//! Where a path leads: every link followed by hand, each step kept beneath the root, git's own
//! folders left alone. What is found here holds for this moment only: whoever writes opens the
//! way again without following links (see `folder`).

use super::FileError;
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Links that one path may go through.
const LINKS_MAX: usize = 40;

/// A file's place, from the root; no part of it is a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) found: Found,
    /// The path was reached through a link.
    pub(super) linked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    File,
    Folder,
    Special,
    /// Nothing there, but its folder is.
    Absent,
    /// Not even the folder.
    AbsentFolder,
}

impl Place {
    pub(super) fn parent(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    pub(super) fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }
}

/// Where files are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Root<'a> {
    /// As this process reaches them.
    pub(super) reach: &'a Path,
    /// The path that links in it use, which need not lead there for us: canonical.
    pub(super) named: &'a Path,
}

/// Follows `asked`, which is relative to `root`. `shown` is how errors name it.
pub(super) fn resolve(root: Root<'_>, asked: &Path, shown: &str) -> Result<Place, FileError> {
    Walk { root, shown, path: PathBuf::new(), links: 0, rest: parts(asked) }.run()
}

struct Walk<'a> {
    root: Root<'a>,
    shown: &'a str,
    path: PathBuf,
    links: usize,
    rest: VecDeque<OsString>,
}

impl Walk<'_> {
    fn run(mut self) -> Result<Place, FileError> {
        let mut found = Found::Folder;
        while let Some(part) = self.rest.pop_front() {
            if part == ".." {
                if !self.path.pop() {
                    return Err(self.outside());
                }
                found = Found::Folder;
                continue;
            }
            if is_git(&part) {
                return Err(FileError::Protected { path: self.shown.to_owned() });
            }
            found = self.step(&part)?;
        }
        let linked = self.links > 0;
        Ok(Place { path: self.path, found, linked })
    }

    fn step(&mut self, part: &OsStr) -> Result<Found, FileError> {
        let next = self.path.join(part);
        let metadata = match fs::symlink_metadata(self.root.reach.join(&next)) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.path = next;
                return self.absent();
            }
            Err(source) => return Err(FileError::Io { path: self.shown.to_owned(), source }),
        };
        let kind = metadata.file_type();
        if kind.is_symlink() {
            self.follow(&next)?;
            // What it leads to says the next step; a link to the root itself has none.
            return Ok(Found::Folder);
        }
        self.path = next;
        if kind.is_dir() {
            return Ok(Found::Folder);
        }
        if !self.rest.is_empty() {
            let part = self.path.display().to_string();
            return Err(FileError::NotFolder { path: self.shown.to_owned(), part });
        }
        Ok(if kind.is_file() { Found::File } else { Found::Special })
    }

    /// Nothing is there: the rest of the path can only be names that are to be made.
    fn absent(&mut self) -> Result<Found, FileError> {
        let found = if self.rest.is_empty() { Found::Absent } else { Found::AbsentFolder };
        for part in std::mem::take(&mut self.rest) {
            if part == ".." {
                // `missing/..` leads nowhere, as the system says too.
                return Err(FileError::Missing { path: self.shown.to_owned() });
            }
            if is_git(&part) {
                return Err(FileError::Protected { path: self.shown.to_owned() });
            }
            self.path.push(part);
        }
        Ok(found)
    }

    fn follow(&mut self, link: &Path) -> Result<(), FileError> {
        self.links += 1;
        if self.links > LINKS_MAX {
            return Err(FileError::Links { path: self.shown.to_owned() });
        }
        let target = fs::read_link(self.root.reach.join(link))
            .map_err(|source| FileError::Io { path: self.shown.to_owned(), source })?;
        let mut ahead = if target.is_absolute() {
            let Ok(inside) = target.strip_prefix(self.root.named) else {
                let target = target.display().to_string();
                return Err(FileError::LinkOutside { path: self.shown.to_owned(), target });
            };
            self.path = PathBuf::new();
            parts(inside)
        } else {
            parts(&target)
        };
        ahead.append(&mut self.rest);
        self.rest = ahead;
        Ok(())
    }

    fn outside(&self) -> FileError {
        let path = self.shown.to_owned();
        if self.links == 0 {
            FileError::Outside { path }
        } else {
            let target = "a folder above".to_owned();
            FileError::LinkOutside { path, target }
        }
    }
}

/// The names in a path and its `..`, in order.
fn parts(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
        })
        .collect()
}

/// Whether some file system would take this name for `.git`: case, characters that HFS+ ignores,
/// and what Windows drops at the end or gives as a short name.
pub(super) fn is_git(name: &OsStr) -> bool {
    let ignored = |char: char| {
        matches!(char, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{206a}'..='\u{206f}' | '\u{feff}')
    };
    let name: String = name.to_string_lossy().chars().filter(|char| !ignored(*char)).collect();
    let name = name.to_lowercase();
    let name = name.split(':').next().unwrap_or_default().trim_end_matches([' ', '.']);
    name == ".git" || name == "git~1"
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn every_spelling_of_the_git_folder_is_known_and_its_neighbours_are_not() {
        for name in [
            ".git",
            ".GIT",
            ".gIt",
            ".git\u{200c}",
            ".g\u{feff}it",
            "GIT~1",
            ".git. ",
            ".git::$INDEX_ALLOCATION",
        ] {
            assert!(is_git(name.as_ref()), "{name:?}");
        }
        for name in [".gitignore", ".github", "git", "a.git", ".gitmodules", ".gi"] {
            assert!(!is_git(name.as_ref()), "{name:?}");
        }
    }

    #[test]
    fn links_are_followed_inside_and_refused_outside() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap().join("root");
        fs::create_dir_all(root.join("sub/deep")).unwrap();
        fs::create_dir(root.join(".git")).unwrap();
        fs::write(root.join("sub/file"), "x").unwrap();
        symlink("sub/file", root.join("near")).unwrap();
        symlink("../file", root.join("sub/deep/up")).unwrap();
        symlink(root.join("sub"), root.join("whole")).unwrap();
        symlink("/etc", root.join("etc")).unwrap();
        symlink("../..", root.join("above")).unwrap();
        symlink(".git", root.join("git")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        let at = |path: &str| resolve(Root { reach: &root, named: &root }, path.as_ref(), path);
        let file = |path: &str| at(path).map(|place| (place.path, place.found));
        for path in ["sub/file", "near", "sub/deep/up", "whole/file", "sub/deep/../file"] {
            assert_eq!(file(path).unwrap(), ("sub/file".into(), Found::File), "{path}");
        }
        assert_eq!(file("whole/deep").unwrap(), ("sub/deep".into(), Found::Folder));
        assert_eq!(file("new").unwrap(), ("new".into(), Found::Absent));
        assert_eq!(file("a/b/new").unwrap(), ("a/b/new".into(), Found::AbsentFolder));
        assert!(matches!(at("../x"), Err(FileError::Outside { .. })));
        assert!(matches!(at("sub/../../x"), Err(FileError::Outside { .. })));
        assert!(matches!(at("etc/passwd"), Err(FileError::LinkOutside { .. })));
        assert!(matches!(at("above/x"), Err(FileError::LinkOutside { .. })));
        assert!(matches!(at("git/config"), Err(FileError::Protected { .. })));
        assert!(matches!(at("new/.GIT/config"), Err(FileError::Protected { .. })));
        assert!(matches!(at("loop"), Err(FileError::Links { .. })));
        assert!(matches!(at("sub/file/x"), Err(FileError::NotFolder { .. })));
        assert!(matches!(at("missing/../x"), Err(FileError::Missing { .. })));
    }
}
