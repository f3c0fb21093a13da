//! Lines that begin with a place: `path:3:5: error: …`, as most compilers and linters write them.

use super::{Found, Said};
use crate::protocol::Severity;

/// `path:line[:column]` with what follows it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Located<'a> {
    pub(super) path: &'a str,
    pub(super) line: u32,
    pub(super) column: Option<u32>,
    pub(super) rest: &'a str,
}

/// Reads `path:3:5: rest`, `path:3: rest`, `path:3:5 - rest` and `path(3,5): rest`; the path has no
/// blanks and looks like a file's. At its end the place may stand alone.
pub(super) fn located(text: &str) -> Option<Located<'_>> {
    let word_end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(word_end);
    let (path, line, column) = match word.find('(') {
        Some(open) => in_brackets(word, open)?,
        None => with_colons(word.strip_suffix(':').unwrap_or(word))?,
    };
    let is_file = path.contains(['.', '/'])
        && !path.contains("://")
        && !path.contains(['"', '\'', '`', '(', '<', '=']);
    let rest = rest.trim_start();
    let rest = rest.strip_prefix("- ").unwrap_or(rest);
    is_file.then_some(Located { path, line, column, rest })
}

fn in_brackets(word: &str, open: usize) -> Option<(&str, u32, Option<u32>)> {
    let inside = word[open + 1..].trim_end_matches(':').strip_suffix(')')?;
    let (line, column) = inside.split_once(',')?;
    Some((&word[..open], line.parse().ok()?, column.parse().ok()))
}

fn with_colons(word: &str) -> Option<(&str, u32, Option<u32>)> {
    let (before, last) = word.rsplit_once(':')?;
    let last: u32 = last.parse().ok()?;
    let middle = before.rsplit_once(':').and_then(|(path, line)| Some((path, line.parse().ok()?)));
    Some(match middle {
        Some((path, line)) => (path, line, Some(last)),
        None => (before, last, None),
    })
}

/// Whether the line is one of these, and what it says.
pub(super) fn line(line: &str, found: &mut Found) -> bool {
    let trimmed = line.trim_start();
    let trimmed = trimmed.strip_prefix("vet: ").unwrap_or(trimmed);
    if trimmed.contains("undefined reference to") {
        found.reason(trimmed);
        return true;
    }
    let Some(at) = located(trimmed).filter(|at| !at.rest.is_empty()) else { return false };
    let Some(understood) = understood(&at) else { return false };
    let Understood { severity, source, code, text } = &understood;
    found.place(at.path, (at.line, at.column), Said { severity: *severity, source, code, text });
    true
}

/// What stands behind a place.
struct Understood<'a> {
    severity: Severity,
    source: String,
    code: &'a str,
    text: &'a str,
}

fn understood<'a>(at: &Located<'a>) -> Option<Understood<'a>> {
    let rest = at.rest;
    if let Some((severity, number, text)) = severity(rest) {
        let code = if number.is_empty() { "" } else { &rest[..rest.len() - text.len()] };
        let source =
            if number.is_empty() { source(at.path, text) } else { format!("tsc {number}") };
        return (severity != Severity::Note).then_some(Understood { severity, source, code, text });
    }
    let error = |source: &str, code, text| {
        Some(Understood { severity: Severity::Error, source: source.to_owned(), code, text })
    };
    // ESLint's unix format: `text [Error/rule]`.
    if let Some((text, rule)) = rest.strip_suffix(']').and_then(|rest| rest.rsplit_once(" [")) {
        let (word, rule) = rule.split_once('/').unwrap_or((rule, ""));
        let source = format!("eslint {rule}");
        match word {
            "Error" => return error(source.trim_end(), "", text),
            "Warning" => {
                let (severity, source) = (Severity::Warning, source.trim_end().to_owned());
                return Some(Understood { severity, source, code: "", text });
            }
            _ => {}
        }
    }
    // Ruff's and flake8's: a code first.
    let (code, text) = rest.split_once(' ').unwrap_or((rest, ""));
    if at.path.ends_with(".py") && is_code(code) {
        return error(code, code, text);
    }
    let is_go = at.path.ends_with(".go") && at.column.is_some();
    if is_go { error("go", "", rest) } else { None }
}

/// The words with which tools begin, TypeScript's number, and what follows.
fn severity(rest: &str) -> Option<(Severity, &str, &str)> {
    const WORDS: [(&str, Severity); 6] = [
        ("fatal error", Severity::Error),
        ("error", Severity::Error),
        ("warning", Severity::Warning),
        ("note", Severity::Note),
        ("information", Severity::Note),
        ("info", Severity::Note),
    ];
    WORDS.iter().find_map(|(word, severity)| {
        // `error: …`, `error TS2322: …`.
        let (number, text) = rest.strip_prefix(word)?.split_once(':')?;
        let number = number.trim();
        let known = number.is_empty() || number.starts_with("TS");
        known.then(|| (*severity, number, text.trim_start()))
    })
}

fn source(path: &str, text: &str) -> String {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let rule = |open: char, close: char| {
        let inside = text.strip_suffix(close)?.rsplit_once(open)?.1;
        (!inside.is_empty() && !inside.contains(' ')).then_some(inside)
    };
    let (tool, rule) = match extension {
        "py" | "pyi" => match (rule('[', ']'), rule('(', ')')) {
            (None, Some(rule)) => ("pyright", Some(rule)),
            (rule, _) => ("mypy", rule),
        },
        "c" | "cc" | "cpp" | "cxx" | "h" | "hh" | "hpp" | "m" => ("cc", rule('[', ']')),
        _ => return String::new(),
    };
    rule.map_or_else(|| tool.to_owned(), |rule| format!("{tool} {rule}"))
}

/// `F401`, `E501`, `PLR2004`.
pub(super) fn is_code(word: &str) -> bool {
    let letters = word.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = word.len() - letters;
    (1..=5).contains(&letters)
        && (2..=5).contains(&digits)
        && word[letters..].bytes().all(|byte| byte.is_ascii_digit())
}
