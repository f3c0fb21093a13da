//! What an agent types, as one text: literal characters, and keys by name in angle brackets.

use super::TermError;
use crate::protocol::{Key, KeyCode};

/// For the sentence that says that a name is unknown.
pub(super) const NAMES: &str = "Enter, Tab, Esc, Space, BS, Del, Ins, Up, Down, Left, Right, Home, \
    End, PageUp, PageDown, F1 to F12, lt, gt, and C-, A- (or M-), S- in front of one";

/// The keys of `text`: `ls\n` types a line, `<C-c>` interrupts, `<lt>` is a literal `<`.
pub(super) fn parse(text: &str) -> Result<Vec<Key>, TermError> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|inner| inner.split_once('>'));
        match named {
            Some((name, after)) if is_name(name) => {
                keys.push(key(name).ok_or_else(|| TermError::UnknownKey { name: name.into() })?);
                rest = after;
            }
            _ => {
                keys.push(literal(char));
                rest = &rest[char.len_utf8()..];
            }
        }
    }
    Ok(keys)
}

/// Text such as `a < b > c` is no key: names have no blanks and are short.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 16 && !name.contains(['<', ' ', '\n', '\t'])
}

const fn literal(char: char) -> Key {
    match char {
        '\n' | '\r' => Key::plain(KeyCode::Enter),
        '\t' => Key::plain(KeyCode::Tab),
        '\u{1b}' => Key::plain(KeyCode::Escape),
        '\u{7f}' | '\u{8}' => Key::plain(KeyCode::Backspace),
        '\u{1}'..='\u{1a}' => Key::ctrl((char as u8 - 1 + b'a') as char),
        _ => Key::char(char),
    }
}

fn key(name: &str) -> Option<Key> {
    let mut modified = Key::plain(KeyCode::Enter);
    let mut base = name;
    while let Some((prefix, after)) =
        base.split_at_checked(2).filter(|(_, after)| !after.is_empty())
    {
        match prefix.to_ascii_lowercase().as_str() {
            "c-" => modified.ctrl = true,
            "a-" | "m-" => modified.alt = true,
            "s-" => modified.shift = true,
            _ => break,
        }
        base = after;
    }
    modified.code = code(base)?;
    // A shifted letter is another character; shift stays for the keys that have none.
    if let KeyCode::Char(char) = modified.code
        && modified.shift
        && !modified.ctrl
    {
        modified.code = KeyCode::Char(char.to_ascii_uppercase());
        modified.shift = false;
    }
    // A bare character in brackets is no name: `<a>` is more likely a mistake than a key.
    let bare = base == name && base.chars().count() == 1;
    (!bare).then_some(modified)
}

fn code(base: &str) -> Option<KeyCode> {
    let mut chars = base.chars();
    if let (Some(char), None) = (chars.next(), chars.next()) {
        return Some(KeyCode::Char(char));
    }
    Some(match base.to_ascii_lowercase().as_str() {
        "enter" | "return" | "cr" => KeyCode::Enter,
        "tab" => KeyCode::Tab,
        "esc" | "escape" => KeyCode::Escape,
        "space" => KeyCode::Char(' '),
        "bs" | "backspace" => KeyCode::Backspace,
        "del" | "delete" => KeyCode::Delete,
        "ins" | "insert" => KeyCode::Insert,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pageup" | "pgup" => KeyCode::PageUp,
        "pagedown" | "pgdn" => KeyCode::PageDown,
        "lt" => KeyCode::Char('<'),
        "gt" => KeyCode::Char('>'),
        other => {
            let number: u8 = other.strip_prefix('f')?.parse().ok()?;
            return (1..=12).contains(&number).then_some(KeyCode::F(number));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_named_keys_mix() {
        let keys = parse("ls\n<C-c><Up><lt>F5><F5><A-x><S-Tab><C-Left>").expect("all are known");
        let mut tab = Key::plain(KeyCode::Tab);
        tab.shift = true;
        let mut left = Key::plain(KeyCode::Left);
        left.ctrl = true;
        let expected = [
            Key::char('l'),
            Key::char('s'),
            Key::plain(KeyCode::Enter),
            Key::ctrl('c'),
            Key::plain(KeyCode::Up),
            Key::char('<'),
            Key::char('F'),
            Key::char('5'),
            Key::char('>'),
            Key::plain(KeyCode::F(5)),
            Key::alt('x'),
            tab,
            left,
        ];
        assert_eq!(keys, expected);
    }

    #[test]
    fn an_unknown_name_is_said_and_comparisons_are_text() {
        assert_eq!(parse("<Entr>"), Err(TermError::UnknownKey { name: "Entr".into() }));
        assert_eq!(parse("<F13>"), Err(TermError::UnknownKey { name: "F13".into() }));
        assert_eq!(parse("1 < 2 > 0").expect("no key is named").len(), 9);
        assert_eq!(parse("cat <<EOF\n").expect("no key is named").len(), 10);
    }
}
