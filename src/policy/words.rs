//! The strict reader: turns a command line into words and operators, or says what it does not
//! understand. It takes the part of the language that bash, zsh and fish read alike, and no more:
//! no expansion, no history, no escapes of letters. What the words mean is for others.
//!
//! It is also the second opinion on the grammar's tree: `understand` goes on only where both saw
//! the same words in the same places.

use std::ops::Range;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Bytes of the line.
    pub span: Range<usize>,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word(Word),
    /// `<`, `>`, `>>`, `<&`, `>&`, `&>`, `&>>`, `>|`, with the descriptor in front of it.
    Redirect {
        descriptor: Option<u32>,
        operator: String,
    },
    /// `&&`, `||`, `|`, `;`, a newline, a parenthesis.
    Operator,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// With its quotes taken off.
    pub text: String,
    /// Holds an unquoted `*` or `?`.
    pub glob: bool,
    /// Has no quotes at all.
    pub bare: bool,
}

impl Word {
    #[cfg(test)]
    pub(super) fn literal(text: &str) -> Word {
        Word { text: text.to_owned(), glob: false, bare: true }
    }
}

/// The tokens in order, without comments.
///
/// # Errors
/// One clause for people: what is not understood.
pub(super) fn read(line: &str) -> Result<Vec<Token>, String> {
    let mut reader = Reader { line, at: 0, tokens: Vec::new() };
    while reader.token()? {}
    Ok(reader.tokens)
}

/// Quoted words without any operator, as in a rule: `cargo test`, `git commit -m "a b"`.
///
/// # Errors
/// One clause for people: what is not understood.
pub(super) fn split(text: &str) -> Result<Vec<String>, String> {
    let tokens = read(text)?;
    if tokens.last().is_some_and(|token| token.span.end != text.trim_end().len()) {
        return Err("holds a comment".to_owned());
    }
    let words = tokens.into_iter().map(|token| match token.kind {
        Kind::Word(word) if !word.glob => Ok(word.text),
        Kind::Word(_) => Err("holds a wildcard".to_owned()),
        Kind::Redirect { .. } | Kind::Operator => Err("holds a shell operator".to_owned()),
    });
    words.collect()
}

