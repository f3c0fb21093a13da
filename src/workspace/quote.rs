//! Names as git writes them where they could be misread.

use std::fmt::Write;

/// The name in quotes, as C has them; None if it needs none.
pub(super) fn quote(name: &[u8]) -> Option<String> {
    let is_plain = |byte: &u8| (b' '..0x7f).contains(byte) && !b"\"\\".contains(byte);
    if name.iter().all(is_plain) {
        return None;
    }
    let mut quoted = "\"".to_owned();
    for byte in name {
        match byte {
            0x07 => quoted.push_str("\\a"),
            0x08 => quoted.push_str("\\b"),
            b'\t' => quoted.push_str("\\t"),
            b'\n' => quoted.push_str("\\n"),
            0x0b => quoted.push_str("\\v"),
            0x0c => quoted.push_str("\\f"),
            b'\r' => quoted.push_str("\\r"),
            b'"' => quoted.push_str("\\\""),
            b'\\' => quoted.push_str("\\\\"),
            byte if is_plain(byte) => quoted.push(char::from(*byte)),
            byte => write!(quoted, "\\{byte:03o}").expect("a String takes every character"),
        }
    }
    quoted.push('"');
    Some(quoted)
}

/// The bytes of a name in quotes, and what comes after it; None if the quotes do not end, or hold
/// what C does not know.
pub(super) fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut name = Vec::new();
    loop {
        let (first, after) = rest.split_first()?;
        rest = after;
        match first {
            b'"' => return Some((name, rest)),
            b'\\' => {
                let (escaped, after) = rest.split_first()?;
                let byte;
                (byte, rest) = if matches!(escaped, b'0'..=b'3') {
                    let (digits, after) = rest.split_at_checked(3)?;
                    (u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()?, after)
                } else {
                    (unescaped(*escaped)?, after)
                };
                name.push(byte);
            }
            byte => name.push(*byte),
        }
    }
}

const fn unescaped(letter: u8) -> Option<u8> {
    Some(match letter {
        b'a' => 0x07,
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 0x0b,
        b'f' => 0x0c,
        b'r' => b'\r',
        b'"' | b'\\' => letter,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_read_back() {
        for name in [&b"a"[..], b"\x01\xff \n\t\r\"\\", "é\u{7}\u{8}\u{b}\u{c}".as_bytes()] {
            let quoted = quote(name).unwrap_or_else(|| "\"a\"".to_owned()) + " rest";
            assert_eq!(unquote(quoted.as_bytes()), Some((name.to_vec(), &b" rest"[..])));
        }
        for broken in [&b"a"[..], b"\"a", b"\"\\x\"", b"\"\\9\"", b"\"\\4"] {
            assert_eq!(unquote(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn names_are_quoted_only_where_they_could_be_misread() {
        assert_eq!(quote(b"a b/c.rs"), None);
        assert_eq!(quote("é\n\"\\".as_bytes()).as_deref(), Some(r#""\303\251\n\"\\""#));
        assert_eq!(quote(b"\x01\xff").as_deref(), Some(r#""\001\377""#));
    }
}
