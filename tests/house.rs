//! The house is as it is documented: the room table in the docs of `src/lib.rs` is read, and every
//! `crate::room` and every owned crate in `src` is held against it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[derive(Debug, Default)]
struct House {
    /// Room → the rooms that it may use.
    may_use: BTreeMap<String, BTreeSet<String>>,
    /// Crate → the rooms that may name it, and no other.
    owners: BTreeMap<String, BTreeSet<String>>,
}

fn house(docs: &str) -> House {
    let mut house = House::default();
    let rows = docs.lines().filter_map(|line| line.strip_prefix("//! | "));
    for row in rows.filter(|row| !row.starts_with("room |")) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [room, _owns, may_use, crates, ..] = cells[..] else { panic!("a short row: {row}") };
        let words = |cell: &str| cell.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        house.may_use.insert(room.to_owned(), words(may_use).into_iter().collect());
        for name in words(crates) {
            house.owners.entry(name).or_default().insert(room.to_owned());
        }
    }
    house
}

/// The imports of a room's file that the table does not allow, each as a sentence.
fn forbidden(house: &House, room: &str, source: &str) -> Vec<String> {
    let mut found = Vec::new();
    // Below this line a file tests itself, with whatever it needs.
    let source = source.split("\n#[cfg(test)]\n").next().unwrap_or_default();
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    for used in names_after(&code, "crate::") {
        let known = house.may_use.contains_key(&used);
        if known && used != room && !house.may_use[room].contains(&used) {
            found.push(format!("{room} uses {used}"));
        }
    }
    for (name, owners) in &house.owners {
        if !owners.contains(room) && names_before(&code, name) {
            let owners = owners.iter().map(String::as_str).collect::<Vec<_>>().join("'s and ");
            found.push(format!("{room} names the crate {name}, which is {owners}'s"));
        }
    }
    found
}

/// The words that follow `crate::`, in nested imports too: `crate::{a, b::c}`.
fn names_after(code: &str, path: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(path) {
        let rest = &code[at + path.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut word = String::new();
            let mut fresh = true;
            for char in group.chars() {
                match char {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if char.is_alphanumeric() || char == '_' {
                    if fresh {
                        word.push(char);
                    }
                    continue;
                }
                if !word.is_empty() {
                    names.insert(std::mem::take(&mut word));
                }
                fresh = depth == 1 && (char == ',' || (char.is_whitespace() && fresh));
                if depth == 0 {
                    break;
                }
            }
        } else {
            let end = rest.find(|char: char| !char.is_alphanumeric() && char != '_');
            names.insert(rest[..end.unwrap_or(rest.len())].to_owned());
        }
    }
    names
}

/// Whether the code names a crate: `name::`, and not as the tail of a longer path or word.
fn names_before(code: &str, name: &str) -> bool {
    code.match_indices(&format!("{name}::")).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|char| char.is_alphanumeric() || char == '_' || char == ':')
    })
}

/// The sources of a folder and below; tests in files of their own use whatever they need.
fn files(folder: &Path) -> Vec<PathBuf> {
    const TESTS: [&str; 4] = ["tests", "tests.rs", "sample.rs", "conformance.rs"];
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if TESTS.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn documented() -> House {
    house(&fs::read_to_string(Path::new(ROOT).join("src/lib.rs")).unwrap())
}

#[test]
fn no_room_imports_what_the_table_does_not_allow() {
    let (house, source) = (documented(), Path::new(ROOT).join("src"));
    let mut found = Vec::new();
    for room in house.may_use.keys() {
        for file in files(&source.join(room)) {
            let text = fs::read_to_string(&file).unwrap();
            let name = file.strip_prefix(&source).unwrap().display().to_string();
            let sentences = forbidden(&house, room, &text);
            found.extend(sentences.into_iter().map(|sentence| format!("{name}: {sentence}")));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_room_has_a_row_and_every_row_a_room() {
    let house = documented();
    let folders = fs::read_dir(Path::new(ROOT).join("src")).unwrap().map(Result::unwrap);
    let folders = folders.filter(|entry| entry.path().is_dir());
    let folders: BTreeSet<_> =
        folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    assert_eq!(folders, house.may_use.keys().cloned().collect());
}

#[test]
fn a_planted_import_is_found() {
    let house = documented();
    let plant = |room: &str, line: &str| forbidden(&house, room, line);
    assert_eq!(plant("policy", "use crate::term::Terminal;"), ["policy uses term"]);
    assert_eq!(plant("ui", "use crate::{protocol::Op, agent::run};"), ["ui uses agent"]);
    assert_eq!(plant("protocol", "fn f() { crate::text::width(\"\"); }"), ["protocol uses text"]);
    let foreign = plant("agent", "use reqwest::Client;");
    assert_eq!(foreign, ["agent names the crate reqwest, which is model's"]);
    let foreign = plant("ui", "use tree_sitter::Node;");
    assert_eq!(foreign, ["ui names the crate tree_sitter, which is code's and policy's"]);
    assert!(plant("policy", "use crate::protocol::Op;\n// use crate::term::X;").is_empty());
    assert!(plant("model", "use crate::model::sse;\nuse reqwest::Client;").is_empty());
}

#[test]
fn no_file_is_a_coordinator() {
    const LINES_MAX: usize = 600;
    let long: Vec<_> = files(&Path::new(ROOT).join("src"))
        .into_iter()
        .filter(|file| fs::read_to_string(file).unwrap().lines().count() > LINES_MAX)
        .collect();
    assert!(long.is_empty(), "split by who owns the state: {long:#?}");
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    let silent: Vec<_> = files(&Path::new(ROOT).join("src"))
        .into_iter()
        .filter(|file| !fs::read_to_string(file).unwrap().starts_with("//! "))
        .collect();
    assert!(silent.is_empty(), "{silent:#?}");
}
