//! Whether a plan is one that the user should agree to before the first edit: it changes what other
//! parts rely on, what the project depends on, or many places at once. By its words alone.

use std::collections::BTreeSet;

/// A plan that names files in more folders than this is asked about.
const FOLDERS_MAX: usize = 3;

/// Files that say what a project depends on.
const MANIFESTS: &[&str] = &[
    "cargo.toml",
    "package.json",
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
    "setup.cfg",
    "go.mod",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "gemfile",
    "composer.json",
    "pipfile",
];
const DEPENDENCIES: &[&str] = &["dependency", "dependencies", "crate", "library"];
/// What makes a word about dependencies a change of them.
const CHANGES: &[&str] = &[
    "add",
    "bump",
    "drop",
    "install",
    "introduce",
    "remove",
    "replace",
    "swap",
    "update",
    "upgrade",
];
const INTERFACES: &[&str] = &[
    "public api",
    "public interface",
    "public function",
    "public method",
    "public type",
    "public signature",
    "breaking change",
    "between modules",
    "between the modules",
    "wire format",
    "database schema",
    "trait method",
    "change the signature",
    "change the interface",
    "change the api",
    "rename the trait",
    "rename the interface",
];

/// One clause, if the plan should be agreed to: `it changes what the project depends on`.
pub fn plan(steps: &[String]) -> Option<&'static str> {
    let steps: Vec<String> = steps.iter().map(|step| step.to_lowercase()).collect();
    if steps.iter().any(|step| depends(step)) {
        return Some("it changes what the project depends on");
    }
    if steps.iter().any(|step| INTERFACES.iter().any(|phrase| step.contains(phrase))) {
        return Some("it changes an interface that other parts rely on");
    }
    let folders: BTreeSet<&str> = steps.iter().flat_map(|step| folders(step)).collect();
    (folders.len() > FOLDERS_MAX).then_some("it reaches into many folders")
}

fn depends(step: &str) -> bool {
    let mut manifest = false;
    let (mut dependency, mut change) = (false, false);
    for word in words(step) {
        let name = word.rsplit('/').next().unwrap_or(word);
        manifest |= MANIFESTS.contains(&name);
        dependency |= DEPENDENCIES.contains(&word);
        change |= CHANGES.contains(&word);
    }
    manifest || (dependency && change)
}

/// The folders of the paths that a step names.
fn folders(step: &str) -> impl Iterator<Item = &str> {
    words(step).filter_map(|word| {
        let (folder, name) = word.rsplit_once('/')?;
        let is_path = !folder.is_empty()
            && !word.contains("//")
            && name.rsplit_once('.').is_some_and(|(stem, _)| !stem.is_empty());
        is_path.then_some(folder)
    })
}

fn words(step: &str) -> impl Iterator<Item = &str> {
    step.split(|c: char| c.is_whitespace() || "`'\"(),;:".contains(c))
        .map(|word| word.trim_end_matches(['.', '!', '?']))
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(steps: &[&str]) -> Option<&'static str> {
        plan(&steps.iter().map(|step| (*step).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_plan_that_changes_dependencies_is_asked_about() {
        for step in [
            "Add fastrand to Cargo.toml",
            "bump the dependency on serde",
            "install the crate `rand`",
            "edit `web/package.json`.",
        ] {
            assert!(
                why(&["look around", step]).is_some_and(|why| why.contains("depends")),
                "{step}"
            );
        }
    }

    #[test]
    fn a_plan_that_changes_an_interface_is_asked_about() {
        assert!(why(&["Change the signature of send()"]).is_some());
        assert!(why(&["extend the public API with a builder"]).is_some());
    }

    #[test]
    fn a_plan_that_reaches_into_many_folders_is_asked_about() {
        assert!(why(&["edit a/x.rs, b/y.rs and c/z.rs"]).is_none());
        assert!(why(&["edit a/x.rs, b/y.rs", "then c/z.rs and d/w.rs"]).is_some());
    }

    #[test]
    fn a_plan_of_plain_work_is_not_asked_about() {
        for steps in [
            &["find the retry loop in src/retry.rs", "write a failing test", "fix it"][..],
            &["run cargo test", "look at the library's error", "update the docs note"][..],
            &["read https://example.org/a/b.html", "rename a private helper"][..],
        ] {
            assert_eq!(why(steps), None, "{steps:?}");
        }
    }
}
