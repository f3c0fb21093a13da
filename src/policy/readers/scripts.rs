//! Small languages inside words: the scripts of sed and awk, the filters of jq. Each is read by a
//! little grammar that knows only what prints; everything else is refused.

use super::{Check, Reader};

pub(super) const READERS: &[Reader] = &[
    Reader {
        // Not -i (in place), -f (a script from a file), -l.
        programs: "sed",
        sub: "",
        check: Check::Words {
            flags: "-n -E -r -s -u -z -e!=sed --expression!=sed --quiet --silent --regexp-extended --separate --posix",
            operands: "sed path*",
        },
        matches: &[
            "sed -n '1,5p' src/main.rs",
            "sed 's/a/b/' names.txt",
            "sed -n '/fn main/,/^}/p' a",
            "sed -n 10p a",
            "sed -E 's/(a|b)+/x/g; 3d' a",
            "sed -e 1d -e '$d' a",
            "sed 's|/|.|g'",
            "sed '/x/!d' a",
            "sed -n '$=' a",
            "sed 5q a",
        ],
        not_matches: &[
            "sed -i s/a/b/ a",
            "sed '1e touch x' a",
            "sed -n '1w out' a",
            "sed '1r .env' a",
            "sed s/a/b/e a",
            "sed 's/a/b/w out' a",
            "sed -n 1p /etc/passwd",
            "sed --in-place=x 1d a",
            "sed -ni 1p a",
            "sed -f x a",
            "sed 'R x' a",
            "sed '1,5W x' a",
            "sed e a",
            "sed 's/a/b/ge' a",
            "sed 's/[/]/w x]/p;1d' a",
            "sed -e 1p -i a",
            "sed 1p -- -i /x",
            "sed 'y/a/b/;w x' a",
            "sed '/[/]/w x' a",
            "sed '0~3e' a",
            "sed -s -n 1p -I x a",
            "sed -e 1p 2p -e p /etc/x",
            "sed -- -n /etc/x",
            "sed ':a;N;$!ba;s/x/y/' a",
        ],
    },
    Reader {
        // Not -f, -v (escapes), -i, -l, -E; no pipes, redirections, functions.
        programs: "awk gawk mawk",
        sub: "",
        check: Check::Words { flags: "-F=text", operands: "awk path*" },
        matches: &[
            "awk '{print $1}' a",
            "awk -F: '{ print $1, $NF }' a",
            "awk 'NR==3' a",
            "awk '/foo/ {print $2}' a",
            "awk '{ sum += $1 } END { print sum }' a",
            "awk 'NR<=5 && NF' a",
        ],
        not_matches: &[
            "awk 'BEGIN{system(\"touch x\")}'",
            "awk '{print > \"x\"}' a",
            "awk '{print | \"sh\"}' a",
            "awk -f x a",
            "awk 'BEGIN{\"touch x\"|getline}'",
            "awk '{print $1}' /etc/passwd",
            "awk -i inplace '{print}' a",
            "awk '{print ENVIRON[\"X\"]}'",
            "awk '@load \"x\"' a",
            "awk '{getline < \"/etc/passwd\"; print}'",
            "awk -v x=1 '{print x}' a",
            "awk -- '-1{system(1)}' a",
            "awk '{close(1)}'",
            "awk --source x a",
            "awk '/a/ { print \"/\" > \"x/\" }' a",
        ],
    },
];

/// # Errors
/// One clause for people: what of the script is not known to only print.
pub(super) fn sed(script: &str) -> Result<(), String> {
    let refused = || format!("is given the script `{script}`, which is not understood");
    let mut rest = script.trim();
    if rest.is_empty() {
        return Err(refused());
    }
    while !rest.is_empty() {
        rest = sed_command(rest).ok_or_else(refused)?.trim_start_matches(' ');
        if let Some(next) = rest.strip_prefix([';', '\n']) {
            rest = next.trim_start();
        } else if !rest.is_empty() {
            return Err(refused());
        }
    }
    Ok(())
}

/// What follows one command, if the command only prints, deletes or replaces.
fn sed_command(text: &str) -> Option<&str> {
    let mut rest = sed_address(text)?;
    if rest.len() < text.len()
        && let Some(second) = rest.strip_prefix(',')
    {
        let plain = second.strip_prefix(['+', '~']).unwrap_or(second);
        let after = sed_address(plain)?;
        if after.len() == plain.len() {
            return None;
        }
        rest = after;
    }
    rest = rest.trim_start_matches(' ');
    rest = rest.strip_prefix('!').unwrap_or(rest).trim_start_matches(' ');
    if let Some(substitution) = rest.strip_prefix('s') {
        let delimiter = substitution.chars().next().filter(|char| "/|,#:@%".contains(*char))?;
        let rest = sed_part(&substitution[1..], delimiter, true)?;
        let rest = sed_part(rest, delimiter, false)?;
        return Some(
            rest.trim_start_matches(|char: char| char.is_ascii_digit() || "gpiIM".contains(char)),
        );
    }
    rest.strip_prefix(['p', 'P', 'd', 'D', 'q', '=', 'n', 'N', 'g', 'G', 'h', 'H', 'x'])
}

