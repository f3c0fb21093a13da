//! What a path is to somebody who would write to it, and what the mode makes of an edit there.

use super::Policy;
use super::characters::is_invisible;
use super::paths::{is_secret, resolve};
use crate::protocol::{Class, Judgement, Mode, TreeKind, Verdict};
use std::path::Path;

/// What a path is to somebody who would write to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Plain,
    /// A manifest or a lock file: what comes into the build.
    Dependencies,
    /// Configures what runs later: an editor, a shell, a build, CI, an agent. Or holds secrets.
    Protected,
    /// Of git itself.
    Git,
    Outside,
}

/// What `text`, taken from `folder`, is to somebody who would write to it.
pub(super) fn place(text: &str, folder: &Path, root: &Path) -> Place {
    let visible: String = text.chars().filter(|char| !is_invisible(*char)).collect();
    let path = resolve(folder, &visible);
    let Ok(inner) = path.strip_prefix(root) else { return Place::Outside };
    if visible.starts_with('~') {
        return Place::Outside;
    }
    let inner = inner.to_string_lossy().to_lowercase();
    let parts: Vec<&str> = inner.split('/').map(|part| part.trim_end_matches([' ', '.'])).collect();
    let name = parts.last().copied().unwrap_or_default();
    if parts.contains(&".git") {
        Place::Git
    } else if is_protected(&parts, name) || is_secret(name) {
        Place::Protected
    } else if is_manifest(name) {
        Place::Dependencies
    } else {
        Place::Plain
    }
}

fn is_protected(parts: &[&str], name: &str) -> bool {
    const FOLDERS: [&str; 13] = [
        ".brisk",
        ".vscode",
        ".idea",
        ".husky",
        ".circleci",
        ".devcontainer",
        ".claude",
        ".cursor",
        ".codex",
        ".gemini",
        ".ssh",
        ".githooks",
        ".buildkite",
    ];
    const NAMES: [&str; 34] = [
        ".mcp.json",
        ".envrc",
        ".npmrc",
        ".yarnrc",
        ".yarnrc.yml",
        ".pnpmfile.cjs",
        ".pypirc",
        ".gitmodules",
        ".gitattributes",
        ".gitconfig",
        ".pre-commit-config.yaml",
        ".gitlab-ci.yml",
        ".travis.yml",
        "azure-pipelines.yml",
        "jenkinsfile",
        "bitbucket-pipelines.yml",
        "agents.md",
        "claude.md",
        "gemini.md",
        "copilot-instructions.md",
        ".cursorrules",
        ".windsurfrules",
        ".clinerules",
        ".bashrc",
        ".bash_profile",
        ".bash_login",
        ".bash_logout",
        ".profile",
        ".zshrc",
        ".zshenv",
        ".zprofile",
        ".zlogin",
        ".inputrc",
        ".vimrc",
    ];
    let pair = |first: &str, second: &str| {
        parts.windows(2).any(|pair| pair[0] == first && pair[1].starts_with(second))
    };
    parts.iter().any(|part| FOLDERS.contains(part))
        || NAMES.contains(&name)
        || pair(".cargo", "config")
        || pair(".github", "workflows")
        || pair(".github", "actions")
}

fn is_manifest(name: &str) -> bool {
    const NAMES: [&str; 24] = [
        "cargo.toml",
        "cargo.lock",
        "package.json",
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "bun.lock",
        "bun.lockb",
        "pyproject.toml",
        "poetry.lock",
        "uv.lock",
        "pipfile",
        "pipfile.lock",
        "setup.py",
        "setup.cfg",
        "go.mod",
        "go.sum",
        "gemfile",
        "gemfile.lock",
        "composer.json",
        "composer.lock",
        "pom.xml",
        "build.gradle",
    ];
    NAMES.contains(&name) || (name.starts_with("requirements") && name.ends_with(".txt"))
}

/// What the mode makes of an edit of this path.
pub(super) fn edit(policy: &Policy, text: &str) -> Judgement {
    let ground = &policy.ground;
    let place = place(text, &ground.root, &ground.root);
    let class = match place {
        Place::Git | Place::Outside => Class::Dangerous,
        Place::Plain | Place::Dependencies | Place::Protected => Class::NeedsApproval,
    };
    let (verdict, why) = match (place, policy.mode, ground.tree) {
        (Place::Git, ..) => (Verdict::Deny, "writes into git's own folder"),
        (_, Mode::Plan, _) => (Verdict::Deny, "plan mode changes nothing"),
        (Place::Outside, ..) => (Verdict::Ask, "writes outside the workspace"),
        (Place::Protected, ..) => (Verdict::Ask, "changes a file that configures what runs later"),
        (_, _, TreeKind::Draft) => (Verdict::Allow, "lands in the draft, not in the tree"),
        (_, _, TreeKind::Copy) => (Verdict::Allow, "lands in the copy, not in the tree"),
        (Place::Dependencies, ..) => (Verdict::Ask, "changes what the project depends on"),
        (Place::Plain, Mode::Confirm, TreeKind::InPlace) => (Verdict::Ask, "writes into the tree"),
        (Place::Plain, Mode::AutoEdit | Mode::Autopilot, TreeKind::InPlace) => {
            (Verdict::Allow, "the mode lets edits be written")
        }
    };
    Judgement { verdict, class, why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::tests::policy;

    #[test]
    fn an_edit_is_judged_by_mode_and_tree() {
        let verdict = |mode, tree, path: &str| policy(mode, tree).edit(path).verdict;
        for mode in Mode::ALL {
            let plan = mode == Mode::Plan;
            let or_denied = |verdict| if plan { Verdict::Deny } else { verdict };
            let in_place = if mode == Mode::Confirm { Verdict::Ask } else { Verdict::Allow };
            assert_eq!(verdict(mode, TreeKind::InPlace, "src/a.rs"), or_denied(in_place));
            assert_eq!(verdict(mode, TreeKind::Copy, "src/a.rs"), or_denied(Verdict::Allow));
            assert_eq!(verdict(mode, TreeKind::InPlace, "Cargo.toml"), or_denied(Verdict::Ask));
            for tree in [TreeKind::InPlace, TreeKind::Copy] {
                for path in
                    [".git/config", "sub/.GIT/hooks/x", ".git\u{200c}/config", "a/../.git/x"]
                {
                    assert_eq!(verdict(mode, tree, path), Verdict::Deny, "{path}");
                }
                for path in [
                    ".envrc",
                    ".vscode/settings.json",
                    ".brisk/config.toml",
                    ".github/workflows/ci.yml",
                    "sub/AGENTS.md",
                    ".cargo/config.toml",
                    "../x",
                    "/etc/passwd",
                    ".env",
                ] {
                    assert_eq!(verdict(mode, tree, path), or_denied(Verdict::Ask), "{path}");
                }
            }
        }
    }
}
