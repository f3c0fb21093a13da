use super::*;
use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// The race goes on until so many edits were written and so many were refused.
const EACH_MIN: usize = 25;
/// Times at the most that the other program puts something new in the file's place.
const TURNS_MAX: usize = 1_000_000;

const PAUSE: Duration = Duration::from_micros(500);

/// What is at a path, as a name for it: each version here has its own.
fn version(path: &Path) -> String {
    match fs::read_link(path) {
        Ok(target) => target.display().to_string(),
        Err(_) => fs::read_to_string(path).unwrap(),
    }
}

/// Somebody exchanges the file for a new one, or for a link that leads out, as fast as they can,
/// while edits are proposed and written. No version may be overwritten by an edit that was not
/// made from it, and nothing outside may change.
#[test]
fn what_is_written_replaces_exactly_what_was_shown() {
    let fixture = Fixture::new();
    let (tree, outside) = (fixture.tree(), fixture.holder.path().join("outside"));
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("0"), "word 0").unwrap();
    fixture.write("f", "start word");
    let workspace = fixture.open(TreeKind::InPlace);
    let is_over = AtomicBool::new(false);
    let (written, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let is_enough =
        || [&written, &refused].iter().all(|count| count.load(Ordering::Relaxed) >= EACH_MIN);
    let (displaced, placed) = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let (mut displaced, mut placed) =
                (Vec::new(), BTreeSet::from(["start word".to_owned()]));
            for turn in (0..TURNS_MAX).take_while(|_| !is_enough()) {
                let (next, name) = (fixture.scratch().join("next"), format!("writer word {turn}"));
                if turn % 3 == 0 {
                    let target = format!("{}/{turn}", outside.display());
                    symlink(&target, &next).unwrap();
                    placed.insert(target);
                } else {
                    fs::write(&next, &name).unwrap();
                    placed.insert(name);
                }
                let (cwd, flags) = (rustix::fs::CWD, rustix::fs::RenameFlags::EXCHANGE);
                rustix::fs::renameat_with(cwd, &next, cwd, tree.join("f"), flags).unwrap();
                displaced.push(version(&next));
                fs::remove_file(&next).unwrap();
                // Now and then an edit must have a chance.
                thread::sleep(PAUSE * fastrand::u32(..20));
            }
            is_over.store(true, Ordering::Relaxed);
            (displaced, placed)
        });
        let (mut displaced, mut placed) = (Vec::new(), BTreeSet::new());
        let mut number = 0;
        while !is_over.load(Ordering::Relaxed) {
            number += 1;
            let Ok(proposal) = workspace.propose(&edit("f", "word", &format!("word edit{number}")))
            else {
                continue;
            };
            let (old, new) =
                (proposal.content(&Accepted::Hunks(Vec::new())), proposal.content(&Accepted::All));
            match workspace.write(&proposal, &Accepted::All) {
                Ok(_) => {
                    written.fetch_add(1, Ordering::Relaxed);
                    displaced.push(String::from_utf8(old.unwrap()).unwrap());
                    placed.insert(String::from_utf8(new.unwrap()).unwrap());
                }
                Err(_) => {
                    refused.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        let (theirs, made) = writer.join().unwrap();
        displaced.extend(theirs);
        placed.extend(made);
        (displaced, placed)
    });
    assert!(is_enough(), "written: {written:?}, refused: {refused:?}");
    let last = version(&tree.join("f"));
    let seen: BTreeSet<String> = displaced.iter().cloned().chain([last]).collect();
    // An edit that was being taken back may have been displaced in that moment; then the version
    // that it stood on counts as the displaced one.
    let taken_back = seen.difference(&placed).count();
    let lost: Vec<&String> = placed.difference(&seen).collect();
    assert!(lost.len() <= taken_back, "lost: {lost:?}");
    assert_eq!(displaced.len() + 1, seen.len(), "a version was displaced twice");
    assert_eq!(snapshot(&outside).len(), 1);
    assert_eq!(fs::read_to_string(outside.join("0")).unwrap(), "word 0");
    assert_eq!(snapshot(&tree).len(), 1, "no other file is left");
}
