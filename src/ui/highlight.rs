//! Source code as styled spans. What a scope of the grammars means is decided in `scope`; how a
//! role looks is the theme's.

mod scope;

use super::theme::{Role, Theme};
use ratatui::text::Span;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use syntect::parsing::{ParseState, ScopeStack, SyntaxReference, SyntaxSet};

/// A block beyond these is plain from there on: grammars take about a millisecond for 50 lines.
pub(crate) const BLOCK_LINES_MAX: usize = 2_000;
pub(crate) const BLOCK_BYTES_MAX: usize = 128 * 1024;
/// A longer line is plain, and so is the rest of its block: it left the grammar's state behind.
pub(crate) const LINE_BYTES_MAX: usize = 2_000;

/// Shared by all that draw; cheap to clone. The grammars are read by a thread of its own when code
/// first needs them, and until they are there code is plain.
#[derive(Clone)]
pub(crate) struct Highlighter {
    grammars: Arc<Grammars>,
}

struct Grammars {
    set: OnceLock<SyntaxSet>,
    wanted: AtomicBool,
}

impl Highlighter {
    pub(crate) fn new() -> Self {
        Self {
            grammars: Arc::new(Grammars { set: OnceLock::new(), wanted: AtomicBool::new(false) }),
        }
    }

    /// The grammars are there. It turns true once, after the first need of them.
    pub(crate) fn ready(&self) -> bool {
        self.grammars.set.get().is_some()
    }

    /// The text line by line; the spans of a line hold exactly its characters. A fence's info
    /// string, a name of a language, an extension and a path are all understood. The text must be
    /// clean.
    #[cfg(test)]
    fn block(&self, language_or_path: &str, text: &str, theme: &Theme) -> Vec<Vec<Span<'static>>> {
        let mut code = self.begin(language_or_path);
        text.lines().map(|line| code.line(line, theme)).collect()
    }

    /// Code that comes line by line.
    pub(crate) fn begin(&self, language_or_path: &str) -> Code {
        let name = language_or_path.trim();
        if name.is_empty() {
            return Code::plain(self.clone());
        }
        let Some(set) = self.grammars.set.get() else {
            self.want(name);
            return Code::plain(self.clone());
        };
        match find(set, name) {
            Some(syntax) => Code {
                highlighter: self.clone(),
                state: Some((ParseState::new(syntax), ScopeStack::new())),
                lines: 0,
                bytes: 0,
            },
            None => Code::plain(self.clone()),
        }
    }

    /// Has the grammars read, once, and this one made ready.
    fn want(&self, name: &str) {
        if self.grammars.wanted.swap(true, Ordering::Relaxed) {
            return;
        }
        let grammars = Arc::clone(&self.grammars);
        let name = name.to_owned();
        let read = move || grammars.read(&name);
        // Without a thread, code stays plain: nothing else depends on it.
        let _ = std::thread::Builder::new().name("grammars".to_owned()).spawn(read);
    }

    /// With the grammars read, for tests.
    #[cfg(test)]
    pub(crate) fn loaded() -> Self {
        static LOADED: OnceLock<Highlighter> = OnceLock::new();
        let loaded = LOADED.get_or_init(|| {
            let highlighter = Self::new();
            highlighter.grammars.read("");
            highlighter
        });
        loaded.clone()
    }
}

impl Grammars {
    fn read(&self, first: &str) {
        self.set.get_or_init(|| {
            let set = two_face::syntax::extra_newlines();
            // A grammar's expressions are compiled when they are first met, some tens of
            // milliseconds in all: better here than while a screen is drawn.
            if let Some(syntax) = find(&set, first) {
                let (mut parse, mut stack) = (ParseState::new(syntax), ScopeStack::new());
                WARM_UP
                    .lines()
                    .for_each(|line| drop(parse_line(&set, &mut parse, &mut stack, line)));
            }
            set
        });
    }
}

/// A block of code between two of its lines.
#[derive(Clone)]
pub(crate) struct Code {
    highlighter: Highlighter,
    /// Absent where the code is plain.
    state: Option<(ParseState, ScopeStack)>,
    lines: usize,
    bytes: usize,
}

