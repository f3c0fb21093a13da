//! The notation of a row, and how words are held against it.
//!
//! Flags, separated by blanks: `-a` and `--all` take no value; `-n=number` takes one, glued or as
//! the next word; `--color?=text` may have one behind `=`; `-NUM` is a count such as `-20`; a
//! `!` at the end (`--files!`) and the kind `pattern` say that no operand is a pattern or script then.
//! Short flags may be bundled; a long flag must be written out.
//!
//! Operands: the kinds in order; `*` after the last one lets it repeat. Too many operands do not match.
//! A `|` in front: flags only before operands, for programs that take a later flag for a file to write.

use super::super::words::Word;
use super::{Context, scripts, system};

/// # Errors
/// One clause for people, to follow the program's name.
pub(super) fn check(
    flags: &'static str,
    operands: &str,
    words: &[Word],
    context: &Context<'_>,
) -> Result<(), String> {
    let mut matching = Matching { flags, context, operands: Vec::new(), pattern_given: false };
    let flags_first = operands.starts_with('|');
    let operands = operands.trim_start_matches(['|', ' ']);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = word.text.as_str();
        if flags_first && text.len() > 1 && text.starts_with('-') && !matching.operands.is_empty() {
            return Err(format!("has `{text}` behind a file, where it may be one to write"));
        }
        if text == "--" {
            matching.operands.extend(words.by_ref());
        } else if let Some(long) = text.strip_prefix("--") {
            matching.long(long, word, &mut words)?;
        } else if text.len() > 1 && text.starts_with('-') {
            matching.short(word, &mut words)?;
        } else {
            matching.operands.push(word);
        }
    }
    matching.operands(operands)
}

struct Matching<'a> {
    flags: &'static str,
    context: &'a Context<'a>,
    operands: Vec<&'a Word>,
    pattern_given: bool,
}

/// What a row says of one flag.
struct Flag {
    /// Empty: takes no value.
    kind: &'static str,
    optional: bool,
    replaces_pattern: bool,
}

impl<'a> Matching<'a> {
    fn find(&self, name: &str) -> Option<Flag> {
        self.flags.split(' ').find_map(|spec| {
            let (spec, kind) = spec.split_once('=').unwrap_or((spec, ""));
            let (spec, optional) =
                spec.strip_suffix('?').map_or((spec, false), |spec| (spec, true));
            let (spec, bang) = spec.strip_suffix('!').map_or((spec, false), |spec| (spec, true));
            let replaces_pattern = bang || kind == "pattern";
            (spec == name).then_some(Flag { kind, optional, replaces_pattern })
        })
    }

    fn long(
        &mut self,
        text: &str,
        word: &Word,
        words: &mut std::slice::Iter<'a, Word>,
    ) -> Result<(), String> {
        let (name, value) =
            text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        let flag = self.find(&format!("--{name}")).ok_or_else(|| unknown(&format!("--{name}")))?;
        self.pattern_given |= flag.replaces_pattern;
        match (value, flag.kind, flag.optional) {
            (None, "", _) | (None, _, true) => plain(word),
            (None, kind, false) => {
                let value = words.next().ok_or_else(|| format!("lacks the value of `--{name}`"))?;
                self.value(kind, value)
            }
            (Some(_), "", _) => Err(unknown(text)),
            (Some(value), kind, _) => {
                self.value(kind, &Word { text: value.to_owned(), ..word.clone() })
            }
        }
    }

    fn short(&mut self, word: &Word, words: &mut std::slice::Iter<'a, Word>) -> Result<(), String> {
        let text = &word.text[1..];
        if text.bytes().all(|byte| byte.is_ascii_digit()) && self.find("-NUM").is_some() {
            return Ok(());
        }
        for (at, char) in text.char_indices() {
            let flag =
                self.find(&format!("-{char}")).ok_or_else(|| unknown(&format!("-{char}")))?;
            self.pattern_given |= flag.replaces_pattern;
            if flag.kind.is_empty() {
                continue;
            }
            let glued = &text[at + char.len_utf8()..];
            if !glued.is_empty() {
                return self.value(flag.kind, &Word { text: glued.to_owned(), ..word.clone() });
            }
            if flag.optional {
                return plain(word);
            }
            let value = words.next().ok_or_else(|| format!("lacks the value of `-{char}`"))?;
            return self.value(flag.kind, value);
        }
        plain(word)
    }

    fn value(&self, kind: &str, word: &Word) -> Result<(), String> {
        // One word may become several: only where any number of paths may stand.
        plain(word)?;
        holds(kind, word, self.context)
    }

