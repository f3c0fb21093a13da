//! Keys, between three spellings: crossterm's events, the protocol's words, and what people read.

use crate::protocol::{Key, KeyCode};
use crossterm::event::{KeyCode as Code, KeyEvent, KeyEventKind, KeyModifiers};

/// None for releases, for keys alone that only modify others, and for keys that nobody needs.
pub(crate) fn from_event(event: &KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let mut shift = event.modifiers.contains(KeyModifiers::SHIFT);
    let code = match event.code {
        Code::Char(char) => {
            shift = false;
            KeyCode::Char(char)
        }
        Code::Enter => KeyCode::Enter,
        Code::Tab => KeyCode::Tab,
        Code::BackTab => {
            shift = true;
            KeyCode::Tab
        }
        Code::Backspace => KeyCode::Backspace,
        Code::Esc => KeyCode::Escape,
        Code::Up => KeyCode::Up,
        Code::Down => KeyCode::Down,
        Code::Left => KeyCode::Left,
        Code::Right => KeyCode::Right,
        Code::Home => KeyCode::Home,
        Code::End => KeyCode::End,
        Code::PageUp => KeyCode::PageUp,
        Code::PageDown => KeyCode::PageDown,
        Code::Insert => KeyCode::Insert,
        Code::Delete => KeyCode::Delete,
        Code::F(number) => KeyCode::F(number),
        _ => return None,
    };
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    let code = match code {
        // What terminals send for the same key, by their age.
        KeyCode::Char('4') if ctrl => KeyCode::Char('\\'),
        KeyCode::Char(char) if ctrl => KeyCode::Char(char.to_ascii_lowercase()),
        code => code,
    };
    Some(Key { code, ctrl, alt: event.modifiers.contains(KeyModifiers::ALT), shift })
}

/// Reads `Ctrl+X z`: one or two keys. None if it is not spelled so.
pub(crate) fn parse(text: &str) -> Option<Vec<Key>> {
    text.split(' ').map(parse_one).collect()
}

fn parse_one(text: &str) -> Option<Key> {
    let mut key = Key::char(' ');
    let mut rest = text;
    loop {
        if let Some(more) = rest.strip_prefix("Ctrl+") {
            key.ctrl = true;
            rest = more;
        } else if let Some(more) = rest.strip_prefix("Alt+") {
            key.alt = true;
            rest = more;
        } else if let Some(more) = rest.strip_prefix("Shift+") {
            key.shift = true;
            rest = more;
        } else {
            break;
        }
    }
    key.code = match rest {
        "Enter" => KeyCode::Enter,
        "Tab" => KeyCode::Tab,
        "Backspace" => KeyCode::Backspace,
        "Esc" => KeyCode::Escape,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "Delete" => KeyCode::Delete,
        "Space" => KeyCode::Char(' '),
        _ => match (rest.strip_prefix('F').map(str::parse), rest.chars().count()) {
            (Some(Ok(number)), _) => KeyCode::F(number),
            (_, 1) => {
                let char = rest.chars().next()?;
                KeyCode::Char(if key.ctrl { char.to_ascii_lowercase() } else { char })
            }
            _ => return None,
        },
    };
    Some(key)
}

/// The short spelling of the hint rows: `^X z`, `S-Tab`, `Alt+1`.
pub(crate) fn short(keys: &str) -> String {
    keys.split(' ')
        .map(|key| match (key.strip_prefix("Ctrl+"), key.strip_prefix("Shift+")) {
            (Some(rest), _) => format!("^{rest}"),
            (_, Some(rest)) => format!("S-{rest}"),
            _ => key.to_string(),
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(code: Code, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn a_key_means_the_same_however_the_terminal_sends_it() {
        let back_tab = from_event(&event(Code::BackTab, KeyModifiers::SHIFT));
        assert_eq!(back_tab, parse_one("Shift+Tab"));
        let capital = from_event(&event(Code::Char('A'), KeyModifiers::SHIFT));
        assert_eq!(capital, Some(Key::char('A')));
        let backslash = from_event(&event(Code::Char('4'), KeyModifiers::CONTROL));
        assert_eq!(backslash, Some(Key::ctrl('\\')));
        let mut release = event(Code::Char('a'), KeyModifiers::NONE);
        release.kind = KeyEventKind::Release;
        assert_eq!(from_event(&release), None);
    }

    #[test]
    fn spellings_are_read_and_shortened() {
        assert_eq!(parse("Ctrl+X z"), Some(vec![Key::ctrl('x'), Key::char('z')]));
        assert_eq!(parse("Alt+="), Some(vec![Key::alt('=')]));
        assert_eq!(parse("F12"), Some(vec![Key::plain(KeyCode::F(12))]));
        assert_eq!(parse("Hyper+x"), None);
        assert_eq!(short("Ctrl+X z"), "^X z");
        assert_eq!(short("Shift+Tab"), "S-Tab");
    }
}