impl Code {
    fn plain(highlighter: Highlighter) -> Self {
        Self { highlighter, state: None, lines: 0, bytes: 0 }
    }

    /// The next line, without its newline.
    pub(crate) fn line(&mut self, line: &str, theme: &Theme) -> Vec<Span<'static>> {
        let roles = self.roles(line);
        let span = |(role, text): (Role, &str)| Span::styled(text.to_owned(), theme.style(role));
        roles.into_iter().map(span).collect()
    }

    /// The same as roles and parts of the line.
    pub(crate) fn roles<'a>(&mut self, line: &'a str) -> Vec<(Role, &'a str)> {
        self.lines += 1;
        self.bytes += line.len() + 1;
        let plain = || if line.is_empty() { Vec::new() } else { vec![(Role::CodeBlock, line)] };
        if self.lines > BLOCK_LINES_MAX
            || self.bytes > BLOCK_BYTES_MAX
            || line.len() > LINE_BYTES_MAX
        {
            self.state = None;
        }
        let Some((parse, stack)) = &mut self.state else { return plain() };
        let Some(set) = self.highlighter.grammars.set.get() else { return plain() };
        let Some(roles) = parse_line(set, parse, stack, line) else {
            self.state = None;
            return plain();
        };
        roles
    }
}

fn parse_line<'a>(
    set: &SyntaxSet,
    parse: &mut ParseState,
    stack: &mut ScopeStack,
    line: &'a str,
) -> Option<Vec<(Role, &'a str)>> {
    let ended = format!("{line}\n");
    let operations = parse.parse_line(&ended, set).ok()?;
    let mut roles = Roles { line, out: Vec::new() };
    let mut start = 0;
    for (offset, operation) in operations {
        roles.push(start, offset, stack);
        start = offset.max(start);
        stack.apply(&operation).ok()?;
    }
    roles.push(start, line.len(), stack);
    Some(roles.out)
}

struct Roles<'a> {
    line: &'a str,
    out: Vec<(Role, &'a str)>,
}

impl Roles<'_> {
    fn push(&mut self, start: usize, end: usize, stack: &ScopeStack) {
        let end = end.min(self.line.len());
        let Some(part) = self.line.get(start..end).filter(|part| !part.is_empty()) else { return };
        let role = scope::role(stack.as_slice());
        match self.out.last_mut() {
            // Parts of one role are one span.
            Some((last, text)) if *last == role => *text = &self.line[start - text.len()..end],
            _ => self.out.push((role, part)),
        }
    }
}

fn find<'a>(set: &'a SyntaxSet, name: &str) -> Option<&'a SyntaxReference> {
    let syntax = if name.contains(['/', '.']) { by_path(set, name) } else { by_token(set, name) };
    syntax.filter(|syntax| syntax.name != "Plain Text")
}

fn by_path<'a>(set: &'a SyntaxSet, path: &str) -> Option<&'a SyntaxReference> {
    let file = path.rsplit('/').next().unwrap_or(path);
    // Some grammars list whole names: `Makefile`, `CMakeLists.txt`.
    let by_name = set.find_syntax_by_extension(file);
    by_name.or_else(|| set.find_syntax_by_extension(file.rsplit_once('.')?.1))
}

fn by_token<'a>(set: &'a SyntaxSet, info: &str) -> Option<&'a SyntaxReference> {
    let ends = |char: char| char.is_whitespace() || matches!(char, ',' | '{' | ':' | ';');
    let token = info.split(ends).next().unwrap_or(info);
    let token = match token {
        "shell" | "console" | "shell-session" | "shellsession" | "zsh" => "bash",
        "jsonc" | "json5" => "json",
        "golang" => "go",
        "docker" => "Dockerfile",
        "text" | "plain" | "plaintext" => return None,
        token => token,
    };
    set.find_syntax_by_token(token)
}

/// Something that most grammars have an opinion on.
const WARM_UP: &str = "fn main(a: b) { let c = d(\"e\", 1); } // f\n# class g: def h 'i'\n";

#[cfg(test)]
mod tests;
