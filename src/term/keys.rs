//! Keys and pastes as the bytes that a program in an xterm expects, by the modes it set.

use crate::protocol::{Input, Key, KeyCode, Modes};

/// Shift, alt and ctrl as xterm numbers them in `ESC [ 1 ; n`.
const fn modifier(key: Key) -> u8 {
    1 + key.shift as u8 + 2 * key.alt as u8 + 4 * key.ctrl as u8
}

pub(super) fn encode(input: &Input, modes: Modes) -> Vec<u8> {
    match input {
        Input::Key(key) => encode_key(*key, modes),
        Input::Paste(text) => encode_paste(text, modes),
    }
}

pub(super) fn encode_key(key: Key, modes: Modes) -> Vec<u8> {
    match key.code {
        KeyCode::Char(char) => character(key, char),
        KeyCode::Enter => alt(key, b"\r"),
        KeyCode::Tab if key.shift => alt(key, b"\x1b[Z"),
        KeyCode::Tab => alt(key, b"\t"),
        KeyCode::Backspace => alt(key, if key.ctrl { b"\x08" } else { b"\x7f" }),
        KeyCode::Escape => alt(key, b"\x1b"),
        KeyCode::Up => letter(key, b'A', modes),
        KeyCode::Down => letter(key, b'B', modes),
        KeyCode::Right => letter(key, b'C', modes),
        KeyCode::Left => letter(key, b'D', modes),
        KeyCode::Home => letter(key, b'H', modes),
        KeyCode::End => letter(key, b'F', modes),
        KeyCode::Insert => tilde(key, 2),
        KeyCode::Delete => tilde(key, 3),
        KeyCode::PageUp => tilde(key, 5),
        KeyCode::PageDown => tilde(key, 6),
        KeyCode::F(number) => function(key, number),
    }
}

fn alt(key: Key, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 1);
    if key.alt {
        out.push(0x1b);
    }
    out.extend_from_slice(bytes);
    out
}

fn character(key: Key, char: char) -> Vec<u8> {
    let mut buffer = [0; 4];
    if !key.ctrl {
        return alt(key, char.encode_utf8(&mut buffer).as_bytes());
    }
    // Ctrl makes a control of what has one; xterm's table for the digits.
    let control = match char.to_ascii_lowercase() {
        letter @ 'a'..='z' => letter as u8 - b'a' + 1,
        ' ' | '@' | '2' => 0,
        '[' | '3' => 0x1b,
        '\\' | '4' => 0x1c,
        ']' | '5' => 0x1d,
        '^' | '6' => 0x1e,
        '_' | '-' | '/' | '7' => 0x1f,
        '?' | '8' => 0x7f,
        _ => return alt(key, char.encode_utf8(&mut buffer).as_bytes()),
    };
    alt(key, &[control])
}

fn letter(key: Key, end: u8, modes: Modes) -> Vec<u8> {
    match modifier(key) {
        1 if modes.application_cursor => vec![0x1b, b'O', end],
        1 => vec![0x1b, b'[', end],
        modifier => format!("\x1b[1;{modifier}{}", end as char).into_bytes(),
    }
}

fn tilde(key: Key, number: u8) -> Vec<u8> {
    match modifier(key) {
        1 => format!("\x1b[{number}~").into_bytes(),
        modifier => format!("\x1b[{number};{modifier}~").into_bytes(),
    }
}

fn function(key: Key, number: u8) -> Vec<u8> {
    match (number, modifier(key)) {
        (1..=4, 1) => vec![0x1b, b'O', b'P' + number - 1],
        (1..=4, modifier) => {
            format!("\x1b[1;{modifier}{}", (b'P' + number - 1) as char).into_bytes()
        }
        (5, _) => tilde(key, 15),
        (6..=10, _) => tilde(key, number + 11),
        (11..=12, _) => tilde(key, number + 12),
        _ => Vec::new(),
    }
}

/// What ends a bracketed paste, in both of its forms.
const PASTE_ENDS: [&str; 2] = ["\x1b[201~", "\u{9b}201~"];

