//! Commits that were made inside a draft: git writes down there where its HEAD has been.

use super::Side;
use super::Workspace;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// From the root.
const LOG: &str = ".git/logs/HEAD";
/// Of git's log, from its end.
const LOG_BYTES_MAX: u64 = 64 * 1024;
/// What git says that it did when it made a commit.
const COMMITS: [&str; 6] = ["commit", "merge", "cherry-pick", "revert", "rebase", "am"];

impl Workspace {
    /// First lines of the commits that were made in the draft and are not in the tree's repository,
    /// oldest first; without a draft none.
    pub fn commits_inside(&self) -> Vec<String> {
        let Side::Draft(draft) = &self.side else { return Vec::new() };
        // Only what was written in the draft is there.
        let Ok(inside) = tail(&draft.layer.upper.join(LOG)) else { return Vec::new() };
        let known = tail(&self.root.join(LOG)).unwrap_or_default();
        let known: HashSet<&str> = known.lines().collect();
        inside.lines().filter(|line| !known.contains(line)).filter_map(made).collect()
    }
}

/// `old new Name <mail> time zone<tab>commit (amend): subject`
fn made(line: &str) -> Option<String> {
    let (_, said) = line.split_once('\t')?;
    let (what, subject) = said.split_once(": ")?;
    let is_commit = COMMITS.iter().any(|it| what.split(' ').next() == Some(*it));
    is_commit.then(|| subject.to_owned())
}

/// Whole lines only.
fn tail(path: &Path) -> io::Result<String> {
    use std::io::{Seek, SeekFrom};
    let bytes = fs::symlink_metadata(path)?.len();
    let mut file = File::open(path)?;
    let mut text = Vec::new();
    let skipped = bytes.saturating_sub(LOG_BYTES_MAX);
    file.seek(SeekFrom::Start(skipped))?;
    file.take(LOG_BYTES_MAX).read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(match (skipped, text.split_once('\n')) {
        (0, _) | (_, None) => text,
        (_, Some((_, whole))) => whole.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_makes_a_commit_is_one() {
        for (said, expected) in [
            ("commit: fix", Some("fix")),
            ("commit (amend): fix: more", Some("fix: more")),
            ("commit (initial): start", Some("start")),
            ("cherry-pick: x", Some("x")),
            ("checkout: moving from a to b", None),
            ("reset: moving to HEAD", None),
            ("clone: from x", None),
        ] {
            let line = format!("0 1 N <m> 1 +0000\t{said}");
            assert_eq!(made(&line).as_deref(), expected, "{said}");
        }
    }
}
