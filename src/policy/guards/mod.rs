//! Changes that always need a human, told from paths and from what a parser saw; no model is asked.
//!
//! [`guards`] looks at one change, [`large`] at all that would land at once.

mod ci;
mod dependencies;
mod globs;
mod interface;
mod migration;
mod paths;
mod sensitive;
mod size;
mod weakened;

pub use size::large;

use crate::protocol::{Change, ChangeKind, Facts, GuardPaths, Guarded, Side, Spot};

/// The guards that need no configuration.
pub const GUARDS: [&str; 10] = [
    "dependencies",
    "ci",
    "auth",
    "crypto",
    "payment",
    "interface",
    "deletion",
    "tests",
    "migration",
    "large",
];

/// What of a change needs a human: at most one per guard and hunk, in the order of the file. A
/// configured guard may have the name of a built-in one: then it guards more.
pub fn guards(change: &Change, facts: &Facts, configured: &[GuardPaths]) -> Vec<Guarded> {
    let looked = Looked { change, facts };
    let mut found = Found { change, guarded: Vec::new() };
    deletion(&looked, &mut found);
    dependencies::look(&looked, &mut found);
    ci::look(&looked, &mut found);
    migration::look(&looked, &mut found);
    interface::look(&looked, &mut found);
    weakened::look(&looked, &mut found);
    sensitive::look(&looked, &mut found);
    size::look(&looked, &mut found);
    for guard in configured {
        let meant = |path: &str| guard.paths.iter().any(|glob| globs::fits(glob, path));
        let from = change.from.as_deref().filter(|path| meant(path));
        if let Some(path) = from.or(Some(&*change.path).filter(|path| meant(path))) {
            found.whole(&guard.name, &format!("changes {path}, which is guarded"));
        }
    }
    found.guarded.sort_by_key(|guarded| guarded.hunk);
    found.guarded
}

/// What the guards look at.
struct Looked<'a> {
    change: &'a Change,
    facts: &'a Facts,
}

impl Looked<'_> {
    fn is_removed(&self) -> bool {
        self.change.kind == ChangeKind::Deleted
    }

    /// `adds`, `removes`, `changes`: what happens to the file.
    fn verb(&self) -> &'static str {
        match self.change.kind {
            ChangeKind::Created => "adds",
            ChangeKind::Modified => "changes",
            ChangeKind::Deleted => "removes",
            ChangeKind::Renamed => "moves",
        }
    }

    /// Whether a line that is no comment changed, or what no line can show: mode, bytes.
    fn says_something(&self) -> bool {
        self.change.hunks.is_empty() || self.facts.touched.iter().any(|line| !line.code.is_empty())
    }
}

struct Found<'a> {
    change: &'a Change,
    guarded: Vec<Guarded>,
}

impl Found<'_> {
    fn whole(&mut self, guard: &str, why: &str) {
        self.add(guard, None, why);
    }

    fn at(&mut self, guard: &str, spot: Spot, why: &str) {
        self.add(guard, self.hunk(spot), why);
    }

    fn add(&mut self, guard: &str, hunk: Option<usize>, why: &str) {
        let known =
            |guarded: &Guarded| guarded.guard == guard && (guarded.hunk == hunk || hunk.is_none());
        if self.guarded.iter().any(known) {
            return;
        }
        self.guarded.push(Guarded {
            guard: guard.to_owned(),
            id: self.change.id.clone(),
            path: self.change.path.clone(),
            hunk,
            why: why.to_owned(),
        });
    }

    /// The hunk that shows a line, else the one that is nearest: a fact may stand at the head of
    /// what changed further down.
    fn hunk(&self, spot: Spot) -> Option<usize> {
        let range = |hunk: &crate::protocol::Hunk| match spot.side {
            Side::Old => (hunk.old_start, hunk.old_start + hunk.old_lines),
            Side::New => (hunk.new_start, hunk.new_start + hunk.new_lines),
        };
        let hunks = self.change.hunks.iter().enumerate();
        let distance = |(_, hunk): &(usize, &crate::protocol::Hunk)| {
            let (start, end) = range(hunk);
            start.saturating_sub(spot.line).max((spot.line + 1).saturating_sub(end))
        };
        hunks.min_by_key(distance).map(|(index, _)| index)
    }
}

/// A file that goes, or loses all that it holds.
fn deletion(looked: &Looked<'_>, found: &mut Found<'_>) {
    let change = looked.change;
    if looked.is_removed() {
        return found.whole("deletion", &format!("deletes {}", change.path));
    }
    let emptied = change.kind == ChangeKind::Modified
        && matches!(&change.hunks[..], [hunk] if hunk.new_start == 0 && hunk.new_lines == 0);
    if emptied {
        found.at(
            "deletion",
            Spot { side: Side::Old, line: 1 },
            &format!("empties {}", change.path),
        );
    }
}
