use super::draft_fixture::Drafted;
use super::proof::{count, seeds};
use super::*;
use crate::workspace::{ApplyError, Freshness};
use std::os::unix::fs::symlink;

const FILES: [&str; 3] = ["a", "b", "d/c"];
const LINES: usize = 30;

/// A second draft over the tree of the first.
fn beside(first: &Drafted) -> Option<Drafted> {
    let holder = tempfile::tempdir().unwrap();
    symlink(first.fixture.tree(), holder.path().join("tree")).unwrap();
    fs::create_dir(holder.path().join("scratch")).unwrap();
    Drafted::mounted(Fixture { holder })
}

struct Hand {
    draft: Drafted,
    workspace: Workspace,
}

impl Hand {
    fn freshen(&self) {
        self.draft.remount();
        self.workspace.sync(Freshness::Remounted).unwrap();
    }

    /// Adds a word to a line: no edit takes another one's word away.
    fn edit(&self, word: &str) {
        let path = self.draft.merged().join(FILES[fastrand::usize(..FILES.len())]);
        let text = fs::read_to_string(&path).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let line = fastrand::usize(..lines.len());
        lines[line].push_str(word);
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        self.workspace.authored(&Author::Edit).unwrap();
    }

    fn conflicts(&self) -> usize {
        self.workspace.changes().unwrap().iter().filter(|change| change.conflict).count()
    }

    /// Some of what can be accepted; whether the tree had moved.
    fn accept(&self) -> bool {
        let changes = self.workspace.changes().unwrap();
        let picks = changes.iter().filter(|change| !change.conflict && fastrand::u8(..3) > 0);
        let picks: Vec<Pick> =
            picks.map(|change| Pick { id: change.id.clone(), hunks: None }).collect();
        match self.workspace.accept(&picks, &mut |_| Ok(())) {
            Ok(_) => false,
            Err(ApplyError::Conflict { .. } | ApplyError::Pick(_)) => true,
            Err(error) => panic!("{error}"),
        }
    }

    fn text(&self) -> String {
        FILES.iter().map(|path| self.draft.read(path)).collect()
    }
}

/// Two sessions and the user in one repository: each word that somebody wrote is in the tree, or in
/// the draft that it was written in, and where both wrote the same line a conflict is shown.
#[test]
fn two_sessions_in_one_tree_lose_nothing_of_each_other() {
    let runs = seeds(5, 200);
    let (mut conflicted, mut refused) = (0, 0);
    for seed in &runs {
        fastrand::seed(*seed);
        let fixture = Fixture::with_git();
        let text: String = (0..LINES).map(|line| format!("line {line}\n")).collect();
        for path in FILES {
            fixture.write(path, &text);
        }
        fixture.commit();
        let Some(first) = Drafted::mounted(fixture) else { return };
        let tree = first.fixture.tree();
        let Some(second) = beside(&first) else { return };
        let hands = [first, second].map(|draft| Hand { workspace: draft.open(), draft });
        let (mut words, mut own) = (0, [Vec::new(), Vec::new(), Vec::new()]);
        for _ in 0..25 {
            let who = fastrand::usize(..2);
            let hand = &hands[who];
            match fastrand::u8(..8) {
                0..=3 => {
                    words += 1;
                    let word = format!(" w{words}.");
                    hand.edit(&word);
                    own[who].push(word);
                }
                4 => hand.freshen(),
                5 => {
                    words += 1;
                    let word = format!(" w{words}.");
                    let path = tree.join(FILES[fastrand::usize(..FILES.len())]);
                    let text = fs::read_to_string(&path).unwrap();
                    fs::write(&path, text.replacen('\n', &format!("{word}\n"), 1)).unwrap();
                    own[2].push(word);
                }
                _ => refused += usize::from(hand.accept()),
            }
            let theirs: String =
                FILES.iter().map(|path| fs::read_to_string(tree.join(path)).unwrap()).collect();
            for (who, hand) in hands.iter().enumerate() {
                let mine = hand.text();
                for word in &own[who] {
                    let found = [&theirs, &mine].map(|text| text.matches(word.as_str()).count());
                    assert!(
                        found.contains(&1) && found.iter().all(|it| *it <= 1),
                        "{seed}: {word}"
                    );
                }
            }
            for word in &own[2] {
                assert_eq!(theirs.matches(word.as_str()).count(), 1, "seed {seed}: {word}");
            }
        }
        // Whatever can be brought together is, in a few rounds; the rest is a conflict that shows.
        for _ in 0..4 {
            for hand in &hands {
                hand.freshen();
                for _ in 0..4 {
                    hand.accept();
                }
            }
        }
        hands.iter().for_each(Hand::freshen);
        let open: usize = hands.iter().map(Hand::conflicts).sum();
        let theirs: String =
            FILES.iter().map(|path| fs::read_to_string(tree.join(path)).unwrap()).collect();
        let missing: Vec<&String> =
            own.iter().flatten().filter(|word| !theirs.contains(word.as_str())).collect();
        let pending: String = hands.iter().map(Hand::text).collect();
        for word in &missing {
            assert!(pending.contains(word.as_str()), "seed {seed}: {word} is lost");
        }
        let has_pending = hands.iter().any(|hand| !hand.workspace.changes().unwrap().is_empty());
        assert!(missing.is_empty() || open > 0 || has_pending, "seed {seed}: {missing:?}");
        conflicted += usize::from(open > 0);
    }
    println!(
        "{} runs of two sessions: 0 edits lost, {conflicted} ended with a conflict shown, {refused} \
         decisions refused since the tree had moved",
        runs.len()
    );
    assert!(count(0, 1) == 0 || conflicted > 0, "no conflict was ever met");
}
