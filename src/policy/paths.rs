//! Where a path points, judged by its text alone: inside the workspace or not, secret. Who would write asks `places`.
//! Links are not followed: this room does no I/O, so what a link points to is for the walls.

use super::Ground;
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
pub(super) fn is_secret(name: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::tests::ground;

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
}
