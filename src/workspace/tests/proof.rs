//! What must hold for every decision, tried at random. The full counts:
//! `BRISK_PROOF=full cargo test --release --lib workspace::tests -- --nocapture`.

use super::draft_fixture::{Drafted, fresh};
use super::landing::{Field, link};
use super::*;
use crate::protocol::{HunkPick, LineKind};
use crate::workspace::apply_landing::{Ground, Landing};
use crate::workspace::apply_plan::look;
use crate::workspace::store_node::Node;
use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

#[allow(clippy::disallowed_methods, reason = "a test is told how much to try")]
pub(super) fn is_full() -> bool {
    std::env::var_os("BRISK_PROOF").is_some_and(|value| value == "full")
}

pub(super) fn count(usual: usize, full: usize) -> usize {
    if is_full() { full } else { usual }
}

type View = BTreeMap<PathBuf, (u32, Vec<u8>)>;

/// Of random trials; `BRISK_SEED` is one to be tried again.
#[allow(clippy::disallowed_methods, reason = "a test is told how much to try")]
pub(super) fn seeds(usual: usize, full: usize) -> Vec<u64> {
    match std::env::var("BRISK_SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => vec![seed],
        None => (0..count(usual, full)).map(|_| fastrand::u64(..)).collect(),
    }
}

/// Where two views differ, and how: mode and length here and there.
pub(super) fn differing(one: &View, other: &View) -> Vec<String> {
    let paths: BTreeSet<&PathBuf> = one.keys().chain(other.keys()).collect();
    let of = |view: &View, path| view.get(path).map(|(mode, bytes)| (*mode, bytes.len()));
    let odd = paths.into_iter().filter(|path| one.get(*path) != other.get(*path));
    odd.map(|path| format!("{path:?}: {:?} {:?}", of(one, path), of(other, path))).collect()
}

fn version(path: &Path) -> String {
    match fs::read_link(path) {
        Ok(target) => target.display().to_string(),
        Err(_) => fs::read_to_string(path).unwrap(),
    }
}

