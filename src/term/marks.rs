//! The marks that our shell integration prints, read out of OSC strings. A mark without the
//! shell's own nonce is somebody else's and is none: no program can forge a completion.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// 133;A: the shell is about to show its prompt.
    Prompt,
    /// 133;B: the prompt is shown, the line editor listens.
    Ready,
    /// 133;E: the line editor took the agent's command with this number.
    Taken(u64),
    /// 133;C: a command begins; what follows is its output.
    Started,
    /// 133;D: it has ended. None: the shell did not say how.
    Ended(Option<i32>),
    /// 133;S: the shell wants more lines.
    More,
    /// 133;N: this shell cannot be integrated with.
    Plain,
    /// 133;P, or OSC 7. The latter carries no nonce: believed only right after `Ended`.
    Folder(PathBuf),
}

/// The mark that the body of an OSC string is, if it is one.
pub(super) fn parse(body: &[u8], nonce: &str) -> Option<Mark> {
    if let Some(url) = body.strip_prefix(b"7;file://") {
        let path = &url[url.iter().position(|byte| *byte == b'/')?..];
        return Some(Mark::Folder(PathBuf::from(OsString::from_vec(decode(path)))));
    }
    if let Some(rest) = body.strip_prefix(b"133;P;brisk=") {
        let path = rest.strip_prefix(nonce.as_bytes())?.strip_prefix(b";/")?;
        let path = [b"/", path].concat();
        return Some(Mark::Folder(PathBuf::from(OsString::from_vec(path))));
    }
    let mut fields = std::str::from_utf8(body).ok()?.strip_prefix("133;")?.split(';');
    let letter = fields.next()?;
    if fields.next()?.strip_prefix("brisk=")? != nonce {
        return None;
    }
    let value = fields.next();
    match letter {
        "A" => Some(Mark::Prompt),
        "B" => Some(Mark::Ready),
        "C" => Some(Mark::Started),
        "D" => Some(Mark::Ended(value.and_then(|code| code.parse().ok()))),
        "E" => Some(Mark::Taken(value?.parse().ok()?)),
        "N" => Some(Mark::Plain),
        "S" => Some(Mark::More),
        _ => None,
    }
}

/// Undoes percent encoding; what is none stays.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_with_the_right_nonce_counts() {
        assert_eq!(parse(b"133;A;brisk=n1", "n1"), Some(Mark::Prompt));
        assert_eq!(parse(b"133;D;brisk=n1;42", "n1"), Some(Mark::Ended(Some(42))));
        assert_eq!(parse(b"133;D;brisk=n1", "n1"), Some(Mark::Ended(None)));
        assert_eq!(parse(b"133;E;brisk=n1;7", "n1"), Some(Mark::Taken(7)));
    }

    #[test]
    fn a_mark_without_it_is_none() {
        for forged in ["133;D;0", "133;D;brisk=n2;0", "133;D;brisk=;0", "133;D;0;brisk=n1", "633;D"]
        {
            assert_eq!(parse(forged.as_bytes(), "n1"), None, "{forged}");
        }
    }

    #[test]
    fn a_folder_with_the_nonce_is_taken_as_it_is() {
        assert_eq!(parse(b"133;P;brisk=n1;/a%20;b", "n1"), Some(Mark::Folder("/a%20;b".into())));
        assert_eq!(parse(b"133;P;brisk=n2;/a", "n1"), None);
        assert_eq!(parse(b"133;P;brisk=n1;", "n1"), None);
    }

    #[test]
    fn a_folder_is_decoded() {
        let folder = |body: &str| parse(body.as_bytes(), "n1");
        assert_eq!(folder("7;file://host/a%20b/%"), Some(Mark::Folder("/a b/%".into())));
        assert_eq!(folder("7;file:///"), Some(Mark::Folder("/".into())));
        assert_eq!(folder("7;file://host"), None);
    }
}
