//! Auth, crypto, payment: by path, by what a changed line imports, calls, names or stands in.

mod words;

use super::paths::{ending, is_fixture, is_prose, words as words_of};
use super::{Found, Looked};
use crate::protocol::{Import, Spot, Touched};
use std::collections::BTreeMap;
use words::{ALL, Subject};

pub(super) fn look(looked: &Looked<'_>, found: &mut Found<'_>) {
    let path = &looked.change.path;
    if is_prose(path) || is_fixture(path) || looked.facts.test_file || is_data(path) {
        return;
    }
    for subject in &ALL {
        by_path(subject, looked, found);
        by_content(subject, looked, found);
    }
}

/// Lock files and their like name every library there is.
fn is_data(path: &str) -> bool {
    super::dependencies::is_lock(path)
        || matches!(ending(path), "toml" | "json" | "xml" | "gradle" | "kts" | "mod" | "csproj")
}

fn lines<'a>(looked: &'a Looked<'_>) -> impl Iterator<Item = &'a Touched> {
    looked.facts.touched.iter().filter(|line| !line.code.is_empty() && !line.in_test)
}

fn by_path(subject: &Subject, looked: &Looked<'_>, found: &mut Found<'_>) {
    let paths = [Some(&looked.change.path), looked.change.from.as_ref()];
    let meant = paths.into_iter().flatten().find(|path| {
        let words = words_of(path);
        let versions = words.iter().any(|word| word == "git" || word == "github");
        words.iter().any(|word| subject.paths.contains(&word.as_str()))
            && !(versions && subject.guard == "payment")
    });
    let Some(path) = meant else { return };
    let why = format!("{} {path}", looked.verb());
    for line in lines(looked) {
        found.at(subject.guard, line.spot, &why);
    }
    if looked.change.hunks.is_empty() {
        found.whole(subject.guard, &why);
    }
}

fn by_content(subject: &Subject, looked: &Looked<'_>, found: &mut Found<'_>) {
    let imports = &looked.facts.imports;
    let mut brought: BTreeMap<&str, &str> = BTreeMap::new();
    for import in imports.iter().filter(|import| is_foreign(import)) {
        let Some(module) = subject.module(&import.module) else { continue };
        if import.touched {
            found.at(subject.guard, import.spot, &format!("imports or drops {}", import.module));
        }
        brought.extend(import.names.iter().map(|name| (name.as_str(), module)));
    }
    let is_import = |spot: Spot| imports.iter().any(|import| import.spot == spot);
    for line in lines(looked).filter(|line| !is_import(line.spot)) {
        let why = match clause(subject, line, &brought) {
            Some(why) => why,
            None if subject.whole_file && !brought.is_empty() => {
                "changes code that imports a payment library".to_owned()
            }
            None => continue,
        };
        found.at(subject.guard, line.spot, &why);
    }
}

/// Not from this project itself.
fn is_foreign(import: &Import) -> bool {
    !["crate", "super", "self", ".", "/", "@/", "~/"]
        .iter()
        .any(|start| import.module.starts_with(start))
}

/// Why a line is about the subject.
fn clause(subject: &Subject, line: &Touched, brought: &BTreeMap<&str, &str>) -> Option<String> {
    let names = names(&line.code);
    for name in &names {
        let module = brought.get(name.text).copied();
        let module = module.or_else(|| subject.module(name.text).filter(|_| name.opens_path));
        let used = module.filter(|module| !words::is_digest(module) || is_secret(line));
        if let Some(module) = used {
            return Some(format!("uses {}, of {module}", name.text));
        }
        let plain = name.text.replace('_', "").to_lowercase();
        if subject.names.contains(&plain.as_str()) {
            return Some(format!("touches {}", name.text));
        }
        if subject.names_it(name.text) || (name.is_called && subject.says(name.text)) {
            let verb = if name.is_called { "calls" } else { "touches" };
            return Some(format!("{verb} {}", name.text));
        }
    }
    if let Some(name) = line.within.iter().find(|name| subject.says(name)) {
        return Some(format!("changes {name}"));
    }
    let string = line.strings.iter().find(|text| {
        let text = text.to_lowercase();
        subject.strings.contains(&text.as_str())
    });
    if let Some(string) = string {
        return Some(format!("touches {string}"));
    }
    let plain: String = line.code.split_whitespace().collect();
    let option = subject.options.iter().find(|option| plain.contains(**option));
    if let Some(option) = option {
        return Some(format!("sets {option}"));
    }
    (subject.guard == "crypto" && is_guessable(line, &names))
        .then(|| "makes a secret from random numbers that can be guessed".to_owned())
}

/// An identifier of a line.
struct Name<'a> {
    text: &'a str,
    /// `name(`, `name!(`, `@name`.
    is_called: bool,
    /// `name::`.
    opens_path: bool,
}

fn names(code: &str) -> Vec<Name<'_>> {
    let part = |char: char| char.is_alphanumeric() || char == '_';
    let mut found = Vec::new();
    let mut start = None;
    for (at, char) in code.char_indices().chain(std::iter::once((code.len(), ' '))) {
        match (start, part(char)) {
            (None, true) => start = Some(at),
            (Some(first), false) => {
                start = None;
                let rest = code[at..].trim_start_matches(['!', '?']).trim_start();
                found.push(Name {
                    text: &code[first..at],
                    is_called: rest.starts_with('(') || code[..first].ends_with('@'),
                    opens_path: rest.starts_with("::") && !code[..first].ends_with("::"),
                });
            }
            _ => {}
        }
    }
    found
}

/// Whether a line is about something that must stay secret, or must be genuine.
fn is_secret(line: &Touched) -> bool {
    const WORDS: [&str; 14] = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "salt",
        "sign",
        "signature",
        "credential",
        "credentials",
        "auth",
        "verify",
        "pbkdf2",
        "scrypt",
    ];
    let names = std::iter::once(&line.code).chain(&line.within);
    names.flat_map(|text| words_of(text)).any(|word| WORDS.contains(&word.as_str()))
}

/// A generator that is none for secrets, where a secret is made.
fn is_guessable(line: &Touched, names: &[Name<'_>]) -> bool {
    const GENERATORS: [&str; 7] =
        ["fastrand", "rand", "random", "thread_rng", "Random", "mt_rand", "SmallRng"];
    const SECRETS: [&str; 9] =
        ["key", "token", "secret", "salt", "nonce", "password", "otp", "iv", "pin"];
    let target =
        line.code.split('=').next().filter(|_| line.code.contains('=')).unwrap_or_default();
    let mut context = line.within.iter().map(String::as_str).chain([target]);
    names.iter().any(|name| GENERATORS.contains(&name.text))
        && context.any(|text| words_of(text).iter().any(|word| SECRETS.contains(&word.as_str())))
}