/// One program exchanges a file for new ones and for links that lead out, another the folder itself
/// for a link; decisions over that file and a second one land meanwhile. What a decision displaces
/// is what it was made from, both files change or none, and nothing outside is touched.
#[test]
fn what_was_confirmed_is_what_is_written_whoever_writes_meanwhile() {
    let field = Field::new();
    let (tree, outside) = (field.fixture.tree(), field.fixture.holder.path().join("outside"));
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("f"), "outside").unwrap();
    field.fixture.write("d/f", "start");
    field.fixture.write("quiet", "0");
    let (state, scratch) = (field.fixture.scratch().join("landing"), field.fixture.scratch());
    let is_over = AtomicBool::new(false);
    let races = count(250, 10_000);
    let (mut displaced, mut placed) = (Vec::new(), BTreeSet::from(["start".to_owned()]));
    let (mut landed, mut refused, mut left) = (0, 0, 0);
    // As long as a decision takes here: so some are hit and some are not.
    let usual = AtomicU64::new(10_000);
    let pause = |times: u64| {
        let most = usual.load(Ordering::Relaxed) * times;
        thread::sleep(Duration::from_micros(fastrand::u64(..=most)));
    };
    let (theirs, made) = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let (mut displaced, mut placed) = (Vec::new(), BTreeSet::new());
            for turn in 0_u64.. {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                let (next, name) = (scratch.join("next"), format!("writer {turn}"));
                let name = if turn % 3 == 0 {
                    let target = outside.join(turn.to_string()).display().to_string();
                    symlink(&target, &next).unwrap();
                    target
                } else {
                    fs::write(&next, &name).unwrap();
                    name
                };
                // The folder may be a link at this moment, or away: the real one is held and meant.
                let is_placed = ["d", "real"].iter().any(|name| {
                    use rustix::fs::{CWD, Mode, OFlags, RenameFlags, open, renameat_with};
                    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                    open(tree.join(name), flags, Mode::empty()).is_ok_and(|folder| {
                        renameat_with(CWD, &next, &folder, "f", RenameFlags::EXCHANGE).is_ok()
                    })
                });
                if is_placed {
                    placed.insert(name);
                    displaced.push(version(&next));
                }
                fs::remove_file(&next).unwrap();
                pause(3);
            }
            (displaced, placed)
        });
        let flipper = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                fs::rename(tree.join("d"), tree.join("real")).unwrap();
                symlink(&outside, tree.join("d")).unwrap();
                thread::yield_now();
                fs::remove_file(tree.join("d")).unwrap();
                fs::rename(tree.join("real"), tree.join("d")).unwrap();
                pause(4);
            }
        });
        let mut race = 0;
        while landed + refused < races {
            race += 1;
            let begun = Instant::now();
            let ground = Ground { tree: &tree, store: &field.store, state: &state };
            let path = PathBuf::from("d/f");
            let (Ok((old, _)), Ok((quiet, _))) =
                (look(&ground, &path), look(&ground, Path::new("quiet")))
            else {
                continue;
            };
            let shown = match &old {
                Node::File(file) => {
                    String::from_utf8(field.store.get(&file.blob).unwrap()).unwrap()
                }
                Node::Link(target) => String::from_utf8(target.0.clone()).unwrap(),
                _ => continue,
            };
            let name = format!("decision {race}");
            let new = if race % 7 == 0 { link(&name) } else { field.file(&name, 0o644) };
            let other = Landing { path: "quiet".into(), old: quiet, new: field.file(&name, 0o644) };
            let before = field.fixture.read("quiet");
            match field.land_all(vec![Landing { path, old, new }, other], true, &mut |_| Ok(())) {
                Ok(_) => {
                    landed += 1;
                    displaced.push(shown);
                    placed.insert(name.clone());
                    assert_eq!(field.fixture.read("quiet"), name);
                }
                Err(error) => {
                    refused += 1;
                    left += usize::from(matches!(error, ApplyError::Partly { .. }));
                    assert_eq!(field.fixture.read("quiet"), before, "{error}");
                }
            }
            usual.store(begun.elapsed().as_micros() as u64, Ordering::Relaxed);
        }
        is_over.store(true, Ordering::Relaxed);
        flipper.join().unwrap();
        writer.join().unwrap()
    });
    displaced.extend(theirs);
    placed.extend(made);
    println!("{races} races: {landed} landed, {refused} refused, {left} of them not whole");
    assert!(landed > races / 50 && refused > races / 50, "landed: {landed}, refused: {refused}");
    let last = version(&tree.join("d/f"));
    let seen: BTreeSet<String> = displaced.iter().cloned().chain([last]).collect();
    // A decision that was being taken back may have been displaced in that moment; then what it
    // stood on counts as displaced.
    let taken_back = seen.difference(&placed).count();
    let lost: Vec<&String> = placed.difference(&seen).collect();
    assert!(lost.len() <= taken_back, "lost: {lost:?}");
    assert_eq!(displaced.len() + 1, seen.len(), "a version was displaced twice");
    assert_eq!(snapshot(&outside).len(), 1);
    assert_eq!(fs::read_to_string(outside.join("f")).unwrap(), "outside");
    assert_eq!(snapshot(&tree).len(), 3, "no other file is left: {:?}", snapshot(&tree).keys());
    assert_eq!(field.records(), 0);
}

/// A text of odd lines: other ends, a byte order mark, none at the end, repeated ones.
pub(super) fn odd_text() -> Vec<u8> {
    let mut text = Vec::new();
    if fastrand::u8(..5) == 0 {
        text.extend_from_slice(b"\xef\xbb\xbf");
    }
    for _ in 0..fastrand::usize(..40) {
        text.extend_from_slice(
            ["a", "b", "", "  x", "é", "\u{202e}z", "\t\t}"][fastrand::usize(..7)].as_bytes(),
        );
        if fastrand::u8(..20) == 0 {
            text.push(0xff);
        }
        text.extend_from_slice(if fastrand::u8(..4) == 0 { b"\r\n" } else { b"\n" });
    }
    if fastrand::bool() {
        text.pop();
    }
    text
}

pub(super) fn edited(text: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> =
        text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    for _ in 0..=fastrand::usize(..4) {
        let at = fastrand::usize(..=lines.len());
        match fastrand::u8(..3) {
            0 if at < lines.len() => drop(lines.remove(at)),
            1 if at < lines.len() => lines[at] = b"changed\n".to_vec(),
            _ => lines.insert(at, b"inserted\r\n".to_vec()),
        }
    }
    lines.concat()
}

