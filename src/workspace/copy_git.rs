//! Git in a copy: a git folder of its own, with the original's refs, index and settings as they
//! are, that borrows the original's objects. So git works in the copy, and nothing that it does
//! there reaches the original's refs or index. Nested repositories and submodules stay without.

use super::git::Repository;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// How deep refs and logs may be nested.
const DEPTH_MAX: usize = 32;
/// Files of a git folder, its objects left out.
const FILES_MAX: usize = 50_000;

/// The folders that a copy needs beside the files at the top. Objects are borrowed; what belongs
/// to other work trees, submodules or other programs is left out.
const FOLDERS: [&str; 8] =
    ["hooks", "info", "logs", "rebase-apply", "rebase-merge", "refs", "reftable", "sequencer"];
/// They say where another folder is.
const POINTERS: [&str; 2] = ["commondir", "gitdir"];

/// Settings that must differ: files are known by time and size, since their inodes are new, and
/// nothing stays at work in the background.
const SETTINGS: &[u8] = b"
[gc]
\tauto = 0
[maintenance]
\tauto = false
[core]
\tfsmonitor = false
\tuntrackedCache = false
\ttrustctime = false
\tcheckStat = minimal
";

/// Makes `.git` in `root` for a copy of the repository's work tree.
pub(super) fn copy_git(repository: &Repository, root: &Path) -> io::Result<()> {
    let git = root.join(".git");
    fs::create_dir(&git)?;
    let mut files = 0;
    copy_folder(&repository.common, &git, DEPTH_MAX, &mut files)?;
    if repository.git != repository.common {
        // An added worktree has its own HEAD and index, which win.
        copy_folder(&repository.git, &git, DEPTH_MAX, &mut files)?;
    }
    borrow_objects(&repository.common.join("objects"), &git.join("objects"))?;
    settle(&git.join("config"), root)?;
    if git.join("config.worktree").exists() {
        settle(&git.join("config.worktree"), root)?;
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path, depth: usize, files: &mut usize) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let kind = entry.file_type()?;
        let is_top = depth == DEPTH_MAX;
        let is_foreign = is_top && kind.is_dir() && !FOLDERS.iter().any(|folder| name == *folder);
        let is_pointer = is_top && POINTERS.iter().any(|pointer| name == *pointer);
        if is_foreign || is_pointer || name.as_bytes().ends_with(b".lock") {
            continue;
        }
        let target = to.join(&name);
        if kind.is_dir() && depth > 0 {
            match fs::create_dir(&target) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Ok(()) | Err(_) => copy_folder(&entry.path(), &target, depth - 1, files)?,
            }
        } else if kind.is_file() {
            *files += 1;
            if *files > FILES_MAX {
                return Err(io::Error::other("too many files in the git folder"));
            }
            fs::copy(entry.path(), &target)?;
            let time = entry.metadata()?.modified()?;
            // The index is compared with the times of files: its own has to stay.
            let _ = OpenOptions::new()
                .append(true)
                .open(&target)
                .and_then(|file| file.set_modified(time));
        }
    }
    Ok(())
}

/// Lets `to` find the objects of `from`, and those that it borrows itself.
fn borrow_objects(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to.join("info"))?;
    fs::create_dir_all(to.join("pack"))?;
    let mut lenders = vec![from.to_owned()];
    if let Ok(list) = fs::read(from.join("info/alternates")) {
        let paths = list.split(|byte| *byte == b'\n').filter(|path| !path.is_empty());
        let paths = paths.filter(|path| path[0] != b'#');
        // A relative one counts from the folder of the objects.
        lenders
            .extend(paths.map(|path| from.join(PathBuf::from(std::ffi::OsStr::from_bytes(path)))));
    }
    let mut file = fs::File::create(to.join("info/alternates"))?;
    for lender in lenders {
        // Git takes a name in quotes as C has them; what has a line break in it cannot be lent
        // otherwise.
        let quoted = super::quote::quote(lender.as_os_str().as_bytes());
        file.write_all(quoted.as_deref().map_or(lender.as_os_str().as_bytes(), str::as_bytes))?;
        file.write_all(b"\n")?;
    }
    Ok(())
}

/// Writes the settings that must differ in the copy, and where the work tree is, if it is named.
fn settle(config: &Path, root: &Path) -> io::Result<()> {
    let mut settings = SETTINGS.to_vec();
    let text = fs::read(config).unwrap_or_default();
    if String::from_utf8_lossy(&text).to_lowercase().contains("worktree") {
        settings.extend_from_slice(b"\tworktree = \"");
        for byte in root.as_os_str().as_bytes() {
            match byte {
                b'"' | b'\\' => settings.extend([b'\\', *byte]),
                b'\n' => settings.extend_from_slice(b"\\n"),
                b'\t' => settings.extend_from_slice(b"\\t"),
                _ => settings.push(*byte),
            }
        }
        settings.extend_from_slice(b"\"\n");
    }
    OpenOptions::new().append(true).create(true).open(config)?.write_all(&settings)
}
