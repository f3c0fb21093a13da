//! A look at one folder: its files, and what is installed.

use super::Project;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A larger file is not read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

pub(super) struct Look<'a> {
    project: &'a Project<'a>,
    here: PathBuf,
    /// From the root; empty: the root.
    pub(super) folder: &'a str,
}

impl<'a> Look<'a> {
    pub(super) fn new(project: &'a Project<'a>, folder: &'a str) -> Look<'a> {
        Look { project, here: project.root.join(folder), folder }
    }

    /// A name in this folder, from the root.
    pub(super) fn path(&self, name: &str) -> String {
        if self.folder.is_empty() { name.to_owned() } else { format!("{}/{name}", self.folder) }
    }

    /// The folders above this one, up to the root, as looks of their own; the nearest first.
    pub(super) fn above(&self) -> impl Iterator<Item = Look<'a>> {
        let project = self.project;
        let folders = Path::new(self.folder).ancestors().skip(1);
        folders.filter_map(move |folder| Some(Look::new(project, folder.to_str()?)))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.here.join(name).exists()
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        let path = self.here.join(name);
        if !path.is_file() {
            return None;
        }
        let mut bytes = Vec::new();
        File::open(path).ok()?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 <= FILE_BYTES_MAX).then(|| String::from_utf8(bytes).ok())?
    }

    pub(super) fn toml(&self, name: &str) -> Option<toml::Table> {
        self.text(name)?.parse().ok()
    }

    /// Whether an INI file has the section.
    pub(super) fn section(&self, name: &str, section: &str) -> bool {
        let header = format!("[{section}]");
        self.text(name).is_some_and(|text| text.lines().any(|line| line.trim() == header))
    }

    /// The names in a folder of this one, sorted.
    pub(super) fn names(&self, folder: &str) -> Vec<String> {
        const NAMES_MAX: usize = 1_000;
        let entries = std::fs::read_dir(self.here.join(folder)).into_iter().flatten();
        let mut names: Vec<String> = entries
            .take(NAMES_MAX)
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }

    /// Whether a program of this folder's can be run.
    pub(super) fn runs(&self, name: &str) -> bool {
        is_program(&self.here.join(name))
    }

    /// Where a program is, by `PATH`.
    pub(super) fn program(&self, name: &str) -> Option<PathBuf> {
        let path = self.variable("PATH")?;
        let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
        folders.map(|folder| folder.join(name)).find(|path| is_program(path))
    }

    pub(super) fn variable(&self, name: &str) -> Option<&OsStr> {
        let found = self.project.env.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_os_str())
    }

    /// Whether the program is there; a note says so if it is not.
    pub(super) fn wants(&self, program: &str, file: &str, notes: &mut Vec<String>) -> bool {
        let there = self.program(program).is_some();
        if !there {
            self.missing(program, file, notes);
        }
        there
    }

    pub(super) fn missing(&self, program: &str, file: &str, notes: &mut Vec<String>) {
        let file = self.path(file);
        notes.push(format!("{file} asks for {program}, which is not installed: no gate runs it"));
    }
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