/// A decision over any hunks and lines of odd files: the lines that were not picked are there byte
/// for byte as they were, and the undo leaves no trace in tree and draft.
#[test]
fn any_choice_lands_or_is_refused_and_its_undo_is_exact() {
    let fixture = Fixture::new();
    for file in 0..4 {
        fixture.write(format!("f{file}"), odd_text());
    }
    let Some(draft) = Drafted::mounted(fixture) else { return };
    let workspace = draft.open();
    let (mut landed, mut refused) = (0, 0);
    for case in 0..count(60, 500) {
        for file in 0..4 {
            let path = draft.merged().join(format!("f{file}"));
            if fastrand::bool() {
                let old = fs::read(&path).unwrap_or_default();
                fs::write(&path, edited(&old)).unwrap();
            }
        }
        let changes = workspace.changes().unwrap();
        let picks: Vec<Pick> = changes
            .iter()
            .filter_map(|change| {
                let hunk = |hunk: usize| {
                    let whole = fastrand::bool();
                    let lines = (0..change.hunks[hunk].lines.len()).filter(|_| fastrand::bool());
                    HunkPick { hunk, lines: (!whole).then(|| lines.collect()) }
                };
                let hunks = (0..change.hunks.len()).filter(|_| fastrand::bool()).map(hunk);
                let hunks = (fastrand::u8(..5) > 0).then(|| hunks.collect());
                fastrand::bool().then(|| Pick { id: change.id.clone(), hunks })
            })
            .collect();
        let (tree, view) = (snapshot(&draft.fixture.tree()), snapshot(draft.merged()));
        workspace.checkpoint("decision").unwrap();
        match workspace.accept(&picks, &mut |_| Ok(())) {
            Err(error) => {
                refused += 1;
                assert!(matches!(error, ApplyError::Pick(PickError::Unended { .. })), "{error}");
                assert_eq!(snapshot(&draft.fixture.tree()), tree);
            }
            Ok(applied) => {
                landed += 1;
                let after = snapshot(&draft.fixture.tree());
                for (path, (mode, content)) in &after {
                    let picked = changes.iter().filter(|it| it.path == path.to_string_lossy());
                    let pick = picked.clone().find_map(|it| picks.iter().find(|p| p.id == it.id));
                    let Some(pick) = pick else {
                        assert_eq!(tree.get(path), Some(&(*mode, content.clone())), "untouched");
                        continue;
                    };
                    let change = picked.clone().next().unwrap();
                    check_lines(&tree[path].1, content, change, pick);
                }
                assert!(applied.paths.len() <= picks.len());
                assert_eq!(snapshot(draft.merged()), view, "a decision does not change the draft");
                if applied.paths.is_empty() {
                    continue;
                }
                workspace.undo(&mut || fresh(&draft)).unwrap();
                assert_eq!(snapshot(&draft.fixture.tree()), tree, "case {case}");
                assert_eq!(snapshot(draft.merged()), view);
                assert_eq!(workspace.changes().unwrap(), changes);
                workspace.redo(&mut || fresh(&draft)).unwrap();
                assert_eq!(snapshot(&draft.fixture.tree()), after);
            }
        }
    }
    println!("{landed} landed, {refused} refused");
    assert!(landed > refused);
}

/// Each line of the old file that no picked hunk removes is in the new one, in order; and what was
/// added is what was picked.
fn check_lines(old: &[u8], new: &[u8], change: &Change, pick: &Pick) {
    let is_picked = |hunk: usize, line: usize| match &pick.hunks {
        None => true,
        Some(hunks) => hunks.iter().any(|it| {
            it.hunk == hunk && it.lines.as_ref().is_none_or(|lines| lines.contains(&line))
        }),
    };
    let (mut removed, mut added) = (BTreeSet::new(), 0);
    for (number, hunk) in change.hunks.iter().enumerate() {
        let mut at = (hunk.old_start as usize).saturating_sub(usize::from(hunk.old_lines > 0));
        for (index, line) in hunk.lines.iter().enumerate() {
            let picked = is_picked(number, index);
            if line.kind == LineKind::Removed && picked {
                removed.insert(at);
            }
            added += usize::from(line.kind == LineKind::Added && picked);
            at += usize::from(line.kind != LineKind::Added);
        }
    }
    let lines = |text: &[u8]| -> Vec<Vec<u8>> {
        text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    };
    let kept = lines(old).into_iter().enumerate().filter(|(at, _)| !removed.contains(at));
    let mut rest = lines(new).into_iter();
    let (mut kept_count, new_count) = (0, rest.len());
    for (at, line) in kept {
        assert!(rest.any(|it| it == line), "line {at} is not what it was");
        kept_count += 1;
    }
    assert_eq!(new_count, kept_count + added);
}