struct Reader<'a> {
    line: &'a str,
    at: usize,
    tokens: Vec<Token>,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.line[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Takes the next token; false at the end.
    fn token(&mut self) -> Result<bool, String> {
        while self.peek() == Some(' ') {
            self.at += 1;
        }
        let Some(char) = self.peek() else { return Ok(false) };
        if char == '#' {
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            return Ok(true);
        }
        let start = self.at;
        if let Some(kind) = self.redirect() {
            self.tokens.push(Token { span: start..self.at, kind });
            return Ok(true);
        }
        const OPERATORS: [&str; 7] = ["&&", "||", "|", ";", "\n", "(", ")"];
        for refused in ["|&", ";;", ";&"] {
            if self.rest().starts_with(refused) {
                return Err(format!("holds `{refused}`"));
            }
        }
        if let Some(operator) =
            OPERATORS.iter().find(|operator| self.rest().starts_with(**operator))
        {
            self.at += operator.len();
            self.tokens.push(Token { span: start..self.at, kind: Kind::Operator });
            return Ok(true);
        }
        if char == '&' {
            return Err("runs in the background".to_owned());
        }
        let word = self.word()?;
        self.tokens.push(Token { span: start..self.at, kind: Kind::Word(word) });
        Ok(true)
    }

    fn redirect(&mut self) -> Option<Kind> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let after = &self.rest()[digits..];
        const OPERATORS: [&str; 8] = ["&>>", "&>", ">>", ">&", ">|", "<&", "<", ">"];
        let operator = OPERATORS.iter().find(|operator| after.starts_with(**operator))?;
        if digits > 0 && operator.starts_with('&') {
            return None;
        }
        let descriptor = self.rest()[..digits].parse().ok();
        self.at += digits + operator.len();
        Some(Kind::Redirect { descriptor, operator: (*operator).to_owned() })
    }

    fn word(&mut self) -> Result<Word, String> {
        let mut word = Word { bare: true, ..Word::default() };
        while let Some(char) = self.peek() {
            match char {
                ' ' | '\n' | ';' | '|' | '&' | '(' | ')' | '<' | '>' => break,
                '\'' => self.single(&mut word)?,
                '"' => self.double(&mut word)?,
                '\\' => self.escape(&mut word)?,
                _ => self.plain(&mut word, char)?,
            }
        }
        Ok(word)
    }

    fn plain(&mut self, word: &mut Word, char: char) -> Result<(), String> {
        // zsh sees through empty quotes: `''=ls` is expanded like `=ls`.
        let first = word.text.is_empty();
        let before = self.line[..self.at].chars().next_back();
        let understood = match char {
            '*' | '?' => {
                word.glob = true;
                true
            }
            '_' | '.' | '/' | ',' | ':' | '@' | '%' | '+' | '-' => true,
            // zsh expands a word that starts with it.
            '=' => !first || self.alone(),
            // A home folder at the start, and after these two.
            '~' => !first && !matches!(before, Some(':' | '=')),
            '^' => !first,
            // `test` by its other name, and the `]` that ends it.
            '[' | ']' => first && self.alone(),
            // Not history where a blank follows; `find` knows it as `not`.
            '!' => first && (self.rest().starts_with("! ") || self.rest().starts_with("!= ")),
            _ => char.is_alphanumeric(),
        };
        if !understood {
            return Err(match char {
                '$' | '`' => "is put together while it runs".to_owned(),
                '~' => "names a home folder".to_owned(),
                '!' => "may be history expansion".to_owned(),
                '\t' => "holds a tab, which a terminal may complete".to_owned(),
                _ => format!("holds `{char}` outside quotes"),
            });
        }
        word.text.push(char);
        self.at += char.len_utf8();
        Ok(())
    }

    /// Whether the character here is a whole word.
    fn alone(&self) -> bool {
        matches!(
            self.rest().as_bytes().get(1),
            None | Some(b' ' | b'\n' | b';' | b'|' | b'&' | b')')
        )
    }

    fn single(&mut self, word: &mut Word) -> Result<(), String> {
        word.bare = false;
        let inner = &self.line[self.at + 1..];
        let end = inner.find('\'').ok_or("has a quote that is not closed")?;
        let inner = &inner[..end];
        if inner.ends_with('\\') {
            // fish would read on: there it escapes the quote.
            return Err("ends a quoted text with a backslash".to_owned());
        }
        if inner.contains('\t') {
            return Err("holds a tab, which a terminal may complete".to_owned());
        }
        word.text.push_str(inner);
        self.at += end + 2;
        Ok(())
    }

    fn double(&mut self, word: &mut Word) -> Result<(), String> {
        word.bare = false;
        self.at += 1;
        loop {
            let char = self.peek().ok_or("has a quote that is not closed")?;
            let next = self.rest().chars().nth(1);
            match char {
                '"' => {
                    self.at += 1;
                    return Ok(());
                }
                '\\' if matches!(next, Some('"' | '\\' | '$')) => {
                    word.text.extend(next);
                    self.at += 2;
                    continue;
                }
                '\\' if matches!(next, Some('`' | '\n') | None) => {
                    return Err("holds an escape that is not understood".to_owned());
                }
                // An end of line in a pattern: nothing follows that it could expand.
                '$' if next == Some('"') => {}
                '$' | '`' => return Err("is put together while it runs".to_owned()),
                '!' => return Err("may be history expansion".to_owned()),
                '\t' => return Err("holds a tab, which a terminal may complete".to_owned()),
                _ => {}
            }
            word.text.push(char);
            self.at += char.len_utf8();
        }
    }

    fn escape(&mut self, word: &mut Word) -> Result<(), String> {
        let next = self.rest().chars().nth(1);
        match next {
            // Letters mean something else in fish; `!` may be history; a blank splits the grammar.
            Some(char) if char.is_ascii_punctuation() && char != '!' => {
                word.bare = false;
                word.text.push(char);
                self.at += 2;
                Ok(())
            }
            _ => Err("holds an escape that is not understood".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(line: &str) -> Vec<String> {
        let words = read(line).unwrap().into_iter();
        words
            .filter_map(|token| match token.kind {
                Kind::Word(word) => Some(word.text),
                Kind::Redirect { .. } | Kind::Operator => None,
            })
            .collect()
    }

    #[test]
    fn quotes_come_off_and_operators_end_words() {
        assert_eq!(texts("grep -n 'a b' \"c d\"|wc -l"), ["grep", "-n", "a b", "c d", "wc", "-l"]);
        assert_eq!(texts("find . \\( -name a \\)"), ["find", ".", "(", "-name", "a", ")"]);
        assert_eq!(texts("grep \"end$\" f # not this"), ["grep", "end$", "f"]);
        assert_eq!(texts("git log HEAD~1 HEAD^"), ["git", "log", "HEAD~1", "HEAD^"]);
    }

    #[test]
    fn what_one_shell_reads_otherwise_is_refused() {
        for line in [
            "echo $HOME",
            "echo `ls`",
            "echo \"$x\"",
            "ls ~",
            "ls a:~",
            "ls =git",
            "ls {a,b}",
            "ls &",
            "echo !!",
            "echo \"hi!\"",
            "ls\tx",
            "ls \\n",
            "echo 'a\\' 'b'",
            "echo 'open",
            "ls |& cat",
            "ls \\\n-l",
            "ls [a]*",
            "^a^b",
        ] {
            assert!(read(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn a_descriptor_belongs_to_its_redirection() {
        let tokens = read("ls 2>&1 >x").unwrap();
        let expected = Kind::Redirect { descriptor: Some(2), operator: ">&".to_owned() };
        assert_eq!(tokens[1].kind, expected);
        assert_eq!(tokens[3].kind, Kind::Redirect { descriptor: None, operator: ">".to_owned() });
    }

    /// Lines of quotes, escapes and doubtful characters, but of nothing that could run or write.
    fn doubtful_lines(count: usize) -> Vec<String> {
        const PIECES: [&str; 34] = [
            "a", "b1", "'", "'", "\"", "\"", "\\", "\\\\", "\\'", "\\\"", "\\n", "=", "~", "^",
            "!", "! ", "#", " #", " ", " ", "  ", "%", "@", "{", "}", "{a,b}", "-", "--x=y", ":",
            "[", "]", "é", "$", ".",
        ];
        let mut random = fastrand::Rng::with_seed(7);
        let line = |random: &mut fastrand::Rng| -> String {
            let length = random.usize(1..12);
            (0..length).map(|_| PIECES[random.usize(..PIECES.len())]).collect()
        };
        let understood = |line: &String| read(line).is_ok_and(|tokens| !tokens.is_empty());
        std::iter::repeat_with(|| line(&mut random)).filter(understood).take(count).collect()
    }

    #[test]
    fn real_shells_read_the_same_words() {
        let lines = doubtful_lines(5000);
        let expected: Vec<Vec<String>> =
            lines.iter().map(|line| texts(&format!("args {line}"))).collect();
        for (shell, flags) in [("bash", ["--norc", "--noprofile"]), ("zsh", ["-f", "-f"])] {
            // Through eval, as commands are delivered; each in single quotes of its own.
            let mut script = "args() { printf '%s\\0' args \"$@\"; printf '\\1'; }\n".to_owned();
            for line in &lines {
                let quoted = line.replace('\'', "'\\''");
                script.push_str(&format!("eval 'args {quoted}'\n"));
            }
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("script");
            std::fs::write(&file, script).unwrap();
            let run = std::process::Command::new(shell)
                .args(flags)
                .arg(&file)
                .current_dir(&folder)
                .output();
            let Ok(output) = run else {
                println!("skipped: {shell} is not here");
                continue;
            };
            let output = String::from_utf8(output.stdout).unwrap();
            let seen: Vec<Vec<String>> = output
                .split_terminator('\u{1}')
                .map(|words| words.split_terminator('\0').map(str::to_owned).collect())
                .collect();
            for ((line, seen), expected) in lines.iter().zip(&seen).zip(&expected) {
                assert_eq!(seen, expected, "{shell}: {line:?}");
            }
            assert_eq!(seen.len(), lines.len(), "{shell}");
        }
    }

    proptest! {
        #[test]
        fn any_text_in_single_quotes_comes_back(text in "[a-zA-Z0-9 $`!\"#;|&<>*?~{}()-]{0,40}") {
            prop_assert_eq!(texts(&format!("echo '{text}'")), vec!["echo".to_owned(), text]);
        }

        #[test]
        fn any_line_is_read_or_refused(line in any::<String>()) {
            if let Ok(tokens) = read(&line) {
                for pair in tokens.windows(2) {
                    prop_assert!(pair[0].span.end <= pair[1].span.start);
                }
            }
        }
    }
}
