//! What runs by itself when code is pushed or committed, and who has to look at it.

use super::paths::{ending, has_folder, is_fixture, name};
use super::{Found, Looked};

fn is_ci(path: &str) -> bool {
    const NAMES: [&str; 23] = [
        ".gitlab-ci.yml",
        "Jenkinsfile",
        "azure-pipelines.yml",
        "azure-pipelines.yaml",
        ".pre-commit-config.yaml",
        ".travis.yml",
        "bitbucket-pipelines.yml",
        ".drone.yml",
        "appveyor.yml",
        ".appveyor.yml",
        "cloudbuild.yaml",
        "cloudbuild.yml",
        "buildspec.yml",
        "CODEOWNERS",
        "dependabot.yml",
        "renovate.json",
        ".renovaterc",
        "lefthook.yml",
        ".lintstagedrc",
        "codecov.yml",
        ".cirrus.yml",
        ".woodpecker.yml",
        "wercker.yml",
    ];
    const FOLDERS: [&str; 11] = [
        ".github/workflows/",
        ".github/actions/",
        ".circleci/",
        ".buildkite/",
        ".gitlab/ci/",
        ".azure-pipelines/",
        ".husky/",
        ".githooks/",
        ".ci/",
        ".teamcity/",
        ".forgejo/workflows/",
    ];
    const SCRIPTS: [&str; 6] = ["sh", "bash", "ps1", "py", "yml", "yaml"];
    let prose = matches!(ending(path), "md" | "txt" | "rst" | "adoc");
    !prose
        && !has_folder(path, "docs")
        && !is_fixture(path)
        && (NAMES.contains(&name(path))
            || name(path).starts_with("Jenkinsfile")
            || FOLDERS.iter().any(|folder| path.starts_with(folder))
            || (path.starts_with("ci/") && SCRIPTS.contains(&ending(path))))
}

pub(super) fn look(looked: &Looked<'_>, found: &mut Found<'_>) {
    let paths = [Some(&looked.change.path), looked.change.from.as_ref()];
    if let Some(path) = paths.into_iter().flatten().find(|path| is_ci(path))
        && looked.says_something()
    {
        found.whole("ci", &format!("{} {path}, which runs by itself", looked.verb()));
    }
}
