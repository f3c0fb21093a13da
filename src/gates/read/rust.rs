//! rustc, clippy, rustfmt, cargo test; and ruff, which draws its findings in the same way.

use super::located::{is_code, located};
use super::{Found, Said};
use crate::protocol::Severity;

/// Lines of a message before the place that it is about.
const HEADER_LINES_MAX: usize = 6;
/// Lines of a panic's message.
const PANIC_LINES_MAX: usize = 4;
/// Errors that only say that there were errors.
const ECHOES: [&str; 6] = [
    "could not compile",
    "aborting due to",
    "test failed",
    "build failed",
    "doctest failed",
    "1 target failed",
];

#[derive(Default)]
pub(super) struct Rust {
    header: Option<Header>,
    panic: Option<Panic>,
    /// The last place, for the lint's name that comes after it.
    placed: bool,
}

struct Header {
    severity: Severity,
    source: String,
    /// `error:`, `error[E0425]:`, `F401`.
    code: String,
    text: String,
    lines: usize,
}

struct Panic {
    path: String,
    at: (u32, Option<u32>),
    thread: String,
    message: Vec<String>,
}

impl Rust {
    pub(super) fn line(&mut self, line: &str, found: &mut Found) -> bool {
        if let Some(panic) = &mut self.panic {
            let ends = line.is_empty() || line == "stack backtrace:" || line.starts_with("note: ");
            if !ends && panic.message.len() < PANIC_LINES_MAX {
                panic.message.push(line.trim().to_owned());
                return true;
            }
            self.finish_panic(found);
        }
        if let Some(place) = line.trim_start().strip_prefix("--> ") {
            self.place(place, found);
            return true;
        }
        if line.is_empty() {
            self.finish_header(found);
            return true;
        }
        if let Some(header) = header(line) {
            self.finish_header(found);
            self.placed = false;
            self.header = Some(header);
            return true;
        }
        if let Some(header) = &mut self.header {
            header.lines += 1;
            if header.lines > HEADER_LINES_MAX {
                self.finish_header(found);
            }
        }
        self.lint(line, found) || self.panicked(line) || test(line, found) || format(line, found)
    }

    pub(super) fn finish(&mut self, found: &mut Found) {
        self.finish_panic(found);
        self.finish_header(found);
    }

    fn place(&mut self, place: &str, found: &mut Found) {
        let (Some(header), Some(at)) = (self.header.take(), located(place)) else { return };
        let Header { severity, source, code, text, .. } = &header;
        let said = Said { severity: *severity, source, code, text };
        let before = found.diagnostics.len();
        found.place(at.path, (at.line, at.column), said);
        self.placed = found.diagnostics.len() > before;
    }

    /// A header that no place followed: an error all the same, unless it only repeats others.
    fn finish_header(&mut self, found: &mut Found) {
        let Some(header) = self.header.take() else { return };
        let echo = ECHOES.iter().any(|echo| header.text.starts_with(echo));
        if header.severity == Severity::Error && header.source == "rustc" && !echo {
            found.reason(&format!("{} {}", header.code, header.text));
        }
    }

    /// `= note: #[warn(unused_variables)] …`, `-D clippy::len-zero implied by …`.
    fn lint(&mut self, line: &str, found: &mut Found) -> bool {
        let Some(note) = line.trim_start().strip_prefix("= note: `") else { return false };
        let named = note.split('`').next().unwrap_or_default();
        let name = named.split_once('(').map_or_else(
            || named.trim_start_matches(['-', 'D', 'W', 'F', ' ']),
            |(_, name)| name.trim_end_matches([')', ']']),
        );
        if let Some(last) = found.diagnostics.last_mut().filter(|_| self.placed) {
            let name = name.replace('-', "_");
            last.source = match name.strip_prefix("clippy::") {
                Some(name) => format!("clippy {name}"),
                None => format!("rustc {name}"),
            };
        }
        self.placed = false;
        true
    }

    /// `thread 'name' (17) panicked at src/lib.rs:6:9:`
    fn panicked(&mut self, line: &str) -> bool {
        let panic = || {
            let (thread, place) = line.strip_prefix("thread '")?.split_once(" panicked at ")?;
            let thread = thread.split('\'').next()?.to_owned();
            let at = located(place)?;
            let (path, at) = (at.path.to_owned(), (at.line, at.column));
            Some(Panic { path, at, thread, message: Vec::new() })
        };
        let panic = panic();
        let is_one = panic.is_some();
        self.panic = panic;
        is_one
    }

    fn finish_panic(&mut self, found: &mut Found) {
        let Some(panic) = self.panic.take() else { return };
        let text = format!("{}: {}", panic.thread, panic.message.join(", "));
        let said = Said::new(Severity::Error, "panic", &text);
        found.place(&panic.path, panic.at, said);
    }
}

/// `error[E0425]: …`, `warning: …`, and ruff's `F401 [*] …` and `unformatted: …`.
fn header(line: &str) -> Option<Header> {
    let (word, text) = line.split_once(' ')?;
    let (severity, source) = match word {
        "error:" => (Severity::Error, "rustc".to_owned()),
        "warning:" => (Severity::Warning, "rustc".to_owned()),
        "unformatted:" => (Severity::Warning, "ruff format".to_owned()),
        "invalid-syntax:" => (Severity::Error, "ruff".to_owned()),
        word if is_code(word) => (Severity::Error, format!("ruff {word}")),
        word => {
            let code = word.strip_prefix("error[")?.strip_suffix("]:")?;
            (Severity::Error, format!("rustc {code}"))
        }
    };
    let (code, text) = (word.to_owned(), text.to_owned());
    Some(Header { severity, source, code, text, lines: 0 })
}

fn test(line: &str, found: &mut Found) -> bool {
    let failed = line.starts_with("test ") && line.ends_with("... FAILED");
    if failed {
        found.name(line);
    }
    failed
}

/// rustfmt's `Diff in /path/lib.rs:3:`, in its older form `… at line 3:`.
fn format(line: &str, found: &mut Found) -> bool {
    let place = || {
        let place = line.strip_prefix("Diff in ")?.trim_end_matches(':').replace(" at line ", ":");
        let (path, line) = place.rsplit_once(':')?;
        Some((path.to_owned(), line.parse().ok()?))
    };
    let Some((path, line)) = place() else { return false };
    let text = "is not formatted as rustfmt has it";
    let said = Said::new(Severity::Warning, "rustfmt", text);
    found.place(&path, (line, None), said);
    true
}