/// Edits, what commands write, decisions, undos, redos and rewinds in any order: tree and draft are
/// what they were at each place of the way.
#[test]
fn random_ways_lead_back_exactly() {
    let (mut steps, mut ways) = (0, 0);
    for seed in seeds(10, 1_000) {
        fastrand::seed(seed);
        let fixture = Fixture::new();
        for path in ["a", "b", "d/e", "d/f", "d/g/h", "target/x"] {
            fixture.write(path, odd_text());
        }
        fixture.write(".gitignore", "target\n");
        let Some(draft) = Drafted::mounted(fixture) else { return };
        let workspace = draft.open();
        let now = || (snapshot(&draft.fixture.tree()), snapshot(draft.merged()));
        let check = |wanted: &(View, View), what: &str| {
            let (tree, view) = now();
            let odd = [differing(&tree, &wanted.0), differing(&view, &wanted.1)];
            assert!(odd == [[""; 0], [""; 0]], "seed {seed}, {what}: {odd:#?}");
        };
        let mut past = vec![(now(), CheckpointId(0))];
        let mut at = 0;
        for _ in 0..14 {
            steps += 1;
            match fastrand::u8(..10) {
                0 | 1 if at > 0 => {
                    let known = past[..at].iter().rposition(|it| it.0 != past[at].0);
                    match (known, workspace.undo(&mut || fresh(&draft))) {
                        (Some(there), Ok(_)) => at = there,
                        (None, Err(CheckpointError::NothingToUndo)) => {}
                        other => panic!("seed {seed}: {other:?}"),
                    }
                    ways += 1;
                    check(&past[at].0, "undo");
                }
                2 => match workspace.redo(&mut || fresh(&draft)) {
                    Ok(_) => {
                        at += past[at..].iter().position(|it| it.0 != past[at].0).unwrap();
                        ways += 1;
                        check(&past[at].0, "redo");
                    }
                    Err(CheckpointError::NothingToRedo) => {}
                    Err(error) => panic!("{error}"),
                },
                choice => {
                    past.truncate(at + 1);
                    let point = workspace.checkpoint("step").unwrap();
                    past[at].1 = point.id;
                    match choice {
                        3 | 4 => {
                            let changes = workspace.changes().unwrap();
                            let picks = changes.iter().filter(|_| fastrand::bool());
                            let picks: Vec<Pick> =
                                picks.map(|it| Pick { id: it.id.clone(), hunks: None }).collect();
                            if workspace
                                .accept(&picks, &mut |_| Ok(()))
                                .is_ok_and(|it| it.must_remount)
                            {
                                draft.remount();
                            }
                        }
                        5 => {
                            let edit = Edit { path: "a".into(), old: None, new: "new\n".into() };
                            if let Ok(proposal) = workspace.propose(&edit) {
                                workspace.write(&proposal, &Accepted::All).unwrap();
                            }
                        }
                        _ => command(draft.merged()),
                    }
                    past.push((now(), CheckpointId(0)));
                    at += 1;
                }
            }
        }
        if let Some((state, id)) = past[..at].iter().find(|it| it.1 != CheckpointId(0)) {
            let before = now();
            workspace.restore(*id, &mut || fresh(&draft)).unwrap();
            check(state, "rewind");
            if before != *state {
                workspace.undo(&mut || fresh(&draft)).unwrap();
                check(&before, "undo of the rewind");
            }
        }
    }
    println!("{steps} steps, {ways} ways back or forth");
}

/// Something that a program might do in the draft.
fn command(merged: &Path) {
    let names = ["a", "b", "d", "d/e", "d/f", "d/g", "d/g/h", "n/new", "target/x", "target/y"];
    let path = merged.join(names[fastrand::usize(..names.len())]);
    let (metadata, other) = (path.symlink_metadata(), merged.join("n/other"));
    match (fastrand::u8(..6), metadata) {
        (0, Ok(found)) if found.is_dir() => fs::remove_dir_all(&path).unwrap(),
        (0, Ok(_)) => fs::remove_file(&path).unwrap(),
        (1, Ok(found)) if found.is_file() => {
            let mode = if found.permissions().mode() & 0o100 == 0 { 0o755 } else { 0o644 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        (2, Ok(found)) if found.is_file() => {
            let _ = fs::create_dir_all(merged.join("n"));
            let _ = fs::rename(&path, other);
        }
        (3, Ok(found)) if !found.is_dir() => {
            fs::remove_file(&path).unwrap();
            symlink("somewhere", &path).unwrap();
        }
        (4, Err(_)) => {
            let _ = fs::create_dir_all(&path);
        }
        (_, Ok(found)) if found.is_dir() => {
            let _ = fs::write(path.join("in"), odd_text());
        }
        (_, Ok(found)) if found.is_symlink() => fs::remove_file(&path).unwrap(),
        _ => {
            let _ = fs::create_dir_all(path.parent().unwrap());
            let _ = fs::write(&path, odd_text());
        }
    }
}
