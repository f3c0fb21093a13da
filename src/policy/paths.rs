//! Where a path points, judged by its text alone: inside the workspace or not, secret, protected.
//! Links are not followed: this room does no I/O, so what a link points to is for the walls.

use super::characters::is_invisible;
use super::{Ground, Policy};
use crate::protocol::{Class, Judgement, Mode, TreeKind, Verdict};
use std::path::{Component, Path, PathBuf};

/// The path that `text` names from `folder`, with `.` and `..` taken out.
pub(super) fn resolve(folder: &Path, text: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for component in folder.join(text).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => {
                path.push(component);
            }
        }
    }
    path
}

/// Whether a reader may be given this path, wherever of these folders the shell is in.
///
/// # Errors
/// One clause for people: why not.
pub(super) fn readable(text: &str, folders: &[PathBuf], ground: &Ground) -> Result<(), String> {
    if matches!(text, "-" | "/dev/null") {
        return Ok(());
    }
    if text.starts_with('~') {
        return Err("reads from a home folder".to_owned());
    }
    let secret = || Err(format!("reads `{text}`, which may hold secrets"));
    // `rev:path` and `first,last:path` of git name a path behind the colon.
    if text.split(['/', ':', '=']).any(is_secret) || text.split(':').skip(1).any(is_private) {
        return secret();
    }
    for folder in folders {
        let path = resolve(folder, text);
        let roots = std::iter::once(&ground.root).chain(&ground.readable);
        let Some(inner) = roots.filter_map(|root| path.strip_prefix(root).ok()).next() else {
            return Err(format!("reads `{text}`, outside the workspace"));
        };
        // Only below the root: the workspace itself may be somebody's `.config`.
        if is_private(&inner.to_string_lossy()) {
            return secret();
        }
    }
    Ok(())
}

/// Folders whose content is nobody's business, anywhere on the way.
fn is_private(path: &str) -> bool {
    path.split(['/', ':']).any(|part| {
        const FOLDERS: [&str; 9] =
            [".ssh", ".aws", ".gnupg", ".kube", ".docker", ".azure", ".brisk", ".git", ".config"];
        FOLDERS.contains(&part.to_lowercase().as_str())
    })
}

/// Whether a file of this name usually holds a key, a token, or what somebody typed.
fn is_secret(name: &str) -> bool {
    const NAMES: [&str; 24] = [
        ".netrc",
        "_netrc",
        ".npmrc",
        ".pypirc",
        ".pgpass",
        ".my.cnf",
        ".htpasswd",
        ".git-credentials",
        ".envrc",
        ".vault-token",
        "credentials",
        "credentials.json",
        "auth.json",
        "auth.toml",
        "kubeconfig",
        "shadow",
        "gshadow",
        "secrets.json",
        "secrets.toml",
        "secrets.yaml",
        "secrets.yml",
        ".boto",
        ".s3cfg",
        ".dockercfg",
    ];
    const STARTS: [&str; 4] = ["id_rsa", "id_ed25519", "id_ecdsa", "id_dsa"];
    const ENDS: [&str; 11] = [
        ".pem",
        ".key",
        ".p12",
        ".pfx",
        ".jks",
        ".keystore",
        ".kdbx",
        ".ppk",
        ".asc",
        "_history",
        ".tfstate",
    ];
    let name = name.to_lowercase();
    let sample =
        [".example", ".sample", ".template", ".dist"].iter().any(|end| name.ends_with(end));
    let environment =
        name == ".env" || (name.starts_with(".env.") && !sample) || name.ends_with(".env");
    environment
        || NAMES.contains(&name.as_str())
        || STARTS.iter().any(|start| name.starts_with(start))
        || ENDS.iter().any(|end| name.ends_with(end))
}

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
    use crate::policy::tests::{ground, policy};

    #[test]
    fn readers_stay_inside_the_workspace() {
        let ground = ground();
        let folders = [ground.root.join("src")];
        for path in
            ["lib.rs", "../README.md", "./a/../b", "/work/demo/x", "-", "/dev/null", "/out/1.txt"]
        {
            assert_eq!(readable(path, &folders, &ground), Ok(()), "{path}");
        }
        for path in
            ["../../x", "/etc/passwd", "~/x", "/work/demo/../x", "/work/demo2/x", "/out/../etc"]
        {
            assert!(readable(path, &folders, &ground).is_err(), "{path}");
        }
    }

    #[test]
    fn a_workspace_may_itself_be_private() {
        let root = PathBuf::from("/home/u/.config/nvim");
        let ground = Ground { root: root.clone(), folder: root.clone(), ..ground() };
        assert_eq!(readable("init.lua", std::slice::from_ref(&root), &ground), Ok(()));
        assert!(readable(".git/config", &[root], &ground).is_err());
    }

    #[test]
    fn secrets_are_known_by_name_in_any_case() {
        let ground = ground();
        let folders = [ground.root.clone()];
        for path in [
            ".env",
            "a/.env.local",
            "id_rsa",
            "certs/server.PEM",
            ".ssh/config",
            ".git/config",
            "HEAD:.env",
            ".npmrc",
            "prod.env",
            ".git",
            ".bash_history",
            ".ENV",
        ] {
            assert!(readable(path, &folders, &ground).is_err(), "{path}");
        }
        for path in [
            ".env.example",
            "src/environment.rs",
            "keys.rs",
            ".github/workflows/ci.yml",
            ".gitignore",
        ] {
            assert_eq!(readable(path, &folders, &ground), Ok(()), "{path}");
        }
    }

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
