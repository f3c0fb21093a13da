//! Reads the labelled diffs.

use brisk::protocol::{Change, ChangeKind};
use brisk::text::hunks;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const CONTEXT_LINES: usize = 3;

pub(crate) struct Entry {
    /// The file of the set that holds it.
    pub(crate) file: String,
    pub(crate) title: String,
    pub(crate) guards: BTreeSet<String>,
    pub(crate) files: Vec<File>,
}

pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) from: Option<String>,
    pub(crate) old: Option<Vec<u8>>,
    pub(crate) new: Option<Vec<u8>>,
}

impl File {
    pub(crate) fn change(&self) -> Change {
        let kind = match (&self.old, &self.new) {
            (None, _) => ChangeKind::Created,
            (_, None) => ChangeKind::Deleted,
            _ if self.from.is_some() => ChangeKind::Renamed,
            _ => ChangeKind::Modified,
        };
        let side = |text: &Option<Vec<u8>>| text.clone().unwrap_or_default();
        let hunks = hunks(&side(&self.old), &side(&self.new), CONTEXT_LINES);
        Change { from: self.from.clone(), ..Change::new(&self.path, kind, hunks) }
    }
}

/// All, in the order of the files' names.
pub(crate) fn entries() -> Vec<Entry> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guards");
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "diffs"));
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(path).unwrap();
        let text = format!("\n{text}");
        let parts = text.split("\n== ").skip(1).map(str::to_owned).collect::<Vec<_>>();
        parts.into_iter().map(move |part| entry(&file, &part)).collect::<Vec<_>>()
    };
    paths.iter().flat_map(read).collect()
}

fn entry(file: &str, text: &str) -> Entry {
    let (head, body) = text.split_once("\n@ ").unwrap_or_else(|| panic!("no path in {text}"));
    let (title, guards) = head.split_once("\nguards: ").unwrap();
    let guards = guards.split(", ").filter(|name| *name != "none").map(str::to_owned);
    let files = body.trim_end_matches('\n').split("\n@ ").flat_map(files).collect();
    Entry { file: file.to_owned(), title: title.to_owned(), guards: guards.collect(), files }
}

fn files(text: &str) -> Vec<File> {
    let (head, body) = text.split_once('\n').unwrap_or((text, ""));
    let (path, mark) = head.split_once(" [").unwrap_or((head, ""));
    let mark = mark.trim_end_matches(']');
    let (mut old, mut new) = (String::new(), String::new());
    for line in body.lines() {
        let (sign, rest) = line.split_at(usize::from(!line.is_empty()));
        let lines = match rest.strip_prefix('%').filter(|_| sign != " ") {
            Some(rest) => {
                let (count, line) = rest.split_once(' ').unwrap();
                (1..=count.parse().unwrap()).map(|n: usize| numbered(line, n)).collect()
            }
            None => format!("{rest}\n"),
        };
        if matches!(sign, "-" | " " | "") {
            old.push_str(&lines);
        }
        if matches!(sign, "+" | " " | "") {
            new.push_str(&lines);
        }
        assert!(["-", "+", " ", ""].contains(&sign), "{line} of {path}");
    }
    let count = mark.strip_prefix("x ").map_or(1, |count| count.parse().unwrap());
    (1..=count)
        .map(|n| File {
            path: if count > 1 { path.replace("{n}", &n.to_string()) } else { path.to_owned() },
            from: mark.strip_prefix("from ").map(str::to_owned),
            old: (mark != "created").then(|| old.clone().into_bytes()),
            new: (mark != "deleted").then(|| new.clone().into_bytes()),
        })
        .collect()
}

fn numbered(line: &str, n: usize) -> String {
    format!("{}\n", line.replace("{n}", &n.to_string()))
}
