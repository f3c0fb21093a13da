//! Hunks as the text that `patch` and `git apply` read.

use super::{Sections, Span, count, lines, spans, start};
use std::io::Write;
use std::ops::Range;

/// A unified diff of two texts; empty if they are equal. The paths stand as they are given after
/// `---` and `+++`: with their `a/` and `b/`, quoted where they need it, `/dev/null` for a side
/// that does not exist.
pub fn unified(old_path: &str, new_path: &str, old: &[u8], new: &[u8], context: usize) -> Vec<u8> {
    let spans = spans(old, new, context);
    let mut out = Vec::new();
    if spans.is_empty() {
        return out;
    }
    let (old_lines, new_lines) = (lines(old), lines(new));
    let mut sections = Sections::new(&old_lines);
    say(&mut out, format_args!("--- {old_path}\n+++ {new_path}\n"));
    for span in &spans {
        let (old_side, new_side) = (side(&span.old), side(&span.new));
        say(&mut out, format_args!("@@ -{old_side} +{new_side} @@"));
        if let Some(section) = sections.before(span.old.start) {
            say(&mut out, format_args!(" {section}"));
        }
        out.push(b'\n');
        body(&mut out, span, &old_lines, &new_lines);
    }
    out
}

fn side(range: &Range<usize>) -> String {
    match range.len() {
        1 => start(range).to_string(),
        lines => format!("{},{}", start(range), count(lines)),
    }
}

fn body(out: &mut Vec<u8>, span: &Span, old: &[&[u8]], new: &[&[u8]]) {
    let mut next = span.old.start;
    for (before, after) in &span.changes {
        put(out, b' ', &old[next..before.start]);
        put(out, b'-', &old[before.clone()]);
        put(out, b'+', &new[after.clone()]);
        next = before.end;
    }
    put(out, b' ', &old[next..span.old.end]);
}

fn put(out: &mut Vec<u8>, mark: u8, lines: &[&[u8]]) {
    for line in lines {
        out.push(mark);
        out.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            out.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }
}

fn say(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a Vec takes every byte");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unified_diff_reads_as_git_writes_it() {
        let diff = unified("a/x", "b/x", b"fn f()\n1\n2\n3\n4\n5", b"fn f()\n1\n2\n3\n4\nsix", 3);
        let expected = "--- a/x\n+++ b/x\n@@ -3,4 +3,4 @@ fn f()\n 2\n 3\n 4\n-5\n\\ No newline at \
                        end of file\n+six\n\\ No newline at end of file\n";
        assert_eq!(String::from_utf8_lossy(&diff), expected);
    }

    #[test]
    fn equal_texts_give_nothing() {
        assert!(unified("a/x", "b/x", b"1\n", b"1\n", 3).is_empty());
    }
}
