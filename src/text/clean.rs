//! Foreign text made safe to show: nothing in it can move the cursor, reorder what stands beside
//! it, or hide from the reader. Text only: a real terminal's bytes go through the emulator.

use std::borrow::Cow;
use std::ops::Range;
use unicode_width::UnicodeWidthChar;

/// More marks than this on one letter are made to spill over other rows.
const MARKS_MAX: usize = 6;

/// The same text with every character made visible that would not show as what it is.
///
/// A control character becomes its picture (`␛` for ESC, `␍` for a bare CR, `␡`), and C1 controls,
/// bidi controls, zero-width and tag characters, stray variation selectors, and letters that only
/// look Latin within a Latin word become `<U+202E>`. `\n` and `\t` stay, `\r\n` becomes `\n`.
/// Joiners within emoji and within scripts that need them stay. A clean text comes back as it is,
/// and cleaning twice is cleaning once.
pub fn clean(text: &str) -> Cow<'_, str> {
    clean_marked(text).0
}

/// What [`clean`] gives, and the ranges of it that stand for a character that would not show.
pub fn clean_marked(text: &str) -> (Cow<'_, str>, Vec<Range<usize>>) {
    let mut marked = Vec::new();
    let Some(first) = (!is_plain(text)).then(|| first_hidden(text)).flatten() else {
        return (Cow::Borrowed(text), marked);
    };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for (char, verdict) in Scan::from(text, first) {
        match verdict {
            Verdict::Show => out.push(char),
            Verdict::Drop => {}
            Verdict::Name => {
                let start = out.len();
                name(char, &mut out);
                marked.push(start..out.len());
            }
        }
    }
    (Cow::Owned(out), marked)
}

/// How many characters [`clean`] would replace by something visible.
pub fn hidden(text: &str) -> usize {
    if is_plain(text) {
        return 0;
    }
    Scan::from(text, 0).filter(|(_, verdict)| *verdict == Verdict::Name).count()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Show,
    Drop,
    Name,
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t'))
}

/// A byte offset at or before the first character that does not stay, at the start of its line, so
/// that a scan from there sees all that its judgement needs.
fn first_hidden(text: &str) -> Option<usize> {
    let mut scan = Scan::from(text, 0);
    scan.find(|(_, verdict)| *verdict != Verdict::Show)?;
    Some(text[..scan.at].rfind('\n').map_or(0, |newline| newline + 1))
}

/// Writes a character by its picture or its number.
fn name(char: char, out: &mut String) {
    match char {
        '\0'..='\x1f' => out.extend(char::from_u32(0x2400 + u32::from(char))),
        '\x7f' => out.push('\u{2421}'),
        char => out.push_str(&format!("<U+{:04X}>", u32::from(char))),
    }
}

/// Each character and what is to be done with it.
struct Scan<'a> {
    text: &'a str,
    at: usize,
    previous: Option<char>,
    marks: usize,
    /// Up to here the tags spell the flag of a region.
    tags_until: usize,
    /// Up to here the current word reaches, and whether it mixes look-alikes into Latin.
    word: (usize, bool),
}

impl<'a> Scan<'a> {
    /// `at` is 0 or the start of a line.
    fn from(text: &'a str, at: usize) -> Self {
        Self { text, at, previous: None, marks: 0, tags_until: 0, word: (0, false) }
    }

    fn judge(&mut self, char: char, offset: usize) -> Verdict {
        let rest = &self.text[offset + char.len_utf8()..];
        let next = rest.chars().next();
        match char {
            '\n' | '\t' | ' '..='~' => Verdict::Show,
            '\r' if next == Some('\n') => Verdict::Drop,
            char if char.is_control() => Verdict::Name,
            '\u{200d}' | '\u{200c}' if self.joins(char, next) => Verdict::Show,
            '\u{fe0e}' | '\u{fe0f}' if self.varies(next) => Verdict::Show,
            '\u{e0020}'..='\u{e007f}' if offset < self.tags_until => Verdict::Show,
            char if is_invisible(char) => Verdict::Name,
            _ if self.marks > MARKS_MAX => Verdict::Name,
            char if is_lookalike(char) && self.word.1 && offset < self.word.0 => Verdict::Name,
            _ => Verdict::Show,
        }
    }