/// What follows an address; the text itself if there is none.
fn sed_address(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('$') {
        return Some(rest);
    }
    if let Some(pattern) = text.strip_prefix('/') {
        let rest = sed_part(pattern, '/', true)?;
        return Some(rest.strip_prefix('I').unwrap_or(rest));
    }
    let digit = |char: char| char.is_ascii_digit();
    let rest = text.trim_start_matches(digit);
    match rest.strip_prefix('~') {
        Some(step) if rest.len() < text.len() => Some(step.trim_start_matches(digit)),
        _ => Some(rest),
    }
}

/// What follows the delimiter that ends a pattern or a replacement. Some seds take a delimiter in
/// brackets for a plain character, some do not: a pattern in which that matters is refused.
fn sed_part(text: &str, delimiter: char, pattern: bool) -> Option<&str> {
    let mut chars = text.char_indices();
    let mut bracket = false;
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => {
                let escaped = chars.next()?.1;
                if bracket || escaped == '\n' {
                    return None;
                }
            }
            '[' if pattern && !bracket => {
                bracket = true;
                // A `]` that comes first is one of the characters.
                let rest = &text[at + 1..];
                let inverted = rest.starts_with('^');
                if rest.trim_start_matches('^').starts_with(']') {
                    return None;
                }
                if inverted {
                    chars.next();
                }
            }
            '[' if bracket => return None,
            ']' if bracket => bracket = false,
            '\n' => return None,
            _ if char == delimiter => return (!bracket).then(|| &text[at + 1..]),
            _ => {}
        }
    }
    None
}

/// Patterns, `print`, sums and comparisons. `>` is a redirection somewhere, so it is never taken.
///
/// # Errors
/// One clause for people.
pub(super) fn awk(program: &str) -> Result<(), String> {
    let refused = || format!("is given the program `{program}`, which is not understood");
    const NAMES: [&str; 12] =
        ["print", "NR", "NF", "FNR", "FS", "OFS", "BEGIN", "END", "length", "next", "if", "else"];
    let mut rest = program;
    let mut before = '{';
    while let Some(char) = rest.chars().next() {
        let taken = match char {
            '"' => string(rest, '"').ok_or_else(refused)?,
            // A division elsewhere; only where a pattern starts it is one.
            '/' if matches!(before, '{' | '}' | ';' | '(' | '&' | '|' | '~' | '!' | ',') => {
                string(rest, '/').ok_or_else(refused)?
            }
            _ if char.is_ascii_alphabetic() || char == '_' => {
                let name = |char: char| char.is_ascii_alphanumeric() || char == '_';
                let length = rest.find(|char| !name(char)).unwrap_or(rest.len());
                let own =
                    rest[..length].chars().all(|char| char.is_ascii_lowercase()) && length <= 5;
                let called = rest[length..].trim_start().starts_with('(');
                let known = NAMES.contains(&&rest[..length]);
                if !known && (!own || called || RESERVED.contains(&&rest[..length])) {
                    return Err(refused());
                }
                length
            }
            '|' if rest.starts_with("||") => 2,
            '&' if rest.starts_with("&&") => 2,
            '<' if before != '<' => 1,
            _ if char.is_ascii_digit() => 1,
            ' ' | '\n' | '$' | ',' | ';' | '{' | '}' | '(' | ')' | '=' | '!' | '~' | '+' | '-'
            | '*' | '%' | '.' => 1,
            _ => return Err(refused()),
        };
        if char != ' ' {
            before = rest[..taken].chars().next_back().unwrap_or(char);
        }
        rest = &rest[taken..];
    }
    Ok(())
}

/// Short words that awk knows, and that do more than compute.
const RESERVED: [&str; 9] = ["close", "exit", "func", "delet", "while", "do", "for", "in", "srand"];

/// The length of a quoted text with its quotes.
fn string(text: &str, quote: char) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => {
                chars.next()?;
            }
            '\n' | '[' if quote == '/' => return None,
            '\n' => return None,
            _ if char == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// A filter of jq that looks at its input alone: no environment, no module, no other file.
///
/// # Errors
/// One clause for people.
pub(super) fn filter(text: &str) -> Result<(), String> {
    const REFUSED: [&str; 8] = [
        "env",
        "ENV",
        "include",
        "import",
        "input_filename",
        "$__",
        "modulemeta",
        "get_search_list",
    ];
    match REFUSED.iter().find(|word| text.contains(**word)) {
        Some(word) => Err(format!("is given a filter with `{word}`")),
        None => Ok(()),
    }
}
