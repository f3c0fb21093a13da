//! pytest, unittest, and any traceback of Python's; black.

use super::located::located;
use super::{Found, Said};
use crate::protocol::Severity;

#[derive(Default)]
pub(super) struct Python {
    /// pytest's first `E` line of a failure.
    why: Option<String>,
    /// pytest's last frame of a short traceback.
    frame: Option<(String, u32)>,
    /// The last frame of a traceback that is in the workspace, and whether a traceback is open.
    file: Option<(String, u32)>,
    open: bool,
}

impl Python {
    pub(super) fn line(&mut self, line: &str, found: &mut Found) -> bool {
        if self.traceback(line, found) {
            return true;
        }
        if let Some(why) = line.strip_prefix("E   ").map(str::trim) {
            match self.frame.take() {
                Some((path, at)) => found.place(&path, (at, None), error("pytest", why)),
                None => _ = self.why.get_or_insert_with(|| why.to_owned()),
            }
            return true;
        }
        if line.starts_with("FAILED ") && line.contains("::")
            || line.starts_with("ERROR ") && line.contains(".py")
            || (line.starts_with("FAIL: ") || line.starts_with("ERROR: ")) && line.ends_with(')')
        {
            found.name(line);
            return true;
        }
        if let Some(path) = line.strip_prefix("would reformat ") {
            let text = "is not formatted as black has it";
            let said = Said::new(Severity::Warning, "black", text);
            found.place(path, (1, None), said);
            return true;
        }
        self.crash(line, found)
    }

    /// pytest's place of a failure: `tests/test_a.py:12: AssertionError`, or a frame of a short
    /// traceback: `tests/test_a.py:12: in test_adds`.
    fn crash(&mut self, line: &str, found: &mut Found) -> bool {
        let Some(at) = located(line).filter(|at| at.path.ends_with(".py") && at.column.is_none())
        else {
            return false;
        };
        if at.rest.starts_with("in ") {
            self.frame = Some((at.path.to_owned(), at.line));
            return true;
        }
        let is_name = at.rest.starts_with(char::is_uppercase)
            && at.rest.chars().all(|char| char.is_alphanumeric() || "._".contains(char));
        if is_name {
            let why = self.why.take().unwrap_or_else(|| at.rest.to_owned());
            found.place(at.path, (at.line, None), error("pytest", &why));
        }
        is_name
    }

    fn traceback(&mut self, line: &str, found: &mut Found) -> bool {
        if line.starts_with("Traceback (most recent call last)") {
            (self.open, self.file) = (true, None);
            return true;
        }
        let frame = || {
            let (path, rest) =
                line.trim_start().strip_prefix("File \"")?.split_once("\", line ")?;
            let number = rest.split(',').next()?.parse().ok()?;
            Some((path.to_owned(), number))
        };
        if let Some(frame) = frame() {
            // A SyntaxError's place stands without a traceback.
            self.open = true;
            if self.file.is_none() || found.paths.resolve(&frame.0).is_some() {
                self.file = Some(frame);
            }
            return true;
        }
        if !self.open || line.starts_with(' ') {
            return false;
        }
        // The exception itself is the first line that is not indented.
        self.open = false;
        match self.file.take() {
            Some((path, at)) if !line.is_empty() => {
                found.place(&path, (at, None), error("python", line));
                true
            }
            _ => false,
        }
    }
}

const fn error<'a>(source: &'a str, text: &'a str) -> Said<'a> {
    Said::new(Severity::Error, source, text)
}
