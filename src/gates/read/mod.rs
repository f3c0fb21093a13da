//! What the output of a check says: the lines that a person needs, diagnostics at their lines,
//! how many tests passed. Line by line, in bounded memory, whatever its length.

mod count;
mod go;
mod javascript;
mod located;
mod paths;
mod plain;
mod python;
mod rust;

pub(super) use paths::Paths;

use crate::protocol::{Diagnostic, Severity};
use crate::text::{clean, clip};
use std::collections::{HashSet, VecDeque};

/// Lines that say why a check failed, and columns of each.
pub(super) const LINES_MAX: usize = 8;
pub(super) const LINE_COLUMNS_MAX: usize = 200;
/// Diagnostics of a verdict, and columns of the text of each.
pub(super) const DIAGNOSTICS_MAX: usize = 100;
const TEXT_COLUMNS_MAX: usize = 300;
const SOURCE_COLUMNS_MAX: usize = 80;
/// Of a line that is kept in case that nothing better comes.
const LAST_BYTES_MAX: usize = 1024;

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// The lines that say why it failed, if it did.
    pub(super) lines: Vec<String>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Of tests: `41/41`.
    pub(super) count: Option<String>,
}

/// Takes lines and collects findings.
pub(super) struct Reader {
    found: Found,
    rust: rust::Rust,
    python: python::Python,
    javascript: javascript::JavaScript,
    counts: count::Counts,
}

impl Reader {
    /// `tool` is what a diagnostic comes from where its text does not say so.
    pub(super) fn new(paths: Paths, tool: &str) -> Reader {
        Reader {
            found: Found::new(paths, tool),
            rust: rust::Rust::default(),
            python: python::Python::default(),
            javascript: javascript::JavaScript::default(),
            counts: count::Counts::default(),
        }
    }

    /// A line without its end, as the program wrote it.
    pub(super) fn line(&mut self, raw: &str) {
        let line = plain::plain(raw);
        let line = line.trim_end();
        self.found.passing(line);
        self.counts.line(line);
        let found = &mut self.found;
        let _known = self.rust.line(line, found)
            || self.python.line(line, found)
            || self.javascript.line(line, found)
            || go::line(line, found)
            || located::line(line, found);
    }

    pub(super) fn finish(mut self) -> Findings {
        self.rust.finish(&mut self.found);
        Findings { count: self.counts.summary(), ..self.found.finish() }
    }
}

/// What the readers of the several tools add to.
struct Found {
    paths: Paths,
    tool: String,
    /// Why it failed, with the place.
    reasons: Vec<String>,
    /// What failed, by name: shown after the reasons if there is room.
    names: Vec<String>,
    /// The last lines that mention a failure, and the last ones.
    mentions: VecDeque<String>,
    tail: VecDeque<String>,
    diagnostics: Vec<Diagnostic>,
    seen: HashSet<(String, u32, String)>,
}

impl Found {
    fn new(paths: Paths, tool: &str) -> Found {
        Found {
            paths,
            tool: tool.to_owned(),
            reasons: Vec::new(),
            names: Vec::new(),
            mentions: VecDeque::new(),
            tail: VecDeque::new(),
            diagnostics: Vec::new(),
            seen: HashSet::new(),
        }
    }

    /// Any line, for those outputs that nobody knows better.
    fn passing(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        if mentions_failure(line) {
            keep_last(&mut self.mentions, line);
        }
        keep_last(&mut self.tail, line);
    }

    fn reason(&mut self, text: &str) {
        push(&mut self.reasons, text);
    }

    fn name(&mut self, text: &str) {
        push(&mut self.names, text);
    }

    /// Something at a place. Errors are reasons, too; places outside the workspace are only that.
    fn place(&mut self, path: &str, at: (u32, Option<u32>), said: Said<'_>) {
        let (line, column) = at;
        let Said { severity, source, code, text } = said;
        let inside = self.paths.resolve(path);
        if severity == Severity::Error {
            let shown = inside.as_deref().unwrap_or(path);
            let column = column.map(|column| format!(":{column}")).unwrap_or_default();
            let code = if code.is_empty() { String::new() } else { format!("{code} ") };
            self.reason(&format!("{shown}:{line}{column}: {code}{text}"));
        }
        let Some(path) = inside.filter(|_| line > 0) else { return };
        if self.diagnostics.len() >= DIAGNOSTICS_MAX {
            return;
        }
        let text = shown(text, TEXT_COLUMNS_MAX);
        if self.seen.insert((path.clone(), line, text.clone())) {
            let source = if source.is_empty() { &self.tool } else { source };
            let source = shown(source, SOURCE_COLUMNS_MAX);
            self.diagnostics.push(Diagnostic { path, line, severity, source, text });
        }
    }

    fn finish(self) -> Findings {
        let mut lines = self.reasons;
        lines.extend(self.names);
        if lines.is_empty() {
            let say = |said: &Diagnostic| format!("{}:{}: {}", said.path, said.line, said.text);
            lines = self.diagnostics.iter().take(LINES_MAX).map(say).collect();
        }
        if lines.is_empty() {
            let last = if self.mentions.is_empty() { self.tail } else { self.mentions };
            lines = last.iter().map(|line| shown(line, LINE_COLUMNS_MAX)).collect();
        }
        lines.truncate(LINES_MAX);
        Findings { lines, diagnostics: self.diagnostics, count: None }
    }
}

/// What is said of a place.
#[derive(Clone, Copy)]
struct Said<'a> {
    severity: Severity,
    /// The tool and its rule; empty: the gate's name stands for it.
    source: &'a str,
    /// Stands before the text in the reasons, where no source does: `error[E0425]:`.
    code: &'a str,
    text: &'a str,
}

impl<'a> Said<'a> {
    const fn new(severity: Severity, source: &'a str, text: &'a str) -> Said<'a> {
        Said { severity, source, code: "", text }
    }
}

/// Foreign text as one line that can be shown.
pub(super) fn shown(text: &str, columns: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    clip(&clean(&text), columns).into_owned()
}

fn push(list: &mut Vec<String>, text: &str) {
    if list.len() >= LINES_MAX {
        return;
    }
    let text = shown(text, LINE_COLUMNS_MAX);
    if !list.contains(&text) {
        list.push(text);
    }
}

fn keep_last(list: &mut VecDeque<String>, line: &str) {
    if list.len() == LINES_MAX {
        list.pop_front();
    }
    let mut end = line.len().min(LAST_BYTES_MAX);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    list.push_back(line[..end].to_owned());
}

fn mentions_failure(line: &str) -> bool {
    const WORDS: [&str; 6] = ["error", "fail", "fatal", "panic", "not found", "no such file"];
    let line = line.to_ascii_lowercase();
    WORDS.iter().any(|word| line.contains(word))
}

#[cfg(test)]
mod tests;