    /// A joiner is at home between two emoji, and between letters of scripts that are shaped.
    fn joins(&self, joiner: char, next: Option<char>) -> bool {
        let (Some(previous), Some(next)) = (self.previous, next) else { return false };
        let emoji =
            |char| is_pictograph(char) || matches!(char, '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}');
        let shaped = |char| matches!(char, '\u{600}'..='\u{6ff}' | '\u{700}'..='\u{8ff}' | '\u{900}'..='\u{dff}');
        joiner == '\u{200d}' && emoji(previous) && is_pictograph(next)
            || shaped(previous) && shaped(next)
    }

    /// A variation selector is at home behind a sign that has an emoji form.
    fn varies(&self, next: Option<char>) -> bool {
        match self.previous {
            Some('0'..='9' | '#' | '*') => next == Some('\u{20e3}'),
            Some(previous) => is_pictograph(previous),
            None => false,
        }
    }

    fn enter(&mut self, char: char, offset: usize) {
        let rest = &self.text[offset..];
        if char == '\u{1f3f4}' {
            let tags = &rest[char.len_utf8()..];
            let flag = FLAGS.iter().find(|flag| tags.starts_with(**flag));
            self.tags_until = offset + char.len_utf8() + flag.map_or(0, |flag| flag.len());
        }
        if offset >= self.word.0 && char.is_alphabetic() {
            let word = word_at(rest);
            self.word = (offset + word.len(), is_disguised(word));
        }
        let is_mark = !char.is_ascii() && char.width() == Some(0);
        self.marks = if is_mark { self.marks + 1 } else { 0 };
    }
}

impl Iterator for Scan<'_> {
    type Item = (char, Verdict);

    fn next(&mut self) -> Option<Self::Item> {
        let offset = self.at;
        let char = self.text[offset..].chars().next()?;
        self.enter(char, offset);
        let verdict = self.judge(char, offset);
        self.at += char.len_utf8();
        // What does not stay gives nothing for the next character to lean on.
        self.previous = (verdict != Verdict::Name).then_some(char);
        Some((char, verdict))
    }
}

/// The tags of England, Scotland and Wales: the only ones that fonts draw.
const FLAGS: [&str; 3] = [
    "\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}",
];

