//! Paths as tools write them, from the workspace's root.

/// Where a tool ran.
#[derive(Clone, Debug, Default)]
pub(in crate::gates) struct Paths {
    /// The workspace's root as the tool sees it, without a slash at its end.
    pub(in crate::gates) root: String,
    /// Where it ran, from there; empty: in the root.
    pub(in crate::gates) folder: String,
}

/// Folders whose files are nobody's to review.
const FOREIGN: [&str; 5] = ["node_modules", "site-packages", ".venv", "venv", "target"];

impl Paths {
    /// The path from the root; None if it leads outside of the workspace, or into installed code.
    pub(in crate::gates) fn resolve(&self, path: &str) -> Option<String> {
        let path = path.strip_prefix("file://").unwrap_or(path);
        let inside = if path.starts_with('/') {
            path.strip_prefix(&self.root)?.strip_prefix('/')?.to_owned()
        } else {
            format!("{}/{path}", self.folder)
        };
        let mut parts: Vec<&str> = Vec::new();
        for part in inside.split('/') {
            match part {
                "" | "." => {}
                ".." => _ = parts.pop()?,
                part => parts.push(part),
            }
        }
        let foreign = parts.iter().any(|part| FOREIGN.contains(part));
        (!parts.is_empty() && !foreign).then(|| parts.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_workspaces_own_files_have_a_path() {
        let paths = Paths { root: "/w/project".to_owned(), folder: "web".to_owned() };
        for (path, wanted) in [
            ("src/a.ts", Some("web/src/a.ts")),
            ("./a.ts", Some("web/a.ts")),
            ("../lib/a.rs", Some("lib/a.rs")),
            ("/w/project/web/a.ts", Some("web/a.ts")),
            ("file:///w/project/a.ts", Some("a.ts")),
            ("/w/project-two/a.ts", None),
            ("/w/project", None),
            ("/etc/passwd", None),
            ("../../a.rs", None),
            ("node_modules/x/a.js", None),
            ("", Some("web")),
        ] {
            assert_eq!(paths.resolve(path).as_deref(), wanted, "{path}");
        }
    }
}
