//! What git has of a tree: which files are as its index says, and their contents.

use super::git::{Repository, command, run};
use super::store::Store;
use super::store_node::FileNode;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

const LISTING_TIME_MAX: Duration = Duration::from_secs(5);

/// The files that are as git's index has them, each with the name of its content; empty where that
/// cannot be told.
pub(super) fn clean(repository: &Repository) -> BTreeMap<PathBuf, String> {
    listed(repository).unwrap_or_default()
}

fn listed(repository: &Repository) -> Option<BTreeMap<PathBuf, String>> {
    let call = |args: &[&str]| {
        let mut all = repository.filters_off()?;
        all.extend(args.iter().map(OsString::from));
        run(&repository.top, &all, LISTING_TIME_MAX)
    };
    let tracked = call(&["ls-files", "--stage", "-z"])?;
    let dirty = call(&["diff-files", "--name-only", "--ignore-submodules=all", "-z"])?;
    let dirty: BTreeSet<&[u8]> = dirty.split(|byte| *byte == 0).collect();
    let mut clean = BTreeMap::new();
    // `100644 NAME 0<tab>path`
    for line in tracked.split(|byte| *byte == 0) {
        let Some(tab) = line.iter().position(|byte| *byte == b'\t') else { continue };
        let (facts, path) = (String::from_utf8_lossy(&line[..tab]), &line[tab + 1..]);
        let mut facts = facts.split(' ');
        let (mode, name, stage) = (facts.next()?, facts.next()?, facts.next()?);
        if mode.starts_with("100") && stage == "0" && !dirty.contains(path) {
            clean.insert(PathBuf::from(OsStr::from_bytes(path)), name.to_owned());
        }
    }
    Some(clean)
}

/// Brings contents of git's into the store; those that are not to be had are missing.
pub(super) fn contents(
    repository: Option<&Repository>,
    names: &BTreeSet<String>,
    store: &Store,
) -> BTreeMap<String, FileNode> {
    match repository {
        Some(repository) if !names.is_empty() => {
            fetch(repository, names, store).unwrap_or_default()
        }
        _ => BTreeMap::new(),
    }
}

fn fetch(
    repository: &Repository,
    names: &BTreeSet<String>,
    store: &Store,
) -> io::Result<BTreeMap<String, FileNode>> {
    let args = ["cat-file", "--batch"].map(OsString::from);
    let mut child = command(&repository.top, &args).stdin(Stdio::piped()).spawn()?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let asked: String = names.iter().flat_map(|name| [name.as_str(), "\n"]).collect();
    let asking =
        thread::spawn(move || input.map_or(Ok(()), |mut it| it.write_all(asked.as_bytes())));
    let mut found = BTreeMap::new();
    let read = output.map_or(Ok(()), |output| answers(BufReader::new(output), store, &mut found));
    // It may be waiting for us to read on.
    let _ = child.kill();
    let _ = child.wait();
    let _ = asking.join();
    read.map(|()| found)
}

/// `NAME blob LENGTH`, the content, a line break; or `NAME missing`.
fn answers(
    mut output: impl BufRead,
    store: &Store,
    found: &mut BTreeMap<String, FileNode>,
) -> io::Result<()> {
    let mut line = String::new();
    while output.read_line(&mut line)? > 0 {
        let mut words = line.split_whitespace();
        let (name, kind, length) = (words.next(), words.next(), words.next());
        if let (Some(name), Some("blob"), Some(length)) = (name, kind, length) {
            let length = length.parse().map_err(io::Error::other)?;
            let blob = store.put_from(&mut output.by_ref().take(length))?;
            output.read_exact(&mut [0])?;
            let node = FileNode { blob, mode: 0, owner: None, attributes: Vec::new() };
            found.insert(name.to_owned(), node);
        }
        line.clear();
    }
    Ok(())
}