/// Shows as nothing, or changes how others show.
fn is_invisible(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Signs with an emoji form, wide enough to need no table of Unicode's.
fn is_pictograph(char: char) -> bool {
    matches!(char,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{24c2}' | '\u{25a0}'..='\u{27bf}'
        | '\u{2934}' | '\u{2935}' | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}'
        | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

/// Cyrillic, Greek and Armenian letters that a reader takes for Latin ones.
fn is_lookalike(char: char) -> bool {
    "аеорсхуіјѕһԁԛԝѵӏАВЕЅІЈКМНОРСТУХҮԌԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧονօսցհո".contains(char)
}

fn word_at(text: &str) -> &str {
    let end = text.find(|char: char| !char.is_alphanumeric() && char != '_');
    &text[..end.unwrap_or(text.len())]
}

/// A Latin word of which some letters are not Latin, though all look it. A word that also has
/// letters which nobody mistakes, as `IDшник`, hides nothing.
fn is_disguised(word: &str) -> bool {
    let foreign = |char: char| char.is_alphabetic() && !char.is_ascii();
    word.contains(|char: char| char.is_ascii_alphabetic())
        && word.contains(is_lookalike)
        && word.chars().filter(|char| foreign(*char)).all(is_lookalike)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn controls_become_their_pictures() {
        assert_eq!(clean("a\x1b[31mb"), "a␛[31mb");
        assert_eq!(clean("rm -rf ~\rls"), "rm -rf ~␍ls");
        assert_eq!(clean("\u{9b}31m\x7f\x08\0"), "<U+009B>31m␡␈␀");
        assert_eq!(clean("a\tb\r\nc\n"), "a\tb\nc\n");
    }

    #[test]
    fn what_hides_is_named() {
        assert_eq!(clean("a\u{202e}b\u{2066}"), "a<U+202E>b<U+2066>");
        assert_eq!(clean("pay\u{200b}pal"), "pay<U+200B>pal");
        assert_eq!(clean("\u{e0041}\u{e0042} tags"), "<U+E0041><U+E0042> tags");
        assert_eq!(clean("a\u{fe0f}\u{fe01}\u{e0100}b"), "a<U+FE0F><U+FE01><U+E0100>b");
        assert_eq!(clean("❤\u{fe0f}\u{fe0f}"), "❤\u{fe0f}<U+FE0F>");
        assert_eq!(clean("first\nа б\nаdmin"), "first\nа б\n<U+0430>dmin");
        assert_eq!(hidden("a\u{202e}b\u{2066}\r\n"), 2);
        let (text, marked) = clean_marked("a\u{202e}b\x07");
        assert_eq!((text.as_ref(), marked), ("a<U+202E>b␇", vec![1..9, 10..13]));
    }

    #[test]
    fn people_and_languages_are_left_alone() {
        for text in [
            "👩\u{200d}👩\u{200d}👧 👩🏽\u{200d}🚀 ❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3} 🇩🇪",
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "می\u{200c}خواهم क्\u{200d}ष",
            "привет, USB-порт и IDшник, мир; Δx = 3 μs",
            "日本語 e\u{301} Zürich — “so”…",
        ] {
            assert_eq!(clean(text), text);
            assert_eq!(hidden(text), 0, "{text}");
        }
    }

    #[test]
    fn towers_of_marks_are_cut_down() {
        let tower = format!("a{}", "\u{301}".repeat(7));
        assert_eq!(clean(&tower), format!("a{}<U+0301>", "\u{301}".repeat(6)));
    }

    proptest! {
        #[test]
        fn nothing_foreign_is_left(text in any::<String>()) {
            let cleaned = clean(&text);
            let foreign = |char: char| char.is_control() && char != '\n' && char != '\t';
            prop_assert!(!cleaned.contains(foreign), "{cleaned:?}");
            prop_assert_eq!(clean(&cleaned), cleaned.as_ref());
            prop_assert_eq!(hidden(&cleaned), 0);
        }

        #[test]
        fn hostile_text_comes_out_clean(text in "[\u{1b}\u{9b}\r\n\u{200d}\u{fe0f}\u{202e}👩aа\u{301}1\u{20e3}\u{e0067}🏴]{0,40}") {
            let cleaned = clean(&text);
            let left = cleaned.contains(['\u{1b}', '\u{9b}', '\r', '\u{202e}', '\u{e0067}']);
            prop_assert!(!left, "{cleaned:?}");
            prop_assert_eq!(clean(&cleaned), cleaned.as_ref());
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "tests find the conformance data by it")]
    fn the_known_attacks_are_neutral() {
        let Ok(root) = std::env::var("BRISK_CONFORMANCE") else {
            println!("skipped: BRISK_CONFORMANCE is not set");
            return;
        };
        let path = std::path::Path::new(&root).join("security/cases.jsonl");
        let cases = std::fs::read_to_string(path).expect("the cases are there");
        let mut seen = 0;
        for line in cases.lines() {
            let case: serde_json::Value = serde_json::from_str(line).expect("a case is JSON");
            let id = case["id"].as_str().unwrap_or_default();
            let bytes = &case["input"]["bytes"];
            let added = &case["input"]["diff_added_line"];
            let Some(text) = bytes.as_str().or(added.as_str()) else { continue };
            if !id.starts_with("ESC-") && !id.starts_with("UNI-") {
                continue;
            }
            seen += 1;
            let cleaned = clean(text);
            assert_ne!(cleaned, text, "{id} is shown as it is");
            assert!(!cleaned.contains(char::is_control), "{id}: {cleaned:?}");
        }
        assert!(seen >= 15, "only {seen} cases were found");
    }
}
