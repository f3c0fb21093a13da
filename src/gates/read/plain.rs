//! A line of a program as a person would read it: without escape sequences, and of a line that was
//! written over only what stood there last.

use std::borrow::Cow;

const ESC: char = '\u{1b}';
const BELL: char = '\u{7}';

/// The line without sequences, and without what a carriage return took away.
pub(super) fn plain(line: &str) -> Cow<'_, str> {
    let line = line.trim_end_matches('\r');
    let line = line.rsplit('\r').next().unwrap_or(line);
    if !line.contains([ESC, '\u{8}']) {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match char {
            ESC => skip(&mut chars),
            '\u{8}' => _ = out.pop(),
            char => out.push(char),
        }
    }
    Cow::Owned(out)
}

/// The rest of a sequence whose ESC has been read.
fn skip(chars: &mut std::str::Chars<'_>) {
    match chars.next() {
        Some('[') => _ = chars.find(|char| ('@'..='~').contains(char)),
        Some(']' | 'P' | 'X' | '^' | '_') => {
            let mut last = ' ';
            let ended = |char: char| {
                let end = char == BELL || (last == ESC && char == '\\');
                last = char;
                end
            };
            _ = chars.find({
                let mut ended = ended;
                move |char| ended(*char)
            });
        }
        // A character set: one more byte names it.
        Some('(' | ')' | '*' | '+' | '#' | '%' | ' ') => _ = chars.next(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_and_overwritten_text_are_gone() {
        for (line, wanted) in [
            ("plain", "plain"),
            ("\u{1b}[31m-a\u{1b}(B\u{1b}[m", "-a"),
            ("\u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{1b}\\ after", "link after"),
            (" 10%\r 50%\r100% done\r", "100% done"),
            ("ab\u{8}c", "ac"),
            ("cut \u{1b}[3", "cut "),
            ("\u{1b}", ""),
        ] {
            assert_eq!(plain(line), wanted, "{line:?}");
        }
    }
}
