//! Differences as a patch that `git apply` takes, byte for byte: modes, links, binary files,
//! names that need quoting.

use super::CONTEXT_LINES;
use super::base::hash;
use super::compare::{Difference, Side};
use super::quote::quote;
use crate::text;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Bytes in one line of binary data.
const BINARY_LINE_BYTES: usize = 52;
pub(super) const DIGITS: &[u8; 85] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
const NO_OBJECT: &str = "0000000000000000000000000000000000000000";

/// The patch of one change. A file that becomes a link (or the other way) is removed and made anew.
pub(super) fn patch(difference: &Difference) -> Vec<u8> {
    let Difference { path, from, old, new, .. } = difference;
    let is_other_kind = matches!(
        (old, new),
        (Side::File { .. }, Side::Link(_)) | (Side::Link(_), Side::File { .. })
    );
    if is_other_kind {
        [one([path, path], old, &Side::Absent), one([path, path], &Side::Absent, new)].concat()
    } else {
        one([from.as_ref().unwrap_or(path), path], old, new)
    }
}

fn one([old_path, new_path]: [&Path; 2], old: &Side, new: &Side) -> Vec<u8> {
    let (from, to) = (name("a/", old_path), name("b/", new_path));
    let mut out = Vec::new();
    say(&mut out, format_args!("diff --git {from} {to}\n"));
    let modes = (old.mode(), new.mode());
    match modes {
        (None, Some(new)) => say(&mut out, format_args!("new file mode {new}\n")),
        (Some(old), None) => say(&mut out, format_args!("deleted file mode {old}\n")),
        (Some(old), Some(new)) if old != new => {
            say(&mut out, format_args!("old mode {old}\nnew mode {new}\n"));
        }
        _ => {}
    }
    if old_path != new_path {
        let (from, to) = (name("", old_path), name("", new_path));
        say(&mut out, format_args!("rename from {from}\nrename to {to}\n"));
    }
    let (before, after) = (old.content(), new.content());
    if before == after && modes.0.is_some() && modes.1.is_some() {
        return out;
    }
    let objects = (object(old), object(new));
    say(&mut out, format_args!("index {}..{}", objects.0, objects.1));
    match modes {
        (Some(old), Some(new)) if old == new => say(&mut out, format_args!(" {new}\n")),
        _ => out.push(b'\n'),
    }
    if super::proposal::is_binary(before) || super::proposal::is_binary(after) {
        out.extend_from_slice(b"GIT binary patch\n");
        literal(&mut out, after);
        literal(&mut out, before);
        return out;
    }
    let side = |mode: Option<&str>, name: String| match mode {
        None => "/dev/null".to_owned(),
        // So that nobody takes what is after a blank for a date.
        Some(_) if name.contains(' ') && !name.starts_with('"') => name + "\t",
        Some(_) => name,
    };
    let (from, to) = (side(modes.0, from), side(modes.1, to));
    out.extend(text::unified(&from, &to, before, after, CONTEXT_LINES));
    out
}

fn name(prefix: &str, path: &Path) -> String {
    let path = [prefix.as_bytes(), path.as_os_str().as_bytes()].concat();
    quote(&path).unwrap_or_else(|| String::from_utf8_lossy(&path).into_owned())
}

/// The name that git gives to this content.
fn object(side: &Side) -> String {
    if side.mode().is_none() { NO_OBJECT.to_owned() } else { hash(side.content()) }
}

fn literal(out: &mut Vec<u8>, content: &[u8]) {
    say(out, format_args!("literal {}\n", content.len()));
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("a Vec takes every byte");
    let packed = encoder.finish().expect("a Vec takes every byte");
    for line in packed.chunks(BINARY_LINE_BYTES) {
        // The length is a letter: A to Z for 1 to 26, a to z for 27 to 52.
        let length = line.len() as u8;
        out.push(if length <= 26 { b'A' + length - 1 } else { b'a' + length - 27 });
        for group in line.chunks(4) {
            let mut bytes = [0; 4];
            bytes[..group.len()].copy_from_slice(group);
            let number = u32::from_be_bytes(bytes);
            let digit = |place: u32| DIGITS[(number / 85_u32.pow(place) % 85) as usize];
            out.extend([4, 3, 2, 1, 0].map(digit));
        }
        out.push(b'\n');
    }
    out.push(b'\n');
}

fn say(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a Vec takes every byte");
}