/// Line breaks become the Enter key's byte, tabs stay, and other controls are no text: they are
/// dropped, as a pasted ^C or Escape would act. What would end the program's bracket is taken out
/// whole, also where taking it out makes a new one.
fn encode_paste(text: &str, modes: Modes) -> Vec<u8> {
    let text = text.replace("\r\n", "\r").replace('\n', "\r");
    let mut kept = String::with_capacity(text.len());
    for char in text.chars() {
        kept.push(char);
        if char == '~'
            && let Some(end) = PASTE_ENDS.into_iter().find(|end| kept.ends_with(end))
        {
            kept.truncate(kept.len() - end.len());
        }
    }
    kept.retain(|char| !char.is_control() || matches!(char, '\r' | '\t'));
    if !modes.bracketed_paste {
        return kept.into_bytes();
    }
    format!("\x1b[200~{kept}\x1b[201~").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(code: KeyCode) -> Vec<u8> {
        encode_key(Key::plain(code), Modes::default())
    }

    #[test]
    fn keys_are_xterms() {
        assert_eq!(plain(KeyCode::Enter), b"\r");
        assert_eq!(plain(KeyCode::Backspace), b"\x7f");
        assert_eq!(plain(KeyCode::Up), b"\x1b[A");
        assert_eq!(plain(KeyCode::Delete), b"\x1b[3~");
        assert_eq!(plain(KeyCode::F(1)), b"\x1bOP");
        assert_eq!(plain(KeyCode::F(5)), b"\x1b[15~");
        assert_eq!(plain(KeyCode::F(10)), b"\x1b[21~");
        assert_eq!(plain(KeyCode::F(12)), b"\x1b[24~");
        assert_eq!(plain(KeyCode::Char('é')), "é".as_bytes());
    }

    #[test]
    fn modes_and_modifiers_change_them() {
        let application = Modes { application_cursor: true, ..Modes::default() };
        assert_eq!(encode_key(Key::plain(KeyCode::Up), application), b"\x1bOA");
        let ctrl_left = Key { ctrl: true, ..Key::plain(KeyCode::Left) };
        assert_eq!(encode_key(ctrl_left, application), b"\x1b[1;5D");
        assert_eq!(encode_key(Key::ctrl('c'), application), b"\x03");
        assert_eq!(encode_key(Key::ctrl(' '), application), b"\0");
        assert_eq!(encode_key(Key::alt('x'), application), b"\x1bx");
        let shift_tab = Key { shift: true, ..Key::plain(KeyCode::Tab) };
        assert_eq!(encode_key(shift_tab, application), b"\x1b[Z");
    }

    #[test]
    fn a_paste_is_bracketed_only_where_asked_and_cannot_leave_its_bracket() {
        let bracketed = Modes { bracketed_paste: true, ..Modes::default() };
        let hostile = "a\x1b[20\x1b[201~1~\nrm".to_string();
        let paste = Input::Paste(hostile);
        assert_eq!(encode(&paste, bracketed), b"\x1b[200~a\rrm\x1b[201~");
        let nested = Input::Paste("\x1b[20".repeat(9) + &"1~".repeat(9) + "\u{9b}201~ok");
        assert_eq!(encode(&nested, bracketed), b"\x1b[200~ok\x1b[201~");
        assert_eq!(encode(&Input::Paste("x\ny".into()), Modes::default()), b"x\ry");
    }

    #[test]
    fn controls_in_a_paste_press_no_keys() {
        let paste = Input::Paste("a\tb\x03\x04\x1b:q!\x7f\0é\r\n".into());
        assert_eq!(encode(&paste, Modes::default()), "a\tb:q!é\r".as_bytes());
    }

    #[test]
    fn a_long_hostile_paste_costs_no_more_than_it_is_long() {
        let hostile = "\x1b[20".repeat(200_000) + &"1~".repeat(200_000);
        assert_eq!(encode(&Input::Paste(hostile), Modes::default()), b"");
    }
}