    fn operands(&self, spec: &str) -> Result<(), String> {
        let mut kinds = spec.split(' ').filter(|kind| !kind.is_empty()).peekable();
        if self.pattern_given && matches!(kinds.peek(), Some(&"pattern" | &"sed")) {
            kinds.next();
        }
        let mut repeated = None;
        for word in &self.operands {
            let kind = match repeated {
                Some(kind) => kind,
                None => kinds.next().ok_or_else(|| format!("may not be given `{}`", word.text))?,
            };
            if let Some(kind) = kind.strip_suffix('*') {
                repeated = Some(spec.split(' ').next_back().unwrap_or(kind));
                holds(kind, word, self.context)?;
                if word.glob && !matches!(kind, "path" | "revision") {
                    plain(word)?;
                }
            } else {
                plain(word)?;
                holds(kind, word, self.context)?;
            }
        }
        Ok(())
    }
}

fn unknown(flag: &str) -> String {
    format!("has `{flag}`, which is not known to only read")
}

/// A word that stays one word.
fn plain(word: &Word) -> Result<(), String> {
    if word.glob {
        return Err(format!("holds the wildcard `{}`, which may stand for anything", word.text));
    }
    Ok(())
}

fn holds(kind: &str, word: &Word, context: &Context<'_>) -> Result<(), String> {
    let text = word.text.as_str();
    let all = |allowed: fn(char) -> bool| !text.is_empty() && text.chars().all(allowed);
    let fits = match kind {
        "text" | "pattern" => true,
        "printed" => !system::escapes(text),
        // The tools of binutils read their arguments from what an `@` names.
        "path" => !text.starts_with('@') && context.path(word).map(|()| true)?,
        "revision" => return context.path(word),
        "number" => all(|char| char.is_ascii_digit() || matches!(char, '.' | '-' | '+')),
        "size" => all(|char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '+' | '%')),
        "name" => {
            all(|char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_' | ',' | ':'))
        }
        "field" => {
            all(|char| char.is_ascii_alphanumeric() || "-_:.*".contains(char))
                && !text.contains("signature")
        }
        // Placeholders that ask a signature to be checked run a program.
        "format" => {
            !text.contains("%G") && !text.contains("signature") && !text.contains("trailers")
        }
        "clock" => text.starts_with('+'),
        "filter" => return scripts::filter(text),
        "sed" => return scripts::sed(text),
        "awk" => return scripts::awk(text),
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("is given `{text}`, which is not understood")) }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::policy::tests::ground;
    use std::collections::HashSet;

    const KINDS: [&str; 14] = [
        "field", "printed", "text", "pattern", "path", "revision", "number", "size", "name",
        "format", "clock", "filter", "sed", "awk",
    ];

    pub(in super::super) fn assert_sound(flags: &str, operands: &str, programs: &str) {
        let mut names = HashSet::new();
        for spec in flags.split(' ').filter(|spec| !spec.is_empty()) {
            let (name, kind) = spec.split_once('=').unwrap_or((spec, "text"));
            let name = name.trim_end_matches(['?', '!']);
            assert!(KINDS.contains(&kind), "{programs}: {spec}");
            let short = name.len() == 2 || name == "-NUM";
            assert!(
                name.starts_with("--") || (short && name.starts_with('-')),
                "{programs}: {spec}"
            );
            assert!(names.insert(name), "{programs}: {spec} twice");
        }
        let operands = operands.trim_start_matches(['|', ' ']);
        for kind in operands.split(' ').filter(|kind| !kind.is_empty()) {
            assert!(KINDS.contains(&kind.trim_end_matches('*')), "{programs}: {kind}");
        }
    }

    fn fits(flags: &'static str, operands: &str, line: &str) -> bool {
        let ground = ground();
        let context = Context { folders: std::slice::from_ref(&ground.root), ground: &ground };
        let words: Vec<Word> = line.split_whitespace().map(Word::literal).collect();
        check(flags, operands, &words, &context).is_ok()
    }

    #[test]
    fn flags_may_be_bundled_glued_or_apart() {
        const FLAGS: &str = "-a -n=number --lines=number --color?=name -NUM";
        for line in [
            "-a",
            "-an 3",
            "-an3",
            "-n 3 x",
            "--lines=3",
            "--lines 3",
            "--color",
            "--color=never",
            "-20",
        ] {
            assert!(fits(FLAGS, "path*", line), "{line}");
        }
        for line in
            ["-b", "-ab", "-n x", "-n", "--line=3", "--lines", "--color=$x", "-20x", "-a=1", "--a"]
        {
            assert!(!fits(FLAGS, "path*", line), "{line}");
        }
    }

    #[test]
    fn operands_are_held_against_their_kinds_in_order() {
        assert!(fits("-e=pattern -n", "pattern path*", "-n /etc src a"));
        assert!(!fits("-e=pattern -n", "pattern path*", "-n x /etc"));
        assert!(!fits("-e=pattern -n", "pattern path*", "-e x /etc"), "an operand is a path then");
        assert!(!fits("--files!", "pattern path*", "--files /etc"));
        assert!(!fits("", "path", "a b"));
        assert!(fits("", "path", "-- -a"));
        assert!(!fits("", "", "a"));
    }
}
