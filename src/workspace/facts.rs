//! A first look at a workspace, cheap enough for every start: the branch, how many files, what
//! they are written in.

use super::git::{Head, Repository};
use super::walk::walk;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

const DIRTY_TIME_MAX: Duration = Duration::from_millis(300);
const COUNT_TIME_MAX: Duration = Duration::from_millis(150);
const COUNT_FILES_MAX: u64 = 20_000;
const NAMES_MAX: usize = 60;
const LANGUAGES_MAX: usize = 5;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Where the user started, from the root; empty at the root.
    pub folder: String,
    pub git: Option<GitFacts>,
    /// In that folder and below, ignored ones left out.
    pub files: Count,
    /// What is in that folder, sorted, folders with a `/` at the end; the first ones.
    pub names: Vec<String>,
    /// How many more there are.
    pub names_left_out: usize,
    /// By the number of files, most first.
    pub languages: Vec<(&'static str, u64)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitFacts {
    pub head: Option<Head>,
    /// Files that are changed or new; None where git could not say in time.
    pub dirty: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    Exactly(u64),
    /// There were more, or no more time.
    AtLeast(u64),
}

impl fmt::Display for Count {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Count::Exactly(count) => write!(out, "{count}"),
            Count::AtLeast(count) => write!(out, "{count}+"),
        }
    }
}

pub(super) fn facts(root: &Path, folder: &Path, without: &Path) -> Facts {
    let start = root.join(folder);
    let git = Repository::find(&start).filter(|repository| repository.top == root);
    let git = git.map(|repository| GitFacts {
        head: repository.head(),
        dirty: repository.dirty(DIRTY_TIME_MAX),
    });
    let mut names = names(&start);
    let names_left_out = names.len().saturating_sub(NAMES_MAX);
    names.truncate(NAMES_MAX);
    let (files, languages) = count(&start, without);
    let folder = folder.to_string_lossy().into_owned();
    Facts { folder, git, files, names, names_left_out, languages }
}

fn names(start: &Path) -> Vec<String> {
    let mut names: Vec<String> = walk(start, None)
        .parents(true)
        .max_depth(Some(1))
        .build()
        .flatten()
        .filter(|entry| entry.depth() == 1)
        .take(COUNT_FILES_MAX as usize)
        .map(|entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            let name = entry.file_name().to_string_lossy();
            if is_folder { format!("{name}/") } else { name.into_owned() }
        })
        .collect();
    names.sort();
    names
}

fn count(start: &Path, without: &Path) -> (Count, Vec<(&'static str, u64)>) {
    let until = Instant::now() + COUNT_TIME_MAX;
    let mut files = 0;
    let mut is_all = true;
    let mut languages: BTreeMap<&'static str, u64> = BTreeMap::new();
    for entry in walk(start, Some(without.to_owned())).parents(true).build().flatten() {
        if files == COUNT_FILES_MAX || Instant::now() > until {
            is_all = false;
            break;
        }
        if entry.file_type().is_some_and(|kind| kind.is_dir()) {
            continue;
        }
        files += 1;
        if let Some(language) = language(entry.path()) {
            *languages.entry(language).or_default() += 1;
        }
    }
    let mut languages: Vec<_> = languages.into_iter().collect();
    languages.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    languages.truncate(LANGUAGES_MAX);
    (if is_all { Count::Exactly(files) } else { Count::AtLeast(files) }, languages)
}

/// By the end of the file's name alone.
fn language(path: &Path) -> Option<&'static str> {
    Some(match path.extension()?.to_str()? {
        "rs" => "Rust",
        "py" | "pyi" => "Python",
        "js" | "mjs" | "cjs" | "jsx" => "JavaScript",
        "ts" | "tsx" | "mts" => "TypeScript",
        "go" => "Go",
        "java" => "Java",
        "kt" | "kts" => "Kotlin",
        "scala" => "Scala",
        "c" | "h" => "C",
        "cc" | "cpp" | "cxx" | "hpp" | "hh" => "C++",
        "cs" => "C#",
        "swift" => "Swift",
        "m" | "mm" => "Objective-C",
        "rb" => "Ruby",
        "php" => "PHP",
        "pl" | "pm" => "Perl",
        "sh" | "bash" | "zsh" | "fish" => "Shell",
        "lua" => "Lua",
        "zig" => "Zig",
        "hs" => "Haskell",
        "ml" | "mli" => "OCaml",
        "ex" | "exs" => "Elixir",
        "erl" => "Erlang",
        "clj" | "cljs" => "Clojure",
        "dart" => "Dart",
        "r" | "R" => "R",
        "jl" => "Julia",
        "sql" => "SQL",
        "html" | "htm" => "HTML",
        "css" | "scss" | "less" => "CSS",
        "vue" => "Vue",
        "svelte" => "Svelte",
        "tf" => "Terraform",
        "nix" => "Nix",
        _ => return None,
    })
}
