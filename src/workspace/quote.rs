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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_only_where_they_could_be_misread() {
        assert_eq!(quote(b"a b/c.rs"), None);
        assert_eq!(quote("é\n\"\\".as_bytes()).as_deref(), Some(r#""\303\251\n\"\\""#));
        assert_eq!(quote(b"\x01\xff").as_deref(), Some(r#""\001\377""#));
    }
}
