//! ESLint, Prettier, Jest, Vitest, Node's own test runner.

use super::located::located;
use super::{Found, Said};
use crate::protocol::Severity;

#[derive(Default)]
pub(super) struct JavaScript {
    /// ESLint's findings below this path.
    file: Option<String>,
    /// A failed test's title, and the first line of what went wrong.
    test: Option<(String, Option<String>)>,
}

impl JavaScript {
    pub(super) fn line(&mut self, line: &str, found: &mut Found) -> bool {
        if self.eslint(line, found) || self.test_line(line, found) || prettier(line, found) {
            return true;
        }
        let tap = line.trim_start();
        let failed = tap.starts_with("not ok ") || (tap.starts_with("✖ ") && tap.ends_with("ms)"));
        if failed {
            found.name(line);
        }
        // A path alone on its line.
        let is_path = line.contains(['/', '.']) && !line.contains(char::is_whitespace);
        if is_path && located(line).is_none() {
            self.file = Some(line.to_owned());
        }
        failed
    }

    /// `  2:1  error    'foo' is not defined   no-undef`
    fn eslint(&mut self, line: &str, found: &mut Found) -> bool {
        let read = || {
            let (place, rest) = line.strip_prefix("  ")?.trim_start().split_once("  ")?;
            let (row, column) = place.split_once(':')?;
            let (word, text) = rest.trim_start().split_once(' ')?;
            let severity = match word {
                "error" => Severity::Error,
                "warning" => Severity::Warning,
                _ => return None,
            };
            let (text, rule) = text.trim().rsplit_once("  ").unwrap_or((text.trim(), ""));
            Some(((row.parse().ok()?, column.parse().ok()), severity, text, rule))
        };
        let (Some(file), Some((at, severity, text, rule))) = (&self.file, read()) else {
            return false;
        };
        let source = format!("eslint {rule}");
        found.place(file, at, Said::new(severity, source.trim_end(), text.trim()));
        true
    }

    /// Jest's `  ● title` and Vitest's ` FAIL  file > title`, then why, then where.
    fn test_line(&mut self, line: &str, found: &mut Found) -> bool {
        let title = match line.trim_start().strip_prefix("● ") {
            Some(title) => Some(title),
            None => line.trim_start().strip_prefix("FAIL "),
        };
        if let Some(title) = title.map(str::trim).filter(|title| !title.starts_with("Console")) {
            found.name(line);
            self.test = Some((title.to_owned(), None));
            return true;
        }
        let Some((title, why)) = &mut self.test else { return false };
        let trimmed = line.trim();
        let place = trimmed.strip_prefix("❯ ").or_else(|| {
            let frame = trimmed.strip_prefix("at ")?;
            Some(frame.rsplit_once('(').map_or(frame, |(_, place)| place.trim_end_matches(')')))
        });
        if let Some(at) = place.and_then(located) {
            if found.paths.resolve(at.path).is_some() {
                let text = format!("{title}: {}", why.as_deref().unwrap_or("failed"));
                let said = Said::new(Severity::Error, "test", &text);
                found.place(at.path, (at.line, at.column), said);
                self.test = None;
            }
            return true;
        }
        if why.is_none() && !trimmed.is_empty() {
            *why = Some(trimmed.to_owned());
        }
        false
    }
}

fn prettier(line: &str, found: &mut Found) -> bool {
    let Some(path) = line.strip_prefix("[warn] ").filter(|path| !path.contains(' ')) else {
        return false;
    };
    let text = "is not formatted as prettier has it";
    found.place(path, (1, None), Said::new(Severity::Warning, "prettier", text));
    true
}
