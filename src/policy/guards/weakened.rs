//! Tests that no longer ask what they asked, and settings that keep tests from being run.

use super::paths::{ending, is_prose, name};
use super::{Found, Looked};
use crate::protocol::{TestKind, Touched};

const GUARD: &str = "tests";

pub(super) fn look(looked: &Looked<'_>, found: &mut Found<'_>) {
    for change in &looked.facts.tests {
        let test =
            if change.test.is_empty() { "a test" } else { &*format!("the test {}", change.test) };
        let why = match change.kind {
            TestKind::Removed => format!("removes {test}"),
            TestKind::Ignored => format!("ignores {test}"),
            TestKind::Alone => format!("runs {test} alone"),
            TestKind::Weakened => format!("drops or changes what {test} asks"),
            TestKind::Cut => format!("ends {test} before it asks"),
            TestKind::CaseRemoved => format!("takes a case from {test}"),
        };
        found.at(GUARD, change.spot, &why);
    }
    if looked.is_removed() && looked.facts.test_file {
        found.whole(GUARD, "deletes a file of tests");
    }
    if is_config(&looked.change.path) {
        let lines = looked.facts.touched.iter();
        for line in lines.filter(|line| !line.code.is_empty() && decides(line)) {
            found.at(GUARD, line.spot, "changes which tests are run, or how much they must cover");
        }
    }
}

fn is_config(path: &str) -> bool {
    const ENDINGS: [&str; 9] =
        ["toml", "ini", "cfg", "json", "yml", "yaml", "coveragerc", "xml", "conf"];
    !is_prose(path)
        && (ENDINGS.contains(&ending(path))
            || name(path).contains(".config.")
            || name(path).starts_with(".nycrc"))
}

/// Whether a line of configuration decides what is tested.
fn decides(line: &Touched) -> bool {
    const WORDS: [&str; 12] = [
        "fail_under",
        "coverageThreshold",
        "--cov-fail-under",
        "minimum_coverage",
        "addopts",
        "testpaths",
        "norecursedirs",
        "testPathIgnorePatterns",
        "--ignore=",
        "--deselect",
        "check-coverage",
        "coverage.thresholds",
    ];
    let named = |text: &str| WORDS.iter().any(|word| text.contains(word));
    let is_script = line.within.iter().any(|name| name == "scripts")
        && line.within.iter().any(|name| name == "test" || name.starts_with("test:"));
    named(&line.code)
        || line.strings.iter().any(|text| named(text))
        || is_script
        || line.within.iter().any(|name| named(name))
}
