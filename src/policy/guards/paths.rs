//! What a path says: its name, its folders, whether it is written for people or for machines.

/// The file's name.
pub(super) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

pub(super) fn ending(path: &str) -> &str {
    name(path).rsplit_once('.').map_or("", |(_, ending)| ending)
}

pub(super) fn has_folder(path: &str, folder: &str) -> bool {
    let mut folders = path.split('/').rev().skip(1);
    folders.any(|name| name == folder)
}

/// Read by people, and by no program that decides anything.
pub(super) fn is_prose(path: &str) -> bool {
    const ENDINGS: [&str; 23] = [
        "md", "markdown", "rst", "adoc", "txt", "html", "css", "scss", "svg", "png", "jpg", "jpeg",
        "gif", "webp", "ico", "pdf", "woff", "woff2", "csv", "po", "ftl", "tex", "cast",
    ];
    let folder = ["docs", "doc", "i18n", "locales", "locale", "translations"];
    ENDINGS.contains(&ending(path)) || folder.iter().any(|name| has_folder(path, name))
}

/// Kept for tests to look at.
pub(super) fn is_fixture(path: &str) -> bool {
    ["fixtures", "testdata", "__fixtures__", "snapshots"].iter().any(|name| has_folder(path, name))
}

/// Written by a program, and by its length no news.
pub(super) fn is_generated(path: &str) -> bool {
    let name = name(path);
    super::dependencies::is_lock(path)
        || [".min.js", ".min.css", ".snap", ".map", ".pb.go", "_pb2.py", ".svg"]
            .iter()
            .any(|end| name.ends_with(end))
}

/// The words of a name or a path, in lower case: of `src/OAuth2-login/isAdmin.rs` they are `src`,
/// `oauth2`, `login`, `is`, `admin`, `rs`.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split(|char: char| !char.is_alphanumeric()) {
        let chars: Vec<char> = part.chars().collect();
        let mut word = String::new();
        for (at, char) in chars.iter().enumerate() {
            let before = at.checked_sub(1).map(|at| chars[at]);
            let after = chars.get(at + 1);
            let lower_before = before.is_some_and(|char| char.is_lowercase() || char.is_numeric());
            // `HTTPOnly`: the last capital of a run opens a word; `OAuth` is one.
            let ends_run = before.is_some_and(char::is_uppercase)
                && after.is_some_and(|char| char.is_lowercase())
                && word != "o";
            if char.is_uppercase() && (lower_before || ends_run) && !word.is_empty() {
                found.push(std::mem::take(&mut word));
            }
            word.extend(char.to_lowercase());
        }
        if !word.is_empty() {
            found.push(word);
        }
    }
    found
}
