//! `find`: paths, then an expression of tests and of the few actions that only print.

use super::super::words::Word;
use super::{Check, Context, Reader};

pub(super) const READERS: &[Reader] = &[Reader {
    programs: "find",
    sub: "",
    check: Check::Own(find),
    matches: &[
        "find . -name '*.rs'",
        "find src -type f -mtime -1",
        "find . -maxdepth 2 -type d -not -path './target/*'",
        "find . -size +1M -printf '%s %p\\n'",
        "find . \\( -name a -o -name b \\) -print0",
        "find . ! -name x",
        "find",
        "find . -newer Cargo.toml",
    ],
    not_matches: &[
        "find . -delete",
        "find . -exec rm {} +",
        "find . -execdir x ';'",
        "find . -ok rm",
        "find . -fls out",
        "find . -fprint out",
        "find . -fprintf out %p",
        "find / -name x",
        "find -L . -name x",
        "find . -name *.rs",
        "find . -newer /etc/passwd",
        "find . -files0-from x",
        "find -files0-from x",
        "find .. -name x",
        "find . -D exec",
        "find . -name",
        "find . -follow",
    ],
}];

/// Take no value.
const ALONE: [&str; 21] = [
    "-print",
    "-print0",
    "-ls",
    "-prune",
    "-quit",
    "-empty",
    "-not",
    "!",
    "-a",
    "-and",
    "-o",
    "-or",
    "(",
    ")",
    "-true",
    "-false",
    "-depth",
    "-xdev",
    "-mount",
    "-readable",
    "-executable",
];
/// Take one value, a text.
const WITH_VALUE: [&str; 24] = [
    "-name",
    "-iname",
    "-path",
    "-ipath",
    "-wholename",
    "-iwholename",
    "-regex",
    "-iregex",
    "-regextype",
    "-type",
    "-size",
    "-mtime",
    "-mmin",
    "-ctime",
    "-cmin",
    "-atime",
    "-amin",
    "-perm",
    "-user",
    "-group",
    "-links",
    "-maxdepth",
    "-mindepth",
    "-printf",
];
/// Take one value, a path.
const WITH_PATH: [&str; 4] = ["-newer", "-anewer", "-cnewer", "-samefile"];

fn find(words: &[Word], context: &Context<'_>) -> Result<(), String> {
    let is_expression =
        |word: &&Word| word.text.starts_with('-') || matches!(word.text.as_str(), "!" | "(" | ")");
    let mut words = words.iter().peekable();
    // Links on the command line are followed by -H, all of them by -L.
    while words.next_if(|word| word.text == "-P").is_some() {}
    while let Some(start) = words.next_if(|word| !is_expression(word)) {
        context.path(start)?;
    }
    while let Some(word) = words.next() {
        let text = word.text.as_str();
        if word.glob {
            return Err(format!("holds the wildcard `{text}`, which may stand for anything"));
        }
        if ALONE.contains(&text) {
            continue;
        }
        let path = WITH_PATH.contains(&text);
        if !path && !WITH_VALUE.contains(&text) {
            return Err(format!("has `{text}`, which is not known to only read"));
        }
        let value = words.next().ok_or_else(|| format!("lacks the value of `{text}`"))?;
        if path {
            context.path(value)?;
        }
        if value.glob {
            return Err(format!(
                "holds the wildcard `{}`, which may stand for anything",
                value.text
            ));
        }
    }
    Ok(())
}
