//! What the tests of a file ask, and what they no longer ask after a change.

mod asked;
mod marks;

use super::Half;
use super::language::Language;
use crate::protocol::{Side, Spot, TestChange, TestKind};
use std::collections::{BTreeMap, BTreeSet};

/// One test.
#[derive(Debug, Default)]
struct Test {
    name: String,
    /// From 1.
    line: u32,
    /// Under some condition, or always.
    ignored: bool,
    /// It is never run.
    never: bool,
    alone: bool,
    /// It returns, and something would follow.
    cut: bool,
    /// A failure of it counts as success.
    may_fail: bool,
    asked: Vec<Asked>,
    /// Rows of its tables.
    cases: usize,
    /// Its words, for a test that asks in no known way.
    body: String,
}

/// An assertion, without its layout and its message.
#[derive(Clone, Debug)]
struct Asked {
    words: String,
    /// The same with local names numbered in the order in which they come up.
    shape: String,
    line: u32,
}

/// Opens the words of what is asked on a condition.
const ON_CONDITION: &str = "if: ";

/// All tests of one side.
#[derive(Debug, Default)]
struct Tests {
    tests: Vec<Test>,
    /// Assertions outside of tests, in what tests share.
    shared: Vec<Asked>,
}

impl Tests {
    fn of(half: &Half<'_>, test_file: bool) -> Tests {
        match &half.tree {
            Some((language, tree)) => {
                marks::read(*language, tree.root_node(), half.text, test_file)
            }
            None => Tests::default(),
        }
    }
}

/// How often the new side asks what; each assertion answers one of the old side.
struct Left<'a> {
    /// When its tests are run.
    tests: BTreeMap<&'a str, usize>,
    /// In what tests share; whether a test calls it is not known.
    shared: BTreeMap<&'a str, usize>,
}

impl<'a> Left<'a> {
    fn of(new: &'a Tests) -> Left<'a> {
        let mut left = Left { tests: BTreeMap::new(), shared: BTreeMap::new() };
        let running = new.tests.iter().filter(|test| !test.never && !test.cut);
        for asked in running.flat_map(|test| &test.asked) {
            *left.tests.entry(&asked.words).or_default() += 1;
        }
        for asked in &new.shared {
            *left.shared.entry(&asked.words).or_default() += 1;
        }
        left
    }

    fn take(counts: &mut BTreeMap<&str, usize>, asked: &Asked) -> bool {
        // What was asked on a condition and is always asked now is asked.
        let always = asked.words.strip_prefix(ON_CONDITION).unwrap_or_default();
        for words in [asked.words.as_str(), always] {
            if let Some(count) = counts.get_mut(words).filter(|count| **count > 0) {
                *count -= 1;
                return true;
            }
        }
        false
    }

    fn tests(&mut self, asked: &Asked) -> bool {
        Self::take(&mut self.tests, asked)
    }

    fn any(&mut self, asked: &Asked) -> bool {
        self.tests(asked) || Self::take(&mut self.shared, asked)
    }
}

/// By line.
pub(super) fn changes(test_file: bool, before: &Half<'_>, after: &Half<'_>) -> Vec<TestChange> {
    let (old, new) = (Tests::of(before, test_file), Tests::of(after, test_file));
    let mut found = Vec::new();
    let mut left = Left::of(&new);
    let mut renamed = BTreeSet::new();
    for test in &old.tests {
        let same = new.tests.iter().find(|other| other.name == test.name);
        let same = same.or_else(|| successor(test, &old, &new, &mut renamed));
        let mut add = |kind, side, line| {
            let name = same.filter(|_| side == Side::New).map_or(&test.name, |test| &test.name);
            found.push(TestChange { kind, test: name.clone(), spot: Spot { side, line } });
        };
        let Some(other) = same else {
            // What it asked may have gone into others.
            let all = !test.asked.is_empty() && test.asked.iter().all(|asked| left.tests(asked));
            if !all && !test.never {
                add(TestKind::Removed, Side::Old, test.line);
            }
            continue;
        };
        let quiet = test.never || test.cut;
        let ignored = other.never || (other.ignored && !test.ignored);
        if !quiet && (ignored || (other.may_fail && !test.may_fail)) {
            add(TestKind::Ignored, Side::New, other.line);
            continue;
        }
        if !quiet && other.cut {
            add(TestKind::Cut, Side::New, other.line);
            continue;
        }
        if other.alone && !test.alone {
            add(TestKind::Alone, Side::New, other.line);
        }
        if other.cases < test.cases {
            add(TestKind::CaseRemoved, Side::New, other.line);
        }
        for asked in &test.asked {
            let shaped = || other.asked.iter().any(|new| new.shape == asked.shape);
            if !quiet && !left.any(asked) && !shaped() {
                add(TestKind::Weakened, Side::Old, asked.line);
            }
        }
    }
    for asked in &old.shared {
        if !left.any(asked) {
            let spot = Spot { side: Side::Old, line: asked.line };
            found.push(TestChange { kind: TestKind::Weakened, test: String::new(), spot });
        }
    }
    let known = |name: &str| old.tests.iter().any(|test| test.name == name);
    for test in new.tests.iter().filter(|test| test.alone && !known(&test.name)) {
        if !found.iter().any(|change| change.test == test.name) {
            let spot = Spot { side: Side::New, line: test.line };
            found.push(TestChange { kind: TestKind::Alone, test: test.name.clone(), spot });
        }
    }
    found.sort_by_key(|change| (change.spot.line, change.spot.side));
    found
}

/// The test that an old one became under another name: one that is new and asks all that it asked,
/// or has the same words.
fn successor<'n>(
    test: &Test,
    old: &Tests,
    new: &'n Tests,
    taken: &mut BTreeSet<&'n str>,
) -> Option<&'n Test> {
    let found = new.tests.iter().find(|other| {
        let fresh = !old.tests.iter().any(|test| test.name == other.name);
        let asks = |asked: &Asked| other.asked.iter().any(|new| new.words == asked.words);
        let same =
            test.body == other.body || (!test.asked.is_empty() && test.asked.iter().all(asks));
        fresh && same && !taken.contains(other.name.as_str())
    })?;
    taken.insert(&found.name);
    Some(found)
}

/// Whether the language marks its tests in the code, and not by the file's path alone.
const fn marks_tests(language: Language) -> bool {
    matches!(language, Language::Rust | Language::Java)
}
