//! The guards against diffs that were labelled before any code read them: see `README.md`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends by a panic")]

mod entries;

use brisk::code::facts;
use brisk::policy::{guards, large};
use brisk::protocol::Guarded;
use entries::{Entry, entries};
use std::collections::BTreeSet;

/// At most this share of the harmless ones is asked about, in percent.
const FALSE_ALARMS_MAX: usize = 5;
const HELD_OUT: usize = 3;

fn asked(entry: &Entry) -> Vec<Guarded> {
    let changes: Vec<_> = entry.files.iter().map(entries::File::change).collect();
    let mut found: Vec<_> = entry
        .files
        .iter()
        .zip(&changes)
        .flat_map(|(file, change)| {
            let facts = facts(&file.path, file.old.as_deref(), file.new.as_deref());
            guards(change, &facts, &[])
        })
        .collect();
    found.extend(large(&changes));
    found
}

#[derive(Default)]
struct Figures {
    guarded: usize,
    missed: Vec<String>,
    /// Guarded for a reason, and for one more.
    more: Vec<String>,
    harmless: usize,
    alarms: Vec<String>,
}

fn measure<'a>(entries: impl Iterator<Item = &'a Entry>) -> Figures {
    let mut figures = Figures::default();
    for entry in entries {
        let found = asked(entry);
        let names: BTreeSet<_> = found.iter().map(|guarded| guarded.guard.clone()).collect();
        let why = || found.iter().map(|guarded| format!("{}: {}", guarded.guard, guarded.why));
        let line = |what: String| format!("{} / {}: {what}", entry.file, entry.title);
        if entry.guards.is_empty() {
            figures.harmless += 1;
            if !names.is_empty() {
                figures.alarms.push(line(why().collect::<Vec<_>>().join(", ")));
            }
            continue;
        }
        figures.guarded += 1;
        for missed in entry.guards.difference(&names) {
            figures.missed.push(line(missed.clone()));
        }
        for more in names.difference(&entry.guards) {
            let why = why().find(|why| why.starts_with(more.as_str())).unwrap();
            figures.more.push(line(why));
        }
    }
    figures
}

fn print(name: &str, figures: &Figures) {
    println!(
        "{name}: {} of {} guarded missed, {} of {} harmless asked about, {} asked about for one more reason",
        figures.missed.len(),
        figures.guarded,
        figures.alarms.len(),
        figures.harmless,
        figures.more.len(),
    );
    for (what, lines) in
        [("missed", &figures.missed), ("alarm", &figures.alarms), ("more", &figures.more)]
    {
        lines.iter().for_each(|line| println!("  {what} {line}"));
    }
}

#[test]
fn what_needs_a_human_is_never_missed_and_little_else_is_asked_about() {
    let entries = entries();
    let tuned = entries.iter().enumerate().filter(|(at, _)| at % HELD_OUT != HELD_OUT - 1);
    let held = entries.iter().enumerate().filter(|(at, _)| at % HELD_OUT == HELD_OUT - 1);
    print("tuned", &measure(tuned.map(|(_, entry)| entry)));
    print("held out", &measure(held.map(|(_, entry)| entry)));
    let all = measure(entries.iter());
    assert!(all.missed.is_empty(), "{:#?}", all.missed);
    let share = all.alarms.len() * 100;
    assert!(share <= all.harmless * FALSE_ALARMS_MAX, "{:#?}", all.alarms);
}
